/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remote_call.c - system calls that the origin does for a thread elsewhere. There a thread of the kernel does
 * just what the caller would have done, in the process's address space: what the call reads and writes in
 * user memory comes as pages do, and it may wait as long as it likes.
 */
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/heap.h"
#include "guest-kernel/kernel/remote.h"
#include "guest-kernel/kernel/syscall.h"

enum { CALL_FUTEX = 98, FUTEX_WAKE = 1 };

struct remote_call {
    int32_t process, thread;
    uint64_t number, argument[CALL_ARGUMENTS];
};
struct proxy {
    struct proxy *next;
    struct thread *thread;
    unsigned from;
    uint32_t request;
    struct remote_call call;
};
static struct proxy *proxies;

int64_t remote_system_call(uint64_t number, const uint64_t *argument)
{
    struct process *p = current()->process;
    struct remote_call m = {.process = p->id, .thread = current()->id, .number = number};
    const int32_t event[] = {m.process, m.thread};

    memcpy(m.argument, argument, sizeof m.argument);
    adapter_event(REMOTE_EVENT_CALL, (uint32_t)number, event, sizeof event);
    return remote_ask_number(process_origin(p->id), REMOTE_CALL, &m, sizeof m);
}

void remote_futex_wake(struct process *p, uintptr_t at)
{
    const uint64_t argument[CALL_ARGUMENTS] = {at, FUTEX_WAKE, 1};

    if (p->replica)
        remote_system_call(CALL_FUTEX, argument);
    else
        futex_wake(p, at, 1);
}

static void run(void *argument)
{
    struct proxy *x = argument, **at = &proxies;
    struct call c = {.number = x->call.number};

    memcpy(c.argument, x->call.argument, sizeof c.argument);
    int64_t result = c.number == REMOTE_CALL_FORK
                         ? remote_fork_child(current()->process, x->from, (uint32_t)c.argument[0])
                         : system_call_here(&c);
    while (*at != x)
        at = &(*at)->next;
    *at = x->next;
    remote_answer_number(x->from, x->request, REMOTE_CALL, result);
    heap_free(x, sizeof *x);
}

void remote_call_message(unsigned from, uint32_t request, const void *data, size_t bytes)
{
    struct remote_call m;
    struct process *p = NULL;
    struct proxy *x = NULL;

    if (bytes >= sizeof m) {
        memcpy(&m, data, sizeof m);
        p = process_here(m.process);
    }
    if (!p || p->replica || !(p->nodes & core_bit(from)) ||
        (!system_call_is_stateful(m.number) && m.number != REMOTE_CALL_FORK)) {
        remote_answer_number(from, request, REMOTE_CALL, -ESRCH);
        return;
    }
    x = heap_new(sizeof *x);
    if (x) {
        *x = (struct proxy){.next = proxies, .from = from, .request = request, .call = m};
        x->thread = thread_kernel(p, run, x);
    }
    if (!x || !x->thread) {
        if (x)
            heap_free(x, sizeof *x);
        remote_answer_number(from, request, REMOTE_CALL, -ENOMEM);
        return;
    }
    proxies = x;
}

void remote_call_dead(unsigned node)
{
    for (struct proxy *x = proxies; x; x = x->next)
        if (x->from == node)
            thread_cancel(x->thread);
}
