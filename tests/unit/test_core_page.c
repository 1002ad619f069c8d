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

/* ---- pins ---- */

static void act(int kind, unsigned a, unsigned b)
{
    struct sim_action action = {kind, a, b};
    sim_act(&action);
    const char *wrong = sim_check();
    ck_assert_msg(!wrong, "%s", wrong);
}

/* All that can happen but unpinning. */
static void run_pinned(void)
{
    struct sim_action list[SIM_ACTIONS];
    for (unsigned i = 0, n; n = sim_actions(list), i < n;) {
        if (list[i].kind == SIM_UNPIN) {
            i++;
            continue;
        }
        act(list[i].kind, list[i].a, list[i].b);
        i = 0;
    }
}

/* A new thread's access with or without a pin, and what comes of it while nobody unpins. Its number. */
static unsigned start(unsigned node, unsigned page, bool write, bool pin)
{
    unsigned t = sim_thread(node);
    (pin ? sim_plan_pin : sim_plan)(t, page, write);
    act(SIM_STEP, t, 0);
    run_pinned();
    return t;
}

START_TEST(pin_keeps_a_writer)
{
    for (unsigned home = 0; home < 2; home++) { /* also at the home itself */
        sim_start(3, 3, 0);
        unsigned page = home ? 1 : 0, one = start(1, page, true, true);
        uint64_t before = sim.messages;
        unsigned two = start(2, page, true, false), three = start(0, page, false, false);
        ck_assert_int_eq(sim.node[1].mapped[page], PAGE_EXCLUSIVE);
        ck_assert(page_pinned(&sim.node[1].p, page));
        ck_assert_uint_eq(sim.node[1].timer_at, 0);
        act(SIM_UNPIN, one, 0);
        ck_assert(!page_pinned(&sim.node[1].p, page));
        run_pinned();
        ck_assert(sim.thread[two].next == 1 && sim.thread[three].next == 1);
        ck_assert_uint_eq(sim.messages - before, 5); /* as without a pin: 3 and 2, or 2 and 3 */
        over();
    }
}
END_TEST

START_TEST(pin_of_a_reader)
{
    sim_start(4, 1, 0);
    unsigned one = start(1, 0, false, true);
    unsigned two = start(2, 0, false, false); /* 1 has the only copy: it is sent in spite of the pin */
    ck_assert(sim.thread[two].next == 1 && sim.thread[one].pinned);
    unsigned three = start(3, 0, true, false);
    ck_assert_uint_eq(sim.thread[three].waits, 1);
    ck_assert_int_eq(sim.node[1].mapped[0], PAGE_SHARED);
    unsigned other = start(2, 0, false, false); /* has dropped its copy: queues behind 3 */
    ck_assert_uint_eq(sim.thread[other].waits, 1);
    act(SIM_UNPIN, one, 0);
    run_pinned();
    ck_assert_int_eq(sim.node[1].mapped[0], PAGE_INVALID);
    ck_assert_uint_eq(sim.thread[three].next, 1);
    over();
}
END_TEST

START_TEST(pins_are_counted)
{
    unsigned t[3];
    sim_start(2, 1, 0);
    for (unsigned i = 0; i < 3; i++) { /* the first two coalesce, the third finds the right */
        sim_plan_pin(t[i] = sim_thread(1), 0, i == 0);
        act(SIM_STEP, t[i], 0);
        if (i == 1)
            run_pinned();
    }
    ck_assert_uint_eq(page_copy_find(&sim.node[1].p, 0)->pins, 3);
    unsigned home = start(0, 0, true, false);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(sim.thread[home].waits, 1);
        act(SIM_UNPIN, t[i], 0);
        run_pinned();
    }
    ck_assert_uint_eq(sim.thread[home].next, 1);
    page_unpin(&sim.node[1].p, 0); /* none left: nothing happens */
    page_unpin(&sim.node[1].p, 99);
    ck_assert_ptr_null(sim_check());
    over();
}
END_TEST

/* A reader's pin, while a thread of the same node asks to write: another's write comes first, after the pin.
 */
START_TEST(pin_and_upgrade)
{
    sim_start(3, 1, 0);
    get(2, 0, false);
    unsigned one = start(1, 0, false, true), home = sim_thread(0), two = sim_thread(1);
    sim_plan(home, 0, true);
    sim_plan_pin(two, 0, true);
    act(SIM_STEP, home, 0);
    act(SIM_STEP, two, 0);
    run_pinned();
    ck_assert(sim.thread[home].waits && sim.thread[two].waits);
    ck_assert_int_eq(sim.node[1].mapped[0], PAGE_SHARED);
    act(SIM_UNPIN, one, 0);
    run_pinned();
    ck_assert(sim.thread[home].next == 1 && sim.thread[two].pinned);
    ck_assert_int_eq(sim.node[1].mapped[0], PAGE_EXCLUSIVE);
    act(SIM_UNPIN, two, 0);
    unsigned three = start(1, 0, false, true), four = start(1, 0, true, true); /* the right is there */
    ck_assert(sim.thread[three].pinned && sim.thread[four].pinned);
    ck_assert_ptr_null(sim_run());
    over();
}
END_TEST

/* Threads of one node that pin in turn do not keep others out: a fault with pin waits behind an order. */
START_TEST(pins_are_fair)
{
    for (unsigned write = 0; write < 2; write++) {
        sim_start(3, 1, 0);
        unsigned one = start(1, 0, true, true);
        unsigned two = start(2, 0, write, false), three = start(1, 0, false, true);
        unsigned plain = start(1, 0, false, false);
        ck_assert(sim.thread[two].waits && sim.thread[three].waits && sim.thread[plain].next == 1);
        uint64_t before = sim.messages;
        act(SIM_UNPIN, one, 0);
        run_pinned();
        ck_assert(sim.thread[two].next == 1 && sim.thread[three].pinned);
        /* DATA; the reader's copy stays, the writer's is asked for again: GET, FWD, DATA */
        ck_assert_uint_eq(sim.messages - before, write ? 4 : 1);
        ck_assert_ptr_null(sim_run());
        over();
    }
}
END_TEST

START_TEST(unpinned_pages_are_held)
{
    struct sim_action list[SIM_ACTIONS];
    sim_start(3, 2, 1000);
    get(1, 1, true);
    unsigned one = start(1, 0, true, true), two = sim_thread(2);
    sim.node[1].now = 5000; /* the time since it came is long over */
    sim_plan(two, 0, true);
    act(SIM_STEP, two, 0);
    run_pinned();
    ck_assert_uint_eq(sim.thread[two].waits, 1);
    ck_assert_ptr_null(sim.node[1].p.held_first); /* pins ask for no time */
    ck_assert_uint_eq(sim.node[1].timer_at, 0);
    act(SIM_UNPIN, one, 0);
    ck_assert_uint_eq(sim.node[1].timer_at, 6000);
    ck_assert_ptr_eq(sim.node[1].p.held_first, page_copy_find(&sim.node[1].p, 0)); /* and only this */
    ck_assert_ptr_eq(sim.node[1].p.held_last, sim.node[1].p.held_first);
    page_poll(&sim.node[1].p); /* too early: it stays */
    ck_assert_int_eq(sim.node[1].mapped[0], PAGE_EXCLUSIVE);
    ck_assert_uint_eq(sim_actions(list), 1);
    ck_assert_int_eq(list[0].kind, SIM_POLL);
    run_pinned();
    ck_assert_int_eq(sim.node[2].mapped[0], PAGE_EXCLUSIVE);
    ck_assert_ptr_null(sim.node[1].p.held_first);
    over();
}
END_TEST

START_TEST(pins_and_deaths)
{
    sim_start(4, 2, 0);
    unsigned one = start(2, 0, true, true), two = start(2, 1, true, true);
    unsigned three = start(3, 1, false, false);
    crash(1); /* the home of page 1 */
    run_pinned();
    ck_assert_int_eq(sim.thread[three].result[0], CORE_EDEAD);
    ck_assert_int_eq(sim.node[2].mapped[1], PAGE_INVALID);
    ck_assert(!page_pinned(&sim.node[2].p, 1) && page_pinned(&sim.node[2].p, 0));
    act(SIM_UNPIN, two, 0);
    unsigned four = start(3, 0, true, false);
    crash(3); /* the home waits in vain, but not for ever: the chain's next is its */
    run_pinned();
    unsigned five = start(0, 0, true, false);
    ck_assert_uint_eq(sim.thread[five].waits + (sim.thread[five].result[0] == CORE_ELOST), 1);
    act(SIM_UNPIN, one, 0);
    run_pinned();
    ck_assert_uint_eq(sim.thread[five].next, 1);
    ck_assert_uint_eq(sim.thread[four].next, 0);
    over();
}
END_TEST

/* ---- initial contents ---- */

START_TEST(initial_contents)
{
    sim_start(3, 3, 0);
    sim_initial(1 << 1 | 1 << 2);
    ck_assert_uint_eq(get(0, 1, false), 2); /* GET, GRANT, no bytes */
    ck_assert_uint_eq(*(uint64_t *)page_copy_find(&sim.node[0].p, 1)->frame, SIM_INITIAL + 1);
    ck_assert_uint_eq(sim.node[0].p.counts.initial, 1);
    ck_assert_uint_eq(sim.node[1].p.counts.sent_data + sim.node[0].p.counts.sent_data, 0);
    ck_assert_uint_eq(get(2, 1, false), 3); /* from the holder: GET, FWD, DATA with bytes */
    ck_assert_uint_eq(sim.node[0].p.counts.sent_data, 1);
    ck_assert_uint_eq(get(2, 2, true), 0);
    ck_assert_uint_eq(get(1, 0, true), 2); /* this one is zero */
    ck_assert_uint_eq(sim.initials, 3);
    over();
}
END_TEST

START_TEST(unwritten_pages_survive)
{
    sim_start(3, 1, 0);
    sim_initial(1);
    get(1, 0, false);
    crash(1);
    ck_assert_uint_eq(get(2, 0, false), 2);
    ck_assert_uint_eq(sim.initials, 2);
    crash(2);
    ck_assert_uint_eq(get(0, 0, true), 0);
    over();
    sim_start(3, 1, 0);
    get(1, 0, true); /* may have been written */
    crash(1);
    access_from(2, 0, false, CORE_ELOST);
    over();
}
END_TEST

/* The supplier of the first write dies while another reader has not yet dropped its copy. */
START_TEST(unwritten_while_busy)
{
    sim_start(4, 1, 0);
    sim_initial(1);
    get(1, 0, false); /* the owner, that is to supply */
    unsigned two = start(2, 0, false, true), three = start(3, 0, true, false);
    ck_assert_uint_eq(page_dir_find(&sim.node[0].p, 0)->busy, 1);
    crash(1);
    run_pinned();
    ck_assert_uint_eq(sim.thread[three].waits, 1);
    act(SIM_UNPIN, two, 0);
    run_pinned();
    ck_assert_uint_eq(sim.thread[three].next, 1);
    ck_assert_int_eq(sim.thread[three].result[0], CORE_OK);
    over();
}
END_TEST

/* 1 dies with the page that 3, then 2, then 4 were to have; 4 tells the home that it was refused before 3
 * does. Nobody has lied. */
START_TEST(chain_in_doubt)
{
    const struct {
        unsigned node, write;
    } ask[] = {{1, true}, {3, true}, {2, true}, {4, false}, {0, true}};
    sim_start(5, 1, 0);
    for (unsigned i = 0; i < 5; i++) {
        sim_plan(sim_thread(ask[i].node), 0, ask[i].write);
        act(SIM_STEP, i, 0);
        if (ask[i].node)
            act(SIM_DELIVER, ask[i].node, 0);
        if (i == 0)
            crash(1);
    }
    act(SIM_DETECT, 1, 0);
    act(SIM_DELIVER, 0, 3); /* FWD to 2 */
    act(SIM_DELIVER, 0, 3); /* CANCEL: GONE on its way, 2 is refused */
    act(SIM_DELIVER, 0, 2);
    act(SIM_DELIVER, 3, 2); /* GONE on its way, 4 is refused */
    act(SIM_DELIVER, 0, 4);
    act(SIM_DELIVER, 2, 4);
    act(SIM_DELIVER, 4, 0); /* GONE */
    ck_assert_ptr_null(sim_run());
    for (unsigned i = 1; i < 5; i++)
        ck_assert_int_eq(sim.thread[i].result[0], CORE_ELOST);
    over();
}
END_TEST

/* ---- ranges ---- */

static void drop(unsigned node, unsigned page)
{
    sim.retired |= (uint8_t)(1u << page);
    act(SIM_DROP, node, page);
}

START_TEST(pages_are_dropped)
{
    sim_start(3, 4, 1000);
    for (unsigned page = 0; page < 4; page += page == 1 ? 2 : 1) {
        get(0, page, true);
        get(1, page, false);
    }
    struct page *p = &sim.node[1].p;
    unsigned one = start(1, 0, true, true);
    ck_assert(!page_busy(p, 0, UINT64_MAX) && !page_busy(p, 0, 0));
    unsigned two = sim_thread(2);
    sim_plan(two, 0, false);
    act(SIM_STEP, two, 0);
    ck_assert(page_busy(&sim.node[2].p, 0, UINT64_MAX) && page_busy(&sim.node[2].p, 0, 0));
    ck_assert(!page_busy(&sim.node[2].p, 1, UINT64_MAX) && !page_busy(&sim.node[2].p, 1, 0));
    run_pinned();
    ck_assert(page_busy(&sim.node[2].p, 0, 0)); /* behind the pin */
    act(SIM_UNPIN, one, 0);
    start(1, 3, true, false);
    ck_assert(!page_busy(&sim.node[2].p, 0, UINT64_MAX));
    for (unsigned node = 3; node-- > 0;) {
        drop(node, 0);
        drop(node, 3);
        drop(node, 3); /* nothing there */
    }
    ck_assert_ptr_nonnull(page_copy_find(p, 1));
    ck_assert_ptr_nonnull(page_dir_find(p, 1));
    ck_assert_uint_eq(p->entries, 2); /* a copy, a directory */
    page_drop(p, 3, 0);               /* no range */
    ck_assert_uint_eq(p->entries, 2);
    /* late messages: an order and an answer to nobody; a death */
    struct page_wire w = {.page = 3, .request = 7, .holder = 9, .node = 2, .write = 1};
    page_message(p, 0, PAGE_FWD, &w, sizeof w);
    page_message(p, 0, PAGE_GRANT, &w, sizeof w);
    page_message(p, 0, PAGE_CANCEL, &w, sizeof w);
    w.page = 0;
    page_message(&sim.node[0].p, 1, PAGE_ACK, &w, sizeof w);
    page_message(&sim.node[0].p, 1, PAGE_GONE, &w, sizeof w);
    ck_assert_ptr_null(sim_run());
    crash(2);
    ck_assert_ptr_null(sim_run());
    over();
}
END_TEST

/* At the home, in order, few at a time; a short range and one that is longer than all there is. */
START_TEST(touched_pages_are_found)
{
    uint64_t found[3] = {99, 99, 99};
    sim_start(2, 4, 1000);
    get(1, 2, true);
    get(1, 1, true);
    get(0, 0, false);
    const struct page *p = &sim.node[0].p;
    for (unsigned all = 0; all < 2; all++) {
        uint64_t last = all ? UINT64_MAX : 3;
        ck_assert_uint_eq(page_touched_in(p, 0, last, found, 2), 2);
        ck_assert(found[0] == 0 && found[1] == 2 && found[2] == 99);
        ck_assert_uint_eq(page_touched_in(p, 0, last, found, 1), 1);
        ck_assert_uint_eq(found[0], 0);
        ck_assert_uint_eq(page_touched_in(p, 1, last, found, 3), 1);
        ck_assert_uint_eq(found[0], 2);
        ck_assert_uint_eq(page_touched_in(p, 3, last, found, 3), 0);
        ck_assert_uint_eq(page_touched_in(p, 0, last, found, 0), 0);
    }
    ck_assert_uint_eq(page_touched_in(p, 3, 0, found, 3), 0);
    ck_assert_uint_eq(page_touched_in(&sim.node[1].p, 0, UINT64_MAX, found, 3), 1);
    ck_assert_uint_eq(found[0], 1);
    over();
}
END_TEST

/* Whoever waits, pins or holds: all goes at once. */
START_TEST(everything_is_dropped)
{
    sim_start(3, 2, 1000);
    get(1, 0, true);
    unsigned one = start(1, 1, true, true), two = sim_thread(2), three = sim_thread(2);
    sim_plan(two, 0, true);
    sim_plan(three, 1, true);
    act(SIM_STEP, two, 0);
    act(SIM_STEP, three, 0);
    act(SIM_DELIVER, 2, 0);
    act(SIM_DELIVER, 2, 1);
    act(SIM_DELIVER, 0, 1);
    ck_assert_ptr_eq(sim.node[1].p.held_first, page_copy_find(&sim.node[1].p, 0));
    sim.retired = 3;
    for (unsigned i = 0; i < 3; i++) {
        sim.node[i].dropped = 3;
        page_drop(&sim.node[i].p, 0, UINT64_MAX);
        ck_assert_uint_eq(sim.node[i].p.entries, 0);
    }
    ck_assert_ptr_null(sim.node[1].p.held_first);
    ck_assert_int_eq(sim.thread[two].result[0], CORE_ECLOSED);
    ck_assert_int_eq(sim.thread[three].result[0], CORE_ECLOSED);
    ck_assert_int_eq(sim.node[1].mapped[1], PAGE_INVALID);
    act(SIM_UNPIN, one, 0);
    ck_assert_ptr_null(sim_run());
    for (unsigned i = 0; i < 3; i++) {
        page_fini(&sim.node[i].p);
        ck_assert_uint_eq(sim.node[i].blocks, 0);
    }
}
END_TEST

/* Page numbers have objects in their upper part. */
START_TEST(buckets_are_even)
{
    enum { BUCKETS = 1024, OBJECTS = 256, EACH = 64 };
    static unsigned filled[BUCKETS];
    struct page p = {.c.buckets = BUCKETS};
    unsigned most = 0;
    for (uint64_t object = 0; object < OBJECTS; object++)
        for (uint64_t i = 0; i < EACH; i++) {
            unsigned n = ++filled[page_bucket(&p, (object << 6 | 1) << 28 | i)];
            most = n > most ? n : most;
        }
    ck_assert_uint_le(most, 3 * OBJECTS * EACH / BUCKETS); /* 16 on average */
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
    w.zero = 3;
    page_message(p, 0, PAGE_DATA, &w, sizeof w);
    ck_assert_uint_eq(p->counts.bad, ++bad);
    w.zero = PAGE_BYTES;
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
    tcase_add_test(t, pin_keeps_a_writer);
    tcase_add_test(t, pin_of_a_reader);
    tcase_add_test(t, pins_are_counted);
    tcase_add_test(t, pin_and_upgrade);
    tcase_add_test(t, pins_are_fair);
    tcase_add_test(t, unpinned_pages_are_held);
    tcase_add_test(t, pins_and_deaths);
    tcase_add_test(t, initial_contents);
    tcase_add_test(t, unwritten_pages_survive);
    tcase_add_test(t, unwritten_while_busy);
    tcase_add_test(t, chain_in_doubt);
    tcase_add_test(t, pages_are_dropped);
    tcase_add_test(t, touched_pages_are_found);
    tcase_add_test(t, everything_is_dropped);
    tcase_add_test(t, buckets_are_even);
    tcase_add_test(t, bad_messages);
    tcase_add_test(t, busy_queue_is_fair);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
