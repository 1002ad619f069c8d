/* SPDX-License-Identifier: GPL-2.0-or-later */
/* syscall.h - see syscall.c. */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

#include <stdint.h>

struct frame;
/* Does what the frame asks for; the result, negative errno. */
int64_t system_call(struct frame *f);

#endif
