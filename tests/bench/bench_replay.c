/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_replay.c - what trace and replay logs cost in a message-heavy run: bench_replay RUN [DIRECTORY
 * [REPEAT]].
 *
 * RUN is the directory of a run of any scenario, for example `storm count=3000` of tests/e2e/adapter-storm,
 * whose result.json says how long it took. Everything that its nodes' replay logs hold is written once more,
 * by the same calls in the same order as the engine makes them: records into one log per node; frames and
 * packets, in and out, into the trace. Nothing else runs, so the time is that of the writers; divided by the
 * wall-clock time of the run less that time it is what they add to the run (that one run is numerator and
 * denominator, so the machine's mood counts little).
 *
 * DIRECTORY: where to write, by default a new one under /tmp, removed afterwards. REPEAT: how often (5); the
 * least counts. Prints a line for each: seconds, per cent of the run, ns and bytes per message (frame or
 * packet that a node emitted).
 */
#include "devices/port/port.h"
#include "tracing/replay.h"
#include "tracing/tracing.h"
#include <dirent.h>
#include <ftw.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct input {
    struct replay_log *log[PORT_MAX_NODES];
    unsigned n;
    uint64_t messages, records;
    double wall_s;
};

static double now_s(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int open_input(struct input *in, const char *run)
{
    char path[PATH_MAX], why[PATH_MAX + 200];
    struct dirent *e;

    snprintf(path, sizeof path, "%s/result.json", run);
    json_t *o = json_load_file(path, 0, NULL);
    in->wall_s = json_number_value(json_object_get(json_object_get(o, "host"), "wall_s"));
    json_decref(o);
    snprintf(path, sizeof path, "%s/replay", run);
    DIR *d = opendir(path);
    while (d && (e = readdir(d)) && in->n < PORT_MAX_NODES) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/replay/%s", run, e->d_name);
        in->log[in->n] = replay_open(path, why, sizeof why);
        if (!in->log[in->n]) {
            fprintf(stderr, "bench_replay: %s\n", why);
            closedir(d);
            return -1;
        }
        for (size_t i = 0; i < in->log[in->n]->n_records; i++) {
            const struct replay_record *r = &in->log[in->n]->records[i];
            in->messages += r->kind == REPLAY_UP && r->type == PORT_REC_FRAME;
            in->records++;
        }
        in->n++;
    }
    if (d)
        closedir(d);
    if (in->n && in->messages && in->wall_s > 0)
        return 0;
    fprintf(stderr, "bench_replay: %s: no run with a result, replay logs and messages\n", run);
    return -1;
}

/* The logs once more. Returns the time; adds the bytes. */
static double write_logs(const struct input *in, const char *dir, uint64_t *bytes)
{
    struct replay_writer *w[PORT_MAX_NODES];
    char path[PATH_MAX], why[PATH_MAX + 200];
    struct replay_record last = {.type = PORT_ENDED};
    double start = now_s();

    for (unsigned i = 0; i < in->n; i++) {
        snprintf(path, sizeof path, "%s/%u.log", dir, i);
        w[i] = replay_create(path, &in->log[i]->head, why, sizeof why);
        if (!w[i]) {
            fprintf(stderr, "bench_replay: %s\n", why);
            exit(1);
        }
    }
    for (unsigned i = 0; i < in->n; i++)
        for (size_t k = 0; k < in->log[i]->n_records; k++)
            if (in->log[i]->records[k].kind != REPLAY_FINAL)
                replay_put(w[i], &in->log[i]->records[k]);
    for (unsigned i = 0; i < in->n; i++) {
        *bytes += replay_bytes(w[i]);
        if (replay_close(w[i], &last, NULL, why, sizeof why) < 0) {
            fprintf(stderr, "bench_replay: %s\n", why);
            exit(1);
        }
    }
    return now_s() - start;
}

static void trace_one(struct tracing *t, const struct input *in, unsigned i, const struct replay_record *r)
{
    const struct replay_head *h = &in->log[i]->head;
    bool up = r->kind == REPLAY_UP;

    if (r->type == PORT_REC_FRAME && (up || r->kind == REPLAY_DOWN)) {
        if (h->adapter && r->arg == h->adapter_nic)
            tracing_packet(t, up ? TR_PACKET_TX : TR_PACKET_RX, h->index, r->time_ps, r->id, r->data, r->len);
        else
            tracing_frame(t, up ? TR_FRAME_TX : TR_FRAME_RX, h->index, r->arg, r->time_ps, r->id, r->data,
                          r->len);
        /* its link: queued, sent, arrived are three events for each way over a link */
        struct tracing_link_event ev = {.time_ps = r->time_ps,
                                        .id = up ? TR_LINK_QUEUED : TR_LINK_ARRIVED,
                                        .link = 0,
                                        .end = up ? 0 : 1,
                                        .frame_id = r->id,
                                        .len = r->len};
        tracing_link(t, &ev);
        ev.id = TR_LINK_SENT;
        if (up)
            tracing_link(t, &ev);
    } else if (r->type == PORT_REC_CONSOLE && up) {
        tracing_console(t, h->index, r->time_ps, r->data, r->len, NULL, NULL);
    }
}

/* The trace of the same records: as many node's events as the run had, three link events a message. */
static double write_trace(const struct input *in, const char *dir, uint64_t *bytes)
{
    static const char *const links[] = {"wire0"};
    const char *names[PORT_MAX_NODES];
    char why[PATH_MAX + 200];
    uint64_t events;

    for (unsigned i = 0; i < in->n; i++)
        names[in->log[i]->head.index] = in->log[i]->head.node;
    double start = now_s();
    struct tracing_config cfg = {
        .dir = dir, .nodes = names, .n_nodes = in->n, .links = links, .n_links = 1, .trace = true};
    struct tracing *t = tracing_open(&cfg, why, sizeof why);
    if (!t) {
        fprintf(stderr, "bench_replay: %s\n", why);
        exit(1);
    }
    for (unsigned i = 0; i < in->n; i++)
        for (size_t k = 0; k < in->log[i]->n_records; k++)
            trace_one(t, in, i, &in->log[i]->records[k]);
    tracing_commit(t, VTIME_NEVER);
    tracing_counts(t, &events, bytes);
    if (tracing_close(t, why, sizeof why) < 0) {
        fprintf(stderr, "bench_replay: %s\n", why);
        exit(1);
    }
    return now_s() - start;
}

static void line(const char *what, const struct input *in, double s, double both_s, uint64_t bytes)
{
    printf("%-12s %8.3f s %6.2f %% of the run  %7.0f ns and %7.0f bytes a message\n", what, s,
           100 * s / (in->wall_s - both_s), 1e9 * s / (double)in->messages,
           (double)bytes / (double)in->messages);
}

int main(int argc, char **argv)
{
    struct input in = {0};
    char dir[PATH_MAX], sub[PATH_MAX + 20];
    double log_s = 1e9, trace_s = 1e9;
    uint64_t log_bytes = 0, trace_bytes = 0;

    if (argc < 2 || open_input(&in, argv[1]) < 0) {
        fprintf(stderr, "usage: bench_replay RUN [DIRECTORY [REPEAT]]\n");
        return 2;
    }
    snprintf(dir, sizeof dir, "%s/bench-replay-XXXXXX", argc > 2 ? argv[2] : "/tmp");
    if (!mkdtemp(dir)) {
        perror("bench_replay");
        return 1;
    }
    snprintf(sub, sizeof sub, "%s/run", dir);
    for (long k = argc > 3 ? strtol(argv[3], NULL, 10) : 5; k > 0; k--) {
        uint64_t lb = 0, tb = 0;
        mkdir(sub, 0777);
        double l = write_logs(&in, sub, &lb), t = write_trace(&in, sub, &tb);
        log_s = l < log_s ? l : log_s;
        trace_s = t < trace_s ? t : trace_s;
        log_bytes = lb;
        trace_bytes = tb;
        remove_tree(sub);
    }
    remove_tree(dir);
    printf("%u nodes, %lu messages, %.2f s\n", in.n, (unsigned long)in.messages, in.wall_s);
    line("replay logs", &in, log_s, log_s + trace_s, log_bytes);
    line("trace", &in, trace_s, log_s + trace_s, trace_bytes);
    line("both", &in, log_s + trace_s, log_s + trace_s, log_bytes + trace_bytes);
    for (unsigned i = 0; i < in.n; i++)
        replay_free(in.log[i]);
    return 0;
}
