/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fault_run.h - the faults of a run under way: the engine's part of them.
 *
 *   scheduled      link actions: the model knows their times. Node actions: a record in the node's down ring,
 *                  written before the run starts
 *   triggered      the model sees the packet; link actions begin there. Node actions: fault_run_triggered()
 *   what happened  events of the model, and records from the nodes, become trace events and are counted
 *
 * Used under the engine's lock, or before its threads run.
 */
#ifndef COB_FAULT_RUN_H
#define COB_FAULT_RUN_H

#include "interconnect-model/interconnect.h"
#include "sim/fault_plan.h"
#include "tracing/tracing.h"

struct fault_run;

/* Is given each record for the down ring of a node. */
typedef void fault_send(void *ctx, unsigned node, const struct port_record *rec,
                        const struct port_fault *what);

/* The caller frees. The scenario must outlive it. */
struct fault_run *fault_run_new(const struct scenario *s, const struct netlist *net);
void fault_run_free(struct fault_run *r); /* NULL is allowed */
/* Gives the model's faults to its configuration; they stay r's. */
void fault_run_config(const struct fault_run *r, struct ic_config *cfg);
/* Sends what is scheduled for nodes. */
void fault_run_start(const struct fault_run *r, fault_send *send, void *ctx);
/* A machine is switched on again at this time: it has forgotten what is scheduled for later. */
void fault_run_restarted(const struct fault_run *r, unsigned node, vtime_t at, fault_send *send, void *ctx);
/*
 * ic_ops.triggered: fault `ic_fault` of the model was set off at `at`. It reaches a node as soon as anything
 * of the fabric's could: at `at` and the least egress of its interfaces, up to where no grant has ever
 * reached.
 */
void fault_run_triggered(const struct fault_run *r, const struct port_shared *port, unsigned ic_fault,
                         vtime_t at, fault_send *send, void *ctx);
/* Something has become of a fault of links. */
struct fault_news {
    unsigned fault; /* index into the scenario's */
    enum port_fault_phase phase;
    unsigned link, end; /* where */
};
/* An event of the model, IC_EV_FAULT. tr may be NULL. False: only the model distinguishes it from one that
 * has been told. */
bool fault_run_fabric(struct fault_run *r, struct tracing *tr, const struct ic_event *ev,
                      struct fault_news *news);
/* A record from a node, PORT_REC_FAULT. -1 if it makes no sense. tr may be NULL. */
int fault_run_node(struct fault_run *r, struct tracing *tr, unsigned node, const struct port_record *rec,
                   const void *data);
/* Whether such a record, which made sense, says that the machine was switched off: a crash or a restart. */
bool fault_run_switches_off(const struct fault_run *r, const struct port_record *rec);
/* How often fault `fault` of the scenario has acted: packets, interrupts, ..; on each node that it paused,
 * slowed down, crashed or restarted: once. */
uint64_t fault_run_hits(const struct fault_run *r, const struct ic *ic, unsigned fault);

#endif
