/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_gaps.h - the parts of virtual time that a run's trace does not hold, because somebody (a debugger)
 * switched recording off. They stand beside the trace, in a text file that is there only if there are any:
 *
 *   <run>/trace-gaps     # ...                   comment
 *                        16500000000 17000000000 from, to: picoseconds, half-open, ascending, apart
 *                        18000000000 -           to the end of the run
 *
 * Of a gap only node_state events are in the trace. Captures, consoles and replay logs have no gaps.
 */
#ifndef COB_TRACING_GAPS_H
#define COB_TRACING_GAPS_H

#include "tracing/tracing.h"

struct tracing_gaps {
    struct tracing_gap gap[TRACING_MAX_GAPS];
    unsigned n;
};

/* Is an event of this kind and time left out? */
bool tracing_gaps_hide(const struct tracing_gaps *g, vtime_t at, unsigned id);
/* Sorted, apart, not empty, not too many? */
bool tracing_gaps_valid(const struct tracing_gap *gaps, unsigned n);
/* 0 (no file: no gaps), or -1 errno with "path: line N: reason" on err. */
int tracing_gaps_read(const char *run, struct tracing_gaps *g, FILE *err);
/* The same from an open file; path is for messages. */
int tracing_gaps_parse(FILE *f, const char *path, struct tracing_gaps *g, FILE *err);
/* Makes, replaces or (no gaps) removes the file. 0, or -1 errno. */
int tracing_gaps_write(const char *path, const struct tracing_gaps *g);

#endif
