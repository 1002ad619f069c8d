/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boot_x86_64.c - boot data out of PVH's start info (Xen's hvm_start_info, version 1). */
#include "guest-kernel/kernel/io_x86_64.h"
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
enum { FW_CFG_SELECT = 0x510, FW_CFG_DATA = 0x511, FW_CFG_CPUS = 5 };

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
    out16(FW_CFG_SELECT, FW_CFG_CPUS);
    info->n_cpus = in8(FW_CFG_DATA);
}
