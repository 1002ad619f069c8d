/* SPDX-License-Identifier: GPL-2.0-or-later */
/* par_math.c - logarithm and root of + - * / alone; see par_math.h. */
#include "guest-kernel/user/par_math.h"

enum { EXPONENT_BIAS = 1023, MANTISSA_BITS = 52, LOG_TERMS = 12, EXP_TERMS = 20 };

/* log x = e log 2 + log m with m near 1; log m = 2 artanh s = 2 (s + s^3/3 + s^5/5 + ...), s = (m-1)/(m+1).
 */
double par_log(double x)
{
    const double log2_high = 0x1.62e42fefa38p-1, log2_low = 0x1.ef35793c7673p-45; /* high times e is exact */
    union {
        double value;
        uint64_t bits;
    } m = {x};
    int e = (int)(m.bits >> MANTISSA_BITS) - EXPONENT_BIAS;

    m.bits = (m.bits & (((uint64_t)1 << MANTISSA_BITS) - 1)) | (uint64_t)EXPONENT_BIAS << MANTISSA_BITS;
    if (m.value > 1.4142135623730951) {
        m.value /= 2;
        e++;
    }
    double s = (m.value - 1) / (m.value + 1), s2 = s * s, series = 0;
    for (int k = LOG_TERMS; k > 0; k--)
        series = s2 * (1.0 / (2 * k + 1) + series);
    return e * log2_high + (2 * s + (2 * s * series + e * log2_low));
}

double par_root(double x, unsigned n)
{
    double power = par_log(x) / n, series = 1;

    for (int k = EXP_TERMS; k > 0; k--)
        series = 1 + power / k * series;
    return series;
}
