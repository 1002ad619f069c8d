/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trap_riscv64.S - the vector, the way into C and back, switching contexts. The frame (struct frame):
 *
 *   1 ra .. 31 t6 (numbers of registers), 32 sepc, 33 sstatus, 34 scause, 35 stval
 *
 * sscratch is the top of the kernel stack while in user mode, and 0 in the kernel. tp is this CPU's emergency stack's end
 * in the kernel; on the way in it comes from the thread's record (struct thread), which is at the top of the stack.
 *
 * A trap in the kernel first looks whether the frame is on a stack (stack.h), with no register but sp, which sscratch has
 * meanwhile; if not, it goes on on the emergency stack.
 */
#include "guest-kernel/kernel/stack.h"
        .option norelax
        .macro  save
        sd      x1, 8(sp)
        .irp    n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        sd      x\n, 8*\n(sp)
        .endr
        .endm

        .text
        .balign 4
        .globl trap_entries
trap_entries:
        csrrw   sp, sscratch, sp
        beqz    sp, 3f
        addi    sp, sp, -288
        save
        ld      tp, 288(sp)
1:      csrrw   t0, sscratch, zero
2:      sd      t0, 16(sp)
        csrr    t0, sepc
        csrr    t1, sstatus
        csrr    t2, scause
        csrr    t3, stval
        sd      t0, 256(sp)
        sd      t1, 264(sp)
        sd      t2, 272(sp)
        sd      t3, 280(sp)
        mv      a0, sp
        call    trap_c
        mv      a0, sp
        j       arch_return

3:      csrr    sp, sscratch
        addi    sp, sp, -288
        slli    sp, sp, 63 - STACK_BIT
        bgez    sp, 4f
        csrrw   sp, sscratch, zero      /* 0 before anything is written: if that fails, it is a trap in the kernel */
        addi    sp, sp, -288
        save
        addi    t0, sp, 288
        j       2b

4:      addi    sp, tp, -288
        save
        j       1b

        .globl arch_return
arch_return:
        mv      sp, a0
        ld      t0, 256(sp)
        ld      t1, 264(sp)
        csrw    sepc, t0
        csrw    sstatus, t1
        andi    t1, t1, 0x100           /* SPP: back to the kernel? */
        bnez    t1, 1f
        addi    t0, sp, 288
        csrw    sscratch, t0
1:      ld      x1, 8(sp)
        .irp    n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        ld      x\n, 8*\n(sp)
        .endr
        ld      sp, 16(sp)
        sret

        .globl arch_switch
arch_switch:
        addi    sp, sp, -112
        sd      ra, 0(sp)
        sd      s0, 8(sp)
        sd      s1, 16(sp)
        sd      s2, 24(sp)
        sd      s3, 32(sp)
        sd      s4, 40(sp)
        sd      s5, 48(sp)
        sd      s6, 56(sp)
        sd      s7, 64(sp)
        sd      s8, 72(sp)
        sd      s9, 80(sp)
        sd      s10, 88(sp)
        sd      s11, 96(sp)
        sd      sp, 0(a0)
        mv      sp, a1
        ld      ra, 0(sp)
        ld      s0, 8(sp)
        ld      s1, 16(sp)
        ld      s2, 24(sp)
        ld      s3, 32(sp)
        ld      s4, 40(sp)
        ld      s5, 48(sp)
        ld      s6, 56(sp)
        ld      s7, 64(sp)
        ld      s8, 72(sp)
        ld      s9, 80(sp)
        ld      s10, 88(sp)
        ld      s11, 96(sp)
        addi    sp, sp, 112
        ret
