/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trap_aarch64.S - the vectors, the way into C and back, switching contexts. The frame (struct frame):
 *
 *   0 x0 .. 30 x30, 31 SP_EL0, 32 ELR, 33 SPSR, 34 ESR, 35 number of the vector
 *
 * A trap in the kernel (vectors 0 .. 7) first looks whether the frame is on a stack (stack.h); if not, it goes on on this
 * CPU's emergency stack, of which TPIDR_EL1 is the end, as number 16 and more. The two registers that this costs were
 * users': x0 in TPIDRRO_EL0, sp in TPIDR_EL0.
 */
#include "guest-kernel/kernel/stack.h"
        .text
        .balign 2048
        .globl trap_entries
trap_entries:
        .set vector, 0
        .rept 16
        .balign 128
        sub     sp, sp, #288
        .if vector < 8
        add     sp, sp, x0              /* sp + x0, x0 = sp */
        sub     x0, sp, x0
        tbz     x0, #STACK_BIT, 1f
        sub     x0, sp, x0              /* as they were */
        sub     sp, sp, x0
        .endif
        stp     x0, x1, [sp]
        mov     x0, #vector
        b       trap_common
        .if vector < 8
1:      sub     x0, sp, x0
        sub     sp, sp, x0
        msr     tpidrro_el0, x0
        mov     x0, sp
        msr     tpidr_el0, x0
        mrs     x0, tpidr_el1
        mov     sp, x0
        mrs     x0, tpidrro_el0
        sub     sp, sp, #288
        stp     x0, x1, [sp]
        mov     x0, #16 + vector
        b       trap_common
        .endif
        .set vector, vector + 1
        .endr

        .balign 128
trap_common:
        stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        stp     x6, x7, [sp, #48]
        stp     x8, x9, [sp, #64]
        stp     x10, x11, [sp, #80]
        stp     x12, x13, [sp, #96]
        stp     x14, x15, [sp, #112]
        stp     x16, x17, [sp, #128]
        stp     x18, x19, [sp, #144]
        stp     x20, x21, [sp, #160]
        stp     x22, x23, [sp, #176]
        stp     x24, x25, [sp, #192]
        stp     x26, x27, [sp, #208]
        stp     x28, x29, [sp, #224]
        mrs     x1, sp_el0
        stp     x30, x1, [sp, #240]
        mrs     x1, elr_el1
        mrs     x2, spsr_el1
        stp     x1, x2, [sp, #256]
        mrs     x1, esr_el1
        stp     x1, x0, [sp, #272]
        mov     x0, sp
        bl      trap_c
        mov     x0, sp

        .globl arch_return
arch_return:
        mov     sp, x0
        ldp     x1, x2, [sp, #256]
        msr     elr_el1, x1
        msr     spsr_el1, x2
        ldp     x30, x1, [sp, #240]
        msr     sp_el0, x1
        ldp     x2, x3, [sp, #16]
        ldp     x4, x5, [sp, #32]
        ldp     x6, x7, [sp, #48]
        ldp     x8, x9, [sp, #64]
        ldp     x10, x11, [sp, #80]
        ldp     x12, x13, [sp, #96]
        ldp     x14, x15, [sp, #112]
        ldp     x16, x17, [sp, #128]
        ldp     x18, x19, [sp, #144]
        ldp     x20, x21, [sp, #160]
        ldp     x22, x23, [sp, #176]
        ldp     x24, x25, [sp, #192]
        ldp     x26, x27, [sp, #208]
        ldp     x28, x29, [sp, #224]
        ldp     x0, x1, [sp]
        add     sp, sp, #288
        eret

        .globl arch_switch
arch_switch:
        sub     sp, sp, #96
        stp     x19, x20, [sp]
        stp     x21, x22, [sp, #16]
        stp     x23, x24, [sp, #32]
        stp     x25, x26, [sp, #48]
        stp     x27, x28, [sp, #64]
        stp     x29, x30, [sp, #80]
        mov     x2, sp
        str     x2, [x0]
        mov     sp, x1
        ldp     x19, x20, [sp]
        ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     x29, x30, [sp, #80]
        add     sp, sp, #96
        ret
