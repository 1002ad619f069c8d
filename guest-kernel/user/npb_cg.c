/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * npb_cg.c - CG of the NAS Parallel Benchmarks (NASA report RNR-94-007): the power method for an eigenvalue
 * of a large sparse symmetric matrix; each step solves a system by 25 iterations of conjugate gradients.
 * Class S is the published sample size with its published zeta; T is ours. The matrix is made before the
 * timed part; there is no untimed step before the first.
 *
 * Each worker has its share of the rows (npb_cg_matrix.c) and of all vectors for itself; only the vector that
 * the matrix is multiplied with is shared. Three meetings per iteration.
 */
#include "guest-kernel/user/npb_cg.h"
#include "guest-kernel/user/par_math.h"

enum { INNER = 25 };

static const struct npb_cg_class class_t = {240, 4, 2, 5, 3.8031497745854397},
                                 class_s = {1400, 7, 15, 10, 8.5971775078648};
static const struct npb_cg_class *cl;

static double *shared; /* as par_place() has it */
static double *results;
enum { TIME, ZETA, RESIDUAL, NO_MEMORY, RESULTS };

struct solver {
    unsigned worker;
    struct par_range rows;
    struct npb_cg_matrix m;
    double *mine;          /* this worker's share in `shared` */
    double *x, *z, *r, *q; /* [rows] */
};

/* The sum over all rows of a b. */
static double dot(const struct solver *s, const double *a, const double *b)
{
    struct par_range blocks = par_blocks(s->worker);
    double part[1][PAR_BLOCKS], sum;

    for (size_t i = blocks.first; i < blocks.last; i++) {
        struct par_range r = par_block(cl->n, (unsigned)i);
        double d = 0;
        for (size_t row = r.first - s->rows.first; row < r.last - s->rows.first; row++)
            d += a[row] * b[row];
        part[0][i] = d;
    }
    par_reduce(s->worker, 1, part, &sum);
    return sum;
}

/* q = A v; v is in `shared`, and all workers have written theirs. */
static void multiply(const struct solver *s)
{
    for (size_t row = 0; row < s->rows.last - s->rows.first; row++) {
        double sum = 0;
        for (uint32_t i = s->m.row[row]; i < s->m.row[row + 1]; i++)
            sum += s->m.entry[i].value * shared[s->m.entry[i].place];
        s->q[row] = sum;
    }
}

/* Solves A z = x for z; returns |x - A z|. */
static double solve(struct solver *s)
{
    size_t n = s->rows.last - s->rows.first;
    double *p = s->mine;

    for (size_t i = 0; i < n; i++) {
        s->z[i] = 0;
        p[i] = s->r[i] = s->x[i];
    }
    double rho = dot(s, s->r, s->r);
    for (unsigned k = 0; k < INNER; k++) {
        multiply(s);
        double alpha = rho / dot(s, p, s->q);
        for (size_t i = 0; i < n; i++) {
            s->z[i] = s->z[i] + alpha * p[i];
            s->r[i] = s->r[i] - alpha * s->q[i];
        }
        double next = dot(s, s->r, s->r), beta = next / rho;
        rho = next;
        for (size_t i = 0; i < n; i++)
            p[i] = k + 1 < INNER ? s->r[i] + beta * p[i] : s->z[i];
        par_barrier(s->worker);
    }
    multiply(s);
    for (size_t i = 0; i < n; i++)
        s->r[i] = s->x[i] - s->q[i];
    return par_sqrt(dot(s, s->r, s->r));
}

static void iterate(struct solver *s)
{
    size_t n = s->rows.last - s->rows.first;
    double zeta = 0, residual = 0;

    for (size_t i = 0; i < n; i++)
        s->x[i] = 1;
    par_barrier(s->worker);
    uint64_t begin = par_now_ns();
    for (unsigned k = 0; k < cl->steps; k++) {
        residual = solve(s);
        zeta = cl->shift + 1 / dot(s, s->x, s->z);
        double scale = 1 / par_sqrt(dot(s, s->z, s->z));
        for (size_t i = 0; i < n; i++)
            s->x[i] = scale * s->z[i];
    }
    if (s->worker)
        return;
    results[TIME] = (double)(par_now_ns() - begin);
    results[ZETA] = zeta;
    results[RESIDUAL] = residual;
}

static void work(unsigned worker)
{
    struct solver s = {.worker = worker, .rows = par_part(cl->n, worker)};
    double part[1][PAR_BLOCKS] = {{0}}, failed;
    size_t n = s.rows.last - s.rows.first, bytes = (4 * n + 1) * sizeof(double);
    double *vectors = par_private(bytes);
    bool made = npb_cg_make(cl, worker, &s.m);

    part[0][par_blocks(worker).first] = !vectors || !made;
    par_reduce(worker, 1, part, &failed); /* all go on, or nobody does */
    if (failed == 0 && vectors) {
        s.mine = shared + par_place(cl->n, sizeof *shared, s.rows.first);
        s.x = vectors;
        s.z = vectors + n;
        s.r = vectors + 2 * n;
        s.q = vectors + 3 * n;
        iterate(&s);
    } else if (!worker) {
        results[NO_MEMORY] = failed;
    }
    if (made)
        npb_cg_free(&s.m);
    if (vectors)
        par_private_free(vectors, bytes);
}

/* zeta to 1e-10 of its value, as published. */
static bool right(double zeta, double want)
{
    double error = zeta > want ? zeta - want : want - zeta;

    return error <= 1e-10 * want;
}

bool npb_cg(char class_letter, struct par_report *r)
{
    cl = class_letter == 'S' ? &class_s : &class_t;
    shared = par_alloc(par_place_bytes(cl->n, sizeof *shared));
    results = par_alloc(RESULTS * sizeof *results);
    if (!shared || !results)
        return false;
    if (!par_run(work))
        return false;
    if (results[NO_MEMORY] != 0)
        return false;
    *r = (struct par_report){.ns = (uint64_t)results[TIME], .n_values = 2};
    r->value[0] = results[ZETA];
    r->value[1] = results[RESIDUAL];
    r->failed = !right(results[ZETA], cl->zeta);
    return true;
}
