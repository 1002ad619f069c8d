/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_records.c - what trace and replay logs cost in whole runs: bench-records [REPEAT [COUNT]].
 *
 * Four bare guests on one fabric switch exchange messages of all kinds as fast as they can, COUNT (3000) from
 * each (tests/guests/fabric_storm.c). `cob run` runs this scenario without any record, with the trace at each
 * level, with replay logs, and with both as usual; nothing else is written, captures and report neither. The
 * ways take turns, REPEAT (5) times, so that a change of the machine's mood hits all; the table has medians
 * and in parentheses least and greatest:
 *
 *   cob s    processor time, user and system, of the process cob alone: the engine, the model and all
 *            writers. What it spins while it waits for guests is in it
 *   all s    of cob and its guests together
 *   wall s   from start to end of `cob run`
 *
 * each also as a ratio of medians to the run without records; then bytes on the disk for each packet that a
 * guest emitted, of the last run. A trace's streams are filled up to 64 KiB each, which is in it.
 *
 * It stops if a run fails or if its guests did something else than those of the first one (hash of all
 * memory). Run it from the top of the source tree, on a machine that does nothing else.
 */
#include <dirent.h>
#include <ftw.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_REPEAT = 99, COLUMNS = 3 };

static const struct way {
    const char *name, *option[4], *records, *more; /* the directories of a run that hold them */
} ways[] = {
    {"none", {"--no-trace", "--no-replay"}, NULL, NULL},
    {"trace, messages", {"--trace-level", "messages", "--no-replay"}, "trace", NULL},
    {"trace, device", {"--trace-level", "device", "--no-replay"}, "trace", NULL},
    {"trace, all", {"--trace-level", "all", "--no-replay"}, "trace", NULL},
    {"replay logs", {"--no-trace"}, "replay", NULL},
    {"messages + logs", {"--trace-level", "messages"}, "trace", "replay"}, /* what a run writes unless told */
};
enum { WAYS = sizeof ways / sizeof *ways };

static char dir[] = "/tmp/bench-records.XXXXXX";
static double times[WAYS][COLUMNS][MAX_REPEAT];
static double bytes[WAYS];    /* a packet */
static char memory[PATH_MAX]; /* the guests' hashes, of the first run */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void die(const char *what)
{
    fprintf(stderr, "bench-records: %s; the runs are in %s\n", what, dir);
    exit(1);
}

static double now_s(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

/* A process that has ended and nobody has waited for: its own time, without that of its children. */
static double own_s(pid_t pid)
{
    char path[64], text[1024];
    unsigned long user, system;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f)
        fclose(f);
    text[n] = 0;
    char *p = strrchr(text, ')'); /* behind the name: state, ppid, .. */
    if (!p || sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        die("cannot read a process's times");
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static void write_scenario(const char *path, unsigned count)
{
    char top[PATH_MAX];
    FILE *f = fopen(path, "w");

    if (!f || !getcwd(top, sizeof top))
        die("cannot write the scenario");
    fprintf(f,
            "stop: 60s\n"
            "defaults: { node: { memory: 32MiB, append: \"storm count=%u seed=1 begin=30\", "
            "expect: { exit: 0 } } }\n"
            "nodes:\n  n: { arch: aarch64, count: 4, kernel: \"%s/build/guests/fabric-aarch64\" }\n"
            "switches:\n  one: { kind: fabric, mode: cut-through, latency: 200ns }\n"
            "links:\n  - { endpoints: [\"n*:fab0\", \"one\"], profile: infiniband-fdr }\n",
            count, top);
    if (fclose(f))
        die("cannot write the scenario");
}

static double size_of(const char *run, const char *sub)
{
    char path[PATH_MAX + 300];
    struct dirent *e;
    struct stat st;
    double sum = 0;

    snprintf(path, sizeof path, "%s/%s", run, sub);
    DIR *d = opendir(path);
    while (d && (e = readdir(d))) {
        snprintf(path, sizeof path, "%s/%s/%s", run, sub, e->d_name);
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
            sum += (double)st.st_size;
    }
    if (d)
        closedir(d);
    return sum;
}

/* The guests did the same as in the first run. Returns how many packets they emitted. */
static double check_run(const char *run)
{
    char path[PATH_MAX + 20], hashes[sizeof memory] = "";
    size_t i, used = 0;
    json_t *node;

    snprintf(path, sizeof path, "%s/result.json", run);
    json_t *o = json_load_file(path, 0, NULL);
    json_array_foreach(json_object_get(o, "nodes"), i, node)
    {
        const char *hash = json_string_value(json_object_get(node, "ram_xxh3"));
        int n = snprintf(hashes + used, sizeof hashes - used, "%s ", hash ? hash : "");
        used += n > 0 && used + (size_t)n < sizeof hashes ? (size_t)n : 0;
    }
    double packets = json_number_value(json_object_get(json_object_get(o, "fabric"), "injected"));
    json_decref(o);
    if (!*memory)
        memcpy(memory, hashes, sizeof memory);
    if (packets <= 0 || used < 4 * 16 || strcmp(memory, hashes) != 0)
        die("a run differs from the first one");
    return packets;
}

static double run(unsigned w, unsigned repeat, const char *scenario)
{
    char runs[PATH_MAX], latest[PATH_MAX + 10];
    const char *arg[16] = {"build/cob", "run",          "--quiet",    "--backend",
                           "direct",    "--no-capture", "--no-report"};
    unsigned n = 7;
    siginfo_t info;
    struct rusage u;
    int status;

    for (unsigned i = 0; i < 4 && ways[w].option[i]; i++)
        arg[n++] = ways[w].option[i];
    arg[n] = scenario;
    snprintf(runs, sizeof runs, "%s/%u-%u", dir, w, repeat);
    snprintf(latest, sizeof latest, "%s/latest", runs);
    setenv("COB_RUNS", runs, 1);
    double start = now_s();
    pid_t pid = fork();
    if (pid == 0) {
        if (!freopen("/dev/null", "w", stdout))
            _exit(126);
        execv(arg[0], (char *const *)arg);
        _exit(127);
    }
    if (pid < 0 || waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
        die("cannot start cob");
    times[w][2][repeat] = now_s() - start;
    times[w][0][repeat] = own_s(pid);
    if (wait4(pid, &status, 0, &u) != pid || status != 0)
        die("a run failed");
    times[w][1][repeat] = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
                          1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
    double packets = check_run(latest);
    if (ways[w].records)
        bytes[w] =
            (size_of(latest, ways[w].records) + (ways[w].more ? size_of(latest, ways[w].more) : 0)) / packets;
    nftw(runs, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return packets;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    unsigned repeat = argc > 1 ? (unsigned)atoi(argv[1]) : 5,
             count = argc > 2 ? (unsigned)atoi(argv[2]) : 3000;
    char scenario[PATH_MAX];
    double packets = 0;

    if (argc > 3 || repeat < 1 || repeat > MAX_REPEAT || count < 1) {
        fprintf(stderr, "usage: bench-records [REPEAT [COUNT]]\n");
        return 2;
    }
    if (!mkdtemp(dir))
        die("no scratch directory");
    snprintf(scenario, sizeof scenario, "%s/storm.scn.yml", dir);
    write_scenario(scenario, count);
    for (unsigned r = 0; r < repeat; r++)
        for (unsigned w = 0; w < WAYS; w++)
            packets = run(w, r, scenario);
    printf("%.0f packets, %u repetitions\n", packets, repeat);
    printf("%-16s %-30s%-30s%-30s%s\n", "records", "cob s", "all s", "wall s", "bytes a packet");
    for (unsigned w = 0; w < WAYS; w++) {
        printf("%-16s ", ways[w].name);
        for (unsigned c = 0; c < COLUMNS; c++) {
            double *t = times[w][c], *first = times[0][c];
            char text[64];
            qsort(t, repeat, sizeof *t, by_size);
            snprintf(text, sizeof text, "%.2f (%.2f-%.2f) x%.3f", t[repeat / 2], t[0], t[repeat - 1],
                     t[repeat / 2] / first[repeat / 2]);
            printf("%-30s", text);
        }
        if (ways[w].records)
            printf("%.0f", bytes[w]);
        putchar('\n');
    }
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
