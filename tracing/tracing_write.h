/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_write.h - the writer's parts (internal to tracing/): files, queues, streams, captures, consoles.
 *
 *   tracing.c --> tracing_queue (sorts between commits) --> tracing_stream  --> tracing_file
 *                                                       --> tracing_capture --> tracing_file
 *             --> tracing_console (in order already) ---------------------> 2 x tracing_file
 *
 * None of these returns an error: the first one is kept in the shared tracing_error, after which files
 * swallow writes.
 */
#ifndef COB_TRACING_WRITE_H
#define COB_TRACING_WRITE_H

#include "tracing/tracing_format.h"
#include "tracing/tracing_gaps.h"

/* The first failure. path is malloc'd (NULL when there was no memory for it, or for anything else). */
struct tracing_error {
    int err;
    char *path;
};

void tracing_fail(struct tracing_error *error, int err, const char *path);

/*
 * An output file with one buffer. What is appended is a unit (a packet, a block, a line): the file on disk
 * always ends at the end of a unit, also when the disk is full. All zero: never opened; closing that does
 * nothing.
 */
struct tracing_file {
    int fd; /* -1: could not be opened */
    char *path;
    uint8_t *buf;
    size_t used, cap;
    uint64_t written; /* bytes that are in the file */
    struct tracing_error *error;
};

/* Creates the file (it must not exist). False after a failure; tracing_file_close() is right in any case. */
bool tracing_file_open(struct tracing_file *f, struct tracing_error *error, char *path, size_t buffer);
void tracing_file_append(struct tracing_file *f, const void *unit, size_t len);
void tracing_file_flush(struct tracing_file *f);
/* Puts [from, to) of the buffer at its place behind what is written; it will be written again with the rest.
 */
void tracing_file_save(struct tracing_file *f, size_t from, size_t to);
void tracing_file_close(struct tracing_file *f); /* flushes */

/* Records between two commits, handed on in order of (time, arrival). */
struct tracing_record {
    vtime_t at;
    size_t offset, len;
};

struct tracing_queue {
    struct tracing_record *records, *scratch; /* [first, n) are waiting; capacity cap each */
    size_t first, n, cap;
    bool unsorted;
    uint8_t *bytes;
    size_t used, room, live; /* live: bytes of the waiting records */
    void (*write)(void *owner, vtime_t at, const uint8_t *bytes, size_t len);
    void *owner;
    bool listed; /* in the writer's list of queues with something in them */
};

/* Room for a record of at most len bytes, which tracing_queue_push() then completes. NULL: ENOMEM. */
uint8_t *tracing_queue_room(struct tracing_queue *q, size_t len);
void tracing_queue_push(struct tracing_queue *q, vtime_t at, size_t len);
/* Writes records with time < upto. Returns the time of the earliest one left, or INT64_MAX when none is. */
vtime_t tracing_queue_drain(struct tracing_queue *q, vtime_t upto);
void tracing_queue_free(struct tracing_queue *q);

/* One CTF stream. The file's buffer is the packet being filled. */
struct tracing_stream {
    struct tracing_queue queue;
    struct tracing_file file;
    enum tracing_class stream_class;
    unsigned node;
    uint64_t packets;
    vtime_t first, last; /* of the packet being filled */
    size_t saved;        /* so much of it is on the disk already */
    vtime_t latest;      /* of all events ever queued */
    const struct tracing_gaps *gaps;
    uint64_t left_out; /* events that fell into one */
};

bool tracing_stream_open(struct tracing_stream *s, struct tracing_error *error, char *path,
                         enum tracing_class c, unsigned node, const struct tracing_gaps *gaps);
void tracing_stream_save(struct tracing_stream *s);  /* the packet being filled can be read from now on */
void tracing_stream_close(struct tracing_stream *s); /* its queue is drained already */

/* One pcapng file. */
struct tracing_capture {
    struct tracing_queue queue;
    struct tracing_file file;
};

enum tracing_direction { TRACING_DIR_UNKNOWN, TRACING_DIR_IN, TRACING_DIR_OUT };

bool tracing_capture_open(struct tracing_capture *c, struct tracing_error *error, char *path,
                          const char *interface, bool fabric);
void tracing_capture_close(struct tracing_capture *c);
/* Queues one frame; data may be NULL (no bytes, only its length). comment may be NULL. -1: ENOMEM. */
int tracing_capture_frame(struct tracing_capture *c, vtime_t at, enum tracing_direction dir,
                          const uint8_t *data, uint32_t len, const char *comment);

#define TRACING_LINE_MAX 4096

struct tracing_console {
    struct tracing_file log, raw;
    char line[TRACING_LINE_MAX];
    size_t len;
    vtime_t begun, last; /* of the line's first byte; of the newest byte */
};

/* text: the line as in the log, escaped; bytes: as written, NUL-terminated, NULs left out. at: when the line
 * ended. */
typedef void tracing_line_fn(void *ctx, vtime_t at, const char *text, const char *bytes);

bool tracing_console_open(struct tracing_console *c, struct tracing_error *error, char *log_path,
                          char *raw_path);
void tracing_console_bytes(struct tracing_console *c, vtime_t at, const void *bytes, size_t len,
                           tracing_line_fn *done, void *ctx);
void tracing_console_finish(struct tracing_console *c, tracing_line_fn *done,
                            void *ctx); /* an unended line */
void tracing_console_flush(struct tracing_console *c);
void tracing_console_close(struct tracing_console *c);

/* The writer. */
struct tracing {
    struct tracing_error error;
    struct tracing_names names;
    bool trace, capture;
    uint64_t events_wanted;           /* bit i: enum tracing_event_id i */
    bool *skip_node, *skip_link;      /* its events are not wanted */
    struct tracing_stream *streams;   /* one per node, then the fabric's */
    struct tracing_capture *captures; /* 2 * link + end */
    struct tracing_console *consoles; /* one per node */
    struct tracing_queue **listed;    /* queues with something in them */
    unsigned n_listed;
    vtime_t earliest, committed, save_at;
    uint64_t events;
    struct tracing_gaps gaps;
    char *gaps_path;
};

#endif
