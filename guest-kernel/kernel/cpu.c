/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu.c - see cpu.h. */
#include "guest-kernel/kernel/cpu.h"
#include "guest-kernel/kernel/process.h"
#include "guest-kernel/kernel/stack.h"

enum { PATIENCE_NS = 1000000000 };

struct cpu cpus[BOOT_CPUS] = {{.online = true, .timer_at = UINT64_MAX}}; /* the one that boots is the first */
static unsigned count = 1;
static unsigned owner = 1;  /* of the lock: a CPU's number + 1; 0: free */
static unsigned stopped_by; /* the same */

void boot_cpu(struct boot_info *info, uint64_t hardware)
{
    if (info->n_cpus == BOOT_CPUS)
        panic("more than %d cpus", BOOT_CPUS);
    info->cpus[info->n_cpus++] = hardware;
}

struct cpu *cpu_self(void)
{
    return &cpus[current()->cpu];
}

unsigned cpu_number(const struct cpu *c)
{
    return (unsigned)(c - cpus);
}

unsigned cpu_count(void)
{
    return count;
}

static unsigned own_mark(void)
{
    return current()->cpu + 1;
}

void cpu_answer(void)
{
    struct cpu *self = cpu_self();
    unsigned by = __atomic_load_n(&stopped_by, __ATOMIC_ACQUIRE);

    if (by && by != own_mark())
        arch_halt();
    if (!__atomic_load_n(&self->flush, __ATOMIC_ACQUIRE))
        return;
    arch_paging_flush_here();
    __atomic_store_n(&self->flush, false, __ATOMIC_RELEASE);
}

uint64_t cpus_using(uint64_t root)
{
    uint64_t mask = 0;

    for (unsigned i = 0; i < count && count > 1; i++)
        if (&cpus[i] != cpu_self() && cpus[i].online && cpus[i].root != kernel_root &&
            (root == kernel_root || root == cpus[i].root))
            mask |= UINT64_C(1) << i;
    return mask;
}

/* They answer by interrupt in user mode and while idle, else while they wait for the lock. */
void cpus_flush(uint64_t mask)
{
    for (unsigned i = 0; i < BOOT_CPUS; i++) {
        if (!(mask >> i & 1))
            continue;
        __atomic_store_n(&cpus[i].flush, true, __ATOMIC_SEQ_CST);
        arch_ipi(&cpus[i]);
    }
    for (unsigned i = 0; i < BOOT_CPUS; i++)
        while (mask >> i & 1 && __atomic_load_n(&cpus[i].flush, __ATOMIC_ACQUIRE))
            arch_relax();
}

void kernel_lock(void)
{
    unsigned mark = own_mark(), nobody = 0;

    while (!__atomic_compare_exchange_n(&owner, &nobody, mark, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        if (nobody == mark)
            panic("cpu %u takes the lock that it has", mark - 1);
        nobody = 0;
        cpu_answer();
        arch_relax();
    }
    if (__atomic_load_n(&stopped_by, __ATOMIC_ACQUIRE))
        cpu_answer();
}

void kernel_unlock(void)
{
    __atomic_store_n(&owner, 0, __ATOMIC_RELEASE);
}

bool kernel_enter(void)
{
    unsigned mark = own_mark();

    if (__atomic_load_n(&owner, __ATOMIC_RELAXED) == mark)
        return false;
    if (__atomic_load_n(&stopped_by, __ATOMIC_RELAXED) == mark)
        return false; /* in a panic, which does without */
    kernel_lock();
    return true;
}

void kernel_leave(bool taken)
{
    if (taken)
        kernel_unlock();
}

/* Own stacks; false: no memory. */
static bool stacks(struct cpu *c)
{
    c->stack = stack_new();
    c->emergency = c->stack ? stack_new() : NULL;
    if (!c->emergency)
        return false;
    c->stack->cpu = c->emergency->cpu = cpu_number(c);
    return true;
}

/* From the boot stack to the own one, for ever. */
static void move(struct cpu *c, void (*there)(void))
{
    uintptr_t nobody;

    arch_switch(&nobody, arch_context((uintptr_t)c->stack, there));
    arch_halt();
}

void cpu_first(void (*there)(void))
{
    if (!stacks(&cpus[0]))
        panic("no memory for the kernel's stacks");
    arch_emergency_stack((uintptr_t)cpus[0].emergency);
    move(&cpus[0], there);
    arch_halt();
}

/* The first steps of any CPU but the first. */
static void online(void)
{
    struct cpu *self = cpu_self();

    kernel_lock();
    __atomic_store_n(&self->online, true, __ATOMIC_RELEASE);
    panic_test_cpu(cpu_number(self));
    scheduler();
}

static void begin(void)
{
    struct cpu *self = cpu_self();

    arch_emergency_stack((uintptr_t)self->emergency);
    arch_cpu_init();
    move(self, online);
}

/* One after the other: they begin on the same stack. */
static void start(struct cpu *c)
{
    struct thread *boot = (struct thread *)(boot_stack + BOOT_TOP);

    if (!stacks(c))
        panic("no memory for cpu %u", cpu_number(c));
    memset(boot, 0, sizeof *boot);
    boot->cpu = cpu_number(c);
    c->timer_at = UINT64_MAX;
    if (!arch_cpu_start(c->hardware, (uintptr_t)boot, begin))
        panic("cpu %u cannot be started", cpu_number(c));
    kernel_unlock();
    for (uint64_t end = arch_time_ns() + PATIENCE_NS; !__atomic_load_n(&c->online, __ATOMIC_ACQUIRE);) {
        if (arch_time_ns() >= end)
            panic("cpu %u does not start", cpu_number(c));
        arch_relax();
    }
    kernel_lock();
}

void cpus_start(void)
{
    uint64_t self = arch_cpu_hardware();

    cpus[0].hardware = self;
    for (unsigned i = 0; i < boot_info.n_cpus; i++) {
        if (boot_info.cpus[i] == self)
            continue;
        cpus[count].hardware = boot_info.cpus[i];
        start(&cpus[count++]);
    }
    print("cpus: %u run\n", count);
}

bool cpus_stop(void)
{
    unsigned mark = own_mark(), nobody = 0;

    if (!__atomic_compare_exchange_n(&stopped_by, &nobody, mark, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        if (nobody != mark)
            arch_halt();
        return false;
    }
    for (unsigned i = 0; i < BOOT_CPUS; i++)
        if (i + 1 != mark && cpus[i].online)
            arch_ipi(&cpus[i]);
    return true;
}

void cpu_wake(unsigned last)
{
    struct cpu *self = cpu_self(), *c = NULL;

    if (self->idle)
        c = self;
    else if (cpus[last].idle)
        c = &cpus[last];
    for (unsigned i = 0; i < count && !c; i++)
        if (cpus[i].idle)
            c = &cpus[i];
    if (!c)
        return;
    c->idle = false;
    if (c != self)
        arch_ipi(c);
}
