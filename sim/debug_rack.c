/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debug_rack.c - how the rack comes to rest (see debug_rack.h): a node has stopped, or all are where they
 * were to go, and gdb is told why. Host time only decides how long this file waits for nodes to come to rest;
 * it reaches no guest.
 */
#include "sim/debug_predicate.h"
#include "sim/debug_rack_internal.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SETTLE_MS = 500 };
enum { SIG_NONE = 0, SIG_INTERRUPT = 2, SIG_TRAP = 5 }; /* gdb's numbers */

static void clear_orders(struct debug_rack *r)
{
    for (unsigned i = 0; i < r->scn->n_nodes; i++) {
        struct debug_node *n = &r->shared->node[i];
        atomic_store(&n->until_ps, 0);
        bool any = atomic_exchange(&n->interrupt, 0);
        any = atomic_exchange(&n->step_cpus, 0) != 0 || any;
        if (any && r->phase != RACK_LAUNCH && !rack_stopped(r, i))
            rack_look(r, i);
    }
}

/* Where what was waited for is seen: who sent or received the message, whom the fault concerns. */
static unsigned match_node(const struct debug_rack *r)
{
    return r->shared->match_node < r->scn->n_nodes ? r->shared->match_node : 0;
}

/* What was waited for, in words. Returns buf. */
static char *match_text(struct debug_rack *r, char *buf, size_t size)
{
    const struct debug_shared *s = r->shared;
    char when[40];

    scn_format_time(s->match_ps, when, sizeof when);
    if (s->filter.wait != DEBUG_WAIT_FAULT)
        snprintf(buf, size, "message %" PRIu64 " at %s", s->match_id, when);
    else if (s->match_id < r->scn->n_faults)
        snprintf(buf, size, "fault %.60s %s at %s", r->scn->faults[s->match_id].name,
                 debug_phase_name(s->match_phase), when);
    if (s->filter.wait == DEBUG_WAIT_FAULT)
        r->fault_seen_ps = s->match_ps;
    return buf;
}

static void rest(struct debug_rack *r, bool held)
{
    unsigned pending[PORT_MAX_NODES];
    struct gdb_stop st = {0};
    char text[200], what[160], when[40];

    clear_orders(r);
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        if (rack_fresh(r, i)) {
            uint32_t why = r->shared->node[i].why;
            r->node[i].seen = r->shared->node[i].serial;
            r->node[i].pending = why == DEBUG_STEP || why == DEBUG_BREAK || why == DEBUG_WATCH;
        }
    r->phase = RACK_REST;
    unsigned n = rack_list_pending(r, pending);
    if (n > 0) {
        rack_stop_of(r, pending[0], &st);
    } else {
        unsigned i = r->plan.kind != PLAN_NONE           ? r->plan.node
                     : r->shared->match_ps < VTIME_NEVER ? match_node(r)
                                                         : rack_earliest(r);
        st = (struct gdb_stop){.node = i,
                               .cpu = r->plan.kind == PLAN_NONE ? r->shared->node[i].stop_cpu : r->plan.cpu,
                               /* To gdb a trap is the end of its step, after which it would go on. */
                               .signal =
                                   r->user_interrupt || (held && r->stepping) ? SIG_INTERRUPT : SIG_TRAP};
    }
    if (plan_at_rest(r, &st, pending, n, held))
        return;
    if (n > 0)
        r->node[st.node].pending = false;
    if (n == 0 && held && r->shared->match_ps < VTIME_NEVER && !st.say) {
        snprintf(text, sizeof text, "cob: %s\n", match_text(r, what, sizeof what));
        st.say = text;
    } else if (n == 0 && held && !st.say && r->gentle) {
        st.node = r->goal_node;
        snprintf(text, sizeof text, "cob: %s at %s; the others within a lookahead\n",
                 r->scn->nodes[st.node].name, scn_format_time(r->port->hold_ps, when, sizeof when));
        st.say = text;
    } else if (n == 0 && held && !st.say) {
        snprintf(text, sizeof text, "cob: all nodes at %s\n",
                 scn_format_time(r->port->hold_ps, when, sizeof when));
        st.say = text;
    }
    r->launched = true;
    r->user_interrupt = false;
    r->stopped(r->ctx, &st);
}

static void over(struct debug_rack *r)
{
    struct gdb_stop st = {.signal = SIG_NONE, .say = "cob: the run is over; `continue` ends the guests\n"};

    clear_orders(r);
    r->phase = RACK_REST;
    r->launched = true;
    if (plan_at_rest(r, &st, NULL, 0, true))
        return;
    r->user_interrupt = false;
    r->stopped(r->ctx, &st);
}

/* When the message is handed over, or was sent: nodes stop at whole nanoseconds only. VTIME_NEVER: none was
 * waited for. */
static vtime_t match_ps(const struct debug_rack *r)
{
    return r->shared->match_ps >= VTIME_NEVER ? VTIME_NEVER : rack_whole_ns(r->shared->match_ps);
}

/* The nodes that gdb has not let go hold the others up: nobody moves. */
static void free_held(struct debug_rack *r)
{
    uint64_t who = 0;
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        who |= (uint64_t)r->node[i].held << i;
    rack_release(r, who);
}

/* Gentle: has the node that is to stand at the goal got there? */
static bool at_goal(const struct debug_rack *r)
{
    return rack_stopped(r, r->goal_node) && r->shared->node[r->goal_node].why == DEBUG_UNTIL;
}

/* It waits for nodes that have got there themselves: those go on to the ends of their grants. */
static void let_goal_come(struct debug_rack *r)
{
    uint64_t who = 0;
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        if (rack_stopped(r, i) && r->shared->node[i].why == DEBUG_UNTIL) {
            r->node[i].seen = r->shared->node[i].serial;
            atomic_store(&r->shared->node[i].until_ps, 0);
            who |= (uint64_t)1 << i;
        }
    rack_release(r, who);
}

void rack_poll(struct debug_rack *r)
{
    bool any = false, held = false;

    if (r->phase == RACK_REST || r->phase == RACK_GONE || !r->shared->port_path[0] || rack_map_port(r) < 0)
        return;
    uint32_t state = atomic_load(&r->shared->state);
    if (state == DEBUG_HELD && rack_all_settled(r)) {
        vtime_t match = match_ps(r);
        if (match < VTIME_NEVER && r->port->hold_ps != match) {
            /* The engine has seen it; now everybody goes to its very time. */
            if (!plan_ahead(r, match, match_node(r)) || rack_dead(r, match_node(r))) {
                char because[sizeof r->plan.because];
                match_text(r, because, sizeof because);
                r->phase = RACK_REST;
                plan_goto(r, match_node(r), 0, match);
                memcpy(r->plan.because, because, sizeof because);
                return;
            }
            rack_set_hold(r, match, match_node(r));
            return;
        }
        rest(r, true);
        return;
    }
    if (state == DEBUG_OVER) {
        over(r);
        return;
    }
    if (r->phase == RACK_LAUNCH) {
        if (state == DEBUG_STARTING)
            return;
        if (r->shared->start_stopped) {
            if (rack_all_settled(r))
                rest(r, false);
            return;
        }
        r->phase = RACK_RUNNING;
        if (r->user_interrupt)
            rack_interrupt(r);
    }
    for (unsigned i = 0; i < r->scn->n_nodes; i++) {
        any = any || (rack_fresh(r, i) && r->shared->node[i].why != DEBUG_UNTIL);
        held = held || r->node[i].held;
    }
    if (r->phase == RACK_RUNNING && !any && r->goal_ps && rack_all_settled(r)) {
        if (at_goal(r)) {
            rest(r, true);
            return;
        }
        if (!held)
            let_goal_come(r);
    }
    if (r->phase == RACK_RUNNING && any) {
        r->phase = RACK_SETTLING;
        r->settle_since_ms = rack_now_ms();
    }
    if (r->phase == RACK_RUNNING && held && rack_all_settled(r))
        free_held(r);
    if (r->phase != RACK_SETTLING)
        return;
    if (rack_all_settled(r)) {
        rest(r, false);
    } else if (rack_now_ms() - r->settle_since_ms > SETTLE_MS) {
        r->settle_since_ms = rack_now_ms();
        for (unsigned i = 0; i < r->scn->n_nodes; i++)
            if (!rack_settled(r, i)) {
                atomic_store(&r->shared->node[i].interrupt, 1);
                rack_look(r, i);
            }
    }
}

int rack_timeout_ms(const struct debug_rack *r)
{
    switch (r->phase) {
    case RACK_LAUNCH:
    case RACK_SETTLING:
        return 2; /* the last node to block rings before it has blocked */
    case RACK_RUNNING:
        for (unsigned i = 0; i < r->scn->n_nodes; i++)
            if (r->node[i].held || (r->goal_ps && rack_stopped(r, i)))
                return 2;
        return atomic_load(&r->shared->state) == DEBUG_HELD ? 2 : 200;
    default:
        return -1;
    }
}

void rack_gone(struct debug_rack *r, int exit_status)
{
    r->phase = RACK_GONE;
    r->exit_status = exit_status;
}
