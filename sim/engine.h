/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine.h - the engine of virtual time: joins the nodes' port, the fabric and the trace.
 *
 * Most rounds are decided by the nodes among themselves (devices/port). The engine is called when the fabric
 * has to be stepped or something was sent: it then drains all up rings, injects the frames in order of (time,
 * node, sequence), advances the fabric up to the horizon, fills the down rings, writes the trace, and
 * releases the nodes.
 *
 * Threads: one engine thread per core, pinned there, of which at most one works at a time (so that a node can
 * hand its own core over to the engine instead of waking another core). Everything declared here is called
 * from the main thread; it takes the engine's lock where it must.
 */
#ifndef COB_ENGINE_H
#define COB_ENGINE_H

#include "devices/port/port.h"
#include "interconnect-model/interconnect.h"
#include "sim/scenario.h"
#include "tracing/tracing.h"

struct coherence;
struct engine;

/*
 * Who wants to see the messages and to hold the rack: a debugger (debug_run.h). Called under the engine's
 * lock while all nodes are blocked (`fault` also while they run, if their rings are full). `fault`: it
 * begins, ends or hits, at this node or nearest to it; not in order of time. `release`: true if nodes may be
 * released now; `upto`: nothing before it will be told any more; `none`: there is nobody to release before
 * port_shared.hold_ps. After false, nothing moves until the engine is called again (port_core.call). `begin`:
 * a step of the engine begins; nothing was committed to the trace since the last release().
 */
struct engine_observer {
    void (*sent)(void *ctx, unsigned node, unsigned nic, vtime_t at, uint64_t id, uint32_t len);
    void (*received)(void *ctx, unsigned node, unsigned nic, vtime_t at, uint64_t id, uint32_t len);
    void (*dropped)(void *ctx, uint64_t id);
    void (*fault)(void *ctx, unsigned fault, enum port_fault_phase phase, unsigned node, vtime_t at);
    bool (*release)(void *ctx, vtime_t upto, bool none);
    void (*begin)(void *ctx);
    void *ctx;
};

/*
 * Who records what crosses the nodes' ports (record.h). Called under the engine's lock, in an order that is
 * the same in every run: up     the node emitted this. Frames and trainings come when they are injected, with
 * their id down   this was put into the node's down ring link   the node stands at `at` and is told that the
 * link of this interface is up at `up` reach  everything that enters the node before this time has been
 * recorded
 */
struct engine_recorder {
    void (*up)(void *ctx, unsigned node, const struct port_record *rec, const void *data);
    void (*down)(void *ctx, unsigned node, const struct port_record *rec, const void *data);
    void (*link)(void *ctx, unsigned node, unsigned nic, vtime_t at, vtime_t up);
    void (*reach)(void *ctx, unsigned node, vtime_t reach);
    void *ctx;
};

struct engine_config {
    const struct scenario *scenario; /* borrowed */
    struct tracing *tracing;         /* borrowed; may be NULL (benchmarks, tests) */
    struct coherence *coherence;     /* borrowed; NULL: what nodes say is not checked */
    const int *cores; /* host CPU numbers, n_cores of them; nodes are dealt out to them in turn */
    unsigned n_cores;
    uint32_t spin;         /* see port_core.spin */
    const uint32_t *trace; /* PORT_TRACE_* of each node; read by engine_create only. NULL: none */
    const struct engine_observer *observer; /* borrowed; NULL: none */
};

/* What is known of a node; a snapshot. */
struct engine_node {
    enum port_end end;
    int exit_status; /* of PORT_END_RESULT */
    vtime_t now_ps;  /* where it stands */
    uint64_t gates, idles, late, instructions, tx_frames, rx_frames;
    uint64_t console_matches; /* bit i: scenario's expect.console[i] was seen */
    bool started;             /* has executed its first instruction */
    char trouble[160];        /* "" or what went wrong with its port */
};

/*
 * Builds fabric and port for a scenario. NULL with the reason in why[size]. The fabric exists once per
 * process, and so does the engine.
 */
struct engine *engine_create(const struct engine_config *cfg, char *why, size_t size);
/* Path by which QEMU maps the port; valid while the engine lives. */
const char *engine_port_path(const struct engine *e);
struct port_shared *engine_port(struct engine *e);
struct ic *engine_fabric(struct engine *e);
/* How often the scenario's fault of this index has acted. */
uint64_t engine_fault_hits(const struct engine *e, unsigned fault);
/* From now on everything is recorded. Before the first guest is started, and before anything is put into a
 * down ring. recorder: borrowed. */
void engine_record(struct engine *e, const struct engine_recorder *recorder);
/*
 * One step of the engine: all nodes are blocked and the last of them called the engine. For tests that have
 * no threads; otherwise only the engine's threads do this. `core`: see port_release().
 */
void engine_step(struct engine *e, unsigned core);
/* Starts the engine's threads; before the first guest. 0, or -1 errno. */
int engine_start(struct engine *e);
/* Waits until the run is over, but at most timeout_ms. Returns true when it is over. Also does the service
 * work (making room in full rings), so call it often. */
bool engine_wait(struct engine *e, int timeout_ms);
/* Ends the run now (wall-clock limit, interrupt): the nodes stop where they are at the end of the current
 * round. */
void engine_cancel(struct engine *e);
/* The QEMU of this node has ended without being asked. */
void engine_bury(struct engine *e, unsigned node, const char *reason);
/*
 * The QEMU of this node has ended. True if a fault wanted that, and another one is to be started in its
 * place: it begins at port_node.base_ps, with the faults that are due later. All others wait for it.
 */
bool engine_restart(struct engine *e, unsigned node);
void engine_get_node(struct engine *e, unsigned node, struct engine_node *out);
/* What is wrong with what the nodes said so far (coherence.h), in why[size]. False, and "", if nothing is. */
bool engine_incoherent(struct engine *e, char *why, size_t size);
/* Virtual time that all nodes have reached. */
vtime_t engine_time(struct engine *e);
/* Tells all plugins to end their QEMU and stops the threads. */
void engine_stop(struct engine *e);
void engine_destroy(struct engine *e); /* NULL is allowed */

#endif
