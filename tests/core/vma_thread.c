/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vma_thread.c - threads of vma_sim.h and their touches; their calls are in vma_call.c. A touch goes as in
 * the kernel: translation; else range, page with a pin, is the range still the same, translation, touch;
 * later once more, and the pin goes. Each touch, and each refusal, is held against what operations have
 * promised when they were done.
 */
#include "tests/core/vma_thread.h"
#include <stdio.h>
#include <string.h>

uint64_t vs_contents(const struct vma_area *a, uint64_t at)
{
    return a->file ? (uint64_t)a->file * VS_FILE + (a->offset + at - a->begin) / VS_PAGE : 0;
}

static struct vma_space *space_of(const struct vs_thread *t)
{
    return &vs_node_of(t)->space[t->space];
}

static uint64_t at_of(const struct vs_thread *t)
{
    return (uint64_t)vs_step_of(t)->page * VS_PAGE;
}

static struct vs_truth *truth_of(const struct vs_thread *t)
{
    return &vs.truth[t->space][vs_step_of(t)->page];
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

/* ---- touching ---- */

static void refused(struct vs_thread *t, int status)
{
    const struct vs_truth *w = truth_of(t);
    bool right = w->mapped && (vs_step_of(t)->prot & w->prot) == vs_step_of(t)->prot;
    vs.refused++;
    vs.lost += status == CORE_ELOST || status == CORE_EDEAD;
    vs.nomem += status == CORE_ENOMEM;
    if (status == CORE_EINVAL && right && !w->pending && !t->excused && !vs.dead[t->space])
        vs_broken("a touch is refused that was allowed");
    if ((status == CORE_ELOST && !vs.crashed) || (status == CORE_EDEAD && !vs.dead[t->space]) ||
        (status == CORE_ENOMEM && !vs.fail_in_1024) || status == CORE_ECLOSED || status == CORE_EAGAIN)
        vs_broken("a touch fails without a reason");
    vs_over(t, status);
}

static void touch(struct vs_thread *t)
{
    const struct vs_translation *l = &vs_node_of(t)->tr[t->space][vs_step_of(t)->page];
    struct vs_truth *w = truth_of(t);
    unsigned prot = vs_step_of(t)->prot;
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
    unsigned prot = vs_node_of(t)->tr[t->space][vs_step_of(t)->page].prot;
    return (prot & vs_step_of(t)->prot) == vs_step_of(t)->prot;
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
    vma_lookup(&vs_node_of(t)->v, space_of(t), &t->lookup, at_of(t));
}

static void text(struct vs_thread *t, const struct vma_area *a)
{
    struct vs_translation *l = &vs_node_of(t)->tr[t->space][vs_step_of(t)->page];
    *l = (struct vs_translation){
        .frame = (uint64_t *)(uintptr_t)vs_contents(a, at_of(t)), .prot = a->prot, .text = 1};
    touch(t);
    vs_over(t, CORE_OK);
}

static uint64_t key_at(const struct vs_thread *t, const struct vma_area *a)
{
    return vs_key(t->space, a->object, a->first + (at_of(t) - a->begin) / VS_PAGE);
}

/* Has the page, with a pin. Is all as it was? False: once more from the beginning. */
static bool map_and_touch(struct vs_thread *t)
{
    struct vs_node *n = vs_node_of(t);
    const struct vma_area *a = vma_find(space_of(t), at_of(t));
    unsigned prot = vs_step_of(t)->prot;
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
    n->tr[t->space][vs_step_of(t)->page] =
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
    struct vs_node *n = vs_node_of(t);
    for (;;) {
        const struct vma_area *a = vma_find(space_of(t), at_of(t));
        if (!a) {
            look_up(t);
            return;
        }
        if ((vs_step_of(t)->prot & a->prot) != vs_step_of(t)->prot) {
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
        t->fault = (struct page_fault){.done = on_page, .write = vs_step_of(t)->prot & VS_WRITE, .pin = true};
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

/* ---- running ---- */

bool vs_can_run(const struct vs_thread *t)
{
    if (!vs.node[t->node].alive)
        return false;
    return t->state == VS_IDLE ? t->next < t->length : t->state == VS_PINNED || t->woken;
}

static void begin(struct vs_thread *t)
{
    struct vs_node *n = vs_node_of(t);
    t->excused = truth_of(t)->pending != 0;
    if (vs_hooks && !n->has[t->space])
        vs_broken("a thread runs without its process");
    if (!n->has[t->space]) { /* the origin has sent it here */
        n->has[t->space] = 1;
        vma_space_begin(&n->v, &n->space[t->space], t->space + 1u, vs.origin[t->space]);
    }
    if (vs_step_of(t)->what != VS_TOUCH) {
        vs_call(t);
    } else if (translated(t)) {
        vs.by_translation++;
        touch(t);
        vs_over(t, CORE_OK);
    } else {
        fault(t);
    }
}

void vs_run(struct vs_thread *t)
{
    struct vs_node *n = vs_node_of(t);
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
        vs_over(t, CORE_OK);
        break;
    case VS_CALLING:
        vs_over(t, status);
        break;
    }
    vma_quiet(&n->v);
}

void vs_print_thread(unsigned thread, const char *what)
{
    static const char *const steps[] = {"touch", "unmap", "protect", "map", "add", "place", "brk"};
    const struct vs_thread *t = &vs.thread[thread];
    const struct vs_step *s = vs_step_of(t);
    printf("thread %u of process %u on node %u %s: %s page %u, %u pages, prot %u file %u text %u\n", thread,
           t->space + 1u, t->node, what, steps[s->what], s->page, s->pages, s->prot, s->file, s->text);
}
