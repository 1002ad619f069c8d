/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trap_aarch64.c - what the exception syndrome means. System calls: svc 0. The kernel runs at EL1, users at
 * EL0. */
#include "guest-kernel/kernel/trap_aarch64.h"
#include "guest-kernel/kernel/cpu.h"
#include "guest-kernel/kernel/irq_aarch64.h"
#include "guest-kernel/kernel/stack.h"

enum { X29 = 29, X30, SP, ELR, SPSR, ESR, VECTOR };
enum { VECTOR_USER = 8, VECTOR_EMERGENCY = 16, VECTOR_KIND = 3, KIND_SYNC = 0, KIND_IRQ = 1 };
enum {
    EC_FP = 7,
    EC_SVC = 0x15,
    EC_FETCH_USER = 0x20,
    EC_FETCH,
    EC_DATA_USER = 0x24,
    EC_DATA,
    ISS_WRITE = 1 << 6
};

#define CPACR_FP (UINT64_C(3) << 20) /* no traps of floating point and SIMD */

const size_t arch_frame_bytes = FRAME_WORDS * 8;
const unsigned arch_call_bias = 0;

void arch_trap_init(void)
{
    __asm__ volatile("msr vbar_el1, %0\n\tmsr cpacr_el1, %1\n\tisb" ::"r"(trap_entries), "r"(CPACR_FP));
}

void arch_frame_user(struct frame *f, uintptr_t pc, uintptr_t sp, uintptr_t argument)
{
    memset(f, 0, sizeof *f);
    f->word[0] = argument;
    f->word[SP] = sp;
    f->word[ELR] = pc; /* SPSR 0: EL0, interrupts on */
}

uintptr_t arch_frame_pc(const struct frame *f)
{
    return f->word[ELR];
}

uintptr_t arch_frame_sp(const struct frame *f)
{
    return f->word[VECTOR] >= VECTOR_USER ? f->word[SP] : (uintptr_t)(f + 1);
}

void arch_frame_set_sp(struct frame *f, uintptr_t sp)
{
    f->word[SP] = sp;
}

uintptr_t arch_frame_fp(const struct frame *f)
{
    return f->word[X29];
}

uint64_t arch_call_number(const struct frame *f)
{
    return f->word[8];
}

uint64_t arch_call_argument(const struct frame *f, unsigned n)
{
    return f->word[n];
}

void arch_call_return(struct frame *f, int64_t value)
{
    f->word[0] = (uint64_t)value;
}

bool arch_unwind(uintptr_t *fp, uintptr_t *return_address)
{
    const uintptr_t *at = (const uintptr_t *)*fp;

    if (*fp & 7 || !stack_holds((uintptr_t)(at), 2 * sizeof *at))
        return false;
    *fp = at[0];
    *return_address = at[1];
    return true;
}

static uint64_t fault_address(void)
{
    uint64_t address;
    __asm__ volatile("mrs %0, far_el1" : "=r"(address));
    return address;
}

void arch_frame_print(const struct frame *f)
{
    for (unsigned i = 0; i <= X30; i++)
        print("%sx%02u %016lx", i % 4 ? "  " : i ? "\n" : "", i, f->word[i]);
    print("\n sp %016lx   pc %016lx  psr %016lx  esr %016lx\nfar %016lx\n", arch_frame_sp(f), f->word[ELR],
          f->word[SPSR], f->word[ESR], fault_address());
}

uint64_t arch_tls(const struct frame *f)
{
    uint64_t v;
    (void)f;
    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(v));
    return v;
}

void arch_tls_set(struct frame *f, uint64_t value)
{
    (void)f;
    __asm__ volatile("msr tpidr_el0, %0" ::"r"(value));
}

void arch_fp_init(void *fp)
{
    memset(fp, 0, FP_BYTES);
}

void arch_emergency_stack(uintptr_t top)
{
    __asm__ volatile("msr tpidr_el1, %0" ::"r"(top));
}

void arch_kernel_stack(uintptr_t top)
{
    (void)top; /* SP_EL1 is there when a thread returns to user mode */
}

uintptr_t arch_context(uintptr_t top, void (*entry)(void))
{
    uintptr_t *sp = (uintptr_t *)top - 12;

    memset(sp, 0, 96);
    sp[11] = (uintptr_t)entry;
    return (uintptr_t)sp;
}

static const char *name_of(unsigned class)
{
    switch (class) {
    case 0:
        return "undefined instruction";
    case EC_FP:
        return "floating point";
    case EC_FETCH_USER:
    case EC_FETCH:
    case EC_DATA_USER:
    case EC_DATA:
        return "page fault";
    default:
        return "exception";
    }
}

/* With the lock; not for interrupts. */
static void trap(struct frame *f, bool user)
{
    uint64_t vector = f->word[VECTOR], address = 0;
    unsigned class = f->word[ESR] >> 26 & 63, prot = PROT_READ;

    if ((vector & VECTOR_KIND) == KIND_SYNC && class == EC_SVC && user) {
        trap_call(f);
        return;
    }
    bool fetch = class == EC_FETCH || class == EC_FETCH_USER;
    bool data = class == EC_DATA || class == EC_DATA_USER;
    if (fetch || data)
        address = fault_address();
    if (fetch)
        prot = PROT_EXEC;
    else if (data && f->word[ESR] & ISS_WRITE)
        prot = PROT_WRITE;
    trap_exception(f, user, name_of(class), address, prot);
}

void trap_c(struct frame *f)
{
    bool user = f->word[VECTOR] >= VECTOR_USER;

    if (f->word[VECTOR] >= VECTOR_EMERGENCY) {
        f->word[SP] = arch_tls(f) + arch_frame_bytes; /* that is where trap_aarch64.S has put it */
        trap_stack(f, fault_address());
    }
    if ((f->word[VECTOR] & VECTOR_KIND) == KIND_IRQ) {
        irq_take(f, user);
        return;
    }
    bool taken = kernel_enter();
    trap(f, user);
    kernel_leave(taken);
}
