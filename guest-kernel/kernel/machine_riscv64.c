/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine_riscv64.c - QEMU's virt: 16550 at 0x10000000, ECAM at 0x30000000, time base 10 MHz, timer,
 * power and harts by SBI.
 */
#include "guest-kernel/kernel/boot_fdt.h"
#include "guest-kernel/kernel/cpu.h"
#include "guest-kernel/kernel/csr_riscv64.h"
#include "guest-kernel/kernel/mmio.h"

#define UART         0x10000000u
#define UART_LSR     (UART + 5)
#define LSR_THRE     0x20u
#define LSR_DATA     1u
#define PCI_ECAM     0x30000000u
#define TIME_STEP_NS 100u

const char arch_name[] = "riscv64";
const uint16_t arch_elf_machine = 243;
const uint32_t arch_pci_window = 0x40000000u; /* nobody has placed anything there */
const struct arch_range arch_devices[] = {{UART, 4096}, {PCI_ECAM, 1 << 20}, {0, 0}};

extern const uint64_t boot_hart; /* boot_riscv64.S */
extern const char boot_second[];

void arch_machine_init(void)
{
}

void arch_boot_info(uintptr_t boot_data, struct boot_info *info)
{
    boot_fdt(boot_data, info);
}

void arch_putc(char c)
{
    while (!(*(volatile uint8_t *)(uintptr_t)UART_LSR & LSR_THRE))
        ;
    *(volatile uint8_t *)(uintptr_t)UART = (uint8_t)c;
}

int arch_getc(void)
{
    bool there = *(volatile uint8_t *)(uintptr_t)UART_LSR & LSR_DATA;

    return there ? *(volatile uint8_t *)(uintptr_t)UART : -1;
}

void arch_off(void)
{
    sbi(SBI_SRST, 0, 0, 0, 0, 0);
}

uint64_t arch_time_ns(void)
{
    return csr_read(time) * TIME_STEP_NS;
}

void arch_timer_set(uint64_t at_ns)
{
    sbi(SBI_TIME, 0, at_ns == UINT64_MAX ? UINT64_MAX : at_ns / TIME_STEP_NS + 1, 0, 0, 0);
}

void arch_idle(void)
{
    kernel_unlock();
    __asm__ volatile("wfi\n\tcsrsi sstatus, 2\n\tnop\n\tcsrci sstatus, 2" ::: "memory");
    kernel_lock();
}

/*
 * A wait that ends at once, for which QEMU lets the next hart run; under "pause" it would not. An interrupt
 * of another hart that is lost by it was for cpu_answer(), which every such loop calls or need not.
 */
void arch_relax(void)
{
    csr_set(sip, SIE_SOFTWARE);
    __asm__ volatile("wfi" ::: "memory");
    csr_clear(sip, SIE_SOFTWARE);
}

void arch_halt(void)
{
    csr_write(sie, 0);
    for (;;)
        __asm__ volatile("wfi" ::: "memory");
}

uint64_t arch_cpu_hardware(void)
{
    return boot_hart;
}

bool arch_cpu_start(uint64_t hardware, uintptr_t top, void (*begin)(void))
{
    ((void (**)(void))top)[-2] = begin;
    return sbi(SBI_HSM, 0, hardware, (uintptr_t)boot_second, top, 0) == 0;
}

void arch_cpu_init(void)
{
    arch_paging_use(kernel_root);
    arch_trap_init();
}

void arch_ipi(const struct cpu *c)
{
    sbi(SBI_IPI, 0, 1, c->hardware, 0, 0);
}

uint32_t arch_pci_read(unsigned slot, unsigned function, unsigned offset)
{
    return read32(PCI_ECAM + (slot << 15) + (function << 12) + offset);
}

void arch_pci_write(unsigned slot, unsigned function, unsigned offset, uint32_t value)
{
    write32(PCI_ECAM + (slot << 15) + (function << 12) + offset, value);
}
