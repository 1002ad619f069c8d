/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86_64.c - QEMU's q35: 8250 at port 0x3f8, ACPI power-off at port 0x604. The TSC counts ns under -icount.
 */
#include "tests/guests/guest.h"

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

void guest_start(uintptr_t boot_data)
{
    const struct start_info *info = (const struct start_info *)boot_data;
    guest_main(info->command_line ? (const char *)info->command_line : "");
    machine_off();
}
