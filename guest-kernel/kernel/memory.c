/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory.c - a process's address ranges, sorted by nothing; pages are made when they are first touched, all
 * zero. Ranges do not overlap. See process.h.
 */
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/process.h"

#define MMAP_BEGIN (USER_BEGIN + UINT64_C(0x800000000))
#define MMAP_END   (USER_END - UINT64_C(0x100000000))
enum { MAP_FIXED = 16, MAP_ANONYMOUS = 32 };

static uintptr_t up(uintptr_t at)
{
    return (at + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
}

static struct range *range_at(struct process *p, uintptr_t at)
{
    for (unsigned i = 0; i < RANGES; i++)
        if (at >= p->ranges[i].begin && at < p->ranges[i].end)
            return &p->ranges[i];
    return NULL;
}

bool range_add(struct process *p, uintptr_t begin, uintptr_t end, unsigned prot)
{
    for (unsigned i = 0; i < RANGES; i++) {
        struct range *r = &p->ranges[i];
        if (r->end > r->begin)
            continue;
        *r = (struct range){begin, end, prot};
        return true;
    }
    return false;
}

void *user_page(struct process *p, uintptr_t at, unsigned prot)
{
    unsigned has;
    int status;

    if (shared_here(at))
        return shared_page(at, prot, &status);
    struct range *r = range_at(p, at);
    void *page = space_page(p->root, at, &has);

    if (!r || (prot & r->prot) != prot)
        return NULL;
    if (page)
        return (has & prot) == prot ? page : NULL;
    page = page_new();
    if (page && space_map(p->root, at & ~(uintptr_t)(PAGE - 1), page, r->prot) < 0) {
        page_free(page);
        return NULL;
    }
    return page;
}

/* In memory shared with other nodes. */
static bool shared_fault(struct process *p, uintptr_t address, unsigned prot)
{
    int status;

    if (shared_page(address, prot, &status) || status == CORE_ECLOSED)
        return true;
    print("process %d: shared page at %lx is lost: error %d\n", p->id, address & ~(uintptr_t)(PAGE - 1),
          -status);
    process_end(p, SIGBUS);
    return false;
}

bool process_fault(uintptr_t address, unsigned prot)
{
    struct process *p = current()->process;

    if (shared_here(address))
        return shared_fault(p, address, prot);

    if (user_page(p, address, prot))
        return true;
    process_end(p, SIGSEGV);
    return false;
}

/* Calls for every piece of a page; copies from user (to == NULL: from the kernel). */
static int copy(struct process *p, uintptr_t user, void *to, const void *from, size_t n)
{
    while (n) {
        size_t offset = user % PAGE, piece = PAGE - offset < n ? PAGE - offset : n;
        char *page = user_page(p, user, to ? PROT_READ : PROT_WRITE);
        if (!page)
            return -1;
        if (to) {
            memcpy(to, page + offset, piece);
            to = (char *)to + piece;
        } else {
            memcpy(page + offset, from, piece);
            from = (const char *)from + piece;
        }
        user += piece;
        n -= piece;
    }
    return 0;
}

int copy_in(void *to, uintptr_t from, size_t n)
{
    return copy(current()->process, from, to, NULL, n);
}

int copy_out(uintptr_t to, const void *from, size_t n)
{
    return copy(current()->process, to, NULL, from, n);
}

int copy_to(struct process *p, uintptr_t to, const void *from, size_t n)
{
    return copy(p, to, NULL, from, n);
}

int copy_string(char *to, uintptr_t from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (copy_in(to + i, from + i, 1) < 0)
            return -1;
        else if (!to[i])
            return 0;
    return -1;
}

int64_t memory_brk(uintptr_t at)
{
    struct process *p = current()->process;
    uintptr_t old = up(p->brk), new = up(at);

    if (at < p->brk_begin || at >= MMAP_BEGIN)
        return (int64_t)p->brk;
    if (new < old)
        memory_unmap(new, old - new);
    else if (new > old) {
        struct range *r = old > p->brk_begin ? range_at(p, old - 1) : NULL;
        if (r)
            r->end = new;
        else if (!range_add(p, old, new, PROT_READ | PROT_WRITE))
            return (int64_t)p->brk;
    }
    p->brk = at;
    return (int64_t)at;
}

static bool is_free(const struct process *p, uintptr_t begin, uintptr_t end)
{
    for (unsigned i = 0; i < RANGES; i++)
        if (begin < p->ranges[i].end && end > p->ranges[i].begin)
            return false;
    return true;
}

int64_t memory_map(uintptr_t at, uint64_t bytes, unsigned prot, unsigned flags)
{
    struct process *p = current()->process;
    uint64_t size = up(bytes);

    if (!bytes || size < bytes || size > MMAP_END - MMAP_BEGIN || !(flags & MAP_ANONYMOUS) || at % PAGE ||
        prot & ~(unsigned)(PROT_READ | PROT_WRITE | PROT_EXEC))
        return -EINVAL;
    if (flags & MAP_FIXED) {
        if (at < USER_BEGIN || at > USER_END - size)
            return -EINVAL;
        int64_t error = memory_unmap(at, size);
        if (error)
            return error;
    } else {
        for (at = MMAP_BEGIN; !is_free(p, at, at + size); at += PAGE)
            for (unsigned i = 0; i < RANGES; i++) /* to the last page of what is in the way */
                if (at >= p->ranges[i].begin && at < p->ranges[i].end)
                    at = p->ranges[i].end - PAGE;
        if (at + size > MMAP_END)
            return -ENOMEM;
    }
    return range_add(p, at, at + size, prot) ? (int64_t)at : -ENOMEM;
}

/* Makes begin a range's border. */
static bool split(struct process *p, uintptr_t at)
{
    struct range *r = range_at(p, at);

    if (!r || r->begin == at)
        return true;
    if (!range_add(p, at, r->end, r->prot))
        return false;
    r->end = at;
    return true;
}

int64_t memory_unmap(uintptr_t at, uint64_t bytes)
{
    struct process *p = current()->process;
    uintptr_t end = at + up(bytes);

    if (at % PAGE || !bytes || end < at || at < USER_BEGIN || end > USER_END)
        return -EINVAL;
    if (!split(p, at) || !split(p, end))
        return -ENOMEM;
    for (unsigned i = 0; i < RANGES; i++) {
        struct range *r = &p->ranges[i];
        if (r->begin < at || r->end > end)
            continue;
        for (uintptr_t page = r->begin; page < r->end; page += PAGE)
            space_unmap(p->root, page);
        *r = (struct range){0, 0, 0};
    }
    return 0;
}

int64_t memory_protect(uintptr_t at, uint64_t bytes, unsigned prot)
{
    struct process *p = current()->process;
    uintptr_t end = at + up(bytes);
    unsigned has;

    if (at % PAGE || end < at || at < USER_BEGIN || end > USER_END ||
        prot & ~(unsigned)(PROT_READ | PROT_WRITE | PROT_EXEC))
        return -EINVAL;
    for (uintptr_t page = at; page < end; page += PAGE)
        if (!range_at(p, page))
            return -ENOMEM;
    if (!split(p, at) || !split(p, end))
        return -ENOMEM;
    for (unsigned i = 0; i < RANGES; i++) {
        struct range *r = &p->ranges[i];
        if (r->begin < at || r->end > end)
            continue;
        r->prot = prot;
        for (uintptr_t page = r->begin; page < r->end; page += PAGE) {
            void *there = space_page(p->root, page, &has);
            if (there)
                space_map(p->root, page, there, prot);
        }
    }
    return 0;
}
