/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_core_vma.c - address ranges among hostile peers: one honest node, which is the origin of one process
 * and a replica of another, and two that send anything. The books must stay in order; when the two are held
 * for dead, all that waited has ended, once, and all memory comes back.
 */
#include "guest-kernel/core/vma_internal.h"
#include "tests/fuzz/fuzz_core.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 3, SELF = 1, SLOTS = 12, PAGE = 4096, CACHED = 4, RANGES = 40, PIECES = 3 };

struct question {
    struct vma_lookup l;
    bool waits;
};
struct change {
    struct vma_op op;
    bool waits;
};
static struct question question[SLOTS];
static struct change change[SLOTS];
static struct vma v;
static struct vma_space own, other;
static struct core_env env;
static bool threads_wait;
static long blocks;
static struct vma_wire last[2]; /* FORGET or DROP, to each of the others */
static unsigned last_type[2];

static void on_send(void *ctx, unsigned to, unsigned type, const struct vma_wire *w, size_t bytes)
{
    (void)ctx;
    assert(to < NODES && to != SELF);
    assert(bytes == sizeof *w + (type == VMA_DROP ? w->pieces : 0) * sizeof(struct vma_piece));
    assert(type != VMA_DROP || (w->pieces && w->pieces <= PIECES));
    if (type == VMA_FORGET || type == VMA_DROP) {
        last[to / 2] = *w;
        last_type[to / 2] = type;
    }
}

static uint64_t on_replicas(void *ctx, uint32_t process)
{
    (void)ctx;
    assert(process == own.process);
    return core_bit(NODES) - 1;
}

static void on_gone(void *ctx, struct vma_space *s, const struct vma_area *a, uint64_t begin, uint64_t end,
                    bool stays)
{
    (void)ctx;
    assert((s == &own || (s == &other && !stays)) && begin >= a->begin && end <= a->end && begin < end);
}

static bool on_busy(void *ctx, uint32_t process, uint64_t begin, uint64_t end)
{
    (void)ctx;
    assert(process == other.process || (process == own.process && begin < end));
    return threads_wait;
}

static void on_drop(void *ctx, const struct vma_span *span)
{
    (void)ctx;
    assert(span->pages && span->object && (span->process == own.process || span->process == other.process));
}

static void on_answer(struct vma_lookup *l, const struct vma_area *a, int status)
{
    struct question *q = (struct question *)l;
    assert(q->waits && (a != NULL) == (status == CORE_OK));
    assert(!a || (l->at >= a->begin && l->at < a->end));
    q->waits = false;
}

static void on_changed(struct vma_op *op, int status)
{
    struct change *c = (struct change *)op;
    assert(c->waits && status <= 0);
    c->waits = false;
}

static unsigned check_tree(const struct vma_range *r, unsigned tree, const struct vma_range **before)
{
    if (!r)
        return 0;
    for (unsigned side = 0; side < 2; side++)
        assert(!r->child[tree][side] || r->child[tree][side]->weight <= r->weight);
    unsigned n = check_tree(r->child[tree][0], tree, before);
    assert(!*before || tree || (*before)->a.end <= r->a.begin);
    assert(!*before || !tree || (*before)->a.object <= r->a.object);
    *before = r;
    return n + 1 + check_tree(r->child[tree][1], tree, before);
}

static void check(const struct vma_space *s, unsigned most)
{
    const struct vma_range *before[2] = {NULL, NULL};
    unsigned adds = 0;
    for (const struct vma_op *op = s->ops; op; op = op->next)
        adds += op->add != NULL;
    for (unsigned tree = 0; tree < 2; tree++)
        assert(check_tree(s->root[tree], tree, &before[tree]) + adds == s->ranges);
    assert(s->ranges <= most);
}

static uint64_t address(void)
{
    uint64_t at = fuzz_core_take(1);
    return at == 255 ? fuzz_core_take(8) : (at % 32 + 1) * PAGE;
}

/* An answer to what was asked, or anything. */
static void message(void)
{
    static const uint8_t types[] = {VMA_WHERE, VMA_FORGET, VMA_DROP,    VMA_RANGE,
                                    VMA_RANGE, VMA_QUIET,  VMA_DROPPED, 0};
    unsigned from = fuzz_core_take(1) % 8 ? 2 * (fuzz_core_take(1) % 2) : (unsigned)fuzz_core_take(1);
    unsigned type = types[fuzz_core_take(1) % sizeof types];
    struct {
        struct vma_wire w;
        struct vma_piece piece[PIECES];
    } m = {.w = {.process = (uint32_t)(fuzz_core_take(1) % 4)}};
    struct vma_wire w = m.w;
    w.begin = address();
    w.end = fuzz_core_take(1) % 8 ? w.begin + (fuzz_core_take(1) % 6) * PAGE : fuzz_core_take(8);
    w.first = fuzz_core_take(1) % 8 ? fuzz_core_take(1) : fuzz_core_take(8);
    w.object = (uint32_t)(fuzz_core_take(1) % 8 ? fuzz_core_take(1) % 8 : fuzz_core_take(4));
    w.pieces = (uint32_t)(fuzz_core_take(1) % 8 ? fuzz_core_take(1) % 8 : fuzz_core_take(4));
    w.more = fuzz_core_take(1) % 4 == 0;
    w.number = (uint32_t)fuzz_core_take(1) % 16;
    w.slot = (uint8_t)fuzz_core_take(1) % (VMA_SLOTS + 1);
    w.prot = (uint8_t)fuzz_core_take(1);
    w.status = fuzz_core_take(1) % 4 ? 0 : (int32_t)fuzz_core_take(4);
    if (from < NODES && from != SELF && fuzz_core_take(1) % 2) { /* well behaved */
        w = last[from / 2];
        type = last_type[from / 2] == VMA_FORGET ? VMA_QUIET : VMA_DROPPED;
    }
    m.w = w;
    for (unsigned i = 0; type == VMA_DROP && i < PIECES; i++)
        m.piece[i] = (struct vma_piece){
            .first = fuzz_core_take(1) % 8 ? fuzz_core_take(1) : fuzz_core_take(8),
            .object = (uint32_t)fuzz_core_take(1) % 18,
            .pages = (uint32_t)(fuzz_core_take(1) % 8 ? fuzz_core_take(1) % 8 : fuzz_core_take(4))};
    fuzz_core_counts.forged++;
    vma_message(&v, from, type, &m, fuzz_core_take(1) % 16 ? sizeof m : fuzz_core_take(1) % sizeof m);
}

static void ask(void)
{
    struct question *q = &question[fuzz_core_take(1) % SLOTS];
    if (q->waits)
        return;
    q->waits = true;
    q->l.done = on_answer;
    vma_lookup(&v, fuzz_core_take(1) % 4 ? &other : &own, &q->l, address());
}

static void operate(void)
{
    struct change *c = &change[fuzz_core_take(1) % SLOTS];
    if (c->waits)
        return;
    *c = (struct change){.op = {.done = on_changed, .kind = (enum vma_kind)(fuzz_core_take(1) % 4)},
                         .waits = true};
    c->op.area.begin = address();
    c->op.area.end = c->op.area.begin + fuzz_core_take(1) % 8 * PAGE;
    c->op.area.object = fuzz_core_take(1) % 4 != 0;
    c->op.area.file = (uint32_t)fuzz_core_take(1) % 2;
    vma_begin(&v, &own, &c->op);
}

static void place(void)
{
    struct vma_area a = {.begin = 0, .end = fuzz_core_take(1) % 8 * PAGE, .object = 1};
    vma_place(&v, &own, &a, PAGE, 33 * PAGE);
}

static void step(void)
{
    switch (fuzz_core_take(1) % 16) {
    case 0:
    case 1:
        ask();
        break;
    case 2:
    case 3:
    case 4:
        operate();
        break;
    case 5:
        place();
        break;
    case 6:
        threads_wait = fuzz_core_take(1) % 2;
        vma_quiet(&v);
        break;
    case 7:
        fuzz_core_fail_in = (unsigned)fuzz_core_take(1) % 8;
        break;
    case 8:
        if (fuzz_core_take(1) == 0)
            vma_peer_dead(&v, (unsigned)fuzz_core_take(1) % 4);
        break;
    default:
        message();
    }
    check(&own, RANGES);
    check(&other, CACHED);
    assert(!vma_object(&v, &other, 0, 0));
}

void fuzz_core_vma(void)
{
    const struct vma_config c = {.env = &env,
                                 .self = SELF,
                                 .nodes = NODES,
                                 .page_bytes = PAGE,
                                 .max_pages = 64,
                                 .max_objects = 16,
                                 .max_ranges = RANGES,
                                 .cached = CACHED,
                                 .pieces = PIECES,
                                 .send = on_send,
                                 .replicas = on_replicas,
                                 .gone = on_gone,
                                 .busy = on_busy,
                                 .drop = on_drop};
    env = (struct core_env){.ctx = &blocks, .alloc = fuzz_core_alloc, .free = fuzz_core_free};
    memset(question, 0, sizeof question);
    memset(change, 0, sizeof change);
    memset(last, 0, sizeof last);
    threads_wait = false;
    fuzz_core_fail_in = 0;
    blocks = 0;
    assert(vma_init(&v, &c) == CORE_OK);
    vma_space_begin(&v, &own, 1, SELF);
    vma_space_begin(&v, &other, 2, 0);
    own.brk_begin = own.brk = PAGE;
    while (fuzz_core_more())
        step();
    fuzz_core_fail_in = 0;
    threads_wait = false;
    vma_quiet(&v);
    vma_peer_dead(&v, 0);
    vma_peer_dead(&v, 2);
    for (unsigned i = 0; i < SLOTS; i++)
        assert(!question[i].waits && !change[i].waits);
    vma_space_end(&v, &own);
    vma_space_end(&v, &other);
    assert(!v.owed && !blocks);
}
