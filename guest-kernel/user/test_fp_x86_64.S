/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_fp_x86_64.S - fp_hold() of test_fp.c: xmm0 to xmm15 are loaded from an array, stay
 * where they are during system calls and a loop, and are stored to another; the control register is word 64.
 */
        .text
        .globl fp_hold
fp_hold:
        push    %rbx
        push    %r12
        mov     %rsi, %rbx
        mov     %rdx, %r12
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        movups  16*\n(%rdi), %xmm\n
        .endr
        ldmxcsr 512(%rdi)
        mov     %rcx, %rdi
        xor     %esi, %esi
        xor     %edx, %edx
1:      mov     %r12, %rax
        int     $0x80
        mov     %r9, %rcx
2:      dec     %rcx
        jnz     2b
        dec     %r8
        jnz     1b
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        movups  %xmm\n, 16*\n(%rbx)
        .endr
        stmxcsr 512(%rbx)
        movl    $0x1f80, -4(%rsp)
        ldmxcsr -4(%rsp)
        pop     %r12
        pop     %rbx
        ret
        .section .note.GNU-stack, "", @progbits
