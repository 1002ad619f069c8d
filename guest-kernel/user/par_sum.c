/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * par_sum.c - a sum over an array: each worker fills a share and then adds up the next worker's, so that all
 * of the array moves. The elements are 3 i^2 + 7, whose sum is known.
 */
#include "guest-kernel/user/par.h"

static size_t n;
static uint64_t *array;   /* as par_place() has it */
static uint64_t *results; /* time, then each worker's sum; a page for each worker */
enum { STRIDE = PAR_PAGE / sizeof(uint64_t) };

static void work(unsigned worker)
{
    struct par_range mine = par_part(n, worker), other = par_part(n, (worker + 1) % par_count());
    uint64_t *to = array + par_place(n, sizeof *array, mine.first), sum = 0;

    for (uint64_t i = mine.first; i < mine.last; i++)
        *to++ = 3 * i * i + 7;
    par_barrier(worker);
    uint64_t begin = par_now_ns();
    const uint64_t *from = array + par_place(n, sizeof *array, other.first);
    for (size_t i = other.first; i < other.last; i++)
        sum += *from++;
    results[(worker + 1) * STRIDE] = sum;
    par_barrier(worker);
    if (!worker)
        results[0] = par_now_ns() - begin;
}

bool par_sum(char class_letter, struct par_report *r)
{
    uint64_t sum = 0;

    n = class_letter == 'S' ? 1 << 17 : 1 << 13;
    array = par_alloc(par_place_bytes(n, sizeof *array));
    results = par_alloc((size_t)(par_count() + 1) * PAR_PAGE);
    if (!array || !results)
        return false;
    if (!par_run(work))
        return false;
    for (unsigned w = 0; w < par_count(); w++)
        sum += results[(w + 1) * STRIDE];
    *r = (struct par_report){.ns = results[0], .n_values = 1, .value = {(double)sum}};
    r->failed = sum != (uint64_t)(n - 1) * n * (2 * n - 1) / 2 + 7 * n;
    return true;
}
