/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debug_describe.h - how an emulator describes its CPU's registers to gdb: asked of a QEMU with the same
 * machine and CPU, started for the question and stopped before its first instruction, so that no register
 * table of ours can be wrong.
 */
#ifndef COB_DEBUG_DESCRIBE_H
#define COB_DEBUG_DESCRIBE_H

#include "sim/scenario.h"

enum { DESCRIBE_FILES = 24 };

struct description {
    unsigned n_files;
    char *annex[DESCRIBE_FILES]; /* "target.xml" first, then what it includes */
    char *text[DESCRIBE_FILES];
    unsigned core_registers; /* of the first included file: what gdb's 'g' packet carries */
    unsigned pc_register;
};

/* Blocks for some 100 ms. 0, or -1 with the reason in why[size]. */
int describe(enum scn_arch arch, const char *qemu, struct description *d, char *why, size_t size);
/* NULL if there is no such file. */
const char *description_file(const struct description *d, const char *annex);
void description_free(struct description *d);

#endif
