/* SPDX-License-Identifier: GPL-2.0-or-later */
/* remote_process.c - processes that begin on another node; and the messages of the core's service of
 * processes; see remote.h. */
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/heap.h"
#include "guest-kernel/kernel/remote.h"

struct remote_spawn { /* behind GROUP_SPAWN */
    uint32_t policy, value;
    struct remote_files files;
    int32_t forks;  /* the parent, whose fork it is; 0: the program begins */
    uint32_t token; /* of the fork */
    char path[PATH];
    struct arguments arguments;
};

/* m: what to begin; the rest is filled in. */
static int64_t spawn(struct process *parent, unsigned node, struct remote_spawn *m)
{
    struct process_wait w = {.op.done = process_done};

    m->policy = parent->placement.policy;
    m->value = parent->placement.value;
    int64_t result = remote_pass(parent, node, m->forks, &m->files);
    if (result == 0)
        result = process_outcome(&w, group_spawn(&group, process_group(parent), node, m, sizeof *m, &w.op));
    if (result <= 0)
        remote_pass_drop(node, &m->files);
    return result;
}

int64_t remote_spawn(struct process *parent, unsigned node, const char *path, const struct arguments *a)
{
    struct remote_spawn *m = heap_new(sizeof *m);

    if (!m)
        return -EAGAIN;
    memset(m, 0, sizeof *m);
    m->arguments = *a;
    memcpy(m->path, path, length(path) + 1);
    int64_t result = spawn(parent, node, m);
    heap_free(m, sizeof *m);
    return result;
}

int64_t remote_fork_child(struct process *parent, unsigned node, uint32_t token)
{
    struct remote_spawn *m = heap_new(sizeof *m);

    if (!m)
        return -EAGAIN;
    memset(m, 0, sizeof *m);
    m->forks = parent->id;
    m->token = token;
    int64_t result = spawn(parent, node, m);
    heap_free(m, sizeof *m);
    return result;
}

/* What a peer sent can be read as arguments: as many texts as it says, within the bytes. */
static bool good(const struct remote_spawn *m)
{
    const struct arguments *a = &m->arguments;
    unsigned ends = 0;

    if (m->path[PATH - 1] || m->policy > PLACE_NODE || m->value >= cluster_nodes() || a->n > ARGUMENTS ||
        a->bytes > ARGUMENT_BYTES || (a->bytes && a->text[a->bytes - 1]))
        return false;
    for (size_t i = 0; i < a->bytes; i++)
        ends += !a->text[i];
    return ends == a->n;
}

int32_t remote_load(void *ctx, struct group_process *g, const void *what, size_t bytes)
{
    struct process *p = (struct process *)g;
    struct remote_spawn *m = bytes >= sizeof *m ? heap_new(sizeof *m) : NULL;
    struct frame f;
    int error = -EINVAL;

    (void)ctx;
    if (!m)
        return bytes >= sizeof *m ? -ENOMEM : -EINVAL;
    memcpy(m, what, sizeof *m);
    if (good(m)) {
        p->placement = (struct placement){m->policy, m->value};
        error = m->forks ? remote_fork_load(p, m->forks, m->token) : exec_load(p, m->path, &m->arguments, &f);
        if (!error && !m->forks && !thread_new(p, &f, p->id))
            error = -ENOMEM;
        if (!error)
            remote_pass_take(p, process_origin(g->parent), &m->files);
    }
    heap_free(m, sizeof *m);
    return error;
}

void remote_send(void *ctx, unsigned to, unsigned type, const struct group_wire *w, const void *what,
                 size_t bytes)
{
    static _Alignas(8) uint8_t packet[sizeof *w + sizeof(struct remote_spawn)];

    (void)ctx;
    if (bytes > sizeof packet - sizeof *w)
        panic("a message about a process is too long");
    memcpy(packet, w, sizeof *w);
    if (bytes)
        memcpy(packet + sizeof *w, what, bytes);
    cluster_post(to, type, packet, sizeof *w + bytes);
}
