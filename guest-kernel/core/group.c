/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * group.c - the process service's entrance: ids, the table, operations, messages in and out, deaths. The rest
 * is in group_origin.c (threads in the origin's books), group_replica.c and group_tree.c (parents, children,
 * kill).
 */
#include "guest-kernel/core/group_internal.h"

int group_init(struct group *g, const struct group_config *c)
{
    core_zero(g, sizeof *g);
    g->c = *c;
    return c->nodes == 0 || c->nodes > CORE_MAX_NODES || c->self >= c->nodes ? CORE_EINVAL : CORE_OK;
}

void group_fini(struct group *g)
{
    while (g->ops)
        group_done(g, g->ops, CORE_ECLOSED, 0);
    while (g->first) {
        struct group_process *p = g->first;
        while (p->threads_elsewhere)
            group_thread_out(g, p, p->threads_elsewhere);
        while (p->children)
            group_child_out(g, p, p->children);
        group_remove(g, p);
    }
}

/* ---- ids and the table ---- */

unsigned group_origin(const struct group *g, int32_t id)
{
    return id > 0 ? (unsigned)(id - 1) % g->c.nodes : g->c.nodes;
}

int32_t group_number(struct group *g, int32_t most)
{
    int64_t id = g->numbers * g->c.nodes + g->c.self + 1;
    if (id > most)
        return 0;
    g->numbers++;
    return (int32_t)id;
}

bool group_is_dead(const struct group *g, unsigned node)
{
    return g->dead & core_bit(node);
}

struct group_process *group_find(const struct group *g, int32_t id)
{
    struct group_process *p = g->first;
    while (p && p->id != id)
        p = p->next;
    return p;
}

struct group_process *group_own(const struct group *g, int32_t id)
{
    struct group_process *p = group_find(g, id);
    return p && !p->replica && !p->zombie ? p : NULL;
}

struct group_process *group_replica(const struct group *g, int32_t id)
{
    struct group_process *p = group_find(g, id);
    return p && p->replica ? p : NULL;
}

void group_add(struct group *g, struct group_process *p, int32_t id, int32_t parent)
{
    core_zero(p, sizeof *p);
    p->id = id;
    p->parent = parent;
    p->next = g->first;
    g->first = p;
}

void group_remove(struct group *g, struct group_process *p)
{
    struct group_process **at = &g->first, *next = p->next;
    while (*at != p)
        at = &(*at)->next;
    g->c.free(g->c.ctx, p);
    *at = next;
}

/* ---- operations ---- */

void group_send(struct group *g, unsigned to, unsigned type, const struct group_wire *w, const void *what,
                size_t bytes)
{
    if (group_is_dead(g, to))
        return;
    g->counts.sent++;
    g->c.send(g->c.ctx, to, type, w, what, bytes);
}

static struct group_op *op_of(const struct group *g, uint32_t token)
{
    struct group_op *op = g->ops;
    while (op && op->token != token)
        op = op->next;
    return op;
}

int group_ask(struct group *g, unsigned to, unsigned type, struct group_wire *w, const void *what,
              size_t bytes, struct group_op *op)
{
    do
        g->last_token++;
    while (g->last_token == 0 || op_of(g, g->last_token));
    w->token = op->token = g->last_token;
    op->node = (uint16_t)to;
    op->type = (uint16_t)type;
    op->next = g->ops;
    g->ops = op;
    g->counts.asked++;
    group_send(g, to, type, w, what, bytes);
    return 1;
}

void group_answer(struct group *g, unsigned to, unsigned type, uint32_t token, int32_t status, int32_t value)
{
    const struct group_wire w = {.token = token, .status = status, .value = value};
    group_send(g, to, type, &w, NULL, 0);
}

void group_done(struct group *g, struct group_op *op, int32_t status, int32_t value)
{
    struct group_op **at = &g->ops;
    while (*at != op)
        at = &(*at)->next;
    *at = op->next;
    op->status = status;
    op->value = value;
    op->done(op);
}

/* What the books do about the outcome of a question. */
static void outcome(struct group *g, struct group_op *op, int32_t status, int32_t value)
{
    switch (op->type) {
    case GROUP_START:
        group_started(g, op, status, value);
        break;
    case GROUP_JOIN:
        group_joined(g, op, status, value);
        break;
    case GROUP_SPAWN:
        group_spawned(g, op, status, value);
        break;
    default:
        group_done(g, op, status, 0);
    }
}

static void answered(struct group *g, unsigned from, unsigned question, const struct group_wire *w)
{
    struct group_op *op = op_of(g, w->token);
    int32_t status = w->status, value = w->value;
    if (!op || op->node != from || op->type != question) {
        g->counts.bad++;
        return;
    }
    if (status == GROUP_EREFUSED) {
        if (value >= 0 || value < GROUP_REFUSAL_MIN)
            status = CORE_EINVAL;
    } else if (status != CORE_OK && status != CORE_ENOMEM && status != GROUP_ENONE &&
               status != GROUP_EENDING) {
        status = CORE_EINVAL;
    }
    outcome(g, op, status, status == CORE_OK || status == GROUP_EREFUSED ? value : 0);
}

/* ---- messages and deaths ---- */

void group_message(struct group *g, unsigned from, unsigned type, const void *data, size_t bytes)
{
    struct group_wire w;
    if (bytes < sizeof w || from >= g->c.nodes || from == g->c.self) {
        g->counts.bad++;
        return;
    }
    if (group_is_dead(g, from))
        return;
    core_copy(&w, data, sizeof w);
    const void *what = (const uint8_t *)data + sizeof w;
    bool here = group_origin(g, w.process) == g->c.self, there = group_origin(g, w.process) == from;
    if ((type == GROUP_JOIN || type == GROUP_LEFT || type == GROUP_ENDING) && here)
        group_origin_message(g, from, type, &w);
    else if ((type == GROUP_START || type == GROUP_ENDING || type == GROUP_ENDED) && there)
        group_replica_message(g, from, type, &w, what, bytes - sizeof w);
    else if (type == GROUP_SPAWN || type == GROUP_KILL || (type == GROUP_CHILD && there))
        group_tree_message(g, from, type, &w, what, bytes - sizeof w);
    else if (type >= GROUP_STARTED && type <= GROUP_KILLED)
        answered(g, from,
                 type == GROUP_STARTED   ? GROUP_START
                 : type == GROUP_JOINED  ? GROUP_JOIN
                 : type == GROUP_SPAWNED ? GROUP_SPAWN
                                         : GROUP_KILL,
                 &w);
    else
        g->counts.bad++;
}

/* A process to which the node's death means something; it does not when that is done. */
static struct group_process *concerned(const struct group *g, unsigned node)
{
    for (struct group_process *p = g->first; p; p = p->next)
        if (p->replica ? group_origin(g, p->id) == node && !p->orphan : (p->nodes & core_bit(node)) != 0)
            return p;
    return NULL;
}

void group_peer_dead(struct group *g, unsigned node)
{
    struct group_process *p;
    struct group_op *op = g->ops;
    if (node >= g->c.nodes || node == g->c.self || group_is_dead(g, node))
        return;
    g->dead |= core_bit(node);
    while (op) {
        if (op->node == node) {
            outcome(g, op, CORE_EDEAD, 0);
            op = g->ops;
        } else {
            op = op->next;
        }
    }
    for (p = g->first; p; p = p->next)
        group_tree_dead(g, p, node);
    while ((p = concerned(g, node))) /* each may take others out of the table */
        if (p->replica)
            group_orphan(g, p);
        else
            group_origin_dead(g, p, node);
}
