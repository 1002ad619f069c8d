/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fault_plan.h - a scenario's faults as those want them who carry them out: the interconnect model, and the
 * halves in QEMU.
 *
 *   scn_fault (names, asterisks)  -->  ic_fault_cfg   link actions, and triggers of node actions
 *                                 -->  port_fault     node actions, one for each node
 *
 * A link action becomes one fault of the model. A partition becomes one for each set that loses something:
 * what comes from the other sets is lost on the last link of a node of this set, where it is known for sure
 * whom a frame reaches, broadcasts too. A node action that starts with a packet is watched for by a fault of
 * the model that does nothing else.
 *
 * A fault's random numbers: a stream seeded by (scenario's seed, fault's name), so that they do not depend on
 * which other faults there are. On several nodes each has a stream of its own.
 */
#ifndef COB_FAULT_PLAN_H
#define COB_FAULT_PLAN_H

#include "devices/port/port.h"
#include "sim/netlist.h"

/* What is done to one node. */
struct fault_for_node {
    unsigned fault; /* index into the scenario's */
    unsigned node;
    bool triggered; /* at_ps is not known before */
    vtime_t at_ps;
    vtime_t for_ps;         /* VTIME_NEVER: to the end */
    struct port_fault what; /* until_ps: see fault_begin() */
};

struct fault_plan {
    unsigned n_ic; /* faults of the model */
    struct ic_fault_cfg *ic;
    struct fault_origin {
        unsigned fault; /* index into the scenario's */
        bool first;     /* of several that stem from the same one: its beginning and end are the fault's */
        unsigned link, end; /* one that it acts on; 0, 0: none */
    } * origin;             /* [n_ic] */
    unsigned n_nodes;
    struct fault_for_node *nodes; /* in order of (fault, node) */
    struct fault_memory *memory;
};

/* The caller frees; the plan refers to the scenario, which must outlive it, but not to the netlist. */
struct fault_plan *fault_plan_new(const struct scenario *s, const struct netlist *net);
void fault_plan_free(struct fault_plan *p); /* NULL is allowed */

/* The record that begins this at a time: what goes into the down ring, to be followed by the port_fault. */
struct port_record fault_begin(const struct fault_for_node *f, vtime_t at, struct port_fault *what);

#endif
