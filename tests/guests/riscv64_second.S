/* SPDX-License-Identifier: GPL-2.0-or-later */
/* riscv64_second.S - SBI HSM hart_start of harts 0 and 1, of which one runs already. */
        .option norelax
        .section .text, "ax"
        .globl  machine_start_second
machine_start_second:
        addi    sp, sp, -16
        sd      s0, 0(sp)
        li      s0, 1
1:      mv      a0, s0
        la      a1, 2f
        li      a2, 0
        li      a6, 0
        li      a7, 0x48534d
        ecall
        addi    s0, s0, -1
        bgez    s0, 1b
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret
        .balign 4
2:      csrw    sie, zero
        la      sp, second_stack_top
        call    second_main
3:      wfi
        j       3b

        .globl  machine_set_timer
machine_set_timer:                      /* by SBI, 20 ticks of 100 ns from here; sie is 0 */
        csrr    a0, time
        addi    a0, a0, 20
        li      a6, 0
        li      a7, 0x54494d45
        ecall
        ret

        .section .bss.stack, "aw", @nobits
        .align 4
        .skip 16384
second_stack_top:
