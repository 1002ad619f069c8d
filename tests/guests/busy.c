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
 * A pass is a few ten thousand instructions of what kernels are made of: a hash over scattered words of 64
 * KiB, a sort, a linked list, a recursion. Their translation blocks have 5 to 20 instructions.
 */
#include "tests/guests/guest.h"

enum { WORDS = 8192, LIST = 1024, SORTED = 48, DEPTH = 11 };

static uint64_t words[WORDS]; /* 64 KiB */
static uint16_t next[LIST];

static uint64_t mix(uint64_t x)
{
    x ^= x << 13;
    x ^= x >> 7;
    return x ^ x << 17;
}

__attribute__((noinline)) static uint64_t scatter(uint64_t seed)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < 600; i++) {
        uint64_t *w = &words[seed % WORDS];
        seed = mix(seed + i);
        if (*w & 1)
            sum += *w ^ seed;
        else if (*w & 2)
            sum -= *w;
        *w += seed | 1;
    }
    return sum ^ seed;
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

__attribute__((noinline)) static uint64_t count(unsigned depth, uint64_t x)
{
    return depth < 2 ? x & 0xff : count(depth - 1, mix(x)) + count(depth - 2, x);
}

static uint64_t pass(uint64_t seed)
{
    uint64_t some[SORTED];

    seed = scatter(seed | 1);
    for (unsigned i = 0; i < SORTED; i++)
        some[i] = words[(seed + 61 * i) % WORDS];
    sort(some, SORTED);
    return seed + some[SORTED / 2] + walk(seed % LIST) + count(DEPTH, seed | 1);
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
