/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay_traffic.h - what the nodes of a run emitted, put on an interconnect without guests.
 *
 * Emissions are those of the replay logs of all nodes, in the engine's order (time, node, sequence). They go
 * in at the time at which they were emitted, whatever becomes of them: nobody answers, nobody sends again.
 */
#ifndef COB_REPLAY_TRAFFIC_H
#define COB_REPLAY_TRAFFIC_H

#include "sim/scenario.h"
#include "tracing/replay.h"

struct replay_emission {
    vtime_t at;
    uint32_t node;
    uint32_t seq; /* among those of its node */
    const struct replay_record *rec;
    bool train; /* a training, no frame */
};

struct replay_delivery {
    vtime_t at;
    uint64_t emission; /* index */
    uint32_t node, zero;
};

/* One sending end of a link. */
struct replay_queue {
    uint64_t sent, dropped, too_long; /* too_long: of those dropped, for the link's MTU */
    uint32_t peak_bytes;              /* of its queue */
    uint32_t vc_peak_bytes; /* fabric: most of the far side's buffer reserved, of all its virtual channels */
    vtime_t busy_ps, stall_ps;
};

struct replay_traffic {
    struct replay_log **log; /* n_nodes; opened by replay_traffic_open */
    unsigned n_nodes;
    struct replay_emission *emission;
    size_t n;
    vtime_t end_ps; /* everything is under way or has arrived by then */
};

/* What an interconnect made of it; in memory that parent and child share. */
struct replay_outcome {
    struct replay_delivery *delivery;
    uint64_t n_deliveries;
    struct replay_queue queue[SCN_MAX_LINKS][2];
    char trouble[200]; /* "" or why it could not be done */
};

/* Opens the logs of all nodes of the run; says on stderr what is wrong with one. 0, or the exit status of
 * cob. */
int replay_traffic_open(struct replay_traffic *t, const char *run, const struct scenario *s);
void replay_traffic_close(struct replay_traffic *t);
/*
 * Runs the traffic over the interconnect of `s`, which has the nodes of the run, in a process of its own
 * (SystemC elaborates once per process). NULL with errno if there is no memory or process; else see trouble.
 * Blocks until it is done.
 */
struct replay_outcome *replay_traffic_run(const struct replay_traffic *t, const struct scenario *s);
void replay_outcome_free(struct replay_outcome *o, const struct replay_traffic *t);

#endif
