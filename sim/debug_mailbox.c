/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debug_mailbox.c - the mailbox that the debugger shares with the run and the QEMUs (devices/port/debug.h):
 * made and dropped, and questions to a QEMU. Host time only decides how long an answer is waited for.
 */
#include "sim/debug_rack_internal.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_MS = 3000 };

int64_t rack_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int rack_ask(struct debug_rack *r, unsigned i, uint32_t op)
{
    struct debug_node *n = &r->shared->node[i];
    int64_t limit = rack_now_ms() + ANSWER_MS;

    if (r->node[i].mute)
        return -1;
    n->op = op;
    uint32_t mine = atomic_fetch_add(&n->ask, 1) + 1;
    port_futex_wake(&n->ask, 1); /* partner: serve() in devices/qemu/debug.c */
    for (uint32_t seen; (seen = atomic_load(&n->answered)) != mine;) {
        int64_t left = limit - rack_now_ms();
        if (left <= 0) {
            fprintf(stderr, "cob: QEMU of node %s does not answer the debugger\n", r->scn->nodes[i].name);
            r->node[i].mute = true;
            return -1;
        }
        port_futex_wait(&n->answered, seen, (int)left);
    }
    return n->error ? -1 : 0;
}

void rack_look(struct debug_rack *r, unsigned i)
{
    if (!rack_dead(r, i))
        rack_ask(r, i, DEBUG_LOOK);
}

int rack_map_port(struct debug_rack *r)
{
    int fd;
    struct stat st;

    if (r->port)
        return 0;
    fd = open(r->shared->port_path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && (size_t)st.st_size >= port_size(r->scn->n_nodes)) {
        void *m = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (m != MAP_FAILED) {
            r->port = m;
            r->port_bytes = (size_t)st.st_size;
        }
    }
    close(fd);
    return r->port ? 0 : -1;
}

int rack_open(struct debug_rack *r, bool start_stopped, vtime_t hold_ps, unsigned hold_node)
{
    rack_close(r);
    r->fd = memfd_create("cob-debug", MFD_CLOEXEC);
    if (r->fd < 0 || ftruncate(r->fd, sizeof *r->shared) < 0 || pipe2(r->bell, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
    void *m = mmap(NULL, sizeof *r->shared, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
    if (m == MAP_FAILED)
        return -1;
    r->shared = m;
    snprintf(r->path, sizeof r->path, "/proc/%d/fd/%d", (int)getpid(), r->fd);
    snprintf(r->shared->bell_path, sizeof r->shared->bell_path, "/proc/%d/fd/%d", (int)getpid(), r->bell[1]);
    r->shared->version = DEBUG_VERSION;
    r->shared->size = sizeof *r->shared;
    r->shared->n_nodes = r->scn->n_nodes;
    r->shared->start_stopped = start_stopped;
    r->gentle = false;
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        r->gentle = r->gentle || (rack_has(r, i) && r->scn->nodes[i].cpus > 1);
    r->shared->hold_ps = hold_ps;
    r->shared->hold_one = r->gentle && hold_ps ? 1 + hold_node : 0;
    r->goal_ps = r->gentle ? hold_ps : 0;
    r->goal_node = hold_node;
    r->shared->match_ps = VTIME_NEVER;
    for (unsigned i = 0; i < DEBUG_FAULTS; i++)
        r->shared->fault[i] =
            (struct debug_fault){.begin_ps = VTIME_NEVER, .end_ps = VTIME_NEVER, .hit_ps = VTIME_NEVER};
    if (r->armed_filter && r->plan.kind == PLAN_NONE)
        rack_set_filter(r); /* the first thing that the run is to come to */
    for (unsigned i = 0; i < r->scn->n_nodes; i++) {
        struct rack_node *w = &r->node[i];
        atomic_store(&r->shared->node[i].until_ps, r->goal_ps);
        if (rack_has(r, i))
            r->shared->node[i].pc_register = rack_describe(r, i)->pc_register;
        w->seen = 0;
        w->pending = w->held = w->mute = false;
        if (r->plan.kind == PLAN_NONE || r->plan.kind == PLAN_COUNT || r->plan.kind == PLAN_NTH)
            rack_put_points(r, i);
    }
    debug_gaps_put(r);
    r->n_faults_run = r->scn->n_faults;
    r->shared->magic = DEBUG_MAGIC;
    r->phase = RACK_LAUNCH;
    return 0;
}

void rack_close(struct debug_rack *r)
{
    if (r->port)
        munmap(r->port, r->port_bytes);
    if (r->shared) {
        munmap(r->shared, sizeof *r->shared);
        close(r->fd);
        close(r->bell[0]);
        close(r->bell[1]);
    }
    r->port = NULL;
    r->shared = NULL;
}
