/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_fp_aarch64.S - fp_hold() of test_fp.c: q0 to q31 are loaded from an array, stay
 * where they are during system calls and a loop, and are stored to another; the control register is word 64.
 */
        .text
        .globl fp_hold
fp_hold:
        stp     d8, d9, [sp, #-64]!
        stp     d10, d11, [sp, #16]
        stp     d12, d13, [sp, #32]
        stp     d14, d15, [sp, #48]
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        ldr     q\n, [x0, #16 * \n]
        .endr
        ldr     x9, [x0, #512]
        msr     fpcr, x9
        mov     x8, x2
        mov     x9, x1
        mov     x10, x3
1:      mov     x0, x10
        mov     x1, xzr
        svc     #0
        mov     x11, x5
2:      subs    x11, x11, #1
        b.ne    2b
        subs    x4, x4, #1
        b.ne    1b
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        str     q\n, [x9, #16 * \n]
        .endr
        mrs     x10, fpcr
        str     x10, [x9, #512]
        msr     fpcr, xzr
        ldp     d10, d11, [sp, #16]
        ldp     d12, d13, [sp, #32]
        ldp     d14, d15, [sp, #48]
        ldp     d8, d9, [sp], #64
        ret
