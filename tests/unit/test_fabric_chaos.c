/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_fabric_chaos.c - queues are destroyed, adapters disabled and reset at random moments, over a fabric
 * that loses, repeats and reorders. Whatever is cut off:
 *
 *   - no message arrives twice, or after a later one of its flow, or with wrong content
 *   - what completed OK at the sender has arrived; an atomic that did was executed once, one that ended
 *     otherwise at most once
 *   - in the end everything is quiet, and every pair of nodes can talk
 */
#include "tests/unit/fabric_rack.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 4, QUEUES = 2, RING = 16, LEN = 9000, KEY = 9, NUMBERS = 20000 };

static struct rack *r;
static uint64_t region[NODES], out[NODES], in[NODES][QUEUES];
static uint32_t number[NODES][NODES][QUEUES];        /* of the flow's next message */
static uint32_t arrived[NODES][NODES][QUEUES];       /* of the last one that came, + 1 */
static uint8_t state[NODES][NODES][QUEUES][NUMBERS]; /* 1 arrived, 2 completed OK */
static bool present[NODES][QUEUES];
static uint64_t added[NODES], perhaps_added[NODES];
static unsigned count[FAB_C_COUNT];

static uint8_t content(unsigned src, unsigned q, uint32_t n, uint32_t i)
{
    return (uint8_t)(src * 91 + q * 57 + n * 31 + i * 7);
}

static void setup(unsigned i, unsigned q)
{
    struct rack_node *n = &r->node[i];
    uint64_t brk = n->brk;

    if (n->q[q].send) { /* the same memory again */
        n->brk = n->q[q].send;
        must(rack_queue(n, q, RING, RING, 64) == FAB_OK);
        n->brk = brk;
    } else {
        must(rack_queue(n, q, RING, RING, 64) == FAB_OK);
        rack_alloc(n, sizeof(struct fab_admin)); /* for the command, next time */
    }
    present[i][q] = true;
    for (unsigned k = 0; k < RING; k++)
        rack_recv(n, q, in[i][q] + k * LEN, LEN, k);
}

static void received(unsigned i, unsigned q, const struct fab_cqe *c)
{
    const uint8_t *data = rack_at(&r->node[i], in[i][q] + c->cookie * LEN, LEN);

    if (c->status == FAB_C_OK) {
        must(c->imm >= arrived[c->peer][i][q]); /* never twice, never backwards */
        arrived[c->peer][i][q] = c->imm + 1;
        state[c->peer][i][q][c->imm] |= 1;
        for (uint32_t k = 0; k < c->len; k++)
            must(data[k] == content(c->peer, q, c->imm, k));
    } else {
        must(c->status == FAB_C_RESET);
    }
    rack_recv(&r->node[i], q, in[i][q] + c->cookie * LEN, LEN, c->cookie);
}

static void poll(unsigned i, unsigned q)
{
    struct fab_cqe c;

    while (present[i][q] && rack_poll(&r->node[i], q, &c)) {
        count[c.status]++;
        if (c.op == FAB_OP_RECV) {
            received(i, q, &c);
            continue;
        }
        must(c.status == FAB_C_OK || c.status == FAB_C_RESET || c.status == FAB_C_NO_QUEUE ||
             c.status == FAB_C_PEER || (c.op != FAB_OP_SEND && c.status == FAB_C_REMOTE));
        if (c.op == FAB_OP_SEND && c.status == FAB_C_OK)
            state[i][c.peer][q][c.cookie] |= 2;
        if (c.op == FAB_OP_FETCH_ADD && c.status == FAB_C_OK)
            added[c.peer]++;
        if (c.op == FAB_OP_FETCH_ADD && c.status == FAB_C_OK)
            perhaps_added[c.peer]--;
    }
}

static void start(unsigned i, unsigned q, unsigned peer)
{
    struct rack_node *n = &r->node[i];
    unsigned slot = n->q[q].send_tail % RING;
    struct fab_send d = {.op = FAB_OP_SEND,
                         .n_sge = 1,
                         .peer = (uint16_t)peer,
                         .addr = out[i] + (q * RING + slot) * LEN,
                         .key = KEY};
    uint8_t *data = rack_at(n, d.addr, LEN);

    if ((uint16_t)(n->q[q].send_tail - rack_status(n, q)->send_head) == RING)
        return;
    if (rack_random(r) % 3) {
        d.imm = number[i][peer][q]++;
        must(d.imm < NUMBERS);
        d.cookie = d.imm;
        d.len = (uint32_t)(rack_random(r) % (LEN + 1));
        for (uint32_t k = 0; k < d.len; k++)
            data[k] = content(i, q, d.imm, k);
    } else {
        d.op = FAB_OP_FETCH_ADD;
        d.len = 8;
        d.operand = 1;
        perhaps_added[peer]++;
    }
    rack_send(n, q, &d);
}

static void enable(unsigned i)
{
    struct fab_admin patience = {.op = FAB_ADMIN_TIMEOUT, .count = 5, .delay_ns = 20000};

    rack_set(&r->node[i], FAB_REG_CONTROL, FAB_CONTROL_ENABLE);
    must(rack_admin(&r->node[i], &patience) == FAB_OK);
    must(rack_region(&r->node[i], KEY, FAB_ACCESS_ATOMIC, region[i], 64) == FAB_OK);
}

/* Something ends, or comes back. */
static void disturb(void)
{
    unsigned i = (unsigned)(rack_random(r) % NODES), q = (unsigned)(rack_random(r) % QUEUES);
    struct rack_node *n = &r->node[i];

    for (unsigned k = 0; k < QUEUES; k++)
        poll(i, k);
    if (!(rack_reg(n, FAB_REG_CONTROL) & FAB_CONTROL_ENABLE)) {
        enable(i);
    } else if (rack_random(r) % 4 == 0) {
        rack_set(n, FAB_REG_CONTROL, rack_random(r) % 2 ? FAB_CONTROL_RESET : 0);
        memset(present[i], 0, sizeof present[i]);
    } else if (present[i][q]) {
        must(rack_queue_end(n, q) == FAB_OK);
        present[i][q] = false;
    }
    if (rack_random(r) % 2 && (rack_reg(n, FAB_REG_CONTROL) & FAB_CONTROL_ENABLE))
        for (unsigned k = 0; k < QUEUES; k++)
            if (!present[i][k])
                setup(i, k);
}

static void build(unsigned seed)
{
    r = rack_new(&(struct rack_config){.n = NODES, .mtu = 1024});
    r->random = seed;
    rack_up(r);
    r->loss = 10;
    r->duplicate = 20;
    r->reorder = 30;
    memset(number, 0, sizeof number);
    memset(arrived, 0, sizeof arrived);
    memset(state, 0, sizeof state);
    memset(added, 0, sizeof added);
    memset(perhaps_added, 0, sizeof perhaps_added);
    memset(count, 0, sizeof count);
    for (unsigned i = 0; i < NODES; i++) {
        region[i] = rack_alloc(&r->node[i], 64);
        out[i] = rack_alloc(&r->node[i], QUEUES * RING * LEN);
        enable(i);
        for (unsigned q = 0; q < QUEUES; q++) {
            in[i][q] = rack_alloc(&r->node[i], RING * LEN);
            setup(i, q);
        }
    }
}

static void everybody_talks(void)
{
    r->loss = r->duplicate = r->reorder = 0;
    for (unsigned i = 0; i < NODES; i++) {
        enable(i);
        for (unsigned q = 0; q < QUEUES; q++)
            if (!present[i][q])
                setup(i, q);
    }
    /* The first operation to a peer that was reset may say so. */
    for (unsigned round = 0; round < 2; round++) {
        unsigned ok = count[FAB_C_OK];
        for (unsigned k = 0; k < NODES * NODES * QUEUES; k++)
            if (k % NODES != k / NODES % NODES)
                rack_send(&r->node[k % NODES], k / NODES / NODES,
                          &(struct fab_send){.op = FAB_OP_FETCH_ADD,
                                             .n_sge = 1,
                                             .peer = (uint16_t)(k / NODES % NODES),
                                             .len = 8,
                                             .addr = region[0],
                                             .key = KEY});
        rack_until(r, r->now_ps + 100 * VTIME_MS);
        for (unsigned k = 0; k < NODES * QUEUES; k++)
            poll(k % NODES, k / NODES);
        if (round == 1)
            ck_assert_uint_eq(count[FAB_C_OK] - ok, NODES * (NODES - 1) * QUEUES);
    }
}

START_TEST(chaos)
{
    build((unsigned)_i + 1);
    for (unsigned step = 0; step < 20000; step++) {
        unsigned i = (unsigned)(rack_random(r) % NODES), q = (unsigned)(rack_random(r) % QUEUES);
        poll(i, q);
        if (present[i][q])
            start(i, q, (i + 1 + (unsigned)(rack_random(r) % (NODES - 1))) % NODES);
        if (rack_random(r) % 100 == 0)
            disturb();
        rack_until(r, r->now_ps + (vtime_t)(rack_random(r) % (2 * VTIME_US)));
    }
    for (unsigned k = 0; k < 3; k++) {
        rack_until(r, r->now_ps + 100 * VTIME_MS);
        for (unsigned i = 0; i < NODES * QUEUES; i++)
            poll(i % NODES, i / NODES);
    }
    for (unsigned i = 0; i < NODES; i++)
        for (unsigned peer = 0; peer < NODES; peer++)
            for (unsigned q = 0; q < QUEUES; q++)
                for (unsigned k = 0; k < NUMBERS; k++)
                    must(state[i][peer][q][k] != 2);
    for (unsigned i = 0; i < NODES; i++) {
        uint64_t sum = *(uint64_t *)rack_at(&r->node[i], region[i], 8);
        ck_assert_uint_ge(sum, added[i]);
        ck_assert_uint_le(sum, added[i] + perhaps_added[i]);
    }
    ck_assert_uint_gt(count[FAB_C_OK], 200);
    ck_assert_uint_gt(count[FAB_C_RESET], 0);
    ck_assert_uint_gt(count[FAB_C_NO_QUEUE] + count[FAB_C_PEER], 0);
    everybody_talks();
    for (unsigned i = 0; i < NODES; i++)
        ck_assert_uint_eq(rack_count(&r->node[i]).bad_packets, 0);
    rack_free(r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fabric_chaos");
    TCase *t = tcase_create("chaos");
    SRunner *sr = srunner_create(s);
    const char *first = getenv("COB_TEST_SEED");
    int seed = first ? atoi(first) : 0;

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, chaos, seed, seed + 8);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
