/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_core_page_random.c - the page directory in random worlds (tests/core/sim.h): up to 5 nodes, 4 pages,
 * 10 threads; half of the worlds with crashes, half with failing allocations, half with held pages, half with
 * pins, half with pages that do not begin as zero, half with pages that are dropped.
 * Everything is checked after each action.
 *
 *     test_core_page_random [WORLDS [FIRST SEED]]       without: 60,000 worlds from seed 1
 */
#include "tests/core/driver.h"
#include "tests/core/sim.h"
#include <stdio.h>
#include <stdlib.h>

struct totals {
    uint64_t actions, reads, writes, messages, crashes, lost, kept, refused, nomem, longest;
    uint64_t pins, pins_waited_for, initials, dropped;
};

static void make(uint64_t seed)
{
    sim.random = seed;
    for (unsigned i = 0; i < 3; i++)
        sim_random();
    unsigned kind = (unsigned)(sim_random() % 64), nodes = 2 + (unsigned)(sim_random() % (SIM_NODES - 1));
    sim_start(nodes, 1 + (unsigned)(sim_random() % SIM_PAGES), kind & 1 ? 100 : 0);
    unsigned threads = nodes + (unsigned)(sim_random() % (SIM_THREADS - nodes + 1));
    unsigned writes = (unsigned)(sim_random() % 90) + 5,
             pins = kind & 8 ? (unsigned)(sim_random() % 100) + 1 : 0;
    for (unsigned i = 0; i < threads; i++) {
        unsigned t = sim_thread(i < nodes ? i : (unsigned)(sim_random() % nodes));
        for (unsigned n = 1 + (unsigned)(sim_random() % SIM_SCRIPT); n > 0; n--)
            (sim_random() % 100 < pins ? sim_plan_pin : sim_plan)(t, (unsigned)(sim_random() % sim.pages),
                                                                  sim_random() % 100 < writes);
    }
    if (kind & 16)
        sim_initial((unsigned)(sim_random() % (1u << SIM_PAGES)));
    if (kind & 32)
        sim.drops = (uint8_t)(sim_random() % (1u << SIM_PAGES));
    if (kind & 2)
        sim.crashes = 1 + (unsigned)(sim_random() % (nodes - 1));
    if (kind & 4)
        sim.fail_in_1024 = 1 + (uint32_t)(sim_random() % 200);
}

/* Some actions are put off in some worlds, so that messages pile up, or deaths are learnt late. */
static const struct sim_action *pick(const struct sim_action *list, unsigned count, unsigned slow)
{
    const struct sim_action *a = NULL;
    for (unsigned tries = 0; tries < 4; tries++) {
        a = &list[sim_random() % count];
        bool rare = a->kind == SIM_CRASH || a->kind == SIM_RETIRE;
        if (rare ? sim_random() % 32 == 0 : a->kind != slow)
            return a;
    }
    return a;
}

static const char *play(struct totals *sum, bool verbose)
{
    struct sim_action list[SIM_ACTIONS];
    unsigned count, slow = (unsigned)(sim_random() % 10);
    uint64_t actions = 0;
    const char *wrong = sim_check();
    while (!wrong && (count = sim_actions(list)) > 0) {
        const struct sim_action *a = pick(list, count, slow);
        if (verbose)
            sim_print(a);
        sim_act(a);
        wrong = ++actions > 100000 ? "no end in sight" : sim_check();
    }
    for (unsigned i = 0; i < sim.nodes; i++) {
        sum->kept += sim.node[i].p.counts.kept;
        sum->refused += sim.node[i].p.counts.refused;
    }
    for (unsigned i = 0; i < sim.threads; i++)
        for (unsigned s = 0; s < sim.thread[i].next; s++)
            sum->nomem += sim.thread[i].result[s] == CORE_ENOMEM;
    sum->actions += actions;
    sum->longest = actions > sum->longest ? actions : sum->longest;
    sum->reads += sim.reads;
    sum->writes += sim.writes;
    sum->messages += sim.messages;
    sum->crashes += sim.crashed;
    sum->lost += sim.lost;
    sum->pins += sim.pins;
    sum->pins_waited_for += sim.pins_waited_for;
    sum->initials += sim.initials;
    sum->dropped += sim.dropped;
    return wrong ? wrong : sim_finish();
}

static struct totals t;

static const char *play_seed(uint64_t seed, bool verbose)
{
    make(seed);
    return play(&t, verbose);
}

int main(int argc, char **argv)
{
    uint64_t worlds = driver_worlds(argc, argv, "page", 60000, play_seed);
    if (!worlds)
        return EXIT_FAILURE;
    printf(
        "core: page, random: %llu worlds, %llu actions (longest %llu), %llu reads, %llu writes, %llu "
        "messages, %llu "
        "crashes, %llu lost, %llu without memory, %llu orders kept, %llu refused, %llu pins (%llu waited "
        "for), "
        "%llu untouched pages made, %llu dropped\n",
        (unsigned long long)worlds, (unsigned long long)t.actions, (unsigned long long)t.longest,
        (unsigned long long)t.reads, (unsigned long long)t.writes, (unsigned long long)t.messages,
        (unsigned long long)t.crashes, (unsigned long long)t.lost, (unsigned long long)t.nomem,
        (unsigned long long)t.kept, (unsigned long long)t.refused, (unsigned long long)t.pins,
        (unsigned long long)t.pins_waited_for, (unsigned long long)t.initials, (unsigned long long)t.dropped);
    /* a run of some length has seen all of it, or it tests less than it says */
    if (worlds >= 10000 && (!t.reads || !t.writes || !t.crashes || !t.lost || !t.nomem || !t.kept ||
                            !t.refused || !t.pins || !t.pins_waited_for || !t.initials || !t.dropped)) {
        printf("core: page, random: something never happened\n");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
