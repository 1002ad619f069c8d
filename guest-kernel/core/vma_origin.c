/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vma_origin.c - the origin's half of vma.h: operations, one after the other where they overlap, and the
 * rounds by which they take back, each for the whole operation. An operation that is being taken back has a
 * slot:
 *
 *     FORGET to all replicas --QUIET of all, and this node is quiet--> DROP to the same --DROPPED of all-->
 * over nothing with pages goes:  --QUIET of all--> over
 */
#include "guest-kernel/core/vma_internal.h"

/* ---- rounds ---- */

static struct vma_wire about(const struct vma_space *s, const struct vma_slot *slot)
{
    return (struct vma_wire){
        .process = s->process, .number = slot->number, .slot = (uint8_t)(slot - s->slot)};
}

static void round_begin(struct vma *v, struct vma_space *s, struct vma_slot *slot, struct vma_op *op)
{
    if (++s->last_number == 0)
        s->last_number = 1;
    *slot = (struct vma_slot){.op = op, .number = s->last_number};
    slot->nodes = v->c.replicas(v->c.ctx, s->process) & ~core_bit(v->c.self) & ~v->dead;
    slot->awaited = slot->nodes;
    op->state = VMA_ASKED;
    v->counts.rounds++;
    struct vma_wire w = about(s, slot);
    w.begin = op->begin;
    w.end = op->end;
    w.pieces = op->pieces;
    for (uint64_t left = slot->nodes; left; left &= left - 1)
        vma_send(v, core_first(left), VMA_FORGET, &w);
    if (op->pieces && v->c.busy(v->c.ctx, s->process, op->begin, op->end)) {
        slot->awaited |= core_bit(v->c.self);
        v->owed++;
    }
}

/* Everybody is quiet: the pages go, here at once. */
static void round_drop(struct vma *v, struct vma_space *s, struct vma_slot *slot)
{
    struct {
        struct vma_wire w;
        struct vma_piece piece[VMA_PIECES];
    } m = {.w = about(s, slot)};
    uint32_t to_come = slot->op->pieces;
    slot->dropping = true;
    slot->awaited = slot->nodes;
    v->counts.rounds++;
    for (const struct vma_range *r = vma_tree_from(s, slot->op->begin); to_come;
         r = vma_tree_from(s, r->a.end)) {
        const struct vma_span span = vma_span_of(v, s, &r->a);
        if (!span.object)
            continue;
        v->c.drop(v->c.ctx, &span);
        m.piece[m.w.pieces++] =
            (struct vma_piece){.first = span.first, .object = span.object, .pages = span.pages};
        m.w.more = --to_come != 0;
        if (m.w.more && m.w.pieces < v->c.pieces)
            continue;
        for (uint64_t left = slot->nodes; left; left &= left - 1)
            v->c.send(v->c.ctx, core_first(left), VMA_DROP, &m.w,
                      sizeof m.w + m.w.pieces * sizeof m.piece[0]);
        m.w.pieces = 0;
    }
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

static void end(struct vma *v, struct vma_space *s, struct vma_op *op, int status)
{
    struct vma_op **at = &s->ops;
    while (*at != op)
        at = &(*at)->next;
    *at = op->next;
    op->next = NULL;
    if (status == CORE_OK)
        vma_complete(v, s, op);
    op->done(op, status);
}

static struct vma_slot *free_slot(struct vma_space *s)
{
    for (unsigned i = 0; i < VMA_SLOTS; i++)
        if (!s->slot[i].op)
            return &s->slot[i];
    return NULL;
}

/* All have answered. */
static void round_over(struct vma *v, struct vma_space *s, struct vma_slot *slot)
{
    struct vma_op *op = slot->op;
    if (op->pieces && !slot->dropping) {
        round_drop(v, s, slot);
        return;
    }
    *slot = (struct vma_slot){0};
    vma_take_out(v, s, op);
    end(v, s, op, CORE_OK);
}

/* The first operation that has something to do next, done. False: none has. */
static bool step(struct vma *v, struct vma_space *s)
{
    for (struct vma_op *op = s->ops; op; op = op->next) {
        struct vma_slot *slot;
        if (op->state == VMA_WAITS && !blocked(s, op)) {
            int status = vma_change(v, s, op);
            op->state = VMA_CHANGED;
            if (status != CORE_OK || op->begin == op->end) {
                end(v, s, op, status);
                return true;
            }
        }
        if (op->state == VMA_CHANGED && (slot = free_slot(s)) != NULL) {
            round_begin(v, s, slot, op);
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
    op->state = VMA_WAITS;
    op->begin = op->end = 0;
    op->pieces = 0;
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
        if ((s->slot[i].awaited & self) &&
            !v->c.busy(v->c.ctx, s->process, s->slot[i].op->begin, s->slot[i].op->end)) {
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
        end(v, s, s->ops, CORE_ECLOSED);
    }
}
