/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pci.h - functions on PCI bus 0: finding, addresses, MSI-X. Bridges and other buses are not looked behind.
 */
#ifndef KERNEL_PCI_H
#define KERNEL_PCI_H

#include <stdbool.h>
#include <stdint.h>

struct pci_device {
    unsigned slot, function;
    uint16_t vendor, device;
};

/* Lists what is there, on the console too. */
void pci_scan(void);
/* NULL if there is none. */
const struct pci_device *pci_find(uint16_t vendor, uint16_t device);
/*
 * Gives it addresses if firmware has not, switches on its memory and bus mastering, and maps its first
 * region. Returns that one's address.
 */
uintptr_t pci_open(const struct pci_device *d);
/* Switches MSI-X on; vectors without a message stay masked. */
bool pci_msix_enable(const struct pci_device *d);
/* Vector v writes this message. After pci_msix_enable(). */
void pci_msix_set(const struct pci_device *d, unsigned v, uint64_t address, uint32_t data);

#endif
