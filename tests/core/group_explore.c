/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * group_explore.c - the process service over all orders of messages and actions of small worlds
 * (tests/core/group_sim.h, states.h). The real code is run.
 *
 *     group_explore              the configurations marked for every build
 *     group_explore all          all of them
 *     group_explore NAME         one
 */
#include "tests/core/driver.h"
#include "tests/core/group_sim.h"
#include "tests/core/states.h"
#include <stdio.h>
#include <string.h>

enum { MOST_STEPS = 300 };

static const struct config {
    struct driver_config d; /* always: small enough for every build */
    unsigned nodes, crashes;
    struct {
        unsigned node, program;
    } first[3]; /* up to one with the same program as the one before */
    unsigned firsts;
    const char *program[GS_PROGRAMS];
} configs[] = {
    {{"start", true}, 2, 0, {{0, 0}}, 1, {"s11 s11", "c2", "x"}},
    {{"start-end", true}, 2, 0, {{0, 0}}, 1, {"c1 s12", "g", "c3", "x"}},
    {{"end-there", true}, 2, 0, {{0, 0}}, 1, {"s11 s12", "g", "c3", "x"}},
    {{"two-ends", true}, 3, 0, {{0, 0}}, 1, {"s11 s22 g", "g", "c3 g", "x"}},
    {{"join-end", true}, 2, 0, {{0, 0}}, 1, {"s12 c1", "g", "c3 c3", "x"}},
    {{"kill", true}, 2, 0, {{0, 0}, {1, 2}}, 2, {"s11 F", "F", "k00 k09 k09"}},
    {{"kill-exit", true}, 3, 0, {{0, 0}, {1, 2}, {2, 2}}, 3, {"s21", "x", "k09 k00"}},
    {{"kill-nobody", true}, 2, 0, {{0, 0}, {1, 1}}, 2, {"k99 k19", "k99 k09"}},
    {{"spawn", true}, 2, 0, {{0, 0}}, 1, {"p12 w w", "x", "s03", "x"}},
    {{"spawn-kill", true}, 2, 0, {{0, 0}, {1, 1}}, 2, {"p12 v", "k29 k29", "s03", "x"}},
    {{"two-wait", true}, 2, 0, {{0, 0}}, 1, {"c1 p12 w", "n w", "x"}},
    {{"parent-first", true}, 2, 0, {{0, 0}}, 1, {"p12 f2", "x", "h x"}},
    {{"fork-kill", true}, 2, 0, {{0, 0}, {1, 1}}, 2, {"f2 w", "k29 k19 k29", "x"}},
    {{"held", true}, 2, 0, {{0, 0}}, 1, {"S11", "h g"}},
    {{"start-crash", true}, 2, 1, {{0, 0}}, 1, {"s11 s12", "c2", "g"}},
    {{"held-crash", true}, 2, 1, {{0, 0}}, 1, {"S11 c2", "c2", "x"}},
    {{"spawn-crash", true}, 3, 1, {{0, 0}}, 1, {"p12 w", "x", "s23", "x"}},
    {{"kill-crash", true}, 3, 1, {{0, 0}, {1, 2}}, 2, {"s21", "c3", "k09 k09", "x"}},
    {{"join-crash", true}, 3, 1, {{0, 0}}, 1, {"s11 s21", "c2", "x"}},
    {{"orphans", true}, 3, 2, {{0, 0}}, 1, {"s11 s22", "h c3", "g", "x"}},
    {{"all-kinds", false}, 3, 0, {{0, 0}, {1, 2}}, 2, {"s13 p13 w", "x", "k09 k29", "c1 g"}},
    {{"all-crash", false}, 3, 1, {{0, 0}, {1, 2}}, 2, {"s13 p23 w", "x", "k09 k29", "c1 g"}},
    {{"three-crash", false}, 3, 2, {{0, 0}}, 1, {"s11 s21", "c2", "h g"}},
    {{"clones-crash", false}, 3, 2, {{0, 0}}, 1, {"s11 s21 c2", "c2", "g"}},
    {{"tree-crash", true}, 3, 2, {{0, 0}}, 1, {"p11 p22 w w", "f3 w", "p03 w", "x"}},
};

static unsigned actions(void *list)
{
    return gs_actions(list);
}

/* Crashes need not come. */
static unsigned needed(const void *list, unsigned n)
{
    const struct gs_action *a = list;
    unsigned count = 0;
    while (count < n && a[count].kind != GS_CRASH)
        count++;
    return count;
}

static void act(const void *action)
{
    gs_act(action);
}

static void print(const void *action)
{
    gs_print(action);
}

static void mix_op(const struct group_op *op)
{
    states_mix_number((uint64_t)op->token << 32 | op->type);
    states_mix_number((uint64_t)(uint32_t)op->value << 32 | op->node);
}

static void mix_process(const struct gs_body *b)
{
    const struct group_process *p = &b->p;
    states_mix_number((uint64_t)(uint32_t)p->id << 32 | (uint32_t)p->parent);
    states_mix_number((uint64_t)(uint32_t)p->status << 32 | p->replica << 4 | p->ending << 3 |
                      p->zombie << 2 | p->orphan << 1 | p->ended);
    states_mix_number((uint64_t)p->threads << 32 | p->held);
    states_mix_number(p->nodes);
    states_mix_number((uint64_t)b->stopped << 32 | b->gone << 24 | b->bury << 16 | b->work << 8 | b->waits);
    states_mix_number((uint64_t)(uint32_t)b->buries);
    if (b->waits)
        mix_op(&b->op);
    for (const struct group_thread *t = p->threads_elsewhere; t; t = t->next) {
        states_mix_number((uint64_t)(uint32_t)t->id << 32 | (uint32_t)t->node << 16 | t->state);
        states_mix_number(t->clear_tid);
    }
    for (const struct group_child *c = p->children; c; c = c->next) {
        states_mix_number((uint64_t)(uint32_t)c->id << 32 | c->ended);
        states_mix_number((uint64_t)(uint32_t)c->status);
    }
}

static void mix_thread(const struct gs_node *n, const struct gs_thread *t)
{
    states_mix_number((uint64_t)(uint32_t)t->id << 32 | (uint32_t)n->body[t->body].p.id);
    states_mix_number((uint64_t)t->program << 56 | (uint64_t)t->next << 48 | (uint64_t)t->late << 40 |
                      (uint64_t)t->begun << 32 | t->waits << 24 | t->asleep << 16 | t->joined);
    states_mix_number(t->making == GS_NONE ? 0 : (uint64_t)n->thread[t->making].id);
    if (t->waits || t->joined)
        mix_op(&t->op);
    if (t->waits && t->op.type == GROUP_KILL)
        states_mix_number((uint64_t)(uint32_t)t->target << 32 | (uint32_t)t->signal);
}

/*
 * Things with ids are mixed in the order of these, as which slot something got, and who came first, makes no
 * difference to what can happen: only the processes that a step means by their order (k, v) keep it.
 * at: the first's id; they lie step bytes apart. Calls each, the lowest id first; ids below 1 are none.
 */
static void in_order(const int32_t *at, size_t step, unsigned count,
                     void (*each)(const void *ctx, unsigned i), const void *ctx)
{
    int32_t last = 0;
    for (;;) {
        unsigned best = count;
        int32_t lowest = INT32_MAX;
        for (unsigned i = 0; i < count; i++) {
            int32_t id;
            memcpy(&id, (const char *)at + i * step, sizeof id);
            if (id > last && id < lowest) {
                lowest = id;
                best = i;
            }
        }
        if (best == count)
            return;
        each(ctx, best);
        last = lowest;
    }
}

static void mix_used(const void *ctx, unsigned i)
{
    const struct gs_node *n = ctx;
    if (n->thread[i].used)
        mix_thread(n, &n->thread[i]);
}

static void mix_reference(const void *ctx, unsigned i)
{
    (void)ctx;
    states_mix(&gs.process[i], sizeof gs.process[i]);
}

static void mix_begun(const void *ctx, unsigned i)
{
    (void)ctx;
    states_mix(&gs.begun_thread[i], sizeof gs.begun_thread[i]);
}

static bool by_order(void)
{
    for (unsigned i = 0; i < gs.programs; i++)
        for (unsigned k = 0; k < GS_STEPS; k++)
            if (gs.program[i][k].what == 'k' || gs.program[i][k].what == 'v')
                return true;
    return false;
}

static void mix(void)
{
    states_mix_number(gs.crashes);
    for (unsigned i = 0; i < gs.nodes; i++) {
        const struct gs_node *n = &gs.node[i];
        states_mix_number(n->alive);
        if (!n->alive)
            continue; /* what the dead know matters no more */
        states_mix_number(n->g.dead);
        states_mix_number((uint64_t)n->g.numbers << 32 | n->g.last_token);
        for (const struct group_process *p = n->g.first; p; p = p->next)
            mix_process((const struct gs_body *)p);
        states_mix_number(0);
        in_order(&n->thread[0].id, sizeof n->thread[0], GS_THREADS, mix_used, n);
        states_mix_number(0);
    }
    for (unsigned a = 0; a < gs.nodes; a++)
        for (unsigned b = 0; b < gs.nodes; b++) {
            states_mix_number(gs.queued[a][b]);
            states_mix(gs.channel[a][b], gs.queued[a][b] * sizeof(struct gs_packet));
        }
    if (by_order())
        states_mix(gs.process, gs.processes * sizeof gs.process[0]);
    else
        in_order(&gs.process[0].id, sizeof gs.process[0], gs.processes, mix_reference, NULL);
    in_order(&gs.begun_thread[0].id, sizeof gs.begun_thread[0], gs.ids, mix_begun, NULL);
}

static void begin(const void *config, struct states *s, char *text, size_t bytes)
{
    const struct config *c = config;
    const struct gs_limits limits = {.children = 9, .elsewhere = 9, .last_id = 9999};
    *s = (struct states){.world = &gs,
                         .world_bytes = sizeof gs,
                         .action_bytes = sizeof(struct gs_action),
                         .most_actions = GS_ACTIONS,
                         .most_steps = MOST_STEPS,
                         .actions = actions,
                         .needed = needed,
                         .act = act,
                         .print = print,
                         .check = gs_check,
                         .finish = gs_finish,
                         .hash = mix};
    gs_start(c->nodes, &limits);
    for (unsigned i = 0; i < GS_PROGRAMS && c->program[i]; i++)
        gs_program(i, c->program[i]);
    for (unsigned i = 0; i < c->firsts; i++)
        gs_first(c->first[i].node, c->first[i].program);
    gs.crashes = c->crashes;
    snprintf(text, bytes, "%u nodes %u crashes", c->nodes, c->crashes);
}

int main(int argc, char **argv)
{
    const struct driver_explore e = {.part = "group",
                                     .configs = configs,
                                     .count = sizeof configs / sizeof configs[0],
                                     .bytes = sizeof configs[0],
                                     .begin = begin};
    return driver_explore(argc, argv, &e);
}
