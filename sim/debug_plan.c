/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debug_plan.c - going back, by running again: a run is the same every time, so a point of virtual time is a
 * place.
 *
 *   GOTO   run from the start, with no breakpoints, until all nodes stand exactly at at_ps
 *   BEGIN  run from the start, stop in front of the first instructions
 *   COUNT  reverse-continue, first half: run again with the breakpoints and count the stops before at_ps,
 * where the rack is NTH    second half: run again to the last of them
 */
#include "sim/debug_rack.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool plan_ahead(const struct debug_rack *r, vtime_t at_ps, unsigned node)
{
    if (r->gentle)
        return rack_now_ps(r, node) <= at_ps;
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        if (rack_now_ps(r, i) > at_ps)
            return false;
    return true;
}

static void begin(struct debug_rack *r, enum plan_kind kind, vtime_t at_ps)
{
    r->plan.kind = kind;
    r->plan.at_ps = at_ps;
    r->plan.count = 0;
    r->plan.because[0] = 0;
    r->restart(r->ctx);
}

void plan_goto(struct debug_rack *r, unsigned node, unsigned cpu, vtime_t at_ps)
{
    r->plan.node = node;
    r->plan.cpu = cpu;
    begin(r, at_ps <= 0 ? PLAN_BEGIN : PLAN_GOTO, at_ps);
}

int plan_reverse(struct debug_rack *r, unsigned node, unsigned cpu, bool step)
{
    vtime_t now = rack_now_ps(r, node);

    if (r->phase != RACK_REST)
        return -1;
    r->plan.node = node;
    r->plan.cpu = cpu;
    if (step)
        plan_goto(r, node, cpu, now - rack_instruction_ps(r, node));
    else
        begin(r, PLAN_COUNT, now);
    return 0;
}

static void go_on(struct debug_rack *r)
{
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        r->node[i].pending = false;
    rack_run(r, r->plan.at_ps, r->plan.node);
}

/* A stop of node i has been found: true if it is the one wanted. */
static bool count(struct debug_rack *r, unsigned i)
{
    if (r->plan.kind == PLAN_COUNT && rack_now_ps(r, i) >= r->plan.at_ps)
        return false; /* that is where we come from */
    r->plan.count++;
    return r->plan.kind == PLAN_NTH && r->plan.count == r->plan.nth;
}

static bool counting(struct debug_rack *r, struct gdb_stop *stop, const unsigned nodes[], unsigned n)
{
    for (unsigned k = 0; k < n; k++) {
        if (!count(r, nodes[k])) {
            r->node[nodes[k]].pending = false;
            continue;
        }
        r->plan.kind = PLAN_NONE;
        rack_stop_of(r, nodes[k], stop);
        return false;
    }
    go_on(r);
    return true;
}

bool plan_at_rest(struct debug_rack *r, struct gdb_stop *stop, unsigned nodes[], unsigned n, bool held)
{
    enum plan_kind kind = r->plan.kind;
    char when[40];

    if (kind == PLAN_NONE)
        return false;
    if (!held && r->user_interrupt && kind != PLAN_BEGIN) {
        r->plan.kind = PLAN_NONE;
        stop->say = "cob: interrupted on the way back\n";
        return false;
    }
    if (!held && (kind == PLAN_COUNT || kind == PLAN_NTH))
        return counting(r, stop, nodes, n);
    if (kind == PLAN_COUNT && r->plan.count > 0) {
        r->plan.nth = r->plan.count;
        begin(r, PLAN_NTH, r->plan.at_ps);
        return true;
    }
    if (kind == PLAN_COUNT) {
        begin(r, PLAN_BEGIN, 0);
        return true;
    }
    r->plan.kind = PLAN_NONE;
    stop->node = r->plan.node;
    stop->cpu = r->plan.cpu;
    if (kind == PLAN_BEGIN) {
        stop->why = GDB_WHY_BEGIN;
    } else if (kind == PLAN_GOTO && atomic_load(&r->shared->state) != DEBUG_OVER) {
        snprintf(r->plan.say, sizeof r->plan.say, "cob: %s%srun again to %s%s%s%s\n", r->plan.because,
                 r->plan.because[0] ? "; " : "", scn_format_time(r->plan.at_ps, when, sizeof when),
                 r->gentle ? " of " : "", r->gentle ? r->scn->nodes[r->plan.node].name : "",
                 r->gentle ? "; the others within a lookahead" : "");
        stop->say = r->plan.say;
    } else if (kind == PLAN_GOTO) {
        stop->say = "cob: the run is over before that time\n";
    } else {
        stop->say = "cob: the stop was not found again; was memory or a register written?\n";
    }
    return false;
}
