/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report_internal.h - the parts of the report (internal to sim/report_*.c).
 *
 *   report.c           opens the run, writes the page section by section
 *   report_read.c      one pass over the trace: messages, their hops, marks, latencies
 *   report_bytes.c     the messages' bytes, from the captures
 *   report_latency.c   groups of latencies and their quantiles
 *   report_tables.c    result, expectations, links, latencies as tables
 *   report_topology.c  where nodes and switches are drawn;  report_svg.c  the drawing
 *   report_console.c   consoles
 *   report_data.c      the timeline's data as columns;  report_pack.c  numbers to bytes to text
 *   report_html.c      escaping, numbers, growing arrays
 *   report/            the page's static parts: report.css, *.js (one script, in the order of their names)
 */
#ifndef COB_REPORT_INTERNAL_H
#define COB_REPORT_INTERNAL_H

#include "sim/kind_parts.h"
#include "sim/report.h"
#include "sim/scenario.h"
#include "tracing/tracing_read.h"
#include <jansson.h>

/* ---- bytes that grow (report_pack.c). Out of memory ends the program with a message. */

struct rep_buf {
    uint8_t *p;
    size_t n, cap;
};

void *rep_grow(void *array, size_t n, size_t *cap, size_t item); /* room for one more */
void *rep_zeroed(size_t n, size_t item);                         /* at least one */
void rep_put(struct rep_buf *b, const void *bytes, size_t len);
void rep_put_number(struct rep_buf *b, uint64_t v);                          /* LEB128 */
void rep_put_signed(struct rep_buf *b, int64_t v);                           /* zigzag, LEB128 */
void rep_put_compressed(FILE *out, const struct rep_buf *b, const char *id); /* zlib, base64, in a script */
void rep_buf_free(struct rep_buf *b);

/* ---- what was read */

#define REP_NOBODY UINT32_MAX

/* Kinds of messages; adapters' packets follow by their type. */
enum rep_kind {
    REP_FRAME, /* no more is known of an Ethernet frame */
    REP_ARP,
    REP_ICMP,
    REP_UDP,
    REP_TCP,
    REP_IP,
    REP_IPV6,
    REP_PACKETS,
    REP_OTHER = REP_PACKETS + TRACING_PACKETS, /* a packet of a type without a name */
    REP_KINDS                                  /* and from here on those that the scenario names (`kinds`) */
};
struct report;
const char *rep_kind_name(const struct report *r, unsigned kind);

struct rep_message {
    uint64_t id;
    vtime_t at;         /* handed over by the guest; without that event: when it was first seen */
    uint32_t node, nic; /* who; REP_NOBODY: its sending is not in the trace */
    uint32_t kind, queue, epoch, message, psn, offset, len;
    uint32_t to;          /* node, as its header says; REP_NOBODY */
    bool adapter;         /* a packet of a fabric adapter */
    bool lost;            /* dropped somewhere */
    const uint8_t *bytes; /* in a capture's map, or NULL */
    uint32_t kept;
};

enum rep_step { REP_QUEUED, REP_SENT, REP_ARRIVED, REP_DROPPED, REP_RECEIVED };

/* A step of a message's way. */
struct rep_hop {
    vtime_t at;
    uint32_t message; /* index */
    uint32_t where;   /* 2 * link + end; RECEIVED: node */
    uint32_t value;   /* bytes in the queue; DROPPED: index of the reason; RECEIVED: interface */
    enum rep_step step;
};

/* Anything else that has a time. */
struct rep_mark {
    vtime_t at;
    uint32_t lane;  /* node, or n_nodes for the fabric */
    uint32_t event; /* enum tracing_event_id */
    uint32_t about; /* index of a message + 1, or 0 */
    uint32_t text;  /* where its text begins in `texts` */
};

struct rep_latency {
    uint32_t from, to, kind;
    uint64_t count;
    vtime_t min, median, p99, max;
};

struct rep_sample {
    uint32_t group;
    vtime_t latency;
};

struct rep_end_count {
    uint64_t sent, sent_bytes, arrived, dropped;
};

struct rep_capture;

struct report {
    const char *run; /* directory */
    struct report_options opt;
    struct scenario *scn;     /* NULL: cannot be read */
    struct kind_parts *parts; /* NULL: the same */
    char *scenario_text;      /* NULL: not there */
    json_t *result;           /* NULL: none */
    bool traced;              /* names are known and the streams were read */
    struct tracing_names names;
    struct tracing_labels labels; /* of records of event ports */
    struct tracing_record_name *records;
    struct rep_buf notes; /* NUL-terminated sentences: what is missing or damaged */
    unsigned n_notes;

    struct rep_message *messages; /* of the window, in order of time */
    size_t n_messages, cap_messages;
    uint64_t all_messages; /* in the trace */
    struct rep_hop *hops;  /* sorted by message, then time */
    size_t n_hops, cap_hops;
    struct rep_mark *marks;
    size_t n_marks, cap_marks;
    uint64_t all_marks;
    struct rep_buf texts; /* NUL-terminated */
    char **reasons;       /* of drops */
    unsigned n_reasons;
    struct rep_end_count *ends; /* 2 * n_links */
    vtime_t last;               /* time of the last event */
    uint64_t events;

    struct rep_sample *samples;
    size_t n_samples, cap_samples;
    struct rep_latency *latencies;
    size_t n_latencies;

    struct rep_capture *captures; /* 2 * n_links, or NULL */
};

__attribute__((format(printf, 2, 3))) void rep_note(struct report *r, const char *format, ...);

/* report_read.c */
void rep_read_trace(struct report *r);
/* report_bytes.c: the bytes that this end sent (or dropped) as its next one; NULL if unknown. */
void rep_bytes_open(struct report *r);
const uint8_t *rep_bytes_next(struct report *r, uint32_t where, enum rep_step step, vtime_t at, uint32_t len,
                              uint32_t *kept);
void rep_bytes_close(struct report *r);
unsigned rep_ethernet_kind(const uint8_t *bytes, uint32_t kept);
unsigned rep_all_kinds(const struct report *r); /* how many there are */
/* What the scenario calls these bytes, which are given in the order of their sending (kind_parts.h); 0:
 * nothing. adapter: of a link of the fabric. */
unsigned rep_named_kind(const struct report *r, const uint8_t *bytes, uint32_t kept, bool adapter);
/* report_latency.c */
void rep_latency_add(struct report *r, uint32_t from, uint32_t to, uint32_t kind, vtime_t latency);
void rep_latency_finish(struct report *r);

/* Sections of the page. */
void rep_write_result(const struct report *r, FILE *out);
void rep_write_topology(const struct report *r, FILE *out);
void rep_write_latency(const struct report *r, FILE *out);
void rep_write_links(const struct report *r, FILE *out);
void rep_write_consoles(struct report *r, FILE *out);
void rep_write_data(const struct report *r, FILE *out);

/* report_topology.c: places in [0, 1] x [0, 1]; index: nodes, then switches. */
struct rep_place {
    double x, y;
    double nx, ny; /* where the label goes, seen from the place: a direction */
};
void rep_topology_places(const struct scenario *s, struct rep_place *places, double *aspect);

/* report_html.c */
void rep_text(FILE *out, const char *text); /* escaped for content and attributes */
void rep_text_n(FILE *out, const char *text, size_t len);
void rep_number(FILE *out, int64_t v);                    /* digits in groups of three, by style only */
void rep_cell(FILE *out, int64_t v);                      /* <td> with that */
void rep_time_cell(FILE *out, int64_t v);                 /* <td> with seconds to the picosecond */
const char *rep_string(const json_t *o, const char *key); /* "" if there is none */
int64_t rep_integer(const json_t *o, const char *key);
int64_t rep_dropped(const json_t *end); /* sum over the reasons */
const char *rep_node_name(const struct report *r, uint32_t node);

#endif
