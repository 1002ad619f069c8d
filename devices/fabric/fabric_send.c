/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_send.c - from descriptors to request packets.
 *
 * A queue's descriptors are taken one after the other, each when the one before has been sent (not: been
 * acknowledged). Before that come, flow by flow, probes, requests that are sent once more because their
 * answer was lost, and packets that were lost. What a descriptor may have to wait for, holding up its own
 * queue only:
 *
 *   an entry of the completion ring, one of FAB_TAKEN places, the peer's answer to the first probe, a credit
 *   (SEND, WRITE_IMM), room in the flow's window, the flow's READs (everything but a READ: later operations
 *   take effect after earlier READs have read), room among the flow's READs or atomics
 */
#include "devices/fabric/fabric_internal.h"
#include <string.h>

static const uint8_t packet_type[FAB_OP_END] = {
    [FAB_OP_SEND] = FAB_P_SEND,       [FAB_OP_DATAGRAM] = FAB_P_DATAGRAM, [FAB_OP_READ] = FAB_P_READ,
    [FAB_OP_WRITE] = FAB_P_WRITE,     [FAB_OP_WRITE_IMM] = FAB_P_WRITE,   [FAB_OP_CAS] = FAB_P_ATOMIC,
    [FAB_OP_FETCH_ADD] = FAB_P_ATOMIC};

/* Emits packet i of an operation. */
static void emit(struct fab *f, struct fab_queue *q, struct fab_work *op, uint32_t i)
{
    struct fab_flow *fl = &q->flow[op->d.peer];
    uint8_t *payload = f->packet + FAB_HEADER_BYTES;
    uint32_t len = 0;
    struct fab_wire w = {.type = packet_type[op->d.op],
                         .dst = op->d.peer,
                         .src = (uint16_t)f->cfg.node,
                         .queue = (uint8_t)q->no,
                         .total = op->d.len,
                         .imm = op->d.imm};

    if (op->d.op != FAB_OP_DATAGRAM) {
        w.epoch = fl->epoch;
        w.psn = op->first_psn + i;
        w.self = fl->self;
        w.message = op->message;
        w.flags |= fl->has_resume && fl->resume == w.psn ? FAB_W_RESUME : 0;
    }
    if (op->d.op >= FAB_OP_READ) {
        w.remote = op->d.remote;
        w.credit = op->d.key;
    }
    if (op->d.op == FAB_OP_READ) {
        w.offset = op->received;
    } else if (w.type == FAB_P_ATOMIC) {
        memcpy(payload, &op->d.operand, 8);
        memcpy(payload + 8, &op->d.compare, 8);
        len = 16;
        w.flags |= op->d.op == FAB_OP_CAS ? FAB_W_CAS : 0;
    } else {
        w.offset = i * f->cfg.mtu_bytes;
        len = op->d.len - w.offset < f->cfg.mtu_bytes ? op->d.len - w.offset : f->cfg.mtu_bytes;
        fab_trace_for(f, f->cfg.node, q->no, op->epoch, op->message);
        if (!fab_buffer_read(f, &op->buf, w.offset, payload, len)) {
            memset(payload, 0, len); /* the ends of its pieces were in RAM, the middle is not */
            w.flags |= FAB_W_POISON;
            op->status = FAB_C_LOCAL;
        }
        fab_trace_for_none(f);
        w.flags |= op->d.op == FAB_OP_WRITE_IMM ? FAB_W_IMM : 0;
    }
    w.flags |= i + 1 == op->n_packets ? FAB_W_LAST : 0;
    fab_put(f, &w, len);
}

/* A peer's packets that are to be sent again. False: none can be. */
static bool send_again(struct fab *f, struct fab_queue *q, unsigned peer)
{
    struct fab_flow *fl = &q->flow[peer];
    struct fab_work *op = fab_op(q, fl->resend_op);
    uint32_t i = fl->resend - op->first_psn;

    if (i == 0 && fab_takes_buffer(op->d.op) && fab_after(op->credit_no, fl->credit)) {
        fl->stalled = true; /* the credit was taken back */
        q->resend &= ~fab_bit(peer);
        if (!fl->credit_wait)
            fab_flow_probe(f, q, peer, true);
        return false;
    }
    f->count.retransmitted++;
    emit(f, q, op, i);
    fl->resend++;
    if (fl->resend == fl->next_psn)
        q->resend &= ~fab_bit(peer);
    else if (i + 1 == op->n_packets)
        fl->resend_op = op->next;
    fab_flow_clock(f, q, peer);
    return true;
}

/* The first request of a peer's that is to be sent again for the sake of its answer. */
static bool ask_again(struct fab *f, struct fab_queue *q, unsigned peer)
{
    struct fab_flow *fl = &q->flow[peer];
    uint32_t seq = fl->first;

    for (uint32_t n = 0; n < fl->n_ops; n++, seq = fab_op(q, seq)->next) {
        struct fab_work *op = fab_op(q, seq);
        if (op->again && !op->done) {
            op->again = false;
            f->count.retransmitted++;
            emit(f, q, op, 0);
            fab_flow_clock(f, q, peer);
            return true;
        }
    }
    q->again &= ~fab_bit(peer);
    return false;
}

static void emit_probe(struct fab *f, struct fab_queue *q, unsigned peer)
{
    struct fab_flow *fl = &q->flow[peer];

    fl->probe_no++;
    fl->probe_psn = fl->next_psn;
    fl->probe_open = true;
    q->probe &= ~fab_bit(peer);
    struct fab_wire w = {.type = FAB_P_PROBE,
                         .dst = (uint16_t)peer,
                         .src = (uint16_t)f->cfg.node,
                         .queue = (uint8_t)q->no,
                         .flags = fl->probe_credit ? FAB_W_CREDIT : 0,
                         .epoch = fl->epoch,
                         .message = fl->probe_no};
    fl->probe_credit = false;
    fab_put(f, &w, 0);
    fab_flow_clock(f, q, peer);
}

/* Whether the next new packet of this operation may go. */
static bool may_go(struct fab *f, struct fab_queue *q, struct fab_work *op)
{
    unsigned peer = op->d.peer;
    struct fab_flow *fl = &q->flow[peer];
    bool credit = fab_takes_buffer(op->d.op);

    if (!fl->self) {
        if (!fl->hello) {
            fl->epoch = fab_number(f);
            fl->hello = true;
            fab_flow_probe(f, q, peer, credit);
        }
        return false;
    }
    if (fl->stalled || fl->next_psn - fl->acked >= f->window)
        return false;
    if (op->sent)
        return true;
    if (fl->reads && (op->d.op != FAB_OP_READ || fl->reads == FAB_READS))
        return false;
    if (op->d.op != FAB_OP_READ && fab_has_answer(op->d.op) && fl->atomics == FAB_ATOMICS)
        return false;
    if (credit && !fab_after(fl->credit, fl->credited)) {
        /* The acknowledgement of what is on its way brings credits, if there are any. */
        if (fl->next_psn == fl->acked && !fl->credit_wait)
            fab_flow_probe(f, q, peer, true);
        return false;
    }
    return true;
}

static void begin(struct fab *f, struct fab_queue *q, struct fab_work *op)
{
    struct fab_flow *fl = &q->flow[op->d.peer];

    op->first_psn = fl->next_psn;
    op->epoch = fl->epoch;
    op->message = fl->messages++;
    if (fab_takes_buffer(op->d.op))
        op->credit_no = ++fl->credited;
    if (op->d.op == FAB_OP_READ)
        fl->reads++;
    else if (fab_has_answer(op->d.op))
        fl->atomics++;
    fab_trace_message(f, q, op, q->taken - 1);
}

/* The next new packet of the queue. */
static bool send_new(struct fab *f, struct fab_queue *q)
{
    struct fab_work *op = q->taken != q->head ? fab_op(q, q->taken - 1) : NULL;

    if (!op || op->done || op->sent == op->n_packets) {
        if (!fab_take(f, q))
            return false;
        op = fab_op(q, q->taken - 1);
    }
    if (op->d.op == FAB_OP_DATAGRAM) {
        op->sent = 1;
        fab_trace_message(f, q, op, q->taken - 1);
        emit(f, q, op, 0);
        op->done = true;
        fab_ring_complete_sends(f, q);
        return true;
    }
    if (!may_go(f, q, op))
        return false;
    if (!op->sent)
        begin(f, q, op);
    q->flow[op->d.peer].next_psn++;
    emit(f, q, op, op->sent++);
    fab_flow_clock(f, q, op->d.peer);
    return true;
}

/* Probes, requests for answers that were lost, lost packets. False: none can be sent (but a probe may have
 * become due). */
static bool send_old(struct fab *f, struct fab_queue *q)
{
    if (q->probe) {
        unsigned peer = fab_turn(q->probe, q->resend_turn);
        q->resend_turn = (peer + 1) % FAB_NODES;
        emit_probe(f, q, peer);
        return true;
    }
    while (q->again | q->resend) {
        unsigned peer = fab_turn(q->again | q->resend, q->resend_turn);
        q->resend_turn = (peer + 1) % FAB_NODES;
        if (q->again & fab_bit(peer) ? ask_again(f, q, peer) : send_again(f, q, peer))
            return true;
    }
    return false;
}

bool fab_send_one(struct fab *f, struct fab_queue *q)
{
    while (fab_queue_usable(q)) {
        if (send_old(f, q) || (!q->probe && send_new(f, q)))
            return true;
        if (!q->probe)
            break;
    }
    f->ready &= ~(1u << q->no);
    return false;
}
