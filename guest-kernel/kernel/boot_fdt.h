/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boot_fdt.h - see boot_fdt.c. */
#ifndef KERNEL_BOOT_FDT_H
#define KERNEL_BOOT_FDT_H

#include "guest-kernel/kernel/kernel.h"

void boot_fdt(uintptr_t tree, struct boot_info *info);

#endif
