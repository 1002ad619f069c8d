/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pages.c - physical memory: blocks of BLOCK bytes, aligned to that, which serve as buffers or as four pages
 * each.
 *
 * What was never used is handed out in order of address (nothing touches it before, so booting costs nothing
 * per page); what was freed goes to one of two lists and is taken from there first. Pages never become blocks
 * again.
 *
 * The last pages are not for everybody: what programs may ask for without end (their pages, tables, stacks)
 * ends first, then what the kernel notes down about it (heap.c), and messages to other nodes go on to the
 * last page, as others would be held for dead else.
 */
#include "guest-kernel/kernel/kernel.h"

struct free {
    struct free *next;
};

static struct free *free_pages, *free_blocks;
static const struct boot_info *boot;
static unsigned range;                   /* of boot->memory */
static uint64_t at;                      /* in it: nothing behind was ever used */
static uint64_t free_bytes, block_bytes; /* all; of it, in blocks that were freed */

enum { KEPT = 256 * 1024 };

static uint64_t block_end(uint64_t begin)
{
    return begin + BLOCK;
}

/* The end of what is taken and meets this block, 0 if it is free. */
static uint64_t taken(uint64_t begin)
{
    for (unsigned i = 0; i < boot->n_taken; i++) {
        const struct arch_range *t = &boot->taken[i];
        if (t->bytes && begin < t->at + t->bytes && block_end(begin) > t->at)
            return t->at + t->bytes;
    }
    return 0;
}

static uint64_t align(uint64_t address)
{
    return (address + BLOCK - 1) & ~(uint64_t)(BLOCK - 1);
}

static void *cut(void)
{
    while (range < boot->n_memory) {
        const struct arch_range *m = &boot->memory[range];
        uint64_t end = m->at + m->bytes, next;
        while (block_end(at) <= end && (next = taken(at)))
            at = align(next);
        if (block_end(at) <= end) {
            at += BLOCK;
            return (void *)(uintptr_t)(at - BLOCK);
        }
        if (++range < boot->n_memory)
            at = align(boot->memory[range].at);
    }
    return NULL;
}

void pages_init(const struct boot_info *info)
{
    boot = info;
    at = align(info->memory[0].at);
    for (unsigned i = 0; i < info->n_memory; i++)
        free_bytes += info->memory[i].bytes;
    for (unsigned i = 0; i < info->n_taken; i++)
        free_bytes -= info->taken[i].bytes;
    print("memory: %lu KiB free, initial ram disk %lu KiB\n", free_bytes / 1024, info->initrd_bytes / 1024);
}

static void push(struct free **list, void *p)
{
    ((struct free *)p)->next = *list;
    *list = p;
}

static void *pop(struct free **list)
{
    struct free *p = *list;

    if (p)
        *list = p->next;
    return p;
}

/* Unless less than that is left. */
static void *take(uint64_t left)
{
    if (free_bytes - block_bytes < left)
        return NULL;
    if (!free_pages) {
        char *block = cut();
        if (!block)
            return NULL;
        for (unsigned i = BLOCK / PAGE; i-- > 0;)
            push(&free_pages, block + (size_t)i * PAGE);
    }
    free_bytes -= PAGE;
    return pop(&free_pages);
}

void *page_take(void)
{
    return take(KEPT);
}

void *page_noted(void)
{
    return take(KEPT / 2);
}

void *page_last(void)
{
    return take(0);
}

void *page_new(void)
{
    void *page = page_take();

    return page ? memset(page, 0, PAGE) : NULL;
}

void page_free(void *page)
{
    free_bytes += PAGE;
    push(&free_pages, page);
}

void *block_new(void)
{
    void *block = pop(&free_blocks);

    if (block)
        block_bytes -= BLOCK;
    else
        block = cut();
    if (block)
        free_bytes -= BLOCK;
    return block;
}

void block_free(void *block)
{
    free_bytes += BLOCK;
    block_bytes += BLOCK;
    push(&free_blocks, block);
}

uint64_t pages_free_bytes(void)
{
    return free_bytes;
}
