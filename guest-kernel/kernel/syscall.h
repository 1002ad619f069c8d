/* SPDX-License-Identifier: GPL-2.0-or-later */
/* syscall.h - see syscall.c. */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

#include <stdbool.h>
#include <stdint.h>

struct frame;
enum { CALL_ARGUMENTS = 6 };
struct call {
    uint64_t number, argument[CALL_ARGUMENTS];
    struct frame *frame; /* of the thread that calls; NULL: it is on another node */
};
/* Does what the frame asks for, here or at the process's origin; the result, negative errno. */
int64_t system_call(struct frame *f);
/* It is about what the origin of a process keeps. */
bool system_call_is_stateful(uint64_t number);
/* Does it here. */
int64_t system_call_here(struct call *c);

#endif
