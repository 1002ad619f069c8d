/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naive.c - the reference: looks at every node and every link at every step of time. See fake_world.h.
 *
 * At each step: what arrives now arrives (at a node, or at a switch, which looks it up a latency later);
 * nodes act, if it is a whole nanosecond; whatever link end is free and trained starts to send the first
 * frame of its queue.
 */
#include "tests/unit/fake_world.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 14, BUCKET_A = 16, BUCKET_B = 4 };

struct item {
    struct item *next;
    vtime_t not_before; /* in a queue */
    vtime_t due, last;  /* on the wire: when it matters at the far end; when its last bit is there */
    uint32_t len;
    uint8_t data[];
};

struct list {
    struct item *first, **last;
};

struct way { /* one direction of a link */
    struct list queue, wire;
    uint64_t waiting_bytes, sending_bytes;
    vtime_t busy_until;
};

struct link {
    const struct scn_link *cfg;
    struct way way[2]; /* [end]: what this end sends */
    vtime_t up;
};

struct naive {
    const struct world *w;
    vtime_t now;
    struct link link[WORLD_LINKS];
    struct {
        int by_mac[BUCKET_A][BUCKET_B]; /* link + 1 behind which node.nic was heard */
    } table[WORLD_SWITCHES];
    struct fake node[FAKE_NODES];
    struct list inbox[FAKE_NODES][FAKE_NICS];
};

static void push(struct list *l, struct item *i)
{
    i->next = NULL;
    *l->last = i;
    l->last = &i->next;
}

static struct item *pop(struct list *l)
{
    struct item *i = l->first;
    l->first = i->next;
    if (!l->first)
        l->last = &l->first;
    return i;
}

static struct item *copy(const uint8_t *data, uint32_t len)
{
    struct item *i = malloc(sizeof *i + len);
    assert(i);
    *i = (struct item){.len = len};
    memcpy(i->data, data, len);
    return i;
}

static vtime_t time_of_bytes(const struct scn_link *l, uint32_t len)
{
    return (vtime_t)((uint64_t)(len + WORLD_OVERHEAD) * (8 * (uint64_t)VTIME_S / l->rate_bps));
}

/* `last`: when the frame's last bit is at this end. */
static void enqueue(struct naive *n, struct link *l, unsigned end, const uint8_t *data, uint32_t len,
                    vtime_t last)
{
    struct way *y = &l->way[end];
    uint64_t used = y->waiting_bytes + (y->busy_until > n->now ? y->sending_bytes : 0);
    if (len > l->cfg->mtu_bytes || used + len > l->cfg->queue_bytes)
        return;
    struct item *i = copy(data, len);
    i->not_before = last - time_of_bytes(l->cfg, len);
    push(&y->queue, i);
    y->waiting_bytes += len;
    if (l->up == VTIME_NEVER)
        l->up = n->now + l->cfg->training_ps;
}

static void forward(struct naive *n, unsigned in_link, unsigned sw, const struct item *i)
{
    int(*table)[BUCKET_B] = n->table[sw].by_mac;
    vtime_t last = i->last + n->w->sw[sw].latency_ps;
    table[i->data[10] % BUCKET_A][i->data[11] % BUCKET_B] = (int)in_link + 1;
    int known = i->data[0] & 1 ? 0 : table[i->data[4] % BUCKET_A][i->data[5] % BUCKET_B];
    if (known == (int)in_link + 1)
        return;
    for (unsigned l = 0; l < n->w->scn.n_links; l++)
        for (unsigned e = 0; e < 2; e++) {
            const struct scn_end *end = &n->w->link[l].end[e];
            if (end->is_switch && end->index == sw && l != in_link && (!known || known == (int)l + 1))
                enqueue(n, &n->link[l], e, i->data, i->len, last);
        }
}

static void arrive(struct naive *n, unsigned l, unsigned far)
{
    struct list *wire = &n->link[l].way[!far].wire;
    const struct scn_end *end = &n->w->link[l].end[far];

    while (wire->first && wire->first->due == n->now) {
        struct item *i = pop(wire);
        if (end->is_switch) {
            forward(n, l, end->index, i);
            free(i);
        } else {
            push(&n->inbox[end->index][end->nic], i);
        }
    }
}

static void start(struct naive *n, unsigned l, unsigned end)
{
    struct link *k = &n->link[l];
    struct way *y = &k->way[end];
    struct item *i = y->queue.first;
    const struct scn_end *far = &k->cfg->end[!end];

    if (!i || k->up > n->now || y->busy_until > n->now || i->not_before > n->now)
        return;
    pop(&y->queue);
    y->waiting_bytes -= i->len;
    y->sending_bytes = i->len;
    y->busy_until = n->now + time_of_bytes(k->cfg, i->len);
    i->last = i->due = y->busy_until + k->cfg->delay_ps;
    if (far->is_switch) {
        const struct scn_switch *s = &n->w->sw[far->index];
        i->due = (s->cut_through ? n->now + k->cfg->delay_ps + time_of_bytes(k->cfg, HEADER) : i->last) +
                 s->latency_ps;
    }
    push(&y->wire, i);
}

static void send_now(struct fake *f, unsigned nic, const uint8_t *data, uint32_t len)
{
    struct naive *n = f->ctx;
    for (unsigned l = 0; l < n->w->scn.n_links; l++)
        for (unsigned e = 0; e < 2; e++) {
            const struct scn_end *end = &n->w->link[l].end[e];
            if (!end->is_switch && end->index == f->index && end->nic == nic)
                enqueue(n, &n->link[l], e, data, len, n->now);
        }
}

static void act(struct naive *n, struct fake *f)
{
    if (n->now > 0 && !f->ended && !f->idle)
        fake_execute(f, 1);
    f->now_ns = vtime_to_ns(n->now);
    fake_timers(f);
    for (unsigned k = 0; k < f->n_nics; k++)
        while (n->inbox[f->index][k].first) {
            struct item *i = pop(&n->inbox[f->index][k]);
            fake_receive(f, k, i->data, i->len);
            free(i);
        }
}

static void empty(struct list *l)
{
    while (l->first)
        free(pop(l));
}

void naive_run(const struct world *w, struct fake_log *logs)
{
    struct naive *n = calloc(1, sizeof *n);
    const struct scenario *scn = &w->scn;
    assert(n);
    n->w = w;
    for (unsigned l = 0; l < scn->n_links; l++) {
        struct link *k = &n->link[l];
        k->cfg = &w->link[l];
        k->up = k->cfg->training_ps ? VTIME_NEVER : 0;
        for (unsigned e = 0; e < 2; e++) {
            k->way[e].queue.last = &k->way[e].queue.first;
            k->way[e].wire.last = &k->way[e].wire.first;
        }
    }
    for (unsigned i = 0; i < scn->n_nodes; i++) {
        struct fake *f = &n->node[i];
        world_start(w, f, i);
        f->log = &logs[i];
        f->log->n = 0;
        f->send = send_now;
        f->ctx = n;
        for (unsigned k = 0; k < FAKE_NICS; k++)
            n->inbox[i][k].last = &n->inbox[i][k].first;
    }
    for (n->now = 0; n->now < scn->stop_ps; n->now += w->step_ps) {
        for (unsigned l = 0; l < scn->n_links; l++)
            for (unsigned e = 0; e < 2; e++)
                arrive(n, l, e);
        if (n->now % VTIME_NS == 0)
            for (unsigned i = 0; i < scn->n_nodes; i++)
                act(n, &n->node[i]);
        for (unsigned l = 0; l < scn->n_links; l++)
            for (unsigned e = 0; e < 2; e++)
                start(n, l, e);
    }
    for (unsigned l = 0; l < scn->n_links; l++)
        for (unsigned e = 0; e < 2; e++) {
            empty(&n->link[l].way[e].queue);
            empty(&n->link[l].way[e].wire);
        }
    for (unsigned i = 0; i < scn->n_nodes; i++) {
        for (unsigned k = 0; k < FAKE_NICS; k++)
            empty(&n->inbox[i][k]);
        fake_log_sort(&logs[i]);
    }
    free(n);
}
