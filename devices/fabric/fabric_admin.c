/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_admin.c - admin commands: a struct fab_admin in guest memory, executed within the write to
 * FAB_REG_ADMIN_GO.
 */
#include "devices/fabric/fabric_internal.h"

static enum fab_error moderation(struct fab *f, const struct fab_admin *a)
{
    if (a->queue >= FAB_QUEUES)
        return FAB_E_QUEUE;
    f->queue[a->queue].mod_count = a->count;
    f->queue[a->queue].mod_delay_ps = vtime_from_ns(a->delay_ns);
    fab_irq_release(f, &f->queue[a->queue]);
    return FAB_OK;
}

static enum fab_error timeout(struct fab *f, const struct fab_admin *a)
{
    if (a->count < 1 || a->count > 15 || a->delay_ns == 0)
        return FAB_E_SIZE;
    f->tries = a->count;
    f->timeout_ps = vtime_from_ns(a->delay_ns);
    return FAB_OK;
}

static enum fab_error counters(struct fab *f, const struct fab_admin *a)
{
    struct fab_counters c;

    if (a->length < sizeof c)
        return FAB_E_SIZE;
    fab_get_counters(f, &c);
    if (a->addr[0] % 8 || !fab_dma_write(f, a->addr[0], &c, sizeof c))
        return FAB_E_ADDRESS;
    return FAB_OK;
}

enum fab_error fab_admin(struct fab *f)
{
    struct fab_admin a;

    if (f->admin % 64 || !fab_dma_read(f, f->admin, &a, sizeof a))
        return FAB_E_ADDRESS;
    switch (a.op) {
    case FAB_ADMIN_QUEUE_SETUP:
        return fab_queue_setup(f, &a);
    case FAB_ADMIN_QUEUE_DESTROY:
        return fab_queue_destroy(f, a.queue);
    case FAB_ADMIN_MODERATION:
        return moderation(f, &a);
    case FAB_ADMIN_REGION_SET:
        return fab_region_set(f, &a);
    case FAB_ADMIN_REGION_CLEAR:
        return fab_region_clear(f, a.key);
    case FAB_ADMIN_TIMEOUT:
        return timeout(f, &a);
    case FAB_ADMIN_COUNTERS:
        return counters(f, &a);
    default:
        return FAB_E_OP;
    }
}
