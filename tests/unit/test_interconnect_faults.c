/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_interconnect_faults.c - each kind of fault, on Ethernet and on the lossless fabric, case by case:
 * exact times, credits, triggers, counts, what is told outside. (Random ones: test_faults_random.c.)
 *
 * On all links a byte takes 1 ns (8 Gbit/s, no framing) and the delay is 100 ns, so that times can be told by
 * looking. Each test is a process of its own (Check forks), for SystemC elaborates once per process. Longer
 * than usual: a list of independent cases.
 */
#include "devices/fabric/fabric_wire.h"
#include "interconnect-model/interconnect.h"
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINKS = 8, MAX_FAULTS = 4, MAX_SEEN = 30000, HEAD = FAB_HEADER_BYTES, ALWAYS = 1000000000 };
#define NS VTIME_NS

struct seen {
    unsigned port;
    vtime_t time_ps;
    uint64_t id;
    uint32_t len;
    uint8_t bytes[300];
};

static struct ic_link_cfg links[MAX_LINKS];
static struct ic_switch_cfg switches[2];
static struct ic_fault_cfg faults[MAX_FAULTS];
static struct ic_config cfg = {.switches = switches, .links = links, .faults = faults};
static struct seen seen[MAX_SEEN];
static struct ic_event told[MAX_SEEN]; /* IC_EV_FAULT */
static struct ic_event dropped[MAX_SEEN];
static unsigned n_seen, n_told, n_dropped, n_triggered;
static vtime_t triggered_ps;
static uint64_t n_injected;

static void on_deliver(void *ctx, unsigned port, vtime_t time_ps, uint64_t id, const uint8_t *data,
                       uint32_t len)
{
    (void)ctx;
    ck_assert_uint_lt(n_seen, MAX_SEEN);
    struct seen *s = &seen[n_seen++];
    *s = (struct seen){port, time_ps, id, len, {0}};
    memcpy(s->bytes, data, len < sizeof s->bytes ? len : sizeof s->bytes);
}

static void on_event(void *ctx, const struct ic_event *ev)
{
    (void)ctx;
    ck_assert_uint_lt(n_told, MAX_SEEN);
    ck_assert_uint_lt(n_dropped, MAX_SEEN);
    if (ev->kind == IC_EV_FAULT)
        told[n_told++] = *ev;
    if (ev->kind == IC_EV_DROPPED)
        dropped[n_dropped++] = *ev;
}

static void on_trigger(void *ctx, unsigned fault, vtime_t at_ps)
{
    (void)ctx;
    ck_assert_uint_eq(fault, n_triggered);
    n_triggered++;
    triggered_ps = at_ps;
}

/* ---- building ---- */

static struct ic_link_cfg *add_link(bool fabric, struct ic_end a, struct ic_end b)
{
    struct ic_link_cfg *l = &links[cfg.n_links++];

    *l = (struct ic_link_cfg){.name = "link",
                              .end = {a, b},
                              .delay_ps = 100 * NS,
                              .rate_bps = 8000000000,
                              .mtu_bytes = 1514,
                              .queue_bytes = 1 << 24,
                              .fabric = fabric,
                              .node = {(uint16_t)(10 + a.index), (uint16_t)(10 + b.index)},
                              .buffer_bytes = 4096};
    for (unsigned k = 0; k < 2; k++)
        if (l->end[k].kind == IC_END_PORT && l->end[k].index >= cfg.n_ports)
            cfg.n_ports = l->end[k].index + 1;
    return l;
}

static void make_pair(bool fabric)
{
    add_link(fabric, (struct ic_end){IC_END_PORT, 0}, (struct ic_end){IC_END_PORT, 1});
}

/* Ports 0..n-1 on a switch; latency 200 ns, store-and-forward. */
static void make_star(bool fabric, unsigned n)
{
    cfg.n_switches = 1;
    switches[0] = (struct ic_switch_cfg){.name = "switch",
                                         .fabric = fabric,
                                         .mode = IC_STORE_AND_FORWARD,
                                         .latency_ps = 200 * NS,
                                         .table_size = 64,
                                         .ageing_ps = VTIME_NEVER,
                                         .radix = 8};
    for (unsigned i = 0; i < n; i++)
        add_link(fabric, (struct ic_end){IC_END_PORT, i}, (struct ic_end){IC_END_SWITCH, 0});
}

static const struct ic_link_end_ref from0[] = {{0, 0}};
static const struct ic_match any = IC_MATCH_ANY;

/* From the start to the end of the run, always, on what port 0 sends. */
static struct ic_fault_cfg *add_fault(enum ic_fault_kind kind)
{
    struct ic_fault_cfg *f = &faults[cfg.n_faults++];

    *f = (struct ic_fault_cfg){.kind = kind,
                               .ends = from0,
                               .n_ends = 1,
                               .until_ps = VTIME_NEVER,
                               .match = any,
                               .trigger = any,
                               .nth = 1,
                               .duration_ps = VTIME_NEVER,
                               .ppb = ALWAYS,
                               .seed = 1,
                               .rate_bps = 4000000000};
    return f;
}

static struct ic *build(void)
{
    cfg.ops = (struct ic_ops){on_deliver, on_event, on_trigger};
    struct ic *ic = ic_create(&cfg);
    ck_assert_msg(ic != NULL, "ic_create: %s", strerror(errno));
    return ic;
}

/* A frame of Ethernet for everybody, or a packet. Its byte 60 is its number. */
static void send(struct ic *ic, unsigned from, vtime_t t, unsigned to, uint32_t len)
{
    uint8_t bytes[1514] = {0};
    struct fab_wire head = {
        .type = FAB_P_SEND, .dst = (uint16_t)(10 + to), .src = (uint16_t)(10 + from), .queue = 3};

    if (links[0].fabric)
        memcpy(bytes, &head, sizeof head);
    else
        memset(bytes, 0xff, 6), bytes[11] = (uint8_t)(2 * from);
    n_injected++;
    if (len > 60)
        bytes[60] = (uint8_t)n_injected;
    ck_assert_int_eq(ic_inject(ic, from, t, n_injected, bytes, len), 0);
}

static void advance(struct ic *ic, vtime_t until)
{
    char why[300];

    ck_assert_int_eq(ic_advance(ic, until), 0);
    ck_assert_msg(ic_check(ic, why, sizeof why) == 0, "%s", why);
}

/* Until nothing moves any more. */
static struct ic_totals finish(struct ic *ic)
{
    struct ic_totals t;

    for (unsigned i = 0; ic_next_event_ps(ic) < VTIME_NEVER; i++)
        advance(ic, ic_next_event_ps(ic) + VTIME_US);
    advance(ic, ic_now_ps(ic) + 100 * VTIME_US); /* credits on their way are no events */
    ic_totals(ic, &t);
    ck_assert_uint_eq(t.in_flight, 0);
    return t;
}

static void expect_seen(unsigned i, unsigned port, uint64_t id, vtime_t time_ps)
{
    ck_assert_uint_lt(i, n_seen);
    ck_assert_uint_eq(seen[i].port, port);
    ck_assert_uint_eq(seen[i].id, id);
    ck_assert_int_eq(seen[i].time_ps, time_ps);
}

static void expect_told(unsigned i, enum ic_fault_phase phase, vtime_t time_ps, uint64_t id, uint64_t value)
{
    ck_assert_uint_lt(i, n_told);
    ck_assert_int_eq(told[i].fault.phase, phase);
    ck_assert_int_eq(told[i].time_ps, time_ps);
    ck_assert_uint_eq(told[i].frame_id, id);
    ck_assert_uint_eq(told[i].fault.value, value);
}

/* ---- loss ---- */

/* _i: 1: the fabric */
START_TEST(loss_is_for_its_time)
{
    make_pair(_i);
    struct ic_fault_cfg *f = add_fault(IC_FAULT_LOSS);
    f->from_ps = 1000 * NS;
    f->until_ps = 2000 * NS;
    struct ic *ic = build();
    const vtime_t at[] = {999 * NS, 1100 * NS, 1900 * NS, 2000 * NS};
    for (unsigned i = 0; i < 4; i++)
        send(ic, 0, at[i], 1, 100 - (i == 0)); /* the first ends at 1098 */
    send(ic, 1, 1500 * NS, 0, 100);            /* the other direction */
    struct ic_totals t = finish(ic);
    ck_assert_uint_eq(t.delivered, 3);
    ck_assert_uint_eq(t.dropped, 2);
    ck_assert_uint_eq(n_seen, 3);
    expect_seen(0, 1, 1, 1198 * NS);
    expect_seen(1, 0, 5, 1700 * NS);
    expect_seen(2, 1, 4, 2200 * NS);
    ck_assert_uint_eq(n_dropped, 2);
    ck_assert_int_eq(dropped[0].drop, IC_DROP_FAULT);
    ck_assert_int_eq(dropped[0].time_ps, 1100 * NS);
    ck_assert_uint_eq(n_told, 4);
    expect_told(0, IC_FAULT_BEGIN, 1000 * NS, 0, 0);
    expect_told(1, IC_FAULT_HIT, 1100 * NS, 2, 0);
    expect_told(2, IC_FAULT_HIT, 1900 * NS, 3, 0);
    expect_told(3, IC_FAULT_END, 2000 * NS, 0, 0);
    ck_assert_uint_eq(ic_fault_hits(ic, 0), 2);
    ck_assert_uint_eq(ic_fault_hits(ic, 7), 0);
    struct ic_end_stats s;
    ck_assert_int_eq(ic_end_stats(ic, 0, 0, &s), 0);
    ck_assert_uint_eq(s.dropped[IC_DROP_FAULT], 2);
    ck_assert_uint_eq(s.sent_frames, 4);
    ck_assert_int_eq(s.busy_ps, 399 * NS);
    ck_assert_str_eq(ic_drop_name(IC_DROP_FAULT), "fault");
    ic_destroy(ic);
}
END_TEST

/* What is lost on a link of the fabric gives its room back: many more get lost than fit into the buffer. */
START_TEST(loss_gives_credit_back)
{
    make_star(true, 2);
    links[0].buffer_bytes = 1514;
    struct ic_fault_cfg *f = add_fault(IC_FAULT_LOSS);
    f->until_ps = VTIME_MS;
    struct ic *ic = build();
    for (unsigned i = 0; i < 20; i++)
        send(ic, 0, 0, 1, 1000);
    send(ic, 0, VTIME_MS, 1, 1000);
    finish(ic);
    ck_assert_uint_eq(n_seen, 1);
    struct ic_vc_stats vc;
    ck_assert_int_eq(ic_vc_stats(ic, 0, 0, 0, &vc), 0);
    ck_assert_uint_eq(vc.credit_bytes, 1514);
    /* The second one starts when the first one's credit is back: 1000 on the wire, 100 there, 100 back. */
    expect_told(2, IC_FAULT_HIT, 1200 * NS, 2, 0);
    expect_told(20, IC_FAULT_HIT, 19 * 1200 * NS, 20, 0);
    ic_destroy(ic);
}
END_TEST

enum { MANY = 10000 };

static uint64_t scramble(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* Is the k-th eligible packet at end 0 of link 0 hit? */
static bool falls(uint64_t seed, unsigned k, uint32_t ppb)
{
    const uint64_t golden = 0x9e3779b97f4a7c15;
    const uint64_t drawn = scramble(scramble(scramble(seed + golden)) + (2 * (uint64_t)k + 1) * golden);
    return (double)drawn / 18446744073709551616.0 < ppb / 1e9;
}

/* Chance is about right, and does not depend on other faults or on what happens at another end. */
START_TEST(chance_follows_from_the_seed)
{
    static const struct ic_link_end_ref both[] = {{0, 0}, {0, 1}};
    bool hit[MANY] = {false};
    const unsigned fault = _i >= 2;
    unsigned n = 0;

    make_pair(false);
    struct ic_fault_cfg *f = add_fault(IC_FAULT_LOSS);
    f->ppb = 200000000;
    f->seed = 5;
    if (_i & 1) /* both ends, with traffic in between */
        f->ends = both, f->n_ends = 2;
    if (fault == 1) { /* another one before and one behind it */
        *add_fault(IC_FAULT_LOSS) = faults[0];
        faults[0].ppb = 300000000;
        faults[0].seed = 6;
        add_fault(IC_FAULT_DELAY)->delay_ps = NS;
    }
    struct ic *ic = build();
    for (unsigned i = 0; i < MANY; i++) {
        send(ic, 0, i * VTIME_US, 1, 60);
        if (i % 3 == 0)
            send(ic, 1, i * VTIME_US, 0, 60);
    }
    finish(ic);
    for (unsigned i = 0; i < n_told; i++)
        if (told[i].fault.phase == IC_FAULT_HIT && told[i].end == 0 && told[i].fault.index == fault)
            hit[told[i].time_ps / VTIME_US] = true, n++;
    for (unsigned k = 0; k < MANY; k++)
        ck_assert_int_eq(hit[k], falls(5, k, 200000000) && !(fault && falls(6, k, 300000000)));
    if (!fault) {
        ck_assert_uint_ge(n, MANY / 5 - 160); /* four standard deviations */
        ck_assert_uint_le(n, MANY / 5 + 160);
    }
    ic_destroy(ic);
}
END_TEST

/* ---- late ---- */

START_TEST(delay_is_exact)
{
    make_pair(_i);
    struct ic_fault_cfg *f = add_fault(IC_FAULT_DELAY);
    f->delay_ps = 500 * NS;
    f->count = 2;
    struct ic *ic = build();
    for (unsigned i = 0; i < 3; i++)
        send(ic, 0, 0, 1, 100);
    finish(ic);
    /* The wire is not longer in use, and the third one overtakes the others. */
    ck_assert_uint_eq(n_seen, 3);
    expect_seen(0, 1, 1, 700 * NS);
    expect_seen(1, 1, 2, 800 * NS);
    expect_seen(2, 1, 3, 400 * NS);
    ck_assert_uint_eq(n_told, 4);
    expect_told(1, IC_FAULT_HIT, 0, 1, 500 * NS);
    expect_told(2, IC_FAULT_HIT, 100 * NS, 2, 500 * NS);
    expect_told(3, IC_FAULT_END, 100 * NS, 0, 0);
    ic_destroy(ic);
}
END_TEST

START_TEST(jitter_is_uniform_and_not_negative)
{
    make_pair(false);
    struct ic_fault_cfg *f = add_fault(IC_FAULT_DELAY);
    f->delay_ps = 30 * NS;
    f->jitter_ps = 50 * NS;
    struct ic *ic = build();
    for (unsigned i = 0; i < MANY; i++)
        send(ic, 0, i * VTIME_US, 1, 100);
    finish(ic);
    unsigned zero = 0, above_mean = 0, top = 0;
    for (unsigned i = 0; i < MANY; i++) {
        const vtime_t late = seen[i].time_ps - i * VTIME_US - 200 * NS;
        ck_assert_int_ge(late, 0);
        ck_assert_int_le(late, 80 * NS);
        ck_assert_uint_eq(told[i + 1].fault.value, (uint64_t)late);
        zero += late == 0;
        above_mean += late > 30 * NS;
        top += late > 79 * NS;
    }
    ck_assert_uint_ge(zero, 1800); /* a fifth of the range is below 0 */
    ck_assert_uint_le(zero, 2200);
    ck_assert_uint_ge(above_mean, 4800);
    ck_assert_uint_le(above_mean, 5200);
    ck_assert_uint_ge(top, 60);
    ic_destroy(ic);
}
END_TEST

START_TEST(rate_slows_those_behind_too)
{
    make_pair(_i);
    struct ic_fault_cfg *f = add_fault(IC_FAULT_RATE);
    f->rate_bps = 2000000000;
    f->until_ps = 300 * NS;
    struct ic *ic = build();
    for (unsigned i = 0; i < 3; i++)
        send(ic, 0, 0, 1, 100);
    finish(ic);
    expect_seen(0, 1, 1, 500 * NS);
    expect_seen(1, 1, 2, 600 * NS);
    expect_seen(2, 1, 3, 700 * NS);
    ck_assert_uint_eq(ic_fault_hits(ic, 0), 1);
    expect_told(1, IC_FAULT_HIT, 0, 1, 300 * NS);
    struct ic_end_stats s;
    ic_end_stats(ic, 0, 0, &s);
    ck_assert_int_eq(s.busy_ps, 600 * NS);
    ic_destroy(ic);
}
END_TEST

START_TEST(reorder_holds_back)
{
    make_pair(_i);
    struct ic_fault_cfg *f = add_fault(IC_FAULT_REORDER);
    f->delay_ps = 150 * NS;
    f->ppb = 500000000;
    struct ic *ic = build();
    for (unsigned i = 0; i < 100; i++)
        send(ic, 0, 0, 1, 100);
    finish(ic);
    unsigned held = 0;
    for (unsigned i = 0; i < 100; i++) { /* announced as sent */
        ck_assert_uint_eq(seen[i].id, i + 1);
        const vtime_t late = seen[i].time_ps - (200 + 100 * i) * NS;
        ck_assert(late == 0 || late == 150 * NS);
        held += late > 0;
    }
    ck_assert_uint_eq(held, ic_fault_hits(ic, 0));
    ck_assert_uint_ge(held, 30);
    ck_assert_uint_le(held, 70);
    ic_destroy(ic);
}
END_TEST

/* Packets that overtake each other into a switch: each keeps its own length and room. */
START_TEST(overtaking_into_a_switch)
{
    make_star(true, 2);
    struct ic_fault_cfg *f = add_fault(IC_FAULT_REORDER);
    f->delay_ps = 5000 * NS;
    f->count = 1;
    struct ic *ic = build();
    send(ic, 0, 0, 1, 1000);
    send(ic, 0, 0, 1, 200);
    send(ic, 0, 0, 1, 300);
    finish(ic);
    ck_assert_uint_eq(n_seen, 3);
    expect_seen(0, 1, 2, (1200 + 100 + 200 + 200 + 100) * NS);
    expect_seen(1, 1, 3, (1500 + 100 + 200 + 300 + 100) * NS);
    expect_seen(2, 1, 1, (1000 + 100 + 5000 + 200 + 1000 + 100) * NS);
    struct ic_vc_stats vc;
    ic_vc_stats(ic, 0, 0, 0, &vc);
    ck_assert_uint_eq(vc.credit_bytes, 4096);
    ic_destroy(ic);
}
END_TEST

/* ---- spoilt ---- */

START_TEST(corrupt_flips_one_bit_behind_the_header)
{
    const unsigned head = _i ? HEAD : 14;
    make_pair(_i);
    add_fault(IC_FAULT_CORRUPT);
    struct ic *ic = build();
    for (unsigned i = 0; i < 1000; i++)
        send(ic, 0, i * VTIME_US, 1, head + i % 3);
    finish(ic);
    unsigned flipped[24] = {0}, total = 0;
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t clean[1514] = {0};
        struct fab_wire h = {.type = FAB_P_SEND, .dst = 11, .src = 10, .queue = 3};
        if (_i)
            memcpy(clean, &h, sizeof h);
        else
            memset(clean, 0xff, 6);
        ck_assert_mem_eq(seen[i].bytes, clean, head);
        unsigned bits = 0;
        for (unsigned b = 8 * head; b < 8 * seen[i].len; b++)
            if (seen[i].bytes[b / 8] >> b % 8 & 1) {
                ck_assert_uint_eq(told[++total].fault.value, b);
                ck_assert_uint_eq(told[total].frame_id, i + 1);
                flipped[b - 8 * head]++;
                bits++;
            }
        ck_assert_uint_eq(bits, i % 3 != 0);
    }
    ck_assert_uint_eq(ic_fault_hits(ic, 0), total);
    for (unsigned b = 0; b < 16; b++)
        ck_assert_uint_gt(flipped[b], 0);
    ic_destroy(ic);
}
END_TEST

/* A flooded frame is spoilt on one link only. */
START_TEST(corrupt_changes_one_copy)
{
    static const struct ic_link_end_ref to1[] = {{1, 1}};
    make_star(false, 3);
    add_fault(IC_FAULT_CORRUPT)->ends = to1;
    struct ic *ic = build();
    send(ic, 0, 0, 1, 61);
    finish(ic);
    ck_assert_uint_eq(n_seen, 2);
    ck_assert_int_ne(memcmp(seen[0].bytes, seen[1].bytes, 61), 0);
    ck_assert_uint_eq(seen[1].port, 2);
    ck_assert_uint_eq(seen[1].bytes[60], 1);
    ic_destroy(ic);
}
END_TEST

/* ---- twice ---- */

START_TEST(duplicate_sends_twice)
{
    make_pair(_i);
    struct ic_fault_cfg *f = add_fault(IC_FAULT_DUPLICATE);
    f->count = 2;
    struct ic *ic = build();
    for (unsigned i = 0; i < 3; i++)
        send(ic, 0, 0, 1, 100);
    struct ic_totals t = finish(ic);
    const vtime_t at[] = {200 * NS, 300 * NS, 400 * NS, 500 * NS, 600 * NS};
    const uint64_t id[] = {1, 1, 2, 2, 3};
    ck_assert_uint_eq(n_seen, 5);
    for (unsigned i = 0; i < 5; i++)
        expect_seen(i, 1, id[i], at[i]);
    ck_assert_uint_eq(t.injected, 3);
    ck_assert_uint_eq(t.duplicated, 2);
    ck_assert_uint_eq(t.delivered, 5);
    expect_told(2, IC_FAULT_HIT, 200 * NS, 2, 100 * NS);
    ic_destroy(ic);
}
END_TEST

/* Two faults make two copies, and each is lost, late, or neither, for itself. */
START_TEST(copies_have_fates_of_their_own)
{
    make_pair(false);
    add_fault(IC_FAULT_DUPLICATE);
    add_fault(IC_FAULT_DUPLICATE);
    struct ic_fault_cfg *f = add_fault(IC_FAULT_LOSS);
    f->from_ps = 100 * NS;
    f->until_ps = 101 * NS;
    f = add_fault(IC_FAULT_DELAY);
    f->delay_ps = 7 * NS;
    f->from_ps = 150 * NS;
    struct ic *ic = build();
    send(ic, 0, 0, 1, 100);
    struct ic_totals t = finish(ic);
    ck_assert_uint_eq(t.duplicated, 2);
    ck_assert_uint_eq(t.dropped, 1);
    ck_assert_uint_eq(n_seen, 2);
    expect_seen(0, 1, 1, 200 * NS);
    expect_seen(1, 1, 1, 407 * NS);
    ic_destroy(ic);
}
END_TEST

/* No copy without room for it, and the switch keeps the packet until its copy has left. */
START_TEST(duplicate_needs_room)
{
    static const struct ic_link_end_ref both[] = {{0, 0}, {1, 1}};
    make_star(true, 2);
    links[0].mtu_bytes = links[1].mtu_bytes = 1000;
    links[0].buffer_bytes = 1500;
    struct ic_fault_cfg *f = add_fault(IC_FAULT_DUPLICATE);
    f->ends = both;
    f->n_ends = 2;
    struct ic *ic = build();
    send(ic, 0, 0, 1, 1000); /* no room for a copy: one, and on the second link two */
    send(ic, 0, 0, 1, 700);  /* two, four */
    finish(ic);
    ck_assert_uint_eq(n_seen, 6);
    expect_seen(0, 1, 1, 2400 * NS);
    expect_seen(1, 1, 1, 3400 * NS);
    /* The buffer is free at 3300, known at 3400; two of 700; the first is through the switch at 3400 + 1000.
     */
    expect_seen(2, 1, 2, (3400 + 1000 + 800) * NS);
    expect_seen(5, 1, 2, (3400 + 1000 + 800 + 3 * 700) * NS);
    ck_assert_uint_eq(ic_fault_hits(ic, 0), 4);
    ic_destroy(ic);
}
END_TEST

/* ---- down ---- */

START_TEST(down_takes_what_is_not_across)
{
    static const struct ic_link_end_ref both[] = {{0, 0}, {0, 1}};
    make_pair(_i);
    struct ic_fault_cfg *f = add_fault(IC_FAULT_DOWN);
    f->ends = both;
    f->n_ends = 2;
    f->from_ps = 1000 * NS;
    f->until_ps = 2000 * NS;
    struct ic *ic = build();
    send(ic, 0, 800 * NS, 1, 100);  /* across at 1000 */
    send(ic, 1, 801 * NS, 0, 100);  /* 1001 */
    send(ic, 0, 1899 * NS, 1, 100); /* starts while it is down, is across when it is up */
    send(ic, 1, 1999 * NS, 0, 100);
    send(ic, 0, 2000 * NS, 1, 100);
    struct ic_totals t = finish(ic);
    ck_assert_uint_eq(t.dropped, 3);
    ck_assert_uint_eq(n_seen, 2);
    expect_seen(0, 1, 1, 1000 * NS);
    expect_seen(1, 1, 5, 2200 * NS);
    ck_assert_int_eq(dropped[0].drop, IC_DROP_LINK_DOWN);
    ck_assert_int_eq(dropped[0].time_ps, 1000 * NS); /* not when it was sent */
    ck_assert_int_eq(dropped[1].time_ps, 1899 * NS);
    ck_assert_uint_eq(n_told, 5); /* told in order although the first hit was known before */
    expect_told(0, IC_FAULT_BEGIN, 1000 * NS, 0, 0);
    expect_told(1, IC_FAULT_HIT, 1000 * NS, 2, 0);
    expect_told(4, IC_FAULT_END, 2000 * NS, 0, 0);
    ic_destroy(ic);
}
END_TEST

START_TEST(flap)
{
    make_pair(false);
    struct ic_fault_cfg *f = add_fault(IC_FAULT_DOWN);
    f->from_ps = 1000 * NS;
    f->until_ps = 4500 * NS;
    f->period_ps = 1000 * NS;
    f->low_ps = 300 * NS;
    struct ic *ic = build();
    /* Down in [1000, 1300), [2000, 2300), [3000, 3300), [4000, 4300). A flight takes 200. */
    static const struct {
        vtime_t at_ns;
        bool lost;
    } shots[] = {{0, false},    {800, false}, {1200, true}, {1300, false}, {1801, true},  {2299, true},
                 {2500, false}, {3299, true}, {3801, true}, {4299, true},  {4400, false}, {4801, false}};
    for (unsigned i = 0; i < sizeof shots / sizeof shots[0]; i++)
        send(ic, 0, shots[i].at_ns * NS, 1, 100);
    finish(ic);
    unsigned next = 0;
    for (unsigned i = 0; i < sizeof shots / sizeof shots[0]; i++)
        if (!shots[i].lost)
            expect_seen(next++, 1, i + 1, (shots[i].at_ns + 200) * NS);
    ck_assert_uint_eq(next, n_seen);
    ic_destroy(ic);
}
END_TEST

/* A flight longer than whole periods meets the next one. */
START_TEST(flap_faster_than_a_flight)
{
    make_pair(false);
    struct ic_fault_cfg *f = add_fault(IC_FAULT_DOWN);
    f->from_ps = 1000 * NS;
    f->period_ps = 50 * NS;
    f->low_ps = NS;
    struct ic *ic = build();
    send(ic, 0, 700 * NS, 1, 100);
    send(ic, 0, 1010 * NS, 1, 100);
    finish(ic);
    ck_assert_uint_eq(n_seen, 1);
    ck_assert_int_eq(dropped[0].time_ps, 1050 * NS);
    ic_destroy(ic);
}
END_TEST

/* ---- starve ---- */

START_TEST(starve_holds_credits)
{
    make_pair(true);
    links[0].mtu_bytes = 1000;
    links[0].buffer_bytes = 1000;
    struct ic_fault_cfg *f = add_fault(IC_FAULT_STARVE);
    f->from_ps = 1200 * NS;
    f->until_ps = 9000 * NS;
    struct ic *ic = build();
    send(ic, 0, 0, 1, 999); /* its credit is back at 999 + 200 */
    for (unsigned i = 0; i < 3; i++)
        send(ic, 0, 0, 1, 400); /* these two fit and start at 1199, 1599; their credits do not come back */
    finish(ic);
    expect_seen(0, 1, 1, 1099 * NS);
    expect_seen(1, 1, 2, 1699 * NS);
    expect_seen(2, 1, 3, 2099 * NS);
    expect_seen(3, 1, 4, 9500 * NS);
    ck_assert_uint_eq(n_told, 4);
    expect_told(0, IC_FAULT_BEGIN, 1200 * NS, 0, 0);
    expect_told(1, IC_FAULT_HIT, 1799 * NS, 0, 400);
    expect_told(2, IC_FAULT_HIT, 2199 * NS, 0, 400);
    struct ic_vc_stats vc;
    ic_vc_stats(ic, 0, 0, 0, &vc);
    ck_assert_uint_eq(vc.credit_bytes, 1000);
    ck_assert_int_eq(vc.stall_ps, (1199 - 999 + 9000 - 1999) * NS);
    ic_destroy(ic);
}
END_TEST

/* A triggered one also holds what was on its way already; for ever, here. */
START_TEST(starve_triggered_for_ever)
{
    make_pair(true);
    links[0].mtu_bytes = 1000;
    links[0].buffer_bytes = 1000;
    struct ic_fault_cfg *f = add_fault(IC_FAULT_STARVE);
    f->triggered = true;
    f->nth = 2;
    struct ic *ic = build();
    for (unsigned i = 0; i < 4; i++)
        send(ic, 0, 0, 1, 400);
    advance(ic, VTIME_S);
    /* The second starts at 400 and triggers; the first one's credit would have been back at 600. */
    ck_assert_uint_eq(n_seen, 2);
    ck_assert_uint_eq(n_told, 3);
    expect_told(0, IC_FAULT_BEGIN, 400 * NS, 2, 0);
    expect_told(1, IC_FAULT_HIT, 600 * NS, 0, 400);
    expect_told(2, IC_FAULT_HIT, 1000 * NS, 0, 400);
    ck_assert_int_eq(ic_next_event_ps(ic), VTIME_NEVER);
    struct ic_totals t;
    ic_totals(ic, &t);
    ck_assert_uint_eq(t.in_flight, 2);
    ic_destroy(ic);
}
END_TEST

/* ---- which ones, and when ---- */

START_TEST(matches)
{
    static const bool zero[] = {true, false, false}, one[] = {false, true, false};
    static const uint8_t five[] = {5}, mask[] = {7}, two[] = {3, 0};
    static const struct {
        struct ic_match match;
        unsigned hits;
    } cases[] = {
        {IC_MATCH_ANY, 20},
        {{.type = FAB_P_SEND, .queue = -1}, 20},
        {{.type = FAB_P_WRITE, .queue = -1}, 0},
        {{.any_kind = true, .queue = 3}, 20},
        {{.any_kind = true, .queue = 4}, 0},
        {{.any_kind = true, .queue = -1, .from = zero}, 20},
        {{.any_kind = true, .queue = -1, .from = one}, 0},
        {{.any_kind = true, .queue = -1, .to = one}, 10},
        {{.any_kind = true, .queue = -1, .to = zero}, 0},
        {{.offset = 60, .n_bytes = 1, .bytes = five, .queue = -1}, 1},
        {{.offset = 60, .n_bytes = 1, .bytes = five, .mask = mask, .queue = -1},
         2},                                                          /* 5, 13 (21 is too much) */
        {{.offset = 60, .n_bytes = 2, .bytes = two, .queue = -1}, 0}, /* too short by one byte */
        {{.offset = 6, .n_bytes = 2, .bytes = two, .queue = -1}, 20}, /* queue and flags */
        {{.offset = UINT32_MAX, .n_bytes = 1, .bytes = five, .queue = -1}, 0},
    };
    if ((size_t)_i >= sizeof cases / sizeof cases[0])
        return;
    make_star(true, 3);
    add_fault(IC_FAULT_LOSS)->match = cases[_i].match;
    struct ic *ic = build();
    for (unsigned i = 0; i < 20; i++)
        send(ic, 0, 0, 1 + i % 2, 61);
    send(ic, 1, 0, 0, 61);
    finish(ic);
    ck_assert_uint_eq(ic_fault_hits(ic, 0), cases[_i].hits);
    ic_destroy(ic);
}
END_TEST
enum { N_MATCHES = 14 };

/* On Ethernet nothing has a type or a queue; the receiver is known on the last link. */
START_TEST(matches_of_ethernet)
{
    static const bool two[] = {false, false, true};
    static const struct ic_link_end_ref last[] = {{1, 1}, {2, 1}};
    make_star(false, 3);
    add_fault(IC_FAULT_LOSS)->match = (struct ic_match){.type = 0xff, .queue = -1};
    add_fault(IC_FAULT_LOSS)->match = (struct ic_match){.any_kind = true, .queue = 0};
    struct ic_fault_cfg *f = add_fault(IC_FAULT_LOSS);
    f->ends = last;
    f->n_ends = 2;
    f->match.to = two;
    struct ic *ic = build();
    send(ic, 0, 0, 1, 61);
    finish(ic);
    ck_assert_uint_eq(n_seen, 1);
    ck_assert_uint_eq(seen[0].port, 1);
    ck_assert_uint_eq(ic_fault_hits(ic, 0) + ic_fault_hits(ic, 1), 0);
    ic_destroy(ic);
}
END_TEST

/* The third of port 0's starts it, at its own end with itself, elsewhere when it can matter there. */
START_TEST(triggered_by_the_nth)
{
    static const struct ic_link_end_ref ends[] = {{0, 0}, {1, 0}};
    static const bool zero[] = {true, false};
    make_star(_i, 2);
    struct ic_fault_cfg *f = add_fault(IC_FAULT_LOSS);
    f->ends = ends;
    f->n_ends = 2;
    f->triggered = true;
    f->trigger.from = zero;
    f->nth = 3;
    f->duration_ps = 1000 * NS;
    struct ic *ic = build();
    const vtime_t lag = ic_ingress_ps(ic, 0), t0 = 2000 * NS, begin = t0 + lag;
    ck_assert_int_eq(lag, _i ? (48 + 100 + 200) * NS : (14 + 100 + 200) * NS);
    send(ic, 0, 0, 1, 100);
    send(ic, 0, 1000 * NS, 1, 100);
    send(ic, 0, t0, 1, 100);                /* 3: lost */
    send(ic, 0, begin + 999 * NS, 1, 100);  /* 4: lost */
    send(ic, 0, begin + 1100 * NS, 1, 100); /* 5 */
    send(ic, 1, begin - 150 * NS, 0, 100);  /* 6 */
    send(ic, 1, begin + NS, 0, 100);        /* 7: lost */
    send(ic, 1, begin + 1000 * NS, 0, 100); /* 8 */
    finish(ic);
    uint64_t got = 0;
    for (unsigned i = 0; i < n_seen; i++)
        got |= 1ull << seen[i].id;
    ck_assert_uint_eq(got, 1 << 1 | 1 << 2 | 1 << 5 | 1 << 6 | 1 << 8);
    expect_told(0, IC_FAULT_BEGIN, t0, 3, 0);
    expect_told(1, IC_FAULT_HIT, t0, 3, 0);
    ck_assert_uint_eq(n_told, 5);
    ck_assert_int_eq(told[4].fault.phase == IC_FAULT_END || told[3].fault.phase == IC_FAULT_END, 1);
    ic_destroy(ic);
}
END_TEST

START_TEST(trigger_alone)
{
    static const uint8_t four[] = {4};
    make_star(_i, 2);
    struct ic_fault_cfg *f = add_fault(IC_FAULT_NONE);
    f->ends = NULL;
    f->n_ends = 0;
    f->triggered = true;
    f->trigger = (struct ic_match){.offset = 60, .n_bytes = 1, .bytes = four, .queue = -1};
    struct ic *ic = build();
    ck_assert_uint_eq(ic_fault_hits(ic, 0), 0);
    for (unsigned i = 0; i < 300; i++)
        send(ic, 0, i * VTIME_US, 1, 61);
    advance(ic, 3 * VTIME_US + ic_ingress_ps(ic, 0));
    ck_assert_uint_eq(n_triggered, 0);
    advance(ic, 3 * VTIME_US + ic_ingress_ps(ic, 0) + 1);
    ck_assert_uint_eq(n_triggered, 1);
    ck_assert_int_eq(triggered_ps, 3 * VTIME_US + ic_ingress_ps(ic, 0));
    finish(ic);
    ck_assert_uint_eq(n_triggered, 1); /* not by number 260, whose byte is the same */
    ck_assert_uint_eq(n_told, 0);
    ck_assert_uint_eq(ic_fault_hits(ic, 0), 1);
    ck_assert_uint_eq(n_seen, 300);
    ic_destroy(ic);
}
END_TEST

/* With a receiver: a packet of the fabric counts on its first link, a frame of Ethernet on its last. */
START_TEST(trigger_for_a_receiver)
{
    static const bool two[] = {false, false, true};
    make_star(_i, 3);
    struct ic_fault_cfg *f = add_fault(IC_FAULT_NONE);
    f->triggered = true;
    f->trigger.to = two;
    struct ic *ic = build();
    send(ic, 0, 0, 1, 100);
    send(ic, 0, VTIME_US, 2, 100);
    finish(ic);
    ck_assert_uint_eq(n_triggered, 1);
    ck_assert_int_eq(triggered_ps, _i ? VTIME_US + ic_ingress_ps(ic, 0) : (100 + 100 + 200) * NS);
    ic_destroy(ic);
}
END_TEST

/* A triggered DOWN does not touch what is on the wire already. */
START_TEST(down_triggered)
{
    static const struct ic_link_end_ref both[] = {{0, 0}, {0, 1}};
    make_pair(false);
    struct ic_fault_cfg *f = add_fault(IC_FAULT_DOWN);
    f->ends = both;
    f->n_ends = 2;
    f->triggered = true;
    f->nth = 2;
    f->duration_ps = 500 * NS;
    struct ic *ic = build();
    send(ic, 1, 0, 0, 100);
    send(ic, 0, 50 * NS, 1, 100);  /* triggers and is lost */
    send(ic, 1, 100 * NS, 0, 100); /* lost */
    send(ic, 0, 549 * NS, 1, 100); /* lost */
    send(ic, 0, 649 * NS, 1, 100);
    finish(ic);
    ck_assert_uint_eq(n_seen, 2);
    expect_seen(0, 0, 1, 200 * NS);
    expect_seen(1, 1, 5, 849 * NS);
    ic_destroy(ic);
}
END_TEST

/* A fault that is over before the fabric hears of its trigger, ingress late, has acted at that end. */
START_TEST(triggered_and_over)
{
    make_star(false, 2);
    struct ic_fault_cfg *f = add_fault(IC_FAULT_DOWN);
    f->triggered = true;
    f->until_ps = 150 * NS;
    struct ic *ic = build();
    send(ic, 0, 0, 1, 100); /* triggers and is lost */
    send(ic, 0, 150 * NS, 1, 100);
    finish(ic);
    ck_assert_uint_eq(n_seen, 1);
    expect_seen(0, 1, 2, (150 + 200 + 200 + 200) * NS);
    ck_assert_uint_eq(n_told, 3);
    expect_told(1, IC_FAULT_HIT, 0, 1, 0);
    expect_told(2, IC_FAULT_END, 150 * NS, 0, 0);
    ic_destroy(ic);
}
END_TEST

START_TEST(partition_of_a_fabric)
{
    static const bool left[] = {true, true, false, false}, right[] = {false, false, true, true};
    static const struct ic_link_end_ref first[] = {{0, 0}, {1, 0}, {2, 0}, {3, 0}};
    make_star(true, 4);
    for (unsigned i = 0; i < 2; i++) {
        struct ic_fault_cfg *f = add_fault(IC_FAULT_LOSS);
        f->ends = first;
        f->n_ends = 4;
        f->match.from = i ? right : left;
        f->match.to = i ? left : right;
    }
    struct ic *ic = build();
    for (unsigned a = 0; a < 4; a++)
        for (unsigned b = 0; b < 4; b++)
            if (a != b)
                send(ic, a, VTIME_US, b, 100);
    finish(ic);
    ck_assert_uint_eq(n_seen, 4);
    for (unsigned i = 0; i < n_seen; i++) {
        struct fab_wire h;
        memcpy(&h, seen[i].bytes, sizeof h);
        ck_assert_uint_eq((unsigned)(h.src - 10) / 2, seen[i].port / 2);
    }
    ck_assert_uint_eq(ic_fault_hits(ic, 0), 4);
    ck_assert_uint_eq(ic_fault_hits(ic, 1), 4);
    ic_destroy(ic);
}
END_TEST

/* ---- refused ---- */

static void expect_refused(void)
{
    errno = 0;
    ck_assert_ptr_null(ic_create(&cfg));
    ck_assert_int_eq(errno, EINVAL);
    cfg.n_faults = 0;
}

START_TEST(bad_faults)
{
    static const struct ic_link_end_ref bad_link[] = {{9, 0}}, bad_end[] = {{0, 2}},
                                        twice[] = {{0, 0}, {0, 0}};
    static const bool ports[] = {true, true, true};
    make_star(false, 3);
    cfg.ops = (struct ic_ops){.deliver = on_deliver};
    add_fault(IC_FAULT_LOSS)->ends = bad_link;
    expect_refused();
    add_fault(IC_FAULT_LOSS)->ends = bad_end;
    expect_refused();
    add_fault(IC_FAULT_LOSS)->ends = NULL;
    expect_refused();
    add_fault(IC_FAULT_LOSS)->n_ends = 0;
    expect_refused();
    add_fault(IC_FAULT_LOSS)->ends = twice;
    faults[0].n_ends = 2;
    expect_refused();
    add_fault(IC_FAULT_KINDS);
    expect_refused();
    add_fault(IC_FAULT_LOSS)->ppb = ALWAYS + 1;
    expect_refused();
    add_fault(IC_FAULT_LOSS)->from_ps = -1;
    expect_refused();
    add_fault(IC_FAULT_LOSS)->from_ps = VTIME_NEVER;
    expect_refused();
    add_fault(IC_FAULT_LOSS)->until_ps = VTIME_NEVER + 1;
    expect_refused();
    add_fault(IC_FAULT_LOSS)->match.to = ports; /* not known on the way to a switch */
    expect_refused();
    add_fault(IC_FAULT_LOSS)->match.queue = 256;
    expect_refused();
    add_fault(IC_FAULT_LOSS)->match = (struct ic_match){.n_bytes = 1, .queue = -1};
    expect_refused();
    add_fault(IC_FAULT_LOSS)->triggered = true;
    faults[0].nth = 0;
    expect_refused();
    add_fault(IC_FAULT_LOSS)->triggered = true;
    faults[0].duration_ps = 0;
    expect_refused();
    add_fault(IC_FAULT_LOSS)->triggered = true;
    faults[0].trigger.queue = -2;
    expect_refused();
    add_fault(IC_FAULT_DELAY);
    expect_refused();
    add_fault(IC_FAULT_DELAY)->delay_ps = -1;
    expect_refused();
    add_fault(IC_FAULT_DELAY)->jitter_ps = VTIME_NEVER;
    expect_refused();
    add_fault(IC_FAULT_REORDER);
    expect_refused();
    add_fault(IC_FAULT_RATE)->rate_bps = 8000000001;
    expect_refused();
    add_fault(IC_FAULT_RATE)->rate_bps = 0;
    expect_refused();
    add_fault(IC_FAULT_DOWN)->period_ps = 10;
    expect_refused();
    add_fault(IC_FAULT_DOWN)->period_ps = 10;
    faults[0].low_ps = 11;
    expect_refused();
    add_fault(IC_FAULT_STARVE); /* Ethernet */
    expect_refused();
    for (unsigned i = 0; i < 3; i++)
        links[i].fabric = switches[0].fabric = true;
    add_fault(IC_FAULT_STARVE)->match.queue = 1;
    expect_refused();
    cfg.n_faults = 1;
    cfg.faults = NULL;
    expect_refused();
    cfg.faults = faults;
    add_fault(IC_FAULT_STARVE);
    ic_destroy(build());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("interconnect, faults");
    TCase *tc = tcase_create("faults");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, loss_is_for_its_time, 0, 2);
    tcase_add_test(tc, loss_gives_credit_back);
    tcase_add_loop_test(tc, chance_follows_from_the_seed, 0, 4);
    tcase_add_loop_test(tc, delay_is_exact, 0, 2);
    tcase_add_test(tc, jitter_is_uniform_and_not_negative);
    tcase_add_loop_test(tc, rate_slows_those_behind_too, 0, 2);
    tcase_add_loop_test(tc, reorder_holds_back, 0, 2);
    tcase_add_test(tc, overtaking_into_a_switch);
    tcase_add_loop_test(tc, corrupt_flips_one_bit_behind_the_header, 0, 2);
    tcase_add_test(tc, corrupt_changes_one_copy);
    tcase_add_loop_test(tc, duplicate_sends_twice, 0, 2);
    tcase_add_test(tc, copies_have_fates_of_their_own);
    tcase_add_test(tc, duplicate_needs_room);
    tcase_add_loop_test(tc, down_takes_what_is_not_across, 0, 2);
    tcase_add_test(tc, flap);
    tcase_add_test(tc, flap_faster_than_a_flight);
    tcase_add_test(tc, starve_holds_credits);
    tcase_add_test(tc, starve_triggered_for_ever);
    tcase_add_loop_test(tc, matches, 0, N_MATCHES);
    tcase_add_test(tc, matches_of_ethernet);
    tcase_add_loop_test(tc, triggered_by_the_nth, 0, 2);
    tcase_add_loop_test(tc, trigger_alone, 0, 2);
    tcase_add_loop_test(tc, trigger_for_a_receiver, 0, 2);
    tcase_add_test(tc, down_triggered);
    tcase_add_test(tc, triggered_and_over);
    tcase_add_test(tc, partition_of_a_fabric);
    tcase_add_test(tc, bad_faults);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
