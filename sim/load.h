/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * load.h - traffic for the fabric alone: what a scenario's `load` asks for, without guests.
 *
 *   messages of random times --> adapters --> fabric --> latency of each message, throughput of each source
 *
 * Every number that decides anything comes from the seed, the offered rate and the node's index, so the same
 * point gives the same result everywhere.
 */
#ifndef COB_LOAD_H
#define COB_LOAD_H

#include "sim/scenario.h"

struct load_point {
    uint32_t offered_percent;
    uint64_t messages;  /* created during the measurement; all others only make traffic */
    uint64_t delivered; /* messages whose last packet arrived during the measurement */
    /* Of the messages created during the measurement, from creation to the end of the receive pipeline. */
    vtime_t mean_ps, p50_ps, p99_ps, max_ps, min_ps;
    /* Payload that arrived during the measurement, bits per second: all sources, the least and the greatest
     * of one. */
    uint64_t accepted_bps, least_bps, most_bps;
    uint32_t accepted_permille; /* of the time that the sources' links would be busy with it */
    vtime_t end_ps;             /* when the fabric was empty again */
    uint64_t packets, dropped;
    vtime_t stall_ps;                   /* for want of credit, all link ends and channels */
    uint64_t node_bytes[SCN_MAX_NODES]; /* payload of each node's that arrived during the measurement */
    uint64_t node_hash[SCN_MAX_NODES];  /* over all deliveries to each node: message, packet, time */
    uint64_t hash;                      /* over all of these */
    uint64_t stuck;                     /* packets that wait for ever: a deadlock */
    char trouble[200];                  /* "" or: what is wrong with the books, or with building the fabric */
};

/*
 * Measures one point. SystemC elaborates once per process, so this works once in a process: fork. Returns 0;
 * -1 when the fabric could not be built or failed (trouble says why).
 */
int load_measure(const struct scenario *s, uint32_t offered_percent, struct load_point *out);

/* The time for which the link of an adapter is busy with one message: its packets with headers and framing.
 */
vtime_t load_message_ps(const struct scn_link *l, uint32_t message_bytes);

struct run;
/* The whole of `cob run` for a scenario with a load: measures all points, prints the table, writes the run
 * directory. Returns the exit status. */
int load_run(struct run *r);

#endif
