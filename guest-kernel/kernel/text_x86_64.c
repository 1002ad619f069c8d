/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text_x86_64.c - copying and clearing much, by string instructions: as fast as processors can, and where
 * instructions are counted each step of one counts as one, so loops of loads and stores take twice as many.
 */
#include "guest-kernel/kernel/arch.h"

void arch_copy(void *to, const void *from, size_t bytes)
{
    size_t words = bytes / 8;

    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words)::"memory");
}

void arch_zero(void *to, size_t bytes)
{
    size_t words = bytes / 8;

    __asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(0ul) : "memory");
}
