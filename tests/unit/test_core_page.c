/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_core_page.c - exact message counts of the page directory, case by case, and what becomes of pages when
 * nodes die. */
#include "tests/core/sim.h"
#include <check.h>
#include <stdlib.h>

/* One access on a node of its own thread, run to its end. Returns the messages it took. */
static uint64_t access_from(unsigned node, unsigned page, bool write, int expected)
{
    uint64_t before = sim.messages;
    unsigned t = sim_thread(node);
    sim_plan(t, page, write);
    const char *wrong = sim_run();
    ck_assert_msg(!wrong, "%s", wrong);
    ck_assert_int_eq(sim.thread[t].result[0], expected);
    return sim.messages - before;
}

static uint64_t get(unsigned node, unsigned page, bool write)
{
    return access_from(node, page, write, CORE_OK);
}

static void over(void)
{
    const char *wrong = sim_finish();
    ck_assert_msg(!wrong, "%s", wrong);
}

START_TEST(untouched_pages)
{
    sim_start(3, 3, 0);
    ck_assert_uint_eq(get(0, 0, false), 0); /* home itself */
    ck_assert_uint_eq(get(0, 1, false), 2); /* GET, GRANT: zero, not sent */
    ck_assert_uint_eq(get(0, 2, true), 2);
    get(1, 2, true);
    ck_assert_uint_eq(page_copy_find(&sim.node[1].p, 2)->version, 2); /* two write grants */
    ck_assert_uint_eq(sim.node[1].p.counts.sent_data, 0);
    over();
}
END_TEST

START_TEST(read_misses)
{
    sim_start(4, 1, 0);
    get(0, 0, true);
    ck_assert_uint_eq(get(1, 0, false), 2); /* the home has it: GET, DATA */
    ck_assert_uint_eq(sim.node[0].p.counts.sent_data, 1);
    ck_assert_uint_eq(get(1, 0, true), 2);  /* upgrade; the home, being here, costs nothing */
    ck_assert_uint_eq(get(2, 0, false), 3); /* GET, FWD, DATA */
    ck_assert_uint_eq(get(0, 0, false), 2); /* asked by the home: FWD, DATA */
    ck_assert_uint_eq(get(3, 0, false), 2); /* now the home has it again */
    ck_assert_uint_eq(get(3, 0, false), 0);
    over();
}
END_TEST

START_TEST(upgrades)
{
    for (unsigned k = 0; k <= 3; k++) { /* home 0; 1 upgrades; 2.. read too */
        sim_start(5, 1, 0);
        get(1, 0, true);
        get(1, 0, false);
        for (unsigned i = 0; i < k; i++)
            get(2 + i, 0, false);
        if (k == 0)
            ck_assert_uint_eq(get(1, 0, true), 0); /* still the writer */
        else
            ck_assert_uint_eq(get(1, 0, true), 2 + 2 * k);
        ck_assert_uint_eq(sim.node[1].p.counts.sent_data, k);
        over();
    }
    sim_start(3, 1, 0);
    get(1, 0, false); /* the only reader: k = 0 */
    ck_assert_uint_eq(get(1, 0, true), 2);
    over();
}
END_TEST

START_TEST(write_misses)
{
    sim_start(5, 1, 0);
    get(0, 0, true);
    ck_assert_uint_eq(get(1, 0, true), 2); /* from the home */
    ck_assert_uint_eq(get(2, 0, true), 3); /* from a remote owner */
    ck_assert_uint_eq(get(0, 0, true), 2); /* by the home */
    get(1, 0, false);
    get(2, 0, false);
    ck_assert_uint_eq(get(3, 0, true), 2 + 2 * 2); /* the home supplies; two others drop theirs */
    get(4, 0, false);
    ck_assert_uint_eq(get(1, 0, true), 3 + 2 * 1); /* 3 supplies, 4 drops */
    over();
}
END_TEST

START_TEST(zero_is_not_sent)
{
    sim_start(2, 1, 0);
    for (unsigned i = 0; i < 4; i++) /* the fourth write writes zero */
        get(0, 0, true);
    ck_assert_uint_eq(sim.value[0], 0);
    ck_assert_uint_eq(get(1, 0, false), 2);
    ck_assert_uint_eq(sim.node[0].p.counts.sent_data, 0);
    ck_assert_uint_eq(sim.node[0].p.counts.sent_zero, 1);
    over();
}
END_TEST

START_TEST(faults_coalesce)
{
    struct sim_action list[SIM_ACTIONS];
    sim_start(2, 1, 0);
    for (unsigned i = 0; i < 6; i++)
        sim_plan(sim_thread(1), 0, false);
    for (unsigned i = 0; i < 6; i++) {
        struct sim_action step = {SIM_STEP, i, 0};
        sim_act(&step);
    }
    ck_assert_uint_eq(sim_actions(list), 1); /* one message on its way */
    ck_assert_ptr_null(sim_run());
    ck_assert_uint_eq(sim.messages, 2);
    ck_assert_uint_eq(sim.node[1].p.counts.coalesced, 5);
    ck_assert_uint_eq(sim.reads, 6);
    over();
}
END_TEST

/* Four writers at once: each gets its turn, in the order in which the home hears of them, and nobody asks
 * twice. */
START_TEST(queue_is_fair)
{
    sim_start(5, 1, 0);
    for (unsigned i = 1; i < 5; i++)
        sim_plan(sim_thread(i), 0, true);
    for (unsigned i = 4; i-- > 0;) {
        struct sim_action step = {SIM_STEP, i, 0}, hear = {SIM_DELIVER, i + 1, 0};
        sim_act(&step);
        sim_act(&hear);
    }
    const unsigned order[] = {4, 3, 2, 1};
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_uint_eq(sim.writes, i);
        while (sim.writes == i) { /* others first, so that only the chain can let node order[i] go on */
            struct sim_action list[SIM_ACTIONS];
            ck_assert_uint_gt(sim_actions(list), 0);
            sim_act(&list[0]);
            ck_assert_ptr_null(sim_check());
        }
        ck_assert_uint_eq(sim.thread[order[i] - 1].next, 1);
    }
    ck_assert_ptr_null(sim_run());
    ck_assert_uint_eq(sim.messages, 2 + 3 * 3); /* untouched: GET, GRANT; then GET, FWD, DATA each */
    over();
}
END_TEST

/* While the home waits for ACKs, requests queue: first come, first served. */
START_TEST(busy_queue_is_fair)
{
    struct sim_action list[SIM_ACTIONS];
    const unsigned order[] = {3, 4, 1};
    sim_start(5, 1, 0);
    get(1, 0, false);
    get(2, 0, false);
    unsigned first = sim.threads, served = 0;
    for (unsigned i = 0; i < 3; i++) {
        unsigned t = sim_thread(order[i]);
        sim_plan(t, 0, true);
        struct sim_action step = {SIM_STEP, t, 0}, hear = {SIM_DELIVER, order[i], 0};
        sim_act(&step);
        sim_act(&hear);
    }
    ck_assert_uint_eq(page_dir_find(&sim.node[0].p, 0)->queued, 2);
    while (sim_actions(list) > 0) {
        sim_act(&list[0]);
        ck_assert_ptr_null(sim_check());
        if (sim.writes > served)
            ck_assert_uint_eq(sim.thread[first + served++].next, 1);
    }
    ck_assert_uint_eq(served, 3);
    over();
}
END_TEST

START_TEST(held_for_its_faults)
{
    struct sim_action list[SIM_ACTIONS];
    sim_start(3, 1, 1000);
    get(1, 0, true);
    sim_plan(sim_thread(2), 0, true);
    for (;;) {
        unsigned n = sim_actions(list);
        ck_assert_uint_gt(n, 0);
        if (list[0].kind == SIM_POLL)
            break;
        sim_act(&list[0]);
    }
    ck_assert_uint_eq(list[0].a, 1);
    ck_assert_uint_eq(sim.node[1].timer_at, 1001);
    ck_assert_int_eq(sim.node[1].mapped[0], PAGE_EXCLUSIVE);
    ck_assert_ptr_null(sim_run());
    ck_assert_int_eq(sim.node[2].mapped[0], PAGE_EXCLUSIVE);
    over();
}
END_TEST

/* A held copy that somebody else is going to write: a write here waits for that, and does not cut the time
 * short. */
START_TEST(held_although_more_is_wanted)
{
    struct sim_action list[SIM_ACTIONS];
    sim_start(3, 1, 1000);
    get(1, 0, false);
    sim_plan(sim_thread(2), 0, true);
    while (sim_actions(list), list[0].kind != SIM_POLL)
        sim_act(&list[0]);
    uint64_t before = sim.messages;
    unsigned t = sim_thread(1);
    sim_plan(t, 0, true);
    struct sim_action step = {SIM_STEP, t, 0};
    sim_act(&step);
    ck_assert_uint_eq(sim.messages, before);
    ck_assert_int_eq(sim.node[1].mapped[0], PAGE_SHARED);
    ck_assert_ptr_null(sim_run());
    ck_assert_uint_eq(sim.writes, 2);
    over();
}
END_TEST

static void crash(unsigned node)
{
    struct sim_action a = {SIM_CRASH, node, 0};
    sim.crashes = 1;
    sim_act(&a);
}

START_TEST(owner_dies)
{
    sim_start(4, 2, 0);
    get(1, 0, true);
    get(2, 1, true); /* home 1 */
    get(2, 0, false);
    crash(1);
    ck_assert_uint_eq(access_from(3, 0, false, CORE_OK), 5); /* 2 has a copy: CANCEL, KEPT */
    access_from(3, 1, false, CORE_EDEAD);                    /* its home is dead */
    access_from(2, 1, false, CORE_EDEAD);
    get(3, 0, true);
    crash(3);
    access_from(2, 0, true, CORE_ELOST);
    access_from(0, 0, false, CORE_ELOST);
    over();
}
END_TEST

/* The owner dies with the order to send in its hands: the waiting fault is not left alone. */
START_TEST(supplier_dies)
{
    sim_start(3, 1, 0);
    get(1, 0, true);
    unsigned t = sim_thread(2);
    sim_plan(t, 0, false);
    struct sim_action step = {SIM_STEP, t, 0}, hear = {SIM_DELIVER, 2, 0};
    sim_act(&step);
    sim_act(&hear);
    crash(1);
    ck_assert_ptr_null(sim_run());
    ck_assert_int_eq(sim.thread[t].result[0], CORE_ELOST);
    ck_assert_uint_eq(sim.thread[t].waits, 0);
    over();
}
END_TEST

START_TEST(bad_messages)
{
    struct page_wire w = {.page = 0, .request = 1};
    uint64_t bad = 0;
    sim_start(2, 1, 0);
    struct page *p = &sim.node[1].p; /* home of page 1 */
    page_message(p, 0, PAGE_GET, &w, sizeof w - 1);
    ck_assert_uint_eq(p->counts.bad, ++bad);
    page_message(p, 0, PAGE_GET, &w, sizeof w); /* not its home */
    ck_assert_uint_eq(p->counts.bad, ++bad);
    page_message(p, 9, PAGE_DATA, &w, sizeof w);
    ck_assert_uint_eq(p->counts.bad, ++bad);
    page_message(p, 0, 0x99, &w, sizeof w);
    ck_assert_uint_eq(p->counts.bad, ++bad);
    w.node = 2;
    page_message(p, 0, PAGE_FWD, &w, sizeof w);
    ck_assert_uint_eq(p->counts.bad, ++bad);
    w.node = 0;
    page_message(p, 0, PAGE_DATA, &w, sizeof w); /* nobody waits: ignored */
    ck_assert_uint_eq(p->counts.bad, bad);
    ck_assert_uint_eq(sim.messages, 0);
    page_message(p, 0, PAGE_FWD, &w, sizeof w); /* a copy it never had: refused to the asker */
    ck_assert_uint_eq(p->counts.refused, 1);
    ck_assert_uint_eq(sim.messages, 1);
    struct page_config c = p->c;
    struct page other;
    c.buckets = 3;
    ck_assert_int_eq(page_init(&other, &c), CORE_EINVAL);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("core: page");
    TCase *t = tcase_create("page");
    tcase_add_test(t, untouched_pages);
    tcase_add_test(t, read_misses);
    tcase_add_test(t, upgrades);
    tcase_add_test(t, write_misses);
    tcase_add_test(t, zero_is_not_sent);
    tcase_add_test(t, faults_coalesce);
    tcase_add_test(t, queue_is_fair);
    tcase_add_test(t, held_for_its_faults);
    tcase_add_test(t, held_although_more_is_wanted);
    tcase_add_test(t, owner_dies);
    tcase_add_test(t, supplier_dies);
    tcase_add_test(t, bad_messages);
    tcase_add_test(t, busy_queue_is_fair);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
