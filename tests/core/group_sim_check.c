/* SPDX-License-Identifier: GPL-2.0-or-later */
/* group_sim_check.c - what must hold in the simulated world (group_sim.h) after each action, and at the end.
 */
#include "tests/core/group_sim.h"

static struct group_process *process_at(const struct gs_node *n, int32_t id)
{
    return group_find(&n->g, id);
}

static bool in_channel(unsigned from, unsigned to, unsigned type, int32_t process, int32_t thread)
{
    for (unsigned i = 0; i < gs.queued[from][to]; i++) {
        const struct gs_packet *k = &gs.channel[from][to][i];
        if (k->type == type && k->w.process == process && (!thread || k->w.thread == thread))
            return true;
    }
    return false;
}

/* Answers of that type for this token, good ones or bad ones. */
static unsigned answers(unsigned from, unsigned to, unsigned type, uint32_t token, bool good)
{
    unsigned n = 0;
    for (unsigned i = 0; i < gs.queued[from][to]; i++) {
        const struct gs_packet *k = &gs.channel[from][to][i];
        n += k->type == type && k->w.token == token && (k->w.status == CORE_OK) == good;
    }
    return n;
}

static unsigned threads_of(const struct gs_node *n, const struct group_process *p)
{
    unsigned count = 0;
    for (unsigned i = 0; i < GS_THREADS; i++) {
        const struct gs_thread *t = &n->thread[i];
        if (!t->used || &n->body[t->body].p != p)
            continue;
        count += 1 + (p->replica && t->joined); /* and the one that it is going to begin */
    }
    return count;
}

static bool has_thread(const struct gs_node *n, int32_t id)
{
    for (unsigned i = 0; i < GS_THREADS; i++)
        if (n->thread[i].used &&
            (n->thread[i].id == id || (n->thread[i].joined && n->thread[i].op.value == id)))
            return true;
    return false;
}

static const struct group_op *op_of(const struct gs_node *n, const void *record)
{
    for (const struct group_op *op = n->g.ops; op; op = op->next)
        if (op->type == GROUP_START && op->record == record)
            return op;
    return NULL;
}

/* A thread in the origin's books is at exactly one place. */
static const char *check_record(const struct gs_node *o, const struct group_process *p,
                                const struct group_thread *t)
{
    unsigned home = o->number, node = t->node, places = 0;
    const struct gs_node *n = &gs.node[node];
    const struct group_op *op = op_of(o, t);
    if ((t->state == GROUP_STARTING) != (op != NULL))
        return "a thread is starting and nobody waits for that, or the reverse";
    if (o->g.dead & core_bit(node))
        return (t->state == GROUP_DEAD && o->body[((const struct gs_body *)p) - o->body].bury) ||
                       t->state == GROUP_BURYING
                   ? NULL
                   : "a dead node's thread is not buried";
    if (t->state > GROUP_RUNNING)
        return "a living node's thread is buried";
    if (!(p->nodes & core_bit(node)))
        return "a thread on a node that has no replica";
    if (!n->alive)
        return NULL;
    places += in_channel(home, node, GROUP_START, p->id, t->id);
    places += has_thread(n, t->id);
    places += in_channel(node, home, GROUP_LEFT, p->id, t->id);
    if (op)
        places += answers(node, home, GROUP_STARTED, op->token, false);
    for (unsigned i = 0; i < gs.queued[home][node]; i++) {
        const struct gs_packet *k = &gs.channel[home][node][i];
        places += k->type == GROUP_JOINED && k->w.status == CORE_OK && k->w.value == t->id;
    }
    return places == 1 ? NULL : places ? "a thread is at two places" : "a thread in the books is nowhere";
}

static const char *check_children(const struct gs_node *o, const struct group_process *p)
{
    unsigned count = 0;
    for (const struct group_child *c = p->children; c; c = c->next, count++) {
        if (!c->id) {
            const struct group_op *op = o->g.ops;
            while (op && (op->type != GROUP_SPAWN || op->record != c))
                op = op->next;
            if (!op)
                return "a child without an id, and nobody has asked for it";
            continue;
        }
        unsigned origin = group_origin(&o->g, c->id);
        const struct gs_node *n = &gs.node[origin];
        const struct gs_process *r = gs_reference(c->id);
        if (!r || r->parent != p->id || r->discarded)
            return "a child that is nobody's, or another's";
        if (r->reaped)
            return "a child is in the books that was waited for";
        const struct group_process *there = n->alive ? process_at(n, c->id) : NULL;
        if (origin == o->number && !there)
            return "a child of this node is in the books only";
        if (!c->ended && n->alive && !(o->g.dead & core_bit(origin)) &&
            !(there && !there->zombie && there->parent == p->id) &&
            !in_channel(origin, o->number, GROUP_CHILD, c->id, 0))
            return "a child has gone, and its parent will never hear of it";
        if (c->ended && there && !there->zombie)
            return "a child counts as ended that goes on";
    }
    if (p->offspring > o->g.c.children || p->elsewhere > o->g.c.elsewhere)
        return "more than the limits";
    return count == p->offspring ? NULL : "offspring is not the number of children";
}

static const char *check_own(const struct gs_node *o, const struct gs_body *b)
{
    const struct group_process *p = &b->p;
    unsigned count = 0;
    if (p->zombie) {
        const struct group_process *parent = p->parent ? process_at(o, p->parent) : NULL;
        const struct group_child *c = parent && !parent->zombie ? group_child_find(parent, p->id) : NULL;
        return !b->gone        ? "a zombie that is not gone"
               : c && c->ended ? NULL
                               : "a zombie that nobody can wait for";
    }
    if (p->parent && group_origin(&o->g, p->parent) == o->number && !process_at(o, p->parent))
        return "a parent that has gone";
    if (b->gone || !(p->threads + p->elsewhere + p->held))
        return "a process without threads goes on, or is gone and there";
    for (const struct group_thread *t = p->threads_elsewhere; t; t = t->next, count++) {
        const char *wrong = check_record(o, p, t);
        if (wrong)
            return wrong;
    }
    if (count != p->elsewhere)
        return "elsewhere is not the number of threads elsewhere";
    const struct gs_process *r = gs_reference(p->id);
    if (r && (r->ending != p->ending || (r->ending && r->status != p->status)))
        if (!(p->ending && !r->ending && !p->threads && !p->elsewhere &&
              p->status == r->last)) /* held only */
            return "a process is ending and should not, or the reverse, or with another status";
    if (p->nodes & o->g.dead)
        return "a replica on a dead node";
    for (unsigned i = 0; i < gs.nodes; i++) {
        const struct gs_node *n = &gs.node[i];
        const struct group_process *there = n->alive && i != o->number ? process_at(n, p->id) : NULL;
        if (there && !(o->g.dead & core_bit(i)) && !(p->nodes & core_bit(i)))
            return "a replica that the origin does not know";
        if (n->alive && !(o->g.dead & core_bit(i)) && p->ending &&
            ((there && !there->ending) || in_channel(o->number, i, GROUP_START, p->id, 0)) &&
            !in_channel(o->number, i, GROUP_ENDING, p->id, 0))
            return "a replica will never hear that it has to end";
    }
    return check_children(o, p);
}

static const char *check_replica(const struct gs_node *n, const struct gs_body *b)
{
    const struct group_process *p = &b->p;
    unsigned origin = group_origin(&n->g, p->id);
    const struct gs_node *o = &gs.node[origin];
    if (b->gone)
        return "a replica that is gone is there";
    if (n->g.dead & core_bit(origin))
        return p->orphan && p->ending && p->threads + p->held ? NULL : "a replica of a dead origin goes on";
    if (!o->alive)
        return NULL;
    const struct group_process *there = process_at(o, p->id);
    if (o->g.dead & core_bit(n->number))
        return NULL;
    if ((!there || there->zombie) && !p->ended && !in_channel(origin, n->number, GROUP_ENDED, p->id, 0))
        return "a replica is left, and its process has ended";
    if (p->ended && !p->held)
        return "a replica has been told that its process has ended, and is there";
    if (p->ending && there && !there->ending && !in_channel(n->number, origin, GROUP_ENDING, p->id, 0))
        return "a replica ends and its origin will never know";
    return NULL;
}

static const char *check_node(const struct gs_node *n)
{
    unsigned listed = 0;
    for (const struct group_process *p = n->g.first; p; p = p->next, listed++) {
        const struct gs_body *b = (const struct gs_body *)p;
        if (!b->used)
            return "a process is in the table that was freed";
        if (group_origin(&n->g, p->id) != n->number && !p->replica)
            return "a process at another node than its origin, and no replica";
        if (!p->zombie && p->threads != threads_of(n, p))
            return "more or fewer threads than there are";
        if (p->held != (unsigned)b->work + b->calls)
            return "held more or less often than there is work";
        if (b->stopped != p->ending)
            return "ending and not stopped, or the reverse";
        const char *wrong = p->replica ? check_replica(n, b) : check_own(n, b);
        if (wrong)
            return wrong;
    }
    for (unsigned i = 0; i < GS_BODIES; i++)
        listed -= n->body[i].used;
    if (listed)
        return "a process is used that is not in the table";
    /* every thread of another origin's process is in that one's books */
    for (unsigned i = 0; i < GS_THREADS; i++) {
        const struct gs_thread *t = &n->thread[i];
        const struct group_process *p = &n->body[t->body].p;
        if (!t->used || !p->replica)
            continue;
        const struct gs_node *o = &gs.node[group_origin(&n->g, p->id)];
        if (!o->alive || (o->g.dead & core_bit(n->number)))
            continue;
        const struct group_process *own = process_at(o, p->id);
        const struct group_thread *r = own ? own->threads_elsewhere : NULL;
        while (r && r->id != t->id)
            r = r->next;
        if (!r || r->node != n->number)
            return "a thread that the origin does not know";
    }
    return NULL;
}

const char *gs_check(void)
{
    const char *wrong = gs_broken();
    for (unsigned i = 0; !wrong && i < gs.nodes; i++) {
        if (!gs.node[i].alive)
            continue;
        wrong = gs.node[i].g.counts.bad ? "a message that cannot be" : check_node(&gs.node[i]);
    }
    return wrong;
}

const char *gs_finish(void)
{
    for (unsigned i = 0; i < gs.nodes; i++) {
        struct gs_node *n = &gs.node[i];
        for (unsigned t = 0; n->alive && t < GS_THREADS; t++)
            if (n->thread[t].used)
                return "a thread waits for ever";
        if (n->alive && n->g.ops)
            return "an operation never ends";
        if (n->alive && n->g.first)
            return "a process is left, and nothing can happen";
        if (!n->alive) {
            for (unsigned b = 0; b < GS_BODIES; b++)
                n->body[b].work = n->body[b].waits = n->body[b].calls = 0, n->body[b].buries = 0;
            while (n->g.ops)
                n->g.ops = n->g.ops->next; /* their threads are dead */
            group_fini(&n->g);
        }
        for (unsigned m = 0; m < GS_MEMORY; m++)
            if (n->piece_used[m])
                return "memory is leaked";
    }
    for (unsigned i = 0; i < gs.processes; i++)
        if (gs.node[gs.process[i].origin].alive && !gs.process[i].ended && !gs.process[i].discarded)
            return "a process never ends";
    return gs_broken();
}
