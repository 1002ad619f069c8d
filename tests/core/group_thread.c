/* SPDX-License-Identifier: GPL-2.0-or-later */
/* group_thread.c - the threads of group_sim.h: how they begin, what each step of a program does, and what
 * comes of the operations that they wait for. */
#include "tests/core/group_thread.h"

unsigned gs_thread_add(struct gs_node *n, const struct group_process *p, int32_t id, unsigned program,
                       bool begun)
{
    for (unsigned i = 0; gs.ids < GS_IDS - GS_SPARE && i < GS_THREADS; i++)
        if (!n->thread[i].used) {
            n->thread[i] = (struct gs_thread){.id = id,
                                              .used = 1,
                                              .body = (uint8_t)gs_body_index(n, p),
                                              .program = (uint8_t)program,
                                              .begun = begun,
                                              .making = GS_NONE};
            if (gs_hooks)
                gs_hooks->began(n->number, i);
            return i;
        }
    return GS_NONE;
}

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
        gs_wrong("a node is called dead and none is");
    if (status == CORE_EINVAL || status == CORE_ECLOSED || status > 0)
        gs_wrong("an outcome that cannot be");
    if (status == GROUP_ENONE && !gs.crashed)
        gs.nobody++;
}

static void start_done(int32_t status, int32_t value)
{
    bool begun = false;
    for (unsigned i = 0; i < gs.ids; i++)
        begun |= gs.begun_thread[i].id == value;
    if (status == CORE_OK && !begun)
        gs_wrong("a thread is said to have begun that has not");
    if (status == GROUP_EREFUSED && value != GS_REFUSE_BEGIN && value != GS_REFUSE_LOAD)
        gs_wrong("another refusal than that of the owner");
    if (status != CORE_OK)
        count_failure(status);
}

static void spawn_done(int32_t status, int32_t value, int32_t parent)
{
    struct gs_process *r = status == CORE_OK ? gs_reference(value) : NULL;
    if (status != CORE_OK) {
        count_failure(status);
    } else if (!r || r->parent != parent || r->known) {
        gs_wrong("a child that is another's");
    } else {
        r->known = 1;
        gs.spawned++;
    }
}

static void kill_done(int32_t id, int32_t signal, int32_t status)
{
    const struct gs_process *r = gs_reference(id);
    if (status == CORE_OK && (!r || (signal && !r->ending && !r->ended && !r->discarded)))
        gs_wrong("killed what was not there, or goes on");
    if (status == GROUP_ENONE && r && !r->ended && !r->discarded)
        gs_wrong("a process is not found that is there");
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
        gs_wrong("an operation ends twice, or nobody's");
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
        gs_id_given(op->value, (unsigned)(process - 1) % gs.nodes, s->what == 'c' ? s->a : s->b);
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
        gs_wrong("an operation of work ends twice, or nobody's");
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
        gs_truth_left(p->id, status);
    group_left(&n->g, p, id, status);
}

/* An id is there for a thread of p on this node: it begins, or does not. */
static void begin_clone(struct gs_node *n, struct group_process *p, int32_t id, unsigned program)
{
    if (!gs_fails() && gs_thread_add(n, p, id, program, true) != GS_NONE) {
        gs.cloned++;
        return;
    }
    gs.refused++;
    if (!p->replica)
        gs_truth_left(p->id, 0);
    group_left(&n->g, p, id, 0);
}

static void clone(struct gs_node *n, struct gs_thread *t, unsigned program)
{
    struct group_process *p = &n->body[t->body].p;
    if (p->replica) {
        t->op.done = on_thread_op;
        t->waits = 1;
        int rc = group_join(&n->g, p, GS_CLEAR_TID + program, &t->op);
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
    gs_id_given(id, n->number, program);
    begin_clone(n, p, id, program);
}

static void start(struct gs_node *n, struct group_process *p, unsigned node, unsigned program,
                  struct group_op *op, uint8_t *waits)
{
    const uint8_t what = (uint8_t)program;
    *waits = 1;
    int rc = group_start(&n->g, p, node % gs.nodes, &what, 1, GS_CLEAR_TID + program, op);
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
    bool copied = !gs_hooks || gs_hooks->copied(n->number, p->id, n->body[t->body].p.id);
    unsigned slot = copied ? gs_thread_add(n, p, p->id, program, false) : GS_NONE;
    gs_process_made(p, n->number, program);
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
    if (gs_fails()) {
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
        gs_truth_end(id, signal);
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
            gs_wrong("a child that has ended is not found");
        if (how != 'n') {
            t->asleep = 1;
            t->next--; /* and again */
        }
        return;
    }
    if (found < 0) {
        if (found != GROUP_ENONE || has_child(n, p->id, id, false))
            gs_wrong("a child is denied");
        gs.echild++;
        return;
    }
    struct gs_process *r = gs_reference(found);
    if (!r || r->parent != p->id || r->reaped || !r->known || (id > 0 && id != found)) {
        gs_wrong("a child is waited for twice, or another's");
        return;
    }
    r->reaped = 1;
    gs.reaped++;
    if (!(r->ended && status == r->final) && !(!gs.node[r->origin].alive && status == GS_KILLED))
        gs_wrong("a child's status is wrong, or it has not ended");
}

/* late: it was in the kernel when the end came, and goes on. */
void gs_run(struct gs_node *n, struct gs_thread *t, bool late)
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
    } else if (s.what == 'm') {
        t->memory = gs_hooks != NULL;
        if (gs_hooks)
            gs_hooks->memory(n->number, (unsigned)(t - n->thread), s.a);
    } else if (s.what == 'k') {
        kill(n, t, s.a, s.b);
    } else if (s.what == 'w' || s.what == 'n' || s.what == 'v') {
        if (origin)
            wait(n, t, s.what);
    } else if (s.what == 'g') {
        if (origin)
            gs_truth_end(p->id, 0x100 + t->program);
        group_end(&n->g, p, 0x100 + t->program);
    } else {
        leave(n, t, 0x200 + t->program);
    }
}

bool gs_can_act(const struct gs_node *n, const struct gs_thread *t)
{
    if (!t->used || !t->begun || t->waits || t->memory)
        return false;
    if (t->making != GS_NONE || t->joined || n->body[t->body].stopped)
        return true;
    return !t->asleep && (t->next >= GS_STEPS || gs.program[t->program][t->next].what != 'F');
}

/* Some step besides leaving is left to it. */
bool gs_can_be_late(const struct gs_node *n, const struct gs_thread *t)
{
    return n->body[t->body].stopped && !t->late && t->making == GS_NONE && !t->joined && t->next < GS_STEPS &&
           !t->memory && gs.program[t->program][t->next].what && gs.program[t->program][t->next].what != 'F';
}
