/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sim.c - the simulated nodes (sim.h): environment, actions. The reference's part is sim_check.c. */
#include "tests/core/sim.h"
#include "tests/core/chance.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim sim;

uint64_t sim_random(void)
{
    return chance(&sim.random);
}

static void broken(const char *what)
{
    fprintf(stderr, "sim: %s\n", what);
    abort();
}

/* ---- what a node lends ---- */

static bool fails(void)
{
    return sim.fail_in_1024 && sim_random() % 1024 < sim.fail_in_1024;
}

static void *on_alloc(void *ctx, size_t bytes)
{
    struct sim_node *n = ctx;
    void *memory = (uint8_t *)n->memory + n->used;
    if (fails())
        return NULL;
    if (n->used + bytes > sizeof n->memory)
        broken("a node needs more memory than sim.h has");
    n->used += (uint32_t)(bytes + 7) & ~7u;
    n->blocks++;
    memset(memory, 0xee, bytes);
    return memory;
}

static void on_free(void *ctx, void *memory, size_t bytes)
{
    struct sim_node *n = ctx;
    memset(memory, 0xdd, bytes);
    n->blocks--;
}

static uint64_t on_now(void *ctx)
{
    return ((struct sim_node *)ctx)->now;
}

static void on_timer(void *ctx, uint64_t at_ns)
{
    struct sim_node *n = ctx;
    if (n->timer_at == 0 || at_ns < n->timer_at)
        n->timer_at = at_ns;
}

static void on_send(void *ctx, unsigned to, unsigned type, const struct page_wire *w, const void *data,
                    size_t bytes)
{
    struct sim_node *n = ctx;
    if (to == n->number || to >= sim.nodes || (data != NULL) != (bytes == 8))
        broken("send with bad arguments");
    sim.messages++;
    if (!sim.node[to].alive)
        return;
    if (sim.queued[n->number][to] == SIM_CHANNEL)
        broken("a channel is full");
    struct sim_packet *k = &sim.channel[n->number][to][sim.queued[n->number][to]++];
    *k = (struct sim_packet){.w = *w, .type = type, .bytes = (uint32_t)bytes};
    if (data)
        memcpy(&k->data, sim.planted == SIM_STALE ? &n->before[w->page] : data, 8);
}

static void on_map(void *ctx, uint64_t page, void *frame, enum page_state state)
{
    struct sim_node *n = ctx;
    if (page >= sim.pages || !frame)
        broken("map with bad arguments");
    n->mapped[page] = (uint8_t)state;
}

static void *on_frame_alloc(void *ctx)
{
    struct sim_node *n = ctx;
    if (fails())
        return NULL;
    for (unsigned i = 0; i < SIM_PAGES; i++)
        if (!n->frame_used[i]) {
            n->frame_used[i] = 1;
            n->frame[i] = 0xbad;
            return &n->frame[i];
        }
    broken("more frames than pages");
    return NULL;
}

static void on_frame_free(void *ctx, void *frame)
{
    struct sim_node *n = ctx;
    size_t i = (size_t)((uint64_t *)frame - n->frame);
    if (i >= SIM_PAGES || !n->frame_used[i])
        broken("a frame is freed that is not in use");
    n->frame_used[i] = 0;
    n->frame[i] = 0;
}

static bool on_initial(void *ctx, uint64_t page, void *frame)
{
    uint64_t *word = frame;
    if (page >= sim.pages || !((struct sim_node *)ctx)->alive)
        broken("initial with bad arguments");
    sim.initials++;
    if (!(sim.initial >> page & 1))
        return false;
    *word = SIM_INITIAL + page;
    return true;
}

/* ---- threads ---- */

/* The access of the thread's step s. */
static void access_page(struct sim_thread *t, unsigned s, uint64_t page, uint64_t *frame)
{
    struct sim_node *n = &sim.node[t->node];
    bool write = t->script[s].write;
    if (sim.litmus && t->script[s].pin && !t->pinned)
        return; /* later: before it is unpinned */
    if (n->mapped[page] < (write ? PAGE_EXCLUSIVE : PAGE_SHARED))
        broken("access without the right");
    if (*frame != sim.value[page] && !sim.planted)
        broken("a read does not see the last write");
    if (write && sim.planted == SIM_STALE)
        n->before[page] = *frame;
    if (write && sim.litmus) {
        *frame = sim.value[page] = t->script[s].value;
    } else if (sim.litmus) {
        t->seen[s] = (uint8_t)*frame;
    } else if (write) {
        *frame = sim.value[page] = sim.writes % 4 == 3 ? 0 : sim.writes % 4 + 1;
        sim.writes++;
    } else {
        sim.reads++;
    }
}

static void step_over(struct sim_thread *t, int status)
{
    t->result[t->next] = (int8_t)status;
    sim.lost += status == CORE_ELOST;
    t->next++;
}

static void on_done(struct page_fault *f, uint64_t page, void *frame, int status)
{
    struct sim_thread *t = (struct sim_thread *)f;
    if (!t->waits || t->answered || page != t->script[t->next].page)
        broken("an answer that nobody waits for");
    t->answered = 1;
    t->waits = 0;
    if (status == CORE_OK)
        access_page(t, t->next, page, frame);
    t->pinned = status == CORE_OK && f->pin;
    step_over(t, status);
}

static bool here(const struct sim_node *n, unsigned page)
{
    return !(n->p.dead & core_bit(page % sim.nodes)) && !(n->dropped >> page & 1);
}

/* Once more, then the pin goes. */
static void unpin(struct sim_thread *t)
{
    struct sim_node *n = &sim.node[t->node];
    const struct sim_step *s = &t->script[t->next - 1];
    void *frame;
    page_look(&n->p, s->page, &frame);
    if (here(n, s->page)) {
        const struct page_copy *c = page_copy_find(&n->p, s->page);
        if (!c || !c->pins)
            broken("a pin is gone");
        access_page(t, t->next - 1u, s->page, frame);
        sim.pins_waited_for += c->pins == 1 && c->orders;
    } else if (frame) {
        broken("a copy of a page that is gone");
    }
    t->pinned = 0;
    sim.pins++;
    page_unpin(&n->p, s->page);
}

static void step(struct sim_thread *t)
{
    struct sim_node *n = &sim.node[t->node];
    const struct sim_step *s = &t->script[t->next];
    void *frame;
    if (sim.retired >> s->page & 1) {
        step_over(t, CORE_OK);
        return;
    }
    t->f.done = on_done;
    t->f.write = s->write;
    t->f.pin = s->pin;
    t->waits = 1;
    t->answered = 0;
    int rc = page_fault(&n->p, s->page, &t->f);
    if (rc == 1)
        return;
    if (t->answered)
        broken("an answer and a result");
    t->waits = 0;
    if (rc == 0) {
        page_look(&n->p, s->page, &frame);
        access_page(t, t->next, s->page, frame);
        t->pinned = s->pin;
    }
    step_over(t, rc);
}

/* ---- the world ---- */

void sim_start(unsigned nodes, unsigned pages, uint64_t hold_ns)
{
    uint64_t random = sim.random;
    memset(&sim, 0, sizeof sim);
    sim.random = random;
    sim.nodes = nodes;
    sim.pages = pages;
    for (unsigned i = 0; i < nodes; i++) {
        struct sim_node *n = &sim.node[i];
        n->alive = 1;
        n->number = (uint8_t)i;
        n->now = 1;
        n->env = (struct core_env){
            .ctx = n, .now_ns = on_now, .timer = on_timer, .alloc = on_alloc, .free = on_free};
        struct page_config c = {.env = &n->env,
                                .self = i,
                                .nodes = nodes,
                                .page_bytes = 8,
                                .buckets = 2,
                                .hold_ns = hold_ns,
                                .ctx = n,
                                .initial = on_initial,
                                .send = on_send,
                                .map = on_map,
                                .frame_alloc = on_frame_alloc,
                                .frame_free = on_frame_free};
        if (page_init(&n->p, &c) != CORE_OK)
            broken("page_init");
    }
}

void sim_initial(unsigned mask)
{
    sim.initial = (uint8_t)mask;
    for (unsigned i = 0; i < sim.pages; i++)
        sim.value[i] = mask >> i & 1 ? SIM_INITIAL + i : 0;
}

unsigned sim_thread(unsigned node)
{
    if (sim.threads == SIM_THREADS)
        broken("too many threads");
    sim.thread[sim.threads].node = (uint8_t)node;
    return sim.threads++;
}

void sim_plan(unsigned thread, unsigned page, bool write)
{
    struct sim_thread *t = &sim.thread[thread];
    if (t->length == SIM_SCRIPT)
        broken("a script is too long");
    t->script[t->length++] = (struct sim_step){.page = (uint8_t)page, .write = write};
}

void sim_plan_pin(unsigned thread, unsigned page, bool write)
{
    sim_plan(thread, page, write);
    sim.thread[thread].script[sim.thread[thread].length - 1].pin = 1;
}

void sim_plan_value(unsigned thread, unsigned value)
{
    struct sim_thread *t = &sim.thread[thread];
    t->script[t->length - 1].value = (uint8_t)value;
}

/* Whether a fault on the page is under way at a node that lives. */
static bool in_use(unsigned page)
{
    for (unsigned i = 0; i < sim.nodes; i++)
        if (sim.node[i].alive && page_busy(&sim.node[i].p, page, page))
            return true;
    return false;
}

static unsigned drop_actions(struct sim_action *list)
{
    unsigned count = 0;
    for (unsigned page = 0; page < sim.pages; page++) {
        if (!(sim.drops >> page & 1))
            continue;
        if (!(sim.retired >> page & 1)) {
            if (!in_use(page))
                list[count++] = (struct sim_action){SIM_RETIRE, page, 0};
            continue;
        }
        for (unsigned i = 0; i < sim.nodes; i++)
            if (sim.node[i].alive && !(sim.node[i].dropped >> page & 1))
                list[count++] = (struct sim_action){SIM_DROP, i, page};
    }
    return count;
}

unsigned sim_actions(struct sim_action *list)
{
    unsigned count = 0;
    for (unsigned a = 0; a < sim.nodes; a++)
        for (unsigned b = 0; b < sim.nodes; b++) {
            if (sim.queued[a][b])
                list[count++] = (struct sim_action){SIM_DELIVER, a, b};
            if (!sim.node[a].alive && sim.node[b].alive && !(sim.node[b].p.dead & core_bit(a)))
                list[count++] = (struct sim_action){SIM_DETECT, a, b};
        }
    for (unsigned i = 0; i < sim.threads; i++) {
        const struct sim_thread *t = &sim.thread[i];
        if (sim.node[t->node].alive && t->pinned)
            list[count++] = (struct sim_action){SIM_UNPIN, i, 0};
        else if (sim.node[t->node].alive && !t->waits && t->next < t->length)
            list[count++] = (struct sim_action){SIM_STEP, i, 0};
    }
    for (unsigned i = 0; i < sim.nodes; i++)
        if (sim.node[i].alive && sim.node[i].timer_at)
            list[count++] = (struct sim_action){SIM_POLL, i, 0};
    count += drop_actions(list + count);
    if (sim.crashes && (count > 0))
        for (unsigned i = 0; i < sim.nodes; i++)
            if (sim.node[i].alive)
                list[count++] = (struct sim_action){SIM_CRASH, i, 0};
    return count;
}

static void deliver(unsigned from, unsigned to)
{
    struct {
        struct page_wire w;
        uint64_t data;
    } m;
    struct sim_packet *q = sim.channel[from][to], k = q[0];
    unsigned left = --sim.queued[from][to];
    memmove(&q[0], &q[1], left * sizeof k);
    memset(&q[left], 0, sizeof k);
    m.w = k.w;
    m.data = k.data;
    if (sim.planted == SIM_DEAF && k.type == PAGE_INV) {
        struct page_wire ack = {.page = k.w.page, .version = k.w.version, .holder = k.w.holder};
        on_send(&sim.node[to], from, PAGE_ACK, &ack, NULL, 0);
        return;
    }
    page_message(&sim.node[to].p, from, k.type, &m, sizeof m.w + k.bytes);
}

static void clear(unsigned from, unsigned to)
{
    memset(sim.channel[from][to], 0, sizeof sim.channel[from][to]);
    sim.queued[from][to] = 0;
}

void sim_act(const struct sim_action *a)
{
    struct sim_node *n = &sim.node[a->a % SIM_NODES];
    switch (a->kind) {
    case SIM_DELIVER:
        deliver(a->a, a->b);
        break;
    case SIM_STEP:
        step(&sim.thread[a->a]);
        break;
    case SIM_UNPIN:
        unpin(&sim.thread[a->a]);
        break;
    case SIM_RETIRE:
        sim.retired |= (uint8_t)(1u << a->a);
        break;
    case SIM_DROP:
        n->dropped |= (uint8_t)(1u << a->b);
        sim.dropped++;
        page_drop(&n->p, a->b, a->b);
        break;
    case SIM_POLL:
        n->now = n->timer_at;
        n->timer_at = 0;
        page_poll(&n->p);
        break;
    case SIM_CRASH: /* what it has sent may still arrive */
        n->alive = 0;
        sim.crashes--;
        sim.crashed++;
        for (unsigned i = 0; i < sim.nodes; i++)
            clear(i, a->a);
        break;
    case SIM_DETECT:
        clear(a->a, a->b);
        page_peer_dead(&sim.node[a->b].p, a->a);
        break;
    }
}

void sim_print(const struct sim_action *a)
{
    static const char *const type[] = {"GET", "FWD", "INV", "ACK", "DATA", "GRANT", "CANCEL", "GONE", "KEPT"};
    const struct sim_packet *k = &sim.channel[a->a % SIM_NODES][a->b][0];
    const struct sim_thread *t = &sim.thread[a->a % SIM_THREADS];
    switch (a->kind) {
    case SIM_DELIVER:
        printf("%u > %u %s page %u request %u holder %u node %u write %u zero %u status %d\n", a->a, a->b,
               type[(k->type - PAGE_GET) % 9], (unsigned)k->w.page, k->w.request, k->w.holder, k->w.node,
               k->w.write, k->w.zero, (int)k->w.status);
        break;
    case SIM_STEP:
        printf("thread %u on node %u %s page %u%s\n", a->a, t->node,
               t->script[t->next].write ? "writes" : "reads", t->script[t->next].page,
               t->script[t->next].pin ? ", with a pin" : "");
        break;
    case SIM_UNPIN:
        printf("thread %u on node %u unpins page %u\n", a->a, t->node, t->script[t->next - 1].page);
        break;
    case SIM_RETIRE:
        printf("page %u is used no more\n", a->a);
        break;
    case SIM_DROP:
        printf("node %u drops page %u\n", a->a, a->b);
        break;
    case SIM_POLL:
        printf("node %u: hold is over\n", a->a);
        break;
    case SIM_CRASH:
        printf("node %u crashes\n", a->a);
        break;
    case SIM_DETECT:
        printf("node %u learns that %u is dead\n", a->b, a->a);
        break;
    }
}

const char *sim_run(void)
{
    struct sim_action list[SIM_ACTIONS];
    while (sim_actions(list) > 0) {
        sim_act(&list[0]);
        const char *wrong = sim_check();
        if (wrong)
            return wrong;
    }
    return NULL;
}
