/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fp_aarch64.S - floating point and SIMD registers of the user, assembled with them, unlike the rest of the kernel:
 *
 *   0 q0 .. 496 q31, 512 FPCR, 520 FPSR
 */
        .text
        .globl arch_fp_save
arch_fp_save:
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        str     q\n, [x0, #16 * \n]
        .endr
        mrs     x1, fpcr
        mrs     x2, fpsr
        str     x1, [x0, #512]
        str     x2, [x0, #520]
        ret

        .globl arch_fp_restore
arch_fp_restore:
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        ldr     q\n, [x0, #16 * \n]
        .endr
        ldr     x1, [x0, #512]
        ldr     x2, [x0, #520]
        msr     fpcr, x1
        msr     fpsr, x2
        ret
