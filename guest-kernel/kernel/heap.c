/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * heap.c - small pieces of memory: powers of two from 32 bytes to half a page, cut from pages and kept in one
 * list per size; larger ones are a page or a block. The caller says the size again when it gives one back.
 */
#include "guest-kernel/kernel/heap.h"
#include "guest-kernel/kernel/kernel.h"

enum { SMALLEST = 32, SIZES = 7 }; /* 32 .. 2048 */

struct piece {
    struct piece *next;
};
static struct piece *pieces[SIZES];

static unsigned size_of(size_t bytes)
{
    unsigned n = 0;

    while (((size_t)SMALLEST << n) < bytes)
        n++;
    return n;
}

static void push(unsigned n, void *memory)
{
    struct piece *p = memory;

    p->next = pieces[n];
    pieces[n] = p;
}

static void *get(size_t bytes, void *(*new_page)(void))
{
    unsigned n = size_of(bytes);

    if (n >= SIZES)
        return bytes <= PAGE ? new_page() : bytes <= BLOCK ? block_new() : NULL;
    if (!pieces[n]) {
        char *page = new_page();
        for (size_t at = 0; page && at < PAGE; at += (size_t)SMALLEST << n)
            push(n, page + at);
    }
    struct piece *p = pieces[n];
    if (p)
        pieces[n] = p->next;
    return p;
}

void *heap_new(size_t bytes)
{
    return get(bytes, page_noted);
}

void *heap_last(size_t bytes)
{
    return get(bytes, page_last);
}

void heap_free(void *memory, size_t bytes)
{
    unsigned n = size_of(bytes);

    if (n < SIZES)
        push(n, memory);
    else if (bytes <= PAGE)
        page_free(memory);
    else
        block_free(memory);
}
