/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vma_ranges.c - changing the origin's ranges: placing, adding, cutting, taking out, joining (vma.h). What
 * needs memory gets it before anything is changed. A range becomes longer by brk, over pages that its object
 * never had, or by the one behind it, if nothing tells them apart.
 */
#include "guest-kernel/core/vma_internal.h"

enum { SPARES = 3 }; /* two cuts and a new range */

struct spares {
    struct vma_range *range[SPARES];
    unsigned n;
};

static uint64_t pages_of(const struct vma *v, uint64_t bytes)
{
    return bytes / v->c.page_bytes;
}

static uint64_t up(const struct vma *v, uint64_t at)
{
    return (at + v->c.page_bytes - 1) & ~((uint64_t)v->c.page_bytes - 1);
}

/* ---- memory ---- */

static void put_back(struct vma *v, struct spares *sp)
{
    while (sp->n)
        vma_range_free(v, sp->range[--sp->n]);
}

static bool reserve(struct vma *v, const struct vma_space *s, struct spares *sp, unsigned n)
{
    sp->n = 0;
    if (n && (uint64_t)s->ranges + n > v->c.max_ranges)
        return false;
    while (sp->n < n) {
        struct vma_range *r = vma_range_new(v);
        if (!r) {
            put_back(v, sp);
            return false;
        }
        sp->range[sp->n++] = r;
    }
    return true;
}

/* ---- objects ---- */

static bool object_used(const struct vma_space *s, uint32_t object)
{
    const struct vma_range *r = vma_tree_object(s, object, UINT64_MAX);
    if (r && r->a.object == object)
        return true;
    for (const struct vma_op *op = s->ops; op; op = op->next)
        if (op->add && op->area.object == object)
            return true;
    return false;
}

/* 0: all are in use. */
static uint32_t object_new(const struct vma *v, struct vma_space *s)
{
    for (uint32_t tries = 1; tries < v->c.max_objects; tries++) {
        s->last_object = s->last_object + 1 < v->c.max_objects ? s->last_object + 1 : 1;
        if (!object_used(s, s->last_object))
            return s->last_object;
    }
    return 0;
}

/* ---- joining ---- */

/* Nothing tells them apart. Of one object, pages follow each other as addresses do. */
static bool follows(const struct vma_range *r, const struct vma_range *behind)
{
    const struct vma_area *a = &r->a, *b = &behind->a;
    return a->end == b->begin && a->object == b->object && a->file == b->file && a->prot == b->prot &&
           !r->going && !behind->going && (!a->file || a->offset + (a->end - a->begin) == b->offset);
}

/* Ranges that touch these addresses grow together where they can. */
static void join(struct vma *v, struct vma_space *s, uint64_t begin, uint64_t end)
{
    struct vma_range *r = vma_tree_from(s, begin ? begin - 1 : 0), *behind;
    while (r && r->a.begin < end && (behind = vma_tree_from(s, r->a.end)) != NULL) {
        if (!follows(r, behind)) {
            r = behind;
            continue;
        }
        vma_tree_remove(s, behind);
        r->a.end = behind->a.end; /* no key of a tree */
        r->tail = behind->tail;
        vma_range_free(v, behind);
        s->ranges--;
        v->counts.joined_ranges++;
    }
}

/* ---- free addresses ---- */

/* The end of something that is in the way, or under an operation; 0: nothing is. */
static uint64_t in_the_way(const struct vma_space *s, uint64_t begin, uint64_t end)
{
    const struct vma_range *r = vma_tree_from(s, begin);
    uint64_t op_begin, op_end;
    if (r && r->a.begin < end)
        return r->a.end;
    for (const struct vma_op *op = s->ops; op; op = op->next) {
        vma_reach(s, op, &op_begin, &op_end);
        if (op_begin < end && op_end > begin)
            return op_end;
    }
    return 0;
}

static int add(struct vma *v, struct vma_space *s, struct vma_area *a)
{
    struct spares sp;
    if (!reserve(v, s, &sp, 1))
        return CORE_ENOMEM;
    if (a->object && !(a->object = object_new(v, s))) {
        put_back(v, &sp);
        return CORE_ENOMEM;
    }
    vma_range_add(s, sp.range[0], a);
    sp.range[0]->tail = 1;
    join(v, s, a->begin, a->end);
    return CORE_OK;
}

static struct vma_area with_object_1(const struct vma_area *a)
{
    struct vma_area b = *a;
    b.object = b.object != 0;
    return b;
}

int vma_add(struct vma *v, struct vma_space *s, struct vma_area *a)
{
    const struct vma_area checked = with_object_1(a);
    if (!vma_good(v, &checked) || in_the_way(s, a->begin, a->end))
        return CORE_EINVAL;
    return add(v, s, a);
}

int vma_place(struct vma *v, struct vma_space *s, struct vma_area *a, uint64_t low, uint64_t high)
{
    uint64_t size = a->end - a->begin, at = low, behind;
    struct vma_area placed = with_object_1(a);
    if (size > high || low > high - size)
        return CORE_ENOMEM;
    while ((behind = in_the_way(s, at, at + size)) != 0) {
        at = behind;
        if (at > high - size)
            return CORE_ENOMEM;
    }
    placed.begin = at;
    placed.end = at + size;
    if (!vma_good(v, &placed))
        return CORE_EINVAL;
    int status = add(v, s, &placed);
    if (status == CORE_OK)
        *a = placed;
    return status;
}

int vma_copy(struct vma *v, struct vma_space *to, const struct vma_space *from)
{
    for (const struct vma_area *a = vma_from(from, 0); a; a = vma_from(from, a->end)) {
        struct vma_range *r = vma_range_new(v);
        if (!r)
            return CORE_ENOMEM;
        vma_range_add(to, r, a);
        r->tail = ((const struct vma_range *)a)->tail;
    }
    to->last_object = from->last_object;
    to->brk_begin = from->brk_begin;
    to->brk = from->brk;
    return CORE_OK;
}

/* ---- changes ---- */

/* The one that has the address inside, not at its border. */
static struct vma_range *inside(const struct vma_space *s, uint64_t at)
{
    struct vma_range *r = vma_tree_from(s, at);
    return r && r->a.begin < at ? r : NULL;
}

/* The address becomes a border. */
static void cut(struct vma *v, struct vma_space *s, uint64_t at, struct spares *sp)
{
    struct vma_range *r = inside(s, at);
    if (!r)
        return;
    struct vma_area a = r->a;
    a.begin = at;
    a.first += a.object ? pages_of(v, at - r->a.begin) : 0;
    a.offset += a.file ? at - r->a.begin : 0;
    struct vma_range *behind = sp->range[--sp->n];
    r->a.end = at;
    vma_range_add(s, behind, &a);
    behind->tail = r->tail;
    r->tail = 0;
}

/* So much more is taken back. */
static void note(struct vma_op *op, const struct vma_area *a, bool pieces)
{
    if (op->begin == op->end)
        op->begin = a->begin;
    op->end = a->end;
    op->pieces += pieces;
}

/* What is there between these addresses is cut out, and is going. extra: spares that are left afterwards. */
static int take(struct vma *v, struct vma_space *s, struct vma_op *op, uint64_t begin, uint64_t end,
                struct spares *sp, unsigned extra)
{
    if (!reserve(v, s, sp, !!inside(s, begin) + !!inside(s, end) + extra))
        return CORE_ENOMEM;
    cut(v, s, begin, sp);
    cut(v, s, end, sp);
    for (struct vma_range *r = vma_tree_from(s, begin); r && r->a.begin < end;
         r = vma_tree_from(s, r->a.end)) {
        r->going = 1;
        note(op, &r->a, r->a.object);
        v->c.gone(v->c.ctx, s, &r->a, r->a.begin, r->a.end, false);
    }
    return CORE_OK;
}

static int map(struct vma *v, struct vma_space *s, struct vma_op *op)
{
    struct vma_area *a = &op->area;
    struct spares sp;
    uint32_t object = a->object ? object_new(v, s) : 0;
    if (a->object && !object)
        return CORE_ENOMEM;
    int status = take(v, s, op, a->begin, a->end, &sp, 1);
    if (status != CORE_OK)
        return status;
    a->object = object;
    op->add = sp.range[0];
    s->ranges++; /* it counts from now on */
    return CORE_OK;
}

/* The address is inside a range with other rights. */
static bool parts(const struct vma_space *s, uint64_t at, unsigned prot)
{
    const struct vma_range *r = inside(s, at);
    return r && r->a.prot != prot;
}

static int protect(struct vma *v, struct vma_space *s, struct vma_op *op)
{
    const struct vma_area *a = &op->area;
    bool low = parts(s, a->begin, a->prot), high = parts(s, a->end, a->prot);
    struct spares sp;
    struct vma_range *r;
    for (uint64_t at = a->begin; at < a->end; at = r->a.end) {
        r = vma_tree_from(s, at);
        if (!r || r->a.begin > at)
            return CORE_EINVAL;
    }
    if (!reserve(v, s, &sp, low + high))
        return CORE_ENOMEM;
    if (low)
        cut(v, s, a->begin, &sp);
    if (high)
        cut(v, s, a->end, &sp);
    for (r = vma_tree_from(s, a->begin); r && r->a.begin < a->end; r = vma_tree_from(s, r->a.end))
        if (r->a.prot != a->prot) {
            r->a.prot = a->prot;
            note(op, &r->a, false);
            v->c.gone(v->c.ctx, s, &r->a, r->a.begin, r->a.end, true);
        }
    join(v, s, a->begin, a->end);
    return CORE_OK;
}

/* The range that ends there, if more of the same may follow. */
static struct vma_range *longer(const struct vma *v, const struct vma_space *s, uint64_t end, uint64_t pages,
                                unsigned prot)
{
    struct vma_range *r = end > s->brk_begin ? vma_tree_from(s, end - 1) : NULL;
    return r && r->a.begin < end && r->a.end == end && r->tail && r->a.object && !r->a.file &&
                   r->a.prot == prot && r->a.first + pages_of(v, end - r->a.begin) + pages <= v->c.max_pages
               ? r
               : NULL;
}

static int brk(struct vma *v, struct vma_space *s, struct vma_op *op)
{
    struct vma_area *a = &op->area, more = {.object = 1, .prot = a->prot};
    struct spares sp;
    more.begin = up(v, s->brk);
    more.end = up(v, a->begin);
    if (a->begin < s->brk_begin || a->begin > a->end || s->brk > a->end)
        return CORE_EINVAL;
    if (more.end < more.begin)
        return take(v, s, op, more.end, more.begin, &sp, 0);
    struct vma_range *r = vma_tree_from(s, more.begin);
    if (more.end == more.begin)
        return CORE_OK;
    if (r && r->a.begin < more.end)
        return CORE_EINVAL;
    r = longer(v, s, more.begin, pages_of(v, more.end - more.begin), a->prot);
    if (r)
        r->a.end = more.end;
    return r ? CORE_OK : !vma_good(v, &more) ? CORE_EINVAL : add(v, s, &more);
}

int vma_change(struct vma *v, struct vma_space *s, struct vma_op *op)
{
    struct spares sp;
    switch (op->kind) {
    case VMA_UNMAP:
        return take(v, s, op, op->area.begin, op->area.end, &sp, 0);
    case VMA_PROTECT:
        return protect(v, s, op);
    case VMA_MAP:
        return map(v, s, op);
    case VMA_BRK:
        return brk(v, s, op);
    }
    return CORE_EINVAL;
}

void vma_take_out(struct vma *v, struct vma_space *s, const struct vma_op *op)
{
    struct vma_range *r;
    while (op->kind != VMA_PROTECT && (r = vma_tree_from(s, op->begin)) != NULL && r->a.begin < op->end) {
        vma_tree_remove(s, r);
        vma_range_free(v, r);
        s->ranges--;
    }
}

void vma_complete(struct vma *v, struct vma_space *s, struct vma_op *op)
{
    if (op->kind == VMA_BRK)
        s->brk = op->area.begin;
    if (!op->add)
        return;
    s->ranges--;
    vma_range_add(s, op->add, &op->area);
    op->add->tail = 1;
    op->add = NULL;
    join(v, s, op->area.begin, op->area.end);
}

void vma_reach(const struct vma_space *s, const struct vma_op *op, uint64_t *begin, uint64_t *end)
{
    *begin = op->kind == VMA_BRK ? s->brk_begin : op->area.begin;
    *end = op->area.end;
}
