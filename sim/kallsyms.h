/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kallsyms.h - the names of a Linux kernel, out of the table that every distribution's kernel has in its
 * image (CONFIG_KALLSYMS, the source of /proc/kallsyms). So a stock kernel can be debugged by name without
 * its -dbg package of some hundred megabytes: no types, no lines, but every function.
 */
#ifndef COB_KALLSYMS_H
#define COB_KALLSYMS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct kallsym {
    uint64_t addr; /* as linked, so right for a kernel that runs with nokaslr */
    char *name;
    char type; /* as nm says it: T, t, W: code; A: absolute; else data */
};

struct kallsyms {
    struct kallsym *sym; /* by address */
    size_t n;
    unsigned machine; /* e_machine: 62 x86_64, 183 aarch64, 243 riscv64 */
};

/*
 * image: an ELF file or an Image, not compressed. 0, or -1 with a reason in `why`: it is none of these, or
 * has no table that makes sense. Never reads outside of the image. The caller frees *out (kallsyms_free),
 * after 0 only.
 */
int kallsyms_find(const uint8_t *image, size_t len, struct kallsyms *out, char *why, size_t size);
void kallsyms_free(struct kallsyms *k);

/* Writes them as an ELF file with symbols and nothing else, for a debugger. 0, or -1 errno. */
int kallsyms_write(const struct kallsyms *k, FILE *f);

#endif
