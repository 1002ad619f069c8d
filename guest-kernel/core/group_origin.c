/* SPDX-License-Identifier: GPL-2.0-or-later */
/* group_origin.c - a process at its origin: all its threads, wherever they are, and its end (group.h). */
#include "guest-kernel/core/group_internal.h"

static struct group_thread *thread_find(const struct group_process *p, int32_t id)
{
    struct group_thread *t = p->threads_elsewhere;
    while (t && t->id != id)
        t = t->next;
    return t;
}

/* NULL: no memory, no number, or too many. */
static struct group_thread *thread_add(struct group *g, struct group_process *p, unsigned node,
                                       uint64_t clear_tid, enum group_thread_state state)
{
    struct group_thread *t = p->elsewhere < g->c.elsewhere ? g->c.env->alloc(g->c.env->ctx, sizeof *t) : NULL;
    int32_t id = t ? group_number(g, INT32_MAX) : 0;
    if (!id) {
        if (t)
            g->c.env->free(g->c.env->ctx, t, sizeof *t);
        return NULL;
    }
    *t = (struct group_thread){p->threads_elsewhere, clear_tid, id, (uint16_t)node, (uint16_t)state};
    p->threads_elsewhere = t;
    p->elsewhere++;
    return t;
}

void group_thread_out(struct group *g, struct group_process *p, struct group_thread *t)
{
    struct group_thread **at = &p->threads_elsewhere;
    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    p->elsewhere--;
    g->c.env->free(g->c.env->ctx, t, sizeof *t);
}

/* ---- the end ---- */

static void tell(struct group *g, const struct group_process *p, unsigned type)
{
    const struct group_wire w = {.process = p->id, .value = p->status};
    for (uint64_t left = p->nodes; left; left &= left - 1)
        group_send(g, core_first(left), type, &w, NULL, 0);
}

void group_check(struct group *g, struct group_process *p)
{
    if (p->threads || p->elsewhere || p->held || p->zombie)
        return;
    if (p->replica) {
        if (!p->orphan && !p->ended)
            return;
        g->c.gone(g->c.ctx, p);
        group_remove(g, p);
        return;
    }
    g->c.gone(g->c.ctx, p);
    tell(g, p, GROUP_ENDED);
    group_mourn(g, p);
}

void group_thread_less(struct group *g, struct group_process *p, int32_t status)
{
    if (!p->threads && !p->elsewhere && !p->replica)
        group_end(g, p, status);
    group_check(g, p);
}

void group_end(struct group *g, struct group_process *p, int32_t status)
{
    const struct group_wire w = {.process = p->id, .value = status};
    if (p->ending)
        return;
    group_stop(g, p, status);
    if (p->replica)
        group_send(g, group_origin(g, p->id), GROUP_ENDING, &w, NULL, 0);
    else
        tell(g, p, GROUP_ENDING);
}

void group_left(struct group *g, struct group_process *p, int32_t thread, int32_t status)
{
    const struct group_wire w = {.process = p->id, .thread = thread, .value = status};
    p->threads--;
    if (p->replica) {
        g->counts.left++;
        group_send(g, group_origin(g, p->id), GROUP_LEFT, &w, NULL, 0);
    }
    group_thread_less(g, p, status);
}

void group_hold(struct group_process *p)
{
    p->held++;
}

void group_release(struct group *g, struct group_process *p)
{
    p->held--;
    group_check(g, p);
}

/* ---- threads begin ---- */

int32_t group_thread(struct group *g, struct group_process *p)
{
    if (p->replica || p->ending)
        return p->replica ? CORE_EINVAL : GROUP_EENDING;
    int32_t id = group_number(g, INT32_MAX);
    if (!id)
        return CORE_ENOMEM;
    p->threads++;
    return id;
}

static int start_here(struct group *g, struct group_process *p, const void *what, size_t bytes,
                      struct group_op *op)
{
    int32_t id = group_thread(g, p);
    if (id < 0)
        return id;
    op->value = g->c.begin(g->c.ctx, p, id, what, bytes);
    if (op->value < 0) {
        p->threads--;
        return GROUP_EREFUSED;
    }
    op->value = id;
    return CORE_OK;
}

int group_start(struct group *g, struct group_process *p, unsigned node, const void *what, size_t bytes,
                uint64_t clear_tid, struct group_op *op)
{
    if (p->replica || node >= g->c.nodes)
        return CORE_EINVAL;
    if (node == g->c.self)
        return start_here(g, p, what, bytes, op);
    if (p->ending)
        return GROUP_EENDING; /* it would begin where nobody says any more that it has to end */
    if (group_is_dead(g, node))
        return CORE_EDEAD;
    struct group_thread *t = thread_add(g, p, node, clear_tid, GROUP_STARTING);
    if (!t)
        return CORE_ENOMEM;
    struct group_wire w = {.process = p->id, .parent = p->parent, .thread = t->id};
    p->nodes |= core_bit(node);
    op->process = p;
    op->record = t;
    return group_ask(g, node, GROUP_START, &w, what, bytes, op);
}

void group_started(struct group *g, struct group_op *op, int32_t status, int32_t value)
{
    struct group_process *p = op->process;
    struct group_thread *t = op->record;
    if (status == CORE_OK) {
        t->state = GROUP_RUNNING;
        group_done(g, op, CORE_OK, t->id);
        return;
    }
    group_thread_out(g, p, t);
    group_done(g, op, status, value);
    group_thread_less(g, p, 0);
}

static void join(struct group *g, unsigned from, const struct group_wire *w)
{
    struct group_process *p = group_own(g, w->process);
    struct group_thread *t = NULL;
    int32_t status = !p || !(p->nodes & core_bit(from)) ? GROUP_ENONE
                     : p->ending                        ? GROUP_EENDING
                                                        : CORE_ENOMEM;
    if (status == CORE_ENOMEM)
        t = thread_add(g, p, from, w->clear_tid, GROUP_RUNNING);
    group_answer(g, from, GROUP_JOINED, w->token, t ? CORE_OK : status, t ? t->id : 0);
}

/* ---- messages ---- */

void group_origin_message(struct group *g, unsigned from, unsigned type, const struct group_wire *w)
{
    struct group_process *p = group_own(g, w->process);
    if (type == GROUP_JOIN) {
        join(g, from, w);
    } else if (type == GROUP_ENDING) {
        if (p && (p->nodes & core_bit(from)))
            group_end(g, p, w->value);
    } else {
        struct group_thread *t = p ? thread_find(p, w->thread) : NULL;
        if (!t || t->node != from || t->state != GROUP_RUNNING) {
            g->counts.bad++;
            return;
        }
        group_thread_out(g, p, t);
        group_thread_less(g, p, w->value);
    }
}

/* ---- nodes that died ---- */

void group_origin_dead(struct group *g, struct group_process *p, unsigned node)
{
    bool any = false;
    p->nodes &= ~core_bit(node);
    for (struct group_thread *t = p->threads_elsewhere; t; t = t->next)
        if (t->node == node) {
            t->state = GROUP_DEAD;
            any = true;
        }
    if (!any || (!p->ending && g->c.bury(g->c.ctx, p)))
        return;
    group_end(g, p, g->c.killed);
    for (struct group_thread *t = p->threads_elsewhere, *next; t; t = next) {
        next = t->next;
        if (t->state == GROUP_DEAD)
            group_thread_out(g, p, t);
    }
    group_check(g, p);
}

bool group_dead(struct group_process *p, int32_t *thread, uint64_t *clear_tid)
{
    for (struct group_thread *t = p->threads_elsewhere; t; t = t->next)
        if (t->state == GROUP_DEAD) {
            t->state = GROUP_BURYING;
            *thread = t->id;
            *clear_tid = t->clear_tid;
            return true;
        }
    return false;
}

void group_buried(struct group *g, struct group_process *p, int32_t thread)
{
    struct group_thread *t = thread_find(p, thread);
    if (!t || t->state != GROUP_BURYING)
        return;
    g->counts.buried++;
    group_thread_out(g, p, t);
    group_thread_less(g, p, g->c.killed);
}
