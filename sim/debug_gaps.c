/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debug_gaps.c - recording of the trace, switched off and on while the rack is at rest: a list of parts of
 * virtual time that the run leaves out of it.
 *
 * The list outlives the run: one that is started again, to go back, leaves out the same, so its trace is the
 * one that a run without going back would have. A switch forgets those that stand at later times: the rack
 * has not been there yet, or has gone back.
 */
#include "sim/debug_rack.h"
#include <string.h>

/* Nobody is beyond this, and nothing from it on is in the trace yet. */
static vtime_t switch_time(const struct debug_rack *r)
{
    vtime_t t = r->shared->committed_ps;

    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        t = vtime_max(t, rack_now_ps(r, i));
    return t;
}

void debug_gaps_put(struct debug_rack *r)
{
    memcpy(r->shared->gap, r->gap, r->n_gaps * sizeof r->gap[0]);
    r->shared->n_gaps = r->n_gaps;
    atomic_fetch_add(&r->shared->gaps_serial, 1); /* partner: on_begin() in sim/debug_run.c */
}

vtime_t debug_gaps_switch(struct debug_rack *r, bool on)
{
    vtime_t at = switch_time(r);

    while (r->n_gaps && r->gap[r->n_gaps - 1].from_ps >= at)
        r->n_gaps--;
    struct debug_gap *last = r->n_gaps ? &r->gap[r->n_gaps - 1] : NULL;
    if (on && last && last->to_ps > at)
        last->to_ps = at;
    else if (!on && last && last->to_ps >= at)
        last->to_ps = VTIME_NEVER;
    else if (!on && r->n_gaps == DEBUG_GAPS)
        return -1;
    else if (!on)
        r->gap[r->n_gaps++] = (struct debug_gap){at, VTIME_NEVER};
    debug_gaps_put(r);
    return at;
}
