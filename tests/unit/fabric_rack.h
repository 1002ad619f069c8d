/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_rack.h - a rack of fabric adapters without guests: N devices, arrays as their memory, one queue of
 * events in virtual time, lines with an exact rate and delay, faults by seed, and a driver in miniature.
 *
 *   rack_new -> rack_up -> rack_queue (each node) -> rack_recv, rack_send -> rack_run -> rack_poll ->
 * rack_free
 *
 * A packet that a device emits waits for the node's line, takes its time on it, then the delay; order is kept
 * unless a fault says otherwise. Guest memory is RACK_RAM_BYTES from RACK_RAM on; nothing else is RAM.
 * must() is ck_assert() for what happens millions of times: Check notes each of its assertions in a file.
 */
#ifndef COB_FABRIC_RACK_H
#define COB_FABRIC_RACK_H

#include "devices/fabric/fabric.h"
#include "devices/fabric/fabric_abi.h"
#include "devices/fabric/fabric_wire.h"
#include <check.h>

#define must(c) ((c) ? (void)0 : ck_abort_msg("%s", #c))

enum { RACK_NODES = 64, RACK_RAM = 0x100000, RACK_RAM_BYTES = 16 << 20 };

struct rack_queue {
    uint64_t send, recv, done, status;
    uint32_t size[3];
    uint16_t send_tail, recv_tail, done_head;
};

struct rack_node {
    struct rack *rack;
    unsigned no;
    struct fab *fab;
    uint8_t *ram;
    uint64_t brk;                   /* next address rack_alloc() gives */
    vtime_t timer_ps;               /* rounded up to ns, as QEMU does */
    vtime_t line_free_ps;           /* the line's own account of it */
    vtime_t up_ps;                  /* VTIME_NEVER: not begun */
    vtime_t arrival_ps[RACK_NODES]; /* of the last packet to each node */
    uint64_t hole, hole_len;        /* a piece of RAM that is none */
    bool deaf;                      /* nothing arrives any more */
    unsigned interrupts[FAB_VECTORS];
    unsigned trained, timers;
    int result;
    uint8_t event[FAB_MAX_EVENT];
    size_t event_len;
    struct rack_queue q[FAB_QUEUES];
};

struct rack_event {
    vtime_t at_ps;
    uint64_t seq;
    unsigned to;
    size_t len;
    uint8_t *data;
};

struct rack {
    unsigned n;
    vtime_t now_ps, delay_ps, training_ps;
    uint64_t rate_bps;
    uint32_t framing, mtu;
    /* Faults, per mille of packets. */
    unsigned loss, duplicate, reorder;
    vtime_t jitter_ps; /* more delay, at random, in order: congestion */
    uint64_t random;
    bool (*filter)(struct rack *, const struct fab_wire *, size_t len); /* false: lost */
    void (*on_interrupt)(struct rack_node *, unsigned vector); /* may look at memory, not at the device */
    int64_t (*flip)(struct rack_node *, uint64_t address, size_t len, bool write); /* as fab_ops.flip */
    unsigned (*completion)(struct rack_node *, unsigned queue, bool recv);         /* as fab_ops.completion */
    uint64_t packets, lost, hash, seq;
    struct rack_event *heap;
    size_t n_events, room;
    struct rack_node node[RACK_NODES];
    void *user;
};

struct rack_config {
    unsigned n;
    uint32_t mtu, framing;
    uint64_t rate_bps;
    vtime_t delay_ps;
};
struct rack *rack_new(const struct rack_config *c); /* zeros: 2 nodes, 4096, 8, 100 Gbit/s, 500 ns */
void rack_free(struct rack *r);

/* Events until there is none at or before this time; the clock then stands there. */
void rack_until(struct rack *r, vtime_t at_ps);
/* Until all devices are quiet and no packet is on its way, or at_ps has come. Returns whether it is quiet. */
bool rack_settle(struct rack *r, vtime_t at_ps);
uint64_t rack_random(struct rack *r);

/* Memory. */
uint64_t rack_alloc(struct rack_node *n, uint64_t bytes); /* 64-byte aligned, zeroed */
void *rack_at(struct rack_node *n, uint64_t address, uint64_t bytes);

/* Driver. */
void rack_up(struct rack *r); /* enables all and waits for the links */
uint32_t rack_reg(struct rack_node *n, uint32_t offset);
void rack_set(struct rack_node *n, uint32_t offset, uint32_t value);
unsigned rack_admin(struct rack_node *n, const struct fab_admin *a); /* status */
unsigned rack_queue(struct rack_node *n, unsigned q, unsigned send, unsigned recv, unsigned done);
unsigned rack_queue_end(struct rack_node *n, unsigned q);
unsigned rack_region(struct rack_node *n, uint32_t key, unsigned access, uint64_t addr, uint64_t len);
void rack_put_send(struct rack_node *n, unsigned q, const struct fab_send *d); /* no doorbell */
void rack_put_recv(struct rack_node *n, unsigned q, const struct fab_recv *d);
void rack_send(struct rack_node *n, unsigned q, const struct fab_send *d); /* and doorbell */
void rack_recv(struct rack_node *n, unsigned q, uint64_t addr, uint32_t len, uint64_t cookie);
void rack_bell(struct rack_node *n, unsigned kind, unsigned q, uint16_t index);
/* The next completion, and tells the device that it was read. */
bool rack_poll(struct rack_node *n, unsigned q, struct fab_cqe *c);
const struct fab_status *rack_status(struct rack_node *n, unsigned q);
struct fab_counters rack_count(struct rack_node *n);

#endif
