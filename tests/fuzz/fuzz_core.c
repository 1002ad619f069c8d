/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_core.c - what a broken or hostile peer may send to the protocol core (guest-kernel/core), byte by
 * byte. Nothing may be read or written out of bounds or leaked, and each node's own books must stay in order.
 * The first byte of the input chooses the world:
 *
 *     pages     three honest nodes with the page directory, and a fourth that sends anything, in its own
 *               name. When it is held for dead at last and all pins are gone, every fault ends, and every
 *               page can be asked for.
 *     forged    the same, but in anybody's name: here only each node's own books are checked.
 *     stack     one node with messages, membership and pages (fuzz_core_stack.c): bytes from the transport.
 *     group     nodes with the process service (fuzz_core_group.c), and one that sends anything.
 *     vma       a node with address ranges (fuzz_core_vma.c), and two that send anything.
 *
 * The input is what happens, step by step.
 */
#include "tests/fuzz/fuzz_core.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    NODES = 4,
    HONEST = 3,
    EVIL = 3,
    PAGES = 8,
    PAGE = FUZZ_CORE_PAGE,
    SLOTS = 40,
    SEEN = 8,
    MOST_MESSAGES = 5000
};

struct packet {
    struct packet *next;
    unsigned type;
    size_t bytes;
    uint8_t data[sizeof(struct page_wire) + PAGE];
};

struct node {
    long blocks; /* first: fuzz_core.h */
    struct core_env env;
    struct page page;
    unsigned number;
    uint8_t mapped[PAGES];
    struct packet *first[HONEST], **last[HONEST]; /* by sender: what is on its way here */
};

struct slot {
    struct page_fault f;
    uint64_t page;
    unsigned node;
    bool waits;
};

struct fuzz_core_counts fuzz_core_counts;
static const uint8_t *in;
static size_t left;
static struct node node[HONEST];
static struct slot slot[SLOTS];
static struct page_wire seen[SEEN];
static unsigned n_seen;
static uint64_t frame_of[PAGE / 8];

void fuzz_core_begin(const uint8_t *data, size_t size)
{
    in = data;
    left = size;
}

bool fuzz_core_more(void)
{
    return left > 0;
}

uint64_t fuzz_core_take(unsigned bytes)
{
    uint64_t v = 0;
    for (; bytes > 0 && left > 0; bytes--, left--)
        v = v << 8 | *in++;
    return v;
}

/* ---- what the nodes are lent ---- */

static void on_map(void *ctx, uint64_t page, void *frame, enum page_state state)
{
    assert(page < PAGES && frame);
    ((struct node *)ctx)->mapped[page] = (uint8_t)state;
}

static void on_send(void *ctx, unsigned to, unsigned type, const struct page_wire *w, const void *data,
                    size_t bytes)
{
    struct node *n = ctx;
    assert(to < NODES && to != n->number && (bytes == 0 || (type == PAGE_DATA && bytes == PAGE)));
    seen[n_seen++ % SEEN] = *w;
    if (to == EVIL)
        return;
    struct packet *k = malloc(sizeof *k);
    assert(k);
    *k = (struct packet){.type = type, .bytes = sizeof *w + bytes};
    memcpy(k->data, w, sizeof *w);
    if (bytes)
        memcpy(k->data + sizeof *w, data, bytes);
    *node[to].last[n->number] = k;
    node[to].last[n->number] = &k->next;
}

static bool on_initial(void *ctx, uint64_t page, void *frame)
{
    assert(page < PAGES && ctx);
    if (page % 2)
        memset(frame, 0x55, PAGE);
    return page % 2;
}

static void on_done(struct page_fault *f, uint64_t page, void *frame, int status)
{
    struct slot *s = (struct slot *)f;
    assert(s->waits && page == s->page && status <= CORE_OK && status >= CORE_ECLOSED);
    assert((frame != NULL) == (status == CORE_OK));
    if (frame)
        memcpy(f->write ? frame : (void *)frame_of, f->write ? (void *)frame_of : frame, PAGE);
    s->waits = false;
    fuzz_core_counts.ended++;
}

/* ---- what must hold at each node, whatever has come ---- */

static void check_copy(const struct node *n, const struct page_copy *c)
{
    const struct page_config *p = &n->page.c;
    assert(c->page < PAGES && c->state <= PAGE_EXCLUSIVE && c->asked <= PAGE_EXCLUSIVE);
    assert(c->orders <= p->nodes + 1 && n->mapped[c->page] == c->state);
    assert((c->frame != NULL) == (c->state || c->waiting));
    assert(!c->asked || (c->waiting && c->asked_request && c->asked > c->state));
    assert(!c->waiting || c->asked || c->orders);
    assert((!c->pins || c->state) && (!c->held || (c->orders && c->state && !c->pins)));
}

static void check_dir(const struct node *n, const struct page_dir *d)
{
    uint64_t out = ~(core_bit(NODES) - 1) | n->page.dead;
    assert(page_home(&n->page, d->page) == n->number && d->state <= PAGE_DIR_LOST && !d->draining);
    assert(!((d->holders | d->unsure) & out) && (!d->busy || !(d->unacked & out)));
    assert((d->state == PAGE_DIR_HELD) == (d->holders != 0) && d->queued <= NODES);
    assert(!d->busy || d->unacked || d->unsure);
    assert(!d->queued || d->busy || d->unsure);
    for (unsigned i = 0; i < d->queued; i++)
        for (unsigned k = 0; k < i; k++)
            assert(d->node[i].queue.node != d->node[k].queue.node);
}

void fuzz_core_check_page(const struct page *p, void (*copy)(const void *ctx, const struct page_copy *c),
                          void (*dir)(const void *ctx, const struct page_dir *d), const void *ctx)
{
    for (uint32_t i = 0; i < p->c.buckets; i++) {
        for (const struct page_copy *c = p->copies[i]; c; c = c->next)
            copy(ctx, c);
        for (const struct page_dir *d = p->dirs[i]; d; d = d->next)
            dir(ctx, d);
    }
}

static void copy_of(const void *ctx, const struct page_copy *c)
{
    check_copy(ctx, c);
}

static void dir_of(const void *ctx, const struct page_dir *d)
{
    check_dir(ctx, d);
}

static void check(void)
{
    for (unsigned i = 0; i < HONEST; i++)
        fuzz_core_check_page(&node[i].page, copy_of, dir_of, &node[i]);
}

/* ---- steps ---- */

static bool deliver(unsigned from, unsigned to)
{
    struct packet *k = node[to].first[from];
    if (!k)
        return false;
    if (!(node[to].first[from] = k->next))
        node[to].last[from] = &node[to].first[from];
    page_message(&node[to].page, from, k->type, k->data, k->bytes);
    free(k);
    return true;
}

static bool unpin_all(void)
{
    bool any = false;
    for (unsigned i = 0; i < HONEST * PAGES; i++)
        for (; page_pinned(&node[i % HONEST].page, i / HONEST); any = true)
            page_unpin(&node[i % HONEST].page, i / HONEST);
    return any;
}

/* Until nothing is under way. Honest nodes do not talk for ever, unless they are lied to in their names. */
static void settle(bool any, bool unpin)
{
    unsigned messages = 0;
    for (bool busy = true; busy;) {
        busy = false;
        fuzz_core_now += 1000;
        for (unsigned to = 0; to < HONEST; to++) {
            for (unsigned from = 0; from < HONEST; from++)
                while (messages < MOST_MESSAGES && deliver(from, to)) {
                    busy = true;
                    messages++;
                }
            page_poll(&node[to].page);
        }
        if (unpin)
            busy |= unpin_all();
        for (unsigned i = 0; i < HONEST * HONEST; i++)
            busy |= node[i % HONEST].first[i / HONEST] != NULL;
        if (messages == MOST_MESSAGES) {
            assert(any);
            break;
        }
    }
}

static void fault(unsigned n, uint64_t page, bool write, bool pin)
{
    struct slot *s = slot;
    while (s < slot + SLOTS && s->waits)
        s++;
    if (s == slot + SLOTS)
        return;
    *s = (struct slot){
        .f = {.done = on_done, .write = write, .pin = pin}, .page = page, .node = n, .waits = true};
    int rc = page_fault(&node[n].page, page, &s->f);
    assert(rc == 1 || rc == 0 || rc == CORE_ENOMEM || rc == CORE_EDEAD);
    fuzz_core_counts.waited += rc == 1;
    fuzz_core_counts.had += rc == 0;
    fuzz_core_counts.refused += rc < 0;
    if (rc != 1)
        s->waits = false;
}

/* A message that knows what can be known, with some of it wrong. */
static void forge(bool any)
{
    unsigned b = (unsigned)fuzz_core_take(1), to = b % HONEST,
             from = any ? (unsigned)fuzz_core_take(1) % (NODES + 1) : EVIL,
             type = PAGE_GET + (unsigned)fuzz_core_take(1) % 10;
    struct page_wire w = seen[fuzz_core_take(1) % SEEN];
    if (b & 4)
        w.page = fuzz_core_take(1) % PAGES;
    const struct page_copy *c = page_copy_find(&node[to].page, w.page);
    if (c && (b & 8)) {
        w.request = c->asked_request;
        w.holder = b & 16 ? c->asked_request : c->request;
    }
    unsigned change = (unsigned)fuzz_core_take(1);
    if (change & 1)
        w.request += (uint32_t)fuzz_core_take(1) - 3;
    if (change & 2)
        w.holder = (uint32_t)fuzz_core_take(1);
    if (change & 4)
        w.node = (uint16_t)(fuzz_core_take(1) % (NODES + 1));
    if (change & 8)
        w.write ^= 1;
    if (change & 16)
        w.zero ^= (uint8_t)(1 + fuzz_core_take(1) % 3);
    if (change & 32)
        w.status = change & 64 ? (int32_t)fuzz_core_take(4) : 0;
    if (change & 128)
        ((uint8_t *)&w)[fuzz_core_take(1) % sizeof w] = (uint8_t)fuzz_core_take(1);
    size_t bytes = b & 32 ? PAGE : b & 64 ? fuzz_core_take(1) : 0, all = sizeof w + bytes;
    if (b & 128)
        all = fuzz_core_take(1) % sizeof w;
    uint8_t *exact = calloc(1, all ? all : 1);
    assert(exact);
    memcpy(exact, &w, all < sizeof w ? all : sizeof w);
    page_message(&node[to].page, from, type, exact, all);
    free(exact);
    fuzz_core_counts.forged++;
}

static void kill_evil(void)
{
    for (unsigned i = 0; i < HONEST; i++) {
        page_peer_dead(&node[i].page, EVIL);
        for (unsigned n = (unsigned)fuzz_core_take(1) % 8; n > 0; n--)
            deliver((unsigned)fuzz_core_take(1) % HONEST, n % HONEST);
    }
}

static void step(bool any)
{
    unsigned op = (unsigned)fuzz_core_take(1), b;
    switch (op % 16) {
    case 0:
    case 1:
    case 2:
    case 3:
        b = (unsigned)fuzz_core_take(1);
        fault(op / 16 % HONEST, b % PAGES, b & 128, b & 64);
        break;
    case 4:
    case 5:
    case 6:
        b = (unsigned)fuzz_core_take(1);
        for (unsigned n = 1 + op / 64; n > 0; n--)
            deliver(b % HONEST, b / 16 % HONEST);
        break;
    case 7:
        fuzz_core_now += fuzz_core_take(1) * 8;
        page_poll(&node[op / 16 % HONEST].page);
        break;
    case 8:
        fuzz_core_fail_in = (unsigned)fuzz_core_take(1) % 16;
        break;
    case 9:
        settle(any, false);
        break;
    case 10:
        b = (unsigned)fuzz_core_take(1);
        if (any && b == 0) /* nobody has agreed to it */
            page_drop(&node[op / 16 % HONEST].page, fuzz_core_take(1) % PAGES, UINT64_MAX);
        else
            page_unpin(&node[op / 16 % HONEST].page, b % (PAGES + 1));
        break;
    default:
        forge(any);
    }
    check();
}

static void pages(bool any)
{
    uint64_t hold = fuzz_core_take(1) % 2 * 700;
    n_seen = fuzz_core_fail_in = 0;
    fuzz_core_now = 0;
    memset(seen, 0, sizeof seen);
    memset(slot, 0, sizeof slot);
    for (unsigned i = 0; i < HONEST; i++) {
        struct node *n = &node[i];
        memset(n, 0, sizeof *n);
        n->number = i;
        for (unsigned k = 0; k < HONEST; k++)
            n->last[k] = &n->first[k];
        n->env = (struct core_env){.ctx = n,
                                   .now_ns = fuzz_core_time,
                                   .timer = fuzz_core_timer,
                                   .alloc = fuzz_core_alloc,
                                   .free = fuzz_core_free};
        struct page_config c = {.env = &n->env,
                                .self = i,
                                .nodes = NODES,
                                .page_bytes = PAGE,
                                .buckets = 4,
                                .hold_ns = hold,
                                .ctx = n,
                                .initial = on_initial,
                                .send = on_send,
                                .map = on_map,
                                .frame_alloc = fuzz_core_frame_alloc,
                                .frame_free = fuzz_core_frame_free};
        assert(page_init(&n->page, &c) == CORE_OK);
    }
    while (fuzz_core_more())
        step(any);
    fuzz_core_fail_in = 0;
    kill_evil();
    settle(any, true);
    check();
    for (unsigned i = 0; i < SLOTS; i++)
        assert(any || !slot[i].waits);
    for (unsigned i = 0; i < HONEST * PAGES && !any; i++) {
        fault(i % HONEST, i / HONEST, i % 2, false);
        settle(any, false);
        for (unsigned k = 0; k < SLOTS; k++)
            assert(!slot[k].waits);
    }
    for (unsigned i = 0; i < HONEST; i++) {
        page_fini(&node[i].page);
        assert(node[i].blocks == 0);
        for (unsigned k = 0; k < HONEST; k++)
            for (struct packet *next; node[i].first[k]; node[i].first[k] = next) {
                next = node[i].first[k]->next;
                free(node[i].first[k]);
            }
    }
    for (unsigned i = 0; i < SLOTS; i++)
        assert(!slot[i].waits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_core_begin(data, size);
    unsigned world = (unsigned)fuzz_core_take(1) % 7;
    if (world < 2)
        fuzz_core_stack();
    else if (world == 6)
        fuzz_core_vma();
    else if (world > 3)
        fuzz_core_group(world == 5);
    else
        pages(world == 3);
    return 0;
}
