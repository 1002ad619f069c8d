/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_load.c - loads without guests: latency against arithmetic, throughput against what the links can
 * carry, no deadlock with buffers of one packet, fairness, determinism.
 */
#include "sim/load.h"
#include <check.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* 8 Gbit/s: a byte takes 1 ns. No framing; delay 100 ns, pipelines 30 and 40 ns, packets of 256 bytes,
 * switches 200 ns: what `link` is in all these scenarios. */
#define NUMBERS "rate: 8Gbit, framing: 0, delay: 100ns, tx: 30ns, rx: 40ns, mtu: 256"
#define SWITCH  "switch: { latency: 200ns }"
#define TINY    "buffer: 304B"

static struct load_point measure(uint32_t percent, const char *text, ...)
{
    struct load_point p;
    char yaml[2000];
    va_list args;

    va_start(args, text);
    vsnprintf(yaml, sizeof yaml, text, args);
    va_end(args);
    struct scenario *s = scenario_parse(yaml, strlen(yaml), "load.scn.yml", stderr);
    ck_assert_ptr_nonnull(s);
    int rc = load_measure(s, percent, &p);
    ck_assert_msg(rc == 0 && p.trouble[0] == 0, "%s", p.trouble);
    ck_assert_uint_eq(p.stuck, 0);
    ck_assert_uint_eq(p.dropped, 0);
    ck_assert_uint_gt(p.messages, 0);
    scenario_free(s);
    return p;
}

/* ---- latency ---- */

START_TEST(pair_without_contention)
{
    struct load_point p = measure(1,
                                  "nodes: { n: { count: 2, arch: none } }\n"
                                  "topology: { kind: pair, link: { " NUMBERS
                                  " } }\n"
                                  "load: { rates: 1, size: 1000B, measure: 1ms, pattern: neighbour }\n");
    /* four packets, three of 256 bytes and one of 232 */
    const vtime_t alone = (30 + 4 * 48 + 1000 + 100 + 40) * VTIME_NS;

    ck_assert_int_eq(p.min_ps, alone);
    ck_assert_int_eq(p.p50_ps, alone);
}
END_TEST

START_TEST(star_without_contention)
{
    struct load_point p = measure(1,
                                  "nodes: { n: { count: 4, arch: none } }\n"
                                  "topology: { kind: star, link: { " NUMBERS " }, " SWITCH
                                  " }\n"
                                  "load: { rates: 1, size: 100B, measure: 1ms, pattern: permutation }\n");
    const vtime_t alone = (30 + 148 + 100 + 200 + 100 + 40) * VTIME_NS;

    ck_assert_int_eq(p.min_ps, alone);
    ck_assert_int_eq(p.p50_ps, alone);
}
END_TEST

/* Every packet of a torus crosses as many switches as its dimensions say; the nearest ones are the minimum.
 */
START_TEST(torus_without_contention)
{
    struct load_point p = measure(1,
                                  "nodes: { n: { count: 16, arch: none } }\n"
                                  "topology: { kind: torus, size: 4x4, link: { " NUMBERS " }, " SWITCH
                                  " }\n"
                                  "load: { rates: 1, size: 100B, measure: 200us, pattern: uniform }\n");

    ck_assert_int_eq(p.min_ps, (30 + 148 + 3 * 100 + 2 * 200 + 40) * VTIME_NS);
    ck_assert_int_ge(p.max_ps, (30 + 148 + 6 * 100 + 5 * 200 + 40) * VTIME_NS); /* opposite: four hops */
}
END_TEST

/* ---- throughput ---- */

START_TEST(star_carries_a_permutation_in_full)
{
    struct load_point p = measure(100,
                                  "nodes: { n: { count: 8, arch: none } }\n"
                                  "topology: { kind: star, link: { " NUMBERS " }, " SWITCH
                                  " }\n"
                                  "load: { rates: 100, pattern: permutation, measure: 200us }\n");

    ck_assert_uint_ge(p.accepted_permille, 970);
    ck_assert_uint_ge(p.least_bps * 100, p.most_bps * 90);
}
END_TEST

/*
 * A ring of 8: the mean distance to another node is 16/7 hops, and each node has two links out, so no more
 * than 7/8 of the sources' rate can be carried. First-in-first-out buffers waste some of it.
 */
START_TEST(ring_saturates)
{
    struct load_point p = measure(100,
                                  "nodes: { n: { count: 8, arch: none } }\n"
                                  "topology: { kind: ring, link: { " NUMBERS " }, " SWITCH
                                  " }\n"
                                  "load: { rates: 100, measure: 200us }\n");

    ck_assert_uint_le(p.accepted_permille, 875);
    ck_assert_uint_ge(p.accepted_permille, 500);
}
END_TEST

START_TEST(light_load_is_carried)
{
    struct load_point p = measure(20,
                                  "nodes: { n: { count: 16, arch: none } }\n"
                                  "topology: { kind: torus, size: 4x4, link: { " NUMBERS " }, " SWITCH
                                  " }\n"
                                  "load: { rates: 20, measure: 200us }\n");

    ck_assert_uint_ge(p.accepted_permille, 190);
    ck_assert_uint_le(p.accepted_permille, 210);
}
END_TEST

/* ---- deadlock: measure() fails if a packet stays ---- */

static const char *const shapes[] = {
    "nodes: { n: { count: 7, arch: none } }\ntopology: { kind: ring",
    "nodes: { n: { count: 8, arch: none } }\ntopology: { kind: ring",
    "nodes: { n: { count: 16, arch: none } }\ntopology: { kind: torus, size: 4x4",
    "nodes: { n: { count: 15, arch: none } }\ntopology: { kind: torus, size: 5x3",
    "nodes: { n: { count: 18, arch: none } }\ntopology: { kind: torus, size: 3x3x2",
    "nodes: { n: { count: 12, arch: none } }\ntopology: { kind: leaf-spine, per-switch: 3, spines: 2",
};
static const char *const patterns[] = {"uniform", "hotspot", "permutation", "neighbour"};
enum { SHAPES = sizeof shapes / sizeof *shapes, PATTERNS = sizeof patterns / sizeof *patterns };

START_TEST(never_a_deadlock)
{
    measure(100,
            "%s, link: { " NUMBERS ", " TINY " }, " SWITCH
            " }\n"
            "load: { rates: 100, pattern: %s, hot-share: 70, size: 700B, measure: 100us }\n",
            shapes[_i / PATTERNS], patterns[_i % PATTERNS]);
}
END_TEST

/* ---- fairness ---- */

START_TEST(hot_spot_of_a_star)
{
    struct load_point p = measure(100,
                                  "nodes: { n: { count: 8, arch: none } }\n"
                                  "topology: { kind: star, link: { " NUMBERS " }, " SWITCH
                                  " }\n"
                                  "load: { rates: 100, pattern: hotspot, measure: 200us }\n");

    /* the hot link is full: 256 of 304 bytes are payload */
    ck_assert_uint_ge(p.accepted_bps, UINT64_C(8000000000) * 256 / 304 * 98 / 100);
    ck_assert_uint_ge(p.least_bps * 100, p.most_bps * 97);
}
END_TEST

/*
 * A switch is fair to its inputs, not to those behind them: on a ring of 8 the neighbours of the hot spot get
 * the most, and who has to pass more choices gets less: at least a fifth of that here.
 */
START_TEST(hot_spot_of_a_ring)
{
    struct load_point p = measure(100,
                                  "nodes: { n: { count: 8, arch: none } }\n"
                                  "topology: { kind: ring, link: { " NUMBERS ", buffer: 2KiB }, " SWITCH
                                  " }\n"
                                  "load: { rates: 100, pattern: hotspot, measure: 500us }\n");

    ck_assert_uint_ge(p.accepted_bps, UINT64_C(8000000000) * 256 / 304 * 98 / 100);
    ck_assert_uint_ge(p.least_bps * 100, p.most_bps * 20);
}
END_TEST

/* ---- determinism ---- */

START_TEST(seed)
{
    static const char text[] =
        "seed: %d\nnodes: { n: { count: 9, arch: none } }\n"
        "topology: { kind: torus, size: 3x3 }\nload: { rates: 60, measure: 20us }\n";
    static const int seeds[] = {7, 7, 8};
    uint64_t hash[3];

    for (int i = 0; i < 3; i++) { /* a fabric lives in a process of its own */
        int fd[2];
        ck_assert_int_eq(pipe(fd), 0);
        pid_t pid = fork();
        if (pid == 0) {
            struct load_point p = measure(60, text, seeds[i]);
            _exit(write(fd[1], &p.hash, sizeof p.hash) != sizeof p.hash);
        }
        ck_assert_int_eq(read(fd[0], &hash[i], sizeof hash[i]), sizeof hash[i]);
        close(fd[0]);
        close(fd[1]);
        waitpid(pid, NULL, 0);
    }
    ck_assert_uint_eq(hash[0], hash[1]);
    ck_assert_uint_ne(hash[0], hash[2]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("load");
    TCase *tc = tcase_create("load");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, pair_without_contention);
    tcase_add_test(tc, star_without_contention);
    tcase_add_test(tc, torus_without_contention);
    tcase_add_test(tc, star_carries_a_permutation_in_full);
    tcase_add_test(tc, ring_saturates);
    tcase_add_test(tc, light_load_is_carried);
    tcase_add_loop_test(tc, never_a_deadlock, 0, SHAPES * PATTERNS);
    tcase_add_test(tc, hot_spot_of_a_star);
    tcase_add_test(tc, hot_spot_of_a_ring);
    tcase_add_test(tc, seed);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
