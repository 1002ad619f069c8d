/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_perfetto.c - a run's trace for Perfetto's viewer and trace processor: nodes as processes with a
 * track for the adapter (or interfaces), one for the console and one for their life; the fabric as a process
 * with a counter for the queue of each link end and a track for drops and faults; a flow from where a frame
 * was sent to where it arrived.
 *
 * Perfetto reads a protocol-buffers message Trace. Only four message types and fifteen fields of it are
 * needed, all of them appended and never looked at again, so they are written here instead of by generated
 * code; the numbers are those of Perfetto's public schema (tests/e2e/trace has them as a .proto and decodes
 * with protoc). Perfetto knows nanoseconds: picoseconds are rounded down, and stand in each event's
 * annotation "ps".
 */
#include "tracing/tracing_walk.h"
#include <errno.h>
#include <stdlib.h>

enum { /* Trace, TracePacket, TrackDescriptor, .. */
       TRACE_PACKET = 1,
       PACKET_TIMESTAMP = 8,
       PACKET_SEQUENCE = 10,
       PACKET_EVENT = 11,
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
       TYPE_INSTANT = 3,
       TYPE_COUNTER = 4,
       ANNOTATION_UINT = 3,
       ANNOTATION_STRING = 6,
       ANNOTATION_NAME = 10
};
enum { VARINT = 0, FIXED64 = 1, BYTES = 2 };

struct message {
    uint8_t *p;
    size_t n, room;
    bool failed;
};

static void put_raw(struct message *m, const void *bytes, size_t n)
{
    if (m->n + n > m->room && !m->failed) {
        size_t room = 2 * m->room + n + 64;
        uint8_t *grown = realloc(m->p, room);
        m->failed = !grown;
        if (grown) {
            m->p = grown;
            m->room = room;
        }
    }
    if (m->failed)
        return;
    memcpy(m->p + m->n, bytes, n);
    m->n += n;
}

static void put_varint(struct message *m, uint64_t x)
{
    uint8_t bytes[10];
    size_t n = 0;

    do {
        bytes[n++] = (uint8_t)((x & 127) | (x > 127 ? 128 : 0));
        x >>= 7;
    } while (x);
    put_raw(m, bytes, n);
}

static void put_number(struct message *m, unsigned field, uint64_t x)
{
    put_varint(m, field << 3 | VARINT);
    put_varint(m, x);
}

static void put_fixed64(struct message *m, unsigned field, uint64_t x)
{
    uint8_t bytes[8];

    tracing_put64(bytes, x);
    put_varint(m, field << 3 | FIXED64);
    put_raw(m, bytes, sizeof bytes);
}

static void put_bytes(struct message *m, unsigned field, const void *bytes, size_t n)
{
    put_varint(m, field << 3 | BYTES);
    put_varint(m, n);
    put_raw(m, bytes, n);
}

static void put_text(struct message *m, unsigned field, const char *text)
{
    put_bytes(m, field, text, strlen(text));
}

static void put_message(struct message *m, unsigned field, struct message *inner)
{
    put_bytes(m, field, inner->p, inner->n);
    m->failed = m->failed || inner->failed;
    inner->n = 0;
}

struct export
{
    FILE *out;
    struct tracing_names names;
    struct message packet, body, part; /* used again and again */
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
static const char *title(const struct tracing_event *ev, char *buf, size_t size)
{
    const struct tracing_event_def *def = &tracing_event_defs[ev->id];
    const char *word = def->fields[0].type == TRF_WORD ? tracing_word(&def->fields[0], ev->v[0].u) : NULL;

    if (ev->id == TR_CONSOLE_LINE || ev->id == TR_NODE_STATE)
        return ev->v[0].s;
    if (ev->id == TR_PACKET_TX || ev->id == TR_PACKET_RX)
        word = tracing_word(&def->fields[1], ev->v[1].u);
    if (!word)
        return def->phrase;
    snprintf(buf, size, "%s %s", def->phrase, word);
    return buf;
}

static void put_instant(struct export *x, uint64_t track, const struct tracing_event *ev)
{
    char name[80];

    put_number(&x->body, EVENT_TYPE, TYPE_INSTANT);
    put_number(&x->body, EVENT_TRACK, track);
    put_text(&x->body, EVENT_NAME, title(ev, name, sizeof name));
    if (ev->id == TR_FRAME_TX || ev->id == TR_PACKET_TX)
        put_fixed64(&x->body, EVENT_FLOW, tracing_value(ev, "frame_id"));
    else if (ev->id == TR_FRAME_RX || ev->id == TR_PACKET_RX)
        put_fixed64(&x->body, EVENT_FLOW_ENDS, tracing_value(ev, "frame_id"));
    annotate_all(x, ev);
    put_packet(x, PACKET_EVENT, ev->at);
}

static int put_event(void *ctx, const struct tracing_walked *at, const struct tracing_event *ev)
{
    struct export *x = ctx;

    switch (ev->id) {
    case TR_LINK_QUEUED:
    case TR_LINK_SENT:
        put_number(&x->body, EVENT_TYPE, TYPE_COUNTER);
        put_number(&x->body, EVENT_TRACK,
                   end_track(x, tracing_value(ev, "link"), tracing_value(ev, "end") & 1));
        put_number(&x->body, EVENT_COUNTER, tracing_value(ev, "queue_bytes"));
        put_packet(x, PACKET_EVENT, ev->at);
        break;
    case TR_LINK_ARRIVED:
        break;
    case TR_LINK_DROPPED:
    case TR_LINK_TRAINING:
    case TR_LINK_UP:
    case TR_FAULT:
        put_instant(x, node_process(x->names.n_nodes) + 1, ev);
        break;
    default:
        put_instant(x,
                    node_track(at->node, ev->id == TR_CONSOLE_LINE                            ? CONSOLE
                                         : ev->id == TR_NODE_STATE || ev->id == TR_NODE_FAULT ? LIFE
                                                                                              : DEVICE),
                    ev);
    }
    return ferror(x->out) || x->packet.failed;
}

int tracing_export_perfetto(const char *run, const char *path, FILE *err)
{
    const struct tracing_filter all = {.to = INT64_MAX};
    struct export x = {0};

    if (tracing_read_names(run, &x.names, err) != 0)
        return -1;
    int result = -1;
    x.out = fopen(path, "we");
    if (!x.out) {
        fprintf(err, "%s: %s\n", path, strerror(errno));
    } else {
        put_tracks(&x);
        result = tracing_walk(run, &all, put_event, &x, err);
        if (x.packet.failed) {
            errno = ENOMEM;
            fprintf(err, "%s: %s\n", path, strerror(errno));
        }
        if (tracing_flush(x.out, err) != 0)
            result = -1;
    }
    int code = errno;
    if (x.out)
        fclose(x.out);
    free(x.packet.p);
    free(x.body.p);
    free(x.part.p);
    tracing_names_free(&x.names);
    errno = code;
    return result;
}
