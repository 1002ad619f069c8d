/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debug.h - the mailbox of a run under a debugger: one shared mapping beside the port (port.h).
 *
 *   struct debug_shared       what the run says (sim/run.c, sim/engine.c) and is told
 *   struct debug_node         one per node: orders for its vCPUs, where they stopped, one question at a time
 *
 * Three parties: the server (`cob debug`), the run (the cob process with engine and fabric) and the half
 * inside each QEMU (devices/qemu/debug.c). The server makes the mapping; the others open it by path. Who has
 * news writes one byte into the bell, a pipe that the server polls.
 *
 * A node is at rest when
 *   stopped   its vCPU thread waits in front of an instruction, for the server to clear the word. It has not
 * met the others (port_meet), so these come to rest too: at the end of their grants, always at the same place
 *   meeting   it waits in port_meet, or is frozen for ever
 * and only then the server may ask questions or change `points`. As long as one node is stopped no node that
 * meets can be released, so rest, once seen, lasts until the server ends it.
 *
 * Waiting in front of an instruction changes nothing that any guest can see: no timer is armed and no vCPU's
 * turn ends.
 *
 * All nodes can be brought to a point of virtual time in two ways:
 *   hold_ps of the port   no grant reaches beyond it. Grants are others from then on, which guests with one
 *                         vCPU do not feel; those with several do, for timers are armed at grants and end
 * turns until_ps of the nodes, in a run that has a node with several vCPUs: each stops itself in front of the
 * first instruction at or behind it; who cannot get there, because its grant ends before and the others wait,
 * is within a lookahead. Nothing is changed by it
 */
#ifndef COB_DEBUG_H
#define COB_DEBUG_H

#include "devices/port/port.h"

#define DEBUG_MAGIC      0x31474244u /* "DBG1" */
#define DEBUG_VERSION    4u
#define DEBUG_DATA_BYTES 16384u
#define DEBUG_MAX_POINTS 64u
#define DEBUG_MESSAGES   1024u
#define DEBUG_FAULTS     256u /* as many as a scenario can have */
#define DEBUG_GAPS       128u
#define DEBUG_PATH_BYTES 512u

enum debug_why {
    DEBUG_RUNS,
    DEBUG_START,     /* in front of the first instruction */
    DEBUG_INTERRUPT, /* asked to (debug_node.interrupt) */
    DEBUG_STEP,
    DEBUG_BREAK,
    DEBUG_UNTIL, /* at debug_node.until_ps, or in front of the first instruction behind it */
    DEBUG_WATCH, /* behind the access; watch_addr and watch_kind say which */
};

/* Kinds are those of the remote protocol's Z packets. */
enum debug_kind {
    DEBUG_SOFT_BREAK = 0,
    DEBUG_HARD_BREAK = 1,
    DEBUG_ON_WRITE = 2,
    DEBUG_ON_READ = 3,
    DEBUG_ON_ACCESS = 4
};

struct debug_point {
    uint64_t addr; /* virtual */
    uint32_t len;  /* watched bytes */
    uint32_t kind;
};

enum debug_op {
    DEBUG_READ_REGISTERS = 1, /* first, count -> data: all of them, len bytes */
    DEBUG_WRITE_REGISTER,     /* first, data, len; only while stopped */
    DEBUG_READ_MEMORY,        /* addr, len -> data */
    DEBUG_WRITE_MEMORY,
    DEBUG_LOOK, /* at `interrupt` and `step_cpus`; always allowed */
};

struct debug_node {
    /* A question of the server's, answered by a thread of its own in QEMU. */
    _Alignas(64) _Atomic uint32_t ask; /* futex: the server counts up */
    _Atomic uint32_t answered;         /* futex: equals ask when answered */
    uint32_t op, cpu, first, count;
    uint64_t addr;
    uint32_t len;
    int32_t error; /* errno of the answer, 0: done */

    /* Orders. */
    _Alignas(64) _Atomic uint32_t interrupt; /* stop in front of the next instruction */
    _Atomic uint32_t points_serial;          /* counted up when the points were changed */
    _Atomic uint64_t step_cpus;              /* bit i: stop after one instruction of vCPU i */
    _Atomic vtime_t until_ps;                /* whole ns, 0: none; changed only while the node is at rest */
    uint32_t pc_register;                    /* number of the program counter in QEMU's description */
    uint32_t n_points;
    struct debug_point point[DEBUG_MAX_POINTS];

    /* Where it stopped. */
    _Alignas(64) _Atomic uint32_t stopped; /* futex: 1 while its vCPU waits; the server clears it */
    _Atomic uint32_t meeting;
    uint32_t why, stop_cpu, watch_kind, serial; /* serial: of the stop */
    uint64_t pc, watch_addr;
    vtime_t stop_ps;

    _Alignas(64) uint8_t data[DEBUG_DATA_BYTES];
};

enum debug_state {
    DEBUG_STARTING,
    DEBUG_UNDER_WAY, /* all QEMUs have been started */
    DEBUG_HELD,      /* all nodes have reached port_shared.hold_ps, or the message: nobody is released */
    DEBUG_OVER,      /* the run has ended and waits for `finish` before it ends the guests */
};

/* A frame, from its injection on. */
struct debug_message {
    uint64_t id; /* 0: none */
    uint32_t from, from_nic, to, to_nic, len;
    uint32_t state; /* enum debug_message_state */
    vtime_t sent_ps, received_ps;
};
enum debug_message_state { DEBUG_MSG_QUEUED, DEBUG_MSG_ANNOUNCED, DEBUG_MSG_DROPPED };

#define DEBUG_ANY_NODE UINT32_MAX

/* What becomes of a fault (port_fault_phase), as the run has heard of it; times: VTIME_NEVER, not yet. */
struct debug_fault {
    vtime_t begin_ps, end_ps, hit_ps; /* hit_ps: the latest */
    uint64_t hits;
};

enum debug_wait { DEBUG_WAIT_RECEIVED, DEBUG_WAIT_SENT, DEBUG_WAIT_FAULT };

/* Which message or fault to stop at: the nth that fits from the moment on at which the filter is made active.
 */
struct debug_filter {
    _Atomic uint32_t active;
    uint32_t wait;     /* enum debug_wait */
    uint32_t from, to; /* of messages */
    uint64_t nth;
    uint64_t faults[DEBUG_FAULTS / 64]; /* bit i: fault i */
    uint32_t phases;                    /* bit i: enum port_fault_phase i */
    uint32_t zero;
    vtime_t after_ps; /* only faults later than this: the rack stands where it was told of the earlier ones */
};

/* Of virtual time, in which the run's trace is not to be recorded. to_ps: VTIME_NEVER: to the end. */
struct debug_gap {
    vtime_t from_ps, to_ps;
};

struct debug_shared {
    uint32_t magic, version, size, n_nodes;
    char bell_path[DEBUG_PATH_BYTES]; /* /proc/PID/fd/N of a pipe */
    char port_path[DEBUG_PATH_BYTES]; /* the run says */
    char run_dir[DEBUG_PATH_BYTES];   /* the run says */
    uint32_t start_stopped;           /* every node stops in front of its first instruction */
    vtime_t hold_ps;                  /* the first values of port_shared.hold_ps and hold_one */
    uint32_t hold_one;
    _Atomic uint32_t state;   /* enum debug_state */
    _Atomic uint32_t finish;  /* futex: DEBUG_OVER need not wait */
    _Atomic uint32_t abandon; /* the run is not wanted any more: end at once, leave no directory */
    struct debug_filter filter;
    uint64_t match_count, match_id; /* how many fitted; the message that was waited for, or the fault */
    vtime_t match_ps;               /* VTIME_NEVER: none yet */
    uint32_t match_node;            /* where it can be seen best */
    uint32_t match_phase;           /* of the fault */
    uint64_t n_messages;            /* ever */
    struct debug_message message[DEBUG_MESSAGES];
    struct debug_fault fault[DEBUG_FAULTS];
    uint32_t traced;              /* the run has a trace; it says */
    vtime_t committed_ps;         /* of the trace before this nothing can be changed; the run says */
    _Atomic uint32_t gaps_serial; /* counted up when the gaps were changed, while the rack is at rest */
    uint32_t n_gaps;              /* ascending, apart */
    struct debug_gap gap[DEBUG_GAPS];
    struct debug_node node[PORT_MAX_NODES];
};

_Static_assert(sizeof(struct debug_point) == 16 && sizeof(struct debug_gap) == 16 &&
                   sizeof(struct debug_message) == 48,
               "part of the format");
_Static_assert(sizeof(struct debug_node) % 64 == 0, "cache lines");

#endif
