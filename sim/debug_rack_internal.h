/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debug_rack_internal.h - what the files of the rack share, beside debug_rack.h; nobody else includes it.
 *
 *   debug_target.c    what gdb asks and orders
 *   debug_rack.c      how the rack comes to rest, and why
 *   debug_go.c        letting nodes go
 *   debug_where.c     where everybody is
 *   debug_mailbox.c   the mailbox; questions to a QEMU
 *
 * All of it is one state: which nodes are at rest, and why.
 */
#ifndef COB_DEBUG_RACK_INTERNAL_H
#define COB_DEBUG_RACK_INTERNAL_H

#include "sim/debug_rack.h"
#include <stdint.h>

/* ---- debug_mailbox.c ---- */

/* Host time, for how long to wait. */
int64_t rack_now_ms(void);
/* op and its arguments stand in the node's mailbox. 0, or -1: its QEMU refuses, or does not answer (said
 * once). */
int rack_ask(struct debug_rack *r, unsigned i, uint32_t op);
/* The run's port, once it is there. 0, or -1. */
int rack_map_port(struct debug_rack *r);
/* The node's QEMU is to look at what is in its mailbox, unless it has ended. */
void rack_look(struct debug_rack *r, unsigned i);

/* ---- debug_where.c ---- */

bool rack_dead(const struct debug_rack *r, unsigned i);
/* It waits for us in front of an instruction. */
bool rack_stopped(const struct debug_rack *r, unsigned i);
/* It does not move: stopped, dead, or meeting the others. */
bool rack_settled(const struct debug_rack *r, unsigned i);
bool rack_all_settled(const struct debug_rack *r);
/* It has stopped for a reason that nobody has looked at yet. */
bool rack_fresh(const struct debug_rack *r, unsigned i);
/* Nodes that wait to be told, earliest first; how many. */
unsigned rack_list_pending(const struct debug_rack *r, unsigned nodes[PORT_MAX_NODES]);
unsigned rack_earliest(const struct debug_rack *r);

/* ---- debug_go.c ---- */

/* Tells the node's QEMU the points that gdb has now. */
void rack_put_points(struct debug_rack *r, unsigned i);
uint64_t rack_standing(const struct debug_rack *r);
/* Bit i: node i goes on. */
void rack_release(struct debug_rack *r, uint64_t who);
/* Where the run is to come to a hold; see devices/port/debug.h for the two ways. */
void rack_set_hold(struct debug_rack *r, vtime_t hold_ps, unsigned node);
/* From now on the run looks for what was asked for. */
void rack_set_filter(struct debug_rack *r);

static inline vtime_t rack_whole_ns(vtime_t t)
{
    return (t + VTIME_NS - 1) / VTIME_NS * VTIME_NS;
}

static inline const struct description *rack_describe(const struct debug_rack *r, unsigned node)
{
    return r->describe[r->scn->nodes[node].arch];
}

#endif
