/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remote_thread.c - threads of a process on other nodes than its origin. The origin gives them their ids and
 * keeps a list of them; when their node dies, it does for each what it would have done at its end, with
 * OWNER_DIED instead of 0 for who joins it.
 */
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/heap.h"
#include "guest-kernel/kernel/remote.h"

struct remote_start {
    int32_t process, parent, thread;
    uint16_t policy, value;
    struct thread_start start;
    char path[PATH];
};
struct remote_join {
    int32_t process;
    uint32_t zero;
    uint64_t clear_tid;
};
struct remote_left {
    int32_t process, thread, status;
};
struct remote_thread {
    struct remote_thread *next;
    int id;
    unsigned node;
    uint64_t clear_tid;
};

static void event(const struct process *p, int thread)
{
    const uint32_t data[] = {(uint32_t)p->id, cluster_self()};

    adapter_event(REMOTE_EVENT_THREAD, (uint32_t)thread, data, sizeof data);
}

static int64_t begin(struct process *p, const struct thread_start *s, int id)
{
    struct frame f;

    arch_frame_user(&f, s->pc, (s->sp & ~(uint64_t)15) - arch_call_bias, s->argument);
    struct thread *t = thread_new(p, &f, id);
    if (!t)
        return -EAGAIN;
    t->tls = s->tls;
    t->clear_tid = s->clear_tid;
    event(p, id);
    return id;
}

static struct remote_thread *add(struct process *p, unsigned node, uint64_t clear_tid)
{
    struct remote_thread *r = heap_new(sizeof *r);

    if (!r)
        return NULL;
    *r = (struct remote_thread){p->remotes, process_number(), node, clear_tid};
    p->remotes = r;
    p->nodes |= core_bit(node);
    p->threads++;
    return r;
}

/* False: it is not in the list. */
static bool take_out(struct process *p, int id)
{
    for (struct remote_thread **at = &p->remotes; *at; at = &(*at)->next) {
        struct remote_thread *r = *at;
        if (r->id != id)
            continue;
        *at = r->next;
        heap_free(r, sizeof *r);
        return true;
    }
    return false;
}

int64_t remote_thread_new(struct process *p, unsigned node, const struct thread_start *s)
{
    if (p->ending)
        return -EINTR; /* else it would begin where nobody says any more that it has to end */
    if (node == cluster_self())
        return begin(p, s, process_number());
    struct remote_thread *r = cluster_alive(node) ? add(p, node, s->clear_tid) : NULL;
    if (!r)
        return cluster_alive(node) ? -ENOMEM : -EHOSTDOWN;
    struct remote_start m = {.process = p->id,
                             .parent = p->parent,
                             .thread = r->id,
                             .policy = (uint16_t)p->placement.policy,
                             .value = (uint16_t)p->placement.value,
                             .start = *s};
    memcpy(m.path, p->path, sizeof m.path);
    int id = r->id;
    p->held++;
    int64_t result = remote_ask_number(node, REMOTE_START, &m, sizeof m);
    if (result < 0 && take_out(p, id))
        p->threads--;
    p->held--; /* the caller is a thread of it, or is held itself */
    return result;
}

static void start(unsigned from, uint32_t request, const struct remote_start *m)
{
    struct process *p = process_here(m->process);
    int64_t result = 0;

    if (process_origin(m->process) != from || m->path[PATH - 1]) {
        result = -EINVAL;
    } else if (!p) {
        p = process_new(m->process, m->parent);
        if (p) {
            p->replica = true;
            result = exec_replica(p, m->path);
        } else {
            result = -EAGAIN;
        }
        if (p && result < 0)
            process_forget(p);
    }
    if (result == 0)
        result = begin(p, &m->start, m->thread);
    remote_answer_number(from, request, REMOTE_START, result);
}

int64_t remote_thread_join(struct process *p, uint64_t clear_tid)
{
    const struct remote_join m = {.process = p->id, .clear_tid = clear_tid};

    return remote_ask_number(process_origin(p->id), REMOTE_JOIN, &m, sizeof m);
}

void remote_thread_left(struct process *p, int thread, int status)
{
    const struct remote_left m = {p->id, thread, status};

    cluster_post(process_origin(p->id), REMOTE_LEFT, &m, sizeof m);
}

void remote_thread_message(unsigned from, uint32_t request, unsigned type, const void *data, size_t bytes)
{
    struct remote_start s;
    struct remote_join j;
    struct remote_left l;

    if (type == REMOTE_START && bytes >= sizeof s) {
        memcpy(&s, data, sizeof s);
        start(from, request, &s);
    } else if (type == REMOTE_JOIN && bytes >= sizeof j) {
        memcpy(&j, data, sizeof j);
        struct process *p = process_here(j.process);
        struct remote_thread *r =
            p && !p->replica && (p->nodes & core_bit(from)) ? add(p, from, j.clear_tid) : NULL;
        remote_answer_number(from, request, type, r ? r->id : -EAGAIN);
    } else if (type == REMOTE_LEFT && bytes >= sizeof l) {
        memcpy(&l, data, sizeof l);
        struct process *p = process_here(l.process);
        if (p && !p->replica && take_out(p, l.thread))
            process_left(p, l.thread, l.status);
    }
}

/* The threads of a node that is dead, one after the other: their words say so. */
static void bury(void *argument)
{
    struct process *p = current()->process;
    unsigned node = (unsigned)(uintptr_t)argument;
    const uint32_t died = OWNER_DIED;
    struct remote_thread *r;

    do {
        for (r = p->remotes; r && r->node != node; r = r->next)
            ;
        if (!r)
            return;
        uint64_t clear_tid = r->clear_tid;
        int id = r->id;
        print("process %d: thread %d was on node %u\n", p->id, id, node);
        take_out(p, id);
        if (clear_tid && copy_out(clear_tid, &died, sizeof died) == 0)
            futex_wake(p, clear_tid, 1);
        process_left(p, id, SIGKILL);
    } while (r);
}

void remote_thread_dead(struct process *p, unsigned node)
{
    if ((p->nodes & core_bit(node)) && !thread_kernel(p, bury, (void *)(uintptr_t)node))
        panic("no memory to tell process %d of its threads' death", p->id);
    p->nodes &= ~core_bit(node);
}

void remote_thread_none(struct process *p)
{
    while (p->remotes)
        take_out(p, p->remotes->id);
}
