/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_interconnect_lossless.c - adapters and fabric switches, case by case: exact times, training, credits,
 * virtual channels, fairness, routes, deadlock.
 * (Random fabrics against a naive reference: test_lossless_random.c.)
 *
 * Each test is a process of its own (Check forks), for SystemC elaborates once per process. Longer than
 * usual: a list of independent cases.
 */
#include "devices/fabric/fabric_wire.h"
#include "interconnect-model/interconnect.h"
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINKS = 64, MAX_SWITCHES = 16, MAX_SEEN = 20000, HEAD = FAB_HEADER_BYTES };

struct seen {
    unsigned port;
    vtime_t time_ps;
    uint64_t id;
    uint32_t len;
    uint16_t src;
};

static struct ic_link_cfg links[MAX_LINKS];
static struct ic_switch_cfg switches[MAX_SWITCHES];
static struct ic_config cfg = {.switches = switches, .links = links};
static struct seen seen[MAX_SEEN];
static unsigned n_seen;
static uint64_t n_injected;

static void on_deliver(void *ctx, unsigned port, vtime_t time_ps, uint64_t id, const uint8_t *data,
                       uint32_t len)
{
    struct fab_wire head;

    (void)ctx;
    memcpy(&head, data, sizeof head);
    ck_assert_uint_lt(n_seen, MAX_SEEN);
    seen[n_seen++] = (struct seen){port, time_ps, id, len, head.src};
}

/* 8 Gbit/s: a byte takes 1 ns. Framing 2, delay 100 ns, pipelines 30 and 40 ns, packets of 256 bytes. */
static struct ic_link_cfg *add_link(struct ic_end a, struct ic_end b)
{
    struct ic_link_cfg *l = &links[cfg.n_links++];

    *l = (struct ic_link_cfg){.name = "link",
                              .end = {a, b},
                              .delay_ps = 100 * VTIME_NS,
                              .rate_bps = 8000000000,
                              .mtu_bytes = HEAD + 256,
                              .queue_bytes = 1 << 24,
                              .overhead_bytes = 2,
                              .fabric = true,
                              .node = {(uint16_t)a.index, (uint16_t)b.index},
                              .tx_ps = 30 * VTIME_NS,
                              .rx_ps = 40 * VTIME_NS,
                              .buffer_bytes = 4096};
    return l;
}

static struct ic_end port(unsigned index)
{
    if (index >= cfg.n_ports)
        cfg.n_ports = index + 1;
    return (struct ic_end){IC_END_PORT, index};
}

/* Latency 200 ns. */
static struct ic_end sw(unsigned index)
{
    for (; index >= cfg.n_switches; cfg.n_switches++)
        switches[cfg.n_switches] = (struct ic_switch_cfg){.name = "switch",
                                                          .fabric = true,
                                                          .mode = IC_CUT_THROUGH,
                                                          .latency_ps = 200 * VTIME_NS,
                                                          .radix = 64};
    return (struct ic_end){IC_END_SWITCH, index};
}

static struct ic *build(void)
{
    cfg.ops = (struct ic_ops){.deliver = on_deliver};
    struct ic *ic = ic_create(&cfg);
    ck_assert_msg(ic != NULL, "ic_create: %s", strerror(errno));
    return ic;
}

static void make_star(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        add_link(port(i), sw(0));
}

/* A ring of n switches with a node each. */
static void make_ring(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        add_link(port(i), sw(i));
    for (unsigned i = 0; i < n; i++)
        add_link(sw(i), sw((i + 1) % n));
}

static const uint8_t *packet(unsigned src, unsigned dst, unsigned queue, unsigned vc)
{
    static uint8_t bytes[65536];
    struct fab_wire head = {
        .vc = (uint8_t)vc, .dst = (uint16_t)dst, .src = (uint16_t)src, .queue = (uint8_t)queue};

    memcpy(bytes, &head, sizeof head);
    return bytes;
}

static void inject(struct ic *ic, unsigned src, vtime_t t, unsigned dst, unsigned vc, uint32_t payload)
{
    ck_assert_int_eq(ic_inject(ic, src, t, ++n_injected, packet(src, dst, 0, vc), HEAD + payload), 0);
}

static void advance(struct ic *ic, vtime_t until)
{
    char why[300];

    ck_assert_int_eq(ic_advance(ic, until), 0);
    ck_assert_msg(ic_check(ic, why, sizeof why) == 0, "%s", why);
}

/* Until nothing moves any more; all that was injected must have come out. */
static void finish(struct ic *ic)
{
    struct ic_totals t;

    while (ic_next_event_ps(ic) < VTIME_NEVER)
        advance(ic, ic_next_event_ps(ic) + VTIME_US);
    ic_totals(ic, &t);
    ck_assert_uint_eq(t.in_flight, 0);
    ic_destroy(ic);
}

static void saw(unsigned i, unsigned at, vtime_t time_ps, uint64_t id)
{
    ck_assert_uint_lt(i, n_seen);
    ck_assert_uint_eq(seen[i].port, at);
    ck_assert_int_eq(seen[i].time_ps, time_ps);
    ck_assert_uint_eq(seen[i].id, id);
}

static uint64_t drops(struct ic *ic, unsigned link, unsigned end, enum ic_drop why)
{
    struct ic_end_stats s;

    ck_assert_int_eq(ic_end_stats(ic, link, end, &s), 0);
    return s.dropped[why];
}

/* ---- exact times ---- */

START_TEST(direct_link)
{
    add_link(port(0), port(1));
    struct ic *ic = build();

    ck_assert_int_eq(ic_ingress_ps(ic, 0), 30 * VTIME_NS);
    ck_assert_int_eq(ic_egress_ps(ic, 1), (50 + 100 + 40) * VTIME_NS);
    inject(ic, 0, 1000, 1, 0, 10);
    inject(ic, 0, 1000, 1, 1, 0);
    inject(ic, 1, 5000, 0, 0, 256);
    finish(ic);
    ck_assert_uint_eq(n_seen, 3);
    saw(0, 1, 1000 + (30 + 60 + 100 + 40) * VTIME_NS, 1);
    saw(1, 0, 5000 + (30 + 306 + 100 + 40) * VTIME_NS, 3);
    saw(2, 1, 1000 + (30 + 60 + 50 + 100 + 40) * VTIME_NS, 2);
}
END_TEST

START_TEST(cut_through)
{
    make_star(2);
    struct ic *ic = build();

    ck_assert_int_eq(ic_ingress_ps(ic, 0), (30 + 100 + 200) * VTIME_NS);
    ck_assert_int_eq(ic_egress_ps(ic, 1), (50 + 100 + 40) * VTIME_NS);
    inject(ic, 0, 1000, 1, 0, 256);
    inject(ic, 1, 1000, 1, 0, 0); /* to itself, through the switch */
    finish(ic);
    saw(0, 1, 1000 + (30 + 100 + 200 + 306 + 100 + 40) * VTIME_NS, 1);
    saw(1, 1, 1000 + (30 + 100 + 200 + 306 + 50 + 100 + 40) * VTIME_NS, 2);
}
END_TEST

START_TEST(cut_through_waits_for_the_header)
{
    make_star(2);
    switches[0].latency_ps = 20 * VTIME_NS;
    struct ic *ic = build();

    ck_assert_int_eq(ic_ingress_ps(ic, 0), (30 + 100 + 50) * VTIME_NS);
    inject(ic, 0, 0, 1, 0, 256);
    finish(ic);
    saw(0, 1, (30 + 100 + 50 + 306 + 100 + 40) * VTIME_NS, 1);
}
END_TEST

START_TEST(store_and_forward)
{
    make_star(2);
    switches[0].mode = IC_STORE_AND_FORWARD;
    struct ic *ic = build();

    ck_assert_int_eq(ic_ingress_ps(ic, 0), (30 + 50 + 100 + 200) * VTIME_NS);
    inject(ic, 0, 1000, 1, 0, 256);
    finish(ic);
    saw(0, 1, 1000 + (30 + 306 + 100 + 200 + 306 + 100 + 40) * VTIME_NS, 1);
}
END_TEST

/* The output would be done before the input; it starts so late that it does not run dry. */
START_TEST(cut_through_into_a_faster_link)
{
    make_star(2);
    links[1].rate_bps *= 2;
    struct ic *ic = build();

    inject(ic, 0, 0, 1, 0, 256);
    finish(ic);
    saw(0, 1, (30 + 306 + 100 + 200 + 100 + 40) * VTIME_NS, 1);
}
END_TEST

START_TEST(two_switches)
{
    add_link(port(0), sw(0));
    add_link(sw(0), sw(1));
    add_link(sw(1), port(1));
    switches[1].mode = IC_STORE_AND_FORWARD;
    struct ic *ic = build();

    inject(ic, 0, 0, 1, 1, 100);
    inject(ic, 1, 0, 0, 0, 100);
    finish(ic);
    saw(1, 1, (30 + 100 + 200 + 150 + 100 + 200 + 150 + 100 + 40) * VTIME_NS, 1);
    saw(0, 0, (30 + 150 + 100 + 200 + 100 + 200 + 150 + 100 + 40) * VTIME_NS, 2);
}
END_TEST

/* ---- training ---- */

START_TEST(training_on_request)
{
    add_link(port(0), port(1))->training_ps = VTIME_US;
    struct ic *ic = build();

    ck_assert_int_eq(ic_link_up_ps(ic, 0), VTIME_NEVER);
    advance(ic, 20 * VTIME_NS);
    ck_assert_int_eq(ic_train(ic, 0, 5 * VTIME_NS), 0); /* in the past, but within ingress */
    ck_assert_int_eq(ic_link_up_ps(ic, 1), 1005 * VTIME_NS);
    ck_assert_int_eq(ic_train(ic, 1, 25 * VTIME_NS), 0);
    advance(ic, 100 * VTIME_NS);
    ck_assert_int_eq(ic_link_up_ps(ic, 0), 1005 * VTIME_NS);
    ck_assert_int_eq(ic_train(ic, 0, 2 * VTIME_NS), -1);
    ck_assert_int_eq(errno, EINVAL);
    inject(ic, 1, 1005 * VTIME_NS, 0, 0, 0);
    finish(ic);
    saw(0, 0, (1005 + 30 + 50 + 100 + 40) * VTIME_NS, 1);
}
END_TEST

/* Node 1 never asked for anything: the packet for it has its link trained, and waits in the switch. */
START_TEST(training_by_a_packet_in_a_switch)
{
    make_star(3);
    links[0].training_ps = links[1].training_ps = VTIME_US;
    struct ic *ic = build();

    ck_assert_int_eq(ic_train(ic, 0, 0), 0);
    inject(ic, 0, VTIME_US, 1, 0, 0);
    advance(ic, VTIME_US + 329 * VTIME_NS);
    ck_assert_int_eq(ic_link_up_ps(ic, 1), VTIME_NEVER);
    advance(ic, VTIME_US + 331 * VTIME_NS);
    ck_assert_int_eq(ic_link_up_ps(ic, 1), (2000 + 330) * VTIME_NS);
    finish(ic);
    saw(0, 1, (2000 + 330 + 50 + 100 + 40) * VTIME_NS, 1);
}
END_TEST

/* ---- drops: there are none but these ---- */

START_TEST(dropped_at_once)
{
    add_link(port(0), port(1));
    links[0].queue_bytes = 1000;
    struct ic *ic = build();

    inject(ic, 0, 0, 7, 0, 0);
    inject(ic, 0, 0, 0, 0, 0);
    inject(ic, 0, 0, 1, 2, 0); /* no such class */
    ck_assert_int_eq(ic_inject(ic, 0, 0, ++n_injected, packet(0, 1, 0, 0), HEAD - 1), 0);
    inject(ic, 0, 0, 1, 0, 257);
    for (int i = 0; i < 4; i++)
        inject(ic, 0, 0, 1, 0, 256); /* 304 bytes each: the fourth does not fit */
    advance(ic, VTIME_US);
    ck_assert_uint_eq(drops(ic, 0, 0, IC_DROP_NO_ROUTE), 2);
    ck_assert_uint_eq(drops(ic, 0, 0, IC_DROP_RUNT), 2);
    ck_assert_uint_eq(drops(ic, 0, 0, IC_DROP_TOO_LONG), 1);
    ck_assert_uint_eq(drops(ic, 0, 0, IC_DROP_QUEUE_FULL), 1);
    finish(ic);
    ck_assert_uint_eq(n_seen, 3);
}
END_TEST

START_TEST(no_route_in_a_switch)
{
    make_star(2);
    add_link(port(2), sw(1)); /* an island */
    links[0].buffer_bytes = HEAD + 256;
    struct ic *ic = build();

    for (int i = 0; i < 5; i++) {
        inject(ic, 0, 0, 2, 0, 256);
        inject(ic, 0, 0, 9, 0, 256);
    }
    inject(ic, 0, 0, 1, 0, 256);
    advance(ic, 100 * VTIME_US);
    ck_assert_uint_eq(drops(ic, 0, 1, IC_DROP_NO_ROUTE), 10);
    finish(ic);
    ck_assert_uint_eq(n_seen, 1); /* the room that they took was given back */
}
END_TEST

/* ---- credits ---- */

/* Room for one packet: the next one starts when the credit is back, a whole round later. */
START_TEST(one_packet_at_a_time)
{
    struct ic_vc_stats vc;
    add_link(port(0), port(1))->buffer_bytes = HEAD + 256;
    struct ic *ic = build();

    inject(ic, 0, 0, 1, 0, 256);
    inject(ic, 0, 0, 1, 0, 256);
    inject(ic, 0, 0, 1, 1, 256); /* another class has a buffer of its own */
    ck_assert_uint_eq(ic_n_vcs(ic, 0), 2);
    advance(ic, 100 * VTIME_NS);
    ck_assert_int_eq(ic_vc_stats(ic, 0, 0, 0, &vc), 0);
    ck_assert_uint_eq(vc.credit_bytes, 0);
    finish(ic);
    saw(0, 1, (30 + 306 + 100 + 40) * VTIME_NS, 1);
    saw(1, 1, (30 + 306 + 306 + 100 + 40) * VTIME_NS, 3);
    saw(2, 1, (30 + 2 * 306 + 306 + 100 + 40) * VTIME_NS, 2); /* back after 306 + 100 + 100 < 612 */
}
END_TEST

START_TEST(stalls)
{
    struct ic_vc_stats vc;
    add_link(port(0), port(1))->buffer_bytes = HEAD + 256;
    struct ic *ic = build();

    for (int i = 0; i < 10; i++)
        inject(ic, 0, 0, 1, 0, 256);
    advance(ic, 100 * VTIME_US);
    ck_assert_int_eq(ic_vc_stats(ic, 0, 0, 0, &vc), 0);
    ck_assert_int_eq(vc.stall_ps, 9 * 200 * VTIME_NS);
    ck_assert_uint_eq(vc.sent_packets, 10);
    ck_assert_uint_eq(vc.sent_bytes, 10 * (HEAD + 256));
    ck_assert_uint_eq(vc.peak_bytes, HEAD + 256);
    ck_assert_uint_eq(vc.credit_bytes, HEAD + 256);
    ck_assert_int_eq(ic_vc_stats(ic, 0, 0, 2, &vc), -1);
    ck_assert_int_eq(ic_vc_stats(ic, 1, 0, 0, &vc), -1);
    finish(ic);
    for (unsigned i = 0; i < 10; i++)
        saw(i, 1, (30 + i * 506 + 306 + 100 + 40) * VTIME_NS, i + 1);
}
END_TEST

/* Two fast inputs into one slow output: nothing is lost, however small the buffers, and the inputs wait. */
START_TEST(back_pressure)
{
    make_star(3);
    for (unsigned i = 0; i < 3; i++)
        links[i].buffer_bytes = HEAD + 256;
    links[2].rate_bps /= 8;
    struct ic *ic = build();

    for (int i = 0; i < 100; i++) {
        inject(ic, 0, 0, 2, 0, 256);
        inject(ic, 1, 0, 2, 0, 256);
    }
    finish(ic);
    ck_assert_uint_eq(n_seen, 200);
    for (unsigned i = 0; i < 200; i++)
        ck_assert_uint_eq(seen[i].src, i % 2); /* in turn */
}
END_TEST

/* ---- rings and tori ---- */

/* Everybody sends to who is half-way round, all clockwise (odd rings have one shortest way), buffers of one
 * packet. Returns what is still in flight when nothing moves any more. */
static uint64_t storm(struct ic *ic, unsigned n, unsigned packets)
{
    struct ic_totals t;

    for (unsigned k = 0; k < packets; k++)
        for (unsigned i = 0; i < n; i++)
            inject(ic, i, 0, (i + n / 2) % n, k % 2, 256);
    while (ic_next_event_ps(ic) < VTIME_NEVER)
        advance(ic, ic_next_event_ps(ic) + 10 * VTIME_US);
    ic_totals(ic, &t);
    ck_assert_uint_eq(t.dropped, 0);
    ck_assert_uint_eq(t.delivered + t.in_flight, t.injected);
    return t.in_flight;
}

START_TEST(ring_without_layers_deadlocks)
{
    make_ring(7);
    cfg.may_deadlock = true;
    for (unsigned i = 0; i < cfg.n_links; i++)
        links[i].buffer_bytes = HEAD + 256;
    struct ic *ic = build();

    ck_assert_uint_eq(ic_n_vcs(ic, 0), FAB_VCS);
    ck_assert_uint_gt(storm(ic, 7, 100), 0);
    ic_destroy(ic);
}
END_TEST

START_TEST(ring_with_layers_does_not)
{
    make_ring(7);
    for (unsigned i = 0; i < cfg.n_links; i++)
        links[i].buffer_bytes = HEAD + 256;
    struct ic *ic = build();

    ck_assert_uint_eq(ic_n_vcs(ic, 0), 2 * FAB_VCS);
    ck_assert_uint_eq(storm(ic, 7, 100), 0);
    finish(ic);
    ck_assert_uint_eq(n_seen, 700);
}
END_TEST

/* dimensions: whether the links are labelled with theirs */
static void make_torus(unsigned x, unsigned y, bool dimensions)
{
    for (unsigned i = 0; i < x * y; i++)
        add_link(port(i), sw(i));
    for (unsigned i = 0; i < x * y; i++) {
        unsigned col = i % x, row = i / x;

        add_link(sw(i), sw(row * x + (col + 1) % x));
        add_link(sw(i), sw((row + 1) % y * x + col))->dimension = dimensions;
    }
}

START_TEST(torus_has_two_layers)
{
    static const unsigned layers[] = {4, 2}; /* without dimensions: each is one long way with more turns */

    make_torus(4, 4, _i);
    for (unsigned i = 0; i < cfg.n_links; i++)
        links[i].buffer_bytes = HEAD + 256;
    struct ic *ic = build();

    if (_i)
        ck_assert_uint_eq(ic_n_vcs(ic, 0), FAB_VCS * layers[_i]);
    ck_assert_uint_gt(ic_n_vcs(ic, 0), FAB_VCS);
    ck_assert_uint_eq(storm(ic, 16, 100), 0);
    finish(ic);
}
END_TEST

/* Dimensions that go up and down along a ring, so that no order of buffers exists. */
START_TEST(dimensions_that_deadlock)
{
    make_ring(6);
    for (unsigned i = 6; i < 12; i++)
        links[i].dimension = i % 2;
    cfg.ops.deliver = on_deliver;
    ck_assert_ptr_null(ic_create(&cfg));
    ck_assert_int_eq(errno, EDEADLK);
    cfg.may_deadlock = true;
    finish(build());
}
END_TEST

/* Leaf and spine: no circles, one layer; flows spread over the spines, each stays in order. */
START_TEST(leaves_and_spines)
{
    struct ic_end_stats s;
    uint64_t last[8][8] = {{0}};
    unsigned used = 0;

    for (unsigned i = 0; i < 8; i++)
        add_link(port(i), sw(i / 4));
    for (unsigned leaf = 0; leaf < 2; leaf++)
        for (unsigned spine = 2; spine < 6; spine++)
            add_link(sw(leaf), sw(spine));
    struct ic *ic = build();

    ck_assert_uint_eq(ic_n_vcs(ic, 0), FAB_VCS);
    for (unsigned k = 0; k < 50; k++)
        for (unsigned i = 0; i < 8; i++)
            for (unsigned j = 0; j < 8; j++)
                inject(ic, i, k * VTIME_US, j, 0, (i * 37 + j * 11 + k * 5) % 257);
    while (ic_next_event_ps(ic) < VTIME_NEVER)
        advance(ic, ic_next_event_ps(ic) + VTIME_US);
    ck_assert_uint_eq(n_seen, 50 * 64);
    for (unsigned i = 0; i < n_seen; i++) {
        ck_assert_uint_gt(seen[i].id, last[seen[i].src][seen[i].port]);
        last[seen[i].src][seen[i].port] = seen[i].id;
    }
    for (unsigned l = 8; l < 16; l++) {
        ck_assert_int_eq(ic_end_stats(ic, l, 0, &s), 0);
        used += s.sent_frames > 0;
    }
    ck_assert_uint_eq(used, 8);
    finish(ic);
}
END_TEST

/* ---- fairness ---- */

/* Seven nodes send to one as fast as they can, each a different number of packets ahead: equal shares. */
START_TEST(hot_spot_is_shared)
{
    unsigned count[8] = {0};

    make_star(8);
    for (unsigned i = 0; i < 8; i++)
        links[i].buffer_bytes = 2 * (HEAD + 256);
    struct ic *ic = build();

    for (unsigned i = 1; i < 8; i++)
        for (unsigned k = 0; k < 100 * i; k++)
            inject(ic, i, 0, 0, 0, 256);
    while (n_seen < 7 * 90)
        advance(ic, ic_next_event_ps(ic) + VTIME_US);
    for (unsigned i = 0; i < 7 * 90; i++)
        count[seen[i].src]++;
    for (unsigned i = 1; i < 8; i++) {
        ck_assert_uint_ge(count[i], 89);
        ck_assert_uint_le(count[i], 91);
    }
    finish(ic);
}
END_TEST

/* Answers do not wait behind requests that cannot go on. */
START_TEST(classes_do_not_wait_for_each_other)
{
    make_star(3);
    for (unsigned i = 0; i < 3; i++)
        links[i].buffer_bytes = HEAD + 256;
    links[2].rate_bps /= 1000;
    struct ic *ic = build();

    for (int i = 0; i < 5; i++)
        inject(ic, 0, 0, 2, 0, 256); /* to the slow one: fill the buffers and the queue */
    inject(ic, 0, 2 * VTIME_US, 1, 1, 0);
    advance(ic, 10 * VTIME_US);
    ck_assert_uint_eq(n_seen, 2);
    saw(1, 1, (2000 + 30 + 100 + 200 + 50 + 100 + 40) * VTIME_NS, 6);
    finish(ic);
    ck_assert_uint_eq(n_seen, 6);
}
END_TEST

/* ---- what cannot be built ---- */

#define REFUSED(change)                                                                                      \
    do {                                                                                                     \
        const struct ic_link_cfg link = links[0];                                                            \
        const struct ic_switch_cfg first = switches[0];                                                      \
        change;                                                                                              \
        ck_assert_ptr_null(ic_create(&cfg));                                                                 \
        ck_assert_int_eq(errno, EINVAL);                                                                     \
        links[0] = link;                                                                                     \
        switches[0] = first;                                                                                 \
    } while (0)

START_TEST(refused)
{
    make_star(3);
    cfg.ops.deliver = on_deliver;
    REFUSED(links[0].fabric = false);
    REFUSED(switches[0].fabric = false);
    REFUSED(links[0].node[0] = 1);
    REFUSED(links[0].mtu_bytes = HEAD - 1);
    REFUSED(links[0].buffer_bytes = HEAD + 255);
    REFUSED(links[0].tx_ps = -1);
    REFUSED(links[0].rx_ps = VTIME_NEVER);
    REFUSED(links[0].training_ps = 30 * VTIME_NS);
    REFUSED(switches[0].radix = 2);
    finish(build());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("interconnect, lossless");
    TCase *tc = tcase_create("cases");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, direct_link);
    tcase_add_test(tc, cut_through);
    tcase_add_test(tc, cut_through_waits_for_the_header);
    tcase_add_test(tc, store_and_forward);
    tcase_add_test(tc, cut_through_into_a_faster_link);
    tcase_add_test(tc, two_switches);
    tcase_add_test(tc, training_on_request);
    tcase_add_test(tc, training_by_a_packet_in_a_switch);
    tcase_add_test(tc, dropped_at_once);
    tcase_add_test(tc, no_route_in_a_switch);
    tcase_add_test(tc, one_packet_at_a_time);
    tcase_add_test(tc, stalls);
    tcase_add_test(tc, back_pressure);
    tcase_add_test(tc, ring_without_layers_deadlocks);
    tcase_add_test(tc, ring_with_layers_does_not);
    tcase_add_loop_test(tc, torus_has_two_layers, 0, 2);
    tcase_add_test(tc, dimensions_that_deadlock);
    tcase_add_test(tc, leaves_and_spines);
    tcase_add_test(tc, hot_spot_is_shared);
    tcase_add_test(tc, classes_do_not_wait_for_each_other);
    tcase_add_test(tc, refused);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
