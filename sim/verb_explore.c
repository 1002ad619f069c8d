/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verb_explore.c - `cob explore SCENARIO`: try schedules of faults until expectations fail, shrink the first
 * such schedule, write it as a scenario file, and run that twice. See explore.h and docs/explore.md.
 */
#include "sim/explore.h"
#include "sim/run.h"
#include "sim/verbs.h"
#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
    "usage: cob explore [options] SCENARIO\n"
    "\n"
    "Runs the scenario again and again, each time with other faults, drawn from its section `explore`, until "
    "an\n"
    "expectation is not met. Then makes the schedule of faults as small as it can, writes it as a scenario "
    "file,\n"
    "and runs that twice.\n"
    "\n"
    "  --runs N         tries at most (100)\n"
    "  --jobs N         at once (as many as there are host cores)\n"
    "  --seed N         for the dice; instead of the scenario's\n"
    "  --out FILE       the scenario file to write (<name>-found.scn.yml in the run directory)\n"
    "  --backend NAME   libvirt (default) or direct; $COB_BACKEND\n"
    "  --timeout TIME   of each try: instead of the scenario's wall-clock limit; a try that reaches it has "
    "no "
    "verdict\n"
    "  --keep           keep the runs of all tries\n"
    "  --json           what was found as one JSON object on stdout\n"
    "  -q, --quiet      no progress line\n"
    "\n"
    "Exit status: 0 nothing found, 1 found, 2 usage or scenario error, 3 environment, 130 interrupted.\n";

enum { OPT_RUNS = 256, OPT_JOBS, OPT_SEED, OPT_OUT, OPT_BACKEND, OPT_TIMEOUT, OPT_KEEP, OPT_JSON };
enum { MAX_RUNS = 1000000, MAX_JOBS = 64, MEMORY = 4096 };

static const struct option options[] = {{"runs", required_argument, NULL, OPT_RUNS},
                                        {"jobs", required_argument, NULL, OPT_JOBS},
                                        {"seed", required_argument, NULL, OPT_SEED},
                                        {"out", required_argument, NULL, OPT_OUT},
                                        {"backend", required_argument, NULL, OPT_BACKEND},
                                        {"timeout", required_argument, NULL, OPT_TIMEOUT},
                                        {"keep", no_argument, NULL, OPT_KEEP},
                                        {"json", no_argument, NULL, OPT_JSON},
                                        {"quiet", no_argument, NULL, 'q'},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};

struct explorer {
    struct scenario *scn;
    struct explore_tries tries;
    struct rundir dir;
    const char *backend, *timeout; /* options of the tries; NULL: not given */
    const char *args[5];           /* the same as arguments of `cob run` */
    const char *out;               /* --out */
    char found[PATH_MAX];
    uint64_t runs, seed, tries_to_find;
    bool quiet, json;
    struct explore_schedule drawn, small;
    const struct explore_schedule *candidates; /* of the step of shrinking */
    struct explore_schedule *passed;           /* schedules that need not be tried again */
    size_t n_passed;
    const char *stage;
    char why[1024];
};

static struct explorer *current; /* for progress() */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void progress(const struct explore_tries *t)
{
    static int64_t said_ms;
    bool live = isatty(2);
    int64_t now = now_ms();

    if (current->quiet || now - said_ms < (live ? 200 : 10000))
        return;
    said_ms = now;
    fprintf(stderr, "%scob explore: %s: %" PRIu64 " tries, %" PRIu64 " passed, %" PRIu64 " failed",
            live ? "\r" : "", current->stage, t->begun, t->passed, t->failed + t->other);
    if (t->no_verdict)
        fprintf(stderr, ", %" PRIu64 " without a verdict", t->no_verdict);
    fputs(live ? "\033[K" : "\n", stderr);
}

/* Takes the progress line away. */
static void clear_line(const struct explorer *e)
{
    if (!e->quiet && isatty(2))
        fputs("\r\033[K", stderr);
}

/* ---- the tries ---- */

static void no_faults(void *ctx, uint64_t i, struct explore_schedule *out)
{
    (void)ctx;
    (void)i;
    out->n = 0;
}

static void drawn(void *ctx, uint64_t i, struct explore_schedule *out)
{
    const struct explorer *e = ctx;
    explore_draw(e->scn, e->seed, i, out);
}

static void candidate(void *ctx, uint64_t i, struct explore_schedule *out)
{
    const struct explorer *e = ctx;
    *out = e->candidates[i];
}

static bool equal(const struct explore_schedule *a, const struct explore_schedule *b)
{
    if (a->n != b->n)
        return false;
    for (unsigned i = 0; i < a->n; i++) {
        const struct explore_fault *x = &a->fault[i], *y = &b->fault[i];
        if (x->number != y->number || x->end != y->end || x->at_ps != y->at_ps || x->count != y->count ||
            x->long_ps != y->long_ps || x->times != y->times)
            return false; /* the rest follows from the number */
    }
    return true;
}

static bool has_passed(const struct explorer *e, const struct explore_schedule *x)
{
    for (size_t i = 0; i < e->n_passed; i++)
        if (equal(&e->passed[i], x))
            return true;
    return false;
}

/* For explore_shrink(): schedules that have passed once are not tried again. */
static int64_t first(void *ctx, const struct explore_schedule *c, unsigned n)
{
    struct explorer *e = ctx;
    struct explore_schedule todo[2 * EXPLORE_MAX];
    unsigned index[2 * EXPLORE_MAX], k = 0;

    assert(n <= 2 * EXPLORE_MAX);
    for (unsigned i = 0; i < n; i++)
        if (!has_passed(e, &c[i])) {
            todo[k] = c[i];
            index[k++] = i;
        }
    e->candidates = todo;
    int64_t r = explore_tries_run(&e->tries, k, candidate, e);
    if (r < 0)
        return -1;
    for (unsigned i = 0; i < (unsigned)r && e->n_passed < MEMORY; i++)
        e->passed[e->n_passed++] = todo[i];
    return r < k ? index[r] : n;
}

/* ---- what was found ---- */

static void print_nodes(const struct explorer *e, FILE *out)
{
    const char *sep = "";

    for (unsigned i = 0; i < e->scn->n_nodes; i++)
        if (e->tries.failed_nodes >> i & 1) {
            fprintf(out, "%s%s", sep, e->scn->nodes[i].name);
            sep = ", ";
        }
    if (!*sep)
        fputs("none (the run as a whole)", out);
}

static int write_found(struct explorer *e)
{
    char name[SCN_NAME_MAX + 1];
    int n;

    snprintf(name, sizeof name, "%.*s-found", SCN_NAME_MAX - 6, e->scn->name);
    n = e->out ? snprintf(e->found, sizeof e->found, "%s", e->out)
               : snprintf(e->found, sizeof e->found, "%s/%s.scn.yml", e->tries.dir, name);
    FILE *f = n < (int)sizeof e->found ? fopen(e->found, "we") : NULL;
    if (!f) {
        snprintf(e->why, sizeof e->why, "%s: %s", e->found, strerror(errno));
        return -1;
    }
    fprintf(f, "# Found by `cob explore` in %s: seed %" PRIu64 ", try %" PRIu64 ".\n# Not as expected: ",
            e->scn->path, e->seed, e->tries_to_find - 1);
    print_nodes(e, f);
    fprintf(f, "\n");
    int r = explore_write(e->scn, name, &e->small, f);
    if (fclose(f) != 0 || r < 0) {
        snprintf(e->why, sizeof e->why, "%s: %s", e->found, strerror(errno));
        return -1;
    }
    return 0;
}

static void smallest(void *ctx, uint64_t i, struct explore_schedule *out)
{
    const struct explorer *e = ctx;
    (void)i;
    *out = e->small;
}

/* Twice more: what does not fail every time would be our mistake. */
static int confirm(struct explorer *e)
{
    for (unsigned k = 0; k < 2; k++) {
        int64_t r = explore_tries_run(&e->tries, 1, smallest, e);
        if (r < 0)
            return -1;
        if (r != 0) {
            snprintf(e->why, sizeof e->why, "%s does not fail every time; please report this", e->found);
            return -1;
        }
    }
    return 0;
}

static void print_json(const struct explorer *e, bool found)
{
    json_t *o = json_object(), *nodes = json_array();

    json_object_set_new(o, "scenario", json_string(e->scn->path));
    json_object_set_new(o, "seed", json_integer((json_int_t)e->seed));
    json_object_set_new(o, "tries", json_integer((json_int_t)e->tries.begun));
    json_object_set_new(o, "without_verdict", json_integer((json_int_t)e->tries.no_verdict));
    json_object_set_new(o, "found", json_boolean(found));
    if (found) {
        for (unsigned i = 0; i < e->scn->n_nodes; i++)
            if (e->tries.failed_nodes >> i & 1)
                json_array_append_new(nodes, json_string(e->scn->nodes[i].name));
        json_object_set_new(o, "try", json_integer((json_int_t)e->tries_to_find - 1));
        json_object_set_new(o, "faults_drawn", json_integer(e->drawn.n));
        json_object_set_new(o, "faults", json_integer(e->small.n));
        json_object_set(o, "nodes", nodes);
        json_object_set_new(o, "file", json_string(e->found));
    }
    json_decref(nodes);
    json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(o);
}

/* ---- the order of things ---- */

static int give_up(struct explorer *e)
{
    fprintf(stderr, "cob explore: %s\n", e->why[0] ? e->why : e->tries.why);
    return e->tries.interrupted ? EXIT_INTERRUPTED : EXIT_ENVIRONMENT;
}

static int shrink(struct explorer *e)
{
    struct explore_shrink_ops ops = {first, e};

    e->tries.has_failure = true;
    e->tries.failed_nodes = e->tries.failed_as;
    e->stage = "shrinking";
    e->small = e->drawn;
    e->passed = calloc(MEMORY, sizeof *e->passed);
    if (!e->passed)
        return -1;
    int r = explore_shrink(&e->small, e->scn->explore.from_ps, &ops);
    free(e->passed);
    e->passed = NULL;
    return r;
}

static int explore(struct explorer *e)
{
    e->stage = "without faults";
    int64_t r = explore_tries_run(&e->tries, 1, no_faults, e);
    if (r < 0)
        return give_up(e);
    if (r == 0) {
        fprintf(stderr, "cob explore: %s fails without any fault of ours: see cob run\n", e->scn->path);
        return EXIT_USAGE;
    }
    e->stage = "searching";
    r = explore_tries_run(&e->tries, e->runs, drawn, e);
    if (r < 0)
        return give_up(e);
    if (r == (int64_t)e->runs) {
        clear_line(e);
        if (e->json)
            print_json(e, false);
        else
            printf("nothing found: %" PRIu64 " schedules, %" PRIu64 " passed, %" PRIu64
                   " without a verdict, seed %" PRIu64 "\n",
                   e->runs, e->tries.passed - 1, e->tries.no_verdict, e->seed);
        return EXIT_OK;
    }
    e->tries_to_find = (uint64_t)r + 1;
    explore_draw(e->scn, e->seed, (uint64_t)r, &e->drawn);
    clear_line(e);
    if (!e->quiet)
        fprintf(stderr, "cob explore: try %" PRId64 " fails, with %u faults; shrinking\n", r, e->drawn.n);
    if (shrink(e) < 0 || write_found(e) < 0 || confirm(e) < 0)
        return give_up(e);
    clear_line(e);
    if (e->json) {
        print_json(e, true);
    } else {
        printf("not as expected: ");
        print_nodes(e, stdout);
        printf("; seed %" PRIu64 ", try %" PRIu64 ", shrunk from %u to %u fault%s by %" PRIu64 " runs:\n",
               e->seed, e->tries_to_find - 1, e->drawn.n, e->small.n, e->small.n == 1 ? "" : "s",
               e->tries.begun);
        explore_print(e->scn, &e->small, stdout);
        printf("again: cob run %s\n", e->found);
    }
    return EXIT_EXPECTATION;
}

static int bad(const char *option, const char *value, const char *reason)
{
    fprintf(stderr, "cob explore: %s %s: %s\n", option, value, reason);
    return -1;
}

static int number(const char *option, const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    char *end;
    errno = 0;
    *out = strtoull(text, &end, 0);
    return errno || end == text || *end || *text == '-' || *out < min || *out > max
               ? bad(option, text, "not a number in range")
               : 0;
}

static unsigned host_cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) < 0 ? 1 : (unsigned)CPU_COUNT(&set);
}

/* 0 go on, 1 help was asked for, -1 wrong. */
static int parse(int argc, char **argv, struct explorer *e, const char **path)
{
    bool have_seed = false;
    uint64_t jobs = host_cores();
    int c;

    e->runs = 100;
    while ((c = getopt_long(argc, argv, "hq", options, NULL)) != -1)
        switch (c) {
        case 'h':
            return 1;
        case 'q':
            e->quiet = true;
            break;
        case OPT_RUNS:
            if (number("--runs", optarg, 1, MAX_RUNS, &e->runs) < 0)
                return -1;
            break;
        case OPT_JOBS:
            if (number("--jobs", optarg, 1, MAX_JOBS, &jobs) < 0)
                return -1;
            break;
        case OPT_SEED:
            if (number("--seed", optarg, 0, INT64_MAX, &e->seed) < 0)
                return -1;
            have_seed = true;
            break;
        case OPT_OUT:
            e->out = optarg;
            break;
        case OPT_BACKEND:
            if (!guest_backend_find(optarg))
                return bad("--backend", optarg, "there is libvirt and direct");
            e->backend = optarg;
            break;
        case OPT_TIMEOUT:
            e->timeout = optarg;
            break;
        case OPT_KEEP:
            e->tries.keep = true;
            break;
        case OPT_JSON:
            e->json = true;
            break;
        default:
            return -1;
        }
    if (optind + 1 != argc) {
        fprintf(stderr, "cob explore: exactly one scenario file is needed; see cob explore --help\n");
        return -1;
    }
    *path = argv[optind];
    unsigned n = 0;
    if (e->backend) {
        e->args[n++] = "--backend";
        e->args[n++] = e->backend;
    }
    if (e->timeout) {
        e->args[n++] = "--timeout";
        e->args[n++] = e->timeout;
    }
    e->tries.jobs = (unsigned)(jobs > MAX_JOBS ? MAX_JOBS : jobs);
    if (!have_seed)
        e->seed = UINT64_MAX; /* the scenario's */
    return 0;
}

static int prepare(struct explorer *e)
{
    char name[SCN_NAME_MAX + 1], runs[PATH_MAX];

    snprintf(name, sizeof name, "%.*s-explore", SCN_NAME_MAX - 8, e->scn->name);
    if (rundir_create_plain(&e->dir, rundir_base(), name, e->why, sizeof e->why) < 0)
        return -1;
    snprintf(e->tries.dir, sizeof e->tries.dir, "%s", e->dir.path);
    rundir_path(&e->dir, runs, "", "runs", "");
    if (mkdir(runs, 0777) < 0) {
        snprintf(e->why, sizeof e->why, "%s: %s", runs, strerror(errno));
        return -1;
    }
    return 0;
}

int verb_explore(int argc, char **argv)
{
    struct explorer e = {0};
    const char *path;
    char why[256];

    switch (parse(argc, argv, &e, &path)) {
    case 1:
        fputs(help, stdout);
        return EXIT_OK;
    case -1:
        return EXIT_USAGE;
    }
    e.scn = scenario_load(path, stderr);
    if (!e.scn)
        return EXIT_USAGE;
    if (explore_check(e.scn, why, sizeof why) < 0) {
        fprintf(stderr, "cob explore: %s: %s\n", path, why);
        scenario_free(e.scn);
        return EXIT_USAGE;
    }
    if (e.seed == UINT64_MAX)
        e.seed = e.scn->seed;
    e.tries.scn = e.scn;
    e.tries.args = e.args;
    e.tries.progress = progress;
    current = &e;
    int status = prepare(&e) < 0 ? give_up(&e) : explore(&e);
    scenario_free(e.scn);
    return status;
}
