/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_onesided.c - READ, WRITE and atomics: at the target without its software, at the initiator the
 * answers.
 *
 * Exactly once: the last FAB_ATOMICS old values of a flow are kept, and an initiator has no more atomics
 * under way, so that a repeated request is answered from memory and not executed again. A repeated READ
 * reads again (from the offset that it names); nothing that follows it in its flow was executed meanwhile,
 * because the initiator holds everything but READs back until its READs are done.
 */
#include "devices/fabric/fabric_internal.h"
#include <string.h>

bool fab_target_write(struct fab *f, const struct fab_wire *w, const uint8_t *payload, uint32_t len)
{
    const struct fab_region *r = fab_region_find(f, w->credit, FAB_ACCESS_WRITE, w->remote, w->total);

    return r && fab_region_write(f, r, w->remote + w->offset, payload, len);
}

/* Into the list of READs to be answered, by psn. If it is full, the first one's answer has long arrived. */
static void answer_read(struct fab *f, struct fab_queue *q, const struct fab_wire *w)
{
    struct fab_rx *rx = &q->rx[w->src];
    struct fab_read_due due = {w->psn, w->offset, w->total, w->credit, w->remote};
    unsigned i = 0;

    while (i < rx->n_reads && fab_after(w->psn, rx->read[i].psn))
        i++;
    if (i == rx->n_reads || rx->read[i].psn != w->psn) {
        if (rx->n_reads == FAB_READS) {
            if (i == 0)
                return;
            memmove(&rx->read[0], &rx->read[1], sizeof rx->read[0] * --rx->n_reads);
            i--;
        }
        memmove(&rx->read[i + 1], &rx->read[i], sizeof rx->read[0] * (rx->n_reads - i));
        rx->n_reads++;
    }
    rx->read[i] = due;
    fab_answer_due(f, q, &q->read, w->src);
}

bool fab_target_read(struct fab *f, struct fab_queue *q, const struct fab_wire *w)
{
    if (!fab_region_find(f, w->credit, FAB_ACCESS_READ, w->remote, w->total))
        return false;
    f->count.reads_served++;
    answer_read(f, q, w);
    return true;
}

bool fab_target_atomic(struct fab *f, struct fab_queue *q, const struct fab_wire *w, const uint8_t *payload)
{
    const struct fab_region *r = fab_region_find(f, w->credit, FAB_ACCESS_ATOMIC, w->remote, 8);
    struct fab_rx *rx = &q->rx[w->src];
    unsigned slot = rx->n_atomics % FAB_ATOMICS;
    uint64_t operand, compare, old, value, at;

    if (!r || !fab_region_word(f, r, w->remote, &at) || !fab_dma_read(f, at, &old, 8))
        return false;
    memcpy(&operand, payload, 8);
    memcpy(&compare, payload + 8, 8);
    value = !(w->flags & FAB_W_CAS) ? old + operand : old == compare ? operand : old;
    if (!fab_dma_write(f, at, &value, 8))
        return false;
    f->count.atomics_served++;
    rx->atomic[slot].psn = w->psn;
    rx->atomic[slot].old = old;
    rx->n_atomics++;
    rx->atomic_due |= 1u << slot;
    fab_answer_due(f, q, &q->atomic, w->src);
    return true;
}

void fab_target_again(struct fab *f, struct fab_queue *q, const struct fab_wire *w)
{
    struct fab_rx *rx = &q->rx[w->src];
    unsigned kept = rx->n_atomics < FAB_ATOMICS ? rx->n_atomics : FAB_ATOMICS;

    if (w->type == FAB_P_READ) {
        if (w->total <= FAB_MAX_MESSAGE && w->offset <= w->total)
            answer_read(f, q, w);
        return;
    }
    for (unsigned i = 0; i < kept; i++)
        if (rx->atomic[i].psn == w->psn) {
            rx->atomic_due |= 1u << i;
            fab_answer_due(f, q, &q->atomic, w->src);
        }
}

/* Data of a READ is missing: all of them are asked for again, once until there is progress. */
static void lost_data(struct fab *f, struct fab_queue *q, struct fab_flow *fl, unsigned peer)
{
    uint32_t s = fl->first;

    f->count.out_of_order++;
    if (fl->read_gap)
        return;
    fl->read_gap = true;
    for (uint32_t n = 0; n < fl->n_ops; n++, s = fab_op(q, s)->next) {
        struct fab_work *op = fab_op(q, s);
        if (op->d.op == FAB_OP_READ && op->sent && !op->done && !fab_after(op->first_psn + 1, fl->acked)) {
            op->again = true;
            q->again |= fab_bit(peer);
        }
    }
}

void fab_initiator_data(struct fab *f, struct fab_queue *q, const struct fab_wire *w, const uint8_t *payload,
                        uint32_t len)
{
    struct fab_flow *fl = &q->flow[w->src];
    struct fab_work *op = NULL;
    uint32_t s = fl->first;

    for (uint32_t n = 0; n < fl->n_ops && !op; n++, s = fab_op(q, s)->next)
        if (fab_op(q, s)->d.op == FAB_OP_READ && fab_op(q, s)->sent && !fab_op(q, s)->done)
            op = fab_op(q, s);
    if (!op || fab_after(op->first_psn, w->psn) || (op->first_psn == w->psn && w->offset < op->received)) {
        f->count.duplicates++;
        return;
    }
    if (op->first_psn != w->psn || w->offset != op->received) {
        lost_data(f, q, fl, w->src);
        return;
    }
    if (w->total != op->d.len || len > op->d.len - op->received || (!len && op->d.len)) {
        f->count.bad_packets++;
        return;
    }
    fl->read_gap = false;
    fab_trace_for(f, f->cfg.node, q->no, fl->epoch, op->message);
    if (op->status == FAB_C_OK && !fab_buffer_write(f, &op->buf, op->received, payload, len))
        op->status = FAB_C_LOCAL;
    op->received += len;
    if (op->received == op->d.len)
        fab_flow_done(q, op, FAB_C_OK);
}

void fab_initiator_old(struct fab *f, struct fab_queue *q, const struct fab_wire *w, const uint8_t *payload,
                       uint32_t len)
{
    uint32_t seq;
    struct fab_work *op = fab_flow_find(q, &q->flow[w->src], w->psn, &seq);

    if (!op || op->done) {
        f->count.duplicates++;
    } else if (len != 8 || !fab_has_answer(op->d.op) || op->d.op == FAB_OP_READ) {
        f->count.bad_packets++;
    } else {
        fab_trace_for(f, f->cfg.node, q->no, w->epoch, op->message);
        if (!fab_buffer_write(f, &op->buf, 0, payload, 8))
            op->status = FAB_C_LOCAL;
        fab_flow_done(q, op, FAB_C_OK);
    }
}
