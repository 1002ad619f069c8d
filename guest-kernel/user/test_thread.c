/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_thread.c - threads, futexes, time; see usertests.h. */
#include "guest-kernel/user/usertests.h"

enum { THREADS = 8, ROUNDS = 500 };

static struct thread threads[THREADS];
static long ids[THREADS];
static volatile int shared;

static void note_id(void *argument)
{
    long *id = argument;
    *id = gettid();
}

bool threads_share(void)
{
    for (unsigned i = 0; i < THREADS; i++)
        EXPECT(thread_create(&threads[i], note_id, &ids[i]) == 0);
    for (unsigned i = 0; i < THREADS; i++)
        thread_join(&threads[i]);
    for (unsigned i = 0; i < THREADS; i++) {
        EXPECT(ids[i] > 0 && ids[i] != gettid());
        for (unsigned j = 0; j < i; j++)
            EXPECT(ids[i] != ids[j]);
    }
    return true;
}

bool threads_cloned(void)
{
    for (unsigned i = 0; i < THREADS; i++)
        EXPECT(thread_create_here(&threads[i], note_id, &ids[i]) == 0);
    for (unsigned i = 0; i < THREADS; i++)
        EXPECT(thread_join(&threads[i]) == 0 && ids[i] > 0 && ids[i] != gettid());
    return true;
}

static struct mutex mutex;

static void count(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        mutex_lock(&mutex);
        int seen = shared;
        if (i % 16 == 0)
            yield(); /* somebody else tries meanwhile */
        shared = seen + 1;
        mutex_unlock(&mutex);
    }
}

bool mutex_counts(void)
{
    shared = 0;
    for (unsigned i = 0; i < THREADS; i++)
        EXPECT(thread_create(&threads[i], count, NULL) == 0);
    for (unsigned i = 0; i < THREADS; i++)
        thread_join(&threads[i]);
    EXPECT(shared == THREADS * ROUNDS);
    return true;
}

bool futex_timeout(void)
{
    static uint32_t word = 3;
    uint64_t begin = now_ns();

    EXPECT(futex_wait(&word, 4, 0) == -EAGAIN);
    EXPECT(futex_wait(&word, 3, 5 * MS) == -ETIMEDOUT);
    uint64_t took = now_ns() - begin;
    EXPECT(took >= 5 * MS);
    EXPECT(futex_wake(&word, 1) == 0);
    EXPECT(futex_wait((uint32_t *)8, 0, 0) == -EFAULT);
    return true;
}

static void set_shared(void *argument)
{
    (void)argument;
    shared = 1;
}

/* A thread that never calls the kernel does not keep the others from running. */
bool preemption(void)
{
    shared = 0;
    EXPECT(thread_create(&threads[0], set_shared, NULL) == 0);
    while (!shared)
        ;
    thread_join(&threads[0]);
    return true;
}

bool sleep_is_exact(void)
{
    for (uint64_t ns = 1000; ns <= 10 * MS; ns *= 10) {
        uint64_t begin = now_ns();
        sleep_ns(ns);
        EXPECT(now_ns() - begin >= ns);
    }
    return true;
}

static _Thread_local char odd = 3;
static _Thread_local uint64_t own = 5, zero[4];

/* 0: what a new thread has is not as it should be; else the sum of what it left there. */
static void use_own(void *argument)
{
    long *sum = argument;

    if (own != 5 || odd != 3 || zero[0] || zero[3] || (uintptr_t)&own % sizeof own)
        return;
    own = (uint64_t)*sum;
    yield();
    zero[3] = own + (uint64_t)odd;
    yield();
    *sum = (long)(own + zero[3]);
}

bool thread_locals(void)
{
    own = 1000;
    for (unsigned i = 0; i < THREADS; i++) {
        ids[i] = (long)i + 1;
        EXPECT(thread_create(&threads[i], use_own, &ids[i]) == 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        thread_join(&threads[i]);
        EXPECT(ids[i] == 2 * ((long)i + 1) + 3);
    }
    EXPECT(own == 1000 && odd == 3 && zero[3] == 0);
    return true;
}
