/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest.h - the bare guests: programs that are their own kernel, to be started with `kernel:` and `append:`.
 *
 *   busy.c       computes for a given virtual time, then reports `cob: result 0` and powers off
 *   misbehave.c  does one of the things that a guest should not do
 *   fabric.c     tries the fabric adapter; with fabric_*.c, adapter.h and .c (driver), pci.h and .c
 *   debuggee.c   something to look at with a debugger; turns.c the same with two CPUs (and *_second.S)
 *   text.c       printing, and reading the command line
 *   fdt.c        the command line out of a device tree (aarch64, riscv64)
 *   x86_64.S/.c  entry and machine: PVH on q35               8250 at port 0x3f8
 *   aarch64.S/.c entry and machine: Image on virt, EL1       PL011 at 0x9000000, PSCI by HVC
 *   riscv64.S/.c entry and machine: Image on virt, S-mode    16550 at 0x10000000, SBI
 *
 * No libc, one CPU, no interrupts, identity mapping, no floating point. Each is linked from the files named
 * in build-guests.ninja and needs 4 MiB of memory.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The program; called once with a stack of 16 KiB. When it returns, the machine is powered off. */
void guest_main(const char *command_line);

/* ---- machine (x86_64.c, aarch64.c, riscv64.c) ---- */

/* Called by the entry with what the loader passed: start info (x86_64) or device tree. */
void guest_start(uintptr_t boot_data);
void machine_putc(char c);
/* Virtual time in ns, from any start; steps of at most 100 ns. */
uint64_t machine_time_ns(void);
/* These two return only if the machine ignores them. */
void machine_off(void);
void machine_reset(void);
/* Waits for an interrupt, of which there are none. */
void machine_wait(void);
/* Writes the instructions of a function that returns n (below 128) and may be called without arguments. */
enum { MACHINE_CODE_BYTES = 16 };
void machine_code(void *to, unsigned n);

/* ---- text.c ---- */

void print(const char *text);
void print_number(uint64_t n);
/* True if the command line has this word. */
bool has_word(const char *command_line, const char *word);
/* The number behind "key=" in the command line, or `otherwise`. key includes the equals sign. */
uint64_t number_of(const char *command_line, const char *key, uint64_t otherwise);

/* ---- fdt.c ---- */

/* /chosen/bootargs, or "" if there is none. */
const char *fdt_bootargs(const void *tree);

#endif
