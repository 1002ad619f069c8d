/* SPDX-License-Identifier: GPL-2.0-or-later */
/* world_check.c - what must hold in world.h after each step, and at the end, besides what group_sim.h and
 * vma_sim.h ask for. */
#include "tests/core/world.h"

/* Where the page is mapped, and its bytes are promised; NULL: nowhere. */
static const struct vs_truth *truth_of(uint64_t key)
{
    unsigned s = vs_space_of(key);
    const struct vs_node *origin = &vs.node[vs.origin[s]];
    uint64_t page = key & 0xffff;
    const struct vma_area *a =
        origin->alive && origin->has[s]
            ? vma_object(&origin->v, &origin->space[s], (uint32_t)(key >> 16) & 0xffffff, page)
            : NULL;
    const struct vs_truth *t = a ? &vs.truth[s][a->begin / VS_PAGE + page - a->first] : NULL;
    return t && t->mapped && !t->pending ? t : NULL;
}

/* One writer, or any number of readers, and what was written last. */
static const char *check_copy(unsigned node, const struct page_copy *c)
{
    const struct vs_truth *t = truth_of(c->page);
    if (c->state == PAGE_INVALID)
        return NULL;
    if (t && *(const uint64_t *)c->frame != t->value)
        return "a copy that does not have the last write";
    for (unsigned i = 0; i < vs.nodes; i++) {
        const struct page_copy *o =
            i != node && vs.node[i].alive ? page_copy_find(&vs.node[i].p, c->page) : NULL;
        if (o && o->state != PAGE_INVALID && (c->state == PAGE_EXCLUSIVE || o->state == PAGE_EXCLUSIVE))
            return "two nodes may use a page, and one may write it";
    }
    return NULL;
}

static const char *check_pages(unsigned node)
{
    const struct vs_node *n = &vs.node[node];
    for (unsigned b = 0; b < n->p.c.buckets; b++) {
        for (const struct page_copy *c = n->p.copies[b]; c; c = c->next) {
            const char *wrong = check_copy(node, c);
            if (!n->has[vs_space_of(c->page)])
                return "a page of a process that has gone";
            if (wrong)
                return wrong;
        }
        for (const struct page_dir *d = n->p.dirs[b]; d; d = d->next)
            if (!n->has[vs_space_of(d->page)])
                return "a directory of a process that has gone";
    }
    return NULL;
}

static const char *check_memory(unsigned node)
{
    const struct vs_node *n = &vs.node[node];
    for (unsigned s = 0; s < vs.spaces; s++) {
        const struct group_process *p = group_find(&gs.node[node].g, w.id[s]);
        if (n->has[s] != (p && !p->zombie))
            return "memory without a process, or a process without memory";
        for (unsigned page = 0; page <= VS_PLACES && !n->has[s]; page++)
            if (n->tr[s][page].prot)
                return "a translation of a process that has gone";
    }
    for (unsigned i = 0; i < GS_THREADS; i++) {
        const struct gs_thread *g = &gs.node[node].thread[i];
        const struct vs_thread *t = &vs.thread[node * GS_THREADS + i];
        if (t->state != VS_IDLE && !(g->used && g->memory))
            return "a thread has left, or goes on, while it waits for memory";
    }
    return NULL;
}

const char *world_check(void)
{
    const char *wrong = gs_check();
    if (!wrong)
        wrong = vs_check();
    for (unsigned i = 0; i < vs.nodes && !wrong; i++) {
        if (!vs.node[i].alive)
            continue;
        wrong = check_pages(i);
        if (!wrong)
            wrong = check_memory(i);
        if (!wrong && w.node[i].m.counts.bad)
            wrong = "a packet that cannot be";
    }
    return wrong;
}

static const char *nothing_left(unsigned node)
{
    const struct vs_node *n = &vs.node[node];
    if (n->p.entries)
        return "a page is left when all processes have ended";
    if (n->v.spaces)
        return "ranges are left when all processes have ended";
    for (unsigned i = 0; i < vs.nodes; i++) {
        const struct msg_peer *p = &w.node[node].m.peer[i];
        if (p->out || (vs.node[i].alive && (p->early || vs.queued[node][i] + gs.queued[node][i])))
            return "a message is under way for ever";
    }
    for (unsigned i = 0; i < VS_FRAMES; i++)
        if (n->frame_used[i])
            return "a frame is left when all processes have ended";
    return NULL;
}

const char *world_finish(void)
{
    const char *wrong = NULL;
    for (unsigned i = 0; i < vs.nodes && !wrong; i++)
        wrong = vs.node[i].alive ? nothing_left(i) : NULL;
    for (unsigned i = 0; i < vs.threads && !wrong; i++)
        if (w.call[i] != W_NONE && vs.node[vs.thread[i].node].alive)
            wrong = "a call is never answered";
    gs_hooks = NULL;
    vs_hooks = NULL;
    if (!wrong)
        wrong = gs_finish();
    if (!wrong)
        wrong = vs_finish();
    for (unsigned i = 0; i < vs.nodes; i++) {
        msg_fini(&w.node[i].m);
        if (!wrong && w.node[i].blocks)
            wrong = "messages are leaked";
    }
    return wrong;
}
