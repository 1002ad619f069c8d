/* SPDX-License-Identifier: GPL-2.0-or-later */
/* thread.c - threads with stacks of their own, and a mutex over futexes. */
#include "guest-kernel/user/user.h"

long thread_create(struct thread *t, void (*function)(void *argument), void *argument)
{
    t->stack = map(STACK_BYTES, PROT_READ | PROT_WRITE);
    if ((uintptr_t)t->stack > (uintptr_t)-4096)
        return (long)t->stack;
    t->alive = 1; /* the kernel clears it and wakes whoever joins */
    long id = thread_start(function, argument, (char *)t->stack + STACK_BYTES, &t->alive);
    if (id < 0)
        unmap(t->stack, STACK_BYTES);
    return id < 0 ? id : 0;
}

void thread_join(struct thread *t)
{
    while (__atomic_load_n(&t->alive, __ATOMIC_ACQUIRE))
        futex_wait(&t->alive, 1, 0);
    unmap(t->stack, STACK_BYTES);
}

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
