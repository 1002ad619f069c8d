/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_fp_riscv64.S - fp_hold() of test_fp.c: f0 to f31 are loaded from an array, stay
 * where they are during system calls and a loop, and are stored to another; the control register is word 64.
 */
        .option norelax
        .text
        .globl fp_hold
fp_hold:
        addi    sp, sp, -96
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
        fsd     fs\n, 8*\n(sp)
        .endr
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        fld     f\n, 8*\n(a0)
        .endr
        ld      t0, 512(a0)
        csrw    fcsr, t0
        mv      a7, a2
        mv      t1, a1
        mv      t2, a3
1:      mv      a0, t2
        mv      a1, zero
        ecall
        mv      t3, a5
2:      addi    t3, t3, -1
        bnez    t3, 2b
        addi    a4, a4, -1
        bnez    a4, 1b
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        fsd     f\n, 8*\n(t1)
        .endr
        csrr    t0, fcsr
        sd      t0, 512(t1)
        csrw    fcsr, zero
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
        fld     fs\n, 8*\n(sp)
        .endr
        addi    sp, sp, 96
        ret
