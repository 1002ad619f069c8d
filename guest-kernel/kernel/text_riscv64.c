/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text_riscv64.c - copying and clearing much: sixteen words at a time. */
#include "guest-kernel/kernel/arch.h"

typedef uint64_t __attribute__((may_alias)) any_word;
enum { WORDS = 16 };

static inline void copy_half(any_word *t, const any_word *f)
{
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

void arch_copy(void *to, const void *from, size_t bytes)
{
    const any_word *f = from, *end = f + bytes / sizeof *f;

    for (any_word *t = to; f < end; t += WORDS, f += WORDS) {
        copy_half(t, f);
        copy_half(t + WORDS / 2, f + WORDS / 2);
    }
}

void arch_zero(void *to, size_t bytes)
{
    any_word *end = (any_word *)to + bytes / sizeof *end;

    for (any_word *t = to; t < end; t += WORDS)
        for (unsigned i = 0; i < WORDS; i++)
            t[i] = 0;
}
