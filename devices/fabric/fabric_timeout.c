/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_timeout.c - the sender's clocks: one per flow that waits for something, and probes.
 *
 * A time-out never sends data again by itself. It sends a probe; the answer comes the same way as the
 * packets before, so if it does not acknowledge what was sent before the probe, that is lost. A congested
 * fabric or a slow receiver is thus waited for and not burdened further. READs and atomics whose requests
 * were acknowledged are asked for again: the target knows how to answer twice.
 *
 *   first wait t, then 2t, 4t, ... `tries` times; every answer (but NAK_NO_QUEUE) starts this afresh
 *
 * The device's timer is set for a lower bound of all deadlines (fab.timeout_bound_ps), which is worked out
 * anew only when it has come: deadlines mostly move away with every answer.
 */
#include "devices/fabric/fabric_internal.h"

void fab_flow_probe(struct fab *f, struct fab_queue *q, unsigned peer, bool credit)
{
    q->flow[peer].probe_credit |= credit;
    q->flow[peer].credit_wait |= credit;
    q->probe |= fab_bit(peer);
    f->ready |= 1u << q->no;
}

void fab_flow_restart(struct fab *f, struct fab_queue *q, unsigned peer)
{
    struct fab_flow *fl = &q->flow[peer];

    if (!fl->n_ops) {
        q->timing &= ~fab_bit(peer);
        return;
    }
    fl->deadline = vtime_add(fab_now(f), f->timeout_ps << fl->tries);
    q->timing |= fab_bit(peer);
    f->timeout_bound_ps = vtime_min(f->timeout_bound_ps, fl->deadline);
}

void fab_flow_clock(struct fab *f, struct fab_queue *q, unsigned peer)
{
    if (!(q->timing & fab_bit(peer)))
        fab_flow_restart(f, q, peer);
}

static void timed_out(struct fab *f, struct fab_queue *q, unsigned peer)
{
    struct fab_flow *fl = &q->flow[peer];
    uint32_t s = fl->first;
    bool wants_credit = fl->credit_wait;

    f->count.timeouts++;
    if (++fl->tries >= f->tries) {
        fab_flow_fail(f, q, peer, fl->no_queue ? FAB_C_NO_QUEUE : FAB_C_PEER, true);
        return;
    }
    fab_flow_probe(f, q, peer, wants_credit);
    for (uint32_t n = 0; n < fl->n_ops; n++, s = fab_op(q, s)->next) {
        struct fab_work *op = fab_op(q, s);
        if (!op->done && op->sent && fab_has_answer(op->d.op) && !fab_after(op->first_psn + 1, fl->acked)) {
            op->again = true;
            q->again |= fab_bit(peer);
        }
    }
    fl->read_gap = false;
    fab_flow_restart(f, q, peer);
}

void fab_flow_timer(struct fab *f)
{
    vtime_t now = fab_now(f);

    if (f->timeout_bound_ps > now)
        return;
    f->timeout_bound_ps = VTIME_NEVER;
    for (unsigned i = 0; i < FAB_QUEUES; i++) {
        struct fab_queue *q = &f->queue[i];
        for (uint64_t m = q->timing; m; m &= m - 1) {
            unsigned peer = (unsigned)__builtin_ctzll(m);
            if (q->flow[peer].deadline <= now && fab_queue_usable(q))
                timed_out(f, q, peer);
            else
                f->timeout_bound_ps = vtime_min(f->timeout_bound_ps, q->flow[peer].deadline);
        }
    }
}
