/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explore.c - the page directory over all orders of messages and actions of small worlds (tests/core/sim.h).
 *
 * The real code is run, not a model of it: the world is copied, an action done, the world put back. States
 * are told apart by a 128-bit hash of what matters (contents, not addresses), so each is gone through once,
 * depth first; that two states share a hash is a chance of less than 1 in 10^20 here. In each state all of
 * sim_check is checked; where nothing can happen, sim_finish: nobody waits, nothing is leaked. A state that
 * comes back on its own path would be a circle in which nothing gets on, and is an error.
 *
 *     explore              the configurations marked for every build
 *     explore all          all of them
 *     explore NAME         one
 */
#include "tests/core/sim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct script {
    unsigned node;
    const char *steps; /* "R0 W1p": reads page 0, writes page 1 and pins it */
};

static const struct config {
    const char *name;
    bool always; /* small enough for every build */
    unsigned nodes, pages, crashes;
    uint64_t hold_ns;
    unsigned drops, initial; /* masks of pages: may be dropped; do not begin as zero */
    struct script thread[SIM_THREADS];
} configs[] = {
    {"two-writers", true, 2, 1, 0, 0, 0, 0, {{0, "W0 R0 W0"}, {1, "W0 R0 W0"}}},
    {"two-pages", true, 2, 2, 0, 0, 0, 0, {{0, "W0 R1 W1"}, {1, "W1 R0 W0"}}},
    {"two-threads", true, 2, 1, 0, 0, 0, 0, {{0, "W0 R0"}, {1, "R0 W0"}, {1, "W0 R0"}}},
    {"hold", true, 2, 1, 0, 10, 0, 0, {{0, "W0 R0 W0"}, {1, "W0 R0 W0"}}},
    {"two-crash", true, 2, 2, 1, 0, 0, 0, {{0, "W0 W1"}, {1, "R0 W0 R1"}}},
    {"readers", true, 3, 1, 0, 0, 0, 0, {{0, "W0 R0"}, {1, "R0 W0"}, {2, "R0 W0"}}},
    {"chain", true, 3, 1, 0, 0, 0, 0, {{0, "W0"}, {1, "W0 R0"}, {2, "W0 W0"}}},
    {"chain-crash", true, 3, 1, 1, 0, 0, 0, {{0, "W0"}, {1, "W0 R0"}, {2, "R0 W0"}}},
    {"three-hold", true, 3, 1, 0, 10, 0, 0, {{0, "W0 R0"}, {1, "R0 W0"}, {2, "W0 R0"}}},
    {"message-passing", true, 3, 2, 0, 0, 0, 0, {{0, "W0 W1"}, {1, "R1 R0"}, {2, "R1 R0"}}},
    {"three-writers", true, 3, 1, 0, 0, 0, 0, {{0, "W0 R0 W0"}, {1, "W0 R0 W0"}, {2, "W0 R0 W0"}}},
    {"crashes", true, 3, 1, 2, 0, 0, 0, {{0, "W0 R0"}, {1, "W0 R0"}, {2, "R0 W0"}}},
    {"two-pages-crash", true, 3, 2, 1, 0, 0, 0, {{0, "W0 R1"}, {1, "W1 R0"}, {2, "W0 W1"}}},
    {"four", true, 4, 1, 0, 0, 0, 0, {{0, "R0"}, {1, "W0 R0"}, {2, "R0 W0"}, {3, "W0 R0"}}},
    {"four-crash", true, 4, 1, 1, 0, 0, 0, {{0, "R0"}, {1, "W0"}, {2, "W0 R0"}, {3, "W0"}}},
    {"hold-crash", true, 3, 1, 1, 10, 0, 0, {{0, "W0 R0"}, {1, "R0 W0"}, {2, "W0 R0"}}},
    {"pins", true, 2, 1, 0, 0, 0, 0, {{0, "W0p R0p W0"}, {1, "W0p R0 W0p"}}},
    {"pin-upgrade", true, 2, 1, 0, 0, 0, 0, {{0, "W0p"}, {1, "R0p R0p"}, {1, "W0 R0p"}}},
    {"pin-threads", true, 3, 1, 0, 0, 0, 0, {{0, "R0p W0p"}, {1, "R0p"}, {1, "W0p"}, {2, "W0p R0p"}}},
    {"pin-hold", true, 3, 1, 0, 10, 0, 0, {{0, "W0p R0"}, {1, "R0p W0p"}, {2, "W0 R0p"}}},
    {"pin-pages", true, 2, 2, 0, 10, 0, 0, {{0, "W0p R1p"}, {1, "W1p W0p"}, {1, "R0p W1"}}},
    {"pin-crash", true, 3, 1, 1, 0, 0, 1, {{0, "W0p R0p"}, {1, "W0p R0"}, {2, "R0p W0p"}}},
    {"drop", true, 3, 1, 0, 0, 1, 1, {{0, "W0"}, {1, "R0 W0p"}, {2, "W0p R0"}}},
    {"drop-crash", true, 3, 1, 1, 10, 1, 1, {{0, "R0"}, {1, "R0 W0"}, {2, "R0p"}}},
    {"initial-crash", true, 3, 1, 2, 0, 0, 1, {{0, "R0"}, {1, "R0 W0"}, {2, "R0 R0"}}},
    {"pin-crash-hold", false, 3, 1, 1, 10, 0, 0, {{0, "W0p R0"}, {1, "W0p R0p"}, {2, "R0p W0"}, {2, "R0p"}}},
    {"drop-two-crash", false, 3, 2, 2, 0, 3, 2, {{0, "W0 R1p"}, {1, "W1p R0"}, {2, "R0p W1"}}},
    {"three-ops-crash", false, 3, 1, 1, 0, 0, 0, {{0, "W0 R0 W0"}, {1, "R0 W0 R0"}, {2, "W0 R0 W0"}}},
    {"four-threads", false, 3, 1, 1, 0, 0, 0, {{0, "W0 R0"}, {1, "R0 W0"}, {2, "W0 R0"}, {2, "R0 W0"}}},
    {"two-pages-three", false, 3, 2, 1, 0, 0, 0, {{0, "W0 R1 W1"}, {1, "W1 R0 W0"}, {2, "R0 W1 R1"}}},
    {"four-crashes", false, 4, 1, 2, 0, 0, 0, {{0, "R0"}, {1, "W0 R0"}, {2, "W0 R0"}, {3, "R0 W0"}}},
    {"four-three", false, 4, 1, 0, 0, 0, 0, {{0, "W0 R0"}, {1, "W0R0W0"}, {2, "R0W0R0"}, {3, "W0R0W0"}}},
};

enum { DEPTH = 400 };

/* ---- states seen ---- */

struct key {
    uint64_t a, b;
    uint32_t depth; /* + 1 while it is on the path */
};
static struct key *seen;
static uint64_t capacity, states, transitions, ends;
static unsigned deepest;

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
        fprintf(stderr, "explore: out of memory\n");
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
    mix_number(sim.writes % 4); /* what the next write writes */
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
        for (unsigned page = 0; page < sim.pages; page++)
            mix_page(n, page);
        for (const struct page_copy *c = n->p.held_first; c; c = c->held_next)
            mix_number(c->page);
    }
    mix_number(sim.retired);
    for (unsigned i = 0; i < sim.threads; i++) {
        mix_number((uint64_t)sim.thread[i].pinned << 16 | sim.thread[i].waits << 8 | sim.thread[i].next);
        mix(sim.thread[i].result, SIM_SCRIPT);
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
    printf("core: explore: %s\n", wrong);
    return -1;
}

/* Enters the present state at that depth. 1: new; 0: known; -1: wrong, told. */
static int enter(unsigned depth)
{
    struct frame *f = &path[depth];
    const char *wrong = sim_check();
    if (wrong)
        return report(depth, wrong);
    hash_state();
    if (2 * states >= capacity)
        grow();
    struct key *k = look_up(hash[0], hash[1]);
    if (k->depth)
        return report(depth, "a circle: nothing gets on");
    if (k->a || k->b)
        return 0;
    *k = (struct key){hash[0], hash[1], depth + 1};
    states++;
    deepest = depth > deepest ? depth : deepest;
    f->a = hash[0];
    f->b = hash[1];
    f->world = sim;
    f->next = 0;
    f->count = sim_actions(f->list);
    if (f->count > 0 && f->list[0].kind != SIM_CRASH)
        return 1;
    ends++;
    wrong = sim_finish();
    sim = f->world;
    return wrong ? report(depth, wrong) : 1;
}

static int explore(const struct config *c)
{
    unsigned depth = 0;
    states = transitions = ends = deepest = 0;
    capacity = 0;
    free(seen);
    seen = NULL;
    memset(&sim, 0, sizeof sim);
    sim_start(c->nodes, c->pages, c->hold_ns);
    sim_initial(c->initial);
    sim.drops = (uint8_t)c->drops;
    for (unsigned i = 0; i < SIM_THREADS && c->thread[i].steps; i++) {
        unsigned t = sim_thread(c->thread[i].node);
        for (const char *s = c->thread[i].steps; *s; s++)
            if (*s == 'R' || *s == 'W')
                (s[2] == 'p' ? sim_plan_pin : sim_plan)(t, (unsigned)(s[1] - '0'), *s == 'W');
    }
    sim.crashes = c->crashes;
    if (enter(0) < 0)
        return -1;
    for (;;) {
        struct frame *f = &path[depth];
        if (f->next == f->count) {
            look_up(f->a, f->b)->depth = 0;
            if (depth-- == 0)
                break;
            continue;
        }
        sim = f->world;
        sim_act(&f->list[f->next++]);
        transitions++;
        if (depth + 1 == DEPTH)
            return report(depth + 1, "deeper than can be");
        int rc = enter(depth + 1);
        if (rc < 0)
            return -1;
        depth += (unsigned)rc;
    }
    printf(
        "core: explore: %-16s %u nodes %u pages %u threads %u crashes: %9llu states %10llu transitions %7llu "
        "ends, depth %u\n",
        c->name, c->nodes, c->pages, sim.threads, c->crashes, (unsigned long long)states,
        (unsigned long long)transitions, (unsigned long long)ends, deepest);
    return 0;
}

int main(int argc, char **argv)
{
    bool found = false;
    path = allocate(DEPTH, sizeof *path);
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        bool wanted =
            argc > 1 ? !strcmp(argv[1], "all") || !strcmp(argv[1], configs[i].name) : configs[i].always;
        found |= wanted;
        if (wanted && explore(&configs[i]) < 0) {
            printf("core: explore: in %s\n", configs[i].name);
            return EXIT_FAILURE;
        }
        fflush(stdout);
    }
    free(path);
    free(seen);
    if (!found)
        fprintf(stderr, "explore: no such configuration: %s\n", argv[1]);
    return found ? EXIT_SUCCESS : EXIT_FAILURE;
}
