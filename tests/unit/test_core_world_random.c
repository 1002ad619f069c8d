/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_core_world_random.c - processes, address ranges, pages and messages together (tests/core/world.h), in
 * random worlds: 2 to 4 nodes; programs that start threads and processes on any of them, copy, kill, wait,
 * and map, unmap, protect, read and write memory meanwhile; half of the worlds with datagrams that are lost,
 * repeated and reordered, half with crashes, half with allocations that fail, some with narrow limits.
 * Everything is checked after each step.
 *
 *     test_core_world_random [WORLDS [FIRST SEED [v]]]       without: 12,000 worlds from seed 1; v: says what
 * happens
 */
#include "tests/core/driver.h"
#include "tests/core/world.h"
#include <stdio.h>
#include <stdlib.h>

enum { MOST_STEPS = 200000 };

/* Each must happen. */
static const char *const what[] = {"steps",
                                   "datagrams",
                                   "lost",
                                   "repeated",
                                   "crashes",
                                   "spaces",
                                   "copied",
                                   "threads begun for others",
                                   "kills",
                                   "touched",
                                   "by translation",
                                   "refused",
                                   "pages lost",
                                   "no memory",
                                   "calls elsewhere",
                                   "processes held by a call only",
                                   "unmaps",
                                   "rounds",
                                   "quiet owed",
                                   "ranges joined",
                                   "packets early",
                                   "packets again"};
enum { TOTALS = sizeof what / sizeof what[0] };
static uint64_t total[TOTALS];

static void add_up(uint64_t steps)
{
    uint64_t n[TOTALS] = {steps,    w.sent,   w.lost,    w.repeated,      vs.crashed,        w.spaces,
                          w.copied, gs.begun, gs.killed, vs.touched,      vs.by_translation, vs.refused,
                          vs.lost,  vs.nomem, w.called,  w.held_for_call, vs.ended[VS_UNMAP]};
    for (unsigned i = 0; i < vs.nodes; i++) {
        n[17] += vs.node[i].v.counts.rounds;
        n[18] += vs.node[i].v.counts.owed;
        n[19] += vs.node[i].v.counts.joined_ranges;
        n[20] += w.node[i].m.counts.early;
        n[21] += w.node[i].m.counts.repeated;
    }
    for (unsigned i = 0; i < TOTALS; i++)
        total[i] += n[i];
}

static const char *play(uint64_t seed, bool verbose)
{
    uint64_t steps = 0;
    world_start(seed);
    const char *wrong = world_check();
    while (!wrong && world_step(verbose)) {
        if (verbose)
            fflush(stdout);
        wrong = ++steps > MOST_STEPS ? "no end in sight" : world_check();
    }
    add_up(steps);
    return wrong ? wrong : world_finish();
}

int main(int argc, char **argv)
{
    uint64_t worlds = driver_worlds(argc, argv, "world", 12000, play);
    if (!worlds)
        return EXIT_FAILURE;
    printf("core: world, random: %llu worlds", (unsigned long long)worlds);
    for (unsigned i = 0; i < TOTALS; i++)
        printf(", %s %llu", what[i], (unsigned long long)total[i]);
    printf("\n");
    for (unsigned i = 0; i < TOTALS && worlds >= 5000; i++)
        if (!total[i]) {
            printf("core: world, random: never: %s\n", what[i]);
            return EXIT_FAILURE;
        }
    return EXIT_SUCCESS;
}
