/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_receive.c - the receiver's half of the protocol: requests in sequence, messages into buffers.
 *
 * A request is looked at only if it is meant for this incarnation of the queue, belongs to the flow's epoch
 * and has the psn that comes next. A refused operation halts the flow: what its sender had sent behind it is
 * dropped, until a packet comes that says it knows (FAB_W_RESUME). So an acknowledgement never covers an
 * operation that was refused.
 *
 *   PROBE with a newer epoch --> open, expects psn 0 --refusal--> halted --FAB_W_RESUME--> open
 */
#include "devices/fabric/fabric_internal.h"
#include "devices/fabric/fabric_trace.h"
#include <string.h>

static void ack_due(struct fab *f, struct fab_queue *q, unsigned src)
{
    fab_answer_due(f, q, &q->ack, src);
}

/* Not for this queue as it is now: it was set up anew, or is not there at all. */
static void alien(struct fab *f, struct fab_queue *q, const struct fab_wire *w, enum fab_nak reason)
{
    q->rx[w->src].alien_epoch = w->epoch;
    q->rx[w->src].alien_nak = (uint8_t)reason;
    fab_answer_due(f, q, &q->alien, w->src);
}

void fab_rx_reset(struct fab *f, struct fab_queue *q, unsigned src)
{
    struct fab_rx *rx = &q->rx[src];
    uint64_t others = ~fab_bit(src);

    if (rx->has_buffer) {
        rx->status = FAB_C_RESET;
        q->receiving--;
        fab_ring_complete_recv(f, q, src, rx);
    }
    fab_credit_return(q, rx);
    q->ack &= others;
    q->alien &= others;
    q->atomic &= others;
    q->read &= others;
    q->want &= others;
    memset(rx, 0, sizeof *rx);
}

static void probe(struct fab *f, struct fab_queue *q, const struct fab_wire *w)
{
    struct fab_rx *rx = &q->rx[w->src];

    if (w->epoch == 0) {
        f->count.bad_packets++;
        return;
    }
    if (rx->epoch == 0 || fab_after(w->epoch, rx->epoch)) {
        fab_rx_reset(f, q, w->src);
        rx->epoch = w->epoch;
    } else if (w->epoch != rx->epoch) {
        return; /* of the past */
    }
    rx->probed = true;
    rx->probe_no = w->message;
    if (w->flags & FAB_W_CREDIT)
        fab_credit_wanted(f, q, w->src);
    ack_due(f, q, w->src);
}

static void drop(struct fab *f)
{
    f->count.dropped_datagrams++;
    fab_cause(f, FAB_CAUSE_DROP);
}

static void datagram(struct fab *f, struct fab_queue *q, const struct fab_wire *w, const uint8_t *payload,
                     uint32_t len)
{
    struct fab_rx *m = &f->loose;

    if (w->total != len || w->offset) {
        f->count.bad_packets++;
        return;
    }
    if (!fab_queue_usable(q) || (uint16_t)(q->recv_tail - q->recv_taken) <= q->granted ||
        !fab_ring_room_recv(q)) {
        drop(f);
        return;
    }
    if (!fab_ring_take_recv(f, q, m))
        return;
    m->type = FAB_P_DATAGRAM;
    m->total = len;
    m->message = FAB_T_NONE;
    m->imm = w->imm;
    if (m->status == FAB_C_OK && len > m->buffer_len)
        m->status = FAB_C_LENGTH;
    if (m->status == FAB_C_OK && !fab_buffer_write(f, &m->buf, 0, payload, len))
        m->status = FAB_C_LOCAL;
    if (m->status != FAB_C_OK)
        drop(f);
    fab_ring_complete_recv(f, q, w->src, m);
}

/* The segment continues the message under way, or begins one. */
static bool segment_fits(const struct fab_rx *rx, const struct fab_wire *w, uint32_t len)
{
    if (w->total > FAB_MAX_MESSAGE || w->offset > w->total || len > w->total - w->offset)
        return false;
    if (!(w->flags & FAB_W_LAST) != (w->offset + len != w->total) || (!len && w->total))
        return false;
    return rx->in_message ? w->type == rx->type && w->offset == rx->offset && w->total == rx->total
                          : w->offset == 0;
}

/* Begins a message. False: it cannot be taken now. */
static bool begin(struct fab *f, struct fab_queue *q, const struct fab_wire *w)
{
    struct fab_rx *rx = &q->rx[w->src];
    bool takes_buffer = w->type == FAB_P_SEND || (w->flags & FAB_W_IMM);

    if (takes_buffer && !fab_credit_left(rx)) {
        rx->nak = FAB_NAK_NO_CREDIT;
        rx->gap = true;
        ack_due(f, q, w->src);
        return false;
    }
    rx->status = FAB_C_OK;
    if (w->type == FAB_P_SEND) {
        if (!fab_ring_take_recv(f, q, rx))
            return false;
        fab_credit_used(f, q, w->src);
        q->receiving++;
        rx->has_buffer = true;
        if (rx->status == FAB_C_OK && w->total > rx->buffer_len)
            rx->status = FAB_C_LENGTH;
    }
    rx->in_message = true;
    rx->poison = false;
    rx->type = w->type;
    rx->flags = w->flags;
    rx->offset = 0;
    rx->total = w->total;
    rx->message = w->message;
    rx->imm = w->imm;
    return true;
}

/* The message is complete. Returns why its sender must be told that it was refused, or 0. */
static unsigned end(struct fab *f, struct fab_queue *q, unsigned src)
{
    struct fab_rx *rx = &q->rx[src];
    bool ok = rx->status == FAB_C_OK && !rx->poison;
    unsigned refusal = rx->status == FAB_C_OK       ? 0
                       : rx->status == FAB_C_LENGTH ? FAB_NAK_LENGTH
                                                    : FAB_NAK_REMOTE;

    rx->in_message = false;
    if (rx->type == FAB_P_SEND) {
        if (!ok && rx->status == FAB_C_OK)
            rx->status = FAB_C_REMOTE; /* poison */
        rx->has_buffer = false;
        q->receiving--;
        fab_ring_complete_recv(f, q, src, rx);
        return refusal;
    }
    f->count.writes_served += ok;
    if (rx->flags & FAB_W_IMM) {
        fab_credit_used(f, q, src);
        if (ok && fab_ring_take_recv(f, q, rx)) {
            rx->status = FAB_C_OK; /* whatever the buffer is like */
            fab_ring_complete_recv(f, q, src, rx);
        }
    }
    return refusal;
}

static void accepted(struct fab *f, struct fab_queue *q, unsigned src, unsigned refusal)
{
    struct fab_rx *rx = &q->rx[src];

    rx->expected++;
    rx->gap = false;
    rx->nak = 0;
    rx->halt = (uint8_t)refusal;
    if (refusal)
        ack_due(f, q, src);
}

static void segment(struct fab *f, struct fab_queue *q, const struct fab_wire *w, const uint8_t *payload,
                    uint32_t len)
{
    struct fab_rx *rx = &q->rx[w->src];
    unsigned refusal = 0;

    if (!segment_fits(rx, w, len)) {
        f->count.bad_packets++;
        return;
    }
    if (!rx->in_message && !begin(f, q, w))
        return;
    rx->poison |= w->flags & FAB_W_POISON;
    if (!rx->poison && rx->status == FAB_C_OK) {
        if (w->type == FAB_P_SEND)
            rx->status = fab_buffer_write(f, &rx->buf, w->offset, payload, len) ? FAB_C_OK : FAB_C_LOCAL;
        else
            rx->status = fab_target_write(f, w, payload, len) ? FAB_C_OK : FAB_C_REMOTE;
    }
    rx->offset += len;
    if (w->flags & FAB_W_LAST)
        refusal = end(f, q, w->src);
    if (++rx->unacked >= f->ack_every || (w->flags & FAB_W_LAST))
        ack_due(f, q, w->src);
    accepted(f, q, w->src, refusal);
}

/* READs and atomics are acknowledged by their answers: an ACK beside them would only take the line from
 * those. */
static void request(struct fab *f, struct fab_queue *q, const struct fab_wire *w, const uint8_t *payload,
                    uint32_t len)
{
    bool read = w->type == FAB_P_READ;

    if (w->type == FAB_P_SEND || w->type == FAB_P_WRITE) {
        segment(f, q, w, payload, len);
        return;
    }
    if (q->rx[w->src].in_message || len != (read ? 0 : 16) || w->total > FAB_MAX_MESSAGE ||
        w->offset > w->total) {
        f->count.bad_packets++;
        return;
    }
    bool ok = read ? fab_target_read(f, q, w) : fab_target_atomic(f, q, w, payload);
    accepted(f, q, w->src, ok ? 0 : FAB_NAK_REMOTE);
}

void fab_request(struct fab *f, const struct fab_wire *w, const uint8_t *payload, uint32_t len)
{
    struct fab_queue *q = &f->queue[w->queue];
    struct fab_rx *rx = &q->rx[w->src];
    bool before = fab_after(rx->expected, w->psn);

    fab_trace_for(f, w->src, w->queue, w->epoch, w->type == FAB_P_DATAGRAM ? FAB_T_NONE : w->message);
    if (w->type == FAB_P_DATAGRAM) {
        datagram(f, q, w, payload, len);
    } else if (!fab_queue_usable(q)) {
        alien(f, q, w, FAB_NAK_NO_QUEUE);
    } else if (w->type == FAB_P_PROBE) {
        probe(f, q, w);
    } else if (w->self != q->self || fab_after(w->epoch, rx->epoch)) {
        alien(f, q, w, FAB_NAK_RESET);
    } else if (w->epoch != rx->epoch) {
        return; /* of the past */
    } else if (before) {
        f->count.duplicates++;
        if (rx->halt || w->type == FAB_P_SEND || w->type == FAB_P_WRITE)
            ack_due(f, q, w->src);
        else
            fab_target_again(f, q, w);
    } else if (w->psn != rx->expected) {
        f->count.out_of_order++;
        if (!rx->gap && !rx->halt) {
            rx->gap = true;
            rx->nak = FAB_NAK_SEQUENCE;
            ack_due(f, q, w->src);
        }
    } else if (rx->halt && !(w->flags & FAB_W_RESUME)) {
        ack_due(f, q, w->src);
    } else {
        rx->halt = 0;
        request(f, q, w, payload, len);
    }
}
