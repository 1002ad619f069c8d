/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * irq_aarch64.c - GICv2: the virtual timer's private interrupt, one that CPUs send each other, and messages
 * as edge-triggered shared ones, to the CPU that booted.
 */
#include "guest-kernel/kernel/irq_aarch64.h"
#include "guest-kernel/kernel/cpu.h"
#include "guest-kernel/kernel/mmio.h"

enum {
    D_CONTROL = 0,
    D_ENABLE = 0x100,
    D_PRIORITY = 0x400,
    D_TARGET = 0x800,
    D_CONFIG = 0xc00,
    D_SEND = 0xf00
};
enum { C_CONTROL = 0, C_PRIORITY = 4, C_ACKNOWLEDGE = 0xc, C_END = 0x10 };
enum { V2M_TYPE = 8, V2M_SET = 0x40 };
enum { IPI = 0, TIMER = 27, SPURIOUS = 1020, ID = 0x3ff };

static unsigned first;             /* of the messages' interrupts */
static uint8_t targets[BOOT_CPUS]; /* what the distributor calls them: a bit each */

static void set_byte(unsigned offset, unsigned n, uint32_t value)
{
    uintptr_t at = GIC_DISTRIBUTOR + offset + (n & ~3u);
    unsigned shift = n % 4 * 8;

    write32(at, (read32(at) & ~(0xffu << shift)) | value << shift);
}

static void enable(unsigned n)
{
    set_byte(D_PRIORITY, n, 0x80);
    write32(GIC_DISTRIBUTOR + D_ENABLE + n / 32 * 4, 1u << n % 32);
}

void irq_cpu_init(void)
{
    targets[cpu_number(cpu_self())] = (uint8_t)read32(GIC_DISTRIBUTOR + D_TARGET); /* each reads its own */
    write32(GIC_CPU + C_PRIORITY, 0xff);
    write32(GIC_CPU + C_CONTROL, 1);
    enable(TIMER);
    enable(IPI);
}

void irq_off(void)
{
    write32(GIC_CPU + C_CONTROL, 0);
}

void arch_ipi(const struct cpu *c)
{
    __asm__ volatile("dsb ish" ::: "memory"); /* what it should see is there before */
    write32(GIC_DISTRIBUTOR + D_SEND, (uint32_t)targets[cpu_number(c)] << 16 | IPI);
}

bool arch_irq_init(const struct boot_info *info)
{
    uint32_t type = read32(GIC_V2M + V2M_TYPE);

    (void)info;
    first = type >> 16 & 0x3ff;
    write32(GIC_DISTRIBUTOR + D_CONTROL, 1);
    irq_cpu_init();
    if ((type & 0x3ff) < IRQ_MAX)
        return false;
    for (unsigned i = first; i < first + IRQ_MAX; i++) {
        uintptr_t config = GIC_DISTRIBUTOR + D_CONFIG + i / 16 * 4;
        write32(config, read32(config) | 2u << i % 16 * 2); /* edge */
        set_byte(D_TARGET, i, 1);
        enable(i);
    }
    return true;
}

void arch_irq_message(unsigned n, uint64_t *address, uint32_t *data)
{
    *address = GIC_V2M + V2M_SET;
    *data = first + n;
}

void irq_take(struct frame *f, bool user)
{
    uint32_t taken = read32(GIC_CPU + C_ACKNOWLEDGE);
    unsigned id = taken & ID;

    if (id >= SPURIOUS)
        return;
    if (id == TIMER)
        arch_timer_set(UINT64_MAX); /* it is level-triggered */
    write32(GIC_CPU + C_END, taken);
    if (id == IPI) {
        cpu_answer();
        return;
    }
    bool entered = kernel_enter();
    if (id == TIMER)
        trap_timer(f, user);
    else if (id >= first && id < first + IRQ_MAX)
        trap_irq(id - first);
    kernel_leave(entered);
}
