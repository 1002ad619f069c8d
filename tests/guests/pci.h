/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci.h - just enough PCI for one device on bus 0 of QEMU's machines: configuration space, BAR 0.
 *
 * Registers are read and written through volatile pointers: memory is mapped one to one everywhere.
 */
#ifndef PCI_H
#define PCI_H

#include "tests/guests/guest.h"

/* ---- machine (x86_64.c, aarch64.c, riscv64.c): bus 0, function 0; offset is a multiple of 4 ---- */

uint32_t machine_pci_read(unsigned slot, unsigned offset);
void machine_pci_write(unsigned slot, unsigned offset, uint32_t value);
/* Where memory of devices may be placed, 0 if firmware has placed it. */
extern const uint32_t machine_pci_window;

/* ---- pci.c ---- */

/*
 * Finds a device, gives it addresses if nobody has, switches on its memory and its bus mastering. The address
 * of BAR 0, or 0 if there is no such device.
 */
uintptr_t pci_open(uint16_t vendor, uint16_t device);
/*
 * Switches on the device's MSI-X: there are no interrupts here, so vector v writes 1 + v to word[v], for v
 * below n. word must lie below 4 GiB.
 */
void pci_vectors(volatile uint32_t *word, unsigned n);

static inline uint32_t read32(uintptr_t at)
{
    return *(volatile const uint32_t *)at;
}

static inline uint64_t read64(uintptr_t at)
{
    return *(volatile const uint64_t *)at;
}

static inline void write32(uintptr_t at, uint32_t v)
{
    *(volatile uint32_t *)at = v;
}

static inline void write64(uintptr_t at, uint64_t v)
{
    *(volatile uint64_t *)at = v;
}

#endif
