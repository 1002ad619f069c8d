/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explore_tries.c - runs schedules, each as a `cob run` of its own (the model of the fabric exists once per
 * process). See explore.h.
 *
 *   <dir>/try-0007.scn.yml   the scenario with the schedule     <dir>/try-0007.log    what the run said
 *   <dir>/runs/try-0007-001  its run directory
 *
 * All of a try goes when it has passed. Several tries run at once, each on one core; which one is the first
 * that failed is decided by their order, not by who ends first, so the outcome does not depend on the number
 * of jobs.
 */
#include "sim/explore.h"
#include "sim/run.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NAME = 32, MAX_ARGS = 32, MAX_JOBS = 64 };

struct slot {
    pid_t pid; /* 0: free */
    int fd;    /* pidfd */
    uint64_t i;
};

struct state {
    struct explore_tries *t;
    struct slot slot[MAX_JOBS];
    struct pollfd poll[MAX_JOBS + 1];
    int signals;
    uint64_t next;  /* to begin */
    uint64_t first; /* lowest that has failed; n if none */
    uint64_t serial[MAX_JOBS];
};

static uint64_t serial; /* of all tries of this process: names are used once */

static int wrong(struct explore_tries *t, const char *path)
{
    snprintf(t->why, sizeof t->why, "%s: %s", path, strerror(errno));
    return -1;
}

static void path_of(const struct explore_tries *t, uint64_t number, const char *suffix, char out[PATH_MAX])
{
    int n = snprintf(out, PATH_MAX, "%s/try-%04" PRIu64 "%s", t->dir, number, suffix);
    assert(n < PATH_MAX);
}

static void rundir_of(const struct explore_tries *t, uint64_t number, const char *file, char out[PATH_MAX])
{
    int n = snprintf(out, PATH_MAX, "%s/runs/try-%04" PRIu64 "-001%s", t->dir, number, file);
    assert(n < PATH_MAX);
}

static int write_scenario(struct explore_tries *t, uint64_t number, const struct explore_schedule *x)
{
    char path[PATH_MAX], name[NAME];

    path_of(t, number, ".scn.yml", path);
    snprintf(name, sizeof name, "try-%04" PRIu64, number);
    FILE *f = fopen(path, "we");
    if (!f)
        return wrong(t, path);
    int r = explore_write(t->scn, name, x, f);
    if (fclose(f) != 0 || r < 0)
        return wrong(t, path);
    return 0;
}

/* One core for each, in turn: a run that hands over on one core costs less than two that fight for two. */
static void take_core(unsigned slot)
{
    cpu_set_t all, one;

    if (sched_getaffinity(0, sizeof all, &all) < 0)
        return;
    int k = (int)slot % CPU_COUNT(&all);
    for (int c = 0; c < CPU_SETSIZE; c++)
        if (CPU_ISSET(c, &all) && k-- == 0) {
            CPU_ZERO(&one);
            CPU_SET(c, &one);
            sched_setaffinity(0, sizeof one, &one); /* only speed depends on it */
            return;
        }
}

static void become_run(const struct explore_tries *t, uint64_t number, unsigned slot, pid_t parent)
{
    char scenario[PATH_MAX], log[PATH_MAX], runs[PATH_MAX + 8];
    char *argv[MAX_ARGS + 8] = {"cob",          "run",         "--quiet",    "--no-trace",
                                "--no-capture", "--no-replay", "--no-report"};
    size_t n = 7;
    sigset_t none;

    path_of(t, number, ".scn.yml", scenario);
    path_of(t, number, ".log", log);
    snprintf(runs, sizeof runs, "%s/runs", t->dir);
    for (size_t i = 0; i < MAX_ARGS && t->args[i]; i++)
        argv[n++] = (char *)(uintptr_t)t->args[i];
    argv[n++] = scenario;
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (t->jobs > 1)
        take_core(slot);
    /* A group of its own: Ctrl-C on the terminal is ours, and we pass it on. */
    if (setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent && in >= 0 &&
        out >= 0 && dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(out, 2) == 2 &&
        setenv("COB_RUNS", runs, 1) == 0)
        execv("/proc/self/exe", argv);
    _exit(EXIT_ENVIRONMENT);
}

static int begin(struct state *s, unsigned slot, const struct explore_schedule *x)
{
    struct explore_tries *t = s->t;
    pid_t parent = getpid();

    s->serial[slot] = serial++;
    if (write_scenario(t, s->serial[slot], x) < 0)
        return -1;
    pid_t pid = fork();
    if (pid < 0)
        return wrong(t, "fork");
    if (pid == 0)
        become_run(t, s->serial[slot], slot, parent);
    s->slot[slot] = (struct slot){.pid = pid, .fd = (int)syscall(SYS_pidfd_open, pid, 0), .i = s->next++};
    t->begun++;
    return s->slot[slot].fd < 0 ? wrong(t, "pidfd_open") : 0;
}

/* The nodes whose expectations were not met. -1 if the run did not get so far. */
static int failed_nodes(struct explore_tries *t, uint64_t number, uint64_t *out)
{
    char path[PATH_MAX];
    json_error_t e;
    size_t i;
    json_t *node;

    rundir_of(t, number, "/result.json", path);
    json_t *o = json_load_file(path, 0, &e);
    if (!o) {
        snprintf(t->why, sizeof t->why, "%s:%d:%d: %s", path, e.line, e.column, e.text);
        return -1;
    }
    *out = 0;
    json_array_foreach(json_object_get(o, "nodes"), i, node)
    {
        const char *verdict = json_string_value(json_object_get(node, "verdict"));
        if (verdict && strcmp(verdict, "ok") != 0 && i < 64)
            *out |= 1ull << i;
    }
    json_decref(o);
    return 0;
}

static void remove_try(const struct explore_tries *t, uint64_t number)
{
    struct rundir dir = {0};
    char path[PATH_MAX];

    if (t->keep)
        return;
    path_of(t, number, ".scn.yml", path);
    unlink(path);
    path_of(t, number, ".log", path);
    unlink(path);
    rundir_of(t, number, "", dir.path);
    if (access(dir.path, F_OK) == 0)
        rundir_remove(&dir);
}

/* The last line of what the run said. */
static void quote_log(struct explore_tries *t, uint64_t number, int status)
{
    char path[PATH_MAX], line[600], last[600] = "";

    path_of(t, number, ".log", path);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f))
        if (line[0] != '\n')
            strcpy(last, line);
    if (f)
        fclose(f);
    last[strcspn(last, "\n")] = 0;
    snprintf(t->why, sizeof t->why, "a try ended with status %d: %.*s (%.*s)", status, 500, last, 400, path);
}

/* A try has ended. 0, or -1 if it could not be judged. */
static int judge(struct state *s, unsigned slot, int status)
{
    struct explore_tries *t = s->t;
    uint64_t number = s->serial[slot], nodes = 0;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

    switch (code) {
    case EXIT_OK:
        t->passed++;
        remove_try(t, number);
        return 0;
    case EXIT_TIMEOUT:
        t->no_verdict++;
        remove_try(t, number);
        return 0;
    case EXIT_EXPECTATION:
        if (failed_nodes(t, number, &nodes) < 0)
            return -1;
        if (t->has_failure && nodes != t->failed_nodes) {
            t->other++;
        } else {
            t->failed++;
            if (s->slot[slot].i < s->first) {
                s->first = s->slot[slot].i;
                t->failed_as = nodes;
            }
        }
        remove_try(t, number);
        return 0;
    default:
        quote_log(t, number, code);
        return -1;
    }
}

static void end_all(struct state *s)
{
    for (unsigned k = 0; k < s->t->jobs; k++)
        if (s->slot[k].pid)
            kill(s->slot[k].pid, SIGTERM);
    for (unsigned k = 0; k < s->t->jobs; k++)
        if (s->slot[k].pid) {
            while (waitpid(s->slot[k].pid, NULL, 0) < 0 && errno == EINTR)
                ;
            close(s->slot[k].fd);
            s->slot[k].pid = 0;
            remove_try(s->t, s->serial[k]);
        }
}

/* Tries behind the first failed one need not go on. */
static void end_later(struct state *s)
{
    for (unsigned k = 0; k < s->t->jobs; k++)
        if (s->slot[k].pid && s->slot[k].i > s->first)
            kill(s->slot[k].pid, SIGTERM);
}

static unsigned running(const struct state *s)
{
    unsigned n = 0;
    for (unsigned k = 0; k < s->t->jobs; k++)
        n += s->slot[k].pid != 0;
    return n;
}

/* Waits until something ends, and judges it. -1: no more of this. */
static int wait_some(struct state *s)
{
    struct explore_tries *t = s->t;

    for (unsigned k = 0; k < t->jobs; k++)
        s->poll[k] = (struct pollfd){.fd = s->slot[k].pid ? s->slot[k].fd : -1, .events = POLLIN};
    s->poll[t->jobs] = (struct pollfd){.fd = s->signals, .events = POLLIN};
    if (poll(s->poll, t->jobs + 1, 1000) < 0)
        return errno == EINTR ? 0 : wrong(t, "poll");
    if (s->poll[t->jobs].revents) {
        t->interrupted = true;
        snprintf(t->why, sizeof t->why, "interrupted");
        return -1;
    }
    for (unsigned k = 0; k < t->jobs; k++) {
        int status;
        if (!s->slot[k].pid || !(s->poll[k].revents & POLLIN))
            continue;
        if (waitpid(s->slot[k].pid, &status, 0) < 0)
            return wrong(t, "waitpid");
        close(s->slot[k].fd);
        s->slot[k].pid = 0;
        if (s->slot[k].i > s->first)
            remove_try(t, s->serial[k]); /* it may have been ended by us */
        else if (judge(s, k, status) < 0)
            return -1;
        end_later(s);
    }
    if (t->progress)
        t->progress(t);
    return 0;
}

int64_t explore_tries_run(struct explore_tries *t, uint64_t n,
                          void (*make)(void *ctx, uint64_t i, struct explore_schedule *out), void *ctx)
{
    struct state s = {.t = t, .first = n};
    struct explore_schedule x;
    sigset_t wanted, before;
    int r = 0;

    assert(t->jobs > 0 && t->jobs <= MAX_JOBS);
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    sigprocmask(SIG_BLOCK, &wanted, &before);
    s.signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s.signals < 0)
        r = wrong(t, "signalfd");
    while (r == 0) {
        for (unsigned k = 0; k < t->jobs && r == 0 && s.next < s.first; k++)
            if (!s.slot[k].pid) {
                make(ctx, s.next, &x);
                r = begin(&s, k, &x);
            }
        if (r < 0 || running(&s) == 0)
            break;
        r = wait_some(&s);
    }
    end_all(&s);
    if (s.signals >= 0)
        close(s.signals);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return r < 0 ? -1 : (int64_t)s.first;
}
