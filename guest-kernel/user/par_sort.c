/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * par_sort.c - a sort of 64-bit keys. Each worker sorts its share. Then it finds, in all shares at once,
 * which keys belong to its share of the result, by bisection, and merges those.
 *
 * Keys are random with their index in the low bits: all different, and a result that is in order and has each
 * of them is right.
 */
#include "guest-kernel/user/npb_random.h"
#include "guest-kernel/user/par.h"

enum { SEED = 271828183, INDEX_BITS = 17 };

static size_t n;
static uint64_t *keys, *sorted; /* as par_place() has them */
static double *results;         /* time, what is wrong */

static uint64_t *at(uint64_t *array, size_t i)
{
    return array + par_place(n, sizeof *array, i);
}

static uint64_t next_key(uint64_t *seed, size_t i)
{
    npb_random(seed);
    return *seed << INDEX_BITS | i;
}

/* Lets key i of a heap, of keys 0 to count - 1, sink. */
static void sink(uint64_t *k, size_t i, size_t count)
{
    uint64_t key = k[i];

    for (size_t child; (child = 2 * i + 1) < count; i = child) {
        child += child + 1 < count && k[child + 1] > k[child];
        if (k[child] <= key)
            break;
        k[i] = k[child];
    }
    k[i] = key;
}

static void heap_sort(uint64_t *k, size_t count)
{
    for (size_t i = count / 2; i-- > 0;)
        sink(k, i, count);
    for (size_t last = count; last-- > 1;) {
        uint64_t top = k[0];
        k[0] = k[last];
        k[last] = top;
        sink(k, 0, last);
    }
}

/* How many of the share's keys are below. */
static size_t below(unsigned share, uint64_t key)
{
    struct par_range r = par_part(n, share);
    const uint64_t *k = at(keys, r.first);
    size_t low = 0, high = r.last - r.first;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (k[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The smallest value that has `rank` keys below it: cut[share] are how many of each share's are. */
static void find_cut(size_t rank, size_t *cut)
{
    uint64_t low = 0, high = (uint64_t)1 << 63;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        size_t sum = 0;
        for (unsigned w = 0; w < par_count(); w++)
            sum += below(w, middle);
        if (sum < rank)
            low = middle + 1;
        else
            high = middle;
    }
    for (unsigned w = 0; w < par_count(); w++)
        cut[w] = below(w, low);
}

static void merge(unsigned worker)
{
    struct par_range mine = par_part(n, worker);
    size_t from[PAR_WORKERS], end[PAR_WORKERS];
    uint64_t *to = at(sorted, mine.first);

    find_cut(mine.first, from);
    find_cut(mine.last, end);
    for (size_t i = mine.first; i < mine.last; i++) {
        unsigned least = PAR_WORKERS;
        uint64_t key = UINT64_MAX;
        for (unsigned w = 0; w < par_count(); w++) {
            const uint64_t *k = at(keys, par_part(n, w).first);
            if (from[w] < end[w] && k[from[w]] <= key) {
                key = k[from[w]];
                least = w;
            }
        }
        if (least < PAR_WORKERS)
            from[least]++;
        *to++ = key;
    }
}

/* How many keys are not above the one before them, or not what was made for their index, or there twice. */
static double wrong(void)
{
    uint64_t *made = par_private(n * sizeof *made), seed = SEED, last = 0;
    double bad = 0;

    if (!made)
        return 1;
    for (size_t i = 0; i < n; i++)
        made[i] = next_key(&seed, i);
    for (unsigned w = 0; w < par_count(); w++) {
        struct par_range r = par_part(n, w);
        const uint64_t *k = at(sorted, r.first);
        for (size_t i = r.first; i < r.last; last = *k, i++, k++) {
            size_t index = *k & (((size_t)1 << INDEX_BITS) - 1);
            bad += (i && *k <= last) || index >= n || made[index] != *k;
            if (index < n)
                made[index] = 0;
        }
    }
    par_private_free(made, n * sizeof *made);
    return bad;
}

static void work(unsigned worker)
{
    struct par_range mine = par_part(n, worker);
    uint64_t seed = npb_skip(SEED, mine.first), *k = at(keys, mine.first);

    for (size_t i = mine.first; i < mine.last; i++)
        k[i - mine.first] = next_key(&seed, i);
    par_barrier(worker);
    uint64_t begin = par_now_ns();
    heap_sort(k, mine.last - mine.first);
    par_barrier(worker);
    merge(worker);
    par_barrier(worker);
    if (worker)
        return;
    results[0] = (double)(par_now_ns() - begin);
    results[1] = wrong();
}

bool par_sort(char class_letter, struct par_report *r)
{
    n = class_letter == 'S' ? 1 << 16 : 1 << 11;
    keys = par_alloc(par_place_bytes(n, sizeof *keys));
    sorted = par_alloc(par_place_bytes(n, sizeof *sorted));
    results = par_alloc(2 * sizeof *results);
    if (!keys || !sorted || !results)
        return false;
    if (!par_run(work))
        return false;
    *r = (struct par_report){.ns = (uint64_t)results[0], .failed = (unsigned)results[1], .n_values = 2};
    r->value[0] = (double)*at(sorted, 0);
    r->value[1] = (double)*at(sorted, n - 1);
    return true;
}
