/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stack.h - kernel stacks: KERNEL_STACK each, of which the thread's record (struct thread) is the last
 * THREAD_BYTES. For C and assembler.
 *
 *     guard, KERNEL_STACK, not mapped | stack .......... <- sp | record |
 *     ^ a multiple of 2 * KERNEL_STACK                         ^ struct thread *
 *
 * They lie in a range of the kernel's address space of their own, out of any four pages each: not one to one,
 * so no device may be given an address in them. Bit STACK_BIT of an address tells a stack from a guard: the
 * way into C of aarch64 and riscv64 looks at it. Who runs out of stack meets the guard, and the trap goes on
 * on this CPU's emergency stack, which is one like all others.
 *
 * The boot stack, in the image, is for the first steps of each CPU, until it has a stack of its own.
 */
#ifndef KERNEL_STACK_H
#define KERNEL_STACK_H

#define KERNEL_STACK 16384
#define STACK_BIT    14
#define THREAD_BYTES 1024
#define BOOT_TOP     (KERNEL_STACK - THREAD_BYTES) /* of boot_stack, which has a record, too */

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stdint.h>

#define STACKS_BEGIN UINT64_C(0x7800000000) /* 480 GiB: behind all memory and devices */
struct thread;
extern char boot_stack[]; /* boot_<isa>.S */

/* A stack's record, all zero: where the stack begins to grow down. NULL: no memory. */
struct thread *stack_new(void);
void stack_free(struct thread *t);
/* Memory in stacks that are free. */
uint64_t stacks_free_bytes(void);
/* The address is in a guard. */
bool stack_guard(uintptr_t at);
/* n bytes there are part of one stack, and can be read. */
bool stack_holds(uintptr_t at, uint64_t n);
/* The record of the stack on which this runs. */
static inline struct thread *current(void)
{
    return (struct thread *)(((uintptr_t)__builtin_frame_address(0) | (KERNEL_STACK - 1)) + 1 - THREAD_BYTES);
}
#endif

#endif
