/* SPDX-License-Identifier: GPL-2.0-or-later */
/* world_memory.c - what joins processes and memory in world.h, as a kernel does: memory comes and goes with
 * processes and replicas, is copied with them; threads' calls are served at the origin. */
#include "tests/core/random_steps.h"
#include "tests/core/vma_thread.h"
#include "tests/core/world.h"
#include <string.h>

static unsigned space_of(int32_t id)
{
    unsigned s = 0;
    while (s < vs.spaces && w.id[s] != id)
        s++;
    return s;
}

struct group_process *world_process(unsigned node, unsigned space)
{
    struct group_process *p = group_find(&gs.node[node].g, w.id[space]);
    return p && !p->zombie ? p : NULL;
}

/* ---- processes ---- */

static bool on_room(unsigned node, int32_t id)
{
    struct vs_node *n = &vs.node[node];
    unsigned s = space_of(id), origin = group_origin(&gs.node[node].g, id);
    if (s == VS_SPACES)
        return false;
    if (s == vs.spaces) {
        if (origin != node)
            world_broken("a replica of what never began");
        vs.spaces++;
        w.id[s] = id;
        w.spaces++;
        vs.origin[s] = (uint8_t)origin;
        vs.brk[s] = VS_PAGE;
    }
    if (n->has[s])
        world_broken("memory twice for one process");
    n->has[s] = 1;
    memset(n->tr[s], 0, sizeof n->tr[s]);
    vma_space_begin(&n->v, &n->space[s], s + 1, origin);
    n->space[s].brk_begin = n->space[s].brk = origin == node ? VS_PAGE : 0;
    return true;
}

static void on_gone(unsigned node, int32_t id)
{
    struct vs_node *n = &vs.node[node];
    unsigned s = space_of(id);
    if (s == vs.spaces || !n->has[s]) {
        world_broken("memory goes that is not there");
        return;
    }
    page_drop(&n->p, vs_key(s, 0, 0), vs_key(s + 1, 0, 0) - 1);
    vma_space_end(&n->v, &n->space[s]);
    n->has[s] = 0;
}

static bool on_copied(unsigned node, int32_t child, int32_t parent)
{
    struct vs_node *n = &vs.node[node];
    unsigned to = space_of(child), from = space_of(parent);
    if (vma_copy(&n->v, &n->space[to], &n->space[from]) != CORE_OK)
        return false;
    vs_copied(to);
    w.copied++;
    return true;
}

static void on_began(unsigned node, unsigned slot)
{
    const struct gs_thread *g = &gs.node[node].thread[slot];
    int32_t id = gs.node[node].body[g->body].p.id;
    struct vs_thread *t = &vs.thread[node * GS_THREADS + slot];
    unsigned s = space_of(id);
    *t = (struct vs_thread){.node = (uint8_t)node, .space = (uint8_t)s};
    if (g->id == id && !vs.node[node].space[s].ranges) /* what a program begins with */
        for (unsigned n = world_below(8); n > 0; n--)
            vs_map_first(s, vs_random_map());
}

/* ---- steps of threads ---- */

static void on_memory(unsigned node, unsigned slot, unsigned steps)
{
    unsigned i = node * GS_THREADS + slot;
    vs.thread[i].next = vs.thread[i].length = 0;
    while (steps--) {
        struct vs_step s = vs_random_step(w.calls, w.mapping);
        const struct vs_truth *t = vs.truth[vs.thread[i].space];
        for (unsigned tries = w.hits; s.what == VS_TOUCH && tries && !t[s.page].mapped; tries--)
            s.page = (uint8_t)(1 + world_below(VS_PLACES));
        vs_plan(i, s);
    }
}

bool world_memory_over(unsigned thread)
{
    struct vs_thread *t = &vs.thread[thread];
    struct gs_node *n = &gs.node[thread / GS_THREADS];
    struct gs_thread *g = &n->thread[thread % GS_THREADS];
    bool stopped = n->body[g->body].stopped;
    if (!g->memory || t->state != VS_IDLE || (t->next < t->length && !(stopped && t->next)))
        return false;
    g->memory = 0;
    t->next = t->length = 0;
    return true;
}

/* ---- calls ---- */

static void on_call(unsigned thread)
{
    const struct vs_thread *t = &vs.thread[thread];
    const struct w_call call = {.thread = thread};
    w.call[thread] = W_ASKED;
    w.called++;
    world_post(t->node, vs.origin[t->space], W_CALL, &call);
}

static void on_call_over(unsigned thread)
{
    if (w.call[thread] != W_SERVED)
        world_broken("a call ends that is not served");
    w.call[thread] = W_ENDED;
}

void world_call(unsigned from, unsigned to, unsigned type, const struct w_call *call)
{
    const struct vs_thread *t = &vs.thread[call->thread];
    if (type == W_ANSWER) {
        if (w.call[call->thread] != W_ANSWERED || to != t->node || from != vs.origin[t->space])
            world_broken("an answer to nobody");
        w.call[call->thread] = W_NONE;
        vs_call_ends(call->thread, call->status);
        return;
    }
    struct group_process *p = world_process(to, t->space);
    if (w.call[call->thread] != W_ASKED || from != t->node || to != vs.origin[t->space])
        world_broken("a call of nobody");
    if (!p) {
        world_broken("a call of a thread whose process has gone");
        return;
    }
    group_hold(p);
    ((struct gs_body *)p)->calls++;
    w.call[call->thread] = W_SERVED;
    vs_call_begins(call->thread);
}

void world_answer(unsigned thread)
{
    const struct vs_thread *t = &vs.thread[thread];
    unsigned origin = vs.origin[t->space];
    struct group_process *p = world_process(origin, t->space);
    const struct w_call call = {.thread = thread, .status = t->status};
    w.call[thread] = W_ANSWERED;
    w.held_for_call += !p->threads && !p->elsewhere;
    world_post(origin, t->node, W_ANSWER, &call);
    ((struct gs_body *)p)->calls--;
    group_release(&gs.node[origin].g, p);
}

void world_calls_dead(unsigned dead, unsigned node)
{
    for (unsigned i = node * GS_THREADS; i < (node + 1) * GS_THREADS; i++)
        if (w.call[i] != W_NONE && vs.origin[vs.thread[i].space] == dead) {
            w.call[i] = W_NONE;
            vs_call_ends(i, CORE_EDEAD);
        }
}

static uint64_t on_replicas(unsigned space)
{
    const struct group_process *p = world_process(vs.origin[space], space);
    return p ? p->nodes : 0;
}

static void on_sent(unsigned from, unsigned to, unsigned type)
{
    world_post(from, to, type, NULL);
}

void world_memory_start(void)
{
    static const struct gs_hooks group = {.sent = on_sent,
                                          .room = on_room,
                                          .gone = on_gone,
                                          .copied = on_copied,
                                          .began = on_began,
                                          .memory = on_memory};
    static const struct vs_hooks memory = {
        .sent = on_sent, .replicas = on_replicas, .call = on_call, .call_over = on_call_over};
    gs_hooks = &group;
    vs_hooks = &memory;
}
