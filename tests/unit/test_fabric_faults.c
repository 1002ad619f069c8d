/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_fabric_faults.c - what a fault does to the device: a bit of a payload that flips in one direction or
 * the other, and an operation that completes with an error though nothing was wrong. Everything else stays as
 * it was.
 */
#include "tests/unit/fabric_rack.h"
#include <check.h>
#include <string.h>

enum { Q = 3, KEY = 0x1200, LEN = 10000 };
static struct rack *r;
static struct rack_node *a, *b;
static uint64_t from, to, region;
static uint8_t want[LEN];

/* What the fault does, and what it was asked. */
static struct {
    unsigned node;    /* who is hit */
    bool write, recv; /* direction; kind of completion */
    uint64_t address; /* the piece that has this byte */
    unsigned bit;     /* of that byte */
    unsigned status;  /* FAB_C_OK: it is a flip */
    unsigned left;    /* acts so often */
    unsigned asked;
    uint64_t bytes[2]; /* asked for, by direction */
} fault;

static int64_t flip(struct rack_node *n, uint64_t address, size_t len, bool write)
{
    fault.bytes[write] += len;
    if (fault.status || n->no != fault.node || write != fault.write || address > fault.address ||
        fault.address - address >= len || !fault.left)
        return -1;
    fault.left--;
    return (int64_t)(8 * (fault.address - address) + fault.bit);
}

static unsigned completion(struct rack_node *n, unsigned queue, bool recv)
{
    ck_assert_uint_eq(queue, Q);
    fault.asked++;
    if (!fault.status || n->no != fault.node || recv != fault.recv || !fault.left)
        return FAB_C_OK;
    fault.left--;
    return fault.status;
}

static void start(void)
{
    r = rack_new(&(struct rack_config){.n = 2});
    a = &r->node[0];
    b = &r->node[1];
    rack_up(r);
    from = rack_alloc(a, 65536);
    to = rack_alloc(b, 65536);
    region = rack_alloc(b, 65536);
    ck_assert_uint_eq(rack_queue(a, Q, 64, 64, 256), FAB_OK);
    ck_assert_uint_eq(rack_queue(b, Q, 64, 64, 256), FAB_OK);
    ck_assert_uint_eq(rack_region(b, KEY, 7, region, 65536), FAB_OK);
    for (unsigned i = 0; i < LEN; i++)
        want[i] = (uint8_t)(i * 11 + i / 256);
    memcpy(rack_at(a, from, LEN), want, LEN);
    memset(&fault, 0, sizeof fault);
    r->flip = flip;
    r->completion = completion;
}

static void finish(void)
{
    rack_free(r);
}

static void go(unsigned kind, uint64_t addr)
{
    struct fab_send d = {
        .op = (uint8_t)kind, .n_sge = 1, .peer = 1, .len = LEN, .addr = addr, .key = KEY, .cookie = 77};
    if (kind == FAB_OP_SEND)
        rack_recv(b, Q, to, LEN, 5);
    rack_send(a, Q, &d);
    ck_assert(rack_settle(r, r->now_ps + 1000 * VTIME_S));
}

static struct fab_cqe next(struct rack_node *n, unsigned kind, unsigned status)
{
    struct fab_cqe e;
    ck_assert(rack_poll(n, Q, &e));
    ck_assert_uint_eq(e.op, kind);
    ck_assert_uint_eq(e.status, status);
    return e;
}

/* Bits that differ from what was sent. */
static unsigned wrong_bits(struct rack_node *n, uint64_t at)
{
    const uint8_t *have = rack_at(n, at, LEN);
    unsigned bits = 0;
    for (unsigned i = 0; i < LEN; i++)
        bits += (unsigned)__builtin_popcount(have[i] ^ want[i]);
    return bits;
}

START_TEST(nothing_flips_by_itself)
{
    go(FAB_OP_SEND, from);
    next(a, FAB_OP_SEND, FAB_C_OK);
    next(b, FAB_OP_RECV, FAB_C_OK);
    ck_assert_uint_eq(wrong_bits(b, to), 0);
    ck_assert_uint_eq(fault.bytes[0], LEN); /* the payload, each byte once, and nothing else */
    ck_assert_uint_eq(fault.bytes[1], LEN);
    ck_assert_uint_eq(fault.asked, 2);
}
END_TEST

/* The sender's adapter reads wrongly: memory is right, the receiver's copy is not, and all say OK. */
START_TEST(a_bit_flips_on_the_way_out)
{
    fault.node = 0;
    fault.address = from + 5000;
    fault.bit = 3;
    fault.left = 1;
    go(FAB_OP_SEND, from);
    next(a, FAB_OP_SEND, FAB_C_OK);
    next(b, FAB_OP_RECV, FAB_C_OK);
    ck_assert_uint_eq(fault.left, 0);
    ck_assert_uint_eq(wrong_bits(a, from), 0);
    ck_assert_uint_eq(wrong_bits(b, to), 1);
    ck_assert_uint_eq(((uint8_t *)rack_at(b, to, LEN))[5000], want[5000] ^ 8);
}
END_TEST

/* The receiver's writes wrongly. */
START_TEST(a_bit_flips_on_the_way_in)
{
    fault.node = 1;
    fault.write = true;
    fault.address = to + LEN - 1;
    fault.bit = 7;
    fault.left = 1;
    go(FAB_OP_SEND, from);
    next(a, FAB_OP_SEND, FAB_C_OK);
    next(b, FAB_OP_RECV, FAB_C_OK);
    ck_assert_uint_eq(wrong_bits(b, to), 1);
    ck_assert_uint_eq(((uint8_t *)rack_at(b, to, LEN))[LEN - 1], want[LEN - 1] ^ 0x80);
}
END_TEST

/* One-sided: a WRITE at the target, and a READ's answer, read there. */
START_TEST(one_sided_operations_are_hit_too)
{
    fault.node = 1;
    fault.write = true;
    fault.address = region;
    fault.left = 1;
    go(FAB_OP_WRITE, from);
    next(a, FAB_OP_WRITE, FAB_C_OK);
    ck_assert_uint_eq(wrong_bits(b, region), 1);

    memcpy(rack_at(b, region, LEN), want, LEN);
    fault.write = false;
    fault.address = region + 4096;
    fault.left = 1;
    uint64_t back = rack_alloc(a, LEN);
    go(FAB_OP_READ, back);
    next(a, FAB_OP_READ, FAB_C_OK);
    ck_assert_uint_eq(wrong_bits(b, region), 0);
    ck_assert_uint_eq(wrong_bits(a, back), 1);
}
END_TEST

/* The sender is told an error; the message has arrived all the same, and the queue goes on. */
START_TEST(a_send_completes_with_an_error)
{
    fault.status = 1 + (unsigned)_i;
    fault.left = 1;
    go(FAB_OP_SEND, from);
    ck_assert_uint_eq(next(a, FAB_OP_SEND, fault.status).cookie, 77);
    ck_assert_uint_eq(next(b, FAB_OP_RECV, FAB_C_OK).len, LEN);
    ck_assert_uint_eq(wrong_bits(b, to), 0);
    ck_assert_uint_eq(rack_count(a).errors, 1);
    ck_assert_uint_eq(rack_count(a).sent_messages, 0);
    ck_assert_uint_eq(rack_status(a, Q)->error, FAB_OK);
    go(FAB_OP_SEND, from);
    next(a, FAB_OP_SEND, FAB_C_OK);
    next(b, FAB_OP_RECV, FAB_C_OK);
    ck_assert_uint_eq(rack_count(a).sent_messages, 1);
}
END_TEST

/* The receiver is told an error: its buffer is used up, the sender has not noticed anything. */
START_TEST(a_receive_completes_with_an_error)
{
    fault.node = 1;
    fault.recv = true;
    fault.status = FAB_C_PEER;
    fault.left = 1;
    go(FAB_OP_SEND, from);
    next(a, FAB_OP_SEND, FAB_C_OK);
    struct fab_cqe e = next(b, FAB_OP_RECV, FAB_C_PEER);
    ck_assert_uint_eq(e.cookie, 5);
    ck_assert_uint_eq(e.len, 0);
    ck_assert_uint_eq(rack_count(b).received_messages, 0);
    ck_assert_uint_eq(rack_status(b, Q)->recv_head, 1);
    go(FAB_OP_SEND, from);
    next(a, FAB_OP_SEND, FAB_C_OK);
    ck_assert_uint_eq(next(b, FAB_OP_RECV, FAB_C_OK).len, LEN);
}
END_TEST

/* What has failed by itself is not asked for. */
START_TEST(other_errors_stay)
{
    fault.status = FAB_C_PEER;
    fault.left = 1;
    go(FAB_OP_SEND, 16); /* not RAM */
    next(a, FAB_OP_SEND, FAB_C_LOCAL);
    ck_assert_uint_eq(fault.left, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fabric_faults");
    TCase *c = tcase_create("device");
    tcase_add_checked_fixture(c, start, finish);
    tcase_add_test(c, nothing_flips_by_itself);
    tcase_add_test(c, a_bit_flips_on_the_way_out);
    tcase_add_test(c, a_bit_flips_on_the_way_in);
    tcase_add_test(c, one_sided_operations_are_hit_too);
    tcase_add_loop_test(c, a_send_completes_with_an_error, 0, FAB_C_COUNT - 1);
    tcase_add_test(c, a_receive_completes_with_an_error);
    tcase_add_test(c, other_errors_stay);
    suite_add_tcase(suite, c);
    SRunner *s = srunner_create(suite);
    srunner_run_all(s, CK_NORMAL);
    int failed = srunner_ntests_failed(s);
    srunner_free(s);
    return failed != 0;
}
