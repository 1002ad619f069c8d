/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * program.h - program files (program_file.h) of the initial ram disk: the part for this machine, and its
 * segments. What is pointed to stays for ever.
 */
#ifndef KERNEL_PROGRAM_H
#define KERNEL_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

enum { SEGMENTS = 4 };

struct segment {
    uintptr_t begin, end; /* whole pages */
    unsigned prot;        /* PROT_* */
    uintptr_t at;         /* of the contents; the rest is zero */
    uint64_t in_file;
    const uint8_t *contents;
};
struct program {
    uintptr_t entry, end; /* end: of the last segment */
    unsigned n;
    struct segment segments[SEGMENTS];
};

/* 0, -ENOENT, or -ENOEXEC: not a program, not for this machine, or not in user memory below limit. */
int program_find(const char *path, uintptr_t limit, struct program *out);
/* Copies what a page of the segment has at first to frame, which is all zero; false: nothing to copy. */
bool segment_page(const struct segment *s, uintptr_t page, void *frame);

#endif
