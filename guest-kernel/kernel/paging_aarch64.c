/* SPDX-License-Identifier: GPL-2.0-or-later */
/* paging_aarch64.c - VMSAv8-64 entries, 4 KiB granule, 48 bits, all in TTBR0. */
#include "guest-kernel/kernel/cpu.h"

enum {
    VALID = 1,
    TABLE = 2,
    DEVICE = 1 << 2,
    EL0 = 1 << 6,
    READ_ONLY = 1 << 7,
    INNER = 3 << 8,
    ACCESSED = 1 << 10
};
#define PXN     (UINT64_C(1) << 53)
#define UXN     (UINT64_C(1) << 54)
#define ADDRESS UINT64_C(0x0000fffffffff000)
/* Memory attributes 0: normal, write-back; 1: device nGnRE. */
#define MAIR UINT64_C(0x04ff)
/* T0SZ = 16, walks inner shareable and write-back, nothing through TTBR1, physical addresses of 40 bits. */
#define TCR (16 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | UINT64_C(2) << 32)
enum { SCTLR_MMU = 1, SCTLR_CACHE = 1 << 2, SCTLR_INSTRUCTIONS = 1 << 12 };

bool arch_pte_present(uint64_t pte)
{
    return pte & VALID;
}

uint64_t arch_pte_address(uint64_t pte)
{
    return pte & ADDRESS;
}

uint64_t arch_pte_table(uint64_t address)
{
    return address | VALID | TABLE;
}

uint64_t arch_pte_page(uint64_t address, unsigned prot, bool large)
{
    uint64_t no_user = prot & PROT_USER && prot & PROT_EXEC ? 0 : UXN;
    uint64_t no_kernel = !(prot & PROT_USER) && prot & PROT_EXEC ? 0 : PXN;

    return address | VALID | (large ? 0 : TABLE) | (prot & PROT_DEVICE ? DEVICE : INNER) | ACCESSED |
           (prot & PROT_USER ? EL0 : 0) | (prot & PROT_WRITE ? 0 : READ_ONLY) | no_user | no_kernel;
}

unsigned arch_pte_prot(uint64_t pte)
{
    bool exec = pte & EL0 ? !(pte & UXN) : !(pte & PXN);

    return PROT_READ | (pte & READ_ONLY ? 0 : PROT_WRITE) | (exec ? PROT_EXEC : 0) |
           (pte & EL0 ? PROT_USER : 0);
}

void arch_paging_init(void)
{
    __asm__ volatile("msr mair_el1, %0\n\tmsr tcr_el1, %1\n\tisb" ::"r"(MAIR), "r"(TCR) : "memory");
}

void arch_paging_use(uint64_t root)
{
    uint64_t control;

    cpu_self()->root = root;
    __asm__ volatile("dsb ish\n\tmsr ttbr0_el1, %0\n\tisb\n\ttlbi vmalle1\n\tdsb nsh\n\tisb" ::"r"(root)
                     : "memory");
    __asm__ volatile("mrs %0, sctlr_el1" : "=r"(control));
    control |= SCTLR_MMU | SCTLR_CACHE | SCTLR_INSTRUCTIONS;
    __asm__ volatile("msr sctlr_el1, %0\n\tisb" ::"r"(control) : "memory");
}

void arch_paging_flush_here(void)
{
    __asm__ volatile("dsb ish\n\ttlbi vmalle1\n\tdsb nsh\n\tisb" ::: "memory");
}

/* The hardware tells all of them. */
void arch_paging_flush(uint64_t others)
{
    (void)others;
    __asm__ volatile("dsb ish\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" ::: "memory");
}

void arch_code_changed(void)
{
    __asm__ volatile("dsb ish\n\tic ialluis\n\tdsb ish\n\tisb" ::: "memory");
}
