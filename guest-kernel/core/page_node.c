/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page_node.c - a node's copies: the asker's and holder's half of page.h.
 *
 * At most one request per page is under way. An order of the home (FWD, INV) names a copy by the request that
 * got it:
 *
 *     the copy is there         carried out, unless it is still held for its faults (hold_ns)
 *     it is being asked for     kept until the answer is there, then carried out after the faults are done
 *     neither                   refused: the copy was never got (somebody died)
 *
 * While orders are kept no new request is made: a held copy is given up in its time, then asked for again.
 *
 * An order about a pinned copy waits for page_unpin. Faults with pin that come then wait behind it, even if
 * the copy is good for them; they end when the order is done, if the copy still is (a writer's copy becomes a
 * reader's), or with the next answer.
 */
#include "guest-kernel/core/page_internal.h"

static void serve(struct page *p, struct page_copy *c);

static void set_state(struct page *p, struct page_copy *c, enum page_state state)
{ /* event: arg is the new state; data: page, version */
    const struct core_env *env = p->c.env;
    uint64_t data[2] = {c->page, c->version};
    if (c->state == state)
        return;
    p->was = (enum page_state)c->state;
    c->state = (uint8_t)state;
    p->c.map(p->c.ctx, c->page, c->frame, state);
    if (env->event)
        env->event(env->ctx, CORE_EVENT_PAGE, state, data, sizeof data);
}

static void drop_frame(struct page *p, struct page_copy *c)
{
    if (c->frame && c->state == PAGE_INVALID && !c->waiting) {
        p->c.frame_free(p->c.ctx, c->frame);
        c->frame = NULL;
    }
}

static void tell_home(struct page *p, const struct page_copy *c, unsigned type, uint32_t request,
                      uint32_t holder)
{
    struct page_wire w = {.page = c->page,
                          .version = c->version,
                          .request = request,
                          .holder = holder,
                          .write = c->asked == PAGE_EXCLUSIVE};
    page_send(p, page_home(p, c->page), type, &w, NULL);
}

static void refuse(struct page *p, uint64_t page, const struct page_order *o)
{
    struct page_wire w = {.page = page, .request = o->request, .holder = o->holder, .status = CORE_EDEAD};
    p->counts.refused++;
    if (o->type == PAGE_FWD)
        page_send(p, o->node, PAGE_DATA, &w, NULL);
    else
        page_send(p, page_home(p, page), PAGE_ACK, &w, NULL);
}

/* The copy that the order speaks of is there. */
static void carry_out(struct page *p, struct page_copy *c, const struct page_order *o)
{
    if (o->type == PAGE_FWD) {
        struct page_wire w = {
            .page = c->page, .version = o->version, .request = o->request, .write = o->write};
        set_state(p, c, o->write ? PAGE_INVALID : PAGE_SHARED); /* before the bytes are read */
        w.zero = core_is_zero(c->frame, p->c.page_bytes);
        page_send(p, o->node, PAGE_DATA, &w, w.zero ? NULL : c->frame);
        drop_frame(p, c);
    } else {
        set_state(p, c, PAGE_INVALID);
        drop_frame(p, c);
        tell_home(p, c, PAGE_ACK, 0, o->holder);
    }
}

static void held_remove(struct page *p, struct page_copy *c)
{
    if (!c->held)
        return;
    *(c->held_before ? &c->held_before->held_next : &p->held_first) = c->held_next;
    *(c->held_next ? &c->held_next->held_before : &p->held_last) = c->held_before;
    c->held_before = c->held_next = NULL;
    c->held = 0;
}

static void held_add(struct page *p, struct page_copy *c)
{
    c->held_before = p->held_last;
    *(p->held_last ? &p->held_last->held_next : &p->held_first) = c;
    p->held_last = c;
    c->held = 1;
}

/* Whether the order about the present copy has to wait: for page_unpin, or for a time, then it is in the
 * list. The copy is not in the list before. */
static bool held(struct page *p, struct page_copy *c, const struct page_order *o)
{
    const struct core_env *env = p->c.env;
    bool harmless = o->type == PAGE_FWD && !o->write && c->state == PAGE_SHARED;
    if (harmless)
        return false;
    if (c->pins > 0)
        return true;
    if (c->asked || c->hold_until_ns <= env->now_ns(env->ctx))
        return false;
    held_add(p, c);
    env->timer(env->ctx, c->hold_until_ns);
    return true;
}

static bool order_here(const struct page_copy *c, const struct page_order *o)
{
    return c->state && o->holder == c->request;
}

static bool enough(const struct page_copy *c, const struct page_fault *f)
{
    return c->state >= (f->write ? PAGE_EXCLUSIVE : PAGE_SHARED);
}

/* Asks the home for what the waiting faults need. */
static void ask(struct page *p, struct page_copy *c)
{
    enum page_state need = PAGE_SHARED;
    if (!c->waiting || c->asked || c->orders)
        return;
    for (struct page_fault *f = c->waiting; f; f = f->next)
        if (f->write)
            need = PAGE_EXCLUSIVE;
    c->asked = (uint8_t)need;
    if (++p->last_request == 0)
        p->last_request = 1;
    c->asked_request = p->last_request;
    p->counts.requests++;
    tell_home(p, c, PAGE_GET, c->asked_request, c->state ? c->request : 0);
}

/* Ends the faults that the state satisfies, or all if status is not CORE_OK. */
static void finish(struct page_copy *c, int status)
{
    struct page_fault *f = c->waiting, **left = &c->waiting;
    c->waiting = NULL;
    while (f) {
        struct page_fault *next = f->next;
        f->next = NULL;
        if (status == CORE_OK && !enough(c, f)) {
            *left = f;
            left = &f->next;
        } else {
            c->pins += status == CORE_OK && f->pin;
            f->done(f, c->page, status == CORE_OK ? c->frame : NULL, status);
        }
        f = next;
    }
}

/* Carries out what orders it can, then goes on asking. */
static void serve(struct page *p, struct page_copy *c)
{
    held_remove(p, c);
    while (c->orders > 0) {
        struct page_order o = c->order[0];
        bool here = order_here(c, &o);
        if (here ? held(p, c, &o) : c->asked && o.holder == c->asked_request)
            break;
        c->orders--;
        for (unsigned i = 0; i < c->orders; i++)
            c->order[i] = c->order[i + 1];
        core_zero(&c->order[c->orders], sizeof o);
        if (here)
            carry_out(p, c, &o);
        else
            refuse(p, c->page, &o);
    }
    if (c->orders == 0)
        finish(c, CORE_OK); /* those that waited behind an order that left them enough */
    ask(p, c);
}

/* The request has failed, and so have the faults. */
static void failed(struct page *p, struct page_copy *c, int status)
{
    c->asked = PAGE_INVALID;
    c->asked_request = 0;
    finish(c, status);
    drop_frame(p, c);
    serve(p, c);
}

/* The copy will not come: who was to send it is dead, or never got it. The home hears of it, then is asked
 * again. */
static void gave_up(struct page *p, struct page_copy *c)
{
    uint32_t request = c->asked_request;
    c->asked = PAGE_INVALID;
    c->asked_request = 0;
    p->counts.failed++;
    tell_home(p, c, PAGE_GONE, request, 0);
    serve(p, c);
}

static void make_initial(struct page *p, struct page_copy *c)
{
    if (!p->c.initial || !p->c.initial(p->c.ctx, c->page, c->frame))
        core_zero(c->frame, p->c.page_bytes);
    p->counts.initial++;
}

static void answered(struct page *p, struct page_copy *c, unsigned type, const struct page_wire *w,
                     const void *data, size_t bytes)
{
    const struct core_env *env = p->c.env;
    bool full = type == PAGE_DATA && w->zero == PAGE_BYTES, fits;
    if (w->status != CORE_OK) {
        if (type == PAGE_DATA)
            gave_up(p, c);
        else
            failed(p, c, w->status < 0 && w->status >= CORE_ECLOSED ? w->status : CORE_EINVAL);
        return;
    }
    if (type == PAGE_DATA)
        fits = w->zero == PAGE_ZERO || (full && bytes == p->c.page_bytes);
    else
        fits = w->zero == PAGE_INITIAL || (w->zero == PAGE_BYTES && c->state);
    if (!fits) {
        p->counts.bad++;
        gave_up(p, c);
        return;
    }
    if (full)
        core_copy(c->frame, data, bytes);
    else if (w->zero == PAGE_ZERO)
        core_zero(c->frame, p->c.page_bytes);
    else if (w->zero == PAGE_INITIAL)
        make_initial(p, c);
    c->request = c->asked_request;
    c->version = w->version;
    c->hold_until_ns = p->c.hold_ns ? env->now_ns(env->ctx) + p->c.hold_ns : 0;
    set_state(p, c, (enum page_state)c->asked);
    c->asked = PAGE_INVALID;
    c->asked_request = 0;
    finish(c, CORE_OK);
    serve(p, c);
}

void page_node_message(struct page *p, unsigned type, const struct page_wire *w, const void *data,
                       size_t bytes)
{
    struct page_copy *c = page_copy_find(p, w->page);
    if (type == PAGE_FWD || type == PAGE_INV) {
        struct page_order o = {.version = w->version,
                               .holder = w->holder,
                               .request = w->request,
                               .node = w->node,
                               .type = (uint8_t)type,
                               .write = w->write};
        if (!c || c->orders > p->c.nodes) {
            refuse(p, w->page, &o);
            return;
        }
        c->order[c->orders++] = o;
        if (!c->state || c->request != o.holder)
            p->counts.kept++;
        serve(p, c);
    } else if (c && c->asked && c->asked_request == w->request) {
        if (type == PAGE_CANCEL)
            gave_up(p, c);
        else
            answered(p, c, type, w, data, bytes);
    } else if (type == PAGE_CANCEL || (type == PAGE_DATA && w->status != CORE_OK)) {
        /* refused what has come otherwise: the home may wait for a word about it */
        struct page_wire answer = {.page = w->page, .request = w->request};
        page_send(p, page_home(p, w->page), c ? PAGE_KEPT : PAGE_GONE, &answer, NULL);
    }
}

static struct page_copy *create(struct page *p, uint64_t page)
{
    const struct core_env *env = p->c.env;
    struct page_copy *c = env->alloc(env->ctx, page_copy_bytes(p)),
                     **bucket = &p->copies[page_bucket(p, page)];
    if (!c)
        return NULL;
    core_zero(c, page_copy_bytes(p));
    c->page = page;
    c->next = *bucket;
    *bucket = c;
    p->entries++;
    return c;
}

int page_fault(struct page *p, uint64_t page, struct page_fault *f)
{
    struct page_copy *c = page_copy_find(p, page);
    struct page_fault **last;
    unsigned home = page_home(p, page);
    if (home >= p->c.nodes)
        return CORE_EINVAL;
    if (p->dead & core_bit(home))
        return CORE_EDEAD;
    if (!c && !(c = create(p, page)))
        return CORE_ENOMEM;
    if (enough(c, f) && !(f->pin && c->orders > 0 && order_here(c, &c->order[0]))) {
        c->pins += f->pin;
        return 0;
    }
    if (!c->frame && !(c->frame = p->c.frame_alloc(p->c.ctx)))
        return CORE_ENOMEM;
    p->counts.faults++;
    p->counts.coalesced += c->waiting != NULL;
    for (last = &c->waiting; *last;)
        last = &(*last)->next;
    f->next = NULL;
    *last = f;
    ask(p, c);
    return 1;
}

void page_unpin(struct page *p, uint64_t page)
{
    const struct core_env *env = p->c.env;
    struct page_copy *c = page_copy_find(p, page);
    if (!c || c->pins == 0 || --c->pins > 0)
        return;
    if (p->c.hold_ns)
        c->hold_until_ns = env->now_ns(env->ctx) + p->c.hold_ns;
    serve(p, c);
}

bool page_pinned(const struct page *p, uint64_t page)
{
    const struct page_copy *c = page_copy_find(p, page);
    return c && c->pins > 0;
}

bool page_wanted(const struct page *p, uint64_t page)
{
    const struct page_copy *c = page_copy_find(p, page);
    return c && c->pins > 0 && c->orders > 0;
}

void page_poll(struct page *p)
{
    const struct page_copy *last = p->held_last;
    for (struct page_copy *c = NULL; last && c != last;) {
        c = p->held_first;
        serve(p, c); /* out of the list, or to its end */
    }
}

void page_node_forget(struct page *p, struct page_copy *c, int status)
{
    held_remove(p, c);
    c->pins = 0;
    core_zero(c->order, c->orders * sizeof c->order[0]);
    c->orders = 0;
    c->asked = PAGE_INVALID;
    set_state(p, c, PAGE_INVALID);
    finish(c, status);
    drop_frame(p, c);
}

void page_node_dead(struct page *p, unsigned node)
{
    for (uint32_t i = 0; i < p->c.buckets; i++)
        for (struct page_copy *c = p->copies[i]; c; c = c->next)
            if (page_home(p, c->page) == node)
                page_node_forget(p, c, CORE_EDEAD);
}

void page_node_fini(struct page *p)
{
    const struct core_env *env = p->c.env;
    for (uint32_t i = 0; i < p->c.buckets; i++)
        while (p->copies[i]) {
            struct page_copy *c = p->copies[i];
            p->copies[i] = c->next;
            page_node_forget(p, c, CORE_ECLOSED);
            env->free(env->ctx, c, page_copy_bytes(p));
        }
}
