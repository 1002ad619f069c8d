/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core.c - the string functions of the protocol core (core.h). */
#include "guest-kernel/core/core.h"

void core_copy(void *to, const void *from, size_t bytes)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    while (bytes-- > 0)
        *t++ = *f++;
}

void core_zero(void *to, size_t bytes)
{
    uint8_t *t = to;
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
