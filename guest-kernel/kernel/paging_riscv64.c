/* SPDX-License-Identifier: GPL-2.0-or-later */
/* paging_riscv64.c - Sv48 page table entries. */
#include "guest-kernel/kernel/cpu.h"
#include "guest-kernel/kernel/csr_riscv64.h"

enum { V = 1, R = 2, W = 4, X = 8, U = 16, A = 64, D = 128 };
#define SATP_SV48 (UINT64_C(9) << 60)

bool arch_pte_present(uint64_t pte)
{
    return pte & V;
}

uint64_t arch_pte_address(uint64_t pte)
{
    return pte << 2 & UINT64_C(0x00fffffffffff000);
}

uint64_t arch_pte_table(uint64_t address)
{
    return address >> 2 | V;
}

uint64_t arch_pte_page(uint64_t address, unsigned prot, bool large)
{
    (void)large; /* any entry with R or X is a page */
    return address >> 2 | V | R | A | D | (prot & PROT_WRITE ? W : 0) | (prot & PROT_EXEC ? X : 0) |
           (prot & PROT_USER ? U : 0);
}

unsigned arch_pte_prot(uint64_t pte)
{
    return PROT_READ | (pte & W ? PROT_WRITE : 0) | (pte & X ? PROT_EXEC : 0) | (pte & U ? PROT_USER : 0);
}

void arch_paging_init(void)
{
}

void arch_paging_use(uint64_t root)
{
    cpu_self()->root = root;
    csr_write(satp, SATP_SV48 | root >> 12);
    arch_paging_flush_here();
}

/* Instructions, too: other harts ask for both by one interrupt. */
void arch_paging_flush_here(void)
{
    __asm__ volatile("sfence.vma\n\tfence.i" ::: "memory");
}

/* Not by firmware's remote fences, which keep a hart busy until the others have answered. */
void arch_paging_flush(uint64_t others)
{
    cpus_flush(others);
}

void arch_code_changed(void)
{
    __asm__ volatile("fence.i" ::: "memory");
    cpus_flush(cpus_using(kernel_root));
}
