/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_core_group_random.c - the process service in random worlds (tests/core/group_sim.h): 2 to 4 nodes, up
 * to three first processes and what they and theirs begin; half of the worlds with crashes, half with
 * allocations and owners that fail, half with threads that go on until they are killed, a quarter with narrow
 * limits. Everything is checked after each action.
 *
 *     test_core_group_random [WORLDS [FIRST SEED]]      without: 40,000 worlds from seed 1
 */
#include "tests/core/driver.h"
#include "tests/core/group_sim.h"
#include "tests/core/random_steps.h"
#include <stdio.h>
#include <stdlib.h>

struct totals {
    uint64_t actions, longest, messages, crashes, begun, cloned, spawned, forked, killed, reaped, refused;
    uint64_t buried, orphans, echild, discards, ending_met_start, nobody, killed_making, dead_ops;
    uint64_t buries_refused, held_last, rescues;
};

static unsigned below(unsigned n)
{
    return (unsigned)(gs_random() % n);
}

static void make(uint64_t seed)
{
    gs.random = seed;
    for (unsigned i = 0; i < 3; i++)
        gs_random();
    unsigned kind = below(64), nodes = 2 + below(GS_NODES - 1), programs = 3 + below(GS_PROGRAMS - 2);
    struct gs_limits limits = {.children = 100, .elsewhere = 100, .last_id = 0xffffff};
    if ((kind & 24) == 24)
        limits = (struct gs_limits){.children = 1 + below(3),
                                    .elsewhere = 1 + below(3),
                                    .last_id = (int32_t)(nodes * (2 + below(9)))};
    gs_start(nodes, &limits);
    for (unsigned i = 0; i < programs; i++)
        gs_random_program(i, programs, "sssssSSccccfffpppkkwwnvhgx", kind & 4);
    for (unsigned i = 1 + below(3); i > 0; i--)
        gs_first(below(nodes), below(3));
    if (kind & 1)
        gs.crashes = 1 + below(nodes - 1);
    if (kind & 2)
        gs.fail_in_1024 = 1 + below(200);
}

/* Some actions are put off in some worlds, so that messages pile up, or deaths are learnt late. */
static const struct gs_action *pick(const struct gs_action *list, unsigned count, unsigned slow)
{
    const struct gs_action *a = NULL;
    for (unsigned tries = 0; tries < 6; tries++) {
        a = &list[below(count)];
        if (a->kind == GS_CRASH ? below(24) == 0 : a->kind != slow || below(8) == 0)
            return a;
    }
    return a;
}

static const char *play(struct totals *sum, bool verbose)
{
    struct gs_action list[GS_ACTIONS];
    unsigned count, slow = below(12);
    uint64_t actions = 0;
    const char *wrong = gs_check();
    while (!wrong) {
        count = gs_actions(list);
        if (count == 0 || list[0].kind == GS_CRASH) {
            if (!gs_rescue())
                break;
            sum->rescues++;
        } else {
            const struct gs_action *a = pick(list, count, slow);
            if (verbose)
                gs_print(a);
            gs_act(a);
        }
        wrong = ++actions > 100000 ? "no end in sight" : gs_check();
    }
    sum->actions += actions;
    sum->longest = actions > sum->longest ? actions : sum->longest;
    sum->messages += gs.messages;
    sum->crashes += gs.crashed;
    sum->begun += gs.begun;
    sum->cloned += gs.cloned;
    sum->spawned += gs.spawned;
    sum->forked += gs.forked;
    sum->killed += gs.killed;
    sum->reaped += gs.reaped;
    sum->refused += gs.refused;
    sum->buried += gs.buried;
    sum->orphans += gs.orphans;
    sum->echild += gs.echild;
    sum->discards += gs.discards;
    sum->ending_met_start += gs.ending_met_start;
    sum->nobody += gs.nobody;
    sum->killed_making += gs.killed_making;
    sum->dead_ops += gs.dead_ops;
    sum->buries_refused += gs.buries_refused;
    sum->held_last += gs.held_last;
    return wrong ? wrong : gs_finish();
}

static struct totals t;

static const char *play_seed(uint64_t seed, bool verbose)
{
    make(seed);
    return play(&t, verbose);
}

int main(int argc, char **argv)
{
    uint64_t worlds = driver_worlds(argc, argv, "group", 40000, play_seed);
    if (!worlds)
        return EXIT_FAILURE;
    const struct {
        const char *what;
        uint64_t n;
    } table[] = {{"messages", t.messages},
                 {"crashes", t.crashes},
                 {"threads begun for others", t.begun},
                 {"cloned", t.cloned},
                 {"children elsewhere", t.spawned},
                 {"here", t.forked},
                 {"discarded", t.discards},
                 {"kills", t.killed},
                 {"of nobody", t.nobody},
                 {"while being made", t.killed_making},
                 {"waited for", t.reaped},
                 {"no child", t.echild},
                 {"refusals", t.refused},
                 {"met the end", t.ending_met_start},
                 {"operations of dead nodes", t.dead_ops},
                 {"buried", t.buried},
                 {"burials refused", t.buries_refused},
                 {"orphans", t.orphans},
                 {"held to the last", t.held_last},
                 {"stopped from outside", t.rescues}};
    bool all = true;
    printf("core: group, random: %llu worlds, %llu actions (longest %llu)", (unsigned long long)worlds,
           (unsigned long long)t.actions, (unsigned long long)t.longest);
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        printf(", %llu %s", (unsigned long long)table[i].n, table[i].what);
        all &= table[i].n > 0;
    }
    printf("\n");
    if (worlds >= 10000 &&
        !all) { /* a run of some length has seen all of it, or it tests less than it says */
        printf("core: group, random: something never happened\n");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
