/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shared.c - memory that all nodes share: runs on each of them, and ends with the number of things that are
 * wrong. See shared.h.
 */
#include "guest-kernel/user/shared.h"

enum { INCREMENTS = 300, ROUND_TRIPS = 200, WORDS = PAGE_BYTES / sizeof(uint64_t) };

unsigned self, nodes;

void barrier(void)
{
    static uint64_t generation;
    uint64_t *arrived = page_at(PAGE_BARRIER), *open = page_at(PAGE_BARRIER + 1);

    generation++;
    if (__atomic_add_fetch(arrived, 1, __ATOMIC_SEQ_CST) == generation * nodes)
        store(open, generation);
    while (load(open) < generation)
        ;
}

/*
 * One page for each way in which a page comes to a node; the run's trace has the messages of each. Roles: the
 * home, node 0; a and b, other nodes.
 */
static unsigned test_cases(void)
{
    unsigned a = 1 % nodes, b = 2 % nodes, wrong = 0;
    uint64_t *from_home = page_at(PAGE_CASES * nodes), *from_owner = page_at((PAGE_CASES + 1) * nodes),
             *upgrade = page_at((PAGE_CASES + 2) * nodes), *write = page_at((PAGE_CASES + 3) * nodes);

    if (self == 0)
        store(from_home, 1);
    if (self == a) {
        store(from_owner, 2);
        store(upgrade, 3);
        store(write, 4);
    }
    barrier();
    if (self == a)
        wrong += load(from_home) != 1; /* the home has it */
    if (self == b) {
        wrong += load(from_owner) != 2; /* a has it */
        wrong += load(upgrade) != 3;
        store(upgrade, 5); /* a has a copy, too */
        store(write, 6);   /* a has it */
    }
    barrier();
    if (self == a)
        wrong += load(upgrade) != 5 || load(write) != 6;
    return wrong;
}

static void lock(uint64_t *l)
{
    while (__atomic_exchange_n(l, 1, __ATOMIC_SEQ_CST))
        while (load(l))
            ;
}

/* Not atomic, but under a lock, and lock and counter are on different pages; and an atomic one. */
static unsigned test_counter(void)
{
    uint64_t *l = page_at(PAGE_LOCK), *counter = page_at(PAGE_COUNTER);

    for (unsigned i = 0; i < INCREMENTS / nodes; i++) {
        lock(l);
        counter[0]++;
        store(l, 0);
        __atomic_fetch_add(&counter[1], 1, __ATOMIC_SEQ_CST);
    }
    barrier();
    uint64_t want = (uint64_t)(INCREMENTS / nodes * nodes);
    print("counter: %lu under a lock, %lu atomic, of %lu\n", load(&counter[0]), load(&counter[1]), want);
    return (load(&counter[0]) != want) + (load(&counter[1]) != want);
}

/* Nodes 0 and 1 take a word in turn. */
static unsigned test_ping_pong(void)
{
    uint64_t *word = page_at(PAGE_PINGPONG), begin = now_ns(), value = self;

    if (self > 1 || nodes < 2)
        return 0;
    for (unsigned i = 0; i < ROUND_TRIPS; i++, value += 2) {
        while (load(word) != value)
            ;
        store(word, value + 1);
    }
    print("ping-pong: %lu ns per round trip\n", (now_ns() - begin) / ROUND_TRIPS);
    return 0;
}

static uint64_t element(uint64_t i)
{
    return i * 2654435761u ^ i >> 3;
}

/* Node 0 fills an array, each node sums a part of it, all add the sums. */
static unsigned test_sum(void)
{
    uint64_t *array = page_at(PAGE_ARRAY), n = (uint64_t)ARRAY_PAGES * WORDS, want = 0, got = 0, part = 0;

    for (uint64_t i = 0; i < n; i++) {
        want += element(i);
        if (self == 0)
            array[i] = element(i);
    }
    barrier();
    for (uint64_t i = n * self / nodes; i < n * (self + 1) / nodes; i++)
        part += array[i];
    store((uint64_t *)page_at(PAGE_SUMS) + self, part);
    barrier();
    for (unsigned i = 0; i < nodes; i++)
        got += load((uint64_t *)page_at(PAGE_SUMS) + i);
    print("sum: %lx, part %lx\n", got, part);
    return got != want;
}

/* The kernel reads and writes such memory for a program, and refuses to wait on it. */
static unsigned test_calls(void)
{
    char *text = page_at(PAGE_RESULTS);
    unsigned wrong = 0;

    if (self == 0)
        memcpy(text, "calls: written by the kernel from a shared page\n", 49);
    barrier();
    wrong += write(1, text, 48) != 48;
    wrong += futex_wake(page_at(PAGE_RESULTS), 1) >= 0;
    return wrong;
}

static const struct {
    const char *name;
    unsigned (*test)(void);
} tests[] = {
    {"cases", test_cases},
    {"counter", test_counter},
    {"ping-pong", test_ping_pong},
    {"message-passing", test_message_passing},
    {"store-buffering", test_store_buffering},
    {"sum", test_sum},
    {"calls", test_calls},
};

int main(int argc, char **argv)
{
    unsigned wrong = 0, n = sizeof tests / sizeof tests[0];

    (void)argc;
    (void)argv;
    nodes = node_count(&self);
    print("shared: node %u of %u\n", self, nodes);
    for (unsigned i = 0; i < n; i++) {
        barrier();
        unsigned w = tests[i].test();
        print("%s %s\n", w ? "FAIL" : "PASS", tests[i].name);
        wrong += w;
    }
    barrier();
    print("shared: %u wrong\n", wrong);
    return wrong < 100 ? (int)wrong : 100;
}
