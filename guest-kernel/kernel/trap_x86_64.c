/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trap_x86_64.c - descriptor tables, and what the CPU's vectors mean. System calls: int 0x80. */
#include "guest-kernel/kernel/trap_x86_64.h"
#include "guest-kernel/kernel/cpu.h"
#include "guest-kernel/kernel/io_x86_64.h"
#include "guest-kernel/kernel/mmio.h"
#include "guest-kernel/kernel/stack.h"

enum {
    R15,
    R14,
    R13,
    R12,
    R11,
    R10,
    R9,
    R8,
    RBP,
    RDI,
    RSI,
    RDX,
    RCX,
    RBX,
    RAX,
    VECTOR,
    ERROR,
    RIP,
    CS,
    RFLAGS,
    RSP,
    SS
};
enum { WORDS = SS + 1, KERNEL_CODE = 8, USER_DATA = 0x1b, USER_CODE = 0x23, TASK = 0x28, FLAGS_IF = 0x202 };
enum {
    DOUBLE_FAULT = 8,
    PAGE_FAULT = 14,
    ERROR_WRITE = 2,
    ERROR_FETCH = 16,
    MSR_FS = 0xc0000100u - 0xc0000000u
};
enum { GATE = 0x8e, GATE_USER = 0xee };
enum { CR0_MP = 2, CR0_EM = 4, CR0_TS = 8, CR0_NE = 32, CR4_OSFXSR = 0x200, CR4_OSXMMEXCPT = 0x400 };
enum { FP_MXCSR = 24, FP_CONTROL_RESET = 0x37f, FP_MXCSR_RESET = 0x1f80 };

const size_t arch_frame_bytes = WORDS * 8;
const unsigned arch_call_bias = 8;

static struct {
    uint32_t zero;
    uint64_t rsp0, rsp1, rsp2, zero1, ist1, rest[7];
    uint16_t zero2, io;
} __attribute__((packed)) tasks[BOOT_CPUS];
/* Behind these, two words for each CPU's task. */
static uint64_t gdt[TASK / 8 + 2 * BOOT_CPUS] = {0, 0x00af9b000000ffff, 0x00cf93000000ffff,
                                                 0x00cff3000000ffff, 0x00affb000000ffff};
static struct gate {
    uint16_t low, selector;
    uint8_t ist, type;
    uint16_t middle;
    uint32_t high, zero;
} idt[256];
struct pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

void arch_trap_init(void)
{
    struct pointer to_gdt = {sizeof gdt - 1, (uintptr_t)gdt}, to_idt = {sizeof idt - 1, (uintptr_t)idt};
    unsigned cpu = cpu_number(cpu_self()), selector = TASK + 16 * cpu;
    uint64_t t = (uintptr_t)&tasks[cpu], control;

    for (unsigned i = 0; i < 256; i++) {
        uint64_t at = (uintptr_t)trap_entries + i * 16;
        idt[i] = (struct gate){.low = (uint16_t)at,
                               .selector = KERNEL_CODE,
                               .ist = i == DOUBLE_FAULT, /* on the emergency stack */
                               .type = i == VECTOR_CALL ? GATE_USER : GATE,
                               .middle = (uint16_t)(at >> 16),
                               .high = (uint32_t)(at >> 32)};
    }
    tasks[cpu].io = sizeof tasks[cpu];
    gdt[selector / 8] =
        (sizeof tasks[cpu] - 1) | (t & 0xffffff) << 16 | UINT64_C(0x89) << 40 | (t >> 24 & 0xff) << 56;
    gdt[selector / 8 + 1] = t >> 32;
    __asm__ volatile("lgdt %0\n\tlidt %1\n\tltr %w2" ::"m"(to_gdt), "m"(to_idt), "r"(selector) : "memory");
    __asm__ volatile("mov %%cr0, %0" : "=r"(control));
    control = (control & ~(uint64_t)(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE;
    __asm__ volatile("mov %0, %%cr0" ::"r"(control));
    __asm__ volatile("mov %%cr4, %0" : "=r"(control));
    __asm__ volatile("mov %0, %%cr4" ::"r"(control | CR4_OSFXSR | CR4_OSXMMEXCPT));
}

/* Others fault when they are loaded, which happens in the kernel: the user's, at 0, fault in user mode. */
static uint64_t canonical(uint64_t address)
{
    return address >> 47 == 0 || address >> 47 == UINT64_MAX >> 47 ? address : 0;
}

void arch_frame_user(struct frame *f, uintptr_t pc, uintptr_t sp, uintptr_t argument)
{
    memset(f, 0, arch_frame_bytes);
    f->word[RIP] = canonical(pc);
    f->word[CS] = USER_CODE;
    f->word[RFLAGS] = FLAGS_IF;
    f->word[RSP] = sp;
    f->word[SS] = USER_DATA;
    f->word[RDI] = argument;
}

uintptr_t arch_frame_pc(const struct frame *f)
{
    return f->word[RIP];
}

uintptr_t arch_frame_sp(const struct frame *f)
{
    return f->word[RSP];
}

void arch_frame_set_sp(struct frame *f, uintptr_t sp)
{
    f->word[RSP] = sp;
}

uintptr_t arch_frame_fp(const struct frame *f)
{
    return f->word[RBP];
}

uint64_t arch_call_number(const struct frame *f)
{
    return f->word[RAX];
}

uint64_t arch_call_argument(const struct frame *f, unsigned n)
{
    static const uint8_t registers[] = {RDI, RSI, RDX, R10, R8, R9};
    return f->word[registers[n]];
}

void arch_call_return(struct frame *f, int64_t value)
{
    f->word[RAX] = (uint64_t)value;
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

void arch_frame_print(const struct frame *f)
{
    static const char *const names[WORDS] = {"r15", "r14", "r13", "r12", "r11", "r10", "r9",  "r8",
                                             "rbp", "rdi", "rsi", "rdx", "rcx", "rbx", "rax", "vec",
                                             "err", "rip", "cs",  "flg", "rsp", "ss"};

    for (unsigned i = 0; i < WORDS; i++)
        print("%s%3s %016lx", i % 4 ? "  " : i ? "\n" : "", names[i], f->word[i]);
    print("\n");
}

uint64_t arch_tls(const struct frame *f)
{
    (void)f;
    return msr_read(0xc0000000u + MSR_FS);
}

void arch_tls_set(struct frame *f, uint64_t value)
{
    (void)f;
    msr_write(0xc0000000u + MSR_FS, canonical(value));
}

void arch_fp_init(void *fp)
{
    static const struct {
        _Alignas(16) uint16_t control;
        uint8_t zero[FP_MXCSR - sizeof(uint16_t)];
        uint32_t mxcsr;
        uint8_t zero2[FP_BYTES - FP_MXCSR - sizeof(uint32_t)];
    } reset = {.control = FP_CONTROL_RESET, .mxcsr = FP_MXCSR_RESET};

    _Static_assert(sizeof reset == FP_BYTES, "format");
    memcpy(fp, &reset, sizeof reset);
}

void arch_emergency_stack(uintptr_t top)
{
    tasks[cpu_number(cpu_self())].ist1 = top;
}

void arch_kernel_stack(uintptr_t top)
{
    tasks[cpu_number(cpu_self())].rsp0 = top;
}

uintptr_t arch_context(uintptr_t top, void (*entry)(void))
{
    uintptr_t *sp = (uintptr_t *)top - 8; /* six registers, entry, no return address */

    memset(sp, 0, 64);
    sp[6] = (uintptr_t)entry;
    return (uintptr_t)sp;
}

static uint64_t fault_address(void)
{
    uint64_t address;
    __asm__ volatile("mov %%cr2, %0" : "=r"(address));
    return address;
}

static const char *name_of(uint64_t vector)
{
    switch (vector) {
    case 0:
        return "division by zero";
    case 6:
        return "undefined instruction";
    case 16:
    case 19:
        return "floating point";
    case 13:
        return "general protection";
    case PAGE_FAULT:
        return "page fault";
    default:
        return "exception";
    }
}

/* With the lock. */
static void trap(struct frame *f, uint64_t vector)
{
    bool user = f->word[CS] == USER_CODE;
    uint64_t address = 0;
    unsigned prot = PROT_READ;

    if (vector == VECTOR_CALL) {
        trap_call(f);
    } else if (vector == VECTOR_TIMER) {
        write32(APIC + APIC_EOI, 0);
        trap_timer(f, user);
    } else if (vector >= VECTOR_IRQ && vector < VECTOR_IRQ + IRQ_MAX) {
        write32(APIC + APIC_EOI, 0);
        trap_irq((unsigned)vector - VECTOR_IRQ);
    } else {
        if (vector == PAGE_FAULT)
            address = fault_address();
        if (f->word[ERROR] & ERROR_WRITE)
            prot = PROT_WRITE;
        else if (f->word[ERROR] & ERROR_FETCH)
            prot = PROT_EXEC;
        trap_exception(f, user, name_of(vector), address, prot);
    }
}

void trap_c(struct frame *f)
{
    uint64_t vector = f->word[VECTOR];

    if (vector == VECTOR_SPURIOUS)
        return;
    if (vector == VECTOR_IPI) {
        write32(APIC + APIC_EOI, 0);
        cpu_answer();
        return;
    }
    if (vector == DOUBLE_FAULT) /* a fault could not be told on the stack in use */
        trap_stack(f, fault_address());
    bool taken = kernel_enter();
    trap(f, vector);
    kernel_leave(taken);
}
