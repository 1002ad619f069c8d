/* SPDX-License-Identifier: GPL-2.0-or-later */
/* par_host.c - the parallel programs' environment on the host: a thread for each worker. See par.h. */
#include "guest-kernel/user/par.h"
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
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

bool par_start(unsigned workers)
{
    void *meeting = par_alloc(PAR_MEETING_BYTES);

    if (!meeting || workers > PAR_WORKERS)
        return false;
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

    j->work(j->worker);
    return NULL;
}

/* A thread that cannot be made would leave the others waiting; a test cannot go on. */
void par_run(void (*work)(unsigned worker))
{
    pthread_t thread[PAR_WORKERS];

    for (unsigned w = 1; w < par_count(); w++) {
        jobs[w] = (struct job){work, w};
        if (pthread_create(&thread[w], NULL, begin, &jobs[w]))
            abort();
    }
    work(0);
    for (unsigned w = 1; w < par_count(); w++)
        pthread_join(thread[w], NULL);
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

void print(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
}
