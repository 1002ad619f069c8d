/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page_home.c - a page's home: the directory half of page.h.
 *
 * A request is served at once, or after the copies that are in its way have been dropped (busy; others queue
 * meanwhile, in order). Serving means to write down who will have the page and to order it there: by the time
 * the next request is served, the order may not have been carried out; holders see to it (page_node.c).
 *
 * When a node dies, nodes that were to get a copy from there are asked whether they did (CANCEL; KEPT or
 * GONE). If one did not, nor did those to which it was to send it on. Until all have answered (unsure), no
 * request is served: else promises of a page that nobody has could follow each other for ever.
 */
#include "guest-kernel/core/page_internal.h"

static void drain(struct page *p, struct page_dir *d);

static void grant(struct page *p, const struct page_dir *d, const struct page_ask *a,
                  enum page_contents contents, int status)
{
    struct page_wire w = {.page = d->page,
                          .version = d->version,
                          .request = a->request,
                          .write = a->write,
                          .zero = (uint8_t)contents,
                          .status = status};
    page_send(p, a->node, PAGE_GRANT, &w, NULL);
}

static void take_away(struct page_dir *d, unsigned node)
{
    d->holders &= ~core_bit(node);
    if (d->holders == 0 && d->state == PAGE_DIR_HELD)
        d->state = d->version ? PAGE_DIR_LOST : PAGE_DIR_UNTOUCHED; /* nobody may have written */
}

/* From now on a's node holds the page; source: who sends its copy (by source_request), or CORE_NO_NODE. */
static void note(struct page_dir *d, const struct page_ask *a, unsigned source, uint32_t source_request)
{
    d->holders = a->write ? core_bit(a->node) : d->holders | core_bit(a->node);
    if (a->write || d->state == PAGE_DIR_UNTOUCHED)
        d->owner = a->node;
    d->version += a->write;
    d->state = PAGE_DIR_HELD;
    d->node[a->node].request = a->request;
    d->node[a->node].source = (uint16_t)source;
    d->node[a->node].source_request = source_request;
}

static void forward(struct page *p, struct page_dir *d, const struct page_ask *a, unsigned supplier)
{
    struct page_wire w = {.page = d->page,
                          .request = a->request,
                          .holder = d->node[supplier].request,
                          .node = a->node,
                          .write = a->write};
    note(d, a, supplier, w.holder);
    w.version = d->version;
    page_send(p, supplier, PAGE_FWD, &w, NULL);
}

/* Nobody has it, or may have written it: the asker makes it. */
static void give_initial(struct page *p, struct page_dir *d, const struct page_ask *a)
{
    note(d, a, CORE_NO_NODE, 0);
    grant(p, d, a, PAGE_INITIAL, CORE_OK);
}

/* All other copies are gone but the supplier's; its own may be, too, if it died. */
static void serve_write(struct page *p, struct page_dir *d, const struct page_ask *a, unsigned supplier)
{
    if (p->dead & core_bit(a->node))
        return;
    if (d->state == PAGE_DIR_UNTOUCHED) {
        give_initial(p, d, a);
    } else if (!(d->holders & core_bit(supplier))) {
        grant(p, d, a, PAGE_BYTES, CORE_ELOST);
    } else if (supplier == a->node) {
        note(d, a, CORE_NO_NODE, 0);
        grant(p, d, a, PAGE_BYTES, CORE_OK);
    } else {
        forward(p, d, a, supplier);
    }
}

static unsigned choose(const struct page *p, const struct page_dir *d)
{
    if (d->holders & core_bit(p->c.self))
        return p->c.self;
    return d->holders & core_bit(d->owner) ? d->owner : core_first(d->holders);
}

static void serve(struct page *p, struct page_dir *d, const struct page_ask *a)
{
    bool holds = d->holders & core_bit(a->node);
    if (holds && a->holder != d->node[a->node].request) { /* it says that it does not */
        p->counts.bad++;
        take_away(d, a->node);
        holds = false;
    }
    if (d->state == PAGE_DIR_LOST) {
        grant(p, d, a, PAGE_BYTES, CORE_ELOST);
    } else if (d->state == PAGE_DIR_UNTOUCHED) {
        give_initial(p, d, a);
    } else if (!a->write) {
        if (holds)
            grant(p, d, a, PAGE_BYTES, CORE_EINVAL); /* asks for what it has */
        else
            forward(p, d, a, choose(p, d));
    } else {
        unsigned supplier = holds ? a->node : choose(p, d);
        uint64_t others = d->holders & ~core_bit(supplier);
        d->holders = core_bit(supplier);
        if (others == 0) {
            serve_write(p, d, a, supplier);
            return;
        }
        d->busy = 1;
        d->now = *a;
        d->supplier = (uint16_t)supplier;
        d->unacked = others;
        for (; others; others &= others - 1) {
            unsigned node = core_first(others);
            struct page_wire w = {.page = d->page, .version = d->version, .holder = d->node[node].request};
            page_send(p, node, PAGE_INV, &w, NULL);
        }
    }
}

static void go_on(struct page *p, struct page_dir *d)
{
    if (d->busy && d->unacked == 0 && d->unsure == 0) {
        struct page_ask a = d->now;
        d->busy = 0;
        serve_write(p, d, &a, d->supplier);
    }
    drain(p, d);
}

static void drain(struct page *p, struct page_dir *d)
{
    if (d->draining)
        return;
    d->draining = 1;
    while (!d->busy && d->unsure == 0 && d->queued > 0) {
        struct page_ask a = d->node[0].queue;
        d->queued--;
        for (unsigned i = 0; i < d->queued; i++)
            d->node[i].queue = d->node[i + 1].queue;
        core_zero(&d->node[d->queued].queue, sizeof a);
        serve(p, d, &a);
    }
    d->draining = 0;
}

static struct page_dir *create(struct page *p, uint64_t page)
{
    const struct core_env *env = p->c.env;
    struct page_dir *d = env->alloc(env->ctx, page_dir_bytes(p)), **bucket = &p->dirs[page_bucket(p, page)];
    if (!d)
        return NULL;
    core_zero(d, page_dir_bytes(p));
    d->page = page;
    for (unsigned i = 0; i < p->c.nodes; i++)
        d->node[i].source = CORE_NO_NODE;
    d->next = *bucket;
    *bucket = d;
    p->entries++;
    return d;
}

/* The node never got its copy. Nor will those who were to get it from there: they are told so, and tell us.
 */
static void gone(struct page *p, struct page_dir *d, unsigned node)
{
    if (d->holders & core_bit(node))
        take_away(d, node);
    for (unsigned i = 0; i < p->c.nodes; i++)
        if (d->node[i].source == node && d->node[i].source_request == d->node[node].request)
            d->unsure |= core_bit(i) & ~p->dead;
}

/* Whether the node got its copy will be known only when somebody has answered: itself, or one of those that
 * its copy was to come from, one behind the other. */
static bool doubted(const struct page *p, const struct page_dir *d, unsigned node)
{
    for (unsigned i = 0; i < p->c.nodes; i++) {
        unsigned source = d->node[node].source;
        if (d->unsure & core_bit(node))
            return true;
        if (source == CORE_NO_NODE || d->node[source].request != d->node[node].source_request)
            return false;
        node = source;
    }
    return false;
}

/* The node was refused its copy by one that was to have it, and that nobody doubts: it has lied. Else the
 * page would be looked for there without end. */
static void liar(struct page *p, struct page_dir *d, unsigned node)
{
    unsigned source = d->node[node].source;
    if (source != CORE_NO_NODE && d->node[source].request == d->node[node].source_request &&
        (d->holders & core_bit(source)) && !doubted(p, d, source)) {
        p->counts.bad++;
        take_away(d, source);
    }
}

/* One request of each node; should there be another, the node has forgotten the older one. */
static void queue(struct page *p, struct page_dir *d, const struct page_ask *a)
{
    unsigned i = 0;
    while (i < d->queued && d->node[i].queue.node != a->node)
        i++;
    d->node[i].queue = *a;
    p->counts.bad += i < d->queued;
    d->queued += i == d->queued;
}

void page_home_message(struct page *p, unsigned from, unsigned type, const struct page_wire *w)
{
    struct page_dir *d = page_dir_find(p, w->page);
    if (type == PAGE_GET) {
        struct page_ask a = {
            .request = w->request, .holder = w->holder, .node = (uint16_t)from, .write = w->write};
        if (!d && !(d = create(p, w->page))) {
            struct page_dir none = {.page = w->page};
            grant(p, &none, &a, PAGE_BYTES, CORE_ENOMEM);
        } else {
            queue(p, d, &a);
            drain(p, d);
        }
    } else if (d && type == PAGE_ACK) {
        if ((d->unacked & core_bit(from)) && d->node[from].request == w->holder) {
            d->unacked &= ~core_bit(from);
            go_on(p, d);
        }
    } else if (d && (type == PAGE_GONE || type == PAGE_KEPT)) {
        if (d->node[from].request == w->request) {
            if (type == PAGE_GONE)
                liar(p, d, from);
            d->node[from].source = CORE_NO_NODE;
            d->unsure &= ~core_bit(from);
            if (type == PAGE_GONE)
                gone(p, d, from);
        }
        go_on(p, d);
    }
}

static void dead_for(struct page *p, struct page_dir *d, unsigned dead)
{
    unsigned kept = 0;
    uint64_t ask = 0;
    for (unsigned i = 0; i < d->queued; i++)
        if (d->node[i].queue.node != dead)
            d->node[kept++].queue = d->node[i].queue;
    for (unsigned i = kept; i < d->queued; i++)
        core_zero(&d->node[i].queue, sizeof d->node[i].queue);
    d->queued = (uint8_t)kept;
    d->node[dead].source = CORE_NO_NODE;
    for (unsigned i = 0; i < p->c.nodes; i++) /* also those that have passed the page on, or promised to */
        if (d->node[i].source == dead)
            ask |= core_bit(i);
    take_away(d, dead);
    d->unacked &= ~core_bit(dead);
    d->unsure = (d->unsure & ~core_bit(dead)) | ask;
    for (; ask; ask &= ask - 1) {
        unsigned node = core_first(ask);
        struct page_wire w = {.page = d->page, .request = d->node[node].request};
        page_send(p, node, PAGE_CANCEL, &w, NULL);
    }
    go_on(p, d);
}

void page_home_dead(struct page *p, unsigned node)
{
    for (uint32_t i = 0; i < p->c.buckets; i++)
        for (struct page_dir *d = p->dirs[i]; d; d = d->next)
            dead_for(p, d, node);
}
