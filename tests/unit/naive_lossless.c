/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naive_lossless.c - see naive_lossless.h.
 *
 * A line is one direction of a link. At each moment: trainings end and packets enter queues; room comes back;
 * packets whose way is decided join the queue of their (line, channel); then each free line takes the next
 * packet in turn among the queues that have a first packet for it. What a line takes at a moment changes
 * nothing for other lines at that moment, so the order among lines is of no consequence.
 */
#include "tests/unit/naive_lossless.h"
#include "devices/fabric/fabric_wire.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { LINKS = 16, LINES = 2 * LINKS, CHANNELS = 16, PACKETS = 400, FAR_AWAY = 1000 };

struct stay { /* a packet on a line, or in the buffer behind it */
    struct naive_packet *p;
    vtime_t decided_ps, first_ps, last_ps;
    bool waits; /* in the queue; else still to be decided */
    int out;    /* the line it goes on by, -1: nowhere */
    unsigned out_channel;
    vtime_t not_before_ps;
};

struct room {
    vtime_t at_ps;
    uint32_t bytes;
    unsigned channel;
};

struct line {
    const struct ic_link_cfg *link;
    struct ic_end from, to;
    vtime_t busy_until_ps;
    uint32_t room[CHANNELS];
    struct room coming_back[PACKETS * 4];
    unsigned n_coming_back;
    unsigned turn; /* the queue that is looked at first */
    /* What came over this line, per channel, the oldest first. */
    struct stay stay[CHANNELS][PACKETS];
    unsigned n_stay[CHANNELS];
    vtime_t channel_free_ps[CHANNELS];
};

struct world {
    const struct ic_config *cfg;
    unsigned layers, channels;
    struct line line[LINES];
    vtime_t up_ps[LINKS];
    /* Adapters' queues: by line that leaves the adapter, and class. */
    struct naive_packet *queue[LINES][FAB_VCS][PACKETS];
    unsigned n_queue[LINES][FAB_VCS];
    unsigned distance[LINKS + 1][LINKS + 1];
    vtime_t now_ps;
};

static vtime_t time_of(const struct ic_link_cfg *l, uint32_t len)
{
    unsigned __int128 ps = (unsigned __int128)8 * (len + l->overhead_bytes) * (uint64_t)VTIME_S;
    return (vtime_t)(ps / l->rate_bps + (ps % l->rate_bps != 0));
}

static bool is_switch(struct ic_end e, unsigned sw)
{
    return e.kind == IC_END_SWITCH && e.index == sw;
}

/* ---- ways ---- */

static void measure_distances(struct world *w)
{
    unsigned n = w->cfg->n_switches;

    for (unsigned a = 0; a < n; a++)
        for (unsigned b = 0; b < n; b++)
            w->distance[a][b] = a == b ? 0 : FAR_AWAY;
    for (unsigned i = 0; i < 2 * w->cfg->n_links; i++)
        if (w->line[i].from.kind == IC_END_SWITCH && w->line[i].to.kind == IC_END_SWITCH)
            w->distance[w->line[i].from.index][w->line[i].to.index] = 1;
    for (unsigned k = 0; k < n; k++)
        for (unsigned a = 0; a < n; a++)
            for (unsigned b = 0; b < n; b++)
                if (w->distance[a][k] + w->distance[k][b] < w->distance[a][b])
                    w->distance[a][b] = w->distance[a][k] + w->distance[k][b];
}

static uint64_t scatter(uint64_t z)
{
    z ^= z >> 30;
    z *= 0xbf58476d1ce4e5b9;
    z ^= z >> 27;
    z *= 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* The line by which a packet leaves the switch, -1: none. */
static int way(const struct world *w, unsigned sw, const struct naive_packet *p)
{
    int target = -1, found[LINES];
    unsigned n = 0, lowest = ~0u;

    for (unsigned i = 0; i < 2 * w->cfg->n_links; i++) {
        const struct line *l = &w->line[i];
        if (l->to.kind != IC_END_PORT || l->from.kind != IC_END_SWITCH || l->link->node[!(i & 1)] != p->dst)
            continue;
        if (l->from.index == sw)
            return (int)i;
        target = (int)l->from.index;
    }
    if (target < 0 || w->distance[sw][target] >= FAR_AWAY)
        return -1;
    for (unsigned i = 0; i < 2 * w->cfg->n_links; i++) {
        const struct line *l = &w->line[i];
        if (!is_switch(l->from, sw) || l->to.kind != IC_END_SWITCH ||
            w->distance[l->to.index][target] + 1 != w->distance[sw][target])
            continue;
        if (l->link->dimension < lowest) {
            lowest = l->link->dimension;
            n = 0;
        }
        if (l->link->dimension == lowest)
            found[n++] = (int)i;
    }
    uint64_t flow = (uint64_t)sw << 40 | (uint64_t)p->src << 24 | (uint64_t)p->dst << 8 | p->queue;
    return found[scatter(flow) % n];
}

static unsigned channel_after(const struct world *w, const struct line *in, unsigned channel,
                              const struct line *out)
{
    unsigned class = channel / w->layers, layer = channel % w->layers;

    if (w->layers == 1 || in->from.kind == IC_END_PORT || out->to.kind == IC_END_PORT ||
        out->link->dimension > in->link->dimension)
        return class * w->layers;
    bool came_down = in->to.index<in->from.index, goes_up = out->to.index> out->from.index;
    return class * w->layers + layer + (came_down && goes_up);
}

/* ---- what happens at a moment ---- */

static void train(struct world *w, unsigned link)
{
    if (w->up_ps[link] == VTIME_NEVER)
        w->up_ps[link] = w->now_ps + w->cfg->links[link].training_ps;
}

static unsigned line_from_port(const struct world *w, unsigned port)
{
    for (unsigned i = 0; i < 2 * w->cfg->n_links; i++)
        if (w->line[i].from.kind == IC_END_PORT && w->line[i].from.index == port)
            return i;
    abort();
}

static void give_room(struct line *l, vtime_t at, unsigned channel, uint32_t bytes)
{
    assert(l->n_coming_back < sizeof l->coming_back / sizeof *l->coming_back);
    l->coming_back[l->n_coming_back++] = (struct room){at, bytes, channel};
}

static void take_room(struct world *w, struct line *l)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < l->n_coming_back; i++)
        if (l->coming_back[i].at_ps <= w->now_ps)
            l->room[l->coming_back[i].channel] += l->coming_back[i].bytes;
        else
            l->coming_back[kept++] = l->coming_back[i];
    l->n_coming_back = kept;
}

static void remove_stay(struct line *l, unsigned channel, unsigned i)
{
    struct stay *s = l->stay[channel];

    memmove(s + i, s + i + 1, (--l->n_stay[channel] - i) * sizeof *s);
}

static void decide(struct world *w, unsigned line, unsigned channel)
{
    struct line *l = &w->line[line];

    for (unsigned i = 0; i < l->n_stay[channel]; i++) {
        struct stay *s = &l->stay[channel][i];
        const struct ic_switch_cfg *sw = &w->cfg->switches[l->to.index];

        if (s->waits || s->decided_ps > w->now_ps)
            continue;
        s->waits = true;
        s->out = way(w, l->to.index, s->p);
        if (s->out < 0) {
            vtime_t gone = s->last_ps > w->now_ps ? s->last_ps : w->now_ps;
            give_room(l, gone + l->link->delay_ps, channel, s->p->len);
            remove_stay(l, channel, i--);
            continue;
        }
        const struct line *out = &w->line[s->out];
        s->out_channel = channel_after(w, l, channel, out);
        s->not_before_ps = w->now_ps;
        if (sw->mode == IC_CUT_THROUGH && s->last_ps - s->first_ps > time_of(out->link, s->p->len))
            s->not_before_ps += s->last_ps - s->first_ps - time_of(out->link, s->p->len);
        train(w, (unsigned)s->out / 2);
    }
}

static void transmit(struct world *w, unsigned line, unsigned channel, struct naive_packet *p)
{
    struct line *l = &w->line[line];
    vtime_t first = w->now_ps + l->link->delay_ps, took = time_of(l->link, p->len);

    l->busy_until_ps = w->now_ps + took;
    l->room[channel] -= p->len;
    if (l->to.kind == IC_END_PORT) {
        p->delivered = true;
        p->at = l->to.index;
        p->deliver_ps = first + took + l->link->rx_ps;
        give_room(l, first + took + l->link->delay_ps, channel, p->len);
        return;
    }
    const struct ic_switch_cfg *sw = &w->cfg->switches[l->to.index];
    struct stay *s = &l->stay[channel][l->n_stay[channel]++];
    vtime_t header = first + time_of(l->link, FAB_HEADER_BYTES);
    *s = (struct stay){.p = p, .first_ps = first, .last_ps = first + took};
    if (sw->mode == IC_STORE_AND_FORWARD)
        s->decided_ps = s->last_ps + sw->latency_ps;
    else
        s->decided_ps = first + sw->latency_ps > header ? first + sw->latency_ps : header;
}

static bool has_room(const struct line *l, unsigned channel, const struct naive_packet *p)
{
    return l->room[channel] >= p->len;
}

static bool try_adapter(struct world *w, unsigned line, unsigned class)
{
    struct line *l = &w->line[line];
    struct naive_packet **queue = w->queue[line][class];

    if (!w->n_queue[line][class] || !has_room(l, class * w->layers, queue[0]))
        return false;
    struct naive_packet *p = queue[0];
    memmove(queue, queue + 1, --w->n_queue[line][class] * sizeof *queue);
    transmit(w, line, class * w->layers, p);
    return true;
}

/* The queue of what came in over line `in` and channel. */
static bool try_input(struct world *w, unsigned line, unsigned in, unsigned channel)
{
    struct line *from = &w->line[in], *l = &w->line[line];
    struct stay *s = from->stay[channel];

    if (!from->n_stay[channel] || !s->waits || s->out != (int)line || s->not_before_ps > w->now_ps ||
        from->channel_free_ps[channel] > w->now_ps || !has_room(l, s->out_channel, s->p))
        return false;
    struct stay gone = *s;
    remove_stay(from, channel, 0);
    transmit(w, line, gone.out_channel, gone.p);
    from->channel_free_ps[channel] = l->busy_until_ps;
    give_room(from, l->busy_until_ps + from->link->delay_ps, channel, gone.p->len);
    return true;
}

static void choose(struct world *w, unsigned line)
{
    struct line *l = &w->line[line];
    unsigned inputs[LINES], n_inputs = 0;

    if (l->busy_until_ps > w->now_ps || w->up_ps[line / 2] > w->now_ps)
        return;
    if (l->from.kind == IC_END_PORT) {
        for (unsigned k = 0; k < FAB_VCS; k++) {
            unsigned class = (l->turn + k) % FAB_VCS;
            if (try_adapter(w, line, class)) {
                l->turn = (class + 1) % FAB_VCS;
                return;
            }
        }
        return;
    }
    for (unsigned i = 0; i < 2 * w->cfg->n_links; i++)
        if (is_switch(w->line[i].to, l->from.index))
            inputs[n_inputs++] = i;
    for (unsigned k = 0; k < n_inputs * w->channels; k++) {
        unsigned lane = (l->turn + k) % (n_inputs * w->channels);
        if (try_input(w, line, inputs[lane / w->channels], lane % w->channels)) {
            l->turn = (lane + 1) % (n_inputs * w->channels);
            return;
        }
    }
}

/* ---- moments ---- */

static void sooner(const struct world *w, vtime_t *next, vtime_t t)
{
    if (t > w->now_ps && t < *next)
        *next = t;
}

static vtime_t next_moment(const struct world *w, const struct naive_packet *packets, unsigned n,
                           const struct naive_train *trains, unsigned n_trains)
{
    vtime_t next = VTIME_NEVER;

    for (unsigned i = 0; i < n; i++) {
        sooner(w, &next, packets[i].inject_ps);
        sooner(w, &next, packets[i].inject_ps + w->line[line_from_port(w, packets[i].port)].link->tx_ps);
    }
    for (unsigned i = 0; i < n_trains; i++)
        sooner(w, &next, trains[i].time_ps);
    for (unsigned i = 0; i < 2 * w->cfg->n_links; i++) {
        const struct line *l = &w->line[i];

        sooner(w, &next, w->up_ps[i / 2]);
        sooner(w, &next, l->busy_until_ps);
        for (unsigned k = 0; k < l->n_coming_back; k++)
            sooner(w, &next, l->coming_back[k].at_ps);
        for (unsigned c = 0; c < w->channels; c++) {
            sooner(w, &next, l->channel_free_ps[c]);
            for (unsigned k = 0; k < l->n_stay[c]; k++) {
                sooner(w, &next, l->stay[c][k].decided_ps);
                sooner(w, &next, l->stay[c][k].not_before_ps);
            }
        }
    }
    return next;
}

static void prepare(struct world *w, const struct ic_config *cfg, unsigned layers)
{
    w->cfg = cfg;
    w->layers = layers;
    w->channels = FAB_VCS * layers;
    assert(cfg->n_links <= LINKS && w->channels <= CHANNELS);
    for (unsigned i = 0; i < 2 * cfg->n_links; i++) {
        struct line *l = &w->line[i];
        l->link = &cfg->links[i / 2];
        l->from = l->link->end[i & 1];
        l->to = l->link->end[!(i & 1)];
        for (unsigned c = 0; c < w->channels; c++)
            l->room[c] = l->link->buffer_bytes;
        w->up_ps[i / 2] = l->link->training_ps ? VTIME_NEVER : 0;
    }
    measure_distances(w);
    w->now_ps = -1;
}

void naive_lossless(const struct ic_config *cfg, unsigned layers, struct naive_packet *packets, unsigned n,
                    const struct naive_train *trains, unsigned n_trains)
{
    struct world *w = calloc(1, sizeof *w);

    assert(w && n <= PACKETS);
    prepare(w, cfg, layers);
    while ((w->now_ps = next_moment(w, packets, n, trains, n_trains)) < VTIME_NEVER) {
        for (unsigned i = 0; i < n_trains; i++)
            if (trains[i].time_ps == w->now_ps)
                train(w, line_from_port(w, trains[i].port) / 2);
        for (unsigned i = 0; i < n; i++) {
            struct naive_packet *p = &packets[i];
            unsigned line = line_from_port(w, p->port);
            const struct line *l = &w->line[line];

            if (l->to.kind == IC_END_PORT && l->link->node[!(line & 1)] != p->dst)
                continue; /* no way */
            if (p->inject_ps == w->now_ps)
                train(w, line / 2);
            if (p->inject_ps + l->link->tx_ps == w->now_ps)
                w->queue[line][p->class][w->n_queue[line][p->class]++] = p;
        }
        for (unsigned i = 0; i < 2 * cfg->n_links; i++)
            take_room(w, &w->line[i]);
        for (unsigned i = 0; i < 2 * cfg->n_links; i++)
            for (unsigned c = 0; c < w->channels && w->line[i].to.kind == IC_END_SWITCH; c++)
                decide(w, i, c);
        for (unsigned i = 0; i < 2 * cfg->n_links; i++)
            choose(w, i);
    }
    free(w);
}
