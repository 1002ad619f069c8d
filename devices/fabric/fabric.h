/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric.h - the fabric adapter's device: a state machine with no knowledge of QEMU, the port or the host. It
 * is driven by register accesses, packets and a timer, and acts through the operations its owner gives it, so
 * that the same code runs inside QEMU (devices/qemu/adapter.c), in unit tests and under the fuzzer.
 *
 *      guest --fab_read/fab_write--> device --emit--> fabric --fab_receive--> device --dma_write,
 * interrupt--> guest
 *
 * Time is virtual: every call happens at ops->now_ps(); nothing is remembered of any other clock. The device
 * asks for one timer (ops->timer), replaced by each call, and wants fab_timer() to be called at that time or,
 * if that is not a whole nanosecond, at the next one.
 *
 * What a guest or a peer does wrong never goes further than an error code, a cause bit or a counter. No input
 * may make the device read or write anything but through ops->dma_*, loop for longer than its rings allow in
 * one call, or allocate without bound.
 *
 * Threads: none of this is thread-safe; one thread owns a device. Nothing blocks. Operations must not call
 * back into the device.
 */
#ifndef COB_FABRIC_H
#define COB_FABRIC_H

#include "devices/port/vtime.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fab;
struct fab_trace; /* fabric_trace.h */

struct fab_ops {
    vtime_t (*now_ps)(void *ctx);
    /* Guest memory. False (and nothing done, nothing half done) unless all of it is RAM. len is at most 64
     * KiB. */
    bool (*dma_read)(void *ctx, uint64_t address, void *to, size_t len);
    bool (*dma_write)(void *ctx, uint64_t address, const void *from, size_t len);
    /* Raises an MSI-X vector, 0..FAB_VECTORS-1. */
    void (*interrupt)(void *ctx, unsigned vector);
    /* Puts a packet (struct fab_wire and payload) into the fabric now. Only called while the link is up. */
    void (*emit)(void *ctx, const void *packet, size_t len);
    /* fab_timer() is wanted at this time (not in the past), VTIME_NEVER: not at all. */
    void (*timer)(void *ctx, vtime_t at_ps);
    /* Begins to train the link, if it has not been begun. */
    void (*train)(void *ctx);
    /* When the link is, or will be, up; VTIME_NEVER: nobody has begun. May become earlier until it has come.
     */
    vtime_t (*link_up_ps)(void *ctx);
    /* A record of the event port, checked: len bytes, struct fab_event first. */
    void (*event)(void *ctx, const void *record, size_t len);
    /* The result port: the guest's exit status, 0..255. The owner ends the guest at its next instruction. */
    void (*result)(void *ctx, int status);
    /*
     * Faults, asked for by the owner; both may be NULL: none. (A lost or late interrupt is the owner's own
     * affair.)
     *
     * A piece of a message, len > 0 bytes, was read from guest memory or (write) is written to it at this
     * address, in one call of dma_read or dma_write: the number of the bit that flips on the way (bit i of
     * byte n is 8 * n
     * + i), or -1. Not asked for descriptors, lists, completions, status and commands, nor for the word of an
     * atomic.
     */
    int64_t (*flip)(void *ctx, uint64_t address, size_t len, bool write);
    /*
     * An operation (recv: a receive buffer) of this queue is about to complete with FAB_C_OK: the status that
     * the guest is told instead, or FAB_C_OK. What has been transferred has been transferred, and the queue
     * goes on.
     */
    unsigned (*completion)(void *ctx, unsigned queue, bool recv);
    /* What the device has just done, kind: enum fab_trace_kind. NULL: nobody wants to know. */
    void (*trace)(void *ctx, unsigned kind, const struct fab_trace *t);
};

struct fab_config {
    unsigned node, n_nodes; /* node < n_nodes <= 64 */
    uint32_t mtu_bytes;     /* payload of a full packet, 256..16384 */
    uint64_t rate_bps;      /* of the link, for pacing */
    uint32_t framing_bytes; /* the link's, per packet, for pacing */
};

/* A device as after power-on. NULL if out of memory. ops and cfg are copied; ctx is the operations' first
 * argument. */
struct fab *fab_create(const struct fab_config *cfg, const struct fab_ops *ops, void *ctx);
void fab_destroy(struct fab *f); /* NULL is allowed */

/* The guest reads or writes 4 or 8 bytes at an offset of BAR 0, 0x10 and up, aligned to its size. */
uint64_t fab_read(struct fab *f, uint32_t offset, unsigned size);
void fab_write(struct fab *f, uint32_t offset, uint64_t value, unsigned size);

/* The last bit of a packet has arrived and passed the receive pipeline. Any bytes at all are allowed. */
void fab_receive(struct fab *f, const void *packet, size_t len);
/* Bytes typed at the console; those that the input port has no room for are lost. */
void fab_input(struct fab *f, const uint8_t *text, size_t len);
/* The time asked for by ops->timer has come. Calling it at other times is harmless. */
void fab_timer(struct fab *f);
/* ops->link_up_ps() may give another answer than before. */
void fab_link(struct fab *f);

/* For the owner's statistics and tests: the device's counters now (struct fab_counters of fabric_abi.h). */
struct fab_counters;
void fab_get_counters(const struct fab *f, struct fab_counters *out);
/* True if nothing is under way: no descriptor taken, no packet to send or unacknowledged, no answer due. */
bool fab_quiet(const struct fab *f);

#endif
