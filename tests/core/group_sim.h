/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * group_sim.h - a few nodes with the process service (guest-kernel/core/group.h), channels between them, and
 * threads that follow programs.
 *
 * As tests/core/sim.h: the world is one struct that may be copied and put back, and everything that can
 * happen next is a list of actions, so the random test picks and the explorer tries all. Channels keep their
 * order, the order between channels is free.
 *
 * A program is a list of steps; programs may name later ones only, so all comes to an end:
 *
 *     s start a thread on a node     S the same, by work that holds the process, while the thread goes on
 *     c clone: a thread here         f a child here (made in two steps, may be killed between)
 *     p a child on a node            k kill: the process that was made as a-th (b: signal)
 *     w wait for any child           n the same, no-hang      v wait for the last child
 *     h work that holds the process  g exit_group             x exit                F until it is killed
 *     m memory, in a larger world (world.h): a steps
 *
 * A thread of a process that is ending leaves, but may make one more step before (it was in the kernel).
 * What a replica cannot do (s as c; S f p w n v: nothing) its threads leave out. The reference keeps, for
 * each process there ever was, who its parent is, what it must end with, and whether it was waited for.
 */
#ifndef TESTS_CORE_GROUP_SIM_H
#define TESTS_CORE_GROUP_SIM_H
#include "guest-kernel/core/group_internal.h"

#ifndef GS_NODES
#define GS_NODES     4
#define GS_BODIES    9  /* processes and replicas of a node */
#define GS_THREADS   14 /* of a node */
#define GS_PROGRAMS  12
#define GS_STEPS     8
#define GS_CHANNEL   60
#define GS_PROCESSES 120 /* that there ever were */
#define GS_IDS       400 /* threads that ever began */
#define GS_MEMORY    200 /* pieces, of a node */
#define GS_SPARE     40  /* ids that are given when no thread may begin any more */
#endif
enum { GS_KILLED = 9, GS_SIGNALS = 64, GS_NONE = 0xff };

struct gs_step {
    char what;
    uint8_t a, b;
};

struct gs_packet {
    struct group_wire w;
    uint32_t type, bytes;
    uint8_t program, pad[7];
};

struct gs_thread {
    struct group_op op;
    int32_t id;
    uint8_t used, body, program, next;
    uint8_t begun;  /* else it is the first of a process that is being made */
    uint8_t waits;  /* op */
    uint8_t asleep; /* until a child ends */
    uint8_t making; /* thread slot of the child that it makes, or GS_NONE */
    uint8_t joined; /* program + 1: the id is there, the thread not yet */
    uint8_t late;   /* it has made a step after it was stopped */
    uint8_t memory; /* it is at memory's steps */
    uint8_t pad[5];
    int32_t target, signal; /* of a kill that waits */
};

struct gs_body { /* a process, or a replica */
    struct group_process p;
    struct group_op op; /* of the work */
    uint8_t used, stopped, gone, bury;
    uint8_t work;   /* there is some: p is held */
    uint8_t waits;  /* and its op is under way */
    uint8_t calls;  /* the larger world's: p is held for each */
    int32_t buries; /* thread */
};

struct gs_node {
    struct group g;
    struct core_env env;
    uint8_t alive, number, pad[6];
    struct gs_body body[GS_BODIES];
    struct gs_thread thread[GS_THREADS];
    uint8_t piece_used[GS_MEMORY];
    uint64_t piece[GS_MEMORY][4];
};

struct gs_process { /* the reference's */
    int32_t id, parent;
    int32_t status, last; /* what it was told to end with; what its last thread left with */
    int32_t final;
    uint8_t origin, ending, ended, reaped;
    uint8_t known;     /* the parent has its id */
    uint8_t discarded; /* it never came to be */
    uint8_t begins[2];
};

struct gs {
    unsigned nodes, programs;
    unsigned crashes, crashed;
    uint32_t fail_in_1024; /* allocations, rooms, begins, loads, buries */
    uint64_t random;
    uint64_t messages, begun, cloned, spawned, forked, killed, reaped, refused, buried, orphans, echild,
        discards;
    uint64_t ending_met_start, nobody, killed_making, dead_ops, buries_refused, held_last;
    struct gs_step program[GS_PROGRAMS][GS_STEPS];
    uint32_t processes, ids;
    struct gs_process process[GS_PROCESSES];
    struct {
        int32_t id;
        uint32_t program;
    } begun_thread[GS_IDS];
    struct gs_node node[GS_NODES];
    uint8_t queued[GS_NODES][GS_NODES];
    struct gs_packet channel[GS_NODES][GS_NODES][GS_CHANNEL]; /* from, to */
};
extern struct gs gs; /* the one world */

/* What a larger world has besides; NULL: there is none. */
struct gs_hooks {
    void (*sent)(unsigned from, unsigned to, unsigned type); /* into the channel: gs_deliver() takes it out */
    bool (*room)(unsigned node, int32_t id);                 /* false: no memory for it */
    void (*gone)(unsigned node, int32_t id);                 /* or it never came to be */
    bool (*copied)(unsigned node, int32_t child, int32_t parent);
    void (*began)(unsigned node, unsigned slot);
    void (*memory)(unsigned node, unsigned slot,
                   unsigned steps); /* thread.memory is set, until they are done */
};
extern const struct gs_hooks *gs_hooks;

struct gs_action {
    /* a, b: from, to; node, thread (twice); node, body (three times); node; node, who learns */
    enum { GS_DELIVER, GS_ACT, GS_LATE, GS_RELEASE, GS_BURY, GS_BURIED, GS_CRASH, GS_DETECT } kind;
    unsigned a, b;
};
enum { GS_ACTIONS = GS_NODES * GS_NODES * 2 + GS_NODES * (2 * GS_THREADS + 2 * GS_BODIES + 1) };

struct gs_limits {
    uint32_t children, elsewhere;
    int32_t last_id;
};
void gs_start(unsigned nodes, const struct gs_limits *limits);
/* Steps as text: "s12 c2 w": each the letter and its one or two digits (0 to 9, : to ? are 10 to 15). */
void gs_program(unsigned number, const char *steps);
void gs_first(unsigned node, unsigned program); /* a process without a parent */
unsigned gs_actions(struct gs_action *list);
void gs_act(const struct gs_action *a);
void gs_deliver(unsigned from, unsigned to);
void gs_crash(unsigned node);
void gs_detect(unsigned dead, unsigned node);
void gs_print(const struct gs_action *a);
/* Nothing can happen any more, but threads wait to be killed: does it. False: there are none. */
bool gs_rescue(void);
/* NULL, or what is wrong. */
const char *gs_check(void);
const char *gs_finish(void);
const char *gs_broken(void); /* what was wrong within an action; forgets it */
uint64_t gs_random(void);
struct gs_process *gs_reference(int32_t id);
#endif
