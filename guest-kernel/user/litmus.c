/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * litmus.c - what sequential consistency forbids, many times at random: runs on each node and ends with the
 * number of things that are wrong.
 *
 *     litmus [SEED [ROUNDS [control]]]        7, 1000
 *
 * Four workers make a group, each on a node of its own if there are four; further processes of a node are
 * workers if there are not. A shape (litmus_shapes.c) has up to four roles. Rounds begin by the clock, which
 * is the same on all nodes, and each has words of its own, so nothing but the shape's own accesses passes
 * between the workers. After each batch of rounds the group's first worker counts the outcomes. The seed
 * decides, for each batch, which worker has which role and which nodes are the homes of the pages; for each
 * round and role, when it begins and how long it waits between its accesses.
 *
 * No round may have a forbidden outcome; and enough different ones must be seen, or the test tests nothing.
 * `control`: each role makes its accesses in the opposite order, as a processor might; then every shape must
 * show the forbidden outcome.
 */
#include "guest-kernel/user/litmus.h"
#include "guest-kernel/user/shared_page.h"

enum { GROUP = LITMUS_ROLES, BATCH = 128, PERIOD_NS = 60000, SPREAD_NS = 32768, LONGEST = 8192, LONG = 1000 };
/* Pages: two per group for its barrier, one per worker for what it saw, four per batch: two of them used. */
enum { PAGE_BARRIERS = 0, PAGE_SEEN = 64, PAGE_BATCHES = 128, PAGES = SHARED_BYTES / PAGE_BYTES };

static uint64_t seed = 7;
static unsigned rounds = 1000, groups, group, rank; /* rank: which worker of the group this is */
static bool control;
static unsigned count[LITMUS_OUTCOMES];

/* A number that depends on the seed and these only. */
static uint64_t random(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t z = seed + a * 0x9e3779b97f4a7c15u + b * 0xd6e8feb86659fd93u + c * 0xa0761d6478bd642fu;

    for (unsigned i = 0; i < 3; i++) {
        z = (z ^ z >> 31) * 0xbf58476d1ce4e5b9u;
        z ^= z >> 29;
    }
    return z;
}

static void wait_until(uint64_t ns)
{
    uint64_t now = rack_ns();

    if (now < ns)
        sleep_ns(ns - now);
}

/* Waits for the group; returns a time soon after, the same for all. */
static uint64_t meet(void)
{
    static uint64_t generation;
    uint64_t *arrived = page_at(PAGE_BARRIERS + 2 * group), *open = page_at(PAGE_BARRIERS + 2 * group + 1);

    generation++;
    if (__atomic_add_fetch(arrived, 1, __ATOMIC_SEQ_CST) == generation * GROUP) {
        store(&open[1], rack_ns() + 2 * PERIOD_NS);
        store(open, generation);
    }
    while (load(open) < generation)
        sleep_ns(5000);
    return load(&open[1]);
}

/* One role's part of a round; returns what it saw, each value at its register's place. */
static unsigned play(const struct litmus_access *access, uint64_t *const variable[2], unsigned round,
                     uint64_t dice)
{
    unsigned seen = 0, shift = dice >> 32 & 7;

    for (unsigned k = 0; k < LITMUS_ACCESSES; k++) {
        const struct litmus_access *a = &access[control ? LITMUS_ACCESSES - 1 - k : k];
        uint64_t *word = variable[a->variable] + round;
        if (k)
            for (volatile unsigned n = (dice & (LONGEST - 1)) >> shift; n; n--)
                ;
        if (a->kind == LITMUS_WRITE)
            store(word, a->value);
        else if (a->kind == LITMUS_READ)
            seen |= (unsigned)load(word) << LITMUS_BITS * a->value;
    }
    return seen;
}

static unsigned tally(const struct litmus_shape *s, unsigned n)
{
    unsigned forbidden = 0;

    for (unsigned i = 0; i < n; i++) {
        unsigned outcome = 0;
        for (unsigned w = 0; w < GROUP; w++)
            outcome |= (unsigned)load((uint64_t *)page_at(PAGE_SEEN + group * GROUP + w) + i);
        count[outcome]++;
        forbidden += s->forbidden(outcome);
    }
    return forbidden;
}

static unsigned batch(const struct litmus_shape *s, unsigned slot, unsigned n)
{
    uint64_t dice = random(1, slot, group);
    unsigned first = PAGE_BATCHES + (slot * groups + group) * 4, x = dice & 3,
             y = (x + 1 + (dice >> 2) % 3) & 3;
    uint64_t *variable[2] = {page_at(first + x), page_at(first + y)}, *mine;
    unsigned role[GROUP] = {0, 1, 2, 3};

    for (unsigned i = GROUP - 1; i > 0; i--) { /* a permutation */
        unsigned j = (dice >> 8 * i) % (i + 1), r = role[i];
        role[i] = role[j];
        role[j] = r;
    }
    mine = page_at(PAGE_SEEN + group * GROUP + rank);
    uint64_t begin = meet();
    for (unsigned i = 0; i < n; i++) {
        uint64_t own = random(slot, i, group * GROUP + rank);
        unsigned seen = 0;
        if (s->access[role[rank]][0].kind != LITMUS_NONE) {
            wait_until(begin + (uint64_t)i * PERIOD_NS + (own >> 40) % SPREAD_NS);
            seen = play(s->access[role[rank]], variable, i, own);
        }
        store(&mine[i], seen);
    }
    meet();
    return rank == 0 ? tally(s, n) : 0;
}

/* The group's first worker: counts, and what is wrong with them. */
static unsigned report(const struct litmus_shape *s, unsigned forbidden)
{
    unsigned kinds = 0;

    print("litmus %s, group %u: %u rounds, forbidden %u, seen", s->name, group, rounds, forbidden);
    for (unsigned i = 0; i < LITMUS_OUTCOMES; i++)
        if (count[i]) {
            kinds++;
            print(" ");
            for (unsigned r = 0; r < s->registers; r++)
                print("%u", i >> LITMUS_BITS * r & ((1 << LITMUS_BITS) - 1));
            print(":%u", count[i]);
            count[i] = 0;
        }
    print("\nlitmus %s, group %u: %u outcomes\n", s->name, group, kinds);
    return (control ? forbidden == 0 : forbidden) + (kinds < (rounds < LONG ? 2 : s->least));
}

static unsigned work(void)
{
    unsigned wrong = 0, slot = 0;

    for (unsigned i = 0; i < litmus_n_shapes; i++) {
        const struct litmus_shape *s = &litmus_shapes[i];
        unsigned forbidden = 0;
        for (unsigned done = 0; done < rounds; done += BATCH, slot++)
            forbidden += batch(s, slot, rounds - done < BATCH ? rounds - done : BATCH);
        if (rank == 0)
            wrong += report(s, forbidden);
    }
    return wrong;
}

static unsigned number(const char *text)
{
    unsigned n = 0;

    for (; *text >= '0' && *text <= '9' && n < 100000000; text++)
        n = n * 10 + (unsigned)(*text - '0');
    return n;
}

int main(int argc, char **argv)
{
    unsigned self, nodes = node_count(&self), wrong = 0;

    seed = argc > 1 ? number(argv[1]) : seed;
    rounds = argc > 2 ? number(argv[2]) : rounds;
    control = argc > 3 && !strcmp(argv[3], "control");
    groups = nodes / GROUP ? nodes / GROUP : 1;
    unsigned slots = (PAGES - PAGE_BATCHES) / 4 / groups,
             needs = (rounds + BATCH - 1) / BATCH * litmus_n_shapes;
    if (rounds == 0 || needs > slots || PAGE_SEEN + groups * GROUP > PAGE_BATCHES) {
        print("litmus: 1 to %u rounds, please\n", slots / litmus_n_shapes * BATCH);
        return 100;
    }
    for (unsigned w = self; w < groups * GROUP; w += nodes) {
        bool last = w + nodes >= groups * GROUP; /* which is this process; those before it are children */
        long child = last ? 0 : fork();
        if (child < 0)
            return 101;
        if (child > 0)
            continue;
        group = w / GROUP;
        rank = w % GROUP;
        wrong = work();
        if (!last)
            exit((int)wrong);
    }
    int status;
    while (wait4(-1, &status, 0) > 0)
        wrong += (unsigned)status >> 8;
    print("litmus: %u wrong\n", wrong);
    return wrong < 100 ? (int)wrong : 99;
}
