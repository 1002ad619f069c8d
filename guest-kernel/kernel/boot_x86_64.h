/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boot_x86_64.h - where CPUs other than the first begin: in real mode, so below 1 MiB. See boot_x86_64.S. */
#ifndef KERNEL_BOOT_X86_64_H
#define KERNEL_BOOT_X86_64_H

#define TRAMPOLINE 0x8000

#ifndef __ASSEMBLER__
#include <stdint.h>
/* To be copied to TRAMPOLINE. */
extern const char trampoline_begin[];
extern const uint64_t trampoline_bytes;
/* What the next one finds: its stack and what it calls. */
extern uintptr_t boot_second_stack;
extern void (*boot_second_call)(void);
#endif

#endif
