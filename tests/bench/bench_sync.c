/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_sync.c - what lock-step costs: the same busy guests (tests/guests/busy.c) with and without it.
 *
 *   bench-sync [options]      see `help` below; tests/bench/README.md says how to read the table
 *
 * Two ways of running n guests, on the same cores, pinned the same way, executing the same instructions:
 *
 *   plain      QEMU under -icount, no plugin, nobody waits for anybody     wall time: from letting go until
 * the last result lock-step  `cob run` with links of the given delay, trained from the start, so that every
 * guest is held to the lookahead from its first instruction on                     wall time and rounds:
 * result.json
 *
 * That the instructions were the same is checked: each guest prints how far its computation came and what
 * came out, which must be equal in both. Repetitions of all ways take turns, so that a change of the
 * machine's mood hits all.
 */
#include "sim/guest.h"
#include "sim/scenario.h"
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_LIST = 8, MAX_GUESTS = 16, MAX_REPEAT = 99, POLL_NS = 500000, PLAIN_LIMIT_S = 600 };

static const char help[] =
    "usage: bench-sync [options]\n"
    "\n"
    "  -g, --guests LIST      numbers of guests (1,2,4,8)\n"
    "  -l, --lookahead LIST   delays of the links (500ns,1us,10us)\n"
    "  -a, --arch NAME        x86_64, aarch64, riscv64 or mix: these three in turn (x86_64)\n"
    "  -m, --ms N             milliseconds of virtual time that each guest computes (200)\n"
    "  -r, --repeat N         repetitions of everything (5)\n"
    "  -c, --cores N          host cores to use (all that are allowed)\n"
    "  -f, --fabric           fabric adapters instead of network interfaces, with links that nobody trains\n"
    "  -q, --quick            two guests, 50 ms, once\n"
    "  -v, --verbose          every single time on standard error\n"
    "\n"
    "Needs build/cob and build/guests; run it from the top of the source tree, on a machine that does "
    "nothing else.\n";

struct times {
    double s[MAX_REPEAT];
    unsigned n;
};

struct bench {
    unsigned guests[MAX_LIST], n_guests;
    char *lookahead[MAX_LIST];
    unsigned n_lookaheads;
    const char *arch;
    unsigned ms, repeat, cores, n_cores;
    int core[CPU_SETSIZE];
    bool verbose, fabric;
    char top[PATH_MAX - 64], dir[64];
};

static int fail(const char *what)
{
    fprintf(stderr, "bench-sync: %s: %s\n", what, strerror(errno));
    return -1;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const char *arch_of(const struct bench *b, unsigned i)
{
    return strcmp(b->arch, "mix") ? b->arch : scn_arch_name((enum scn_arch)(i % SCN_ARCH_COUNT));
}

/* Adapters on one fabric switch, two of them on one link. They are never enabled, so the links stay
 * untrained. */
static void write_fabric(FILE *f, unsigned n)
{
    if (n == 2) {
        fprintf(f, "links:\n  - { endpoints: [\"g0:fab0\", \"g1:fab0\"], profile: infiniband-fdr }\n");
        return;
    }
    fprintf(f, "switches:\n  sw: { kind: fabric }\nlinks:\n");
    fprintf(f, "  - { endpoints: [\"*:fab0\", \"sw\"], profile: infiniband-fdr }\n");
}

/* n guests in a ring; two of them share one link, one has a link to a switch that leads nowhere. */
static int write_scenario(const struct bench *b, unsigned n, const char *delay, const char *path)
{
    FILE *f = fopen(path, "we");

    if (!f)
        return fail(path);
    fprintf(f,
            "name: sync\nstop: 1000s\ntimeout: 1h\ndefaults:\n"
            "  node: { memory: 64MiB, append: \"ms=%u\" }\n  link: { %s, delay: %s }\nnodes:\n",
            b->ms, b->fabric ? "training: 1ms" : "training: 0s", delay);
    for (unsigned i = 0; i < n; i++)
        fprintf(f, "  g%u: { arch: %s, kernel: \"%s/build/guests/busy-%s\" }\n", i, arch_of(b, i), b->top,
                arch_of(b, i));
    if (b->fabric) {
        write_fabric(f, n);
        return fclose(f) == 0 ? 0 : fail(path);
    }
    if (n == 1)
        fprintf(f, "switches:\n  sw: {}\n");
    fprintf(f, "links:\n");
    if (n == 1)
        fprintf(f, "  - endpoints: [\"g0:eth0\", \"sw\"]\n");
    for (unsigned i = 0; n > 1 && i < (n == 2 ? 1 : n); i++)
        fprintf(f, "  - endpoints: [\"g%u:eth0\", \"g%u:eth%u\"]\n", i, (i + 1) % n, n == 2 ? 0u : 1u);
    return fclose(f) == 0 ? 0 : fail(path);
}

/* The line "busy: ..." of a console file; false if it does not say yet that the guest is done. */
static bool read_outcome(const char *path, char line[100])
{
    char text[65536];
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;

    if (f)
        fclose(f);
    text[n] = 0;
    char *busy = strstr(text, "busy: "), *result = busy ? strstr(busy, "cob: result 0\n") : NULL;
    if (!result)
        return false;
    snprintf(line, 100, "%.*s", (int)strcspn(busy, "\r\n"), busy);
    return true;
}

/* As sim/run.c does it. */
static void pin(pid_t pid, int core)
{
    char path[64];
    struct dirent *e;
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(core, &set);
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *d = opendir(path);
    while (d && (e = readdir(d)))
        if (e->d_name[0] != '.')
            sched_setaffinity((pid_t)strtol(e->d_name, NULL, 10), sizeof set, &set);
    if (d)
        closedir(d);
}

/* ---- plain ---- */

struct plain {
    struct guest *guest;
    char *qemu, ram[64], console[128], log[128], args[128], pid[128], version[32];
    int ram_fd;
    bool done;
};

/* Starts the guest and stops it at once, to be let go with all others. */
static int plain_start(const struct bench *b, const struct scn_node *node, unsigned i, struct plain *p)
{
    char why[800];

    p->qemu = guest_find_qemu(node->arch, p->version, sizeof p->version, why, sizeof why);
    p->ram_fd = memfd_create("bench-ram", MFD_CLOEXEC);
    if (p->ram_fd < 0 || ftruncate(p->ram_fd, (off_t)node->memory_bytes) < 0)
        return fail("guest memory");
    snprintf(p->ram, sizeof p->ram, "/proc/%d/fd/%d", (int)getpid(), p->ram_fd);
    snprintf(p->console, sizeof p->console, "%s/plain%u.serial", b->dir, i);
    snprintf(p->log, sizeof p->log, "%s/plain%u.log", b->dir, i);
    snprintf(p->args, sizeof p->args, "%s/plain%u.args", b->dir, i);
    snprintf(p->pid, sizeof p->pid, "%s/plain%u.pid", b->dir, i);
    struct guest_spec spec = {.node = node,
                              .index = i,
                              .seed = i + 1,
                              .qemu = p->qemu,
                              .kernel = node->kernel,
                              .append = node->append,
                              .console_path = p->console,
                              .log_path = p->log,
                              .args_path = p->args,
                              .ram_path = p->ram,
                              .pid_path = p->pid,
                              .plain = true};
    if (p->qemu)
        p->guest = guest_direct.start(&spec, why, sizeof why);
    if (!p->guest) {
        fprintf(stderr, "bench-sync: %s\n", why);
        return -1;
    }
    kill(guest_direct.pid(p->guest), SIGSTOP);
    pin(guest_direct.pid(p->guest), b->core[i % b->n_cores]);
    return 0;
}

/* Waits until all have reported. Wall-clock seconds, or -1. */
static double plain_race(struct plain *p, unsigned n, char outcome[][100])
{
    double start = now_s();
    unsigned left = n;

    for (unsigned i = 0; i < n; i++)
        kill(guest_direct.pid(p[i].guest), SIGCONT);
    while (left) {
        nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
        for (unsigned i = 0; i < n; i++)
            if (!p[i].done && read_outcome(p[i].console, outcome[i])) {
                p[i].done = true;
                left--;
            }
        if (now_s() - start > PLAIN_LIMIT_S) {
            fprintf(stderr, "bench-sync: a plain guest does not come to an end\n");
            return -1;
        }
    }
    return now_s() - start;
}

static double run_plain(const struct bench *b, unsigned n, const char *path, char outcome[][100])
{
    struct plain p[MAX_GUESTS] = {0};
    struct scenario *s = scenario_load(path, stderr);
    double t = s ? 0 : -1;

    for (unsigned i = 0; i < n; i++)
        p[i].ram_fd = -1;
    for (unsigned i = 0; s && t == 0 && i < n; i++)
        if (plain_start(b, &s->nodes[i], i, &p[i]) < 0)
            t = -1;
    if (t == 0)
        t = plain_race(p, n, outcome);
    for (unsigned i = 0; i < n; i++) {
        if (p[i].guest)
            guest_direct.stop(p[i].guest);
        if (p[i].ram_fd >= 0)
            close(p[i].ram_fd);
        free(p[i].qemu);
    }
    scenario_free(s);
    return t;
}

/* ---- lock-step ---- */

/* Wall-clock seconds and rounds from result.json, or -1. */
static double read_result(const char *path, uint64_t *rounds)
{
    json_error_t error;
    json_t *o = json_load_file(path, 0, &error), *host = json_object_get(o, "host");
    double s = json_real_value(json_object_get(host, "wall_s"));

    *rounds = (uint64_t)json_integer_value(json_object_get(host, "rounds"));
    if (!o)
        fprintf(stderr, "bench-sync: %s: %s\n", path, error.text);
    json_decref(o);
    return s > 0 ? s : -1;
}

static double run_lockstep(const struct bench *b, unsigned n, const char *path, const char *const outcome[],
                           uint64_t *rounds)
{
    char program[PATH_MAX], cores[16], runs[128], at[256], line[100] = "";
    int status;

    snprintf(program, sizeof program, "%s/build/cob", b->top);
    snprintf(cores, sizeof cores, "%u", b->n_cores);
    snprintf(runs, sizeof runs, "%s/runs", b->dir);
    pid_t pid = fork();
    if (pid == 0) {
        setenv("COB_RUNS", runs, 1);
        if (!freopen("/dev/null", "w", stdout))
            _exit(126);
        execl(program, "cob", "run", "--backend", "direct", "--no-trace", "--no-capture", "--no-replay",
              "--quiet", "--cores", cores, path, NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return fail("cannot run cob");
    if (!WIFEXITED(status) || WEXITSTATUS(status)) {
        fprintf(stderr, "bench-sync: %s run failed\n", program);
        return -1;
    }
    for (unsigned i = 0; i < n; i++) {
        snprintf(at, sizeof at, "%s/latest/console/g%u.raw", runs, i);
        if (!read_outcome(at, line) || strcmp(line, outcome[i])) {
            fprintf(stderr, "bench-sync: guest %u did not do the same: plain \"%s\", in lock-step \"%s\"\n",
                    i, outcome[i], line);
            return -1;
        }
    }
    snprintf(at, sizeof at, "%s/latest/result.json", runs);
    return read_result(at, rounds);
}

/* ---- the table ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void add(struct times *t, double s)
{
    t->s[t->n++] = s;
    qsort(t->s, t->n, sizeof t->s[0], by_value);
}

static double median(const struct times *t)
{
    return (t->s[(t->n - 1) / 2] + t->s[t->n / 2]) / 2;
}

static void print_row(unsigned n, const char *delay, const struct times *plain, const struct times *lock,
                      uint64_t rounds)
{
    double p = median(plain), l = median(lock), lo = lock->s[0] / plain->s[0];

    printf("%6u %9s  %6.2f (%.2f-%.2f)  %6.2f (%.2f-%.2f)  %5.2f %5.2f", n, n > 1 ? delay : "-", p,
           plain->s[0], plain->s[plain->n - 1], l, lock->s[0], lock->s[lock->n - 1], l / p, lo);
    if (n > 1)
        printf(" %10" PRIu64 " %7.2f %7.2f", rounds, 1e6 * l / (double)rounds,
               1e6 * (l - p) / (double)rounds);
    printf("\n");
    fflush(stdout);
}

/* All lookaheads for n guests. */
static int measure(const struct bench *b, unsigned n)
{
    static struct times plain, lock[MAX_LIST];
    uint64_t rounds[MAX_LIST] = {0};
    char path[128], outcome[MAX_GUESTS][100];
    const char *expected[MAX_GUESTS];
    unsigned n_lookaheads = n == 1 ? 1 : b->n_lookaheads;

    plain.n = 0;
    memset(lock, 0, sizeof lock);
    for (unsigned i = 0; i < n; i++)
        expected[i] = outcome[i];
    snprintf(path, sizeof path, "%s/sync.scn.yml", b->dir);
    for (unsigned r = 0; r < b->repeat; r++)
        for (unsigned k = 0; k <= n_lookaheads; k++) {
            const char *delay = b->lookahead[k ? k - 1 : 0];
            if (write_scenario(b, n, delay, path) < 0)
                return -1;
            double s =
                k == 0 ? run_plain(b, n, path, outcome) : run_lockstep(b, n, path, expected, &rounds[k - 1]);
            if (s < 0)
                return -1;
            add(k ? &lock[k - 1] : &plain, s);
            if (b->verbose)
                fprintf(stderr, "%u guests, %s: %.3f s\n", n, k ? delay : "plain", s);
        }
    for (unsigned k = 0; k < n_lookaheads; k++)
        print_row(n, b->lookahead[k], &plain, &lock[k], rounds[k]);
    return 0;
}

static void print_head(const struct bench *b)
{
    double load = 0;

    if (getloadavg(&load, 1) != 1)
        load = -1;
    printf("%s guests, %u ms of virtual time each, %u core%s, %u repetition%s; load average before: %.1f\n",
           b->arch, b->ms, b->n_cores, b->n_cores == 1 ? "" : "s", b->repeat, b->repeat == 1 ? "" : "s",
           load);
    printf(
        "times: median (minimum-maximum); ratio: of medians, of minima; cost: (lock-step - plain) / "
        "rounds\n\n");
    printf(
        "guests lookahead  plain s              lock-step s           ratio               rounds us/round "
        "cost us\n");
    fflush(stdout);
}

/* ---- options ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static int number(const char *text, unsigned max, unsigned *out)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);

    if (end == text || *end || v < 1 || v > max) {
        fprintf(stderr, "bench-sync: %s: a number from 1 to %u is needed\n", text, max);
        return -1;
    }
    *out = (unsigned)v;
    return 0;
}

static int list_of_guests(char *text, struct bench *b)
{
    b->n_guests = 0;
    for (char *save, *w = strtok_r(text, ",", &save); w; w = strtok_r(NULL, ",", &save))
        if (b->n_guests == MAX_LIST || number(w, MAX_GUESTS, &b->guests[b->n_guests++]) < 0)
            return -1;
    return b->n_guests ? 0 : -1;
}

static int list_of_lookaheads(char *text, struct bench *b)
{
    char why[160];
    vtime_t t;

    b->n_lookaheads = 0;
    for (char *save, *w = strtok_r(text, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
        if (b->n_lookaheads == MAX_LIST || scn_parse_time(w, &t, why, sizeof why) < 0) {
            fprintf(stderr, "bench-sync: %s: %s\n", w, b->n_lookaheads == MAX_LIST ? "too many" : why);
            return -1;
        }
        b->lookahead[b->n_lookaheads++] = w;
    }
    return b->n_lookaheads ? 0 : -1;
}

static int parse(int argc, char **argv, struct bench *b)
{
    static char guests[] = "1,2,4,8", lookaheads[] = "500ns,1us,10us", two[] = "2";
    static const struct option options[] = {{"guests", required_argument, NULL, 'g'},
                                            {"lookahead", required_argument, NULL, 'l'},
                                            {"arch", required_argument, NULL, 'a'},
                                            {"ms", required_argument, NULL, 'm'},
                                            {"repeat", required_argument, NULL, 'r'},
                                            {"cores", required_argument, NULL, 'c'},
                                            {"quick", no_argument, NULL, 'q'},
                                            {"verbose", no_argument, NULL, 'v'},
                                            {"fabric", no_argument, NULL, 'f'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int c, bad = list_of_guests(guests, b) | list_of_lookaheads(lookaheads, b);

    while (!bad && (c = getopt_long(argc, argv, "g:l:a:m:r:c:fqvh", options, NULL)) != -1)
        switch (c) {
        case 'g':
            bad = list_of_guests(optarg, b);
            break;
        case 'l':
            bad = list_of_lookaheads(optarg, b);
            break;
        case 'a':
            b->arch = optarg;
            break;
        case 'm':
            bad = number(optarg, 1000000, &b->ms);
            break;
        case 'r':
            bad = number(optarg, MAX_REPEAT, &b->repeat);
            break;
        case 'c':
            bad = number(optarg, CPU_SETSIZE, &b->cores);
            break;
        case 'q':
            bad = list_of_guests(two, b);
            b->ms = 50;
            b->repeat = 1;
            break;
        case 'f':
            b->fabric = true;
            break;
        case 'v':
            b->verbose = true;
            break;
        case 'h':
            fputs(help, stdout);
            exit(0);
        default:
            bad = -1;
        }
    if (bad || optind != argc) {
        fputs(help, stderr);
        return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct bench b = {.arch = "x86_64", .ms = 200, .repeat = 5, .dir = "/tmp/cob-bench-XXXXXX"};
    cpu_set_t set;
    int bad = 0;

    if (parse(argc, argv, &b) < 0)
        return 2;
    if (!getcwd(b.top, sizeof b.top) || sched_getaffinity(0, sizeof set, &set) < 0 || !mkdtemp(b.dir)) {
        fail("cannot begin");
        return 3;
    }
    for (int c = 0; c < CPU_SETSIZE && (!b.cores || b.n_cores < b.cores); c++)
        if (CPU_ISSET(c, &set))
            b.core[b.n_cores++] = c;
    print_head(&b);
    for (unsigned i = 0; !bad && i < b.n_guests; i++)
        bad = measure(&b, b.guests[i]);
    if (bad)
        fprintf(stderr, "bench-sync: what the runs left is in %s\n", b.dir);
    else
        nftw(b.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return bad ? 3 : 0;
}
