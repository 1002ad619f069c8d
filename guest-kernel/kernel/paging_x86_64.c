/* SPDX-License-Identifier: GPL-2.0-or-later */
/* paging_x86_64.c - page table entries of 4-level paging with NX. */
#include "guest-kernel/kernel/cpu.h"

enum { P = 1, W = 2, U = 4, PCD = 16, PS = 128 };
#define NX      (UINT64_C(1) << 63)
#define ADDRESS UINT64_C(0x000ffffffffff000)

bool arch_pte_present(uint64_t pte)
{
    return pte & P;
}

uint64_t arch_pte_address(uint64_t pte)
{
    return pte & ADDRESS;
}

uint64_t arch_pte_table(uint64_t address)
{
    return address | P | W | U;
}

uint64_t arch_pte_page(uint64_t address, unsigned prot, bool large)
{
    return address | P | (prot & PROT_WRITE ? W : 0) | (prot & PROT_USER ? U : 0) |
           (prot & PROT_DEVICE ? PCD : 0) | (large ? PS : 0) | (prot & PROT_EXEC ? 0 : NX);
}

unsigned arch_pte_prot(uint64_t pte)
{
    return PROT_READ | (pte & W ? PROT_WRITE : 0) | (pte & NX ? 0 : PROT_EXEC) | (pte & U ? PROT_USER : 0);
}

void arch_paging_init(void)
{
}

void arch_paging_use(uint64_t root)
{
    cpu_self()->root = root;
    __asm__ volatile("mov %0, %%cr3" ::"r"(root) : "memory");
}

void arch_paging_flush_here(void)
{
    uint64_t root;
    __asm__ volatile("mov %%cr3, %0\n\tmov %0, %%cr3" : "=r"(root)::"memory");
}

void arch_paging_flush(uint64_t others)
{
    cpus_flush(others);
}

void arch_code_changed(void)
{
}
