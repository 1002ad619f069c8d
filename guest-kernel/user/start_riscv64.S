/* SPDX-License-Identifier: GPL-2.0-or-later */
/* start_riscv64.S - where a program begins; system calls (ecall, number in a7); a thread's first steps. */
        .option norelax
        .text
        .globl _start
_start:
        ld      a0, 0(sp)
        addi    a1, sp, 8
        mv      s0, zero
        mv      ra, zero
        call    main
        call    exit

        .globl syscall6
syscall6:
        mv      a7, a6
        ecall
        ret

        /* thread_start(function, argument, stack_top, clear_tid): clone(flags, stack, 0, 0, clear_tid) */
        .globl thread_start
thread_start:
        addi    a2, a2, -16
        sd      a0, 0(a2)
        sd      a1, 8(a2)
        mv      a4, a3
        mv      a1, a2
        li      a0, 0x210f00            /* VM, FS, FILES, SIGHAND, THREAD, CHILD_CLEARTID */
        mv      a2, zero
        mv      a3, zero
        li      a7, 220
        ecall
        beqz    a0, 1f
        ret
1:      mv      s0, zero
        ld      a1, 0(sp)
        ld      a0, 8(sp)
        addi    sp, sp, 16
        jalr    a1
        call    exit_thread
