/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explore_shrink.c - from a schedule that shows a failure to a small one. See explore.h.
 *
 *   1. leave out: delta debugging (Zeller, Hildebrandt: Simplifying and isolating failure-inducing input,
 * 2002) over the faults: halves, quarters, .. single ones, and all but one of these
 *   2. simplify each fault: acts once, in one direction, for a shorter time, at a rounder moment
 *   again, until a whole pass changes nothing
 *
 * All candidates of a step are given to `first` together, simplest first, so that they can be tried in
 * parallel.
 */
#include "sim/explore.h"

enum { CANDIDATES = 2 * EXPLORE_MAX, STEPS = 24 };

static unsigned leave(const struct explore_schedule *x, unsigned from, unsigned to, bool only,
                      struct explore_schedule *out)
{
    out->n = 0;
    for (unsigned i = 0; i < x->n; i++)
        if ((i >= from && i < to) == only)
            out->fault[out->n++] = x->fault[i];
    return out->n;
}

/* 1: a smaller one was found, 0: none, -1: given up. */
static int remove_some(struct explore_schedule *x, const struct explore_shrink_ops *ops)
{
    struct explore_schedule c[CANDIDATES];
    bool any = false;

    for (unsigned parts = 2; x->n > 1;) {
        unsigned n = 0;
        if (parts > x->n)
            parts = x->n;
        for (unsigned p = 0; p < parts; p++) /* only one part of it */
            n += leave(x, x->n * p / parts, x->n * (p + 1) / parts, true, &c[n]) > 0;
        for (unsigned p = 0; p < parts && parts > 2; p++) /* all but one part */
            n += leave(x, x->n * p / parts, x->n * (p + 1) / parts, false, &c[n]) > 0;
        int64_t i = ops->first(ops->ctx, c, n);
        if (i < 0)
            return -1;
        if (i < n) {
            *x = c[i];
            any = true;
            parts = 2;
        } else if (parts == x->n) {
            break;
        } else {
            parts *= 2;
        }
    }
    return any;
}

/* Times whose greatest unit is coarser, coarsest first, down to the one it has already. */
static unsigned rounder(vtime_t at, vtime_t from, vtime_t out[STEPS])
{
    unsigned n = 0;

    if (from < at)
        out[n++] = from;
    for (vtime_t unit = VTIME_S; unit >= VTIME_NS; unit /= 10) {
        vtime_t t = at / unit * unit;
        if (t == at)
            break;
        if (t > from && t != out[n ? n - 1 : 0])
            out[n++] = t;
    }
    return n;
}

/* Candidates for fault i in one respect, simplest first. */
static unsigned simpler(const struct explore_schedule *x, unsigned i, unsigned respect, vtime_t from,
                        struct explore_schedule c[STEPS])
{
    const struct explore_fault *f = &x->fault[i];
    vtime_t t[STEPS];
    unsigned n = 0;

    switch (respect) {
    case 0: /* direction */
        for (unsigned end = EXPLORE_END0; f->end == EXPLORE_BOTH && end < EXPLORE_BOTH; end++) {
            c[n] = *x;
            c[n++].fault[i].end = end;
        }
        break;
    case 1: /* how often */
        for (uint64_t k = 1; k < f->count && n < STEPS; k *= 2) {
            c[n] = *x;
            c[n++].fault[i].count = k;
        }
        break;
    case 2: /* how long */
        for (unsigned k = 7; k > 0 && f->long_ps; k--) {
            vtime_t shorter = (f->long_ps >> k) / VTIME_NS * VTIME_NS;
            if (shorter > 0) {
                c[n] = *x;
                c[n++].fault[i].long_ps = shorter;
            }
        }
        break;
    case 3: /* how slow */
        for (uint32_t k = 2; k < f->times && n < STEPS; k *= 2) {
            c[n] = *x;
            c[n++].fault[i].times = k;
        }
        break;
    case 4: /* when */
        for (unsigned k = 0, all = rounder(f->at_ps, from, t); k < all; k++) {
            c[n] = *x;
            c[n++].fault[i].at_ps = t[k];
        }
        break;
    case 5: { /* its length as a round number */
        unsigned all = f->long_ps ? rounder(f->long_ps, 0, t) : 0;
        for (unsigned k = 0; k < all; k++)
            if (t[k] > 0) {
                c[n] = *x;
                c[n++].fault[i].long_ps = t[k];
            }
        break;
    }
    }
    return n;
}

enum { RESPECTS = 6 };

static int simplify(struct explore_schedule *x, vtime_t from, const struct explore_shrink_ops *ops)
{
    struct explore_schedule c[STEPS];
    bool any = false;

    for (unsigned i = 0; i < x->n; i++)
        for (unsigned respect = 0; respect < RESPECTS; respect++) {
            unsigned n = simpler(x, i, respect, from, c);
            int64_t k = n ? ops->first(ops->ctx, c, n) : n;
            if (k < 0)
                return -1;
            if (k < n) {
                *x = c[k];
                any = true;
            }
        }
    return any;
}

int explore_shrink(struct explore_schedule *x, vtime_t from_ps, const struct explore_shrink_ops *ops)
{
    int changed = 1;

    /* Every change makes it smaller in some respect, so this ends. */
    while (changed > 0) {
        int removed = remove_some(x, ops);
        if (removed < 0)
            return -1;
        changed = simplify(x, from_ps, ops);
    }
    return changed;
}
