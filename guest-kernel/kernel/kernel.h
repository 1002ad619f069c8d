/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel.h - the portable parts that are small: boot data, text, memory, traps, panic. One section per file.
 *
 * Nothing here may be called from an interrupt but print functions and panic().
 */
#ifndef KERNEL_H
#define KERNEL_H

#include "guest-kernel/kernel/arch.h"

enum { PAGE = 4096, BLOCK = 16384 };

/* ---- boot data (boot_x86_64.c, boot_fdt.c) ---- */

enum { BOOT_RANGES = 16, BOOT_LINE = 1024, BOOT_CPUS = 8 };
struct boot_info {
    struct arch_range memory[BOOT_RANGES]; /* RAM */
    struct arch_range taken[BOOT_RANGES];  /* of it, not ours */
    unsigned n_memory, n_taken, n_cpus;
    uint64_t cpus[BOOT_CPUS]; /* what the hardware calls them */
    bool psci_smc;            /* aarch64: power is managed through SMC, else HVC */
    uint64_t initrd, initrd_bytes;
    bool imsic; /* riscv64: there is one */
    char line[BOOT_LINE];
};
extern struct boot_info boot_info;
/* One more CPU (cpu.c). */
void boot_cpu(struct boot_info *info, uint64_t hardware);
/* The value behind "key=" in the command line, up to a space, at most size - 1 characters; false: not there.
 */
bool boot_option(const char *key, char *value, size_t size);

/* ---- text.c ---- */

/* %s %c %u %d %x %p (64 bits with l: %lu %ld %lx), width and leading zero. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
size_t length(const char *s);
bool same(const char *a, const char *b);
void *memset(void *to, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n); /* they must not overlap */
/* Of a small size that the compiler knows these are a few instructions. */
#define memset(to, c, n)    __builtin_memset(to, c, n)
#define memcpy(to, from, n) __builtin_memcpy(to, from, n)
void *memmove(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* ---- pages.c: physical memory ---- */

void pages_init(const struct boot_info *info);
/* Page of 4 KiB, all zero; NULL if there is none. */
void *page_new(void);
/* The same, not cleared. */
void *page_take(void);
/* The same, not cleared, when those above get none any more: for what the kernel notes down; for messages. */
void *page_noted(void);
void *page_last(void);
void page_free(void *page);
/* BLOCK bytes, aligned to that, not cleared. */
void *block_new(void);
void block_free(void *block);
uint64_t pages_free_bytes(void);

/* ---- paging.c: address spaces ---- */

#define USER_BEGIN UINT64_C(0x8000000000) /* 512 GiB: behind the kernel's part */
#define USER_END   UINT64_C(0x10000000000)
extern uint64_t kernel_root;
/* The kernel's own mapping; uses it. */
void paging_init(const struct boot_info *info);
/* A page of a kernel stack (stack.c), for which paging_tables() has made the tables; -1: no memory. */
int paging_tables(uintptr_t at);
void paging_stack(uintptr_t at, void *page);
/* Maps devices' memory found later. */
void paging_device(uint64_t at, uint64_t bytes);
/* A root with the kernel's part only; 0 if there is no memory. */
uint64_t space_new(void);
/* Frees the user's pages and tables. */
void space_free(uint64_t root);
/* -1: no memory for tables. The page then belongs to the space. */
int space_map(uint64_t root, uintptr_t at, void *page, unsigned prot);
/* The page at this address and its PROT_*, NULL if none. */
void *space_page(uint64_t root, uintptr_t at, unsigned *prot);
/* Takes the page out and returns it, NULL if there is none. */
void *space_clear(uint64_t root, uintptr_t at);
/* The first address of a page that is there, from at on; end if there is none before. */
uintptr_t space_next(uint64_t root, uintptr_t at, uintptr_t end);
/* Takes all pages of a range out. */
void space_forget(uint64_t root, uintptr_t begin, uintptr_t end);
/* Makes the tables for a range, so that mapping pages there needs no memory; -1: there is none. */
int space_tables(uint64_t root, uintptr_t at, uint64_t bytes);
/* Takes the page out and frees it, if there is one. */
void space_unmap(uint64_t root, uintptr_t at);

/* ---- trap.c, called by trap_<isa>.c ---- */

enum trap { TRAP_CALL, TRAP_TIMER, TRAP_FAULT, TRAP_OTHER };
/* what: for people. address: of a fault. prot: the access that failed. */
void trap_exception(struct frame *f, bool user, const char *what, uintptr_t address, unsigned prot);
void trap_call(struct frame *f);
void trap_timer(struct frame *f, bool user);
void trap_irq(unsigned n);

/* On this CPU's emergency stack: the one in use before has run out, or its pointer is bad. address: as above.
 */
void trap_stack(const struct frame *f, uintptr_t address) __attribute__((noreturn));

/* ---- panic.c ---- */

/* Says why and where, and ends the node with a failure. May be called in any state: what goes wrong within it
 * ends the node at once. */
void panic(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* The same with the registers of a trap. */
void panic_frame(const struct frame *f, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));
/* Ends the node: by the adapter's result port, else a line on the console and power off. */
void node_end(int status) __attribute__((noreturn));

/* panic_test.c: does what panic= on the command line asks for, if it is the turn of: the kernel as soon as it
 * has memory; a CPU that has just started; all CPUs; a thread that ends. */
void panic_test(void);
void panic_test_cpu(unsigned number);
void panic_test_all(void);
void panic_test_exit(void);

/* ---- symbols.c ---- */

/* The function at this address and the offset in it; NULL if it is none of ours. */
const char *symbol_at(uintptr_t address, uintptr_t *offset);

/* ---- linker ---- */

extern char kernel_begin[], kernel_text_end[], kernel_data_end[], kernel_end[], kernel_bss[];

#endif
