/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_engine.c - the engine of virtual time, the port and the fabric against the naive reference: what every node did,
 * and when, must be equal for every topology, schedule, order of arrival, number of cores and way of waiting.
 * COB_TEST_SEED=n runs the one world n. COB_TEST_WORLDS=n sets how many random worlds are tried.
 */
#include "tests/unit/fake_run.h"
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
enum { WORLDS = 400, THREADED = 16 };
#else
enum { WORLDS = 2500, THREADED = 40 };
#endif

static struct fake_log *expected;
static struct fake_result *got;

static void setup(void)
{
    expected = calloc(FAKE_NODES, sizeof *expected);
    got = fake_result_new();
    ck_assert_ptr_nonnull(expected);
}

static void teardown(void)
{
    free(expected);
    fake_result_free(got);
}

static void print_event(const char *who, const struct fake_log *log, uint32_t at)
{
    static const char *const names[] = {"block", "timer", "sent", "received", "end"};
    if (at >= log->n)
        fprintf(stderr, "  %s: nothing more\n", who);
    else
        fprintf(stderr, "  %s: %" PRId64 " ns %s nic %u %016" PRIx64 "\n", who, log->event[at].at_ns,
                names[log->event[at].kind], log->event[at].nic, log->event[at].hash);
}

static uint32_t before(const struct fake_log *log, int64_t stop_ns)
{
    uint32_t n = log->n;
    while (n && log->event[n - 1].at_ns >= stop_ns)
        n--;
    return n;
}

static bool equal_logs(const struct world *w, struct fake_log *want, struct fake_log *have)
{
    int64_t stop_ns = vtime_to_ns(w->scn.stop_ps);
    for (unsigned i = 0; i < w->scn.n_nodes; i++) {
        want[i].n = before(&want[i], stop_ns);
        have[i].n = before(&have[i], stop_ns);
        for (uint32_t k = 0; k < want[i].n || k < have[i].n; k++) {
            const struct fake_event *a = &want[i].event[k], *b = &have[i].event[k];
            if (k < want[i].n && k < have[i].n && a->at_ns == b->at_ns && a->kind == b->kind && a->nic == b->nic &&
                a->hash == b->hash)
                continue;
            fprintf(stderr, "node %u differs at its event %u:\n", i, k);
            print_event("reference", &want[i], k);
            print_event("lock step", &have[i], k);
            return false;
        }
    }
    return true;
}

static void must_agree(const struct world *w, const struct fake_how *how)
{
    char why[200] = "the logs differ";
    if (fake_run(w, how, got, why, sizeof why) == 0 && equal_logs(w, expected, got->log))
        return;
    world_print(w, stderr);
    ck_abort_msg("world %" PRIu64 " (order %" PRIu64 ", cores %u, spin %u, always %d): %s", w->seed, how->order, how->n_cores,
                 how->spin, how->engine_always, why);
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *s = getenv(name);
    return s ? strtoull(s, NULL, 10) : otherwise;
}

/* ---- random worlds ---- */

START_TEST(random_worlds_agree_with_the_naive_reference)
{
    uint64_t events = 0, received = 0, first = setting("COB_TEST_SEED", 0);
    uint64_t worlds = first ? first + 1 : setting("COB_TEST_WORLDS", WORLDS);
    for (uint64_t seed = first; seed < worlds; seed++) {
        struct world w;
        world_make(&w, seed);
        naive_run(&w, expected);
        must_agree(&w, &(struct fake_how){.order = seed, .engine_always = seed % 8 == 7});
        for (unsigned i = 0; i < w.scn.n_nodes; i++) {
            events += expected[i].n;
            for (uint32_t k = 0; k < expected[i].n; k++)
                received += expected[i].event[k].kind == FAKE_RECEIVED;
        }
    }
    printf("%" PRIu64 " worlds, %" PRIu64 " events, %" PRIu64 " frames received\n", worlds - first, events, received);
    if (!first)
        ck_assert_uint_gt(received, 10 * worlds); /* else this test proves nothing */
}
END_TEST

/* The order in which nodes arrive must not show, not even in the frames' numbers. */
START_TEST(order_of_arrival_does_not_show)
{
    for (uint64_t seed = 0; seed < WORLDS / 20; seed++) {
        struct world w;
        uint64_t ids[FAKE_NODES], rounds = 0;
        world_make(&w, seed);
        naive_run(&w, expected);
        for (unsigned k = 0; k < 3; k++) {
            must_agree(&w, &(struct fake_how){.order = 1000 * k + seed});
            for (unsigned i = 0; i < w.scn.n_nodes; i++) {
                if (k)
                    ck_assert_uint_eq(got->ids[i], ids[i]);
                ids[i] = got->ids[i];
            }
            if (k)
                ck_assert_uint_eq(got->rounds, rounds);
            rounds = got->rounds;
        }
    }
}
END_TEST

START_TEST(threads_cores_and_spinning_do_not_show)
{
    for (uint64_t seed = 0; seed < THREADED; seed++) {
        struct world w;
        world_make(&w, seed);
        naive_run(&w, expected);
        must_agree(&w, &(struct fake_how){.n_cores = 1 + (unsigned)seed % 3,
                                          .spin = seed % 2 ? 200 : 0,
                                          .engine_always = seed % 8 == 7});
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("engine");
    TCase *c = tcase_create("worlds");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, random_worlds_agree_with_the_naive_reference);
    if (!getenv("COB_ONLY")) tcase_add_test(c, order_of_arrival_does_not_show);
    if (!getenv("COB_ONLY")) tcase_add_test(c, threads_cores_and_spinning_do_not_show);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
