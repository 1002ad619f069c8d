/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vma_thread.c - threads of vma_sim.h. A touch goes as in the kernel: translation; else range, page with a
 * pin, is the range still the same, translation, touch; later once more, and the pin goes. Each touch, and
 * each refusal, is held against what operations have promised when they were done.
 */
#include "tests/core/vma_thread.h"
#include <stdio.h>
#include <string.h>

enum { RW = VS_READ | VS_WRITE };

uint64_t vs_contents(const struct vma_area *a, uint64_t at)
{
    return a->file ? (uint64_t)a->file * VS_FILE + (a->offset + at - a->begin) / VS_PAGE : 0;
}

static unsigned number(const struct vs_thread *t)
{
    return (unsigned)(t - vs.thread);
}

static struct vs_node *node_of(const struct vs_thread *t)
{
    return &vs.node[t->node];
}

static struct vma_space *space_of(const struct vs_thread *t)
{
    return &node_of(t)->space[t->space];
}

static const struct vs_step *step_of(const struct vs_thread *t)
{
    return &t->script[t->next];
}

static uint64_t at_of(const struct vs_thread *t)
{
    return (uint64_t)step_of(t)->page * VS_PAGE;
}

static struct vs_truth *truth_of(const struct vs_thread *t)
{
    return &vs.truth[t->space][step_of(t)->page];
}

unsigned vs_thread(unsigned node, unsigned space)
{
    if (vs.threads == VS_THREADS)
        vs_broken("too many threads");
    vs.thread[vs.threads].node = (uint8_t)node;
    vs.thread[vs.threads].space = (uint8_t)space;
    return vs.threads++;
}

void vs_plan(unsigned thread, struct vs_step s)
{
    struct vs_thread *t = &vs.thread[thread];
    if (t->length == VS_STEPS)
        vs_broken("a script is too long");
    t->script[t->length++] = s;
}

static void over(struct vs_thread *t, int status)
{
    t->result[t->next++] = (int8_t)status;
    t->state = VS_IDLE;
    t->woken = 0;
}

/* ---- touching ---- */

static void refused(struct vs_thread *t, int status)
{
    const struct vs_truth *w = truth_of(t);
    bool right = w->mapped && (step_of(t)->prot & w->prot) == step_of(t)->prot;
    vs.refused++;
    vs.lost += status == CORE_ELOST || status == CORE_EDEAD;
    vs.nomem += status == CORE_ENOMEM;
    if (status == CORE_EINVAL && right && !w->pending && !t->excused && !vs.dead[t->space])
        vs_broken("a touch is refused that was allowed");
    if ((status == CORE_ELOST && !vs.crashed) || (status == CORE_EDEAD && !vs.dead[t->space]) ||
        (status == CORE_ENOMEM && !vs.fail_in_1024) || status == CORE_ECLOSED || status == CORE_EAGAIN)
        vs_broken("a touch fails without a reason");
    over(t, status);
}

static void touch(struct vs_thread *t)
{
    const struct vs_translation *l = &node_of(t)->tr[t->space][step_of(t)->page];
    struct vs_truth *w = truth_of(t);
    unsigned prot = step_of(t)->prot;
    vs.touched++;
    if (vs.dead[t->space])
        return;
    if (!w->mapped)
        vs_broken("an address is touched that is not mapped");
    if ((prot & w->prot) != prot && !w->protecting)
        vs_broken("a touch that is not allowed");
    uint64_t value = l->text ? (uint64_t)(uintptr_t)l->frame : *l->frame;
    if (value != w->value)
        vs_broken("a touch does not see the last write, or sees an old page");
    if (!(prot & VS_WRITE) || l->text) /* what is written to text, only its node sees */
        return;
    vs.values++;
    *l->frame = w->value = vs.value_modulo ? vs.values % vs.value_modulo + 1 : vs.values;
}

static bool translated(const struct vs_thread *t)
{
    unsigned prot = node_of(t)->tr[t->space][step_of(t)->page].prot;
    return (prot & step_of(t)->prot) == step_of(t)->prot;
}

static void on_looked_up(struct vma_lookup *l, const struct vma_area *a, int status)
{
    struct vs_thread *t = (struct vs_thread *)l;
    if (t->state != VS_LOOKING || t->woken || (a != NULL) != (status == CORE_OK) ||
        (a && (at_of(t) < a->begin || at_of(t) >= a->end)))
        vs_broken("a lookup ends that is not under way, or with something else");
    t->woken = 1;
    t->status = status;
}

static void on_page(struct page_fault *f, uint64_t key, void *frame, int status)
{
    struct vs_thread *t = (struct vs_thread *)(void *)((char *)f - offsetof(struct vs_thread, fault));
    (void)frame;
    if (t->state != VS_WAITING || t->woken || t->key != key)
        vs_broken("a fault ends that is not under way");
    t->woken = 1;
    t->status = status;
}

static void look_up(struct vs_thread *t)
{
    t->state = VS_LOOKING;
    t->woken = 0;
    t->lookup.done = on_looked_up;
    vma_lookup(&node_of(t)->v, space_of(t), &t->lookup, at_of(t));
}

static void text(struct vs_thread *t, const struct vma_area *a)
{
    struct vs_translation *l = &node_of(t)->tr[t->space][step_of(t)->page];
    *l = (struct vs_translation){
        .frame = (uint64_t *)(uintptr_t)vs_contents(a, at_of(t)), .prot = a->prot, .text = 1};
    touch(t);
    over(t, CORE_OK);
}

static uint64_t key_at(const struct vs_thread *t, const struct vma_area *a)
{
    return vs_key(t->space, a->object, a->first + (at_of(t) - a->begin) / VS_PAGE);
}

/* Has the page, with a pin. Is all as it was? False: once more from the beginning. */
static bool map_and_touch(struct vs_thread *t)
{
    struct vs_node *n = node_of(t);
    const struct vma_area *a = vma_find(space_of(t), at_of(t));
    unsigned prot = step_of(t)->prot;
    void *frame;
    if (!a || !a->object || key_at(t, a) != t->key || (prot & a->prot) != prot) {
        t->state = VS_IDLE;
        page_unpin(&n->p, t->key);
        vs.repeated++;
        return false;
    }
    enum page_state state = page_look(&n->p, t->key, &frame);
    if (!frame || state < (prot & VS_WRITE ? PAGE_EXCLUSIVE : PAGE_SHARED)) {
        if (!vs.dead[t->space])
            vs_broken("a pinned page is not there");
        refused(t, CORE_EDEAD);
        return true;
    }
    n->tr[t->space][step_of(t)->page] =
        (struct vs_translation){.key = t->key,
                                .frame = frame,
                                .prot = state == PAGE_EXCLUSIVE ? a->prot : a->prot & (uint8_t)~VS_WRITE};
    touch(t);
    t->state = VS_PINNED;
    return true;
}

/* Begins, or goes on with, a touch without a translation. */
static void fault(struct vs_thread *t)
{
    struct vs_node *n = node_of(t);
    for (;;) {
        const struct vma_area *a = vma_find(space_of(t), at_of(t));
        if (!a) {
            look_up(t);
            return;
        }
        if ((step_of(t)->prot & a->prot) != step_of(t)->prot) {
            refused(t, CORE_EINVAL);
            return;
        }
        if (!a->object) {
            text(t, a);
            return;
        }
        t->area = *a;
        t->key = key_at(t, a);
        t->state = VS_WAITING;
        t->woken = 0;
        t->fault = (struct page_fault){.done = on_page, .write = step_of(t)->prot & VS_WRITE, .pin = true};
        int status = page_fault(&n->p, t->key, &t->fault);
        if (status == 1)
            return;
        if (status != CORE_OK) {
            refused(t, status);
            return;
        }
        if (map_and_touch(t))
            return;
    }
}

/* ---- calls ---- */

/* Threads that are at it may still hear how it was. */
static void excuse(unsigned space, unsigned page)
{
    for (unsigned i = 0; i < vs.threads; i++)
        if (vs.thread[i].space == space && vs.thread[i].next < vs.thread[i].length &&
            step_of(&vs.thread[i])->page == page)
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
    const struct vs_step *s = step_of(t);
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
    uint64_t old = vs.brk[t->space] / VS_PAGE, new = step_of(t)->page;
    for (uint64_t i = old; i < new; i++)
        promise(t->space, (unsigned)i, true, RW, 0, false);
    for (uint64_t i = new; i < old; i++)
        promise(t->space, (unsigned)i, false, 0, 0, false);
    vs.brk[t->space] = new *VS_PAGE;
}

static bool all_mapped(const struct vs_thread *t)
{
    for (unsigned i = 0; i < step_of(t)->pages; i++)
        if (!vs.truth[t->space][step_of(t)->page + i].mapped)
            return false;
    return true;
}

/* Whether brk has a way up. */
static bool brk_free(const struct vs_thread *t)
{
    for (uint64_t i = vs.brk[t->space] / VS_PAGE; i < step_of(t)->page; i++)
        if (vs.truth[t->space][i].mapped)
            return false;
    return true;
}

static void promised(struct vs_thread *t, int status)
{
    const struct vs_step *s = step_of(t);
    vs.ended[s->what]++;
    vs.nomem += status == CORE_ENOMEM;
    vs.invalid += status == CORE_EINVAL;
    if (status == CORE_ENOMEM && !vs.fail_in_1024 && node_of(t)->v.c.max_ranges > 1000)
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
        vs_hooks->call_over(number(t));
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
    const struct vs_step *s = step_of(t);
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
    if (!at_once(step_of(t))) {
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

static void call(struct vs_thread *t)
{
    static const enum vma_kind kinds[] = {
        [VS_UNMAP] = VMA_UNMAP, [VS_PROTECT] = VMA_PROTECT, [VS_MAP] = VMA_MAP, [VS_BRK] = VMA_BRK};
    struct vs_node *origin = &vs.node[vs.origin[t->space]];
    const struct vs_step *s = step_of(t);
    bool far = vs_hooks && t->node != origin->number;
    if (vs_hooks ? (node_of(t)->v.dead & core_bit(origin->number)) != 0 : !origin->alive) {
        over(t, CORE_EDEAD);
        return;
    }
    if (at_once(s) && !far) {
        over(t, place(t, origin));
        return;
    }
    t->state = VS_CALLING;
    t->woken = 0;
    if (at_once(s)) {
        vs_hooks->call(number(t));
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
        vs_hooks->call(number(t));
    else
        vs_call_begins(number(t));
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

/* ---- running ---- */

bool vs_can_run(const struct vs_thread *t)
{
    if (!vs.node[t->node].alive)
        return false;
    return t->state == VS_IDLE ? t->next < t->length : t->state == VS_PINNED || t->woken;
}

static void begin(struct vs_thread *t)
{
    struct vs_node *n = node_of(t);
    t->excused = truth_of(t)->pending != 0;
    if (vs_hooks && !n->has[t->space])
        vs_broken("a thread runs without its process");
    if (!n->has[t->space]) { /* the origin has sent it here */
        n->has[t->space] = 1;
        vma_space_begin(&n->v, &n->space[t->space], t->space + 1u, vs.origin[t->space]);
    }
    if (step_of(t)->what != VS_TOUCH) {
        call(t);
    } else if (translated(t)) {
        vs.by_translation++;
        touch(t);
        over(t, CORE_OK);
    } else {
        fault(t);
    }
}

void vs_run(struct vs_thread *t)
{
    struct vs_node *n = node_of(t);
    int status = t->status;
    switch (t->state) {
    case VS_IDLE:
        begin(t);
        break;
    case VS_LOOKING:
        if (status != CORE_OK)
            refused(t, status);
        else
            fault(t);
        break;
    case VS_WAITING:
        if (status != CORE_OK)
            refused(t, status);
        else if (!map_and_touch(t))
            fault(t);
        break;
    case VS_PINNED:
        if (translated(t))
            touch(t);
        page_unpin(&n->p, t->key);
        over(t, CORE_OK);
        break;
    case VS_CALLING:
        over(t, status);
        break;
    }
    vma_quiet(&n->v);
}

void vs_print_thread(unsigned thread, const char *what)
{
    static const char *const steps[] = {"touch", "unmap", "protect", "map", "add", "place", "brk"};
    const struct vs_thread *t = &vs.thread[thread];
    const struct vs_step *s = step_of(t);
    printf("thread %u of process %u on node %u %s: %s page %u, %u pages, prot %u file %u text %u\n", thread,
           t->space + 1u, t->node, what, steps[s->what], s->page, s->pages, s->prot, s->file, s->text);
}
