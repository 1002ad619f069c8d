/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * group_sim.c - the simulated nodes (group_sim.h): what they lend, what their threads do. What must hold is
 * in group_sim_check.c. Longer than usual: callbacks, network and threads share one state, the world.
 */
#include "tests/core/group_sim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REFUSE_BEGIN = -11, REFUSE_LOAD = -12, CLEAR_TID = 0x1000 };

struct gs gs;

uint64_t gs_random(void)
{
    uint64_t z = gs.random += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static const char *failure; /* told by the next gs_check */

static void broken(const char *what)
{
    if (!failure)
        failure = what;
}

static bool fails(void)
{
    return gs.fail_in_1024 && gs_random() % 1024 < gs.fail_in_1024;
}

const char *gs_broken(void)
{
    const char *was = failure;
    failure = NULL;
    return was;
}

/* ---- the reference ---- */

struct gs_process *gs_reference(int32_t id)
{
    for (unsigned i = 0; i < gs.processes; i++)
        if (gs.process[i].id == id)
            return &gs.process[i];
    return NULL;
}

static void id_given(int32_t id, unsigned node, unsigned program)
{
    if (id <= 0 || (unsigned)(id - 1) % gs.nodes != node)
        broken("an id that does not name its origin");
    for (unsigned i = 0; i < gs.ids; i++)
        if (gs.begun_thread[i].id == id)
            broken("an id is given twice");
    if (gs.ids == GS_IDS) {
        fprintf(stderr, "group_sim: more threads than there is room for\n");
        abort();
    }
    gs.begun_thread[gs.ids].id = id;
    gs.begun_thread[gs.ids++].program = program;
}

static void process_made(const struct group_process *p, unsigned node, unsigned program)
{
    id_given(p->id, node, program);
    if (gs.processes == GS_PROCESSES) {
        fprintf(stderr, "group_sim: more processes than there is room for\n");
        abort();
    }
    gs.process[gs.processes++] =
        (struct gs_process){.id = p->id, .parent = p->parent, .origin = (uint8_t)node};
}

/* Something ends it, of which the origin has just heard; too late if no thread is left, only work. */
static void truth_end(int32_t id, int32_t status)
{
    struct gs_process *r = gs_reference(id);
    const struct group_process *p = r ? group_find(&gs.node[r->origin].g, id) : NULL;
    if (!p || r->ending || r->ended || r->discarded)
        return;
    r->ending = 1;
    r->status = p->threads || p->elsewhere ? status : r->last;
}

static void truth_left(int32_t id, int32_t status)
{
    struct gs_process *r = gs_reference(id);
    if (r)
        r->last = status;
}

/* ---- what a node lends ---- */

static void *on_alloc(void *ctx, size_t bytes)
{
    struct gs_node *n = ctx;
    if (fails())
        return NULL;
    for (unsigned i = 0; i < GS_MEMORY; i++)
        if (!n->piece_used[i] && bytes <= sizeof n->piece[i]) {
            n->piece_used[i] = 1;
            memset(n->piece[i], 0xee, sizeof n->piece[i]);
            return n->piece[i];
        }
    broken("more memory than group_sim.h has");
    return NULL;
}

static void on_free(void *ctx, void *memory, size_t bytes)
{
    struct gs_node *n = ctx;
    size_t i = (size_t)((uint64_t(*)[4])memory - n->piece);
    if (i >= GS_MEMORY || !n->piece_used[i] || bytes > sizeof n->piece[i]) {
        broken("memory is freed that is not in use");
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
        broken("send with bad arguments");
        return;
    }
    for (const struct group_process *p = n->g.first; p; p = p->next) {
        bool mine = type == GROUP_START && p->id == w->process;
        for (const struct group_thread *t = p->threads_elsewhere; t && !mine; t = t->next)
            mine = type == GROUP_JOINED && w->status == CORE_OK && t->id == w->value;
        if (mine && p->ending)
            broken("a thread of a process that is ending is to begin");
    }
    gs.messages++;
    if (!gs.node[to].alive)
        return;
    if (gs.queued[n->number][to] == GS_CHANNEL) {
        broken("a channel is full");
        return;
    }
    struct gs_packet *k = &gs.channel[n->number][to][gs.queued[n->number][to]++];
    *k = (struct gs_packet){.w = *w, .type = type, .bytes = (uint32_t)bytes};
    if (bytes)
        k->program = *(const uint8_t *)what;
}

static struct group_process *on_room(void *ctx, int32_t id)
{
    struct gs_node *n = ctx;
    if (id <= 0)
        broken("room for nobody");
    for (unsigned i = 0; !fails() && gs.processes < GS_PROCESSES - 1 && i < GS_BODIES; i++)
        if (!n->body[i].used) {
            memset(&n->body[i], 0, sizeof n->body[i]);
            memset(&n->body[i].p, 0xee, sizeof n->body[i].p);
            n->body[i].used = 1;
            return &n->body[i].p;
        }
    return NULL;
}

static struct gs_body *body_of(const struct group_process *p)
{
    return (struct gs_body *)p; /* its first member */
}

static unsigned body_index(const struct gs_node *n, const struct group_process *p)
{
    return (unsigned)(body_of(p) - n->body);
}

static void on_process_free(void *ctx, struct group_process *p)
{
    struct gs_node *n = ctx;
    struct gs_body *b = body_of(p);
    if (!b->used)
        broken("a process is freed twice");
    for (unsigned i = 0; i < GS_THREADS; i++)
        if (n->thread[i].used && n->thread[i].begun && n->thread[i].body == body_index(n, p))
            broken("a process is freed that has threads");
    if (b->work || b->buries)
        broken("a process is freed that is held");
    b->used = 0;
}

/* GS_NONE: no room. */
static unsigned thread_add(struct gs_node *n, const struct group_process *p, int32_t id, unsigned program,
                           bool begun)
{
    for (unsigned i = 0; gs.ids < GS_IDS - GS_SPARE && i < GS_THREADS; i++)
        if (!n->thread[i].used) {
            n->thread[i] = (struct gs_thread){.id = id,
                                              .used = 1,
                                              .body = (uint8_t)body_index(n, p),
                                              .program = (uint8_t)program,
                                              .begun = begun,
                                              .making = GS_NONE};
            return i;
        }
    return GS_NONE;
}

static int32_t on_load(void *ctx, struct group_process *p, const void *what, size_t bytes)
{
    struct gs_node *n = ctx;
    unsigned program = bytes ? *(const uint8_t *)what : GS_NONE;
    if (bytes != 1 || program >= gs.programs || p->threads != 1)
        broken("load with bad arguments");
    if (fails() || thread_add(n, p, p->id, program, true) == GS_NONE)
        return REFUSE_LOAD;
    process_made(p, n->number, program);
    return 0;
}

static int32_t on_replica(void *ctx, struct group_process *p, const void *what, size_t bytes)
{
    (void)ctx;
    if (bytes != 1 || *(const uint8_t *)what >= gs.programs || !p->replica || p->threads)
        broken("replica with bad arguments");
    return fails() ? REFUSE_LOAD : 0;
}

static int32_t on_begin(void *ctx, struct group_process *p, int32_t thread, const void *what, size_t bytes)
{
    struct gs_node *n = ctx;
    unsigned program = bytes ? *(const uint8_t *)what : GS_NONE;
    if (bytes != 1 || program >= gs.programs || p->ending || !p->threads)
        broken("begin with bad arguments");
    if (fails() || thread_add(n, p, thread, program, true) == GS_NONE)
        return REFUSE_BEGIN;
    id_given(thread, (unsigned)(p->id - 1) % gs.nodes, program);
    gs.begun++;
    return 0;
}

static void on_stop(void *ctx, struct group_process *p)
{
    (void)ctx;
    if (body_of(p)->stopped++ || !p->ending)
        broken("stopped twice, or not ending");
}

static bool on_bury(void *ctx, struct group_process *p)
{
    (void)ctx;
    if (p->ending)
        broken("bury of a process that is ending");
    if (fails()) {
        gs.buries_refused++;
        truth_end(p->id, GS_KILLED);
        truth_left(p->id, GS_KILLED);
        return false;
    }
    body_of(p)->bury = 1;
    return true;
}

/* At its origin: that all is over is checked here. */
static void on_gone(void *ctx, struct group_process *p)
{
    struct gs_node *n = ctx;
    struct gs_process *r = gs_reference(p->id);
    if (body_of(p)->gone++)
        broken("gone twice");
    if (p->threads || p->held || p->elsewhere)
        broken("gone with threads, or held");
    if (p->replica) {
        gs.orphans += p->orphan;
        return;
    }
    if (!r || r->ended || r->discarded) {
        broken("a process ends that is not there");
        return;
    }
    r->ended = 1;
    r->final = p->status;
    if (p->status != (r->ending ? r->status : r->last))
        broken("a process ends with another status than it should");
    for (unsigned i = 0; i < gs.nodes; i++) {
        const struct gs_node *o = &gs.node[i];
        for (unsigned t = 0; o->alive && t < GS_THREADS; t++)
            if (o->thread[t].used && o->body[o->thread[t].body].p.id == p->id && o->thread[t].begun)
                broken("a process ends while it has a thread");
        for (unsigned k = 0; k < gs.queued[n->number][i]; k++)
            if (gs.channel[n->number][i][k].type == GROUP_START &&
                gs.channel[n->number][i][k].w.process == p->id)
                broken("a process ends while a thread of it is about to begin");
    }
}

static void on_children(void *ctx, struct group_process *p)
{
    struct gs_node *n = ctx;
    for (unsigned i = 0; i < GS_THREADS; i++)
        if (n->thread[i].used && n->thread[i].body == body_index(n, p))
            n->thread[i].asleep = 0;
}

/* ---- the world ---- */

void gs_start(unsigned nodes, const struct gs_limits *l)
{
    uint64_t random = gs.random;
    memset(&gs, 0, sizeof gs);
    failure = NULL;
    gs.random = random;
    gs.nodes = nodes;
    for (unsigned i = 0; i < nodes; i++) {
        struct gs_node *n = &gs.node[i];
        n->alive = 1;
        n->number = (uint8_t)i;
        n->env = (struct core_env){.ctx = n, .alloc = on_alloc, .free = on_free};
        const struct group_config c = {.env = &n->env,
                                       .self = i,
                                       .nodes = nodes,
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
            broken("group_init");
    }
}

void gs_program(unsigned number, const char *steps)
{
    unsigned n = 0;
    memset(gs.program[number], 0, sizeof gs.program[number]);
    for (const char *s = steps; *s && n < GS_STEPS; s++) {
        if (*s == ' ')
            continue;
        struct gs_step *step = &gs.program[number][n++];
        step->what = *s;
        if (s[1] >= '0' && s[1] <= '?')
            step->a = (uint8_t)(*++s - '0');
        if (s[1] >= '0' && s[1] <= '?')
            step->b = (uint8_t)(*++s - '0');
    }
    if (number >= gs.programs)
        gs.programs = number + 1;
}

void gs_first(unsigned node, unsigned program)
{
    struct gs_node *n = &gs.node[node];
    struct group_process *p;
    if (group_new(&n->g, NULL, &p) != CORE_OK)
        return;
    process_made(p, node, program);
    if (thread_add(n, p, p->id, program, true) == GS_NONE)
        broken("no room for a first thread");
}

/* ---- threads ---- */

static struct gs_node *node_of_op(const struct group_op *op)
{
    return &gs.node[(size_t)((const char *)op - (const char *)gs.node) / sizeof gs.node[0]];
}

static void count_failure(int32_t status)
{
    gs.refused += status == GROUP_EREFUSED || status == CORE_ENOMEM;
    gs.ending_met_start += status == GROUP_EENDING;
    gs.dead_ops += status == CORE_EDEAD;
    if (status == CORE_EDEAD && !gs.crashed)
        broken("a node is called dead and none is");
    if (status == CORE_EINVAL || status == CORE_ECLOSED || status > 0)
        broken("an outcome that cannot be");
    if (status == GROUP_ENONE && !gs.crashed)
        gs.nobody++;
}

static void start_done(int32_t status, int32_t value)
{
    bool begun = false;
    for (unsigned i = 0; i < gs.ids; i++)
        begun |= gs.begun_thread[i].id == value;
    if (status == CORE_OK && !begun)
        broken("a thread is said to have begun that has not");
    if (status == GROUP_EREFUSED && value != REFUSE_BEGIN && value != REFUSE_LOAD)
        broken("another refusal than that of the owner");
    if (status != CORE_OK)
        count_failure(status);
}

static void spawn_done(int32_t status, int32_t value, int32_t parent)
{
    struct gs_process *r = status == CORE_OK ? gs_reference(value) : NULL;
    if (status != CORE_OK) {
        count_failure(status);
    } else if (!r || r->parent != parent || r->known) {
        broken("a child that is another's");
    } else {
        r->known = 1;
        gs.spawned++;
    }
}

static void kill_done(int32_t id, int32_t signal, int32_t status)
{
    const struct gs_process *r = gs_reference(id);
    if (status == CORE_OK && (!r || (signal && !r->ending && !r->ended && !r->discarded)))
        broken("killed what was not there, or goes on");
    if (status == GROUP_ENONE && r && !r->ended && !r->discarded)
        broken("a process is not found that is there");
    if (status != CORE_OK)
        count_failure(status);
    gs.killed += status == CORE_OK && signal;
}

static int32_t target(unsigned a)
{
    return a == 9 ? 999999 : gs.processes ? gs.process[a % gs.processes].id : 1;
}

/* An operation of a thread has ended: the step that began it is the one before next. */
static void on_thread_op(struct group_op *op)
{
    struct gs_thread *t = (struct gs_thread *)op;
    struct gs_node *n = node_of_op(op);
    if (!t->used || !t->waits) {
        broken("an operation ends twice, or nobody's");
        return;
    }
    t->waits = 0;
    const struct gs_step *s = &gs.program[t->program][t->next - 1];
    int32_t process = n->body[t->body].p.id;
    if (op->type == GROUP_START)
        start_done(op->status, op->value);
    else if (op->type == GROUP_SPAWN)
        spawn_done(op->status, op->value, process);
    else if (op->type == GROUP_KILL)
        kill_done(t->target, t->signal, op->status);
    else if (op->status != CORE_OK)
        count_failure(op->status);
    else {
        id_given(op->value, (unsigned)(process - 1) % gs.nodes, s->what == 'c' ? s->a : s->b);
        t->joined = (uint8_t)((s->what == 'c' ? s->a : s->b) + 1);
    }
}

static void on_work_op(struct group_op *op)
{
    struct gs_node *n = node_of_op(op);
    struct gs_body *b = NULL;
    for (unsigned i = 0; i < GS_BODIES; i++)
        if (&n->body[i].op == op)
            b = &n->body[i];
    if (!b || !b->waits) {
        broken("an operation of work ends twice, or nobody's");
        return;
    }
    b->waits = 0;
    start_done(op->status, op->value);
}

static void leave(struct gs_node *n, struct gs_thread *t, int32_t status)
{
    struct group_process *p = &n->body[t->body].p;
    int32_t id = t->id;
    t->used = 0;
    if (!p->replica)
        truth_left(p->id, status);
    group_left(&n->g, p, id, status);
}

/* An id is there for a thread of p on this node: it begins, or does not. */
static void begin_clone(struct gs_node *n, struct group_process *p, int32_t id, unsigned program)
{
    if (!fails() && thread_add(n, p, id, program, true) != GS_NONE) {
        gs.cloned++;
        return;
    }
    gs.refused++;
    if (!p->replica)
        truth_left(p->id, 0);
    group_left(&n->g, p, id, 0);
}

static void clone(struct gs_node *n, struct gs_thread *t, unsigned program)
{
    struct group_process *p = &n->body[t->body].p;
    if (p->replica) {
        t->op.done = on_thread_op;
        t->waits = 1;
        int rc = group_join(&n->g, p, CLEAR_TID + program, &t->op);
        if (rc == 1)
            return;
        t->waits = 0;
        count_failure(rc);
        return;
    }
    int32_t id = group_thread(&n->g, p);
    if (id < 0) {
        count_failure(id);
        return;
    }
    id_given(id, n->number, program);
    begin_clone(n, p, id, program);
}

static void start(struct gs_node *n, struct group_process *p, unsigned node, unsigned program,
                  struct group_op *op, uint8_t *waits)
{
    const uint8_t what = (uint8_t)program;
    *waits = 1;
    int rc = group_start(&n->g, p, node % gs.nodes, &what, 1, CLEAR_TID + program, op);
    if (rc == 1)
        return;
    *waits = 0;
    start_done(rc, op->value);
}

static void make_child(struct gs_node *n, struct gs_thread *t, unsigned program)
{
    struct group_process *p;
    int rc = group_new(&n->g, &n->body[t->body].p, &p);
    if (rc != CORE_OK) {
        count_failure(rc);
        return;
    }
    unsigned slot = thread_add(n, p, p->id, program, false);
    process_made(p, n->number, program);
    if (slot == GS_NONE) {
        gs_reference(p->id)->discarded = 1;
        gs.discards++;
        group_discard(&n->g, p);
        return;
    }
    gs_reference(p->id)->known = 1;
    t->making = (uint8_t)slot;
}

/* The child is complete, or not after all. */
static void finish_child(struct gs_node *n, struct gs_thread *t)
{
    struct gs_thread *child = &n->thread[t->making];
    struct group_process *p = &n->body[child->body].p;
    t->making = GS_NONE;
    gs.killed_making += p->ending;
    if (fails()) {
        child->used = 0;
        gs_reference(p->id)->discarded = 1;
        gs.discards++;
        group_discard(&n->g, p);
        return;
    }
    child->begun = 1;
    gs.forked++;
}

static void spawn(struct gs_node *n, struct gs_thread *t, unsigned node, unsigned program)
{
    const uint8_t what = (uint8_t)program;
    if (node % gs.nodes == n->number) {
        make_child(n, t, program);
        return;
    }
    t->op.done = on_thread_op;
    t->waits = 1;
    int rc = group_spawn(&n->g, &n->body[t->body].p, node % gs.nodes, &what, 1, &t->op);
    if (rc == 1)
        return;
    t->waits = 0;
    spawn_done(rc, 0, 0);
}

static void kill(struct gs_node *n, struct gs_thread *t, unsigned a, int32_t signal)
{
    int32_t id = target(a);
    t->op.done = on_thread_op;
    t->target = id;
    t->signal = signal;
    t->waits = 1;
    if (signal > 0 && group_origin(&n->g, id) == n->number)
        truth_end(id, signal);
    int rc = group_kill(&n->g, id, signal, &t->op);
    if (rc == 1)
        return;
    t->waits = 0;
    kill_done(id, signal, rc);
}

/* Whether the reference has such a child: that has ended here, or at all. */
static bool has_child(const struct gs_node *n, int32_t parent, int32_t id, bool ended_here)
{
    for (unsigned i = 0; i < gs.processes; i++) {
        const struct gs_process *r = &gs.process[i];
        if (r->parent == parent && r->known && !r->reaped && !r->discarded && (id <= 0 || r->id == id) &&
            (!ended_here || (r->ended && r->origin == n->number)))
            return true;
    }
    return false;
}

static void wait(struct gs_node *n, struct gs_thread *t, char how)
{
    struct group_process *p = &n->body[t->body].p;
    int32_t status = -1, id = how == 'v' && gs.processes ? gs.process[gs.processes - 1].id : -1;
    int32_t found = group_wait(&n->g, p, id, &status);
    if (found == 0) {
        if (has_child(n, p->id, id, true))
            broken("a child that has ended is not found");
        if (how != 'n') {
            t->asleep = 1;
            t->next--; /* and again */
        }
        return;
    }
    if (found < 0) {
        if (found != GROUP_ENONE || has_child(n, p->id, id, false))
            broken("a child is denied");
        gs.echild++;
        return;
    }
    struct gs_process *r = gs_reference(found);
    if (!r || r->parent != p->id || r->reaped || !r->known || (id > 0 && id != found)) {
        broken("a child is waited for twice, or another's");
        return;
    }
    r->reaped = 1;
    gs.reaped++;
    if (!(r->ended && status == r->final) && !(!gs.node[r->origin].alive && status == GS_KILLED))
        broken("a child's status is wrong, or it has not ended");
}

/* late: it was in the kernel when the end came, and goes on. */
static void step(struct gs_node *n, struct gs_thread *t, bool late)
{
    struct gs_body *b = &n->body[t->body];
    struct group_process *p = &b->p;
    if (t->making != GS_NONE) {
        finish_child(n, t);
        return;
    }
    if (t->joined) {
        unsigned program = t->joined - 1u;
        t->joined = 0;
        begin_clone(n, p, t->op.value, program);
        return;
    }
    if (b->stopped && !late) {
        leave(n, t, 0);
        return;
    }
    const struct gs_step s = t->next < GS_STEPS ? gs.program[t->program][t->next] : (struct gs_step){0};
    if (s.what == 'F')
        return;
    t->next++;
    bool origin = !p->replica;
    if (s.what == 'c' || (s.what == 's' && !origin)) {
        clone(n, t, s.what == 'c' ? s.a : s.b);
    } else if (s.what == 's') {
        t->op.done = on_thread_op;
        start(n, p, s.a, s.b, &t->op, &t->waits);
    } else if (s.what == 'S' || s.what == 'h') {
        if (b->work || (!origin && s.what == 'S'))
            return;
        b->work = 1;
        group_hold(p);
        b->op.done = on_work_op;
        if (s.what == 'S')
            start(n, p, s.a, s.b, &b->op, &b->waits);
    } else if (s.what == 'f') {
        if (origin)
            make_child(n, t, s.a);
    } else if (s.what == 'p') {
        if (origin)
            spawn(n, t, s.a, s.b);
    } else if (s.what == 'k') {
        kill(n, t, s.a, s.b);
    } else if (s.what == 'w' || s.what == 'n' || s.what == 'v') {
        if (origin)
            wait(n, t, s.what);
    } else if (s.what == 'g') {
        if (origin)
            truth_end(p->id, 0x100 + t->program);
        group_end(&n->g, p, 0x100 + t->program);
    } else {
        leave(n, t, 0x200 + t->program);
    }
}

/* ---- actions ---- */

static bool can_act(const struct gs_node *n, const struct gs_thread *t)
{
    if (!t->used || !t->begun || t->waits)
        return false;
    if (t->making != GS_NONE || t->joined || n->body[t->body].stopped)
        return true;
    return !t->asleep && (t->next >= GS_STEPS || gs.program[t->program][t->next].what != 'F');
}

/* Some step besides leaving is left to it. */
static bool can_be_late(const struct gs_node *n, const struct gs_thread *t)
{
    return n->body[t->body].stopped && !t->late && t->making == GS_NONE && !t->joined && t->next < GS_STEPS &&
           gs.program[t->program][t->next].what && gs.program[t->program][t->next].what != 'F';
}

unsigned gs_actions(struct gs_action *list)
{
    unsigned count = 0;
    for (unsigned a = 0; a < gs.nodes; a++)
        for (unsigned b = 0; b < gs.nodes; b++) {
            if (gs.queued[a][b])
                list[count++] = (struct gs_action){GS_DELIVER, a, b};
            if (!gs.node[a].alive && gs.node[b].alive && !(gs.node[b].g.dead & core_bit(a)))
                list[count++] = (struct gs_action){GS_DETECT, a, b};
        }
    for (unsigned i = 0; i < gs.nodes; i++) {
        const struct gs_node *n = &gs.node[i];
        if (!n->alive)
            continue;
        for (unsigned t = 0; t < GS_THREADS; t++)
            if (can_act(n, &n->thread[t])) {
                list[count++] = (struct gs_action){GS_ACT, i, t};
                if (can_be_late(n, &n->thread[t]))
                    list[count++] = (struct gs_action){GS_LATE, i, t};
            }
        for (unsigned b = 0; b < GS_BODIES; b++) {
            if (n->body[b].used && n->body[b].work && !n->body[b].waits)
                list[count++] = (struct gs_action){GS_RELEASE, i, b};
            if (n->body[b].used && n->body[b].buries)
                list[count++] = (struct gs_action){GS_BURIED, i, b};
            else if (n->body[b].used && n->body[b].bury)
                list[count++] = (struct gs_action){GS_BURY, i, b};
        }
    }
    if (gs.crashes && count > 0)
        for (unsigned i = 0; i < gs.nodes; i++)
            if (gs.node[i].alive)
                list[count++] = (struct gs_action){GS_CRASH, i, 0};
    return count;
}

static void clear(unsigned from, unsigned to)
{
    memset(gs.channel[from][to], 0, sizeof gs.channel[from][to]);
    gs.queued[from][to] = 0;
}

static void deliver(unsigned from, unsigned to)
{
    struct {
        struct group_wire w;
        uint8_t program;
    } m;
    struct gs_packet *q = gs.channel[from][to], k = q[0];
    struct gs_node *n = &gs.node[to];
    unsigned left = --gs.queued[from][to];
    memmove(&q[0], &q[1], left * sizeof k);
    memset(&q[left], 0, sizeof k);
    m.w = k.w;
    m.program = k.program;
    bool own = group_origin(&n->g, k.w.process) == to;
    if (k.type == GROUP_LEFT)
        truth_left(k.w.process, k.w.value);
    if (k.type == GROUP_STARTED && k.w.status != CORE_OK)
        for (const struct group_op *op = n->g.ops; op; op = op->next)
            if (op->token == k.w.token)
                truth_left(op->process->id, 0);
    if (own && (k.type == GROUP_ENDING || (k.type == GROUP_KILL && k.w.value > 0)))
        truth_end(k.w.process, k.w.value);
    group_message(&n->g, from, k.type, &m, sizeof m.w + k.bytes);
}

static void bury(struct gs_node *n, struct gs_body *b)
{
    uint64_t clear_tid;
    int32_t id;
    if (!group_dead(&b->p, &id, &clear_tid)) {
        b->bury = 0;
        return;
    }
    const struct group_thread *t = b->p.threads_elsewhere;
    while (t && t->id != id)
        t = t->next;
    if (!t || gs.node[t->node].alive)
        broken("a thread is to be buried whose node lives");
    for (unsigned i = 0; i < gs.ids; i++)
        if (gs.begun_thread[i].id == id && clear_tid != CLEAR_TID + gs.begun_thread[i].program)
            broken("another clear_tid");
    b->buries = id;
    (void)n;
}

static void crash(unsigned node)
{
    struct gs_node *n = &gs.node[node];
    n->alive = 0;
    gs.crashes--;
    gs.crashed++;
    for (unsigned i = 0; i < gs.nodes; i++)
        clear(i, node);
    memset(n->thread, 0, sizeof n->thread);
}

/* Starts to that node that are under way will fail. */
static void detect(unsigned dead, unsigned node)
{
    struct gs_node *n = &gs.node[node];
    clear(dead, node);
    for (const struct group_op *op = n->g.ops; op; op = op->next)
        if (op->node == dead && op->type == GROUP_START)
            truth_left(op->process->id, 0);
    for (struct group_process *p = n->g.first; p; p = p->next) {
        bool any = false;
        for (const struct group_thread *t = p->threads_elsewhere; t; t = t->next)
            any |= t->node == dead;
        if (any && p->ending)
            truth_left(p->id, GS_KILLED);
    }
    group_peer_dead(&n->g, dead);
}

void gs_act(const struct gs_action *a)
{
    struct gs_node *n = &gs.node[a->a];
    struct gs_body *b = &n->body[a->b % GS_BODIES];
    int32_t id;
    switch (a->kind) {
    case GS_DELIVER:
        deliver(a->a, a->b);
        break;
    case GS_ACT:
        step(n, &n->thread[a->b], false);
        break;
    case GS_LATE:
        n->thread[a->b].late = 1;
        step(n, &n->thread[a->b], true);
        break;
    case GS_RELEASE:
        b->work = 0;
        gs.held_last += !b->p.threads && !b->p.elsewhere;
        group_release(&n->g, &b->p);
        break;
    case GS_BURY:
        bury(n, b);
        break;
    case GS_BURIED:
        id = b->buries;
        b->buries = 0;
        gs.buried++;
        truth_left(b->p.id, GS_KILLED);
        group_buried(&n->g, &b->p, id);
        break;
    case GS_CRASH: /* what it has sent may still arrive */
        crash(a->a);
        break;
    case GS_DETECT:
        detect(a->a, a->b);
        break;
    }
}

bool gs_rescue(void)
{
    for (unsigned i = 0; i < gs.nodes; i++)
        for (struct group_process *p = gs.node[i].alive ? gs.node[i].g.first : NULL; p; p = p->next)
            if (!p->replica && !p->zombie && !p->ending) {
                truth_end(p->id, GS_KILLED);
                group_end(&gs.node[i].g, p, GS_KILLED);
                return true;
            }
    return false;
}

static const char *name(unsigned type)
{
    static const char *const low[] = {"START", "JOIN", "LEFT",   "?",     "?",    "?",
                                      "SPAWN", "KILL", "ENDING", "ENDED", "CHILD"};
    static const char *const high[] = {"STARTED", "JOINED", "SPAWNED", "KILLED"};
    return type >= GROUP_STARTED ? high[(type - GROUP_STARTED) % 4] : low[(type - GROUP_START) % 11];
}

void gs_print(const struct gs_action *a)
{
    const struct gs_node *n = &gs.node[a->a];
    const struct gs_packet *k = &gs.channel[a->a][a->b % GS_NODES][0];
    const struct gs_thread *t = &n->thread[a->b % GS_THREADS];
    const struct gs_body *b = &n->body[a->b % GS_BODIES];
    const struct gs_step *s = &gs.program[t->program][t->next % GS_STEPS];
    switch (a->kind) {
    case GS_DELIVER:
        printf("%u > %u %s process %d parent %d thread %d value %d token %u status %d program %u\n", a->a,
               a->b, name(k->type), k->w.process, k->w.parent, k->w.thread, k->w.value, k->w.token,
               k->w.status, k->program);
        break;
    case GS_ACT:
    case GS_LATE:
        printf("node %u thread %d of %d: step %c%u%u%s%s%s\n", a->a, t->id, n->body[t->body].p.id,
               s->what ? s->what : '.', s->a, s->b, t->making != GS_NONE ? ", its child is made" : "",
               t->joined ? ", its clone begins" : "",
               a->kind == GS_LATE         ? ", late"
               : n->body[t->body].stopped ? ", stopped"
                                          : "");
        break;
    case GS_RELEASE:
        printf("node %u: work for %d is done\n", a->a, b->p.id);
        break;
    case GS_BURY:
        printf("node %u: which threads of %d are dead?\n", a->a, b->p.id);
        break;
    case GS_BURIED:
        printf("node %u: thread %d of %d is buried\n", a->a, b->buries, b->p.id);
        break;
    case GS_CRASH:
        printf("node %u crashes\n", a->a);
        break;
    case GS_DETECT:
        printf("node %u learns that %u is dead\n", a->b, a->a);
        break;
    }
}
