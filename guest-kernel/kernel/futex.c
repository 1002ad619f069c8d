/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * futex.c - waiting for a word of user memory to change; between threads of one process, at its origin: a
 * thread elsewhere waits by one that its system call has there (remote_call.c). The word is read by the
 * origin, so whoever changes it and then wakes has taken the page from it in between: no wake-up is missed.
 * Not in the range that all processes share.
 */
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/process.h"
#include "guest-kernel/kernel/remote.h"

struct waiter {
    struct waiter *next;
    const struct process *process;
    uintptr_t at;
    bool woken;
};
static struct waiter *first, **last = &first;

static void event(unsigned what, uintptr_t at, uint32_t value)
{
    const struct {
        uint64_t at;
        uint32_t value;
        int32_t process;
    } data = {at, value, current()->process->id};

    if (cluster_nodes() > 1)
        adapter_event(REMOTE_EVENT_FUTEX, what, &data, sizeof data);
}

/* 0, or negative errno. */
static int64_t word(uintptr_t at, uint32_t *value)
{
    return at % 4 || shared_here(at) || copy_in(value, at, sizeof *value) < 0 ? -EFAULT : 0;
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
    struct waiter self = {.process = current()->process, .at = at};
    uint32_t is;
    int64_t error = word(at, &is);

    if (error)
        return error;
    event(0, at, value);
    if (is != value)
        return -EAGAIN;
    *last = &self;
    last = &self.next;
    while (!self.woken && wait_for(&self, until_ns) == 0)
        ;
    if (self.woken)
        return 0;
    take_out(&self);
    return current()->process->ending || current()->cancelled ? -EINTR : -ETIMEDOUT;
}

int64_t futex_wake(struct process *p, uintptr_t at, unsigned n)
{
    unsigned woken = 0;

    if (at % 4 || shared_here(at))
        return -EFAULT;
    event(1, at, n);
    for (struct waiter *w = first, *next; w && woken < n; w = next) {
        next = w->next;
        if (w->process != p || w->at != at)
            continue;
        take_out(w);
        w->woken = true;
        wake(w);
        woken++;
    }
    return woken;
}

int64_t futex_requeue(uintptr_t at, unsigned n, unsigned m, uintptr_t to, const uint32_t *value)
{
    struct process *p = current()->process;
    uint32_t is;
    int64_t error = value ? word(at, &is) : 0;

    if (error || to % 4 || shared_here(to))
        return -EFAULT;
    if (value && is != *value)
        return -EAGAIN;
    int64_t woken = futex_wake(p, at, n), moved = 0;
    for (struct waiter *w = first; woken >= 0 && w && moved < m; w = w->next)
        if (w->process == p && w->at == at) {
            w->at = to;
            moved++;
        }
    return woken < 0 ? woken : woken + moved;
}
