/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_tracing.c - what an event costs: bench_tracing [EVENTS [DIRECTORY]], by default 1000000 in a new
 * directory under /tmp, which is removed. Prints nanoseconds per call: four calls make a frame's way over one
 * link.
 */
#include "tracing/tracing.h"
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static double now_ns(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return 1e9 * (double)ts.tv_sec + (double)ts.tv_nsec;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void frame_over_link(struct tracing *t, vtime_t at, uint64_t id, const uint8_t *data, uint32_t len)
{
    struct tracing_link_event ev = {
        .time_ps = at, .id = TR_LINK_QUEUED, .frame_id = id, .len = len, .data = data};
    tracing_frame(t, TR_FRAME_TX, 0, 0, at, id, data, len);
    tracing_link(t, &ev);
    ev.id = TR_LINK_SENT;
    tracing_link(t, &ev);
    ev.id = TR_LINK_ARRIVED; /* announced ahead of its time */
    ev.end = 1;
    ev.time_ps = at + 3 * VTIME_US;
    tracing_link(t, &ev);
}

/* One run: `events` calls, a commit for every frame. Returns 0, or 1 with a message. */
static int measure(const char *what, const char *dir, unsigned long events, bool trace, bool capture,
                   uint32_t len)
{
    static const char *const nodes[] = {"alpha", "beta"}, *const links[] = {"wire0"};
    static uint8_t frame[1514];
    char run[256], why[512];
    snprintf(run, sizeof run, "%s/%s", dir, what);
    mkdir(run, 0777);
    struct tracing_config cfg = {.dir = run,
                                 .nodes = nodes,
                                 .n_nodes = 2,
                                 .links = links,
                                 .n_links = 1,
                                 .trace = trace,
                                 .capture = capture};
    struct tracing *t = tracing_open(&cfg, why, sizeof why);
    if (!t) {
        fprintf(stderr, "bench_tracing: %s\n", why);
        return 1;
    }
    uint64_t n_events, n_bytes;
    double start = now_ns(CLOCK_MONOTONIC), cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (unsigned long i = 0; i < events / 4; i++) {
        frame_over_link(t, (vtime_t)i * VTIME_US, i, frame, len);
        tracing_commit(t, (vtime_t)i * VTIME_US);
    }
    tracing_counts(t, &n_events, &n_bytes);
    if (tracing_close(t, why, sizeof why) != 0) {
        fprintf(stderr, "bench_tracing: %s\n", why);
        return 1;
    }
    double wall_ns = now_ns(CLOCK_MONOTONIC) - start, cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("%-24s %6.1f ns per call (CPU %6.1f), %6.1f MB\n", what, wall_ns / (double)events,
           cpu_ns / (double)events, (double)n_bytes / 1e6);
    return 0;
}

static int measure_idle(const char *dir, unsigned long commits)
{
    static const char *const nodes[] = {"alpha"};
    char run[256], why[512];
    snprintf(run, sizeof run, "%s/idle", dir);
    mkdir(run, 0777);
    struct tracing_config cfg = {.dir = run,
                                 .nodes = nodes,
                                 .n_nodes = 1,
                                 .links = NULL,
                                 .n_links = 0,
                                 .trace = true,
                                 .capture = true};
    struct tracing *t = tracing_open(&cfg, why, sizeof why);
    if (!t) {
        fprintf(stderr, "bench_tracing: %s\n", why);
        return 1;
    }
    tracing_node_state(t, 0, VTIME_NEVER, "pending", 0);
    double start = now_ns(CLOCK_MONOTONIC);
    for (unsigned long i = 0; i < commits; i++)
        tracing_commit(t, (vtime_t)i);
    printf("%-24s %6.1f ns per call\n", "commit with nothing due",
           (now_ns(CLOCK_MONOTONIC) - start) / (double)commits);
    return tracing_close(t, why, sizeof why) != 0;
}

int main(int argc, char **argv)
{
    unsigned long events = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    char dir[200] = "/tmp/bench-tracing-XXXXXX";
    if (argc > 2)
        snprintf(dir, sizeof dir, "%s/bench-tracing-XXXXXX", argv[2]);
    if (events < 4 || !mkdtemp(dir)) {
        perror("bench_tracing");
        return 1;
    }
    int failed =
        measure("off", dir, events, false, false, 98) || measure("trace", dir, events, true, false, 98) ||
        measure("trace+capture 98 bytes", dir, events, true, true, 98) ||
        measure("trace+capture 1514 bytes", dir, events / 10, true, true, 1514) || measure_idle(dir, events);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return failed;
}
