/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory.c - a process's address ranges, sorted by nothing; they do not overlap. A range with object 0 is
 * text, which each node has out of its own program file; the pages of others are shared over nodes (dsm.h).
 * The origin's ranges are the process's; a replica's are those it has asked the origin for, and forgets when
 * it is told so (remote_memory.c). See process.h.
 */
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/dsm.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/process.h"
#include "guest-kernel/kernel/remote.h"

#define MMAP_BEGIN (USER_BEGIN + UINT64_C(0x800000000))
#define MMAP_END   (USER_END - UINT64_C(0x100000000))
enum { MAP_FIXED = 16, MAP_ANONYMOUS = 32 };
/* So soon it is seen that a thread has gone on, if no trap tells earlier. */
enum { PROGRESS_NS = 5000, AGAIN_NS = 4 * PROGRESS_NS };

static uintptr_t down(uintptr_t at)
{
    return at & ~(uintptr_t)(PAGE - 1);
}

static uintptr_t up(uintptr_t at)
{
    return down(at + PAGE - 1);
}

static struct range *range_at(struct process *p, uintptr_t at)
{
    for (unsigned i = 0; i < RANGES; i++)
        if (at >= p->ranges[i].begin && at < p->ranges[i].end)
            return &p->ranges[i];
    return NULL;
}

struct range *memory_range(struct process *p, uintptr_t at)
{
    struct range *r = range_at(p, at);

    if (!r && p->replica && at >= USER_BEGIN && at < USER_END && remote_range(p, at))
        r = range_at(p, at);
    return r;
}

static bool range_add(struct process *p, struct range r)
{
    for (unsigned i = 0; i < RANGES; i++)
        if (p->ranges[i].end == p->ranges[i].begin) {
            p->ranges[i] = r;
            return true;
        }
    return false;
}

static uint32_t object_new(struct process *p)
{
    for (bool used = true; used;) {
        used = ++p->last_object >= DSM_OBJECTS;
        if (used)
            p->last_object = 0;
        for (unsigned i = 0; i < RANGES; i++)
            used |= p->ranges[i].object == p->last_object;
    }
    return p->last_object;
}

bool memory_add(struct process *p, uintptr_t begin, uintptr_t end, unsigned prot, bool text)
{
    return range_add(p, (struct range){begin, end, prot, text ? 0 : object_new(p), 0});
}

uintptr_t memory_address(struct process *p, uint32_t object, uint64_t page, unsigned *prot)
{
    for (unsigned i = 0; i < RANGES; i++) {
        const struct range *r = &p->ranges[i];
        if (r->end == r->begin || r->object != object || page < r->first ||
            page - r->first >= (r->end - r->begin) / PAGE)
            continue;
        *prot = r->prot;
        return r->begin + (page - r->first) * PAGE;
    }
    return 0;
}

bool memory_contents(struct process *p, uintptr_t at, void *page)
{
    bool any = false;

    for (unsigned i = 0; i < p->program.n; i++)
        any |= segment_page(&p->program.segments[i], at, page);
    return any;
}

static void *text_page(struct process *p, uintptr_t at, unsigned prot)
{
    unsigned has;
    void *page = space_page(p->root, at, &has);

    if (page)
        return page;
    page = page_new();
    if (!page)
        return NULL;
    memory_contents(p, at, page);
    if (space_map(p->root, at, page, prot) < 0) {
        page_free(page);
        return NULL;
    }
    if (prot & PROT_EXEC)
        arch_code_changed();
    return page;
}

static void *shared_page(uintptr_t at, unsigned prot, struct page_ref *ref)
{
    if (prot & PROT_EXEC)
        return NULL;
    ref->key = (at - SHARED_BEGIN) / PAGE;
    ref->frame = dsm_get(ref->key, prot & PROT_WRITE, &ref->status);
    ref->pinned = ref->frame != NULL;
    return ref->frame;
}

void *user_page(struct process *p, uintptr_t at, unsigned prot, struct page_ref *ref)
{
    *ref = (struct page_ref){.status = CORE_EINVAL};
    if (shared_here(at))
        return shared_page(at, prot, ref);
    for (;;) {
        struct range *r = memory_range(p, at);
        if (!r || (prot & r->prot) != prot)
            return NULL;
        if (!r->object)
            return ref->frame = text_page(p, down(at), r->prot);
        uint64_t key = ref->key = dsm_key(p->id, r->object, r->first + (at - r->begin) / PAGE);
        ref->frame = dsm_get(key, prot & PROT_WRITE, &ref->status);
        if (!ref->frame)
            return NULL;
        ref->pinned = true;
        r = range_at(p, at); /* it may have waited: is all as it was? */
        if (r && (prot & r->prot) == prot && r->object &&
            key == dsm_key(p->id, r->object, r->first + (at - r->begin) / PAGE)) {
            ref->prot = dsm_writable(key) ? r->prot : r->prot & ~(unsigned)PROT_WRITE;
            return ref->frame;
        }
        user_page_put(ref);
    }
}

void user_page_put(struct page_ref *ref)
{
    if (ref->pinned)
        dsm_unpin(ref->key, false);
    ref->pinned = false;
}

void memory_progress(bool anyway)
{
    struct thread *t = current();

    if (!t->pinned)
        return;
    if (!anyway && arch_frame_pc(t->frame) == t->pinned_pc) {
        timer_by(arch_time_ns() + AGAIN_NS); /* not yet, or a loop of few instructions is there again */
        return;
    }
    t->pinned = false;
    dsm_unpin(t->pinned_key, arch_frame_pc(t->frame) == t->pinned_pc);
}

bool process_fault(uintptr_t address, unsigned prot)
{
    struct thread *t = current();
    struct process *p = t->process;
    struct page_ref ref;

    memory_progress(true);
    if (user_page(p, address, prot, &ref)) {
        if (ref.prot && ref.pinned && space_map(p->root, down(address), ref.frame, ref.prot) < 0) {
            user_page_put(&ref);
            ref.status = CORE_ENOMEM;
        } else {
            t->pinned = ref.pinned;
            t->pinned_key = ref.key;
            t->pinned_pc = arch_frame_pc(t->frame);
            /* Another node waits for it, or another CPU may hear of one that does: no trap may come. */
            if (t->pinned && (boot_info.n_cpus > 1 || dsm_wanted(ref.key)))
                timer_by(arch_time_ns() + PROGRESS_NS);
            return true;
        }
    }
    if (p->ending)
        return true; /* it is on its way out */
    if (ref.status == CORE_EINVAL) {
        process_end(p, SIGSEGV);
        return false;
    }
    print("process %d: the page at %lx is lost: error %d\n", p->id, down(address), -ref.status);
    process_end(p, SIGBUS);
    return false;
}

/* Calls for every piece of a page; copies from user (to == NULL: from the kernel). */
static int copy(struct process *p, uintptr_t user, void *to, const void *from, size_t n)
{
    while (n) {
        size_t offset = user % PAGE, piece = PAGE - offset < n ? PAGE - offset : n;
        struct page_ref ref;
        char *page = user_page(p, user, to ? PROT_READ : PROT_WRITE, &ref);
        if (!page)
            return -1;
        if (to) {
            memcpy(to, page + offset, piece);
            to = (char *)to + piece;
        } else {
            memcpy(page + offset, from, piece);
            from = (const char *)from + piece;
        }
        user_page_put(&ref);
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
        if (r && r->object)
            r->end = new;
        else if (!memory_add(p, old, new, PROT_READ | PROT_WRITE, false))
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
    if (size / PAGE > DSM_OBJECT_PAGES)
        return -ENOMEM;
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
    return memory_add(p, at, at + size, prot, false) ? (int64_t)at : -ENOMEM;
}

/* Makes begin a range's border. */
static bool split(struct process *p, uintptr_t at)
{
    struct range *r = range_at(p, at);

    if (!r || r->begin == at)
        return true;
    if (!range_add(p, (struct range){at, r->end, r->prot, r->object, r->first + (at - r->begin) / PAGE}))
        return false;
    r->end = at;
    return true;
}

/* Takes the translations away; text's pages are freed. */
static void unmap(struct process *p, const struct range *r, uintptr_t begin, uintptr_t end)
{
    if (begin < r->begin)
        begin = r->begin;
    if (end > r->end)
        end = r->end;
    for (uintptr_t at = begin; at < end; at += PAGE)
        if (r->object)
            space_clear(p->root, at);
        else
            space_unmap(p->root, at);
}

void memory_forget(struct process *p, uintptr_t begin, uintptr_t end)
{
    for (unsigned i = 0; i < RANGES; i++) {
        struct range *r = &p->ranges[i];
        if (r->begin >= end || r->end <= begin)
            continue;
        unmap(p, r, r->begin, r->end);
        *r = (struct range){0};
    }
}

void memory_learn(struct process *p, const struct range *r)
{
    memory_forget(p, r->begin, r->end);
    if (!range_add(p, *r)) {
        memory_forget(p, p->ranges[0].begin, p->ranges[0].end);
        p->ranges[0] = *r;
    }
}

int64_t memory_unmap(uintptr_t at, uint64_t bytes)
{
    struct process *p = current()->process;
    struct dsm_span spans[RANGES];
    uintptr_t end = at + up(bytes);
    unsigned n = 0;

    if (at % PAGE || !bytes || end < at || at < USER_BEGIN || end > USER_END)
        return -EINVAL;
    if (!split(p, at) || !split(p, end))
        return -ENOMEM;
    for (unsigned i = 0; i < RANGES; i++) {
        struct range *r = &p->ranges[i];
        if (r->begin == r->end || r->begin < at || r->end > end)
            continue;
        unmap(p, r, at, end);
        if (r->object)
            spans[n++] = (struct dsm_span){r->object, (uint32_t)((r->end - r->begin) / PAGE), r->first};
        *r = (struct range){0};
    }
    remote_forget(p, at, end, spans, n);
    remote_drop(p, spans, n);
    for (unsigned i = 0; i < n; i++)
        dsm_drop(p->id, &spans[i]);
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
        if (r->begin == r->end || r->begin < at || r->end > end)
            continue;
        r->prot = prot;
        if (r->object)
            unmap(p, r, at, end); /* they come back with their new rights when they are touched */
        for (uintptr_t page = r->begin; !r->object && page < r->end; page += PAGE) {
            void *there = space_page(p->root, page, &has);
            if (there)
                space_map(p->root, page, there, prot);
        }
    }
    remote_forget(p, at, end, NULL, 0);
    return 0;
}

int memory_copy(struct process *to, struct process *from)
{
    memcpy(to->ranges, from->ranges, sizeof to->ranges);
    to->program = from->program;
    to->last_object = from->last_object;
    to->brk_begin = from->brk_begin;
    to->brk = from->brk;
    for (unsigned i = 0; i < RANGES; i++) {
        const struct range r = to->ranges[i];
        for (uintptr_t at = r.begin; r.object && at < r.end; at += PAGE) {
            uint64_t page = r.first + (at - r.begin) / PAGE;
            int status;
            if (!dsm_touched(dsm_key(from->id, r.object, page)))
                continue;
            void *source = dsm_get(dsm_key(from->id, r.object, page), false, &status);
            void *copy = source ? dsm_get(dsm_key(to->id, r.object, page), true, &status) : NULL;
            if (copy) {
                memcpy(copy, source, PAGE);
                dsm_unpin(dsm_key(to->id, r.object, page), false);
            }
            if (source)
                dsm_unpin(dsm_key(from->id, r.object, page), false);
            if (!copy)
                return -1;
        }
    }
    return 0;
}

void memory_discard(struct process *p)
{
    for (unsigned i = 0; i < RANGES; i++) {
        struct range *r = &p->ranges[i];
        const struct dsm_span s = {r->object, (uint32_t)((r->end - r->begin) / PAGE), r->first};
        if (r->object)
            dsm_drop(p->id, &s);
        *r = (struct range){0};
    }
    space_free(p->root);
    p->root = 0;
}
