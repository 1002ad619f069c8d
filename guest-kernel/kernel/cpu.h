/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpu.h - the CPUs of this node, and the one lock that lets one at a time into the kernel.
 *
 * A CPU takes the lock when it enters the kernel from user mode or is woken in arch_idle(), and drops it when
 * it returns there; a thread that waits leaves the lock to its CPU. So the kernel is not preemptive and one
 * CPU at a time runs it, but for cpu_answer(), which a CPU without the lock runs, too.
 */
#ifndef KERNEL_CPU_H
#define KERNEL_CPU_H

#include "guest-kernel/kernel/kernel.h"

struct cpu {
    uint64_t hardware; /* as boot data names it: APIC id, MPIDR, hart */
    bool online;       /* has taken the lock once */
    bool idle;         /* waits for an interrupt, and nobody has sent one because of a thread */
    bool open;         /* interrupts should be taken before the next thread */
    bool flush;        /* others want it to forget cached translations; it clears this when it has */
    uint64_t root;     /* the address space it uses */
    uintptr_t idle_context;
    struct thread *stack, *emergency; /* of the idle loop; for traps that have no other */
    uint64_t timer_at;                /* its next timer interrupt; UINT64_MAX: none since the last */
};
extern struct cpu cpus[BOOT_CPUS];

/* The one that runs this. May be another after anything that waits. */
struct cpu *cpu_self(void);
/* Of those that run. */
unsigned cpu_count(void);
/* Its number is this. */
unsigned cpu_number(const struct cpu *c);
/* On the boot stack: the first CPU goes on there, on its own stack. */
void cpu_first(void (*there)(void)) __attribute__((noreturn));
/* Starts all others; returns when they are idle. One that does not come is a panic. */
void cpus_start(void);
/* For ever; this one goes on. Another that calls it later is stopped, too. False: this one has done it
 * already. */
bool cpus_stop(void);
/* A thread is there to be run: wakes one CPU that is idle, this one first, else the thread's last one. */
void cpu_wake(unsigned last);
/* A mask of the other CPUs that use this address space; kernel_root: that use any process's. */
uint64_t cpus_using(uint64_t root);
/* They have called arch_paging_flush_here() when it returns. */
void cpus_flush(uint64_t mask);
/* Does what others want of this CPU: at their interrupt and while it waits for the lock. */
void cpu_answer(void);

void kernel_lock(void);
void kernel_unlock(void);
/* At a trap: takes the lock unless this CPU has it. kernel_leave() wants to know what it returned. */
bool kernel_enter(void);
void kernel_leave(bool taken);

#endif
