/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_engine_cases.c - racks made by hand: what sleeping, booting and lonely nodes may cost in rounds; full
 * rings; stop times; nodes that die or whose port is broken. Over fake_fabric.c; each in Check's child
 * process.
 */
#include "sim/engine.h"
#include "tests/unit/fake_run.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct world w;
static struct fake_log *expected;
static struct fake_result *got;

static void setup(void)
{
    expected = calloc(FAKE_NODES, sizeof *expected);
    got = calloc(1, sizeof *got);
    ck_assert(expected && got);
}

static void teardown(void)
{
    free(expected);
    free(got);
}

static void wire(unsigned a, unsigned b, vtime_t delay_ps, vtime_t training_ps)
{
    struct scn_end at_a = world_nic(&w, a), at_b = world_nic(&w, b);
    world_link(&w, at_a, at_b, delay_ps)->training_ps = training_ps;
}

static struct fake_profile *profile(unsigned node)
{
    w.own_profile[node] = true;
    w.profile[node] = (struct fake_profile){
        .longest_block_ns = 512, .longest_sleep_ns = 1000, .shortest_len = FAKE_MIN_LEN, .longest_len = 200};
    return &w.profile[node];
}

static void must_equal_naive(const struct fake_how *how)
{
    naive_run(&w, expected);
    fake_run(&w, how, got);
    for (unsigned i = 0; i < w.scn.n_nodes; i++) {
        uint32_t n = expected[i].n;
        while (n && expected[i].event[n - 1].at_ns >= vtime_to_ns(w.scn.stop_ps))
            n--;
        ck_assert_uint_ge(got->log[i].n, n);
        ck_assert_mem_eq(got->log[i].event, expected[i].event, n * sizeof expected[i].event[0]);
    }
}

static uint32_t count(unsigned node, enum fake_kind kind)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < got->log[node].n; k++)
        n += got->log[node].event[k].kind == kind;
    return n;
}

/* ---- what it costs ---- */

/* Eight nodes that sleep up to 10 ms at a time for one second: a few rounds for each time that one of them
 * wakes. */
START_TEST(an_idle_rack_costs_a_few_rounds_per_wake)
{
    uint32_t wakes = 0;
    world_empty(&w, 8, VTIME_S);
    for (unsigned i = 0; i < 8; i++) {
        struct fake_profile *p = profile(i);
        p->longest_sleep_ns = 10000000;
        p->halt = 255;
        if (i)
            wire(i - 1, i, VTIME_US, 0);
    }
    fake_run(&w, &(struct fake_how){.order = 1}, got);
    for (unsigned i = 0; i < 8; i++)
        wakes += count(i, FAKE_TIMER);
    ck_assert_uint_gt(wakes, 8 * 150);
    ck_assert_uint_lt(got->rounds, 5 * wakes); /* a million if they met every lookahead */
}
END_TEST

/* Nobody has a timer: the run is over as soon as all sleep. */
START_TEST(a_rack_asleep_for_ever_costs_nothing)
{
    world_empty(&w, 4, 1000 * VTIME_S);
    for (unsigned i = 0; i < 4; i++) {
        struct fake_profile *p = profile(i);
        p->halt = p->no_wake = 255;
        if (i)
            wire(0, i, VTIME_US, VTIME_MS);
    }
    fake_run(&w, &(struct fake_how){.order = 1}, got);
    ck_assert_uint_lt(got->rounds, 100);
}
END_TEST

/* Two nodes that compute, on a link that trains for 1 ms: a round per millisecond or so, not per microsecond.
 */
START_TEST(untrained_links_give_long_grants)
{
    world_empty(&w, 2, 40 * VTIME_MS);
    wire(0, 1, VTIME_US, VTIME_MS);
    for (unsigned i = 0; i < 2; i++)
        profile(i)->longest_block_ns = 100000; /* for the size of the log only */
    fake_run(&w, &(struct fake_how){.order = 1}, got);
    ck_assert_uint_lt(got->rounds, 2 * 40 + 10);
    ck_assert_uint_gt(got->rounds, 20);
}
END_TEST

/* The link is trained, but the other sleeps without a timer: whoever is alone runs to the end at once. */
START_TEST(a_lonely_node_runs_alone)
{
    world_empty(&w, 2, 10 * VTIME_MS);
    wire(0, 1, VTIME_US, 0);
    profile(0)->longest_block_ns = 10000;
    struct fake_profile *p = profile(1);
    p->halt = p->no_wake = 255;
    fake_run(&w, &(struct fake_how){.order = 1}, got);
    ck_assert_uint_lt(got->rounds, 10);
    ck_assert_uint_gt(count(0, FAKE_BLOCK_END), 1000);
}
END_TEST

/* ---- corners of time ---- */

/* Blocks of 512 ns over a lookahead of 26 ns: every block is cut, and nothing else changes. */
START_TEST(blocks_longer_than_the_lookahead)
{
    world_empty(&w, 3, 20 * VTIME_US);
    wire(0, 1, VTIME_NS, 0);
    wire(1, 2, VTIME_NS, 0);
    for (unsigned i = 0; i < 3; i++)
        profile(i)->send = 100;
    must_equal_naive(&(struct fake_how){.order = 3});
    ck_assert_uint_gt(count(1, FAKE_RECEIVED), 10);
}
END_TEST

/*
 * Node 0 sends by its slow interface, node 1 answers by the fast one: the answer is back long before anything
 * could have come back by the slow one. (A node's own grant counts the fastest way in.)
 */
START_TEST(the_answer_comes_by_another_interface)
{
    world_empty(&w, 2, 300 * VTIME_US);
    struct scn_end a = world_nic(&w, 0), b = world_nic(&w, 1), sw = {.is_switch = true};
    w.scn.n_switches = 1;
    w.sw[0] =
        (struct scn_switch){.name = "switch", .latency_ps = 1000, .table_size = 16, .ageing_ps = VTIME_NEVER};
    world_link(&w, a, sw, 20 * VTIME_US);
    world_link(&w, b, sw, 10 * VTIME_NS);
    wire(0, 1, 10 * VTIME_NS, 0);
    profile(0)->send = 30;
    struct fake_profile *p = profile(1);
    p->send = p->halt = 255;
    p->no_wake = 200;
    must_equal_naive(&(struct fake_how){.order = 3});
    ck_assert_uint_gt(count(0, FAKE_RECEIVED), 20);
}
END_TEST

/* A stop time between two nanoseconds is reached. */
START_TEST(a_stop_time_may_be_any_number_of_picoseconds)
{
    world_empty(&w, 2, 5 * VTIME_US + 500);
    wire(0, 1, 100 * VTIME_NS, 0);
    profile(0);
    profile(1);
    fake_run(&w, &(struct fake_how){.order = 1}, got);
    ck_assert_int_eq(got->end[0], PORT_END_STOPPED);
    ck_assert_int_eq(got->end[1], PORT_END_STOPPED);
}
END_TEST

START_TEST(nodes_without_interfaces)
{
    world_empty(&w, 3, 20 * VTIME_US);
    for (unsigned i = 0; i < 3; i++)
        profile(i)->halt = 60;
    must_equal_naive(&(struct fake_how){.order = 1});
    ck_assert_uint_lt(got->rounds, 5);
}
END_TEST

/* ---- full rings ---- */

/* 10 ms of wire, 1 byte per ns, frames of 9000 bytes: 10 MB are on their way before the first arrives. */
static void flood(bool both)
{
    world_empty(&w, 2, 22 * VTIME_MS);
    wire(0, 1, 10 * VTIME_MS, 0);
    w.link[0].mtu_bytes = 9018;
    w.link[0].queue_bytes = 64 << 20;
    for (unsigned i = 0; i < 2; i++) {
        struct fake_profile *p = profile(i);
        p->shortest_len = p->longest_len = 9000;
        p->longest_sleep_ns = 6000;
        p->halt = 255;
        p->send = i == 0 || both ? 255 : 0;
        p->no_wake = i == 0 || both ? 0 : 255;
    }
}

START_TEST(a_full_up_ring_waits_and_a_full_down_ring_caps)
{
    flood(false);
    must_equal_naive(&(struct fake_how){.order = 1});
    ck_assert_uint_gt(count(0, FAKE_SENT), 2 * PORT_RING_BYTES / 9000);
    ck_assert_uint_gt(count(1, FAKE_RECEIVED), 2 * PORT_RING_BYTES / 9000);
}
END_TEST

/* Both rings are full in one round, and the host decides which is drained first: the frames' numbers must not
 * show it. */
START_TEST(full_rings_leave_no_mark_in_frame_numbers)
{
    uint64_t ids[2];
    flood(true);
    w.scn.stop_ps = 11 * VTIME_MS;
    for (unsigned order = 0; order < 6; order++) {
        fake_run(&w, &(struct fake_how){.order = order}, got);
        for (unsigned i = 0; i < 2 && order; i++)
            ck_assert_uint_eq(got->ids[i], ids[i]);
        memcpy(ids, got->ids, sizeof ids);
    }
    ck_assert_uint_gt(count(0, FAKE_SENT), 2 * PORT_RING_BYTES / 9000);
}
END_TEST

/* ---- what is broken ---- */

static struct engine *engine_of_this(void)
{
    static const int cores[] = {0};
    char why[200];
    struct engine_config cfg = {.scenario = &w.scn, .cores = cores, .n_cores = 1};
    struct engine *e = engine_create(&cfg, why, sizeof why);
    ck_assert_ptr_nonnull(e);
    return e;
}

static struct engine *engine_of_two(void)
{
    world_empty(&w, 2, VTIME_MS);
    wire(0, 1, VTIME_US, 0);
    return engine_of_this();
}

/* Both nodes stand at 10 us; the caller has put something into the rings. */
static void step_at_10us(struct engine *e)
{
    struct port_shared *s = engine_port(e);
    for (unsigned i = 0; i < 2; i++) {
        struct port_node *n = &s->node[i];
        n->now_ps = 10 * VTIME_US;
        n->need_ps = n->now_ps + 100 * VTIME_NS;
        if (atomic_load(&n->state) != PORT_ENDED)
            atomic_store(&n->state, PORT_BLOCKED);
    }
    atomic_store(&s->pending, 0);
    engine_step(e, 0);
}

static void put_frame(struct engine *e, vtime_t at, uint32_t len)
{
    static const uint8_t data[64];
    struct port_record rec = {.type = PORT_REC_FRAME, .time_ps = at, .len = len};
    ck_assert_int_eq(port_ring_write(engine_port(e), 0, PORT_UP, &rec, data), 0);
}

static void node_0_is_dead_and_1_goes_on(struct engine *e)
{
    struct engine_node n;
    engine_get_node(e, 0, &n);
    ck_assert_int_eq(n.end, PORT_END_KILLED);
    ck_assert_str_ne(n.trouble, "");
    engine_get_node(e, 1, &n);
    ck_assert_int_eq(n.end, PORT_END_NONE);
    ck_assert_str_eq(n.trouble, "");
    ck_assert_uint_eq(atomic_load(&engine_port(e)->pending), 1 << 1);
    engine_destroy(e);
}

START_TEST(nonsense_in_the_ring_is_the_death_of_the_node)
{
    struct engine *e = engine_of_two();
    engine_port(e)->node[0].up_head = 4; /* less than a record */
    step_at_10us(e);
    node_0_is_dead_and_1_goes_on(e);
}
END_TEST

START_TEST(a_frame_from_the_past_is_the_death_of_the_node)
{
    struct engine *e = engine_of_two();
    put_frame(e, 5 * VTIME_US, 60);
    step_at_10us(e); /* the fabric has come to 10 us */
    ck_assert_uint_eq(atomic_load(&engine_port(e)->pending), 3);
    put_frame(e, 3 * VTIME_US, 60);
    step_at_10us(e);
    node_0_is_dead_and_1_goes_on(e);
}
END_TEST

START_TEST(an_empty_frame_is_the_death_of_the_node)
{
    struct engine *e = engine_of_two();
    put_frame(e, 10 * VTIME_US, 0);
    step_at_10us(e);
    node_0_is_dead_and_1_goes_on(e);
}
END_TEST

/* It fills its ring with nonsense and waits for room for ever: engine_wait() must notice, no round comes. */
START_TEST(nonsense_in_a_full_ring_is_noticed_between_rounds)
{
    struct engine *e = engine_of_two();
    struct port_shared *s = engine_port(e);
    s->node[0].up_head = PORT_RING_BYTES; /* full of zeros */
    atomic_store(&s->node[0].drain, 1);
    s->node[1].now_ps = 10 * VTIME_US;
    s->node[1].need_ps = 11 * VTIME_US;
    atomic_store(&s->node[1].state, PORT_BLOCKED);
    atomic_store(&s->pending, 1 << 0);
    ck_assert(!engine_wait(e, 0));
    node_0_is_dead_and_1_goes_on(e);
}
END_TEST

START_TEST(the_last_node_to_block_may_be_buried)
{
    struct engine *e = engine_of_two();
    struct port_shared *s = engine_port(e);
    s->node[1].need_ps = VTIME_US;
    atomic_store(&s->node[1].state, PORT_BLOCKED);
    atomic_store(&s->pending, 1 << 0);
    engine_bury(e, 0, "killed");
    engine_bury(e, 0, "twice");
    node_0_is_dead_and_1_goes_on(e);
}
END_TEST

/*
 * A machine is switched off at 2 us and on at 30 us: what is scheduled for later is sent again to the one
 * that begins then, what was scheduled for before is not.
 */
START_TEST(who_is_switched_on_again_gets_what_is_scheduled_for_later)
{
    static char node[] = "n0";
    struct scn_fault faults[] = {{.name = node, .action = SCN_PAUSE, .node = node, .at_ps = 20 * VTIME_US},
                                 {.name = node, .action = SCN_PAUSE, .node = node, .at_ps = 30 * VTIME_US},
                                 {.name = node, .action = SCN_CRASH, .node = node, .at_ps = 40 * VTIME_US}};
    static uint8_t buf[PORT_MAX_FRAME];
    struct port_record rec;
    world_empty(&w, 2, VTIME_MS);
    wire(0, 1, VTIME_US, 0);
    w.node[0].name = node;
    w.scn.faults = faults;
    w.scn.n_faults = 3;
    struct engine *e = engine_of_this();
    struct port_node *n = &engine_port(e)->node[0];

    ck_assert(!engine_restart(e, 0)); /* nobody wanted that */
    n->base_ps = n->now_ps = 30 * VTIME_US;
    atomic_store(&n->state, PORT_BLOCKED);
    atomic_store(&n->restart, 1);
    ck_assert(engine_restart(e, 0));
    ck_assert(!engine_restart(e, 0));
    for (unsigned i = 1; i < 3; i++) {
        ck_assert_int_eq(port_ring_read(engine_port(e), 0, PORT_DOWN, &rec, buf), 1);
        ck_assert_uint_eq(rec.type, PORT_REC_FAULT);
        ck_assert_uint_eq(rec.arg, i);
        ck_assert_int_eq(rec.time_ps, faults[i].at_ps);
    }
    ck_assert_int_eq(port_ring_read(engine_port(e), 0, PORT_DOWN, &rec, buf), 0);
    ck_assert_int_eq(n->pending_ps, 30 * VTIME_US);

    atomic_store(&n->restart, 1);
    n->base_ps = -1; /* nonsense */
    ck_assert(!engine_restart(e, 0));
    engine_destroy(e);
    w.scn.n_faults = 0;
}
END_TEST

START_TEST(cancelling_ends_the_run_at_the_next_step)
{
    struct engine *e = engine_of_two();
    engine_cancel(e);
    ck_assert(!engine_wait(e, 0));
    step_at_10us(e);
    ck_assert(engine_wait(e, 0));
    engine_destroy(e);
}
END_TEST

START_TEST(the_run_is_over_when_all_jobs_are_done)
{
    struct engine *e = engine_of_two();
    w.node[0].run = "true";
    step_at_10us(e);
    ck_assert(!engine_wait(e, 0));
    engine_port(e)->node[0].end = PORT_END_RESULT;
    atomic_store(&engine_port(e)->node[0].state, PORT_ENDED);
    step_at_10us(e); /* node 1 has no job */
    ck_assert(engine_wait(e, 0));
    engine_destroy(e);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("engine_cases");
    TCase *c = tcase_create("cases");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, an_idle_rack_costs_a_few_rounds_per_wake);
    tcase_add_test(c, a_rack_asleep_for_ever_costs_nothing);
    tcase_add_test(c, untrained_links_give_long_grants);
    tcase_add_test(c, a_lonely_node_runs_alone);
    tcase_add_test(c, blocks_longer_than_the_lookahead);
    tcase_add_test(c, the_answer_comes_by_another_interface);
    tcase_add_test(c, a_stop_time_may_be_any_number_of_picoseconds);
    tcase_add_test(c, nodes_without_interfaces);
    tcase_add_test(c, a_full_up_ring_waits_and_a_full_down_ring_caps);
    tcase_add_test(c, full_rings_leave_no_mark_in_frame_numbers);
    tcase_add_test(c, nonsense_in_the_ring_is_the_death_of_the_node);
    tcase_add_test(c, a_frame_from_the_past_is_the_death_of_the_node);
    tcase_add_test(c, an_empty_frame_is_the_death_of_the_node);
    tcase_add_test(c, nonsense_in_a_full_ring_is_noticed_between_rounds);
    tcase_add_test(c, the_last_node_to_block_may_be_buried);
    tcase_add_test(c, who_is_switched_on_again_gets_what_is_scheduled_for_later);
    tcase_add_test(c, cancelling_ends_the_run_at_the_next_step);
    tcase_add_test(c, the_run_is_over_when_all_jobs_are_done);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
