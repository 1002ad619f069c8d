/* SPDX-License-Identifier: GPL-2.0-or-later */
/* irq_aarch64.c - GICv2: the virtual timer's private interrupt, and messages as edge-triggered shared ones.
 */
#include "guest-kernel/kernel/irq_aarch64.h"
#include "guest-kernel/kernel/kernel.h"
#include "guest-kernel/kernel/mmio.h"

enum { D_CONTROL = 0, D_ENABLE = 0x100, D_PRIORITY = 0x400, D_TARGET = 0x800, D_CONFIG = 0xc00 };
enum { C_CONTROL = 0, C_PRIORITY = 4, C_ACKNOWLEDGE = 0xc, C_END = 0x10 };
enum { V2M_TYPE = 8, V2M_SET = 0x40 };
enum { TIMER = 27, SPURIOUS = 1020, ID = 0x3ff };

static unsigned first; /* of the messages' interrupts */

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

bool arch_irq_init(const struct boot_info *info)
{
    uint32_t type = read32(GIC_V2M + V2M_TYPE);

    (void)info;
    first = type >> 16 & 0x3ff;
    write32(GIC_DISTRIBUTOR + D_CONTROL, 1);
    write32(GIC_CPU + C_PRIORITY, 0xff);
    write32(GIC_CPU + C_CONTROL, 1);
    enable(TIMER);
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
    if (id == TIMER)
        trap_timer(f, user);
    else if (id >= first && id < first + IRQ_MAX)
        trap_irq(id - first);
}
