/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trap_riscv64.h - between trap_riscv64.S and trap_riscv64.c. */
#ifndef KERNEL_TRAP_RISCV64_H
#define KERNEL_TRAP_RISCV64_H

struct frame;
extern char trap_entries[];
void trap_c(struct frame *f);

#endif
