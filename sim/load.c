/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * load.c - one point of a load: sources, sinks, statistics. See load.h.
 *
 * A source creates messages at random intervals, uniform between 0 and twice their mean, whatever becomes of
 * those before (open loop): its queue has no limit. Beyond saturation latency therefore grows with the length
 * of the measurement, and only throughput and fairness mean something there.
 *
 * Longer than most: all of it works on one struct load, which nothing else needs.
 */
#include "sim/load.h"
#include "devices/fabric/fabric_wire.h"
#include "sim/netlist.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define STEP_PS (2 * VTIME_US) /* how far traffic is made ahead of the fabric */

struct message {
    vtime_t created_ps;
    uint32_t packets_left;
    bool measured;
};

struct source {
    unsigned node, port;
    const struct scn_link *link;
    uint64_t random;
    vtime_t mean_ps; /* between messages; 0: sends none */
    vtime_t next_ps;
    unsigned partner;       /* of a permutation */
    uint64_t arrived_bytes; /* payload, during the measurement */
};

struct load {
    const struct scenario *s;
    const struct scn_load *l;
    struct netlist *net;
    struct ic *ic;
    struct source source[SCN_MAX_NODES];
    unsigned n_sources, source_of_node[SCN_MAX_NODES], hot;
    vtime_t from_ps, to_ps; /* the measurement */
    struct message *message;
    size_t n_messages, room_messages;
    vtime_t *latency;
    size_t n_latencies, room_latencies;
    uint8_t *packet;
    struct load_point *out;
};

/* splitmix64 */
static uint64_t draw(uint64_t *random)
{
    uint64_t z = *random += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static uint64_t below(uint64_t *random, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)draw(random) * n) >> 64);
}

static void *grow(void *array, size_t n, size_t *room, size_t item)
{
    if (n < *room)
        return array;
    *room = *room ? 2 * *room : 1024;
    array = realloc(array, *room * item);
    assert(array);
    return array;
}

/* ---- what arrives ---- */

static void on_deliver(void *ctx, unsigned port, vtime_t at, uint64_t id, const uint8_t *data, uint32_t len)
{
    struct load *ld = ctx;
    struct fab_wire head;
    struct message *m = &ld->message[id];
    uint64_t *hash = &ld->out->node_hash[ld->net->owner[port].node];
    uint64_t seen[3] = {id, m->packets_left, (uint64_t)at};

    memcpy(&head, data, sizeof head);
    *hash = XXH64(seen, sizeof seen, *hash);
    if (at >= ld->from_ps && at < ld->to_ps)
        ld->source[ld->source_of_node[head.src]].arrived_bytes += len - FAB_HEADER_BYTES;
    if (--m->packets_left)
        return;
    ld->out->delivered += at >= ld->from_ps && at < ld->to_ps;
    if (!m->measured)
        return;
    ld->latency = grow(ld->latency, ld->n_latencies, &ld->room_latencies, sizeof *ld->latency);
    ld->latency[ld->n_latencies++] = at - m->created_ps;
}

/* ---- what is sent ---- */

static unsigned any_other(struct load *ld, struct source *s)
{
    unsigned own = ld->source_of_node[s->node], i = (unsigned)below(&s->random, ld->n_sources - 1);
    return i + (i >= own);
}

/* The destination's index among the sources. */
static unsigned pick(struct load *ld, struct source *s)
{
    switch (ld->l->pattern) {
    case SCN_HOTSPOT:
        return below(&s->random, 100) < ld->l->hot_share ? ld->hot : any_other(ld, s);
    case SCN_PERMUTATION:
        return s->partner;
    case SCN_NEIGHBOUR:
        return (ld->source_of_node[s->node] + 1) % ld->n_sources;
    default:
        return any_other(ld, s);
    }
}

static int send_message(struct load *ld, struct source *s)
{
    const unsigned to = ld->source[pick(ld, s)].node;
    uint32_t left = ld->l->message_bytes;
    size_t id = ld->n_messages++;

    ld->message = grow(ld->message, id, &ld->room_messages, sizeof *ld->message);
    ld->message[id] = (struct message){s->next_ps, (left + s->link->mtu_bytes - 1) / s->link->mtu_bytes,
                                       s->next_ps >= ld->from_ps && s->next_ps < ld->to_ps};
    ld->out->messages += ld->message[id].measured;
    while (left) {
        uint32_t part = left < s->link->mtu_bytes ? left : s->link->mtu_bytes;
        struct fab_wire head = {.type = FAB_P_DATAGRAM, .dst = (uint16_t)to, .src = (uint16_t)s->node};

        memcpy(ld->packet, &head, sizeof head);
        if (ic_inject(ld->ic, s->port, s->next_ps, id, ld->packet, FAB_HEADER_BYTES + part) < 0)
            return -1;
        ld->out->packets++;
        left -= part;
    }
    return 0;
}

/* Makes the traffic before `until`. */
static int make_traffic(struct load *ld, vtime_t until)
{
    for (unsigned i = 0; i < ld->n_sources; i++) {
        struct source *s = &ld->source[i];

        while (s->mean_ps && s->next_ps < until) {
            if (send_message(ld, s) < 0)
                return -1;
            s->next_ps += (vtime_t)below(&s->random, 2 * (uint64_t)s->mean_ps + 1);
        }
    }
    return 0;
}

/* ---- building ---- */

vtime_t load_message_ps(const struct scn_link *l, uint32_t message_bytes)
{
    uint64_t packets = (message_bytes + l->mtu_bytes - 1) / l->mtu_bytes;
    uint64_t bytes = message_bytes + packets * (FAB_HEADER_BYTES + l->framing_bytes);
    return (vtime_t)(((unsigned __int128)bytes * 8 * VTIME_S + l->rate_bps - 1) / l->rate_bps);
}

/* Each node sends to one, and none to itself (Sattolo's way of shuffling: one circle of all). */
static void choose_partners(struct load *ld)
{
    uint64_t random = ld->s->seed;
    unsigned to[SCN_MAX_NODES];

    for (unsigned i = 0; i < ld->n_sources; i++)
        to[i] = i;
    for (unsigned i = ld->n_sources - 1; i > 0; i--) {
        unsigned k = (unsigned)below(&random, i), t = to[i];
        to[i] = to[k];
        to[k] = t;
    }
    for (unsigned i = 0; i < ld->n_sources; i++)
        ld->source[i].partner = to[i];
}

static void add_sources(struct load *ld, uint32_t percent)
{
    const struct scenario *s = ld->s;

    for (unsigned i = 0; i < s->n_nodes; i++) {
        struct source *src = &ld->source[ld->n_sources];

        if (!s->nodes[i].adapter)
            continue;
        *src = (struct source){.node = i, .port = ld->net->port_of[i][s->nodes[i].n_nics]};
        for (unsigned k = 0; k < s->n_links; k++)
            for (unsigned end = 0; end < 2; end++)
                if (s->links[k].end[end].adapter && s->links[k].end[end].index == i)
                    src->link = &s->links[k];
        src->random = s->seed * 0x100000001b3 + percent * 0x10001 + i;
        src->mean_ps = load_message_ps(src->link, ld->l->message_bytes) * 100 / percent;
        src->next_ps = (vtime_t)below(&src->random, 2 * (uint64_t)src->mean_ps + 1);
        ld->source_of_node[i] = ld->n_sources;
        if (ld->l->pattern == SCN_HOTSPOT && ld->l->hot && strcmp(ld->l->hot, s->nodes[i].name) == 0)
            ld->hot = ld->n_sources;
        ld->n_sources++;
    }
    if (ld->l->pattern == SCN_HOTSPOT)
        ld->source[ld->hot].mean_ps = 0;
    choose_partners(ld);
}

static struct ic *build(struct load *ld)
{
    const struct scenario *s = ld->s;

    for (unsigned i = 0; i < s->n_links; i++) {
        ld->net->links[i].training_ps = 0;
        ld->net->links[i].queue_bytes = UINT32_MAX; /* the sources' queues have no limit */
    }
    struct ic_config cfg = {.n_ports = ld->net->n_ports,
                            .n_switches = s->n_switches,
                            .switches = ld->net->switches,
                            .n_links = s->n_links,
                            .links = ld->net->links,
                            .ops = {.deliver = on_deliver},
                            .ctx = ld};
    return ic_create(&cfg);
}

/* ---- the measurement ---- */

static int by_value(const void *a, const void *b)
{
    vtime_t x = *(const vtime_t *)a, y = *(const vtime_t *)b;
    return x < y ? -1 : x > y;
}

static uint64_t per_second(uint64_t bytes, vtime_t time_ps)
{
    return (uint64_t)((unsigned __int128)bytes * 8 * VTIME_S / (uint64_t)time_ps);
}

static void summarise(struct load *ld)
{
    struct load_point *out = ld->out;
    const vtime_t span = ld->to_ps - ld->from_ps;
    uint64_t bytes = 0, least = UINT64_MAX, most = 0;
    unsigned __int128 sum = 0, busy = 0;
    unsigned senders = 0;

    qsort(ld->latency, ld->n_latencies, sizeof *ld->latency, by_value);
    for (size_t i = 0; i < ld->n_latencies; i++)
        sum += (uint64_t)ld->latency[i];
    if (ld->n_latencies) {
        size_t n = ld->n_latencies;
        out->mean_ps = (vtime_t)(sum / n);
        out->min_ps = ld->latency[0];
        out->p50_ps = ld->latency[(n - 1) * 50 / 100];
        out->p99_ps = ld->latency[(n - 1) * 99 / 100];
        out->max_ps = ld->latency[n - 1];
    }
    for (unsigned i = 0; i < ld->n_sources; i++) {
        const struct source *s = &ld->source[i];

        if (!s->mean_ps)
            continue;
        out->node_bytes[s->node] = s->arrived_bytes;
        senders++;
        bytes += s->arrived_bytes;
        least = s->arrived_bytes < least ? s->arrived_bytes : least;
        most = s->arrived_bytes > most ? s->arrived_bytes : most;
        busy += (unsigned __int128)s->arrived_bytes *
                (uint64_t)load_message_ps(s->link, ld->l->message_bytes) / ld->l->message_bytes;
    }
    out->accepted_bps = per_second(bytes, span);
    out->least_bps = per_second(least, span);
    out->most_bps = per_second(most, span);
    out->accepted_permille = (uint32_t)(busy * 1000 / ((uint64_t)span * senders));
    out->hash = XXH64(out->node_hash, sizeof out->node_hash, 0);
}

static void look_into_fabric(struct load *ld)
{
    struct load_point *out = ld->out;
    struct ic_totals t;

    ic_totals(ld->ic, &t);
    out->dropped = t.dropped;
    out->stuck = t.in_flight;
    if (ic_check(ld->ic, out->trouble, sizeof out->trouble) == 0)
        out->trouble[0] = 0;
    for (unsigned l = 0; l < ld->s->n_links; l++)
        for (unsigned end = 0; end < 2; end++)
            for (unsigned vc = 0; vc < ic_n_vcs(ld->ic, l); vc++) {
                struct ic_vc_stats s;
                if (ic_vc_stats(ld->ic, l, end, vc, &s) == 0)
                    out->stall_ps += s.stall_ps;
            }
}

static int measure(struct load *ld)
{
    for (vtime_t t = 0; t < ld->to_ps; t = vtime_min(t + STEP_PS, ld->to_ps))
        if (make_traffic(ld, vtime_min(t + STEP_PS, ld->to_ps)) < 0 ||
            ic_advance(ld->ic, vtime_min(t + STEP_PS, ld->to_ps)) < 0)
            return -1;
    while (ic_next_event_ps(ld->ic) < VTIME_NEVER)
        if (ic_advance(ld->ic, ic_next_event_ps(ld->ic) + STEP_PS) < 0)
            return -1;
    ld->out->end_ps = ic_now_ps(ld->ic);
    return 0;
}

int load_measure(const struct scenario *s, uint32_t offered_percent, struct load_point *out)
{
    struct load *ld = calloc(1, sizeof *ld);
    int rc = -1;

    assert(ld);
    *out = (struct load_point){.offered_percent = offered_percent};
    ld->s = s;
    ld->l = &s->load;
    ld->out = out;
    ld->from_ps = s->load.warmup_ps;
    ld->to_ps = s->load.warmup_ps + s->load.measure_ps;
    ld->net = netlist_new(s);
    ld->packet = calloc(1, 65536);
    assert(ld->packet);
    add_sources(ld, offered_percent);
    ld->ic = build(ld);
    if (!ld->ic) {
        snprintf(out->trouble, sizeof out->trouble, "the fabric cannot be built: %s", netlist_why(errno));
    } else if (measure(ld) < 0) {
        snprintf(out->trouble, sizeof out->trouble, "the fabric failed: %s", strerror(errno));
    } else {
        summarise(ld);
        look_into_fabric(ld);
        rc = 0;
    }
    ic_destroy(ld->ic);
    netlist_free(ld->net);
    free(ld->packet);
    free(ld->message);
    free(ld->latency);
    free(ld);
    return rc;
}
