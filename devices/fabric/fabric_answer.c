/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_answer.c - packets of class 1, made at the moment they are emitted: an acknowledgement covers all
 * that has been received by then. Short answers first, then READ data, packet by packet, peers in turn.
 */
#include "devices/fabric/fabric_internal.h"
#include <string.h>

void fab_answer_due(struct fab *f, struct fab_queue *q, uint64_t *mask, unsigned src)
{
    *mask |= fab_bit(src);
    f->answers |= 1u << q->no;
}

static struct fab_wire header(const struct fab *f, const struct fab_queue *q, unsigned src, unsigned type)
{
    const struct fab_rx *rx = &q->rx[src];

    return (struct fab_wire){.type = (uint8_t)type,
                             .vc = 1,
                             .dst = (uint16_t)src,
                             .src = (uint16_t)f->cfg.node,
                             .queue = (uint8_t)q->no,
                             .epoch = rx->epoch,
                             .psn = rx->expected,
                             .self = q->self,
                             .credit = rx->granted};
}

static void emit_alien(struct fab *f, struct fab_queue *q, unsigned src)
{
    struct fab_rx *rx = &q->rx[src];
    struct fab_wire w = header(f, q, src, FAB_P_NAK);

    q->alien &= ~fab_bit(src);
    w.epoch = rx->alien_epoch;
    w.psn = w.credit = 0;
    w.self = rx->alien_nak == FAB_NAK_RESET ? q->self : 0;
    w.imm = rx->alien_nak;
    fab_put(f, &w, 0);
}

static void emit_ack(struct fab *f, struct fab_queue *q, unsigned src)
{
    struct fab_rx *rx = &q->rx[src];

    q->ack &= ~fab_bit(src);
    fab_credit_renew(f, q, src);
    struct fab_wire w = header(f, q, src, rx->halt || rx->nak ? FAB_P_NAK : FAB_P_ACK);
    if (rx->halt) {
        w.psn--;
        w.imm = rx->halt;
    } else {
        w.imm = rx->nak;
    }
    if (rx->probed) {
        w.flags |= FAB_W_PROBED;
        w.message = rx->probe_no;
    }
    rx->probed = false;
    rx->nak = 0;
    rx->unacked = 0;
    fab_put(f, &w, 0);
}

static void emit_old(struct fab *f, struct fab_queue *q, unsigned src)
{
    struct fab_rx *rx = &q->rx[src];
    unsigned slot = (unsigned)__builtin_ctz(rx->atomic_due);

    rx->atomic_due &= ~(1u << slot);
    if (!rx->atomic_due)
        q->atomic &= ~fab_bit(src);
    struct fab_wire w = header(f, q, src, FAB_P_ATOMIC_OLD);
    w.psn = rx->atomic[slot].psn;
    w.total = 8;
    w.flags = FAB_W_LAST;
    memcpy(f->packet + FAB_HEADER_BYTES, &rx->atomic[slot].old, 8);
    fab_put(f, &w, 8);
}

static void emit_data(struct fab *f, struct fab_queue *q, unsigned src)
{
    struct fab_rx *rx = &q->rx[src];
    struct fab_read_due *due = &rx->read[0];
    uint32_t left = due->total - due->offset, len = left < f->cfg.mtu_bytes ? left : f->cfg.mtu_bytes;
    const struct fab_region *r = fab_region_find(f, due->key, FAB_ACCESS_READ, due->remote, due->total);
    struct fab_wire w = header(f, q, src, FAB_P_READ_DATA);
    bool last = len == left;

    w.psn = due->psn;
    w.offset = due->offset;
    w.total = due->total;
    w.flags = last ? FAB_W_LAST : 0;
    if (!r || !fab_region_read(f, r, due->remote + due->offset, f->packet + FAB_HEADER_BYTES, len)) {
        w.type = FAB_P_NAK;
        w.imm = FAB_NAK_REMOTE;
        len = 0;
        last = true;
    }
    due->offset += len;
    if (last) {
        rx->n_reads--;
        memmove(&rx->read[0], &rx->read[1], sizeof rx->read[0] * rx->n_reads);
        if (!rx->n_reads)
            q->read &= ~fab_bit(src);
    }
    fab_put(f, &w, len);
}

/* The next queue with such an answer. */
static struct fab_queue *next_queue(struct fab *f, bool data)
{
    uint32_t some = 0;

    for (unsigned i = 0; i < FAB_QUEUES; i++) {
        const struct fab_queue *q = &f->queue[i];
        if (data ? q->read : q->alien | q->ack | q->atomic)
            some |= 1u << i;
    }
    if (!some)
        return NULL;
    struct fab_queue *q = &f->queue[fab_turn(some, f->answer_turn)];
    f->answer_turn = (q->no + 1) % FAB_QUEUES;
    return q;
}

bool fab_answer_one(struct fab *f)
{
    bool data = false;
    struct fab_queue *q = next_queue(f, false);

    if (!q) {
        data = true;
        q = next_queue(f, true);
    }
    if (!q) {
        f->answers = 0;
        return false;
    }
    unsigned src = fab_turn(data ? q->read : q->alien | q->ack | q->atomic, q->answer_turn);
    q->answer_turn = (src + 1) % FAB_NODES;
    if (data)
        emit_data(f, q, src);
    else if (q->alien & fab_bit(src))
        emit_alien(f, q, src);
    else if (q->atomic & fab_bit(src))
        emit_old(f, q, src);
    else
        emit_ack(f, q, src);
    if (!(q->alien | q->ack | q->atomic | q->read))
        f->answers &= ~(1u << q->no);
    return true;
}
