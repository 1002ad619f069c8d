/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clone.h - the system calls that make threads and processes; see clone.c. */
#ifndef KERNEL_CLONE_H
#define KERNEL_CLONE_H

#include "guest-kernel/kernel/syscall.h"

int64_t sys_clone(struct call *c);
int64_t sys_execve(struct call *c);
int64_t sys_thread_on(struct call *c);
int64_t sys_placement(struct call *c);
int64_t sys_spawn(struct call *c);

#endif
