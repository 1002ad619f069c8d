/* SPDX-License-Identifier: GPL-2.0-or-later */
/* group_node.c - what a node of group_sim.h lends to the process service: memory, sending, room for
 * processes, threads that begin, and what it is told. */
#include "tests/core/group_thread.h"
#include <string.h>

static void *on_alloc(void *ctx, size_t bytes)
{
    struct gs_node *n = ctx;
    if (gs_fails())
        return NULL;
    for (unsigned i = 0; i < GS_MEMORY; i++)
        if (!n->piece_used[i] && bytes <= sizeof n->piece[i]) {
            n->piece_used[i] = 1;
            memset(n->piece[i], 0xee, sizeof n->piece[i]);
            return n->piece[i];
        }
    gs_wrong("more memory than group_sim.h has");
    return NULL;
}

static void on_free(void *ctx, void *memory, size_t bytes)
{
    struct gs_node *n = ctx;
    size_t i = (size_t)((uint64_t(*)[4])memory - n->piece);
    if (i >= GS_MEMORY || !n->piece_used[i] || bytes > sizeof n->piece[i]) {
        gs_wrong("memory is freed that is not in use");
        return;
    }
    memset(memory, 0xdd, sizeof n->piece[i]);
    n->piece_used[i] = 0;
}

static void on_send(void *ctx, unsigned to, unsigned type, const struct group_wire *w, const void *what,
                    size_t bytes)
{
    struct gs_node *n = ctx;
    if (to == n->number || to >= gs.nodes || !group_is_type(type)) {
        gs_wrong("send with bad arguments");
        return;
    }
    for (const struct group_process *p = n->g.first; p; p = p->next) {
        bool mine = type == GROUP_START && p->id == w->process;
        for (const struct group_thread *t = p->threads_elsewhere; t && !mine; t = t->next)
            mine = type == GROUP_JOINED && w->status == CORE_OK && t->id == w->value;
        if (mine && p->ending)
            gs_wrong("a thread of a process that is ending is to begin");
    }
    gs.messages++;
    if (!gs.node[to].alive)
        return;
    if (gs.queued[n->number][to] == GS_CHANNEL) {
        gs_wrong("a channel is full");
        return;
    }
    struct gs_packet *k = &gs.channel[n->number][to][gs.queued[n->number][to]++];
    *k = (struct gs_packet){.w = *w, .type = type, .bytes = (uint32_t)bytes};
    if (bytes)
        k->program = *(const uint8_t *)what;
    if (gs_hooks)
        gs_hooks->sent(n->number, to, type);
}

static struct group_process *on_room(void *ctx, int32_t id)
{
    struct gs_node *n = ctx;
    if (id <= 0)
        gs_wrong("room for nobody");
    for (unsigned i = 0; !gs_fails() && gs.processes < GS_PROCESSES - 1 && i < GS_BODIES; i++)
        if (!n->body[i].used) {
            memset(&n->body[i], 0, sizeof n->body[i]);
            memset(&n->body[i].p, 0xee, sizeof n->body[i].p);
            if (gs_hooks && !gs_hooks->room(n->number, id))
                return NULL;
            n->body[i].used = 1;
            return &n->body[i].p;
        }
    return NULL;
}

static void on_process_free(void *ctx, struct group_process *p)
{
    struct gs_node *n = ctx;
    struct gs_body *b = gs_body_of(p);
    if (!b->used)
        gs_wrong("a process is freed twice");
    for (unsigned i = 0; i < GS_THREADS; i++)
        if (n->thread[i].used && n->thread[i].begun && n->thread[i].body == gs_body_index(n, p))
            gs_wrong("a process is freed that has threads");
    if (b->work || b->buries || b->calls)
        gs_wrong("a process is freed that is held");
    if (gs_hooks && !b->gone)
        gs_hooks->gone(n->number, p->id);
    b->used = 0;
}

static int32_t on_load(void *ctx, struct group_process *p, const void *what, size_t bytes)
{
    struct gs_node *n = ctx;
    unsigned program = bytes ? *(const uint8_t *)what : GS_NONE;
    if (bytes != 1 || program >= gs.programs || p->threads != 1)
        gs_wrong("load with bad arguments");
    if (gs_fails() || gs_thread_add(n, p, p->id, program, true) == GS_NONE)
        return GS_REFUSE_LOAD;
    gs_process_made(p, n->number, program);
    return 0;
}

static int32_t on_replica(void *ctx, struct group_process *p, const void *what, size_t bytes)
{
    (void)ctx;
    if (bytes != 1 || *(const uint8_t *)what >= gs.programs || !p->replica || p->threads)
        gs_wrong("replica with bad arguments");
    return gs_fails() ? GS_REFUSE_LOAD : 0;
}

static int32_t on_begin(void *ctx, struct group_process *p, int32_t thread, const void *what, size_t bytes)
{
    struct gs_node *n = ctx;
    unsigned program = bytes ? *(const uint8_t *)what : GS_NONE;
    if (bytes != 1 || program >= gs.programs || p->ending || !p->threads)
        gs_wrong("begin with bad arguments");
    if (gs_fails() || gs_thread_add(n, p, thread, program, true) == GS_NONE)
        return GS_REFUSE_BEGIN;
    gs_id_given(thread, (unsigned)(p->id - 1) % gs.nodes, program);
    gs.begun++;
    return 0;
}

static void on_stop(void *ctx, struct group_process *p)
{
    (void)ctx;
    if (gs_body_of(p)->stopped++ || !p->ending)
        gs_wrong("stopped twice, or not ending");
}

static bool on_bury(void *ctx, struct group_process *p)
{
    (void)ctx;
    if (p->ending)
        gs_wrong("bury of a process that is ending");
    if (gs_fails()) {
        gs.buries_refused++;
        gs_truth_end(p->id, GS_KILLED);
        gs_truth_left(p->id, GS_KILLED);
        return false;
    }
    gs_body_of(p)->bury = 1;
    return true;
}

/* At its origin: that all is over is checked here. */
static void on_gone(void *ctx, struct group_process *p)
{
    struct gs_node *n = ctx;
    struct gs_process *r = gs_reference(p->id);
    if (gs_body_of(p)->gone++)
        gs_wrong("gone twice");
    if (p->threads || p->held || p->elsewhere)
        gs_wrong("gone with threads, or held");
    if (gs_hooks)
        gs_hooks->gone(n->number, p->id);
    if (p->replica) {
        gs.orphans += p->orphan;
        return;
    }
    if (!r || r->ended || r->discarded) {
        gs_wrong("a process ends that is not there");
        return;
    }
    r->ended = 1;
    r->final = p->status;
    if (p->status != (r->ending ? r->status : r->last))
        gs_wrong("a process ends with another status than it should");
    for (unsigned i = 0; i < gs.nodes; i++) {
        const struct gs_node *o = &gs.node[i];
        for (unsigned t = 0; o->alive && t < GS_THREADS; t++)
            if (o->thread[t].used && o->body[o->thread[t].body].p.id == p->id && o->thread[t].begun)
                gs_wrong("a process ends while it has a thread");
        for (unsigned k = 0; k < gs.queued[n->number][i]; k++)
            if (gs.channel[n->number][i][k].type == GROUP_START &&
                gs.channel[n->number][i][k].w.process == p->id)
                gs_wrong("a process ends while a thread of it is about to begin");
    }
}

static void on_children(void *ctx, struct group_process *p)
{
    struct gs_node *n = ctx;
    for (unsigned i = 0; i < GS_THREADS; i++)
        if (n->thread[i].used && n->thread[i].body == gs_body_index(n, p))
            n->thread[i].asleep = 0;
}

void gs_node_start(struct gs_node *n, unsigned number, const struct gs_limits *l)
{
    n->alive = 1;
    n->number = (uint8_t)number;
    n->env = (struct core_env){.ctx = n, .alloc = on_alloc, .free = on_free};
    const struct group_config c = {.env = &n->env,
                                   .self = number,
                                   .nodes = gs.nodes,
                                   .last_id = l->last_id,
                                   .children = l->children,
                                   .elsewhere = l->elsewhere,
                                   .signals = GS_SIGNALS,
                                   .killed = GS_KILLED,
                                   .ctx = n,
                                   .send = on_send,
                                   .room = on_room,
                                   .free = on_process_free,
                                   .load = on_load,
                                   .replica = on_replica,
                                   .begin = on_begin,
                                   .stop = on_stop,
                                   .bury = on_bury,
                                   .gone = on_gone,
                                   .children_changed = on_children};
    if (group_init(&n->g, &c) != CORE_OK)
        gs_wrong("group_init");
}
