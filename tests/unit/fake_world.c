/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fake_world.c - random racks; see fake_world.h. */
#include "tests/unit/fake_world.h"
#include <assert.h>
#include <inttypes.h>
#include <string.h>

static uint64_t draw(struct world *w)
{
    return fake_hash(w->stream += 0x9e3779b97f4a7c15u);
}

static uint64_t one_of(struct world *w, unsigned n, const uint64_t *choices)
{
    return choices[draw(w) % n];
}
#define ONE_OF(w, ...) one_of(w, sizeof((uint64_t[]){__VA_ARGS__}) / 8, (const uint64_t[]){__VA_ARGS__})

struct scn_end world_nic(struct world *w, unsigned node)
{
    assert(w->node[node].n_nics < FAKE_NICS);
    return (struct scn_end){.index = node, .nic = w->node[node].n_nics++};
}

struct scn_link *world_link(struct world *w, struct scn_end a, struct scn_end b, vtime_t delay_ps)
{
    assert(w->scn.n_links < WORLD_LINKS);
    struct scn_link *l = &w->link[w->scn.n_links++];
    *l = (struct scn_link){.name = "link",
                           .end = {a, b},
                           .delay_ps = delay_ps,
                           .rate_bps = 8000000000,
                           .mtu_bytes = 1514,
                           .queue_bytes = 1 << 20};
    return l;
}

void world_empty(struct world *w, unsigned n_nodes, vtime_t stop_ps)
{
    *w = (struct world){.step_ps = VTIME_NS};
    w->scn = (struct scenario){.name = "world",
                               .path = "world",
                               .stop_ps = stop_ps,
                               .nodes = w->node,
                               .n_nodes = n_nodes,
                               .switches = w->sw,
                               .links = w->link};
    for (unsigned i = 0; i < n_nodes; i++)
        w->node[i] = (struct scn_node){.name = "node"};
}

static vtime_t some_delay(struct world *w)
{
    vtime_t ns = (vtime_t)ONE_OF(w, 1, 2, 1 + draw(w) % 20, 50 + draw(w) % 300, 500 + draw(w) % 1500, 4000);
    return ns * VTIME_NS + (vtime_t)(draw(w) % (uint64_t)(VTIME_NS / w->step_ps)) * w->step_ps;
}

static void random_link(struct world *w, struct scn_end a, struct scn_end b)
{
    struct scn_link *l = world_link(w, a, b, some_delay(w));
    uint64_t ps_per_byte = w->step_ps == VTIME_NS ? ONE_OF(w, 1000, 1000, 8000) : ONE_OF(w, 200, 800, 1000);
    l->rate_bps = 8 * (uint64_t)VTIME_S / ps_per_byte;
    l->mtu_bytes = (uint32_t)ONE_OF(w, 1514, 1514, 100);
    l->queue_bytes = (uint32_t)ONE_OF(w, 1 << 20, 1 << 20, 100 + draw(w) % 3000);
    l->training_ps = (vtime_t)ONE_OF(w, 0, 0, 1 + draw(w) % 100, 1000, 1000 + draw(w) % 4000) * VTIME_NS;
}

static void wires(struct world *w, unsigned n)
{
    for (; n > 0 && w->scn.n_nodes > 1; n--) {
        unsigned a = draw(w) % w->scn.n_nodes, b = draw(w) % w->scn.n_nodes;
        if (a != b && w->node[a].n_nics < FAKE_NICS && w->node[b].n_nics < FAKE_NICS) {
            struct scn_end at_a = world_nic(w, a), at_b = world_nic(w, b);
            random_link(w, at_a, at_b);
        }
    }
}

static void switched(struct world *w)
{
    unsigned n = w->scn.n_switches = 1 + draw(w) % WORLD_SWITCHES;
    for (unsigned i = 0; i < n; i++)
        w->sw[i] = (struct scn_switch){.name = "switch",
                                       .cut_through = draw(w) % 2,
                                       .latency_ps = some_delay(w),
                                       .table_size = 1024,
                                       .ageing_ps = VTIME_NEVER};
    for (unsigned i = 0; i < w->scn.n_nodes; i++)
        for (unsigned k = 0; k < n; k++)
            if (draw(w) % 4 != 0) {
                struct scn_end a = world_nic(w, i), b = {.is_switch = true, .index = k};
                random_link(w, a, b);
            }
    if (n == 2 && draw(w) % 2)
        random_link(w, (struct scn_end){.is_switch = true, .index = 0},
                    (struct scn_end){.is_switch = true, .index = 1});
}

void world_make(struct world *w, uint64_t seed)
{
    world_empty(w, 1, 0);
    w->seed = w->stream = seed;
    world_empty(w, 1 + draw(w) % 5, 0);
    w->seed = w->stream = fake_hash(seed);
    w->step_ps = draw(w) % 5 == 0 ? VTIME_NS / 5 : VTIME_NS;
    w->scn.stop_ps = (vtime_t)(1000 + draw(w) % 9000) * w->step_ps;
    w->scn.stop_ps -= w->scn.stop_ps % VTIME_NS;
    if (draw(w) % 2)
        switched(w);
    wires(w, draw(w) % 6);
    w->seed = seed;
}

void world_start(const struct world *w, struct fake *f, unsigned i)
{
    fake_start(f, w->seed, i, w->scn.n_nodes, w->node[i].n_nics);
    if (w->own_profile[i])
        f->profile = w->profile[i];
}

void world_print(const struct world *w, FILE *out)
{
    fprintf(out, "world %" PRIu64 ": %u nodes, stop %" PRId64 " ps\n", w->seed, w->scn.n_nodes,
            w->scn.stop_ps);
    for (unsigned i = 0; i < w->scn.n_switches; i++)
        fprintf(out, "  switch %u: %s, latency %" PRId64 " ps\n", i,
                w->sw[i].cut_through ? "cut-through" : "stores", w->sw[i].latency_ps);
    for (unsigned i = 0; i < w->scn.n_links; i++) {
        const struct scn_link *l = &w->link[i];
        fprintf(out,
                "  link %u: %s%u.%u - %s%u.%u delay %" PRId64 " ps rate %" PRIu64
                " mtu %u queue %u training %" PRId64 "\n",
                i, l->end[0].is_switch ? "switch " : "node ", l->end[0].index, l->end[0].nic,
                l->end[1].is_switch ? "switch " : "node ", l->end[1].index, l->end[1].nic, l->delay_ps,
                l->rate_bps, l->mtu_bytes, l->queue_bytes, l->training_ps);
    }
}
