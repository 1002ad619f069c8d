/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_fabric.c - libFuzzer target: two fabric adapters that are joined, in a fabric of three nodes, and
 * everything that guests and peers may do to them. tests/unit/test_fabric_fuzz.c feeds it from a generator.
 *
 * Input: a byte of flags (bit 0: nothing is set up beforehand), then steps: a byte (bits 3..0 what, bit 4
 * which device), and what it takes. The guests' memory is two exact allocations, so that an access beside
 * them is found, and after each step the devices' books must balance.
 */
#include "devices/fabric/fabric_internal.h"
#include "devices/fabric/fabric_trace.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NODES = 3, BASE = 0x10000, RAM = 0x20000, WAITING = 32, MTU = 256, MOST = 400000 };
enum { RINGS = 0x4000, RING_OF_Q = 0x1000 }; /* of queue q, from RINGS + q * RING_OF_Q on */

struct guest {
    struct fab *fab;
    uint8_t *ram;
    vtime_t timer_ps, up_ps;
    uint64_t hole; /* this page is no RAM; 0: none */
    uint16_t send_tail[FAB_QUEUES], recv_tail[FAB_QUEUES];
    struct fab_wire last[NODES]; /* last packet to each node */
};

static struct guest guest[2];
static struct {
    size_t len;
    uint8_t data[FAB_HEADER_BYTES + MTU];
} waiting[WAITING];
static unsigned n_waiting, calls;
static vtime_t now;
static const uint8_t *in;
static size_t left;

static uint32_t take(unsigned bytes)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < bytes; i++) {
        v |= (left ? *in : 0u) << 8 * i;
        in += left != 0;
        left -= left != 0;
    }
    return v;
}

/* ---- what the devices are given ---- */

static vtime_t now_ps(void *ctx)
{
    (void)ctx;
    return now;
}

static bool in_ram(const struct guest *g, uint64_t address, size_t len)
{
    assert(len <= 65536);
    assert(++calls < MOST); /* since the last step */
    if (address < BASE || address - BASE > RAM || len > RAM - (address - BASE))
        return false;
    return !g->hole || address + len <= g->hole || address >= g->hole + 4096;
}

static bool dma_read(void *ctx, uint64_t address, void *to, size_t len)
{
    struct guest *g = ctx;
    if (!in_ram(g, address, len))
        return false;
    memcpy(to, g->ram + (address - BASE), len);
    return true;
}

static bool dma_write(void *ctx, uint64_t address, const void *from, size_t len)
{
    struct guest *g = ctx;
    if (!in_ram(g, address, len))
        return false;
    memcpy(g->ram + (address - BASE), from, len);
    return true;
}

static void interrupt(void *ctx, unsigned vector)
{
    (void)ctx;
    assert(vector < FAB_VECTORS);
}

static void emit(void *ctx, const void *packet, size_t len)
{
    struct guest *g = ctx;
    struct fab_wire w;

    assert(g->up_ps <= now && len >= FAB_HEADER_BYTES && len <= FAB_HEADER_BYTES + MTU);
    assert(++calls < MOST);
    memcpy(&w, packet, sizeof w);
    assert(w.src == g - guest && w.dst < NODES && w.dst != w.src && w.queue < FAB_QUEUES);
    assert(w.type > 0 && w.type < FAB_P_END && w.vc == (w.type >= FAB_P_ACK));
    g->last[w.dst] = w;
    if (w.dst < 2 && n_waiting < WAITING) {
        waiting[n_waiting].len = len;
        memcpy(waiting[n_waiting++].data, packet, len);
    }
}

static void timer(void *ctx, vtime_t at_ps)
{
    assert(at_ps >= now);
    ((struct guest *)ctx)->timer_ps = at_ps;
}

static void train(void *ctx)
{
    struct guest *g = ctx;
    if (g->up_ps == VTIME_NEVER)
        g->up_ps = now + VTIME_US;
}

static vtime_t link_up_ps(void *ctx)
{
    return ((struct guest *)ctx)->up_ps;
}

static void event(void *ctx, const void *record, size_t len)
{
    static uint8_t copy[FAB_MAX_EVENT];
    (void)ctx;
    assert(len >= sizeof(struct fab_event) && len <= FAB_MAX_EVENT);
    memcpy(copy, record, len);
}

/* Faults, at times that the input decides indirectly. */
static int64_t flip(void *ctx, uint64_t address, size_t len, bool write)
{
    (void)ctx;
    assert(len > 0);
    return (now / 1000 + (vtime_t)address) % 5 == 0 ? (int64_t)(address * 7 + write) % (int64_t)(8 * len)
                                                    : -1;
}

static unsigned completion(void *ctx, unsigned queue, bool recv)
{
    (void)ctx;
    (void)recv;
    return (now / 1000 + queue) % 7 == 0 ? (unsigned)(now / 7000) % FAB_C_COUNT : FAB_C_OK;
}

static void trace(void *ctx, unsigned kind, const struct fab_trace *t)
{
    (void)ctx;
    assert(kind < FAB_T_KINDS && t->zero == 0 && t->queue <= 255);
}

static void result(void *ctx, int status)
{
    (void)ctx;
    assert(status >= 0 && status <= 255);
}

/* ---- what must hold ---- */

static void check_flow(const struct fab *f, const struct fab_queue *q, unsigned peer)
{
    const struct fab_flow *fl = &q->flow[peer];
    unsigned reads = 0, atomics = 0;
    uint32_t s = fl->first;

    assert(fl->next_psn - fl->acked <= f->window);
    for (uint32_t n = 0; n < fl->n_ops; n++, s = q->op[s % FAB_TAKEN].next) {
        const struct fab_work *op = &q->op[s % FAB_TAKEN];
        assert(s - q->head < q->taken - q->head && op->d.peer == peer);
        assert(op->sent <= op->n_packets && op->received <= op->d.len);
        if (!op->done && op->sent && op->d.op == FAB_OP_READ)
            reads++;
        else if (op->sent && fab_has_answer(op->d.op) && op->d.op != FAB_OP_READ)
            atomics++;
    }
    assert(fl->reads == reads && fl->reads <= FAB_READS);
    assert(fl->atomics == atomics && fl->atomics <= FAB_ATOMICS);
    if (q->resend & fab_bit(peer)) {
        const struct fab_work *op = &q->op[fl->resend_op % FAB_TAKEN];
        assert(fl->n_ops && op->d.peer == peer && fl->resend - op->first_psn < op->sent);
    }
    assert(!(q->timing & fab_bit(peer)) || fl->n_ops);
    assert(!(q->timing & fab_bit(peer)) || f->timeout_bound_ps <= fl->deadline);
}

static void check(const struct fab *f)
{
    for (unsigned i = 0; i < FAB_QUEUES; i++) {
        const struct fab_queue *q = &f->queue[i];
        uint32_t granted = 0, receiving = 0, ops = 0;
        if (q->state == FAB_Q_ABSENT)
            assert(!q->taken && !q->granted && !q->receiving && !q->timing && !q->ack && !q->read);
        if (q->state != FAB_Q_SET_UP)
            continue;
        for (unsigned k = 0; k < NODES; k++) {
            const struct fab_rx *rx = &q->rx[k];
            granted += rx->granted - rx->taken;
            receiving += rx->has_buffer;
            assert(!rx->has_buffer || rx->in_message);
            assert(rx->n_reads <= FAB_READS && rx->buf.n <= FAB_MAX_SGE);
            assert(!(q->read & fab_bit(k)) == !rx->n_reads && !(q->atomic & fab_bit(k)) == !rx->atomic_due);
            ops += q->flow[k].n_ops;
            check_flow(f, q, k);
        }
        assert(granted == q->granted && receiving == q->receiving);
        assert(granted <= (uint16_t)(q->recv_tail - q->recv_taken));
        assert((uint16_t)(q->recv_tail - q->recv_taken) <= q->recv_size);
        assert((uint16_t)(q->send_tail - (uint16_t)q->head) <= q->send_size);
        assert(q->taken - q->head <= FAB_TAKEN && ops <= q->taken - q->head);
        /* The completion ring has an entry for all that is under way. */
        assert((uint16_t)(q->done_tail - q->done_head) + (q->taken - q->head) + granted + receiving <=
               q->done_size);
    }
}

/* ---- steps ---- */

static void arrive(const uint8_t *packet, size_t len)
{
    uint8_t *exact = malloc(len ? len : 1);
    struct fab_wire w;
    unsigned to = 0;

    assert(exact);
    memcpy(exact, packet, len);
    if (len >= sizeof w) {
        memcpy(&w, packet, sizeof w);
        to = w.dst % 2;
    }
    calls = 0;
    fab_receive(guest[to].fab, exact, len);
    free(exact);
}

static void pass(vtime_t until)
{
    for (unsigned rounds = 0; rounds < 200; rounds++) {
        struct guest *g = guest[1].timer_ps < guest[0].timer_ps ? &guest[1] : &guest[0];
        if (n_waiting) {
            size_t len = waiting[0].len;
            uint8_t packet[sizeof waiting[0].data];
            memcpy(packet, waiting[0].data, len);
            memmove(&waiting[0], &waiting[1], sizeof waiting[0] * --n_waiting);
            now += 100 * VTIME_NS;
            arrive(packet, len);
        } else if (g->timer_ps <= until) {
            now = vtime_max(now, g->timer_ps);
            g->timer_ps = VTIME_NEVER;
            calls = 0;
            fab_timer(g->fab);
        } else {
            break;
        }
    }
    now = vtime_max(now, until);
}

static uint64_t address(void)
{
    uint32_t a = take(3);
    return a >> 23 ? UINT64_MAX - (a & 0xffff) : BASE + a % (RAM + 0x1000);
}

static void admin(struct guest *g, const struct fab_admin *a)
{
    memcpy(g->ram, a, sizeof *a);
    fab_write(g->fab, FAB_REG_ADMIN, BASE, 8);
    fab_write(g->fab, FAB_REG_ADMIN_GO, 0, 4);
}

static void set_up(struct guest *g, unsigned q, unsigned sizes)
{
    uint64_t at = BASE + RINGS + q * RING_OF_Q;
    struct fab_admin a = {
        .op = FAB_ADMIN_QUEUE_SETUP,
        .queue = (uint16_t)q,
        .size = {(uint16_t)(2 << sizes % 4), (uint16_t)(2 << sizes / 4 % 4), (uint16_t)(2 << sizes / 16 % 6)},
        .addr = {at, at + 0x400, at + 0x600, at + 0xe00}};

    admin(g, &a);
    if (fab_read(g->fab, FAB_REG_ADMIN_STATUS, 4) == FAB_OK)
        g->send_tail[q] = g->recv_tail[q] = 0;
}

static void post_send(struct guest *g)
{
    unsigned b = take(1), q = b & 1 ? 0 : b >> 1 & 7,
             slot = g->send_tail[q] & (g->fab->queue[q].send_size - 1);
    struct fab_send d = {.op = (uint8_t)(take(1) % 9), .n_sge = 1, .peer = (uint16_t)(g == guest)};
    uint32_t len = take(2);

    if (g->fab->queue[q].state != FAB_Q_SET_UP)
        return;
    d.len = len & 0x8000 ? (len & 0x7fff) * 4 : len % 700;
    if (d.op == FAB_OP_CAS || d.op == FAB_OP_FETCH_ADD)
        d.len = 8;
    if (d.op == FAB_OP_DATAGRAM)
        d.len %= MTU + 2;
    d.addr = address();
    d.remote = take(2);
    d.key = take(1) & 7;
    if (b & 16) {
        d.n_sge = (uint8_t)(take(1) % 18);
        d.peer = (uint16_t)(take(1) % 4);
    }
    memcpy(g->ram + RINGS + q * RING_OF_Q + (size_t)slot * 64, &d, 64);
    g->send_tail[q]++;
    fab_write(g->fab, FAB_REG_DOORBELL, FAB_DB(FAB_DB_SEND, q, g->send_tail[q]), 4);
}

static void post_recv(struct guest *g)
{
    unsigned b = take(1), q = b & 1 ? 0 : b >> 1 & 7,
             slot = g->recv_tail[q] & (g->fab->queue[q].recv_size - 1);
    struct fab_recv d = {.n_sge = b & 16 ? take(1) % 18 : 1, .len = take(2)};

    if (g->fab->queue[q].state != FAB_Q_SET_UP)
        return;
    d.addr = address();
    memcpy(g->ram + RINGS + q * RING_OF_Q + 0x400 + (size_t)slot * 32, &d, 32);
    g->recv_tail[q]++;
    fab_write(g->fab, FAB_REG_DOORBELL, FAB_DB(FAB_DB_RECV, q, g->recv_tail[q]), 4);
}

/* The driver reads all completions of a queue. */
static void drain(struct guest *g)
{
    unsigned b = take(1), q = b & 1 ? 0 : b >> 1 & 7;
    fab_write(g->fab, FAB_REG_DOORBELL,
              FAB_DB(b & 16 ? FAB_DB_DONE : FAB_DB_DONE_ARM, q, g->fab->queue[q].done_tail), 4);
}

/* A packet to this device from node 2, or in the name of the other one, that knows what can be known. */
static void forge(struct guest *g)
{
    unsigned b = take(1), src = b & 1 ? 2 : g == guest;
    const struct fab_wire *known = &g->last[src];
    uint8_t packet[FAB_HEADER_BYTES + 300] = {0};
    struct fab_wire w = {.type = (uint8_t)(take(1) % 12), .dst = (uint16_t)(g - guest), .src = (uint16_t)src};
    size_t len = take(1) % 80, all;

    w.vc = w.type >= FAB_P_ACK;
    w.queue = b & 2 ? take(1) & 15 : known->queue;
    w.flags = (uint8_t)take(1);
    w.epoch = b & 4 ? take(1) : known->epoch;
    w.self = b & 8 ? take(1) : known->self ? known->self : g->fab->queue[w.queue % FAB_QUEUES].self;
    w.psn = known->psn + (int8_t)take(1);
    if (b & 16)
        w.psn = w.queue < FAB_QUEUES ? g->fab->queue[w.queue].rx[src].expected : 0;
    w.message = known->message + take(1) % 3;
    if (b & 32)
        w.total = take(2) * 2;
    else
        w.total = (uint32_t)len;
    w.offset = b & 64 ? take(2) : 0;
    w.credit = take(1);
    w.imm = take(1) % 9;
    w.remote = take(1) * 8;
    if (w.type == FAB_P_ATOMIC)
        len = 16;
    all = FAB_HEADER_BYTES + len * (b & 128 ? 3 : 1);
    memcpy(packet, &w, sizeof w);
    arrive(packet, b & 128 && !(len % 5) ? len : all);
}

static void some_admin(struct guest *g)
{
    struct fab_admin a = {.op = (uint16_t)(take(1) % 9), .queue = (uint16_t)(take(1) % 9)};

    for (unsigned i = 0; i < 3; i++)
        a.size[i] = (uint16_t)(take(1) & 16 ? 24 : 4);
    a.access = (uint16_t)(take(1) % 9);
    a.key = take(1) & 7;
    for (unsigned i = 0; i < 4; i++)
        a.addr[i] = take(1) & 1 ? address() : address() & ~UINT64_C(63);
    if (take(1) & 1)
        a.addr[0] = 0;
    a.length = take(3);
    a.count = take(1) % 33;
    a.delay_ns = take(2);
    admin(g, &a);
}

static void step(void)
{
    unsigned b = take(1), at, len;
    struct guest *g = &guest[b >> 4 & 1];

    calls = 0;
    switch (b & 15) {
    case 0:
        at = take(1) * 4;
        fab_write(g->fab, at, take(4), 4);
        break;
    case 1:
        at = take(2);
        fab_read(g->fab, at, take(1) & 15);
        break;
    case 2:
        at = take(1);
        fab_write(g->fab, at, address(), 8);
        break;
    case 3:
        at = take(2);
        fab_write(g->fab, FAB_REG_DOORBELL, FAB_DB(at & 7, at >> 3 & 15, at >> 7), 4);
        break;
    case 4:
        at = take(3) % RAM;
        for (len = take(1) % 64; len && at < RAM; len--)
            g->ram[at++] = (uint8_t)take(1);
        break;
    case 5:
    case 6:
        post_send(g);
        break;
    case 7:
        post_recv(g);
        break;
    case 8:
        drain(g);
        break;
    case 9:
    case 10:
        forge(g);
        break;
    case 11:
        pass(now + (VTIME_NS << take(1) % 24));
        break;
    case 12:
        some_admin(g);
        break;
    case 13: /* a hole, or the peer's packets are lost, or come twice */
        at = take(1);
        g->hole = at & 1 ? BASE + (at >> 1) % 32 * 4096 : 0;
        if (at & 64)
            n_waiting = 0;
        if ((at & 128) && n_waiting && n_waiting < WAITING) {
            waiting[n_waiting] = waiting[0];
            n_waiting++;
        }
        break;
    case 14:
        at = take(1);
        set_up(g, at & 1 ? 0 : at >> 1 & 7, take(1));
        break;
    case 15:
        at = take(1);
        if (at < 16) {
            fab_write(g->fab, FAB_REG_CONTROL, at, 4);
        } else if (at < 32) {
            if (g->up_ps > now)
                g->up_ps = now + 1000 * (at - 16);
            fab_link(g->fab);
        } else {
            g->hole = 0;
            pass(now + VTIME_MS);
        }
        break;
    }
    check(guest[0].fab);
    check(guest[1].fab);
}

static void begin(bool nothing)
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
                                       .completion = completion,
                                       .trace = trace};

    now = 0;
    n_waiting = 0;
    for (unsigned i = 0; i < 2; i++) {
        struct guest *g = &guest[i];
        struct fab_config cfg = {i, NODES, MTU, UINT64_C(1000000000) + i, 8};
        *g = (struct guest){
            .timer_ps = VTIME_NEVER, .up_ps = VTIME_NEVER, .ram = g->ram ? g->ram : malloc(RAM)};
        assert(g->ram);
        memset(g->ram, 0, RAM);
        g->fab = fab_create(&cfg, &ops, g);
        assert(g->fab);
    }
    for (unsigned i = 0; i < 2 && !nothing; i++) {
        struct guest *g = &guest[i];
        fab_write(g->fab, FAB_REG_CONTROL, FAB_CONTROL_ENABLE, 4);
        pass(now + 2 * VTIME_US);
        set_up(g, 0, i ? 0x3f : 0x2a);
        struct fab_admin region = {
            .op = FAB_ADMIN_REGION_SET, .access = 7, .key = 1, .addr = {0, BASE + 0x10000}, .length = 0x8000};
        admin(g, &region);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    in = data;
    left = size;
    begin(take(1) & 1);
    while (left)
        step();
    for (unsigned i = 0; i < 2; i++)
        fab_destroy(guest[i].fab);
    return 0;
}
