/* SPDX-License-Identifier: GPL-2.0-or-later */
/* group_sim.c - the world of group_sim.h: its beginning, messages, deaths, and what can happen next. What
 * nodes lend is in group_node.c, threads are in group_thread.c, what should be so is in group_reference.c,
 * and what must hold in group_sim_check.c. */
#include "tests/core/chance.h"
#include "tests/core/group_thread.h"
#include <stdio.h>
#include <string.h>

struct gs gs;
const struct gs_hooks *gs_hooks;

uint64_t gs_random(void)
{
    return chance(&gs.random);
}

/* ---- the beginning ---- */

void gs_start(unsigned nodes, const struct gs_limits *l)
{
    uint64_t random = gs.random;
    memset(&gs, 0, sizeof gs);
    gs_broken();
    gs.random = random;
    gs.nodes = nodes;
    for (unsigned i = 0; i < nodes; i++)
        gs_node_start(&gs.node[i], i, l);
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
    gs_process_made(p, node, program);
    if (gs_thread_add(n, p, p->id, program, true) == GS_NONE)
        gs_wrong("no room for a first thread");
}

/* ---- what happens ---- */

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
            if (gs_can_act(n, &n->thread[t])) {
                list[count++] = (struct gs_action){GS_ACT, i, t};
                if (gs_can_be_late(n, &n->thread[t]))
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

void gs_deliver(unsigned from, unsigned to)
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
        gs_truth_left(k.w.process, k.w.value);
    if (k.type == GROUP_STARTED && k.w.status != CORE_OK)
        for (const struct group_op *op = n->g.ops; op; op = op->next)
            if (op->token == k.w.token)
                gs_truth_left(op->process->id, 0);
    if (own && (k.type == GROUP_ENDING || (k.type == GROUP_KILL && k.w.value > 0)))
        gs_truth_end(k.w.process, k.w.value);
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
        gs_wrong("a thread is to be buried whose node lives");
    for (unsigned i = 0; i < gs.ids; i++)
        if (gs.begun_thread[i].id == id && clear_tid != GS_CLEAR_TID + gs.begun_thread[i].program)
            gs_wrong("another clear_tid");
    b->buries = id;
    (void)n;
}

void gs_crash(unsigned node)
{
    struct gs_node *n = &gs.node[node];
    n->alive = 0;
    gs.crashes -= gs.crashes != 0;
    gs.crashed++;
    for (unsigned i = 0; i < gs.nodes; i++)
        clear(i, node);
    memset(n->thread, 0, sizeof n->thread);
}

/* Starts to that node that are under way will fail. */
void gs_detect(unsigned dead, unsigned node)
{
    struct gs_node *n = &gs.node[node];
    clear(dead, node);
    for (const struct group_op *op = n->g.ops; op; op = op->next)
        if (op->node == dead && op->type == GROUP_START)
            gs_truth_left(op->process->id, 0);
    for (struct group_process *p = n->g.first; p; p = p->next) {
        bool any = false;
        for (const struct group_thread *t = p->threads_elsewhere; t; t = t->next)
            any |= t->node == dead;
        if (any && p->ending)
            gs_truth_left(p->id, GS_KILLED);
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
        gs_deliver(a->a, a->b);
        break;
    case GS_ACT:
        gs_run(n, &n->thread[a->b], false);
        break;
    case GS_LATE:
        n->thread[a->b].late = 1;
        gs_run(n, &n->thread[a->b], true);
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
        gs_truth_left(b->p.id, GS_KILLED);
        group_buried(&n->g, &b->p, id);
        break;
    case GS_CRASH: /* what it has sent may still arrive */
        gs_crash(a->a);
        break;
    case GS_DETECT:
        gs_detect(a->a, a->b);
        break;
    }
}

bool gs_rescue(void)
{
    for (unsigned i = 0; i < gs.nodes; i++)
        for (struct group_process *p = gs.node[i].alive ? gs.node[i].g.first : NULL; p; p = p->next)
            if (!p->replica && !p->zombie && !p->ending) {
                gs_truth_end(p->id, GS_KILLED);
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
