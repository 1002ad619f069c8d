/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kind_parts.h - what the frames of a run are called, packet by packet: by a kind of the scenario, or as a
 * later part of a message whose first packet was of a kind.
 *
 * The bytes that tell a kind stand in the first packet of a message. The others have its number: the sender's
 * queue, the receiver, the epoch and the message say which one they belong to (fabric_wire.h). So they can be
 * named as long as the first one was seen before them, as sent: give the packets in the order of their
 * emission. One-sided operations and datagrams have no later parts with such a number, or none at all.
 */
#ifndef COB_KIND_PARTS_H
#define COB_KIND_PARTS_H

#include "sim/scenario.h"

struct kind_parts;

/* s is borrowed. Never NULL. */
struct kind_parts *kind_parts_new(const struct scenario *s);
void kind_parts_free(struct kind_parts *p); /* NULL is allowed */
/*
 * Which name these bytes have, an index into kind_parts_name(); -1: none. adapter: it is a packet of a fabric
 * adapter, not an Ethernet frame.
 */
int kind_parts_of(struct kind_parts *p, const uint8_t *bytes, uint32_t len, bool adapter);
/* Names: those of the kinds, then (from n_kinds on) the same with a plus sign, for later parts. */
unsigned kind_parts_names(const struct kind_parts *p);               /* how many */
const char *kind_parts_name(const struct kind_parts *p, unsigned i); /* good until p is freed */

#endif
