/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debug_run.h - the run's side of the debugger's mailbox (devices/port/debug.h): says how the run stands,
 * keeps the lists of messages and of faults, holds the engine where the debugger has asked for it, and leaves
 * out of the trace what it does not want. One per process.
 *
 * What becomes of faults is told by the engine in no order of time, so it is kept until nothing earlier can
 * come, and only then held against what the debugger waits for: the first that fits is the first in virtual
 * time.
 */
#ifndef COB_DEBUG_RUN_H
#define COB_DEBUG_RUN_H

#include "devices/port/debug.h"
#include "sim/engine.h"
#include "tracing/tracing.h"

struct debug_news; /* what has become of a fault */

struct debug_run {
    struct debug_shared *shared;
    struct debug_news *news; /* not considered yet */
    unsigned n_news, room_news;
    int bell;
    const char *path;            /* borrowed */
    struct tracing *tracing;     /* borrowed; NULL: the run has no trace */
    uint32_t gaps_serial;        /* of the gaps that it was told */
    struct engine_observer hook; /* for engine_config */
};

/* Opens the mailbox. 0, or -1 with the reason in why[size]. */
int debug_run_open(struct debug_run *d, const char *path, unsigned n_nodes, char *why, size_t size);
/* The engine exists, and the run's directory. tracing: NULL if no trace is written; borrowed. */
void debug_run_ready(struct debug_run *d, struct port_shared *port, const char *port_path,
                     const char *run_dir, struct tracing *tracing);
/* All guests have been started. */
void debug_run_under_way(struct debug_run *d);
/* The run is over; true as long as the debugger still wants to look at the guests. Waits at most timeout_ms.
 */
bool debug_run_linger(struct debug_run *d, int timeout_ms);
/* True if nobody wants this run any more. */
bool debug_run_abandoned(const struct debug_run *d);
void debug_run_close(struct debug_run *d);

#endif
