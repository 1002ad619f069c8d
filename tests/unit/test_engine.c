/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_engine.c - the engine of virtual time and the port against the naive reference: what every node did,
 * and when, must be equal for every topology, schedule, order of arrival, number of cores and way of waiting.
 *
 * Built twice: with fake_fabric.c (thousands of worlds; a child process per batch) and, with REAL_FABRIC,
 * with the SystemC model (hundreds; that exists once per process, so a child per world). COB_TEST_SEED=n runs
 * the random world n alone; COB_TEST_WORLDS=n sets how many are tried. The rack of fixed cases is in
 * test_engine_cases.c.
 */
#include "tests/unit/fake_run.h"
#include <assert.h>
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(REAL_FABRIC) && defined(__SANITIZE_ADDRESS__)
enum { WORLDS = 60, BATCH = 1, ORDERS = 10, THREADED = 6 };
#elif defined(REAL_FABRIC)
enum { WORLDS = 200, BATCH = 1, ORDERS = 20, THREADED = 12 };
#elif defined(__SANITIZE_ADDRESS__)
enum { WORLDS = 1000, BATCH = 100, ORDERS = 60, THREADED = 20 };
#else
enum { WORLDS = 2500, BATCH = 100, ORDERS = 100, THREADED = 40 };
#endif
enum { WATCHDOG_S = 60 };

/* Shared with the children. */
struct tally {
    struct world world; /* the one being run */
    struct fake_how how;
    uint64_t worlds, events, received, rounds;
    struct fake_log expected[FAKE_NODES];
    struct fake_result got, first;
};
static struct tally *t;

static void setup(void)
{
    t = mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(t != MAP_FAILED);
}

static void teardown(void)
{
    munmap(t, sizeof *t);
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

/* What happens at the stop time itself is not defined: a node may be frozen before it or after it. */
static uint32_t before_stop(const struct fake_log *log)
{
    uint32_t n = log->n;
    while (n && log->event[n - 1].at_ns >= vtime_to_ns(t->world.scn.stop_ps))
        n--;
    return n;
}

static void compare_logs(struct fake_log *want, struct fake_log *have)
{
    for (unsigned i = 0; i < t->world.scn.n_nodes; i++) {
        want[i].n = before_stop(&want[i]);
        have[i].n = before_stop(&have[i]);
        for (uint32_t k = 0; k < want[i].n || k < have[i].n; k++) {
            const struct fake_event *a = &want[i].event[k], *b = &have[i].event[k];
            if (k < want[i].n && k < have[i].n && a->at_ns == b->at_ns && a->kind == b->kind &&
                a->nic == b->nic && a->hash == b->hash)
                continue;
            fprintf(stderr, "node %u differs at its event %u:\n", i, k);
            print_event("reference", &want[i], k);
            print_event("lock step", &have[i], k);
            exit(1);
        }
    }
}

static void run_and_compare(const struct fake_how *how)
{
    t->how = *how;
    fake_run(&t->world, how, &t->got);
    compare_logs(t->expected, t->got.log);
    t->rounds += t->got.rounds;
}

static void load_world(uint64_t seed)
{
    world_make(&t->world, seed);
    t->how = (struct fake_how){0};
    naive_run(&t->world, t->expected);
    t->worlds++;
    for (unsigned i = 0; i < t->world.scn.n_nodes; i++) {
        t->events += t->expected[i].n;
        for (uint32_t k = 0; k < t->expected[i].n; k++)
            t->received += t->expected[i].event[k].kind == FAKE_RECEIVED;
    }
}

/* Runs a function of a seed in a child process; anything but a normal end fails the test and names the world.
 */
static void in_child(void (*run)(uint64_t seed), uint64_t first, uint64_t count)
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    ck_assert(pid >= 0);
    if (pid == 0) {
        alarm(WATCHDOG_S);
        for (uint64_t k = 0; k < count; k++)
            run(first + k);
        exit(0);
    }
    ck_assert(waitpid(pid, &status, 0) == pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    world_print(&t->world, stderr);
    ck_abort_msg("world %" PRIu64 " (order %" PRIu64 ", cores %u, spin %u, always %d): %s", t->world.seed,
                 t->how.order, t->how.n_cores, t->how.spin, t->how.engine_always,
                 WIFEXITED(status)             ? "the logs differ, or worse: see above"
                 : WTERMSIG(status) == SIGALRM ? "deadlock"
                                               : "a promise was broken");
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *s = getenv(name);
    return s ? strtoull(s, NULL, 10) : otherwise;
}

static void one_random_world(uint64_t seed)
{
    load_world(seed);
    run_and_compare(&(struct fake_how){.order = seed, .engine_always = seed % 8 == 7});
}

START_TEST(random_worlds_agree_with_the_naive_reference)
{
    uint64_t one = setting("COB_TEST_SEED", 0), worlds = setting("COB_TEST_WORLDS", WORLDS);
    if (one)
        in_child(one_random_world, one, 1);
    for (uint64_t seed = 0; !one && seed < worlds; seed += BATCH)
        in_child(one_random_world, seed, BATCH);
    printf("%" PRIu64 " worlds: %" PRIu64 " events, %" PRIu64 " frames received, %" PRIu64 " rounds\n",
           t->worlds, t->events, t->received, t->rounds);
    if (!one)
        ck_assert_uint_gt(t->received, 10 * worlds); /* else this test proves nothing */
}
END_TEST

/* One world in three orders of arrival. With the real fabric each needs a process of its own: seed = 3 *
 * world + order. */
static void one_order(uint64_t seed)
{
    load_world(seed / 3);
    run_and_compare(&(struct fake_how){.order = seed * 7919});
    if (seed % 3 == 0) {
        memcpy(&t->first, &t->got, sizeof t->first);
        return;
    }
    assert(t->got.rounds == t->first.rounds && t->got.engine_calls == t->first.engine_calls);
    for (unsigned i = 0; i < t->world.scn.n_nodes; i++)
        assert(t->got.ids[i] == t->first.ids[i] && t->got.end[i] == t->first.end[i]);
}

/* It must not show in the frames' numbers or in the number of rounds either. */
START_TEST(order_of_arrival_does_not_show)
{
    for (uint64_t seed = 0; seed < 3 * ORDERS; seed += BATCH)
        in_child(one_order, seed, BATCH);
}
END_TEST

static void one_threaded(uint64_t seed)
{
    load_world(seed);
    run_and_compare(&(struct fake_how){
        .n_cores = 1 + (unsigned)seed % 3, .spin = seed / 3 % 2 ? 200 : 0, .engine_always = seed % 8 == 7});
}

START_TEST(threads_cores_and_spinning_do_not_show)
{
    for (uint64_t seed = 0; seed < THREADED; seed++)
        in_child(one_threaded, 100000 + seed, 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("engine");
    TCase *c = tcase_create("worlds");
    tcase_set_timeout(c, 300);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, random_worlds_agree_with_the_naive_reference);
    tcase_add_test(c, order_of_arrival_does_not_show);
    tcase_add_test(c, threads_cores_and_spinning_do_not_show);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
