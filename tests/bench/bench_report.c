/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_report.c - what a report costs: bench_report DIRECTORY [MESSAGES], by default 100000. Makes a run
 * directory (which must not exist) with a trace and captures of so many messages among eight nodes on a
 * switch, some lost, two faults and a few records of guests among them; then its report. Prints seconds and
 * bytes per message. Open DIRECTORY/report.html#selftest for what the browser takes.
 */
#include "devices/fabric/fabric_abi.h"
#include "devices/fabric/fabric_wire.h"
#include "sim/report.h"
#include "tracing/tracing.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define NODES 8u

static const char *const nodes[NODES] = {"n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7"};
static const char *const links[NODES] = {"w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7"};
static const char *const faults[] = {"lossy", "slow"};

/* Numbers without rhyme, the same in every run. */
static uint64_t dice(void)
{
    static uint64_t state = 1;
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

static void hop(struct tracing *t, enum tracing_event_id id, vtime_t at, unsigned link, unsigned end,
                uint64_t frame, const uint8_t *data, uint32_t len)
{
    struct tracing_link_event ev = {.time_ps = at,
                                    .id = id,
                                    .link = link,
                                    .end = end,
                                    .frame_id = frame,
                                    .len = len,
                                    .queue_bytes = id == TR_LINK_ARRIVED ? 0 : len,
                                    .reason = id == TR_LINK_DROPPED ? "fault" : NULL,
                                    .data = data};
    tracing_link(t, &ev);
}

static void message(struct tracing *t, vtime_t at, uint64_t id)
{
    uint8_t data[48 + 256] = {0};
    struct fab_wire *w = (struct fab_wire *)(void *)data;
    unsigned from = (unsigned)(dice() % NODES), to = (unsigned)((from + 1 + dice() % (NODES - 1)) % NODES);
    bool answer = dice() % 3 == 0, lost = dice() % 997 == 0;
    uint32_t payload = answer ? 0 : (uint32_t)(dice() % 257), len = FAB_HEADER_BYTES + payload;
    vtime_t waits = (vtime_t)(dice() % 1000) * VTIME_NS;

    *w = (struct fab_wire){.type = answer ? FAB_P_ACK : (uint8_t)(FAB_P_SEND + dice() % 5),
                           .vc = answer,
                           .dst = (uint16_t)to,
                           .src = (uint16_t)from,
                           .queue = (uint8_t)(dice() % 4),
                           .psn = (uint32_t)id,
                           .message = (uint32_t)id / 3};
    for (unsigned i = FAB_HEADER_BYTES; i < len; i++)
        data[i] = (uint8_t)dice();
    tracing_packet(t, TR_PACKET_TX, from, at, id, data, len);
    hop(t, TR_LINK_QUEUED, at + 300000, from, 0, id, data, len);
    hop(t, TR_LINK_SENT, at + 300000 + waits, from, 0, id, data, len);
    hop(t, TR_LINK_ARRIVED, at + 400000 + waits, from, 1, id, data, len);
    if (lost) {
        tracing_fault(t, at + 600000 + waits, to, 1, 0, "hit", id, 0);
        hop(t, TR_LINK_DROPPED, at + 600000 + waits, to, 1, id, data, len);
        return;
    }
    hop(t, TR_LINK_QUEUED, at + 600000 + waits, to, 1, id, data, len);
    hop(t, TR_LINK_SENT, at + 600000 + waits, to, 1, id, data, len);
    hop(t, TR_LINK_ARRIVED, at + 839101 + waits, to, 0, id, data, len);
    tracing_packet(t, TR_PACKET_RX, to, at + 1054101 + waits, id, data, len);
}

static int record(const char *dir, unsigned long n)
{
    struct tracing_config cfg = {.dir = dir,
                                 .nodes = nodes,
                                 .n_nodes = NODES,
                                 .links = links,
                                 .n_links = NODES,
                                 .faults = faults,
                                 .n_faults = 2,
                                 .trace = true,
                                 .capture = true,
                                 .fabric = (bool[NODES]){true, true, true, true, true, true, true, true}};
    char why[300];
    struct tracing *t = tracing_open(&cfg, why, sizeof why);

    for (unsigned long i = 0; t && i < n; i++) {
        vtime_t at = (vtime_t)(i + i / 1000 * 500) * 100 * VTIME_NS;
        if (i == n / 4 || i == n / 3)
            tracing_fault(t, at, 0, 0, 1, i == n / 4 ? "begin" : "end", 0, 0);
        if (i == n / 2)
            tracing_node_fault(t, 3, at, 0, "hit", 0);
        message(t, at, i + 1);
        if (i % 1000 == 0) {
            uint8_t bytes[sizeof(struct fab_event) + 7] = {0};
            *(struct fab_event *)(void *)bytes = (struct fab_event){.type = 7, .arg = (uint32_t)i};
            memcpy(bytes + sizeof(struct fab_event), "page 17", 7);
            tracing_guest_event(t, (unsigned)(i / 1000 % NODES), at, bytes, sizeof bytes);
        }
        tracing_commit(t, at);
    }
    if (t && tracing_close(t, why, sizeof why) == 0)
        return 0;
    fprintf(stderr, "bench_report: %s\n", why);
    return -1;
}

static int scenario(const char *dir)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/scenario.scn.yml", dir);
    FILE *f = fopen(path, "w");
    if (!f)
        return -1;
    fputs(
        "nodes:\n  n: { count: 8, arch: aarch64 }\nswitches:\n  sw: { kind: fabric, mode: cut-through "
        "}\nlinks:\n",
        f);
    for (unsigned i = 0; i < NODES; i++)
        fprintf(f, "  - { name: %s, endpoints: [\"%s:fab0\", \"sw\"], profile: infiniband-fdr }\n", links[i],
                nodes[i]);
    return fclose(f);
}

int main(int argc, char **argv)
{
    unsigned long n = argc > 2 ? strtoul(argv[2], NULL, 10) : 100000;
    struct timespec a, b;
    char why[4200], path[4200];
    struct stat st;

    if (argc < 2 || n < 1 || mkdir(argv[1], 0777) < 0 || scenario(argv[1]) != 0) {
        fprintf(stderr, "bench_report: %s: %s\n", argc < 2 ? "DIRECTORY [MESSAGES]" : argv[1],
                strerror(errno));
        return 1;
    }
    if (record(argv[1], n) < 0)
        return 1;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    if (report_write(argv[1], &REPORT_ALL, why, sizeof why) < 0) {
        fprintf(stderr, "bench_report: %s\n", why);
        return 1;
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    snprintf(path, sizeof path, "%s/report.html", argv[1]);
    if (stat(path, &st) < 0)
        return 1;
    printf("%lu messages: %.2f s CPU, %lld bytes, %.1f per message\n", n,
           (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) * 1e-9, (long long)st.st_size,
           (double)st.st_size / (double)n);
    return 0;
}
