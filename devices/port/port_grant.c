/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port_grant.c - how far may each node run? The heart of the conservative engine, as a pure function.
 *
 * Everyone is blocked. For node i let
 *   t_i   the earliest moment at which it can do anything: now (BLOCKED), the earliest of its next timer, its
 * next delivery and the moment at which its adapter's link comes up (IDLE), never (ENDED); S     = min(min_i
 * t_i, fabric_next): nothing at all happens anywhere before S; e_ik  the earliest moment at which a frame of
 * its interface k can be on its link: max(t_i, link_up) if the link is trained or training, else S + training
 * (its training cannot have begun before S); r_i   = min_k(e_ik + ingress_k): before r_i nothing of node i
 * meets a frame of another node.
 *
 * Horizon F = min_i (t_i + min_k ingress_ik), and at most fabric_next + the shortest way from a delivery's
 * announcement back into the fabric (a node can answer what the fabric is about to hand to it): the fabric
 * may be simulated up to F, not including F. Training does not count here: a frame that waits for it is given
 * to the fabric when it is sent.
 *
 * Once everything before F has happened, node j's deliveries are final up to
 *   grant_j = min(min over i != j of r_i, fabric_next) + min_k egress_k
 * j itself is left out: it runs alone as long as the others sleep. In return, sending a frame at time t makes
 * a node lower its own grant to t + training (if untrained) + ingress + egress (devices/qemu/nic.c), the
 * earliest moment at which its frame could come back to it in any form.
 *
 * A link that is not up yet may come up as early as S + training. The guest of an adapter sees that moment,
 * so until the link is up the node is not let past it: grant_j <= S + training. (When it has been told the
 * moment, S has come so near that this no longer matters.) If the other end's training began at S itself, the
 * node may stand at that very moment, idle, and not know of it yet: hence the link in t_i.
 *
 * No grant goes beyond engine_ps, which the engine moves on when it is called: so it hears of all that has
 * happened now and then also of a node that could run for ever without it.
 *
 * Grants depend on published state only, never on who blocked first, so they are the same in every run. All
 * intervals are half-open: a node does what is before its grant.
 */
#include "devices/port/port.h"
#include <string.h>

static uint32_t state_of(const struct port_node *n)
{
    return atomic_load_explicit(&n->state, memory_order_acquire);
}

vtime_t port_earliest(const struct port_node *n)
{
    vtime_t t, up;

    switch (state_of(n)) {
    case PORT_ENDED:
        return VTIME_NEVER;
    case PORT_IDLE:
        t = vtime_min(n->deadline_ps, n->pending_ps);
        up = n->adapter.present ? n->nic[n->adapter.nic].link_up_ps : VTIME_NEVER;
        return vtime_max(n->now_ps, up >= n->now_ps ? vtime_min(t, up) : t);
    default:
        return n->now_ps;
    }
}

/* S */
static vtime_t earliest_of_all(const struct port_shared *s)
{
    vtime_t t = s->fabric_next_ps;
    for (unsigned i = 0; i < s->n_nodes; i++)
        t = vtime_min(t, port_earliest(&s->node[i]));
    return t;
}

/* r_i */
static vtime_t reach(const struct port_node *n, vtime_t all)
{
    vtime_t t = port_earliest(n), r = VTIME_NEVER;
    for (unsigned k = 0; k < n->n_nics; k++) {
        const struct port_nic *nic = &n->nic[k];
        vtime_t e =
            nic->link_up_ps >= VTIME_NEVER ? vtime_add(all, nic->training_ps) : vtime_max(t, nic->link_up_ps);
        if (t >= VTIME_NEVER)
            e = VTIME_NEVER; /* it will never send again */
        r = vtime_min(r, vtime_add(e, nic->ingress_ps));
    }
    return r;
}

/* The shortest time from the moment at which the fabric announces a delivery to an answer's meeting other
 * frames. */
static vtime_t shortest_answer(const struct port_shared *s)
{
    vtime_t a = VTIME_NEVER;
    for (unsigned i = 0; i < s->n_nodes; i++) {
        const struct port_node *n = &s->node[i];
        if (state_of(n) == PORT_ENDED)
            continue;
        vtime_t out = VTIME_NEVER, in = VTIME_NEVER;
        for (unsigned k = 0; k < n->n_nics; k++) {
            out = vtime_min(out, n->nic[k].egress_ps);
            in = vtime_min(in, n->nic[k].ingress_ps);
        }
        a = vtime_min(a, vtime_add(out, in));
    }
    return a;
}

/* The earliest moment that a frame sent from now on can be given to the fabric for, ingress included. */
static vtime_t inject_by(const struct port_node *n)
{
    vtime_t t = port_earliest(n), f = VTIME_NEVER;
    for (unsigned k = 0; k < n->n_nics; k++)
        f = vtime_min(f, vtime_add(t, n->nic[k].ingress_ps));
    return f;
}

vtime_t port_horizon(const struct port_shared *s)
{
    vtime_t f = vtime_add(s->fabric_next_ps, shortest_answer(s));
    for (unsigned i = 0; i < s->n_nodes; i++)
        f = vtime_min(f, inject_by(&s->node[i]));
    return f;
}

bool port_needs_engine(const struct port_shared *s, vtime_t horizon)
{
    if (s->fabric_next_ps < horizon || atomic_load_explicit(&s->engine_always, memory_order_relaxed))
        return true;
    if (s->engine_ps > 0 && horizon >= s->engine_ps)
        return true;
    for (unsigned i = 0; i < s->n_nodes; i++)
        if (atomic_load_explicit(&s->node[i].dirty, memory_order_relaxed) || s->node[i].cap_ps < VTIME_NEVER)
            return true;
    return false;
}

/* Up to where a node with an adapter knows when its link comes up. */
static vtime_t link_known(const struct port_node *n, vtime_t all)
{
    if (!n->adapter.present)
        return VTIME_NEVER;
    const struct port_nic *nic = &n->nic[n->adapter.nic];
    vtime_t soonest = vtime_add(all, nic->training_ps);
    return nic->link_up_ps > soonest ? soonest : VTIME_NEVER;
}

/*
 * Does the one that a debugger wants to stand at hold_ps do nothing before it, whatever the others do? Then
 * nobody is released. (Else it will stop itself there, and not meet.) Grants are as without a debugger, for
 * those with several vCPUs feel them: see docs/virtual-time.md.
 */
static bool holds_one(const struct port_shared *s, vtime_t all)
{
    if (!s->hold_ps || !s->hold_one || s->hold_ps >= s->stop_ps)
        return false;
    const struct port_node *n = &s->node[s->hold_one - 1];
    if (state_of(n) == PORT_ENDED)
        return all >= s->hold_ps;
    return port_earliest(n) >= s->hold_ps && n->grant_ps >= s->hold_ps;
}

unsigned port_grant(struct port_shared *s, bool release[PORT_MAX_NODES])
{
    vtime_t all = earliest_of_all(s), first = VTIME_NEVER, second = VTIME_NEVER;
    unsigned first_at = 0, released = 0;
    vtime_t stop = s->hold_ps && !s->hold_one ? vtime_min(s->hold_ps, s->stop_ps) : s->stop_ps;
    vtime_t engine = s->engine_ps > 0 ? s->engine_ps : VTIME_NEVER;

    for (unsigned i = 0; i < s->n_nodes; i++) {
        vtime_t r = reach(&s->node[i], all);
        if (r < first) {
            second = first;
            first = r;
            first_at = i;
        } else if (r < second) {
            second = r;
        }
    }
    memset(release, 0, PORT_MAX_NODES * sizeof release[0]);
    for (unsigned i = 0; i < s->n_nodes; i++) {
        struct port_node *n = &s->node[i];
        uint32_t state = state_of(n);
        n->cut = 0;
        if (state == PORT_ENDED)
            continue;
        vtime_t egress = VTIME_NEVER;
        for (unsigned k = 0; k < n->n_nics; k++)
            egress = vtime_min(egress, n->nic[k].egress_ps);
        vtime_t grant = vtime_add(vtime_min(i == first_at ? second : first, s->fabric_next_ps), egress);
        grant = vtime_min(vtime_min(grant, n->cap_ps), vtime_min(stop, link_known(n, all)));
        grant = vtime_min(grant, engine);
        n->grant_ps = grant;
        if (state == PORT_IDLE) {
            release[i] = port_earliest(n) < n->grant_ps;
        } else {
            release[i] = n->need_ps <= n->grant_ps;
            if (!release[i] && n->grant_ps >= stop && (stop == s->stop_ps || n->now_ps < stop)) {
                n->cut = 1; /* the last stretch: exactly to the stop time */
                release[i] = true;
            }
        }
        released += release[i];
    }
    if (holds_one(s, all)) {
        memset(release, 0, PORT_MAX_NODES * sizeof release[0]);
        return 0;
    }
    /*
     * Nobody's next block fits: blocks longer than the lookahead. Those that have any room cut theirs. (At
     * least one has: whoever stands earliest has a grant of at least one lookahead more.)
     */
    for (unsigned i = 0; released == 0 && i < s->n_nodes; i++) {
        struct port_node *n = &s->node[i];
        if (state_of(n) == PORT_BLOCKED && n->grant_ps > n->now_ps) {
            n->cut = 1;
            release[i] = true;
        }
    }
    if (released == 0)
        for (unsigned i = 0; i < s->n_nodes; i++)
            released += release[i];
    return released;
}

vtime_t port_back_ps(const struct port_node *n, unsigned nic, vtime_t now_ps)
{
    const struct port_nic *out = &n->nic[nic];
    vtime_t up = out->link_up_ps >= VTIME_NEVER ? vtime_add(now_ps, out->training_ps)
                                                : vtime_max(now_ps, out->link_up_ps);
    vtime_t egress = VTIME_NEVER; /* it may come back by another interface */
    for (unsigned k = 0; k < n->n_nics; k++)
        egress = vtime_min(egress, n->nic[k].egress_ps);
    return vtime_add(up, vtime_add(out->ingress_ps, egress));
}
