/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * paging.c - page tables: four levels of 512 entries on every instruction set, entries' format in
 * paging_<isa>.c.
 *
 * Entries of a root are 512 GiB each. Entry 0 is the kernel's and the same in all; entry 1 is the user's, and
 * a page in it belongs to exactly one address space; entry 2 is of memory shared with other nodes
 * (dsm.c) and the same in all.
 */
#include "guest-kernel/kernel/cpu.h"
#include "guest-kernel/kernel/stack.h"

enum { KERNEL, USER, SHARED }; /* entries of a root */
enum { LEVELS = 4, ENTRIES = 512, PAGE_BITS = 12, LEVEL_BITS = 9 };
#define LARGE UINT64_C(0x200000)

uint64_t kernel_root;

static unsigned index_at(uintptr_t at, unsigned level) /* level 3: the root */
{
    return at >> (PAGE_BITS + LEVEL_BITS * level) & (ENTRIES - 1);
}

/* The entry for an address at a level, making tables on the way if asked to; NULL: none, or no memory. */
static uint64_t *entry(uint64_t root, uintptr_t at, unsigned level, bool make)
{
    uint64_t *table = (uint64_t *)root;

    for (unsigned l = LEVELS - 1; l > level; l--) {
        uint64_t *e = &table[index_at(at, l)];
        if (!arch_pte_present(*e)) {
            void *page = make ? page_new() : NULL;
            if (!page)
                return NULL;
            *e = arch_pte_table((uintptr_t)page);
        }
        table = (uint64_t *)arch_pte_address(*e);
    }
    return &table[index_at(at, level)];
}

/*
 * After an entry changed that was present: no CPU uses the old one any more. One that has another address
 * space in use will forget everything when it takes this one; kernel_root stands for what is the same in all,
 * which nobody touches while the kernel's own is in use.
 */
static void flush(uint64_t root)
{
    uint64_t others = cpus_using(root);

    arch_paging_flush_here();
    if (others)
        arch_paging_flush(others);
}

/* The kernel's own: one to one, in large pages where that fits. */
static void map_kernel(uint64_t at, uint64_t end, unsigned prot)
{
    at &= ~(uint64_t)(PAGE - 1);
    if (end > STACKS_BEGIN)
        panic("memory or a device at %lx: too far up", end);
    while (at < end) {
        bool large = !(at & (LARGE - 1)) && end - at >= LARGE;
        uint64_t *e = entry(kernel_root, at, large, true);
        if (!e)
            panic("no memory for the kernel's page tables");
        *e = arch_pte_page(at, prot, large);
        at += large ? LARGE : PAGE;
    }
}

static void map_memory(uint64_t at, uint64_t end)
{
    uint64_t begin = (uintptr_t)kernel_begin, behind = (uintptr_t)kernel_end;
    uint64_t around_begin = begin & ~(LARGE - 1), around_end = (behind + LARGE - 1) & ~(LARGE - 1);

    if (at < around_begin)
        map_kernel(at, end < around_begin ? end : around_begin, PROT_READ | PROT_WRITE);
    if (end > around_end)
        map_kernel(at > around_end ? at : around_end, end, PROT_READ | PROT_WRITE);
    /* Page by page around the kernel: entry() must not meet a large page where small ones go. */
    for (uint64_t p = around_begin > at ? around_begin : at; p < around_end && p < end; p += PAGE)
        if (p < begin || p >= behind)
            map_kernel(p, p + PAGE, PROT_READ | PROT_WRITE);
}

void paging_init(const struct boot_info *info)
{
    kernel_root = (uintptr_t)page_new();
    if (!kernel_root)
        panic("no memory");
    arch_paging_init();
    for (unsigned i = 0; i < info->n_memory; i++)
        map_memory(info->memory[i].at, info->memory[i].at + info->memory[i].bytes);
    map_kernel((uintptr_t)kernel_begin, (uintptr_t)kernel_text_end, PROT_READ | PROT_EXEC);
    map_kernel((uintptr_t)kernel_text_end, (uintptr_t)kernel_data_end, PROT_READ | PROT_WRITE);
    map_kernel((uintptr_t)kernel_data_end, (uintptr_t)kernel_end, PROT_READ);
    for (const struct arch_range *d = arch_devices; d->bytes; d++)
        map_kernel(d->at, d->at + d->bytes, PROT_READ | PROT_WRITE | PROT_DEVICE);
    arch_paging_use(kernel_root);
}

int paging_tables(uintptr_t at)
{
    return entry(kernel_root, at, 0, true) ? 0 : -1;
}

void paging_stack(uintptr_t at, void *page)
{
    *entry(kernel_root, at, 0, true) = arch_pte_page((uintptr_t)page, PROT_READ | PROT_WRITE, false);
}

void paging_device(uint64_t at, uint64_t bytes)
{
    map_kernel(at, at + bytes, PROT_READ | PROT_WRITE | PROT_DEVICE);
    arch_paging_flush_here();
}

uint64_t space_new(void)
{
    uint64_t *root = page_new();

    if (root) {
        root[KERNEL] = ((uint64_t *)kernel_root)[KERNEL];
        root[SHARED] = ((uint64_t *)kernel_root)[SHARED];
    }
    return (uintptr_t)root;
}

static void free_table(uint64_t *table, unsigned level)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        if (!arch_pte_present(table[i]))
            continue;
        void *below = (void *)arch_pte_address(table[i]);
        if (level)
            free_table(below, level - 1);
        else
            page_free(below);
    }
    page_free(table);
}

void space_free(uint64_t root)
{
    uint64_t user = ((uint64_t *)root)[USER];

    if (arch_pte_present(user))
        free_table((uint64_t *)arch_pte_address(user), LEVELS - 2);
    page_free((void *)root);
}

int space_map(uint64_t root, uintptr_t at, void *page, unsigned prot)
{
    uint64_t *e = entry(root, at, 0, true);

    if (!e)
        return -1;
    uint64_t was = *e;
    *e = arch_pte_page((uintptr_t)page, prot ? prot | PROT_USER : 0, false); /* 0: only the kernel's */
    /* Whoever still sees too little faults once more, and trap_exception() makes it look again. */
    if (arch_pte_present(was) &&
        (arch_pte_address(was) != (uintptr_t)page || arch_pte_prot(was) & ~arch_pte_prot(*e)))
        flush(root);
    else
        arch_paging_flush_here();
    return 0;
}

void *space_page(uint64_t root, uintptr_t at, unsigned *prot)
{
    uint64_t *e = at < USER_BEGIN || at >= USER_END ? NULL : entry(root, at, 0, false);

    if (!e || !arch_pte_present(*e))
        return NULL;
    *prot = arch_pte_prot(*e);
    return (void *)arch_pte_address(*e);
}

void *space_clear(uint64_t root, uintptr_t at)
{
    uint64_t *e = entry(root, at, 0, false);

    if (!e || !arch_pte_present(*e))
        return NULL;
    void *page = (void *)arch_pte_address(*e);
    *e = 0;
    flush(root);
    return page;
}

uintptr_t space_next(uint64_t root, uintptr_t at, uintptr_t end)
{
    while (at < end) {
        const uint64_t *table = (const uint64_t *)root;
        unsigned level = LEVELS - 1;
        while (level && arch_pte_present(table[index_at(at, level)]))
            table = (const uint64_t *)arch_pte_address(table[index_at(at, level--)]);
        if (!level && arch_pte_present(table[index_at(at, 0)]))
            return at;
        uint64_t step =
            UINT64_C(1) << (PAGE_BITS + LEVEL_BITS * level); /* nothing is there up to its next multiple */
        at = (at & ~(step - 1)) + step;
    }
    return end;
}

void space_forget(uint64_t root, uintptr_t begin, uintptr_t end)
{
    bool any = false;

    for (uintptr_t at = begin; (at = space_next(root, at, end)) < end; at += PAGE) {
        *entry(root, at, 0, false) = 0;
        any = true;
    }
    if (any)
        flush(root);
}

void space_unmap(uint64_t root, uintptr_t at)
{
    void *page = space_clear(root, at);

    if (page)
        page_free(page);
}

int space_tables(uint64_t root, uintptr_t at, uint64_t bytes)
{
    for (uint64_t offset = 0; offset < bytes; offset += LARGE)
        if (!entry(root, at + offset, 0, true))
            return -1;
    return 0;
}
