/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * npb_ep.c - EP, "embarrassingly parallel", of the NAS Parallel Benchmarks (NASA report RNR-94-007): pairs of
 * Gaussian deviates from uniform random numbers, their sums, and how many are how far from zero. Workers only
 * meet at the end. Class S is the published sample size, with the published sums and counts; T is ours.
 */
#include "guest-kernel/user/npb_random.h"
#include "guest-kernel/user/par.h"
#include "guest-kernel/user/par_math.h"

enum { RINGS = 10, SUM_X = RINGS, SUM_Y, COLUMNS }; /* PAR_COLUMNS and PAR_VALUES suffice */

static const struct class
{
    unsigned log2_pairs;
    double want[COLUMNS]; /* counts, sum of x, sum of y */
} class_t = {14, {6050, 5583, 1103, 62, 1, 0, 0, 0, 0, 0, 125.543392615981, 133.362546833950}},
  class_s = {
      24, {6140517, 5865300, 1100361, 68546, 1648, 17, 0, 0, 0, 0, -3247.834652034740, -6958.407078382297}};

static const struct class *cl;
static double *results;

static void block(unsigned b, double sums[][PAR_BLOCKS])
{
    struct par_range r = par_block((size_t)1 << cl->log2_pairs, b);
    uint64_t seed = npb_skip(271828183, 2 * r.first);
    double sum_x = 0, sum_y = 0;
    unsigned ring[RINGS] = {0};

    for (size_t i = r.first; i < r.last; i++) {
        double x = 2 * npb_random(&seed) - 1, y = 2 * npb_random(&seed) - 1, t = x * x + y * y;
        if (t > 1)
            continue;
        double f = par_sqrt(-2 * par_log(t) / t), gx = x * f, gy = y * f;
        double ax = gx < 0 ? -gx : gx, ay = gy < 0 ? -gy : gy;
        unsigned distance = (unsigned)(ax > ay ? ax : ay);
        if (distance < RINGS)
            ring[distance]++;
        sum_x += gx;
        sum_y += gy;
    }
    for (unsigned i = 0; i < RINGS; i++)
        sums[i][b] = ring[i];
    sums[SUM_X][b] = sum_x;
    sums[SUM_Y][b] = sum_y;
}

static void work(unsigned worker)
{
    double part[COLUMNS][PAR_BLOCKS], sum[COLUMNS];
    struct par_range mine = par_blocks(worker);

    par_barrier(worker);
    uint64_t begin = par_now_ns();
    for (size_t b = mine.first; b < mine.last; b++)
        block((unsigned)b, part);
    par_reduce(worker, COLUMNS, part, sum);
    if (worker)
        return;
    for (unsigned c = 0; c < COLUMNS; c++)
        results[c] = sum[c];
    results[COLUMNS] = (double)(par_now_ns() - begin);
}

/* To 1e-8 of its value, as published; so counts are exact. */
static bool right(double got, double want)
{
    double error = got > want ? got - want : want - got;

    return error <= 1e-8 * (want < 0 ? -want : want);
}

bool npb_ep(char class_letter, struct par_report *r)
{
    cl = class_letter == 'S' ? &class_s : &class_t;
    results = par_alloc((COLUMNS + 1) * sizeof *results);
    if (!results)
        return false;
    if (!par_run(work))
        return false;
    *r = (struct par_report){.ns = (uint64_t)results[COLUMNS], .n_values = COLUMNS};
    for (unsigned c = 0; c < COLUMNS; c++) {
        r->value[c] = results[c];
        r->failed += !right(results[c], cl->want[c]);
    }
    return true;
}
