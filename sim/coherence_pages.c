/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coherence_pages.c - who may read and write a page.
 *
 * All copies of a page have one version, so a page is one version, a set of readers and perhaps a writer. A
 * page without copies is kept, for its version.
 */
#include "sim/coherence_internal.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct page {
    uint64_t number, version, readers; /* readers: mask of nodes */
    uint8_t writer;                    /* or COHERENCE_NOBODY */
    bool used;
};

static const char *const state_names[] = {"has no copy", "reader", "writer"};

/* The place of the page, or the free one where it would be; cap_pages is not 0. */
static struct page *slot(const struct coherence *c, uint64_t number)
{
    uint64_t h = coherence_hash(number);

    while (c->pages[h & (c->cap_pages - 1)].used && c->pages[h & (c->cap_pages - 1)].number != number)
        h++;
    return &c->pages[h & (c->cap_pages - 1)];
}

static struct page *find(const struct coherence *c, uint64_t number)
{
    struct page *p = c->cap_pages ? slot(c, number) : NULL;

    return p && p->used ? p : NULL;
}

static void grow(struct coherence *c)
{
    struct page *old = c->pages;
    size_t cap = c->cap_pages;

    c->cap_pages = cap ? 2 * cap : 64;
    c->pages = calloc(c->cap_pages, sizeof *c->pages);
    assert(c->pages);
    for (size_t i = 0; i < cap; i++)
        if (old[i].used)
            *slot(c, old[i].number) = old[i];
    free(old);
}

static struct page *create(struct coherence *c, uint64_t number, uint64_t version)
{
    if (2 * (c->n_pages + 1) > c->cap_pages)
        grow(c);
    struct page *p = slot(c, number);
    *p = (struct page){.number = number, .version = version, .writer = COHERENCE_NOBODY, .used = true};
    c->n_pages++;
    c->counts.pages++;
    return p;
}

static enum coherence_state state_of(const struct page *p, unsigned node)
{
    return !p                                 ? COHERENCE_NONE
           : p->writer == node                ? COHERENCE_WRITER
           : p->readers & coherence_bit(node) ? COHERENCE_READER
                                              : COHERENCE_NONE;
}

/* "alpha is reader", "alpha, beta and 3 more are readers": who else has the page. */
static const char *others(const struct coherence *c, const struct page *p, unsigned node, char buf[200])
{
    uint64_t readers = p->readers & ~coherence_bit(node);
    unsigned count = (unsigned)__builtin_popcountll(readers), shown = 0;
    size_t n = 0;

    if (p->writer != COHERENCE_NOBODY) {
        snprintf(buf, 200, "%s is writer", c->names[p->writer]);
        return buf;
    }
    for (unsigned i = 0; i < c->n_nodes && shown < 4; i++)
        if (readers >> i & 1)
            n += (size_t)snprintf(buf + n, 200 - n, "%s%s", shown++ ? ", " : "", c->names[i]);
    if (count > shown)
        n += (size_t)snprintf(buf + n, 200 - n, " and %u more", count - shown);
    snprintf(buf + n, 200 - n, count > 1 ? " are readers" : " is reader");
    return buf;
}

static void give_up(struct coherence *c, struct page *p, const struct change *e)
{
    enum coherence_state had = state_of(p, e->node);

    if (had == COHERENCE_NONE)
        return; /* says again what is known */
    if (e->page.version != p->version)
        coherence_contradiction(
            c, e->page.version < p->version ? COHERENCE_VERSION_BACK : COHERENCE_VERSION_UNKNOWN, e->at,
            "page %" PRIu64 ": %s gives up version %" PRIu64 ", but was %s of version %" PRIu64,
            e->page.number, c->names[e->node], e->page.version, state_names[had], p->version);
    p->readers &= ~coherence_bit(e->node);
    if (p->writer == e->node)
        p->writer = COHERENCE_NOBODY;
}

static void become_reader(struct coherence *c, struct page *p, const struct change *e)
{
    const char *name = c->names[e->node];

    if (e->page.version != p->version) {
        bool back = e->page.version < p->version;
        coherence_contradiction(c, back ? COHERENCE_VERSION_BACK : COHERENCE_VERSION_UNKNOWN, e->at,
                                "page %" PRIu64 ": %s (%s) becomes reader of version %" PRIu64
                                ", but the last one %s is %" PRIu64,
                                e->page.number, name, state_names[state_of(p, e->node)], e->page.version,
                                back ? "granted" : "that was granted", p->version);
    }
    if (p->writer == e->node)
        p->writer = COHERENCE_NOBODY;
    p->readers |= coherence_bit(e->node);
}

static void become_writer(struct coherence *c, struct page *p, const struct change *e, bool first)
{
    if (p->writer == e->node && e->page.version == p->version)
        return; /* says again what is known */
    if (!first && e->page.version <= p->version)
        coherence_contradiction(c, COHERENCE_VERSION_BACK, e->at,
                                "page %" PRIu64 ": %s (%s) becomes writer of version %" PRIu64
                                ", but version %" PRIu64 " was granted before",
                                e->page.number, c->names[e->node], state_names[state_of(p, e->node)],
                                e->page.version, p->version);
    p->readers = 0;
    p->writer = e->node;
    p->version = e->page.version;
}

void coherence_judge_page(struct coherence *c, const struct change *e)
{
    struct page *p = find(c, e->page.number);
    bool first = !p;
    char who[200];

    if (first && e->page.state == COHERENCE_NONE)
        return;
    if (first && c->n_pages == c->limits.pages) {
        coherence_contradiction(c, COHERENCE_TOO_MUCH, e->at,
                                "%s speaks of one page more than the %zu that can be followed",
                                c->names[e->node], c->limits.pages);
        return;
    }
    if (first)
        p = create(c, e->page.number, e->page.version);
    if (e->page.state == COHERENCE_NONE) {
        give_up(c, p, e);
        return;
    }
    bool writer = p->writer != COHERENCE_NOBODY && p->writer != e->node;
    if (writer || (e->page.state == COHERENCE_WRITER && (p->readers & ~coherence_bit(e->node)))) {
        bool two = writer && e->page.state == COHERENCE_WRITER;
        coherence_contradiction(
            c, two ? COHERENCE_TWO_WRITERS : COHERENCE_WRITER_AND_READER, e->at,
            "page %" PRIu64 ": %s (%s) becomes %s of version %" PRIu64 " while %s of version %" PRIu64,
            e->page.number, c->names[e->node], state_names[state_of(p, e->node)], state_names[e->page.state],
            e->page.version, others(c, p, e->node, who), p->version);
        return;
    }
    if (e->page.state == COHERENCE_READER)
        become_reader(c, p, e);
    else
        become_writer(c, p, e, first);
}

/* Does the node have less after this than before? */
bool coherence_gives_up_page(const struct coherence *c, const struct change *e)
{
    return !e->malformed && e->page.state < state_of(find(c, e->page.number), e->node);
}

void coherence_pages_gone(struct coherence *c, unsigned node)
{
    for (size_t i = 0; i < c->cap_pages; i++) {
        c->pages[i].readers &= ~coherence_bit(node);
        if (c->pages[i].used && c->pages[i].writer == node)
            c->pages[i].writer = COHERENCE_NOBODY;
    }
}

void coherence_pages_forget(struct coherence *c)
{
    free(c->pages);
    c->pages = NULL;
    c->n_pages = c->cap_pages = 0;
}
