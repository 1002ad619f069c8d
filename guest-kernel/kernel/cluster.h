/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cluster.h - this node among the others: the environment of the portable core (guest-kernel/core).
 *
 *   cluster.c         messages over the adapter, membership, the end of the node
 *   cluster_send.c    what the adapter cannot take at once
 *   cluster_memory.c  memory that all nodes share
 *
 * The core is entered from system calls and faults, where interrupts are off, and from interrupts, which come
 * in user mode and while idle only: so one at a time.
 */
#ifndef KERNEL_CLUSTER_H
#define KERNEL_CLUSTER_H

#include "guest-kernel/core/msg.h"
#include "guest-kernel/core/page.h"

/* ---- cluster.c ---- */

/* If the command line says cluster=on: waits until every node knows every other. */
void cluster_init(void);
/* When cluster_poll() wants to be called, by arch_time_ns(). */
uint64_t cluster_due(void);
/* Does what is due. From the timer's interrupt. */
void cluster_poll(void);
/*
 * The first program of this node has ended. True: the node goes on for the others, whose pages it may have,
 * and ends with this status when all have come so far or are dead. False: there is no cluster.
 */
bool cluster_end(int status);
/* A message to that node cannot be delivered: it counts as dead from the next cluster_poll() on. */
void cluster_failed(unsigned node);

/* ---- cluster_send.c ---- */

/* Whether the command line wants datagrams, which may hold so many bytes; panics if packets are too small. */
bool cluster_datagrams(size_t largest);
/* Sets the queues up, or panics. receive() gets every message. */
void cluster_send_init(void (*receive)(unsigned q, unsigned peer, const void *data, size_t bytes));
/* The environment's send(). */
void cluster_send(void *ctx, unsigned to, const struct msg *m, const void *data, size_t bytes);
/* True: everything that was handed to cluster_send() has arrived (datagrams: is on the link), or its receiver
 * is dead. */
bool cluster_sent(void);

/* ---- cluster_memory.c ---- */

#define SHARED_BEGIN UINT64_C(0x10000000000) /* 1 TiB */
enum { SHARED_BYTES = 16 << 20 };

enum { CLUSTER_EVENT_SENT = 0x22 }; /* event port: a page's message goes out; see cluster_memory.c */

void shared_init(const struct core_env *env, struct msg_layer *layer);
bool shared_here(uintptr_t at);
/*
 * The frame of the shared page at this address, with the right to do that (PROT_READ, PROT_WRITE), which may
 * be gone when the caller waits for anything. Waits for other nodes. NULL: *status says why, CORE_ECLOSED if
 * the process is ending.
 */
void *shared_page(uintptr_t at, unsigned prot, int *status);
void shared_message(unsigned from, unsigned type, const void *data, size_t bytes);
void shared_dead(unsigned node);
void shared_poll(void);

#endif
