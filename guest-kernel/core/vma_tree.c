/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vma_tree.c - the ranges of a space in two trees (vma_internal.h). Both are treaps: in order by key, and no
 * node is heavier than the one above it; weights being as good as random, they are flat enough. The weight is
 * made from the address where the range began, so it is the same in every run.
 */
#include "guest-kernel/core/vma_internal.h"

enum { BY_ADDRESS, BY_OBJECT, TREES };

static bool less(unsigned tree, const struct vma_area *a, const struct vma_area *b)
{
    if (tree == BY_OBJECT && a->object != b->object)
        return a->object < b->object;
    if (tree == BY_OBJECT && a->first != b->first)
        return a->first < b->first;
    return a->begin < b->begin;
}

static void insert(struct vma_range **link, unsigned tree, struct vma_range *r)
{
    while (*link && (*link)->weight >= r->weight)
        link = &(*link)->child[tree][!less(tree, &r->a, &(*link)->a)];
    struct vma_range *rest = *link, **low = &r->child[tree][0], **high = &r->child[tree][1];
    *link = r;
    while (rest) /* what was below is parted by r's key */
        if (less(tree, &rest->a, &r->a)) {
            *low = rest;
            low = &rest->child[tree][1];
            rest = *low;
        } else {
            *high = rest;
            high = &rest->child[tree][0];
            rest = *high;
        }
    *low = *high = NULL;
}

static void take_out(struct vma_range **link, unsigned tree, const struct vma_range *r)
{
    while (*link != r)
        link = &(*link)->child[tree][less(tree, &(*link)->a, &r->a)];
    struct vma_range *low = r->child[tree][0], *high = r->child[tree][1];
    while (low && high)
        if (low->weight >= high->weight) {
            *link = low;
            link = &low->child[tree][1];
            low = *link;
        } else {
            *link = high;
            link = &high->child[tree][0];
            high = *link;
        }
    *link = low ? low : high;
}

void vma_tree_insert(struct vma_space *s, struct vma_range *r)
{
    for (unsigned tree = 0; tree < TREES; tree++)
        insert(&s->root[tree], tree, r);
}

void vma_tree_remove(struct vma_space *s, struct vma_range *r)
{
    for (unsigned tree = 0; tree < TREES; tree++)
        take_out(&s->root[tree], tree, r);
}

struct vma_range *vma_tree_from(const struct vma_space *s, uint64_t at)
{
    struct vma_range *best = NULL;
    for (struct vma_range *r = s->root[BY_ADDRESS]; r;) {
        bool above = r->a.end > at;
        if (above)
            best = r;
        r = r->child[BY_ADDRESS][!above];
    }
    return best;
}

struct vma_range *vma_tree_object(const struct vma_space *s, uint32_t object, uint64_t page)
{
    struct vma_range *best = NULL;
    for (struct vma_range *r = s->root[BY_OBJECT]; r;) {
        bool above = r->a.object > object || (r->a.object == object && r->a.first > page);
        if (!above)
            best = r;
        r = r->child[BY_OBJECT][!above];
    }
    return best;
}
