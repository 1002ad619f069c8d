/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explore.c - the page directory over all orders of messages and actions of small worlds (tests/core/sim.h,
 * search.h). In each state all of sim_check is checked; where nothing can happen, sim_finish: nobody waits,
 * nothing is leaked.
 *
 *     explore              the configurations marked for every build
 *     explore all          all of them
 *     explore NAME         one
 */
#include "tests/core/driver.h"
#include "tests/core/search.h"
#include <stdio.h>
#include <string.h>

struct script {
    unsigned node;
    const char *steps; /* "R0 W1p": reads page 0, writes page 1 and pins it */
};

static const struct config {
    struct driver_config d; /* always: small enough for every build */
    unsigned nodes, pages, crashes;
    uint64_t hold_ns;
    unsigned drops, initial; /* masks of pages: may be dropped; do not begin as zero */
    struct script thread[SIM_THREADS];
} configs[] = {
    {{"two-writers", true}, 2, 1, 0, 0, 0, 0, {{0, "W0 R0 W0"}, {1, "W0 R0 W0"}}},
    {{"two-pages", true}, 2, 2, 0, 0, 0, 0, {{0, "W0 R1 W1"}, {1, "W1 R0 W0"}}},
    {{"two-threads", true}, 2, 1, 0, 0, 0, 0, {{0, "W0 R0"}, {1, "R0 W0"}, {1, "W0 R0"}}},
    {{"hold", true}, 2, 1, 0, 10, 0, 0, {{0, "W0 R0 W0"}, {1, "W0 R0 W0"}}},
    {{"two-crash", true}, 2, 2, 1, 0, 0, 0, {{0, "W0 W1"}, {1, "R0 W0 R1"}}},
    {{"readers", true}, 3, 1, 0, 0, 0, 0, {{0, "W0 R0"}, {1, "R0 W0"}, {2, "R0 W0"}}},
    {{"chain", true}, 3, 1, 0, 0, 0, 0, {{0, "W0"}, {1, "W0 R0"}, {2, "W0 W0"}}},
    {{"chain-crash", true}, 3, 1, 1, 0, 0, 0, {{0, "W0"}, {1, "W0 R0"}, {2, "R0 W0"}}},
    {{"three-hold", true}, 3, 1, 0, 10, 0, 0, {{0, "W0 R0"}, {1, "R0 W0"}, {2, "W0 R0"}}},
    {{"message-passing", true}, 3, 2, 0, 0, 0, 0, {{0, "W0 W1"}, {1, "R1 R0"}, {2, "R1 R0"}}},
    {{"three-writers", true}, 3, 1, 0, 0, 0, 0, {{0, "W0 R0 W0"}, {1, "W0 R0 W0"}, {2, "W0 R0 W0"}}},
    {{"crashes", true}, 3, 1, 2, 0, 0, 0, {{0, "W0 R0"}, {1, "W0 R0"}, {2, "R0 W0"}}},
    {{"two-pages-crash", true}, 3, 2, 1, 0, 0, 0, {{0, "W0 R1"}, {1, "W1 R0"}, {2, "W0 W1"}}},
    {{"four", true}, 4, 1, 0, 0, 0, 0, {{0, "R0"}, {1, "W0 R0"}, {2, "R0 W0"}, {3, "W0 R0"}}},
    {{"four-crash", true}, 4, 1, 1, 0, 0, 0, {{0, "R0"}, {1, "W0"}, {2, "W0 R0"}, {3, "W0"}}},
    {{"hold-crash", true}, 3, 1, 1, 10, 0, 0, {{0, "W0 R0"}, {1, "R0 W0"}, {2, "W0 R0"}}},
    {{"pins", true}, 2, 1, 0, 0, 0, 0, {{0, "W0p R0p W0"}, {1, "W0p R0 W0p"}}},
    {{"pin-upgrade", true}, 2, 1, 0, 0, 0, 0, {{0, "W0p"}, {1, "R0p R0p"}, {1, "W0 R0p"}}},
    {{"pin-threads", true}, 3, 1, 0, 0, 0, 0, {{0, "R0p W0p"}, {1, "R0p"}, {1, "W0p"}, {2, "W0p R0p"}}},
    {{"pin-hold", true}, 3, 1, 0, 10, 0, 0, {{0, "W0p R0"}, {1, "R0p W0p"}, {2, "W0 R0p"}}},
    {{"pin-pages", true}, 2, 2, 0, 10, 0, 0, {{0, "W0p R1p"}, {1, "W1p W0p"}, {1, "R0p W1"}}},
    {{"pin-crash", true}, 3, 1, 1, 0, 0, 1, {{0, "W0p R0p"}, {1, "W0p R0"}, {2, "R0p W0p"}}},
    {{"drop", true}, 3, 1, 0, 0, 1, 1, {{0, "W0"}, {1, "R0 W0p"}, {2, "W0p R0"}}},
    {{"drop-crash", true}, 3, 1, 1, 10, 1, 1, {{0, "R0"}, {1, "R0 W0"}, {2, "R0p"}}},
    {{"initial-crash", true}, 3, 1, 2, 0, 0, 1, {{0, "R0"}, {1, "R0 W0"}, {2, "R0 R0"}}},
    {{"pin-crash-hold", false},
     3,
     1,
     1,
     10,
     0,
     0,
     {{0, "W0p R0"}, {1, "W0p R0p"}, {2, "R0p W0"}, {2, "R0p"}}},
    {{"drop-two-crash", false}, 3, 2, 2, 0, 3, 2, {{0, "W0 R1p"}, {1, "W1p R0"}, {2, "R0p W1"}}},
    {{"three-ops-crash", false}, 3, 1, 1, 0, 0, 0, {{0, "W0 R0 W0"}, {1, "R0 W0 R0"}, {2, "W0 R0 W0"}}},
    {{"four-threads", false}, 3, 1, 1, 0, 0, 0, {{0, "W0 R0"}, {1, "R0 W0"}, {2, "W0 R0"}, {2, "R0 W0"}}},
    {{"two-pages-three", false}, 3, 2, 1, 0, 0, 0, {{0, "W0 R1 W1"}, {1, "W1 R0 W0"}, {2, "R0 W1 R1"}}},
    {{"four-crashes", false}, 4, 1, 2, 0, 0, 0, {{0, "R0"}, {1, "W0 R0"}, {2, "W0 R0"}, {3, "R0 W0"}}},
    {{"four-three", false}, 4, 1, 0, 0, 0, 0, {{0, "W0 R0"}, {1, "W0R0W0"}, {2, "R0W0R0"}, {3, "W0R0W0"}}},
};

static void begin(const void *config, struct states *s, char *text, size_t bytes)
{
    const struct config *c = config;
    *s = search_states(sim_check, sim_finish);
    memset(&sim, 0, sizeof sim);
    sim_start(c->nodes, c->pages, c->hold_ns);
    sim_initial(c->initial);
    sim.drops = (uint8_t)c->drops;
    for (unsigned i = 0; i < SIM_THREADS && c->thread[i].steps; i++) {
        unsigned t = sim_thread(c->thread[i].node);
        for (const char *step = c->thread[i].steps; *step; step++)
            if (*step == 'R' || *step == 'W')
                (step[2] == 'p' ? sim_plan_pin : sim_plan)(t, (unsigned)(step[1] - '0'), *step == 'W');
    }
    sim.crashes = c->crashes;
    snprintf(text, bytes, "%u nodes %u pages %u threads %u crashes", c->nodes, c->pages, sim.threads,
             c->crashes);
}

int main(int argc, char **argv)
{
    const struct driver_explore e = {.part = "page",
                                     .configs = configs,
                                     .count = sizeof configs / sizeof configs[0],
                                     .bytes = sizeof configs[0],
                                     .begin = begin};
    return driver_explore(argc, argv, &e);
}
