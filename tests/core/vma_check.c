/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vma_check.c - what must hold in the world of vma_sim.h after each action, and at the end. */
#include "tests/core/vma_thread.h"
#include <string.h>

/* ---- one space ---- */

static bool in_order(unsigned tree, const struct vma_area *a, const struct vma_area *b)
{
    if (tree == 0)
        return a->end <= b->begin;
    return a->object != b->object ? a->object < b->object
           : a->object == 0       ? a->begin < b->begin
                                  : a->first + (a->end - a->begin) / VS_PAGE <= b->first;
}

static const char *check_tree(unsigned tree, const struct vma_range *r, const struct vma_range **last,
                              unsigned *count)
{
    if (!r)
        return NULL;
    for (unsigned side = 0; side < 2; side++)
        if (r->child[tree][side] && r->child[tree][side]->weight > r->weight)
            return "a tree's lower range is heavier";
    const char *wrong = check_tree(tree, r->child[tree][0], last, count);
    if (wrong)
        return wrong;
    if (*last && !in_order(tree, &(*last)->a, &r->a))
        return tree ? "two ranges have a page of one object" : "ranges overlap, or are not in order";
    *last = r;
    ++*count;
    return check_tree(tree, r->child[tree][1], last, count);
}

/* Nothing tells them apart. */
static bool could_be_one(const struct vma_area *a, const struct vma_area *b)
{
    uint64_t bytes = a->end - a->begin;
    return a->end == b->begin && a->object == b->object && a->prot == b->prot && a->file == b->file &&
           (!a->object || b->first - a->first == bytes / VS_PAGE) &&
           (!a->file || b->offset - a->offset == bytes);
}

static const char *check_joined(const struct vma_space *s)
{
    const struct vma_area *a = vma_from(s, 0), *b;
    for (; a && (b = vma_from(s, a->end)) != NULL; a = b)
        if (could_be_one(a, b))
            return "two neighbours could be one range";
    return NULL;
}

static const char *check_space(const struct vs_node *n, unsigned space)
{
    const struct vma_space *s = &n->space[space];
    unsigned adds = 0;
    for (const struct vma_op *op = s->ops; op; op = op->next)
        adds += op->add != NULL;
    for (unsigned tree = 0; tree < 2; tree++) {
        const struct vma_range *last = NULL;
        unsigned count = 0;
        const char *wrong = check_tree(tree, s->root[tree], &last, &count);
        if (wrong)
            return wrong;
        if (count + adds != s->ranges)
            return "ranges are not counted right";
    }
    if (s->origin != n->number && s->ranges > n->v.c.cached)
        return "a replica keeps too many ranges";
    if (s->origin == n->number && s->ranges > n->v.c.max_ranges)
        return "too many ranges";
    return s->origin == n->number ? check_joined(s) : NULL;
}

/* ---- promises: what has been done is known everywhere, and what was taken back by nobody ---- */

static const char *check_known(const struct vs_node *n, unsigned space)
{
    const struct vs_node *origin = &vs.node[vs.origin[space]];
    for (unsigned page = 0; page <= VS_PLACES; page++) {
        const struct vs_truth *w = &vs.truth[space][page];
        const struct vs_translation *t = &n->tr[space][page];
        const struct vma_area *a = vma_find(&n->space[space], (uint64_t)page * VS_PAGE),
                              *o = vma_find(&origin->space[space], (uint64_t)page * VS_PAGE);
        if (t->prot && !a)
            return "a translation without a range";
        if (w->pending)
            continue;
        if (w->mapped != (o != NULL))
            return "the origin has another range than was promised";
        if (a &&
            (!o || a->prot != w->prot || a->object != o->object || a->file != o->file ||
             (a->object && a->first + page - a->begin / VS_PAGE != o->first + page - o->begin / VS_PAGE) ||
             (a->file && a->offset + page * VS_PAGE - a->begin != o->offset + page * VS_PAGE - o->begin)))
            return "a node knows what is not so any more";
        if (t->prot & ~w->prot)
            return "a translation allows what is not allowed any more";
    }
    return NULL;
}

/* A page that some node knows belongs to a range of the origin, or to one that is going. */
static bool has_range(uint64_t key)
{
    const struct vs_node *origin = &vs.node[vs.origin[vs_space_of(key)]];
    const struct vma_space *s = &origin->space[vs_space_of(key)];
    if (!origin->has[vs_space_of(key)])
        return true; /* it has gone: world_check.c */
    uint64_t page = key & 0xffff;
    const struct vma_range *r = vma_tree_object(s, (uint32_t)(key >> 16) & 0xffffff, page);
    return r && r->a.object == ((key >> 16) & 0xffffff) &&
           page - r->a.first < (r->a.end - r->a.begin) / VS_PAGE;
}

static const char *check_pages(const struct vs_node *n)
{
    for (unsigned b = 0; b < n->p.c.buckets; b++) {
        for (const struct page_copy *c = n->p.copies[b]; c; c = c->next)
            if (!vs.dead[vs_space_of(c->page)] && !has_range(c->page))
                return "a copy of a page that was dropped";
        for (const struct page_dir *d = n->p.dirs[b]; d; d = d->next)
            if (!vs.dead[vs_space_of(d->page)] && !vs.crashed && !has_range(d->page))
                return "a directory of a page that was dropped";
    }
    return NULL;
}

static const char *check_owed(const struct vs_node *n)
{
    unsigned owed = 0;
    for (unsigned s = 0; s < vs.spaces; s++)
        for (unsigned i = 0; n->has[s] && i < VMA_SLOTS; i++) {
            const struct vma_slot *slot = &n->space[s].slot[i];
            owed += slot->used || (slot->awaited & core_bit(n->number));
            if (slot->op && !slot->awaited)
                return "a round that waits for nobody";
        }
    return owed == n->v.owed ? NULL : "owed answers are not counted right";
}

const char *vs_check(void)
{
    for (unsigned i = 0; i < vs.nodes; i++) {
        const struct vs_node *n = &vs.node[i];
        const char *wrong = n->alive ? check_pages(n) : NULL;
        if (n->alive && !wrong)
            wrong = check_owed(n);
        for (unsigned s = 0; n->alive && !wrong && s < vs.spaces; s++) {
            wrong = n->has[s] ? check_space(n, s) : NULL;
            if (!wrong && n->has[s] && !vs.dead[s] && vs.node[vs.origin[s]].has[s])
                wrong = check_known(n, s);
        }
        if (wrong)
            return wrong;
        if (n->v.counts.bad || n->p.counts.bad)
            return "a message that cannot be";
    }
    return NULL;
}

const char *vs_finish(void)
{
    for (unsigned i = 0; i < vs.threads; i++) {
        const struct vs_thread *t = &vs.thread[i];
        if (vs.node[t->node].alive && (t->state != VS_IDLE || t->next < t->length))
            return "a thread waits for ever";
    }
    for (unsigned i = 0; i < vs.nodes; i++) {
        struct vs_node *n = &vs.node[i];
        for (unsigned s = 0; n->alive && s < vs.spaces; s++)
            if (n->has[s] && (n->space[s].lookups || (!vs.dead[s] && n->space[s].ops)))
                return "something waits, and nobody for it";
        for (unsigned s = 0; s < vs.spaces; s++)
            if (n->has[s])
                n->space[s].lookups = NULL; /* of a node that is dead */
        for (unsigned s = 0; s < vs.spaces; s++)
            if (n->has[s])
                vma_space_end(&n->v, &n->space[s]);
        for (unsigned b = 0; b < n->p.c.buckets; b++)
            for (struct page_copy *c = n->p.copies[b]; c && !n->alive; c = c->next)
                c->waiting = NULL;
        page_fini(&n->p);
        for (unsigned b = 0; b < VS_BLOCKS; b++)
            if (n->block_used[b])
                return "memory is leaked";
        for (unsigned f = 0; f < VS_FRAMES; f++)
            if (n->frame_used[f])
                return "a frame is leaked";
        if (n->v.owed || n->v.spaces)
            return "something is owed, and nothing there";
    }
    return NULL;
}
