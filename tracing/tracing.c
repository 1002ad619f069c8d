/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing.c - the writer: hands each call to its stream, capture, console; commits; closes.
 *
 * A commit looks only at the queues that have something in them, and returns at once when nothing is due.
 */
#include "devices/fabric/fabric_abi.h"
#include "devices/fabric/fabric_trace.h"
#include "tracing/tracing_write.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>

/* Events, frames and consoles are on the disk at the latest so much virtual time after they were. */
#define SAVE_DELAY (100 * VTIME_MS)

static bool failed(const struct tracing *t)
{
    return t->error.err != 0;
}

static void note_queued(struct tracing *t, struct tracing_queue *q, vtime_t at)
{
    assert(at >= t->committed &&
           at <= VTIME_NEVER); /* else the caller broke its promise to tracing_commit() */
    t->earliest = vtime_min(t->earliest, at);
    t->save_at = vtime_min(t->save_at, vtime_add(at, SAVE_DELAY));
    if (!q->listed) {
        q->listed = true;
        t->listed[t->n_listed++] = q;
    }
}

/* stream: a node's index, or the number of nodes for the fabric's. */
static bool wanted(const struct tracing *t, unsigned stream, enum tracing_event_id id)
{
    return t->trace && !failed(t) && (t->events_wanted >> id & 1) &&
           (!t->skip_node[stream] || id == TR_NODE_STATE);
}

static void put_event(struct tracing *t, unsigned stream, const struct tracing_event *ev)
{
    struct tracing_stream *s = &t->streams[stream];
    uint8_t *room = tracing_queue_room(&s->queue, tracing_event_bound(ev));
    if (!room) {
        tracing_fail(&t->error, ENOMEM, s->file.path);
        return;
    }
    note_queued(t, &s->queue, ev->at);
    tracing_queue_push(&s->queue, ev->at, tracing_event_encode(room, ev));
    s->latest = vtime_max(s->latest, ev->at);
    t->events++;
}

static void put_frame(struct tracing *t, const struct tracing_link_event *ev, enum tracing_direction dir,
                      const char *comment)
{
    struct tracing_capture *c = &t->captures[2 * ev->link + ev->end];
    if (tracing_capture_frame(c, ev->time_ps, dir, ev->data, ev->len, comment) != 0)
        tracing_fail(&t->error, ENOMEM, c->file.path);
    else
        note_queued(t, &c->queue, ev->time_ps);
}

void tracing_node_state(struct tracing *t, unsigned node, vtime_t at, const char *state, int64_t value)
{
    assert(node < t->names.n_nodes);
    if (wanted(t, node, TR_NODE_STATE))
        put_event(t, node,
                  &(struct tracing_event){
                      vtime_max(at, t->committed), TR_NODE_STATE, {{.s = state}, {.i = value}}});
}

void tracing_frame(struct tracing *t, enum tracing_event_id tx_or_rx, unsigned node, unsigned nic, vtime_t at,
                   uint64_t frame_id, const uint8_t *data, uint32_t len)
{
    assert(node < t->names.n_nodes && (tx_or_rx == TR_FRAME_TX || tx_or_rx == TR_FRAME_RX));
    if (!wanted(t, node, tx_or_rx))
        return;
    uint64_t hash = XXH64(data, len, 0);
    put_event(t, node, &(struct tracing_event){at, tx_or_rx, {{frame_id}, {nic}, {len}, {hash}}});
}

void tracing_packet(struct tracing *t, enum tracing_event_id tx_or_rx, unsigned node, vtime_t at,
                    uint64_t frame_id, const uint8_t *data, uint32_t len)
{
    assert(node < t->names.n_nodes && (tx_or_rx == TR_PACKET_TX || tx_or_rx == TR_PACKET_RX));
    if (!wanted(t, node, tx_or_rx))
        return;
    struct tracing_event ev = tracing_packet_event(tx_or_rx, at, frame_id, data, len);
    put_event(t, node, &ev);
}

void tracing_adapter_train(struct tracing *t, unsigned node, unsigned nic, vtime_t at)
{
    assert(node < t->names.n_nodes);
    if (wanted(t, node, TR_ADAPTER_TRAIN))
        put_event(t, node, &(struct tracing_event){at, TR_ADAPTER_TRAIN, {{nic}}});
}

void tracing_guest_event(struct tracing *t, unsigned node, vtime_t at, const uint8_t *record, uint32_t len)
{
    assert(node < t->names.n_nodes && len >= sizeof(struct fab_event));
    if (!wanted(t, node, TR_GUEST_EVENT))
        return;
    struct tracing_event ev = tracing_record_event(at, record, len);
    put_event(t, node, &ev);
}

void tracing_fault(struct tracing *t, vtime_t at, unsigned link, unsigned end, unsigned fault,
                   const char *phase, uint64_t frame_id, uint64_t value)
{
    assert(link < t->names.n_links && end < 2 && fault < t->names.n_faults);
    if (wanted(t, t->names.n_nodes, TR_FAULT))
        put_event(t, t->names.n_nodes,
                  &(struct tracing_event){
                      at, TR_FAULT, {{link}, {end}, {fault}, {.s = phase}, {frame_id}, {value}}});
}

void tracing_node_fault(struct tracing *t, unsigned node, vtime_t at, unsigned fault, const char *phase,
                        uint64_t value)
{
    assert(node < t->names.n_nodes && fault < t->names.n_faults);
    if (wanted(t, node, TR_NODE_FAULT))
        put_event(t, node, &(struct tracing_event){at, TR_NODE_FAULT, {{fault}, {.s = phase}, {value}}});
}

void tracing_device(struct tracing *t, unsigned node, vtime_t at, unsigned kind, const struct fab_trace *d)
{
    static const enum tracing_event_id ids[FAB_T_KINDS] = {[FAB_T_DOORBELL] = TR_DOORBELL,
                                                           [FAB_T_MESSAGE] = TR_MESSAGE,
                                                           [FAB_T_DMA] = TR_DMA,
                                                           [FAB_T_COMPLETION] = TR_COMPLETION,
                                                           [FAB_T_INTERRUPT] = TR_INTERRUPT};
    struct tracing_event ev = {.at = at};

    assert(node < t->names.n_nodes && kind < FAB_T_KINDS);
    ev.id = ids[kind];
    if (!wanted(t, node, ev.id))
        return;
    const uint64_t values[FAB_T_KINDS][TRACING_MAX_FIELDS] = {
        [FAB_T_DOORBELL] = {d->op, d->queue, d->index},
        [FAB_T_MESSAGE] = {d->op, d->queue, d->node, d->epoch, d->message, d->index, d->value, d->len},
        [FAB_T_DMA] = {d->op, d->value, d->len, d->node, d->queue, d->epoch, d->message},
        [FAB_T_COMPLETION] = {d->op, d->queue, d->node, d->epoch, d->message, d->index, d->entry, d->value,
                              d->status, d->len},
        [FAB_T_INTERRUPT] = {d->op}};
    for (unsigned i = 0; i < TRACING_MAX_FIELDS; i++)
        ev.v[i].u = values[kind][i];
    put_event(t, node, &ev);
}

void tracing_grant(struct tracing *t, unsigned node, vtime_t at, vtime_t until)
{
    assert(node < t->names.n_nodes);
    if (wanted(t, node, TR_GRANT))
        put_event(t, node,
                  &(struct tracing_event){vtime_max(at, t->committed), TR_GRANT, {{(uint64_t)until}}});
}

void tracing_link(struct tracing *t, const struct tracing_link_event *ev)
{
    assert(ev->link < t->names.n_links && ev->end < 2 && ev->id >= TR_LINK_QUEUED && ev->id <= TR_LINK_UP);
    if (failed(t))
        return;
    const char *reason = ev->reason ? ev->reason : "unknown";
    if (wanted(t, t->names.n_nodes, ev->id) && !t->skip_link[ev->link])
        put_event(t, t->names.n_nodes,
                  &(struct tracing_event){
                      ev->time_ps,
                      ev->id,
                      {{ev->link}, {ev->end}, {ev->frame_id}, {ev->len}, {ev->queue_bytes}, {.s = reason}}});
    if (!t->capture)
        return;
    if (ev->id == TR_LINK_SENT && ev->data) {
        put_frame(t, ev, TRACING_DIR_OUT, NULL);
    } else if (ev->id == TR_LINK_ARRIVED && ev->data) {
        put_frame(t, ev, TRACING_DIR_IN, NULL);
    } else if (ev->id == TR_LINK_DROPPED) {
        char comment[256]; /* a longer reason is cut; the trace has it whole */
        snprintf(comment, sizeof comment, "dropped: %s", reason);
        put_frame(t, ev, TRACING_DIR_UNKNOWN, comment);
    }
}

struct line_to {
    struct tracing *t;
    unsigned node;
    void (*on_line)(void *ctx, unsigned node, vtime_t at, const char *line);
    void *ctx;
    bool at_end; /* a line that close ends: its event must not be earlier than what was committed */
};

static void line_done(void *ctx, vtime_t at, const char *text, const char *bytes)
{
    const struct line_to *to = ctx;
    struct tracing *t = to->t;
    if (wanted(t, to->node, TR_CONSOLE_LINE)) {
        if (to->at_end)
            at = vtime_max(at, t->streams[to->node].latest);
        put_event(t, to->node, &(struct tracing_event){at, TR_CONSOLE_LINE, {{.s = text}}});
    }
    if (to->on_line)
        to->on_line(to->ctx, to->node, at, bytes);
}

void tracing_console(struct tracing *t, unsigned node, vtime_t at, const void *bytes, size_t len,
                     void (*on_line)(void *ctx, unsigned node, vtime_t at, const char *line), void *ctx)
{
    assert(node < t->names.n_nodes && at >= t->consoles[node].last);
    if (len == 0)
        return;
    struct line_to to = {t, node, on_line, ctx, false};
    tracing_console_bytes(&t->consoles[node], at, bytes, len, line_done, &to);
    t->save_at = vtime_min(t->save_at, vtime_add(at, SAVE_DELAY));
}

static void drain(struct tracing *t, vtime_t upto)
{
    unsigned left = 0;
    t->earliest = INT64_MAX;
    for (unsigned i = 0; i < t->n_listed; i++) {
        struct tracing_queue *q = t->listed[i];
        vtime_t earliest = tracing_queue_drain(q, upto);
        q->listed = earliest != INT64_MAX;
        t->earliest = vtime_min(t->earliest, earliest);
        if (q->listed)
            t->listed[left++] = q;
    }
    t->n_listed = left;
}

static void save(struct tracing *t)
{
    for (unsigned i = 0; t->trace && i <= t->names.n_nodes; i++)
        tracing_stream_save(&t->streams[i]);
    for (unsigned i = 0; t->capture && i < 2 * t->names.n_links; i++)
        tracing_file_flush(&t->captures[i].file);
    for (unsigned i = 0; i < t->names.n_nodes; i++)
        tracing_console_flush(&t->consoles[i]);
}

void tracing_commit(struct tracing *t, vtime_t upto)
{
    t->committed = vtime_max(t->committed, upto);
    if (upto > t->earliest)
        drain(t, upto);
    if (upto >= t->save_at) {
        save(t);
        t->save_at = vtime_add(t->earliest, SAVE_DELAY); /* what still waits */
    }
}

void tracing_set_gaps(struct tracing *t, const struct tracing_gap *gaps, unsigned n)
{
    assert(tracing_gaps_valid(gaps, n));
    if (n)
        memcpy(t->gaps.gap, gaps, n * sizeof *gaps);
    t->gaps.n = n;
    if (t->trace && !failed(t) && (!t->gaps_path || tracing_gaps_write(t->gaps_path, &t->gaps) < 0))
        tracing_fail(&t->error, t->gaps_path ? errno : ENOMEM, t->gaps_path);
}

static uint64_t file_bytes(const struct tracing_file *f)
{
    return f->written + f->used;
}

void tracing_counts(const struct tracing *t, uint64_t *events, uint64_t *bytes)
{
    *events = t->events;
    for (unsigned i = 0; i <= t->names.n_nodes; i++)
        *events -= t->streams[i].left_out;
    *bytes = 0;
    for (unsigned i = 0; i < t->names.n_nodes; i++)
        *bytes += file_bytes(&t->consoles[i].log) + file_bytes(&t->consoles[i].raw);
    for (unsigned i = 0; t->trace && i <= t->names.n_nodes; i++)
        *bytes += file_bytes(&t->streams[i].file);
    for (unsigned i = 0; t->capture && i < 2 * t->names.n_links; i++)
        *bytes += file_bytes(&t->captures[i].file);
}

/* What waits is queued; drains everything, then closes every file. The first error decides. */
int tracing_close(struct tracing *t, char *why, size_t size)
{
    t->committed = 0; /* unended lines carry the time of their last byte */
    for (unsigned i = 0; i < t->names.n_nodes; i++) {
        struct line_to to = {.t = t, .node = i, .at_end = true};
        tracing_console_finish(&t->consoles[i], line_done, &to);
    }
    for (unsigned i = 0; i < t->n_listed; i++)
        tracing_queue_drain(t->listed[i], INT64_MAX);
    for (unsigned i = 0; t->streams && i <= t->names.n_nodes; i++)
        tracing_stream_close(&t->streams[i]);
    for (unsigned i = 0; t->captures && i < 2 * t->names.n_links; i++)
        tracing_capture_close(&t->captures[i]);
    for (unsigned i = 0; i < t->names.n_nodes; i++)
        tracing_console_close(&t->consoles[i]);
    int err = t->error.err;
    if (err)
        snprintf(why, size, "%s: %s", t->error.path ? t->error.path : "tracing", strerror(err));
    tracing_names_free(&t->names);
    free(t->error.path);
    free(t->streams);
    free(t->captures);
    free(t->consoles);
    free(t->listed);
    free(t->skip_node);
    free(t->skip_link);
    free(t->gaps_path);
    free(t);
    errno = err;
    return err ? -1 : 0;
}
