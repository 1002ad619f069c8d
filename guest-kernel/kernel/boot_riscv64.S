/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boot_riscv64.S - entry as an Image (Linux's RISC-V boot protocol): S-mode above OpenSBI, satp = 0, a0 = hart, a1 = device
 * tree.
 */
#include "guest-kernel/kernel/stack.h"
        .option norelax
        .section .text.entry, "ax"
        .globl entry
entry:
        .option push
        .option norvc
        j       1f
        .option pop
        .balign 8
        .quad   0x200000                /* text_offset */
        .quad   image_size
        .quad   0                       /* flags: little endian */
        .long   2, 0                    /* version 0.2 */
        .quad   0
        .ascii  "RISCV\0\0\0"
        .ascii  "RSC\x05"
        .long   0
1:      csrw    sie, zero
        csrw    sscratch, zero
        la      t0, boot_hart
        sd      a0, 0(t0)
        la      sp, boot_stack + BOOT_TOP
        mv      s0, zero
        mv      ra, zero
        mv      a0, a1
        j       kernel_early

        /* Another hart, by SBI: a0 = its number, a1 = the end of its stack, where it is said where to go */
        .text
        .balign 4
        .globl boot_second
boot_second:
        csrw    sie, zero
        csrw    sscratch, zero
        mv      sp, a1
        ld      t0, -16(a1)
        mv      s0, zero
        mv      ra, zero
        jr      t0

        .section .data.boot, "aw"
        .balign 8
        .globl boot_hart
boot_hart: .quad 0

        .section .bss.stack, "aw", @nobits
        .align 14
        .globl boot_stack
boot_stack: .skip KERNEL_STACK
