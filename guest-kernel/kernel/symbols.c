/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * symbols.c - names of functions, from the table that the build puts into the image: the kernel is linked
 * once without it, symbols.awk makes it from nm's list, and the kernel is linked again (build-kernel.ninja).
 */
#include "guest-kernel/kernel/kernel.h"

struct symbol {
    uint64_t address;
    const char *name;
};

/* In order of address; none in the first link (kernel.ld). */
extern const struct symbol symbols_begin[];
extern const char symbols_end[];

const char *symbol_at(uintptr_t address, uintptr_t *offset)
{
    const struct symbol *found = NULL;

    if (address < (uintptr_t)kernel_begin || address >= (uintptr_t)kernel_text_end)
        return NULL;
    /* cppcheck-suppress comparePointers ; begin and end of one table, both from the linker */
    for (const struct symbol *s = symbols_begin; (const char *)s < symbols_end && s->address <= address; s++)
        found = s;
    if (!found)
        return NULL;
    *offset = address - found->address;
    return found->name;
}
