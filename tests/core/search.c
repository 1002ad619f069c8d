/* SPDX-License-Identifier: GPL-2.0-or-later */
/* search.c - the search (search.h): states seen, a state's hash, the path. */
#include "tests/core/search.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 400 };

/* ---- states seen ---- */

struct key {
    uint64_t a, b;
    uint32_t depth; /* + 1 while it is on the path */
};
static struct key *seen;
static uint64_t capacity;

static struct key *look_up(uint64_t a, uint64_t b)
{
    uint64_t i = a & (capacity - 1);
    while ((seen[i].a || seen[i].b) && (seen[i].a != a || seen[i].b != b))
        i = (i + 1) & (capacity - 1);
    return &seen[i];
}

static void *allocate(size_t count, size_t size)
{
    void *m = calloc(count, size);
    if (!m) {
        fprintf(stderr, "search: out of memory\n");
        exit(EXIT_FAILURE);
    }
    return m;
}

static void grow(void)
{
    struct key *old = seen;
    uint64_t n = capacity;
    capacity = n ? n * 2 : 1 << 16;
    seen = allocate(capacity, sizeof *seen);
    for (uint64_t i = 0; i < n; i++)
        if (old[i].a || old[i].b)
            *look_up(old[i].a, old[i].b) = old[i];
    free(old);
}

/* ---- a state's hash ---- */

static uint64_t hash[2];

static void mix(const void *data, size_t bytes)
{
    const uint8_t *p = data;
    while (bytes > 0) {
        uint64_t word = 0;
        size_t n = bytes < 8 ? bytes : 8;
        memcpy(&word, p, n);
        hash[0] = (hash[0] ^ word) * 0x9e3779b97f4a7c15;
        hash[0] ^= hash[0] >> 29;
        hash[1] = (hash[1] + word) * 0xd6e8feb86659fd93;
        hash[1] ^= hash[1] >> 32;
        p += n;
        bytes -= n;
    }
}

static void mix_number(uint64_t v)
{
    mix(&v, sizeof v);
}

static void mix_page(const struct sim_node *n, unsigned page)
{
    const struct page_copy *c = page_copy_find(&n->p, page);
    const struct page_dir *d = page_dir_find(&n->p, page);
    mix_number(c != NULL);
    if (c) {
        mix_number(c->version << 32 | c->request);
        mix_number((uint64_t)c->asked_request << 32 | c->state << 24 | c->asked << 16 | c->orders);
        mix_number(c->hold_until_ns);
        mix_number((uint64_t)c->held << 32 | c->pins);
        mix_number(c->frame ? *(const uint64_t *)c->frame : 0xffff);
        for (const struct page_fault *f = c->waiting; f; f = f->next)
            mix_number((uint64_t)((const struct sim_thread *)f - sim.thread) + 1);
        mix(c->order, c->orders * sizeof c->order[0]);
    }
    mix_number(d != NULL);
    if (d) { /* all but the link */
        mix(&d->page, sizeof *d - offsetof(struct page_dir, page));
        mix(d->node, sim.nodes * sizeof d->node[0]);
    }
}

static void hash_state(void)
{
    hash[0] = hash[1] = 1;
    mix_number(sim.crashes);
    mix_number(sim.litmus ? 0 : sim.writes % 4); /* what the next write writes */
    mix(sim.value, sim.pages * sizeof sim.value[0]);
    for (unsigned i = 0; i < sim.nodes; i++) {
        const struct sim_node *n = &sim.node[i];
        mix_number((uint64_t)n->alive << 32 | n->p.last_request);
        if (!n->alive)
            continue; /* what the dead know matters no more */
        mix_number(n->p.dead);
        mix_number(n->now);
        mix_number(n->timer_at);
        mix_number(n->dropped);
        mix(n->before, sim.pages * sizeof n->before[0]);
        for (unsigned page = 0; page < sim.pages; page++)
            mix_page(n, page);
        for (const struct page_copy *c = n->p.held_first; c; c = c->held_next)
            mix_number(c->page);
    }
    mix_number(sim.retired);
    for (unsigned i = 0; i < sim.threads; i++) {
        mix_number((uint64_t)sim.thread[i].pinned << 16 | sim.thread[i].waits << 8 | sim.thread[i].next);
        mix(sim.thread[i].result, SIM_SCRIPT);
        mix(sim.thread[i].seen, SIM_SCRIPT);
    }
    for (unsigned a = 0; a < sim.nodes; a++)
        for (unsigned b = 0; b < sim.nodes; b++) {
            mix_number(sim.queued[a][b]);
            mix(sim.channel[a][b], sim.queued[a][b] * sizeof(struct sim_packet));
        }
    if (hash[0] == 0 && hash[1] == 0)
        hash[0] = 1;
}

/* ---- the search ---- */

static struct frame {
    struct sim world;
    struct sim_action list[SIM_ACTIONS];
    unsigned count, next;
    uint64_t a, b;
} * path;

static int report(unsigned depth, const char *wrong)
{
    for (unsigned i = 0; i < depth; i++) {
        sim = path[i].world;
        sim_print(&path[i].list[path[i].next - 1]);
    }
    printf("core: search: %s\n", wrong);
    return -1;
}

/* Enters the present state at that depth. 1: new; 0: known; -1: wrong, told. */
static int enter(struct search *s, unsigned depth)
{
    struct frame *f = &path[depth];
    const char *wrong = s->check();
    if (wrong)
        return report(depth, wrong);
    hash_state();
    if (2 * s->states >= capacity)
        grow();
    struct key *k = look_up(hash[0], hash[1]);
    if (k->depth)
        return report(depth, "a circle: nothing gets on");
    if (k->a || k->b)
        return 0;
    *k = (struct key){hash[0], hash[1], depth + 1};
    s->states++;
    s->deepest = depth > s->deepest ? depth : s->deepest;
    f->a = hash[0];
    f->b = hash[1];
    f->world = sim;
    f->next = 0;
    f->count = sim_actions(f->list);
    if (f->count > 0 && f->list[0].kind != SIM_CRASH)
        return 1;
    s->ends++;
    wrong = s->end();
    sim = f->world;
    return wrong ? report(depth, wrong) : 1;
}

int search(struct search *s)
{
    unsigned depth = 0;
    s->states = s->transitions = s->ends = s->deepest = 0;
    if (!path)
        path = allocate(DEPTH, sizeof *path);
    capacity = 0;
    free(seen);
    seen = NULL;
    if (enter(s, 0) < 0)
        return -1;
    for (;;) {
        struct frame *f = &path[depth];
        if (f->next == f->count) {
            look_up(f->a, f->b)->depth = 0;
            if (depth-- == 0)
                return 0;
            continue;
        }
        sim = f->world;
        sim_act(&f->list[f->next++]);
        s->transitions++;
        if (depth + 1 == DEPTH)
            return report(depth + 1, "deeper than can be");
        int rc = enter(s, depth + 1);
        if (rc < 0)
            return -1;
        depth += (unsigned)rc;
    }
}

void search_free(void)
{
    free(path);
    free(seen);
    path = NULL;
    seen = NULL;
}
