/* SPDX-License-Identifier: GPL-2.0-or-later */
/* start_x86_64.S - where a program begins; system calls (int 0x80, number in rax); a thread's first steps. */
        .text
        .globl _start
_start:
        mov     (%rsp), %rdi
        lea     8(%rsp), %rsi
        xor     %ebp, %ebp
        and     $-16, %rsp
        call    main
        mov     %eax, %edi
        call    exit

        .globl syscall6
syscall6:
        mov     %rcx, %r10
        mov     8(%rsp), %rax
        int     $0x80
        ret

        /* thread_start(function, argument, stack_top, clear_tid): clone(flags, stack, 0, 0, clear_tid) */
        .globl thread_start
thread_start:
        lea     -16(%rdx), %rdx
        mov     %rdi, (%rdx)
        mov     %rsi, 8(%rdx)
        mov     %rcx, %r8
        mov     $0x210f00, %edi         /* VM, FS, FILES, SIGHAND, THREAD, CHILD_CLEARTID */
        mov     %rdx, %rsi
        xor     %edx, %edx
        xor     %r10d, %r10d
        mov     $220, %eax
        int     $0x80
        test    %rax, %rax
        jz      1f
        ret
1:      xor     %ebp, %ebp
        pop     %rax
        pop     %rdi
        call    *%rax
        call    exit_thread
        .section .note.GNU-stack, "", @progbits
