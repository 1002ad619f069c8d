/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * par_shared.c - the parallel programs' environment on nodes that share memory: the program runs on each
 * node, as a process of its own, and each process is one worker. See par.h; user.h has the shared memory.
 * With cluster=on on the command line, or on one node.
 *
 * All nodes make the same calls, so memory is dealt out alike everywhere, from the beginning of the shared
 * memory up. It is zero because nothing was there before: par_end() does not give it back.
 *
 * Who waits for others asks every 5 ms whether their nodes live; if one does not, the process ends, with
 * status 99. A death is known after 22 ms; a question to a node that has gone meanwhile may take as long.
 */
#include "guest-kernel/user/par.h"
#include "guest-kernel/user/user.h"

enum { LOOKS = 256, ASK_NS = 5000000, STATUS_DIED = 99 };

static unsigned self, nodes;
static size_t used;

bool par_start(unsigned workers)
{
    nodes = node_count(&self);
    if (nodes > PAR_WORKERS || (workers && workers != nodes))
        return false;
    void *meeting = par_alloc(PAR_MEETING_BYTES);
    if (!meeting)
        return false;
    par_meet_in(meeting, nodes);
    return true;
}

void par_end(void)
{
    par_barrier(self);
}

bool par_run(void (*work)(unsigned worker))
{
    par_barrier(self);
    work(self);
    par_barrier(self);
    return true;
}

void *par_alloc(size_t bytes)
{
    size_t pages = (bytes + PAR_PAGE - 1) / PAR_PAGE * PAR_PAGE;

    if (pages > SHARED_BYTES - used)
        return NULL;
    used += pages;
    return (char *)SHARED_BEGIN + used - pages;
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

uint64_t par_now_ns(void)
{
    return now_ns();
}

/* What a node says of itself; a dead one says nothing. */
static bool lives(unsigned node)
{
    static char path[] = "/proc/00/meminfo";
    long file;

    path[6] = (char)('0' + node / 10);
    path[7] = (char)('0' + node % 10);
    file = open(path, 0);
    if (file >= 0)
        close((int)file);
    return file >= 0;
}

/* Nobody else waits for this node's processor, and a page that is looked at stays here until it changes. */
void par_relax(void)
{
    static unsigned looks;
    static uint64_t asked;

    if (++looks % LOOKS || now_ns() - asked < ASK_NS)
        return;
    asked = now_ns();
    for (unsigned i = 0; i < nodes; i++)
        if (i != self && !lives(i)) {
            print("par: node %u has died\n", i);
            exit(STATUS_DIED);
        }
}
