/* SPDX-License-Identifier: GPL-2.0-or-later */
/* group_internal.h - what group.c, group_origin.c, group_replica.c and group_tree.c share; tests look into
 * it.
 */
#ifndef CORE_GROUP_INTERNAL_H
#define CORE_GROUP_INTERNAL_H
#include "guest-kernel/core/group.h"

enum group_thread_state {
    GROUP_STARTING, /* START is out; op->record is this */
    GROUP_RUNNING,
    GROUP_DEAD,    /* its node is */
    GROUP_BURYING, /* and the owner has been told */
};
struct group_thread {
    struct group_thread *next;
    uint64_t clear_tid;
    int32_t id;
    uint16_t node;
    uint16_t state; /* enum group_thread_state */
};
struct group_child {
    struct group_child *next;
    int32_t id; /* 0: SPAWN is out; op->record is this */
    int32_t status;
    uint32_t ended; /* 1: and not waited for yet */
    uint32_t pad;
};

/* ---- group.c ---- */

/* The next number of this node, if it is not larger than most; 0: there is none. */
int32_t group_number(struct group *g, int32_t most);
bool group_is_dead(const struct group *g, unsigned node);
/* Into the table; the rest of it is 0. */
void group_add(struct group *g, struct group_process *p, int32_t id, int32_t parent);
/* Out of the table and freed. */
void group_remove(struct group *g, struct group_process *p);
/* The process of that id, if this node is its origin (or: has a replica) and it is not gone. */
struct group_process *group_own(const struct group *g, int32_t id);
struct group_process *group_replica(const struct group *g, int32_t id);
void group_send(struct group *g, unsigned to, unsigned type, const struct group_wire *w, const void *what,
                size_t bytes);
/* Sends the question, w->token being set here; op waits. Returns 1. */
int group_ask(struct group *g, unsigned to, unsigned type, struct group_wire *w, const void *what,
              size_t bytes, struct group_op *op);
void group_answer(struct group *g, unsigned to, unsigned type, uint32_t token, int32_t status, int32_t value);
/* op does not wait any more. */
void group_done(struct group *g, struct group_op *op, int32_t status, int32_t value);

/* ---- group_origin.c ---- */

void group_origin_message(struct group *g, unsigned from, unsigned type, const struct group_wire *w);
void group_started(struct group *g, struct group_op *op, int32_t status, int32_t value);
/* The node has died; no operation waits for it any more. */
void group_origin_dead(struct group *g, struct group_process *p, unsigned node);
/* Takes it out of the books. */
void group_thread_out(struct group *g, struct group_process *p, struct group_thread *t);
/* A thread of p is out of the books or off this node: was it the last? */
void group_thread_less(struct group *g, struct group_process *p, int32_t status);
/* Goes if nothing of it is left. */
void group_check(struct group *g, struct group_process *p);

/* ---- group_replica.c ---- */

void group_replica_message(struct group *g, unsigned from, unsigned type, const struct group_wire *w,
                           const void *what, size_t bytes);
void group_joined(struct group *g, struct group_op *op, int32_t status, int32_t value);
/* The origin is dead. */
void group_orphan(struct group *g, struct group_process *p);
/* It is ending, here only. */
void group_stop(struct group *g, struct group_process *p, int32_t status);

/* ---- group_tree.c ---- */

void group_tree_message(struct group *g, unsigned from, unsigned type, const struct group_wire *w,
                        const void *what, size_t bytes);
void group_spawned(struct group *g, struct group_op *op, int32_t status, int32_t value);
/* A new child in the parent's books; id 0: not known yet. NULL: no memory, or too many. */
struct group_child *group_child_add(struct group *g, struct group_process *parent, int32_t id);
void group_child_out(struct group *g, struct group_process *parent, struct group_child *c);
struct group_child *group_child_find(const struct group_process *parent, int32_t id);
/* p has gone: its children have no parent any more; its parent is told. p may be freed. */
void group_mourn(struct group *g, struct group_process *p);
/* Of p's children, those whose origin is that node count as killed. */
void group_tree_dead(struct group *g, struct group_process *p, unsigned node);
#endif
