/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_interconnect.c - host time per frame of the fabric. Not a test: it prints, and judges only that
 * frames balance.
 *
 *      bench_interconnect [frames]         default one million for each of
 *
 *   pair         two ports on one link, a frame each way in turn, advancing after each
 *   idle         ic_advance calls with nothing due (what an engine does every quantum)
 *   switch16     16 ports on one switch, unicast at random, advancing every microsecond
 *   flood16      the same, broadcast: one frame in, 15 out; counted per copy
 *
 * SystemC builds one fabric per process, so each case runs in a child.
 */
#include "interconnect-model/interconnect.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PORTS = 16, LEN = 1000 };

static unsigned long frames = 1000000;
static unsigned long delivered;

static void on_deliver(void *ctx, unsigned port, vtime_t time_ps, uint64_t id, const uint8_t *data,
                       uint32_t len)
{
    (void)ctx, (void)port, (void)time_ps, (void)id, (void)data, (void)len;
    delivered++;
}

static double host_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct ic *build(unsigned ports, bool with_switch)
{
    struct ic_switch_cfg sw = {.name = "sw",
                               .mode = IC_STORE_AND_FORWARD,
                               .latency_ps = 300 * VTIME_NS,
                               .table_size = 1024,
                               .ageing_ps = VTIME_NEVER};
    static struct ic_link_cfg links[PORTS];
    struct ic_config cfg = {
        .n_ports = ports, .switches = &sw, .links = links, .ops = {.deliver = on_deliver}};

    const struct ic_end far =
        with_switch ? (struct ic_end){IC_END_SWITCH, 0} : (struct ic_end){IC_END_PORT, 1};

    for (unsigned i = 0; i < ports; i++)
        links[i] = (struct ic_link_cfg){.name = "link",
                                        .end = {{IC_END_PORT, i}, far},
                                        .delay_ps = 500 * VTIME_NS,
                                        .rate_bps = 100000000000,
                                        .mtu_bytes = 1514,
                                        .queue_bytes = 1000000,
                                        .overhead_bytes = 24};
    cfg.n_switches = with_switch;
    cfg.n_links = with_switch ? ports : 1;
    struct ic *ic = ic_create(&cfg);
    if (!ic) {
        perror("ic_create");
        exit(EXIT_FAILURE);
    }
    return ic;
}

static void check(int result)
{
    if (result != 0) {
        perror("fabric");
        exit(EXIT_FAILURE);
    }
}

/* Everything in flight arrives; the books are checked; prints. */
static void finish(struct ic *ic, const char *name, const char *unit, double since, unsigned long count)
{
    char why[200];

    check(ic_advance(ic, VTIME_NEVER));
    double took = host_seconds() - since;
    if (ic_check(ic, why, sizeof why) != 0) {
        fprintf(stderr, "%s: %s\n", name, why);
        exit(EXIT_FAILURE);
    }
    ic_destroy(ic);
    count = count ? count : delivered;
    printf("%-9s %9lu %-7s %8.1f ns each\n", name, count, unit, count ? took * 1e9 / (double)count : 0.0);
}

static const uint8_t *frame(unsigned to, unsigned from)
{
    static uint8_t bytes[LEN];

    memset(bytes, to < PORTS ? 0 : 0xff, 6);
    bytes[5] = (uint8_t)to;
    bytes[11] = (uint8_t)from;
    return bytes;
}

static void pair(void)
{
    struct ic *ic = build(2, false);
    double since = host_seconds();

    for (unsigned long i = 0; i < frames; i++) {
        vtime_t t = (vtime_t)i * 200 * VTIME_NS;
        check(ic_inject(ic, i & 1, t, i, frame(1, 0), LEN));
        check(ic_advance(ic, t + 100 * VTIME_NS));
    }
    finish(ic, "pair", "frames", since, 0);
}

static void idle(void)
{
    struct ic *ic = build(2, false);
    double since = host_seconds();

    for (unsigned long i = 0; i < frames; i++) {
        if (ic_next_event_ps(ic) < VTIME_NEVER)
            exit(EXIT_FAILURE);
        check(ic_advance(ic, (vtime_t)i * VTIME_US));
    }
    finish(ic, "idle", "steps", since, frames);
}

static void switched(const char *name, bool flood)
{
    struct ic *ic = build(PORTS, true);
    unsigned long count = flood ? frames / PORTS : frames;
    uint32_t random = 1;

    for (unsigned port = 0; port < PORTS; port++)
        check(ic_inject(ic, port, 0, 0, frame(PORTS, port), LEN));
    check(ic_advance(ic, VTIME_MS));
    delivered = 0;
    double since = host_seconds();
    for (unsigned long i = 0; i < count; i++) {
        vtime_t t = VTIME_MS + (vtime_t)i * (flood ? 200 : 20) * VTIME_NS;
        unsigned from = i % PORTS;
        random = random * 1664525 + 1013904223;
        unsigned to = flood ? PORTS : (from + 1 + (random >> 16) % (PORTS - 1)) % PORTS;
        check(ic_inject(ic, from, t, i, frame(to, from), LEN));
        if (i % 50 == 49)
            check(ic_advance(ic, t));
    }
    finish(ic, name, "frames", since, 0);
}

/* In a child: SystemC elaborates once per process. */
static int in_child(unsigned which)
{
    int status;

    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        if (which == 0)
            pair();
        else if (which == 1)
            idle();
        else
            switched(which == 2 ? "switch16" : "flood16", which == 3);
        exit(EXIT_SUCCESS);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        frames = strtoul(argv[1], NULL, 10);
    for (unsigned which = 0; which < 4; which++)
        if (in_child(which) != 0)
            return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
