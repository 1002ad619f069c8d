/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debug_rack.h - the rack as a debugger sees it: either at rest, every node at a place of its own, or under
 * way. Speaks to the run and to the QEMUs through the mailbox (devices/port/debug.h) and to gdb through
 * struct gdb_target.
 *
 *   LAUNCH -> REST <-> RUNNING -> SETTLING -> REST ...      until the run is GONE
 *
 * RUNNING becomes SETTLING when a node stops; the others come to rest at the ends of their grants, which
 * depend on virtual time only. Nodes whose grants are far away (there is no link between them and the one
 * that stopped) are interrupted after a while.
 *
 * Going back is running again (debug_plan.c): the same scenario from the start, to the point wanted.
 *
 * One thread; no function here waits for guests, but questions to a QEMU take some microseconds.
 */
#ifndef COB_DEBUG_RACK_H
#define COB_DEBUG_RACK_H

#include "devices/port/debug.h"
#include "sim/debug_describe.h"
#include "sim/gdb_server.h"
#include "sim/scenario.h"

enum rack_phase { RACK_LAUNCH, RACK_RUNNING, RACK_SETTLING, RACK_REST, RACK_GONE };

struct rack_node {
    struct debug_point want[DEBUG_MAX_POINTS]; /* as gdb has them now */
    unsigned n_want;
    uint32_t seen; /* serial of the last stop that has been looked at */
    bool pending;  /* stopped for a reason that nobody has been told yet */
    bool held;     /* gdb has not let it go, and it can wait */
    bool mute;     /* its QEMU does not answer */
};

/* What the rack runs for, other than gdb's orders. debug_plan.c */
enum plan_kind { PLAN_NONE, PLAN_GOTO, PLAN_COUNT, PLAN_NTH, PLAN_BEGIN };
struct plan {
    enum plan_kind kind;
    vtime_t at_ps;
    uint64_t count, nth; /* stops seen; the one wanted */
    unsigned node, cpu;  /* whom gdb looks at */
    char say[200];
    char because[160]; /* GOTO: what is found there; "" nothing but the time */
};

struct debug_rack {
    struct scenario *scn; /* `monitor fault` adds to its faults */
    const struct description *describe[SCN_ARCH_COUNT];
    struct debug_shared *shared;
    struct port_shared *port;
    size_t port_bytes;
    int fd, bell[2];
    char path[64];
    uint64_t absent; /* bit i: node i is not there, for one node is replayed alone */
    enum rack_phase phase;
    bool launched; /* the run has come to its first rest */
    bool user_interrupt;
    int64_t settle_since_ms;
    struct rack_node node[PORT_MAX_NODES];
    vtime_t until_ps;    /* armed by `monitor until`; 0: none */
    unsigned until_node; /* whose time that is */
    bool gentle;     /* some node has several vCPUs, so grants must be as without us (debug.h, until_ps) */
    vtime_t goal_ps; /* gentle, under way: until where, 0: nowhere; and the node that is to stand there */
    unsigned goal_node;
    bool armed_goto;  /* the next continue goes to plan.at_ps by running again */
    bool armed_align; /* the next continue brings all to until_ps, where gdb's node stands */
    bool stepping;    /* gdb's last order was a step (to get over a breakpoint, say) */
    struct debug_filter filter;
    bool armed_filter;
    unsigned n_faults_run; /* so many of the scenario's are in the run; the others wait for it to be started
                              again */
    vtime_t fault_seen_ps; /* of the fault that was told last: those up to then are not waited for again */
    struct debug_gap gap[DEBUG_GAPS]; /* debug_gaps.c */
    unsigned n_gaps;
    struct plan plan;
    int exit_status; /* of the run, once GONE */
    bool over_said;
    void (*stopped)(void *ctx, const struct gdb_stop *stop); /* the rack has come to rest, and this is why */
    void (*restart)(void *ctx);                              /* end the run and start it again */
    void *ctx;
};

/* Makes a mailbox for a run that is about to be started; an older one is dropped. 0, or -1 errno. */
int rack_open(struct debug_rack *r, bool start_stopped, vtime_t hold_ps, unsigned hold_node);
void rack_close(struct debug_rack *r);
/* The functions for the gdb server; the rest of *t is left alone. */
void rack_target(struct debug_rack *r, struct gdb_target *t);
/* News, or time has passed. Calls stopped() when the rack comes to rest. */
void rack_poll(struct debug_rack *r);
/* How soon rack_poll() must be called again without news; -1: no need. */
int rack_timeout_ms(const struct debug_rack *r);
/* Everybody is to stop now. */
void rack_interrupt(struct debug_rack *r);
/* Nobody looks any more: no points, no plans, everybody runs. Only at rest. */
void rack_let_go(struct debug_rack *r);
/* The run's process has ended. */
void rack_gone(struct debug_rack *r, int exit_status);

/* Where a node stands; only at rest. */
vtime_t rack_now_ps(const struct debug_rack *r, unsigned node);
bool rack_has(const struct debug_rack *r, unsigned node);
/* "running", "idle", ... */
const char *rack_node_state(const struct debug_rack *r, unsigned node);
/* Why a node has stopped. */
void rack_stop_of(const struct debug_rack *r, unsigned node, struct gdb_stop *st);
/* Lets everybody go; hold_ps: until there, 0: no limit. `node`: who is to stand there if not all can. */
void rack_run(struct debug_rack *r, vtime_t hold_ps, unsigned node);
/* Where the earliest node stands; only at rest. */
vtime_t rack_earliest_ps(const struct debug_rack *r);
/* How long one instruction of the node takes. */
vtime_t rack_instruction_ps(const struct debug_rack *r, unsigned node);

/* debug_plan.c */
/* At rest for these reasons (why: first of them; events: how many, in order): true if the plan goes on and
 * nobody is told. */
bool plan_at_rest(struct debug_rack *r, struct gdb_stop *stop, unsigned event_nodes[], unsigned n_events,
                  bool held);
int plan_reverse(struct debug_rack *r, unsigned node, unsigned cpu, bool step);
/* Goes to a time by running again. */
void plan_goto(struct debug_rack *r, unsigned node, unsigned cpu, vtime_t at_ps);
/* Can the rack get to this time from where it stands? (See rack_run() for `node`.) */
bool plan_ahead(const struct debug_rack *r, vtime_t at_ps, unsigned node);

/* debug_gaps.c */
/* From now on (the time that is returned) events are recorded in the trace, or are not. -1: it has too many
 * gaps. Only at rest. */
vtime_t debug_gaps_switch(struct debug_rack *r, bool on);
/* Tells a run that is about to be started. */
void debug_gaps_put(struct debug_rack *r);

/* debug_monitor.c */
void debug_monitor(struct debug_rack *r, unsigned node, const char *command,
                   void (*say)(void *to, const char *text), void *to);

#endif
