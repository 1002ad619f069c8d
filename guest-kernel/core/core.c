/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core.c - the string functions of the protocol core (core.h). */
#include "guest-kernel/core/core.h"

typedef uint64_t __attribute__((may_alias)) any_word;

static bool aligned(const void *a, const void *b)
{
    return (((uintptr_t)a | (uintptr_t)b) & 7) == 0;
}

void core_copy(void *to, const void *from, size_t bytes)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    if (aligned(to, from))
        for (; bytes >= 8; bytes -= 8, t += 8, f += 8)
            *(any_word *)(void *)t = *(const any_word *)(const void *)f;
    while (bytes-- > 0)
        *t++ = *f++;
}

void core_zero(void *to, size_t bytes)
{
    uint8_t *t = to;
    if (aligned(to, to))
        for (; bytes >= 8; bytes -= 8, t += 8)
            *(any_word *)(void *)t = 0;
    while (bytes-- > 0)
        *t++ = 0;
}

bool core_is_zero(const void *memory, size_t bytes)
{
    const uint64_t *word = memory;
    for (size_t i = 0; i < bytes / 8; i++)
        if (word[i] != 0)
            return false;
    return true;
}
