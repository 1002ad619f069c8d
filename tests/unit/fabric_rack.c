/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fabric_rack.c - see fabric_rack.h. */
#include "tests/unit/fabric_rack.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

uint64_t rack_random(struct rack *r)
{
    uint64_t z = r->random += 0x9e3779b97f4a7c15u; /* splitmix64 */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* ---- events ---- */

static bool before(const struct rack_event *a, const struct rack_event *b)
{
    return a->at_ps < b->at_ps || (a->at_ps == b->at_ps && a->seq < b->seq);
}

static void push(struct rack *r, struct rack_event e)
{
    size_t i = r->n_events++;

    if (r->n_events > r->room) {
        r->room = r->room ? 2 * r->room : 256;
        r->heap = realloc(r->heap, r->room * sizeof *r->heap);
        must(r->heap);
    }
    e.seq = r->seq++;
    for (; i && before(&e, &r->heap[(i - 1) / 2]); i = (i - 1) / 2)
        r->heap[i] = r->heap[(i - 1) / 2];
    r->heap[i] = e;
}

static struct rack_event pop(struct rack *r)
{
    struct rack_event first = r->heap[0], last = r->heap[--r->n_events];
    size_t i = 0;

    for (size_t k = 1; k < r->n_events; k = 2 * i + 1) {
        if (k + 1 < r->n_events && before(&r->heap[k + 1], &r->heap[k]))
            k++;
        if (!before(&r->heap[k], &last))
            break;
        r->heap[i] = r->heap[k];
        i = k;
    }
    if (r->n_events)
        r->heap[i] = last;
    return first;
}

static void packet(struct rack *r, unsigned to, vtime_t at_ps, const void *data, size_t len)
{
    struct rack_event e = {.at_ps = at_ps, .to = to, .len = len, .data = malloc(len)};

    must(e.data);
    memcpy(e.data, data, len);
    push(r, e);
}

/* ---- what a device is given ---- */

static vtime_t now_ps(void *ctx)
{
    return ((struct rack_node *)ctx)->rack->now_ps;
}

static bool in_ram(const struct rack_node *n, uint64_t address, uint64_t len)
{
    must(len <= 65536);
    if (address < RACK_RAM || address - RACK_RAM > RACK_RAM_BYTES ||
        len > RACK_RAM_BYTES - (address - RACK_RAM))
        return false;
    return !n->hole_len || address + len <= n->hole || address >= n->hole + n->hole_len;
}

static bool dma_read(void *ctx, uint64_t address, void *to, size_t len)
{
    struct rack_node *n = ctx;
    if (!in_ram(n, address, len))
        return false;
    memcpy(to, n->ram + (address - RACK_RAM), len);
    return true;
}

static bool dma_write(void *ctx, uint64_t address, const void *from, size_t len)
{
    struct rack_node *n = ctx;
    if (!in_ram(n, address, len))
        return false;
    memcpy(n->ram + (address - RACK_RAM), from, len);
    return true;
}

static void interrupt(void *ctx, unsigned vector)
{
    struct rack_node *n = ctx;
    struct rack *r = n->rack;

    must(vector < FAB_VECTORS);
    n->interrupts[vector]++;
    if (r->on_interrupt)
        r->on_interrupt(n, vector);
}

static void emit(void *ctx, const void *data, size_t len)
{
    struct rack_node *n = ctx;
    struct rack *r = n->rack;
    struct fab_wire w;
    uint64_t bits = (len + r->framing) * 8;

    must(len >= sizeof w);
    must(len <= sizeof w + r->mtu);
    must(n->up_ps <= r->now_ps);
    memcpy(&w, data, sizeof w);
    must(w.src == n->no);
    must(w.dst < r->n);
    must(w.dst != w.src);
    must(w.vc == (w.type >= FAB_P_ACK));
    vtime_t start = vtime_max(r->now_ps, n->line_free_ps);
    /* At most one waits for the line beyond the one that is on it. */
    must(start - r->now_ps <= (vtime_t)((r->mtu + 48 + r->framing) * 8 * VTIME_S / r->rate_bps) + 1);
    vtime_t took = (vtime_t)((bits * (uint64_t)VTIME_S + r->rate_bps - 1) / r->rate_bps);
    n->line_free_ps = start + took;
    vtime_t arrival = n->line_free_ps + r->delay_ps;
    if (r->jitter_ps)
        arrival += (vtime_t)(rack_random(r) % (uint64_t)r->jitter_ps);
    arrival = n->arrival_ps[w.dst] = vtime_max(arrival, n->arrival_ps[w.dst]);
    r->packets++;
    for (size_t i = 0; i < len; i++)
        r->hash = (r->hash ^ ((const uint8_t *)data)[i]) * 0x100000001b3u;
    r->hash = (r->hash ^ (uint64_t)arrival) * 0x100000001b3u;
    if ((r->filter && !r->filter(r, &w, len)) || rack_random(r) % 1000 < r->loss) {
        r->lost++;
        return;
    }
    if (rack_random(r) % 1000 < r->duplicate)
        packet(r, w.dst, arrival + (vtime_t)(rack_random(r) % (20 * VTIME_US)), data, len);
    if (rack_random(r) % 1000 < r->reorder)
        arrival += (vtime_t)(rack_random(r) % (10 * VTIME_US));
    packet(r, w.dst, arrival, data, len);
}

static void timer(void *ctx, vtime_t at_ps)
{
    struct rack_node *n = ctx;

    must(at_ps >= n->rack->now_ps);
    n->timer_ps = at_ps == VTIME_NEVER ? VTIME_NEVER : (at_ps + 999) / 1000 * 1000;
}

static void train(void *ctx)
{
    struct rack_node *n = ctx;
    if (n->up_ps == VTIME_NEVER)
        n->up_ps = n->rack->now_ps + n->rack->training_ps;
    n->trained++;
}

static vtime_t link_up_ps(void *ctx)
{
    return ((struct rack_node *)ctx)->up_ps;
}

static void event(void *ctx, const void *record, size_t len)
{
    struct rack_node *n = ctx;
    must(len <= sizeof n->event);
    memcpy(n->event, record, len);
    n->event_len = len;
}

static void result(void *ctx, int status)
{
    ((struct rack_node *)ctx)->result = status;
}

static int64_t flip(void *ctx, uint64_t address, size_t len, bool write)
{
    struct rack_node *n = ctx;
    must(len > 0 && in_ram(n, address, len));
    return n->rack->flip ? n->rack->flip(n, address, len, write) : -1;
}

static unsigned completion(void *ctx, unsigned queue, bool recv)
{
    struct rack_node *n = ctx;
    must(queue < FAB_QUEUES);
    return n->rack->completion ? n->rack->completion(n, queue, recv) : FAB_C_OK;
}

/* ---- the rack ---- */

struct rack *rack_new(const struct rack_config *c)
{
    static const struct fab_ops ops = {.now_ps = now_ps,
                                       .dma_read = dma_read,
                                       .dma_write = dma_write,
                                       .interrupt = interrupt,
                                       .emit = emit,
                                       .timer = timer,
                                       .train = train,
                                       .link_up_ps = link_up_ps,
                                       .event = event,
                                       .result = result,
                                       .flip = flip,
                                       .completion = completion};
    struct rack *r = calloc(1, sizeof *r);

    must(r);
    r->n = c->n ? c->n : 2;
    r->mtu = c->mtu ? c->mtu : 4096;
    r->framing = c->framing ? c->framing : 8;
    r->rate_bps = c->rate_bps ? c->rate_bps : UINT64_C(100000000000);
    r->delay_ps = c->delay_ps ? c->delay_ps : 500 * VTIME_NS;
    r->training_ps = VTIME_MS;
    r->random = 1;
    for (unsigned i = 0; i < r->n; i++) {
        struct rack_node *n = &r->node[i];
        struct fab_config cfg = {i, r->n, r->mtu, r->rate_bps, r->framing};
        n->rack = r;
        n->no = i;
        n->ram = calloc(1, RACK_RAM_BYTES);
        must(n->ram);
        n->brk = RACK_RAM;
        n->timer_ps = n->up_ps = VTIME_NEVER;
        n->result = -1;
        n->fab = fab_create(&cfg, &ops, n);
        must(n->fab);
    }
    return r;
}

void rack_free(struct rack *r)
{
    while (r->n_events)
        free(pop(r).data);
    free(r->heap);
    for (unsigned i = 0; i < r->n; i++) {
        fab_destroy(r->node[i].fab);
        free(r->node[i].ram);
    }
    free(r);
}

static bool step(struct rack *r, vtime_t at_ps)
{
    struct rack_node *n = &r->node[0];

    for (unsigned i = 1; i < r->n; i++)
        if (r->node[i].timer_ps < n->timer_ps)
            n = &r->node[i];
    vtime_t next = r->n_events ? vtime_min(r->heap[0].at_ps, n->timer_ps) : n->timer_ps;
    if (next > at_ps || next == VTIME_NEVER)
        return false;
    r->now_ps = vtime_max(r->now_ps, next);
    if (n->timer_ps == next) {
        n->timer_ps = VTIME_NEVER;
        n->timers++;
        fab_timer(n->fab);
    } else {
        struct rack_event e = pop(r);
        if (!r->node[e.to].deaf)
            fab_receive(r->node[e.to].fab, e.data, e.len);
        free(e.data);
    }
    return true;
}

void rack_until(struct rack *r, vtime_t at_ps)
{
    while (step(r, at_ps))
        ;
    r->now_ps = vtime_max(r->now_ps, at_ps);
}

static bool quiet(struct rack *r)
{
    for (unsigned i = 0; i < r->n; i++)
        if (!fab_quiet(r->node[i].fab))
            return false;
    return r->n_events == 0;
}

bool rack_settle(struct rack *r, vtime_t at_ps)
{
    while (!quiet(r) && step(r, at_ps))
        ;
    return quiet(r);
}

/* ---- memory and driver ---- */

void *rack_at(struct rack_node *n, uint64_t address, uint64_t bytes)
{
    must(address >= RACK_RAM && address - RACK_RAM + bytes <= RACK_RAM_BYTES);
    return n->ram + (address - RACK_RAM);
}

uint64_t rack_alloc(struct rack_node *n, uint64_t bytes)
{
    uint64_t a = n->brk;
    n->brk += (bytes + 63) / 64 * 64;
    memset(rack_at(n, a, bytes), 0, bytes);
    return a;
}

uint32_t rack_reg(struct rack_node *n, uint32_t offset)
{
    return (uint32_t)fab_read(n->fab, offset, 4);
}

void rack_set(struct rack_node *n, uint32_t offset, uint32_t value)
{
    fab_write(n->fab, offset, value, 4);
}

void rack_up(struct rack *r)
{
    for (unsigned i = 0; i < r->n; i++)
        rack_set(&r->node[i], FAB_REG_CONTROL, FAB_CONTROL_ENABLE);
    rack_until(r, r->now_ps + r->training_ps);
    for (unsigned i = 0; i < r->n; i++)
        must(rack_reg(&r->node[i], FAB_REG_LINK) == FAB_LINK_UP);
}

unsigned rack_admin(struct rack_node *n, const struct fab_admin *a)
{
    uint64_t brk = n->brk, at = rack_alloc(n, sizeof *a);

    memcpy(rack_at(n, at, sizeof *a), a, sizeof *a);
    fab_write(n->fab, FAB_REG_ADMIN, at, 8);
    rack_set(n, FAB_REG_ADMIN_GO, 1);
    n->brk = brk;
    return rack_reg(n, FAB_REG_ADMIN_STATUS);
}

unsigned rack_queue(struct rack_node *n, unsigned no, unsigned send, unsigned recv, unsigned done)
{
    struct rack_queue *q = &n->q[no];

    *q = (struct rack_queue){.send = rack_alloc(n, send * sizeof(struct fab_send)),
                             .recv = rack_alloc(n, recv * sizeof(struct fab_recv)),
                             .done = rack_alloc(n, done * sizeof(struct fab_cqe)),
                             .status = rack_alloc(n, sizeof(struct fab_status)),
                             .size = {send, recv, done}};
    struct fab_admin a = {.op = FAB_ADMIN_QUEUE_SETUP,
                          .queue = (uint16_t)no,
                          .size = {(uint16_t)send, (uint16_t)recv, (uint16_t)done},
                          .addr = {q->send, q->recv, q->done, q->status}};
    return rack_admin(n, &a);
}

unsigned rack_queue_end(struct rack_node *n, unsigned no)
{
    struct fab_admin a = {.op = FAB_ADMIN_QUEUE_DESTROY, .queue = (uint16_t)no};
    return rack_admin(n, &a);
}

unsigned rack_region(struct rack_node *n, uint32_t key, unsigned access, uint64_t addr, uint64_t len)
{
    struct fab_admin a = {
        .op = FAB_ADMIN_REGION_SET, .access = (uint16_t)access, .key = key, .addr = {0, addr}, .length = len};
    return rack_admin(n, &a);
}

void rack_bell(struct rack_node *n, unsigned kind, unsigned q, uint16_t index)
{
    rack_set(n, FAB_REG_DOORBELL, FAB_DB(kind, q, index));
}

void rack_put_send(struct rack_node *n, unsigned no, const struct fab_send *d)
{
    struct rack_queue *q = &n->q[no];
    uint64_t at = q->send + (q->send_tail++ & (q->size[0] - 1)) * sizeof *d;
    memcpy(rack_at(n, at, sizeof *d), d, sizeof *d);
}

void rack_put_recv(struct rack_node *n, unsigned no, const struct fab_recv *d)
{
    struct rack_queue *q = &n->q[no];
    uint64_t at = q->recv + (q->recv_tail++ & (q->size[1] - 1)) * sizeof *d;
    memcpy(rack_at(n, at, sizeof *d), d, sizeof *d);
}

void rack_send(struct rack_node *n, unsigned no, const struct fab_send *d)
{
    rack_put_send(n, no, d);
    rack_bell(n, FAB_DB_SEND, no, n->q[no].send_tail);
}

void rack_recv(struct rack_node *n, unsigned no, uint64_t addr, uint32_t len, uint64_t cookie)
{
    struct fab_recv d = {.addr = addr, .len = len, .n_sge = 1, .cookie = cookie};
    rack_put_recv(n, no, &d);
    rack_bell(n, FAB_DB_RECV, no, n->q[no].recv_tail);
}

bool rack_poll(struct rack_node *n, unsigned no, struct fab_cqe *c)
{
    struct rack_queue *q = &n->q[no];
    uint64_t at = q->done + (q->done_head & (q->size[2] - 1)) * sizeof *c;

    memcpy(c, rack_at(n, at, sizeof *c), sizeof *c);
    if ((c->flags & FAB_CQE_PHASE) == !!(q->done_head & q->size[2]))
        return false;
    q->done_head++;
    /* The status word, written before any interrupt, agrees. */
    must((uint16_t)(rack_status(n, no)->done_tail - q->done_head) <= q->size[2]);
    rack_bell(n, FAB_DB_DONE, no, q->done_head);
    return true;
}

const struct fab_status *rack_status(struct rack_node *n, unsigned no)
{
    return rack_at(n, n->q[no].status, sizeof(struct fab_status));
}

struct fab_counters rack_count(struct rack_node *n)
{
    struct fab_counters c;
    fab_get_counters(n->fab, &c);
    return c;
}
