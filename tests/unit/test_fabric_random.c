/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_fabric_random.c - 25,000 messages of random sizes among 8 nodes over all 8 queues, with random
 * one-sided operations between them, over a perfect fabric and over one that loses, repeats and reorders.
 *
 *   SEND, WRITE_IMM   content is a function of (source, destination, queue, number); the number goes along as
 *                     imm, so that order per flow is checked with the bytes
 *   WRITE, READ, CAS  every flow has its own piece of the target's region, and a shadow of it at the
 *                     initiator: a READ or CAS must see it exactly as of its place in the flow
 *   FETCH_ADD         on words that all nodes share: the sums come out only if each is executed exactly once
 *
 * COB_TEST_SEED=n runs seed n alone, COB_TEST_MESSAGES=n sets how many.
 */
#include "tests/unit/fabric_rack.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NODES = 8,
    SLOTS = 64,   /* operations of a queue at a time, at most */
    BUFFERS = 12, /* receive buffers of a queue */
    PIECE = 8192, /* of the region, per source and queue */
    WORDS = 16,   /* shared words at the region's end */
    REGION = NODES * FAB_QUEUES * PIECE + WORDS * 8,
    KEY = 0x55aa0003,
};

struct slot {
    bool used;
    struct fab_send d;
    uint64_t buffer;
    uint8_t *expected; /* READ, atomics: what must come back */
};

struct flow {              /* at the source */
    uint32_t next;         /* number of the next message */
    uint8_t shadow[PIECE]; /* of the piece at the destination */
};

struct endpoint {
    struct slot slot[SLOTS];
    unsigned head, count; /* in ring order */
    uint64_t buffer[BUFFERS];
    uint64_t idle[BUFFERS]; /* not posted */
    unsigned buffers, n_idle, posted;
    uint32_t expected[NODES]; /* next message's number, by source */
};

static struct world {
    struct rack *r;
    unsigned slots;      /* operations of a queue at a time */
    uint32_t slot_bytes; /* of each one's buffer */
    struct endpoint at[NODES][FAB_QUEUES];
    struct flow flow[NODES][NODES][FAB_QUEUES];
    uint64_t region[NODES], sum[NODES][WORDS];
    uint64_t sends, datagrams, datagrams_in, writes_imm, reads, writes, atomics, received, bytes_in,
        bytes_out;
} * w;

static uint8_t content(uint32_t seed, uint32_t i)
{
    uint32_t x = (seed + i / 4) * 0x9e3779b1u;
    return (uint8_t)((x ^ x >> 15) >> (i % 4 * 8));
}

static uint32_t seed_of(unsigned src, unsigned dst, unsigned q, uint32_t number)
{
    return ((src * NODES + dst) * FAB_QUEUES + q) * 1000003u + number * 7919u;
}

static uint32_t random_len(void)
{
    uint64_t x = rack_random(w->r);
    static const uint32_t limit[] = {0, 64, 64, 64, 1024, 4096, 4097, 8192, 16384, 65536};
    return (uint32_t)((x >> 8) % (limit[x % 10] + 1)) % (w->slot_bytes + 1);
}

static void start(unsigned src, unsigned q, unsigned op)
{
    struct endpoint *e = &w->at[src][q];
    struct rack_node *n = &w->r->node[src];
    struct slot *s = &e->slot[(e->head + e->count++) % w->slots];
    unsigned dst = (src + 1 + (unsigned)(rack_random(w->r) % (NODES - 1))) % NODES;
    struct flow *fl = &w->flow[src][dst][q];
    uint64_t piece = (src * FAB_QUEUES + q) * PIECE;
    uint32_t len = random_len(), off;
    uint8_t *data = rack_at(n, s->buffer, w->slot_bytes);

    if (op == FAB_OP_DATAGRAM)
        len %= 4097;
    if (op == FAB_OP_READ || op == FAB_OP_WRITE || op == FAB_OP_WRITE_IMM)
        len %= PIECE + 1;
    if (op == FAB_OP_CAS || op == FAB_OP_FETCH_ADD)
        len = 8;
    off = (uint32_t)(rack_random(w->r) % (PIECE - (len <= PIECE ? len : 0) + 1));
    s->used = true;
    s->d = (struct fab_send){.op = (uint8_t)op,
                             .n_sge = 1,
                             .peer = (uint16_t)dst,
                             .len = len,
                             .addr = s->buffer,
                             .cookie = rack_random(w->r),
                             .remote = piece + off,
                             .key = KEY};
    switch (op) {
    case FAB_OP_SEND:
    case FAB_OP_DATAGRAM:
        s->d.imm = op == FAB_OP_SEND ? fl->next++ : (uint32_t)rack_random(w->r);
        for (uint32_t i = 0; i < len; i++)
            data[i] = content(op == FAB_OP_SEND ? seed_of(src, dst, q, s->d.imm) : s->d.imm, i);
        break;
    case FAB_OP_WRITE_IMM:
        s->d.imm = fl->next++;
        /* fall through */
    case FAB_OP_WRITE:
        for (uint32_t i = 0; i < len; i++)
            fl->shadow[off + i] = data[i] = (uint8_t)rack_random(w->r);
        break;
    case FAB_OP_READ:
        s->expected = malloc(len + 1);
        must(s->expected);
        memcpy(s->expected, fl->shadow + off, len);
        break;
    case FAB_OP_CAS: {
        uint64_t old;
        off &= ~7u;
        off = off > PIECE - 8 ? PIECE - 8 : off;
        s->d.remote = piece + off;
        memcpy(&old, fl->shadow + off, 8);
        s->d.compare = old + rack_random(w->r) % 2; /* hits every other time */
        s->d.operand = rack_random(w->r);
        s->expected = malloc(8);
        must(s->expected);
        memcpy(s->expected, &old, 8);
        if (s->d.compare == old)
            memcpy(fl->shadow + off, &s->d.operand, 8);
        break;
    }
    case FAB_OP_FETCH_ADD: {
        unsigned word = (unsigned)(rack_random(w->r) % WORDS);
        s->d.remote = REGION - WORDS * 8 + word * 8;
        s->d.operand = rack_random(w->r);
        w->sum[dst][word] += s->d.operand;
        break;
    }
    }
    rack_send(n, q, &s->d);
}

static void sent(unsigned src, unsigned q, const struct fab_cqe *c)
{
    struct endpoint *e = &w->at[src][q];
    struct slot *s = &e->slot[e->head];

    must(s->used);
    must(c->status == FAB_C_OK);
    must(c->cookie == s->d.cookie); /* in ring order */
    must(c->op == s->d.op);
    must(c->len == s->d.len);
    must(c->peer == s->d.peer);
    if (s->expected)
        must(memcmp(rack_at(&w->r->node[src], s->buffer, w->slot_bytes), s->expected, s->d.len) == 0);
    free(s->expected);
    s->expected = NULL;
    s->used = false;
    e->head = (e->head + 1) % w->slots;
    e->count--;
    w->sends += c->op == FAB_OP_SEND;
    w->datagrams += c->op == FAB_OP_DATAGRAM;
    w->writes_imm += c->op == FAB_OP_WRITE_IMM;
    w->writes += c->op == FAB_OP_WRITE || c->op == FAB_OP_WRITE_IMM;
    w->reads += c->op == FAB_OP_READ;
    w->atomics += c->op == FAB_OP_CAS || c->op == FAB_OP_FETCH_ADD;
    w->bytes_out += c->len;
}

static void received(unsigned dst, unsigned q, const struct fab_cqe *c)
{
    struct endpoint *e = &w->at[dst][q];
    const uint8_t *data = rack_at(&w->r->node[dst], c->cookie, 65536);

    must(c->status == FAB_C_OK);
    e->idle[e->n_idle++] = c->cookie;
    e->posted--;
    w->received++;
    w->bytes_in += c->len;
    if (c->flags & FAB_CQE_DATAGRAM) {
        w->datagrams_in++;
        for (uint32_t i = 0; i < c->len; i++)
            must(data[i] == content(c->imm, i));
        return;
    }
    must(c->imm == e->expected[c->peer]);
    e->expected[c->peer]++;
    if (!(c->flags & FAB_CQE_WRITE))
        for (uint32_t i = 0; i < c->len; i++)
            if (data[i] != content(seed_of(c->peer, dst, q, c->imm), i))
                ck_abort_msg("byte %u of %u", i, c->len);
}

static void post(unsigned dst, unsigned q, bool all)
{
    struct endpoint *e = &w->at[dst][q];

    while (e->n_idle && (all || rack_random(w->r) % 4)) {
        uint64_t b = e->idle[--e->n_idle];
        e->posted++;
        rack_recv(&w->r->node[dst], q, b, 65536, b);
    }
}

enum fabric { PERFECT, CONGESTED, FAULTY, DEEP /* faulty, and small operations, many at a time */ };

static void build(unsigned seed, enum fabric kind)
{
    w = calloc(1, sizeof *w);
    must(w);
    w->r = rack_new(&(struct rack_config){.n = NODES});
    w->r->random = seed;
    if (kind == CONGESTED)
        w->r->jitter_ps = 400 * VTIME_US;
    w->slots = kind == DEEP ? SLOTS : 8;
    w->slot_bytes = kind == DEEP ? 4096 : 65536;
    if (kind >= FAULTY) {
        w->r->loss = 10;
        w->r->duplicate = 10;
        w->r->reorder = 20;
    }
    if (kind == DEEP) {
        w->r->loss = 50;
        w->r->reorder = 50;
    }
    rack_up(w->r);
    for (unsigned i = 0; i < NODES; i++) {
        struct rack_node *n = &w->r->node[i];
        struct fab_admin patience = {.op = FAB_ADMIN_TIMEOUT, .count = 15, .delay_ns = 50000};
        if (kind != PERFECT)
            must(rack_admin(n, &patience) == FAB_OK);
        w->region[i] = rack_alloc(n, REGION);
        must(rack_region(n, KEY, 7, w->region[i], REGION) == FAB_OK);
        for (unsigned q = 0; q < FAB_QUEUES; q++) {
            struct endpoint *e = &w->at[i][q];
            /* Rings of all sorts; small completion rings for some. */
            must(rack_queue(n, q, w->slots << q % 2, 16 << q % 3, q % 4 ? 8 * w->slots : 8) == FAB_OK);
            for (unsigned k = 0; k < w->slots; k++)
                e->slot[k].buffer = rack_alloc(n, w->slot_bytes);
            e->buffers = q % 3 ? BUFFERS : NODES / 2; /* fewer than nodes: credits one by one */
            for (unsigned k = 0; k < e->buffers; k++)
                e->idle[e->n_idle++] = rack_alloc(n, 65536);
        }
    }
}

static void turn(uint64_t messages, bool last)
{
    static const uint8_t mix[] = {FAB_OP_SEND,  FAB_OP_SEND,      FAB_OP_SEND, FAB_OP_SEND,
                                  FAB_OP_SEND,  FAB_OP_SEND,      FAB_OP_SEND, FAB_OP_DATAGRAM,
                                  FAB_OP_READ,  FAB_OP_WRITE,     FAB_OP_CAS,  FAB_OP_FETCH_ADD,
                                  FAB_OP_WRITE, FAB_OP_WRITE_IMM, FAB_OP_READ, FAB_OP_FETCH_ADD};
    struct fab_cqe c;

    for (unsigned i = 0; i < NODES; i++)
        for (unsigned q = 0; q < FAB_QUEUES; q++) {
            struct endpoint *e = &w->at[i][q];
            if (!last && rack_random(w->r) % 3 == 0)
                continue; /* a slow one */
            while (rack_poll(&w->r->node[i], q, &c)) {
                if (c.op == FAB_OP_RECV)
                    received(i, q, &c);
                else
                    sent(i, q, &c);
            }
            post(i, q, last);
            while (!last && e->count < w->slots && w->sends < messages && rack_random(w->r) % 3)
                start(i, q, mix[rack_random(w->r) % sizeof mix]);
        }
}

static uint64_t run(unsigned seed, enum fabric kind, uint64_t messages)
{
    struct fab_counters all = {0};
    uint64_t hash;
    bool busy = true;

    build(seed, kind);
    while (w->sends < messages) {
        turn(messages, false);
        rack_until(w->r, w->r->now_ps + (vtime_t)(rack_random(w->r) % (4 * VTIME_US)));
        must(w->r->now_ps < 100 * VTIME_S);
    }
    for (unsigned k = 0; busy; k++) {
        must(k < 100000);
        turn(messages, true);
        rack_until(w->r, w->r->now_ps + 100 * VTIME_US);
        busy = !rack_settle(w->r, w->r->now_ps);
        for (unsigned i = 0; i < NODES * FAB_QUEUES; i++)
            busy |= w->at[i / FAB_QUEUES][i % FAB_QUEUES].count != 0;
    }
    turn(messages, true);
    for (unsigned i = 0; i < NODES; i++) {
        struct fab_counters c = rack_count(&w->r->node[i]);
        const uint64_t *from = (const uint64_t *)&c;
        for (unsigned k = 0; k < sizeof c / 8; k++)
            ((uint64_t *)&all)[k] += from[k];
        must(fab_quiet(w->r->node[i].fab));
        must(rack_reg(&w->r->node[i], FAB_REG_QERROR) == 0);
        /* Memory that peers wrote is what they think it is, every byte. */
        const uint8_t *region = rack_at(&w->r->node[i], w->region[i], REGION);
        for (unsigned src = 0; src < NODES; src++)
            for (unsigned q = 0; q < FAB_QUEUES; q++)
                must(memcmp(region + (src * FAB_QUEUES + q) * PIECE, w->flow[src][i][q].shadow, PIECE) == 0);
        must(memcmp(region + REGION - WORDS * 8, w->sum[i], WORDS * 8) == 0);
        for (unsigned q = 0; q < FAB_QUEUES; q++) {
            must(w->at[i][q].posted == w->at[i][q].buffers);
            for (unsigned src = 0; src < NODES; src++)
                must(w->at[i][q].expected[src] == w->flow[src][i][q].next);
        }
    }
    if (getenv("COB_TEST_VERBOSE"))
        printf(
            "seed %u: %lu sends, %lu one-sided, %lu packets, %lu lost, %lu sent again, %lu timeouts, "
            "%lu repeated, %lu early, %ld us\n",
            seed, (unsigned long)w->sends, (unsigned long)(w->reads + w->writes + w->atomics),
            (unsigned long)w->r->packets, (unsigned long)w->r->lost, (unsigned long)all.retransmitted,
            (unsigned long)all.timeouts, (unsigned long)all.duplicates, (unsigned long)all.out_of_order,
            (long)(w->r->now_ps / VTIME_US));
    fflush(stdout);
    must(all.sent_messages == w->sends + w->datagrams + w->reads + w->writes + w->atomics);
    must(all.sent_bytes == w->bytes_out);
    must(all.received_messages == w->received);
    must(all.received_bytes == w->bytes_in);
    must(w->received == w->sends + w->writes_imm + w->datagrams_in);
    must(all.sent_datagrams == w->datagrams);
    must(all.received_datagrams == w->datagrams_in);
    must(all.reads_served == w->reads);
    must(all.writes_served == w->writes);
    must(all.atomics_served == w->atomics);
    must(all.errors + all.bad_access + all.bad_packets + all.outstanding == 0);
    must(all.packets_out == w->r->packets);
    if (kind == PERFECT)
        must(all.retransmitted + all.out_of_order + all.duplicates == 0);
    if (kind < FAULTY) {
        must(all.packets_in == all.packets_out);
        must(all.packet_bytes_in == all.packet_bytes_out);
        must(w->datagrams == w->datagrams_in + all.dropped_datagrams);
    } else {
        must(all.retransmitted > 0);
        must(all.duplicates > 0);
        must(w->r->lost > 0);
    }
    if (kind == CONGESTED)
        must(all.timeouts > 0 && all.retransmitted * 20 < all.packets_out);
    hash = w->r->hash;
    rack_free(w->r);
    free(w);
    return hash;
}

static unsigned number(const char *name, unsigned otherwise)
{
    const char *s = getenv(name);
    return s ? (unsigned)strtoul(s, NULL, 10) : otherwise;
}

START_TEST(perfect)
{
    unsigned seed = number("COB_TEST_SEED", 1), messages = number("COB_TEST_MESSAGES", 25000);
    uint64_t first = run(seed, PERFECT, messages);
    must(first == run(seed, PERFECT, messages));
    must(first != run(seed + 1, PERFECT, messages / 10));
}
END_TEST

/* Packets take up to 400 us longer than time-outs expect, in order: there are probes, but hardly repetitions.
 */
START_TEST(congested)
{
    run(number("COB_TEST_SEED", 1), CONGESTED, number("COB_TEST_MESSAGES", 25000) / 5);
}
END_TEST

START_TEST(deep)
{
    run(number("COB_TEST_SEED", 1), DEEP, number("COB_TEST_MESSAGES", 25000) / 2);
}
END_TEST

START_TEST(faulty)
{
    unsigned seed = number("COB_TEST_SEED", 1), messages = number("COB_TEST_MESSAGES", 25000);
    uint64_t first = run(seed, FAULTY, messages);
    must(first == run(seed, FAULTY, messages));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fabric_random");
    TCase *t = tcase_create("random");
    SRunner *sr = srunner_create(s);

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, perfect);
    tcase_add_test(t, congested);
    tcase_add_test(t, faulty);
    tcase_add_test(t, deep);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
