/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page_drop.c - ranges of pages: whether a fault waits in one, and forgetting one (page.h).
 *
 * A range may be far larger than what there is of it, and what there is far more than the range: the shorter
 * way is taken.
 */
#include "guest-kernel/core/page_internal.h"

static bool in(uint64_t page, uint64_t first, uint64_t last)
{
    return page >= first && page <= last;
}

/* Going through all that there is costs less than looking for each page. */
static bool all_is_less(const struct page *p, uint64_t first, uint64_t last)
{
    return last - first >= p->entries + p->c.buckets;
}

static void drop_copies(struct page *p, uint32_t bucket, uint64_t first, uint64_t last)
{
    struct page_copy **link = &p->copies[bucket], *c;
    while ((c = *link) != NULL) {
        if (!in(c->page, first, last)) {
            link = &c->next;
            continue;
        }
        *link = c->next;
        p->entries--;
        page_node_forget(p, c, CORE_ECLOSED);
        p->c.env->free(p->c.env->ctx, c, page_copy_bytes(p));
    }
}

static void drop_dirs(struct page *p, uint32_t bucket, uint64_t first, uint64_t last)
{
    struct page_dir **link = &p->dirs[bucket], *d;
    while ((d = *link) != NULL) {
        if (!in(d->page, first, last)) {
            link = &d->next;
            continue;
        }
        *link = d->next;
        p->entries--;
        p->c.env->free(p->c.env->ctx, d, page_dir_bytes(p));
    }
}

void page_drop(struct page *p, uint64_t first, uint64_t last)
{
    if (first > last)
        return;
    if (all_is_less(p, first, last)) {
        for (uint32_t i = 0; i < p->c.buckets; i++) {
            drop_copies(p, i, first, last);
            drop_dirs(p, i, first, last);
        }
        return;
    }
    for (uint64_t n = 0; n <= last - first; n++) {
        uint32_t bucket = page_bucket(p, first + n);
        drop_copies(p, bucket, first + n, first + n);
        drop_dirs(p, bucket, first + n, first + n);
    }
}

bool page_busy(const struct page *p, uint64_t first, uint64_t last)
{
    if (first > last)
        return false;
    if (all_is_less(p, first, last)) {
        for (uint32_t i = 0; i < p->c.buckets; i++)
            for (const struct page_copy *c = p->copies[i]; c; c = c->next)
                if (c->waiting && in(c->page, first, last))
                    return true;
        return false;
    }
    for (uint64_t n = 0; n <= last - first; n++) {
        const struct page_copy *c = page_copy_find(p, first + n);
        if (c && c->waiting)
            return true;
    }
    return false;
}
