/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_trace.c - guest memory and the records about it and all else (fabric_trace.h). Without ops->trace
 * there are none, and a call costs one comparison.
 */
#include "devices/fabric/fabric_trace.h"
#include "devices/fabric/fabric_internal.h"

void fab_trace_for(struct fab *f, unsigned node, unsigned queue, uint32_t epoch, uint32_t message)
{
    f->for_node = node;
    f->for_queue = queue;
    f->for_epoch = epoch;
    f->for_message = message;
}

void fab_trace_for_none(struct fab *f)
{
    fab_trace_for(f, FAB_T_NONE, 0, 0, FAB_T_NONE);
}

static void trace_dma(struct fab *f, uint64_t address, size_t len, bool write)
{
    struct fab_trace t = {.value = address,
                          .op = write,
                          .len = (uint32_t)len,
                          .node = f->for_node,
                          .queue = f->for_queue,
                          .epoch = f->for_epoch,
                          .message = f->for_message};
    f->ops.trace(f->ctx, FAB_T_DMA, &t);
}

bool fab_dma_read(struct fab *f, uint64_t address, void *to, size_t len)
{
    if (!f->ops.dma_read(f->ctx, address, to, len))
        return false;
    if (f->ops.trace)
        trace_dma(f, address, len, false);
    return true;
}

bool fab_dma_write(struct fab *f, uint64_t address, const void *from, size_t len)
{
    if (!f->ops.dma_write(f->ctx, address, from, len))
        return false;
    if (f->ops.trace)
        trace_dma(f, address, len, true);
    return true;
}

void fab_trace_doorbell(struct fab *f, unsigned kind, unsigned queue, uint16_t index)
{
    if (f->ops.trace)
        f->ops.trace(f->ctx, FAB_T_DOORBELL,
                     &(struct fab_trace){.op = kind, .queue = queue, .index = index, .node = FAB_T_NONE});
}

void fab_trace_message(struct fab *f, const struct fab_queue *q, const struct fab_work *op, uint32_t seq)
{
    if (!f->ops.trace)
        return;
    struct fab_trace t = {.value = op->d.cookie,
                          .queue = q->no,
                          .op = op->d.op,
                          .node = op->d.peer,
                          .epoch = op->epoch,
                          .message = op->message,
                          .index = (uint16_t)seq,
                          .len = op->d.len};
    f->ops.trace(f->ctx, FAB_T_MESSAGE, &t);
}

void fab_trace_completion(struct fab *f, const struct fab_queue *q, const struct fab_cqe *c, uint32_t epoch,
                          uint32_t message)
{
    if (!f->ops.trace)
        return;
    struct fab_trace t = {.value = c->cookie,
                          .queue = q->no,
                          .op = c->op,
                          .node = c->peer,
                          .epoch = epoch,
                          .message = message,
                          .index = c->index,
                          .entry = q->done_tail,
                          .len = c->len,
                          .status = c->status};
    f->ops.trace(f->ctx, FAB_T_COMPLETION, &t);
}

void fab_trace_interrupt(struct fab *f, unsigned vector)
{
    if (f->ops.trace)
        f->ops.trace(f->ctx, FAB_T_INTERRUPT, &(struct fab_trace){.op = vector, .node = FAB_T_NONE});
}
