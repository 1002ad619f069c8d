/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_node.h - a guest without QEMU: a small deterministic program, and the body that runs it in lock step.
 *
 * The program (fake_node.c) runs blocks of 1..512 ns. At a block's end it may send frames, arm timers, halt
 * until a timer or a frame wakes it, or end. A frame at an exact time changes what it does from then on and
 * may be answered later. It sees nothing but virtual time, its own random stream and its frames, so where its
 * blocks are cut and when it blocks must not show. Two frames at the same nanosecond change it the same way
 * in either order, because only deliveries on different interfaces can coincide and no promise is made about
 * their order. In one nanosecond the order is: end of a block, then timers, then frames.
 *
 * The body (fake_body.c) keeps the rules of devices/qemu/gate.c and nic.c: it publishes what its next block
 * needs, lowers its own grant when it sends, leaves a block into which a delivery falls, cuts a block only at
 * an armed timer, and idles with a deadline. The naive reference (naive.c) runs the same program without any
 * of them.
 */
#ifndef COB_FAKE_NODE_H
#define COB_FAKE_NODE_H

#include "devices/port/port.h"
#include <stdio.h>

enum {
    FAKE_NODES = 8,
    FAKE_NICS = 3,
    FAKE_TIMERS = 128,
    FAKE_EVENTS = 32768,
    FAKE_MIN_LEN = 24,
    FAKE_MAX_LEN = 9018
};

enum fake_kind { FAKE_BLOCK_END, FAKE_TIMER, FAKE_SENT, FAKE_RECEIVED, FAKE_END };

struct fake_event {
    int64_t at_ns;
    uint32_t kind, nic;
    uint64_t hash; /* of the state or of the frame */
};

/* What a node did. Lives in memory shared with the process that compares. */
struct fake_log {
    uint32_t n;
    struct fake_event event[FAKE_EVENTS];
};

struct fake_timer {
    int64_t at_ns;
    uint64_t key; /* decides the order at equal times */
    enum { FAKE_WAKE, FAKE_TICK, FAKE_REPLY } what;
    uint8_t nic, to_node, to_nic, hops;
};

/* How a node behaves; chances are of 256. */
struct fake_profile {
    uint32_t longest_block_ns, longest_sleep_ns, shortest_len, longest_len;
    uint8_t send, halt, tick, end, no_wake;
};

struct fake {
    unsigned index, n_nics, n_nodes;
    struct fake_profile profile;
    uint64_t stream, heard;  /* the random stream; the sum of all frames received */
    int64_t now_ns, left_ns; /* left_ns: of the current block; 0: the next block is not chosen */
    bool idle, ended;
    struct fake_timer timer[FAKE_TIMERS]; /* by (at_ns, key) */
    unsigned n_timers;
    struct fake_log *log;
    void (*send)(struct fake *f, unsigned nic, const uint8_t *data, uint32_t len);
    void *ctx;
};

uint64_t fake_hash(uint64_t x); /* the generator of all random numbers here */
/* Starts at 0 with a block. send, ctx and log are the caller's to set. */
void fake_start(struct fake *f, uint64_t seed, unsigned index, unsigned n_nodes, unsigned n_nics);
/* Length of the current block, or of the one that would begin now. Changes nothing. */
int64_t fake_rest_ns(const struct fake *f);
/* Executes n ns, 1 <= n <= fake_rest_ns(); what happens at the block's end happens here. */
void fake_execute(struct fake *f, int64_t n);
/* Fires the timers that are due. */
void fake_timers(struct fake *f);
int64_t fake_next_timer_ns(const struct fake *f); /* INT64_MAX: none */
void fake_receive(struct fake *f, unsigned nic, const uint8_t *data, uint32_t len);
/* Equal events in a fixed order, for comparing. */
void fake_log_sort(struct fake_log *log);

/* ---- the body (fake_body.c) ---- */

struct fake_frame {
    int64_t at_ns;
    vtime_t at_ps;
    uint64_t id;
    uint32_t len;
    uint16_t nic;
    uint8_t *data;
};

struct fake_body {
    struct fake f;
    struct port_shared *port;
    struct port_node *slot;
    int64_t grant_ns;
    bool cut;
    struct fake_frame *queue; /* by time */
    size_t n_queue, room_queue;
    uint64_t ids;                           /* sum over (frame id, time, node) of what was received */
    void (*wait_room)(struct fake_body *b); /* up ring full, slot->drain is set */
    void *ctx;
};

/* A broken promise: says which and aborts the process (each run has one of its own). */
_Noreturn void fake_broken(const struct fake_body *b, const char *what, int64_t a_ns, int64_t b_ns);
void fake_body_init(struct fake_body *b, struct port_shared *port, unsigned index);
void fake_body_free(struct fake_body *b);
/* Runs until the node has to meet: its slot is filled in, the caller makes it meet in the returned state. */
enum port_state fake_body_run(struct fake_body *b);
/* It was released: takes the grant and the deliveries. */
void fake_body_resume(struct fake_body *b);

#endif
