/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * par_matrix.c - C = A B for square matrices of doubles: each worker has a share of the rows of A and C; all
 * read all of B. A(i,j) = i + j and B(i,j) = i - j, so each element of C is a whole number that is known, and
 * exact.
 */
#include "guest-kernel/user/par.h"

static size_t n;
static double *a, *b, *c; /* rows as par_place() has them */
static double *results;   /* time, elements that are wrong */

static double *row(double *matrix, size_t i)
{
    return matrix + par_place(n, n * sizeof(double), i) * n;
}

static void fill(struct par_range mine)
{
    for (size_t i = mine.first; i < mine.last; i++)
        for (size_t j = 0; j < n; j++) {
            row(a, i)[j] = (double)(i + j);
            row(b, i)[j] = (double)i - (double)j;
        }
}

/* Row by row of B, so that its pages are used one after the other. */
static void multiply(struct par_range mine)
{
    for (size_t k = 0; k < n; k++) {
        const double *bk = row(b, k);
        for (size_t i = mine.first; i < mine.last; i++) {
            double f = row(a, i)[k], *ci = row(c, i);
            for (size_t j = 0; j < n; j++)
                ci[j] += f * bk[j];
        }
    }
}

/* The sum over k of (i + k)(k - j). */
static double element(size_t i, size_t j)
{
    double m = (double)n, sum = m * (m - 1) / 2, squares = m * (m - 1) * (2 * m - 1) / 6;

    return squares + ((double)i - (double)j) * sum - m * (double)i * (double)j;
}

static void work(unsigned worker)
{
    fill(par_part(n, worker));
    par_barrier(worker);
    uint64_t begin = par_now_ns();
    multiply(par_part(n, worker));
    par_barrier(worker);
    if (worker)
        return;
    results[0] = (double)(par_now_ns() - begin);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            results[1] += row(c, i)[j] != element(i, j);
}

bool par_matrix(char class_letter, struct par_report *r)
{
    n = class_letter == 'S' ? 128 : 32; /* rows are whole parts of a page */
    size_t bytes = par_place_bytes(n, n * sizeof(double));
    a = par_alloc(bytes);
    b = par_alloc(bytes);
    c = par_alloc(bytes);
    results = par_alloc(2 * sizeof *results);
    if (!a || !b || !c || !results)
        return false;
    if (!par_run(work))
        return false;
    *r = (struct par_report){.ns = (uint64_t)results[0], .failed = (unsigned)results[1], .n_values = 2};
    r->value[0] = row(c, 0)[n - 1];
    r->value[1] = row(c, n - 1)[0];
    return true;
}
