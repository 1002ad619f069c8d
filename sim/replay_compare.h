/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay_compare.h - holds what a node emits against what its replay log says it emitted.
 *
 * Each kind of record is a stream of its own: frames with trainings, records of the event port, the end, and
 * so on, compared one by one: time, interface, length, every byte. The console is compared line by line, as
 * the pieces in which its bytes come depend on when the node meets the others: text, time of the line's first
 * byte, time of its end.
 *
 * Of several differences the earliest in virtual time counts. Nothing is compared after it in the same
 * stream.
 */
#ifndef COB_REPLAY_COMPARE_H
#define COB_REPLAY_COMPARE_H

#include "devices/port/port.h"
#include "tracing/replay.h"
#include <stdio.h>

struct replay_compare;

/* What was found the same so far. */
struct replay_counts {
    uint64_t frames, lines, events, others;
};

/* Both borrowed: the log and the names of all nodes, head.n_nodes of them. Never NULL. */
struct replay_compare *replay_compare_new(const struct replay_log *log, const char *const *nodes);
void replay_compare_free(struct replay_compare *c); /* NULL is allowed */
/* The node has emitted this. data need not stay. */
void replay_compare_up(struct replay_compare *c, const struct port_record *rec, const void *data);
/* Everything that the node emitted before this time has been given; VTIME_NEVER: it has ended. */
void replay_compare_upto(struct replay_compare *c, vtime_t before);
bool replay_compare_differs(const struct replay_compare *c);
void replay_compare_counts(const struct replay_compare *c, struct replay_counts *out);
/* When the first difference is; VTIME_NEVER: there is none. */
vtime_t replay_compare_at(const struct replay_compare *c);
/* The first difference, both sides decoded, in a few lines. */
void replay_compare_show(const struct replay_compare *c, FILE *out);

#endif
