/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_flow.c - the sender's half of the protocol: answers, going back, refusals, the end of an epoch.
 *
 *   first .. operations not done ..         last     (in ring order, linked by fab_work.next)
 *   psn: acked ..  resend ..  next_psn               acked: the first not known to have arrived; resend:
 * where going back has got to, while fab_queue.resend says so
 *
 * A READ or atomic stays in the list after its request was acknowledged, until its answer is there.
 */
#include "devices/fabric/fabric_internal.h"

void fab_flow_append(struct fab_queue *q, uint32_t seq)
{
    struct fab_flow *fl = &q->flow[fab_op(q, seq)->d.peer];

    if (fl->n_ops++)
        fab_op(q, fl->last)->next = seq;
    else
        fl->first = seq;
    fl->last = seq;
}

void fab_flow_done(struct fab_queue *q, struct fab_work *op, enum fab_completion status)
{
    struct fab_flow *fl = &q->flow[op->d.peer];

    op->done = true;
    op->again = false;
    if (op->status == FAB_C_OK)
        op->status = (uint8_t)status;
    if (op->d.op == FAB_OP_READ)
        fl->reads -= op->sent != 0;
}

/* The operation whose packet psn is, among those that are not done with. NULL: none. */
struct fab_work *fab_flow_find(struct fab_queue *q, const struct fab_flow *fl, uint32_t psn, uint32_t *seq)
{
    uint32_t s = fl->first;

    for (uint32_t n = 0; n < fl->n_ops; n++, s = fab_op(q, s)->next) {
        struct fab_work *op = fab_op(q, s);
        if (psn - op->first_psn < op->sent) {
            *seq = s;
            return op;
        }
    }
    return NULL;
}

/* Takes what is done off the flow's list, and completes what may be. */
static void tidy(struct fab *f, struct fab_queue *q, unsigned peer)
{
    struct fab_flow *fl = &q->flow[peer];

    while (fl->n_ops && fab_op(q, fl->first)->done) {
        const struct fab_work *op = fab_op(q, fl->first);
        if (fab_has_answer(op->d.op) && op->d.op != FAB_OP_READ)
            fl->atomics -= op->sent != 0;
        fl->first = op->next;
        fl->n_ops--;
    }
    if (!fl->n_ops) {
        q->timing &= ~fab_bit(peer);
        q->probe &= ~fab_bit(peer);
        fl->credit_wait = fl->probe_credit = false;
    }
    fab_ring_complete_sends(f, q);
}

/* Sends again from psn on, which has been sent before. */
static void go_back(struct fab *f, struct fab_queue *q, unsigned peer, uint32_t psn)
{
    struct fab_flow *fl = &q->flow[peer];

    fl->stalled = false;
    if (psn == fl->next_psn || !fab_flow_find(q, fl, psn, &fl->resend_op)) {
        q->resend &= ~fab_bit(peer);
        return;
    }
    fl->resend = psn;
    q->resend |= fab_bit(peer);
    f->ready |= 1u << q->no;
}

/* Everything before psn has been received. */
static void advance(struct fab *f, struct fab_queue *q, unsigned peer, uint32_t psn)
{
    struct fab_flow *fl = &q->flow[peer];
    uint32_t s = fl->first;

    if (psn == fl->acked || psn - fl->acked > fl->next_psn - fl->acked)
        return;
    fl->acked = psn;
    for (uint32_t n = 0; n < fl->n_ops; n++, s = fab_op(q, s)->next) {
        struct fab_work *op = fab_op(q, s);
        if (!op->sent || fab_after(op->first_psn + op->n_packets, psn))
            break;
        if (!op->done && !fab_has_answer(op->d.op))
            fab_flow_done(q, op, FAB_C_OK);
    }
    if (((q->resend & fab_bit(peer)) || fl->stalled) && fab_after(psn, fl->resend))
        go_back(f, q, peer, psn);
    tidy(f, q, peer);
}

/* NAK_REMOTE, NAK_LENGTH: the operation that ends with psn was refused. */
static void refused(struct fab *f, struct fab_queue *q, unsigned peer, uint32_t psn,
                    enum fab_completion status)
{
    struct fab_flow *fl = &q->flow[peer];
    uint32_t seq, old = fl->acked;
    struct fab_work *op = fab_flow_find(q, fl, psn, &seq);

    if (op && !op->done && psn == op->first_psn + op->n_packets - 1)
        fab_flow_done(q, op, status);
    if (psn - old < fl->next_psn - old) {
        advance(f, q, peer, psn + 1);
        fl->resume = psn + 1;
        fl->has_resume = true;
        go_back(f, q, peer, psn + 1);
    } else {
        tidy(f, q, peer); /* a READ that failed after it had been accepted */
    }
}

void fab_flow_fail(struct fab *f, struct fab_queue *q, unsigned peer, enum fab_completion status, bool all)
{
    struct fab_flow *fl = &q->flow[peer];
    uint32_t s = fl->first;

    for (uint32_t n = 0; n < fl->n_ops; n++, s = fab_op(q, s)->next)
        if (!fab_op(q, s)->done && (all || fab_op(q, s)->sent))
            fab_flow_done(q, fab_op(q, s), status);
    tidy(f, q, peer);
    struct fab_flow fresh = {.first = fl->first, .last = fl->last, .n_ops = fl->n_ops};
    *fl = fresh;
    q->resend &= ~fab_bit(peer);
    q->again &= ~fab_bit(peer);
    q->probe &= ~fab_bit(peer);
    q->timing &= ~fab_bit(peer);
    f->ready |= 1u << q->no;
}

static void credit(struct fab *f, struct fab_queue *q, const struct fab_wire *w)
{
    struct fab_flow *fl = &q->flow[w->src];
    bool taken_back = w->type == FAB_P_NAK && w->imm == FAB_NAK_NO_CREDIT;

    if (!taken_back && !fab_after(w->credit, fl->credit))
        return;
    fl->credit = w->credit;
    fl->credit_wait = false;
    if (fl->stalled)
        go_back(f, q, w->src, fl->resend);
}

static void nak(struct fab *f, struct fab_queue *q, const struct fab_wire *w)
{
    struct fab_flow *fl = &q->flow[w->src];

    switch (w->imm) {
    case FAB_NAK_SEQUENCE:
    case FAB_NAK_NO_CREDIT:
        advance(f, q, w->src, w->psn);
        if (w->psn == fl->acked)
            go_back(f, q, w->src, w->psn);
        break;
    case FAB_NAK_REMOTE:
        refused(f, q, w->src, w->psn, FAB_C_REMOTE);
        break;
    case FAB_NAK_LENGTH:
        refused(f, q, w->src, w->psn, FAB_C_LENGTH);
        break;
    case FAB_NAK_RESET:
        fab_flow_fail(f, q, w->src, FAB_C_RESET, false);
        break;
    default:
        f->count.bad_packets++;
    }
}

void fab_flow_answer(struct fab *f, const struct fab_wire *w, const uint8_t *payload, uint32_t len)
{
    struct fab_queue *q = &f->queue[w->queue];
    struct fab_flow *fl = &q->flow[w->src];

    if (!fab_queue_usable(q) || !fl->epoch || w->epoch != fl->epoch)
        return; /* of the past */
    if (w->type == FAB_P_NAK && w->imm == FAB_NAK_NO_QUEUE) {
        fl->no_queue = true;
        return;
    }
    if (!w->self || (!fl->self && w->type != FAB_P_ACK && w->imm != FAB_NAK_RESET)) {
        f->count.bad_packets++;
        return;
    }
    if (fl->self && w->self != fl->self) {
        fab_flow_fail(f, q, w->src, FAB_C_RESET, false);
        return;
    }
    fl->self = w->self;
    fl->hello = fl->no_queue = false;
    fl->tries = 0;
    f->ready |= 1u << q->no;
    credit(f, q, w);
    if (w->type == FAB_P_ACK)
        advance(f, q, w->src, w->psn);
    else if (w->type == FAB_P_NAK)
        nak(f, q, w);
    else if (w->type == FAB_P_READ_DATA || w->type == FAB_P_ATOMIC_OLD) {
        advance(f, q, w->src, w->psn + 1);
        if (w->type == FAB_P_READ_DATA)
            fab_initiator_data(f, q, w, payload, len);
        else
            fab_initiator_old(f, q, w, payload, len);
        tidy(f, q, w->src);
    }
    if ((w->flags & FAB_W_PROBED) && fl->probe_open && w->message == fl->probe_no) {
        fl->probe_open = false;
        if (fab_after(fl->probe_psn, fl->acked) && !fl->stalled)
            go_back(f, q, w->src, fl->acked);
    }
    if (fl->epoch)
        fab_flow_restart(f, q, w->src);
}
