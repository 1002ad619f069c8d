/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remote_thread.c - threads that a process begins on any node, and what is done for those whose node has
 * died: for each what it would have done at its end, with OWNER_DIED instead of 0 for who joins it. Which
 * threads there are the core knows (group.h).
 */
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/remote.h"

struct remote_start { /* behind GROUP_START */
    struct thread_start start;
    uint64_t files;  /* of the origin: initrd_hash() */
    char path[PATH]; /* of the program, for who makes a replica */
};

int64_t remote_thread_new(struct process *p, unsigned node, const struct thread_start *s)
{
    struct process_wait w = {.op.done = process_done};
    struct remote_start m = {.start = *s, .files = initrd_hash()};

    memcpy(m.path, p->path, sizeof m.path);
    return process_outcome(&w,
                           group_start(&group, process_group(p), node, &m, sizeof m, s->clear_tid, &w.op));
}

int64_t remote_thread_join(struct process *p, uint64_t clear_tid)
{
    struct process_wait w = {.op.done = process_done};

    return process_outcome(&w, group_join(&group, process_group(p), clear_tid, &w.op));
}

void remote_thread_event(unsigned event, const struct process *p, int thread)
{
    const uint32_t data[] = {(uint32_t)p->id, cluster_self()};

    if (cluster_nodes() > 1)
        adapter_event(event, (uint32_t)thread, data, sizeof data);
}

int32_t remote_replica(void *ctx, struct group_process *g, const void *what, size_t bytes)
{
    struct remote_start m;

    (void)ctx;
    if (bytes < sizeof m)
        return -EINVAL;
    memcpy(&m, what, sizeof m);
    return m.path[PATH - 1]           ? -EINVAL
           : m.files != initrd_hash() ? -EXDEV
                                      : exec_replica((struct process *)g, m.path);
}

int32_t remote_begin(void *ctx, struct group_process *g, int32_t thread, const void *what, size_t bytes)
{
    struct remote_start m;
    struct frame f;

    (void)ctx;
    if (bytes < sizeof m)
        return -EINVAL;
    memcpy(&m, what, sizeof m);
    arch_frame_user(&f, m.start.pc, (m.start.sp & ~(uint64_t)15) - arch_call_bias, m.start.argument);
    struct thread *t = thread_new((struct process *)g, &f, thread);
    if (!t)
        return -EAGAIN;
    t->tls = m.start.tls;
    t->clear_tid = m.start.clear_tid;
    return 0;
}

/* A thread of the kernel, in the process: the threads whose node is dead, one after the other. */
static void bury(void *argument)
{
    struct process *p = current()->process;
    const uint32_t died = OWNER_DIED;
    uint64_t clear_tid;
    int32_t id;

    (void)argument;
    while (group_dead(process_group(p), &id, &clear_tid)) {
        print("process %d: thread %d was on a node that is dead\n", p->id, id);
        if (clear_tid && copy_out(clear_tid, &died, sizeof died) == 0)
            futex_wake(p, clear_tid, 1);
        group_buried(&group, process_group(p), id);
    }
}

bool remote_bury(void *ctx, struct group_process *g)
{
    (void)ctx;
    return thread_kernel((struct process *)g, bury, NULL) != NULL;
}
