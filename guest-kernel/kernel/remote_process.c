/* SPDX-License-Identifier: GPL-2.0-or-later */
/* remote_process.c - processes over nodes: spawn, kill and the end; see remote.h. */
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/heap.h"
#include "guest-kernel/kernel/remote.h"

struct remote_spawn {
    int32_t parent;
    uint16_t policy, value;
    char path[PATH];
    struct arguments arguments;
};

struct birth {
    struct msg_call call;
    struct process *child;
    unsigned node;
    int64_t result;
    bool done;
};

/* At once, not when the thread runs: the child's end may be the next message. */
static void born(struct msg_call *c, unsigned from, const void *data, uint32_t len)
{
    struct birth *b = (struct birth *)c;

    if (len < sizeof b->result)
        return;
    memcpy(&b->result, data, sizeof b->result);
    if (b->result > INT32_MAX || (b->result > 0 && process_origin((int)b->result) != from))
        b->result = -EINVAL;
    if (b->result > 0)
        b->child->id = (int)b->result;
}

static void birth_done(struct msg_call *c, int status)
{
    struct birth *b = (struct birth *)c;

    (void)status;
    b->done = true;
    wake_first(b);
}

/* The entry of a process that is on another node. */
static struct process *child_new(int parent)
{
    struct process *child = process_new(0, parent);

    if (!child)
        return NULL;
    memory_free(child);
    child->child = true;
    return child;
}

int64_t remote_spawn(struct process *parent, unsigned node, const char *path, const struct arguments *a)
{
    struct remote_spawn *m = heap_new(sizeof *m);
    struct process *child = m ? child_new(parent->id) : NULL;
    struct birth b = {
        .call = {.answered = born, .done = birth_done}, .child = child, .node = node, .result = -EHOSTDOWN};

    if (!child) {
        if (m)
            heap_free(m, sizeof *m);
        return -EAGAIN;
    }
    memset(m, 0, sizeof *m);
    m->parent = parent->id;
    m->policy = (uint16_t)parent->placement.policy;
    m->value = (uint16_t)parent->placement.value;
    m->arguments = *a;
    memcpy(m->path, path, length(path) + 1);
    int status = cluster_request(&b.call, core_bit(node), 1, REMOTE_SPAWN, m, sizeof *m);
    while (status == CORE_OK && !b.done)
        wait_always(&b);
    if (b.result <= 0)
        child->id = 0;
    heap_free(m, sizeof *m);
    return b.result;
}

static int64_t spawn(const struct remote_spawn *m)
{
    struct process *p = process_new(0, m->parent);
    struct frame f;

    if (!p)
        return -EAGAIN;
    p->placement = (struct placement){m->policy, m->value};
    int error = exec_load(p, m->path, &m->arguments, &f);
    if (!error && !thread_new(p, &f, p->id))
        error = -ENOMEM;
    if (error) {
        memory_discard(p);
        p->id = 0;
        return error;
    }
    file_console(p);
    return p->id;
}

int64_t remote_kill(int id, unsigned signal)
{
    const struct remote_end m = {id, (int32_t)signal};

    return remote_ask_number(process_origin(id), REMOTE_KILL, &m, sizeof m);
}

static void tell(struct process *p, unsigned type)
{
    const struct remote_end m = {p->id, p->status};

    for (uint64_t left = p->nodes; left; left &= left - 1)
        cluster_post(core_first(left), type, &m, sizeof m);
}

void remote_ending(struct process *p)
{
    const struct remote_end m = {p->id, p->status};

    if (p->replica)
        cluster_post(process_origin(p->id), REMOTE_ENDING, &m, sizeof m);
    else
        tell(p, REMOTE_ENDING);
}

void remote_ended(struct process *p)
{
    tell(p, REMOTE_ENDED);
}

void remote_process_message(unsigned from, uint32_t request, unsigned type, const void *data, size_t bytes)
{
    struct remote_end m;

    if (type == REMOTE_SPAWN) {
        const struct remote_spawn *s = data;
        bool good = bytes >= sizeof *s && !s->path[PATH - 1] && s->arguments.n <= ARGUMENTS &&
                    s->arguments.bytes <= ARGUMENT_BYTES && process_origin(s->parent) == from;
        remote_answer_number(from, request, type, good ? spawn(s) : -EINVAL);
        return;
    }
    if (bytes < sizeof m)
        return;
    memcpy(&m, data, sizeof m);
    struct process *p = process_here(m.id);
    if (type == REMOTE_KILL)
        remote_answer_number(from, request, type,
                             process_origin(m.id) == cluster_self() ? process_kill(m.id, (unsigned)m.status)
                                                                    : -ESRCH);
    else if (type == REMOTE_CHILD && process_origin(m.id) == from)
        process_child_ended(m.id, m.status);
    else if (type == REMOTE_ENDING && p && p->replica && process_origin(m.id) == from)
        process_stop(p, m.status);
    else if (type == REMOTE_ENDING && p && !p->replica && (p->nodes & core_bit(from)))
        process_end(p, m.status);
    else if (type == REMOTE_ENDED && p && p->replica && process_origin(m.id) == from && !p->threads)
        process_forget(p);
}
