/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * irq_riscv64.c - messages to the boot hart's IMSIC file for S-mode (advanced interrupt architecture, chapter
 * 3). A machine without it has a PLIC, which knows no messages; then devices cannot interrupt.
 */
#include "guest-kernel/kernel/irq_riscv64.h"
#include "guest-kernel/kernel/csr_riscv64.h"
#include "guest-kernel/kernel/kernel.h"

/* Registers by number: assemblers of clang 14 do not know the names. */
#define IMSIC UINT64_C(0x28000000) /* S-mode files, one page per hart */
enum { EIDELIVERY = 0x70, EITHRESHOLD = 0x72, EIE0 = 0xc0 };

extern const uint64_t boot_hart;

static void imsic_write(uint64_t which, uint64_t value)
{
    csr_write(0x150, which); /* siselect */
    csr_write(0x151, value); /* sireg */
}

bool arch_irq_init(const struct boot_info *info)
{
    if (!info->imsic)
        return false;
    imsic_write(EITHRESHOLD, 0);
    imsic_write(EIE0, ((UINT64_C(1) << IRQ_MAX) - 1) << 1);
    imsic_write(EIDELIVERY, 1);
    return true;
}

void arch_irq_message(unsigned n, uint64_t *address, uint32_t *data)
{
    *address = IMSIC + boot_hart * PAGE;
    *data = n + 1; /* 0 is none */
}

void irq_take(void)
{
    uint64_t top;

    for (;;) {
        __asm__ volatile("csrrw %0, 0x15c, zero" /* stopei */ : "=r"(top)::"memory");
        if (!top)
            return;
        trap_irq((unsigned)(top >> 16) - 1);
    }
}
