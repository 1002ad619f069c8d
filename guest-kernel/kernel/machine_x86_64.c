/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine_x86_64.c - QEMU's q35: 8250 at port 0x3f8, ACPI power-off at port 0x604, PCI at 0xcf8, local APIC's
 * timer, which counts ns. The clock is the TSC, measured against that timer for 1 ms (under -icount it counts
 * ns, too).
 */
#include "guest-kernel/kernel/cpu.h"
#include "guest-kernel/kernel/io_x86_64.h"
#include "guest-kernel/kernel/mmio.h"

enum { PCI_ADDRESS = 0xcf8, PCI_DATA = 0xcfc, PIC_1_MASK = 0x21, PIC_2_MASK = 0xa1 };
enum { UART = 0x3f8, UART_LSR = UART + 5, LSR_THRE = 0x20, LSR_DATA = 1, PM1A_CNT = 0x604, SLP_EN = 0x2000 };
enum { MEASURE_NS = 1000000 };

const char arch_name[] = "x86_64";
const uint16_t arch_elf_machine = 62;
const uint32_t arch_pci_window = 0; /* SeaBIOS has done it */
const struct arch_range arch_devices[] = {{APIC, 4096}, {0, 0}};

static uint64_t tsc_mhz, tsc_start;

static uint64_t tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static void apic_init(void)
{
    write32(APIC + APIC_SPURIOUS, APIC_ENABLE | VECTOR_SPURIOUS);
    write32(APIC + APIC_DIVIDE, APIC_BY_1);
}

void arch_machine_init(void)
{
    out8(PIC_1_MASK, 0xff);
    out8(PIC_2_MASK, 0xff);
    apic_init();
    write32(APIC + APIC_LVT_TIMER, 1 << 16 | VECTOR_TIMER); /* masked */
    write32(APIC + APIC_INITIAL, ~0u);
    uint32_t left = read32(APIC + APIC_CURRENT), now = left;
    tsc_start = tsc();
    while (left - now < MEASURE_NS)
        now = read32(APIC + APIC_CURRENT);
    uint64_t ticks = tsc() - tsc_start, ns = left - now;
    tsc_mhz = (ticks * 1000 + ns / 2) / ns;
    write32(APIC + APIC_INITIAL, 0);
    write32(APIC + APIC_LVT_TIMER, VECTOR_TIMER);
}

void arch_putc(char c)
{
    while (!(in8(UART_LSR) & LSR_THRE))
        ;
    out8(UART, (uint8_t)c);
}

int arch_getc(void)
{
    return in8(UART_LSR) & LSR_DATA ? in8(UART) : -1;
}

void arch_off(void)
{
    out16(PM1A_CNT, SLP_EN);
}

uint64_t arch_time_ns(void)
{
    return (tsc() - tsc_start) * 1000 / tsc_mhz;
}

void arch_timer_set(uint64_t at_ns)
{
    uint64_t now = arch_time_ns(), wait = at_ns > now ? at_ns - now : 1;

    if (at_ns == UINT64_MAX)
        wait = 0;
    else if (wait > UINT32_MAX)
        wait = UINT32_MAX; /* comes early; whoever waits sets it again */
    write32(APIC + APIC_INITIAL, (uint32_t)wait);
}

void arch_idle(void)
{
    kernel_unlock();
    __asm__ volatile("sti\n\thlt\n\tcli" ::: "memory");
    kernel_lock();
}

void arch_relax(void)
{
    __asm__ volatile("pause" ::: "memory");
}

void arch_halt(void)
{
    for (;;)
        __asm__ volatile("cli\n\thlt" ::: "memory");
}

void arch_cpu_init(void)
{
    arch_paging_use(kernel_root);
    arch_trap_init();
    apic_init();
    write32(APIC + APIC_LVT_TIMER, VECTOR_TIMER);
}

static void pci_select(unsigned slot, unsigned function, unsigned offset)
{
    out32(PCI_ADDRESS, 1u << 31 | slot << 11 | function << 8 | offset);
}

uint32_t arch_pci_read(unsigned slot, unsigned function, unsigned offset)
{
    pci_select(slot, function, offset);
    return in32(PCI_DATA);
}

void arch_pci_write(unsigned slot, unsigned function, unsigned offset, uint32_t value)
{
    pci_select(slot, function, offset);
    out32(PCI_DATA, value);
}
