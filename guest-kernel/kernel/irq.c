/* SPDX-License-Identifier: GPL-2.0-or-later */
/* irq.c - see irq.h. */
#include "guest-kernel/kernel/irq.h"
#include "guest-kernel/kernel/kernel.h"

static bool available;
static unsigned used;
static struct {
    void (*call)(void *argument);
    void *argument;
} handlers[IRQ_MAX];

void irq_init(const struct boot_info *info)
{
    available = arch_irq_init(info);
    if (!available)
        print("interrupts: no messages on this machine\n");
}

int irq_new(void (*handler)(void *argument), void *argument, uint64_t *address, uint32_t *data)
{
    if (!available || used == IRQ_MAX)
        return -1;
    handlers[used].call = handler;
    handlers[used].argument = argument;
    arch_irq_message(used, address, data);
    return (int)used++;
}

void irq_handle(unsigned n)
{
    if (n < used)
        handlers[n].call(handlers[n].argument);
}
