/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_core_stack_random.c - messages, membership and pages on top of each other, over a network that loses,
 * repeats, delays and reorders datagrams, in virtual time: up to 6 nodes that boot in any order, threads that
 * read and write pages, pin them for a while, requests to several nodes at once, crashes, pages that are
 * dropped and others in their place. Checked: each read sees the last write; a pinned page stays; each
 * request and fault ends exactly once, and in bounded time; requests are answered with the right thing;
 * nothing is leaked, and nothing is left of a dropped page.
 *
 *     test_core_stack_random [WORLDS [FIRST SEED]]       without: 1,500 worlds from seed 1
 */
#include "guest-kernel/core/member.h"
#include "guest-kernel/core/page.h"
#include "tests/core/chance.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 6, PAGES = 5, THREADS = 3, STEPS = 12, PAGE = 64, ASK = 0x80, REPLY = 0x81, PACKETS = 8192 };
#define MS 1000000ull

struct datagram {
    uint64_t at;
    unsigned to;
    size_t bytes;
    struct msg m;
    uint8_t data[sizeof(struct page_wire) + PAGE];
};

struct node;
struct thread {
    struct page_fault f;
    struct msg_call call;
    struct node *node;
    bool faults, calls, pinned; /* pinned: until next_at */
    unsigned steps;
    uint64_t page /* its number */, next_at, since, answers, asked, number;
};

struct node {
    struct core_env env;
    struct msg_layer msg;
    struct member member;
    struct page page;
    struct thread thread[THREADS];
    uint64_t boot_at, timer_at, drop_at; /* drop_at: of what is retired */
    bool up, crashed;
    unsigned number;
    long blocks;
};

static struct node nodes[NODES];
static struct datagram *queue[PACKETS];
static unsigned n_nodes, n_queue, n_crashed;
static uint64_t now, seed, random_state, loss, duplicate, longest;
/* Pages in use, one in each place: number = place + PAGES * how many were there before. */
static uint64_t value[PAGES], in_use[PAGES];
static uint64_t retired, retire_at; /* its number, or UINT64_MAX; the next one is chosen then */
static uint64_t pins, pins_waited_for, drops;
static uint64_t reads, writes, asks, ended[8], datagrams, lost, repeated, early, crashes;

static uint64_t draw(uint64_t below)
{
    return chance(&random_state) % below;
}

static void broken(const char *what)
{
    printf("core: stack, random: seed %llu, %llu ns: %s\n", (unsigned long long)seed, (unsigned long long)now,
           what);
    exit(EXIT_FAILURE);
}

/* ---- the network and the environment ---- */

static void put(unsigned to, const struct msg *m, const void *data, size_t bytes)
{
    struct datagram *d = malloc(sizeof *d);
    if (!d || n_queue == PACKETS || bytes > sizeof d->data)
        broken("the network is full");
    *d = (struct datagram){
        .at = now + 1000 + draw(draw(8) ? 100000 : 3 * MS), .to = to, .bytes = bytes, .m = *m};
    if (bytes)
        memcpy(d->data, data, bytes);
    queue[n_queue++] = d;
    datagrams++;
}

static void on_send(void *ctx, unsigned to, const struct msg *m, const void *data, size_t bytes)
{
    const struct node *n = ctx;
    if (to >= n_nodes || to == n->number || m->from != n->number || m->len != bytes)
        broken("send with bad arguments");
    if (draw(1000) < loss)
        lost++;
    else
        put(to, m, data, bytes);
    if (draw(1000) < duplicate)
        put(to, m, data, bytes);
}

static uint64_t on_now(void *ctx)
{
    (void)ctx;
    return now;
}

static void on_timer(void *ctx, uint64_t at)
{
    struct node *n = ctx;
    n->timer_at = at < n->timer_at ? at : n->timer_at;
}

static void *on_alloc(void *ctx, size_t bytes)
{
    ((struct node *)ctx)->blocks++;
    return malloc(bytes);
}

static void on_free(void *ctx, void *memory, size_t bytes)
{
    (void)bytes;
    ((struct node *)ctx)->blocks--;
    free(memory);
}

static void on_page_send(void *ctx, unsigned to, unsigned type, const struct page_wire *w, const void *data,
                         size_t bytes)
{
    struct node *n = ctx;
    uint8_t both[sizeof *w + PAGE];
    memcpy(both, w, sizeof *w);
    if (bytes)
        memcpy(both + sizeof *w, data, bytes);
    int rc = msg_post(&n->msg, to, type, both, (uint32_t)(sizeof *w + bytes));
    if (rc != CORE_OK && rc != CORE_EDEAD)
        broken("a page message could not be posted");
}

static void on_map(void *ctx, uint64_t page, void *frame, enum page_state state)
{
    (void)ctx, (void)page, (void)frame, (void)state;
}

static void *on_frame_alloc(void *ctx)
{
    return on_alloc(ctx, PAGE);
}

static void on_frame_free(void *ctx, void *frame)
{
    on_free(ctx, frame, PAGE);
}

/* ---- what a node does ---- */

static void on_deliver(void *ctx, unsigned from, const struct msg *m, const void *data)
{
    struct node *n = ctx;
    member_heard(&n->member, from);
    if (m->type == MEMBER_HELLO) {
        member_hello(&n->member, from, data, m->len);
    } else if (m->type == ASK) {
        uint64_t v;
        if (m->len != sizeof v)
            broken("a question's length");
        memcpy(&v, data, sizeof v);
        v = v * 64 + n->number;
        if (draw(16)) /* else never */
            msg_answer(&n->msg, from, m->request, REPLY, &v, sizeof v);
    } else {
        if (member_arch(&n->member, from) == CORE_ARCH_NONE)
            broken("a message from a node whose architecture is unknown");
        page_message(&n->page, from, m->type, data, m->len);
    }
}

static void on_changed(void *ctx, unsigned node, enum member_state state)
{
    struct node *n = ctx;
    if (node == n->number)
        broken("a node is held for dead that lives");
    if (state == MEMBER_ALIVE && member_arch(&n->member, node) != 1 + node % 3)
        broken("the wrong architecture");
    if (state == MEMBER_DEAD) {
        if (!nodes[node].crashed)
            broken("a node is held for dead that lives");
        page_peer_dead(&n->page, node);
    }
}

static void over(struct thread *t, int status)
{
    t->pinned = t->f.pin && status == CORE_OK && !t->asked;
    ended[-status]++;
    if (now - t->since > longest)
        longest = now - t->since;
    if (now - t->since > 1000 * MS) /* several deaths one after the other, each learnt within 61 ms */
        broken("somebody waited too long");
    t->next_at = now + draw(MS);
    t->steps--;
    if (status != CORE_OK && status != CORE_ETIME && !n_crashed && status != CORE_ECLOSED)
        broken("a failure without a reason");
}

static void access_page(struct thread *t, void *frame, bool write)
{
    uint64_t v[PAGE / 8];
    memcpy(v, frame, PAGE);
    uint64_t *right = &value[t->page % PAGES];
    for (unsigned i = 0; i < PAGE / 8; i++)
        if (v[i] != *right)
            broken("a read does not see the last write");
    reads += !write;
    writes += write;
    if (write) {
        *right = draw(4) ? writes : 0;
        for (unsigned i = 0; i < PAGE / 8; i++)
            v[i] = *right;
        memcpy(frame, v, PAGE);
    }
}

static void on_done(struct page_fault *f, uint64_t page, void *frame, int status)
{
    struct thread *t = (struct thread *)f;
    if (!t->faults || page != t->page)
        broken("a fault ends that nobody waits for");
    t->faults = false;
    if (status == CORE_OK)
        access_page(t, frame, f->write);
    over(t, status);
}

static struct thread *of_call(struct msg_call *c)
{
    return (struct thread *)(void *)((char *)c - offsetof(struct thread, call));
}

static void on_answered(struct msg_call *c, unsigned from, const void *data, uint32_t len)
{
    struct thread *t = of_call(c);
    uint64_t v;
    if (len != sizeof v || !t->calls || !(t->asked & core_bit(from)) || (t->answers & core_bit(from)))
        broken("an answer to nobody");
    memcpy(&v, data, sizeof v);
    if (v != t->number * 64 + from)
        broken("the wrong answer");
    t->answers |= core_bit(from);
}

static void on_call_done(struct msg_call *c, int status)
{
    struct thread *t = of_call(c);
    if (!t->calls || (status == CORE_OK) != (c->want == 0))
        broken("a request ends that nobody waits for");
    t->calls = false;
    over(t, status);
}

static void step(struct thread *t)
{
    struct node *n = t->node;
    void *frame;
    t->since = now;
    if (draw(4) == 0) {
        do
            t->asked = draw(core_bit(n_nodes)) & ~core_bit(n->number);
        while (!t->asked);
        t->answers = 0;
        t->number = ++asks;
        t->calls = true;
        t->call.answered = on_answered;
        t->call.done = on_call_done;
        unsigned want = 1 + (unsigned)draw((unsigned)__builtin_popcountll(t->asked));
        if (msg_request(&n->msg, &t->call, t->asked, want, now + 50 * MS, ASK, &t->number, sizeof t->number))
            broken("msg_request");
        return;
    }
    t->asked = 0;
    t->page = in_use[draw(PAGES)];
    t->f.done = on_done;
    t->f.write = draw(2);
    t->f.pin = draw(3) == 0;
    t->faults = true;
    int rc = page_fault(&n->page, t->page, &t->f);
    if (rc == 1)
        return;
    t->faults = false;
    if (rc == 0) {
        page_look(&n->page, t->page, &frame);
        access_page(t, frame, t->f.write);
    }
    over(t, rc);
}

/* The pinned page is still there, and as it was; then the pin goes. */
static void unpin(struct thread *t)
{
    struct node *n = t->node;
    void *frame;
    bool gone =
        t->page != in_use[t->page % PAGES] || (n->page.dead & core_bit((unsigned)(t->page % n_nodes)));
    enum page_state state = page_look(&n->page, t->page, &frame);
    if (!gone) {
        if (!page_pinned(&n->page, t->page) || state < (t->f.write ? PAGE_EXCLUSIVE : PAGE_SHARED))
            broken("a pinned page is gone");
        access_page(t, frame, t->f.write);
    } else if (t->page != in_use[t->page % PAGES] && t->page != retired && frame) {
        broken("a copy of a dropped page");
    }
    uint64_t sent = n->page.counts.sent;
    page_unpin(&n->page, t->page);
    pins++;
    pins_waited_for += n->page.counts.sent != sent;
    t->pinned = false;
    t->next_at = now + draw(MS);
}

/* One page at a time: when no node that lives waits for it, nobody begins to use it any more, and another
 * takes its place. Each node drops it in its own time. */
static void drop(void)
{
    bool left = false;
    if (retired == UINT64_MAX && retire_at <= now) {
        unsigned place = (unsigned)draw(PAGES);
        retire_at = now + draw(10 * MS);
        for (unsigned i = 0; i < n_nodes; i++)
            if (nodes[i].up && !nodes[i].crashed && page_busy(&nodes[i].page, in_use[place], in_use[place]))
                return;
        retired = in_use[place];
        in_use[place] += PAGES;
        value[place] = 0;
        for (unsigned i = 0; i < n_nodes; i++)
            nodes[i].drop_at = now + draw(5 * MS);
    }
    if (retired == UINT64_MAX)
        return;
    for (unsigned i = 0; i < n_nodes; i++) {
        struct node *n = &nodes[i];
        void *frame;
        if (n->drop_at == UINT64_MAX || !n->up || n->crashed)
            continue;
        left |= n->drop_at > now;
        if (n->drop_at > now)
            continue;
        n->drop_at = UINT64_MAX;
        page_drop(&n->page, retired, retired);
        drops++;
        if (page_look(&n->page, retired, &frame) != PAGE_INVALID || frame || page_pinned(&n->page, retired) ||
            page_touched(&n->page, retired))
            broken("something is left of a dropped page");
    }
    if (!left)
        retired = UINT64_MAX;
}

static void boot(struct node *n)
{
    n->env = (struct core_env){
        .ctx = n, .send = on_send, .now_ns = on_now, .timer = on_timer, .alloc = on_alloc, .free = on_free};
    struct msg_config mc = {.env = &n->env,
                            .self = n->number,
                            .nodes = n_nodes,
                            .incarnation = 1 + (uint32_t)draw(9),
                            .max_bytes = 200,
                            .retry_ns = 2 * MS,
                            .ack_ns = MS / 2,
                            .tries = 30, /* deaths come of silence here */
                            .ctx = n,
                            .deliver = on_deliver};
    struct member_config bc = {.env = &n->env,
                               .msg = &n->msg,
                               .arch = (enum core_arch)(1 + n->number % 3),
                               .beat_ns = MS,
                               .silence_ns = 60 * MS,
                               .ctx = n,
                               .changed = on_changed};
    struct page_config pc = {.env = &n->env,
                             .self = n->number,
                             .nodes = n_nodes,
                             .page_bytes = PAGE,
                             .buckets = 4,
                             .hold_ns = draw(2) * 50000,
                             .ctx = n,
                             .send = on_page_send,
                             .map = on_map,
                             .frame_alloc = on_frame_alloc,
                             .frame_free = on_frame_free};
    n->up = true;
    if (msg_init(&n->msg, &mc) || page_init(&n->page, &pc) || member_init(&n->member, &bc))
        broken("init");
}

static void poll_node(struct node *n)
{
    n->timer_at = UINT64_MAX;
    uint64_t failed = msg_poll(&n->msg);
    for (; failed; failed &= failed - 1)
        member_declare_dead(&n->member, core_first(failed));
    member_poll(&n->member);
    page_poll(&n->page);
}

/* ---- the world ---- */

static uint64_t next_time(void)
{
    uint64_t at = retired == UINT64_MAX ? retire_at : UINT64_MAX;
    for (unsigned i = 0; i < n_queue; i++)
        at = queue[i]->at < at ? queue[i]->at : at;
    for (unsigned i = 0; i < n_nodes; i++) {
        const struct node *n = &nodes[i];
        if (n->crashed)
            continue;
        uint64_t mine = n->up ? n->timer_at : n->boot_at;
        if (n->up && retired != UINT64_MAX && n->drop_at < mine)
            mine = n->drop_at;
        for (unsigned t = 0; t < THREADS && n->up && member_complete(&n->member); t++)
            if ((n->thread[t].steps || n->thread[t].pinned) && !n->thread[t].faults && !n->thread[t].calls &&
                n->thread[t].next_at < mine)
                mine = n->thread[t].next_at;
        at = mine < at ? mine : at;
    }
    return at > now ? at : now;
}

static void arrivals(void)
{
    for (unsigned i = 0; i < n_queue;) {
        struct datagram *d = queue[i];
        struct node *n = &nodes[d->to];
        if (d->at > now) {
            i++;
            continue;
        }
        queue[i] = queue[--n_queue];
        if (n->up && !n->crashed) {
            struct {
                struct msg m;
                uint8_t data[sizeof d->data];
            } whole;
            whole.m = d->m;
            memcpy(whole.data, d->data, d->bytes);
            msg_input(&n->msg, &whole, sizeof d->m + d->bytes);
        }
        free(d);
    }
}

static bool turn(struct node *n)
{
    bool busy = false;
    if (n->crashed)
        return false;
    if (!n->up && n->boot_at <= now)
        boot(n);
    if (!n->up)
        return true;
    if (n->timer_at <= now)
        poll_node(n);
    for (unsigned t = 0; t < THREADS; t++) {
        struct thread *x = &n->thread[t];
        if (x->pinned && x->next_at <= now)
            unpin(x);
        else if (x->steps && !x->pinned && !x->faults && !x->calls && x->next_at <= now &&
                 member_complete(&n->member))
            step(x);
        busy |= x->steps > 0 || x->pinned;
    }
    return busy;
}

static void play(void)
{
    uint64_t crash_at = draw(2) ? 20 * MS + draw(60 * MS) : UINT64_MAX;
    bool busy = true;
    memset(nodes, 0, sizeof nodes);
    memset(value, 0, sizeof value);
    for (unsigned i = 0; i < PAGES; i++)
        in_use[i] = i;
    now = n_crashed = 0;
    retired = UINT64_MAX;
    retire_at = draw(2) ? 20 * MS : UINT64_MAX;
    n_nodes = 2 + (unsigned)draw(NODES - 1);
    loss = draw(3) ? draw(200) : 0;
    duplicate = draw(3) ? draw(200) : 0;
    for (unsigned i = 0; i < n_nodes; i++) {
        nodes[i].number = i;
        nodes[i].boot_at = draw(20 * MS);
        nodes[i].timer_at = nodes[i].drop_at = UINT64_MAX;
        for (unsigned t = 0; t < THREADS; t++)
            nodes[i].thread[t] = (struct thread){.node = &nodes[i], .steps = 1 + (unsigned)draw(STEPS)};
    }
    while (busy) {
        now = next_time();
        if (now > 5000 * MS)
            broken("somebody waits for ever");
        arrivals();
        busy = false;
        for (unsigned i = 0; i < n_nodes; i++)
            busy |= turn(&nodes[i]);
        drop();
        if (now >= crash_at) {
            struct node *n = &nodes[draw(n_nodes)];
            crash_at = draw(3) || n_crashed + 2 >= n_nodes ? UINT64_MAX : now + draw(80 * MS);
            if (n->up && !n->crashed && member_complete(&n->member)) {
                n->crashed = true;
                n_crashed++;
                crashes++;
            }
        }
    }
    for (unsigned i = 0; i < n_nodes; i++) {
        struct node *n = &nodes[i];
        repeated += n->msg.counts.repeated;
        early += n->msg.counts.early;
        if (n->msg.counts.bad || n->page.counts.bad)
            broken("a message that cannot be");
        if (n->up) {
            page_fini(&n->page);
            msg_fini(&n->msg);
        }
        if (n->blocks)
            broken("memory is leaked");
    }
    while (n_queue)
        free(queue[--n_queue]);
}

int main(int argc, char **argv)
{
    uint64_t worlds = argc > 1 ? strtoull(argv[1], NULL, 0) : 1500,
             first = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    for (seed = first; seed < first + worlds; seed++) {
        random_state = seed * 0x1000003;
        play();
    }
    printf(
        "core: stack, random: %llu worlds, %llu reads, %llu writes, %llu requests, outcomes ok %llu dead "
        "%llu late "
        "%llu lost %llu, longest %llu us; %llu datagrams, %llu lost, %llu repeated, %llu early, %llu "
        "crashes, %llu pins, %llu waited for, %llu drops\n",
        (unsigned long long)worlds, (unsigned long long)reads, (unsigned long long)writes,
        (unsigned long long)asks, (unsigned long long)ended[0], (unsigned long long)ended[2],
        (unsigned long long)ended[3], (unsigned long long)ended[4], (unsigned long long)longest / 1000,
        (unsigned long long)datagrams, (unsigned long long)lost, (unsigned long long)repeated,
        (unsigned long long)early, (unsigned long long)crashes, (unsigned long long)pins,
        (unsigned long long)pins_waited_for, (unsigned long long)drops);
    if (worlds >= 1000 && (!ended[2] || !ended[3] || !ended[4] || !early || !repeated || !crashes ||
                           !pins_waited_for || !drops)) {
        printf("core: stack, random: something never happened\n");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
