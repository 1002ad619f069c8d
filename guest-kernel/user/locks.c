/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * locks.c - what locks and barriers cost between nodes: one process, its threads on the nodes in turn.
 *
 *     locks [THREADS [ROUNDS]]        one a node, 50 each
 *
 * For each case it prints "locks: CASE THREADS threads, N ns": virtual time for an operation of any of them,
 * of a barrier for all. A lock is taken to add to a counter by itself, in a page of its own, and to see that
 * nobody else is inside. Then, for barriers, each thread shows eight times that it has come, and looks at all
 * others. Ends with the number of things that were wrong. tests/bench/kernel-locks makes a table of it.
 *
 *     ping-pong   two threads, to and fro by one word: an operation is there and back
 *     spin        test and set, tested by reading first
 *     ticket      in the order of coming
 *     mutex       user.h's, over futexes
 *     queue       Mellor-Crummey and Scott's: each who waits looks at a page of its own
 *     barrier     user.h's, over futexes
 *     spread      dissemination: log2 rounds in which each tells one other, by pages
 */
#include "guest-kernel/user/user.h"

enum { MOST = 16, STEPS = 4 }; /* threads; 1 << STEPS of them */
enum { CHECKS = 8 };

struct waiter {
    _Alignas(PAGE_BYTES) uint32_t next; /* thread + 1; 0: nobody */
    uint32_t waits;
};
struct flags { /* how often each step's partner has come */
    struct {
        _Alignas(PAGE_BYTES) uint32_t come;
    } of[STEPS];
};

static struct {
    _Alignas(PAGE_BYTES) uint32_t word;
} ball;
static struct {
    _Alignas(PAGE_BYTES) uint32_t taken;
} spin;
static struct {
    _Alignas(PAGE_BYTES) uint32_t next, now;
} ticket;
static struct {
    _Alignas(PAGE_BYTES) struct mutex mutex;
} sleeper;
static struct {
    _Alignas(PAGE_BYTES) uint32_t last; /* thread + 1 */
} queue;
static struct {
    _Alignas(PAGE_BYTES) struct barrier barrier;
} meeting;
static struct {
    _Alignas(PAGE_BYTES) struct barrier barrier; /* before and after each case; is not measured */
} gate;
static struct {
    _Alignas(PAGE_BYTES) volatile uint32_t count, inside;
} guarded;
static struct waiter waiters[MOST];
static struct flags spread[MOST];
static struct worker {
    _Alignas(PAGE_BYTES) struct thread thread;
    uint64_t begin, end;
    uint32_t wrong, episode;
    volatile uint32_t come; /* rounds of a barrier that this one has begun */
} workers[MOST];

static unsigned threads, rounds, selected; /* selected: the case */

/* ---- locks ---- */

static void spin_lock(unsigned self)
{
    (void)self;
    for (;;) {
        if (!__atomic_load_n(&spin.taken, __ATOMIC_RELAXED) &&
            !__atomic_exchange_n(&spin.taken, 1, __ATOMIC_ACQUIRE))
            return;
        yield();
    }
}

static void spin_unlock(unsigned self)
{
    (void)self;
    __atomic_store_n(&spin.taken, 0, __ATOMIC_RELEASE);
}

static void ticket_lock(unsigned self)
{
    uint32_t mine = __atomic_fetch_add(&ticket.next, 1, __ATOMIC_RELAXED);

    (void)self;
    while (__atomic_load_n(&ticket.now, __ATOMIC_ACQUIRE) != mine)
        yield();
}

static void ticket_unlock(unsigned self)
{
    (void)self;
    __atomic_add_fetch(&ticket.now, 1, __ATOMIC_RELEASE);
}

static void sleeper_lock(unsigned self)
{
    (void)self;
    mutex_lock(&sleeper.mutex);
}

static void sleeper_unlock(unsigned self)
{
    (void)self;
    mutex_unlock(&sleeper.mutex);
}

static void queue_lock(unsigned self)
{
    struct waiter *w = &waiters[self];

    __atomic_store_n(&w->next, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&w->waits, 1, __ATOMIC_RELAXED);
    uint32_t before = __atomic_exchange_n(&queue.last, self + 1, __ATOMIC_ACQ_REL);
    if (!before)
        return;
    __atomic_store_n(&waiters[before - 1].next, self + 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&w->waits, __ATOMIC_ACQUIRE))
        yield();
}

static void queue_unlock(unsigned self)
{
    struct waiter *w = &waiters[self];
    uint32_t next = __atomic_load_n(&w->next, __ATOMIC_ACQUIRE), expected = self + 1;

    if (!next) {
        if (__atomic_compare_exchange_n(&queue.last, &expected, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
            return;
        while (!(next = __atomic_load_n(&w->next, __ATOMIC_ACQUIRE)))
            yield();
    }
    __atomic_store_n(&waiters[next - 1].waits, 0, __ATOMIC_RELEASE);
}

/* ---- barriers ---- */

static void meet(unsigned self)
{
    (void)self;
    barrier_wait(&meeting.barrier);
}

static void meet_spread(unsigned self)
{
    uint32_t number = ++workers[self].episode;

    for (unsigned step = 0; 1u << step < threads; step++) {
        unsigned to = (self + (1u << step)) % threads;
        __atomic_store_n(&spread[to].of[step].come, number, __ATOMIC_RELEASE);
        while ((int32_t)(__atomic_load_n(&spread[self].of[step].come, __ATOMIC_ACQUIRE) - number) < 0)
            yield();
    }
}

/* ---- cases ---- */

static void play(unsigned self)
{
    for (uint32_t i = 0; self < 2 && i < rounds; i++) {
        while (__atomic_load_n(&ball.word, __ATOMIC_ACQUIRE) != 2 * i + self)
            yield();
        __atomic_store_n(&ball.word, 2 * i + self + 1, __ATOMIC_RELEASE);
    }
}

static const struct {
    const char *name;
    void (*lock)(unsigned self), (*unlock)(unsigned self); /* a lock */
    void (*wait)(unsigned self);                           /* a barrier */
} cases[] = {
    {"ping-pong", NULL, NULL, NULL},
    {"spin", spin_lock, spin_unlock, NULL},
    {"ticket", ticket_lock, ticket_unlock, NULL},
    {"mutex", sleeper_lock, sleeper_unlock, NULL},
    {"queue", queue_lock, queue_unlock, NULL},
    {"barrier", NULL, NULL, meet},
    {"spread", NULL, NULL, meet_spread},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static void use_lock(struct worker *w, unsigned self)
{
    for (unsigned i = 0; i < rounds; i++) {
        cases[selected].lock(self);
        w->wrong += guarded.inside++ != 0;
        guarded.count++; /* not atomic: a lock that is none loses some */
        w->wrong += --guarded.inside != 0;
        cases[selected].unlock(self);
    }
}

static void use_barrier(unsigned self)
{
    for (uint32_t i = 0; i < rounds; i++)
        cases[selected].wait(self);
}

/* Not measured, as looking costs: nobody is behind when one is through, nor more than one round ahead. */
static void check_barrier(struct worker *w, unsigned self)
{
    for (uint32_t i = 1; i <= CHECKS; i++) {
        w->come = i;
        cases[selected].wait(self);
        for (unsigned k = 0; k < threads; k++)
            w->wrong += workers[k].come != i && workers[k].come != i + 1;
    }
}

static void do_case(struct worker *w)
{
    unsigned self = (unsigned)(w - workers);

    w->come = 0;
    barrier_wait(&gate.barrier); /* thread 0 has selected it */
    w->begin = rack_ns();
    if (cases[selected].lock)
        use_lock(w, self);
    else if (cases[selected].wait)
        use_barrier(self);
    else if (threads > 1)
        play(self);
    w->end = rack_ns();
    if (cases[selected].wait)
        check_barrier(w, self);
    barrier_wait(&gate.barrier);
}

static void work(void *argument)
{
    for (unsigned i = 0; i < CASES; i++)
        do_case(argument);
}

/* Thread 0's, between the gates: what the last case took. */
static unsigned judge(void)
{
    uint64_t begin = UINT64_MAX, end = 0, operations = rounds;
    unsigned wrong = 0;

    for (unsigned i = 0; i < threads; i++) {
        begin = workers[i].begin < begin ? workers[i].begin : begin;
        end = workers[i].end > end ? workers[i].end : end;
        wrong += workers[i].wrong;
        workers[i].wrong = 0;
    }
    if (cases[selected].lock) {
        operations *= threads;
        wrong += guarded.count != operations;
        guarded.count = 0;
    }
    print("locks: %s %u threads, %lu ns%s\n", cases[selected].name, threads,
          (unsigned long)((end - begin) / operations), wrong ? ", WRONG" : "");
    return wrong;
}

int main(int argc, char **argv)
{
    unsigned self, nodes = node_count(&self), wrong = 0;

    threads = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : nodes;
    rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 50;
    if (threads < 1 || threads > MOST || !rounds) {
        print_to(2, "locks: 1 to %d threads\n", MOST);
        return 1;
    }
    meeting.barrier.count = gate.barrier.count = threads;
    for (unsigned i = 1; i < threads; i++)
        if (thread_create_on(&workers[i].thread, (int)(i % nodes), work, &workers[i])) {
            print_to(2, "locks: no thread on node %u\n", i % nodes);
            exit(1);
        }
    for (selected = 0; selected < CASES; selected++) {
        do_case(&workers[0]);
        wrong += judge();
    }
    for (unsigned i = 1; i < threads; i++)
        wrong += thread_join(&workers[i].thread) != 0;
    print("locks: %u wrong\n", wrong);
    return wrong ? 1 : 0;
}
