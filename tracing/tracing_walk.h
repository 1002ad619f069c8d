/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_walk.h - a run's events in order of (time, stream), for whoever prints, counts or exports them; and
 * their fields by name. Nothing blocks but on the disk.
 */
#ifndef COB_TRACING_WALK_H
#define COB_TRACING_WALK_H

#include "tracing/tracing_read.h"

struct tracing_walked {
    const struct tracing_names *names;
    const char *label; /* of the stream: the node's name, or "fabric" */
    unsigned node;     /* its index; n_nodes: the fabric */
    int width;         /* of the longest label */
};

/* Strings of ev are valid until the walk ends. Not 0: ends it. */
typedef int tracing_visit(void *ctx, const struct tracing_walked *at, const struct tracing_event *ev);

/*
 * 0; -1 with errno and the reason on err (no run, a damaged stream, a filter's name that is not there), or,
 * if visit has ended it, without a reason.
 */
int tracing_walk(const char *run, const struct tracing_filter *filter, tracing_visit *visit, void *ctx,
                 FILE *err);

/* NULL: events of this kind have no such field. */
const struct tracing_field *tracing_field_find(enum tracing_event_id id, const char *name);
/* The number in a field; false: there is no such field, or it is a text. */
bool tracing_value_get(const struct tracing_event *ev, const char *name, uint64_t *value);
uint64_t tracing_value(const struct tracing_event *ev, const char *name); /* 0 in that case */
const char *tracing_word(const struct tracing_field *f, uint64_t value);  /* NULL: it has no name */

#endif
