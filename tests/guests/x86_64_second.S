/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x86_64_second.S - INIT and two SIPIs to all others through the local APIC. They begin in real
 * mode at 0x8000, to where the trampoline is copied, and go to long mode with the first CPU's page tables.
 */
        .set    TRAMPOLINE, 0x8000
        .set    ICR, 0xfee00300

        .section .text, "ax"
        .code64
        .globl  machine_start_second
machine_start_second:
        mov     $trampoline, %esi
        mov     $TRAMPOLINE, %edi
        mov     $(trampoline_end - trampoline), %ecx
        rep movsb
        mov     $ICR, %edx
        movl    $0xc4500, (%rdx)        /* INIT, all but self */
        mov     $1000, %ecx
1:      loop    1b
        movl    $(0xc4600 + TRAMPOLINE / 4096), (%rdx)
        mov     $1000, %ecx
2:      loop    2b
        movl    $(0xc4600 + TRAMPOLINE / 4096), (%rdx)
        ret

        .globl  machine_set_timer
machine_set_timer:                      /* not needed: with several CPUs the timer at the grant is armed all the time */
        ret

        .code16
trampoline:
        cli
        xor     %ax, %ax
        mov     %ax, %ds
        lgdtl   TRAMPOLINE + gdt_pointer - trampoline
        mov     %cr0, %eax
        or      $1, %al
        mov     %eax, %cr0
        ljmpl   $8, $protected
        .align 8
gdt:    .quad 0
        .quad 0x00cf9b000000ffff        /* 32-bit code */
        .quad 0x00cf93000000ffff        /* data */
        .quad 0x00af9b000000ffff        /* 64-bit code */
gdt_pointer:
        .word gdt_pointer - gdt - 1
        .long TRAMPOLINE + gdt - trampoline
trampoline_end:

        .code32
protected:
        mov     $16, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     $pml4, %eax
        mov     %eax, %cr3
        mov     %cr4, %eax
        or      $0x20, %eax             /* PAE */
        mov     %eax, %cr4
        mov     $0xc0000080, %ecx       /* EFER */
        rdmsr
        or      $0x100, %eax            /* LME */
        wrmsr
        mov     %cr0, %eax
        or      $0x80000001, %eax       /* PG, PE */
        mov     %eax, %cr0
        ljmp    $24, $long_mode_second
        .code64
long_mode_second:
        mov     $second_stack_top, %rsp
        call    second_main
3:      hlt
        jmp     3b

        .section .bss.stack, "aw", @nobits
        .align 16
        .skip 16384
second_stack_top:
        .section .note.GNU-stack, "", @progbits
