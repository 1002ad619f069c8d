/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coherence_threads.c - which threads run where, and what they may do there (docs/coherence.md has the
 * rules).
 *
 * Kept are the threads that run, by node and number, and what is known of processes: on which node each
 * began, and which one decides on its futexes. When the node is gone on which a process began, its numbers
 * may be given anew, while threads of it still run elsewhere: those are orphans then, and nobody's double.
 */
#include "sim/coherence_internal.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct running {
    uint32_t thread, process;
    uint8_t node;
    bool orphan, used;
};
struct process {
    uint32_t number;
    uint8_t origin, futexes; /* nodes, or COHERENCE_NOBODY */
    bool used;
};

/* ---- the threads that run ---- */

static size_t home_of(const struct coherence *c, unsigned node, uint32_t thread)
{
    return coherence_hash((uint64_t)node << 32 | thread) & (c->cap_running - 1);
}

/* The place of the thread, or the free one where it would be; cap_running is not 0. */
static struct running *place(const struct coherence *c, unsigned node, uint32_t thread)
{
    size_t i = home_of(c, node, thread);

    while (c->running[i].used && (c->running[i].thread != thread || c->running[i].node != node))
        i = (i + 1) & (c->cap_running - 1);
    return &c->running[i];
}

static struct running *find(const struct coherence *c, unsigned node, uint32_t thread)
{
    struct running *t = c->cap_running ? place(c, node, thread) : NULL;

    return t && t->used ? t : NULL;
}

static void grow(struct coherence *c)
{
    struct running *old = c->running;
    size_t cap = c->cap_running;

    c->cap_running = cap ? 2 * cap : 64;
    c->running = calloc(c->cap_running, sizeof *c->running);
    assert(c->running);
    for (size_t i = 0; i < cap; i++)
        if (old[i].used)
            *place(c, old[i].node, old[i].thread) = old[i];
    free(old);
}

static void add(struct coherence *c, struct running t)
{
    if (2 * (c->n_running + 1) > c->cap_running)
        grow(c);
    *place(c, t.node, t.thread) = t;
    c->n_running++;
}

/* Whoever stands behind it and could stand here or before moves up, so that no search ends too early. */
static void take_out(struct coherence *c, struct running *t)
{
    size_t mask = c->cap_running - 1, hole = (size_t)(t - c->running);

    for (size_t i = (hole + 1) & mask; c->running[i].used; i = (i + 1) & mask) {
        size_t home = home_of(c, c->running[i].node, c->running[i].thread);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            c->running[hole] = c->running[i];
            hole = i;
        }
    }
    c->running[hole].used = false;
    c->n_running--;
}

/* ---- processes ---- */

static struct process *process_place(const struct coherence *c, uint32_t number)
{
    size_t i = coherence_hash(number) & (c->cap_processes - 1);

    while (c->processes[i].used && c->processes[i].number != number)
        i = (i + 1) & (c->cap_processes - 1);
    return &c->processes[i];
}

static struct process *process(struct coherence *c, uint32_t number)
{
    if (2 * (c->n_processes + 1) > c->cap_processes) {
        struct process *old = c->processes;
        size_t cap = c->cap_processes;
        c->cap_processes = cap ? 2 * cap : 64;
        c->processes = calloc(c->cap_processes, sizeof *c->processes);
        assert(c->processes);
        for (size_t i = 0; i < cap; i++)
            if (old[i].used)
                *process_place(c, old[i].number) = old[i];
        free(old);
    }
    struct process *p = process_place(c, number);
    if (!p->used) {
        *p = (struct process){number, COHERENCE_NOBODY, COHERENCE_NOBODY, true};
        c->n_processes++;
    }
    return p;
}

/* ---- judging ---- */

/* Another node that runs a thread of this number; NULL: none. This one counts, too. */
static const struct running *runs_already(const struct coherence *c, uint32_t thread)
{
    for (unsigned i = 0; i < c->n_nodes; i++) {
        const struct running *t = find(c, i, thread);
        if (t && !t->orphan)
            return t;
    }
    return NULL;
}

static void begins(struct coherence *c, const struct change *e)
{
    const struct running *other = runs_already(c, e->thread.thread);
    uint32_t thread = e->thread.thread, number = e->thread.process;
    const char *name = c->names[e->node];

    c->counts.threads++;
    if (other) {
        coherence_contradiction(c, COHERENCE_THREAD_TWICE, e->at,
                                "thread %" PRIu32 " of process %" PRIu32 " begins on %s while thread %" PRIu32
                                " of process %" PRIu32 " runs on %s",
                                thread, number, name, thread, other->process, c->names[other->node]);
        return;
    }
    if (c->n_running == c->limits.threads || c->n_processes == c->limits.threads) {
        coherence_contradiction(c, COHERENCE_TOO_MUCH, e->at,
                                "%s begins one thread more than the %zu that can be followed", name,
                                c->limits.threads);
        return;
    }
    struct process *p = process(c, number);
    if (thread == number) /* its first one: the process is new, whatever had its number before */
        *p = (struct process){number, e->node, COHERENCE_NOBODY, true};
    if (p->origin != COHERENCE_NOBODY && c->held_dead[e->node] & coherence_bit(p->origin)) {
        coherence_contradiction(c, COHERENCE_THREAD_LATE, e->at,
                                "thread %" PRIu32 " of process %" PRIu32
                                " begins on %s, which holds %s for dead, where the process began",
                                thread, number, name, c->names[p->origin]);
        return;
    }
    struct running *orphan = find(c, e->node, thread);
    if (orphan)
        take_out(c, orphan);
    add(c, (struct running){thread, number, e->node, false, true});
}

/* A thread ends, or calls, where it does not run, or not for that process. NULL: reported. */
static struct running *must_run(struct coherence *c, const struct change *e, const char *does)
{
    struct running *t = find(c, e->node, e->thread.thread);
    const struct running *other = t ? t : runs_already(c, e->thread.thread);

    if (t && t->process == e->thread.process)
        return t;
    coherence_contradiction(c, COHERENCE_THREAD_ELSEWHERE, e->at,
                            "thread %" PRIu32 " of process %" PRIu32 " %s on %s, but %s%s", e->thread.thread,
                            e->thread.process, does, c->names[e->node],
                            !other ? "does not run"
                            : t    ? "is of another process there"
                                   : "runs on ",
                            other && !t ? c->names[other->node] : "");
    return NULL;
}

static void futex(struct coherence *c, const struct change *e)
{
    if (c->n_processes == c->limits.threads) {
        coherence_contradiction(c, COHERENCE_TOO_MUCH, e->at,
                                "%s speaks of one process more than the %zu that can be followed",
                                c->names[e->node], c->limits.threads);
        return;
    }
    struct process *p = process(c, e->thread.process);

    if (p->futexes == COHERENCE_NOBODY)
        p->futexes = e->node;
    else if (p->futexes != e->node)
        coherence_contradiction(c, COHERENCE_FUTEX_TWICE, e->at,
                                "%s decides on a futex of process %" PRIu32 ", whose futexes are %s's",
                                c->names[e->node], e->thread.process, c->names[p->futexes]);
}

void coherence_judge_thread(struct coherence *c, const struct change *e)
{
    uint64_t member = e->kind == CHANGE_MEMBER ? coherence_bit(e->member.node) : 0;
    struct running *t;

    switch (e->kind) {
    case CHANGE_BEGINS:
        begins(c, e);
        break;
    case CHANGE_ENDS:
        t = must_run(c, e, "ends");
        if (t)
            take_out(c, t);
        break;
    case CHANGE_CALL:
        must_run(c, e, "calls");
        break;
    case CHANGE_FUTEX:
        futex(c, e);
        break;
    default:
        c->held_dead[e->node] &= ~member;
        c->held_dead[e->node] |= e->member.dead ? member : 0;
    }
}

void coherence_threads_gone(struct coherence *c, unsigned node)
{
    struct running *old = c->running;
    size_t cap = c->cap_running;

    c->running = NULL;
    c->n_running = c->cap_running = 0;
    for (size_t i = 0; i < cap; i++) {
        struct running t = old[i];
        if (!t.used || t.node == node)
            continue;
        const struct process *p = process_place(c, t.process);
        t.orphan |= !p->used || p->origin == node || p->origin == COHERENCE_NOBODY;
        add(c, t);
    }
    free(old);
    for (size_t i = 0; i < c->cap_processes; i++) {
        struct process *p = &c->processes[i];
        if (p->used && (p->origin == node || p->futexes == node))
            p->origin = p->futexes = COHERENCE_NOBODY;
    }
    c->held_dead[node] = 0;
}

void coherence_threads_forget(struct coherence *c)
{
    free(c->running);
    free(c->processes);
    c->running = NULL;
    c->processes = NULL;
    c->n_running = c->cap_running = c->n_processes = c->cap_processes = 0;
    memset(c->held_dead, 0, sizeof c->held_dead);
}
