/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * latency.c - how long single things take between nodes: faults of every kind, system calls at the origin,
 * wake-ups, threads, munmap. One process, started on node 0, which so is the home of all its pages; node 1
 * asks, nodes 2 and 3 have copies. At any time only one thread does something: all others wait.
 *
 *     latency [ROUNDS]        1 to 9; 5
 *
 * Prints for each case and round "latency: CASE BEGIN END", in ns of the clock that all nodes share. Both
 * ends are read by a system call, whose time is in all of them: that is the case `nothing`, to be taken off.
 * A round before the first is not printed; in it programs' pages come. tests/bench/kernel-latency makes
 * tables of it. Ends with the number of things that were wrong.
 */
#include "guest-kernel/user/user.h"

enum { NODES = 4, MOST = 9, CASES = 32, PAGES = 512 };
enum { QUIET_NS = 60000, LONG_NS = 200000 }; /* until nothing is under way any more; until a call waits */

/* Of pages: who reads or writes a new page before, and then; digits are nodes. */
static const struct {
    const char *name, *before, *then;
} faults[] = {
    {"untouched-write", "", "1w"},   {"untouched-read", "", "1r"},     {"read-home", "0w", "1r"},
    {"read-owner", "2w", "1r"},      {"home-reads", "2w", "0r"},       {"upgrade-0", "0w1r", "1w"},
    {"upgrade-1", "0w1r2r", "1w"},   {"upgrade-2", "0w1r2r3r", "1w"},  {"write-home-0", "0w", "1w"},
    {"write-home-1", "0w2r", "1w"},  {"write-home-2", "0w2r3r", "1w"}, {"write-owner-0", "2w", "1w"},
    {"write-owner-1", "2w3r", "1w"}, {"home-writes-1", "0w2r", "0w"},  {"home-writes-3", "0w1r2r3r", "0w"},
    {"local-untouched", "", "0w"},
};
enum { FAULTS = sizeof faults / sizeof faults[0] };

struct sample {
    uint64_t begin, end;
};
static struct {
    const char *name;
    struct sample of[MOST];
} results[CASES];
static unsigned cases, wrong;
static struct sample now;

static struct worker {
    _Alignas(PAGE_BYTES) uint32_t orders; /* given so far */
    uint32_t done;
    void (*order)(void);
    struct thread thread;
} workers[NODES];

static uint64_t *mapping;
static volatile uint64_t *volatile page;
static struct {
    _Alignas(PAGE_BYTES) uint32_t word;
} futex;
static struct {
    _Alignas(PAGE_BYTES) struct thread thread;
} child;

/* ---- a thread on each node, which does what it is told ---- */

static void serve(void *argument)
{
    struct worker *w = argument;

    for (uint32_t number = 0;; number++) {
        while (__atomic_load_n(&w->orders, __ATOMIC_SEQ_CST) == number)
            futex_wait(&w->orders, number, 0);
        if (!w->order)
            return;
        w->order();
        __atomic_add_fetch(&w->done, 1, __ATOMIC_SEQ_CST);
        futex_wake(&w->done, 1);
    }
}

static void order(unsigned node, void (*what)(void))
{
    workers[node].order = what;
    __atomic_add_fetch(&workers[node].orders, 1, __ATOMIC_SEQ_CST);
    futex_wake(&workers[node].orders, 1);
}

static void wait_for(unsigned node)
{
    const struct worker *w = &workers[node];
    uint32_t done;

    while ((done = __atomic_load_n(&w->done, __ATOMIC_SEQ_CST)) != w->orders)
        futex_wait(&w->done, done, 0);
}

/* This thread is node 0's. */
static void on(unsigned node, void (*what)(void))
{
    if (node) {
        order(node, what);
        wait_for(node);
    } else {
        what();
    }
}

static void begin_worker(unsigned node)
{
    wrong += thread_create_on(&workers[node].thread, (int)node, serve, &workers[node]) != 0;
}

static void end_worker(unsigned node)
{
    order(node, NULL);
    wrong += thread_join(&workers[node].thread) != 0;
}

/* ---- what they do ---- */

static void read_page(void)
{
    (void)*page;
}

static void write_page(void)
{
    *page = 1;
}

/* What is measured lies between two readings of the clock, and what it needs is there before. */
static void time_nothing(void)
{
    struct sample s;

    sleep_ns(QUIET_NS);
    s.begin = rack_ns();
    s.end = rack_ns();
    now = s;
}

static void time_read(void)
{
    const volatile uint64_t *at = page;
    struct sample s;

    sleep_ns(QUIET_NS);
    s.begin = rack_ns();
    (void)*at;
    s.end = rack_ns();
    now = s;
}

static void time_write(void)
{
    volatile uint64_t *at = page;
    struct sample s;

    sleep_ns(QUIET_NS);
    s.begin = rack_ns();
    *at = 2;
    s.end = rack_ns();
    now = s;
}

static void time_call(void)
{
    struct sample s;

    sleep_ns(QUIET_NS);
    s.begin = rack_ns();
    long result = close(-1);
    s.end = rack_ns();
    wrong += result != -EBADF;
    now = s;
}

/* Touches nothing before the other is awake. */
static void time_wake(void)
{
    sleep_ns(QUIET_NS);
    uint64_t begin = rack_ns();
    long woken = futex_wake(&futex.word, 1);
    sleep_ns(QUIET_NS);
    wrong += woken != 1;
    now.begin = begin;
}

static void wait_futex(void)
{
    long result = futex_wait(&futex.word, 0, 0);
    uint64_t end = rack_ns();

    wrong += result != 0;
    now.end = end;
}

static void born(void *argument)
{
    uint64_t end = rack_ns();

    (void)argument;
    now.end = end;
}

/* ---- cases ---- */

static void keep(const char *name, unsigned round)
{
    unsigned i = 0;

    while (i < cases && strcmp(results[i].name, name) != 0)
        i++;
    if (i == CASES || now.end < now.begin) {
        wrong++;
        return;
    }
    cases = i < cases ? cases : i + 1;
    results[i].name = name;
    if (round)
        results[i].of[round - 1] = now;
}

static void measure_fault(unsigned i, unsigned round)
{
    static unsigned used;

    if (++used == PAGES) { /* the mapping's first page is for workers to get to know it */
        wrong++;
        return;
    }
    page = mapping + used * (PAGE_BYTES / sizeof *mapping);
    for (const char *s = faults[i].before; *s; s += 2)
        on((unsigned)(s[0] - '0'), s[1] == 'w' ? write_page : read_page);
    on((unsigned)(faults[i].then[0] - '0'), faults[i].then[1] == 'w' ? time_write : time_read);
    keep(faults[i].name, round);
}

/* A page that this node has, and may read, but has to look up. */
static void measure_local(unsigned round)
{
    page = map(PAGE_BYTES, PROT_READ | PROT_WRITE);
    write_page();
    wrong += protect((void *)page, PAGE_BYTES, PROT_READ) != 0;
    time_read();
    keep("local-again", round);
    unmap((void *)page, PAGE_BYTES);
}

static void measure_wake(const char *name, unsigned from, unsigned round)
{
    order(1, wait_futex);
    sleep_ns(LONG_NS);
    on(from, time_wake);
    wait_for(1);
    keep(name, round);
}

static void measure_thread(unsigned round)
{
    child.thread.alive = 0; /* its page comes back: node 1 wrote that its last thread had ended */
    sleep_ns(QUIET_NS);
    uint64_t begin = rack_ns();
    long result = thread_create_on(&child.thread, 1, born, NULL);
    uint64_t returned = rack_ns();
    wrong += result != 0;
    wrong += thread_join(&child.thread) != 0;
    now.begin = begin;
    keep("thread-runs", round);
    now.end = returned;
    keep("thread-call", round);
}

/* Of a page that node 1 has written, so that it knows the range. */
static void measure_unmap(const char *protecting, const char *unmapping, unsigned round)
{
    page = map(PAGE_BYTES, PROT_READ | PROT_WRITE);
    on(1, write_page);
    sleep_ns(QUIET_NS);
    now.begin = rack_ns();
    wrong += protect((void *)page, PAGE_BYTES, PROT_READ) != 0;
    now.end = rack_ns();
    keep(protecting, round);
    sleep_ns(QUIET_NS);
    now.begin = rack_ns();
    wrong += unmap((void *)page, PAGE_BYTES) != 0;
    now.end = rack_ns();
    keep(unmapping, round);
}

static void measure(unsigned round)
{
    on(0, time_nothing);
    keep("nothing", round);
    for (unsigned i = 0; i < FAULTS; i++)
        measure_fault(i, round);
    measure_local(round);
    on(1, time_call);
    keep("call", round);
    measure_wake("wake-origin", 0, round);
    measure_wake("wake-other", 2, round);
    measure_thread(round);
    measure_unmap("protect-3", "unmap-3", round);
}

int main(int argc, char **argv)
{
    unsigned self, nodes = node_count(&self), rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 5;

    mapping = map(PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE);
    if (nodes != NODES || self || !rounds || rounds > MOST || (uintptr_t)mapping > (uintptr_t)-4096) {
        print("latency: needs %u nodes, is begun on node 0, takes 1 to %u rounds\n", NODES, MOST);
        return 100;
    }
    begin_worker(1);
    for (unsigned round = 0; round <= rounds; round++)
        measure_unmap("protect-1", "unmap-1", round);
    begin_worker(2);
    begin_worker(3);
    page = mapping;
    for (unsigned node = 0; node < NODES; node++)
        on(node, write_page);
    for (unsigned round = 0; round <= rounds; round++)
        measure(round);
    for (unsigned node = 1; node < NODES; node++)
        end_worker(node);
    for (unsigned i = 0; i < cases; i++)
        for (unsigned round = 0; round < rounds; round++)
            print("latency: %s %lu %lu\n", results[i].name, results[i].of[round].begin,
                  results[i].of[round].end);
    print("latency: %u wrong\n", wrong);
    return (int)wrong;
}
