/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_take.c - takes descriptors from the send ring, when the one before has been sent. One that makes no
 * sense is completed with an error at once, in its turn.
 */
#include "devices/fabric/fabric_internal.h"
#include "devices/fabric/fabric_trace.h"

/* Looks at the descriptor; what is wrong with it, if anything. */
static enum fab_completion parse(struct fab *f, struct fab_work *op)
{
    const struct fab_send *d = &op->d;
    enum fab_completion c;

    if (d->op == 0 || d->op >= FAB_OP_END || d->peer >= f->cfg.n_nodes || d->peer == f->cfg.node)
        return FAB_C_DESCRIPTOR;
    if (d->op == FAB_OP_DATAGRAM && d->len > f->cfg.mtu_bytes)
        return FAB_C_DESCRIPTOR;
    if ((d->op == FAB_OP_CAS || d->op == FAB_OP_FETCH_ADD) && d->len != 8)
        return FAB_C_DESCRIPTOR;
    c = fab_buffer_load(f, &op->buf, d->addr, d->n_sge, d->len);
    if (c == FAB_C_OK && !fab_buffer_plausible(f, &op->buf))
        c = FAB_C_LOCAL;
    return c;
}

bool fab_take(struct fab *f, struct fab_queue *q)
{
    while ((uint16_t)q->taken != q->send_tail && q->taken - q->head < FAB_TAKEN && fab_ring_room_send(q)) {
        struct fab_work *op = fab_op(q, q->taken);
        *op = (struct fab_work){.message = FAB_T_NONE};
        if (!fab_ring_take_send(f, q, &op->d))
            return false;
        q->taken++;
        op->status = (uint8_t)parse(f, op);
        if (op->status == FAB_C_OK) {
            op->n_packets = fab_has_answer(op->d.op) || op->d.len == 0
                                ? 1
                                : (op->d.len + f->cfg.mtu_bytes - 1) / f->cfg.mtu_bytes;
            if (op->d.op != FAB_OP_DATAGRAM)
                fab_flow_append(q, q->taken - 1);
            return true;
        }
        op->done = true;
        fab_ring_complete_sends(f, q);
        if (q->fail)
            return false;
    }
    return false;
}
