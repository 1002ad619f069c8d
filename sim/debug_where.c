/* SPDX-License-Identifier: GPL-2.0-or-later */
/* debug_where.c - where every node is, and which of them do not move. */
#include "sim/debug_rack_internal.h"

enum { SIG_INTERRUPT = 2, SIG_TRAP = 5 }; /* gdb's numbers */

bool rack_has(const struct debug_rack *r, unsigned i)
{
    return !(r->absent >> i & 1);
}

bool rack_dead(const struct debug_rack *r, unsigned i)
{
    return r->port && atomic_load(&r->port->node[i].state) == PORT_ENDED;
}

bool rack_stopped(const struct debug_rack *r, unsigned i)
{
    return atomic_load(&r->shared->node[i].stopped);
}

/*
 * Who has been released but has not woken up yet still says that it meets; its bit among the pending tells.
 * (They are set before anybody is let go, so whoever sees a node that has stopped sees them.)
 */
bool rack_settled(const struct debug_rack *r, unsigned i)
{
    if (rack_stopped(r, i) || rack_dead(r, i))
        return true;
    return atomic_load(&r->shared->node[i].meeting) && !(r->port && atomic_load(&r->port->pending) >> i & 1);
}

bool rack_all_settled(const struct debug_rack *r)
{
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        if (!rack_settled(r, i))
            return false;
    return true;
}

bool rack_fresh(const struct debug_rack *r, unsigned i)
{
    return rack_stopped(r, i) && r->shared->node[i].serial != r->node[i].seen;
}

vtime_t rack_now_ps(const struct debug_rack *r, unsigned i)
{
    return rack_stopped(r, i) ? r->shared->node[i].stop_ps : r->port ? r->port->node[i].now_ps : 0;
}

const char *rack_node_state(const struct debug_rack *r, unsigned i)
{
    if (rack_stopped(r, i) || !r->port)
        return "running";
    switch (atomic_load(&r->port->node[i].state)) {
    case PORT_IDLE:
        return atomic_load(&r->port->pending) >> i & 1 ? "running" : "idle";
    case PORT_ENDED:
        return r->port->node[i].end == PORT_END_KILLED ? "dead" : "ended";
    default:
        return "running";
    }
}

vtime_t rack_instruction_ps(const struct debug_rack *r, unsigned node)
{
    return VTIME_NS << r->scn->nodes[node].icount_shift;
}

void rack_stop_of(const struct debug_rack *r, unsigned i, struct gdb_stop *st)
{
    const struct debug_node *n = &r->shared->node[i];

    *st = (struct gdb_stop){.node = i, .cpu = n->stop_cpu, .signal = SIG_TRAP};
    if (n->why == DEBUG_BREAK)
        st->why = GDB_WHY_BREAK;
    else if (n->why == DEBUG_WATCH) {
        st->why = GDB_WHY_WATCH;
        st->watch_kind = n->watch_kind;
        st->watch_addr = n->watch_addr;
    } else if (n->why == DEBUG_INTERRUPT)
        st->signal = SIG_INTERRUPT;
}

static bool before(const struct debug_rack *r, unsigned a, unsigned b)
{
    vtime_t x = rack_now_ps(r, a), y = rack_now_ps(r, b);
    return x != y ? x < y : a < b;
}

/* Nodes that wait to be told, earliest first. */
unsigned rack_list_pending(const struct debug_rack *r, unsigned nodes[PORT_MAX_NODES])
{
    unsigned n = 0;
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        if (r->node[i].pending) {
            unsigned k = n++;
            for (; k > 0 && before(r, i, nodes[k - 1]); k--)
                nodes[k] = nodes[k - 1];
            nodes[k] = i;
        }
    return n;
}

unsigned rack_earliest(const struct debug_rack *r)
{
    unsigned best = 0;
    while (!rack_has(r, best))
        best++;
    for (unsigned i = best + 1; i < r->scn->n_nodes; i++)
        if (rack_has(r, i) && before(r, i, best))
            best = i;
    return best;
}

vtime_t rack_earliest_ps(const struct debug_rack *r)
{
    return rack_now_ps(r, rack_earliest(r));
}
