/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_coherence_threads.c - the checker's rules about threads, futexes and calls: for each rule events that
 * break it and events that do not; many threads in random order.
 */
#include "devices/fabric/fabric_abi.h"
#include "sim/coherence.h"
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 3 };
enum { BEGINS = COHERENCE_EVENT_BEGINS, ENDS = COHERENCE_EVENT_ENDS };

static const char *const names[NODES] = {"alpha", "beta", "gamma"};
static struct coherence *c;

static void begin(void)
{
    c = coherence_new(names, NODES, NULL);
}

static void end(void)
{
    coherence_free(c);
}

static void again(void)
{
    end();
    begin();
}

static void say(unsigned node, vtime_t at, unsigned type, uint32_t arg, const void *data, unsigned bytes)
{
    uint8_t record[256];
    struct fab_event head = {(uint16_t)type, (uint16_t)(sizeof head + bytes), arg};

    memcpy(record, &head, sizeof head);
    if (bytes)
        memcpy(record + sizeof head, data, bytes);
    coherence_record(c, node, at, record, (uint32_t)sizeof head + bytes);
}

static void thread(unsigned node, vtime_t at, unsigned type, uint32_t number, uint32_t process)
{
    const uint32_t data[] = {process, node};
    say(node, at, type, number, data, sizeof data);
}

static void call(unsigned node, vtime_t at, uint32_t number, uint32_t process)
{
    const uint32_t data[] = {process, number};
    say(node, at, COHERENCE_EVENT_CALL, 98, data, sizeof data);
}

static void futex(unsigned node, vtime_t at, uint32_t process)
{
    const uint32_t data[] = {0x1000, 0, 1, process};
    say(node, at, COHERENCE_EVENT_FUTEX, 1, data, sizeof data);
}

static void member(unsigned node, vtime_t at, unsigned who, unsigned state)
{
    say(node, at, COHERENCE_EVENT_MEMBER, who | state << 16 | 1 << 24, NULL, 0);
}

/* Everything is judged: the kind is this one, and the sentence (if any) has the words in it. */
static void expect(enum coherence_kind want, const char *words)
{
    enum coherence_kind kind;
    coherence_commit(c, VTIME_NEVER);
    const char *why = coherence_wrong(c, &kind);
    ck_assert_msg(kind == want, "kind %d instead of %d: %s", kind, want, why ? why : "nothing wrong");
    if (words)
        ck_assert_msg(why && strstr(why, words) != NULL, "%s", why);
}

START_TEST(lives)
{
    thread(0, 10, BEGINS, 1, 1);
    thread(1, 20, BEGINS, 4, 1);
    thread(2, 21, BEGINS, 7, 1);
    call(1, 30, 4, 1);
    futex(0, 40, 1);
    thread(1, 50, ENDS, 4, 1);
    thread(2, 60, BEGINS, 4, 1); /* the number is free again */
    thread(2, 70, ENDS, 7, 1);
    thread(0, 80, ENDS, 1, 1);
    futex(0, 90, 1); /* of a thread elsewhere */
    thread(2, 95, ENDS, 4, 1);
    expect(COHERENCE_OK, NULL);
    ck_assert_uint_eq(coherence_counted(c).threads, 4);
    ck_assert_uint_eq(coherence_counted(c).changes, 0); /* of pages */
}
END_TEST

START_TEST(a_thread_twice)
{
    thread(0, 10, BEGINS, 1, 1);
    thread(1, 20, BEGINS, 4, 1);
    thread(2, 5000, BEGINS, 4, 1);
    expect(COHERENCE_THREAD_TWICE,
           "at 0.000000005 s: thread 4 of process 1 begins on gamma while thread 4 of process 1 "
           "runs on beta");
    again();
    thread(1, 20, BEGINS, 4, 1);
    thread(1, 30, BEGINS, 4, 2); /* on the same node, for another process */
    expect(COHERENCE_THREAD_TWICE, "begins on beta while thread 4 of process 1 runs on beta");
    again();
    thread(1, 20, BEGINS, 4, 1);
    thread(2, 30, BEGINS, 4,
           1); /* the end at the same instant comes first, in whatever order they are told */
    thread(1, 30, ENDS, 4, 1);
    expect(COHERENCE_OK, NULL);
}
END_TEST

START_TEST(where_it_does_not_run)
{
    thread(1, 20, BEGINS, 4, 1);
    call(2, 30, 4, 1);
    expect(COHERENCE_THREAD_ELSEWHERE, "thread 4 of process 1 calls on gamma, but runs on beta");
    again();
    thread(1, 20, BEGINS, 4, 1);
    thread(2, 30, ENDS, 4, 1);
    expect(COHERENCE_THREAD_ELSEWHERE, "thread 4 of process 1 ends on gamma, but runs on beta");
    again();
    thread(1, 20, BEGINS, 4, 1);
    thread(1, 30, ENDS, 4, 1);
    call(1, 40, 4, 1);
    expect(COHERENCE_THREAD_ELSEWHERE, "thread 4 of process 1 calls on beta, but does not run");
    again();
    thread(1, 20, BEGINS, 4, 1);
    thread(1, 30, ENDS, 4, 1);
    thread(1, 40, ENDS, 4, 1);
    expect(COHERENCE_THREAD_ELSEWHERE, "thread 4 of process 1 ends on beta, but does not run");
    again();
    thread(1, 20, BEGINS, 4, 1);
    call(1, 30, 4, 2);
    expect(COHERENCE_THREAD_ELSEWHERE,
           "thread 4 of process 2 calls on beta, but is of another process there");
}
END_TEST

START_TEST(whose_futexes)
{
    futex(0, 10, 1);
    futex(1, 20, 2);
    futex(0, 30, 1);
    futex(2, 40, 1);
    expect(COHERENCE_FUTEX_TWICE, "gamma decides on a futex of process 1, whose futexes are alpha's");
    again();
    thread(0, 5, BEGINS, 1, 1);
    futex(0, 10, 1);
    thread(0, 20, ENDS, 1, 1);
    thread(1, 30, BEGINS, 1, 1); /* another process of that number */
    futex(1, 40, 1);
    expect(COHERENCE_OK, NULL);
    again();
    futex(0, 10, 1);
    member(1, 15, 0, 1);
    coherence_gone(c, 0, 20);
    futex(1, 30, 1); /* the one that decided is gone */
    expect(COHERENCE_OK, NULL);
}
END_TEST

START_TEST(too_late)
{
    thread(0, 10, BEGINS, 1, 1);
    member(1, 20, 0, 2);
    thread(2, 30, BEGINS, 7, 1); /* gamma does not hold it for dead */
    thread(1, 40, BEGINS, 5, 5); /* of another origin */
    coherence_commit(c, 50);
    ck_assert_ptr_null(coherence_wrong(c, NULL));
    thread(1, 60, BEGINS, 4, 1);
    expect(COHERENCE_THREAD_LATE, "thread 4 of process 1 begins on beta, which holds alpha for dead");
    again();
    thread(0, 10, BEGINS, 1, 1);
    member(1, 20, 2, 2); /* another one */
    member(1, 30, 0, 1);
    thread(1, 40, BEGINS, 4, 1);
    expect(COHERENCE_OK, NULL);
    again();
    thread(0, 10, BEGINS, 1, 1);
    member(1, 20, 0, 2);
    member(1, 25, 0, 1); /* it was not dead */
    thread(1, 30, BEGINS, 4, 1);
    expect(COHERENCE_OK, NULL);
    again();
    thread(0, 10, BEGINS, 1, 1);
    member(1, 20, 0, 2);
    coherence_gone(c, 1, 25); /* it starts anew and holds nobody for dead */
    thread(1, 30, BEGINS, 4, 1);
    expect(COHERENCE_OK, NULL);
}
END_TEST

START_TEST(gone)
{
    /* its threads are gone with it */
    thread(0, 10, BEGINS, 1, 1);
    thread(1, 20, BEGINS, 4, 1);
    coherence_gone(c, 1, 30);
    thread(2, 40, BEGINS, 4, 1);
    expect(COHERENCE_OK, NULL);
    thread(1, 50, ENDS, 4, 1);
    again();
    thread(0, 10, BEGINS, 1, 1);
    thread(1, 20, BEGINS, 4, 1);
    coherence_gone(c, 1, 30);
    call(1, 50, 4, 1); /* it has started anew and speaks of what it had */
    expect(COHERENCE_THREAD_ELSEWHERE, "calls on beta, but does not run");
    again();
    /* the origin starts anew and gives the same numbers, before the orphans have ended */
    thread(0, 10, BEGINS, 1, 1);
    thread(1, 20, BEGINS, 4, 1);
    coherence_gone(c, 0, 30);
    thread(0, 40, BEGINS, 1, 1);
    thread(0, 50, BEGINS, 4, 1);
    call(1, 60, 4, 1);
    thread(1, 70, ENDS, 4, 1);
    thread(0, 80, ENDS, 4, 1);
    expect(COHERENCE_OK, NULL);
    again();
    /* but a process that began elsewhere has its numbers still */
    thread(2, 10, BEGINS, 3, 3);
    thread(0, 15, BEGINS, 1, 1);
    thread(1, 20, BEGINS, 6, 3);
    coherence_gone(c, 0, 30);
    thread(2, 40, BEGINS, 6, 3);
    expect(COHERENCE_THREAD_TWICE, "runs on beta");
    again();
    /* nobody is left who knows */
    thread(0, 10, BEGINS, 1, 1);
    thread(1, 20, BEGINS, 4, 1);
    member(2, 25, 0, 2);
    coherence_gone(c, 0, 30);
    coherence_gone(c, 1, 30);
    coherence_gone(c, 2, 30);
    thread(2, 40, BEGINS, 1, 1);
    thread(2, 50, BEGINS, 4, 1);
    expect(COHERENCE_OK, NULL);
}
END_TEST

START_TEST(malformed)
{
    static const struct {
        unsigned type, bytes;
        const char *words;
    } types[] = {{BEGINS, 8, "alpha: a record of a thread's beginning has"},
                 {ENDS, 8, "alpha: a record of a thread's end has"},
                 {COHERENCE_EVENT_FUTEX, 16, "alpha: a record of a futex has"},
                 {COHERENCE_EVENT_CALL, 8, "alpha: a record of a call has"},
                 {COHERENCE_EVENT_MEMBER, 0, "alpha: a record of a member has"}};
    static const uint8_t zero[64];

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        for (unsigned bytes = 0; bytes < sizeof zero; bytes++) {
            if (bytes == types[i].bytes)
                continue;
            again();
            say(0, 10, types[i].type, 0, zero, bytes);
            expect(COHERENCE_MALFORMED, types[i].words);
        }
    again();
    const uint32_t other[] = {1, 2};
    say(0, 10, BEGINS, 4, other, sizeof other);
    expect(COHERENCE_MALFORMED, "alpha: a record of a thread's beginning names the node 2");
    again();
    member(0, 10, NODES, 1);
    expect(COHERENCE_MALFORMED, "alpha: a record of a member names the node 3");
    again();
    say(0, 10, 0x22, 0, zero, sizeof zero); /* other types */
    say(0, 10, 0x27, 0, zero, sizeof zero);
    expect(COHERENCE_OK, NULL);
}
END_TEST

START_TEST(bounds)
{
    struct coherence_limits limits = {.pages = 10, .waiting = 1000, .threads = 100};

    end();
    c = coherence_new(names, NODES, &limits);
    for (uint32_t i = 0; i < 100; i++)
        thread(i % NODES, 10 + i, BEGINS, 2 + i, 1);
    thread(1, 1000, ENDS, 3, 1);
    thread(2, 2000, BEGINS, 300, 1); /* those that have ended do not count */
    coherence_commit(c, 3000);
    ck_assert_ptr_null(coherence_wrong(c, NULL));
    thread(1, 3000, BEGINS, 3, 1);
    expect(COHERENCE_TOO_MUCH, "beta begins one thread more than the 100 that can be followed");
    limits.threads = 3;
    end();
    c = coherence_new(names, NODES, &limits);
    thread(0, 10, BEGINS, 1, 1);
    thread(1, 20, BEGINS, 4, 1);
    coherence_gone(c, 0, 30);
    thread(0, 40, BEGINS, 1, 1);
    thread(1, 50, BEGINS, 4, 1); /* where an orphan of that number was never said to end */
    thread(2, 60, BEGINS, 7, 1);
    expect(COHERENCE_OK, NULL);
    limits.threads = 100;
    end();
    c = coherence_new(names, NODES, &limits);
    for (uint32_t i = 0; i < 101; i++)
        futex(0, 10 + i, i);
    expect(COHERENCE_TOO_MUCH, "alpha speaks of one process more than the 100");
}
END_TEST

/* Threads come and go by the thousand; then one is planted where it cannot be. */
START_TEST(random_threads)
{
    enum { NUMBERS = 500, STEPS = 20000 };
    static uint8_t where[NUMBERS]; /* node + 1, or 0 */
    uint64_t dice = 0x9e3779b97f4a7c15u * (uint64_t)(_i + 1);
    vtime_t now = 1;

    memset(where, 0, sizeof where);
    for (unsigned i = 0; i < STEPS; i++, now++) {
        dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
        uint32_t n = (uint32_t)(dice >> 20) % NUMBERS;
        unsigned node = (unsigned)(dice >> 50) % NODES;
        if (where[n] && dice >> 60 & 1)
            call(where[n] - 1u, now, n, n / 10);
        else if (where[n])
            thread(where[n] - 1u, now, ENDS, n, n / 10), where[n] = 0;
        else
            thread(node, now, BEGINS, n, n / 10), where[n] = (uint8_t)(node + 1);
        if (i % 1000 == 999)
            coherence_commit(c, now);
    }
    coherence_commit(c, now);
    ck_assert_ptr_null(coherence_wrong(c, NULL));
    uint32_t n = 0;
    while (!where[n])
        n++;
    if (_i & 1)
        thread(where[n] % NODES, now, BEGINS, n, n / 10);
    else
        call(where[n] % NODES, now, n, n / 10);
    expect(_i & 1 ? COHERENCE_THREAD_TWICE : COHERENCE_THREAD_ELSEWHERE, names[where[n] - 1u]);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("coherence, threads");
    TCase *cases = tcase_create("cases");

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, lives);
    tcase_add_test(cases, a_thread_twice);
    tcase_add_test(cases, where_it_does_not_run);
    tcase_add_test(cases, whose_futexes);
    tcase_add_test(cases, too_late);
    tcase_add_test(cases, gone);
    tcase_add_test(cases, malformed);
    tcase_add_test(cases, bounds);
    tcase_add_loop_test(cases, random_threads, 0, 20);
    tcase_set_timeout(cases, 120);
    suite_add_tcase(s, cases);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
