/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * start_aarch64.S - where a program and a thread begin; system calls (svc, number in x8). Each function in a section
 * of its own, so that it is at the same address on all instruction sets; what they do is in user.h.
 */
        .macro function name
        .section .text.\name, "ax", @progbits
        .globl  \name
        .type   \name, @function
\name:
        .endm
        .macro end name
        .size   \name, . - \name
        .endm

        function _start
        mov     x0, sp
        mov     x29, xzr
        mov     x30, xzr
        bl      program_begin
        end _start

        function syscall6
        mov     x8, x6
        svc     #0
        ret
        end syscall6

        function thread_pointer
        sub     x0, x0, #16
        msr     tpidr_el0, x0
        ret
        end thread_pointer

        function thread_begin
        sub     x1, x0, #16
        msr     tpidr_el0, x1
        mov     x29, xzr
        mov     x30, xzr
        bl      thread_main
        end thread_begin

        function thread_clone
        mov     x5, x0
        mov     x4, x3
        mov     x3, x2
        mov     x2, xzr
        mov     x0, #0x0f00             /* VM, FS, FILES, SIGHAND, */
        movk    x0, #0x29, lsl #16          /* THREAD, SETTLS, CHILD_CLEARTID */
        mov     x8, #220
        svc     #0
        cbz     x0, 1f
        ret
1:      mov     x0, x5
        b       thread_begin
        end thread_clone
