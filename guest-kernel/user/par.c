/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * par.c - how workers share things out and meet; see par.h.
 *
 * A meeting is two pages. To the first each worker writes its blocks' sums and that it has arrived; the
 * last to arrive adds them up, and writes sums and the meeting's number to the second, which the others
 * read until the number changes. On nodes that share pages this costs no more than a plain barrier: the first
 * page goes once from worker to worker, the second once to each.
 */
#include "guest-kernel/user/par.h"

struct arrival {
    uint32_t arrived, unused;
    double part[PAR_COLUMNS][PAR_BLOCKS];
};
struct opening {
    uint32_t number, unused;
    double sum[PAR_COLUMNS];
};
_Static_assert(sizeof(struct arrival) <= PAR_PAGE && sizeof(struct opening) <= PAR_PAGE, "a page each");

static struct arrival *arrival;
static struct opening *opening;
static unsigned count;

void par_meet_in(void *memory, unsigned workers)
{
    arrival = memory;
    opening = (struct opening *)((char *)memory + PAR_PAGE);
    count = workers;
}

unsigned par_count(void)
{
    return count;
}

struct par_range par_blocks(unsigned worker)
{
    return (struct par_range){(size_t)PAR_BLOCKS * worker / count, (size_t)PAR_BLOCKS * (worker + 1) / count};
}

struct par_range par_block(size_t n, unsigned block)
{
    return (struct par_range){n * block / PAR_BLOCKS, n * (block + 1) / PAR_BLOCKS};
}

struct par_range par_part(size_t n, unsigned worker)
{
    struct par_range b = par_blocks(worker);

    return (struct par_range){n * b.first / PAR_BLOCKS, n * b.last / PAR_BLOCKS};
}

/* Things from one share's beginning to the next. */
static size_t stride(size_t n, size_t size)
{
    size_t most = 0;

    for (unsigned w = 0; w < count; w++) {
        struct par_range r = par_part(n, w);
        most = r.last - r.first > most ? r.last - r.first : most;
    }
    return (most * size + PAR_PAGE - 1) / PAR_PAGE * PAR_PAGE / size;
}

size_t par_place(size_t n, size_t size, size_t i)
{
    unsigned w = 0;

    while (par_part(n, w).last <= i)
        w++;
    return w * stride(n, size) + i - par_part(n, w).first;
}

size_t par_place_bytes(size_t n, size_t size)
{
    return count * stride(n, size) * size;
}

static void add_up(unsigned columns)
{
    for (unsigned c = 0; c < columns; c++) {
        double sum = 0;
        for (unsigned b = 0; b < PAR_BLOCKS; b++)
            sum += arrival->part[c][b];
        opening->sum[c] = sum;
    }
}

void par_reduce(unsigned worker, unsigned columns, double part[][PAR_BLOCKS], double *sum)
{
    struct par_range mine = par_blocks(worker);
    uint32_t number = __atomic_load_n(&opening->number, __ATOMIC_SEQ_CST);

    for (unsigned c = 0; c < columns; c++)
        for (size_t b = mine.first; b < mine.last; b++)
            arrival->part[c][b] = part[c][b];
    if (__atomic_add_fetch(&arrival->arrived, 1, __ATOMIC_SEQ_CST) == count) {
        add_up(columns);
        __atomic_store_n(&arrival->arrived, 0, __ATOMIC_SEQ_CST);
        __atomic_store_n(&opening->number, number + 1, __ATOMIC_SEQ_CST);
    }
    while (__atomic_load_n(&opening->number, __ATOMIC_SEQ_CST) == number)
        par_relax();
    for (unsigned c = 0; c < columns; c++)
        sum[c] = opening->sum[c]; /* the next meeting does not end before all have been here */
}

void par_barrier(unsigned worker)
{
    par_reduce(worker, 0, NULL, NULL);
}
