/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trap.c - what happens at a trap, on every instruction set; see kernel.h. */
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/console.h"
#include "guest-kernel/kernel/cpu.h"
#include "guest-kernel/kernel/irq.h"
#include "guest-kernel/kernel/kernel.h"
#include "guest-kernel/kernel/process.h"
#include "guest-kernel/kernel/syscall.h"

void trap_exception(struct frame *f, bool user, const char *what, uintptr_t address, unsigned prot)
{
    static const char *const access[] = {
        [PROT_READ] = "read", [PROT_WRITE] = "write", [PROT_EXEC] = "execute"};

    if (!user && stack_guard(address))
        panic_frame(f, "kernel stack overflow at %p, %s of %p", (void *)arch_frame_pc(f), access[prot],
                    (void *)address);
    if (!user)
        panic_frame(f, "%s at %p, %s of %p", what, (void *)arch_frame_pc(f), access[prot], (void *)address);
    if (!process_fault(address, prot))
        print("process %d: %s at %lx, %s of %lx\n", current()->process->id, what, arch_frame_pc(f),
              access[prot], address);
    arch_paging_flush_here(); /* what another CPU has changed meanwhile */
    leave_if_killed();
}

void trap_stack(const struct frame *f, uintptr_t address)
{
    uintptr_t sp = arch_frame_sp(f);

    if (stack_guard(address) || stack_guard(sp - arch_frame_bytes))
        panic_frame(f, "kernel stack overflow at %p, stack pointer %p", (void *)arch_frame_pc(f), (void *)sp);
    panic_frame(f, "bad kernel stack pointer %p at %p", (void *)sp, (void *)arch_frame_pc(f));
}

void trap_call(struct frame *f)
{
    memory_progress(true);
    arch_call_return(f, system_call(f));
    leave_if_killed();
}

void trap_timer(struct frame *f, bool user)
{
    (void)f;
    cpu_self()->timer_at = UINT64_MAX;
    wake_sleepers();
    cluster_poll();
    console_poll();
    memory_progress(false);
    if (user)
        yield();
    leave_if_killed();
}

void trap_irq(unsigned n)
{
    irq_handle(n);
    memory_progress(false);
    preempt();
    leave_if_killed();
}
