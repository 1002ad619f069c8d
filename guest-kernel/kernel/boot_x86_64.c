/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boot_x86_64.c - boot data out of PVH's start info (Xen's hvm_start_info, version 1) and ACPI's tables. */
#include "guest-kernel/kernel/kernel.h"

struct start_info {
    uint32_t magic, version, flags, n_modules;
    uint64_t modules, command_line, rsdp, memory;
    uint32_t n_memory, zero;
};
struct module {
    uint64_t at, bytes, command_line, zero;
};
struct memory {
    uint64_t at, bytes;
    uint32_t type, zero;
};
enum { START_MAGIC = 0x336ec578, TYPE_RAM = 1, MIB = 1 << 20 };

/* ACPI's tables (ACPI 6.5, chapter 5). */
struct rsdp {
    char signature[8];
    uint8_t sum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt, bytes;
    uint64_t xsdt;
} __attribute__((packed));
struct table {
    char signature[4];
    uint32_t bytes;
    char rest[28];
    uint8_t data[];
} __attribute__((packed));
enum { MADT_ENTRIES = 8, MADT_APIC = 0, MADT_APIC_ID = 3, MADT_APIC_FLAGS = 4 };

/* The table of interrupt controllers, of which each CPU has one; NULL: none. */
static const struct table *find_madt(uint64_t at)
{
    const struct rsdp *r = (const struct rsdp *)at;

    if (!at || memcmp(r->signature, "RSD PTR ", sizeof r->signature))
        return NULL;
    const struct table *list = (const struct table *)(r->revision ? r->xsdt : r->rsdt);
    size_t size = r->revision ? 8 : 4;
    for (size_t i = 0; sizeof *list + i + size <= list->bytes; i += size) {
        uint64_t entry = 0;
        memcpy(&entry, list->data + i, size);
        const struct table *t = (const struct table *)entry;
        if (!memcmp(t->signature, "APIC", sizeof t->signature))
            return t;
    }
    return NULL;
}

static void find_cpus(struct boot_info *info, uint64_t rsdp)
{
    const struct table *t = find_madt(rsdp);

    if (!t)
        panic("no ACPI table of the CPUs");
    for (const uint8_t *e = t->data + MADT_ENTRIES; e + 2 <= (const uint8_t *)t + t->bytes && e[1]; e += e[1])
        if (e[0] == MADT_APIC && e[MADT_APIC_FLAGS] & 1)
            boot_cpu(info, e[MADT_APIC_ID]);
}

void arch_boot_info(uintptr_t boot_data, struct boot_info *info)
{
    const struct start_info *s = (const struct start_info *)boot_data;
    const char *line = (const char *)s->command_line;
    uint64_t begin = (uintptr_t)kernel_begin;

    if (s->magic != START_MAGIC || s->version < 1)
        panic("no start info of version 1");
    for (unsigned i = 0; line && line[i] && i + 1 < BOOT_LINE; i++)
        info->line[i] = line[i];
    const struct memory *m = (const struct memory *)s->memory;
    for (unsigned i = 0; i < s->n_memory && info->n_memory < BOOT_RANGES; i++)
        if (m[i].type == TYPE_RAM && m[i].at >= MIB) /* below: the loader's data */
            info->memory[info->n_memory++] = (struct arch_range){m[i].at, m[i].bytes};
    if (!info->n_memory)
        panic("the start info names no memory");
    info->taken[info->n_taken++] = (struct arch_range){begin, (uintptr_t)kernel_end - begin};
    if (s->n_modules) {
        const struct module *module = (const struct module *)s->modules;
        info->initrd = module->at;
        info->initrd_bytes = module->bytes;
        info->taken[info->n_taken++] = (struct arch_range){module->at, module->bytes};
    }
    find_cpus(info, s->rsdp);
}
