/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * adapter.h - a small driver for the fabric adapter (devices/fabric/fabric_abi.h): polling, one set of rings
 * of fixed size for each queue.
 *
 *   adapter_open(), adapter_up(), queue_setup(q)     then, in any order:
 *   *queue_next(q) = descriptor, queue_send(q)       at most RING - 1 are taken and not completed
 *   queue_receive(q, buffer, bytes, cookie)          the same
 *   while (queue_poll(q, &done)) ..                  one completion after the other
 *
 * The caller keeps count of what is under way; nothing is checked here.
 */
#ifndef ADAPTER_H
#define ADAPTER_H

#include "devices/fabric/fabric_abi.h"
#include "tests/guests/pci.h"

enum { RING = 64 };

struct adapter {
    uintptr_t bar;
    unsigned node, n_nodes;
    uint32_t mtu_bytes;
};
extern struct adapter adapter;

/* False, with a line on the console, if there is no adapter of this version. */
bool adapter_open(void);
/* Enables it and waits until its link is up. */
void adapter_up(void);
uint32_t adapter_get(unsigned reg);
void adapter_set(unsigned reg, uint32_t value);
/* Device time: virtual ns since the machine was switched on, the same clock on all nodes. */
uint64_t adapter_time_ns(void);
/* Executes an admin command. enum fab_error. */
unsigned adapter_admin(const struct fab_admin *command);
/* Registers contiguous memory for the peers. enum fab_error. */
unsigned adapter_region(uint32_t key, void *memory, uint64_t bytes, unsigned access);
struct fab_counters adapter_counters(void);
void adapter_result(int status);
/* The same, but only when the peers have certainly got the last of our acknowledgements. */
void adapter_leave(int status);
/* data follows the record's head: 248 bytes; more (up to 256) is a mistake that the device must see. */
void adapter_event(unsigned type, uint32_t arg, const void *data, unsigned bytes);

/* enum fab_error */
unsigned queue_setup(unsigned q);
/* The next free send descriptor, all zero. */
struct fab_send *queue_next(unsigned q);
void queue_send(unsigned q);
/* The same; the device's time goes to *stamp in the two instructions before the doorbell is rung. Returns it.
 */
uint64_t queue_send_stamped(unsigned q, uint64_t *stamp);
void queue_receive(unsigned q, void *buffer, uint32_t bytes, uint64_t cookie);
/* The next completion, if there is one. */
bool queue_poll(unsigned q, struct fab_cqe *done);
/* Raise the queue's vector at the next completion. */
void queue_arm(unsigned q);
/* The queue's error, enum fab_error. */
unsigned queue_error(unsigned q);

/* No libc; the compiler calls these by itself, too. */
void *memset(void *to, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);

/* ---- bytes that both sides can make from a key ---- */

uint64_t mix(uint64_t x);
/* buffer must be aligned to 8 */
void pattern_fill(void *buffer, uint32_t bytes, uint64_t key);
bool pattern_matches(const void *buffer, uint32_t bytes, uint64_t key);

/* ---- the programs (fabric.c) ---- */

void run_ping(const char *line);
void run_storm(const char *line);
void run_abuse(const char *line);
void run_patch(const char *line);
void run_numbers(const char *line);
void run_ports(const char *line);
void run_faults(const char *line);
void run_victim(const char *line);
void run_orders(const char *line);
void run_pages(const char *line);

/* "text: number\n", for people and tests */
void say(const char *text, uint64_t number);
/* Says what was wrong and ends the node's part with status 1. */
void fail(const char *what, uint64_t number);

#endif
