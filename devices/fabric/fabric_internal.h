/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_internal.h - what the files of the device core share. One file per idea:
 *
 *   fabric.c           life, packets out with pacing, the order of things at the end of every call
 *   fabric_regs.c      registers                     fabric_admin.c     admin commands
 *   fabric_queue.c     set-up, doorbells, end        fabric_ring.c      completions, status, buffers
 *   fabric_irq.c       vectors, moderation, causes   fabric_region.c    registered memory
 *   fabric_take.c      the send ring                 fabric_timeout.c   clocks and probes
 *   fabric_send.c      descriptors to packets        fabric_flow.c      answers, going back, failing
 *   fabric_receive.c   requests, in sequence         fabric_onesided.c  READ, WRITE, ATOMIC at the target
 *   fabric_credit.c    who may send to us            fabric_answer.c    packets of class 1
 *   fabric_payload.c   messages' bytes, and faults
 *
 * A send descriptor's life: in the ring -> taken (an entry of the completion ring is reserved; struct
 * fab_work)
 * -> packets sent, numbered in its flow (struct fab_flow) -> done -> completed in ring order.
 * A flow's life at the sender:
 *
 *            an operation waits            ACK                NAK_RESET, other self, time-outs
 *   no epoch ------------------> hello ----------> open (self) --------------------> no epoch
 *
 * Everything a packet or register access changes is done at once, except: packets are emitted, broken queues
 * stopped, status written back, vectors raised and the timer set by fab_settle(), which ends every call from
 * outside. Work that waits is a bit in a mask (one bit per peer in each queue, one per queue in the device).
 */
#ifndef COB_FABRIC_INTERNAL_H
#define COB_FABRIC_INTERNAL_H

#include "devices/fabric/fabric.h"
#include "devices/fabric/fabric_abi.h"
#include "devices/fabric/fabric_wire.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "structures are copied to guest memory as they are");

enum {
    FAB_NODES = 64,
    FAB_TAKEN = 64, /* send descriptors of a queue under way at a time */
    FAB_READS = 16, /* READs of a flow under way */
    FAB_ATOMICS =
        16, /* atomics of a flow since its first operation not done; old values the target remembers */
    FAB_WINDOW_BYTES = 256 * 1024,
    FAB_MAX_MTU = 16384,
};

struct fab_buffer {
    unsigned n;
    struct fab_sge sge[FAB_MAX_SGE];
};

/* A send descriptor under way. Packet i of it has psn first_psn + i. */
struct fab_work {
    struct fab_send d;
    struct fab_buffer buf;
    uint32_t first_psn, n_packets;
    uint32_t sent;     /* packets that were sent at least once */
    uint32_t received; /* READ: bytes, in order */
    uint32_t credit_no;
    uint32_t epoch, message; /* its number in its flow */
    uint32_t next;           /* the flow's next operation, if there is one */
    uint8_t status;          /* enum fab_completion */
    bool done;               /* may be completed once it is first in the ring */
    bool again;              /* READ, ATOMIC: the request is to be sent again, for the answer's sake */
};

/* All that queue q sends to one peer. */
struct fab_flow {
    uint32_t epoch; /* 0: none */
    uint32_t self;  /* incarnation of the peer's queue, 0: not known yet */
    uint32_t next_psn, acked;
    uint32_t credit, credited; /* messages that may be sent, that were begun */
    uint32_t messages;
    uint32_t first, last, n_ops;  /* operations, linked by fab_work.next */
    uint32_t resend, resend_op;   /* while the bit in fab_queue.resend is set: next psn to send again */
    uint32_t resume;              /* this psn carries FAB_W_RESUME, if has_resume */
    uint32_t probe_no, probe_psn; /* the last probe, next_psn at its time */
    uint8_t reads;                /* begun and not done */
    uint8_t atomics;              /* begun, from the first operation on that is not done */
    bool has_resume, probe_open, hello, credit_wait, stalled, read_gap, no_queue;
    bool probe_credit; /* of the probe that is to be sent */
    unsigned tries;
    vtime_t deadline; /* while the bit in fab_queue.timing is set */
};

struct fab_read_due {
    uint32_t psn, offset, total, key;
    uint64_t remote;
};

/* All that one peer sends to queue q. */
struct fab_rx {
    uint32_t epoch; /* 0: never heard of */
    uint32_t expected;
    uint32_t granted, taken; /* credits in this epoch: given, and used up */
    vtime_t granted_ps;      /* of the last change: old unused ones may be taken back */
    uint32_t unacked;        /* messages' packets since the last acknowledgement */
    uint32_t probe_no;
    uint32_t alien_epoch; /* of a request that was not for this incarnation */
    uint8_t alien_nak;
    uint8_t nak;  /* 0, or with the next answer: SEQUENCE, NO_CREDIT */
    uint8_t halt; /* 0, or REMOTE, LENGTH: nothing is accepted but a packet that knows of it */
    bool gap;     /* what is missing was asked for */
    bool probed;
    /* The message under way. */
    bool in_message, has_buffer, poison;
    uint8_t type, flags, status;
    uint16_t index;
    uint32_t message; /* its number, for traces */
    uint32_t offset, total, imm, buffer_len;
    uint64_t cookie;
    struct fab_buffer buf;
    /* One-sided requests that were accepted and may have to be answered (again). */
    struct fab_read_due read[FAB_READS];
    unsigned n_reads;
    struct {
        uint32_t psn;
        uint64_t old;
    } atomic[FAB_ATOMICS];
    uint32_t n_atomics;  /* in this epoch; the last FAB_ATOMICS are kept */
    uint32_t atomic_due; /* bit: slot of atomic[] */
};

enum fab_queue_state { FAB_Q_ABSENT, FAB_Q_SET_UP, FAB_Q_STOPPED };

struct fab_queue {
    uint8_t state;
    uint8_t fail; /* enum fab_error: to be stopped at the end of this call */
    uint8_t error;
    unsigned no;
    uint32_t self;
    uint64_t send_ring, recv_ring, done_ring, status;
    uint32_t send_size, recv_size, done_size;
    uint16_t send_tail, recv_tail, recv_taken, done_tail, done_head;
    uint32_t taken, head; /* send descriptors; their low 16 bits are ring indices */
    /* Interrupts. count and delay outlive the queue. */
    bool armed;
    uint32_t mod_count, held;
    vtime_t mod_delay_ps, hold_ps; /* hold_ps: when a held back interrupt is due at the latest */
    /* Entries of the completion ring that are spoken for. */
    uint32_t granted, receiving;
    /* One bit per peer. */
    uint64_t resend, again, probe, timing; /* as sender */
    uint64_t ack, alien, atomic, read;     /* as receiver: answers due */
    uint64_t want;                         /* peers that wait for a credit */
    unsigned resend_turn, answer_turn, want_turn;
    struct fab_work *op;   /* [FAB_TAKEN] */
    struct fab_flow *flow; /* [n_nodes] */
    struct fab_rx *rx;     /* [n_nodes] */
};

struct fab_region {
    bool set;
    uint16_t access;
    uint32_t key, shift;
    uint64_t list, start,
        length; /* list 0: contiguous at start; else start is the offset in the first page */
};

struct fab {
    struct fab_config cfg;
    struct fab_ops ops;
    void *ctx;
    /* Registers. */
    uint32_t control, cause, mask, qerror, admin_status;
    uint64_t admin;
    uint32_t admin_low, event_low, time_high;
    bool up; /* enabled and trained */
    uint32_t tries;
    vtime_t timeout_ps;
    uint32_t last_number;
    /* Pacing. */
    vtime_t line_free_ps, next_emit_ps;
    unsigned send_turn, answer_turn;
    uint32_t window, ack_every; /* packets */
    /* One bit per queue. */
    uint32_t ready;               /* may have something to send */
    uint32_t answers;             /* has an answer due */
    uint32_t dirty;               /* status to be written, or to be stopped */
    uint32_t holding;             /* an interrupt is held back */
    uint32_t irq;                 /* vectors to be raised */
    vtime_t timeout_bound_ps;     /* no flow's deadline is earlier */
    vtime_t timer_ps;             /* asked for */
    uint8_t input[FAB_MAX_INPUT]; /* a ring */
    uint32_t input_in, input_out;
    struct fab_counters count;
    struct fab_region region[FAB_MAX_REGIONS];
    struct fab_queue queue[FAB_QUEUES];
    struct fab_rx loose; /* a datagram */
    /* For traces: whose message the accesses to guest memory are for now (fab_trace_for). */
    uint32_t for_node, for_queue, for_epoch, for_message;
    uint8_t scratch[FAB_MAX_EVENT];
    uint8_t packet[FAB_HEADER_BYTES + FAB_MAX_MTU]; /* last: a sanitizer sees what goes beyond it */
};

static inline vtime_t fab_now(const struct fab *f)
{
    return f->ops.now_ps(f->ctx);
}

/* a is later than b, for numbers that wrap around. */
static inline bool fab_after(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

static inline uint64_t fab_bit(unsigned n)
{
    return UINT64_C(1) << n;
}

/* The first bit set in mask at or after `turn`, around 64. mask is not 0. */
static inline unsigned fab_turn(uint64_t mask, unsigned turn)
{
    uint64_t later = mask & ~(fab_bit(turn & 63) - 1);
    return (unsigned)__builtin_ctzll(later ? later : mask);
}

static inline struct fab_work *fab_op(struct fab_queue *q, uint32_t seq)
{
    return &q->op[seq % FAB_TAKEN];
}

static inline bool fab_takes_buffer(unsigned op)
{
    return op == FAB_OP_SEND || op == FAB_OP_WRITE_IMM;
}

/* Waits for an answer of its own, not only for an acknowledgement. */
static inline bool fab_has_answer(unsigned op)
{
    return op == FAB_OP_READ || op == FAB_OP_CAS || op == FAB_OP_FETCH_ADD;
}

/* fabric.c */
void fab_settle(struct fab *f);
/* Emits f->packet: its header is *w, its payload (in place already) payload bytes. */
void fab_put(struct fab *f, const struct fab_wire *w, size_t payload);
/* A number that has never been used by this device, never 0, growing with time. */
uint32_t fab_number(struct fab *f);
void fab_disable(struct fab *f); /* all queues end */
void fab_reset(struct fab *f);   /* as after power-on */

/* fabric_trace.c */
/* Guest memory, as fab_ops.dma_*; traced. (Whether an address is RAM at all is tried without.) */
bool fab_dma_read(struct fab *f, uint64_t address, void *to, size_t len);
bool fab_dma_write(struct fab *f, uint64_t address, const void *from, size_t len);
/* What follows is for this message, which `node` has sent; for none. */
void fab_trace_for(struct fab *f, unsigned node, unsigned queue, uint32_t epoch, uint32_t message);
void fab_trace_for_none(struct fab *f);
void fab_trace_doorbell(struct fab *f, unsigned kind, unsigned queue, uint16_t index);
/* A descriptor (seq: its place in its ring) has become a message. */
void fab_trace_message(struct fab *f, const struct fab_queue *q, const struct fab_work *op, uint32_t seq);
/* c is about to be written to q->done_tail. */
void fab_trace_completion(struct fab *f, const struct fab_queue *q, const struct fab_cqe *c, uint32_t epoch,
                          uint32_t message);
void fab_trace_interrupt(struct fab *f, unsigned vector);

/* fabric_admin.c: executes the command at f->admin. */
enum fab_error fab_admin(struct fab *f);

/* fabric_queue.c */
enum fab_error fab_queue_setup(struct fab *f, const struct fab_admin *a);
enum fab_error fab_queue_destroy(struct fab *f, unsigned no);
void fab_queue_wipe(struct fab *f, struct fab_queue *q); /* as never set up */
void fab_doorbell(struct fab *f, uint32_t value);
/* The queue will be stopped at the end of this call; until then nothing more is to be done for it. */
void fab_queue_fail(struct fab *f, struct fab_queue *q, enum fab_error error);
/* The deferred part of it. */
void fab_queue_stop(struct fab *f, struct fab_queue *q);
static inline bool fab_queue_usable(const struct fab_queue *q)
{
    return q->state == FAB_Q_SET_UP && !q->fail;
}

/* fabric_ring.c */
/* Entries of the completion ring that nobody has spoken for. */
uint32_t fab_ring_room(const struct fab_queue *q);
uint32_t fab_ring_room_send(const struct fab_queue *q); /* of these, for send descriptors */
uint32_t fab_ring_room_recv(const struct fab_queue *q); /* for receive buffers */
/* Completes what is done at the head of the send ring. */
void fab_ring_complete_sends(struct fab *f, struct fab_queue *q);
void fab_ring_complete_recv(struct fab *f, struct fab_queue *q, unsigned src, const struct fab_rx *m);
/* Reads a send descriptor. False: the ring is not in RAM; the queue fails. */
bool fab_ring_take_send(struct fab *f, struct fab_queue *q, struct fab_send *d);
/* Takes the next receive buffer into m: cookie, index, buf, buffer_len, status. False as above. */
bool fab_ring_take_recv(struct fab *f, struct fab_queue *q, struct fab_rx *m);
void fab_ring_write_status(struct fab *f, struct fab_queue *q);
/* Reads a buffer's list. FAB_C_OK, FAB_C_LOCAL or FAB_C_DESCRIPTOR. */
enum fab_completion fab_buffer_load(struct fab *f, struct fab_buffer *b, uint64_t addr, uint32_t n_sge,
                                    uint32_t len);
/* The ends of each piece are in RAM (the middle shows when it is used). */
bool fab_buffer_plausible(struct fab *f, const struct fab_buffer *b);
/* Copies len bytes at offset, which lie within the buffer. False: not in RAM. */
bool fab_buffer_read(struct fab *f, const struct fab_buffer *b, uint32_t offset, void *to, uint32_t len);
bool fab_buffer_write(struct fab *f, const struct fab_buffer *b, uint32_t offset, const void *from,
                      uint32_t len);

/* fabric_payload.c */
/* dma_read or dma_write of a piece of a message; a bit may flip (ops.flip). data is not changed if it is
 * written. */
bool fab_payload(struct fab *f, uint64_t address, uint8_t *data, size_t len, bool write);
/* What the guest is told of something that has the status FAB_C_OK: that, unless a fault wants otherwise. */
uint8_t fab_outcome(struct fab *f, const struct fab_queue *q, uint8_t status, bool recv);

/* fabric_irq.c */
void fab_irq_completion(struct fab *f, struct fab_queue *q); /* one was written */
void fab_irq_arm(struct fab *f, struct fab_queue *q);        /* DONE_ARM, done_head is set */
void fab_irq_release(struct fab *f, struct fab_queue *q);    /* raises what is held back */
void fab_irq_timer(struct fab *f);                           /* what was held back long enough */
vtime_t fab_irq_deadline(const struct fab *f);
void fab_cause(struct fab *f, uint32_t bits);
void fab_mask(struct fab *f, uint32_t mask);

/* fabric_region.c */
enum fab_error fab_region_set(struct fab *f, const struct fab_admin *a);
enum fab_error fab_region_clear(struct fab *f, uint32_t key);
/* The region with this key, if len bytes at offset lie in it and it allows the access. NULL: refused. */
const struct fab_region *fab_region_find(struct fab *f, uint32_t key, unsigned access, uint64_t offset,
                                         uint64_t len);
bool fab_region_read(struct fab *f, const struct fab_region *r, uint64_t offset, void *to, uint32_t len);
bool fab_region_write(struct fab *f, const struct fab_region *r, uint64_t offset, const void *from,
                      uint32_t len);
/* Guest address of the 8 bytes at offset, which must be aligned. False: it is not, or has none. */
bool fab_region_word(struct fab *f, const struct fab_region *r, uint64_t offset, uint64_t *address);

/* fabric_send.c: emits one packet of the queue's. False: nothing can be sent now; its bit in f->ready is
 * cleared until something happens. */
bool fab_send_one(struct fab *f, struct fab_queue *q);

/* fabric_take.c: takes descriptors until one can be sent. False: there is none, or no place for it. */
bool fab_take(struct fab *f, struct fab_queue *q);

/* fabric_timeout.c */
/* A probe to this peer, as soon as the line is free. */
void fab_flow_probe(struct fab *f, struct fab_queue *q, unsigned peer, bool credit);
/* The flow's clock runs from now on, if it does not yet. */
void fab_flow_clock(struct fab *f, struct fab_queue *q, unsigned peer);
/* It starts afresh, or stops if nothing is under way. */
void fab_flow_restart(struct fab *f, struct fab_queue *q, unsigned peer);
void fab_flow_timer(struct fab *f);

/* fabric_flow.c */
/* The epoch is over. What has been sent (or everything) ends with this status; what has not begins anew. */
void fab_flow_fail(struct fab *f, struct fab_queue *q, unsigned peer, enum fab_completion status, bool all);
/* An operation was taken for this peer. */
void fab_flow_append(struct fab_queue *q, uint32_t seq);
/* done: the operation's outcome is known. */
void fab_flow_done(struct fab_queue *q, struct fab_work *op, enum fab_completion status);
struct fab_work *fab_flow_find(struct fab_queue *q, const struct fab_flow *fl, uint32_t psn, uint32_t *seq);
void fab_flow_answer(struct fab *f, const struct fab_wire *w, const uint8_t *payload, uint32_t len);

/* fabric_onesided.c: requests in sequence. False: refused. */
bool fab_target_write(struct fab *f, const struct fab_wire *w, const uint8_t *payload, uint32_t len);
bool fab_target_read(struct fab *f, struct fab_queue *q, const struct fab_wire *w);
bool fab_target_atomic(struct fab *f, struct fab_queue *q, const struct fab_wire *w, const uint8_t *payload);
/* Requests that were seen before. */
void fab_target_again(struct fab *f, struct fab_queue *q, const struct fab_wire *w);
/* Answers, at the initiator: of the operation they belong to. */
void fab_initiator_data(struct fab *f, struct fab_queue *q, const struct fab_wire *w, const uint8_t *payload,
                        uint32_t len);
void fab_initiator_old(struct fab *f, struct fab_queue *q, const struct fab_wire *w, const uint8_t *payload,
                       uint32_t len);

/* fabric_receive.c */
void fab_request(struct fab *f, const struct fab_wire *w, const uint8_t *payload, uint32_t len);
/* Forgets what a peer sent before; a message under way ends. */
void fab_rx_reset(struct fab *f, struct fab_queue *q, unsigned src);

/* fabric_credit.c */
void fab_credit_renew(struct fab *f, struct fab_queue *q, unsigned src);  /* before an answer */
void fab_credit_return(struct fab_queue *q, struct fab_rx *rx);           /* all unused ones */
void fab_credit_used(struct fab *f, struct fab_queue *q, unsigned src);   /* a message has begun */
void fab_credit_serve(struct fab *f, struct fab_queue *q);                /* buffers or entries came */
void fab_credit_wanted(struct fab *f, struct fab_queue *q, unsigned src); /* a probe asks */
static inline bool fab_credit_left(const struct fab_rx *rx)
{
    return rx->granted != rx->taken;
}

/* fabric_answer.c */
bool fab_answer_one(struct fab *f); /* emits the next answer. False: none is due */
void fab_answer_due(struct fab *f, struct fab_queue *q, uint64_t *mask, unsigned src);

#endif
