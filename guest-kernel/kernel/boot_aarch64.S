/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boot_aarch64.S - entry as an Image (Linux's arm64 boot protocol): EL1, MMU off, interrupts masked, x0 = device tree.
 */
#include "guest-kernel/kernel/stack.h"
        .section .text.entry, "ax"
        .globl entry
entry:
        b       1f
        .long   0
        .quad   0                       /* text_offset */
        .quad   image_size
        .quad   0xa                     /* flags: little endian, 4 KiB pages, anywhere */
        .quad   0, 0, 0
        .ascii  "ARM\x64"
        .long   0
1:      adrp    x1, boot_stack
        add     x1, x1, :lo12:boot_stack
        mov     x2, #BOOT_TOP
        add     sp, x1, x2
        mov     x29, xzr
        mov     x30, xzr
        b       kernel_early

        /* Another CPU, by PSCI: x0 = what lies at the end of its stack: where to go */
        .text
        .globl boot_second
boot_second:
        mov     sp, x0
        ldr     x1, [x0, #-16]
        mov     x29, xzr
        mov     x30, xzr
        br      x1

        .section .bss.stack, "aw", @nobits
        .align 14
        .globl boot_stack
boot_stack: .skip KERNEL_STACK
