/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * npb_cg.h - the matrix of CG (npb_cg.c): a worker's rows of it.
 *
 * The sum of n outer products of sparse random vectors with themselves, the i-th weighted by 0.1^(i/n), plus
 * (0.1 - shift) times the unit matrix. All workers go through the same random numbers and keep their rows.
 */
#ifndef NPB_CG_H
#define NPB_CG_H
#include "guest-kernel/user/par.h"

struct npb_cg_class {
    size_t n;                 /* rows */
    unsigned elements, steps; /* of a random vector; of the power method */
    double shift, zeta;       /* zeta: the result */
};
struct npb_cg_entry {
    double value;
    uint32_t column;
    uint32_t place; /* of the column, as par_place() has it */
};
struct npb_cg_matrix {
    size_t rows, bytes;
    uint32_t *row; /* [rows + 1]: where a row's entries begin */
    struct npb_cg_entry *entry;
};

/* False: no memory. npb_cg_free() gives it back. */
bool npb_cg_make(const struct npb_cg_class *cl, unsigned worker, struct npb_cg_matrix *m);
void npb_cg_free(struct npb_cg_matrix *m);

#endif
