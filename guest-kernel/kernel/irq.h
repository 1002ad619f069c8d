/* SPDX-License-Identifier: GPL-2.0-or-later */
/* irq.h - who handles which message-signalled interrupt. */
#ifndef KERNEL_IRQ_H
#define KERNEL_IRQ_H

#include <stdbool.h>
#include <stdint.h>

struct boot_info;
void irq_init(const struct boot_info *info);
/* handler(argument) is called for it from now on. -1: no messages on this machine, or no number left. */
/* The device has sent it. */
void irq_handle(unsigned n);
int irq_new(void (*handler)(void *argument), void *argument, uint64_t *address, uint32_t *data);

#endif
