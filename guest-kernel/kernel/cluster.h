/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cluster.h - this node among the others: the environment of the portable core (guest-kernel/core).
 *
 *   cluster.c         messages over the adapter, membership, the end of the node
 *   cluster_send.c    what the adapter cannot take at once
 *
 * The core is entered from system calls and faults, where interrupts are off, and from interrupts, which come
 * in user mode and while idle only: so one at a time.
 */
#ifndef KERNEL_CLUSTER_H
#define KERNEL_CLUSTER_H

#include "guest-kernel/core/member.h"
#include "guest-kernel/core/msg.h"
#include "guest-kernel/core/msg_bulk.h"
#include "guest-kernel/core/page.h"

/* ---- cluster.c ---- */

/* If the command line says cluster=on: waits until every node knows every other. Else this node is alone. */
void cluster_init(void);
/* This node and all, as the cluster counts: 0 of 1 without one. */
unsigned cluster_self(void);
unsigned cluster_nodes(void);
bool cluster_alive(unsigned node);
/* When cluster_poll() wants to be called, by arch_time_ns(). */
uint64_t cluster_due(void);
/* Does what is due. From the timer's interrupt. */
void cluster_poll(void);
/*
 * This node has no work of its own (left). True: it goes on for the others, whose pages and threads it may
 * have, and ends with this status when all have come so far or are dead. False: there is no cluster.
 */
bool cluster_end(int status);
/* A message to that node cannot be delivered: it counts as dead from the next cluster_poll() on. */
void cluster_failed(unsigned node);
/* Messages: one way, an answer, a question (msg_request() without a deadline). */
void cluster_post(unsigned to, unsigned type, const void *data, size_t bytes);
/* The same of a message that ends with a page, which dsm_sending() and dsm_sent() say when to leave alone. */
void cluster_post_page(unsigned to, unsigned type, const struct page_wire *w, const void *frame);
void cluster_answer(unsigned to, uint32_t request, unsigned type, const void *data, size_t bytes);
int cluster_request(struct msg_call *c, uint64_t nodes, unsigned want, unsigned type, const void *data,
                    size_t bytes);
enum { CLUSTER_WRITE = 4032 }; /* bytes at most of a one-sided write: one packet, mostly */
/* Places of msg_bulk.h, in pages; bytes for one of a node that has asked and waits. */
int cluster_place_open(struct msg_place *p, unsigned peer, void *const *pages, size_t bytes);
void cluster_place_close(struct msg_place *p);
void cluster_write(unsigned to, const struct msg_bulk *place, size_t offset, const void *data, size_t bytes);
const struct msg_counts *cluster_counts(void);

/* ---- cluster_send.c ---- */

/* Whether the command line wants datagrams, which may hold so many bytes; panics if packets are too small. */
bool cluster_datagrams(size_t largest);
/* Sets the queues up, or panics. receive() gets every message. */
void cluster_send_init(void (*receive)(unsigned q, unsigned peer, const void *data, size_t bytes));
/* The data of a message with a page, for msg.h; good until the next call, and only once. */
const void *cluster_page(const struct page_wire *w, const void *frame);
/* The environment's send(). */
void cluster_send(void *ctx, unsigned to, const struct msg *m, const void *data, size_t bytes);
/* The environment's expose(), hide() and write(). */
int cluster_expose(void *ctx, uint32_t key, void *const *part, unsigned shift, size_t bytes);
void cluster_hide(void *ctx, uint32_t key);
void cluster_put(void *ctx, unsigned to, uint32_t key, uint32_t offset, const void *data, size_t bytes);
/* True: everything that was handed to cluster_send() has arrived (datagrams: is on the link), or its receiver
 * is dead. */
bool cluster_sent(void);

#endif
