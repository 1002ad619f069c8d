/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report_read.c - one pass over the streams, merged by (time, stream) as `cob trace` prints them.
 *
 * Frames and packets become messages with their hops; everything else that has a time, of whatever class,
 * becomes a mark with the text that `cob trace` would print. Fields are found by their names in the event
 * table, so a class that is new here is a mark and no more. A damaged stream is read up to the damage.
 */
#include "sim/report_internal.h"
#include <inttypes.h>
#include <stdlib.h>

#define MARKS_MAX 100000u
#define TEXT_MAX  240u

/* What must be remembered of every message of the run: open addressing, by id. */
struct known {
    uint64_t id;
    vtime_t at;
    uint32_t node, kind;
    uint32_t index; /* in r->messages; REP_NOBODY: outside of the window */
    bool used;
};

struct source {
    char *file;
    struct tracing_map map;
    struct tracing_cursor cursor;
    struct tracing_event next;
    int state;
};

struct reader {
    struct report *r;
    struct source *sources;
    unsigned n;
    struct known *known;
    size_t n_known, cap_known; /* a power of two */
    uint32_t left_out_marks;
};

/* ---- messages by id */

static struct known *slot(struct known *table, size_t cap, uint64_t id)
{
    size_t i = (size_t)(id * 0x9e3779b97f4a7c15u >> 20) & (cap - 1);
    while (table[i].used && table[i].id != id)
        i = (i + 1) & (cap - 1);
    return &table[i];
}

static void widen(struct reader *x)
{
    size_t cap = x->cap_known ? 2 * x->cap_known : 1024;
    struct known *table = rep_zeroed(cap, sizeof *table);
    for (size_t i = 0; i < x->cap_known; i++)
        if (x->known[i].used)
            *slot(table, cap, x->known[i].id) = x->known[i];
    free(x->known);
    x->known = table;
    x->cap_known = cap;
}

/* The message of this id; a new one if it was not seen before. */
static struct known *know(struct reader *x, uint64_t id, vtime_t at)
{
    struct report *r = x->r;

    if (2 * x->n_known >= x->cap_known)
        widen(x);
    struct known *k = slot(x->known, x->cap_known, id);
    if (k->used)
        return k;
    *k = (struct known){.id = id, .at = at, .node = REP_NOBODY, .index = REP_NOBODY, .used = true};
    x->n_known++;
    r->all_messages++;
    if (at >= r->opt.from && at < r->opt.to && r->n_messages < r->opt.limit) {
        r->messages = rep_grow(r->messages, r->n_messages, &r->cap_messages, sizeof *r->messages);
        k->index = (uint32_t)r->n_messages;
        r->messages[r->n_messages++] =
            (struct rep_message){.id = id, .at = at, .node = REP_NOBODY, .to = REP_NOBODY};
    }
    return k;
}

static void add_hop(struct report *r, const struct known *k, enum rep_step step, vtime_t at, uint32_t where,
                    uint32_t value)
{
    if (k->index == REP_NOBODY)
        return;
    r->hops = rep_grow(r->hops, r->n_hops, &r->cap_hops, sizeof *r->hops);
    r->hops[r->n_hops++] =
        (struct rep_hop){.at = at, .message = k->index, .where = where, .value = value, .step = step};
}

/* ---- events */

/* The value of a field by its name; 0 if the class has none. */
static uint64_t field(const struct tracing_event *ev, const char *name)
{
    const struct tracing_event_def *def = &tracing_event_defs[ev->id];
    for (unsigned i = 0; i < TRACING_MAX_FIELDS && def->fields[i].type != TRF_NONE; i++)
        if (!strcmp(def->fields[i].name, name))
            return def->fields[i].type == TRF_STRING || def->fields[i].type == TRF_BYTES ? 0 : ev->v[i].u;
    return 0;
}

static const char *text_field(const struct tracing_event *ev, const char *name)
{
    const struct tracing_event_def *def = &tracing_event_defs[ev->id];
    for (unsigned i = 0; i < TRACING_MAX_FIELDS && def->fields[i].type != TRF_NONE; i++)
        if (!strcmp(def->fields[i].name, name) && def->fields[i].type == TRF_STRING)
            return ev->v[i].s;
    return "";
}

/* What the header of an adapter's packet says; the sending event has it, and the receiving one. */
static void take_header(struct reader *x, struct known *k, const struct tracing_event *ev)
{
    uint64_t type = field(ev, "type");

    k->kind = type < TRACING_PACKETS && tracing_packet_names[type] ? REP_PACKETS + (uint32_t)type : REP_OTHER;
    if (k->index == REP_NOBODY)
        return;
    struct rep_message *m = &x->r->messages[k->index];
    m->kind = k->kind;
    m->adapter = true;
    m->queue = (uint32_t)field(ev, "queue");
    m->epoch = (uint32_t)field(ev, "epoch");
    m->message = (uint32_t)field(ev, "message");
    m->psn = (uint32_t)field(ev, "psn");
    m->offset = (uint32_t)field(ev, "offset");
    m->to = (uint32_t)field(ev, "dst");
}

static void on_sent_by_guest(struct reader *x, const struct tracing_event *ev, uint32_t node)
{
    struct known *k = know(x, field(ev, "frame_id"), ev->at);

    k->node = node;
    k->at = ev->at;
    if (k->index != REP_NOBODY) {
        struct rep_message *m = &x->r->messages[k->index];
        m->node = node;
        m->at = ev->at;
        m->nic = (uint32_t)field(ev, "nic");
        m->len = (uint32_t)field(ev, "len");
    }
    if (ev->id == TR_PACKET_TX)
        take_header(x, k, ev);
}

static void on_received_by_guest(struct reader *x, const struct tracing_event *ev, uint32_t node)
{
    struct known *k = know(x, field(ev, "frame_id"), ev->at);

    if (ev->id == TR_PACKET_RX && k->node == REP_NOBODY && k->kind < REP_KINDS)
        take_header(x, k, ev); /* its sending is not in the trace */
    add_hop(x->r, k, REP_RECEIVED, ev->at, node, (uint32_t)field(ev, "nic"));
    if (k->node != REP_NOBODY)
        rep_latency_add(x->r, k->node, node, k->kind, ev->at - k->at);
}

static uint32_t reason_index(struct report *r, const char *reason)
{
    unsigned i = 0;
    while (i < r->n_reasons && strcmp(r->reasons[i], reason) != 0)
        i++;
    if (i == r->n_reasons) {
        size_t cap = i;
        r->reasons = rep_grow(r->reasons, i, &cap, sizeof *r->reasons);
        r->reasons[r->n_reasons++] = strdup(reason);
    }
    return i;
}

static void on_link(struct reader *x, const struct tracing_event *ev, enum rep_step step)
{
    struct report *r = x->r;
    struct known *k = know(x, field(ev, "frame_id"), ev->at);
    uint32_t where = 2 * (uint32_t)field(ev, "link") + ((uint32_t)field(ev, "end") & 1);
    uint32_t len = (uint32_t)field(ev, "len"), kept = 0;
    const uint8_t *bytes = NULL;
    struct rep_end_count *count = &r->ends[where];

    if (step == REP_SENT || step == REP_DROPPED)
        bytes = rep_bytes_next(r, where, step, ev->at, len, &kept);
    if (bytes && k->kind < REP_KINDS) {
        uint32_t named = rep_named_kind(
            r, bytes, kept, r->scn && where / 2 < r->scn->n_links && r->scn->links[where / 2].fabric);
        k->kind = named ? named : k->kind == REP_FRAME ? rep_ethernet_kind(bytes, kept) : k->kind;
    }
    count->sent += step == REP_SENT;
    count->sent_bytes += step == REP_SENT ? len : 0;
    count->arrived += step == REP_ARRIVED;
    count->dropped += step == REP_DROPPED;
    add_hop(r, k, step, ev->at, where,
            step == REP_DROPPED ? reason_index(r, text_field(ev, "reason"))
                                : (uint32_t)field(ev, "queue_bytes"));
    if (k->index == REP_NOBODY)
        return;
    struct rep_message *m = &r->messages[k->index];
    if (bytes && !m->bytes) {
        m->bytes = bytes;
        m->kept = kept;
    }
    m->kind = k->kind;
    m->len = m->len ? m->len : len;
    m->lost |= step == REP_DROPPED;
}

static void on_other(struct reader *x, const struct tracing_event *ev, uint32_t lane)
{
    struct report *r = x->r;

    r->all_marks++;
    if (ev->at < r->opt.from || ev->at >= r->opt.to)
        return;
    if (r->n_marks >= MARKS_MAX) {
        x->left_out_marks++;
        return;
    }
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (!f)
        return;
    tracing_event_show(f, ev, &r->names);
    fclose(f);
    uint64_t id = field(ev, "frame_id");
    const struct known *k = id && x->cap_known ? slot(x->known, x->cap_known, id) : NULL;
    r->marks = rep_grow(r->marks, r->n_marks, &r->cap_marks, sizeof *r->marks);
    r->marks[r->n_marks++] =
        (struct rep_mark){.at = ev->at,
                          .lane = lane,
                          .event = ev->id,
                          .about = k && k->used && k->index != REP_NOBODY ? k->index + 1 : 0,
                          .text = (uint32_t)r->texts.n};
    rep_put(&r->texts, text, len < TEXT_MAX ? len : TEXT_MAX);
    rep_put(&r->texts, "", 1);
    free(text);
}

static void on_event(struct reader *x, const struct tracing_event *ev, uint32_t lane)
{
    x->r->events++;
    x->r->last = ev->at > x->r->last ? ev->at : x->r->last;
    switch (ev->id) {
    case TR_FRAME_TX:
    case TR_PACKET_TX:
        on_sent_by_guest(x, ev, lane);
        break;
    case TR_FRAME_RX:
    case TR_PACKET_RX:
        on_received_by_guest(x, ev, lane);
        break;
    case TR_LINK_QUEUED:
        on_link(x, ev, REP_QUEUED);
        break;
    case TR_LINK_SENT:
        on_link(x, ev, REP_SENT);
        break;
    case TR_LINK_ARRIVED:
        on_link(x, ev, REP_ARRIVED);
        break;
    case TR_LINK_DROPPED:
        on_link(x, ev, REP_DROPPED);
        break;
    default:
        on_other(x, ev, lane);
    }
}

/* ---- streams */

static void advance(struct source *s)
{
    s->state = tracing_cursor_next(&s->cursor, &s->next);
}

static void open_sources(struct reader *x)
{
    const struct tracing_names *names = &x->r->names;
    size_t cap = 0;

    for (unsigned i = 0; i <= names->n_nodes; i++) {
        x->sources = rep_grow(x->sources, i, &cap, sizeof *x->sources);
        struct source *s = &x->sources[x->n++];
        *s = (struct source){0};
        const char *node = i < names->n_nodes ? names->nodes[i] : NULL;
        if (asprintf(&s->file, "trace/%s%s", node ? "node-" : "fabric", node ? node : "") < 0)
            s->file = NULL;
        if (!s->file || tracing_map_file(&s->map, x->r->run, s->file) != 0) {
            rep_note(x->r, "trace/%s%s cannot be read", node ? "node-" : "fabric", node ? node : "");
            continue;
        }
        tracing_cursor_start(&s->cursor, &s->map, names, node);
        advance(s);
    }
}

static void close_sources(struct reader *x)
{
    for (unsigned i = 0; i < x->n; i++) {
        struct source *s = &x->sources[i];
        if (s->state < 0)
            rep_note(x->r, "%s is read up to %" PRId64 " ps only: %s", s->file, s->cursor.newest,
                     s->cursor.fault);
        tracing_unmap(&s->map);
        free(s->file);
    }
    free(x->sources);
    free(x->known);
}

/* Hops were found in the order of time; they are put together by message, the order kept. */
static void sort_hops(struct report *r)
{
    size_t *first = rep_zeroed(r->n_messages + 2, sizeof *first);
    struct rep_hop *sorted = rep_zeroed(r->n_hops, sizeof *sorted);

    for (size_t i = 0; i < r->n_hops; i++)
        first[r->hops[i].message + 1]++;
    for (size_t i = 1; i <= r->n_messages; i++)
        first[i] += first[i - 1];
    for (size_t i = 0; i < r->n_hops; i++)
        sorted[first[r->hops[i].message]++] = r->hops[i];
    for (size_t i = 1; i < r->n_hops; i++) /* nodes come before links in the trace: the last bit goes first */
        if (sorted[i].step == REP_ARRIVED && sorted[i - 1].step == REP_RECEIVED &&
            sorted[i].message == sorted[i - 1].message && sorted[i].at == sorted[i - 1].at) {
            struct rep_hop arrived = sorted[i];
            sorted[i] = sorted[i - 1];
            sorted[i - 1] = arrived;
        }
    free(first);
    free(r->hops);
    r->hops = sorted;
}

void rep_read_trace(struct report *r)
{
    struct reader x = {.r = r};

    r->ends = rep_zeroed(2 * (size_t)r->names.n_links, sizeof *r->ends);
    rep_bytes_open(r);
    open_sources(&x);
    for (;;) {
        struct source *first = NULL;
        for (unsigned i = 0; i < x.n; i++) {
            struct source *s = &x.sources[i];
            if (s->state == 1 && (!first || s->next.at < first->next.at))
                first = s;
        }
        if (!first)
            break;
        on_event(&x, &first->next, (uint32_t)(first - x.sources));
        advance(first);
    }
    if (r->all_messages > r->n_messages)
        rep_note(r,
                 "the timeline has %zu of %" PRIu64
                 " messages (cob report --from, --to, --limit choose others)",
                 r->n_messages, r->all_messages);
    if (x.left_out_marks)
        rep_note(r, "the timeline leaves out %" PRIu32 " of %" PRIu64 " other events", x.left_out_marks,
                 r->all_marks);
    close_sources(&x);
    sort_hops(r);
    rep_latency_finish(r);
}

const char *rep_kind_name(const struct report *r, unsigned kind)
{
    static const char *const names[REP_PACKETS] = {"frame", "arp", "icmp", "udp", "tcp", "ip", "ipv6"};

    if (kind < REP_PACKETS)
        return names[kind];
    if (kind >= REP_KINDS)
        return kind < rep_all_kinds(r) ? kind_parts_name(r->parts, kind - REP_KINDS) : "other";
    if (kind < REP_OTHER && tracing_packet_names[kind - REP_PACKETS])
        return tracing_packet_names[kind - REP_PACKETS];
    return "other";
}
