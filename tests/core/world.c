/* SPDX-License-Identifier: GPL-2.0-or-later */
/* world.c - the world of world.h: how it begins, and what happens next, by chance. */
#include "tests/core/world.h"
#include "tests/core/random_steps.h"
#include "tests/core/vma_thread.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct w w;

void world_broken(const char *what)
{
    printf("core: world, random: seed %llu: %s\n", (unsigned long long)w.seed, what);
    fflush(stdout);
    abort();
}

unsigned world_below(unsigned n)
{
    return (unsigned)(gs_random() % n);
}

/* ---- the beginning ---- */

static void start_services(unsigned nodes, unsigned kind)
{
    struct gs_limits limits = {.children = 100, .elsewhere = 100, .last_id = 0xffffff};
    if ((kind & 24) == 24)
        limits.children = limits.elsewhere = 1 + world_below(3);
    gs_start(nodes, &limits);
    vs_start(nodes, 0, kind & 32 ? 1 + world_below(2) : 100, kind & 64 ? 3 + world_below(6) : 10000,
             1 + world_below(VS_PLACES));
    vs.threads = nodes * GS_THREADS;
    world_memory_start();
    for (unsigned i = 0; i < nodes; i++)
        world_net_start(i);
}

void world_start(uint64_t seed)
{
    memset(&w, 0, sizeof w);
    w.seed = vs.seed = seed;
    gs.random = seed * 0x1000003;
    vs.random = ~seed;
    unsigned nodes = 2 + world_below(GS_NODES - 1), kind = world_below(256);
    unsigned programs = 3 + world_below(GS_PROGRAMS - 2);
    w.reliable = kind & 1;
    w.loss = world_below(3) ? world_below(200) : 0;
    w.twice = world_below(3) ? world_below(200) : 0;
    w.calls = 3 + world_below(40);
    w.hits = world_below(12);
    w.mapping = 20 + world_below(70);
    w.late = world_below(8);
    start_services(nodes, kind);
    for (unsigned i = 0; i < programs; i++)
        gs_random_program(i, programs, "mmmmmmmmmmmmmmmmmmmmssssssssSSccccffpkwnvhg", kind & 2);
    for (unsigned i = 1 + world_below(3); i > 0; i--)
        gs_first(world_below(nodes), world_below(3));
    if (kind & 4)
        w.crashes = 1 + world_below(nodes - 1);
    if (kind & 128)
        gs.fail_in_1024 = vs.fail_in_1024 = 1 + world_below(150);
}

/* ---- what happens ---- */

static void crash(unsigned node)
{
    w.crashes--;
    vs_crash(node);
    gs_crash(node);
}

static void detect(unsigned dead, unsigned node)
{
    msg_close(&w.node[node].m, dead);
    vs_detect(dead, node);
    world_calls_dead(dead, node);
    gs_detect(dead, node);
    vma_quiet(&vs.node[node].v);
}

/* Actions of the processes that may come now; the rest is this world's. */
static unsigned of_group(struct gs_action *list)
{
    unsigned count = gs_actions(list), kept = 0;
    for (unsigned i = 0; i < count; i++)
        if (list[i].kind != GS_DELIVER && list[i].kind != GS_CRASH)
            list[kept++] = list[i];
    return kept;
}

static void group_act(const struct gs_action *a, bool verbose)
{
    if (a->kind == GS_DETECT && world_below(8) < w.late)
        return;
    if (verbose)
        gs_print(a);
    if (a->kind == GS_DETECT)
        detect(a->a, a->b);
    else
        gs_act(a);
}

static void thread_act(unsigned thread, bool verbose)
{
    const struct vs_thread *t = &vs.thread[thread];
    const struct vs_action a = {t->state == VS_PINNED ? VS_UNPIN : VS_RUN, thread, 0};
    if (world_memory_over(thread))
        return;
    if (verbose)
        vs_print(&a);
    vs_act(&a);
    world_memory_over(thread);
}

static bool may_answer(unsigned thread)
{
    return w.call[thread] == W_ENDED && vs.node[vs.origin[vs.thread[thread].space]].alive;
}

bool world_step(bool verbose)
{
    struct gs_action group[GS_ACTIONS];
    unsigned groups = of_group(group), n = 0, list[2 * VS_THREADS];
    for (unsigned i = 0; i < vs.threads; i++) {
        if (vs_can_run(&vs.thread[i]))
            list[n++] = i;
        if (may_answer(i))
            list[n++] = VS_THREADS + i;
    }
    unsigned all = w.datagrams + groups + n;
    if (all == 0 || (world_timers() && world_below(16) == 0))
        return world_tick() || gs_rescue();
    if (w.crashes && world_below(100) == 0) {
        unsigned node = world_below(vs.nodes);
        if (verbose)
            printf("node %u crashes%s\n", node, vs.node[node].alive ? "" : ", again");
        if (vs.node[node].alive)
            crash(node);
        return true;
    }
    unsigned pick = world_below(all);
    if (pick < w.datagrams)
        world_datagram(verbose);
    else if (pick < w.datagrams + groups)
        group_act(&group[pick - w.datagrams], verbose);
    else if (list[pick - w.datagrams - groups] < VS_THREADS)
        thread_act(list[pick - w.datagrams - groups], verbose);
    else
        world_answer(list[pick - w.datagrams - groups] - VS_THREADS);
    return true;
}
