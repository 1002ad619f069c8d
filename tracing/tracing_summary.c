/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_summary.c - a run's traffic in numbers: latencies for each (sender, receiver, kind) from interface
 * to interface, who sends most, the deepest queue of each link end, drops and faults.
 *
 * All numbers are whole: percentiles are by nearest rank (the smallest value that so many per cent do not
 * exceed), histogram bins are powers of two of nanoseconds. A kind is what the scenario calls it, else a
 * packet's type, or "frame".
 */
#include "tracing/tracing_walk.h"
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

enum { FRAME_KIND = TRACING_PACKETS, KINDS, BINS = 48 };

struct sent { /* by frame id; node: who sent it, plus one */
    vtime_t at;
    uint32_t node, kind;
};

struct flow {
    unsigned from, to, kind;
    vtime_t *latency;
    size_t n, room;
};

struct talker {
    uint64_t tx, tx_bytes, rx, rx_bytes;
};

struct link_end {
    uint64_t sent, sent_bytes, dropped;
    uint32_t peak;
    vtime_t peak_at;
};

struct summary {
    struct tracing_names names;
    struct sent *sent;
    size_t room;
    struct flow *flows;
    size_t n_flows;
    struct talker *talkers;
    struct link_end *ends; /* 2 * link + end */
    uint64_t *hits;        /* of faults */
    uint64_t events, tx, rx, dropped;
    vtime_t last;
    int error; /* ENOMEM */
};

static const char *kind_name(const struct summary *s, unsigned kind)
{
    if (kind >= KINDS)
        return s->names.labels->kinds[kind - KINDS];
    return kind == FRAME_KIND ? "frame" : tracing_packet_names[kind] ? tracing_packet_names[kind] : "unknown";
}

static bool note_sent(struct summary *s, uint64_t id, struct sent sent)
{
    if (id >= (UINT64_C(1) << 32))
        return true; /* no frame of a run; damaged */
    if (id >= s->room) {
        size_t room = id + 1 > 2 * s->room ? id + 4096 : 2 * s->room;
        struct sent *grown = realloc(s->sent, room * sizeof *grown);
        if (!grown)
            return false;
        memset(grown + s->room, 0, (room - s->room) * sizeof *grown);
        s->sent = grown;
        s->room = room;
    }
    s->sent[id] = sent;
    return true;
}

static struct flow *find_flow(struct summary *s, unsigned from, unsigned to, unsigned kind)
{
    for (size_t i = 0; i < s->n_flows; i++)
        if (s->flows[i].from == from && s->flows[i].to == to && s->flows[i].kind == kind)
            return &s->flows[i];
    struct flow *grown = realloc(s->flows, (s->n_flows + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    s->flows = grown;
    grown[s->n_flows] = (struct flow){.from = from, .to = to, .kind = kind};
    return &grown[s->n_flows++];
}

static bool note_received(struct summary *s, uint64_t id, unsigned to, vtime_t at)
{
    if (id >= s->room || !s->sent[id].node || at < s->sent[id].at)
        return true; /* it was not traced where it was sent */
    struct flow *f = find_flow(s, s->sent[id].node - 1, to, s->sent[id].kind);
    if (f && f->n == f->room) {
        size_t room = f->room ? 2 * f->room : 64;
        vtime_t *grown = realloc(f->latency, room * sizeof *grown);
        if (!grown)
            return false;
        f->latency = grown;
        f->room = room;
    }
    if (f)
        f->latency[f->n++] = at - s->sent[id].at;
    return f != NULL;
}

static void note_link(struct summary *s, const struct tracing_event *ev)
{
    uint64_t link = tracing_value(ev, "link"), end = tracing_value(ev, "end");
    if (end > 1)
        return;
    struct link_end *e = &s->ends[2 * link + end];
    uint32_t queue = (uint32_t)tracing_value(ev, "queue_bytes");
    if (ev->id == TR_LINK_SENT) {
        e->sent++;
        e->sent_bytes += tracing_value(ev, "len");
    } else if (ev->id == TR_LINK_DROPPED) {
        e->dropped++;
        s->dropped++;
    }
    if (ev->id == TR_LINK_QUEUED && queue > e->peak) {
        e->peak = queue;
        e->peak_at = ev->at;
    }
}

/* A pause or a slow-down says what it does when it begins, and has no hits of its own: it acted once. */
static void note_fault(struct summary *s, const struct tracing_event *ev)
{
    bool node = ev->id == TR_NODE_FAULT;
    const char *phase = ev->v[node ? 1 : 3].s;
    uint64_t fault = tracing_value(ev, "fault");

    if (fault < s->names.n_faults &&
        (!strcmp(phase, "hit") || (node && !strcmp(phase, "begin") && tracing_value(ev, "value"))))
        s->hits[fault]++;
}

static int count(void *ctx, const struct tracing_walked *at, const struct tracing_event *ev)
{
    struct summary *s = ctx;
    bool ok = true;
    uint64_t id = tracing_value(ev, "frame_id"), len = tracing_value(ev, "len");

    s->events++;
    s->last = ev->at;
    switch (ev->id) {
    case TR_FRAME_TX:
    case TR_PACKET_TX: {
        uint64_t type = ev->id == TR_PACKET_TX ? tracing_value(ev, "type") : FRAME_KIND;
        s->tx++;
        s->talkers[at->node].tx++;
        s->talkers[at->node].tx_bytes += len;
        int named = tracing_kind_index(s->names.labels, id);
        uint32_t kind = named >= 0 ? KINDS + (uint32_t)named : type <= FRAME_KIND ? (uint32_t)type : 0;
        ok = note_sent(s, id, (struct sent){ev->at, at->node + 1, kind});
        break;
    }
    case TR_FRAME_RX:
    case TR_PACKET_RX:
        s->rx++;
        s->talkers[at->node].rx++;
        s->talkers[at->node].rx_bytes += len;
        ok = note_received(s, id, at->node, ev->at);
        break;
    case TR_LINK_QUEUED:
    case TR_LINK_SENT:
    case TR_LINK_ARRIVED:
    case TR_LINK_DROPPED:
        note_link(s, ev);
        break;
    case TR_FAULT:
    case TR_NODE_FAULT:
        note_fault(s, ev);
        break;
    default:
        break;
    }
    s->error = ok ? 0 : ENOMEM;
    return s->error;
}

static int by_time(const void *a, const void *b)
{
    vtime_t x = *(const vtime_t *)a, y = *(const vtime_t *)b;
    return x < y ? -1 : x > y;
}

/* Node, node, kind. */
static int by_name(const void *a, const void *b)
{
    const struct flow *x = a, *y = b;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    if (x->to != y->to)
        return x->to < y->to ? -1 : 1;
    return x->kind < y->kind ? -1 : x->kind > y->kind;
}

static vtime_t percentile(const struct flow *f, unsigned percent)
{
    size_t rank = (f->n * percent + 99) / 100;
    return f->latency[rank ? rank - 1 : 0];
}

/* Bin b: less than 2^b ns, and not less than half of that. */
static unsigned bin_of(vtime_t ps)
{
    unsigned b = 0;
    while (b < BINS - 1 && ps >= VTIME_NS << b)
        b++;
    return b;
}

static json_t *histogram(const struct flow *f)
{
    uint64_t bins[BINS] = {0};
    json_t *list = json_array();

    for (size_t i = 0; i < f->n; i++)
        bins[bin_of(f->latency[i])]++;
    for (unsigned b = 0; b < BINS; b++)
        if (bins[b])
            json_array_append_new(
                list, json_pack("{s:I, s:I}", "below_ns", (json_int_t)1 << b, "count", (json_int_t)bins[b]));
    return list;
}

static json_t *latencies(const struct summary *s)
{
    json_t *list = json_array();

    for (size_t i = 0; i < s->n_flows; i++) {
        const struct flow *f = &s->flows[i];
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "from", s->names.nodes[f->from],
                      "to", s->names.nodes[f->to], "kind", kind_name(s, f->kind), "count", (json_int_t)f->n,
                      "min_ps", (json_int_t)f->latency[0], "p50_ps", (json_int_t)percentile(f, 50), "p90_ps",
                      (json_int_t)percentile(f, 90), "p99_ps", (json_int_t)percentile(f, 99), "max_ps",
                      (json_int_t)f->latency[f->n - 1], "histogram", histogram(f)));
    }
    return list;
}

static json_t *to_json(const struct summary *s)
{
    json_t *talkers = json_array(), *ends = json_array(), *faults = json_array();

    for (unsigned i = 0; i < s->names.n_nodes; i++)
        json_array_append_new(talkers, json_pack("{s:s, s:I, s:I, s:I, s:I}", "node", s->names.nodes[i], "tx",
                                                 (json_int_t)s->talkers[i].tx, "tx_bytes",
                                                 (json_int_t)s->talkers[i].tx_bytes, "rx",
                                                 (json_int_t)s->talkers[i].rx, "rx_bytes",
                                                 (json_int_t)s->talkers[i].rx_bytes));
    for (unsigned i = 0; i < 2 * s->names.n_links; i++)
        json_array_append_new(
            ends, json_pack("{s:s, s:i, s:I, s:I, s:I, s:I, s:I}", "link", s->names.links[i / 2], "end",
                            (int)(i % 2), "sent", (json_int_t)s->ends[i].sent, "sent_bytes",
                            (json_int_t)s->ends[i].sent_bytes, "queue_peak_bytes",
                            (json_int_t)s->ends[i].peak, "queue_peak_ps", (json_int_t)s->ends[i].peak_at,
                            "dropped", (json_int_t)s->ends[i].dropped));
    for (unsigned i = 0; i < s->names.n_faults; i++)
        json_array_append_new(
            faults, json_pack("{s:s, s:I}", "fault", s->names.faults[i], "hits", (json_int_t)s->hits[i]));
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "events", (json_int_t)s->events,
                     "last_ps", (json_int_t)s->last, "sent", (json_int_t)s->tx, "received", (json_int_t)s->rx,
                     "dropped", (json_int_t)s->dropped, "latencies", latencies(s), "nodes", talkers,
                     "link_ends", ends, "faults", faults);
}

static void put_us(FILE *out, vtime_t ps)
{
    fprintf(out, " %8" PRId64 ".%06" PRId64, ps / VTIME_US, ps % VTIME_US);
}

static void put_flows(const struct summary *s, FILE *out)
{
    if (s->n_flows)
        fprintf(out,
                "\nlatency from interface to interface, us\n%-12s %-12s %-10s %9s %15s %15s %15s %15s %15s\n",
                "from", "to", "kind", "count", "min", "50 %", "90 %", "99 %", "max");
    for (size_t i = 0; i < s->n_flows; i++) {
        const struct flow *f = &s->flows[i];
        fprintf(out, "%-12s %-12s %-10s %9zu", s->names.nodes[f->from], s->names.nodes[f->to],
                kind_name(s, f->kind), f->n);
        put_us(out, f->latency[0]);
        put_us(out, percentile(f, 50));
        put_us(out, percentile(f, 90));
        put_us(out, percentile(f, 99));
        put_us(out, f->latency[f->n - 1]);
        fputc('\n', out);
    }
}

static void put_talkers(const struct summary *s, FILE *out)
{
    bool *shown = calloc(s->names.n_nodes + 1, sizeof *shown);

    fprintf(out, "\nwho sends most\n%-12s %12s %16s %12s %16s\n", "node", "sent", "bytes", "received",
            "bytes");
    for (unsigned n = 0; shown && n < s->names.n_nodes; n++) {
        unsigned top = s->names.n_nodes;
        for (unsigned i = 0; i < s->names.n_nodes; i++)
            if (!shown[i] && (top == s->names.n_nodes || s->talkers[i].tx_bytes > s->talkers[top].tx_bytes))
                top = i;
        const struct talker *t = &s->talkers[top];
        shown[top] = true;
        fprintf(out, "%-12s %12" PRIu64 " %16" PRIu64 " %12" PRIu64 " %16" PRIu64 "\n", s->names.nodes[top],
                t->tx, t->tx_bytes, t->rx, t->rx_bytes);
    }
    free(shown);
}

static void put_text(const struct summary *s, FILE *out)
{
    char time[TRACING_TIME_TEXT];

    fprintf(out,
            "%" PRIu64 " events up to %s s: %" PRIu64 " sent, %" PRIu64 " received, %" PRIu64 " dropped\n",
            s->events, tracing_time_text(s->last, time), s->tx, s->rx, s->dropped);
    put_flows(s, out);
    put_talkers(s, out);
    if (s->names.n_links)
        fprintf(out, "\n%-32s %12s %16s %12s  %s\n", "link end", "sent", "bytes", "dropped", "deepest queue");
    for (unsigned i = 0; i < 2 * s->names.n_links; i++) {
        const struct link_end *e = &s->ends[i];
        fprintf(out, "%-30s.%u %12" PRIu64 " %16" PRIu64 " %12" PRIu64 "  %" PRIu32 " bytes at %s s\n",
                s->names.links[i / 2], i % 2, e->sent, e->sent_bytes, e->dropped, e->peak,
                tracing_time_text(e->peak_at, time));
    }
    for (unsigned i = 0; i < s->names.n_faults; i++)
        fprintf(out, "%sfault %s: %" PRIu64 " hits\n", i ? "" : "\n", s->names.faults[i], s->hits[i]);
}

int tracing_summary(const char *run, bool json, const struct tracing_labels *labels, FILE *out, FILE *err)
{
    const struct tracing_filter all = {.to = INT64_MAX, .labels = labels};
    struct summary s = {0};

    if (tracing_read_names(run, &s.names, err) != 0)
        return -1;
    s.names.labels = labels;
    s.talkers = calloc(s.names.n_nodes + 1, sizeof *s.talkers);
    s.ends = calloc(2 * s.names.n_links + 1, sizeof *s.ends);
    s.hits = calloc(s.names.n_faults + 1, sizeof *s.hits);
    int result = -1;
    errno = ENOMEM;
    if (s.talkers && s.ends && s.hits)
        result = tracing_walk(run, &all, count, &s, err);
    int code = errno;
    if (s.error)
        fprintf(err, "%s: %s\n", run, strerror(code = s.error));
    for (size_t i = 0; i < s.n_flows; i++)
        qsort(s.flows[i].latency, s.flows[i].n, sizeof(vtime_t), by_time);
    if (s.n_flows)
        qsort(s.flows, s.n_flows, sizeof *s.flows, by_name);
    if (json) {
        json_t *all_of_it = to_json(&s);
        json_dumpf(all_of_it, out, JSON_COMPACT);
        fputc('\n', out);
        json_decref(all_of_it);
    } else {
        put_text(&s, out);
    }
    for (size_t i = 0; i < s.n_flows; i++)
        free(s.flows[i].latency);
    free(s.flows);
    free(s.sent);
    free(s.talkers);
    free(s.ends);
    free(s.hits);
    tracing_names_free(&s.names);
    if (tracing_flush(out, err) != 0)
        return -1;
    errno = code;
    return result;
}
