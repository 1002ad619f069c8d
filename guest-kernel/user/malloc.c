/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * malloc.c - a heap above the program's data (brk), under one mutex. Free pieces stand in a list sorted by
 * address, neighbours become one piece; the first that is big enough is taken. Nothing goes back to the
 * kernel. A piece begins with 16 bytes of its own; what malloc returns is a multiple of 16.
 */
#include "guest-kernel/user/user.h"

enum { UNIT = 16, GROW = 65536 };

struct piece {
    size_t bytes; /* with these 16 */
    struct piece *next;
};
_Static_assert(sizeof(struct piece) == UNIT, "keeps the alignment");

static struct mutex lock;
static struct piece *first; /* free */

/* Into the list, and together with its neighbours. */
static void give(struct piece *p)
{
    struct piece **at = &first, *before = NULL;

    while (*at && *at < p) {
        before = *at;
        at = &before->next;
    }
    p->next = *at;
    *at = p;
    if (p->next && (char *)p + p->bytes == (char *)p->next) {
        p->bytes += p->next->bytes;
        p->next = p->next->next;
    }
    if (before && (char *)before + before->bytes == (char *)p) {
        before->bytes += p->bytes;
        before->next = p->next;
    }
}

/* NULL: nothing that is big enough. */
static struct piece *take(size_t bytes)
{
    for (struct piece **at = &first; *at; at = &(*at)->next) {
        struct piece *p = *at;
        if (p->bytes < bytes)
            continue;
        if (p->bytes - bytes < 2 * UNIT) {
            *at = p->next;
            return p;
        }
        struct piece *rest = (struct piece *)(void *)((char *)p + bytes);
        *rest = (struct piece){p->bytes - bytes, p->next};
        *at = rest;
        p->bytes = bytes;
        return p;
    }
    return NULL;
}

static bool grow(size_t bytes)
{
    uintptr_t end = ((uintptr_t)brk(0) + UNIT - 1) & ~(uintptr_t)(UNIT - 1);

    bytes = (bytes + GROW - 1) & ~(size_t)(GROW - 1);
    if ((uintptr_t)brk(end + bytes) != end + bytes)
        return false;
    struct piece *p = (struct piece *)end;
    p->bytes = bytes;
    give(p);
    return true;
}

void *malloc(size_t bytes)
{
    struct piece *p;

    if (bytes > SIZE_MAX / 2)
        return NULL;
    bytes = ((bytes ? bytes : 1) + 2 * UNIT - 1) & ~(size_t)(UNIT - 1);
    mutex_lock(&lock);
    do
        p = take(bytes);
    while (!p && grow(bytes));
    mutex_unlock(&lock);
    return p ? p + 1 : NULL;
}

void free(void *memory)
{
    if (!memory)
        return;
    mutex_lock(&lock);
    give((struct piece *)memory - 1);
    mutex_unlock(&lock);
}

void *calloc(size_t n, size_t size)
{
    void *memory = size && n > SIZE_MAX / size ? NULL : malloc(n * size);

    return memory ? memset(memory, 0, n * size) : NULL;
}

void *realloc(void *memory, size_t bytes)
{
    size_t has = memory ? ((struct piece *)memory - 1)->bytes - UNIT : 0;

    if (memory && bytes <= has)
        return memory;
    void *more = malloc(bytes);
    if (more && memory) {
        memcpy(more, memory, has);
        free(memory);
    }
    return more;
}
