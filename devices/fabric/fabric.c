/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric.c - the device's life and its end of every call: what is due is emitted, in the line's pace, broken
 * queues are stopped, status words written, vectors raised, the timer set.
 *
 * Pacing. A packet emitted while the line is free begins to be sent at once; one more may be emitted and
 * waits for the line; the next is emitted when that one begins to be sent. All in picoseconds, a packet's
 * time rounded up:
 *
 *   emitted   0 1      2      3
 *   line      |--0--|--1--|--2--|--3--|
 *
 * (packet 1 is emitted together with packet 0.) So the line is never idle while there is something to send,
 * and data is read from the guest's memory as late as that allows.
 */
#include "devices/fabric/fabric_internal.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void power_on(struct fab *f)
{
    f->control = 0;
    f->cause = 0;
    f->mask = FAB_CAUSE_ALL & ~(uint32_t)FAB_CAUSE_INPUT;
    f->input_in = f->input_out = 0;
    f->qerror = 0;
    f->admin_status = FAB_OK;
    f->admin = 0;
    f->admin_low = f->event_low = f->time_high = 0;
    f->tries = 7;
    f->timeout_ps = VTIME_MS;
    f->irq = 0;
    memset(&f->count, 0, sizeof f->count);
    memset(f->region, 0, sizeof f->region);
    for (unsigned i = 0; i < FAB_QUEUES; i++) {
        f->queue[i].mod_count = 0;
        f->queue[i].mod_delay_ps = 0;
    }
}

struct fab *fab_create(const struct fab_config *cfg, const struct fab_ops *ops, void *ctx)
{
    struct fab *f = calloc(1, sizeof *f);
    bool complete = true;

    if (!f)
        return NULL;
    assert(cfg->n_nodes <= FAB_NODES && cfg->node < cfg->n_nodes && cfg->rate_bps > 0);
    assert(cfg->framing_bytes <= 65536); /* so that a packet's bits in ps fit 64 bits */
    assert(cfg->mtu_bytes >= 16 && cfg->mtu_bytes <= FAB_MAX_MTU);
    f->cfg = *cfg;
    f->ops = *ops;
    f->ctx = ctx;
    f->window = FAB_WINDOW_BYTES / cfg->mtu_bytes;
    f->window = f->window < 16 ? 16 : f->window > 1024 ? 1024 : f->window;
    f->ack_every = f->window / 4;
    f->timeout_bound_ps = f->timer_ps = VTIME_NEVER;
    fab_trace_for_none(f);
    for (unsigned i = 0; i < FAB_QUEUES; i++) {
        struct fab_queue *q = &f->queue[i];
        q->no = i;
        q->hold_ps = VTIME_NEVER;
        q->op = calloc(FAB_TAKEN, sizeof *q->op);
        q->flow = calloc(cfg->n_nodes, sizeof *q->flow);
        q->rx = calloc(cfg->n_nodes, sizeof *q->rx);
        complete = complete && q->op && q->flow && q->rx;
    }
    power_on(f);
    if (!complete) {
        fab_destroy(f);
        return NULL;
    }
    return f;
}

void fab_destroy(struct fab *f)
{
    for (unsigned i = 0; f && i < FAB_QUEUES; i++) {
        free(f->queue[i].op);
        free(f->queue[i].flow);
        free(f->queue[i].rx);
    }
    free(f);
}

void fab_disable(struct fab *f)
{
    f->control &= ~(uint32_t)FAB_CONTROL_ENABLE;
    f->up = false;
    for (unsigned i = 0; i < FAB_QUEUES; i++)
        fab_queue_wipe(f, &f->queue[i]);
}

void fab_reset(struct fab *f)
{
    fab_disable(f);
    power_on(f);
}

/* Growing with time as well, so that a peer sees a newer epoch from a node that was started anew. */
uint32_t fab_number(struct fab *f)
{
    uint32_t by_time = (uint32_t)(fab_now(f) / VTIME_MS) + 1;

    f->last_number = fab_after(by_time, f->last_number) ? by_time : f->last_number + 1;
    if (f->last_number == 0)
        f->last_number = 1;
    return f->last_number;
}

void fab_put(struct fab *f, const struct fab_wire *w, size_t payload)
{
    vtime_t now = fab_now(f);
    uint64_t bytes = FAB_HEADER_BYTES + payload + f->cfg.framing_bytes;
    uint64_t rate = f->cfg.rate_bps, bits_ps = bytes * 8 * (uint64_t)VTIME_S;

    memcpy(f->packet, w, sizeof *w);
    f->next_emit_ps = vtime_max(now, f->line_free_ps);
    f->line_free_ps = f->next_emit_ps + (vtime_t)(bits_ps / rate + (bits_ps % rate != 0));
    f->count.packets_out++;
    f->count.packet_bytes_out += FAB_HEADER_BYTES + payload;
    f->ops.emit(f->ctx, f->packet, FAB_HEADER_BYTES + payload);
}

/* Packet by packet: answers first, then the queues in turn. */
static bool emit_one(struct fab *f)
{
    if (f->answers && fab_answer_one(f))
        return true;
    while (f->ready) {
        unsigned no = fab_turn(f->ready, f->send_turn);
        if (fab_send_one(f, &f->queue[no])) {
            f->send_turn = (no + 1) % FAB_QUEUES;
            return true;
        }
    }
    return false;
}

static void check_link(struct fab *f)
{
    if (!f->up && (f->control & FAB_CONTROL_ENABLE) && f->ops.link_up_ps(f->ctx) <= fab_now(f)) {
        f->up = true;
        fab_cause(f, FAB_CAUSE_LINK);
    }
}

static void set_timer(struct fab *f)
{
    vtime_t now = fab_now(f), at = fab_irq_deadline(f);
    uint64_t timing = 0;

    for (unsigned i = 0; i < FAB_QUEUES; i++)
        timing |= f->queue[i].timing;
    if (f->up) {
        if (f->answers || f->ready)
            at = vtime_min(at, f->next_emit_ps);
        if (!timing)
            f->timeout_bound_ps = VTIME_NEVER;
        at = vtime_min(at, f->timeout_bound_ps);
    } else if (f->control & FAB_CONTROL_ENABLE) {
        at = vtime_min(at, f->ops.link_up_ps(f->ctx));
    }
    if (at != VTIME_NEVER)
        at = vtime_max(at, now);
    if (at != f->timer_ps) {
        f->timer_ps = at;
        f->ops.timer(f->ctx, at);
    }
}

void fab_settle(struct fab *f)
{
    check_link(f);
    while (f->up && f->next_emit_ps <= fab_now(f) && emit_one(f))
        ;
    while (f->dirty) {
        struct fab_queue *q = &f->queue[__builtin_ctz(f->dirty)];
        f->dirty &= ~(1u << q->no);
        if (!q->fail)
            fab_ring_write_status(f, q);
        if (q->fail)
            fab_queue_stop(f, q);
    }
    while (f->irq) {
        unsigned vector = (unsigned)__builtin_ctz(f->irq);
        f->irq &= ~(1u << vector);
        f->count.interrupts++;
        fab_trace_interrupt(f, vector);
        f->ops.interrupt(f->ctx, vector);
    }
    set_timer(f);
}

void fab_timer(struct fab *f)
{
    if (f->timer_ps <= fab_now(f))
        f->timer_ps = VTIME_NEVER; /* it has fired */
    fab_irq_timer(f);
    if (f->up)
        fab_flow_timer(f);
    fab_settle(f);
}

void fab_link(struct fab *f)
{
    fab_settle(f);
}

void fab_receive(struct fab *f, const void *packet, size_t len)
{
    struct fab_wire w = {0};

    check_link(f);
    if (!f->up)
        return; /* a dead node: says nothing, counts nothing */
    f->count.packets_in++;
    f->count.packet_bytes_in += len;
    if (len >= FAB_HEADER_BYTES)
        memcpy(&w, packet, sizeof w);
    if (len < FAB_HEADER_BYTES || len > FAB_HEADER_BYTES + FAB_MAX_MTU || w.dst != f->cfg.node ||
        w.src >= f->cfg.n_nodes || w.src == f->cfg.node || w.queue >= FAB_QUEUES || w.type == 0 ||
        w.type >= FAB_P_END || w.vc != (w.type >= FAB_P_ACK)) {
        f->count.bad_packets++;
    } else {
        const uint8_t *payload = (const uint8_t *)packet + FAB_HEADER_BYTES;
        if (w.vc)
            fab_flow_answer(f, &w, payload, (uint32_t)(len - FAB_HEADER_BYTES));
        else
            fab_request(f, &w, payload, (uint32_t)(len - FAB_HEADER_BYTES));
        fab_trace_for_none(f);
    }
    fab_settle(f);
}

void fab_get_counters(const struct fab *f, struct fab_counters *out)
{
    *out = f->count;
    out->outstanding = 0;
    for (unsigned i = 0; i < FAB_QUEUES; i++)
        out->outstanding += f->queue[i].taken - f->queue[i].head + f->queue[i].receiving;
}

bool fab_quiet(const struct fab *f)
{
    bool quiet = !f->answers;

    for (unsigned i = 0; i < FAB_QUEUES; i++) {
        const struct fab_queue *q = &f->queue[i];
        quiet = quiet && q->taken == q->head && !q->receiving && !q->timing;
        quiet = quiet && !(q->resend | q->again | q->probe);
    }
    return quiet;
}
