/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * busy.c - computes for `ms=N` milliseconds of virtual time (default 1500; 0: for ever), reports and ends.
 *
 * Under -icount a millisecond is 1000000 / 2^shift instructions, so N says how many are executed, and the two
 * numbers printed are the same whenever the same instructions were executed:
 *
 *   busy: 2345 passes, check 1234567890123456789
 *   cob: result 0
 *
 * A pass is some ten thousand instructions of what kernels are made of: mostly short functions called through
 * a table with arguments that decide where they branch, all over 64 KiB of data; then a sort, a linked list
 * and a recursion. So nearly every translation block is 3 to 20 instructions long and ends in a jump that the
 * emulator has to look up, as in Linux; a tight loop would run several times faster than any real guest.
 */
#include "tests/guests/guest.h"

enum { WORDS = 8192, CALLS = 800, OPS = 16, LIST = 256, SORTED = 24, DEPTH = 10 };

static uint64_t words[WORDS]; /* 64 KiB */
static uint16_t next[LIST];

static uint64_t mix(uint64_t x)
{
    x ^= x << 13;
    x ^= x >> 7;
    return x ^ x << 17;
}

/* Functions of different lengths and habits; `at` is any word but the last three. */
#define SMALL(name, body)                                                                                    \
    __attribute__((noinline)) static uint64_t name(uint64_t a, uint64_t *at)                                 \
    {                                                                                                        \
        body return a;                                                                                       \
    }
SMALL(add, a += at[0];)
SMALL(exchange, uint64_t t = at[0]; at[0] = a; a = t ^ at[1];)
SMALL(fill, at[0] = a; at[1] = a + 1; at[2] = a * 3; at[3] = ~a;)
SMALL(sum, a += at[0] + at[1] + at[2] + at[3];)
SMALL(branch, if (at[0] & 1) a ^= at[1]; else if (a & 2) at[2] += a; else a = a << 1 | 1;)
SMALL(
    compare, if (at[0] < at[1]) {
        uint64_t t = at[0];
        at[0] = at[1];
        at[1] = t;
        a++;
    })
SMALL(shift, a = a >> (at[0] & 31) ^ a << (at[1] & 15);)
SMALL(low, uint8_t *b = (uint8_t *)at; b[a & 7] = (uint8_t)(a >> 8); a += b[(a >> 3) & 7];)
SMALL(nested, a = add(mix(a), at); if (a & 4) a = sum(a, at);)
SMALL(twice, a = exchange(a, at) + branch(a, at);)
SMALL(scan, for (unsigned i = 0; i < 4 && at[i] & 1; i++) a += i;)
SMALL(flags, at[1] |= a & 0xff; if (!(at[1] & 0x80)) at[1] &= ~a; a ^= at[1];)

static uint64_t (*const table[OPS])(uint64_t, uint64_t *) = {
    add,    exchange, fill, sum,   branch, compare, shift,   low,
    nested, twice,    scan, flags, branch, add,     compare, exchange,
};

__attribute__((noinline)) static uint64_t dispatch(uint64_t a)
{
    uint64_t seed = a | 1;

    for (unsigned i = 0; i < CALLS; i++) {
        seed = mix(seed);
        a = table[seed % OPS](a, &words[(seed >> 8) % (WORDS - 3)]);
    }
    return a ^ seed;
}

__attribute__((noinline)) static void sort(uint64_t *a, unsigned n)
{
    for (unsigned i = 1; i < n; i++) {
        uint64_t v = a[i];
        unsigned j = i;
        for (; j && a[j - 1] > v; j--)
            a[j] = a[j - 1];
        a[j] = v;
    }
}

__attribute__((noinline)) static uint64_t walk(unsigned from)
{
    uint64_t sum = from;

    for (unsigned i = 0; i < LIST; i++) {
        sum = sum * 31 + words[from];
        from = next[from];
    }
    return sum;
}

__attribute__((noinline)) static uint64_t recurse(unsigned depth, uint64_t x)
{
    return depth < 2 ? x & 0xff : recurse(depth - 1, mix(x)) + recurse(depth - 2, x);
}

static uint64_t pass(uint64_t seed)
{
    uint64_t some[SORTED];

    seed = dispatch(seed);
    for (unsigned i = 0; i < SORTED; i++)
        some[i] = words[(seed + 61 * i) % WORDS];
    sort(some, SORTED);
    return seed + some[SORTED / 2] + walk(seed % LIST) + recurse(DEPTH, seed | 1);
}

void guest_main(const char *command_line)
{
    uint64_t ns = number_of(command_line, "ms=", 1500) * 1000000, start = machine_time_ns(), passes = 0,
             check = 1;

    for (unsigned i = 0; i < LIST; i++)
        next[i] =
            (uint16_t)((5 * i + 77) % LIST); /* visits all: 5 - 1 and LIST are multiples of 4, 77 is odd */
    do {
        check = pass(check);
        passes++;
    } while (!ns || machine_time_ns() - start < ns);
    print("busy: ");
    print_number(passes);
    print(" passes, check ");
    print_number(check);
    print("\ncob: result 0\n");
}
