/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vma_thread.h - the threads of vma_sim.h: what they do, and what they must see. */
#ifndef TESTS_CORE_VMA_THREAD_H
#define TESTS_CORE_VMA_THREAD_H
#include "tests/core/vma_sim.h"

/* It has something to do: its node is alive, and it waits for nothing. */
bool vs_can_run(const struct vs_thread *t);
/* Until it waits, or its step is over, or it has pinned a page and touched it. */
void vs_run(struct vs_thread *t);
/* Begins the call that is the thread's step. */
void vs_call(struct vs_thread *t);
/* Calls at that node, which has crashed, fail. */
void vs_calls_lost(unsigned node);
/* In a larger world: that thread's call has come to the origin; its answer to the thread. */
void vs_call_begins(unsigned thread);
void vs_call_ends(unsigned thread, int status);
/* The space was copied: what is there is as promised. */
void vs_copied(unsigned space);
/* What a page of an area holds at first. */
uint64_t vs_contents(const struct vma_area *a, uint64_t at);
void vs_print_thread(unsigned thread, const char *what);

/* ---- of both files about threads ---- */

static inline unsigned vs_number(const struct vs_thread *t)
{
    return (unsigned)(t - vs.thread);
}

static inline struct vs_node *vs_node_of(const struct vs_thread *t)
{
    return &vs.node[t->node];
}

static inline const struct vs_step *vs_step_of(const struct vs_thread *t)
{
    return &t->script[t->next];
}

static inline void vs_over(struct vs_thread *t, int status)
{
    t->result[t->next++] = (int8_t)status;
    t->state = VS_IDLE;
    t->woken = 0;
}
#endif
