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
    FAB_P_DATAGRAM,
    FAB_P_READ,   /* remote, key, total: no payload */
    FAB_P_WRITE,  /* segment; remote is that of the first segment */
    FAB_P_ATOMIC, /* payload: operand, compare (16 bytes); FAB_W_CAS or fetch-and-add */
    FAB_P_PROBE,  /* wants a FAB_P_ACK: credits, and a sign of life. Carries no psn of its own */
    /* vc 1 */
    FAB_P_ACK, /* psn: first not yet received; credit: messages the sender may have sent in this epoch, in all
                */
    FAB_P_NAK, /* the same, and status says what is wrong with packet psn: see enum fab_nak */
    FAB_P_READ_DATA,  /* segment of a READ's data; psn is the request's */
    FAB_P_ATOMIC_OLD, /* payload: the old value (8 bytes); psn is the request's */
    FAB_P_END
};

enum fab_nak {
    FAB_NAK_SEQUENCE = 1, /* a packet is missing: go back to psn */
    FAB_NAK_NO_QUEUE,     /* the queue is not set up: try again later */
    FAB_NAK_NO_CREDIT, /* sent without credit (never happens between adapters of this version): go back to psn
                        */
    FAB_NAK_REMOTE,    /* one-sided request psn was refused; it is done with */
    FAB_NAK_LENGTH,    /* message that ended with psn did not fit; it is done with */
};

enum {                 /* flags */
       FAB_W_LAST = 1, /* last segment of its message */
       FAB_W_IMM = 2,  /* WRITE: with immediate */
       FAB_W_CAS = 4,
};

struct fab_wire {
    uint8_t type, vc;
    uint16_t dst, src; /* node ids */
    uint8_t queue;
    uint8_t flags;
    uint32_t epoch; /* requests: of the flow; answers: that of the flow they answer */
    uint32_t psn;
    uint32_t self;    /* answers: incarnation of the answering adapter (changes when it is enabled anew) */
    uint32_t message; /* number of the message in its flow and epoch, from 0: for traces, and READ_DATA */
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
