/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run.h - one run of a scenario, from the first check of the environment to the last byte of result.json.
 *
 *   run_prepare   emulators found, run directory, images, trace, engine         (nothing has started yet)
 *   run_start     one QEMU per node, pinned
 *   run_watch     until it is over: progress, deaths, wall-clock limit, Ctrl-C
 *   run_finish    memory hashes, end of the guests, verdict, result.json
 *   run_free      at any point; ends what still runs
 *
 * All from the main thread. Functions that return int give 0 or -1 with the reason in run->why.
 */
#ifndef COB_RUN_H
#define COB_RUN_H

#include "sim/coherence.h"
#include "sim/debug_run.h"
#include "sim/engine.h"
#include "sim/guest.h"
#include "sim/images.h"
#include "sim/record.h"
#include "sim/rundir.h"
#include "sim/scenario.h"
#include "tracing/tracing.h"
#include <stdio.h>
#include <time.h>

/* Exit statuses of cob, see docs/cob.1. */
enum {
    EXIT_OK = 0,
    EXIT_EXPECTATION = 1,
    EXIT_USAGE = 2,
    EXIT_ENVIRONMENT = 3,
    EXIT_DIVERGED = 4,
    EXIT_TIMEOUT = 124,
    EXIT_INTERRUPTED = 130,
};

#define RUN_MAX_FAULTS 16 /* --faults */

struct run_options {
    const char *scenario_path;
    const struct guest_backend *backend;
    bool trace, capture, record, json, quiet, report;
    const char *trace_level, *trace_filter; /* instead of the scenario's; NULL: as it says */
    bool have_seed;
    uint64_t seed;
    const char *faults[RUN_MAX_FAULTS]; /* files, and "none"; borrowed */
    unsigned n_faults;
    vtime_t stop_ps;   /* 0: the scenario's */
    int64_t timeout_s; /* 0: the scenario's */
    uint32_t spin;
    unsigned cores;    /* 0: all that this process may use */
    const char *debug; /* the mailbox of a debugger, NULL: none */
};

struct run_node {
    struct image image;
    char *qemu, version[32];
    int ram_fd;
    uint64_t ram_hash;
    bool ram_hashed;
    struct guest *guest;
    bool dead;               /* its QEMU has ended */
    bool end_told;           /* its end was printed (--json) */
    struct engine_node last; /* what the engine knew at the end */
    char verdict[200];       /* "" or the expectation that was not met */
};

struct run {
    struct run_options opt;
    struct scenario *scn;
    struct rundir dir;
    struct run_node *node;
    struct tracing *tracing;
    struct debug_run debug;
    struct coherence *coherence; /* NULL: not asked for */
    struct engine *engine;
    char port_path[64];    /* by which QEMU maps the port */
    struct record *record; /* NULL: no replay log */
    bool backend_open;
    const char *greeting; /* of the adapters' server; NULL if there are none */
    uint64_t *hits_told;  /* of each fault, as printed last (--json) */
    bool timed_out, interrupted;
    struct timespec started;
    double wall_s; /* of the guests' running */
    vtime_t virtual_ps;
    struct ic_totals totals;
    uint64_t hash;          /* over all nodes' ends and memories: equal for equal runs */
    char conservation[200]; /* "" or how the fabric's books do not balance */
    char incoherent[400];   /* "" or what is wrong with what the nodes say */
    bool incoherence_told;  /* --json */
    char trace_error[300];
    char record_error[300];
    const char *outcome;
    int exit_status;
    char why[1024];
};

int run_prepare(struct run *r);
int run_start(struct run *r);
void run_watch(struct run *r);
/* Sets r->exit_status and r->outcome. -1 only if the run directory cannot be completed. */
int run_finish(struct run *r);
void run_free(struct run *r);
/* The same for a run that nobody wants to keep: its directory goes too. */
void run_discard(struct run *r);

/* Writes the resolved scenario into the run directory. */
int run_dump_scenario(struct run *r);

/* Starts the QEMU of one node, pinned; r->backend is open. */
int run_start_node(struct run *r, unsigned i);
/* Hashes the memory of a node that does not run. */
void run_hash_memory(struct run_node *n, uint64_t size);
/* Path of a file beside our own executable (plugin, preloaded library). 0, or -1 with the reason in
 * why[size]. */
int run_beside_us(char buf[PATH_MAX], const char *file, char *why, size_t size);
/* What -seed of node `index` is: 32 bits. */
uint64_t run_node_seed(uint64_t seed, unsigned index);
/* Ends all guests and closes the back end. */
void run_stop_guests(struct run *r);

/* run_result.c */
/* Judges the expectations and fills verdicts, outcome, exit status and hash. */
void run_judge(struct run *r);
/* Writes result.json. 0, or -1 with the reason in r->why. */
int run_write_result(struct run *r);
/* The one sentence at the end. */
void run_print_summary(const struct run *r, FILE *out);
const char *run_end_name(enum port_end end);

/* run_progress.c: the live line on a terminal, a plain line every 10 s otherwise (stderr), or JSON lines
 * (stdout). */
void run_progress(struct run *r, bool last);

/* run_events.c: --json; each does nothing without it. */
void run_event_started(const struct run *r);
void run_event_poll(struct run *r);
void run_event_error(const struct run *r); /* r->why */

/* Makes report.html and result.xml; a failure is said on stderr and makes the exit status 3 if it was 0. */
void run_report(struct run *r);

/* Seconds since r->started. */
double run_elapsed_s(const struct run *r);

#endif
