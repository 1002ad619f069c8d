/* SPDX-License-Identifier: GPL-2.0-or-later */
/* debug_go.c - letting nodes go: all, or some; as far as a hold, a point or what is waited for. */
#include "sim/debug_predicate.h"
#include "sim/debug_rack_internal.h"
#include <string.h>

void rack_put_points(struct debug_rack *r, unsigned i)
{
    struct debug_node *n = &r->shared->node[i];
    const struct rack_node *w = &r->node[i];

    if (n->n_points == w->n_want && !memcmp(n->point, w->want, w->n_want * sizeof w->want[0]))
        return;
    memcpy(n->point, w->want, w->n_want * sizeof w->want[0]);
    n->n_points = w->n_want;
    atomic_fetch_add(&n->points_serial, 1);
}

/*
 * Bit i: node i waits for us in front of an instruction. To be taken before anybody is let go: the first one
 * that is, or the engine, lets those go that meet, and one of these may stop a moment later, for a reason
 * that nobody has looked at yet. It is not to be released with the others.
 */
uint64_t rack_standing(const struct debug_rack *r)
{
    uint64_t who = 0;
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        who |= (uint64_t)rack_stopped(r, i) << i;
    return who;
}

void rack_release(struct debug_rack *r, uint64_t who)
{
    for (unsigned i = 0; i < r->scn->n_nodes; i++) {
        struct debug_node *n = &r->shared->node[i];
        if (!(who >> i & 1))
            continue;
        r->node[i].held = false;
        atomic_store(&n->stopped, 0); /* partner: wait_here() in devices/qemu/debug.c */
        port_futex_wake(&n->stopped, 1);
    }
}

void rack_set_hold(struct debug_rack *r, vtime_t hold_ps, unsigned node)
{
    uint32_t held = DEBUG_HELD;

    if (!r->port)
        return;
    r->port->hold_ps = hold_ps;
    r->port->hold_one = r->gentle && hold_ps ? 1 + node : 0;
    r->goal_ps = r->gentle ? hold_ps : 0;
    r->goal_node = node;
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        atomic_store(&r->shared->node[i].until_ps, i == node || rack_now_ps(r, i) < hold_ps ? r->goal_ps : 0);
    if (atomic_compare_exchange_strong(&r->shared->state, &held, DEBUG_UNDER_WAY)) {
        port_recall(r->port);
    }
}

void rack_set_filter(struct debug_rack *r)
{
    struct debug_filter *f = &r->shared->filter;

    memcpy(f, &r->filter, sizeof *f); /* not active yet */
    f->after_ps = rack_earliest_ps(r) == rack_whole_ns(r->fault_seen_ps) ? r->fault_seen_ps : -1;
    r->shared->match_count = 0;
    r->shared->match_ps = VTIME_NEVER;
    atomic_store(&f->active, 1);
    r->armed_filter = false;
}

void rack_run(struct debug_rack *r, vtime_t hold_ps, unsigned node)
{
    uint64_t who = rack_standing(r);

    r->phase = RACK_RUNNING;
    if (r->armed_filter) {
        rack_set_filter(r);
    } else if (!atomic_load(&r->shared->filter.active)) {
        r->shared->match_ps = VTIME_NEVER;
    }
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        rack_put_points(r, i);
    rack_set_hold(r, hold_ps, node);
    rack_release(r, who);
    if (atomic_load(&r->shared->state) == DEBUG_OVER) {
        atomic_store(&r->shared->finish, 1);
        port_futex_wake(&r->shared->finish, 1);
    }
}

void rack_let_go(struct debug_rack *r)
{
    for (unsigned i = 0; i < r->scn->n_nodes; i++) {
        r->node[i].n_want = 0;
        r->node[i].pending = false;
    }
    scenario_drop_faults(r->scn, r->n_faults_run); /* nobody has the run started again for them */
    r->plan.kind = PLAN_NONE;
    r->until_ps = 0;
    r->armed_goto = r->armed_align = r->armed_filter = false;
    atomic_store(&r->shared->filter.active, 0);
    if (r->phase == RACK_REST)
        rack_run(r, 0, 0);
}

void rack_interrupt(struct debug_rack *r)
{
    r->user_interrupt = true;
    for (unsigned i = 0; i < r->scn->n_nodes; i++) {
        atomic_store(&r->shared->node[i].interrupt, 1);
        if (r->phase == RACK_RUNNING || r->phase == RACK_SETTLING)
            rack_look(r, i);
    }
}
