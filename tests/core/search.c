/* SPDX-License-Identifier: GPL-2.0-or-later */
/* search.c - the search (search.h): what tells the states of the page directory's world apart. */
#include "tests/core/search.h"

enum { DEPTH = 400 };

static void mix_page(const struct sim_node *n, unsigned page)
{
    const struct page_copy *c = page_copy_find(&n->p, page);
    const struct page_dir *d = page_dir_find(&n->p, page);
    states_mix_number(c != NULL);
    if (c) {
        states_mix_number(c->version << 32 | c->request);
        states_mix_number((uint64_t)c->asked_request << 32 | c->state << 24 | c->asked << 16 | c->orders);
        states_mix_number(c->hold_until_ns);
        states_mix_number((uint64_t)c->held << 32 | c->pins);
        states_mix_number(c->frame ? *(const uint64_t *)c->frame : 0xffff);
        for (const struct page_fault *f = c->waiting; f; f = f->next)
            states_mix_number((uint64_t)((const struct sim_thread *)f - sim.thread) + 1);
        states_mix(c->order, c->orders * sizeof c->order[0]);
    }
    states_mix_number(d != NULL);
    if (d) { /* all but the link */
        states_mix(&d->page, sizeof *d - offsetof(struct page_dir, page));
        states_mix(d->node, sim.nodes * sizeof d->node[0]);
    }
}

static void hash_state(void)
{
    states_mix_number(sim.crashes);
    states_mix_number(sim.litmus ? 0 : sim.writes % 4); /* what the next write writes */
    states_mix(sim.value, sim.pages * sizeof sim.value[0]);
    for (unsigned i = 0; i < sim.nodes; i++) {
        const struct sim_node *n = &sim.node[i];
        states_mix_number((uint64_t)n->alive << 32 | n->p.last_request);
        if (!n->alive)
            continue; /* what the dead know matters no more */
        states_mix_number(n->p.dead);
        states_mix_number(n->now);
        states_mix_number(n->timer_at);
        states_mix_number(n->dropped);
        states_mix(n->before, sim.pages * sizeof n->before[0]);
        for (unsigned page = 0; page < sim.pages; page++)
            mix_page(n, page);
        for (const struct page_copy *c = n->p.held_first; c; c = c->held_next)
            states_mix_number(c->page);
    }
    states_mix_number(sim.retired);
    for (unsigned i = 0; i < sim.threads; i++) {
        states_mix_number((uint64_t)sim.thread[i].pinned << 16 | sim.thread[i].waits << 8 |
                          sim.thread[i].next);
        states_mix(sim.thread[i].result, SIM_SCRIPT);
        states_mix(sim.thread[i].seen, SIM_SCRIPT);
    }
    for (unsigned a = 0; a < sim.nodes; a++)
        for (unsigned b = 0; b < sim.nodes; b++) {
            states_mix_number(sim.queued[a][b]);
            states_mix(sim.channel[a][b], sim.queued[a][b] * sizeof(struct sim_packet));
        }
}

static unsigned actions(void *list)
{
    return sim_actions(list);
}

/* Crashes come last, and need not. */
static unsigned needed(const void *list, unsigned n)
{
    return n > 0 && ((const struct sim_action *)list)->kind != SIM_CRASH;
}

static void act(const void *action)
{
    sim_act(action);
}

static void print(const void *action)
{
    sim_print(action);
}

struct states search_states(const char *(*check)(void), const char *(*end)(void))
{
    return (struct states){.world = &sim,
                           .world_bytes = sizeof sim,
                           .action_bytes = sizeof(struct sim_action),
                           .most_actions = SIM_ACTIONS,
                           .most_steps = DEPTH,
                           .actions = actions,
                           .needed = needed,
                           .act = act,
                           .print = print,
                           .check = check,
                           .finish = end,
                           .hash = hash_state};
}
