/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coherence.c - see coherence.h: what nodes say waits in an array until its time is certain, and is then
 * judged in order. When all nodes that ever spoke are gone, everything is forgotten: if they start anew,
 * their pages' versions and their threads' numbers do, too.
 */
#include "sim/coherence_internal.h"
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_PAGES = 1 << 20, DEFAULT_THREADS = 1 << 20, DEFAULT_WAITING = 1 << 21 };

struct coherence *coherence_new(const char *const *names, unsigned n_nodes,
                                const struct coherence_limits *limits)
{
    struct coherence *c = calloc(1, sizeof *c);

    assert(c && n_nodes >= 1 && n_nodes <= COHERENCE_MAX_NODES);
    memcpy(c->names, names, n_nodes * sizeof *names);
    c->n_nodes = n_nodes;
    c->limits = limits ? *limits : (struct coherence_limits){DEFAULT_PAGES, DEFAULT_WAITING, DEFAULT_THREADS};
    return c;
}

void coherence_free(struct coherence *c)
{
    if (!c)
        return;
    free(c->waiting);
    coherence_pages_forget(c);
    coherence_threads_forget(c);
    free(c);
}

void coherence_contradiction(struct coherence *c, enum coherence_kind kind, vtime_t at, const char *format,
                             ...)
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

/* ---- judging, in order ---- */

static void judge_gone(struct coherence *c, unsigned node)
{
    if (c->live_pages & coherence_bit(node)) {
        c->live_pages &= ~coherence_bit(node);
        coherence_pages_gone(c, node);
        if (!c->live_pages)
            coherence_pages_forget(c);
    }
    if (c->live_threads & coherence_bit(node)) {
        c->live_threads &= ~coherence_bit(node);
        coherence_threads_gone(c, node);
        if (!c->live_threads)
            coherence_threads_forget(c);
    }
}

static void judge(struct coherence *c, struct change *e)
{
    e->done = true;
    if (c->kind)
        return;
    if (e->kind == CHANGE_GONE) {
        judge_gone(c, e->node);
        return;
    }
    c->counts.changes += e->kind == CHANGE_PAGE;
    *(e->kind == CHANGE_PAGE ? &c->live_pages : &c->live_threads) |= coherence_bit(e->node);
    if (e->malformed)
        coherence_malformed(c, e);
    else if (e->kind == CHANGE_PAGE)
        coherence_judge_page(c, e);
    else
        coherence_judge_thread(c, e);
}

static bool gives_up(const struct coherence *c, const struct change *e)
{
    return e->kind == CHANGE_GONE || e->kind == CHANGE_ENDS ||
           (e->kind == CHANGE_PAGE && coherence_gives_up_page(c, e));
}

/* What happens at one instant; in order of node and sequence. */
static void judge_instant(struct coherence *c, struct change *e, size_t n)
{
    uint64_t takes = 0; /* nodes of which what follows must wait for its turn */

    for (size_t i = 0; n > 1 && i < n; i++)
        if (takes & coherence_bit(e[i].node))
            continue;
        else if (gives_up(c, &e[i]))
            judge(c, &e[i]);
        else
            takes |= coherence_bit(e[i].node);
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
        coherence_contradiction(c, COHERENCE_TOO_MUCH, e.at, "more than %zu changes wait for other nodes",
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
    struct change e = {.at = at, .node = (uint8_t)node};

    if (node < c->n_nodes && coherence_read(record, len, c->n_nodes, &e))
        put(c, e);
}

void coherence_gone(struct coherence *c, unsigned node, vtime_t at)
{
    if (node < c->n_nodes)
        put(c, (struct change){.at = at, .node = (uint8_t)node, .kind = CHANGE_GONE});
}

struct coherence_counts coherence_counted(const struct coherence *c)
{
    return c->counts;
}

const char *coherence_wrong(const struct coherence *c, enum coherence_kind *kind)
{
    if (kind)
        *kind = c->kind;
    return c->kind ? c->why : NULL;
}
