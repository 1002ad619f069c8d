/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aarch64.c - QEMU's virt: PL011 at 0x9000000, power by PSCI 1.1 through HVC. */
#include "tests/guests/guest.h"

#define UART_DATA  0x9000000u
#define UART_FLAG  0x9000018u
#define FLAG_FULL  0x20u
#define PSCI_OFF   0x84000008u
#define PSCI_RESET 0x84000009u

static uint32_t read32(uintptr_t at)
{
    uint32_t v;
    __asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(at));
    return v;
}

static void write32(uintptr_t at, uint32_t v)
{
    __asm__ volatile("str %w0, [%1]" ::"r"(v), "r"(at));
}

static void psci(uint64_t function)
{
    register uint64_t x0 __asm__("x0") = function;
    __asm__ volatile("hvc #0" : "+r"(x0)::"x1", "x2", "x3", "memory");
}

void machine_putc(char c)
{
    while (read32(UART_FLAG) & FLAG_FULL)
        ;
    write32(UART_DATA, (uint8_t)c);
}

uint64_t machine_time_ns(void)
{
    uint64_t count, frequency;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count));
    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
    return count / frequency * 1000000000u + count % frequency * 1000000000u / frequency;
}

void machine_off(void)
{
    psci(PSCI_OFF);
}

void machine_reset(void)
{
    psci(PSCI_RESET);
}

void machine_wait(void)
{
    __asm__ volatile("wfi");
}

void guest_start(uintptr_t boot_data)
{
    guest_main(fdt_bootargs((const void *)boot_data));
    machine_off();
}
