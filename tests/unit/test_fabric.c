/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_fabric.c - each operation between two adapters over a perfect fabric: content, completions, counters
 * of both sides, and times against the arithmetic.
 */
#include "tests/unit/fabric_rack.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct rack *r;
static struct rack_node *a, *b;

static void start(void)
{
    r = rack_new(&(struct rack_config){0});
    a = &r->node[0];
    b = &r->node[1];
    rack_up(r);
    ck_assert_uint_eq(rack_queue(a, 3, 16, 16, 64), FAB_OK);
    ck_assert_uint_eq(rack_queue(b, 3, 16, 16, 64), FAB_OK);
}

static void finish(void)
{
    rack_free(r);
}

static uint8_t pattern(uint64_t seed, uint64_t i)
{
    return (uint8_t)((seed * 131 + i * 7 + (i >> 8)) ^ (i >> 3));
}

static void fill(struct rack_node *n, uint64_t at, uint64_t len, uint64_t seed)
{
    uint8_t *p = rack_at(n, at, len);
    for (uint64_t i = 0; i < len; i++)
        p[i] = pattern(seed, i);
}

static void verify(struct rack_node *n, uint64_t at, uint64_t len, uint64_t seed)
{
    const uint8_t *p = rack_at(n, at, len);
    for (uint64_t i = 0; i < len; i++)
        must(p[i] == pattern(seed, i));
}

static struct fab_cqe next(struct rack_node *n, unsigned op, unsigned status)
{
    struct fab_cqe c;
    ck_assert(rack_poll(n, 3, &c));
    ck_assert_uint_eq(c.op, op);
    ck_assert_uint_eq(c.status, status);
    return c;
}

static void nothing(struct rack_node *n)
{
    struct fab_cqe c;
    ck_assert(!rack_poll(n, 3, &c));
}

static void settle(void)
{
    ck_assert(rack_settle(r, r->now_ps + VTIME_S));
}

static const uint32_t sizes[] = {0, 1, 8, 4095, 4096, 4097, 8192, 65535, 65536};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

START_TEST(send)
{
    uint32_t len = sizes[_i];
    uint64_t from = rack_alloc(a, 65536), to = rack_alloc(b, 65536 + 64);

    fill(a, from, len, 5);
    memset(rack_at(b, to, 65600), 0xee, 65600);
    rack_recv(b, 3, to, 65536, 77);
    rack_send(a, 3,
              &(struct fab_send){.op = FAB_OP_SEND,
                                 .n_sge = len != 0,
                                 .peer = 1,
                                 .len = len,
                                 .addr = from,
                                 .cookie = 42,
                                 .imm = 0xabcd});
    settle();
    struct fab_cqe c = next(a, FAB_OP_SEND, FAB_C_OK);
    ck_assert_uint_eq(c.cookie, 42);
    ck_assert_uint_eq(c.len, len);
    ck_assert_uint_eq(c.peer, 1);
    ck_assert_uint_eq(c.index, 0);
    c = next(b, FAB_OP_RECV, FAB_C_OK);
    ck_assert_uint_eq(c.cookie, 77);
    ck_assert_uint_eq(c.len, len);
    ck_assert_uint_eq(c.peer, 0);
    ck_assert_uint_eq(c.imm, 0xabcd);
    ck_assert_uint_eq(c.flags, FAB_CQE_PHASE);
    verify(b, to, len, 5);
    ck_assert_uint_eq(*(uint8_t *)rack_at(b, to + len, 1), 0xee);
    nothing(a);
    nothing(b);
    ck_assert_uint_eq(rack_status(a, 3)->send_head, 1);
    ck_assert_uint_eq(rack_status(a, 3)->done_tail, 1);
    ck_assert_uint_eq(rack_status(b, 3)->recv_head, 1);
    struct fab_counters ca = rack_count(a), cb = rack_count(b);
    ck_assert_uint_eq(ca.sent_messages, 1);
    ck_assert_uint_eq(ca.sent_bytes, len);
    ck_assert_uint_eq(cb.received_messages, 1);
    ck_assert_uint_eq(cb.received_bytes, len);
    ck_assert_uint_eq(ca.packets_out, cb.packets_in);
    ck_assert_uint_eq(cb.packets_out, ca.packets_in);
    ck_assert_uint_eq(ca.packet_bytes_out, cb.packet_bytes_in);
    ck_assert_uint_eq(ca.retransmitted + ca.timeouts + ca.errors + cb.errors + cb.duplicates, 0);
    ck_assert_uint_eq(ca.outstanding + cb.outstanding, 0);
}
END_TEST

/* A list of pieces of odd lengths on both sides, one of them empty. */
START_TEST(scatter_gather)
{
    static const uint32_t out[] = {1, 4000, 0, 97, 5000, 3}, in[] = {4096, 5, 5000};
    uint64_t data = rack_alloc(a, 16384), to = rack_alloc(b, 16384);
    uint64_t list_a = rack_alloc(a, 256), list_b = rack_alloc(b, 256);
    struct fab_sge *sa = rack_at(a, list_a, 256), *sb = rack_at(b, list_b, 256);
    uint64_t at = 0, total = 0;

    fill(a, data, 16384, 9);
    for (unsigned i = 0; i < 6; i++) {
        sa[i] = (struct fab_sge){.addr = data + at, .len = out[i]};
        at += out[i] + 11;
        total += out[i];
    }
    ck_assert_uint_eq(total, 9101);
    for (unsigned i = 0; i < 3; i++)
        sb[i] = (struct fab_sge){.addr = to + 5050 * (2 - i), .len = in[i]};
    rack_put_recv(b, 3, &(struct fab_recv){.addr = list_b, .len = 9101, .n_sge = 3});
    rack_bell(b, FAB_DB_RECV, 3, 1);
    rack_send(a, 3,
              &(struct fab_send){.op = FAB_OP_SEND, .n_sge = 6, .peer = 1, .len = 9101, .addr = list_a});
    settle();
    next(a, FAB_OP_SEND, FAB_C_OK);
    next(b, FAB_OP_RECV, FAB_C_OK);
    uint8_t want[9101], have[9101];
    at = total = 0;
    for (unsigned i = 0; i < 6; i++) {
        for (unsigned k = 0; k < out[i]; k++)
            want[total++] = pattern(9, at + k);
        at += out[i] + 11;
    }
    total = 0;
    for (unsigned i = 0; i < 3; i++) {
        memcpy(have + total, rack_at(b, sb[i].addr, in[i]), in[i]);
        total += in[i];
    }
    ck_assert_mem_eq(want, have, 9101);
}
END_TEST

START_TEST(datagram)
{
    uint64_t from = rack_alloc(a, 8192), to = rack_alloc(b, 8192);
    struct fab_send d = {.op = FAB_OP_DATAGRAM, .n_sge = 1, .peer = 1, .len = 4096, .addr = from, .imm = 9};

    fill(a, from, 4096, 1);
    rack_send(a, 3, &d); /* no buffer: lost, and seen */
    settle();
    next(a, FAB_OP_DATAGRAM, FAB_C_OK);
    nothing(b);
    ck_assert_uint_eq(rack_count(b).dropped_datagrams, 1);
    ck_assert_uint_eq(rack_reg(b, FAB_REG_CAUSE) & FAB_CAUSE_DROP, FAB_CAUSE_DROP);
    rack_recv(b, 3, to, 8192, 1);
    rack_recv(b, 3, to, 100, 2);
    rack_send(a, 3, &d);
    rack_send(a, 3, &d);
    settle();
    struct fab_cqe c = next(b, FAB_OP_RECV, FAB_C_OK);
    ck_assert_uint_eq(c.flags, FAB_CQE_PHASE | FAB_CQE_DATAGRAM);
    ck_assert_uint_eq(c.imm, 9);
    ck_assert_uint_eq(c.len, 4096);
    verify(b, to, 4096, 1);
    c = next(b, FAB_OP_RECV, FAB_C_LENGTH); /* too long for the second buffer */
    ck_assert_uint_eq(c.cookie, 2);
    ck_assert_uint_eq(rack_count(b).dropped_datagrams, 2);
    ck_assert_uint_eq(rack_count(b).received_datagrams, 1);
    next(a, FAB_OP_DATAGRAM, FAB_C_OK);
    next(a, FAB_OP_DATAGRAM, FAB_C_OK);
    d.len = 4097;
    rack_send(a, 3, &d);
    next(a, FAB_OP_DATAGRAM, FAB_C_DESCRIPTOR);
    ck_assert_uint_eq(rack_count(a).sent_datagrams, 3);
}
END_TEST

/* Regions: contiguous (0) and a list of pages in disorder (1). */
START_TEST(read_write)
{
    enum { KEY = 0xabcd0011, LEN = 70000, PAGE = 4096, N = 19 };
    uint64_t from = rack_alloc(a, 65536), back = rack_alloc(a, 65536), mem;
    uint64_t off = 123;

    rack_alloc(b, PAGE - b->brk % PAGE);
    mem = rack_alloc(b, PAGE * N);
    if (_i == 0) {
        ck_assert_uint_eq(rack_region(b, KEY, FAB_ACCESS_READ | FAB_ACCESS_WRITE, mem + 77, LEN), FAB_OK);
    } else {
        uint64_t list = rack_alloc(b, N * 8);
        for (unsigned i = 0; i < N; i++)
            ((uint64_t *)rack_at(b, list, N * 8))[i] = mem + (i * 7 % N) * PAGE;
        struct fab_admin set = {.op = FAB_ADMIN_REGION_SET,
                                .access = FAB_ACCESS_READ | FAB_ACCESS_WRITE,
                                .key = KEY,
                                .addr = {list, 77},
                                .length = LEN,
                                .count = 12};
        ck_assert_uint_eq(rack_admin(b, &set), FAB_OK);
    }
    for (unsigned i = 0; i < N_SIZES; i++) {
        uint32_t len = sizes[i];
        struct fab_send d = {
            .op = FAB_OP_WRITE, .n_sge = 1, .peer = 1, .len = len, .addr = from, .remote = off, .key = KEY};
        fill(a, from, len, i);
        rack_send(a, 3, &d);
        d.op = FAB_OP_READ;
        d.addr = back;
        rack_send(a, 3, &d); /* in order: reads what was written */
        settle();
        next(a, FAB_OP_WRITE, FAB_C_OK);
        next(a, FAB_OP_READ, FAB_C_OK);
        verify(a, back, len, i);
        if (len && _i == 0)
            verify(b, mem + 77 + off, len, i);
        if (len && _i == 1) /* first byte: page 0 */
            ck_assert_uint_eq(*(uint8_t *)rack_at(b, mem + 77 + off, 1), pattern(i, 0));
    }
    nothing(b);
    ck_assert_uint_eq(rack_count(b).reads_served, N_SIZES);
    ck_assert_uint_eq(rack_count(b).writes_served, N_SIZES);
    ck_assert_uint_eq(rack_count(a).sent_messages, 2 * N_SIZES);
}
END_TEST

START_TEST(write_imm)
{
    uint64_t from = rack_alloc(a, 65536), mem = rack_alloc(b, 65536);
    struct fab_send d = {
        .op = FAB_OP_WRITE_IMM, .n_sge = 1, .peer = 1, .len = 10000, .addr = from, .remote = 8, .imm = 6};

    fill(a, from, 10000, 3);
    ck_assert_uint_eq(rack_region(b, 0, FAB_ACCESS_WRITE, mem, 65536), FAB_OK);
    rack_put_recv(b, 3, &(struct fab_recv){.cookie = 5});
    rack_bell(b, FAB_DB_RECV, 3, 1);
    rack_send(a, 3, &d);
    settle();
    next(a, FAB_OP_WRITE_IMM, FAB_C_OK);
    struct fab_cqe c = next(b, FAB_OP_RECV, FAB_C_OK);
    ck_assert_uint_eq(c.cookie, 5);
    ck_assert_uint_eq(c.imm, 6);
    ck_assert_uint_eq(c.len, 10000);
    ck_assert_uint_eq(c.flags, FAB_CQE_PHASE | FAB_CQE_WRITE);
    verify(b, mem + 8, 10000, 3);
}
END_TEST

START_TEST(atomics)
{
    uint64_t mem = rack_alloc(b, 64), old = rack_alloc(a, 64);
    uint64_t *word = rack_at(b, mem + 8, 8), *o = rack_at(a, old, 64);
    struct fab_send d = {.op = FAB_OP_FETCH_ADD,
                         .n_sge = 1,
                         .peer = 1,
                         .len = 8,
                         .addr = old,
                         .remote = 8,
                         .key = 7,
                         .operand = 5};

    ck_assert_uint_eq(rack_region(b, 7, FAB_ACCESS_ATOMIC, mem, 64), FAB_OK);
    *word = 1000;
    rack_put_send(a, 3, &d);
    d.addr += 8;
    d.operand = (uint64_t)-6;
    rack_put_send(a, 3, &d); /* 1005 -> 999 */
    d.addr += 8;
    d.op = FAB_OP_CAS;
    d.compare = 998;
    d.operand = 1;
    rack_put_send(a, 3, &d); /* no */
    d.addr += 8;
    d.compare = 999;
    rack_send(a, 3, &d); /* yes */
    settle();
    next(a, FAB_OP_FETCH_ADD, FAB_C_OK);
    next(a, FAB_OP_FETCH_ADD, FAB_C_OK);
    next(a, FAB_OP_CAS, FAB_C_OK);
    next(a, FAB_OP_CAS, FAB_C_OK);
    ck_assert_uint_eq(o[0], 1000);
    ck_assert_uint_eq(o[1], 1005);
    ck_assert_uint_eq(o[2], 999);
    ck_assert_uint_eq(o[3], 999);
    ck_assert_uint_eq(*word, 1);
    ck_assert_uint_eq(rack_count(b).atomics_served, 4);
}
END_TEST

/* More of them at once than may be under way. */
START_TEST(many_answers)
{
    uint64_t mem = rack_alloc(b, 4096), old = rack_alloc(a, 4096);

    ck_assert_uint_eq(rack_region(b, 7, 7, mem, 4096), FAB_OK);
    ck_assert_uint_eq(rack_queue(a, 4, 128, 16, 256), FAB_OK);
    ck_assert_uint_eq(rack_queue(b, 4, 16, 16, 16), FAB_OK);
    for (unsigned i = 0; i < 100; i++)
        rack_put_send(a, 4,
                      &(struct fab_send){.op = i < 50 ? FAB_OP_FETCH_ADD : FAB_OP_READ,
                                         .n_sge = 1,
                                         .peer = 1,
                                         .len = 8,
                                         .addr = old + i * 8,
                                         .key = 7,
                                         .operand = 1});
    rack_bell(a, FAB_DB_SEND, 4, 100);
    settle();
    for (unsigned i = 0; i < 100; i++) {
        struct fab_cqe c;
        ck_assert(rack_poll(a, 4, &c));
        ck_assert_uint_eq(c.status, FAB_C_OK);
        ck_assert_uint_eq(c.index, i);
        ck_assert_uint_eq(*(uint64_t *)rack_at(a, old + i * 8, 8), i < 50 ? i : 50);
    }
}
END_TEST

/* Once the peer is known and gives credits: doorbell to arrival is packets' time on the line + the delay. */
START_TEST(latency_and_bandwidth)
{
    uint64_t from = rack_alloc(a, 65536), to = rack_alloc(b, 65536);
    struct fab_send d = {.op = FAB_OP_SEND, .n_sge = 1, .peer = 1, .addr = from};
    struct fab_cqe c;

    for (unsigned i = 0; i < 16; i++)
        rack_recv(b, 3, to, 65536, i);
    rack_send(a, 3, &d);
    settle();
    next(a, FAB_OP_SEND, FAB_C_OK);
    next(b, FAB_OP_RECV, FAB_C_OK);
    for (unsigned i = 1; i < N_SIZES; i++) {
        vtime_t begin, line = 0;
        d.len = sizes[i];
        rack_until(r, r->now_ps / VTIME_US * VTIME_US + 100 * VTIME_US);
        begin = r->now_ps;
        rack_send(a, 3, &d);
        settle();
        next(a, FAB_OP_SEND, FAB_C_OK);
        c = next(b, FAB_OP_RECV, FAB_C_OK);
        for (uint32_t left = d.len, p; left; left -= p) {
            p = left < 4096 ? left : 4096;
            line += (48 + 8 + p) * 80; /* ps at 100 Gbit/s */
        }
        ck_assert_uint_eq(c.time_ns, (uint64_t)(begin + line + 500 * VTIME_NS) / 1000);
        rack_recv(b, 3, to, 65536, i);
    }
    /* A stream: the line is never idle, so message n ends n times later. */
    vtime_t begin = r->now_ps = r->now_ps / VTIME_US * VTIME_US + 100 * VTIME_US;
    d.len = 65536;
    for (unsigned i = 0; i < 6; i++)
        rack_send(a, 3, &d);
    settle();
    for (unsigned i = 1; i <= 6; i++) {
        next(a, FAB_OP_SEND, FAB_C_OK);
        c = next(b, FAB_OP_RECV, FAB_C_OK);
        ck_assert_uint_eq(c.time_ns, (uint64_t)(begin + (vtime_t)i * 16 * 4152 * 80 + 500 * VTIME_NS) / 1000);
    }
}
END_TEST

/* Data follows data: the target sends nothing else, however many READs there are, so READ n ends n times
 * later. */
START_TEST(stream_of_reads)
{
    uint64_t mem = rack_alloc(b, 65536), to = rack_alloc(a, 65536);
    const uint32_t len = _i ? 5000 : 64;
    const vtime_t data = _i ? (5000 + 2 * 56) * 80 : (64 + 56) * 80, request = 56 * 80;
    struct fab_send d = {.op = FAB_OP_READ, .n_sge = 1, .peer = 1, .addr = to, .key = 7, .len = len};

    ck_assert_uint_eq(rack_region(b, 7, FAB_ACCESS_READ, mem, 65536), FAB_OK);
    rack_send(a, 3, &d); /* opens the flow */
    settle();
    next(a, FAB_OP_READ, FAB_C_OK);
    uint64_t before = rack_count(b).packets_out;
    for (unsigned burst = 0; burst < 8; burst++) {
        vtime_t begin = r->now_ps = r->now_ps / VTIME_US * VTIME_US + 100 * VTIME_US;
        for (unsigned i = 0; i < 16; i++)
            rack_put_send(a, 3, &d);
        rack_bell(a, FAB_DB_SEND, 3, (uint16_t)(1 + (burst + 1) * 16));
        settle();
        for (unsigned i = 1; i <= 16; i++)
            ck_assert_uint_eq(next(a, FAB_OP_READ, FAB_C_OK).time_ns,
                              (uint64_t)(begin + request + 2 * 500 * VTIME_NS + i * data) / 1000);
    }
    ck_assert_uint_eq(rack_count(b).packets_out - before, 8 * 16 * (_i ? 2 : 1));
}
END_TEST

/* Queues share the line packet by packet. */
START_TEST(fair)
{
    uint64_t m = rack_alloc(a, 65536), to = rack_alloc(b, 65536);

    for (unsigned q = 4; q < 8; q++) {
        ck_assert_uint_eq(rack_queue(a, q, 16, 16, 64), FAB_OK);
        ck_assert_uint_eq(rack_queue(b, q, 16, 16, 64), FAB_OK);
        for (unsigned i = 0; i < 16; i++)
            rack_recv(b, q, to, 65536, 0);
        for (unsigned i = 0; i < 8; i++)
            rack_send(a, q,
                      &(struct fab_send){.op = FAB_OP_SEND, .n_sge = 1, .peer = 1, .len = 65536, .addr = m});
    }
    rack_until(r, r->now_ps + 90 * VTIME_US); /* half of it */
    for (unsigned q = 4; q < 8; q++)
        ck_assert_uint_eq(rack_status(b, q)->done_tail, 4);
    settle();
}
END_TEST

START_TEST(both_ways_all_queues)
{
    struct fab_cqe c;

    for (unsigned q = 0; q < FAB_QUEUES; q++)
        for (unsigned i = 0; i < 2; i++) {
            struct rack_node *n = &r->node[i];
            if (q != 3)
                ck_assert_uint_eq(rack_queue(n, q, 32, 32, 64), FAB_OK);
            uint64_t m = rack_alloc(n, 16 * 5000);
            for (unsigned k = 0; k < 16; k++)
                rack_recv(n, q, m + k * 5000, 5000, k);
        }
    for (unsigned q = 0; q < FAB_QUEUES; q++)
        for (unsigned i = 0; i < 2; i++) {
            uint64_t m = rack_alloc(&r->node[i], 5000);
            fill(&r->node[i], m, 5000, q * 2 + i);
            for (unsigned k = 0; k < 16; k++)
                rack_send(&r->node[i], q,
                          &(struct fab_send){.op = FAB_OP_SEND,
                                             .n_sge = 1,
                                             .peer = (uint16_t)!i,
                                             .len = 5000 - k,
                                             .addr = m,
                                             .cookie = k,
                                             .imm = k});
        }
    settle();
    for (unsigned q = 0; q < FAB_QUEUES; q++)
        for (unsigned i = 0; i < 2; i++) {
            unsigned sent = 0, got = 0;
            while (rack_poll(&r->node[i], q, &c)) {
                ck_assert_uint_eq(c.status, FAB_C_OK);
                ck_assert_uint_eq(c.cookie, c.op == FAB_OP_SEND ? sent : got); /* in order */
                if (c.op == FAB_OP_RECV)
                    ck_assert_uint_eq(c.imm, got);
                *(c.op == FAB_OP_SEND ? &sent : &got) += 1;
            }
            ck_assert_uint_eq(sent, 16);
            ck_assert_uint_eq(got, 16);
        }
    ck_assert_uint_eq(rack_count(a).retransmitted, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fabric");
    TCase *t = tcase_create("operations");
    SRunner *sr = srunner_create(s);

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, start, finish);
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, send, 0, N_SIZES);
    tcase_add_test(t, scatter_gather);
    tcase_add_test(t, datagram);
    tcase_add_loop_test(t, read_write, 0, 2);
    tcase_add_test(t, write_imm);
    tcase_add_test(t, atomics);
    tcase_add_test(t, many_answers);
    tcase_add_test(t, latency_and_bandwidth);
    tcase_add_loop_test(t, stream_of_reads, 0, 2);
    tcase_add_test(t, fair);
    tcase_add_test(t, both_ways_all_queues);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
