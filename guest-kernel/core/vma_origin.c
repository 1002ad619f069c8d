/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vma_origin.c - the origin's half of vma.h: operations, one after the other where they overlap, and the
 * rounds by which they take back. A piece (one range, or all addresses of a protect) takes a slot:
 *
 *     FORGET to all replicas --QUIET of all, and this node is quiet--> DROP to the same --DROPPED of all-->
 * over protect, or object 0:  --QUIET of all--> over
 */
#include "guest-kernel/core/vma_internal.h"

/* ---- rounds ---- */

static void ask(struct vma *v, struct vma_space *s, struct vma_slot *slot)
{
    const struct vma_wire w = {.process = s->process,
                               .number = slot->number,
                               .slot = (uint8_t)(slot - s->slot),
                               .begin = slot->begin,
                               .end = slot->end,
                               .object = slot->span.pages ? slot->span.object : 0,
                               .first = slot->span.first,
                               .pages = slot->span.pages};
    slot->awaited = slot->nodes;
    v->counts.rounds++;
    for (uint64_t left = slot->nodes; left; left &= left - 1)
        vma_send(v, core_first(left), slot->dropping ? VMA_DROP : VMA_FORGET, &w);
}

static void round_begin(struct vma *v, struct vma_space *s, struct vma_slot *slot, struct vma_op *op,
                        const struct vma_area *a)
{
    uint64_t others = v->c.replicas(v->c.ctx, s->process) & ~core_bit(v->c.self) & ~v->dead;
    bool pages = op->kind != VMA_PROTECT && a->object;
    if (++s->last_number == 0)
        s->last_number = 1;
    *slot = (struct vma_slot){
        .op = op, .begin = a->begin, .end = a->end, .nodes = others, .number = s->last_number};
    if (pages)
        slot->span = (struct vma_span){s->process, a->object,
                                       (uint32_t)((a->end - a->begin) / v->c.page_bytes), a->first};
    ask(v, s, slot);
    if (pages && v->c.busy(v->c.ctx, &slot->span)) {
        slot->awaited |= core_bit(v->c.self);
        v->owed++;
    }
}

/* All have answered. */
static void round_over(struct vma *v, struct vma_space *s, struct vma_slot *slot)
{
    struct vma_op *op = slot->op;
    if (slot->span.pages && !slot->dropping) {
        slot->dropping = true;
        v->c.drop(v->c.ctx, &slot->span);
        ask(v, s, slot);
        return;
    }
    if (op->kind != VMA_PROTECT) {
        struct vma_range *r = vma_tree_from(s, slot->begin);
        vma_tree_remove(s, r);
        vma_range_free(v, r);
        s->ranges--;
    }
    op->left--;
    *slot = (struct vma_slot){0};
}

/* ---- operations ---- */

/* One that came before, on some of the same addresses, is not over. */
static bool blocked(const struct vma_space *s, const struct vma_op *op)
{
    uint64_t begin, end, other_begin, other_end;
    vma_reach(s, op, &begin, &end);
    for (const struct vma_op *o = s->ops; o != op; o = o->next) {
        vma_reach(s, o, &other_begin, &other_end);
        if (other_begin < end && other_end > begin)
            return true;
    }
    return false;
}

static void end(struct vma_space *s, struct vma_op *op, int status)
{
    struct vma_op **at = &s->ops;
    while (*at != op)
        at = &(*at)->next;
    *at = op->next;
    op->next = NULL;
    if (status == CORE_OK)
        vma_complete(s, op);
    op->done(op, status);
}

/* The operation's next piece; false: all of them have slots, or had. */
static bool next_piece(const struct vma_space *s, struct vma_op *op, struct vma_area *a)
{
    if (op->kind == VMA_PROTECT && op->at < op->area.end) {
        *a = op->area;
        op->at = op->area.end;
        return true;
    }
    const struct vma_range *r = op->kind == VMA_PROTECT ? NULL : vma_tree_from(s, op->at);
    while (r && r->a.begin < op->area.end && !r->going) /* below what brk gives back */
        r = vma_tree_from(s, r->a.end);
    if (!r || r->a.begin >= op->area.end)
        return false;
    *a = r->a;
    op->at = r->a.end;
    return true;
}

static struct vma_slot *free_slot(struct vma_space *s)
{
    for (unsigned i = 0; i < VMA_SLOTS; i++)
        if (!s->slot[i].op)
            return &s->slot[i];
    return NULL;
}

/* The first operation that has something to do next, done. False: none has. */
static bool step(struct vma *v, struct vma_space *s)
{
    struct vma_area a;
    for (struct vma_op *op = s->ops; op; op = op->next) {
        if (!op->started && blocked(s, op))
            continue;
        if (!op->started) {
            int status = vma_change(v, s, op);
            op->started = true;
            if (status != CORE_OK || !op->left) {
                end(s, op, status);
                return true;
            }
        }
        if (!op->left) {
            end(s, op, CORE_OK);
            return true;
        }
        struct vma_slot *slot = free_slot(s);
        if (slot && next_piece(s, op, &a)) {
            round_begin(v, s, slot, op, &a);
            return true;
        }
    }
    return false;
}

void vma_go_on(struct vma *v, struct vma_space *s)
{
    bool more = true;
    while (more) {
        more = false;
        for (unsigned i = 0; i < VMA_SLOTS; i++)
            while (s->slot[i].op && !s->slot[i].awaited) {
                round_over(v, s, &s->slot[i]);
                more = true;
            }
        while (step(v, s))
            more = true;
    }
}

void vma_begin(struct vma *v, struct vma_space *s, struct vma_op *op)
{
    struct vma_op **last = &s->ops;
    struct vma_area checked = op->area;
    checked.object = checked.first = 0;
    if (op->kind == VMA_MAP && op->area.object)
        checked.object = 1;
    else if (op->kind == VMA_BRK)
        checked.begin = 0;
    if (!vma_good(v, &checked) || op->area.first) {
        op->done(op, CORE_EINVAL);
        return;
    }
    op->started = false;
    op->left = 0;
    op->at = op->kind == VMA_BRK ? s->brk_begin : op->area.begin;
    op->add = NULL;
    op->next = NULL;
    while (*last)
        last = &(*last)->next;
    *last = op;
    v->counts.waited += blocked(s, op);
    vma_go_on(v, s);
}

/* ---- what comes from outside ---- */

void vma_origin_answer(struct vma *v, struct vma_space *s, unsigned from, unsigned type,
                       const struct vma_wire *w)
{
    struct vma_slot *slot = w->slot < VMA_SLOTS ? &s->slot[w->slot] : NULL;
    if (!slot || !slot->op || slot->number != w->number || slot->dropping != (type == VMA_DROPPED) ||
        !(slot->awaited & core_bit(from))) {
        v->counts.bad++;
        return;
    }
    slot->awaited &= ~core_bit(from);
    vma_go_on(v, s);
}

void vma_origin_quiet(struct vma *v, struct vma_space *s)
{
    uint64_t self = core_bit(v->c.self);
    for (unsigned i = 0; i < VMA_SLOTS; i++)
        if ((s->slot[i].awaited & self) && !v->c.busy(v->c.ctx, &s->slot[i].span)) {
            s->slot[i].awaited &= ~self;
            v->owed--;
        }
    vma_go_on(v, s);
}

void vma_origin_dead(struct vma *v, struct vma_space *s, unsigned node)
{
    for (unsigned i = 0; i < VMA_SLOTS; i++) {
        s->slot[i].awaited &= ~core_bit(node);
        s->slot[i].nodes &= ~core_bit(node);
    }
    vma_go_on(v, s);
}

void vma_origin_end(struct vma *v, struct vma_space *s)
{
    for (unsigned i = 0; i < VMA_SLOTS; i++) {
        v->owed -= (s->slot[i].awaited & core_bit(v->c.self)) != 0;
        s->slot[i] = (struct vma_slot){0};
    }
    while (s->ops) {
        if (s->ops->add)
            vma_range_free(v, s->ops->add);
        s->ops->add = NULL;
        end(s, s->ops, CORE_ECLOSED);
    }
}
