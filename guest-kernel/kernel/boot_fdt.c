/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boot_fdt.c - boot data out of a flattened device tree (Devicetree Specification 0.4, chapter 5): memory,
 * command line, initial ram disk, the CPUs. Used by aarch64 and riscv64, whose machines have 2 cells
 * for addresses and sizes.
 *
 * All numbers are big-endian 32-bit words. The structure block is walked once.
 */
#include "guest-kernel/kernel/boot_fdt.h"

enum { BEGIN_NODE = 1, END_NODE, PROP, NOP, END = 9 };
enum { TOTAL_SIZE = 1, AT_STRUCTURE = 2, AT_STRINGS = 3 }; /* words of the header */
enum { IN_OTHER, IN_CHOSEN, IN_MEMORY, IN_CPU, IN_PSCI };
#define FDT_MAGIC 0xd00dfeedu

static uint32_t word(const uint32_t *p)
{
    return __builtin_bswap32(*p);
}

/* One or two cells. */
static uint64_t number(const uint32_t *p, unsigned bytes)
{
    return bytes >= 8 ? (uint64_t)word(p) << 32 | word(p + 1) : word(p);
}

static bool begins(const char *s, const char *with)
{
    for (; *with; s++, with++)
        if (*s != *with)
            return false;
    return true;
}

static void add(struct arch_range *ranges, unsigned *n, uint64_t at, uint64_t bytes)
{
    if (*n < BOOT_RANGES)
        ranges[(*n)++] = (struct arch_range){at, bytes};
}

static void property(struct boot_info *info, int in, const char *name, const uint32_t *value, unsigned bytes)
{
    if (in == IN_MEMORY && same(name, "reg"))
        for (unsigned i = 0; i + 16 <= bytes; i += 16)
            add(info->memory, &info->n_memory, number(value + i / 4, 8), number(value + i / 4 + 2, 8));
    if (in == IN_CHOSEN && same(name, "bootargs"))
        memcpy(info->line, value, bytes < BOOT_LINE ? bytes : BOOT_LINE - 1);
    if (bytes < 4)
        return;
    if (in == IN_CPU && same(name, "reg"))
        boot_cpu(info, number(value, bytes));
    if (in == IN_PSCI && same(name, "method"))
        info->psci_smc = !memcmp(value, "smc", 4);
    if (in == IN_CHOSEN && same(name, "linux,initrd-start"))
        info->initrd = number(value, bytes);
    if (in == IN_CHOSEN && same(name, "linux,initrd-end"))
        info->initrd_bytes = number(value, bytes); /* its end, until both are known */
}

/* The text's length; -1: it does not end before that. */
static int64_t text_length(const char *s, const char *end)
{
    for (const char *p = s; p < end; p++)
        if (!*p)
            return p - s;
    return -1;
}

static int what_begins(int depth, int in, const char *name)
{
    if (depth == 2)
        return same(name, "chosen")      ? IN_CHOSEN
               : same(name, "psci")      ? IN_PSCI
               : begins(name, "memory@") ? IN_MEMORY
                                         : IN_OTHER;
    return depth == 3 ? begins(name, "cpu@") ? IN_CPU : IN_OTHER : in;
}

/* False: it is cut off, or points outside. */
static bool walk(struct boot_info *info, const uint32_t *header)
{
    uint32_t bytes = word(header + TOTAL_SIZE), at = word(header + AT_STRUCTURE),
             texts = word(header + AT_STRINGS);
    const uint32_t *p = header + at / 4, *end = header + bytes / 4;
    const char *strings = (const char *)header + texts, *strings_end = (const char *)header + bytes;
    int depth = 0, in = IN_OTHER;

    if (at > bytes || texts > bytes)
        return false;
    while (p < end) {
        uint32_t token = word(p++);
        if (token == BEGIN_NODE) {
            const char *name = (const char *)p;
            int64_t n = text_length(name, (const char *)end);
            if (n < 0)
                return false;
            in = what_begins(++depth, in, name);
            info->imsic |= begins(name, "imsics@28000000") || begins(name, "interrupt-controller@28000000");
            p += n / 4 + 1;
        } else if (token == END_NODE) {
            depth--;
        } else if (token == PROP) {
            if (end - p < 2 || word(p) > (uint64_t)(end - p - 2) * 4 || word(p + 1) >= bytes - texts ||
                text_length(strings + word(p + 1), strings_end) < 0)
                return false;
            if (depth == 2 || (depth == 3 && in == IN_CPU))
                property(info, in, strings + word(p + 1), p + 2, word(p));
            p += 2 + (word(p) + 3) / 4;
        } else if (token != NOP) {
            return token == END;
        }
    }
    return false;
}

void boot_fdt(uintptr_t tree, struct boot_info *info)
{
    const uint32_t *header = (const uint32_t *)tree;

    if (!tree || word(header) != FDT_MAGIC)
        panic("no device tree");
    if (!walk(info, header))
        panic("the device tree is damaged");
    if (!info->n_memory)
        panic("the device tree names no memory");
    info->initrd_bytes = info->initrd_bytes > info->initrd ? info->initrd_bytes - info->initrd : 0;
    /* Firmware's, up to the kernel; the kernel; the tree; the initial ram disk. */
    uint64_t begin = info->memory[0].at;
    add(info->taken, &info->n_taken, begin, (uintptr_t)kernel_end - begin);
    add(info->taken, &info->n_taken, tree, word(header + TOTAL_SIZE));
    if (info->initrd_bytes)
        add(info->taken, &info->n_taken, info->initrd, info->initrd_bytes);
}
