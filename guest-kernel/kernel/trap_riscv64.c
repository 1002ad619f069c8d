/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trap_riscv64.c - what scause means. System calls: ecall. The kernel runs in S-mode, users in U-mode. */
#include "guest-kernel/kernel/trap_riscv64.h"
#include "guest-kernel/kernel/cpu.h"
#include "guest-kernel/kernel/csr_riscv64.h"
#include "guest-kernel/kernel/irq_riscv64.h"
#include "guest-kernel/kernel/stack.h"

enum { RA = 1, X_SP, X_GP, X_TP, S0 = 8, A0 = 10, A7 = 17, SEPC = 32, SSTATUS, SCAUSE, STVAL };
enum { CAUSE_ILLEGAL = 2, CAUSE_CALL = 8, CAUSE_FETCH = 12, CAUSE_LOAD, CAUSE_STORE = 15 };
enum { INTERRUPT_SOFTWARE = 1, INTERRUPT_TIMER = 5, INTERRUPT_EXTERNAL = 9 };
#define INTERRUPT (UINT64_C(1) << 63)

const size_t arch_frame_bytes = FRAME_WORDS * 8;
const unsigned arch_call_bias = 0;

void arch_trap_init(void)
{
    csr_write(sscratch, 0);
    csr_write(stvec, (uintptr_t)trap_entries);
    csr_set(sstatus, SSTATUS_FS); /* floating point is there, and always to be saved */
    csr_write(sie, SIE_SOFTWARE | SIE_TIMER | SIE_EXTERNAL);
    arch_timer_set(UINT64_MAX);
}

void arch_frame_user(struct frame *f, uintptr_t pc, uintptr_t sp, uintptr_t argument)
{
    memset(f, 0, sizeof *f);
    f->word[A0] = argument;
    f->word[X_SP] = sp;
    f->word[SEPC] = pc;
    f->word[SSTATUS] = (csr_read(sstatus) & ~(uint64_t)SSTATUS_SPP) | SSTATUS_SPIE;
}

uintptr_t arch_frame_pc(const struct frame *f)
{
    return f->word[SEPC];
}

uintptr_t arch_frame_sp(const struct frame *f)
{
    return f->word[X_SP];
}

void arch_frame_set_sp(struct frame *f, uintptr_t sp)
{
    f->word[X_SP] = sp;
}

uintptr_t arch_frame_fp(const struct frame *f)
{
    return f->word[S0];
}

uint64_t arch_call_number(const struct frame *f)
{
    return f->word[A7];
}

uint64_t arch_call_argument(const struct frame *f, unsigned n)
{
    return f->word[A0 + n];
}

void arch_call_return(struct frame *f, int64_t value)
{
    f->word[A0] = (uint64_t)value;
}

bool arch_unwind(uintptr_t *fp, uintptr_t *return_address)
{
    const uintptr_t *at = (const uintptr_t *)*fp;

    if (*fp & 7 || !stack_holds((uintptr_t)(at - 2), 2 * sizeof *at))
        return false;
    *fp = at[-2];
    *return_address = at[-1];
    return true;
}

void arch_frame_print(const struct frame *f)
{
    for (unsigned i = RA; i < SEPC; i++)
        print("x%02u %016lx%s", i, f->word[i], i % 4 ? "  " : "\n");
    print("\npc %016lx  status %016lx  cause %016lx  tval %016lx\n", f->word[SEPC], f->word[SSTATUS],
          f->word[SCAUSE], f->word[STVAL]);
}

uint64_t arch_tls(const struct frame *f)
{
    return f->word[X_TP];
}

void arch_tls_set(struct frame *f, uint64_t value)
{
    f->word[X_TP] = value;
}

void arch_fp_init(void *fp)
{
    memset(fp, 0, FP_BYTES);
}

void arch_emergency_stack(uintptr_t top)
{
    __asm__ volatile("mv tp, %0" ::"r"(top));
}

void arch_kernel_stack(uintptr_t top)
{
    (void)top; /* sscratch is set on the way to user mode */
}

uintptr_t arch_context(uintptr_t top, void (*entry)(void))
{
    uintptr_t *sp = (uintptr_t *)top - 14;

    memset(sp, 0, 112);
    sp[0] = (uintptr_t)entry;
    return (uintptr_t)sp;
}

static const char *name_of(uint64_t cause)
{
    switch (cause) {
    case CAUSE_ILLEGAL:
        return "undefined instruction";
    case CAUSE_FETCH:
    case CAUSE_LOAD:
    case CAUSE_STORE:
        return "page fault";
    default:
        return "exception";
    }
}

/* With the lock. */
static void trap(struct frame *f)
{
    uint64_t cause = f->word[SCAUSE];
    bool user = !(f->word[SSTATUS] & SSTATUS_SPP);

    if (cause == (INTERRUPT | INTERRUPT_TIMER)) {
        arch_timer_set(UINT64_MAX);
        trap_timer(f, user);
    } else if (cause == (INTERRUPT | INTERRUPT_EXTERNAL)) {
        irq_take();
    } else if (cause == CAUSE_CALL) {
        f->word[SEPC] += 4;
        trap_call(f);
    } else {
        unsigned prot = cause == CAUSE_FETCH ? PROT_EXEC : cause == CAUSE_STORE ? PROT_WRITE : PROT_READ;
        bool page = cause == CAUSE_FETCH || cause == CAUSE_LOAD || cause == CAUSE_STORE;
        trap_exception(f, user, name_of(cause), page ? f->word[STVAL] : 0, prot);
    }
}

/* Where trap_riscv64.S puts it if there is no other stack. */
static bool on_emergency_stack(const struct frame *f)
{
    uintptr_t top;
    __asm__ volatile("mv %0, tp" : "=r"(top));
    return (uintptr_t)f + arch_frame_bytes == top;
}

void trap_c(struct frame *f)
{
    if (on_emergency_stack(f))
        trap_stack(f, f->word[STVAL]);
    if (f->word[SCAUSE] == (INTERRUPT | INTERRUPT_SOFTWARE)) {
        csr_clear(sip, SIE_SOFTWARE);
        cpu_answer();
        return;
    }
    bool taken = kernel_enter();
    trap(f);
    kernel_leave(taken);
}
