/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing.h - what a run leaves behind: event trace (CTF 1.8), captures (pcapng), consoles.
 *
 * The writer is given events in any order between two commits and writes them sorted by (time, stream,
 * arrival). Nothing host-dependent (no wall clock, pid, path, uuid) goes into a trace, so two identical runs
 * give identical files, which tracing_diff() and cmp(1) rely on.
 *
 *   <run>/trace/metadata               CTF metadata text, picosecond clock "vtime"
 *   <run>/trace/node-<name>, /fabric   one stream each, packets of 64 KiB (a crash loses the last one)
 *   <run>/trace-gaps                   what the trace does not hold (tracing_gaps.h); usually not there
 *   <run>/capture/<link>.<0|1>.pcapng  one per link end: what this end sent and received; nanoseconds,
 *                                      direction in the epb_flags option, drops as comments
 *   <run>/console/<name>.log           "[    1.234567890] text": virtual seconds of the line's first byte
 *   <run>/console/<name>.raw           the bytes as the guest wrote them
 *
 * Threads: one writer is used by one thread at a time. Calls may block on the disk. Errors are sticky: every
 * call may be made after a failure and does nothing; tracing_close() returns -1 with the first errno and says
 * which path.
 */
#ifndef COB_TRACING_H
#define COB_TRACING_H

#include "devices/port/vtime.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct tracing;

/* CTF event ids; their payload is in tracing_events.c, one table for writer, metadata text and reader. */
enum tracing_event_id {
    TR_NODE_STATE,    /* node stream: state ("trained", "result", "panic", "shutdown", "killed", ..), value */
    TR_CONSOLE_LINE,  /* node stream: text string */
    TR_FRAME_TX,      /* node stream: the guest handed frame_id to its interface nic; len, xxh64 */
    TR_FRAME_RX,      /* node stream: frame handed to the guest's interface; frame_id, nic, len, xxh64 */
    TR_LINK_QUEUED,   /* fabric stream: link, end, frame_id, len, queue_bytes */
    TR_LINK_SENT,     /* same payload */
    TR_LINK_ARRIVED,  /* same payload */
    TR_LINK_DROPPED,  /* same payload and reason string */
    TR_LINK_TRAINING, /* fabric stream: link */
    TR_LINK_UP,       /* fabric stream: link */
    TR_PACKET_TX,     /* node stream: the adapter emitted frame_id; its header decoded, len, xxh64 */
    TR_PACKET_RX,     /* node stream: the same, arrived at the adapter */
    TR_ADAPTER_TRAIN, /* node stream: the guest enabled its adapter nic, whose link nobody had trained */
    TR_GUEST_EVENT,   /* node stream: a record of the event port: type, arg, data */
    TR_FAULT,         /* fabric stream: link, end, fault, phase ("begin", "end", "hit"), frame_id, value */
    TR_NODE_FAULT,    /* node stream: fault, phase, value */
    /* Node stream, only if asked for: what the adapter does (devices/fabric/fabric_trace.h). */
    TR_DOORBELL,
    TR_MESSAGE, /* a send descriptor has become a message of its flow */
    TR_DMA,
    TR_COMPLETION,
    TR_INTERRUPT,
    TR_GRANT, /* node stream, only if asked for: the node may run on until .. */
    TR_EVENT_COUNT,
};

struct tracing_config {
    const char *dir;          /* the run directory; exists */
    const char *const *nodes; /* names, n_nodes of them; valid until tracing_open returns */
    unsigned n_nodes;
    const char *const *links; /* names */
    unsigned n_links;
    const char *const *faults; /* names */
    unsigned n_faults;
    const bool *fabric;  /* which links carry packets of fabric adapters, not Ethernet frames; NULL: none */
    bool trace, capture; /* off: the calls for that part do nothing (consoles are always written) */
    /* Only this goes into the trace (node_state always does); captures and consoles are not concerned. */
    uint64_t events;                     /* bit i: enum tracing_event_id i. 0: all */
    const bool *want_nodes, *want_links; /* [n_nodes], [n_links]; NULL: all */
};

/* Events in [from, to) are not recorded, but for node states. to: VTIME_NEVER: to the end of the run. */
struct tracing_gap {
    vtime_t from, to;
};
#define TRACING_MAX_GAPS 128u

struct tracing_link_event {
    vtime_t time_ps;
    enum tracing_event_id id; /* TR_LINK_... */
    unsigned link, end;
    uint64_t frame_id;
    uint32_t len, queue_bytes;
    const char *reason; /* of a drop, else NULL */
    /* Frame bytes for the capture, or NULL. SENT and ARRIVED are captured, DROPPED with a comment. */
    const uint8_t *data;
};

/* Creates the files. NULL with errno on failure and the path in why[size]. */
struct tracing *tracing_open(const struct tracing_config *cfg, char *why, size_t size);

/*
 * A node that is killed from outside while it is idle may be behind what was committed: its state is then
 * traced with the time of the last commit. Any other event must not be late.
 */
void tracing_node_state(struct tracing *t, unsigned node, vtime_t at, const char *state, int64_t value);
void tracing_frame(struct tracing *t, enum tracing_event_id tx_or_rx, unsigned node, unsigned nic, vtime_t at,
                   uint64_t frame_id, const uint8_t *data, uint32_t len);
/* The same for a packet of a fabric adapter (struct fab_wire first; shorter ones are shown with zeros). */
void tracing_packet(struct tracing *t, enum tracing_event_id tx_or_rx, unsigned node, vtime_t at,
                    uint64_t frame_id, const uint8_t *data, uint32_t len);
void tracing_adapter_train(struct tracing *t, unsigned node, unsigned nic, vtime_t at);
/* A record of the event port: struct fab_event first, len bytes in all, at least sizeof. */
void tracing_guest_event(struct tracing *t, unsigned node, vtime_t at, const uint8_t *record, uint32_t len);
/* A fault acts on what end `end` of `link` sends; begin and end: one of its links, and no frame (0). */
void tracing_fault(struct tracing *t, vtime_t at, unsigned link, unsigned end, unsigned fault,
                   const char *phase, uint64_t frame_id, uint64_t value);
void tracing_node_fault(struct tracing *t, unsigned node, vtime_t at, unsigned fault, const char *phase,
                        uint64_t value);
/* A record of the adapter's. kind: enum fab_trace_kind. */
struct fab_trace;
void tracing_device(struct tracing *t, unsigned node, vtime_t at, unsigned kind, const struct fab_trace *d);
/* A sleeping node may stand behind what was committed: then it is traced with the time of the last commit. */
void tracing_grant(struct tracing *t, unsigned node, vtime_t at, vtime_t until);
void tracing_link(struct tracing *t, const struct tracing_link_event *ev);
/*
 * Console bytes that the guest wrote at `at` (bytes of one node come in order). Lines are split here. A line
 * without an end is written by tracing_close. on_line (may be NULL) is called for each finished line, without
 * its newline (and carriage returns, and without NUL bytes), longer than 4096 bytes split; at: when the line
 * ended. It is called after a failure too.
 */
void tracing_console(struct tracing *t, unsigned node, vtime_t at, const void *bytes, size_t len,
                     void (*on_line)(void *ctx, unsigned node, vtime_t at, const char *line), void *ctx);
/*
 * What is not to be recorded, instead of what was said before: ascending and apart, at most TRACING_MAX_GAPS.
 * Of events that were committed nothing may change (else the trace is not the one of a run that was told so
 * from the start). The file trace-gaps says the same from now on.
 */
void tracing_set_gaps(struct tracing *t, const struct tracing_gap *gaps, unsigned n);
/* No event before `upto` will come any more (else assert; but see tracing_node_state): it may be written. */
void tracing_commit(struct tracing *t, vtime_t upto);
/* Bytes written and events so far, for the statistics. */
void tracing_counts(const struct tracing *t, uint64_t *events, uint64_t *bytes);
/* Writes what is left and frees. 0, or -1 with the first error's errno and its path in why[size]. */
int tracing_close(struct tracing *t, char *why, size_t size);

/*
 * Compares two run directories: resolved scenario is not compared; trace, consoles, captures and
 * result.json's "nodes" (exit, end time, RAM hash) are. Where one of the traces has a gap neither is
 * compared, and out says so. The first difference in virtual time is described on out in a few lines: time,
 * node or link, what, both sides decoded. Returns 0 equal, 1 different, -1 errno (path and reason on err).
 */
int tracing_diff(const char *run_a, const char *run_b, FILE *out, FILE *err);

/*
 * Says on out which parts of virtual time the trace of a run does not hold, a line each, with this text in
 * front; nothing if it holds all. Returns how many (what cannot be read is said too).
 */
unsigned tracing_tell_gaps(const char *run, const char *before, FILE *out);

/* What the scenario calls things; all borrowed. */
struct tracing_record_name {
    uint32_t type; /* of a record of the event port */
    const char *name;
    const char *text; /* its template (tracing_template.h); NULL: none */
};
struct tracing_frame_kind {
    uint64_t frame;
    uint32_t kind;
};
struct tracing_labels {
    const struct tracing_record_name *records;
    unsigned n_records;
    const char *const *kinds;                /* names */
    const struct tracing_frame_kind *frames; /* n_frames, ascending by frame: those that have a kind */
    size_t n_frames;
};

/*
 * Prints the trace of a run merged by (time, stream), one event a line, decoded. Times in [from, to).
 * node/link: only that one (NULL: all). Returns 0, or -1 errno with the reason on err (corrupt or truncated
 * files too).
 */
struct tracing_filter {
    vtime_t from, to;
    const char *node, *link;
    const char *event;      /* name of an event in the trace; NULL: all */
    const char *kind;       /* type of a packet or op of a message, "send", "read-data", ..; NULL: all */
    const uint64_t *frames; /* n_frames of them, ascending: only what concerns one of these; NULL: all */
    size_t n_frames;
    bool has_frame, has_message;
    uint64_t frame;                      /* only what concerns this frame or packet */
    uint64_t message;                    /* only what concerns messages of this number */
    const struct tracing_labels *labels; /* NULL: things are shown by their numbers */
};
int tracing_print(const char *run, const struct tracing_filter *filter, FILE *out, FILE *err);
bool tracing_is_kind(const char *name); /* whether a filter's kind can match anything */

/*
 * One message through the rack: from its doorbell (if device events were traced) to the handler that has read
 * its completion, or one frame from interface to interface. id: "12" or "#12", a frame or packet (any of the
 * message's); "alpha.2.5" or "alpha.2.5.1734": message 5 of queue 2 of node alpha to whichever peer, of the
 * first such epoch or of epoch 1734. 0; 1: there is no such thing (said on err); -1 errno with the reason.
 */
int tracing_follow(const char *run, const char *id, const struct tracing_labels *labels, FILE *out,
                   FILE *err);
/* Latencies, talkers, queues, drops, faults. As text, or (json) one JSON object. 0, or -1 as tracing_print().
 */
int tracing_summary(const char *run, bool json, const struct tracing_labels *labels, FILE *out, FILE *err);
/* For other programs' viewers. path is written anew. 0, or -1 errno with the reason on err. */
int tracing_export_perfetto(const char *run, const char *path, const struct tracing_labels *labels,
                            FILE *err);
int tracing_export_pcapng(const char *run, const char *path, FILE *err);

#endif
