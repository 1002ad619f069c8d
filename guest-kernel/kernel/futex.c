/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * futex.c - waiting for a word of user memory to change; between threads of one process. The channel is the
 * word's place in physical memory. Not in memory shared with other nodes.
 */
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/process.h"

struct waiter {
    struct waiter *next;
    const void *word;
    bool woken;
};
static struct waiter *first, **last = &first;

static const void *word_of(struct process *p, uintptr_t at)
{
    char *page = at % 4 || shared_here(at) ? NULL : user_page(p, at, PROT_READ);

    return page ? page + at % PAGE : NULL;
}

static void take_out(const struct waiter *w)
{
    struct waiter **at = &first;

    while (*at && *at != w)
        at = &(*at)->next;
    if (*at)
        *at = w->next;
    for (last = &first; *last; last = &(*last)->next)
        ;
}

int64_t futex_wait(uintptr_t at, uint32_t value, uint64_t until_ns)
{
    struct waiter self = {.word = word_of(current()->process, at)};

    if (!self.word)
        return -EFAULT;
    if (*(const uint32_t *)self.word != value)
        return -EAGAIN;
    *last = &self;
    last = &self.next;
    while (!self.woken && wait_for(&self, until_ns) == 0)
        ;
    if (self.woken)
        return 0;
    take_out(&self);
    return current()->process->ending ? -EINTR : -ETIMEDOUT;
}

int64_t futex_wake(struct process *p, uintptr_t at, unsigned n)
{
    const void *word = word_of(p, at);
    unsigned woken = 0;

    if (!word)
        return -EFAULT;
    for (struct waiter *w = first, *next; w && woken < n; w = next) {
        next = w->next;
        if (w->word != word)
            continue;
        take_out(w);
        w->woken = true;
        wake(w);
        woken++;
    }
    return woken;
}
