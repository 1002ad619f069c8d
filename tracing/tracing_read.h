/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_read.h - the reader's parts (internal to tracing/): mapped files, a cursor over a stream, one over
 * a capture.
 *
 * Nothing read is trusted: a cursor checks every length and every promise of the format, and stops with a
 * fault.
 */
#ifndef COB_TRACING_READ_H
#define COB_TRACING_READ_H

#include "tracing/tracing_format.h"

struct tracing_map {
    const uint8_t *data; /* NULL when size is 0 */
    size_t size;
};

/* "dir/name" read only. 0, or -1 errno. */
int tracing_map_file(struct tracing_map *map, const char *dir, const char *name);
void tracing_unmap(struct tracing_map *map);

struct tracing_cursor {
    const uint8_t *data;
    size_t size;
    enum tracing_class stream;
    unsigned links, node;
    size_t packet;  /* offset of the next packet */
    size_t at, end; /* next byte and end of the current packet's content */
    vtime_t first, last, newest;
    uint64_t events;
    const char *fault; /* why it stopped, or NULL */
};

/* node: its name, NULL for the fabric's stream. */
void tracing_cursor_start(struct tracing_cursor *c, const struct tracing_map *map,
                          const struct tracing_names *names, const char *node);
/* 1 and the next event (its strings point into the map); 0 at the end; -1 with c->fault. */
int tracing_cursor_next(struct tracing_cursor *c, struct tracing_event *ev);
/* Passes over whole packets that end before `from`, from the current packet's end on. */
void tracing_cursor_skip(struct tracing_cursor *c, vtime_t from);
/* "path: packet 3: reason" on err. */
void tracing_cursor_complain(const struct tracing_cursor *c, const char *dir, const char *name, FILE *err);

struct tracing_frame_record {
    vtime_t at;         /* whole nanoseconds */
    unsigned direction; /* 0 unknown, 1 in, 2 out */
    uint32_t len, kept;
    const uint8_t *data;
    const char *comment; /* not NUL-terminated, comment_len bytes; NULL: none */
    size_t comment_len;
    const uint8_t *block; /* the whole block */
    size_t block_len;
};

struct tracing_capture_cursor {
    const uint8_t *data;
    size_t size, at;
    uint64_t frames, interfaces;
    const char *fault;
};

void tracing_capture_start(struct tracing_capture_cursor *c, const struct tracing_map *map);
/* 1 and the next frame; 0 at the end; -1 with c->fault. */
int tracing_capture_next(struct tracing_capture_cursor *c, struct tracing_frame_record *frame);

/*
 * Names of the run's nodes and links from trace/metadata. 0; -1 errno with a sentence on err (not a run
 * directory, no trace, damaged). The caller frees with tracing_names_free().
 */
int tracing_read_names(const char *run, struct tracing_names *names, FILE *err);

/* Writes out what is buffered. 0, or -1 errno with a sentence on err, also for a failure before. */
int tracing_flush(FILE *out, FILE *err);

#endif
