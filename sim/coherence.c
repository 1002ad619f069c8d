/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coherence.c - see coherence.h: records wait in an array until their time is certain, then change the pages.
 *
 * All copies of a page have one version, so a page is one version, a set of readers and perhaps a writer. A
 * page without copies is kept, for its version; when all nodes that ever had copies are gone, everything is
 * forgotten: if they start anew, their versions do, too.
 */
#include "sim/coherence.h"
#include "devices/fabric/fabric_abi.h"
#include <assert.h>
#include <endian.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NOBODY = COHERENCE_MAX_NODES,
    GONE = 3,
    DEFAULT_PAGES = 1 << 20,
    DEFAULT_WAITING = 1 << 21,
    DATA_BYTES = 16
};

struct page {
    uint64_t number, version, readers; /* readers: mask of nodes */
    uint8_t writer;                    /* or NOBODY */
    bool used;
};

struct change {
    vtime_t at;
    uint64_t seq, page, version;
    uint32_t arg, len; /* as they came */
    uint8_t node, state;
    bool malformed, done;
};

struct coherence {
    const char *names[COHERENCE_MAX_NODES];
    unsigned n_nodes;
    struct coherence_limits limits;
    struct change *waiting;
    size_t n_waiting, cap_waiting;
    uint64_t seq, live; /* live: mask of nodes that have spoken since they were switched on */
    vtime_t committed;
    struct page *pages; /* open addressing; cap_pages is 0 or a power of two */
    size_t n_pages, cap_pages;
    uint64_t all_pages, changes;
    enum coherence_kind kind;
    char why[400];
};

static const char *const state_names[] = {"has no copy", "reader", "writer"};

static uint64_t bit(unsigned node)
{
    return UINT64_C(1) << node;
}

struct coherence *coherence_new(const char *const *names, unsigned n_nodes,
                                const struct coherence_limits *limits)
{
    struct coherence *c = calloc(1, sizeof *c);

    assert(c && n_nodes >= 1 && n_nodes <= COHERENCE_MAX_NODES);
    memcpy(c->names, names, n_nodes * sizeof *names);
    c->n_nodes = n_nodes;
    c->limits = limits ? *limits : (struct coherence_limits){DEFAULT_PAGES, DEFAULT_WAITING};
    return c;
}

void coherence_free(struct coherence *c)
{
    if (!c)
        return;
    free(c->waiting);
    free(c->pages);
    free(c);
}

__attribute__((format(printf, 4, 5))) static void wrong(struct coherence *c, enum coherence_kind kind,
                                                        vtime_t at, const char *format, ...)
{
    va_list args;
    size_t n;

    if (c->kind)
        return;
    c->kind = kind;
    n = (size_t)snprintf(c->why, sizeof c->why, "at %" PRId64 ".%09" PRId64, at / VTIME_S,
                         at % VTIME_S / VTIME_NS);
    if (at % VTIME_NS)
        n += (size_t)snprintf(c->why + n, sizeof c->why - n, "%03" PRId64, at % VTIME_NS);
    n += (size_t)snprintf(c->why + n, sizeof c->why - n, " s: ");
    va_start(args, format);
    vsnprintf(c->why + n, sizeof c->why - n, format, args);
    va_end(args);
}

/* ---- pages ---- */

/* The place of the page, or the free one where it would be; cap_pages is not 0. */
static struct page *slot(const struct coherence *c, uint64_t number)
{
    uint64_t h = number;

    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u; /* SplitMix64's */
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
    h ^= h >> 31;
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
    *p = (struct page){.number = number, .version = version, .writer = NOBODY, .used = true};
    c->n_pages++;
    c->all_pages++;
    return p;
}

static enum coherence_state state_of(const struct page *p, unsigned node)
{
    return !p                       ? COHERENCE_NONE
           : p->writer == node      ? COHERENCE_WRITER
           : p->readers & bit(node) ? COHERENCE_READER
                                    : COHERENCE_NONE;
}

/* "alpha is reader", "alpha, beta and 3 more are readers": who else has the page. */
static const char *others(const struct coherence *c, const struct page *p, unsigned node, char buf[200])
{
    uint64_t readers = p->readers & ~bit(node);
    unsigned count = (unsigned)__builtin_popcountll(readers), shown = 0;
    size_t n = 0;

    if (p->writer != NOBODY) {
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

/* ---- judging ---- */

static void give_up(struct coherence *c, struct page *p, const struct change *e)
{
    enum coherence_state had = state_of(p, e->node);

    if (had == COHERENCE_NONE)
        return; /* says again what is known */
    if (e->version != p->version)
        wrong(c, e->version < p->version ? COHERENCE_VERSION_BACK : COHERENCE_VERSION_UNKNOWN, e->at,
              "page %" PRIu64 ": %s gives up version %" PRIu64 ", but was %s of version %" PRIu64, e->page,
              c->names[e->node], e->version, state_names[had], p->version);
    p->readers &= ~bit(e->node);
    if (p->writer == e->node)
        p->writer = NOBODY;
}

static void become_reader(struct coherence *c, struct page *p, const struct change *e)
{
    const char *name = c->names[e->node];

    if (e->version != p->version) {
        bool back = e->version < p->version;
        wrong(c, back ? COHERENCE_VERSION_BACK : COHERENCE_VERSION_UNKNOWN, e->at,
              "page %" PRIu64 ": %s (%s) becomes reader of version %" PRIu64
              ", but the last one %s is %" PRIu64,
              e->page, name, state_names[state_of(p, e->node)], e->version,
              back ? "granted" : "that was granted", p->version);
    }
    if (p->writer == e->node)
        p->writer = NOBODY;
    p->readers |= bit(e->node);
}

static void become_writer(struct coherence *c, struct page *p, const struct change *e, bool first)
{
    if (p->writer == e->node && e->version == p->version)
        return; /* says again what is known */
    if (!first && e->version <= p->version)
        wrong(c, COHERENCE_VERSION_BACK, e->at,
              "page %" PRIu64 ": %s (%s) becomes writer of version %" PRIu64 ", but version %" PRIu64
              " was granted before",
              e->page, c->names[e->node], state_names[state_of(p, e->node)], e->version, p->version);
    p->readers = 0;
    p->writer = e->node;
    p->version = e->version;
}

static void judge_state(struct coherence *c, const struct change *e)
{
    struct page *p = find(c, e->page);
    bool first = !p;
    char who[200];

    if (first && e->state == COHERENCE_NONE)
        return;
    if (first && c->n_pages == c->limits.pages) {
        wrong(c, COHERENCE_TOO_MUCH, e->at, "%s speaks of one page more than the %zu that can be followed",
              c->names[e->node], c->limits.pages);
        return;
    }
    if (first)
        p = create(c, e->page, e->version);
    if (e->state == COHERENCE_NONE) {
        give_up(c, p, e);
        return;
    }
    bool writer = p->writer != NOBODY && p->writer != e->node;
    if (writer || (e->state == COHERENCE_WRITER && (p->readers & ~bit(e->node)))) {
        bool two = writer && e->state == COHERENCE_WRITER;
        wrong(c, two ? COHERENCE_TWO_WRITERS : COHERENCE_WRITER_AND_READER, e->at,
              "page %" PRIu64 ": %s (%s) becomes %s of version %" PRIu64 " while %s of version %" PRIu64,
              e->page, c->names[e->node], state_names[state_of(p, e->node)], state_names[e->state],
              e->version, others(c, p, e->node, who), p->version);
        return;
    }
    if (e->state == COHERENCE_READER)
        become_reader(c, p, e);
    else
        become_writer(c, p, e, first);
}

static void judge_gone(struct coherence *c, unsigned node)
{
    if (!(c->live & bit(node)))
        return;
    c->live &= ~bit(node);
    for (size_t i = 0; i < c->cap_pages; i++) {
        c->pages[i].readers &= ~bit(node);
        if (c->pages[i].used && c->pages[i].writer == node)
            c->pages[i].writer = NOBODY;
    }
    if (c->live)
        return;
    free(c->pages);
    c->pages = NULL;
    c->n_pages = c->cap_pages = 0;
}

static void judge(struct coherence *c, struct change *e)
{
    e->done = true;
    if (c->kind)
        return;
    if (e->state == GONE) {
        judge_gone(c, e->node);
        return;
    }
    c->changes++;
    c->live |= bit(e->node);
    if (!e->malformed)
        judge_state(c, e);
    else if (e->len != DATA_BYTES)
        wrong(c, COHERENCE_MALFORMED, e->at,
              "%s: a record of a page's state has %" PRIu32 " bytes of data instead of %d", c->names[e->node],
              e->len, DATA_BYTES);
    else
        wrong(c, COHERENCE_MALFORMED, e->at,
              "page %" PRIu64 ": %s says that its state is %" PRIu32 ", which is none", e->page,
              c->names[e->node], e->arg);
}

/* Does the node have less after this than before? */
static bool gives_up(const struct coherence *c, const struct change *e)
{
    return e->state == GONE || (!e->malformed && e->state < state_of(find(c, e->page), e->node));
}

/* What happens at one instant; in order of node and sequence. */
static void judge_instant(struct coherence *c, struct change *e, size_t n)
{
    uint64_t takes = 0; /* nodes of which what follows must wait for its turn */

    for (size_t i = 0; n > 1 && i < n; i++)
        if (takes & bit(e[i].node))
            continue;
        else if (gives_up(c, &e[i]))
            judge(c, &e[i]);
        else
            takes |= bit(e[i].node);
    for (size_t i = 0; i < n; i++)
        if (!e[i].done)
            judge(c, &e[i]);
}

static int by_time(const void *a, const void *b)
{
    const struct change *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (x->node != y->node)
        return x->node < y->node ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

void coherence_commit(struct coherence *c, vtime_t upto)
{
    size_t n = 0;

    if (upto > c->committed)
        c->committed = upto;
    if (c->n_waiting == 0)
        return;
    qsort(c->waiting, c->n_waiting, sizeof *c->waiting, by_time);
    while (n < c->n_waiting && c->waiting[n].at < upto) {
        size_t end = n + 1;
        while (end < c->n_waiting && c->waiting[end].at == c->waiting[n].at)
            end++;
        judge_instant(c, c->waiting + n, end - n);
        n = end;
    }
    c->n_waiting -= n;
    memmove(c->waiting, c->waiting + n, c->n_waiting * sizeof *c->waiting);
}

/* ---- what comes in ---- */

static void put(struct coherence *c, struct change e)
{
    if (c->kind)
        return;
    if (e.at < c->committed)
        e.at = c->committed; /* a node that was killed from outside while it slept */
    e.seq = c->seq++;
    if (c->n_waiting >= c->limits.waiting) {
        wrong(c, COHERENCE_TOO_MUCH, e.at, "more than %zu changes of pages wait for other nodes",
              c->limits.waiting);
        return;
    }
    if (c->n_waiting == c->cap_waiting) {
        c->cap_waiting = c->cap_waiting ? 2 * c->cap_waiting : 64;
        c->waiting = realloc(c->waiting, c->cap_waiting * sizeof *c->waiting);
        assert(c->waiting);
    }
    c->waiting[c->n_waiting++] = e;
}

void coherence_record(struct coherence *c, unsigned node, vtime_t at, const void *record, uint32_t len)
{
    struct fab_event head;
    struct change e = {.at = at, .node = (uint8_t)node};
    uint64_t data[2];

    if (node >= c->n_nodes || len < sizeof head)
        return;
    memcpy(&head, record, sizeof head);
    if (le16toh(head.type) != COHERENCE_EVENT)
        return;
    e.arg = le32toh(head.arg);
    e.len = len - (uint32_t)sizeof head;
    e.state = (uint8_t)e.arg;
    e.malformed = e.len != DATA_BYTES || e.arg > COHERENCE_WRITER;
    if (e.malformed)
        e.state = COHERENCE_NONE;
    if (e.len == DATA_BYTES) {
        memcpy(data, (const uint8_t *)record + sizeof head, sizeof data);
        e.page = le64toh(data[0]);
        e.version = le64toh(data[1]);
    }
    put(c, e);
}

void coherence_gone(struct coherence *c, unsigned node, vtime_t at)
{
    if (node < c->n_nodes)
        put(c, (struct change){.at = at, .node = (uint8_t)node, .state = GONE});
}

struct coherence_counts coherence_counted(const struct coherence *c)
{
    return (struct coherence_counts){c->changes, c->all_pages};
}

const char *coherence_wrong(const struct coherence *c, enum coherence_kind *kind)
{
    if (kind)
        *kind = c->kind;
    return c->kind ? c->why : NULL;
}
