/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x86_64.S - entry by PVH (Xen's direct boot): 32-bit protected mode, paging off, EBX = start info, an ELF note says where.
 * Goes to long mode with the first 4 GiB mapped to themselves and calls guest_start(start info).
 */
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
        lgdt    gdt_pointer
        ljmp    $8, $long_mode

        .code64
long_mode:
        mov     $16, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     $stack_top, %rsp
        mov     %ebx, %edi
        call    guest_start
1:      hlt
        jmp     1b

        .section .data.boot, "aw"
        .align 8
gdt:    .quad 0
        .quad 0x00af9b000000ffff        /* 64-bit code */
        .quad 0x00cf93000000ffff        /* data */
gdt_pointer:
        .word gdt_pointer - gdt - 1
        .long gdt

        .align 4096
        .globl  pml4
pml4:   .quad pdpt + 3
        .fill 511, 8, 0
pdpt:   .quad pd + 3, pd + 0x1003, pd + 0x2003, pd + 0x3003
        .fill 508, 8, 0
pd:                                     /* 2048 pages of 2 MiB: present, writable, large */
        .set at, 0
        .rept 2048
        .quad at + 0x83
        .set at, at + 0x200000
        .endr

        .section .bss.stack, "aw", @nobits
        .align 16
        .skip 16384
stack_top:
        .section .note.GNU-stack, "", @progbits
