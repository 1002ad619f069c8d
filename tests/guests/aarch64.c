/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aarch64.c - QEMU's virt: PL011 at 0x9000000, ECAM above 256 GiB, power by PSCI 1.1 through HVC. */
#include "tests/guests/pci.h"

#define UART_DATA  0x9000000u
#define UART_FLAG  0x9000018u
#define FLAG_FULL  0x20u
#define PSCI_OFF   0x84000008u
#define PSCI_RESET 0x84000009u

static void psci(uint64_t function)
{
    register uint64_t x0 __asm__("x0") = function;
    __asm__ volatile("hvc #0" : "+r"(x0)::"x1", "x2", "x3", "memory");
}

#define PCI_ECAM 0x4010000000u

const uint32_t machine_pci_window = 0x10000000u; /* nobody has placed anything there */

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

void machine_code(void *to, unsigned n)
{
    const uint32_t made[MACHINE_CODE_BYTES / 4] = {0x52800000 | n << 5, 0xd65f03c0}; /* mov w0, #n; ret */
    volatile uint32_t *out = to;

    for (unsigned i = 0; i < sizeof made / sizeof made[0]; i++)
        out[i] = made[i];
}

void guest_start(uintptr_t boot_data)
{
    guest_main(fdt_bootargs((const void *)boot_data));
    machine_off();
}
