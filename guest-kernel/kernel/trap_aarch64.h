/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trap_aarch64.h - between trap_aarch64.S and trap_aarch64.c. */
#ifndef KERNEL_TRAP_AARCH64_H
#define KERNEL_TRAP_AARCH64_H

struct frame;
extern char trap_entries[];
void trap_c(struct frame *f);

#endif
