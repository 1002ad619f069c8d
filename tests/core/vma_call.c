/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vma_call.c - calls of the threads of vma_sim.h: maps, unmaps, protects, brk, at their process's origin, and
 * what each promises when it is done: how things are from then on, for all threads on all nodes. */
#include "tests/core/vma_thread.h"
#include <string.h>

enum { RW = VS_READ | VS_WRITE };

/* Threads that are at it may still hear how it was. */
static void excuse(unsigned space, unsigned page)
{
    for (unsigned i = 0; i < vs.threads; i++)
        if (vs.thread[i].space == space && vs.thread[i].next < vs.thread[i].length &&
            vs_step_of(&vs.thread[i])->page == page)
            vs.thread[i].excused = 1;
}

static void promise(unsigned space, unsigned page, bool mapped, unsigned prot, uint64_t value, bool is_text)
{
    struct vs_truth *w = &vs.truth[space][page];
    excuse(space, page);
    w->mapped = mapped;
    w->prot = mapped ? (uint8_t)prot : 0;
    w->value = mapped ? value : 0;
    w->text = mapped && is_text;
}

static void mapped(unsigned space, const struct vma_area *a)
{
    for (uint64_t at = a->begin; at < a->end; at += VS_PAGE)
        promise(space, (unsigned)(at / VS_PAGE), true, a->prot, vs_contents(a, at), !a->object);
}

static void pending(const struct vs_thread *t, int n)
{
    const struct vs_step *s = vs_step_of(t);
    unsigned begin = s->what == VS_BRK ? 1 : s->page,
             end = s->what == VS_BRK ? VS_HEAP + 1 : s->page + s->pages;
    for (unsigned i = begin; i < end; i++) {
        excuse(t->space, i);
        vs.truth[t->space][i].pending += (uint8_t)n;
        vs.truth[t->space][i].protecting += s->what == VS_PROTECT ? (uint8_t)n : 0;
    }
}

static void kept_brk(struct vs_thread *t)
{
    uint64_t old = vs.brk[t->space] / VS_PAGE, new = vs_step_of(t)->page;
    for (uint64_t i = old; i < new; i++)
        promise(t->space, (unsigned)i, true, RW, 0, false);
    for (uint64_t i = new; i < old; i++)
        promise(t->space, (unsigned)i, false, 0, 0, false);
    vs.brk[t->space] = new *VS_PAGE;
}

static bool all_mapped(const struct vs_thread *t)
{
    for (unsigned i = 0; i < vs_step_of(t)->pages; i++)
        if (!vs.truth[t->space][vs_step_of(t)->page + i].mapped)
            return false;
    return true;
}

/* Whether brk has a way up. */
static bool brk_free(const struct vs_thread *t)
{
    for (uint64_t i = vs.brk[t->space] / VS_PAGE; i < vs_step_of(t)->page; i++)
        if (vs.truth[t->space][i].mapped)
            return false;
    return true;
}

static void promised(struct vs_thread *t, int status)
{
    const struct vs_step *s = vs_step_of(t);
    vs.ended[s->what]++;
    vs.nomem += status == CORE_ENOMEM;
    vs.invalid += status == CORE_EINVAL;
    if (status == CORE_ENOMEM && !vs.fail_in_1024 && vs_node_of(t)->v.c.max_ranges > 1000)
        vs_broken("an operation finds no memory, and there is some");
    if (status == CORE_EINVAL && s->what == VS_PROTECT ? all_mapped(t)
        : status == CORE_EINVAL && s->what == VS_BRK   ? brk_free(t)
                                                       : status != CORE_OK && status != CORE_ENOMEM)
        vs_broken("an operation fails without a reason");
    if (status != CORE_OK)
        return;
    if (s->what == VS_MAP)
        mapped(t->space, &t->op.area);
    else if (s->what == VS_BRK)
        kept_brk(t);
    else if (s->what == VS_PROTECT && !all_mapped(t))
        vs_broken("rights were given to what is not mapped");
    for (unsigned i = s->page; i < s->page + s->pages; i++)
        if (s->what == VS_UNMAP)
            promise(t->space, i, false, 0, 0, false);
        else if (s->what == VS_PROTECT)
            vs.truth[t->space][i].prot = s->prot;
}

static void on_op(struct vma_op *op, int status)
{
    struct vs_thread *t = (struct vs_thread *)(void *)((char *)op - offsetof(struct vs_thread, op));
    if (t->state != VS_CALLING || t->woken)
        vs_broken("an operation ends that is not under way");
    pending(t, -1);
    promised(t, status);
    t->status = status;
    if (vs_hooks && t->node != vs.origin[t->space])
        vs_hooks->call_over(vs_number(t));
    else
        t->woken = 1;
}

static struct vma_area area_of(const struct vs_step *s)
{
    return (struct vma_area){.begin = (uint64_t)s->page * VS_PAGE,
                             .end = (uint64_t)(s->page + s->pages) * VS_PAGE,
                             .offset = s->file ? (uint64_t)(s->file + 1) * VS_PAGE : 0,
                             .object = !s->text,
                             .file = s->file,
                             .prot = s->prot};
}

static bool any_taken(const struct vs_thread *t, const struct vma_area *a)
{
    for (uint64_t at = a->begin; at < a->end; at += VS_PAGE)
        if (vs.truth[t->space][at / VS_PAGE].mapped || vs.truth[t->space][at / VS_PAGE].pending)
            return true;
    return false;
}

/* Of those that end at once; the status. */
static int place(const struct vs_thread *t, struct vs_node *origin)
{
    const struct vs_step *s = vs_step_of(t);
    struct vma_area a = area_of(s);
    int status = s->what == VS_PLACE ? vma_place(&origin->v, &origin->space[t->space], &a,
                                                 (VS_HEAP + 1) * VS_PAGE, (VS_PLACES + 1) * VS_PAGE)
                                     : vma_add(&origin->v, &origin->space[t->space], &a);
    vs.ended[s->what]++;
    vs.invalid += status == CORE_EINVAL;
    if (status == CORE_OK && any_taken(t, &a))
        vs_broken("something new is put where something is");
    if (status == CORE_EINVAL && (s->what == VS_PLACE || !any_taken(t, &a)))
        vs_broken("there was room");
    if (status == CORE_OK)
        mapped(t->space, &a);
    return status;
}

void vs_map_first(unsigned space, struct vs_step s)
{
    struct vs_node *origin = &vs.node[vs.origin[space]];
    struct vma_area a = area_of(&s);
    if (vma_add(&origin->v, &origin->space[space], &a) == CORE_OK)
        mapped(space, &a);
}

void vs_copied(unsigned space)
{
    const struct vma_space *s = &vs.node[vs.origin[space]].space[space];
    for (const struct vma_area *a = vma_from(s, 0); a; a = vma_from(s, a->end))
        mapped(space, a);
    vs.brk[space] = s->brk;
}

static bool at_once(const struct vs_step *s)
{
    return s->what == VS_ADD || s->what == VS_PLACE;
}

void vs_call_begins(unsigned thread)
{
    struct vs_thread *t = &vs.thread[thread];
    struct vs_node *origin = &vs.node[vs.origin[t->space]];
    if (!at_once(vs_step_of(t))) {
        pending(t, 1);
        vma_begin(&origin->v, &origin->space[t->space], &t->op);
        return;
    }
    t->status = place(t, origin);
    vs_hooks->call_over(thread);
}

void vs_call_ends(unsigned thread, int status)
{
    struct vs_thread *t = &vs.thread[thread];
    if (t->state != VS_CALLING || t->woken)
        vs_broken("a call ends that is not under way");
    t->woken = 1;
    t->status = status;
}

void vs_call(struct vs_thread *t)
{
    static const enum vma_kind kinds[] = {
        [VS_UNMAP] = VMA_UNMAP, [VS_PROTECT] = VMA_PROTECT, [VS_MAP] = VMA_MAP, [VS_BRK] = VMA_BRK};
    struct vs_node *origin = &vs.node[vs.origin[t->space]];
    const struct vs_step *s = vs_step_of(t);
    bool far = vs_hooks && t->node != origin->number;
    if (vs_hooks ? (vs_node_of(t)->v.dead & core_bit(origin->number)) != 0 : !origin->alive) {
        vs_over(t, CORE_EDEAD);
        return;
    }
    if (at_once(s) && !far) {
        vs_over(t, place(t, origin));
        return;
    }
    t->state = VS_CALLING;
    t->woken = 0;
    if (at_once(s)) {
        vs_hooks->call(vs_number(t));
        return;
    }
    memset(&t->op, 0xaa, sizeof t->op);
    t->op.done = on_op;
    t->op.kind = kinds[s->what];
    t->op.area = area_of(s);
    if (s->what == VS_BRK)
        t->op.area = (struct vma_area){
            .begin = (uint64_t)s->page * VS_PAGE, .end = (VS_HEAP + 1) * VS_PAGE, .prot = RW};
    if (far)
        vs_hooks->call(vs_number(t));
    else
        vs_call_begins(vs_number(t));
}

void vs_calls_lost(unsigned node)
{
    for (unsigned i = 0; i < vs.threads; i++) {
        struct vs_thread *t = &vs.thread[i];
        if (t->state == VS_CALLING && !t->woken && vs.origin[t->space] == node) {
            t->woken = 1;
            t->status = CORE_EDEAD;
        }
    }
}
