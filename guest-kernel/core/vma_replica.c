/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vma_replica.c - a replica's half of vma.h: the ranges it has heard of, questions, and forgetting.
 *
 * What the origin says of a range is learnt whenever it comes: messages keep their order, so it is true until
 * the next FORGET. Lookups of one page wait for one question; a negative answer ends those that were there
 * when the question was sent, and the others ask again, together.
 */
#include "guest-kernel/core/vma_internal.h"

static uint64_t page_of(const struct vma *v, uint64_t at)
{
    return at & ~((uint64_t)v->c.page_bytes - 1);
}

/* ---- questions ---- */

static bool same_page(const struct vma *v, const struct vma_lookup *a, const struct vma_lookup *b)
{
    return page_of(v, a->at) == page_of(v, b->at);
}

static bool under_way(const struct vma *v, const struct vma_space *s, const struct vma_lookup *l)
{
    for (const struct vma_lookup *o = s->lookups; o; o = o->next)
        if (o->asked && same_page(v, o, l))
            return true;
    return false;
}

/* For the first lookup of each page that no question is under way for, and all others of that page. */
static void ask(struct vma *v, struct vma_space *s)
{
    for (struct vma_lookup *l = s->lookups; l; l = l->next) {
        if (l->asked || under_way(v, s, l))
            continue;
        if (++s->last_number == 0)
            s->last_number = 1;
        for (struct vma_lookup *o = l; o; o = o->next)
            if (same_page(v, o, l))
                o->asked = s->last_number;
        v->counts.questions++;
        const struct vma_wire w = {.process = s->process, .number = s->last_number, .begin = l->at};
        vma_send(v, s->origin, VMA_WHERE, &w);
    }
}

void vma_replica_lookup(struct vma *v, struct vma_space *s, struct vma_lookup *l)
{
    struct vma_lookup **last = &s->lookups;
    while (*last)
        last = &(*last)->next;
    *last = l;
    v->counts.joined += under_way(v, s, l);
    ask(v, s);
}

/* ---- ranges ---- */

static void forget(struct vma *v, struct vma_space *s, uint64_t begin, uint64_t end)
{
    struct vma_range *r;
    while ((r = vma_tree_from(s, begin)) && r->a.begin < end) {
        v->c.gone(v->c.ctx, s, &r->a, r->a.begin, r->a.end, false);
        vma_tree_remove(s, r);
        vma_range_free(v, r);
        s->ranges--;
        v->counts.forgotten++;
    }
}

/* One goes, in the order of addresses and round again; its memory. NULL: there is none. */
static struct vma_range *evict(struct vma *v, struct vma_space *s)
{
    struct vma_range *r = vma_tree_from(s, s->evict_at);
    if (!r)
        r = vma_tree_from(s, 0);
    if (!r)
        return NULL;
    s->evict_at = r->a.end;
    v->c.gone(v->c.ctx, s, &r->a, r->a.begin, r->a.end, false);
    vma_tree_remove(s, r);
    s->ranges--;
    v->counts.evicted++;
    return r;
}

static bool same_area(const struct vma_area *a, const struct vma_area *b)
{
    return a->begin == b->begin && a->end == b->end && a->first == b->first && a->offset == b->offset &&
           a->object == b->object && a->file == b->file && a->prot == b->prot;
}

static int learn(struct vma *v, struct vma_space *s, const struct vma_area *a)
{
    const struct vma_area *known = vma_find(s, a->begin);
    struct vma_range *r = NULL;
    if (known && same_area(known, a))
        return CORE_OK;
    forget(v, s, a->begin, a->end);
    if (s->ranges < v->c.cached)
        r = vma_range_new(v);
    if (!r)
        r = evict(v, s);
    if (!r)
        return CORE_ENOMEM;
    vma_range_add(s, r, a);
    v->counts.learnt++;
    return CORE_OK;
}

static void told(struct vma *v, struct vma_space *s, const struct vma_wire *w)
{
    const struct vma_area a = {w->begin, w->end, w->first, w->offset, w->object, w->file, w->prot};
    struct vma_lookup *l, **at = &s->lookups;
    int status = CORE_EINVAL;
    bool again = false;
    if (w->status == CORE_OK && vma_good(v, &a))
        status = learn(v, s, &a);
    else
        v->counts.bad += w->status == CORE_OK;
    while ((l = *at) != NULL) {
        bool found = status == CORE_OK && l->at >= a.begin && l->at < a.end;
        if (!found && (!l->asked || l->asked != w->number)) {
            again |= !l->asked;
            at = &l->next;
            continue;
        }
        *at = l->next;
        l->next = NULL;
        l->done(l, found ? &a : NULL, found || status != CORE_OK ? status : CORE_EINVAL);
    }
    if (again) {
        v->counts.again++;
        ask(v, s);
    }
}

/* ---- rounds ---- */

static void say_quiet(struct vma *v, struct vma_space *s, unsigned slot)
{
    const struct vma_wire w = {.process = s->process, .number = s->slot[slot].number, .slot = (uint8_t)slot};
    s->slot[slot].used = false;
    vma_send(v, s->origin, VMA_QUIET, &w);
}

static void owe(struct vma *v, struct vma_space *s, const struct vma_wire *w)
{
    struct vma_slot *slot = &s->slot[w->slot];
    v->counts.bad += slot->used; /* the origin has not waited */
    v->owed += !slot->used;
    *slot = (struct vma_slot){.begin = w->begin, .end = w->end, .number = w->number, .used = true};
    v->counts.owed++;
}

/* False: one of them cannot be; those before it went. */
static bool drop(struct vma *v, const struct vma_space *s, const uint8_t *pieces, uint32_t n)
{
    struct vma_piece p;
    for (; n; n--, pieces += sizeof p) {
        core_copy(&p, pieces, sizeof p);
        const struct vma_span span = {s->process, p.object, p.pages, p.first};
        if (!vma_good_pages(v, p.object, p.first, p.pages))
            return false;
        v->c.drop(v->c.ctx, &span);
    }
    return true;
}

void vma_replica_message(struct vma *v, struct vma_space *s, unsigned type, const struct vma_wire *w,
                         const void *rest, size_t bytes)
{
    struct vma_wire answer = {.process = s->process, .number = w->number, .slot = w->slot};
    if (type == VMA_RANGE) {
        told(v, s, w);
    } else if (w->slot >= VMA_SLOTS) {
        v->counts.bad++;
    } else if (type == VMA_FORGET) {
        forget(v, s, w->begin, w->end);
        if (w->pieces && v->c.busy(v->c.ctx, s->process, w->begin, w->end))
            owe(v, s, w);
        else
            vma_send(v, s->origin, VMA_QUIET, &answer);
    } else if (!w->pieces || w->pieces > bytes / sizeof(struct vma_piece) || !drop(v, s, rest, w->pieces)) {
        v->counts.bad++;
    } else if (!w->more) {
        vma_send(v, s->origin, VMA_DROPPED, &answer);
    }
}

void vma_replica_quiet(struct vma *v, struct vma_space *s)
{
    for (unsigned i = 0; i < VMA_SLOTS; i++)
        if (s->slot[i].used && !v->c.busy(v->c.ctx, s->process, s->slot[i].begin, s->slot[i].end)) {
            v->owed--;
            say_quiet(v, s, i);
        }
}

void vma_replica_end(struct vma *v, struct vma_space *s, int status)
{
    for (unsigned i = 0; i < VMA_SLOTS; i++)
        if (s->slot[i].used) {
            v->owed--;
            say_quiet(v, s, i); /* nothing of it is here any more; the dead are not told */
        }
    while (s->lookups) {
        struct vma_lookup *l = s->lookups;
        s->lookups = l->next;
        l->next = NULL;
        l->done(l, NULL, status);
    }
}
