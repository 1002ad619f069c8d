/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_perfetto.c - a run's trace for Perfetto's viewer and trace processor: nodes as processes with a
 * track for the adapter (or interfaces), one for the console and one for their life; the fabric as a process
 * with a counter for the queue of each link end and a track for drops and faults.
 *
 * A packet or frame is a slice of its sender, from where it was emitted to where the last of its copies has
 * arrived or was dropped, with a flow to where it arrived. A message of the adapter (if these were traced) is
 * a slice of its sender from its descriptor to its completion. Slices of a track have to be nested, which
 * these are not: each gets a lane of its own while it lasts, and a viewer shows lanes of one name together.
 * What was under way at the end is no slice but a point.
 *
 * Two walks: how often each packet arrives or is dropped; then writing, in order of time.
 *
 * Perfetto reads a protocol-buffers message Trace. Only a few message types and fields of it are
 * needed, all of them appended and never looked at again, so they are written here instead of by generated
 * code; the numbers are those of Perfetto's public schema, checked one by one (tests/e2e/trace has them as
 * a .proto and decodes with protoc). Perfetto knows nanoseconds: picoseconds are rounded down, and stand in
 * each event's annotation "ps".
 */
#include "devices/fabric/fabric_abi.h"
#include "tracing/tracing_protobuf.h"
#include "tracing/tracing_walk.h"
#include <errno.h>
#include <stdlib.h>

enum { /* Trace, TracePacket, TrackDescriptor, .. */
       TRACE_PACKET = 1,
       PACKET_TIMESTAMP = 8,
       PACKET_SEQUENCE = 10,
       PACKET_EVENT = 11,
       PACKET_SEQUENCE_FLAGS = 13,
       SEQUENCE_BEGINS = 1, /* the sequence refers to nothing before this packet */
       PACKET_DESCRIPTOR = 60,
       TRACK_UUID = 1,
       TRACK_NAME = 2,
       TRACK_PROCESS = 3,
       TRACK_PARENT = 5,
       TRACK_COUNTER = 8,
       PROCESS_PID = 1,
       PROCESS_NAME = 6,
       COUNTER_UNIT = 3,
       COUNTER_BYTES = 3,
       EVENT_ANNOTATION = 4,
       EVENT_TYPE = 9,
       EVENT_TRACK = 11,
       EVENT_NAME = 23,
       EVENT_COUNTER = 30,
       EVENT_FLOW = 47,
       EVENT_FLOW_ENDS = 48,
       TYPE_BEGIN = 1,
       TYPE_END = 2,
       TYPE_INSTANT = 3,
       TYPE_COUNTER = 4,
       ANNOTATION_UINT = 3,
       ANNOTATION_STRING = 6,
       ANNOTATION_NAME = 10
};
enum lane_kind { FLIGHT, MESSAGE };

/* A track for slices that come one after the other, and what is on it: a packet, or a message. */
struct lane {
    uint64_t track;
    unsigned node;
    enum lane_kind kind;
    bool busy;
    uint64_t frame;
    uint64_t queue, peer, epoch, message;
};

struct export
{
    FILE *out;
    struct tracing_names names;
    struct message packet, body, part; /* used again and again */
    bool begun;
    uint32_t *ends; /* by frame id: how often it still arrives or is dropped; n_ends of them */
    size_t n_ends;
    struct lane *lanes;
    size_t n_lanes;
    int error; /* ENOMEM */
};

enum { LIFE, CONSOLE, DEVICE, TRACKS }; /* of a node */

static uint64_t node_track(unsigned node, unsigned track)
{
    return 1 + (uint64_t)node * (TRACKS + 1) + 1 + track;
}

static uint64_t node_process(unsigned node)
{
    return 1 + (uint64_t)node * (TRACKS + 1);
}

/* The fabric is the process after the nodes'; its first track is for drops and faults, then come the
 * counters. */
static uint64_t end_track(const struct export *x, uint64_t link, uint64_t end)
{
    return node_process(x->names.n_nodes) + 2 + 2 * link + end;
}

/* x->packet, without a time if at is negative, goes out. */
static void put_packet(struct export *x, unsigned field, vtime_t at)
{
    uint8_t head[11] = {TRACE_PACKET << 3 | BYTES};
    struct message size = {.p = head, .n = 1, .room = sizeof head};

    x->packet.n = 0;
    if (at >= 0)
        put_number(&x->packet, PACKET_TIMESTAMP, (uint64_t)vtime_to_ns(at));
    put_number(&x->packet, PACKET_SEQUENCE, 1);
    if (!x->begun)
        put_number(&x->packet, PACKET_SEQUENCE_FLAGS, SEQUENCE_BEGINS);
    x->begun = true;
    put_message(&x->packet, field, &x->body);
    put_varint(&size, x->packet.n);
    fwrite(head, 1, size.n, x->out);
    fwrite(x->packet.p, 1, x->packet.n, x->out);
}

static void put_process(struct export *x, uint64_t uuid, unsigned pid, const char *name)
{
    put_number(&x->body, TRACK_UUID, uuid);
    put_number(&x->part, PROCESS_PID, pid);
    put_text(&x->part, PROCESS_NAME, name);
    put_message(&x->body, TRACK_PROCESS, &x->part);
    put_packet(x, PACKET_DESCRIPTOR, -1);
}

static void put_track(struct export *x, uint64_t uuid, uint64_t parent, const char *name, bool counter)
{
    put_number(&x->body, TRACK_UUID, uuid);
    put_text(&x->body, TRACK_NAME, name);
    put_number(&x->body, TRACK_PARENT, parent);
    if (counter) {
        put_number(&x->part, COUNTER_UNIT, COUNTER_BYTES);
        put_message(&x->body, TRACK_COUNTER, &x->part);
    }
    put_packet(x, PACKET_DESCRIPTOR, -1);
}

static void put_tracks(struct export *x)
{
    static const char *const tracks[TRACKS] = {
        [LIFE] = "life", [CONSOLE] = "console", [DEVICE] = "interfaces"};
    unsigned n = x->names.n_nodes;

    for (unsigned i = 0; i < n; i++) {
        put_process(x, node_process(i), i + 1, x->names.nodes[i]);
        for (unsigned k = 0; k < TRACKS; k++)
            put_track(x, node_track(i, k), node_process(i), tracks[k], false);
    }
    put_process(x, node_process(n), n + 1, "fabric");
    put_track(x, node_process(n) + 1, node_process(n), "links", false);
    for (unsigned i = 0; i < 2 * x->names.n_links; i++) {
        char name[160];
        snprintf(name, sizeof name, "%s.%u queue", x->names.links[i / 2], i % 2);
        put_track(x, end_track(x, i / 2, i % 2), node_process(n), name, true);
    }
}

static void annotate(struct export *x, const char *name, uint64_t value, const char *text)
{
    put_text(&x->part, ANNOTATION_NAME, name);
    if (text)
        put_text(&x->part, ANNOTATION_STRING, text);
    else
        put_number(&x->part, ANNOTATION_UINT, value);
    put_message(&x->body, EVENT_ANNOTATION, &x->part);
}

static void annotate_all(struct export *x, const struct tracing_event *ev)
{
    const struct tracing_field *f = tracing_event_defs[ev->id].fields;

    annotate(x, "ps", (uint64_t)ev->at, NULL);
    for (unsigned i = 0; i < TRACING_MAX_FIELDS && f[i].type != TRF_NONE; i++) {
        uint64_t u = f[i].type == TRF_STRING || f[i].type == TRF_BYTES ? 0 : ev->v[i].u;
        const char *word = tracing_word(&f[i], u);
        if (f[i].type == TRF_STRING)
            word = ev->v[i].s;
        else if (f[i].type == TRF_NODE && u < x->names.n_nodes)
            word = x->names.nodes[u];
        else if (f[i].type == TRF_LINK && u < x->names.n_links)
            word = x->names.links[u];
        else if (f[i].type == TRF_FAULT && u < x->names.n_faults)
            word = x->names.faults[u];
        if (f[i].type != TRF_BYTES)
            annotate(x, f[i].name, u, word);
    }
}

/* "send", "doorbell done", "interrupt", .. or a text of the event's own. */
static const char *title(const struct export *x, const struct tracing_event *ev, char *buf, size_t size)
{
    const struct tracing_event_def *def = &tracing_event_defs[ev->id];
    const char *word = def->fields[0].type == TRF_WORD ? tracing_word(&def->fields[0], ev->v[0].u) : NULL;

    if (ev->id == TR_CONSOLE_LINE || ev->id == TR_NODE_STATE)
        return ev->v[0].s;
    const char *kind = tracing_kind_of(x->names.labels, tracing_value(ev, "frame_id"));
    if (ev->id == TR_GUEST_EVENT && tracing_record_name_of(x->names.labels, ev->v[0].u)) {
        FILE *f = fmemopen(buf, size, "w");
        if (!f)
            return def->phrase;
        tracing_event_show(f, ev, &x->names);
        fclose(f); /* a longer one is cut */
        buf[size - 1] = 0;
        return buf;
    }
    if (ev->id == TR_PACKET_TX || ev->id == TR_PACKET_RX)
        word = kind ? kind : tracing_word(&def->fields[1], ev->v[1].u);
    if (!word)
        return def->phrase;
    snprintf(buf, size, "%s %s", def->phrase, word);
    return buf;
}

static bool is_sent(const struct tracing_event *ev)
{
    return ev->id == TR_FRAME_TX || ev->id == TR_PACKET_TX;
}

static bool is_received(const struct tracing_event *ev)
{
    return ev->id == TR_FRAME_RX || ev->id == TR_PACKET_RX;
}

static void put_point(struct export *x, unsigned type, uint64_t track, const struct tracing_event *ev)
{
    char name[200];

    put_number(&x->body, EVENT_TYPE, type);
    put_number(&x->body, EVENT_TRACK, track);
    put_text(&x->body, EVENT_NAME, title(x, ev, name, sizeof name));
    if (is_sent(ev))
        put_fixed64(&x->body, EVENT_FLOW, tracing_value(ev, "frame_id"));
    else if (is_received(ev))
        put_fixed64(&x->body, EVENT_FLOW_ENDS, tracing_value(ev, "frame_id"));
    annotate_all(x, ev);
    put_packet(x, PACKET_EVENT, ev->at);
}

/* A free lane of the node, which is busy from now on. NULL: ENOMEM. */
static struct lane *take_lane(struct export *x, unsigned node, enum lane_kind kind)
{
    struct lane *l = x->lanes;
    while (l < x->lanes + x->n_lanes && (l->busy || l->node != node || l->kind != kind))
        l++;
    if (l == x->lanes + x->n_lanes) {
        struct lane *grown = realloc(x->lanes, (x->n_lanes + 1) * sizeof *grown);
        if (!grown) {
            x->error = ENOMEM;
            return NULL;
        }
        x->lanes = grown;
        l = &grown[x->n_lanes];
        *l = (struct lane){
            .track = end_track(x, x->names.n_links, 0) + x->n_lanes, .node = node, .kind = kind};
        x->n_lanes++;
        put_track(x, l->track, node_process(node), kind == FLIGHT ? "in flight" : "messages", false);
    }
    l->busy = true;
    return l;
}

static void end_slice(struct export *x, struct lane *l, vtime_t at)
{
    l->busy = false;
    put_number(&x->body, EVENT_TYPE, TYPE_END);
    put_number(&x->body, EVENT_TRACK, l->track);
    put_packet(x, PACKET_EVENT, at);
}

static void begin_flight(struct export *x, unsigned node, const struct tracing_event *ev)
{
    uint64_t frame = tracing_value(ev, "frame_id");
    struct lane *l;

    if (frame >= x->n_ends || x->ends[frame] == 0) {
        put_point(x, TYPE_INSTANT, node_track(node, DEVICE), ev);
    } else if ((l = take_lane(x, node, FLIGHT))) {
        l->frame = frame;
        put_point(x, TYPE_BEGIN, l->track, ev);
    }
}

/* It has arrived, or was dropped, somewhere. */
static void end_flight(struct export *x, const struct tracing_event *ev)
{
    uint64_t frame = tracing_value(ev, "frame_id");

    if (frame >= x->n_ends || x->ends[frame] == 0 || --x->ends[frame] > 0)
        return;
    for (size_t i = 0; i < x->n_lanes; i++)
        if (x->lanes[i].busy && x->lanes[i].kind == FLIGHT && x->lanes[i].frame == frame)
            end_slice(x, &x->lanes[i], ev->at);
}

static void begin_message(struct export *x, unsigned node, const struct tracing_event *ev)
{
    struct lane *l = take_lane(x, node, MESSAGE);

    if (!l)
        return;
    l->queue = tracing_value(ev, "queue");
    l->peer = tracing_value(ev, "peer");
    l->epoch = tracing_value(ev, "epoch");
    l->message = tracing_value(ev, "message");
    put_point(x, TYPE_BEGIN, l->track, ev);
}

/* The sender's completion, not the receiver's, whose peer is the sender. */
static void end_message(struct export *x, unsigned node, const struct tracing_event *ev)
{
    if (tracing_value(ev, "op") == FAB_OP_RECV)
        return;
    for (size_t i = 0; i < x->n_lanes; i++) {
        struct lane *l = &x->lanes[i];
        if (l->busy && l->kind == MESSAGE && l->node == node && l->queue == tracing_value(ev, "queue") &&
            l->peer == tracing_value(ev, "peer") && l->epoch == tracing_value(ev, "epoch") &&
            l->message == tracing_value(ev, "message")) {
            end_slice(x, l, ev->at);
            return;
        }
    }
}

static int count_end(void *ctx, const struct tracing_walked *at, const struct tracing_event *ev)
{
    struct export *x = ctx;
    uint64_t frame = tracing_value(ev, "frame_id");

    (void)at;
    if ((!is_received(ev) && ev->id != TR_LINK_DROPPED) || frame >= UINT64_C(1) << 32)
        return 0;
    if (frame >= x->n_ends) {
        size_t n = frame + 1 > 2 * x->n_ends ? frame + 4096 : 2 * x->n_ends;
        uint32_t *grown = realloc(x->ends, n * sizeof *grown);
        if (!grown) {
            x->error = ENOMEM;
            return -1;
        }
        memset(grown + x->n_ends, 0, (n - x->n_ends) * sizeof *grown);
        x->ends = grown;
        x->n_ends = n;
    }
    x->ends[frame]++;
    return 0;
}

static void put_fabric_event(struct export *x, const struct tracing_event *ev)
{
    if (ev->id == TR_LINK_ARRIVED)
        return;
    if (ev->id != TR_LINK_QUEUED && ev->id != TR_LINK_SENT) {
        put_point(x, TYPE_INSTANT, node_process(x->names.n_nodes) + 1, ev);
        if (ev->id == TR_LINK_DROPPED)
            end_flight(x, ev);
        return;
    }
    put_number(&x->body, EVENT_TYPE, TYPE_COUNTER);
    put_number(&x->body, EVENT_TRACK, end_track(x, tracing_value(ev, "link"), tracing_value(ev, "end") & 1));
    put_number(&x->body, EVENT_COUNTER, tracing_value(ev, "queue_bytes"));
    put_packet(x, PACKET_EVENT, ev->at);
}

static int put_event(void *ctx, const struct tracing_walked *at, const struct tracing_event *ev)
{
    struct export *x = ctx;
    unsigned track = ev->id == TR_CONSOLE_LINE                            ? CONSOLE
                     : ev->id == TR_NODE_STATE || ev->id == TR_NODE_FAULT ? LIFE
                                                                          : DEVICE;

    if (at->node == x->names.n_nodes)
        put_fabric_event(x, ev);
    else if (is_sent(ev))
        begin_flight(x, at->node, ev);
    else if (ev->id == TR_MESSAGE)
        begin_message(x, at->node, ev);
    else
        put_point(x, TYPE_INSTANT, node_track(at->node, track), ev);
    if (is_received(ev))
        end_flight(x, ev);
    if (ev->id == TR_COMPLETION)
        end_message(x, at->node, ev);
    return ferror(x->out) || x->packet.failed || x->error;
}

int tracing_export_perfetto(const char *run, const char *path, const struct tracing_labels *labels, FILE *err)
{
    const struct tracing_filter all = {.to = INT64_MAX, .labels = labels};
    struct export x = {0};

    if (tracing_read_names(run, &x.names, err) != 0)
        return -1;
    x.names.labels = labels;
    int result = -1;
    x.out = fopen(path, "we");
    if (!x.out) {
        fprintf(err, "%s: %s\n", path, strerror(errno));
    } else {
        put_tracks(&x);
        result = tracing_walk(run, &all, count_end, &x, err);
        if (result == 0)
            result = tracing_walk(run, &all, put_event, &x, err);
        if (x.packet.failed || x.error) {
            result = -1;
            errno = ENOMEM;
            fprintf(err, "%s: %s\n", path, strerror(errno));
        }
        if (tracing_flush(x.out, err) != 0)
            result = -1;
    }
    int code = errno;
    if (x.out)
        fclose(x.out);
    free(x.ends);
    free(x.lanes);
    free(x.packet.p);
    free(x.body.p);
    free(x.part.p);
    tracing_names_free(&x.names);
    errno = code;
    return result;
}
