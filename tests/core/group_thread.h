/* SPDX-License-Identifier: GPL-2.0-or-later */
/* group_thread.h - what the files of group_sim.h share. */
#ifndef TESTS_CORE_GROUP_THREAD_H
#define TESTS_CORE_GROUP_THREAD_H
#include "tests/core/group_sim.h"

enum { GS_REFUSE_BEGIN = -11, GS_REFUSE_LOAD = -12, GS_CLEAR_TID = 0x1000 };

/* ---- group_reference.c ---- */

/* Something is wrong; told by the next gs_check. */
void gs_wrong(const char *what);
/* Memory, room or an owner is not there now, by chance. */
bool gs_fails(void);
void gs_id_given(int32_t id, unsigned node, unsigned program);
void gs_process_made(const struct group_process *p, unsigned node, unsigned program);
/* Something ends it, of which the origin has just heard; too late if no thread is left, only work. */
void gs_truth_end(int32_t id, int32_t status);
/* Its last thread left so, or may have. */
void gs_truth_left(int32_t id, int32_t status);

/* ---- group_node.c ---- */

void gs_node_start(struct gs_node *n, unsigned number, const struct gs_limits *l);
static inline struct gs_body *gs_body_of(const struct group_process *p)
{
    return (struct gs_body *)p; /* its first member */
}
static inline unsigned gs_body_index(const struct gs_node *n, const struct group_process *p)
{
    return (unsigned)(gs_body_of(p) - n->body);
}

/* ---- group_thread.c ---- */

/* Its slot; GS_NONE: there is no room. */
unsigned gs_thread_add(struct gs_node *n, const struct group_process *p, int32_t id, unsigned program,
                       bool begun);
/* Its next step. late: it was in the kernel when the end came, and goes on. */
void gs_run(struct gs_node *n, struct gs_thread *t, bool late);
bool gs_can_act(const struct gs_node *n, const struct gs_thread *t);
/* Some step besides leaving is left to it. */
bool gs_can_be_late(const struct gs_node *n, const struct gs_thread *t);
#endif
