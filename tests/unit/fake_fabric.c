/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_fabric.c - the interface of interconnect.h without SystemC: links with delay, rate, queue and
 * training, and learning switches. Many may exist in one process, one after the other, so thousands of racks
 * can be tried quickly.
 *
 * One list of events in the order of (time, rank, link end, insertion). The sending end of a port on a switch
 * keeps its own clock, `lag` behind the fabric's, as the real one does: that is what ingress means. No
 * callback but deliver().
 */
#include "interconnect-model/interconnect.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINKS = 64, MAX_SWITCHES = 4, MAX_PORTS = 64, HEADER = 14, MACS = 256 };
enum rank { UP, PUMP, INJECT, TRAIN, FORWARD };

struct bits {
    struct bits *next;
    vtime_t not_before;
    uint64_t id;
    uint32_t len;
    uint8_t data[];
};

struct event {
    struct event *next;
    vtime_t at, own; /* own: on the clock of the end that it belongs to */
    enum rank rank;
    unsigned end; /* 2 * link + end: the sender's; FORWARD: the switch's own end */
    struct bits *bits;
};

struct end {
    struct ic_end node;
    vtime_t lag, busy_until;
    struct bits *queue, **queue_tail;
    uint64_t waiting_bytes, sending_bytes;
    bool pump_due;
};

struct ic {
    struct ic_ops ops;
    void *ctx;
    vtime_t now, done; /* of the event being executed; up to where it was advanced */
    struct ic_link_cfg link[MAX_LINKS];
    vtime_t up[MAX_LINKS], wanted[MAX_LINKS];
    bool train_due[MAX_LINKS];
    struct end end[2 * MAX_LINKS];
    unsigned n_links, end_of_port[MAX_PORTS];
    struct ic_switch_cfg sw[MAX_SWITCHES];
    struct {
        uint8_t mac[6];
        unsigned end;
    } heard[MAX_SWITCHES][MACS];
    unsigned n_heard[MAX_SWITCHES];
    struct event *events;
    uint64_t live; /* frames in existence */
    struct ic_totals totals;
};

static vtime_t wire_time(const struct ic_link_cfg *l, uint32_t len)
{
    unsigned __int128 ps = (unsigned __int128)(len + l->overhead_bytes) * 8 * (uint64_t)VTIME_S;
    return (vtime_t)((ps + l->rate_bps - 1) / l->rate_bps);
}

static void plan(struct ic *ic, vtime_t at, enum rank rank, unsigned end, vtime_t own, struct bits *bits)
{
    struct event *e = malloc(sizeof *e), **p = &ic->events;
    assert(e && at >= ic->now);
    while (*p && ((*p)->at < at ||
                  ((*p)->at == at && ((*p)->rank < rank || ((*p)->rank == rank && (*p)->end <= end)))))
        p = &(*p)->next;
    *e = (struct event){*p, at, own, rank, end, bits};
    *p = e;
}

static struct bits *bits_new(struct ic *ic, uint64_t id, const uint8_t *data, uint32_t len)
{
    struct bits *b = malloc(sizeof *b + len);
    assert(b);
    *b = (struct bits){.id = id, .len = len};
    memcpy(b->data, data, len);
    ic->live++;
    return b;
}

static void bits_free(struct ic *ic, struct bits *b)
{
    ic->live--;
    free(b);
}

static vtime_t local(const struct ic *ic, unsigned end)
{
    return ic->now - ic->end[end].lag;
}

static void transmit(struct ic *ic, unsigned end)
{
    struct end *e = &ic->end[end], *far = &ic->end[end ^ 1];
    const struct ic_link_cfg *l = &ic->link[end / 2];
    struct bits *b = e->queue;
    vtime_t start = local(ic, end), took = wire_time(l, b->len), last = start + l->delay_ps + took;

    e->queue = b->next;
    if (!e->queue)
        e->queue_tail = &e->queue;
    e->waiting_bytes -= b->len;
    e->sending_bytes = b->len;
    e->busy_until = start + took;
    if (far->node.kind == IC_END_PORT) {
        ic->totals.delivered++;
        ic->ops.deliver(ic->ctx, far->node.index, last, b->id, b->data, b->len);
        bits_free(ic, b);
    } else {
        const struct ic_switch_cfg *s = &ic->sw[far->node.index];
        vtime_t in = s->mode == IC_CUT_THROUGH ? start + l->delay_ps + wire_time(l, HEADER) : last;
        plan(ic, in + s->latency_ps, FORWARD, end ^ 1, last, b);
    }
}

static void pump(struct ic *ic, unsigned end)
{
    struct end *e = &ic->end[end];
    while (e->queue && !e->pump_due && ic->up[end / 2] < VTIME_NEVER) {
        vtime_t start = vtime_max(vtime_max(e->busy_until, ic->up[end / 2]), e->queue->not_before);
        if (start > local(ic, end)) {
            e->pump_due = true;
            plan(ic, start + e->lag, PUMP, end, start, NULL);
            return;
        }
        transmit(ic, end);
    }
}

static void settle(struct ic *ic, unsigned link, vtime_t start)
{
    ic->up[link] = start + ic->link[link].training_ps;
    plan(ic, vtime_max(ic->up[link], ic->now), UP, 2 * link, ic->up[link], NULL);
}

/* A node hands `b` to the sending end; its last bit is there at `last`. */
static void take(struct ic *ic, unsigned end, struct bits *b, vtime_t last)
{
    struct end *e = &ic->end[end], *far = &ic->end[end ^ 1];
    const struct ic_link_cfg *l = &ic->link[end / 2];
    vtime_t t = local(ic, end);
    uint64_t used = e->waiting_bytes + (e->busy_until > t ? e->sending_bytes : 0);

    if (b->len > l->mtu_bytes || used + b->len > l->queue_bytes) {
        ic->totals.dropped++;
        bits_free(ic, b);
        return;
    }
    b->not_before = vtime_max(t, last - wire_time(l, b->len));
    b->next = NULL;
    *e->queue_tail = b;
    e->queue_tail = &b->next;
    e->waiting_bytes += b->len;
    if (ic->up[end / 2] >= VTIME_NEVER) {
        ic->wanted[end / 2] = vtime_min(ic->wanted[end / 2], t);
        if (e->lag >= far->lag) {
            settle(ic, end / 2, t);
        } else if (!ic->train_due[end /
                                  2]) { /* the other end may have wanted it earlier: known `lag` later */
            ic->train_due[end / 2] = true;
            plan(ic, t + far->lag, TRAIN, end, t, NULL);
        }
    }
    pump(ic, end);
}

static void forward(struct ic *ic, unsigned own, struct bits *b, vtime_t last)
{
    unsigned sw = ic->end[own].node.index, to = 2 * MAX_LINKS, outputs = 0, i;

    for (i = 0; i < ic->n_heard[sw] && memcmp(ic->heard[sw][i].mac, b->data + 6, 6); i++)
        ;
    assert(i < MACS);
    memcpy(ic->heard[sw][i].mac, b->data + 6, 6);
    ic->heard[sw][i].end = own;
    if (i == ic->n_heard[sw])
        ic->n_heard[sw]++;
    for (i = 0; i < ic->n_heard[sw] && !(b->data[0] & 1); i++)
        if (!memcmp(ic->heard[sw][i].mac, b->data, 6))
            to = ic->heard[sw][i].end;
    for (i = 0; to != own && i < 2 * ic->n_links; i++) {
        const struct ic_end *n = &ic->end[i].node;
        if (n->kind == IC_END_SWITCH && n->index == sw && i != own && (to == 2 * MAX_LINKS || to == i)) {
            outputs++;
            take(ic, i, bits_new(ic, b->id, b->data, b->len), last + ic->sw[sw].latency_ps);
        }
    }
    if (outputs)
        ic->totals.copied += outputs - 1;
    else
        ic->totals.dropped++;
    bits_free(ic, b);
}

static void execute(struct ic *ic, const struct event *e)
{
    switch (e->rank) {
    case UP:
        pump(ic, e->end);
        pump(ic, e->end ^ 1);
        break;
    case PUMP:
        ic->end[e->end].pump_due = false;
        pump(ic, e->end);
        break;
    case INJECT:
        take(ic, e->end, e->bits, e->own);
        break;
    case TRAIN:
        if (ic->up[e->end / 2] >= VTIME_NEVER)
            settle(ic, e->end / 2, e->own);
        break;
    case FORWARD:
        forward(ic, e->end, e->bits, e->own);
        break;
    }
}

struct ic *ic_create(const struct ic_config *cfg)
{
    struct ic *ic = calloc(1, sizeof *ic);
    assert(ic && cfg->n_links <= MAX_LINKS && cfg->n_switches <= MAX_SWITCHES && cfg->n_ports <= MAX_PORTS);
    ic->ops = cfg->ops;
    ic->ctx = cfg->ctx;
    ic->n_links = cfg->n_links;
    for (unsigned i = 0; i < cfg->n_switches; i++)
        ic->sw[i] = cfg->switches[i];
    for (unsigned i = 0; i < cfg->n_links; i++) {
        const struct ic_link_cfg *l = &cfg->links[i];
        ic->link[i] = *l;
        ic->up[i] = l->training_ps ? VTIME_NEVER : 0;
        ic->wanted[i] = VTIME_NEVER;
        for (unsigned k = 0; k < 2; k++) {
            struct end *e = &ic->end[2 * i + k];
            e->node = l->end[k];
            e->queue_tail = &e->queue;
            if (l->end[k].kind != IC_END_PORT)
                continue;
            ic->end_of_port[l->end[k].index] = 2 * i + k;
            if (l->end[!k].kind == IC_END_SWITCH) {
                e->lag = l->delay_ps + wire_time(l, HEADER) + ic->sw[l->end[!k].index].latency_ps;
                if (l->training_ps)
                    e->lag = vtime_min(e->lag, l->training_ps);
            }
        }
    }
    return ic;
}

void ic_destroy(struct ic *ic)
{
    if (!ic)
        return;
    while (ic->events) {
        struct event *e = ic->events;
        ic->events = e->next;
        free(e->bits);
        free(e);
    }
    for (unsigned i = 0; i < 2 * ic->n_links; i++)
        while (ic->end[i].queue) {
            struct bits *b = ic->end[i].queue;
            ic->end[i].queue = b->next;
            free(b);
        }
    free(ic);
}

int ic_inject(struct ic *ic, unsigned port, vtime_t time_ps, uint64_t frame_id, const uint8_t *data,
              uint32_t len)
{
    unsigned end = ic->end_of_port[port];
    const struct ic_link_cfg *l = &ic->link[end / 2];
    if (time_ps + ic->end[end].lag < ic->done || len == 0) {
        errno = EINVAL;
        return -1;
    }
    if (len <= l->mtu_bytes && len <= l->queue_bytes)
        ic->wanted[end / 2] = vtime_min(ic->wanted[end / 2], time_ps);
    ic->totals.injected++;
    plan(ic, time_ps + ic->end[end].lag, INJECT, end, time_ps, bits_new(ic, frame_id, data, len));
    return 0;
}

int ic_train(struct ic *ic, unsigned port, vtime_t time_ps)
{
    unsigned end = ic->end_of_port[port];
    if (ic->up[end / 2] < VTIME_NEVER)
        return 0;
    ic->wanted[end / 2] = vtime_min(ic->wanted[end / 2], time_ps);
    plan(ic, time_ps + vtime_max(ic->end[end].lag, ic->end[end ^ 1].lag), TRAIN, end, time_ps, NULL);
    return 0;
}

int ic_advance(struct ic *ic, vtime_t until_ps)
{
    if (until_ps < ic->done) {
        errno = EINVAL;
        return -1;
    }
    while (ic->events && ic->events->at < until_ps) {
        struct event *e = ic->events;
        ic->events = e->next;
        ic->now = e->at;
        execute(ic, e);
        free(e);
    }
    ic->done = until_ps;
    return 0;
}

vtime_t ic_next_event_ps(const struct ic *ic)
{
    return ic->events ? ic->events->at : VTIME_NEVER;
}

vtime_t ic_ingress_ps(const struct ic *ic, unsigned port)
{
    return ic->end[ic->end_of_port[port]].lag;
}

vtime_t ic_egress_ps(const struct ic *ic, unsigned port)
{
    unsigned far = ic->end_of_port[port] ^ 1;
    const struct ic_link_cfg *l = &ic->link[far / 2];
    return l->delay_ps + wire_time(l, ic->end[far].node.kind == IC_END_PORT ? 1 : HEADER);
}

vtime_t ic_link_up_ps(const struct ic *ic, unsigned port)
{
    unsigned link = ic->end_of_port[port] / 2;
    return ic->up[link] < VTIME_NEVER ? ic->up[link]
                                      : vtime_add(ic->wanted[link], ic->link[link].training_ps);
}

vtime_t ic_training_ps(const struct ic *ic, unsigned port)
{
    return ic->link[ic->end_of_port[port] / 2].training_ps;
}

const char *ic_drop_name(enum ic_drop drop)
{
    return drop == IC_DROP_NONE ? "none" : "dropped";
}

/* It has no faults. */
uint64_t ic_fault_hits(const struct ic *ic, unsigned fault)
{
    (void)ic, (void)fault;
    return 0;
}

int ic_check(const struct ic *ic, char *why, size_t size)
{
    const struct ic_totals *t = &ic->totals;
    if (t->injected + t->copied == t->delivered + t->dropped + ic->live)
        return 0;
    snprintf(why, size, "frames were lost");
    return -1;
}
