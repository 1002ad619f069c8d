/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boot_x86_64.S - entry by PVH (Xen's direct boot): 32-bit protected mode, paging off, EBX = start info, an ELF note says where.
 * Goes to long mode with the first 4 GiB mapped one to one and calls kernel_early(start info).
 *
 * Another CPU begins at the trampoline, a copy of which is where boot_x86_64.h says, in real mode; it joins that way with
 * ESI = 1, and calls boot_second_call() on boot_second_stack.
 */
#include "guest-kernel/kernel/stack.h"
#include "guest-kernel/kernel/boot_x86_64.h"

        .section .note.pvh, "a", @note
        .align 4
        .long 4, 8, 18                  /* sizes of name and value; XEN_ELFNOTE_PHYS32_ENTRY */
        .asciz "Xen"
        .quad entry

        .section .text.entry, "ax"
        .code32
        .globl entry
entry:
        cli
        cld
        xor     %esi, %esi
to_long:
        mov     $boot_pml4, %eax
        mov     %eax, %cr3
        mov     %cr4, %eax
        or      $0x20, %eax             /* PAE */
        mov     %eax, %cr4
        mov     $0xc0000080, %ecx       /* EFER */
        rdmsr
        or      $0x900, %eax            /* NXE, LME */
        wrmsr
        mov     %cr0, %eax
        and     $0x9fffffff, %eax       /* not CD, NW */
        or      $0x80010001, %eax       /* PG, WP, PE */
        mov     %eax, %cr0
        lgdt    boot_gdt_pointer
        ljmp    $8, $long_mode

        .code64
long_mode:
        mov     $16, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        test    %esi, %esi
        jnz     second
        mov     $boot_stack + BOOT_TOP, %rsp
        xor     %ebp, %ebp
        mov     %ebx, %edi
        push    $0
        jmp     kernel_early

second:
        mov     boot_second_stack(%rip), %rsp
        xor     %ebp, %ebp
        push    $0
        jmp     *boot_second_call(%rip)

        .code32
second_32:
        mov     $16, %eax
        mov     %eax, %ds
        mov     $1, %esi
        jmp     to_long

        .section .rodata.trampoline, "a"
        .code16
        .globl trampoline_begin, trampoline_bytes
trampoline_begin:
        cli
        cld
        xor     %ax, %ax
        mov     %ax, %ds
        lgdtl   TRAMPOLINE + trampoline_gdt - trampoline_begin
        mov     %cr0, %eax
        or      $1, %eax
        mov     %eax, %cr0
        ljmpl   $24, $second_32
trampoline_gdt:
        .word boot_gdt_pointer - boot_gdt - 1
        .long boot_gdt
trampoline_end:
        .align 8
trampoline_bytes: .quad trampoline_end - trampoline_begin
        .code64

        .section .data.boot, "aw"
        .align 8
boot_gdt:
        .quad 0
        .quad 0x00af9b000000ffff        /* 64-bit code */
        .quad 0x00cf93000000ffff        /* data */
        .quad 0x00cf9b000000ffff        /* 32-bit code */
boot_gdt_pointer:
        .word boot_gdt_pointer - boot_gdt - 1
        .long boot_gdt

        .align 8
        .globl boot_second_stack, boot_second_call
boot_second_stack: .quad 0
boot_second_call: .quad 0

        .align 4096
boot_pml4: .quad boot_pdpt + 3
        .fill 511, 8, 0
boot_pdpt: .quad boot_pd + 3, boot_pd + 0x1003, boot_pd + 0x2003, boot_pd + 0x3003
        .fill 508, 8, 0
boot_pd:                                /* 2048 pages of 2 MiB: present, writable, large */
        .set at, 0
        .rept 2048
        .quad at + 0x83
        .set at, at + 0x200000
        .endr

        .section .bss.stack, "aw", @nobits
        .align 16384
        .globl boot_stack
boot_stack: .skip KERNEL_STACK
        .section .note.GNU-stack, "", @progbits
