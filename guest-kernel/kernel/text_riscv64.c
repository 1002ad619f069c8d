/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text_riscv64.c - copying and clearing much: eight words at a time. */
#include "guest-kernel/kernel/arch.h"

typedef uint64_t __attribute__((may_alias)) any_word;
enum { WORDS = 8 };

void arch_copy(void *to, const void *from, size_t bytes)
{
    const any_word *f = from, *end = f + bytes / sizeof *f;

    for (any_word *t = to; f < end; t += WORDS, f += WORDS) {
        uint64_t a = f[0], b = f[1], c = f[2], d = f[3], e = f[4], g = f[5], h = f[6], i = f[7];
        t[0] = a;
        t[1] = b;
        t[2] = c;
        t[3] = d;
        t[4] = e;
        t[5] = g;
        t[6] = h;
        t[7] = i;
    }
}

void arch_zero(void *to, size_t bytes)
{
    any_word *end = (any_word *)to + bytes / sizeof *end;

    for (any_word *t = to; t < end; t += WORDS)
        t[0] = t[1] = t[2] = t[3] = t[4] = t[5] = t[6] = t[7] = 0;
}
