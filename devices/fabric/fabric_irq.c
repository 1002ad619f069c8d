/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_irq.c - vectors: one per queue, raised once for each DONE_ARM, and one for events.
 *
 *   idle --DONE_ARM--> armed --completion--> holding --count reached, or delay over--> idle (vector)
 *     \--DONE_ARM, one is there already--> idle (vector at once)
 *
 * Without moderation a completion does not stop at "holding". The vectors themselves are raised at the end
 * of the call, after the status words.
 */
#include "devices/fabric/fabric_internal.h"

static void fire(struct fab *f, struct fab_queue *q)
{
    q->armed = false;
    q->hold_ps = VTIME_NEVER;
    f->holding &= ~(1u << q->no);
    f->irq |= 1u << q->no;
}

void fab_irq_completion(struct fab *f, struct fab_queue *q)
{
    if (!q->armed)
        return;
    q->held++;
    if (q->mod_count <= 1 || q->mod_delay_ps == 0 || q->held >= q->mod_count) {
        fire(f, q);
    } else if (q->hold_ps == VTIME_NEVER) {
        q->hold_ps = vtime_add(fab_now(f), q->mod_delay_ps);
        f->holding |= 1u << q->no;
    }
}

void fab_irq_arm(struct fab *f, struct fab_queue *q)
{
    q->armed = true;
    q->held = 0;
    q->hold_ps = VTIME_NEVER;
    f->holding &= ~(1u << q->no);
    if (q->done_tail != q->done_head)
        fire(f, q);
}

void fab_irq_release(struct fab *f, struct fab_queue *q)
{
    if (q->hold_ps != VTIME_NEVER)
        fire(f, q);
}

void fab_irq_timer(struct fab *f)
{
    for (unsigned i = 0; f->holding && i < FAB_QUEUES; i++)
        if (f->queue[i].hold_ps <= fab_now(f))
            fire(f, &f->queue[i]);
}

vtime_t fab_irq_deadline(const struct fab *f)
{
    vtime_t at = VTIME_NEVER;

    for (uint32_t m = f->holding; m; m &= m - 1)
        at = vtime_min(at, f->queue[__builtin_ctz(m)].hold_ps);
    return at;
}

void fab_cause(struct fab *f, uint32_t bits)
{
    if (bits & ~f->cause & f->mask)
        f->irq |= 1u << FAB_QUEUES;
    f->cause |= bits;
}

void fab_mask(struct fab *f, uint32_t mask)
{
    mask &= FAB_CAUSE_ALL;
    if (f->cause & mask & ~f->mask)
        f->irq |= 1u << FAB_QUEUES;
    f->mask = mask;
}
