/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_smp.c - several CPUs: all of them run threads at the same time, and what one changes in the address
 * space no other uses any more. On one CPU the same must hold. See usertests.h.
 */
#include "guest-kernel/user/usertests.h"

enum { N = 4, MAX_CPUS = 8, ADDS = 20000, CHANGES = 200, RING_ROUNDS = 100, PAGE = 4096 };

static struct thread threads[MAX_CPUS];
static uint32_t seen, wanted_cpus, stop, counter;

static void stay_until_all_seen(void *argument)
{
    (void)argument;
    while (__atomic_or_fetch(&seen, 1u << cpu_here(), __ATOMIC_SEQ_CST) != wanted_cpus &&
           !__atomic_load_n(&stop, __ATOMIC_RELAXED))
        ;
}

/* As many busy threads as CPUs: soon each CPU has one. */
bool cpus_all(void)
{
    unsigned n = cpu_count();
    uint64_t end = now_ns() + 1000 * MS;

    EXPECT(n >= 1 && n <= MAX_CPUS && cpu_here() < n);
    wanted_cpus = (1u << n) - 1;
    for (unsigned i = 0; i < n; i++)
        EXPECT(thread_create(&threads[i], stay_until_all_seen, NULL) == 0);
    while (__atomic_load_n(&seen, __ATOMIC_SEQ_CST) != wanted_cpus && now_ns() < end)
        sleep_ns(MS);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < n; i++)
        thread_join(&threads[i]);
    print("cpus: %u, those that ran threads: %x\n", n, seen);
    EXPECT(seen == wanted_cpus);
    return true;
}

static void add(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < ADDS; i++)
        __atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED);
}

bool cpus_count(void)
{
    for (unsigned i = 0; i < N; i++)
        EXPECT(thread_create(&threads[i], add, NULL) == 0);
    for (unsigned i = 0; i < N; i++)
        thread_join(&threads[i]);
    EXPECT(counter == N * ADDS);
    return true;
}

static volatile uint32_t *page;

static void write_always(void *argument)
{
    (void)argument;
    for (;;)
        ++*page;
}

/* Others write a page that this thread takes from them. Nobody's write arrives then: they fault. */
static void take_away(bool unmapping)
{
    page = map(PAGE, PROT_READ | PROT_WRITE);
    for (unsigned i = 0; i < N - 1; i++)
        if (thread_create(&threads[i], write_always, NULL) < 0)
            exit(1);
    while (*page < 1000)
        ;
    if (unmapping)
        unmap((void *)(uintptr_t)page, PAGE);
    else
        protect((void *)(uintptr_t)page, PAGE, PROT_READ);
    uint32_t was = unmapping ? 0 : *page;
    for (uint64_t end = now_ns() + 2000 * MS; now_ns() < end;)
        if (!unmapping && *page != was)
            exit(2);
    exit(3);
}

static void take_by_protect(void)
{
    take_away(false);
}

static void take_by_unmap(void)
{
    take_away(true);
}

bool cpus_protect(void)
{
    for (unsigned i = 0; i < 5; i++)
        EXPECT(status_of(take_by_protect) == SIGSEGV);
    return true;
}

bool cpus_unmap(void)
{
    for (unsigned i = 0; i < 5; i++)
        EXPECT(status_of(take_by_unmap) == SIGSEGV);
    return true;
}

static void read_rising(void *argument)
{
    uint32_t *fell = argument, last = 0;

    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        uint32_t now = *page;
        *fell += now < last;
        last = now;
    }
}

/* Others read a page that is written and protected in turn. */
bool cpus_change(void)
{
    static uint32_t fell[N - 1];

    page = map(PAGE, PROT_READ | PROT_WRITE);
    for (unsigned i = 0; i < N - 1; i++)
        EXPECT(thread_create(&threads[i], read_rising, &fell[i]) == 0);
    for (unsigned i = 1; i <= CHANGES; i++) {
        *page = i;
        EXPECT(protect((void *)(uintptr_t)page, PAGE, PROT_READ) == 0);
        EXPECT(*page == i);
        EXPECT(protect((void *)(uintptr_t)page, PAGE, PROT_READ | PROT_WRITE) == 0);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < N - 1; i++) {
        thread_join(&threads[i]);
        EXPECT(!fell[i]);
    }
    return true;
}

static uint32_t baton;

static void pass_on(void *argument)
{
    uint32_t self = (uint32_t)(uintptr_t)argument, now;

    for (unsigned i = 0; i < RING_ROUNDS; i++) {
        while ((now = __atomic_load_n(&baton, __ATOMIC_ACQUIRE)) % N != self)
            futex_wait(&baton, now, 0);
        __atomic_store_n(&baton, now + 1, __ATOMIC_RELEASE);
        futex_wake(&baton, N);
    }
}

/* One after the other, each asleep until the one before has woken it. */
bool cpus_ring(void)
{
    for (unsigned i = 0; i < N; i++)
        EXPECT(thread_create(&threads[i], pass_on, (void *)(uintptr_t)i) == 0);
    for (unsigned i = 0; i < N; i++)
        thread_join(&threads[i]);
    EXPECT(baton == N * RING_ROUNDS);
    return true;
}
