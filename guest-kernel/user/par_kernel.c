/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * par_kernel.c - the parallel programs' environment in one process: its threads, each on the node of its
 * number modulo the number of nodes; worker 0 is the thread that calls par_run(). See par.h.
 *
 * Memory is the process's; a worker's own share moves to its node when it is first written. If a node dies
 * during par_run(), whoever waits for its workers at a meeting ends the process, with status 99.
 */
#include "guest-kernel/user/par.h"
#include "guest-kernel/user/user.h"

enum { ALLOCATIONS = 16, STATUS_DIED = 99 };
enum { WAIT, GO, GIVE_UP };

static struct {
    void *at;
    size_t bytes;
} memory[ALLOCATIONS];
static unsigned allocations;
static struct worker {
    struct thread thread;
    void (*work)(unsigned worker);
    unsigned number;
} worker[PAR_WORKERS];
static uint32_t gate;

bool par_start(unsigned workers)
{
    unsigned self, nodes = node_count(&self);
    void *meeting = par_alloc(PAR_MEETING_BYTES);

    workers = workers ? workers : nodes;
    if (!meeting || workers > PAR_WORKERS) {
        par_end();
        return false;
    }
    par_meet_in(meeting, workers);
    return true;
}

void par_end(void)
{
    for (; allocations; allocations--)
        unmap(memory[allocations - 1].at, memory[allocations - 1].bytes);
}

static void begin(void *argument)
{
    const struct worker *w = argument;

    while (__atomic_load_n(&gate, __ATOMIC_SEQ_CST) == WAIT)
        futex_wait(&gate, WAIT, 0);
    if (__atomic_load_n(&gate, __ATOMIC_SEQ_CST) == GO)
        w->work(w->number);
}

bool par_run(void (*work)(unsigned worker))
{
    unsigned self, nodes = node_count(&self), made = 1;

    __atomic_store_n(&gate, WAIT, __ATOMIC_SEQ_CST);
    for (; made < par_count(); made++) {
        worker[made].work = work;
        worker[made].number = made;
        if (thread_create_on(&worker[made].thread, (int)(made % nodes), begin, &worker[made]) < 0)
            break;
    }
    bool all = made == par_count();
    __atomic_store_n(&gate, all ? GO : GIVE_UP, __ATOMIC_SEQ_CST);
    futex_wake(&gate, ALL_THREADS);
    if (all)
        work(0);
    while (--made)
        thread_join(&worker[made].thread);
    return all;
}

void *par_private(size_t bytes)
{
    void *m = map(bytes, PROT_READ | PROT_WRITE);

    return (uintptr_t)m > (uintptr_t)-4096 ? NULL : m;
}

void par_private_free(void *m, size_t bytes)
{
    unmap(m, bytes);
}

void *par_alloc(size_t bytes)
{
    void *m = allocations < ALLOCATIONS ? par_private(bytes) : NULL;

    if (m) {
        memory[allocations].at = m;
        memory[allocations++].bytes = bytes;
    }
    return m;
}

uint64_t par_now_ns(void)
{
    return now_ns();
}

/* Another worker may be waiting for this processor; or will never come. */
void par_relax(void)
{
    for (unsigned i = 1; i < par_count(); i++)
        if (thread_died(&worker[i].thread)) {
            print("par: the node of worker %u has died\n", i);
            exit(STATUS_DIED);
        }
    yield();
}
