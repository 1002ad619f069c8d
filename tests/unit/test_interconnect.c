/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_interconnect.c - the fabric, case by case: exact times, queues, training, switches, errors.
 * (Random topologies against naive references: test_interconnect_random.c.)
 *
 * SystemC elaborates once per process; Check runs each test in a process of its own, so each may build one
 * fabric. Longer than usual: a list of independent cases, each a few lines.
 */
#include "interconnect-model/interconnect.h"
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SEEN = 64, MAX_ENDS = 8 };

struct seen {
    unsigned port;
    vtime_t time_ps;
    uint64_t id;
    uint32_t len;
};

static struct seen seen[MAX_SEEN];
static unsigned n_seen;
static struct ic_event events[MAX_SEEN * 8];
static unsigned n_events;

static void on_deliver(void *ctx, unsigned port, vtime_t time_ps, uint64_t id, const uint8_t *data,
                       uint32_t len)
{
    ck_assert_ptr_eq(ctx, seen);
    ck_assert_ptr_nonnull(data);
    seen[n_seen++ % MAX_SEEN] = (struct seen){port, time_ps, id, len};
}

static void on_event(void *ctx, const struct ic_event *ev)
{
    ck_assert_ptr_eq(ctx, seen);
    events[n_events++ % (MAX_SEEN * 8)] = *ev;
}

static struct ic_link_cfg links[MAX_ENDS];
static struct ic_switch_cfg switches[2];

/* 1 Gbit/s, 500 ns, overhead 24: a byte takes 8 ns. */
static struct ic_link_cfg gigabit(enum ic_end_kind kind, unsigned index, unsigned port)
{
    return (struct ic_link_cfg){.name = "gigabit",
                                .end = {{kind, index}, {IC_END_PORT, port}},
                                .delay_ps = 500 * VTIME_NS,
                                .rate_bps = 1000000000,
                                .mtu_bytes = 1514,
                                .queue_bytes = 100000,
                                .overhead_bytes = 24};
}

static struct ic_config config(unsigned ports, unsigned n_switches, unsigned n_links)
{
    return (struct ic_config){.n_ports = ports,
                              .n_switches = n_switches,
                              .switches = switches,
                              .n_links = n_links,
                              .links = links,
                              .ops = {.deliver = on_deliver, .event = on_event},
                              .ctx = seen};
}

static struct ic *build(struct ic_config cfg)
{
    struct ic *ic = ic_create(&cfg);
    ck_assert_msg(ic != NULL, "ic_create: %s", strerror(errno));
    return ic;
}

static struct ic *pair(void)
{
    return build(config(2, 0, 1));
}

/* A switch with `ports` ports on the links as they are in links[]. */
static struct ic *star(unsigned ports)
{
    return build(config(ports, 1, ports));
}

static void gigabit_star(unsigned ports, enum ic_switch_mode mode)
{
    switches[0] = (struct ic_switch_cfg){.name = "sw",
                                         .mode = mode,
                                         .latency_ps = 300 * VTIME_NS,
                                         .table_size = 1024,
                                         .ageing_ps = VTIME_NEVER};
    for (unsigned i = 0; i < ports; i++)
        links[i] = gigabit(IC_END_SWITCH, 0, i);
}

static const uint8_t *frame(unsigned to, unsigned from)
{
    static uint8_t bytes[4096];
    const uint8_t mac[14] = {2, 0, 0, 0, to >> 8, to & 255, 2, 0, 0, 0, from >> 8, from & 255, 8, 0};

    memcpy(bytes, mac, sizeof mac);
    if (to == 0xffff)
        memset(bytes, 0xff, 6);
    return bytes;
}

static void inject(struct ic *ic, unsigned port, vtime_t t, uint64_t id, unsigned to, unsigned from,
                   uint32_t len)
{
    ck_assert_int_eq(ic_inject(ic, port, t, id, frame(to, from), len), 0);
}

static void advance(struct ic *ic, vtime_t until)
{
    char why[200];

    ck_assert_int_eq(ic_advance(ic, until), 0);
    ck_assert_msg(ic_check(ic, why, sizeof why) == 0, "%s", why);
    ck_assert_int_eq(ic_now_ps(ic), until);
}

static void finish(struct ic *ic)
{
    struct ic_totals sum;

    advance(ic, VTIME_NEVER);
    ck_assert_int_eq(ic_next_event_ps(ic), VTIME_NEVER);
    ic_totals(ic, &sum);
    ck_assert_uint_eq(sum.in_flight, 0);
    ck_assert_uint_eq(sum.delivered, n_seen);
    ic_destroy(ic);
}

static void expect(unsigned i, unsigned port, vtime_t time_ps, uint64_t id)
{
    ck_assert_uint_lt(i, n_seen);
    ck_assert_uint_eq(seen[i].port, port);
    ck_assert_int_eq(seen[i].time_ps, time_ps);
    ck_assert_uint_eq(seen[i].id, id);
}

static uint64_t dropped(struct ic *ic, unsigned link, unsigned end, enum ic_drop why)
{
    struct ic_end_stats stats;

    ck_assert_int_eq(ic_end_stats(ic, link, end, &stats), 0);
    return stats.dropped[why];
}

/* The time of the first event of this kind on this link; the test fails if there is none. */
static vtime_t first_event(unsigned link, enum ic_event_kind kind)
{
    for (unsigned i = 0; i < n_events; i++)
        if (events[i].link == link && events[i].kind == kind)
            return events[i].time_ps;
    ck_abort_msg("no event of kind %d", (int)kind);
    return 0;
}

/* ---- one link ---- */

START_TEST(pair_times)
{
    links[0] = gigabit(IC_END_PORT, 0, 1);
    struct ic *ic = pair();

    ck_assert_int_eq(ic_ingress_ps(ic, 0), 0);
    ck_assert_int_eq(ic_egress_ps(ic, 0), 500 * VTIME_NS + 25 * 8 * VTIME_NS);
    ck_assert_int_eq(ic_link_up_ps(ic, 0), 0);
    ck_assert_int_eq(ic_next_event_ps(ic), VTIME_NEVER);
    inject(ic, 0, 1000, 7, 1, 0, 100);
    ck_assert_int_eq(ic_next_event_ps(ic), 1000);
    advance(ic, 1000); /* half-open */
    ck_assert_uint_eq(n_seen, 0);
    advance(ic, 1001); /* announced as soon as it is being sent */
    ck_assert_uint_eq(n_seen, 1);
    expect(0, 1, 1000 + 124 * 8 * VTIME_NS + 500 * VTIME_NS, 7);
    ck_assert_uint_eq(seen[0].len, 100);
    ck_assert_int_eq(first_event(0, IC_EV_QUEUED), 1000);
    ck_assert_int_eq(first_event(0, IC_EV_SENT), 1000);
    ck_assert_int_eq(first_event(0, IC_EV_ARRIVED), seen[0].time_ps);
    inject(ic, 1, 50 * VTIME_US, 8, 0, 1, 1);
    finish(ic);
    expect(1, 0, 50 * VTIME_US + 25 * 8 * VTIME_NS + 500 * VTIME_NS, 8);
}
END_TEST

START_TEST(serialisation_rounds_up)
{
    links[0] = gigabit(IC_END_PORT, 0, 1);
    links[0].rate_bps = 7000000000;
    links[0].overhead_bytes = 0;
    links[0].delay_ps = 1;
    struct ic *ic = pair();

    inject(ic, 0, 0, 1, 1, 0, 7);  /* 56 bits: 8000 ps exactly */
    inject(ic, 1, 0, 2, 0, 1, 10); /* 80 bits: 11428.57 ps */
    finish(ic);
    expect(0, 1, 8001, 1);
    expect(1, 0, 11430, 2);
}
END_TEST

START_TEST(slow_and_fast_rates)
{
    links[0] = gigabit(IC_END_PORT, 0, 1);
    links[0].rate_bps = 1;
    links[0].queue_bytes = 4000;
    struct ic *ic = pair();

    inject(ic, 0, 0, 1, 1, 0, 1000); /* 8192 s */
    finish(ic);
    expect(0, 1, 8192 * VTIME_S + 500 * VTIME_NS, 1);
}
END_TEST

START_TEST(rate_beyond_the_resolution)
{
    links[0] = gigabit(IC_END_PORT, 0, 1);
    links[0].rate_bps = UINT64_MAX;
    struct ic *ic = pair();

    inject(ic, 0, 5, 1, 1, 0, 1000);
    inject(ic, 0, 5, 2, 1, 0, 1000);
    finish(ic);
    expect(0, 1, 5 + 1 + 500 * VTIME_NS, 1);
    expect(1, 1, 5 + 2 + 500 * VTIME_NS, 2);
}
END_TEST

START_TEST(frames_queue_behind_each_other)
{
    const vtime_t one = 124 * 8 * VTIME_NS, delay = 500 * VTIME_NS;

    links[0] = gigabit(IC_END_PORT, 0, 1);
    struct ic *ic = pair();

    inject(ic, 0, 0, 1, 1, 0, 100);
    inject(ic, 0, 0, 2, 1, 0, 100);
    inject(ic, 0, one, 3, 1, 0, 100);         /* waits for the second */
    inject(ic, 0, 3 * one, 4, 1, 0, 100);     /* the wire is free just then */
    inject(ic, 0, 5 * one + 1, 5, 1, 0, 100); /* after a pause */
    finish(ic);
    for (unsigned i = 0; i < 4; i++)
        expect(i, 1, (i + 1) * one + delay, i + 1);
    expect(4, 1, 6 * one + 1 + delay, 5);
}
END_TEST

START_TEST(directions_are_independent)
{
    links[0] = gigabit(IC_END_PORT, 0, 1);
    struct ic *ic = pair();

    for (unsigned i = 0; i < 5; i++) {
        inject(ic, 0, 0, 10 + i, 1, 0, 1000);
        inject(ic, 1, 0, 20 + i, 0, 1, 1000);
    }
    finish(ic);
    unsigned n[2] = {0, 0};
    for (unsigned i = 0; i < n_seen; i++)
        ck_assert_int_eq(seen[i].time_ps, ++n[seen[i].port] * 1024 * 8 * VTIME_NS + 500 * VTIME_NS);
    ck_assert_uint_eq(n[0], 5);
    ck_assert_uint_eq(n[1], 5);
}
END_TEST

START_TEST(mtu)
{
    links[0] = gigabit(IC_END_PORT, 0, 1);
    struct ic *ic = pair();

    inject(ic, 0, 0, 1, 1, 0, 1514);
    inject(ic, 0, 0, 2, 1, 0, 1515);
    advance(ic, VTIME_S);
    ck_assert_uint_eq(n_seen, 1);
    ck_assert_uint_eq(dropped(ic, 0, 0, IC_DROP_TOO_LONG), 1);
    ck_assert_int_eq(first_event(0, IC_EV_DROPPED), 0);
    finish(ic);
}
END_TEST

START_TEST(queue_drops_its_tail)
{
    const vtime_t one = 124 * 8 * VTIME_NS;
    struct ic_end_stats stats;

    links[0] = gigabit(IC_END_PORT, 0, 1);
    links[0].queue_bytes = 300;
    struct ic *ic = pair();

    for (unsigned i = 0; i < 5; i++) /* the one being sent and two behind it; then no more */
        inject(ic, 0, 0, i, 1, 0, 100);
    inject(ic, 0, one - 1, 5, 1, 0, 100); /* still full */
    inject(ic, 0, one, 6, 1, 0, 100);     /* a place has just become free */
    inject(ic, 0, one, 7, 1, 0, 1);       /* not a byte more */
    advance(ic, one / 2);
    ck_assert_int_eq(ic_end_stats(ic, 0, 0, &stats), 0);
    ck_assert_int_eq(stats.busy_ps, one / 2);
    advance(ic, VTIME_S);
    ck_assert_uint_eq(n_seen, 4);
    for (unsigned i = 0; i < 3; i++)
        expect(i, 1, (i + 1) * one + 500 * VTIME_NS, i);
    expect(3, 1, 4 * one + 500 * VTIME_NS, 6);
    ck_assert_int_eq(ic_end_stats(ic, 0, 0, &stats), 0);
    ck_assert_uint_eq(stats.dropped[IC_DROP_QUEUE_FULL], 4);
    ck_assert_uint_eq(stats.queued_frames, 4);
    ck_assert_uint_eq(stats.queued_bytes, 400);
    ck_assert_uint_eq(stats.sent_frames, 4);
    ck_assert_uint_eq(stats.sent_bytes, 400);
    ck_assert_uint_eq(stats.queue_peak_bytes, 300);
    ck_assert_int_eq(stats.busy_ps, 4 * one);
    ck_assert_int_eq(ic_end_stats(ic, 0, 1, &stats), 0);
    ck_assert_uint_eq(stats.arrived_frames, 4);
    ck_assert_uint_eq(stats.arrived_bytes, 400);
    ck_assert_uint_eq(stats.sent_frames, 0);
    uint32_t expected = 100; /* the events tell the queue's length: 100 queued, 100 sent, 200 queued.. */
    for (unsigned i = 0; i < n_events && expected <= 300; i++)
        if (events[i].kind == IC_EV_QUEUED) {
            ck_assert_uint_eq(events[i].queue_bytes, expected);
            expected += 100;
        }
    finish(ic);
}
END_TEST

/* ---- training ---- */

START_TEST(either_end_starts_training)
{
    const unsigned first = (unsigned)_i, second = !first;
    const vtime_t one = 124 * 8 * VTIME_NS, delay = 500 * VTIME_NS, up = 3000 + VTIME_MS;

    links[0] = gigabit(IC_END_PORT, 0, 1);
    links[0].training_ps = VTIME_MS;
    struct ic *ic = pair();

    ck_assert_int_eq(ic_training_ps(ic, 0), VTIME_MS);
    ck_assert_int_eq(ic_link_up_ps(ic, 0), VTIME_NEVER);
    inject(ic, first, 1000, 9, 1, 0, 1515); /* refused: does not count as wanting to send */
    ck_assert_int_eq(ic_link_up_ps(ic, 0), VTIME_NEVER);
    inject(ic, first, 3000, 1, 1, 0, 100);
    ck_assert_int_eq(ic_link_up_ps(ic, 0), up); /* foreseen */
    ck_assert_int_eq(ic_link_up_ps(ic, 1), up);
    inject(ic, first, 4000, 2, 1, 0, 100);
    inject(ic, second, 5000, 3, 1, 0, 100);
    advance(ic, up);
    ck_assert_uint_eq(n_seen, 0);
    ck_assert_int_eq(ic_link_up_ps(ic, 0), up);
    advance(ic, up + 1);
    ck_assert_uint_eq(n_seen, 2);
    finish(ic);
    ck_assert_uint_eq(n_seen, 3);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(seen[i].time_ps, up + delay + (seen[i].id == 2 ? 2 * one : one));
    ck_assert_int_eq(first_event(0, IC_EV_TRAINING), 3000);
    ck_assert_int_eq(first_event(0, IC_EV_UP), up);
    ck_assert_int_eq(first_event(0, IC_EV_SENT), up);
}
END_TEST

START_TEST(waiting_frames_count_against_the_limit)
{
    links[0] = gigabit(IC_END_PORT, 0, 1);
    links[0].training_ps = VTIME_MS;
    links[0].queue_bytes = 250;
    struct ic *ic = pair();

    for (unsigned i = 0; i < 4; i++)
        inject(ic, 0, i, i, 1, 0, 100);
    advance(ic, VTIME_MS / 2);
    ck_assert_uint_eq(dropped(ic, 0, 0, IC_DROP_QUEUE_FULL), 2);
    finish(ic);
    ck_assert_uint_eq(n_seen, 2);
}
END_TEST

START_TEST(switch_starts_training)
{
    const vtime_t wanted = 124 * 8 * VTIME_NS + 500 * VTIME_NS + 300 * VTIME_NS;

    gigabit_star(2, IC_STORE_AND_FORWARD);
    links[1].training_ps = 10 * VTIME_US;
    struct ic *ic = star(2);

    inject(ic, 0, 0, 1, 1, 0, 100);
    ck_assert_int_eq(ic_link_up_ps(ic, 1), VTIME_NEVER);
    advance(ic, wanted + 1);
    ck_assert_int_eq(ic_link_up_ps(ic, 1), wanted + 10 * VTIME_US);
    /* The port wanted to send before the switch did, which becomes known late: see ic_inject. */
    if (_i == 1) {
        inject(ic, 1, wanted - 50, 2, 0, 1, 100);
        ck_assert_int_eq(ic_link_up_ps(ic, 1), wanted - 50 + 10 * VTIME_US);
    }
    finish(ic);
    vtime_t up = (_i == 1 ? wanted - 50 : wanted) + 10 * VTIME_US;
    expect(0, 1, up + 124 * 8 * VTIME_NS + 500 * VTIME_NS, 1);
    ck_assert_int_eq(first_event(1, IC_EV_TRAINING), up - 10 * VTIME_US);
    ck_assert_int_eq(first_event(1, IC_EV_UP), up);
    if (_i == 1)
        expect(1, 0, up + 2 * (124 * 8 + 500) * VTIME_NS + 300 * VTIME_NS, 2);
}
END_TEST

/* ---- switches ---- */

START_TEST(lookahead_of_a_port_on_a_switch)
{
    gigabit_star(2, IC_STORE_AND_FORWARD);
    links[1].training_ps = 1000;
    struct ic *ic = star(2);

    ck_assert_int_eq(ic_ingress_ps(ic, 0), (38 * 8 + 500 + 300) * VTIME_NS);
    ck_assert_int_eq(ic_egress_ps(ic, 0), (38 * 8 + 500) * VTIME_NS);
    ck_assert_int_eq(ic_ingress_ps(ic, 1), 1000); /* training is shared with the switch's end */
    finish(ic);
}
END_TEST

START_TEST(store_and_forward_times)
{
    const vtime_t hop = (124 * 8 + 500) * VTIME_NS;

    gigabit_star(2, IC_STORE_AND_FORWARD);
    struct ic *ic = star(2);

    inject(ic, 0, 0, 1, 1, 0, 100);
    inject(ic, 0, 0, 2, 1, 0, 100);
    finish(ic);
    expect(0, 1, 2 * hop + 300 * VTIME_NS, 1);
    expect(1, 1, 2 * hop + (300 + 124 * 8) * VTIME_NS, 2);
}
END_TEST

START_TEST(cut_through_times)
{
    gigabit_star(2, IC_CUT_THROUGH);
    struct ic *ic = star(2);

    inject(ic, 0, 0, 1, 1, 0, 1000); /* header in, latency, then the whole frame on the second link */
    finish(ic);
    expect(0, 1, (38 * 8 + 500 + 300 + 1024 * 8 + 500) * VTIME_NS, 1);
    ck_assert_int_eq(first_event(0, IC_EV_ARRIVED), (1024 * 8 + 500) * VTIME_NS);
}
END_TEST

START_TEST(cut_through_into_a_faster_link)
{
    gigabit_star(2, IC_CUT_THROUGH);
    links[1].rate_bps = 10000000000;
    struct ic *ic = star(2);

    inject(ic, 0, 0, 1, 1, 0, 1000); /* the last bit leaves latency after it came */
    finish(ic);
    expect(0, 1, (1024 * 8 + 500 + 300 + 500) * VTIME_NS, 1);
}
END_TEST

START_TEST(cut_through_into_a_slower_link)
{
    gigabit_star(2, IC_CUT_THROUGH);
    links[1].rate_bps = 100000000;
    struct ic *ic = star(2);

    inject(ic, 0, 0, 1, 1, 0, 1000);
    inject(ic, 0, 0, 2, 1, 0, 1000);
    finish(ic);
    expect(0, 1, (38 * 8 + 500 + 300 + 1024 * 80 + 500) * VTIME_NS, 1);
    expect(1, 1, (38 * 8 + 500 + 300 + 2 * 1024 * 80 + 500) * VTIME_NS, 2);
}
END_TEST

START_TEST(learns_and_floods)
{
    struct ic_totals sum;

    gigabit_star(4, IC_STORE_AND_FORWARD);
    struct ic *ic = star(4);

    inject(ic, 0, 0, 1, 1, 0, 60); /* unknown: to 1, 2 and 3 */
    advance(ic, 100 * VTIME_US);
    ck_assert_uint_eq(n_seen, 3);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(seen[i].port, i + 1);
    ic_totals(ic, &sum);
    ck_assert_uint_eq(sum.copied, 2);
    inject(ic, 1, 100 * VTIME_US, 2, 0, 1, 60); /* 0 is known */
    advance(ic, 200 * VTIME_US);
    ck_assert_uint_eq(n_seen, 4);
    ck_assert_uint_eq(seen[3].port, 0);
    inject(ic, 0, 200 * VTIME_US, 3, 0xffff, 0, 60); /* broadcast, always flooded */
    inject(ic, 3, 200 * VTIME_US, 4, 1, 3, 60);      /* 1 is known */
    advance(ic, 300 * VTIME_US);
    ck_assert_uint_eq(n_seen, 8);
    inject(ic, 2, 300 * VTIME_US, 5, 0, 1, 60); /* 1 has moved to port 2 */
    inject(ic, 0, 400 * VTIME_US, 6, 1, 0, 60);
    advance(ic, 500 * VTIME_US);
    ck_assert_uint_eq(n_seen, 10);
    ck_assert_uint_eq(seen[9].port, 2);
    finish(ic);
}
END_TEST

START_TEST(group_addresses_are_not_learnt)
{
    uint8_t bytes[60];

    gigabit_star(3, IC_STORE_AND_FORWARD);
    struct ic *ic = star(3);

    memcpy(bytes, frame(1, 0), sizeof bytes);
    bytes[6] = 0x03; /* a group address as the source */
    ck_assert_int_eq(ic_inject(ic, 0, 0, 1, bytes, sizeof bytes), 0);
    advance(ic, VTIME_MS);
    ck_assert_uint_eq(n_seen, 2);
    memcpy(bytes, frame(1, 1), sizeof bytes);
    bytes[0] = 0x03;
    ck_assert_int_eq(ic_inject(ic, 1, VTIME_MS, 2, bytes, sizeof bytes), 0);
    finish(ic);
    ck_assert_uint_eq(n_seen, 4);
}
END_TEST

START_TEST(addresses_age)
{
    const vtime_t heard = (84 * 8 + 500 + 300) * VTIME_NS; /* when a frame injected at 0 is looked up */

    gigabit_star(3, IC_STORE_AND_FORWARD);
    switches[0].ageing_ps = VTIME_MS;
    struct ic *ic = star(3);

    inject(ic, 0, 0, 1, 0xffff, 0, 60);
    inject(ic, 1, VTIME_MS - 1, 2, 0, 1, 60); /* looked up 1 ps before 0 is forgotten */
    inject(ic, 2, VTIME_MS, 3, 0, 2, 60);     /* exactly then */
    advance(ic, VTIME_MS + heard);
    ck_assert_uint_eq(n_seen, 2 + 1);
    finish(ic);
    ck_assert_uint_eq(n_seen, 2 + 1 + 2);
}
END_TEST

START_TEST(table_replaces_the_least_recently_heard)
{
    gigabit_star(4, IC_STORE_AND_FORWARD);
    switches[0].table_size = 2;
    struct ic *ic = star(4);

    inject(ic, 0, 0, 1, 0xffff, 0, 60);
    inject(ic, 1, 10 * VTIME_US, 2, 0xffff, 1, 60);
    inject(ic, 0, 20 * VTIME_US, 3, 0xffff, 0, 60); /* 1 is now the older one */
    inject(ic, 2, 30 * VTIME_US, 4, 0xffff, 2, 60); /* replaces 1 */
    advance(ic, VTIME_MS);
    ck_assert_uint_eq(n_seen, 12);
    inject(ic, 2, VTIME_MS, 5, 0, 2, 60); /* known */
    advance(ic, 2 * VTIME_MS);
    ck_assert_uint_eq(n_seen, 13);
    inject(ic, 2, 2 * VTIME_MS, 6, 1, 2, 60); /* not known any more */
    finish(ic);
    ck_assert_uint_eq(n_seen, 16);
}
END_TEST

START_TEST(switch_drops)
{
    gigabit_star(3, IC_STORE_AND_FORWARD);
    links[1].mtu_bytes = 500;
    switches[0].mode = _i ? IC_CUT_THROUGH : IC_STORE_AND_FORWARD;
    struct ic *ic = star(3);

    inject(ic, 0, 0, 1, 1, 0, 13); /* runt: not even learnt */
    inject(ic, 1, 0, 2, 0xffff, 1, 14);
    advance(ic, VTIME_MS);
    ck_assert_uint_eq(dropped(ic, 0, 0, IC_DROP_RUNT), 1);
    ck_assert_uint_eq(n_seen, 2);
    inject(ic, 0, VTIME_MS, 3, 1, 0, 501); /* too long for port 1's link only */
    inject(ic, 0, VTIME_MS, 4, 0, 0, 60);  /* to where it came from */
    inject(ic, 0, VTIME_MS, 5, 1, 0, 500);
    advance(ic, 2 * VTIME_MS);
    ck_assert_uint_eq(dropped(ic, 1, 0, IC_DROP_TOO_LONG), 1);
    ck_assert_uint_eq(dropped(ic, 0, 0, IC_DROP_NO_ROUTE), 1);
    ck_assert_uint_eq(n_seen, 3);
    expect(2, 1, seen[2].time_ps, 5);
    finish(ic);
}
END_TEST

START_TEST(nowhere_to_go)
{
    gigabit_star(1, IC_STORE_AND_FORWARD);
    struct ic *ic = star(1);

    inject(ic, 0, 0, 1, 0xffff, 0, 60);
    advance(ic, VTIME_MS);
    ck_assert_uint_eq(dropped(ic, 0, 0, IC_DROP_NO_ROUTE), 1);
    finish(ic);
}
END_TEST

START_TEST(incast_order_and_overflow)
{
    gigabit_star(4, IC_STORE_AND_FORWARD);
    links[3].queue_bytes = 200;
    struct ic *ic = star(4);

    for (unsigned port = 3; port-- > 0;) /* all at once, not in the order of the ports */
        inject(ic, port, 0, port, 0xffff, port, 100);
    finish(ic);
    unsigned at3 = 0;
    for (unsigned i = 0; i < n_seen; i++)
        if (seen[i].port == 3)
            ck_assert_uint_eq(seen[i].id, at3++);
    ck_assert_uint_eq(at3, 2); /* the third found the queue full */
}
END_TEST

START_TEST(many_frames)
{
    gigabit_star(4, _i ? IC_CUT_THROUGH : IC_STORE_AND_FORWARD);
    links[2].queue_bytes = 3000;
    struct ic *ic = star(4);

    for (unsigned i = 0; i < 20000; i++) {
        inject(ic, i % 4, i * 700 * VTIME_NS, i, i % 11 ? (i / 4) % 4 : 0xffff, i % 4, 60 + i % 900);
        if (i % 500 == 0)
            advance(ic, i * 700 * VTIME_NS);
    }
    finish(ic);
    ck_assert_uint_gt(n_seen, 10000);
}
END_TEST

/* ---- time and errors ---- */

START_TEST(idle_time_passes)
{
    links[0] = gigabit(IC_END_PORT, 0, 1);
    struct ic *ic = pair();

    for (vtime_t t = 0; t < 100; t++)
        advance(ic, t * VTIME_S);
    inject(ic, 0, 99 * VTIME_S, 1, 1, 0, 100); /* at the very present */
    advance(ic, 99 * VTIME_S);
    ck_assert_uint_eq(n_seen, 0);
    advance(ic, 99 * VTIME_S + 1);
    ck_assert_uint_eq(n_seen, 1);
    inject(ic, 1, 100 * VTIME_S, 2, 0, 1, 100);
    inject(ic, 0, 99 * VTIME_S + 1, 3, 1, 0, 100); /* earlier than what is planned */
    finish(ic);
    expect(1, 1, 99 * VTIME_S + (2 * 124 * 8 + 500) * VTIME_NS, 3);
    expect(2, 0, 100 * VTIME_S + (124 * 8 + 500) * VTIME_NS, 2);
}
END_TEST

START_TEST(bad_calls)
{
    uint8_t byte = 0;
    struct ic_end_stats stats;

    gigabit_star(2, IC_STORE_AND_FORWARD);
    struct ic *ic = star(2);
    const vtime_t ingress = ic_ingress_ps(ic, 0);

    advance(ic, VTIME_MS);
    errno = 0;
    ck_assert_int_eq(ic_advance(ic, VTIME_MS - 1), -1);
    ck_assert_int_eq(errno, EINVAL);
    struct {
        unsigned port;
        vtime_t time_ps;
        const uint8_t *data;
        uint32_t len;
    } bad[] = {{2, VTIME_MS, &byte, 1}, {0, VTIME_MS - ingress - 1, &byte, 1},
               {0, -1, &byte, 1},       {0, VTIME_NEVER, &byte, 1},
               {0, VTIME_MS, NULL, 1},  {0, VTIME_MS, &byte, 0}};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        errno = 0;
        ck_assert_int_eq(ic_inject(ic, bad[i].port, bad[i].time_ps, 1, bad[i].data, bad[i].len), -1);
        ck_assert_int_eq(errno, EINVAL);
    }
    ck_assert_int_eq(ic_inject(ic, 0, VTIME_MS - ingress, 1, frame(1, 0), 60), 0);
    ck_assert_int_eq(ic_end_stats(ic, 2, 0, &stats), -1);
    ck_assert_int_eq(ic_end_stats(ic, 0, 2, &stats), -1);
    ck_assert_int_eq(errno, EINVAL);
    finish(ic);
    ck_assert_uint_eq(n_seen, 1);
}
END_TEST

static void refused(struct ic_config cfg, int error)
{
    errno = 0;
    ck_assert_ptr_null(ic_create(&cfg));
    ck_assert_int_eq(errno, error);
}

/* Builds a good star, lets `spoil` break one thing of it. */
#define REFUSED(spoil)                                                                                       \
    do {                                                                                                     \
        gigabit_star(3, IC_STORE_AND_FORWARD);                                                               \
        struct ic_config cfg = config(3, 1, 3);                                                              \
        spoil;                                                                                               \
        refused(cfg, EINVAL);                                                                                \
    } while (0)

START_TEST(bad_configurations)
{
    ck_assert_ptr_null(ic_create(NULL));
    ck_assert_int_eq(errno, EINVAL);
    REFUSED(links[1].delay_ps = 0);
    REFUSED(links[1].rate_bps = 0);
    REFUSED(links[1].mtu_bytes = 0);
    REFUSED(links[1].queue_bytes = 0);
    REFUSED(links[1].training_ps = -1);
    REFUSED(links[1].end[1].index = 3);
    REFUSED(links[1].end[1].index = 0); /* port 0 twice, port 1 never */
    REFUSED(links[1].end[0].index = 1);
    REFUSED(links[1].end[0] = links[1].end[1]);
    REFUSED(links[1].end[0].kind = (enum ic_end_kind)7);
    REFUSED(cfg.n_links = 2);
    REFUSED(cfg.links = NULL);
    REFUSED(cfg.switches = NULL);
    REFUSED(cfg.ops.deliver = NULL);
    REFUSED(switches[0].latency_ps = 0);
    REFUSED(switches[0].table_size = 0);
    REFUSED(switches[0].ageing_ps = 0);
    REFUSED(switches[0].mode = (enum ic_switch_mode)7);
    /* a link from a switch to itself */
    REFUSED((links[3] = links[0], links[3].end[1] = links[3].end[0], cfg.n_links = 4));

    gigabit_star(3, IC_STORE_AND_FORWARD); /* none of these has used up the process's one fabric */
    struct ic *ic = star(3);
    refused(config(3, 1, 3), EBUSY);
    finish(ic);
    refused(config(3, 1, 3), EBUSY);
    ic_destroy(NULL);
}
END_TEST

START_TEST(names_and_no_event_callback)
{
    ck_assert_str_eq(ic_drop_name(IC_DROP_NONE), "none");
    ck_assert_str_eq(ic_drop_name(IC_DROP_NO_ROUTE), "no-route");
    ck_assert_str_eq(ic_drop_name((enum ic_drop)99), "unknown");

    links[0] = gigabit(IC_END_PORT, 0, 1);
    links[0].name = NULL;
    links[0].training_ps = 1000;
    struct ic_config cfg = config(2, 0, 1);
    cfg.ops.event = NULL;
    struct ic *ic = build(cfg);
    inject(ic, 0, 0, 1, 1, 0, 100);
    finish(ic);
    ck_assert_uint_eq(n_seen, 1);
    ck_assert_uint_eq(n_events, 0);
}
END_TEST

static void add_link_tests(Suite *suite)
{
    TCase *tc = tcase_create("link");
    tcase_set_timeout(tc, 60); /* of a busy host */
    tcase_add_test(tc, pair_times);
    tcase_add_test(tc, serialisation_rounds_up);
    tcase_add_test(tc, slow_and_fast_rates);
    tcase_add_test(tc, rate_beyond_the_resolution);
    tcase_add_test(tc, frames_queue_behind_each_other);
    tcase_add_test(tc, directions_are_independent);
    tcase_add_test(tc, mtu);
    tcase_add_test(tc, queue_drops_its_tail);
    tcase_add_loop_test(tc, either_end_starts_training, 0, 2);
    tcase_add_test(tc, waiting_frames_count_against_the_limit);
    tcase_add_loop_test(tc, switch_starts_training, 0, 2);
    suite_add_tcase(suite, tc);
}

static void add_switch_tests(Suite *suite)
{
    TCase *tc = tcase_create("switch");
    tcase_set_timeout(tc, 60); /* of a busy host */
    tcase_add_test(tc, lookahead_of_a_port_on_a_switch);
    tcase_add_test(tc, store_and_forward_times);
    tcase_add_test(tc, cut_through_times);
    tcase_add_test(tc, cut_through_into_a_faster_link);
    tcase_add_test(tc, cut_through_into_a_slower_link);
    tcase_add_test(tc, learns_and_floods);
    tcase_add_test(tc, group_addresses_are_not_learnt);
    tcase_add_test(tc, addresses_age);
    tcase_add_test(tc, table_replaces_the_least_recently_heard);
    tcase_add_loop_test(tc, switch_drops, 0, 2);
    tcase_add_test(tc, nowhere_to_go);
    tcase_add_test(tc, incast_order_and_overflow);
    tcase_add_loop_test(tc, many_frames, 0, 2);
    suite_add_tcase(suite, tc);
}

static void add_call_tests(Suite *suite)
{
    TCase *tc = tcase_create("calls");
    tcase_set_timeout(tc, 60); /* of a busy host */
    tcase_add_test(tc, idle_time_passes);
    tcase_add_test(tc, bad_calls);
    tcase_add_test(tc, bad_configurations);
    tcase_add_test(tc, names_and_no_event_callback);
    suite_add_tcase(suite, tc);
}

int main(void)
{
    Suite *suite = suite_create("interconnect");
    add_link_tests(suite);
    add_switch_tests(suite);
    add_call_tests(suite);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_FORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
