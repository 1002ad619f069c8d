/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * par_math.h - the mathematics of the parallel programs, the same bits on every instruction set.
 *
 * IEEE 754 gives one result for each of + - * / and the square root, so what is made of them alone, in one
 * order, is the same everywhere, unless the compiler fuses a multiplication and an addition, which rounds
 * once instead of twice: aarch64 and riscv64 have such an instruction, plain x86_64 has not. Compile with
 * -ffp-contract=off.
 */
#ifndef PAR_MATH_H
#define PAR_MATH_H

#include <stdint.h>

/* x >= 0; an instruction on all three (compile with -fno-math-errno). */
static inline double par_sqrt(double x)
{
    return __builtin_sqrt(x);
}
/* Natural logarithm of a normal x > 0, to about one unit in the last place. */
double par_log(double x);
/* n-th root of a normal x > 0 with |log x| < n. */
double par_root(double x, unsigned n);

#endif
