/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_trace.h - what the adapter tells of its own doings, for the event trace: one record of fixed layout
 * for each doorbell, message, access to guest memory, completion and interrupt (fab_ops.trace).
 *
 *   doorbell --index--> message --(src, queue, epoch, message)--> packets, dma --> completion --queue-->
 * interrupt
 *
 * A doorbell of kind SEND with index i stands for all descriptors before i. A descriptor becomes a message
 * when its first packet is sent; from then on it is known by (src, queue, epoch, number) with its peer, which
 * its request packets carry (fabric_wire.h). A completion names descriptor, message and its own place in the
 * completion ring; the driver's next DONE doorbell with an index beyond that says that it has been read.
 * Nothing here is seen by a guest.
 */
#ifndef COB_FABRIC_TRACE_H
#define COB_FABRIC_TRACE_H

#include <stddef.h>
#include <stdint.h>

enum fab_trace_kind {
    FAB_T_DOORBELL, /* queue, op: enum fab_db, index */
    FAB_T_MESSAGE,  /* queue, op: enum fab_op, node: the peer, epoch, message, index, cookie, len */
    FAB_T_DMA,      /* address, len, op: 1 write, and whose message it is for: node, queue, epoch, message */
    FAB_T_COMPLETION, /* queue, op, node: the peer, epoch, message, index, entry, cookie, status, len */
    FAB_T_INTERRUPT,  /* op: the vector */
    FAB_T_KINDS
};

#define FAB_T_NONE UINT32_MAX /* node of a DMA that belongs to no message; message number of a datagram */

struct fab_trace {
    uint64_t value; /* DMA: guest address; MESSAGE, COMPLETION: cookie */
    uint32_t queue, op, node, epoch, message;
    uint32_t index; /* in the descriptor's ring, or of the doorbell */
    uint32_t entry; /* in the completion ring */
    uint32_t len, status;
    uint32_t zero;
};
_Static_assert(sizeof(struct fab_trace) == 48 && offsetof(struct fab_trace, queue) == 8 &&
                   offsetof(struct fab_trace, entry) == 32,
               "fab_trace is part of the port's format");

#endif
