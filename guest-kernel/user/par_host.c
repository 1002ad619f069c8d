/* SPDX-License-Identifier: GPL-2.0-or-later */
/* par_host.c - the parallel programs' environment on the host: a thread for each worker. See par.h. */
#include "guest-kernel/user/par.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ALLOCATIONS = 16 };

static void *memory[ALLOCATIONS];
static unsigned allocations;
static struct job {
    void (*work)(unsigned worker);
    unsigned worker;
} jobs[PAR_WORKERS];
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static bool all_there;

bool par_start(unsigned workers)
{
    void *meeting = par_alloc(PAR_MEETING_BYTES);

    if (!meeting || workers > PAR_WORKERS) {
        par_end();
        return false;
    }
    par_meet_in(meeting, workers ? workers : 1);
    return true;
}

void par_end(void)
{
    while (allocations)
        free(memory[--allocations]);
}

static void *begin(void *job)
{
    const struct job *j = job;

    pthread_mutex_lock(&gate); /* until it is known that all are there */
    pthread_mutex_unlock(&gate);
    if (all_there)
        j->work(j->worker);
    return NULL;
}

bool par_run(void (*work)(unsigned worker))
{
    pthread_t thread[PAR_WORKERS];
    unsigned made = 1;

    pthread_mutex_lock(&gate);
    for (; made < par_count(); made++) {
        jobs[made] = (struct job){work, made};
        if (pthread_create(&thread[made], NULL, begin, &jobs[made]))
            break;
    }
    all_there = made == par_count();
    pthread_mutex_unlock(&gate);
    if (all_there)
        work(0);
    while (--made)
        pthread_join(thread[made], NULL);
    return all_there;
}

void *par_private(size_t bytes)
{
    void *m = aligned_alloc(PAR_PAGE, (bytes + PAR_PAGE - 1) / PAR_PAGE * PAR_PAGE);

    return m ? memset(m, 0, bytes) : NULL;
}

void par_private_free(void *m, size_t bytes)
{
    (void)bytes;
    free(m);
}

void *par_alloc(size_t bytes)
{
    return allocations < ALLOCATIONS ? memory[allocations++] = par_private(bytes) : NULL;
}

uint64_t par_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void par_relax(void)
{
    sched_yield();
}
