/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pci.c - see pci.h. */
#include "tests/guests/pci.h"

enum { ID = 0, COMMAND = 4, BAR0 = 0x10, BARS = 6, CAPABILITIES = 0x34, SLOTS = 32 };
enum { CAPABILITY_MSIX = 0x11, MSIX_TABLE = 4, MSIX_ENTRY = 16 };
enum { COMMAND_MEMORY = 2, COMMAND_MASTER = 4 };
enum { BAR_IO = 1, BAR_64 = 4 };

static unsigned opened; /* its slot */

/* Gives every memory BAR of the device its place in the window, one after the other. */
static void place(unsigned slot)
{
    uint32_t at = machine_pci_window;

    for (unsigned i = 0; i < BARS; i++) {
        unsigned bar = BAR0 + 4 * i;
        machine_pci_write(slot, bar, ~0u);
        uint32_t mask = machine_pci_read(slot, bar);
        if (!mask || mask & BAR_IO)
            continue;
        uint32_t size = ~(mask & ~15u) + 1;
        at = (at + size - 1) & ~(size - 1);
        machine_pci_write(slot, bar, at);
        at += size;
        if (mask & BAR_64) {
            i++;
            machine_pci_write(slot, bar + 4, 0);
        }
    }
}

uintptr_t pci_open(uint16_t vendor, uint16_t device)
{
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        if (machine_pci_read(slot, ID) != ((uint32_t)device << 16 | vendor))
            continue;
        if (machine_pci_window)
            place(slot);
        machine_pci_write(slot, COMMAND, COMMAND_MEMORY | COMMAND_MASTER);
        opened = slot;
        return machine_pci_read(slot, BAR0) & ~15u;
    }
    return 0;
}

void pci_vectors(volatile uint32_t *word, unsigned n)
{
    unsigned at = machine_pci_read(opened, CAPABILITIES) & 0xfc;

    while (at && (machine_pci_read(opened, at) & 0xff) != CAPABILITY_MSIX)
        at = machine_pci_read(opened, at) >> 8 & 0xfc;
    if (!at)
        return;
    uint32_t table = machine_pci_read(opened, at + MSIX_TABLE);
    uintptr_t entry = (machine_pci_read(opened, BAR0 + 4 * (table & 7)) & ~15u) + (table & ~7u);
    for (unsigned v = 0; v < n; v++, entry += MSIX_ENTRY) {
        write32(entry, (uint32_t)(uintptr_t)&word[v]);
        write32(entry + 4, 0);
        write32(entry + 8, 1 + v);
        write32(entry + 12, 0);
    }
    machine_pci_write(opened, at, machine_pci_read(opened, at) | 1u << 31);
}
