/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vma_sim.c - the world of vma_sim.h: what a node lends to its services, messages, deaths. Threads are in
 * vma_thread.c, their calls in vma_call.c, what must hold in vma_check.c. */
#include "tests/core/chance.h"
#include "tests/core/vma_thread.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vs vs;
const struct vs_hooks *vs_hooks;

uint64_t vs_random(void)
{
    return chance(&vs.random);
}

void vs_broken(const char *what)
{
    printf("vma: seed %llu: %s\n", (unsigned long long)vs.seed, what);
    fflush(stdout);
    abort();
}

uint64_t vs_key(unsigned space, uint32_t object, uint64_t page)
{
    return (uint64_t)(space + 1) << 40 | (uint64_t)object << 16 | page;
}

unsigned vs_space_of(uint64_t key)
{
    return (unsigned)(key >> 40) - 1;
}

/* ---- memory ---- */

static bool fails(void)
{
    return vs.fail_in_1024 && vs_random() % 1024 < vs.fail_in_1024;
}

static void *on_alloc(void *ctx, size_t bytes)
{
    struct vs_node *n = ctx;
    if (bytes > VS_BLOCK)
        vs_broken("a block is too small");
    if (fails())
        return NULL;
    for (unsigned i = 0; i < VS_BLOCKS; i++)
        if (!n->block_used[i]) {
            n->block_used[i] = 1;
            memset(n->memory[i], 0xee, VS_BLOCK);
            return n->memory[i];
        }
    vs_broken("a node needs more memory than vma_sim.h has");
    return NULL;
}

static void on_free(void *ctx, void *memory, size_t bytes)
{
    struct vs_node *n = ctx;
    size_t i = (size_t)((uint8_t *)memory - (uint8_t *)n->memory) / VS_BLOCK;
    if (i >= VS_BLOCKS || memory != n->memory[i] || !n->block_used[i] || bytes > VS_BLOCK)
        vs_broken("memory is given back that was not lent");
    memset(memory, 0xdd, VS_BLOCK);
    n->block_used[i] = 0;
}

static uint64_t on_now(void *ctx)
{
    (void)ctx;
    return vs.now;
}

static void on_timer(void *ctx, uint64_t at_ns)
{
    (void)ctx;
    (void)at_ns;
}

static void *on_frame_alloc(void *ctx)
{
    struct vs_node *n = ctx;
    if (fails())
        return NULL;
    for (unsigned i = 0; i < VS_FRAMES; i++)
        if (!n->frame_used[i]) {
            n->frame_used[i] = 1;
            n->frame[i] = 0xbad;
            return &n->frame[i];
        }
    vs_broken("more frames than pages");
    return NULL;
}

static void on_frame_free(void *ctx, void *frame)
{
    struct vs_node *n = ctx;
    size_t i = (size_t)((uint64_t *)frame - n->frame);
    for (unsigned s = 0; s < vs.spaces; s++)
        for (unsigned page = 0; page <= VS_PLACES; page++)
            if (n->tr[s][page].prot && !n->tr[s][page].text && n->tr[s][page].frame == frame)
                vs_broken("a frame goes that a translation leads to");
    if (i >= VS_FRAMES || !n->frame_used[i])
        vs_broken("a frame is freed that is not in use");
    n->frame_used[i] = 0;
    n->frame[i] = 0xdead;
}

/* ---- messages ---- */

static void sent(const struct vs_node *n, unsigned to, unsigned type)
{
    if (vs_hooks && vs.node[to].alive)
        vs_hooks->sent(n->number, to, type);
}

static struct vs_packet *packet(const struct vs_node *n, unsigned to, unsigned type)
{
    static struct vs_packet nowhere;
    if (to == n->number || to >= vs.nodes)
        vs_broken("send with bad arguments");
    if (!vs.node[to].alive)
        return &nowhere;
    if (vs.queued[n->number][to] == VS_CHANNEL)
        vs_broken("a channel is full");
    struct vs_packet *k = &vs.channel[n->number][to][vs.queued[n->number][to]++];
    memset(k, 0, sizeof *k);
    k->type = type;
    return k;
}

static void on_page_send(void *ctx, unsigned to, unsigned type, const struct page_wire *w, const void *data,
                         size_t bytes)
{
    struct vs_packet *k = packet(ctx, to, type);
    k->bytes = (uint32_t)(sizeof *w + bytes);
    k->p.w = *w;
    if (bytes)
        memcpy(&k->p.data, data, bytes);
    sent(ctx, to, type);
}

static void on_vma_send(void *ctx, unsigned to, unsigned type, const struct vma_wire *w, size_t bytes)
{
    struct vs_packet *k = packet(ctx, to, type);
    if (bytes > sizeof k->v || bytes != sizeof *w + (type == VMA_DROP ? w->pieces : 0) * sizeof k->v.piece[0])
        vs_broken("a message of another size");
    k->bytes = (uint32_t)bytes;
    memcpy(&k->v, w, bytes);
    sent(ctx, to, type);
}

/* ---- pages ---- */

static unsigned on_home(void *ctx, uint64_t key)
{
    const struct vs_node *n = ctx;
    unsigned space = vs_space_of(key), origin = vs.origin[space];
    return space >= vs.spaces || (n->number == origin && !n->has[space]) ? vs.nodes : origin;
}

static void on_map(void *ctx, uint64_t key, void *frame, enum page_state state)
{
    struct vs_node *n = ctx;
    unsigned s = vs_space_of(key);
    uint64_t page = key & 0xffff;
    const struct vma_area *a =
        n->has[s] ? vma_object(&n->v, &n->space[s], (uint32_t)(key >> 16) & 0xffffff, page) : NULL;
    (void)frame;
    if (a) {
        struct vs_translation *t = &n->tr[s][a->begin / VS_PAGE + page - a->first];
        if (t->prot && t->key == key && state == PAGE_INVALID)
            memset(t, 0, sizeof *t);
        else if (t->prot && t->key == key && state == PAGE_SHARED)
            t->prot &= (uint8_t)~VS_WRITE;
    }
    if (state != PAGE_EXCLUSIVE)
        for (unsigned i = 0; i <= VS_PLACES; i++)
            if (n->tr[s][i].prot && !n->tr[s][i].text && n->tr[s][i].key == key &&
                (state == PAGE_INVALID || (n->tr[s][i].prot & VS_WRITE)))
                vs_broken("a page goes, and its translation is not found");
}

static bool on_initial(void *ctx, uint64_t key, void *frame)
{
    const struct vs_node *n = ctx;
    for (unsigned i = 0; i < vs.threads; i++) {
        const struct vs_thread *t = &vs.thread[i];
        if (t->node != n->number || t->state != VS_WAITING || t->key != key)
            continue;
        uint64_t value = vs_contents(&t->area, t->area.begin + ((key & 0xffff) - t->area.first) * VS_PAGE);
        if (value)
            *(uint64_t *)frame = value;
        return value != 0;
    }
    vs_broken("contents of a page that nobody waits for");
    return false;
}

/* ---- ranges ---- */

static uint64_t on_replicas(void *ctx, uint32_t process)
{
    const struct vs_node *n = ctx;
    uint64_t mask = 0;
    if (vs.origin[process - 1] != n->number)
        vs_broken("replicas asked for elsewhere");
    for (unsigned i = 0; i < vs.nodes; i++)
        if (vs.node[i].has[process - 1])
            mask |= core_bit(i);
    return vs_hooks ? vs_hooks->replicas(process - 1) : mask;
}

static void on_gone(void *ctx, struct vma_space *s, const struct vma_area *a, uint64_t begin, uint64_t end,
                    bool stays)
{
    struct vs_node *n = ctx;
    (void)stays;
    if (begin < a->begin || end > a->end || begin >= end)
        vs_broken("gone with bad arguments");
    for (uint64_t at = begin; at < end; at += VS_PAGE)
        memset(&n->tr[s->process - 1][at / VS_PAGE], 0, sizeof n->tr[0][0]);
}

static bool on_busy(void *ctx, uint32_t process, uint64_t begin, uint64_t end)
{
    const struct vs_node *n = ctx;
    for (unsigned i = 0; i < vs.threads; i++) {
        const struct vs_thread *t = &vs.thread[i];
        if (t->node != n->number || t->space + 1u != process || t->state != VS_WAITING)
            continue;
        uint64_t at = (uint64_t)t->script[t->next].page * VS_PAGE;
        if (at >= begin && at < end)
            return true;
    }
    return false;
}

static void on_drop(void *ctx, const struct vma_span *span)
{
    struct vs_node *n = ctx;
    uint64_t first = vs_key(span->process - 1, span->object, span->first);
    if (page_busy(&n->p, first, first + span->pages - 1) && !vs.dead[span->process - 1])
        vs_broken("a page is dropped that a thread waits for");
    page_drop(&n->p, first, first + span->pages - 1);
}

/* ---- the world ---- */

static void node_start(struct vs_node *n, unsigned number, unsigned cached, unsigned max_ranges,
                       unsigned pieces)
{
    n->alive = 1;
    n->number = (uint8_t)number;
    n->env =
        (struct core_env){.ctx = n, .now_ns = on_now, .timer = on_timer, .alloc = on_alloc, .free = on_free};
    const struct page_config p = {.env = &n->env,
                                  .self = number,
                                  .nodes = vs.nodes,
                                  .page_bytes = VS_PAGE,
                                  .buckets = 4,
                                  .ctx = n,
                                  .home = on_home,
                                  .initial = on_initial,
                                  .send = on_page_send,
                                  .map = on_map,
                                  .frame_alloc = on_frame_alloc,
                                  .frame_free = on_frame_free};
    const struct vma_config v = {.env = &n->env,
                                 .self = number,
                                 .nodes = vs.nodes,
                                 .page_bytes = VS_PAGE,
                                 .max_pages = 1 << 16,
                                 .max_objects = 1 << 16,
                                 .max_ranges = max_ranges,
                                 .cached = cached,
                                 .pieces = pieces,
                                 .ctx = n,
                                 .send = on_vma_send,
                                 .replicas = on_replicas,
                                 .gone = on_gone,
                                 .busy = on_busy,
                                 .drop = on_drop};
    if (page_init(&n->p, &p) != CORE_OK || vma_init(&n->v, &v) != CORE_OK)
        vs_broken("init");
}

void vs_start(unsigned nodes, unsigned spaces, unsigned cached, unsigned max_ranges, unsigned pieces)
{
    uint64_t random = vs.random, seed = vs.seed;
    memset(&vs, 0, sizeof vs);
    vs.random = random;
    vs.seed = seed;
    vs.now = 1;
    vs.nodes = nodes;
    vs.spaces = spaces;
    for (unsigned i = 0; i < nodes; i++)
        node_start(&vs.node[i], i, cached, max_ranges, pieces);
    for (unsigned s = 0; s < spaces; s++) {
        struct vs_node *n = &vs.node[s % nodes];
        vs.origin[s] = n->number;
        n->has[s] = 1;
        vma_space_begin(&n->v, &n->space[s], s + 1, n->number);
        n->space[s].brk_begin = n->space[s].brk = vs.brk[s] = VS_PAGE;
    }
}

unsigned vs_actions(struct vs_action *list)
{
    unsigned count = 0;
    for (unsigned a = 0; a < vs.nodes; a++)
        for (unsigned b = 0; b < vs.nodes; b++) {
            if (vs.queued[a][b])
                list[count++] = (struct vs_action){VS_DELIVER, a, b};
            if (!vs.node[a].alive && vs.node[b].alive && !(vs.node[b].v.dead & core_bit(a)))
                list[count++] = (struct vs_action){VS_DETECT, a, b};
        }
    for (unsigned i = 0; i < vs.threads; i++)
        if (vs_can_run(&vs.thread[i]))
            list[count++] = (struct vs_action){vs.thread[i].state == VS_PINNED ? VS_UNPIN : VS_RUN, i, 0};
    if (vs.crashes && count)
        for (unsigned i = 0; i < vs.nodes; i++)
            if (vs.node[i].alive)
                list[count++] = (struct vs_action){VS_CRASH, i, 0};
    return count;
}

static void clear(unsigned from, unsigned to)
{
    memset(vs.channel[from][to], 0, sizeof vs.channel[from][to]);
    vs.queued[from][to] = 0;
}

void vs_deliver(unsigned from, unsigned to)
{
    struct vs_packet *q = vs.channel[from][to], k = q[0];
    struct vs_node *n = &vs.node[to];
    unsigned left = --vs.queued[from][to];
    memmove(&q[0], &q[1], left * sizeof k);
    memset(&q[left], 0, sizeof k);
    if (k.type >= 0x80)
        vma_message(&n->v, from, k.type, &k.v, k.bytes);
    else
        page_message(&n->p, from, k.type, &k.p, k.bytes);
    vma_quiet(&n->v);
}

void vs_crash(unsigned node)
{
    struct vs_node *n = &vs.node[node];
    n->alive = 0;
    vs.crashes -= vs.crashes != 0;
    vs.crashed++;
    for (unsigned i = 0; i < vs.nodes; i++)
        clear(i, n->number);
    for (unsigned s = 0; s < vs.spaces; s++) {
        vs.dead[s] |= vs.origin[s] == n->number;
        for (; n->has[s] && n->space[s].ops; n->space[s].ops = n->space[s].ops->next)
            if (n->space[s].ops->add) /* operations are their threads', who may live */
                vma_range_free(&n->v, n->space[s].ops->add);
    }
    if (!vs_hooks)
        vs_calls_lost(n->number);
}

void vs_detect(unsigned dead, unsigned node)
{
    struct vs_node *n = &vs.node[node];
    clear(dead, node);
    page_peer_dead(&n->p, dead);
    vma_peer_dead(&n->v, dead);
    vma_quiet(&n->v);
}

void vs_act(const struct vs_action *a)
{
    switch (a->kind) {
    case VS_DELIVER:
        vs_deliver(a->a, a->b);
        break;
    case VS_RUN:
    case VS_UNPIN:
        vs_run(&vs.thread[a->a]);
        break;
    case VS_CRASH:
        vs_crash(a->a);
        break;
    case VS_DETECT:
        vs_detect(a->a, a->b);
        break;
    }
}

void vs_print(const struct vs_action *a)
{
    static const char *const state[] = {"begins a step", "looks again", "has the page", "unpins", "goes on"};
    const struct vs_packet *k = &vs.channel[a->a % VS_NODES][a->b][0];
    if (a->kind == VS_DELIVER && k->type >= 0x80)
        printf("%u > %u %s process %u number %u slot %u [%u, %u) object %u first %u pieces %u status %d\n",
               a->a, a->b,
               k->type == VMA_WHERE    ? "WHERE"
               : k->type == VMA_FORGET ? "FORGET"
               : k->type == VMA_DROP   ? "DROP"
               : k->type == VMA_RANGE  ? "RANGE"
               : k->type == VMA_QUIET  ? "QUIET"
                                       : "DROPPED",
               k->v.w.process, k->v.w.number, k->v.w.slot, (unsigned)k->v.w.begin, (unsigned)k->v.w.end,
               k->v.w.object, (unsigned)k->v.w.first, k->v.w.pieces, (int)k->v.w.status);
    else if (a->kind == VS_DELIVER)
        printf("%u > %u page message %x about %llx\n", a->a, a->b, k->type, (unsigned long long)k->p.w.page);
    else if (a->kind == VS_CRASH)
        printf("node %u crashes\n", a->a);
    else if (a->kind == VS_DETECT)
        printf("node %u learns that %u is dead\n", a->b, a->a);
    else
        vs_print_thread(a->a, state[vs.thread[a->a].state]);
}
