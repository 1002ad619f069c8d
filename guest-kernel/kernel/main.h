/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.h - see main.c. */
#ifndef KERNEL_MAIN_H
#define KERNEL_MAIN_H

#include <stdint.h>

void kernel_early(uintptr_t boot_data) __attribute__((noreturn));
/* On the first CPU's own stack. */
void kernel_main(void) __attribute__((noreturn));

#endif
