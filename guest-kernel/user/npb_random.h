/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * npb_random.h - the random numbers of the NAS Parallel Benchmarks (NASA report RNR-94-007): x' = a x mod
 * 2^46, r = x / 2^46. In integers; every number is exact.
 */
#ifndef NPB_RANDOM_H
#define NPB_RANDOM_H

#include <stdint.h>

#define NPB_A 1220703125u /* 5^13 */

/* The next number, 0 < r < 1. */
double npb_random(uint64_t *x);
/* What x is n numbers on. */
uint64_t npb_skip(uint64_t x, uint64_t n);

#endif
