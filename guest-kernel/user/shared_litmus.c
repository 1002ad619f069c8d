/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shared_litmus.c - two shapes of what sequential consistency forbids, x and y on different pages, between
 * each node and the next. Values only grow, so that one round can be held against all others, and rounds need
 * no barrier; each round is delayed by a little at random. Pairs that have no node in common are tried at
 * once: up to three turns.
 */
#include "guest-kernel/user/shared.h"

enum { ROUNDS = 700, ALL_ROUNDS = 2100, LONGEST = 1024, TURNS = 3 };

static uint64_t seen[ROUNDS + 2], other[ROUNDS + 2];

/* Of each pair of nodes. */
static unsigned rounds(void)
{
    return nodes > ALL_ROUNDS / ROUNDS ? ALL_ROUNDS / nodes : ROUNDS;
}

static void delay(void)
{
    static uint64_t random;

    random = random * 6364136223846793005u + 1442695040888963407u + self;
    for (volatile unsigned n = random >> 33 & (LONGEST - 1); n; n--)
        ;
}

/* x = i; y = i  ||  r1 = y; r2 = x   forbidden: r2 < r1 */
static unsigned message_passing(uint64_t *x, uint64_t *y, unsigned writer, unsigned reader)
{
    unsigned forbidden = 0, newer = 0, changes = 0;
    uint64_t r1 = 0, before = 0;

    if (self == writer)
        for (uint64_t i = 1; i <= rounds(); i++) {
            store(x, i);
            delay();
            store(y, i);
        }
    if (self != reader)
        return 0;
    while (r1 < rounds()) {
        r1 = load(y);
        delay();
        uint64_t r2 = load(x);
        forbidden += r2 < r1;
        newer += r2 > r1;
        changes += r1 != before;
        before = r1;
    }
    print("message passing from node %u: %u values seen, x newer %u times, forbidden %u\n", writer, changes,
          newer, forbidden);
    return forbidden;
}

/* Of node n and the next: a node is in no two pairs of a turn. */
static unsigned turn_of(unsigned n)
{
    return n % 2 == 0 && n == nodes - 1 ? 2 : n % 2;
}

unsigned test_message_passing(void)
{
    unsigned forbidden = 0;

    for (unsigned turn = 0; turn < TURNS && nodes > 1; turn++) {
        barrier();
        for (unsigned n = 0; n < nodes; n++)
            if (turn_of(n) == turn)
                forbidden += message_passing(page_at(PAGE_LITMUS + 2 * n), page_at(PAGE_LITMUS + 2 * n + 1),
                                             n, (n + 1) % nodes);
    }
    return forbidden;
}

/*
 * x = i; r = y  ||  y = j; s = x   forbidden: r[i] < j and s[j] < i, for any i and j. s grows, so for each i
 * the smallest j > r[i] is enough.
 */
static unsigned store_buffering(uint64_t *mine, uint64_t *theirs, uint64_t *results)
{
    for (uint64_t i = 1; i <= rounds(); i++) {
        store(mine, i);
        seen[i] = load(theirs);
        delay();
    }
    for (unsigned i = 1; i <= rounds(); i++)
        results[i] = seen[i];
    return 0;
}

static unsigned check(const uint64_t *r, const uint64_t *s, unsigned a, unsigned b)
{
    unsigned forbidden = 0, changes = 0;

    for (unsigned i = 1; i <= rounds(); i++)
        other[i] = s[i];
    for (unsigned i = 1; i <= rounds(); i++) {
        uint64_t j = r[i] + 1;
        forbidden += j <= rounds() && other[j] < i;
        changes += i > 1 && r[i] != r[i - 1];
    }
    print("store buffering of nodes %u and %u: %u changes seen, forbidden %u\n", a, b, changes, forbidden);
    return forbidden;
}

unsigned test_store_buffering(void)
{
    unsigned forbidden = 0;

    for (unsigned turn = 0; turn < TURNS && nodes > 1; turn++) {
        unsigned n = turn_of(self) == turn ? self : (self + nodes - 1) % nodes, m = (n + 1) % nodes;
        uint64_t *x = page_at(PAGE_LITMUS + 128 + 2 * n), *y = page_at(PAGE_LITMUS + 128 + 2 * n + 1);
        uint64_t *r = page_at(PAGE_RESULTS + 8 + n), *s = page_at(PAGE_RESULTS + 48 + n);
        bool takes_part = turn_of(n) == turn;
        barrier();
        if (takes_part)
            store_buffering(self == n ? x : y, self == n ? y : x, self == n ? r : s);
        barrier();
        if (takes_part && self == n)
            forbidden += check(r, s, n, m);
    }
    return forbidden;
}
