/* SPDX-License-Identifier: GPL-2.0-or-later */
/* npb_random.c - see npb_random.h. */
#include "guest-kernel/user/npb_random.h"

#define MASK (((uint64_t)1 << 46) - 1)

/* Products modulo 2^64 are right modulo 2^46. */
double npb_random(uint64_t *x)
{
    *x = *x * NPB_A & MASK;
    return (double)*x * 0x1p-46;
}

uint64_t npb_skip(uint64_t x, uint64_t n)
{
    for (uint64_t a = NPB_A; n; n >>= 1, a = a * a & MASK)
        if (n & 1)
            x = x * a & MASK;
    return x;
}
