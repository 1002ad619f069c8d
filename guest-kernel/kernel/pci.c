/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pci.c - see pci.h. */
#include "guest-kernel/kernel/pci.h"
#include "guest-kernel/kernel/kernel.h"
#include "guest-kernel/kernel/mmio.h"

enum { ID = 0, COMMAND = 4, CLASS = 8, HEADER = 0xc, BAR0 = 0x10, BARS = 6, CAPABILITIES = 0x34 };
enum { SLOTS = 32, FUNCTIONS = 8, DEVICES = 32, MULTI = 1 << 23 };
enum { CAPABILITY_MSIX = 0x11, MSIX_TABLE = 4, MSIX_ENTRY = 16 };
enum { COMMAND_MEMORY = 2, COMMAND_MASTER = 4, BAR_IO = 1, BAR_64 = 4 };

static struct pci_device devices[DEVICES];
static unsigned n_devices;
static uint32_t window;

static uint32_t get(const struct pci_device *d, unsigned offset)
{
    return arch_pci_read(d->slot, d->function, offset);
}

static void set(const struct pci_device *d, unsigned offset, uint32_t value)
{
    arch_pci_write(d->slot, d->function, offset, value);
}

void pci_scan(void)
{
    window = arch_pci_window;
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        for (unsigned function = 0; function < FUNCTIONS && n_devices < DEVICES; function++) {
            uint32_t id = arch_pci_read(slot, function, ID);
            if ((id & 0xffff) == 0xffff) {
                if (function)
                    continue;
                break;
            }
            devices[n_devices++] = (struct pci_device){slot, function, (uint16_t)id, (uint16_t)(id >> 16)};
            print("pci: %02x.%u %04x:%04x class %04x\n", slot, function, id & 0xffff, id >> 16,
                  arch_pci_read(slot, function, CLASS) >> 16);
            if (!function && !(arch_pci_read(slot, 0, HEADER) & MULTI))
                break;
        }
    }
}

const struct pci_device *pci_find(uint16_t vendor, uint16_t device)
{
    for (unsigned i = 0; i < n_devices; i++)
        if (devices[i].vendor == vendor && devices[i].device == device)
            return &devices[i];
    return NULL;
}

/* Every memory region's size; gives it its place in the window if there is one, and maps it. */
static void place(const struct pci_device *d)
{
    for (unsigned i = 0; i < BARS; i++) {
        unsigned bar = BAR0 + 4 * i;
        uint32_t was = get(d, bar);
        set(d, bar, ~0u);
        uint32_t mask = get(d, bar);
        set(d, bar, was);
        if (!mask || mask & BAR_IO)
            continue;
        uint32_t size = ~(mask & ~15u) + 1, at = was & ~15u;
        if (arch_pci_window) {
            at = (window + size - 1) & ~(size - 1);
            window = at + size;
            set(d, bar, at);
        }
        if (mask & BAR_64) {
            i++;
            if (arch_pci_window)
                set(d, bar + 4, 0);
        }
        paging_device(at, size < PAGE ? PAGE : size);
    }
}

uintptr_t pci_open(const struct pci_device *d)
{
    place(d);
    set(d, COMMAND, COMMAND_MEMORY | COMMAND_MASTER);
    return get(d, BAR0) & ~15u;
}

static unsigned msix(const struct pci_device *d)
{
    unsigned at = get(d, CAPABILITIES) & 0xfc;

    while (at && (get(d, at) & 0xff) != CAPABILITY_MSIX)
        at = get(d, at) >> 8 & 0xfc;
    return at;
}

bool pci_msix_enable(const struct pci_device *d)
{
    unsigned at = msix(d);

    if (at)
        set(d, at, get(d, at) | 1u << 31);
    return at;
}

void pci_msix_set(const struct pci_device *d, unsigned v, uint64_t address, uint32_t data)
{
    uint32_t table = get(d, msix(d) + MSIX_TABLE);
    uintptr_t entry = (get(d, BAR0 + 4 * (table & 7)) & ~15u) + (table & ~7u) + (uintptr_t)v * MSIX_ENTRY;

    write32(entry, (uint32_t)address);
    write32(entry + 4, (uint32_t)(address >> 32));
    write32(entry + 8, data);
    write32(entry + 12, 0);
}
