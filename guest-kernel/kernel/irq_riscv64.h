/* SPDX-License-Identifier: GPL-2.0-or-later */
/* irq_riscv64.h - the IMSIC of the advanced interrupt architecture. */
#ifndef KERNEL_IRQ_RISCV64_H
#define KERNEL_IRQ_RISCV64_H

/* Takes all pending messages and passes them on. */
void irq_take(void);

#endif
