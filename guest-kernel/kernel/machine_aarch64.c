/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine_aarch64.c - QEMU's virt: PL011 at 0x9000000, ECAM above 256 GiB, GICv2, power and CPUs by PSCI 1.1,
 * the processor's virtual timer.
 */
#include "guest-kernel/kernel/boot_fdt.h"
#include "guest-kernel/kernel/cpu.h"
#include "guest-kernel/kernel/irq_aarch64.h"
#include "guest-kernel/kernel/mmio.h"

#define UART_DATA 0x9000000u
#define UART_FLAG 0x9000018u
#define FLAG_FULL 0x20u
#define FLAG_NONE 0x10u
#define PSCI_OFF  0x84000008u
#define PSCI_ON   0xc4000003u
#define AFFINITY  UINT64_C(0xff00ffffff) /* of MPIDR */
#define PCI_ECAM  0x4010000000u

const char arch_name[] = "aarch64";
const uint16_t arch_elf_machine = 183;
const uint32_t arch_pci_window = 0x10000000u; /* nobody has placed anything there */
const struct arch_range arch_devices[] = {{GIC_DISTRIBUTOR, 0x10000}, {GIC_CPU, 0x10000},  {GIC_V2M, 0x1000},
                                          {UART_DATA, 4096},          {PCI_ECAM, 1 << 20}, {0, 0}};

extern const char boot_second[]; /* boot_aarch64.S */
static uint64_t frequency;       /* of the counter */

void arch_machine_init(void)
{
    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
}

void arch_boot_info(uintptr_t boot_data, struct boot_info *info)
{
    boot_fdt(boot_data, info);
}

void arch_putc(char c)
{
    while (read32(UART_FLAG) & FLAG_FULL)
        ;
    write32(UART_DATA, (uint8_t)c);
}

int arch_getc(void)
{
    return read32(UART_FLAG) & FLAG_NONE ? -1 : (int)(read32(UART_DATA) & 0xff);
}

static int64_t psci(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t x0 __asm__("x0") = function, x1 __asm__("x1") = a, x2 __asm__("x2") = b,
                         x3 __asm__("x3") = c;

    if (boot_info.psci_smc)
        __asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    else
        __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    return (int64_t)x0;
}

void arch_off(void)
{
    psci(PSCI_OFF, 0, 0, 0);
}

uint64_t arch_time_ns(void)
{
    uint64_t count;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count));
    return count / frequency * 1000000000u + count % frequency * 1000000000u / frequency;
}

void arch_timer_set(uint64_t at_ns)
{
    /* one count later: never before its time */
    uint64_t count = at_ns / 1000000000u * frequency + at_ns % 1000000000u * frequency / 1000000000u + 1;

    if (at_ns == UINT64_MAX) {
        __asm__ volatile("msr cntv_ctl_el0, %0\n\tisb" ::"r"(0ul));
        return;
    }
    __asm__ volatile("msr cntv_cval_el0, %0\n\tmsr cntv_ctl_el0, %1\n\tisb" ::"r"(count), "r"(1ul));
}

void arch_idle(void)
{
    kernel_unlock();
    __asm__ volatile("wfi\n\tmsr daifclr, #2\n\tisb\n\tmsr daifset, #2" ::: "memory");
    kernel_lock();
}

void arch_relax(void)
{
    __asm__ volatile("yield" ::: "memory");
}

void arch_halt(void)
{
    irq_off();
    for (;;)
        __asm__ volatile("wfi" ::: "memory");
}

uint64_t arch_cpu_hardware(void)
{
    uint64_t mpidr;
    __asm__ volatile("mrs %0, mpidr_el1" : "=r"(mpidr));
    return mpidr & AFFINITY;
}

bool arch_cpu_start(uint64_t hardware, uintptr_t top, void (*begin)(void))
{
    ((void (**)(void))top)[-2] = begin;
    __asm__ volatile("dsb ish" ::: "memory");
    return psci(PSCI_ON, hardware, (uintptr_t)boot_second, top) == 0;
}

void arch_cpu_init(void)
{
    arch_paging_init();
    arch_paging_use(kernel_root);
    arch_trap_init();
    irq_cpu_init();
}

uint32_t arch_pci_read(unsigned slot, unsigned function, unsigned offset)
{
    return read32(PCI_ECAM + (slot << 15) + (function << 12) + offset);
}

void arch_pci_write(unsigned slot, unsigned function, unsigned offset, uint32_t value)
{
    write32(PCI_ECAM + (slot << 15) + (function << 12) + offset, value);
}
