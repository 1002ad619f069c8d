/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vma.c - spaces, what a node knows of them, and which message is whose (vma.h). */
#include "guest-kernel/core/vma_internal.h"

int vma_init(struct vma *v, const struct vma_config *c)
{
    if (!c->env || c->nodes == 0 || c->nodes > CORE_MAX_NODES || c->self >= c->nodes || !c->page_bytes ||
        (c->page_bytes & (c->page_bytes - 1)) || c->max_objects < 2 || !c->cached || !c->pieces ||
        c->pieces > VMA_PIECES)
        return CORE_EINVAL;
    *v = (struct vma){.c = *c};
    return CORE_OK;
}

struct vma_range *vma_range_new(struct vma *v)
{
    return v->c.env->alloc(v->c.env->ctx, sizeof(struct vma_range));
}

void vma_range_free(struct vma *v, struct vma_range *r)
{
    v->c.env->free(v->c.env->ctx, r, sizeof *r);
}

void vma_range_add(struct vma_space *s, struct vma_range *r, const struct vma_area *a)
{
    uint64_t weight = a->begin * 0x9e3779b97f4a7c15;
    core_zero(r, sizeof *r);
    r->a = *a;
    r->weight = (uint32_t)((weight ^ weight >> 31) * 0xbf58476d1ce4e5b9 >> 32);
    vma_tree_insert(s, r);
    s->ranges++;
}

void vma_send(struct vma *v, unsigned to, unsigned type, const struct vma_wire *w)
{
    if (vma_alive(v, to))
        v->c.send(v->c.ctx, to, type, w, sizeof *w);
}

bool vma_good_pages(const struct vma *v, uint32_t object, uint64_t first, uint64_t pages)
{
    return object && object < v->c.max_objects && pages && pages <= v->c.max_pages &&
           first <= v->c.max_pages - pages;
}

bool vma_good(const struct vma *v, const struct vma_area *a)
{
    return a->begin < a->end && !((a->begin | a->end) & (v->c.page_bytes - 1)) &&
           (!a->object || vma_good_pages(v, a->object, a->first, (a->end - a->begin) / v->c.page_bytes));
}

/* ---- spaces ---- */

void vma_space_begin(struct vma *v, struct vma_space *s, uint32_t process, unsigned origin)
{
    core_zero(s, sizeof *s);
    s->process = process;
    s->origin = origin;
    s->next = v->spaces;
    v->spaces = s;
}

void vma_space_end(struct vma *v, struct vma_space *s)
{
    struct vma_space **at = &v->spaces;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    if (s->origin == v->c.self)
        vma_origin_end(v, s);
    else
        vma_replica_end(v, s, CORE_ECLOSED);
    while (s->root[0]) {
        struct vma_range *r = s->root[0];
        vma_tree_remove(s, r);
        if (!r->going)
            v->c.gone(v->c.ctx, s, &r->a, r->a.begin, r->a.end, false);
        vma_range_free(v, r);
    }
    s->ranges = 0;
}

static struct vma_space *space_of(const struct vma *v, uint32_t process)
{
    struct vma_space *s = v->spaces;
    while (s && s->process != process)
        s = s->next;
    return s;
}

/* ---- what this node knows ---- */

const struct vma_area *vma_find(const struct vma_space *s, uint64_t at)
{
    const struct vma_range *r = vma_tree_from(s, at);
    return r && r->a.begin <= at && !r->going ? &r->a : NULL;
}

const struct vma_area *vma_from(const struct vma_space *s, uint64_t at)
{
    const struct vma_range *r = vma_tree_from(s, at);
    while (r && r->going)
        r = vma_tree_from(s, r->a.end);
    return r ? &r->a : NULL;
}

const struct vma_area *vma_object(const struct vma *v, const struct vma_space *s, uint32_t object,
                                  uint64_t page)
{
    const struct vma_range *r = object ? vma_tree_object(s, object, page) : NULL;
    return r && r->a.object == object && !r->going &&
                   page - r->a.first < (r->a.end - r->a.begin) / v->c.page_bytes
               ? &r->a
               : NULL;
}

void vma_lookup(struct vma *v, struct vma_space *s, struct vma_lookup *l, uint64_t at)
{
    const struct vma_area *a = vma_find(s, at);
    l->at = at;
    l->asked = 0;
    l->next = NULL;
    if (a)
        l->done(l, a, CORE_OK);
    else if (s->origin == v->c.self)
        l->done(l, NULL, CORE_EINVAL);
    else if (!vma_alive(v, s->origin))
        l->done(l, NULL, CORE_EDEAD);
    else
        vma_replica_lookup(v, s, l);
}

/* ---- messages ---- */

static void answer_where(struct vma *v, const struct vma_space *s, unsigned from, const struct vma_wire *q)
{
    const struct vma_area *a = s ? vma_find(s, q->begin) : NULL;
    struct vma_wire w = {
        .process = q->process, .number = q->number, .begin = q->begin, .status = CORE_EINVAL};
    if (a) {
        w.begin = a->begin;
        w.end = a->end;
        w.first = a->first;
        w.offset = a->offset;
        w.object = a->object;
        w.file = a->file;
        w.prot = a->prot;
        w.status = CORE_OK;
    }
    vma_send(v, from, VMA_RANGE, &w);
}

/* Who has nothing of the process has forgotten and dropped it. */
static void nothing_here(struct vma *v, unsigned from, unsigned type, const struct vma_wire *q)
{
    const struct vma_wire w = {.process = q->process, .number = q->number, .slot = q->slot};
    if (type == VMA_WHERE)
        answer_where(v, NULL, from, q);
    else if (type == VMA_FORGET)
        vma_send(v, from, VMA_QUIET, &w);
    else if (type == VMA_DROP && !q->more)
        vma_send(v, from, VMA_DROPPED, &w);
}

void vma_message(struct vma *v, unsigned from, unsigned type, const void *data, size_t bytes)
{
    struct vma_wire w;
    if (from >= v->c.nodes || from == v->c.self || !vma_alive(v, from) || bytes < sizeof w) {
        v->counts.bad++;
        return;
    }
    core_copy(&w, data, sizeof w);
    struct vma_space *s = space_of(v, w.process);
    bool to_origin = type == VMA_WHERE || type == VMA_QUIET || type == VMA_DROPPED;
    bool to_replica = type == VMA_FORGET || type == VMA_DROP || type == VMA_RANGE;
    if (!s)
        nothing_here(v, from, type, &w);
    else if (s->origin == v->c.self && type == VMA_WHERE)
        answer_where(v, s, from, &w);
    else if (s->origin == v->c.self && to_origin)
        vma_origin_answer(v, s, from, type, &w);
    else if (s->origin == from && to_replica)
        vma_replica_message(v, s, type, &w, (const uint8_t *)data + sizeof w, bytes - sizeof w);
    else
        v->counts.bad++;
}

void vma_quiet(struct vma *v)
{
    for (struct vma_space *s = v->spaces; s && v->owed; s = s->next)
        if (s->origin == v->c.self)
            vma_origin_quiet(v, s);
        else
            vma_replica_quiet(v, s);
}

void vma_peer_dead(struct vma *v, unsigned node)
{
    if (node >= v->c.nodes || node == v->c.self || !vma_alive(v, node))
        return;
    v->dead |= core_bit(node);
    for (struct vma_space *s = v->spaces; s; s = s->next)
        if (s->origin == v->c.self)
            vma_origin_dead(v, s, node);
        else if (s->origin == node)
            vma_replica_end(v, s, CORE_EDEAD);
}
