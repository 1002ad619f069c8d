/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * program_file.h - the file of a program for all instruction sets: this header, then one static ELF file for
 * each of them, without symbols. Written by user/mkprogram.c, read by program.c. Little endian.
 *
 * All parts have every function and every datum at the same address, and the same initial data
 * (docs/kernel.md, "Programs").
 */
#ifndef KERNEL_PROGRAM_FILE_H
#define KERNEL_PROGRAM_FILE_H

#include <stdint.h>

#define PROGRAM_MAGIC UINT64_C(0x314d4152474f5250) /* "PROGRAM1" */
enum { PROGRAM_PARTS = 3 };

struct program_part {
    uint32_t machine; /* e_machine */
    uint32_t zero;
    uint64_t at, bytes; /* in this file */
};
struct program_file {
    uint64_t magic;
    struct program_part part[PROGRAM_PARTS];
};
_Static_assert(sizeof(struct program_part) == 24 && sizeof(struct program_file) == 80, "no padding");

#endif
