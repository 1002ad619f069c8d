/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * load_run.c - `cob run` of a scenario with a load: one process for each offered rate (SystemC elaborates
 * once per process), as many at a time as there are cores; then the table and result.json.
 *
 * Exit status: 0; 1 if a point shows a deadlock, a drop or unbalanced books; 3 if it could not be measured or
 * the run directory not written; 130 interrupted. There is no trace and no capture.
 */
#include "sim/load.h"
#include "sim/run.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

struct job {
    pid_t pid;
    int fd;
};

static int start(const struct scenario *s, uint32_t rate, struct job *job)
{
    int fd[2];

    if (pipe(fd) < 0)
        return -1;
    fflush(NULL);
    job->pid = fork();
    if (job->pid < 0) {
        close(fd[0]);
        close(fd[1]);
        return -1;
    }
    if (job->pid == 0) {
        struct load_point point;
        close(fd[0]);
        int rc = load_measure(s, rate, &point);
        bool written = write(fd[1], &point, sizeof point) == sizeof point; /* less than PIPE_BUF: whole */
        _exit(rc == 0 && written ? 0 : 1);
    }
    close(fd[1]);
    job->fd = fd[0];
    return 0;
}

static void collect(struct job *job, uint32_t rate, struct load_point *point)
{
    int status = 0;

    if (read(job->fd, point, sizeof *point) != sizeof *point) {
        *point = (struct load_point){.offered_percent = rate};
        snprintf(point->trouble, sizeof point->trouble, "the process that measured it ended early");
    }
    close(job->fd);
    while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (status != 0 && !point->trouble[0])
        snprintf(point->trouble, sizeof point->trouble, "the process that measured it failed");
}

_Static_assert(sizeof(struct load_point) <= 4096, "a point is written to a pipe in one piece");

static int measure_all(struct run *r, struct load_point *point)
{
    const struct scn_load *l = &r->scn->load;
    struct job job[64] = {{0}};
    unsigned started = 0, at_once = r->opt.cores;
    cpu_set_t set;

    assert(l->n_rates <= 64);
    if (!at_once)
        at_once = sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
    for (unsigned i = 0; i < l->n_rates; i++) {
        for (; started < l->n_rates && started < i + at_once; started++)
            if (start(r->scn, l->rates[started], &job[started]) < 0) {
                snprintf(r->why, sizeof r->why, "cannot start a process: %s", strerror(errno));
                while (i < started) {
                    collect(&job[i], l->rates[i], &point[i]);
                    i++;
                }
                return -1;
            }
        collect(&job[i], l->rates[i], &point[i]);
        if (!r->opt.quiet)
            fprintf(stderr, "cob: %u of %u rates measured\n", i + 1, l->n_rates);
    }
    return 0;
}

/* "1234.567": ns with three decimals, exact. */
static const char *ns(vtime_t ps, char buf[32])
{
    snprintf(buf, 32, "%" PRId64 ".%03" PRId64, ps / 1000, ps % 1000);
    return buf;
}

static void print_table(const struct scenario *s, const struct load_point *p, FILE *out)
{
    char a[32], b[32], c[32], d[32];

    fprintf(out, "%s, messages of %" PRIu32 " bytes; rates in %% of the sources' links, times in ns\n",
            scn_pattern_name(s->load.pattern), s->load.message_bytes);
    fprintf(out, "%8s %9s %12s %12s %12s %12s %12s %9s\n", "offered", "accepted", "Mbit/s", "mean", "p50",
            "p99", "max", "fairness");
    for (unsigned i = 0; i < s->load.n_rates; i++, p++)
        fprintf(out, "%8" PRIu32 " %7u.%u %12" PRIu64 " %12s %12s %12s %12s %6u.%02u\n", p->offered_percent,
                p->accepted_permille / 10, p->accepted_permille % 10, p->accepted_bps / 1000000,
                ns(p->mean_ps, a), ns(p->p50_ps, b), ns(p->p99_ps, c), ns(p->max_ps, d),
                p->most_bps ? (unsigned)(p->least_bps * 100 / p->most_bps / 100) : 0,
                p->most_bps ? (unsigned)(p->least_bps * 100 / p->most_bps % 100) : 0);
}

static json_t *point_json(const struct load_point *p)
{
    json_t *o = json_object();

    json_object_set_new(o, "offered_percent", json_integer(p->offered_percent));
    json_object_set_new(o, "accepted_permille", json_integer(p->accepted_permille));
    json_object_set_new(o, "accepted_bps", json_integer((json_int_t)p->accepted_bps));
    json_object_set_new(o, "least_bps", json_integer((json_int_t)p->least_bps));
    json_object_set_new(o, "most_bps", json_integer((json_int_t)p->most_bps));
    json_object_set_new(o, "messages", json_integer((json_int_t)p->messages));
    json_object_set_new(o, "delivered", json_integer((json_int_t)p->delivered));
    json_object_set_new(o, "min_ps", json_integer(p->min_ps));
    json_object_set_new(o, "mean_ps", json_integer(p->mean_ps));
    json_object_set_new(o, "p50_ps", json_integer(p->p50_ps));
    json_object_set_new(o, "p99_ps", json_integer(p->p99_ps));
    json_object_set_new(o, "max_ps", json_integer(p->max_ps));
    json_object_set_new(o, "end_ps", json_integer(p->end_ps));
    json_object_set_new(o, "packets", json_integer((json_int_t)p->packets));
    json_object_set_new(o, "dropped", json_integer((json_int_t)p->dropped));
    json_object_set_new(o, "stall_ps", json_integer(p->stall_ps));
    json_object_set_new(o, "stuck", json_integer((json_int_t)p->stuck));
    json_object_set_new(o, "conservation", json_string(p->trouble[0] ? p->trouble : "ok"));
    return o;
}

/* What is compared by cob diff: what arrived of each node, and what arrived at it, at each rate. */
static json_t *node_json(const struct run *r, const struct load_point *p, unsigned node)
{
    json_t *o = json_object(), *bytes = json_array(), *hashes = json_array();
    char hex[20];

    for (unsigned i = 0; i < r->scn->load.n_rates; i++) {
        json_array_append_new(bytes, json_integer((json_int_t)p[i].node_bytes[node]));
        snprintf(hex, sizeof hex, "%016" PRIx64, p[i].node_hash[node]);
        json_array_append_new(hashes, json_string(hex));
    }
    json_object_set_new(o, "name", json_string(r->scn->nodes[node].name));
    json_object_set_new(o, "accepted_bytes", bytes);
    json_object_set_new(o, "deliveries", hashes);
    return o;
}

/* The table once more, for cob inspect. */
static int write_table(struct run *r, const struct load_point *p)
{
    char path[PATH_MAX];
    FILE *f = fopen(rundir_path(&r->dir, path, "", "load", ".txt"), "we");
    int bad = !f;

    if (f)
        print_table(r->scn, p, f);
    if (f && (ferror(f) | fclose(f)))
        bad = 1;
    if (bad)
        snprintf(r->why, sizeof r->why, "%s: %s", path, strerror(errno));
    return bad ? -1 : 0;
}

static int write_result(struct run *r, const struct load_point *p)
{
    char path[PATH_MAX], hex[20];
    json_t *o = json_object(), *points = json_array(), *load = json_object(), *host = json_object();
    json_t *nodes = json_array();

    for (unsigned i = 0; i < r->scn->load.n_rates; i++)
        json_array_append_new(points, point_json(&p[i]));
    json_object_set_new(load, "pattern", json_string(scn_pattern_name(r->scn->load.pattern)));
    json_object_set_new(load, "message_bytes", json_integer(r->scn->load.message_bytes));
    json_object_set_new(load, "points", points);
    json_object_set_new(o, "format", json_integer(1));
    json_object_set_new(o, "name", json_string(r->scn->name));
    json_object_set_new(o, "outcome", json_string(r->outcome));
    json_object_set_new(o, "exit", json_integer(r->exit_status));
    snprintf(hex, sizeof hex, "%016" PRIx64, r->scn->seed);
    json_object_set_new(o, "seed", json_string(hex));
    json_object_set_new(o, "virtual_ps", json_integer(r->virtual_ps));
    snprintf(hex, sizeof hex, "%016" PRIx64, r->hash);
    json_object_set_new(o, "hash", json_string(hex));
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        json_array_append_new(nodes, node_json(r, p, i));
    json_object_set_new(o, "nodes", nodes);
    json_object_set_new(o, "load", load);
    json_object_set_new(host, "wall_s", json_real(r->wall_s));
    json_object_set_new(o, "host", host);
    rundir_path(&r->dir, path, "", "result", ".json");
    int bad = json_dump_file(o, path, JSON_INDENT(2)) < 0;
    if (bad)
        snprintf(r->why, sizeof r->why, "%s: %s", path, strerror(errno));
    if (r->opt.json) {
        json_object_set_new(o, "event", json_string("end"));
        json_object_set_new(o, "directory", json_string(r->dir.path));
        json_dumpf(o, stdout, JSON_COMPACT);
        printf("\n");
    }
    json_decref(o);
    return bad ? -1 : 0;
}

/* What is wrong with a point, "" if nothing. */
static const char *verdict(const struct load_point *p, char buf[300])
{
    if (p->trouble[0])
        snprintf(buf, 300, "%s", p->trouble);
    else if (p->stuck)
        snprintf(buf, 300, "%" PRIu64 " packets wait for each other for ever", p->stuck);
    else if (p->dropped)
        snprintf(buf, 300, "%" PRIu64 " packets were dropped", p->dropped);
    else
        buf[0] = 0;
    return buf;
}

static void judge(struct run *r, const struct load_point *p, FILE *out)
{
    char why[300];

    r->exit_status = EXIT_OK;
    r->hash = 0;
    for (unsigned i = 0; i < r->scn->load.n_rates; i++) {
        if (*verdict(&p[i], why)) {
            fprintf(out, "at %" PRIu32 " %%: %s\n", p[i].offered_percent, why);
            r->exit_status = EXIT_EXPECTATION;
        }
        r->hash = XXH64(&p[i].hash, sizeof p[i].hash, r->hash);
        r->virtual_ps += p[i].end_ps;
    }
    r->outcome = r->exit_status == EXIT_OK ? "passed" : "failed";
}

int load_run(struct run *r)
{
    struct load_point *point = calloc(r->scn->load.n_rates, sizeof *point);
    FILE *out = r->opt.json ? stderr : stdout;
    char virt[40];

    assert(point);
    r->exit_status = EXIT_ENVIRONMENT;
    clock_gettime(CLOCK_MONOTONIC, &r->started);
    int bad = rundir_create(&r->dir, rundir_base(), r->scn->name, r->why, sizeof r->why) < 0 ||
              run_dump_scenario(r) < 0;
    if (!bad)
        run_event_started(r);
    if (bad || measure_all(r, point) < 0) {
        run_event_error(r);
        fprintf(stderr, "cob: %s\n", r->why);
        free(point);
        return r->exit_status;
    }
    r->wall_s = run_elapsed_s(r);
    print_table(r->scn, point, out);
    judge(r, point, out);
    if (write_table(r, point) < 0 || write_result(r, point) < 0) {
        fprintf(stderr, "cob: %s\n", r->why);
        r->exit_status = EXIT_ENVIRONMENT;
    }
    run_report(r);
    fprintf(out, "%s %s: %u rates, %s virtual in %.1f s, hash %016" PRIx64 ", %s\n", r->scn->name, r->outcome,
            r->scn->load.n_rates, scn_format_time(r->virtual_ps, virt, sizeof virt), r->wall_s, r->hash,
            r->dir.path);
    free(point);
    return r->exit_status;
}
