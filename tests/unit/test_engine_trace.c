/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_engine_trace.c - the engine with the real fabric and the real trace: the promises to tracing_commit()
 * hold (it asserts them), and the order in which nodes arrive leaves no mark in trace and captures; with
 * faults, too.
 */
#include "tests/unit/fake_run.h"
#include "tracing/tracing.h"
#include <check.h>
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORLDS = 30, WATCHDOG_S = 60 };

static char dir[64];
static struct fake_result *result;

static void setup(void)
{
    snprintf(dir, sizeof dir, "/tmp/cob-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    result = mmap(NULL, sizeof *result, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(result != MAP_FAILED);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void teardown(void)
{
    munmap(result, sizeof *result);
    ck_assert_int_eq(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static char names[WORLD_LINKS][16];
static const char *list[WORLD_LINKS];

static void make_names(void)
{
    for (unsigned i = 0; i < WORLD_LINKS; i++) {
        snprintf(names[i], sizeof names[i], "n%u", i);
        list[i] = names[i];
    }
}

/* One of each that Ethernet links know, on all links, at times within the run. */
static void make_faults(struct world *w, struct scn_fault *f)
{
    static const enum scn_action actions[] = {SCN_LOSS,      SCN_DELAY,   SCN_RATE, SCN_CORRUPT,
                                              SCN_DUPLICATE, SCN_REORDER, SCN_DOWN};
    static char all[] = "*";
    unsigned n = sizeof actions / sizeof actions[0];

    for (unsigned i = 0; i < n; i++)
        f[i] = (struct scn_fault){.name = names[i],
                                  .action = actions[i],
                                  .link = all,
                                  .at_ps = w->scn.stop_ps / 20 * i,
                                  .for_set = i != 2,
                                  .for_ps = w->scn.stop_ps / 4,
                                  .ppb = 300000000,
                                  .delay_ps = 7 * VTIME_NS,
                                  .jitter_ps = 9 * VTIME_NS,
                                  .gap_ps = 20 * VTIME_NS,
                                  .rate_bps = 1000000,
                                  .period_ps = w->scn.stop_ps / 50,
                                  .period_set = i % 2 == 0,
                                  .duty_ppb = 200000000};
    f[1].after = (struct scn_match){.given = true, .nth = 3};
    f[6].after = (struct scn_match){.given = true, .nth = 5};
    for (unsigned i = 0; i < w->scn.n_links; i++)
        w->link[i].name = names[i];
    w->scn.faults = f;
    w->scn.n_faults = n;
}

static _Noreturn void record(const struct world *w, const char *run, uint64_t order)
{
    char why[256] = "";
    struct tracing_config cfg = {.dir = run,
                                 .nodes = list,
                                 .n_nodes = w->scn.n_nodes,
                                 .links = list,
                                 .n_links = w->scn.n_links,
                                 .faults = list,
                                 .n_faults = w->scn.n_faults,
                                 .trace = true,
                                 .capture = true};
    alarm(WATCHDOG_S);
    struct tracing *t = mkdir(run, 0777) == 0 ? tracing_open(&cfg, why, sizeof why) : NULL;
    if (!t) {
        fprintf(stderr, "%s: %s\n", run, why);
        abort();
    }
    fake_run(w, &(struct fake_how){.order = order, .tracing = t}, result);
    char path[128]; /* tracing_diff() wants a run that has ended */
    snprintf(path, sizeof path, "%s/result.json", run);
    FILE *f = fopen(path, "w");
    if (!f || fputs("{\"nodes\": []}\n", f) < 0 || fclose(f) != 0)
        abort();
    exit(tracing_close(t, why, sizeof why) < 0);
}

/* How often a run's trace says that a fault acted. */
static unsigned count_hits(const char *run)
{
    char *text = NULL;
    size_t len = 0;
    unsigned n = 0;
    FILE *out = open_memstream(&text, &len);
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(tracing_print(run, &(struct tracing_filter){.to = INT64_MAX}, out, stderr), 0);
    fclose(out);
    for (const char *p = text; (p = strstr(p, " hit #")); p++)
        n++;
    free(text);
    return n;
}

START_TEST(order_of_arrival_leaves_no_mark)
{
    unsigned hits = 0;
    make_names();
    for (uint64_t seed = 0; seed < WORLDS; seed++) {
        struct world w;
        char run[2][96];
        world_make(&w, seed);
        struct scn_fault faults[8];
        if (_i == 1)
            make_faults(&w, faults);
        for (unsigned k = 0; k < 2; k++) {
            int status;
            snprintf(run[k], sizeof run[k], "%s/%" PRIu64 "-%u", dir, seed, k);
            fflush(NULL);
            pid_t pid = fork();
            ck_assert(pid >= 0);
            if (pid == 0)
                record(&w, run[k], seed + 1000 * k);
            ck_assert(waitpid(pid, &status, 0) == pid);
            ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "world %" PRIu64 ": status %x", seed,
                          status);
        }
        int r = tracing_diff(run[0], run[1], stderr, stderr);
        hits += count_hits(run[0]);
        ck_assert_msg(r == 0, "world %" PRIu64 ": %s", seed, r < 0 ? strerror(errno) : "the traces differ");
    }
    ck_assert_msg(_i == 1 ? hits > 100 : hits == 0, "faults acted %u times", hits);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("engine_trace");
    TCase *c = tcase_create("traces");
    tcase_set_timeout(c, 300);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, order_of_arrival_leaves_no_mark, 0, 2); /* 1: with faults */
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
