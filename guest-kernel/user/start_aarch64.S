/* SPDX-License-Identifier: GPL-2.0-or-later */
/* start_aarch64.S - where a program begins; system calls (svc, number in x8); a thread's first steps. */
        .text
        .globl _start
_start:
        ldr     x0, [sp]
        add     x1, sp, #8
        mov     x29, xzr
        mov     x30, xzr
        bl      main
        bl      exit

        .globl syscall6
syscall6:
        mov     x8, x6
        svc     #0
        ret

        /* thread_start(function, argument, stack_top, clear_tid): clone(flags, stack, 0, 0, clear_tid) */
        .globl thread_start
thread_start:
        stp     x0, x1, [x2, #-16]!
        mov     x4, x3
        mov     x1, x2
        mov     x0, #0x0f00             /* VM, FS, FILES, SIGHAND, */
        movk    x0, #0x21, lsl #16          /* THREAD, CHILD_CLEARTID */
        mov     x2, xzr
        mov     x3, xzr
        mov     x8, #220
        svc     #0
        cbz     x0, 1f
        ret
1:      mov     x29, xzr
        ldp     x1, x0, [sp], #16
        blr     x1
        bl      exit_thread
