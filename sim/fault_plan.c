/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fault_plan.c - see fault_plan.h. */
#include "sim/fault_plan.h"
#include "devices/port/dice.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* What the configurations point to; freed with the plan. */
struct fault_memory {
    struct fault_memory *next;
    max_align_t bytes[];
};

struct planner {
    const struct scenario *s;
    const struct netlist *net;
    struct fault_plan *plan;
};

static void *keep(struct fault_plan *p, size_t size)
{
    struct fault_memory *m = calloc(1, sizeof *m + size);

    assert(m);
    m->next = p->memory;
    p->memory = m;
    return m->bytes;
}

static uint64_t seed_of(const struct scenario *s, const struct scn_fault *f)
{
    return XXH64(f->name, strlen(f->name), s->seed);
}

/* The ports of the nodes that a name stands for; NULL: all. */
static const bool *ports_of(struct planner *pl, const char *pattern)
{
    bool *ports;

    if (!pattern)
        return NULL;
    ports = keep(pl->plan, pl->net->n_ports * sizeof *ports);
    for (unsigned p = 0; p < pl->net->n_ports; p++)
        ports[p] = scn_match_node(pl->s, pattern, pl->net->owner[p].node);
    return ports;
}

static struct ic_match match_of(struct planner *pl, const struct scn_match *m)
{
    struct ic_match out = IC_MATCH_ANY;
    const struct scn_kind *kind;

    if (!m->given)
        return out;
    out.from = ports_of(pl, m->from);
    out.to = ports_of(pl, m->to);
    if (m->queue_set)
        out.queue = (int)m->queue;
    if (!m->kind || scn_packet_type(m->kind) == 0)
        return out;
    out.any_kind = false;
    if (scn_packet_type(m->kind) > 0) {
        out.type = (uint8_t)scn_packet_type(m->kind);
        return out;
    }
    kind = scn_find_kind(pl->s, m->kind);
    out.offset = kind->offset;
    out.n_bytes = kind->n_bytes;
    out.bytes = kind->bytes;
    out.mask = kind->mask;
    return out;
}

/* Share of a time, at least 1 ps. */
static vtime_t share_of(vtime_t t, uint32_t ppb)
{
    vtime_t part = (vtime_t)((unsigned __int128)t * ppb / 1000000000u);

    return part ? part : 1;
}

static struct ic_fault_cfg common_cfg(struct planner *pl, const struct scn_fault *f)
{
    vtime_t length = f->for_set ? f->for_ps : VTIME_NEVER;

    return (struct ic_fault_cfg){.kind = IC_FAULT_NONE,
                                 .from_ps = f->after.given ? 0 : f->at_ps,
                                 .until_ps = f->after.given ? VTIME_NEVER : vtime_add(f->at_ps, length),
                                 .count = f->count_set ? f->count : 0,
                                 .match = match_of(pl, &f->match),
                                 .triggered = f->after.given,
                                 .trigger = match_of(pl, &f->after),
                                 .nth = f->after.nth,
                                 .duration_ps = length,
                                 .ppb = f->ppb,
                                 .seed = seed_of(pl->s, f)};
}

static void set_action(struct ic_fault_cfg *c, const struct scn_fault *f)
{
    static const enum ic_fault_kind kinds[] = {
        [SCN_LOSS] = IC_FAULT_LOSS,           [SCN_DELAY] = IC_FAULT_DELAY,
        [SCN_RATE] = IC_FAULT_RATE,           [SCN_CORRUPT] = IC_FAULT_CORRUPT,
        [SCN_DUPLICATE] = IC_FAULT_DUPLICATE, [SCN_REORDER] = IC_FAULT_REORDER,
        [SCN_DOWN] = IC_FAULT_DOWN,           [SCN_STARVE] = IC_FAULT_STARVE,
    };

    c->kind = kinds[f->action];
    c->delay_ps = f->action == SCN_REORDER ? f->gap_ps : f->delay_ps;
    c->jitter_ps = f->jitter_ps;
    c->rate_bps = f->rate_bps;
    c->period_ps = f->period_ps;
    c->low_ps = f->period_set ? share_of(f->period_ps, f->duty_ppb) : 0;
}

/* Adds a fault of the model that stems from fault i. Without ends it has nothing to act on and is left out.
 */
static void add_ic(struct planner *pl, unsigned i, const struct ic_fault_cfg *c)
{
    struct fault_plan *p = pl->plan;

    if (c->kind != IC_FAULT_NONE && c->n_ends == 0)
        return;
    p->ic = realloc(p->ic, (p->n_ic + 1) * sizeof *p->ic);
    p->origin = realloc(p->origin, (p->n_ic + 1) * sizeof *p->origin);
    assert(p->ic && p->origin);
    p->ic[p->n_ic] = *c;
    p->origin[p->n_ic] = (struct fault_origin){.fault = i,
                                               .first = p->n_ic == 0 || p->origin[p->n_ic - 1].fault != i,
                                               .link = c->n_ends ? c->ends[0].link : 0,
                                               .end = c->n_ends ? c->ends[0].end : 0};
    p->n_ic++;
}

static void plan_links(struct planner *pl, unsigned i)
{
    const struct scn_fault *f = &pl->s->faults[i];
    struct ic_fault_cfg c = common_cfg(pl, f);
    struct ic_link_end_ref *ends = keep(pl->plan, 2 * (size_t)pl->s->n_links * sizeof *ends);

    for (unsigned link = 0; link < pl->s->n_links; link++)
        for (unsigned end = 0; end < 2; end++)
            if (scn_fault_on_end(pl->s, f, link, end))
                ends[c.n_ends++] = (struct ic_link_end_ref){link, end};
    c.ends = ends;
    set_action(&c, f);
    add_ic(pl, i, &c);
}

/* What the nodes of `side` no longer get. */
static void plan_side(struct planner *pl, unsigned i, unsigned side)
{
    const struct scn_fault *f = &pl->s->faults[i];
    struct ic_fault_cfg c = common_cfg(pl, f);
    struct ic_link_end_ref *ends = keep(pl->plan, 2 * (size_t)pl->s->n_links * sizeof *ends);
    bool *from = keep(pl->plan, pl->net->n_ports * sizeof *from);

    for (unsigned p = 0; p < pl->net->n_ports; p++) {
        unsigned other = f->side[pl->net->owner[p].node];

        from[p] = other && other != side;
    }
    for (unsigned link = 0; link < pl->s->n_links; link++)
        for (unsigned end = 0; end < 2; end++) {
            const struct scn_end *far = &pl->s->links[link].end[!end];

            if (!far->is_switch && f->side[far->index] == side)
                ends[c.n_ends++] = (struct ic_link_end_ref){link, end};
        }
    c.ends = ends;
    c.match.from = from;
    c.kind = IC_FAULT_LOSS;
    c.ppb = 1000000000;
    add_ic(pl, i, &c);
}

static struct port_fault node_action(const struct scn_fault *f, uint64_t seed)
{
    static const uint16_t kinds[SCN_ACTION_COUNT] = {
        [SCN_INTERRUPT] = PORT_FAULT_INTERRUPT_LOST,
        [SCN_COMPLETION] = PORT_FAULT_COMPLETION,
        [SCN_DMA_FLIP] = PORT_FAULT_DMA_FLIP,
        [SCN_MEMORY_FLIP] = PORT_FAULT_MEMORY_FLIP,
        [SCN_PAUSE] = PORT_FAULT_PAUSE,
        [SCN_SLOW] = PORT_FAULT_SLOW,
        [SCN_CRASH] = PORT_FAULT_CRASH,
        [SCN_RESTART] = PORT_FAULT_RESTART,
    };
    struct port_fault w = {.kind = kinds[f->action],
                           .ppb = f->ppb,
                           .target = -1,
                           .factor = f->slow,
                           .count = f->count_set ? f->count : 0,
                           .until_ps = VTIME_NEVER,
                           .seed = seed};

    switch (f->action) {
    case SCN_INTERRUPT:
        if (f->late)
            w.kind = PORT_FAULT_INTERRUPT_LATE;
        w.by_ps = f->by_ps;
        if (f->vector_set)
            w.target = (int32_t)f->vector;
        break;
    case SCN_COMPLETION:
        w.status = f->completion + 1;
        if (f->queue_set)
            w.target = (int32_t)f->queue;
        break;
    case SCN_MEMORY_FLIP:
        w.flags = (uint8_t)((f->address == SCN_RANDOM_ADDRESS ? PORT_FAULT_RANDOM_ADDRESS : 0) |
                            (f->bit_set ? 0 : PORT_FAULT_RANDOM_BIT));
        w.address = f->address == SCN_RANDOM_ADDRESS ? 0 : f->address;
        w.bit = (uint8_t)f->bit;
        break;
    case SCN_PAUSE:
        w.by_ps = f->pause_ps;
        break;
    case SCN_RESTART:
        w.by_ps = f->off_ps;
        break;
    default:
        break;
    }
    return w;
}

static void plan_nodes(struct planner *pl, unsigned i)
{
    const struct scn_fault *f = &pl->s->faults[i];
    struct fault_plan *p = pl->plan;

    for (unsigned node = 0; node < pl->s->n_nodes; node++) {
        if (!scn_fault_on_node(pl->s, f, node))
            continue;
        p->nodes = realloc(p->nodes, (p->n_nodes + 1) * sizeof *p->nodes);
        assert(p->nodes);
        p->nodes[p->n_nodes++] =
            (struct fault_for_node){.fault = i,
                                    .node = node,
                                    .triggered = f->after.given,
                                    .at_ps = f->at_ps,
                                    .for_ps = f->for_set ? f->for_ps : VTIME_NEVER,
                                    .what = node_action(f, dice(seed_of(pl->s, f), node))};
    }
    if (f->after.given) {
        struct ic_fault_cfg c = common_cfg(pl, f);
        c.count = 0; /* counts what is done to the node */
        c.duration_ps = VTIME_NEVER;
        add_ic(pl, i, &c);
    }
}

struct fault_plan *fault_plan_new(const struct scenario *s, const struct netlist *net)
{
    struct planner pl = {.s = s, .net = net, .plan = calloc(1, sizeof *pl.plan)};

    assert(pl.plan);
    for (unsigned i = 0; i < s->n_faults; i++) {
        const struct scn_fault *f = &s->faults[i];

        if (f->action >= SCN_FIRST_NODE_ACTION)
            plan_nodes(&pl, i);
        else if (f->action != SCN_PARTITION)
            plan_links(&pl, i);
        else
            for (unsigned side = f->oneway ? 2 : 1; side <= f->n_sides; side++)
                plan_side(&pl, i, side);
    }
    return pl.plan;
}

void fault_plan_free(struct fault_plan *p)
{
    if (!p)
        return;
    while (p->memory) {
        struct fault_memory *m = p->memory;
        p->memory = m->next;
        free(m);
    }
    free(p->ic);
    free(p->origin);
    free(p->nodes);
    free(p);
}

struct port_record fault_begin(const struct fault_for_node *f, vtime_t at, struct port_fault *what)
{
    *what = f->what;
    what->until_ps = vtime_add(at, f->for_ps);
    return (struct port_record){
        .type = PORT_REC_FAULT, .arg = (uint16_t)f->fault, .time_ps = at, .len = sizeof *what};
}
