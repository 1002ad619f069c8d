/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * initrd.c - the initial ram disk: a cpio archive (newc, with or without checksums), read in place. A file's
 * number is where its header lies: a multiple of 4, and CONTENTS_FILE more.
 */
#include "guest-kernel/kernel/process.h"

enum {
    HEADER = 110,
    FIELD = 8,
    AT_FIELDS = 6,
    SIZE = 6,
    NAME_SIZE = 11,
    CHECK = 12,
    MODE = 1,
    REGULAR = 0100000,
    TYPE = 0170000
};

struct entry {
    const char *header, *name;
    const uint8_t *data;
    uint64_t size, next; /* next: where the next header is */
};

/* More than 32 bits: it is no number. */
static uint64_t field(const char *header, unsigned n)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < FIELD; i++) {
        char c = header[AT_FIELDS + n * FIELD + i];
        unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 32) - 'a') + 10;
        if (digit > 15 || (c > '9' && digit < 10))
            return UINT64_MAX >> 16;
        v = v << 4 | digit;
    }
    return v;
}

/* The file whose header is there; false: there is none. */
static bool entry_at(uint64_t at, struct entry *e)
{
    const char *begin = (const char *)boot_info.initrd;
    uint64_t end = boot_info.initrd_bytes;

    if (end < HEADER || at > end - HEADER || at % 4 || memcmp(begin + at, "07070", 5))
        return false;
    e->header = begin + at;
    e->name = e->header + HEADER;
    uint64_t name_bytes = field(e->header, NAME_SIZE);
    uint64_t data = (at + HEADER + name_bytes + 3) & ~UINT64_C(3);
    e->size = field(e->header, SIZE);
    if (data > end || e->size > end - data || !name_bytes || e->name[name_bytes - 1])
        return false;
    e->data = (const uint8_t *)begin + data;
    e->next = (data + e->size + 3) & ~UINT64_C(3);
    while (*e->name == '/' || (e->name[0] == '.' && e->name[1] == '/'))
        e->name++;
    return true;
}

static bool regular(const struct entry *e)
{
    return (field(e->header, MODE) & TYPE) == REGULAR;
}

const void *initrd_find(const char *path, uint64_t *bytes)
{
    struct entry e;

    while (*path == '/')
        path++;
    for (uint64_t at = 0; entry_at(at, &e); at = e.next)
        if (regular(&e) && same(e.name, path)) {
            *bytes = e.size;
            return e.data;
        }
    return NULL;
}

uint32_t initrd_number(const void *data)
{
    struct entry e;

    for (uint64_t at = 0; entry_at(at, &e) && at < UINT32_MAX - CONTENTS_FILE; at = e.next)
        if (regular(&e) && e.data == data)
            return (uint32_t)at + CONTENTS_FILE;
    return 0;
}

const void *initrd_file(uint32_t number, uint64_t *bytes)
{
    struct entry e;

    if (number < CONTENTS_FILE || !entry_at(number - CONTENTS_FILE, &e) || !regular(&e))
        return NULL;
    *bytes = e.size;
    return e.data;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

uint64_t initrd_hash(void)
{
    static uint64_t hash;
    struct entry e;
    uint64_t h = 1;

    if (hash)
        return hash;
    for (uint64_t at = 0; entry_at(at, &e); at = e.next) {
        h = mix(mix(h, e.size), field(e.header, CHECK));
        for (const char *c = e.name; *c; c++)
            h = mix(h, (uint8_t)*c);
    }
    return hash = h | 1;
}
