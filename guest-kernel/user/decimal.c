/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decimal.c - floating point numbers as text, exact and rounded as printf does (half to even), by integers
 * alone, so that the text is the same on every instruction set. See print.h.
 *
 * A number is m * 2^e. If e >= 0 that is a whole number; else it is m * 5^-e / 10^-e: the digits of a whole
 * number, and where the point is.
 */
#include "guest-kernel/user/print.h"
#include <stdint.h>

enum { MANTISSA = 52, BIAS = 1075, WORDS = 128, WORD_DIGITS = 9, DIGITS = WORDS * WORD_DIGITS };
enum { BILLION = 1000000000, FIVES = 13 };
#define FIVE_TO_13 1220703125u

static unsigned multiply(uint32_t *words, unsigned n, uint32_t by)
{
    uint64_t carry = 0;

    for (unsigned i = 0; i < n; i++) {
        carry += (uint64_t)words[i] * by;
        words[i] = (uint32_t)(carry % BILLION);
        carry /= BILLION;
    }
    for (; carry; carry /= BILLION)
        words[n++] = (uint32_t)(carry % BILLION);
    return n;
}

/* The digits of m * 2^e, first one not 0 unless m is; *point: how many of them are before the point. */
static unsigned digits_of(uint64_t m, int e, uint8_t *digits, int *point)
{
    uint32_t words[WORDS] = {(uint32_t)(m % BILLION), (uint32_t)(m / BILLION)};
    unsigned n = 2, count = 0;

    for (; m && !(m & 1) && e < 0; e++) { /* fewer fives */
        m >>= 1;
        words[0] = (uint32_t)(m % BILLION);
        words[1] = (uint32_t)(m / BILLION);
    }
    for (int left = e; left > 0; left -= left < 16 ? left : 16)
        n = multiply(words, n, 1u << (left < 16 ? left : 16));
    int left = -e;
    for (; left >= FIVES; left -= FIVES)
        n = multiply(words, n, FIVE_TO_13);
    for (; left > 0; left--)
        n = multiply(words, n, 5);
    while (n > 1 && !words[n - 1])
        n--;
    for (unsigned i = n; i--;) {
        uint32_t w = words[i], unit = BILLION / 10;
        for (unsigned k = 0; k < WORD_DIGITS; k++, unit /= 10)
            if (count || w / unit % 10 || (i == 0 && unit == 1))
                digits[count++] = (uint8_t)(w / unit % 10);
    }
    *point = (int)count - (e < 0 ? -e : 0);
    return count;
}

/* Keeps so many digits (perhaps none, or fewer); one more in front if that is how it rounds. */
static unsigned round_to(uint8_t *digits, unsigned count, int keep, int *point)
{
    if (keep >= (int)count)
        return count;
    if (keep < 0) {
        *point -= keep; /* nothing is left, not even what rounds */
        return 0;
    }
    bool more = false;
    for (unsigned i = (unsigned)keep + 1; i < count; i++)
        more = more || digits[i];
    bool odd = keep && digits[keep - 1] & 1;
    if (digits[keep] < 5 || (digits[keep] == 5 && !more && !odd))
        return (unsigned)keep;
    int i = keep - 1;
    for (; i >= 0 && digits[i] == 9; i--)
        digits[i] = 0;
    if (i >= 0) {
        digits[i]++;
        return (unsigned)keep;
    }
    for (int k = keep; k > 0; k--)
        digits[k] = digits[k - 1];
    digits[0] = 1;
    ++*point;
    return (unsigned)keep + 1;
}

static void put_digits(struct out *o, const uint8_t *digits, unsigned count, int from, int to)
{
    for (int i = from; i < to; i++)
        out_char(o, i >= 0 && i < (int)count ? (char)('0' + digits[i]) : '0');
}

static void put_exponent(struct out *o, int exponent)
{
    unsigned size = (unsigned)(exponent < 0 ? -exponent : exponent);

    out_text(o, exponent < 0 ? "e-" : "e+");
    if (size >= 100)
        out_char(o, (char)('0' + size / 100));
    out_char(o, (char)('0' + size / 10 % 10));
    out_char(o, (char)('0' + size % 10));
}

void out_double(struct out *o, double value, unsigned precision, bool scientific)
{
    union {
        double value;
        uint64_t bits;
    } u = {value};
    uint64_t m = u.bits & ((UINT64_C(1) << MANTISSA) - 1);
    int e = (int)(u.bits >> MANTISSA & 2047), point;
    uint8_t digits[DIGITS];

    if (u.bits >> 63)
        out_char(o, '-');
    if (e == 2047) {
        out_text(o, m ? "nan" : "inf");
        return;
    }
    m |= e ? UINT64_C(1) << MANTISSA : 0;
    unsigned count = digits_of(m, (e ? e : 1) - BIAS, digits, &point);
    if (scientific) {
        count = round_to(digits, count, (int)precision + 1, &point);
        put_digits(o, digits, count, 0, 1);
        if (precision)
            out_char(o, '.');
        put_digits(o, digits, count, 1, 1 + (int)precision);
        put_exponent(o, m ? point - 1 : 0);
        return;
    }
    count = round_to(digits, count, point + (int)precision, &point);
    if (point > 0)
        put_digits(o, digits, count, 0, point);
    else
        out_char(o, '0');
    if (precision)
        out_char(o, '.');
    put_digits(o, digits, count, point, point + (int)precision);
}
