/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace_labels.h - what a run's scenario calls its frames (`kinds:`, looked up in the replay logs, which have
 * the bytes) and the records of its event ports (`events:`).
 */
#ifndef COB_TRACE_LABELS_H
#define COB_TRACE_LABELS_H

#include "sim/kind_parts.h"
#include "sim/scenario.h"
#include "tracing/tracing.h"

struct trace_labels {
    struct tracing_labels labels;
    struct scenario *scn; /* NULL: cannot be read, and everything has its number only */
    struct tracing_record_name *records;
    struct kind_parts *parts;
    const char **kinds; /* their names */
    struct tracing_frame_kind *frames;
    size_t cap;
};

/* Without a scenario, or without a whole log, there are fewer names; that is no error. Blocks on the disk. */
void trace_labels_open(struct trace_labels *l, const char *run);
void trace_labels_close(struct trace_labels *l);

#endif
