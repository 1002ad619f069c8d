/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port.h - the port between the engine (the cob process) and the half inside QEMU: one shared mapping per
 * run.
 *
 *   struct port_shared                    constants, round state, one slot per core, one slot per node
 *   up ring per node                      records from the guest: frames, console bytes, how it ended
 *   down ring per node                    frames and faults for the guest, each with its exact virtual time
 *
 * A *round*: every node that was released runs until its grant, then publishes where it stands and blocks.
 * The last one to block (the *stepper*) computes the next grants (port_grant.c, a pure function of published
 * state) and releases whoever can go on (port_meet.c). If the fabric must be stepped for that, the stepper
 * calls the engine instead, which drains the up rings, steps the fabric, fills the down rings and releases.
 * So nobody but the stepper or the engine writes a slot while all are blocked, and nobody but its node writes
 * a slot while that node runs.
 *
 * Everything that crosses is a fixed-width little-endian integer; both sides are on one host. Times are
 * vtime_t (ps). The guest cannot reach this memory, but a broken QEMU can write anything: the engine checks
 * every record (port_ring_read) and takes a bad one as the death of that node.
 */
#ifndef COB_PORT_H
#define COB_PORT_H

#include "devices/port/vtime.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PORT_MAGIC      0x31424f43u /* "COB1" */
#define PORT_VERSION    8u
#define PORT_MAX_NODES  64u
#define PORT_MAX_NICS   9u /* eight of stock models and the adapter */
#define PORT_MAX_CORES  64u
#define PORT_RING_BYTES (4u << 20) /* power of two */
#define PORT_MAX_FRAME  65536u

/* State of a node, as published when it blocked last. Whether it has been released since:
 * port_shared.pending. */
enum port_state {
    PORT_STARTING, /* no gate reached yet */
    PORT_BLOCKED,  /* at a gate: stands at now_ps, its next block ends at need_ps */
    PORT_IDLE,     /* all vCPUs halted: does nothing before deadline_ps or its next delivery */
    PORT_ENDED,    /* takes no further part: see enum port_end */
};

/* How a node ended; the order is part of the record format. */
enum port_end {
    PORT_END_NONE,
    PORT_END_RESULT,   /* its script reported an exit status */
    PORT_END_STOPPED,  /* reached the scenario's stop time */
    PORT_END_SHUTDOWN, /* powered itself off */
    PORT_END_RESET,    /* rebooted */
    PORT_END_PANIC,    /* its kernel panicked */
    PORT_END_KILLED,   /* its QEMU ended without being asked (only the engine says this) */
    PORT_END_CRASHED,  /* a fault of the scenario ended it */
    PORT_END_COUNT
};

struct port_nic {
    vtime_t ingress_ps; /* constants of the fabric: interconnect.h */
    vtime_t egress_ps;
    vtime_t training_ps;
    vtime_t link_up_ps; /* when the link is trained, VTIME_NEVER: nobody has begun. Written by the engine */
};

/* The fabric adapter of a node: what its device needs to know of the scenario (fabric.h, struct fab_config).
 */
struct port_adapter {
    uint32_t present;
    uint32_t nic; /* its interface: index into port_node.nic */
    uint32_t mtu_bytes, framing_bytes;
    uint64_t rate_bps;
};

/* Laid out by who writes when: in a usual round one line of a node is written by it and one by the stepper.
 */
struct port_node {
    /* Published by the node when it blocks. */
    _Alignas(64) vtime_t now_ps;
    vtime_t need_ps;     /* BLOCKED: end of the next block */
    vtime_t deadline_ps; /* IDLE: its earliest timer */
    _Atomic uint32_t state;
    _Atomic uint32_t dirty;       /* put something into the up ring that the fabric must see */
    uint32_t end;                 /* enum port_end once ENDED */
    int32_t exit_status;          /* of PORT_END_RESULT */
    uint64_t gates, instructions; /* statistics, for the progress line and result.json; as idles and late */
    _Atomic uint32_t drain;       /* waits for room in its up ring (futex) */

    /* Written by the stepper or the engine while the node is blocked (and `sleeping` by the node). */
    _Alignas(64) vtime_t grant_ps;
    vtime_t pending_ps;        /* earliest frame in the down ring that the node has not taken yet */
    vtime_t cap_ps;            /* no grant beyond this: frames wait for room in the down ring */
    uint32_t cut;              /* stop exactly at the grant, in the middle of a block */
    _Atomic uint32_t go;       /* futex: changes when the node is released */
    _Atomic uint32_t due;      /* what `go` changes to by the current plan (port_shared.plan) */
    _Atomic uint32_t sleeping; /* the node sleeps on `go` */
    uint32_t core;             /* where this node is pinned: index into port_shared.core */
    uint32_t n_nics;

    _Alignas(64) struct port_nic nic[PORT_MAX_NICS];
    struct port_adapter adapter;
    uint32_t trace; /* PORT_TRACE_*: which records about its doings are wanted; constant */
    uint32_t zero;
    uint64_t idles, late;
    vtime_t base_ps; /* when its machine was switched on: 0, or what a restart has set (port_leave) */
    _Atomic uint32_t restart; /* its QEMU has left the slot for another one. The engine clears it */

    _Alignas(64) _Atomic uint64_t
        up_head; /* ring positions: bytes since the start, head written by the producer */
    _Alignas(64) _Atomic uint64_t up_tail;
    _Alignas(64) _Atomic uint64_t down_head;
    _Alignas(64) _Atomic uint64_t down_tail;
};

struct port_core {
    _Alignas(64) _Atomic uint32_t gen; /* bumped after nodes of this core were released */
    _Atomic uint32_t spinner; /* 1 + the node of this core that spins on gen (its look-out); 0: none */
    uint32_t spin;            /* how often to look before sleeping; 0: hand over at once */
    uint64_t nodes;           /* bit i: node i is pinned here */
    _Alignas(64) _Atomic uint32_t call; /* futex: bumped to call the engine thread of this core */
};

struct port_shared {
    uint32_t magic, version;
    uint32_t size_node, size_shared; /* sizeof, so that a stale plugin is refused */
    uint32_t n_nodes, n_cores;
    vtime_t stop_ps;
    _Atomic uint32_t quit;          /* all QEMUs: end now */
    _Atomic uint32_t engine_always; /* every step goes through the engine (tests) */
    _Atomic uint32_t burials;       /* nodes buried so far */
    /*
     * A debugger has asked for it. hold_ps: all nodes wait there, 0: none. hold_one: 1 + node; then no grant
     * is cut short, the nodes stop themselves there (debug.h), and nobody is released once this one sleeps
     * beyond.
     */
    uint32_t hold_one;
    vtime_t hold_ps;
    vtime_t engine_ps; /* nobody runs beyond this before the engine was called; 0: no such time */

    /* The round, see port_meet.c. */
    _Alignas(64) _Atomic uint64_t pending; /* bit i: node i was released and has not blocked yet */
    _Atomic uint64_t turn;                 /* number of the round, and whose turn it is to step */
    _Atomic uint64_t plan, plan_turn;      /* bit i: node i is released by this; of which round, by whom */
    vtime_t fabric_next_ps; /* earliest event inside the fabric, VTIME_NEVER: none. Written by the engine */
    vtime_t fabric_done_ps; /* everything before this has happened in the fabric */
    uint64_t rounds, engine_calls; /* statistics */

    struct port_core core[PORT_MAX_CORES];
    struct port_node node[PORT_MAX_NODES];
};

_Static_assert(sizeof(struct port_nic) == 32, "port_nic is part of the format");
_Static_assert(sizeof(struct port_adapter) == 24, "port_adapter is part of the format");
_Static_assert(offsetof(struct port_shared, stop_ps) == 24, "port_shared is part of the format");
_Static_assert(offsetof(struct port_shared, core) == 128 && PORT_MAX_NODES <= 64, "one line, one bit a node");
_Static_assert(offsetof(struct port_node, grant_ps) == 64 && offsetof(struct port_node, nic) == 128,
               "one line for the node, one for the stepper");
_Static_assert(sizeof(struct port_core) == 128 && sizeof(struct port_node) % 64 == 0, "cache lines");
_Static_assert((PORT_RING_BYTES & (PORT_RING_BYTES - 1)) == 0, "ring size must be a power of two");

/* Bytes of the mapping for n nodes: header, then per node the up ring and the down ring. */
static inline size_t port_size(unsigned n_nodes)
{
    return ((sizeof(struct port_shared) + 4095) & ~(size_t)4095) + (size_t)n_nodes * 2 * PORT_RING_BYTES;
}

/* ---- records (port_ring.c) ---- */

enum port_record_type {
    PORT_REC_FRAME = 1,   /* up: sent by the guest at time_ps; down: to be handed to the guest at time_ps */
    PORT_REC_CONSOLE = 2, /* up: bytes written at time_ps or soon after, in order */
    PORT_REC_END = 3,     /* up: arg = enum port_end, id = exit status */
    PORT_REC_TRAIN = 4, /* up: the guest enables its adapter: its link begins to train, if nobody has begun */
    PORT_REC_EVENT =
        5, /* up: a record of the event port: struct fab_event and its data, PORT_EVENT_MIN.. bytes */
    PORT_REC_FAULT = 6, /* down: fault `arg` begins at time_ps, data: struct port_fault; up: arg as given, id
                           = enum port_fault_phase, data: 8 bytes, the value */
    PORT_REC_GRANT = 7, /* up, by nodes with several vCPUs and where they are traced: released at id ps with
                           the grant time_ps; arg: it has to cut. What such a node does depends on its grants
                           (gate.c), so a replay repeats them */
    PORT_REC_TRACE = 8, /* up: what the adapter did: arg = enum fab_trace_kind, data = struct fab_trace */
    PORT_REC_INPUT = 9, /* down: bytes typed at the node's console at time_ps, at least one */
    PORT_REC_TYPES
};

struct port_record {
    uint32_t size; /* of header and data, rounded up to 8 */
    uint16_t type;
    uint16_t arg; /* FRAME, TRAIN: nic index; FAULT: which */
    int64_t time_ps;
    uint64_t id;  /* FRAME down: frame id; END: exit status; FAULT up: phase */
    uint32_t len; /* bytes of data behind the header */
    uint32_t zero;
};
_Static_assert(sizeof(struct port_record) == 32, "port_record is part of the format");

enum { PORT_EVENT_MIN = 8, PORT_EVENT_MAX = 256 };     /* bytes of an EVENT */
enum { PORT_TRACE_KINDS = 5, PORT_TRACE_BYTES = 48 };  /* of a TRACE */
enum { PORT_TRACE_DEVICE = 1, PORT_TRACE_GRANTS = 2 }; /* port_node.trace: TRACE, GRANT */

/*
 * What a fault does to a node; devices/qemu/fault.c says exactly how. It reports BEGIN, each time that it
 * acts HIT with the value named here, and END; a fault that acts once and at once (a flip in memory, a crash)
 * only HIT. Who writes a fault into the down ring lowers the node's pending_ps to its time, as for a frame.
 */
enum port_fault_kind {
    PORT_FAULT_INTERRUPT_LOST = 1, /* the adapter's vectors are not raised; value: the vector */
    PORT_FAULT_INTERRUPT_LATE,     /* they are raised by_ps later; value: the vector */
    PORT_FAULT_COMPLETION,         /* an operation completes with an error; value: the queue */
    PORT_FAULT_DMA_FLIP, /* one bit of a payload that the adapter reads or writes; value: 8 * address + bit */
    PORT_FAULT_MEMORY_FLIP, /* one bit of guest memory; value: 8 * address + bit */
    PORT_FAULT_PAUSE,       /* no instruction for by_ps; only BEGIN and END */
    PORT_FAULT_SLOW,        /* one part in `factor` of the time; only BEGIN and END */
    PORT_FAULT_CRASH,       /* the node ends (PORT_END_CRASHED); value: 0 */
    PORT_FAULT_RESTART,     /* it is switched off, and by_ps later a new QEMU takes the slot; value: by_ps */
    PORT_FAULT_KINDS
};
enum port_fault_phase { PORT_FAULT_BEGIN, PORT_FAULT_END, PORT_FAULT_HIT, PORT_FAULT_PHASES };

enum {
    PORT_FAULT_RANDOM_ADDRESS = 1, /* port_fault.flags: `address` counts for nothing */
    PORT_FAULT_RANDOM_BIT = 2,     /* nor does `bit` */
};

struct port_fault {
    uint16_t kind;
    uint8_t flags;
    uint8_t bit;     /* MEMORY_FLIP: 0..7, of the byte at `address` */
    uint32_t ppb;    /* INTERRUPT_*, COMPLETION, DMA_FLIP: how likely each time, in parts per billion */
    int32_t target;  /* INTERRUPT_*: vector; COMPLETION: queue; -1: any */
    uint32_t status; /* COMPLETION: enum fab_completion, not FAB_C_OK */
    uint32_t factor; /* SLOW: at least 2 */
    uint32_t zero;
    uint64_t count;   /* acts so often, 0: no limit */
    int64_t until_ps; /* acts before this, VTIME_NEVER: to the end */
    int64_t by_ps;    /* PAUSE, RESTART, INTERRUPT_LATE */
    uint64_t address; /* MEMORY_FLIP: guest-physical */
    uint64_t seed;    /* of the fault's own stream (devices/port/dice.h) */
};
_Static_assert(sizeof(struct port_fault) == 64 && offsetof(struct port_fault, count) == 24,
               "port_fault is part of the format");
enum { PORT_FAULT_VALUE = 8 }; /* bytes of data of a FAULT up */

enum port_ring { PORT_UP, PORT_DOWN };

/*
 * Appends a record. The producer's side only. Returns 0, or -1 when there is no room now (errno EAGAIN) or
 * never will be (EMSGSIZE). data may be NULL if len is 0.
 */
int port_ring_write(struct port_shared *s, unsigned node, enum port_ring which, const struct port_record *rec,
                    const void *data);
/* True if a record with len bytes of data would fit now. */
bool port_ring_fits(const struct port_shared *s, unsigned node, enum port_ring which, uint32_t len);
/*
 * Takes the oldest record; the consumer's side only. Copies at most PORT_MAX_FRAME bytes of data to buf.
 * Returns 1 with *rec and buf filled, 0 if the ring is empty, -1 EBADMSG if what stands there is no record
 * (size, type, length or position impossible): the ring is unusable from then on.
 */
int port_ring_read(struct port_shared *s, unsigned node, enum port_ring which, struct port_record *rec,
                   void *buf);

/* ---- grants (port_grant.c): pure functions of the published state; everyone is blocked ---- */

/* The earliest moment at which the blocked node can do anything, in ps; VTIME_NEVER if it has ended. */
vtime_t port_earliest(const struct port_node *n);
/*
 * Computes the horizon: up to where the fabric may be simulated now. Exact rules at the head of port_grant.c.
 */
vtime_t port_horizon(const struct port_shared *s);
/* True if the fabric has to be stepped before grants can be given. */
bool port_needs_engine(const struct port_shared *s, vtime_t horizon);
/*
 * Writes every node's next grant and marks whom it lets go on: release[i] = true. Returns how many. 0 means
 * that the run is over: every node has ended or sleeps beyond the stop time.
 */
unsigned port_grant(struct port_shared *s, bool release[PORT_MAX_NODES]);
/*
 * A node sends a frame by interface `nic` at now_ps: it may do nothing from the returned time on before it
 * has met, for then the frame can have come back to it in some form. The other half of the rule that leaves a
 * node's own emissions out of its grant. Called by the node.
 */
vtime_t port_back_ps(const struct port_node *n, unsigned nic, vtime_t now_ps);

/* ---- meeting (port_meet.c) ---- */

/* When the port is built: node i runs on this core, and the first round waits for it. */
void port_place(struct port_shared *s, unsigned node, unsigned core);
/*
 * A node blocks: its slot is published (state set last, by this call). Returns when it is released or s->quit
 * is set. May block for ever; called in QEMU's vCPU thread.
 */
void port_meet(struct port_shared *s, unsigned node, enum port_state state);
/*
 * A thread of the engine was woken by port_core.call. True if the step is the caller's now, false if somebody
 * else has taken it (engine_bury).
 */
bool port_take_call(struct port_shared *s);
/*
 * The engine has stepped and released nobody, because somebody else wants the nodes to stay
 * (engine_observer); now they shall go on: calls it again.
 */
void port_recall(struct port_shared *s);
/* The engine releases after it has stepped the fabric (all nodes blocked). `core`: the core this thread runs
 * on. */
void port_release(struct port_shared *s, unsigned core, const bool release[PORT_MAX_NODES], unsigned n);
/*
 * The engine takes part for a node that takes no further part. `gone`: its process does not exist any more,
 * so what it left half done is finished or taken over; call again with true if that becomes so later. Returns
 * true if the caller has become the stepper. Only one thread at a time may bury or step as the engine.
 */
bool port_bury(struct port_shared *s, unsigned node, bool gone);

/*
 * A node's QEMU was released and will end now, so that another one can take the slot, with port_node.base_ps
 * as its beginning. For all others the node simply runs: nobody passes base_ps before the new one has met.
 * Sets `restart` and wakes who waits for this core.
 */
void port_leave(struct port_shared *s, unsigned node);

/* Sets quit and wakes whoever waits in port_meet(), on quit itself or for room in its up ring. */
void port_quit(struct port_shared *s);

/* futex on a word of the mapping (shared between processes). wait returns when *word != seen or woken, or
 * after timeout_ms (negative: none). */
void port_futex_wait(_Atomic uint32_t *word, uint32_t seen, int timeout_ms);
void port_futex_wake(_Atomic uint32_t *word, int n);

#endif
