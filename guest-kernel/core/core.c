/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core.c - the string functions of the protocol core (core.h). */
#include "guest-kernel/core/core.h"

void core_copy(void *to, const void *from, size_t bytes)
{
    if (bytes > 0)
        __builtin_memcpy(to, from, bytes);
}

void core_zero(void *to, size_t bytes)
{
    if (bytes > 0)
        __builtin_memset(to, 0, bytes);
}

bool core_is_zero(const void *memory, size_t bytes)
{
    const uint64_t *word = memory, *end = word + bytes / sizeof *word;
    for (; end - word >= 8; word += 8)
        if ((word[0] | word[1] | word[2] | word[3] | word[4] | word[5] | word[6] | word[7]) != 0)
            return false;
    for (; word < end; word++)
        if (*word != 0)
            return false;
    return true;
}
