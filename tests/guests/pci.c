/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pci.c - see pci.h. */
#include "tests/guests/pci.h"

enum { ID = 0, COMMAND = 4, BAR0 = 0x10, BARS = 6, SLOTS = 32 };
enum { COMMAND_MEMORY = 2, COMMAND_MASTER = 4 };
enum { BAR_IO = 1, BAR_64 = 4 };

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
        return machine_pci_read(slot, BAR0) & ~15u;
    }
    return 0;
}
