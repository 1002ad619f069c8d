/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_fabric_errors.c - every completion status but FAB_C_OK, with what both sides see of it, how long it
 * takes, and that the queue goes on; credits of slow, absent and greedy peers.
 *
 * Longer than usual: a list of independent cases, each a few lines.
 */
#include "tests/unit/fabric_rack.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { Q = 2, KEY = 0x1200 };
static struct rack *r;
static struct rack_node *a, *b, *c;
static uint64_t from, to, region;

static void build(unsigned n)
{
    r = rack_new(&(struct rack_config){.n = n});
    a = &r->node[0];
    b = &r->node[1];
    c = &r->node[2];
    rack_up(r);
    from = rack_alloc(a, 65536);
    to = rack_alloc(b, 65536);
    region = rack_alloc(b, 65536);
    ck_assert_uint_eq(rack_queue(a, Q, 64, 64, 256), FAB_OK);
    ck_assert_uint_eq(rack_region(b, KEY, 7, region, 65536), FAB_OK);
}

static void start(void)
{
    build(3);
    ck_assert_uint_eq(rack_queue(b, Q, 64, 64, 256), FAB_OK);
}

static void finish(void)
{
    rack_free(r);
}

static void settle(void)
{
    ck_assert(rack_settle(r, r->now_ps + 1000 * VTIME_S));
}

static struct fab_send op(unsigned kind, uint32_t len)
{
    return (struct fab_send){
        .op = (uint8_t)kind, .n_sge = 1, .peer = 1, .len = len, .addr = from, .key = KEY};
}

static void send(unsigned kind, uint32_t len)
{
    struct fab_send d = op(kind, len);
    rack_send(a, Q, &d);
}

static struct fab_cqe next(struct rack_node *n, unsigned kind, unsigned status)
{
    struct fab_cqe e;
    ck_assert(rack_poll(n, Q, &e));
    ck_assert_uint_eq(e.op, kind);
    ck_assert_uint_eq(e.status, status);
    return e;
}

static void nothing(struct rack_node *n)
{
    struct fab_cqe e;
    ck_assert(!rack_poll(n, Q, &e));
}

/* A message goes through: whatever happened before is over. */
static void works(struct rack_node *n, unsigned peer)
{
    struct fab_send d = op(FAB_OP_SEND, 5000);
    uint64_t in = rack_alloc(&r->node[peer], 5000), out = rack_alloc(n, 5000);

    d.peer = (uint16_t)peer;
    d.addr = out;
    memset(rack_at(n, out, 5000), 0x5a, 5000);
    rack_recv(&r->node[peer], Q, in, 5000, 0);
    rack_send(n, Q, &d);
    settle();
    next(n, FAB_OP_SEND, FAB_C_OK);
    ck_assert_uint_eq(next(&r->node[peer], FAB_OP_RECV, FAB_C_OK).len, 5000);
    ck_assert_mem_eq(rack_at(&r->node[peer], in, 5000), rack_at(n, out, 5000), 5000);
}

/* The second of five messages is too long, when all are on their way at once. */
START_TEST(length)
{
    static const uint32_t len[] = {100, 60000, 100, 9000, 100};

    for (unsigned i = 0; i < 64; i++)
        rack_recv(b, Q, to, i == 1 ? 59999 : 10000, i);
    for (unsigned i = 0; i < 5; i++) {
        struct fab_send d = op(FAB_OP_SEND, len[i]);
        d.imm = i;
        rack_put_send(a, Q, &d);
    }
    rack_bell(a, FAB_DB_SEND, Q, 5);
    settle();
    for (unsigned i = 0; i < 5; i++) {
        unsigned status = i == 1 ? FAB_C_LENGTH : FAB_C_OK;
        ck_assert_uint_eq(next(a, FAB_OP_SEND, status).index, i);
        struct fab_cqe e = next(b, FAB_OP_RECV, status);
        ck_assert_uint_eq(e.cookie, i);
        ck_assert_uint_eq(e.imm, i);
        ck_assert_uint_eq(e.len, len[i]);
    }
    nothing(b);
    ck_assert_uint_eq(rack_count(a).errors, 1);
    ck_assert_uint_eq(rack_count(b).errors, 1);
    ck_assert_uint_eq(rack_count(b).received_messages, 4);
}
END_TEST

static unsigned to_lose;

static bool lose_refusals(struct rack *rack, const struct fab_wire *w, size_t len)
{
    (void)rack;
    (void)len;
    if (w->type != FAB_P_NAK || (w->imm != FAB_NAK_LENGTH && w->imm != FAB_NAK_REMOTE) || !to_lose)
        return true;
    to_lose--;
    return false;
}

/* Refusals get lost: what came after them was not executed, and is not taken for what was refused. */
START_TEST(lost_refusals)
{
    uint64_t *word = rack_at(b, region + 8, 8);

    to_lose = (unsigned)_i;
    r->filter = lose_refusals;
    for (unsigned i = 0; i < 64; i++)
        rack_recv(b, Q, to, 1000, i);
    *word = 0;
    for (unsigned i = 0; i < 12; i++) {
        struct fab_send d = op(i % 2 ? FAB_OP_FETCH_ADD : FAB_OP_SEND, i % 2 ? 8 : i % 4 ? 1001 : 100);
        d.remote = 8;
        d.operand = 1;
        if (i % 6 == 5)
            d.key++;
        rack_put_send(a, Q, &d);
    }
    rack_bell(a, FAB_DB_SEND, Q, 12);
    settle();
    for (unsigned i = 0; i < 12; i++)
        next(a, i % 2 ? FAB_OP_FETCH_ADD : FAB_OP_SEND,
             i % 6 == 5   ? FAB_C_REMOTE
             : i % 4 == 2 ? FAB_C_LENGTH
                          : FAB_C_OK);
    for (unsigned i = 0; i < 6; i++)
        next(b, FAB_OP_RECV, i % 2 ? FAB_C_LENGTH : FAB_C_OK);
    nothing(b);
    ck_assert_uint_eq(*word, 4);
    ck_assert_uint_eq(to_lose, 0);
}
END_TEST

static bool lose_old_values(struct rack *rack, const struct fab_wire *w, size_t len)
{
    (void)len;
    return w->type != FAB_P_ATOMIC_OLD || rack_random(rack) % 2;
}

/* Exactly once, also if every other answer is lost and many are on their way. */
START_TEST(lost_old_values)
{
    uint64_t *word = rack_at(b, region + 8, 8);

    r->filter = lose_old_values;
    *word = 0;
    for (unsigned i = 0; i < 64; i++) {
        struct fab_send d = op(FAB_OP_FETCH_ADD, 8);
        d.addr = from + i * 8;
        d.remote = 8;
        d.operand = 1;
        rack_put_send(a, Q, &d);
    }
    rack_bell(a, FAB_DB_SEND, Q, 64);
    settle();
    for (unsigned i = 0; i < 64; i++) {
        next(a, FAB_OP_FETCH_ADD, FAB_C_OK);
        ck_assert_uint_eq(*(uint64_t *)rack_at(a, from + i * 8, 8), i);
    }
    ck_assert_uint_eq(*word, 64);
    ck_assert_uint_eq(rack_count(b).atomics_served, 64);
}
END_TEST

/* A word that lies across two pages of a list. */
START_TEST(word_across_pages)
{
    uint64_t list = rack_alloc(b, 16), pages = rack_alloc(b, 3 * 4096) + 4;
    struct fab_admin set = {
        .op = FAB_ADMIN_REGION_SET, .access = 7, .key = 3, .addr = {list, 0}, .length = 8192, .count = 12};
    struct fab_send d = op(FAB_OP_CAS, 8);

    ((uint64_t *)rack_at(b, list, 16))[0] = ((uint64_t *)rack_at(b, list, 16))[1] = pages;
    ck_assert_uint_eq(rack_admin(b, &set), FAB_OK);
    d.key = 3;
    d.remote = 4092;
    rack_send(a, Q, &d);
    d.remote = 4084;
    rack_send(a, Q, &d);
    settle();
    next(a, FAB_OP_CAS, FAB_C_REMOTE);
    next(a, FAB_OP_CAS, FAB_C_OK);
}
END_TEST

static const struct {
    const char *what;
    unsigned op;
    uint32_t len, key, access;
    uint64_t offset;
} refused[] = {
    {"key", FAB_OP_WRITE, 9000, KEY + 256, 7, 0},
    {"no such slot", FAB_OP_WRITE, 9000, KEY + 1, 7, 0},
    {"end", FAB_OP_WRITE, 9000, KEY, 7, 65536 - 8999},
    {"offset", FAB_OP_WRITE, 0, KEY, 7, 65537},
    {"wraps", FAB_OP_WRITE, 9000, KEY, 7, UINT64_MAX - 100},
    {"permission", FAB_OP_WRITE, 9000, KEY, FAB_ACCESS_READ | FAB_ACCESS_ATOMIC, 0},
    {"with immediate", FAB_OP_WRITE_IMM, 9000, KEY, FAB_ACCESS_READ, 0},
    {"read: key", FAB_OP_READ, 9000, KEY + 256, 7, 0},
    {"read: end", FAB_OP_READ, 9000, KEY, 7, 65536 - 8999},
    {"read: permission", FAB_OP_READ, 9000, KEY, FAB_ACCESS_WRITE | FAB_ACCESS_ATOMIC, 0},
    {"atomic: key", FAB_OP_CAS, 8, KEY + 256, 7, 0},
    {"atomic: end", FAB_OP_FETCH_ADD, 8, KEY, 7, 65529},
    {"atomic: alignment", FAB_OP_CAS, 8, KEY, 7, 12},
    {"atomic: permission", FAB_OP_FETCH_ADD, 8, KEY, FAB_ACCESS_READ | FAB_ACCESS_WRITE, 0},
};
enum { N_REFUSED = sizeof refused / sizeof refused[0] };

/* Between two good ones of the same kind, all on their way at once. */
START_TEST(remote)
{
    struct fab_send d = op(refused[_i].op, refused[_i].len);
    static uint8_t before[65536];

    ck_assert_uint_eq(rack_region(b, KEY, refused[_i].access, region, 65536), FAB_OK);
    ck_assert_uint_eq(rack_region(b, KEY + 2, 7, region, 65536), FAB_OK);
    for (unsigned i = 0; refused[_i].op == FAB_OP_WRITE_IMM && i < 2; i++)
        rack_recv(b, Q, to, 0, i);
    memset(rack_at(a, from, 65536), 0, 65536);
    memcpy(before, rack_at(b, region, 65536), 65536);
    d.remote = refused[_i].offset;
    d.key = refused[_i].key;
    struct fab_send good = op(refused[_i].op, refused[_i].len == 8 ? 8 : 6000);
    good.key = KEY + 2;
    rack_put_send(a, Q, &good);
    rack_put_send(a, Q, &d);
    rack_put_send(a, Q, &good);
    rack_bell(a, FAB_DB_SEND, Q, 3);
    settle();
    next(a, refused[_i].op, FAB_C_OK);
    ck_assert_uint_eq(next(a, refused[_i].op, FAB_C_REMOTE).index, 1);
    next(a, refused[_i].op, FAB_C_OK);
    ck_assert_mem_eq(before, rack_at(b, region, 65536), 65536);
    if (refused[_i].op == FAB_OP_WRITE_IMM) {
        ck_assert_uint_eq(next(b, FAB_OP_RECV, FAB_C_OK).cookie, 0);
        ck_assert_uint_eq(next(b, FAB_OP_RECV, FAB_C_OK).cookie, 1); /* the buffer was not used up */
    }
    nothing(b);
    works(a, 1);
}
END_TEST

/* Memory behind a region disappears. */
START_TEST(region_hole)
{
    b->hole = region + 30000;
    b->hole_len = 100;
    send(FAB_OP_WRITE, 65536);
    send(FAB_OP_READ, 65536);
    send(FAB_OP_READ, 1000);
    send(FAB_OP_WRITE, 20000);
    settle();
    next(a, FAB_OP_WRITE, FAB_C_REMOTE);
    next(a, FAB_OP_READ, FAB_C_REMOTE);
    next(a, FAB_OP_READ, FAB_C_OK);
    next(a, FAB_OP_WRITE, FAB_C_OK);
}
END_TEST

/* The region is cleared while a READ of it is being answered. */
START_TEST(region_cleared)
{
    struct fab_admin clear = {.op = FAB_ADMIN_REGION_CLEAR, .key = KEY};

    ck_assert_uint_eq(rack_region(b, KEY + 2, 7, region, 65536), FAB_OK);
    for (unsigned i = 0; i < 5; i++)
        send(FAB_OP_READ, 65536);
    struct fab_send d = op(FAB_OP_READ, 65536);
    d.key = KEY + 2;
    rack_send(a, Q, &d);
    while (rack_count(b).packets_out < 20)
        rack_until(r, r->now_ps + 100 * VTIME_NS);
    ck_assert_uint_eq(rack_admin(b, &clear), FAB_OK);
    settle();
    next(a, FAB_OP_READ, FAB_C_OK);
    for (unsigned i = 1; i < 5; i++)
        next(a, FAB_OP_READ, FAB_C_REMOTE);
    next(a, FAB_OP_READ, FAB_C_OK);
    ck_assert_uint_eq(rack_admin(b, &clear), FAB_E_KEY);
}
END_TEST

/* Own memory that is none: at the ends of the buffer nothing is sent; in the middle the peer must forget it.
 */
START_TEST(local)
{
    struct fab_send d = op(FAB_OP_SEND, 100);
    uint64_t list = rack_alloc(a, 256);

    for (unsigned i = 0; i < 9; i++)
        rack_recv(b, Q, to, 65536, i);
    d.addr = 64;
    rack_send(a, Q, &d);
    next(a, FAB_OP_SEND, FAB_C_LOCAL);
    d.addr = UINT64_MAX - 50;
    rack_send(a, Q, &d);
    next(a, FAB_OP_SEND, FAB_C_LOCAL);
    d.n_sge = 2; /* the list is not in RAM */
    rack_send(a, Q, &d);
    next(a, FAB_OP_SEND, FAB_C_LOCAL);
    d.addr = list; /* the second piece is not */
    *(struct fab_sge *)rack_at(a, list, 16) = (struct fab_sge){.addr = from, .len = 50};
    *(struct fab_sge *)rack_at(a, list + 16, 16) = (struct fab_sge){.addr = 5, .len = 50};
    rack_send(a, Q, &d);
    next(a, FAB_OP_SEND, FAB_C_LOCAL);
    ck_assert_uint_eq(rack_count(a).packets_out, 0);
    a->hole = from + 20000;
    a->hole_len = 10;
    send(FAB_OP_SEND, 60000);
    send(FAB_OP_SEND, 1000);
    memset(rack_at(b, region, 65536), 0, 65536);
    memset(rack_at(a, from, 65536), 1, 65536);
    send(FAB_OP_WRITE, 60000);
    send(FAB_OP_WRITE_IMM, 60000);
    send(FAB_OP_WRITE_IMM, 1000);
    memset(rack_at(b, region, 65536), 7, 65536);
    send(FAB_OP_READ, 60000);
    settle();
    next(a, FAB_OP_SEND, FAB_C_LOCAL);
    next(a, FAB_OP_SEND, FAB_C_OK);
    next(a, FAB_OP_WRITE, FAB_C_LOCAL);
    next(a, FAB_OP_WRITE_IMM, FAB_C_LOCAL);
    next(a, FAB_OP_WRITE_IMM, FAB_C_OK);
    next(a, FAB_OP_READ, FAB_C_LOCAL);
    ck_assert_uint_eq(next(b, FAB_OP_RECV, FAB_C_REMOTE).len, 0);
    ck_assert_uint_eq(next(b, FAB_OP_RECV, FAB_C_OK).len, 1000);
    struct fab_cqe e = next(b, FAB_OP_RECV, FAB_C_OK);
    ck_assert_uint_eq(e.flags & FAB_CQE_WRITE, FAB_CQE_WRITE);
    ck_assert_uint_eq(e.index, 2);
    nothing(b);
}
END_TEST

/* Receive buffers that are none. */
START_TEST(receive_buffer)
{
    rack_recv(b, Q, 64, 1000, 0);
    rack_put_recv(b, Q, &(struct fab_recv){.addr = to, .len = 1000, .n_sge = 17, .cookie = 1});
    rack_put_recv(b, Q, &(struct fab_recv){.addr = 64, .len = 1000, .n_sge = 2, .cookie = 2});
    rack_put_recv(b, Q, &(struct fab_recv){.addr = to, .len = 70000, .n_sge = 1, .cookie = 3});
    rack_put_recv(b, Q, &(struct fab_recv){.addr = to, .len = 1, .n_sge = 0, .cookie = 4});
    rack_bell(b, FAB_DB_RECV, Q, 5);
    for (unsigned i = 0; i < 4; i++)
        send(FAB_OP_SEND, 1000);
    send(FAB_OP_DATAGRAM, 1000);
    settle();
    next(b, FAB_OP_RECV, FAB_C_LOCAL);
    for (unsigned i = 0; i < 4; i++)
        next(a, FAB_OP_SEND, FAB_C_REMOTE);
    next(a, FAB_OP_DATAGRAM, FAB_C_OK);
    /* The datagram passed the messages, which had to ask for credits. */
    next(b, FAB_OP_RECV, FAB_C_DESCRIPTOR);
    next(b, FAB_OP_RECV, FAB_C_LOCAL);
    next(b, FAB_OP_RECV, FAB_C_DESCRIPTOR);
    next(b, FAB_OP_RECV, FAB_C_DESCRIPTOR);
    nothing(b);
    works(a, 1);
}
END_TEST

START_TEST(descriptor)
{
    struct fab_send d[10];
    uint64_t list = rack_alloc(a, 512);

    for (unsigned i = 0; i < 10; i++)
        d[i] = op(FAB_OP_SEND, 100);
    d[0].op = 0;
    d[1].op = FAB_OP_END;
    d[2].peer = 0; /* itself */
    d[3].peer = 3; /* there are nodes 0..2 */
    d[4].len = 65537;
    d[5].n_sge = 17;
    d[6].n_sge = 0;
    d[7].n_sge = 2; /* a list of nothing */
    d[7].addr = list;
    d[8].op = FAB_OP_CAS;
    d[9].op = FAB_OP_DATAGRAM;
    d[9].len = 4097;
    for (unsigned i = 0; i < 10; i++) {
        d[i].cookie = i;
        rack_put_send(a, Q, &d[i]);
    }
    rack_bell(a, FAB_DB_SEND, Q, 10);
    for (unsigned i = 0; i < 10; i++)
        ck_assert_uint_eq(next(a, d[i].op, FAB_C_DESCRIPTOR).cookie, i);
    ck_assert_uint_eq(rack_count(a).packets_out, 0);
    ck_assert_uint_eq(rack_count(a).errors, 10);
    works(a, 1);
}
END_TEST

/* 7 waits of 1, 2, 4, ... 64 ms; c has no queue, or is not there at all. Others are not affected. */
START_TEST(nobody)
{
    struct fab_send d = op(FAB_OP_SEND, 100);
    vtime_t begin = r->now_ps;

    if (_i == 1)
        rack_set(c, FAB_REG_CONTROL, 0);
    if (_i == 2)
        c->deaf = true;
    d.peer = 2;
    rack_put_send(a, Q, &d);
    d.op = FAB_OP_WRITE;
    d.len = 60000;
    rack_put_send(a, Q, &d);
    rack_bell(a, FAB_DB_SEND, Q, 2);
    settle();
    struct fab_cqe e = next(a, FAB_OP_SEND, _i ? FAB_C_PEER : FAB_C_NO_QUEUE);
    ck_assert_uint_eq(e.time_ns, (uint64_t)(begin + 127 * VTIME_MS) / 1000);
    e = next(a, FAB_OP_WRITE, _i ? FAB_C_PEER : FAB_C_NO_QUEUE);
    ck_assert_uint_eq(e.time_ns, (uint64_t)(begin + 254 * VTIME_MS) / 1000);
    ck_assert_uint_eq(rack_count(a).timeouts, 14);
    works(a, 1);
    c->deaf = false;
    rack_set(c, FAB_REG_CONTROL, FAB_CONTROL_ENABLE);
    ck_assert_uint_eq(rack_queue(c, Q, 64, 64, 256), FAB_OK);
    works(a, 2);
    works(c, 0);
}
END_TEST

/* The queue comes while we try. */
START_TEST(late_queue)
{
    struct fab_send d = op(FAB_OP_SEND, 100);
    struct fab_admin patience = {.op = FAB_ADMIN_TIMEOUT, .count = 4, .delay_ns = 10000};

    ck_assert_uint_eq(rack_admin(a, &patience), FAB_OK);
    d.peer = 2;
    rack_send(a, Q, &d);
    rack_until(r, r->now_ps + 50 * VTIME_US);
    ck_assert_uint_eq(rack_queue(c, Q, 64, 64, 256), FAB_OK);
    uint64_t in = rack_alloc(c, 1000);
    rack_recv(c, Q, in, 1000, 0);
    settle();
    next(a, FAB_OP_SEND, FAB_C_OK);
    next(c, FAB_OP_RECV, FAB_C_OK);
    c->deaf = true; /* now it is something else */
    rack_send(a, Q, &d);
    settle();
    next(a, FAB_OP_SEND, FAB_C_PEER);
}
END_TEST

/* The peer dies in the middle of a stream, for good. */
START_TEST(dies)
{
    for (unsigned i = 0; i < 40; i++)
        rack_recv(b, Q, to, 65536, i);
    for (unsigned i = 0; i < 20; i++)
        send(FAB_OP_SEND, 65536);
    while (rack_count(b).received_messages < 3)
        rack_until(r, r->now_ps + VTIME_US);
    rack_set(b, FAB_REG_CONTROL, 0);
    settle();
    struct fab_cqe e;
    unsigned ok = 0, failed = 0;
    while (rack_poll(a, Q, &e)) {
        ck_assert(e.status == FAB_C_PEER || (e.status == FAB_C_OK && !failed));
        ok += e.status == FAB_C_OK;
        failed += e.status == FAB_C_PEER;
    }
    ck_assert_uint_eq(ok + failed, 20);
    ck_assert_uint_ge(ok, 1);
    ck_assert_uint_ge(failed, 10);
    ck_assert_uint_eq(rack_count(a).outstanding, 0);
}
END_TEST

/* The peer is reset in the middle of everything and comes back at once: 0 the adapter, 1 only the queue. */
START_TEST(reset)
{
    struct fab_cqe e;
    unsigned count[FAB_C_COUNT] = {0};

    for (unsigned i = 0; i < 40; i++)
        rack_recv(b, Q, to, 65536, i);
    for (unsigned i = 0; i < 10; i++) {
        send(FAB_OP_SEND, 65536);
        send(FAB_OP_WRITE, 30000);
        send(FAB_OP_READ, 30000);
        send(FAB_OP_FETCH_ADD, 8);
    }
    while (rack_count(b).received_messages < 3)
        rack_until(r, r->now_ps + VTIME_US);
    if (_i == 0) {
        rack_set(b, FAB_REG_CONTROL, FAB_CONTROL_RESET);
        ck_assert_uint_eq(rack_reg(b, FAB_REG_CONTROL), 0);
        rack_set(b, FAB_REG_CONTROL, FAB_CONTROL_ENABLE);
        ck_assert_uint_eq(rack_reg(b, FAB_REG_LINK), FAB_LINK_UP); /* the line has not forgotten */
        ck_assert_uint_eq(rack_region(b, KEY, 7, region, 65536), FAB_OK);
    } else {
        ck_assert_uint_eq(rack_queue_end(b, Q), FAB_OK);
    }
    ck_assert_uint_eq(rack_queue(b, Q, 64, 64, 256), FAB_OK);
    for (unsigned i = 0; i < 40; i++)
        rack_recv(b, Q, to, 65536, i);
    settle();
    while (rack_poll(a, Q, &e))
        count[e.status]++;
    ck_assert_uint_ge(count[FAB_C_OK], 20);
    ck_assert_uint_ge(count[FAB_C_RESET], 1);
    ck_assert_uint_eq(count[FAB_C_OK] + count[FAB_C_RESET], 40);
    while (rack_poll(b, Q, &e))
        ck_assert_uint_eq(e.status, FAB_C_OK);
    ck_assert_uint_eq(rack_count(a).outstanding + rack_count(b).outstanding, 0);
}
END_TEST

/* The peer was reset while nothing was under way: the first operation tells, the second goes through. */
START_TEST(reset_idle)
{
    works(a, 1);
    ck_assert_uint_eq(rack_queue_end(b, Q), FAB_OK);
    ck_assert_uint_eq(rack_queue(b, Q, 64, 64, 256), FAB_OK);
    send(FAB_OP_READ, 100);
    send(FAB_OP_WRITE, 100); /* waits for the READ: has not begun, and is not lost */
    settle();
    next(a, FAB_OP_READ, FAB_C_RESET);
    next(a, FAB_OP_WRITE, FAB_C_OK);
    works(a, 1);
    works(b, 0);
}
END_TEST

/* The sender is reset in the middle of a message: the receiver's buffer comes back with the next epoch. */
START_TEST(sender_reset)
{
    for (unsigned i = 0; i < 9; i++)
        rack_recv(b, Q, to, 65536, i);
    send(FAB_OP_SEND, 65536);
    while (rack_status(b, Q)->recv_head == 0)
        rack_until(r, r->now_ps + 100 * VTIME_NS);
    ck_assert_uint_eq(rack_count(b).outstanding, 1);
    ck_assert_uint_eq(rack_queue_end(a, Q), FAB_OK);
    ck_assert_uint_eq(rack_queue(a, Q, 64, 64, 256), FAB_OK);
    rack_settle(r, r->now_ps + VTIME_MS);
    nothing(a);
    nothing(b);
    send(FAB_OP_SEND, 100);
    settle();
    next(a, FAB_OP_SEND, FAB_C_OK);
    ck_assert_uint_eq(next(b, FAB_OP_RECV, FAB_C_RESET).cookie, 0);
    ck_assert_uint_eq(next(b, FAB_OP_RECV, FAB_C_OK).cookie, 1);
    for (unsigned i = 0; i < 30; i++) { /* its unused credits come back each time */
        ck_assert_uint_eq(rack_queue_end(a, Q), FAB_OK);
        a->brk -= 64 * 64 + 64 * 32 + 256 * 32 + 64;
        ck_assert_uint_eq(rack_queue(a, Q, 64, 64, 256), FAB_OK);
        rack_recv(b, Q, to, 65536, i);
        send(FAB_OP_SEND, 100);
        settle();
        next(a, FAB_OP_SEND, FAB_C_OK);
        next(b, FAB_OP_RECV, FAB_C_OK);
    }
    for (unsigned i = 0; i < 4; i++)
        send(FAB_OP_DATAGRAM, 100);
    settle();
    ck_assert_uint_eq(rack_count(b).dropped_datagrams, 0); /* those buffers are free */
    ck_assert_uint_eq(rack_count(a).retransmitted, 0);
}
END_TEST

/* A receiver without buffers is waited for, however long; its memory decides how much is under way. */
START_TEST(slow_receiver)
{
    for (unsigned i = 0; i < 30; i++)
        send(FAB_OP_SEND, 3000);
    rack_until(r, r->now_ps + 100 * VTIME_S);
    nothing(a);
    ck_assert_uint_eq(rack_count(a).outstanding, 1); /* the others were not even taken */
    ck_assert_uint_lt(rack_count(a).packets_out, 110000);
    ck_assert_uint_ge(rack_count(a).packets_out, 90000); /* a probe each ms */
    for (unsigned i = 0; i < 30; i++) {
        rack_recv(b, Q, to, 4096, i);
        rack_until(r, r->now_ps + VTIME_MS / 2);
        next(a, FAB_OP_SEND, FAB_C_OK);
        ck_assert_uint_eq(next(b, FAB_OP_RECV, FAB_C_OK).cookie, i);
        nothing(a);
        nothing(b);
    }
    settle();
    ck_assert_uint_eq(rack_count(a).retransmitted, 0);
}
END_TEST

static bool lose_c(struct rack *rack, const struct fab_wire *w, size_t len)
{
    (void)rack;
    (void)len;
    return w->type != FAB_P_SEND || w->src != 2;
}

/* Credits never take the whole completion ring: the own send comes through, even if a peer that has asked for
 * its credit does not use it. */
START_TEST(small_completion_ring)
{
    struct fab_cqe e;
    struct fab_send d = op(FAB_OP_SEND, 100);

    ck_assert_uint_eq(rack_queue_end(b, Q), FAB_OK);
    ck_assert_uint_eq(rack_queue(b, Q, 16, 16, 2 << _i), FAB_OK);
    ck_assert_uint_eq(rack_queue(c, Q, 16, 16, 64), FAB_OK);
    for (unsigned i = 0; i < 16; i++)
        rack_recv(b, Q, to, 4096, 0);
    for (unsigned i = 0; i < 16; i++)
        rack_recv(a, Q, from, 4096, 0);
    r->filter = lose_c;
    send(FAB_OP_SEND, 100);
    d.addr = RACK_RAM;
    rack_send(c, Q, &d);
    for (unsigned round = 0; round < 3; round++) {
        rack_until(r, r->now_ps + 10 * VTIME_MS);
        while (rack_poll(b, Q, &e))
            ck_assert_uint_eq(e.status, FAB_C_OK);
    }
    d.addr = to;
    d.peer = 0;
    rack_send(b, Q, &d);
    rack_until(r, r->now_ps + 10 * VTIME_MS);
    ck_assert_uint_eq(next(b, FAB_OP_SEND, FAB_C_OK).peer, 0);
}
END_TEST

/* One buffer, eight nodes: everybody's messages come, in turn. */
static void one_buffer_setup(void)
{
    build(9);
    for (unsigned i = 1; i < 9; i++)
        ck_assert_uint_eq(rack_queue(&r->node[i], Q, 16, 16, 64), FAB_OK);
}

START_TEST(one_buffer)
{
    struct fab_cqe e;
    unsigned got[9] = {0};

    for (unsigned i = 2; i < 9; i++)
        for (unsigned k = 0; k < 5; k++) {
            struct fab_send d = op(FAB_OP_SEND, 5000);
            d.addr = RACK_RAM;
            rack_send(&r->node[i], Q, &d);
        }
    for (unsigned k = 0; k < 35; k++) {
        rack_recv(b, Q, to, 5000, k);
        while (!rack_poll(b, Q, &e))
            rack_until(r, r->now_ps + VTIME_US);
        ck_assert_uint_eq(e.status, FAB_C_OK);
        got[e.peer]++;
        if (k == 20)
            for (unsigned i = 2; i < 9; i++)
                ck_assert_uint_ge(got[i], 2); /* nobody is left behind */
    }
    settle();
    for (unsigned i = 2; i < 9; i++)
        ck_assert_uint_eq(got[i], 5);
}
END_TEST

/*
 * A peer that got the only credit never uses it: it is taken back when another one asks. Its message, when it
 * comes after all, is not lost.
 */
START_TEST(credit_taken_back)
{
    struct fab_send d = op(FAB_OP_SEND, 100);
    struct rack_node *greedy = &r->node[3], *other = &r->node[4];

    d.addr = RACK_RAM;
    rack_recv(b, Q, to, 5000, 0);
    rack_send(greedy, Q, &d);
    rack_until(r, r->now_ps + 700 * VTIME_NS);
    ck_assert_uint_eq(rack_count(b).packets_in, 1); /* its probe; the answer is on its way */
    greedy->deaf = true;
    rack_until(r, r->now_ps + 10 * VTIME_MS);
    rack_send(other, Q, &d);
    rack_until(r, r->now_ps + VTIME_MS);
    ck_assert_uint_eq(next(b, FAB_OP_RECV, FAB_C_OK).peer, 4);
    next(other, FAB_OP_SEND, FAB_C_OK);
    greedy->deaf = false;
    rack_until(r, r->now_ps + 200 * VTIME_MS);
    rack_recv(b, Q, to, 5000, 0);
    settle();
    ck_assert_uint_eq(next(b, FAB_OP_RECV, FAB_C_OK).peer, 3);
    next(greedy, FAB_OP_SEND, FAB_C_OK);
}
END_TEST

static bool hold_back(struct rack *rack, const struct fab_wire *w, size_t len)
{
    (void)len;
    return !(w->type == FAB_P_SEND && w->src == 3 && rack->now_ps < 20 * VTIME_MS);
}

START_TEST(credit_taken_back_too_late)
{
    struct fab_send d = op(FAB_OP_SEND, 9000);
    struct rack_node *greedy = &r->node[3], *other = &r->node[4];

    r->filter = hold_back; /* what it sends is lost at first */
    d.addr = RACK_RAM;
    rack_recv(b, Q, to, 9000, 0);
    rack_send(greedy, Q, &d);
    rack_until(r, r->now_ps + 10 * VTIME_MS);
    rack_send(other, Q, &d);
    rack_until(r, r->now_ps + VTIME_MS);
    ck_assert_uint_eq(next(b, FAB_OP_RECV, FAB_C_OK).peer, 4);
    rack_until(r, r->now_ps + 30 * VTIME_MS);
    ck_assert_uint_gt(rack_count(greedy).retransmitted, 0);
    nothing(greedy);
    rack_recv(b, Q, to, 9000, 0);
    settle();
    ck_assert_uint_eq(next(b, FAB_OP_RECV, FAB_C_OK).peer, 3);
    next(greedy, FAB_OP_SEND, FAB_C_OK);
    next(other, FAB_OP_SEND, FAB_C_OK);
}
END_TEST

static bool hold_back_end(struct rack *rack, const struct fab_wire *w, size_t len)
{
    (void)len;
    return !(w->type == FAB_P_WRITE && w->offset && rack->now_ps < 20 * VTIME_MS);
}

/* The credit of a message that has begun is not taken back. */
START_TEST(credit_in_use)
{
    struct fab_send d = op(FAB_OP_WRITE_IMM, 9000);
    struct rack_node *greedy = &r->node[3], *other = &r->node[4];

    r->filter = hold_back_end;
    d.addr = RACK_RAM;
    rack_recv(b, Q, to, 9000, 0);
    rack_send(greedy, Q, &d);
    rack_until(r, r->now_ps + 10 * VTIME_MS);
    d.op = FAB_OP_SEND;
    rack_send(other, Q, &d);
    rack_until(r, r->now_ps + 5 * VTIME_MS);
    nothing(b);
    rack_until(r, r->now_ps + 40 * VTIME_MS);
    ck_assert_uint_eq(next(b, FAB_OP_RECV, FAB_C_OK).peer, 3);
    nothing(b);
    rack_recv(b, Q, to, 9000, 0);
    settle();
    ck_assert_uint_eq(next(b, FAB_OP_RECV, FAB_C_OK).peer, 4);
    ck_assert_uint_eq(rack_count(b).errors, 0);
}
END_TEST

/* The same behind an operation that was refused. */
START_TEST(refused_then_taken_back)
{
    struct fab_send d = op(FAB_OP_SEND, 9000), bad = op(FAB_OP_WRITE, 100);
    struct rack_node *greedy = &r->node[3], *other = &r->node[4];

    r->filter = hold_back;
    d.addr = bad.addr = RACK_RAM;
    bad.key = 99;
    for (unsigned i = 0; i < 9; i++)
        rack_recv(b, Q, to, 9000, i);
    rack_put_send(greedy, Q, &bad);
    rack_put_send(greedy, Q, &d);
    rack_bell(greedy, FAB_DB_SEND, Q, 2);
    rack_until(r, r->now_ps + 5 * VTIME_MS);
    next(greedy, FAB_OP_WRITE, FAB_C_REMOTE);
    for (unsigned i = 0; i < 9; i++) {
        rack_send(other, Q, &d);
        rack_until(r, r->now_ps + VTIME_MS);
        next(other, FAB_OP_SEND, FAB_C_OK);
        ck_assert_uint_eq(next(b, FAB_OP_RECV, FAB_C_OK).peer, 4);
    }
    ck_assert_int_lt(r->now_ps, 20 * VTIME_MS);
    rack_until(r, 200 * VTIME_MS);
    nothing(greedy);
    rack_recv(b, Q, to, 9000, 0);
    settle();
    ck_assert_uint_eq(next(b, FAB_OP_RECV, FAB_C_OK).peer, 3);
    next(greedy, FAB_OP_SEND, FAB_C_OK);
}
END_TEST

/* What is unused of given credits never exceeds what is posted, and what is posted is not lost. */
START_TEST(buffers_come_back)
{
    struct fab_cqe e;

    for (unsigned round = 0; round < 50; round++) {
        for (unsigned i = 0; i < 8; i++)
            rack_recv(b, Q, to, 5000, 0);
        for (unsigned i = 2; i < 10; i++) {
            struct fab_send d = op(FAB_OP_SEND, (round * 977 + i) % 5000);
            d.addr = RACK_RAM;
            rack_send(&r->node[2 + (i * 5 + round) % 7], Q, &d);
        }
        settle();
        for (unsigned i = 0; i < 8; i++)
            next(b, FAB_OP_RECV, FAB_C_OK);
        nothing(b);
        for (unsigned i = 2; i < 9; i++)
            while (rack_poll(&r->node[i], Q, &e))
                ck_assert_uint_eq(e.status, FAB_C_OK);
    }
    ck_assert_uint_eq(rack_status(b, Q)->recv_head, 400);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fabric_errors");
    TCase *t = tcase_create("errors"), *k = tcase_create("credits");
    SRunner *sr = srunner_create(s);

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, start, finish);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, length);
    tcase_add_loop_test(t, remote, 0, N_REFUSED);
    tcase_add_loop_test(t, lost_refusals, 0, 5);
    tcase_add_test(t, lost_old_values);
    tcase_add_test(t, word_across_pages);
    tcase_add_test(t, region_hole);
    tcase_add_test(t, region_cleared);
    tcase_add_test(t, local);
    tcase_add_test(t, receive_buffer);
    tcase_add_test(t, descriptor);
    tcase_add_loop_test(t, nobody, 0, 3);
    tcase_add_test(t, late_queue);
    tcase_add_test(t, dies);
    tcase_add_loop_test(t, reset, 0, 2);
    tcase_add_test(t, reset_idle);
    tcase_add_test(t, sender_reset);
    tcase_add_test(t, slow_receiver);
    tcase_add_loop_test(t, small_completion_ring, 0, 4);
    suite_add_tcase(s, k);
    tcase_add_checked_fixture(k, one_buffer_setup, finish);
    tcase_add_test(k, one_buffer);
    tcase_add_test(k, credit_taken_back);
    tcase_add_test(k, credit_taken_back_too_late);
    tcase_add_test(k, credit_in_use);
    tcase_add_test(k, refused_then_taken_back);
    tcase_add_test(k, buffers_come_back);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
