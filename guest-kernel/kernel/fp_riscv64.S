/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fp_riscv64.S - floating point registers of the user, assembled for a machine with F and D, unlike the rest of the kernel:
 *
 *   0 f0 .. 248 f31, 256 fcsr
 */
        .option norelax
        .text
        .globl arch_fp_save
arch_fp_save:
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        fsd     f\n, 8*\n(a0)
        .endr
        csrr    t0, fcsr
        sd      t0, 256(a0)
        ret

        .globl arch_fp_restore
arch_fp_restore:
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        fld     f\n, 8*\n(a0)
        .endr
        ld      t0, 256(a0)
        csrw    fcsr, t0
        ret
