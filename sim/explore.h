/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explore.h - looking for a schedule of faults under which a scenario's expectations are not met, and for the
 * smallest one that still does it (`cob explore`, docs/explore.md).
 *
 *   explore_draw.c     try i of seed s: always the same schedule; and a schedule as faults of a scenario
 *   explore_tries.c    runs schedules, several at once, each in a process of its own
 *   explore_shrink.c   leaves out and simplifies faults while the same expectations fail
 *   verb_explore.c     the order in which these are used, and what the user sees
 *
 * A schedule is kept in a form that is easy to copy and to change; only for a run it becomes the faults of a
 * scenario file, an ordinary one, which anybody can run again.
 *
 * Threads: none; everything is called from the main thread.
 */
#ifndef COB_EXPLORE_H
#define COB_EXPLORE_H

#include "sim/scenario.h"
#include <limits.h>

#define EXPLORE_MAX 16 /* faults of a schedule */

enum explore_end { EXPLORE_END0, EXPLORE_END1, EXPLORE_BOTH };

struct explore_fault {
    unsigned number; /* in the schedule that was drawn: part of its name, so that it keeps its dice */
    enum scn_action action;
    unsigned link;        /* of link actions: index */
    enum explore_end end; /* of link actions: which end's packets */
    unsigned node;        /* of node actions: index */
    vtime_t at_ps;        /* begins; whole ns */
    uint64_t count;       /* actions on packets, interrupts, ..: acts so often; else 0 */
    vtime_t long_ps;      /* actions that take time: so long, whole ns; else 0 */
    uint32_t times;       /* SCN_SLOW: so many times slower; else 0 */
};

struct explore_schedule {
    unsigned n;
    struct explore_fault fault[EXPLORE_MAX];
};

/* ---- explore_draw.c ---- */

/*
 * What may be drawn is the scenario's `explore` section, which must be given. 0, or -1 with the reason in
 * why[size] if there is nothing to draw from (no link or node has one of the names).
 */
int explore_check(const struct scenario *s, char *why, size_t size);
/* The schedule of try `i`; explore_check() has been content. */
void explore_draw(const struct scenario *s, uint64_t seed, uint64_t i, struct explore_schedule *out);
/*
 * Writes the scenario with the schedule added to its own faults, and under this name. 0, or -1 errno.
 */
int explore_write(const struct scenario *s, const char *name, const struct explore_schedule *x, FILE *out);
/* One line for each fault, for people. */
void explore_print(const struct scenario *s, const struct explore_schedule *x, FILE *out);

/* ---- explore_shrink.c ---- */

struct explore_shrink_ops {
    /* Which of n candidates is the first that shows the failure? Its index, n if none does, -1 to give up. */
    int64_t (*first)(void *ctx, const struct explore_schedule *candidates, unsigned n);
    void *ctx;
};

/*
 * Makes a schedule that shows the failure as small and simple as it can: no single fault can be left out of
 * what remains, no fault acts on both directions, more often or longer than it needs to (by the steps that
 * are tried). Returns 0, or -1 when it had to give up: then *x is the smallest that was found so far.
 */
int explore_shrink(struct explore_schedule *x, vtime_t from_ps, const struct explore_shrink_ops *ops);

/* ---- explore_tries.c ---- */

struct explore_tries {
    const struct scenario *scn;
    char dir[PATH_MAX];      /* for files and runs of the tries; exists */
    const char *const *args; /* further arguments of `cob run`, NULL at the end */
    unsigned jobs;           /* at once */
    bool keep;               /* the runs of tries that passed */
    bool has_failure;        /* only this failure counts: */
    uint64_t failed_nodes;   /* bit i: node i's expectations were not met */
    /* Called when something has happened that a user may want to see; may be NULL. */
    void (*progress)(const struct explore_tries *t);

    /* Results. */
    uint64_t begun, passed, failed, other, no_verdict; /* other: failed in another way than asked for */
    uint64_t failed_as;                                /* failed_nodes of the try that is returned */
    bool interrupted;
    char why[1024];
};

/*
 * Runs the schedules 0..n-1 that `make` gives, in this order, several at once. Returns the index of the first
 * one (by index, not by time) whose expectations fail; n if there is none; -1 with the reason in t->why if a
 * run could not be judged (usage, environment) or it was interrupted. A run that reaches the wall-clock limit
 * has no verdict and does not count.
 */
int64_t explore_tries_run(struct explore_tries *t, uint64_t n,
                          void (*make)(void *ctx, uint64_t i, struct explore_schedule *out), void *ctx);

#endif
