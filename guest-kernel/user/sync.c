/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync.c - what threads wait for: mutex, condition, barrier, semaphore, each over futexes, so that who waits
 * takes no time; on one node or several alike. All zero is a good beginning of each but the barrier, which
 * needs its count. See user.h.
 */
#include "guest-kernel/user/user.h"

void mutex_lock(struct mutex *m)
{
    uint32_t was = 0;

    if (__atomic_compare_exchange_n(&m->state, &was, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return;
    while (__atomic_exchange_n(&m->state, 2, __ATOMIC_ACQUIRE))
        futex_wait(&m->state, 2, 0);
}

void mutex_unlock(struct mutex *m)
{
    if (__atomic_exchange_n(&m->state, 0, __ATOMIC_RELEASE) == 2)
        futex_wake(&m->state, 1);
}

/* A signal between unlocking and waiting changes the number, and futex_wait returns at once. */
void condition_wait(struct condition *c, struct mutex *m)
{
    uint32_t number = __atomic_load_n(&c->number, __ATOMIC_ACQUIRE);

    mutex_unlock(m);
    futex_wait(&c->number, number, 0);
    mutex_lock(m);
}

void condition_signal(struct condition *c)
{
    __atomic_add_fetch(&c->number, 1, __ATOMIC_RELEASE);
    futex_wake(&c->number, 1);
}

void condition_broadcast(struct condition *c)
{
    __atomic_add_fetch(&c->number, 1, __ATOMIC_RELEASE);
    futex_wake(&c->number, ALL_THREADS);
}

bool barrier_wait(struct barrier *b)
{
    uint32_t number = __atomic_load_n(&b->number, __ATOMIC_ACQUIRE);

    if (__atomic_add_fetch(&b->arrived, 1, __ATOMIC_ACQ_REL) == b->count) {
        __atomic_store_n(&b->arrived, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&b->number, number + 1, __ATOMIC_RELEASE);
        futex_wake(&b->number, ALL_THREADS);
        return true;
    }
    while (__atomic_load_n(&b->number, __ATOMIC_ACQUIRE) == number)
        futex_wait(&b->number, number, 0);
    return false;
}

void semaphore_down(struct semaphore *s)
{
    for (;;) {
        uint32_t value = __atomic_load_n(&s->value, __ATOMIC_RELAXED);
        while (value)
            if (__atomic_compare_exchange_n(&s->value, &value, value - 1, false, __ATOMIC_ACQUIRE,
                                            __ATOMIC_RELAXED))
                return;
        futex_wait(&s->value, 0, 0);
    }
}

void semaphore_up(struct semaphore *s)
{
    __atomic_add_fetch(&s->value, 1, __ATOMIC_RELEASE);
    futex_wake(&s->value, 1);
}
