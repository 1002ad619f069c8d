/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86_64.c - QEMU's q35: 8250 at port 0x3f8, ACPI power-off at port 0x604. The TSC counts ns under -icount.
 */
#include "tests/guests/pci.h"

enum { PCI_ADDRESS = 0xcf8, PCI_DATA = 0xcfc };
enum { UART = 0x3f8, UART_LSR = UART + 5, LSR_THRE = 0x20, PM1A_CNT = 0x604, SLP_EN = 0x2000 };

struct start_info { /* hvm_start_info, version 0 and later */
    uint32_t magic, version, flags, n_modules;
    uint64_t modules, command_line;
};

static void out8(uint16_t port, uint8_t v)
{
    __asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port));
}

static void out16(uint16_t port, uint16_t v)
{
    __asm__ volatile("outw %0, %1" ::"a"(v), "Nd"(port));
}

static uint8_t in8(uint16_t port)
{
    uint8_t v;
    __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static void out32(uint16_t port, uint32_t v)
{
    __asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(port));
}

static uint32_t in32(uint16_t port)
{
    uint32_t v;
    __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

const uint32_t machine_pci_window = 0; /* SeaBIOS has done it */

uint32_t machine_pci_read(unsigned slot, unsigned offset)
{
    out32(PCI_ADDRESS, 1u << 31 | slot << 11 | offset);
    return in32(PCI_DATA);
}

void machine_pci_write(unsigned slot, unsigned offset, uint32_t value)
{
    out32(PCI_ADDRESS, 1u << 31 | slot << 11 | offset);
    out32(PCI_DATA, value);
}

void machine_putc(char c)
{
    while (!(in8(UART_LSR) & LSR_THRE))
        ;
    out8(UART, (uint8_t)c);
}

uint64_t machine_time_ns(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

void machine_off(void)
{
    out16(PM1A_CNT, SLP_EN);
}

/* A triple fault: an exception with an empty table of handlers. */
void machine_reset(void)
{
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) nothing = {0, 0};
    __asm__ volatile("lidt %0\n\tud2" ::"m"(nothing));
}

void machine_wait(void)
{
    __asm__ volatile("hlt");
}

void machine_code(void *to, unsigned n)
{
    const uint8_t made[MACHINE_CODE_BYTES] = {0xb8, (uint8_t)n, 0, 0, 0, 0xc3}; /* mov $n, %eax; ret */
    volatile uint8_t *out = to;

    for (unsigned i = 0; i < sizeof made / sizeof made[0]; i++)
        out[i] = made[i];
}

void guest_start(uintptr_t boot_data)
{
    const struct start_info *info = (const struct start_info *)boot_data;
    guest_main(info->command_line ? (const char *)info->command_line : "");
    machine_off();
}
