/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_core_group.c - the process service among broken or hostile peers: two honest nodes, and a third that
 * sends anything, in its own name or (any) in everybody's. Each node's books must stay in order; when the
 * third is held for dead and all threads have left, nothing may be left, unless the honest ones were lied to
 * in each other's names.
 */
#include "guest-kernel/core/group_internal.h"
#include "tests/fuzz/fuzz_core.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 3, HONEST = 2, EVIL = 2, BODIES = 8, SLOTS = 12, THREADS = 50, MOST = 5000 };

struct body {
    struct group_process p;
    unsigned threads, ops, holds; /* ops of its threads, which stay till then */
    int32_t thread[THREADS + SLOTS];
    bool used, bury;
};
struct slot {
    struct group_op op;
    struct body *body;
    bool waits;
};
struct packet {
    struct packet *next;
    unsigned type;
    size_t bytes;
    struct group_wire w;
    uint8_t what;
};
struct node {
    long blocks; /* first: fuzz_core.h */
    struct core_env env;
    struct group g;
    unsigned number;
    struct body body[BODIES];
    struct slot slot[SLOTS];
    struct packet *first, **last; /* from the other honest one */
};
static struct node node[HONEST];

static void on_send(void *ctx, unsigned to, unsigned type, const struct group_wire *w, const void *what,
                    size_t bytes)
{
    struct node *n = ctx;
    assert(to < NODES && to != n->number && group_is_type(type) && bytes <= 1);
    if (to == EVIL)
        return;
    struct packet *k = malloc(sizeof *k);
    assert(k);
    *k = (struct packet){.type = type, .bytes = sizeof *w + bytes, .w = *w};
    if (bytes)
        k->what = *(const uint8_t *)what;
    *node[to].last = k;
    node[to].last = &k->next;
}

static struct group_process *on_room(void *ctx, int32_t id)
{
    struct node *n = ctx;
    assert(id > 0 && id <= n->g.c.last_id);
    for (unsigned i = 0; i < BODIES; i++)
        if (!n->body[i].used) {
            memset(&n->body[i], 0, sizeof n->body[i]);
            n->body[i].used = true;
            return &n->body[i].p;
        }
    return NULL;
}

static void on_process_free(void *ctx, struct group_process *p)
{
    struct body *b = (struct body *)p;
    (void)ctx;
    assert(b->used);
    b->used = false;
}

static int32_t begins(struct group_process *p, int32_t thread)
{
    struct body *b = (struct body *)p;
    if (fuzz_core_fails() || b->threads >= THREADS)
        return -11;
    b->thread[b->threads++] = thread;
    return 0;
}

static int32_t on_load(void *ctx, struct group_process *p, const void *what, size_t bytes)
{
    (void)ctx;
    return bytes && *(const uint8_t *)what % 4 == 3 ? -2 : begins(p, p->id);
}

static int32_t on_replica(void *ctx, struct group_process *p, const void *what, size_t bytes)
{
    (void)ctx;
    assert(p->replica);
    return bytes && *(const uint8_t *)what % 4 == 3 ? -2 : 0;
}

static int32_t on_begin(void *ctx, struct group_process *p, int32_t thread, const void *what, size_t bytes)
{
    (void)ctx, (void)what, (void)bytes;
    return begins(p, thread);
}

static void on_stop(void *ctx, struct group_process *p)
{
    (void)ctx;
    assert(p->ending);
}

static bool on_bury(void *ctx, struct group_process *p)
{
    (void)ctx;
    if (fuzz_core_fails())
        return false;
    ((struct body *)p)->bury = true;
    return true;
}

static void on_gone(void *ctx, struct group_process *p)
{
    const struct body *b = (struct body *)p;
    (void)ctx;
    assert(b->used && b->threads == 0 && b->ops == 0 && b->holds == 0);
}

static void on_children(void *ctx, struct group_process *p)
{
    (void)ctx;
    assert(((struct body *)p)->used);
}

static void on_done(struct group_op *op)
{
    struct slot *s = (struct slot *)op;
    assert(s->waits);
    s->waits = false;
    if (s->body)
        s->body->ops--;
    if (op->type == GROUP_JOIN && op->status == CORE_OK)
        s->body->thread[s->body->threads++] = op->value; /* there is room for those above THREADS */
    fuzz_core_counts.ended++;
}

/* ---- what must hold ---- */

static void check(void)
{
    for (unsigned i = 0; i < HONEST; i++) {
        const struct node *n = &node[i];
        unsigned bodies = 0;
        for (const struct group_process *p = n->g.first; p; p = p->next, bodies++) {
            const struct body *b = (const struct body *)p;
            uint32_t elsewhere = 0, children = 0;
            assert(b->used && p->id > 0 && p->id <= n->g.c.last_id && p->threads == b->threads);
            assert(p->replica == (group_origin(&n->g, p->id) != i) && p->held == b->holds);
            for (const struct group_thread *t = p->threads_elsewhere; t; t = t->next, elsewhere++)
                assert(t->node < NODES && t->node != i && group_origin(&n->g, t->id) == i);
            for (const struct group_child *c = p->children; c; c = c->next, children++)
                for (const struct group_child *d = c->next; d; d = d->next)
                    assert(!c->id || c->id != d->id);
            assert(elsewhere == p->elsewhere && elsewhere <= n->g.c.elsewhere);
            assert(children == p->offspring && children <= n->g.c.children);
            assert(!(p->nodes & n->g.dead) && (!p->replica || (!elsewhere && !children)));
            assert(p->zombie || p->threads || p->held || p->elsewhere ||
                   (p->replica && !p->orphan && !p->ended));
            assert(!p->zombie || group_own(&n->g, p->parent));
        }
        for (unsigned k = 0; k < BODIES; k++)
            bodies -= n->body[k].used;
        assert(bodies == 0);
    }
}

/* ---- steps ---- */

static bool deliver(unsigned to)
{
    struct packet *k = node[to].first;
    if (!k)
        return false;
    if (!(node[to].first = k->next))
        node[to].last = &node[to].first;
    struct {
        struct group_wire w;
        uint8_t what;
    } m = {k->w, k->what};
    group_message(&node[to].g, 1 - to, k->type, &m, k->bytes);
    free(k);
    return true;
}

/* A body with a thread that does not wait; NULL: that one has none. */
static struct body *body_of(struct node *n, unsigned which)
{
    struct body *b = &n->body[which % BODIES];
    return b->used && !b->p.zombie && b->threads > b->ops ? b : NULL;
}

static void left(struct node *n, struct body *b)
{
    group_left(&n->g, &b->p, b->thread[--b->threads], 7);
}

static void begun(struct node *n, struct body *b, int32_t id)
{
    if (id <= 0 || begins(&b->p, id) == 0)
        return;
    group_left(&n->g, &b->p, id, 7);
}

static void operate(struct node *n, struct body *b, unsigned how, unsigned arg)
{
    struct slot *s = n->slot;
    const uint8_t what = (uint8_t)arg;
    while (s < n->slot + SLOTS && s->waits)
        s++;
    if (s == n->slot + SLOTS || (how < 3 && !b))
        return;
    *s = (struct slot){.op.done = on_done, .body = how < 3 ? b : NULL, .waits = true};
    if (s->body)
        b->ops++;
    int rc = how == 0   ? group_start(&n->g, &b->p, arg % 4, &what, 1, arg, &s->op)
             : how == 1 ? group_spawn(&n->g, &b->p, arg % 4, &what, 1, &s->op)
             : how == 2 ? group_join(&n->g, &b->p, arg, &s->op)
                        : group_kill(&n->g, (int32_t)(arg / 8) - 1, (int32_t)(arg % 8) * 10 - 2, &s->op);
    fuzz_core_counts.waited += rc == 1;
    if (rc == 1)
        return;
    s->waits = false;
    if (s->body)
        b->ops--;
}

static void bury(struct node *n, struct body *b)
{
    uint64_t clear_tid;
    int32_t id;
    b->bury = false;
    b->holds++;
    group_hold(&b->p);
    while (group_dead(&b->p, &id, &clear_tid))
        group_buried(&n->g, &b->p, id);
    b->holds--;
    group_release(&n->g, &b->p);
}

static void own(struct node *n, unsigned which, unsigned how, unsigned arg)
{
    struct body *b = body_of(n, which);
    struct group_process *p;
    int32_t status;
    if (how == 0 && group_new(&n->g, b && !b->p.replica ? &b->p : NULL, &p) == CORE_OK) {
        if (arg % 4 == 0 || begins(p, p->id) < 0)
            group_discard(&n->g, p);
    } else if (how >= 8) {
        operate(n, b, how % 4, arg);
    } else if (b && how == 1) {
        begun(n, b, group_thread(&n->g, &b->p));
    } else if (b && how == 2) {
        left(n, b);
    } else if (b && how == 3) {
        group_end(&n->g, &b->p, (int32_t)arg);
    } else if (b && how == 4 && b->holds < 3) {
        b->holds++;
        group_hold(&b->p);
    } else if (how == 5 && n->body[which % BODIES].used && n->body[which % BODIES].holds) {
        n->body[which % BODIES].holds--;
        group_release(&n->g, &n->body[which % BODIES].p);
    } else if (b && how == 6 && !b->p.replica) {
        group_wait(&n->g, &b->p, (int32_t)(arg % 16) - 1, &status);
    } else if (how == 7 && n->body[which % BODIES].used && n->body[which % BODIES].bury) {
        bury(n, &n->body[which % BODIES]);
    }
}

/* A message that knows what can be known, with some of it wrong. */
static void forge(bool any)
{
    static const uint8_t types[] = {GROUP_START,  GROUP_JOIN,    GROUP_LEFT,   GROUP_SPAWN,
                                    GROUP_KILL,   GROUP_ENDING,  GROUP_ENDED,  GROUP_STARTED,
                                    GROUP_JOINED, GROUP_SPAWNED, GROUP_KILLED, GROUP_CHILD};
    unsigned b = (unsigned)fuzz_core_take(1), to = b % HONEST,
             from = any ? (unsigned)fuzz_core_take(1) % (NODES + 1) : EVIL,
             type = types[fuzz_core_take(1) % sizeof types];
    struct node *n = &node[to];
    struct body *k = &n->body[b / 2 % BODIES];
    struct {
        struct group_wire w;
        uint8_t what;
    } m = {.what = (uint8_t)b};
    m.w.process = b & 16 ? k->p.id : (int32_t)fuzz_core_take(1) % 40;
    m.w.parent = b & 32 ? k->p.id : (int32_t)fuzz_core_take(1) % 40;
    m.w.thread = (int32_t)fuzz_core_take(1) % 64;
    m.w.value = (int32_t)fuzz_core_take(1) % 64 - (b & 64 ? 32 : 0);
    m.w.token = n->g.last_token - (uint32_t)fuzz_core_take(1) % 4;
    m.w.status = b & 128 ? 0 : -((int32_t)fuzz_core_take(1) % 20);
    unsigned change = (unsigned)fuzz_core_take(1);
    if (change < 64)
        ((uint8_t *)&m.w)[change % sizeof m.w] = (uint8_t)fuzz_core_take(1);
    size_t all = change == 255 ? fuzz_core_take(1) % sizeof m.w : sizeof m.w + (change & 1);
    uint8_t *exact = calloc(1, all ? all : 1);
    assert(exact);
    memcpy(exact, &m, all);
    group_message(&n->g, from, type, exact, all);
    free(exact);
    fuzz_core_counts.forged++;
}

static void step(bool any)
{
    unsigned op = (unsigned)fuzz_core_take(1), b;
    if (op % 8 < 3) {
        b = (unsigned)fuzz_core_take(1);
        own(&node[op / 8 % HONEST], b, b / 8 % 12, (unsigned)fuzz_core_take(1));
    } else if (op % 8 == 3) {
        for (unsigned i = 1 + op / 64; i > 0; i--)
            deliver(op / 8 % HONEST);
    } else if (op == 4) {
        fuzz_core_fail_in = (unsigned)fuzz_core_take(1) % 16;
    } else {
        forge(any);
    }
    check();
}

/* Messages arrive, threads leave, until nothing is under way. */
static void settle(bool any)
{
    unsigned rounds = 0;
    for (bool busy = true; busy && rounds < MOST; rounds++) {
        busy = false;
        for (unsigned i = 0; i < HONEST; i++) {
            struct node *n = &node[i];
            busy |= deliver(i);
            for (unsigned k = 0; k < BODIES; k++) {
                struct body *b = &n->body[k];
                if (b->used && b->bury) {
                    bury(n, b);
                    busy = true;
                } else if (b->used && b->holds) {
                    b->holds--;
                    group_release(&n->g, &b->p);
                    busy = true;
                } else if (body_of(n, k)) {
                    left(n, b);
                    busy = true;
                }
            }
        }
        check();
    }
    assert(any || rounds < MOST);
}

void fuzz_core_group(bool any)
{
    fuzz_core_fail_in = 0;
    for (unsigned i = 0; i < HONEST; i++) {
        struct node *n = &node[i];
        memset(n, 0, sizeof *n);
        n->number = i;
        n->last = &n->first;
        n->env = (struct core_env){.ctx = n, .alloc = fuzz_core_alloc, .free = fuzz_core_free};
        const struct group_config c = {.env = &n->env,
                                       .self = i,
                                       .nodes = NODES,
                                       .last_id = 300,
                                       .children = 6,
                                       .elsewhere = 6,
                                       .signals = 64,
                                       .killed = 9,
                                       .ctx = n,
                                       .send = on_send,
                                       .room = on_room,
                                       .free = on_process_free,
                                       .load = on_load,
                                       .replica = on_replica,
                                       .begin = on_begin,
                                       .stop = on_stop,
                                       .bury = on_bury,
                                       .gone = on_gone,
                                       .children_changed = on_children};
        assert(group_init(&n->g, &c) == CORE_OK);
        own(n, 0, 0, 1);
    }
    while (fuzz_core_more())
        step(any);
    fuzz_core_fail_in = 0;
    for (unsigned i = 0; i < HONEST; i++)
        group_peer_dead(&node[i].g, EVIL);
    settle(any);
    for (unsigned i = 0; i < HONEST; i++) {
        struct node *n = &node[i];
        assert(any || (!n->g.first && !n->g.ops));
        group_fini(&n->g);
        assert(n->blocks == 0);
        for (unsigned k = 0; k < SLOTS; k++)
            assert(!n->slot[k].waits);
        for (struct packet *next; n->first; n->first = next) {
            next = n->first->next;
            free(n->first);
        }
    }
}
