/* SPDX-License-Identifier: GPL-2.0-or-later */
/* irq_x86_64.c - message-signalled interrupts to the boot CPU's local APIC. */
#include "guest-kernel/kernel/io_x86_64.h"
#include "guest-kernel/kernel/kernel.h"
#include "guest-kernel/kernel/mmio.h"

bool arch_irq_init(const struct boot_info *info)
{
    (void)info;
    return true; /* the local APIC is always there */
}

void arch_irq_message(unsigned n, uint64_t *address, uint32_t *data)
{
    *address = APIC | (uint64_t)(read32(APIC + APIC_ID) >> 24) << 12;
    *data = VECTOR_IRQ + n;
}
