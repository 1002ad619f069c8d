/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fp_x86_64.S - floating point and SSE registers of the user: FXSAVE's area of 512 bytes (Intel SDM volume 1, 10.5.1).
 */
        .text
        .globl arch_fp_save
arch_fp_save:
        fxsave64 (%rdi)
        ret

        .globl arch_fp_restore
arch_fp_restore:
        fxrstor64 (%rdi)
        ret
        .section .note.GNU-stack, "", @progbits
