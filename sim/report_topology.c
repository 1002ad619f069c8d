/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report_topology.c - where nodes and switches are drawn.
 *
 * A torus of two or more dimensions is a grid of switches, each with its nodes beside it. Everything else is
 * an ellipse: nodes around, those of a switch side by side, switches between them and the middle, switches
 * without nodes (spines) in the middle. Only looks depend on it; no floating point decides an order.
 */
#include "sim/report_internal.h"
#include <math.h>
#include <stdlib.h>

#define DIMENSIONS 4

/* The switch a node hangs on first; n_switches if none. */
static unsigned home_of(const struct scenario *s, unsigned node)
{
    for (unsigned i = 0; i < s->n_links; i++)
        for (unsigned k = 0; k < 2; k++) {
            const struct scn_end *e = &s->links[i].end[k], *far = &s->links[i].end[1 - k];
            if (!e->is_switch && e->index == node && far->is_switch)
                return far->index;
        }
    return s->n_switches;
}

/* How many switches hang together by links of this dimension alone, counted from switch 0. */
static unsigned ring_length(const struct scenario *s, unsigned dimension)
{
    bool in[SCN_MAX_SWITCHES] = {true};
    unsigned n = 1, before = 0;

    while (n != before) {
        before = n;
        for (unsigned i = 0; i < s->n_links; i++) {
            const struct scn_link *l = &s->links[i];
            if (!l->end[0].is_switch || !l->end[1].is_switch || l->dimension != dimension ||
                in[l->end[0].index] == in[l->end[1].index])
                continue;
            in[l->end[0].index] = in[l->end[1].index] = true;
            n++;
        }
    }
    return n;
}

/* Sizes of the torus that the switches are numbered by; false if they are none. */
static bool torus_sizes(const struct scenario *s, unsigned size[DIMENSIONS])
{
    unsigned product = 1;
    for (unsigned d = 0; d < DIMENSIONS; d++)
        product *= size[d] = ring_length(s, d);
    return s->n_switches && product == s->n_switches && size[1] > 1;
}

static void place_torus(const struct scenario *s, const unsigned size[DIMENSIONS], struct rep_place *p,
                        double *aspect)
{
    unsigned columns = size[0] * size[2], rows = size[1] * size[3];
    unsigned seated[SCN_MAX_SWITCHES + 1] = {0};

    *aspect = (rows + 0.2) / (columns + 0.2) * 0.8;
    for (unsigned i = 0; i < s->n_switches; i++) {
        unsigned x = i % size[0] + size[0] * (i / size[0] / size[1] % size[2]);
        unsigned y = i / size[0] % size[1] + size[1] * (i / size[0] / size[1] / size[2]);
        p[s->n_nodes + i] = (struct rep_place){(x + 0.42) / columns, (y + 0.62) / rows, -1, 0};
    }
    for (unsigned i = 0; i < s->n_nodes; i++) {
        unsigned home = home_of(s, i), k = seated[home]++;
        const struct rep_place *at = &p[s->n_nodes + (home < s->n_switches ? home : 0)];
        p[i] = (struct rep_place){at->x + (0.28 + 0.1 * k) / columns, at->y - (0.3 - 0.16 * k) / rows, 1, 0};
    }
}

static struct rep_place on_ellipse(double angle, double radius)
{
    return (struct rep_place){0.5 + 0.42 * radius * sin(angle), 0.5 - 0.41 * radius * cos(angle), sin(angle),
                              -cos(angle)};
}

static void place_around(const struct scenario *s, struct rep_place *p)
{
    unsigned n = s->n_nodes, seat = 0, spines = 0, homes = 0, spine = 0;
    double sum[SCN_MAX_SWITCHES + 1] = {0}, turn = 2 * M_PI / n;
    unsigned count[SCN_MAX_SWITCHES + 1] = {0};
    double first = n == 2 ? -M_PI / 2 : n % 2 ? 0 : -turn / 2;

    for (unsigned i = 0; i < n; i++)
        count[home_of(s, i)]++;
    for (unsigned home = 0; home <= s->n_switches; home++)
        for (unsigned i = 0; i < n; i++) {
            if (home_of(s, i) != home)
                continue;
            double angle = first + turn * seat++;
            p[i] = on_ellipse(angle, 1);
            sum[home] += angle;
        }
    for (unsigned i = 0; i < s->n_switches; i++) {
        spines += count[i] == 0;
        homes += count[i] > 0;
    }
    for (unsigned i = 0; i < s->n_switches; i++) {
        struct rep_place *at = &p[n + i];
        if (count[i])
            *at = homes == 1 && spines == 0 ? on_ellipse(0, 0)
                                            : on_ellipse(sum[i] / count[i], homes > 8 ? 0.66 : 0.5);
        else
            *at = on_ellipse(2 * M_PI * spine++ / spines + 0.55, spines == 1 ? 0 : homes ? 0.24 : 0.8);
    }
}

void rep_topology_places(const struct scenario *s, struct rep_place *places, double *aspect)
{
    unsigned size[DIMENSIONS];

    *aspect = s->n_nodes <= 2 && s->n_switches <= 1 ? 0.15
              : s->n_nodes <= 8                     ? 0.42
              : s->n_nodes <= 24                    ? 0.56
                                                    : 0.8;
    if (torus_sizes(s, size))
        place_torus(s, size, places, aspect);
    else
        place_around(s, places);
}
