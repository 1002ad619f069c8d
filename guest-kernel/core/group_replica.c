/* SPDX-License-Identifier: GPL-2.0-or-later */
/* group_replica.c - a process on another node than its origin (group.h). */
#include "guest-kernel/core/group_internal.h"

void group_stop(struct group *g, struct group_process *p, int32_t status)
{
    if (p->ending)
        return;
    p->ending = true;
    p->status = status;
    g->c.stop(g->c.ctx, p);
}

/* The replica, made if need be; NULL: *status and *value say why. */
static struct group_process *make(struct group *g, const struct group_wire *w, const void *what, size_t bytes,
                                  int32_t *status, int32_t *value)
{
    struct group_process *p = group_find(g, w->process);
    if (p) {
        *status = p->ending ? GROUP_EENDING : CORE_OK;
        return p->ending ? NULL : p;
    }
    p = g->c.room(g->c.ctx, w->process);
    *status = CORE_ENOMEM;
    if (!p)
        return NULL;
    group_add(g, p, w->process, w->parent);
    p->replica = true;
    *value = g->c.replica(g->c.ctx, p, what, bytes);
    if (*value >= 0)
        return p;
    *status = GROUP_EREFUSED;
    group_remove(g, p);
    return NULL;
}

static void start(struct group *g, unsigned from, const struct group_wire *w, const void *what, size_t bytes)
{
    int32_t status = CORE_EINVAL, value = 0;
    struct group_process *p = group_origin(g, w->thread) == from && w->process <= g->c.last_id
                                  ? make(g, w, what, bytes, &status, &value)
                                  : NULL;
    if (p) {
        p->threads++; /* begin sees it counted */
        value = g->c.begin(g->c.ctx, p, w->thread, what, bytes);
        status = value < 0 ? GROUP_EREFUSED : CORE_OK;
        if (value < 0)
            p->threads--;
        else
            g->counts.begun++;
    }
    group_answer(g, from, GROUP_STARTED, w->token, status, status == GROUP_EREFUSED ? value : 0);
}

int group_join(struct group *g, struct group_process *p, uint64_t clear_tid, struct group_op *op)
{
    struct group_wire w = {.process = p->id, .clear_tid = clear_tid};
    if (!p->replica)
        return CORE_EINVAL;
    if (p->orphan || p->ending)
        return p->orphan ? CORE_EDEAD : GROUP_EENDING;
    op->process = p;
    return group_ask(g, group_origin(g, p->id), GROUP_JOIN, &w, NULL, 0, op);
}

void group_joined(struct group *g, struct group_op *op, int32_t status, int32_t value)
{
    if (status == CORE_OK && group_origin(g, value) != op->node)
        status = CORE_EINVAL;
    if (status == CORE_OK) {
        op->process->threads++;
        g->counts.begun++;
    }
    group_done(g, op, status, status == CORE_OK || status == GROUP_EREFUSED ? value : 0);
}

void group_replica_message(struct group *g, unsigned from, unsigned type, const struct group_wire *w,
                           const void *what, size_t bytes)
{
    struct group_process *p = group_replica(g, w->process);
    if (type == GROUP_START) {
        start(g, from, w, what, bytes);
    } else if (p) { /* else no START was successful here */
        group_stop(g, p, w->value);
        p->ended |= type == GROUP_ENDED;
        group_check(g, p);
    }
}

void group_orphan(struct group *g, struct group_process *p)
{
    p->orphan = true;
    group_stop(g, p, g->c.killed);
    group_check(g, p);
}
