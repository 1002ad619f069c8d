/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * npb_is.c - IS, "integer sort", of the NAS Parallel Benchmarks (NASA report RNR-94-007): the ranks of
 * integer keys, ten times, with two keys changed before each. A key's rank is the number of keys that are
 * smaller. Class S is the published sample size; in each iteration the ranks of five keys are held against
 * the published ones. T is ours, likewise. At the end the keys are put in order by their ranks, outside the
 * timed part, and all of them are checked.
 *
 * Each worker counts, for each value, those of its keys that are smaller; then each adds up a share of the
 * values over all workers.
 */
#include "guest-kernel/user/npb_random.h"
#include "guest-kernel/user/par.h"

enum { ITERATIONS = 10, PROBES = 5, SEED = 314159265 };
enum { TIME, WRONG_RANKS, DISORDER, LAST_RANKS, RESULTS = LAST_RANKS + PROBES };

static const struct class
{
    size_t keys;
    uint32_t values; /* keys are below */
    struct {
        size_t index;
        int32_t rank, step; /* in iteration i: rank + i * step */
    } probe[PROBES];
} class_t = {4096, 512, {{2051, 0, 1}, {267, 1, 1}, {829, 3, 1}, {200, 4094, -1}, {3504, 4095, -1}}},
  class_s = {
      65536, 2048, {{48427, 0, 1}, {17148, 18, 1}, {23627, 346, 1}, {62548, 64917, -1}, {4431, 65463, -1}}};

static const struct class *cl;
static uint32_t *keys;    /* as par_place() has them */
static uint32_t *counts;  /* each worker's, on pages of its own */
static uint32_t *smaller; /* of all keys, by value; as par_place() has them */
static double *results;

static uint32_t *key_at(size_t i)
{
    return keys + par_place(cl->keys, sizeof *keys, i);
}

static uint32_t *smaller_than(uint32_t value)
{
    return smaller + par_place(cl->values, sizeof *smaller, value);
}

static size_t counts_bytes(void)
{
    return (cl->values * sizeof *counts + PAR_PAGE - 1) / PAR_PAGE * PAR_PAGE;
}

static uint32_t *counts_of(unsigned worker)
{
    return counts + worker * counts_bytes() / sizeof *counts;
}

static void make_keys(unsigned worker)
{
    struct par_range mine = par_part(cl->keys, worker);
    uint64_t seed = npb_skip(SEED, 4 * mine.first);
    uint32_t *k = key_at(mine.first);

    for (size_t i = mine.first; i < mine.last; i++) {
        double sum = npb_random(&seed);
        for (unsigned j = 1; j < 4; j++)
            sum += npb_random(&seed);
        *k++ = (uint32_t)(cl->values / 4 * sum);
    }
}

static void count_mine(unsigned worker)
{
    struct par_range mine = par_part(cl->keys, worker);
    uint32_t *c = counts_of(worker), sum = 0;
    const uint32_t *k = key_at(mine.first);

    for (uint32_t v = 0; v < cl->values; v++)
        c[v] = 0;
    for (size_t i = mine.first; i < mine.last; i++)
        c[*k++]++;
    for (uint32_t v = 0; v < cl->values; v++) {
        uint32_t n = c[v];
        c[v] = sum;
        sum += n;
    }
}

static void add_counts(unsigned worker)
{
    struct par_range mine = par_part(cl->values, worker);
    uint32_t *s = smaller_than((uint32_t)mine.first);

    for (size_t v = mine.first; v < mine.last; v++)
        s[v - mine.first] = 0;
    for (unsigned w = 0; w < par_count(); w++) {
        const uint32_t *c = counts_of(w);
        for (size_t v = mine.first; v < mine.last; v++)
            s[v - mine.first] += c[v];
    }
}

/* How many of the probes' ranks are wrong. */
static unsigned probe(unsigned iteration)
{
    unsigned wrong = 0;

    for (unsigned p = 0; p < PROBES; p++) {
        uint32_t rank = *smaller_than(*key_at(cl->probe[p].index));
        wrong += (int64_t)rank != cl->probe[p].rank + (int64_t)cl->probe[p].step * iteration;
        results[LAST_RANKS + p] = rank;
    }
    return wrong;
}

/*
 * A worker puts the keys with its share of the values in their places, which are next to each other. Returns
 * how much is wrong: a place outside or taken, a place left empty, a key below the one before it, a share
 * that does not end where the next begins.
 */
static unsigned put_in_order(unsigned worker, uint32_t *place, uint32_t *next)
{
    struct par_range mine = par_part(cl->values, worker);
    uint32_t first = worker ? *smaller_than((uint32_t)mine.first) : 0, wrong = 0;
    uint32_t end = mine.last < cl->values ? *smaller_than((uint32_t)mine.last) : (uint32_t)cl->keys;

    for (size_t v = mine.first; v < mine.last; v++)
        next[v] = *smaller_than((uint32_t)v);
    for (unsigned w = 0; w < par_count(); w++) {
        struct par_range from = par_part(cl->keys, w);
        const uint32_t *k = key_at(from.first);
        for (size_t i = from.first; i < from.last; i++, k++) {
            if (*k < mine.first || *k >= mine.last)
                continue;
            uint32_t to = next[*k]++;
            if (to < first || to >= end || place[to])
                wrong++;
            else
                place[to] = *k + 1; /* 0 is empty */
        }
    }
    for (uint32_t i = first; i < end; i++)
        wrong += !place[i] || (i > first && place[i] < place[i - 1]);
    return wrong;
}

static void check_order(unsigned worker)
{
    double part[1][PAR_BLOCKS] = {{0}}, sum;
    size_t bytes = (cl->keys + cl->values) * sizeof(uint32_t);
    uint32_t *memory = par_private(bytes);

    part[0][par_blocks(worker).first] = memory ? put_in_order(worker, memory, memory + cl->keys) : 1;
    par_reduce(worker, 1, part, &sum);
    if (memory)
        par_private_free(memory, bytes);
    if (!worker)
        results[DISORDER] = sum;
}

static void work(unsigned worker)
{
    make_keys(worker);
    par_barrier(worker);
    uint64_t begin = par_now_ns();
    for (uint32_t i = 1; i <= ITERATIONS; i++) {
        if (!worker) {
            *key_at(i) = i; /* both are in worker 0's share: it has at least 1/PAR_WORKERS of the keys */
            *key_at(i + ITERATIONS) = cl->values - i;
        }
        count_mine(worker);
        par_barrier(worker);
        add_counts(worker);
        par_barrier(worker);
        if (!worker)
            results[WRONG_RANKS] += probe(i);
    }
    if (!worker)
        results[TIME] = (double)(par_now_ns() - begin);
    check_order(worker);
}

bool npb_is(char class_letter, struct par_report *r)
{
    cl = class_letter == 'S' ? &class_s : &class_t;
    keys = par_alloc(par_place_bytes(cl->keys, sizeof *keys));
    counts = par_alloc(par_count() * counts_bytes());
    smaller = par_alloc(par_place_bytes(cl->values, sizeof *smaller));
    results = par_alloc(RESULTS * sizeof *results);
    if (!keys || !counts || !smaller || !results)
        return false;
    if (!par_run(work))
        return false;
    *r = (struct par_report){.ns = (uint64_t)results[TIME], .n_values = PROBES};
    r->failed = (unsigned)(results[WRONG_RANKS] + results[DISORDER]);
    for (unsigned p = 0; p < PROBES; p++)
        r->value[p] = results[LAST_RANKS + p];
    return true;
}
