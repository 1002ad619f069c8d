/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_ring.c - rings and buffers in guest memory.
 *
 * The completion ring never overruns: an entry is spoken for before a send descriptor is taken and before a
 * credit is given, and a quarter of the ring (at least one entry) is kept for each side, so that neither
 * sending nor receiving starves the other.
 *
 *   size = unread + send descriptors taken + credits given and unused + messages being received + room
 */
#include "devices/fabric/fabric_internal.h"
#include <string.h>

uint32_t fab_ring_room(const struct fab_queue *q)
{
    uint32_t used =
        (uint16_t)(q->done_tail - q->done_head) + (q->taken - q->head) + q->granted + q->receiving;
    return used < q->done_size ? q->done_size - used : 0;
}

static uint32_t share(const struct fab_queue *q, uint32_t used)
{
    uint32_t kept = q->done_size / 4 ? q->done_size / 4 : 1, most = q->done_size - kept;
    uint32_t room = fab_ring_room(q), left = used < most ? most - used : 0;
    return room < left ? room : left;
}

uint32_t fab_ring_room_send(const struct fab_queue *q)
{
    return share(q, q->taken - q->head);
}

uint32_t fab_ring_room_recv(const struct fab_queue *q)
{
    return share(q, q->granted + q->receiving);
}

/* The message that it completes: src has sent it. */
static void complete(struct fab *f, struct fab_queue *q, struct fab_cqe *c, unsigned src, uint32_t epoch,
                     uint32_t message)
{
    uint64_t at = q->done_ring + (q->done_tail & (q->done_size - 1)) * sizeof *c;

    c->flags |= q->done_tail & q->done_size ? 0 : FAB_CQE_PHASE;
    c->time_ns = (uint64_t)vtime_to_ns(fab_now(f));
    fab_trace_for(f, src, q->no, epoch, message);
    /* In one piece: no guest instruction runs meanwhile. */
    bool written = fab_dma_write(f, at, c, sizeof *c);
    fab_trace_for_none(f);
    if (!written) {
        fab_queue_fail(f, q, FAB_E_ADDRESS);
        return;
    }
    fab_trace_completion(f, q, c, epoch, message);
    q->done_tail++;
    f->dirty |= 1u << q->no;
    if (c->status != FAB_C_OK)
        f->count.errors++;
    fab_irq_completion(f, q);
}

void fab_ring_complete_sends(struct fab *f, struct fab_queue *q)
{
    while (q->head != q->taken && fab_op(q, q->head)->done) {
        struct fab_work *op = fab_op(q, q->head);
        op->status = fab_outcome(f, q, op->status, false);
        struct fab_cqe c = {.cookie = op->d.cookie,
                            .len = op->d.len,
                            .peer = op->d.peer,
                            .op = op->d.op,
                            .status = op->status,
                            .index = (uint16_t)q->head};
        complete(f, q, &c, f->cfg.node, op->epoch, op->message);
        q->head++;
        if (op->status == FAB_C_OK) {
            f->count.sent_messages++;
            f->count.sent_bytes += op->d.len;
            f->count.sent_datagrams += op->d.op == FAB_OP_DATAGRAM;
        }
    }
}

void fab_ring_complete_recv(struct fab *f, struct fab_queue *q, unsigned src, const struct fab_rx *m)
{
    uint8_t status = fab_outcome(f, q, m->status, true);
    struct fab_cqe c = {.cookie = m->cookie,
                        .len = status == FAB_C_OK || status == FAB_C_LENGTH ? m->total : 0,
                        .imm = m->imm,
                        .peer = (uint16_t)src,
                        .op = FAB_OP_RECV,
                        .status = status,
                        .index = m->index};

    c.flags |= m->type == FAB_P_DATAGRAM ? FAB_CQE_DATAGRAM : 0;
    c.flags |= m->type == FAB_P_WRITE ? FAB_CQE_WRITE : 0;
    complete(f, q, &c, src, m->type == FAB_P_DATAGRAM ? 0 : m->epoch, m->message);
    if (status == FAB_C_OK) {
        f->count.received_messages++;
        f->count.received_bytes += m->total;
        f->count.received_datagrams += m->type == FAB_P_DATAGRAM;
    }
}

void fab_ring_write_status(struct fab *f, struct fab_queue *q)
{
    struct fab_status s = {.send_head = (uint16_t)q->head,
                           .recv_head = q->recv_taken,
                           .done_tail = q->done_tail,
                           .error = q->error};

    if (q->state == FAB_Q_SET_UP && !fab_dma_write(f, q->status, &s, 8))
        fab_queue_fail(f, q, FAB_E_ADDRESS);
}

bool fab_ring_take_send(struct fab *f, struct fab_queue *q, struct fab_send *d)
{
    uint64_t at = q->send_ring + (q->taken & (q->send_size - 1)) * sizeof *d;

    if (!fab_dma_read(f, at, d, sizeof *d)) {
        fab_queue_fail(f, q, FAB_E_ADDRESS);
        return false;
    }
    return true;
}

bool fab_ring_take_recv(struct fab *f, struct fab_queue *q, struct fab_rx *m)
{
    uint64_t at = q->recv_ring + (q->recv_taken & (q->recv_size - 1)) * sizeof(struct fab_recv);
    struct fab_recv d;

    if (!fab_dma_read(f, at, &d, sizeof d)) {
        fab_queue_fail(f, q, FAB_E_ADDRESS);
        return false;
    }
    m->index = q->recv_taken++;
    f->dirty |= 1u << q->no;
    m->cookie = d.cookie;
    m->buffer_len = d.len;
    m->status = (uint8_t)fab_buffer_load(f, &m->buf, d.addr, d.n_sge, d.len);
    return true;
}

enum fab_completion fab_buffer_load(struct fab *f, struct fab_buffer *b, uint64_t addr, uint32_t n_sge,
                                    uint32_t len)
{
    uint64_t sum = 0;

    b->n = 0;
    if (n_sge > FAB_MAX_SGE || len > FAB_MAX_MESSAGE)
        return FAB_C_DESCRIPTOR;
    if (n_sge == 1)
        b->sge[0] = (struct fab_sge){.addr = addr, .len = len};
    else if (n_sge > 1 && !fab_dma_read(f, addr, b->sge, n_sge * sizeof b->sge[0]))
        return FAB_C_LOCAL;
    b->n = n_sge;
    for (unsigned i = 0; i < n_sge; i++) {
        sum += b->sge[i].len;
        if (b->sge[i].addr > UINT64_MAX - b->sge[i].len)
            return FAB_C_LOCAL;
    }
    return sum == len ? FAB_C_OK : FAB_C_DESCRIPTOR;
}

bool fab_buffer_plausible(struct fab *f, const struct fab_buffer *b)
{
    uint8_t byte;

    for (unsigned i = 0; i < b->n; i++)
        if (b->sge[i].len && (!f->ops.dma_read(f->ctx, b->sge[i].addr, &byte, 1) ||
                              !f->ops.dma_read(f->ctx, b->sge[i].addr + b->sge[i].len - 1, &byte, 1)))
            return false;
    return true;
}

/* Calls the operation for each piece of [offset, offset + len). */
static bool pieces(struct fab *f, const struct fab_buffer *b, uint32_t offset, uint8_t *data, uint32_t len,
                   bool write)
{
    for (unsigned i = 0; i < b->n && len; i++) {
        uint32_t part = b->sge[i].len;
        if (offset >= part) {
            offset -= part;
            continue;
        }
        part = part - offset < len ? part - offset : len;
        uint64_t at = b->sge[i].addr + offset;
        if (!fab_payload(f, at, data, part, write))
            return false;
        offset = 0;
        data += part;
        len -= part;
    }
    return true;
}

bool fab_buffer_read(struct fab *f, const struct fab_buffer *b, uint32_t offset, void *to, uint32_t len)
{
    return pieces(f, b, offset, to, len, false);
}

bool fab_buffer_write(struct fab *f, const struct fab_buffer *b, uint32_t offset, const void *from,
                      uint32_t len)
{
    return pieces(f, b, offset, (uint8_t *)(uintptr_t)from, len, true);
}
