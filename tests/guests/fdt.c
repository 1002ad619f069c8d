/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fdt.c - the command line out of a flattened device tree (Devicetree Specification 0.4, chapter 5).
 *
 * All numbers are big-endian 32-bit words. Walks the structure block once and takes the property "bootargs"
 * of the node /chosen.
 */
#include "tests/guests/guest.h"

enum { BEGIN_NODE = 1, END_NODE, PROP, NOP, END = 9 };
enum { AT_STRUCTURE = 2, AT_STRINGS = 3 }; /* words of the header */
#define FDT_MAGIC 0xd00dfeedu

static uint32_t word(const uint32_t *p)
{
    return __builtin_bswap32(*p);
}

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static size_t length(const char *s)
{
    size_t n = 0;
    while (s[n])
        n++;
    return n;
}

const char *fdt_bootargs(const void *tree)
{
    const uint32_t *header = tree;
    int depth = 0;
    bool chosen = false;

    if (!tree || word(header) != FDT_MAGIC)
        return "";
    const char *strings = (const char *)tree + word(header + AT_STRINGS);
    const uint32_t *p = header + word(header + AT_STRUCTURE) / 4;
    for (;;)
        switch (word(p++)) {
        case BEGIN_NODE:
            depth++;
            if (depth == 2)
                chosen = same((const char *)p, "chosen");
            p += length((const char *)p) / 4 + 1;
            break;
        case END_NODE:
            depth--;
            break;
        case PROP:
            if (depth == 2 && chosen && same(strings + word(p + 1), "bootargs"))
                return (const char *)(p + 2);
            p += 2 + (word(p) + 3) / 4;
            break;
        case NOP:
            break;
        default: /* END, or no device tree after all */
            return "";
        }
}
