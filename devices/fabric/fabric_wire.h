/* SPDX-License-Identifier: GPL-2.0-or-later OR MIT */
/*
 * fabric_wire.h - packets between fabric adapters: one header for all of them, then up to MTU bytes of
 * payload.
 *
 *   length on the wire = FAB_HEADER_BYTES + payload + the link's framing (scenario)
 *
 * The interconnect model reads dst, src, queue and vc (routing) and nothing else. A flow is all that queue q
 * of one node sends to queue q of another; its request packets are numbered by psn from 0 on in each epoch.
 */
#ifndef COB_FABRIC_WIRE_H
#define COB_FABRIC_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define FAB_HEADER_BYTES 48u
#define FAB_VCS                                                                                              \
    2u /* classes: 0 requests and their data, 1 answers, so that an answer never waits for a request */

enum fab_packet {
    /* vc 0 */
    FAB_P_SEND = 1, /* segment of a message */
    FAB_P_DATAGRAM, /* belongs to no flow: no epoch, psn, self */
    FAB_P_READ,     /* remote, key, offset, total: no payload; wants the bytes from offset on */
    FAB_P_WRITE,    /* segment; remote is that of the first segment */
    FAB_P_ATOMIC,   /* payload: operand, compare (16 bytes); FAB_W_CAS or fetch-and-add */
    FAB_P_PROBE,    /* wants a FAB_P_ACK: the receiver's incarnation, credits, a sign of life. Opens an epoch.
                       Has no psn of its own; message: number of the probe */
    /* vc 1 */
    FAB_P_ACK, /* psn: first not yet received; credit: messages that take a receive buffer (SEND, WRITE with
                  immediate) the sender may have sent in this epoch, in all */
    FAB_P_NAK, /* the same, and imm says what is wrong: see enum fab_nak */
    FAB_P_READ_DATA,  /* segment of a READ's data; psn is the request's */
    FAB_P_ATOMIC_OLD, /* payload: the old value (8 bytes); psn is the request's */
    FAB_P_END
};

enum fab_nak {
    FAB_NAK_SEQUENCE = 1, /* a packet is missing: go back to psn */
    FAB_NAK_NO_QUEUE,     /* the queue is not set up (self 0): try again later */
    FAB_NAK_NO_CREDIT,    /* message psn has no credit (any more): wait for it, go back to psn */
    FAB_NAK_REMOTE, /* the operation that ended with psn was refused; it is done with, and what was sent after
                       it was not looked at: go back to psn + 1, which carries FAB_W_RESUME */
    FAB_NAK_LENGTH, /* the same: the message did not fit */
    FAB_NAK_RESET,  /* meant for an earlier incarnation of this queue; self is the present one */
    FAB_NAK_END
};

enum {                 /* flags */
       FAB_W_LAST = 1, /* last segment of its message */
       FAB_W_IMM = 2,  /* WRITE: with immediate */
       FAB_W_CAS = 4,
       FAB_W_CREDIT = 8,  /* PROBE: a message waits for a credit */
       FAB_W_RESUME = 16, /* requests: the sender knows that the operation before was refused */
       FAB_W_POISON = 32, /* SEND, WRITE: the sender could not read its buffer; the payload is zeros */
       FAB_W_PROBED = 64, /* ACK, NAK: answers probe number `message` too */
};

struct fab_wire {
    uint8_t type, vc;
    uint16_t dst, src; /* node ids */
    uint8_t queue;
    uint8_t flags;
    uint32_t epoch; /* requests: of the flow; answers: that of the flow they answer */
    uint32_t psn;
    uint32_t self;    /* incarnation of the queue that answers, or (requests) that the request is meant for:
                         changes when the queue is set up anew. 0: PROBE; NAK_NO_QUEUE */
    uint32_t message; /* number of the message in its flow and epoch, from 0: for traces */
    uint32_t offset;  /* of this segment */
    uint32_t total;   /* bytes of the whole message */
    uint32_t credit;  /* answers; see FAB_P_ACK */
    uint32_t imm;     /* SEND, DATAGRAM, WRITE with immediate; NAK: enum fab_nak */
    uint64_t remote;  /* one-sided: offset in the region */
    /* the region's key takes the place of `credit` in requests */
};
_Static_assert(sizeof(struct fab_wire) == FAB_HEADER_BYTES, "the packet header");
_Static_assert(offsetof(struct fab_wire, dst) == 2 && offsetof(struct fab_wire, queue) == 6,
               "the packet header");
_Static_assert(offsetof(struct fab_wire, remote) == 40, "the packet header");

#endif
