/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explore_draw.c - schedules from dice, and as faults of a scenario. See explore.h.
 *
 * Faults are drawn so that they can be shrunk: each acts from a moment on, so often or so long, and on
 * everything that it meets then. Nothing of them is left to dice of their own but which bit flips.
 */
#include "devices/port/dice.h"
#include "sim/explore.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct stream {
    uint64_t seed, n;
};

static uint64_t below(struct stream *d, uint64_t sides)
{
    return dice_below(d->seed, d->n++, sides);
}

static bool of_node(enum scn_action a)
{
    return a >= SCN_FIRST_NODE_ACTION;
}

/* What an action needs beside its start. */
static bool has_count(enum scn_action a)
{
    switch (a) {
    case SCN_LOSS:
    case SCN_DELAY:
    case SCN_CORRUPT:
    case SCN_DUPLICATE:
    case SCN_REORDER:
    case SCN_INTERRUPT:
    case SCN_DMA_FLIP:
        return true;
    default:
        return false;
    }
}

static bool has_length(enum scn_action a)
{
    switch (a) {
    case SCN_DELAY:
    case SCN_REORDER:
    case SCN_DOWN:
    case SCN_PAUSE:
    case SCN_SLOW:
    case SCN_RESTART:
        return true;
    default:
        return false;
    }
}

/* Whether this node or link may be hit by the action. */
static bool allowed(const struct scenario *s, enum scn_action a, unsigned i)
{
    const struct scn_explore *x = &s->explore;

    if (of_node(a))
        return scn_name_matches(x->nodes, s->nodes[i].name) &&
               (s->nodes[i].adapter || (a != SCN_INTERRUPT && a != SCN_DMA_FLIP));
    return scn_name_matches(x->links, s->links[i].name) &&
           (s->links[i].fabric || !x->kind || scn_packet_type(x->kind) <= 0);
}

/* The k-th of them; how many there are if there are not so many. */
static unsigned pick(const struct scenario *s, enum scn_action a, unsigned k, unsigned *count)
{
    unsigned n = of_node(a) ? s->n_nodes : s->n_links, i = 0;

    *count = 0;
    for (; i < n; i++)
        if (allowed(s, a, i) && (*count)++ == k)
            break;
    return i;
}

static unsigned how_many(const struct scenario *s, enum scn_action a)
{
    unsigned count;
    pick(s, a, UINT_MAX, &count);
    return count;
}

/* Each action has something to hit. */
static int check_actions(const struct scenario *s, char *why, size_t size)
{
    for (unsigned a = 0; a < SCN_ACTION_COUNT; a++)
        if (scn_explores(&s->explore, a) && how_many(s, a) == 0) {
            snprintf(why, size, "explore: there is no %s that `%s` can hit", of_node(a) ? "node" : "link",
                     scn_action_name(a));
            return -1;
        }
    return 0;
}

int explore_check(const struct scenario *s, char *why, size_t size)
{
    const struct scn_explore *x = &s->explore;

    if (!x->given)
        snprintf(why, size, "the scenario has no section `explore`, which says what may go wrong");
    else if (s->n_faults + x->most > SCN_MAX_FAULTS)
        snprintf(why, size, "with its own %u faults there is no room for %u more", s->n_faults, x->most);
    else
        return check_actions(s, why, size);
    return -1;
}

/* Short ones are as likely as long ones: the length is halved 0 to 7 times first. */
static vtime_t draw_length(struct stream *d, vtime_t longest)
{
    int64_t most = (longest >> below(d, 8)) / VTIME_NS;
    return most < 2 ? VTIME_NS
                    : (vtime_t)(most / 2 + (int64_t)below(d, (uint64_t)(most - most / 2)) + 1) * VTIME_NS;
}

static struct explore_fault draw_fault(const struct scenario *s, struct stream *d, unsigned number)
{
    const struct scn_explore *x = &s->explore;
    struct explore_fault f = {.number = number};
    unsigned actions = 0, n;

    for (unsigned a = 0; a < SCN_ACTION_COUNT; a++)
        actions += scn_explores(x, a);
    for (unsigned k = (unsigned)below(d, actions); !scn_explores(x, f.action) || k-- > 0;)
        f.action++;
    unsigned target = pick(s, f.action, (unsigned)below(d, how_many(s, f.action)), &n);
    if (of_node(f.action)) {
        f.node = target;
    } else {
        f.link = target;
        f.end = (enum explore_end)below(d, 3);
    }
    f.at_ps = x->from_ps + (vtime_t)below(d, (uint64_t)(x->until_ps - x->from_ps)) / VTIME_NS * VTIME_NS;
    if (has_count(f.action))
        f.count = 1 + below(d, x->packets);
    if (has_length(f.action))
        f.long_ps = draw_length(d, x->longest_ps);
    if (f.action == SCN_SLOW)
        f.times = 2u << below(d, 4);
    return f;
}

void explore_draw(const struct scenario *s, uint64_t seed, uint64_t i, struct explore_schedule *out)
{
    struct stream d = {dice(seed, i), 0};

    out->n = 1 + (unsigned)below(&d, s->explore.most);
    for (unsigned k = 0; k < out->n; k++)
        out->fault[k] = draw_fault(s, &d, k);
}

static const char *end_name(const struct scenario *s, const struct scn_end *e)
{
    return e->is_switch ? s->switches[e->index].name : s->nodes[e->index].name;
}

/* Only the name is allocated. */
static struct scn_fault to_fault(const struct scenario *s, const struct explore_fault *f)
{
    const struct scn_link *l = of_node(f->action) ? NULL : &s->links[f->link];
    bool packets = has_count(f->action) && !of_node(f->action);
    struct scn_fault out = {.action = f->action,
                            .at_set = true,
                            .at_ps = f->at_ps,
                            .count_set = f->count > 0,
                            .count = f->count,
                            .ppb = 1000000000};

    if (asprintf(&out.name, "explored%u", f->number) < 0)
        abort();
    out.has[f->action] = true;
    if (l) {
        out.link = l->name;
        if (f->end != EXPLORE_BOTH)
            out.from = (char *)(uintptr_t)end_name(s, &l->end[f->end]);
    } else {
        out.node = s->nodes[f->node].name;
    }
    if (packets && s->explore.kind) {
        out.match.given = true;
        out.match.kind = s->explore.kind;
    }
    switch (f->action) {
    case SCN_DELAY:
        out.delay_ps = f->long_ps;
        break;
    case SCN_REORDER:
        out.gap_set = true;
        out.gap_ps = f->long_ps;
        break;
    case SCN_PAUSE:
        out.pause_ps = f->long_ps;
        break;
    case SCN_SLOW:
        out.slow = f->times;
        out.for_set = true;
        out.for_ps = f->long_ps;
        break;
    case SCN_RESTART:
        out.off_ps = f->long_ps;
        break;
    case SCN_DOWN:
        out.for_set = true;
        out.for_ps = f->long_ps;
        break;
    default:
        break;
    }
    return out;
}

int explore_write(const struct scenario *s, const char *name, const struct explore_schedule *x, FILE *out)
{
    struct scenario with = *s;
    int r = -1;

    with.name = (char *)(uintptr_t)name;
    with.explore.given = false; /* what is found is complete without it */
    with.n_faults = s->n_faults + x->n;
    with.faults = calloc(with.n_faults + 1, sizeof *with.faults);
    if (!with.faults)
        return -1;
    if (s->n_faults)
        memcpy(with.faults, s->faults, s->n_faults * sizeof *s->faults);
    for (unsigned i = 0; i < x->n; i++)
        with.faults[s->n_faults + i] = to_fault(s, &x->fault[i]);
    r = scenario_dump(&with, out);
    for (unsigned i = 0; i < x->n; i++)
        free(with.faults[s->n_faults + i].name);
    free(with.faults);
    return r;
}

void explore_print(const struct scenario *s, const struct explore_schedule *x, FILE *out)
{
    char at[40], length[40];

    for (unsigned i = 0; i < x->n; i++) {
        const struct explore_fault *f = &x->fault[i];
        fprintf(out, "  at %s: %s", scn_format_time(f->at_ps, at, sizeof at), scn_action_name(f->action));
        if (f->times)
            fprintf(out, " %" PRIu32 " times", f->times);
        if (f->long_ps)
            fprintf(out, " %s", scn_format_time(f->long_ps, length, sizeof length));
        if (f->count)
            fprintf(out, ", %" PRIu64 " time%s", f->count, f->count == 1 ? "" : "s");
        if (of_node(f->action))
            fprintf(out, ", node %s\n", s->nodes[f->node].name);
        else if (f->end == EXPLORE_BOTH)
            fprintf(out, ", link %s\n", s->links[f->link].name);
        else
            fprintf(out, ", link %s, what %s sends\n", s->links[f->link].name,
                    end_name(s, &s->links[f->link].end[f->end]));
    }
}
