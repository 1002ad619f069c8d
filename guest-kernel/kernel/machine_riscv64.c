/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine_riscv64.c - QEMU's virt: 16550 at 0x10000000, ECAM at 0x30000000, time base 10 MHz, timer and power
 * by SBI.
 */
#include "guest-kernel/kernel/boot_fdt.h"
#include "guest-kernel/kernel/csr_riscv64.h"
#include "guest-kernel/kernel/mmio.h"

#define UART         0x10000000u
#define UART_LSR     (UART + 5)
#define LSR_THRE     0x20u
#define PCI_ECAM     0x30000000u
#define TIME_STEP_NS 100u
enum { SBI_TIME = 0x54494d45, SBI_SRST = 0x53525354 };

const char arch_name[] = "riscv64";
const uint16_t arch_elf_machine = 243;
const uint32_t arch_pci_window = 0x40000000u; /* nobody has placed anything there */
const struct arch_range arch_devices[] = {{UART, 4096}, {PCI_ECAM, 1 << 20}, {0, 0}};

static void sbi(unsigned long extension, unsigned long argument)
{
    register unsigned long a0 __asm__("a0") = argument, a1 __asm__("a1") = 0, a6 __asm__("a6") = 0,
                              a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
}

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

void arch_off(void)
{
    sbi(SBI_SRST, 0);
}

uint64_t arch_time_ns(void)
{
    return csr_read(time) * TIME_STEP_NS;
}

void arch_timer_set(uint64_t at_ns)
{
    sbi(SBI_TIME, at_ns == UINT64_MAX ? UINT64_MAX : at_ns / TIME_STEP_NS + 1);
}

void arch_idle(void)
{
    __asm__ volatile("wfi\n\tcsrsi sstatus, 2\n\tnop\n\tcsrci sstatus, 2" ::: "memory");
}

uint32_t arch_pci_read(unsigned slot, unsigned function, unsigned offset)
{
    return read32(PCI_ECAM + (slot << 15) + (function << 12) + offset);
}

void arch_pci_write(unsigned slot, unsigned function, unsigned offset, uint32_t value)
{
    write32(PCI_ECAM + (slot << 15) + (function << 12) + offset, value);
}
