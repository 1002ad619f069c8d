/* SPDX-License-Identifier: GPL-2.0-or-later */
/* irq_aarch64.h - GICv2 with its frame for messages (GICv2m), as QEMU's virt has them. */
#ifndef KERNEL_IRQ_AARCH64_H
#define KERNEL_IRQ_AARCH64_H

#include <stdbool.h>

#define GIC_DISTRIBUTOR 0x08000000u
#define GIC_CPU         0x08010000u
#define GIC_V2M         0x08020000u

struct frame;
/* On each CPU: its own interrupts. */
void irq_cpu_init(void);
/* This CPU hears of no interrupt any more. */
void irq_off(void);
/* Takes the pending interrupt and passes it on. */
void irq_take(struct frame *f, bool user);

#endif
