/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_queue.c - a queue's life.
 *
 *   absent --QUEUE_SETUP--> set up --ring-level mistake--> stopped
 *      ^                      |                              |
 *      +----QUEUE_DESTROY-----+------------------------------+
 *
 * A stopped queue completes what it has taken with FAB_C_FLUSHED, as far as the completion ring can be
 * written, and is for everybody else as if it were absent.
 */
#include "devices/fabric/fabric_internal.h"
#include <string.h>

/* The first and the last byte are in RAM. (What lies between shows when it is used.) */
static bool in_ram(struct fab *f, uint64_t address, uint64_t len)
{
    uint8_t byte;
    return address % 64 == 0 && address <= UINT64_MAX - len && f->ops.dma_read(f->ctx, address, &byte, 1) &&
           f->ops.dma_read(f->ctx, address + len - 1, &byte, 1);
}

static bool ring_size(uint32_t size)
{
    return size >= 2 && size <= FAB_MAX_RING && (size & (size - 1)) == 0;
}

enum fab_error fab_queue_setup(struct fab *f, const struct fab_admin *a)
{
    struct fab_queue *q = a->queue < FAB_QUEUES ? &f->queue[a->queue] : NULL;

    if (!(f->control & FAB_CONTROL_ENABLE))
        return FAB_E_STATE;
    if (!q || q->state != FAB_Q_ABSENT)
        return FAB_E_QUEUE;
    if (!ring_size(a->size[0]) || !ring_size(a->size[1]) || !ring_size(a->size[2]))
        return FAB_E_SIZE;
    if (!in_ram(f, a->addr[0], a->size[0] * sizeof(struct fab_send)) ||
        !in_ram(f, a->addr[1], a->size[1] * sizeof(struct fab_recv)) ||
        !in_ram(f, a->addr[2], a->size[2] * sizeof(struct fab_cqe)) ||
        !in_ram(f, a->addr[3], sizeof(struct fab_status)))
        return FAB_E_ADDRESS;
    struct fab_status zero = {0};
    if (!fab_dma_write(f, a->addr[3], &zero, sizeof zero))
        return FAB_E_ADDRESS;
    q->send_ring = a->addr[0];
    q->recv_ring = a->addr[1];
    q->done_ring = a->addr[2];
    q->status = a->addr[3];
    q->send_size = a->size[0];
    q->recv_size = a->size[1];
    q->done_size = a->size[2];
    q->self = fab_number(f);
    q->state = FAB_Q_SET_UP;
    return FAB_OK;
}

enum fab_error fab_queue_destroy(struct fab *f, unsigned no)
{
    if (no >= FAB_QUEUES || f->queue[no].state == FAB_Q_ABSENT)
        return FAB_E_QUEUE;
    fab_queue_wipe(f, &f->queue[no]);
    return FAB_OK;
}

/* Flows, answers, interrupts: everything that could lead to something. */
static void quieten(struct fab *f, struct fab_queue *q)
{
    uint32_t bit = 1u << q->no;

    q->taken = q->head = 0;
    q->granted = q->receiving = 0;
    q->resend = q->again = q->probe = q->timing = 0;
    q->ack = q->alien = q->atomic = q->read = q->want = 0;
    q->armed = false;
    q->hold_ps = VTIME_NEVER;
    memset(q->flow, 0, f->cfg.n_nodes * sizeof *q->flow);
    memset(q->rx, 0, f->cfg.n_nodes * sizeof *q->rx);
    f->ready &= ~bit;
    f->answers &= ~bit;
    f->holding &= ~bit;
    f->timeout_bound_ps = VTIME_NEVER;
    for (unsigned i = 0; i < FAB_QUEUES; i++)
        for (uint64_t m = f->queue[i].timing; m; m &= m - 1)
            f->timeout_bound_ps =
                vtime_min(f->timeout_bound_ps, f->queue[i].flow[__builtin_ctzll(m)].deadline);
}

void fab_queue_wipe(struct fab *f, struct fab_queue *q)
{
    uint32_t bit = 1u << q->no;

    if (q->state != FAB_Q_ABSENT || q->alien)
        quieten(f, q);
    q->state = FAB_Q_ABSENT;
    q->fail = q->error = FAB_OK;
    q->send_tail = q->recv_tail = q->recv_taken = q->done_tail = q->done_head = 0;
    q->resend_turn = q->answer_turn = q->want_turn = 0;
    f->qerror &= ~bit;
    f->dirty &= ~bit;
    f->irq &= ~bit;
}

void fab_queue_fail(struct fab *f, struct fab_queue *q, enum fab_error error)
{
    if (q->state != FAB_Q_SET_UP || q->fail)
        return;
    q->fail = (uint8_t)error;
    f->dirty |= 1u << q->no;
}

void fab_queue_stop(struct fab *f, struct fab_queue *q)
{
    struct fab_status s = {0};

    q->error = q->fail;
    for (uint32_t i = q->head; i != q->taken; i++) {
        if (!fab_op(q, i)->done)
            fab_op(q, i)->status = FAB_C_FLUSHED;
        fab_op(q, i)->done = true;
    }
    fab_ring_complete_sends(f, q);
    s.send_head = (uint16_t)q->head;
    for (unsigned src = 0; src < f->cfg.n_nodes; src++)
        if (q->rx[src].has_buffer) {
            q->rx[src].status = FAB_C_FLUSHED;
            fab_ring_complete_recv(f, q, src, &q->rx[src]);
        }
    s.recv_head = q->recv_taken;
    s.done_tail = q->done_tail;
    s.error = q->error;
    fab_dma_write(f, q->status, &s, 8); /* perhaps it is that which cannot be written */
    q->state = FAB_Q_STOPPED;
    quieten(f, q);
    f->dirty &= ~(1u << q->no);
    f->qerror |= 1u << q->no;
    fab_cause(f, FAB_CAUSE_QUEUE);
}

static void done_doorbell(struct fab *f, struct fab_queue *q, uint16_t index, bool arm)
{
    if ((uint16_t)(index - q->done_head) > (uint16_t)(q->done_tail - q->done_head)) {
        fab_queue_fail(f, q, FAB_E_INDEX);
        return;
    }
    q->done_head = index;
    if (arm)
        fab_irq_arm(f, q);
    fab_credit_serve(f, q);
}

void fab_doorbell(struct fab *f, uint32_t value)
{
    unsigned kind = value >> 24, no = value >> 16 & 0xff;
    uint16_t index = (uint16_t)value;
    struct fab_queue *q = no < FAB_QUEUES ? &f->queue[no] : NULL;

    fab_trace_doorbell(f, kind, no, index);
    if (!q || q->state == FAB_Q_ABSENT || kind > FAB_DB_DONE_ARM) {
        f->count.bad_access++;
        fab_cause(f, FAB_CAUSE_DOORBELL);
        return;
    }
    if (!fab_queue_usable(q))
        return; /* stopped: FAB_REG_QERROR says so already */
    f->ready |= 1u << no;
    switch ((enum fab_db)kind) {
    case FAB_DB_SEND: /* never more than the ring holds beyond what is completed */
        if ((uint16_t)(index - q->send_tail) > q->send_size - (uint16_t)(q->send_tail - (uint16_t)q->head))
            fab_queue_fail(f, q, FAB_E_INDEX);
        else
            q->send_tail = index;
        break;
    case FAB_DB_RECV:
        if ((uint16_t)(index - q->recv_tail) > q->recv_size - (uint16_t)(q->recv_tail - q->recv_taken)) {
            fab_queue_fail(f, q, FAB_E_INDEX);
        } else {
            q->recv_tail = index;
            fab_credit_serve(f, q);
        }
        break;
    case FAB_DB_DONE:
    case FAB_DB_DONE_ARM:
        done_doorbell(f, q, index, kind == FAB_DB_DONE_ARM);
        break;
    }
}
