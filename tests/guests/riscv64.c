/* SPDX-License-Identifier: GPL-2.0-or-later */
/* riscv64.c - QEMU's virt: 16550 at 0x10000000, ECAM at 0x30000000, time base 10 MHz, power by SBI 2.0's
 * system reset extension.
 */
#include "tests/guests/pci.h"

#define UART         0x10000000u
#define UART_LSR     (UART + 5)
#define LSR_THRE     0x20u
#define TIME_STEP_NS 100u
enum { SBI_SRST = 0x53525354, SRST_SHUTDOWN = 0, SRST_COLD_REBOOT = 1 };

static uint8_t read8(uintptr_t at)
{
    uint8_t v;
    __asm__ volatile("lb %0, 0(%1)" : "=r"(v) : "r"(at));
    return v;
}

static void write8(uintptr_t at, uint8_t v)
{
    __asm__ volatile("sb %0, 0(%1)" ::"r"(v), "r"(at));
}

static void system_reset(unsigned long type)
{
    register unsigned long a0 __asm__("a0") = type, a1 __asm__("a1") = 0, a6 __asm__("a6") = 0,
                              a7 __asm__("a7") = SBI_SRST;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
}

#define PCI_ECAM 0x30000000u

const uint32_t machine_pci_window = 0x40000000u; /* nobody has placed anything there */

uint32_t machine_pci_read(unsigned slot, unsigned offset)
{
    return read32(PCI_ECAM + (slot << 15) + offset);
}

void machine_pci_write(unsigned slot, unsigned offset, uint32_t value)
{
    write32(PCI_ECAM + (slot << 15) + offset, value);
}

void machine_putc(char c)
{
    while (!(read8(UART_LSR) & LSR_THRE))
        ;
    write8(UART, (uint8_t)c);
}

uint64_t machine_time_ns(void)
{
    uint64_t t;
    __asm__ volatile("csrr %0, time" : "=r"(t));
    return t * TIME_STEP_NS;
}

void machine_off(void)
{
    system_reset(SRST_SHUTDOWN);
}

void machine_reset(void)
{
    system_reset(SRST_COLD_REBOOT);
}

void machine_wait(void)
{
    __asm__ volatile("wfi");
}

void machine_code(void *to, unsigned n)
{
    const uint32_t made[MACHINE_CODE_BYTES / 4] = {0x00000513 | n << 20, 0x00008067}; /* li a0, n; ret */
    volatile uint32_t *out = to;

    for (unsigned i = 0; i < sizeof made / sizeof made[0]; i++)
        out[i] = made[i];
    __asm__ volatile("fence.i" ::: "memory");
}

void guest_start(uintptr_t boot_data)
{
    guest_main(fdt_bootargs((const void *)boot_data));
    machine_off();
}
