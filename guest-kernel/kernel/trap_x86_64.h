/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trap_x86_64.h - between trap_x86_64.S and trap_x86_64.c. */
#ifndef KERNEL_TRAP_X86_64_H
#define KERNEL_TRAP_X86_64_H

struct frame;
extern char trap_entries[];
void trap_c(struct frame *f);

#endif
