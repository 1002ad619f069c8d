/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * start_x86_64.S - where a program and a thread begin; system calls (int 0x80, number in rax). Each function in a
 * section of its own, so that it is at the same address on all instruction sets; what they do is in user.h.
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
        mov     %rsp, %rdi
        xor     %ebp, %ebp
        and     $-16, %rsp
        call    program_begin
        end _start

        function syscall6
        mov     %rcx, %r10
        mov     8(%rsp), %rax
        int     $0x80
        ret
        end syscall6

        function thread_pointer
        mov     %rsi, %rdi
        mov     $516, %eax
        int     $0x80
        ret
        end thread_pointer

        function thread_begin
        xor     %ebp, %ebp
        and     $-16, %rsp
        call    thread_main
        end thread_begin

        function thread_clone
        mov     %rdi, %r9
        mov     %rcx, %r8
        mov     %rdx, %r10
        xor     %edx, %edx
        mov     $0x290f00, %edi         /* VM, FS, FILES, SIGHAND, THREAD, SETTLS, CHILD_CLEARTID */
        mov     $220, %eax
        int     $0x80
        test    %rax, %rax
        jz      1f
        ret
1:      mov     %r9, %rdi
        jmp     thread_begin
        end thread_clone
        .section .note.GNU-stack, "", @progbits
