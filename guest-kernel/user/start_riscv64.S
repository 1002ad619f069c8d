/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * start_riscv64.S - where a program and a thread begin; system calls (ecall, number in a7). Each function in a
 * section of its own, so that it is at the same address on all instruction sets; what they do is in user.h.
 */
        .option norelax
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
        mv      a0, sp
        mv      s0, zero
        mv      ra, zero
        call    program_begin
        end _start

        function syscall6
        mv      a7, a6
        ecall
        ret
        end syscall6

        function thread_pointer
        mv      tp, a0
        ret
        end thread_pointer

        function thread_begin
        mv      tp, a0
        mv      s0, zero
        mv      ra, zero
        call    thread_main
        end thread_begin

        function thread_clone
        mv      a5, a0
        mv      a4, a3
        mv      a3, a2
        mv      a2, zero
        li      a0, 0x290f00            /* VM, FS, FILES, SIGHAND, THREAD, SETTLS, CHILD_CLEARTID */
        li      a7, 220
        ecall
        beqz    a0, 1f
        ret
1:      mv      a0, a5
        tail    thread_begin
        end thread_clone
