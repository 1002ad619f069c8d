/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory.c - the address ranges of processes: the kernel's side of guest-kernel/core/vma.h, which decides
 * what is where and keeps all nodes to it. Here are what it calls back for (translations, pages, messages),
 * waiting for it, and the system calls brk, mmap, munmap and mprotect, which are the origin's. See process.h.
 */
#include "guest-kernel/core/vma.h"
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/dsm.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/heap.h"
#include "guest-kernel/kernel/mapping.h"
#include "guest-kernel/kernel/process.h"

#define MMAP_BEGIN (USER_BEGIN + UINT64_C(0x800000000))
#define MMAP_END   (USER_END - UINT64_C(0x100000000))
enum { MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_TYPE = 15, MAP_FIXED = 16, MAP_ANONYMOUS = 32 };
enum { TOGETHER = 64 };                    /* pages that are looked for at once */
enum { MAX_RANGES = 16384, CACHED = 256 }; /* of a process: at its origin, at a replica */

static struct vma ranges;
static bool tearing; /* the page tables go with all that is in them */

/* ---- what vma.h calls ---- */

static void send(void *ctx, unsigned to, unsigned type, const struct vma_wire *w, size_t bytes)
{
    (void)ctx;
    cluster_post(to, type, w, bytes);
}

static uint64_t replicas(void *ctx, uint32_t process)
{
    const struct process *p = process_here((int)process);

    (void)ctx;
    return p ? p->nodes : 0;
}

/* Text's pages are this node's own: they are freed, or get other rights. */
static void gone(void *ctx, struct vma_space *s, const struct vma_area *a, uint64_t begin, uint64_t end,
                 bool stays)
{
    const struct process *p = process_here((int)s->process);
    unsigned has;

    (void)ctx;
    if (!p || p->space != s || tearing)
        return;
    if (a->object) {
        space_forget(p->root, begin, end); /* they come back with their rights when they are touched */
        return;
    }
    for (uint64_t at = begin; (at = space_next(p->root, at, end)) < end; at += PAGE) {
        if (stays)
            space_map(p->root, at, space_page(p->root, at, &has), a->prot & ~(unsigned)PROT_WRITE);
        else
            space_unmap(p->root, at);
    }
}

static bool busy(void *ctx, uint32_t process, uint64_t begin, uint64_t end)
{
    (void)ctx;
    return dsm_busy((int)process, begin, end);
}

static void drop(void *ctx, const struct vma_span *span)
{
    (void)ctx;
    dsm_drop(span);
}

void memory_init(const struct core_env *env, unsigned self, unsigned nodes)
{
    const struct vma_config c = {.env = env,
                                 .self = self,
                                 .nodes = nodes,
                                 .page_bytes = PAGE,
                                 .max_pages = DSM_OBJECT_PAGES,
                                 .max_objects = DSM_OBJECTS,
                                 .max_ranges = MAX_RANGES,
                                 .cached = CACHED,
                                 .pieces = VMA_PIECES,
                                 .send = send,
                                 .replicas = replicas,
                                 .gone = gone,
                                 .busy = busy,
                                 .drop = drop};

    if (vma_init(&ranges, &c) != CORE_OK)
        panic("address ranges");
}

void memory_message(unsigned from, unsigned type, const void *data, size_t bytes)
{
    vma_message(&ranges, from, type, data, bytes);
}

void memory_quiet(void)
{
    vma_quiet(&ranges);
}

void memory_dead(unsigned node)
{
    vma_peer_dead(&ranges, node);
}

/* ---- a process's memory as a whole ---- */

bool memory_new(struct process *p)
{
    p->root = space_new();
    p->space = p->root ? heap_new(sizeof *p->space) : NULL;
    if (p->space)
        vma_space_begin(&ranges, p->space, (uint32_t)p->id, process_origin(p->id));
    else if (p->root)
        space_free(p->root);
    return p->space;
}

void memory_free(struct process *p)
{
    tearing = true;
    vma_space_end(&ranges, p->space);
    tearing = false;
    heap_free(p->space, sizeof *p->space);
    space_free(p->root);
    p->space = NULL;
    p->root = 0;
}

static struct vma_span span_of(const struct process *p, const struct vma_area *a)
{
    return (struct vma_span){(uint32_t)p->id, a->object, (uint32_t)((a->end - a->begin) / PAGE), a->first};
}

void memory_discard(struct process *p)
{
    for (const struct vma_area *a = vma_from(p->space, 0); a; a = vma_from(p->space, a->end)) {
        const struct vma_span s = span_of(p, a);
        if (a->object)
            dsm_drop(&s);
    }
    memory_free(p);
}

/* A page that somebody has touched. */
static int copy_page(int to, int from, const struct vma_area *a, uint64_t page)
{
    uint64_t from_key = dsm_key(from, a->object, page), to_key = dsm_key(to, a->object, page);
    int status;
    void *source = dsm_get(from_key, false, a, &status);
    void *copy = source ? dsm_get(to_key, true, a, &status) : NULL;

    if (copy) {
        memcpy(copy, source, PAGE);
        dsm_unpin(to_key, false);
    }
    if (source)
        dsm_unpin(from_key, false);
    memory_quiet();
    return copy ? 0 : -1;
}

static int copy_range(int to, int from, const struct vma_area *a)
{
    uint64_t keys[TOGETHER], next = dsm_key(from, a->object, a->first);
    uint64_t last = next + (a->end - a->begin) / PAGE - 1;
    unsigned n;

    do {
        n = dsm_touched(next, last, keys, TOGETHER);
        for (unsigned i = 0; i < n; i++) {
            breathe();
            /* it may have been unmapped since, and must not be asked for then */
            if (dsm_touched(keys[i], keys[i], &next, 1) &&
                copy_page(to, from, a, keys[i] & (DSM_OBJECT_PAGES - 1)) < 0)
                return -1;
            next = keys[i] + 1;
        }
    } while (n == TOGETHER);
    return 0;
}

int memory_copy(struct process *to, struct process *from)
{
    to->program = from->program;
    if (vma_copy(&ranges, to->space, from->space) != CORE_OK)
        return -1;
    for (const struct vma_area *a = vma_from(to->space, 0); a; a = vma_from(to->space, a->end))
        if (a->object && copy_range(to->id, from->id, a) < 0)
            return -1;
    return 0;
}

void memory_continue(struct process *p, const struct vma_space *before)
{
    p->space->last_object = before->last_object;
}

void memory_brk_begin(struct process *p, uintptr_t at)
{
    p->space->brk_begin = p->space->brk = at;
}

void memory_brk_is(struct process *p, uintptr_t begin, uintptr_t now)
{
    p->space->brk_begin = begin;
    p->space->brk = now;
}

/* ---- what is where ---- */

struct search { /* on its thread's stack */
    struct vma_lookup lookup;
    int status;
    bool done;
};

static void found(struct vma_lookup *l, const struct vma_area *a, int status)
{
    struct search *s = (struct search *)l;

    (void)a;
    s->status = status;
    s->done = true;
    wake_first(s);
}

const struct vma_area *memory_range(struct process *p, uintptr_t at, int *status)
{
    for (;;) {
        const struct vma_area *a = vma_find(p->space, at);
        struct search s = {.lookup = {.done = found}};
        *status = a ? CORE_OK : CORE_EINVAL;
        if (a || !p->replica || at < USER_BEGIN || at >= USER_END)
            return a;
        vma_lookup(&ranges, p->space, &s.lookup, at);
        while (!s.done)
            wait_always(&s);
        if ((*status = s.status) != CORE_OK)
            return NULL;
    }
}

const struct vma_area *memory_known(const struct process *p, uintptr_t at)
{
    return vma_find(p->space, at);
}

const struct vma_area *memory_object(const struct process *p, uint32_t object, uint64_t page)
{
    return vma_object(&ranges, p->space, object, page);
}

bool memory_beyond(const struct vma_area *a, uintptr_t at)
{
    uint64_t bytes;

    return a->file >= CONTENTS_FILE &&
           (!initrd_file(a->file, &bytes) || a->offset + (at - a->begin) >= bytes);
}

static bool file_contents(const struct vma_area *a, uintptr_t at, void *page)
{
    uint64_t bytes, offset = a->offset + (at - a->begin);
    const uint8_t *data = initrd_file(a->file, &bytes);

    if (!data || offset >= bytes)
        return false;
    memcpy(page, data + offset, bytes - offset < PAGE ? bytes - offset : PAGE);
    return true;
}

bool memory_contents(const struct process *p, const struct vma_area *a, uintptr_t at, void *page)
{
    bool any = false;

    if (a->file >= CONTENTS_FILE)
        return file_contents(a, at, page);
    for (unsigned i = 0; a->file == CONTENTS_PROGRAM && i < p->program.n; i++)
        any |= segment_page(&p->program.segments[i], at, page);
    return any;
}

/* ---- changes, at the origin ---- */

bool memory_add(struct process *p, uintptr_t begin, uintptr_t end, unsigned prot, uint32_t file, bool text)
{
    struct vma_area a = {
        .begin = begin, .end = end, .prot = (uint8_t)prot, .file = file, .object = text ? 0 : 1};

    return vma_add(&ranges, p->space, &a) == CORE_OK;
}

bool memory_adopt(struct process *p, struct vma_area *a)
{
    return vma_add(&ranges, p->space, a) == CORE_OK;
}

struct change { /* on its thread's stack */
    struct vma_op op;
    int status;
    bool done;
};

static void changed(struct vma_op *op, int status)
{
    struct change *c = (struct change *)op;

    c->status = status;
    c->done = true;
    wake_first(c);
}

/* Waits until all nodes know. enum core_status. */
static int change(enum vma_kind kind, const struct vma_area *a)
{
    struct change c = {.op = {.done = changed, .kind = kind, .area = *a}};

    vma_begin(&ranges, current()->process->space, &c.op);
    while (!c.done)
        wait_always(&c);
    return c.status;
}

static uintptr_t up(uintptr_t at)
{
    return (at + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
}

static bool in_user(uintptr_t at, uint64_t bytes)
{
    return !(at % PAGE) && up(bytes) >= bytes && at >= USER_BEGIN && at <= USER_END &&
           up(bytes) <= USER_END - at;
}

int64_t memory_brk(uintptr_t at)
{
    const struct vma_area a = {.begin = at, .end = MMAP_BEGIN, .prot = PROT_READ | PROT_WRITE};

    change(VMA_BRK, &a); /* if it cannot be, it stays where it is: that is the answer */
    return (int64_t)current()->process->space->brk;
}

/* What mmap's flags say, with the file: its number and whether pages are the process's own. Negative errno.
 */
static int64_t mapping(struct file *f, unsigned prot, unsigned flags, struct vma_area *a)
{
    bool shared = (flags & MAP_TYPE) == MAP_SHARED;
    int64_t file;

    if ((!shared && (flags & MAP_TYPE) != MAP_PRIVATE) || (shared && !f))
        return -EINVAL;
    if (!f)
        return 0;
    if (shared && prot & PROT_WRITE)
        return -EACCES; /* no file is open for writing */
    file = mapping_file(f);
    if (file > 0) {
        a->file = (uint32_t)file;
        a->object = !shared;
    }
    return file < 0 ? file : 0;
}

int64_t memory_map(uintptr_t at, uint64_t bytes, unsigned prot, unsigned flags, uint64_t descriptor,
                   uint64_t offset)
{
    struct file *f = flags & MAP_ANONYMOUS ? NULL : descriptor_file(descriptor);
    uint64_t size = up(bytes);
    struct vma_area a = {
        .begin = at, .end = at + size, .object = 1, .prot = (uint8_t)prot, .offset = f ? offset : 0};

    if (offset % PAGE)
        return -EINVAL;
    if (!f && !(flags & MAP_ANONYMOUS))
        return -EBADF;
    if (!bytes || prot & ~(unsigned)(PROT_READ | PROT_WRITE | PROT_EXEC))
        return -EINVAL;
    if (size < bytes || size > MMAP_END - MMAP_BEGIN || size / PAGE > DSM_OBJECT_PAGES)
        return -ENOMEM;
    if (f && (offset > INT64_MAX || size > INT64_MAX - offset))
        return -EOVERFLOW;
    if (flags & MAP_FIXED && !in_user(at, bytes))
        return -EINVAL;
    int64_t error = mapping(f, prot, flags, &a);
    if (error)
        return error;
    if (flags & MAP_FIXED)
        return change(VMA_MAP, &a) == CORE_OK ? (int64_t)at : -ENOMEM;
    return vma_place(&ranges, current()->process->space, &a, MMAP_BEGIN, MMAP_END) == CORE_OK
               ? (int64_t)a.begin
               : -ENOMEM;
}

int64_t memory_unmap(uintptr_t at, uint64_t bytes)
{
    const struct vma_area a = {.begin = at, .end = at + up(bytes)};

    if (!bytes || !in_user(at, bytes))
        return -EINVAL;
    return change(VMA_UNMAP, &a) == CORE_OK ? 0 : -ENOMEM;
}

/* Part of it is pages that each node has for itself, and that nobody may write. */
static bool each_has_its_own(const struct vma_area *where)
{
    const struct vma_space *s = current()->process->space;
    const struct vma_area *a = vma_from(s, where->begin);

    while (a && a->begin < where->end && a->object)
        a = vma_from(s, a->end);
    return a && a->begin < where->end;
}

int64_t memory_protect(uintptr_t at, uint64_t bytes, unsigned prot)
{
    const struct vma_area a = {.begin = at, .end = at + up(bytes), .prot = (uint8_t)prot};

    if (!in_user(at, bytes) || prot & ~(unsigned)(PROT_READ | PROT_WRITE | PROT_EXEC))
        return -EINVAL;
    if (prot & PROT_WRITE && each_has_its_own(&a))
        return -EACCES;
    return !bytes || change(VMA_PROTECT, &a) == CORE_OK ? 0 : -ENOMEM;
}
