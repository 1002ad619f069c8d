/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text_aarch64.c - copying and clearing much: by pairs of registers, and by DC ZVA, which clears a block of
 * memory at once. It needs the MMU, and that the block is no larger than 64 bytes.
 */
#include "guest-kernel/kernel/arch.h"

enum {
    SCTLR_MMU = 1,
    DCZID_MASK = 31,
    DCZID_64 = 4
}; /* block size as log2 of words of 4 bytes; bit 4: prohibited */

void arch_copy(void *to, const void *from, size_t bytes)
{
    __asm__ volatile(
        "1:\tldp x10, x11, [%1, #16]\n\t"
        "ldp x12, x13, [%1, #32]\n\t"
        "ldp x14, x15, [%1, #48]\n\t"
        "ldp x8, x9, [%1], #64\n\t"
        "stp x10, x11, [%0, #16]\n\t"
        "stp x12, x13, [%0, #32]\n\t"
        "stp x14, x15, [%0, #48]\n\t"
        "stp x8, x9, [%0], #64\n\t"
        "subs %2, %2, #64\n\t"
        "b.ne 1b"
        : "+r"(to), "+r"(from), "+r"(bytes)::"x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "cc",
          "memory");
}

static bool by_block(void)
{
    uint64_t control, block;

    __asm__("mrs %0, sctlr_el1" : "=r"(control));
    __asm__("mrs %0, dczid_el0" : "=r"(block));
    return control & SCTLR_MMU && (block & DCZID_MASK) == DCZID_64;
}

void arch_zero(void *to, size_t bytes)
{
    if (by_block())
        __asm__ volatile(
            "1:\tdc zva, %0\n\t"
            "add %0, %0, #64\n\t"
            "subs %1, %1, #64\n\t"
            "b.ne 1b"
            : "+r"(to), "+r"(bytes)::"cc", "memory");
    else
        __asm__ volatile(
            "1:\tstp xzr, xzr, [%0]\n\t"
            "stp xzr, xzr, [%0, #16]\n\t"
            "stp xzr, xzr, [%0, #32]\n\t"
            "stp xzr, xzr, [%0, #48]\n\t"
            "add %0, %0, #64\n\t"
            "subs %1, %1, #64\n\t"
            "b.ne 1b"
            : "+r"(to), "+r"(bytes)::"cc", "memory");
}
