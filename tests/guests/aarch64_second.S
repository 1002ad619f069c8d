/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aarch64_second.S - PSCI CPU_ON of the CPU with affinity 1. */
        .section .text, "ax"
        .globl  machine_start_second
machine_start_second:
        mov     x0, #0x0003
        movk    x0, #0xc400, lsl #16
        mov     x1, #1
        adr     x2, 1f
        mov     x3, #0
        hvc     #0
        ret
1:      adrp    x1, second_stack_top
        add     x1, x1, :lo12:second_stack_top
        mov     sp, x1
        bl      second_main
2:      wfi
        b       2b

        .globl  machine_set_timer
machine_set_timer:                      /* the virtual timer, 100 ticks of 16 ns from here, its interrupt masked */
        mov     x0, #100
        msr     cntv_tval_el0, x0
        mov     x0, #3
        msr     cntv_ctl_el0, x0
        ret

        .section .bss.stack, "aw", @nobits
        .align 4
        .skip 16384
second_stack_top:
