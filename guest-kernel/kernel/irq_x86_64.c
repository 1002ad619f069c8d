/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * irq_x86_64.c - message-signalled interrupts to the boot CPU's local APIC; interrupts between CPUs, and
 * starting one with INIT and start-up (Intel SDM volume 3, 8.4.4).
 */
#include "guest-kernel/kernel/boot_x86_64.h"
#include "guest-kernel/kernel/cpu.h"
#include "guest-kernel/kernel/io_x86_64.h"
#include "guest-kernel/kernel/mmio.h"

enum { ICR_ASSERT = 0x4000, ICR_INIT = 0x500, ICR_STARTUP = 0x600, INIT_NS = 10000 };

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

uint64_t arch_cpu_hardware(void)
{
    return read32(APIC + APIC_ID) >> 24;
}

static void command(uint64_t apic, uint32_t what)
{
    write32(APIC + APIC_ICR_HIGH, (uint32_t)apic << 24);
    write32(APIC + APIC_ICR, what);
}

void arch_ipi(const struct cpu *c)
{
    command(c->hardware, ICR_ASSERT | VECTOR_IPI);
}

static void wait_ns(uint64_t ns)
{
    for (uint64_t end = arch_time_ns() + ns; arch_time_ns() < end;)
        arch_relax();
}

bool arch_cpu_start(uint64_t hardware, uintptr_t top, void (*begin)(void))
{
    paging_device(TRAMPOLINE, PAGE);
    memcpy((void *)(uintptr_t)TRAMPOLINE, trampoline_begin, trampoline_bytes);
    boot_second_stack = top;
    boot_second_call = begin;
    command(hardware, ICR_ASSERT | ICR_INIT);
    wait_ns(INIT_NS);
    command(hardware, ICR_ASSERT | ICR_STARTUP | TRAMPOLINE / PAGE);
    return true;
}
