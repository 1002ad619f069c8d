/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * riscv64.S - entry as an Image (Linux's RISC-V boot protocol): S-mode above OpenSBI, satp = 0, a0 = hart, a1 = device tree.
 */
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
        la      sp, stack_top
        mv      a0, a1
        call    guest_start
2:      wfi
        j       2b

        .section .bss.stack, "aw", @nobits
        .align 4
        .skip 16384
stack_top:
