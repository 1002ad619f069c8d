/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page_drop.c - ranges of pages: whether a fault waits in one, which are touched, and forgetting one
 * (page.h).
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

/* Keeps the lowest max in order; how many there are now. */
static unsigned keep(uint64_t *pages, unsigned n, unsigned max, uint64_t page)
{
    if (n == max && page > pages[n - 1])
        return n;
    unsigned at = n < max ? n : n - 1;
    for (; at && pages[at - 1] > page; at--)
        pages[at] = pages[at - 1];
    pages[at] = page;
    return n < max ? n + 1 : n;
}

unsigned page_touched_in(const struct page *p, uint64_t first, uint64_t last, uint64_t *pages, unsigned max)
{
    unsigned n = 0;
    if (first > last || !max)
        return 0;
    if (!all_is_less(p, first, last)) {
        for (uint64_t i = 0; i <= last - first && n < max; i++)
            if (page_touched(p, first + i))
                pages[n++] = first + i;
        return n;
    }
    for (uint32_t i = 0; i < p->c.buckets; i++)
        for (const struct page_dir *d = p->dirs[i]; d; d = d->next)
            if (in(d->page, first, last))
                n = keep(pages, n, max, d->page);
    return n;
}
