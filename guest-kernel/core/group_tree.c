/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * group_tree.c - parents and children, and kill (group.h). A parent's origin has a record of each child that
 * has not been waited for. A child on the same node stays in the table as a zombie until then; of one on
 * another node nothing is left there but that record.
 */
#include "guest-kernel/core/group_internal.h"

struct group_child *group_child_find(const struct group_process *parent, int32_t id)
{
    struct group_child *c = parent->children;
    while (c && c->id != id)
        c = c->next;
    return c;
}

struct group_child *group_child_add(struct group *g, struct group_process *parent, int32_t id)
{
    struct group_child *c =
        parent->offspring < g->c.children ? g->c.env->alloc(g->c.env->ctx, sizeof *c) : NULL;
    if (!c)
        return NULL;
    *c = (struct group_child){.next = parent->children, .id = id};
    parent->children = c;
    parent->offspring++;
    return c;
}

void group_child_out(struct group *g, struct group_process *parent, struct group_child *c)
{
    struct group_child **at = &parent->children;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    parent->offspring--;
    g->c.env->free(g->c.env->ctx, c, sizeof *c);
}

/* ---- beginning ---- */

/* A process of this origin, with its first thread in the books. */
static int make_own(struct group *g, int32_t parent, struct group_process **out)
{
    int32_t id = group_number(g, g->c.last_id);
    struct group_process *p = id ? g->c.room(g->c.ctx, id) : NULL;
    if (!p)
        return CORE_ENOMEM;
    group_add(g, p, id, parent);
    p->threads = 1;
    *out = p;
    return CORE_OK;
}

int group_new(struct group *g, struct group_process *parent, struct group_process **out)
{
    struct group_child *c = parent ? group_child_add(g, parent, 0) : NULL;
    if (parent && !c)
        return CORE_ENOMEM;
    int status = make_own(g, parent ? parent->id : 0, out);
    if (!c)
        return status;
    if (status == CORE_OK)
        c->id = (*out)->id;
    else
        group_child_out(g, parent, c);
    return status;
}

void group_discard(struct group *g, struct group_process *p)
{
    struct group_process *parent = p->parent ? group_own(g, p->parent) : NULL;
    struct group_child *c = parent ? group_child_find(parent, p->id) : NULL;
    if (c) {
        group_child_out(g, parent, c);
        g->c.children_changed(g->c.ctx, parent);
    }
    group_remove(g, p);
}

int group_spawn(struct group *g, struct group_process *p, unsigned node, const void *what, size_t bytes,
                struct group_op *op)
{
    struct group_wire w = {.parent = p->id};
    if (p->replica || node >= g->c.nodes || node == g->c.self)
        return CORE_EINVAL;
    if (group_is_dead(g, node))
        return CORE_EDEAD;
    struct group_child *c = group_child_add(g, p, 0);
    if (!c)
        return CORE_ENOMEM;
    op->process = p;
    op->record = c;
    return group_ask(g, node, GROUP_SPAWN, &w, what, bytes, op);
}

static void spawn(struct group *g, unsigned from, const struct group_wire *w, const void *what, size_t bytes)
{
    struct group_process *p = NULL;
    int32_t value = 0;
    int status = group_origin(g, w->parent) == from ? make_own(g, w->parent, &p) : CORE_EINVAL;
    if (status == CORE_OK) {
        value = g->c.load(g->c.ctx, p, what, bytes);
        if (value < 0) {
            status = GROUP_EREFUSED;
            group_remove(g, p);
        } else {
            value = p->id;
        }
    }
    group_answer(g, from, GROUP_SPAWNED, w->token, status, value);
}

/* Before anything else from there: the child's end may be the next message. */
void group_spawned(struct group *g, struct group_op *op, int32_t status, int32_t value)
{
    struct group_process *p = op->process;
    if (status == CORE_OK && (group_origin(g, value) != op->node || group_child_find(p, value))) {
        status = CORE_EINVAL;
        value = 0;
    }
    if (status == CORE_OK) {
        ((struct group_child *)op->record)->id = value;
    } else {
        group_child_out(g, p, op->record);
        g->c.children_changed(g->c.ctx, p);
    }
    group_done(g, op, status, value);
}

/* ---- the end ---- */

static void ended(struct group *g, struct group_process *parent, struct group_child *c, int32_t status)
{
    c->ended = 1;
    c->status = status;
    g->c.children_changed(g->c.ctx, parent);
}

void group_mourn(struct group *g, struct group_process *p)
{
    const struct group_wire w = {.process = p->id, .parent = p->parent, .value = p->status};
    struct group_process *parent = p->parent ? group_own(g, p->parent) : NULL;
    while (p->children) {
        struct group_process *child = p->children->id ? group_find(g, p->children->id) : NULL;
        if (child && child->zombie)
            group_remove(g, child);
        else if (child && !child->replica)
            child->parent = 0;
        group_child_out(g, p, p->children);
    }
    if (parent) {
        p->zombie = true;
        ended(g, parent, group_child_find(parent, p->id), p->status);
        return;
    }
    if (p->parent && group_origin(g, p->parent) != g->c.self)
        group_send(g, group_origin(g, p->parent), GROUP_CHILD, &w, NULL, 0);
    group_remove(g, p);
}

int32_t group_wait(struct group *g, struct group_process *p, int32_t id, int32_t *status)
{
    bool any = false;
    for (struct group_child *c = p->children; c; c = c->next) {
        if (id > 0 && c->id != id)
            continue;
        any = true;
        if (!c->ended)
            continue;
        int32_t found = c->id;
        struct group_process *zombie = group_find(g, found);
        *status = c->status;
        if (zombie && zombie->zombie) /* not a replica of a child elsewhere */
            group_remove(g, zombie);
        group_child_out(g, p, c);
        g->c.children_changed(g->c.ctx, p); /* for others it may have been the last */
        return found;
    }
    return any ? 0 : GROUP_ENONE;
}

void group_tree_dead(struct group *g, struct group_process *p, unsigned node)
{
    for (struct group_child *c = p->children; c; c = c->next)
        if (c->id && !c->ended && group_origin(g, c->id) == node)
            ended(g, p, c, g->c.killed);
}

/* ---- kill ---- */

static int kill_own(struct group *g, int32_t id, int32_t signal)
{
    struct group_process *p = group_find(g, id);
    if (!p)
        return GROUP_ENONE;
    if (signal < 0 || signal > g->c.signals)
        return CORE_EINVAL;
    if (signal && !p->zombie)
        group_end(g, p, signal);
    return CORE_OK;
}

int group_kill(struct group *g, int32_t id, int32_t signal, struct group_op *op)
{
    struct group_wire w = {.process = id, .value = signal};
    unsigned origin = group_origin(g, id);
    if (origin == g->c.self)
        return kill_own(g, id, signal);
    if (origin >= g->c.nodes)
        return GROUP_ENONE;
    if (group_is_dead(g, origin))
        return CORE_EDEAD;
    op->process = NULL;
    return group_ask(g, origin, GROUP_KILL, &w, NULL, 0, op);
}

void group_tree_message(struct group *g, unsigned from, unsigned type, const struct group_wire *w,
                        const void *what, size_t bytes)
{
    if (type == GROUP_SPAWN) {
        spawn(g, from, w, what, bytes);
    } else if (type == GROUP_KILL) {
        bool own = group_origin(g, w->process) == g->c.self;
        group_answer(g, from, GROUP_KILLED, w->token, own ? kill_own(g, w->process, w->value) : GROUP_ENONE,
                     0);
    } else {
        struct group_process *parent = group_own(g, w->parent);
        struct group_child *c = parent ? group_child_find(parent, w->process) : NULL;
        if (c && !c->ended) /* else the parent has ended before */
            ended(g, parent, c, w->value);
    }
}
