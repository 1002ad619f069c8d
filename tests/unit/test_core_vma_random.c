/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_core_vma_random.c - address ranges, with the page directory, in random worlds (tests/core/vma_sim.h):
 * up to 4 nodes, 3 processes, 8 threads that touch, map, unmap, protect, place and move brk; half of the
 * worlds with crashes, half with failing allocations, some with replicas that keep only a range or two, some
 * with few ranges. Everything is checked after each action.
 *
 *     test_core_vma_random [WORLDS [FIRST SEED]]       without: 20,000 worlds from seed 1
 */
#include "tests/core/driver.h"
#include "tests/core/random_steps.h"
#include "tests/core/vma_sim.h"
#include <stdio.h>
#include <stdlib.h>

static unsigned below(unsigned n)
{
    return (unsigned)(vs_random() % n);
}

static void make(uint64_t seed)
{
    vs.seed = vs.random = seed;
    for (unsigned i = 0; i < 3; i++)
        vs_random();
    unsigned kind = below(64), nodes = 2 + below(VS_NODES - 1), calls = 5 + below(60),
             mapping = 20 + below(70);
    vs_start(nodes, 1 + below(kind & 8 ? VS_SPACES : 1), kind & 4 ? 1 + below(2) : 100,
             kind & 16 && kind & 32 ? 3 + below(4) : 10000, 1 + below(VS_PLACES));
    for (unsigned i = 0; i < vs.spaces; i++)
        if (below(4) == 0) /* one mapping that is cut and joined */
            vs_map_first(i, (struct vs_step){.what = VS_MAP,
                                             .page = VS_HEAP + 1,
                                             .pages = VS_PLACES - VS_HEAP,
                                             .prot = VS_READ | VS_WRITE,
                                             .file = (uint8_t)below(2)});
        else
            for (unsigned n = below(4); n > 0; n--)
                vs_map_first(i, vs_random_map());
    unsigned threads = nodes + below(VS_THREADS - nodes + 1);
    for (unsigned i = 0; i < threads; i++) {
        unsigned t = vs_thread(i < nodes ? i : below(nodes), below(vs.spaces));
        for (unsigned n = 1 + below(VS_STEPS); n > 0; n--)
            vs_plan(t, vs_random_step(calls, mapping));
    }
    if (kind & 1)
        vs.crashes = 1 + below(nodes - 1);
    if (kind & 2)
        vs.fail_in_1024 = 1 + below(200);
}

static const struct vs_action *pick(const struct vs_action *list, unsigned count, unsigned slow_node)
{
    const struct vs_action *a = NULL;
    for (unsigned tries = 0; tries < 4; tries++) {
        a = &list[below(count)];
        if (a->kind == VS_CRASH ? below(40) == 0 : a->kind != VS_DELIVER || a->b != slow_node)
            return a;
    }
    return a;
}

struct totals {
    uint64_t actions, longest, touched, refused, by_translation, repeated, ended[VS_BRK + 1], lost, nomem,
        invalid, crashes;
    struct vma_counts n;
};

static void add_up(struct totals *t)
{
    t->touched += vs.touched;
    t->refused += vs.refused;
    t->by_translation += vs.by_translation;
    t->repeated += vs.repeated;
    t->lost += vs.lost;
    t->nomem += vs.nomem;
    t->invalid += vs.invalid;
    t->crashes += vs.crashed;
    for (unsigned i = 0; i <= VS_BRK; i++)
        t->ended[i] += vs.ended[i];
    for (unsigned i = 0; i < vs.nodes; i++) {
        const struct vma_counts *c = &vs.node[i].v.counts;
        t->n.questions += c->questions;
        t->n.joined += c->joined;
        t->n.again += c->again;
        t->n.learnt += c->learnt;
        t->n.evicted += c->evicted;
        t->n.forgotten += c->forgotten;
        t->n.rounds += c->rounds;
        t->n.waited += c->waited;
        t->n.owed += c->owed;
        t->n.joined_ranges += c->joined_ranges;
    }
}

static const char *play(struct totals *t, bool verbose)
{
    struct vs_action list[VS_ACTIONS];
    unsigned count, slow_node = below(8);
    uint64_t actions = 0;
    const char *wrong = vs_check();
    while (!wrong && (count = vs_actions(list)) > 0) {
        const struct vs_action *a = pick(list, count, slow_node);
        if (verbose) {
            vs_print(a);
            fflush(stdout);
        }
        vs_act(a);
        wrong = ++actions > 100000 ? "no end in sight" : vs_check();
    }
    t->actions += actions;
    t->longest = actions > t->longest ? actions : t->longest;
    add_up(t);
    return wrong ? wrong : vs_finish();
}

static unsigned long long u(uint64_t n)
{
    return n;
}

static struct totals t;

static const char *play_seed(uint64_t seed, bool verbose)
{
    make(seed);
    return play(&t, verbose);
}

int main(int argc, char **argv)
{
    uint64_t worlds = driver_worlds(argc, argv, "vma", 20000, play_seed);
    if (!worlds)
        return EXIT_FAILURE;
    printf(
        "core: vma, random: %llu worlds, %llu actions (longest %llu), %llu crashes; touched %llu (%llu by "
        "translation, %llu repeated), refused %llu (%llu lost, %llu without memory)\n",
        u(worlds), u(t.actions), u(t.longest), u(t.crashes), u(t.touched), u(t.by_translation), u(t.repeated),
        u(t.refused), u(t.lost), u(t.nomem));
    printf(
        "core: vma, random: operations: unmap %llu, protect %llu, map %llu, add %llu, place %llu, brk %llu "
        "(%llu not possible); rounds %llu, waited %llu, owed %llu; questions %llu, joined %llu, again %llu, "
        "learnt %llu, evicted %llu, forgotten %llu; ranges joined %llu\n",
        u(t.ended[VS_UNMAP]), u(t.ended[VS_PROTECT]), u(t.ended[VS_MAP]), u(t.ended[VS_ADD]),
        u(t.ended[VS_PLACE]), u(t.ended[VS_BRK]), u(t.invalid), u(t.n.rounds), u(t.n.waited), u(t.n.owed),
        u(t.n.questions), u(t.n.joined), u(t.n.again), u(t.n.learnt), u(t.n.evicted), u(t.n.forgotten),
        u(t.n.joined_ranges));
    bool all = t.touched && t.refused && t.by_translation && t.repeated && t.lost && t.nomem && t.invalid &&
               t.crashes && t.n.waited && t.n.owed && t.n.joined && t.n.again && t.n.evicted &&
               t.n.forgotten && t.n.joined_ranges;
    for (unsigned i = VS_UNMAP; i <= VS_BRK; i++)
        all &= t.ended[i] != 0;
    if (worlds >= 10000 && !all) {
        printf("core: vma, random: something never happened\n");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
