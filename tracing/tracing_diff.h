/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_diff.h - the parts of tracing_diff() (internal to tracing/).
 *
 * Each part compares one kind of file of two runs, tells the earliest difference that it finds, and counts.
 * When two differences are in the same nanosecond the first of enum tracing_rank is told, then the one found
 * first: the cause (what a guest did) before its traces elsewhere.
 */
#ifndef COB_TRACING_DIFF_H
#define COB_TRACING_DIFF_H

#include "tracing/tracing_gaps.h"
#include "tracing/tracing_read.h"

enum tracing_rank {
    TRACING_RANK_NODE,
    TRACING_RANK_FABRIC,
    TRACING_RANK_CONSOLE,
    TRACING_RANK_CAPTURE,
    TRACING_RANK_RESULT
};

struct tracing_count {
    unsigned all, different;
};

struct tracing_diff {
    const char *run[2];
    FILE *out, *err;
    bool traced, one_trace;        /* both runs have a trace; only one has */
    struct tracing_names names[2]; /* from the metadata, if traced */
    struct tracing_gaps
        gaps[2]; /* what the traces do not hold; if there are any, only events outside are compared */
    struct tracing_count streams, consoles, captures, results;
    uint64_t events;
    unsigned hashes;
    vtime_t best_at; /* rounded down to nanoseconds */
    unsigned best_rank;
    char *best;  /* malloc'd text of the earliest difference, NULL: none with a time */
    char *found; /* the text being written, of `finding` */
    size_t found_len;
    FILE *finding;
    bool no_memory;
    char *notes; /* open_memstream's: lines about differences without a time */
    size_t notes_len;
    FILE *note;
};

/*
 * A difference at a time. If it is the earliest so far: a stream to write its text to, which
 * tracing_diff_keep() then takes; else NULL (also without memory, which fails the comparison at its end).
 */
FILE *tracing_diff_found(struct tracing_diff *d, vtime_t at, enum tracing_rank rank);
void tracing_diff_keep(struct tracing_diff *d);
/* "path: reason" for a file of run 0 or 1 on err; returns -1 with errno = code. */
int tracing_diff_fail(struct tracing_diff *d, unsigned run, const char *file, const char *reason, int code);

/* Both runs' file. 0, or -1 (told on err). */
int tracing_diff_map(struct tracing_diff *d, const char *file, struct tracing_map map[2]);
void tracing_diff_unmap(struct tracing_map map[2]);
/* Offset of the first byte that differs, or the shorter size. */
size_t tracing_diff_common(const struct tracing_map map[2]);
bool tracing_diff_same(const struct tracing_map map[2], size_t common);
/* The time of a side of a difference, when it is not the time that the whole difference is told with. */
void tracing_diff_put_later(FILE *out, vtime_t at, vtime_t told);
/*
 * What stands before one side of a difference: "x | B: y", "A ends here, B continues with y" or "A continues
 * with x, B ends here". The caller then shows the side if there is one.
 */
void tracing_diff_put_side(FILE *out, unsigned side, const bool there[2]);
void tracing_diff_put_quoted(FILE *out, const char *text, size_t len);

/* Each 0, or -1 errno (told on err). Names are of files in the run's directory, in both runs. */
int tracing_diff_stream(struct tracing_diff *d, const char *file, const char *node); /* NULL: fabric */
int tracing_diff_console(struct tracing_diff *d, const char *log, const char *raw, const char *node);
int tracing_diff_capture(struct tracing_diff *d, const char *file, const char *end);
int tracing_diff_results(struct tracing_diff *d); /* result.json's nodes */

#endif
