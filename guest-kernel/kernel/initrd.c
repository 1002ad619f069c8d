/* SPDX-License-Identifier: GPL-2.0-or-later */
/* initrd.c - the initial ram disk: a cpio archive (newc), read in place. */
#include "guest-kernel/kernel/process.h"

enum {
    HEADER = 110,
    FIELD = 8,
    AT_FIELDS = 6,
    SIZE = 6,
    NAME_SIZE = 11,
    MODE = 1,
    REGULAR = 0100000,
    TYPE = 0170000
};

static uint64_t field(const char *header, unsigned n)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < FIELD; i++) {
        char c = header[AT_FIELDS + n * FIELD + i];
        v = v << 4 | (uint64_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    return v;
}

const void *initrd_find(const char *path, uint64_t *bytes)
{
    const char *begin = (const char *)boot_info.initrd;
    uint64_t at = 0, end = boot_info.initrd_bytes;

    while (*path == '/')
        path++;
    while (end >= HEADER && at <= end - HEADER && !memcmp(begin + at, "070701", 6)) {
        const char *header = begin + at, *name = header + HEADER;
        uint64_t data = (at + HEADER + field(header, NAME_SIZE) + 3) & ~UINT64_C(3);
        uint64_t size = field(header, SIZE);
        if (data > end || size > end - data)
            return NULL;
        while (*name == '/' || (name[0] == '.' && name[1] == '/'))
            name++;
        if ((field(header, MODE) & TYPE) == REGULAR && same(name, path)) {
            *bytes = size;
            return begin + data;
        }
        at = (data + size + 3) & ~UINT64_C(3);
    }
    return NULL;
}
