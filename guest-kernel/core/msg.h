/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * msg.h - typed messages between nodes: in order, once, acknowledged; requests with exactly one outcome.
 *
 * Underneath, messages may be lost, repeated and reordered. Each pair of nodes has a sequence in each
 * direction; what is not acknowledged is sent again, first after retry_ns, then after twice that and so on,
 * tries times in all; then the peer is reported as failed (msg_poll), and its owner closes it (member.h
 * does). Acknowledgements ride on what goes the other way, or go alone after ack_ns. Over a transport that is
 * reliable and keeps order by itself (reliable), nothing is kept, acknowledged or repeated, and sending needs
 * no memory; data are not looked at, the environment's send() gets the same pointer within the call.
 *
 *     peer:   unopened --msg_open--> open --msg_close--> closed, for ever
 *
 * A request goes to one or more nodes at once and waits for their answers (fan-in). It is done when all, or
 * as many as wanted, have answered; when too many of them are dead for that; or at its deadline: whichever is
 * first.
 *
 * deliver, answered and done may post, answer and request; they must not poll, and only deliver of a RAW
 * message may open and close.
 */
#ifndef CORE_MSG_H
#define CORE_MSG_H
#include "guest-kernel/core/core.h"

enum {
    MSG_VERSION = 1,
    MSG_WINDOW = 32,      /* messages to a peer that may be under way */
    MSG_TYPES_RAW = 0x40, /* RAW messages have types below: their sender may be unknown, or dead */
    MSG_PLACES = 256,     /* that may be open (msg_bulk.h) */
};

enum msg_flags {
    MSG_ANSWER = 1, /* request is the number of the request that it answers */
    MSG_RAW = 2,    /* outside the sequence: may be lost or repeated; for hellos */
    MSG_ACK = 4,    /* nothing but an acknowledgement */
};

struct msg { /* the header; the data follow */
    uint16_t version;
    uint16_t type; /* below 0x40: the parts of the core's infrastructure; 0x40..: page.h; 0x80..: others */
    uint32_t sequence; /* from 1, then on; 0: RAW, ACK */
    uint32_t ack;      /* all up to this one have come */
    uint32_t request;  /* 0: none */
    uint32_t incarnation,
        to_incarnation; /* of sender and receiver: which of its lives; 0: unknown (RAW only) */
    uint32_t len;       /* bytes of data */
    uint16_t from;
    uint16_t flags;
};
_Static_assert(sizeof(struct msg) == 32, "format");
_Static_assert(offsetof(struct msg, len) == 24 && offsetof(struct msg, flags) == 30, "format");

struct msg_config {
    const struct core_env *env;
    unsigned self, nodes;
    uint32_t incarnation; /* differs from that of this node's earlier lives; not 0 */
    uint32_t max_bytes;   /* of data */
    bool reliable;
    uint64_t retry_ns, ack_ns;
    unsigned tries;
    void *ctx;
    /* A message that is no answer has come. data is good until it returns. */
    void (*deliver)(void *ctx, unsigned from, const struct msg *m, const void *data);
};

/* A request that waits; the caller's, until done is called. */
struct msg_call {
    struct msg_call *next;
    /* One node's answer; at most once per node. */
    void (*answered)(struct msg_call *c, unsigned from, const void *data, uint32_t len);
    /* Exactly once. CORE_OK: want answers; CORE_EDEAD: so many cannot come any more; CORE_ETIME; CORE_ECLOSED
     */
    void (*done)(struct msg_call *c, int status);
    uint64_t waiting; /* nodes that have neither answered nor died */
    uint64_t deadline_ns;
    unsigned want; /* answers that it still needs */
    uint32_t request;
};

struct msg_counts {
    uint64_t sent, received, repeated,
        acks; /* messages in sequence; sent again; acknowledgements sent alone */
    uint64_t duplicates, early, late,
        bad;          /* came twice; before their turn; answers to nobody; that cannot be */
    uint64_t refused; /* pieces of bulk for places that are not there */
};

struct msg_packet; /* a message that is kept */
struct msg_place;  /* msg_bulk.h */
struct msg_peer {
    enum { MSG_UNOPENED, MSG_OPEN, MSG_CLOSED } state;
    uint32_t incarnation;
    uint32_t last, acked;      /* sequence sent; acknowledged by the peer */
    uint32_t received;         /* all up to it have been delivered */
    struct msg_packet *out;    /* not acknowledged, in order */
    struct msg_packet *early;  /* came before their turn, in order */
    unsigned tries;            /* of the first of out */
    uint64_t retry_at, ack_at; /* 0: none */
};

struct msg_layer {
    struct msg_config c;
    struct msg_peer peer[CORE_MAX_NODES];
    struct msg_call *calls;
    uint32_t last_request;
    uint32_t last_place;                 /* the upper bits of the last key */
    struct msg_place *place[MSG_PLACES]; /* by slot */
    struct msg_counts counts;
};

/* 0 or CORE_EINVAL. Allocates nothing. */
int msg_init(struct msg_layer *m, const struct msg_config *c);
/* Waiting requests end with CORE_ECLOSED; all memory goes back. */
void msg_fini(struct msg_layer *m);
void msg_open(struct msg_layer *m, unsigned peer, uint32_t incarnation);
/* The peer is dead: what waits for it is told; nothing goes to it or comes from it any more. */
void msg_close(struct msg_layer *m, unsigned peer);
/* 0, CORE_EAGAIN (unopened), CORE_EDEAD (closed), CORE_ENOMEM, CORE_EINVAL (self, too long). Data are copied.
 */
int msg_post(struct msg_layer *m, unsigned to, unsigned type, const void *data, uint32_t len);
/* The same, as answer to the request of that number, which the receiver got as m->request. */
int msg_answer(struct msg_layer *m, unsigned to, uint32_t request, unsigned type, const void *data,
               uint32_t len);
/*
 * Asks all nodes of the mask and waits for want answers until deadline_ns. The caller sets answered and done.
 * 0: c waits (it may be done within the call: nodes that are closed count as dead, unopened ones too).
 * CORE_ENOMEM, CORE_EINVAL: nobody will call done; some nodes may have been asked, their answers will be
 * dropped.
 */
int msg_request(struct msg_layer *m, struct msg_call *c, uint64_t nodes, unsigned want, uint64_t deadline_ns,
                unsigned type, const void *data, uint32_t len);
/* Sends outside the sequence, to any node, opened or not; type is below MSG_TYPES_RAW. */
void msg_raw(struct msg_layer *m, unsigned to, unsigned type, const void *data, uint32_t len);
/* The transport has a message: bytes of header and data. What cannot be is counted and dropped. Whether the
 * header's from is who sent it is the transport's to see: nobody may speak in another's name. */
void msg_input(struct msg_layer *m, const void *packet, size_t bytes);
/* Does what is due: repeats, acknowledges, ends requests. Returns the mask of peers that have not
 * acknowledged a message that was sent tries times. */
uint64_t msg_poll(struct msg_layer *m);
#endif
