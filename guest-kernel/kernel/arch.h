/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arch.h - what each instruction set gives to the rest of the kernel; implemented in files named *_<isa>.c
 * and .S.
 *
 *   boot_<isa>.S      entry, stack, first mapping        machine_<isa>.c   console, power, clock, timer, PCI
 * access trap_<isa>.S/.c   exceptions and system calls        irq_<isa>.c       message-signalled interrupts
 *   paging_<isa>.c    format of page table entries         text_<isa>.c      copying and clearing much
 *
 * The kernel lies at its load address and maps memory and devices one to one in the first 512 GiB of every
 * address space; user memory is above. It is not preemptive: interrupts are off in the kernel and are taken
 * in user mode and in arch_idle(). One CPU at a time runs it (cpu.h).
 */
#ifndef KERNEL_ARCH_H
#define KERNEL_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct boot_info;
struct cpu;
struct frame;

/* ---- machine ---- */

extern const char arch_name[];
extern const uint16_t arch_elf_machine; /* e_machine of programs */
/* Fills *info from what the loader passed: PVH start info, or a device tree. */
void arch_boot_info(uintptr_t boot_data, struct boot_info *info);
/* Before the console is used; the identity mapping is not there yet. */
void arch_machine_init(void);
void arch_putc(char c);
/* What the serial port has received; -1: nothing. */
int arch_getc(void);
/* Returns only if the machine ignores it. */
void arch_off(void);
/* ns since some start; never goes back. */
uint64_t arch_time_ns(void);
/* The timer interrupt comes at this time of arch_time_ns(), soon if it has passed; UINT64_MAX: not at all. */
void arch_timer_set(uint64_t at_ns);
/* Drops the kernel's lock, waits for an interrupt and handles it, and takes the lock again. */
void arch_idle(void);
/* Of a loop that waits for another CPU: lets others get on, if it can. */
void arch_relax(void);
/* Stops this CPU for ever. */
void arch_halt(void) __attribute__((noreturn));
/* Devices the kernel drives, as pairs (address, bytes) up to 0 bytes; mapped read-write, uncached. */
struct arch_range {
    uint64_t at, bytes;
};
extern const struct arch_range arch_devices[];

/* Configuration space of bus 0; offset is a multiple of 4. */
uint32_t arch_pci_read(unsigned slot, unsigned function, unsigned offset);
void arch_pci_write(unsigned slot, unsigned function, unsigned offset, uint32_t value);
/* Where memory of devices may be placed; 0: firmware has placed it. */
extern const uint32_t arch_pci_window;

/* ---- traps ---- */

enum { FRAME_WORDS = 36 };
struct frame { /* registers of what was interrupted, in the order of trap_<isa>.S */
    uint64_t word[FRAME_WORDS];
};

/* On each CPU: exceptions go to trap.c's functions from here on. */
void arch_trap_init(void);
/* Bytes of a frame on a kernel stack. */
extern const size_t arch_frame_bytes;
/* A frame that begins in user mode at pc with this stack and first argument. */
void arch_frame_user(struct frame *f, uintptr_t pc, uintptr_t sp, uintptr_t argument);
/* The stack pointer at a function's first instruction is so much below a multiple of 16. */
extern const unsigned arch_call_bias;
uintptr_t arch_frame_pc(const struct frame *f);
uintptr_t arch_frame_sp(const struct frame *f);
void arch_frame_set_sp(struct frame *f, uintptr_t sp);
/* Number, arguments and result of a system call. */
uint64_t arch_call_number(const struct frame *f);
uint64_t arch_call_argument(const struct frame *f, unsigned n);
void arch_call_return(struct frame *f, int64_t value);
/* The frame's frame pointer, for the back-trace. */
uintptr_t arch_frame_fp(const struct frame *f);
/* Steps from a frame pointer to the caller's; false at the end, or if there is no frame on a stack. */
bool arch_unwind(uintptr_t *fp, uintptr_t *return_address);
/* All registers, on the console. */
void arch_frame_print(const struct frame *f);
/* Leaves to user mode by the frame at the top of the running thread's stack; does not return. */
void arch_return(struct frame *f) __attribute__((noreturn));
/* Saves the running context at *save and goes on in another one that was saved, or made by arch_context(). */
void arch_switch(uintptr_t *save, uintptr_t next);
/* A context that calls entry() on the stack that ends at top. */
uintptr_t arch_context(uintptr_t top, void (*entry)(void));
/* This CPU's emergency stack (stack.h) ends there. */
void arch_emergency_stack(uintptr_t top);
/* The kernel stack on which traps from user mode begin. */
void arch_kernel_stack(uintptr_t top);
/* The user's thread pointer of the running thread, of which f is the frame. */
uint64_t arch_tls(const struct frame *f);
void arch_tls_set(struct frame *f, uint64_t value);
/*
 * The user's floating point and vector registers with their control registers, which the kernel never uses:
 * FP_BYTES at a multiple of 16 (fp_<isa>.S). arch_fp_init(): all zero, rounding to nearest, no exception
 * traps.
 */
enum { FP_BYTES = 544 };
void arch_fp_init(void *fp);
void arch_fp_save(void *fp);
void arch_fp_restore(const void *fp);

/* ---- paging: four levels of 512 entries, pages of 4 KiB, on all three ---- */

enum { PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4, PROT_USER = 8, PROT_DEVICE = 16 };
bool arch_pte_present(uint64_t pte);
uint64_t arch_pte_address(uint64_t pte);
uint64_t arch_pte_table(uint64_t address);
/* large: a page of 2 MiB. */
uint64_t arch_pte_page(uint64_t address, unsigned prot, bool large);
/* PROT_* of a page's entry. */
unsigned arch_pte_prot(uint64_t pte);
/* Makes it the current address space and forgets cached translations. */
void arch_paging_use(uint64_t root);
/* Once, before the first arch_paging_use(). */
void arch_paging_init(void);
/* After a change in an address space in use: this CPU forgets cached translations. */
void arch_paging_flush_here(void);
/* The others, of which this is a mask of numbers, have forgotten them when it returns. */
void arch_paging_flush(uint64_t others);
/* After instructions were written, for all CPUs. */
void arch_code_changed(void);

/* ---- large pieces of memory (text_<isa>.c) ---- */

/* bytes: a multiple of 128, not 0. They do not overlap, and lie at multiples of 8. */
void arch_copy(void *to, const void *from, size_t bytes);
/* The same of what lies at a multiple of 64: all zero. */
void arch_zero(void *to, size_t bytes);

/* ---- CPUs ---- */

/* What the hardware calls this one; valid on the one that boots. */
uint64_t arch_cpu_hardware(void);
/* Starts another, which calls begin() on the stack that ends at top and is mapped one to one. False: it
 * cannot be started. */
bool arch_cpu_start(uint64_t hardware, uintptr_t top, void (*begin)(void));
/* On another, first of all: address space, traps, timer, interrupts. */
void arch_cpu_init(void);
/* Makes that CPU call cpu_answer(), and wakes it. */
void arch_ipi(const struct cpu *c);

/* ---- interrupts ---- */

/* True if the machine can take message-signalled interrupts. */
bool arch_irq_init(const struct boot_info *info);
/* What a device writes where for interrupt n (0 .. IRQ_MAX - 1). */
enum { IRQ_MAX = 16 };
void arch_irq_message(unsigned n, uint64_t *address, uint32_t *data);

#endif
