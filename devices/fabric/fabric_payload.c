/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_payload.c - the bytes of messages on their way between guest memory and packets, and what a fault
 * may do to them and to a completion (fab_ops.flip, fab_ops.completion).
 *
 * A bit that flips on the way in (read) is wrong in the packet, and right in memory; on the way out (write)
 * it is wrong in memory. Nobody notices: no link, no sequence number, no completion. That is the point.
 */
#include "devices/fabric/fabric_internal.h"

bool fab_payload(struct fab *f, uint64_t address, uint8_t *data, size_t len, bool write)
{
    if (write ? !fab_dma_write(f, address, data, len) : !fab_dma_read(f, address, data, len))
        return false;
    int64_t bit = f->ops.flip && len ? f->ops.flip(f->ctx, address, len, write) : -1;
    if (bit < 0 || bit / 8 >= (int64_t)len)
        return true;
    uint8_t wrong = (uint8_t)(data[bit / 8] ^ 1u << bit % 8);
    if (write)
        return f->ops.dma_write(f->ctx, address + (uint64_t)bit / 8, &wrong, 1);
    data[bit / 8] = wrong;
    return true;
}

uint8_t fab_outcome(struct fab *f, const struct fab_queue *q, uint8_t status, bool recv)
{
    if (status != FAB_C_OK || !f->ops.completion)
        return status;
    unsigned other = f->ops.completion(f->ctx, q->no, recv);
    return other < FAB_C_COUNT ? (uint8_t)other : status;
}
