/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_body.c - runs a fake node's program in lock step, by the rules of devices/qemu/gate.c and nic.c:
 *
 *   running   the next block ends at its own end, the next armed timer, the next known delivery or (cut) the
 * grant; if that is beyond the grant: publish it as need and meet, and look again afterwards idle      jump
 * to the next timer or delivery, but not beyond the grant; there publish the deadline and meet
 *
 * What fires at the grant itself fires without asking, as QEMU's timers do. And what the real ones cannot
 * check: no delivery may come for a time before a grant that was given earlier.
 */
#include "tests/unit/fake_node.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void fake_broken(const struct fake_body *b, const char *what, int64_t a_ns, int64_t b_ns)
{
    fprintf(stderr, "node %u at %" PRId64 " ns: %s (%" PRId64 ", %" PRId64 ")\n", b->f.index, b->f.now_ns,
            what, a_ns, b_ns);
    abort();
}

/* nic.c: receive() and lower_grant() */
static void send_up(struct fake *f, unsigned nic, const uint8_t *data, uint32_t len)
{
    struct fake_body *b = f->ctx;
    struct port_record rec = {
        .type = PORT_REC_FRAME, .arg = (uint16_t)nic, .time_ps = vtime_from_ns(f->now_ns), .len = len};

    while (port_ring_write(b->port, f->index, PORT_UP, &rec, data) < 0) {
        atomic_store(&b->slot->drain, 1);
        b->wait_room(b);
    }
    atomic_store(&b->slot->dirty, 1);
    int64_t back_ns = vtime_to_ns(port_back_ps(b->slot, nic, rec.time_ps));
    if (back_ns < b->grant_ns)
        b->grant_ns = back_ns;
}

/* nic.c: append() */
static void append(struct fake_body *b, const struct port_record *rec, const uint8_t *data)
{
    if (b->n_queue == b->room_queue) {
        b->room_queue = b->room_queue ? 2 * b->room_queue : 16;
        b->queue = realloc(b->queue, b->room_queue * sizeof *b->queue);
        assert(b->queue);
    }
    size_t i = b->n_queue++;
    for (; i > 0 && b->queue[i - 1].at_ps > rec->time_ps; i--)
        b->queue[i] = b->queue[i - 1];
    struct fake_frame *q = &b->queue[i];
    q->at_ns = (rec->time_ps + VTIME_NS - 1) / VTIME_NS;
    q->at_ps = rec->time_ps;
    q->id = rec->id;
    q->len = rec->len;
    q->nic = rec->arg;
    q->data = malloc(rec->len);
    assert(q->data);
    memcpy(q->data, data, rec->len);
}

static void fetch(struct fake_body *b)
{
    struct port_record rec;
    static _Thread_local uint8_t data[PORT_MAX_FRAME];
    int r;

    while ((r = port_ring_read(b->port, b->f.index, PORT_DOWN, &rec, data)) > 0) {
        assert(rec.type == PORT_REC_FRAME && rec.len <= FAKE_MAX_LEN);
        if (rec.time_ps < vtime_from_ns(b->grant_ns))
            fake_broken(b, "a delivery before an earlier grant (ps, ns)", rec.time_ps, b->grant_ns);
        append(b, &rec, data);
    }
    assert(r == 0);
    b->slot->pending_ps = VTIME_NEVER;
}

/* nic.c: hand_over() */
static void deliver_due(struct fake_body *b)
{
    size_t n = 0;
    for (; n < b->n_queue && b->queue[n].at_ns <= b->f.now_ns; n++) {
        struct fake_frame *q = &b->queue[n];
        if (q->at_ns != b->f.now_ns)
            fake_broken(b, "late delivery (ns, ps)", q->at_ns, q->at_ps);
        b->ids += fake_hash(q->id ^ fake_hash((uint64_t)q->at_ps + b->f.index));
        fake_receive(&b->f, q->nic, q->data, q->len);
        free(q->data);
    }
    if (n == 0)
        return;
    b->n_queue -= n;
    memmove(b->queue, b->queue + n, b->n_queue * sizeof *b->queue);
}

static int64_t next_armed_ns(const struct fake_body *b)
{
    int64_t t = fake_next_timer_ns(&b->f);
    return b->n_queue && b->queue[0].at_ns < t ? b->queue[0].at_ns : t;
}

static enum port_state publish(struct fake_body *b, enum port_state state, int64_t need_ns,
                               int64_t deadline_ns)
{
    b->slot->now_ps = vtime_from_ns(b->f.now_ns);
    b->slot->need_ps = vtime_from_ns(need_ns);
    b->slot->deadline_ps = vtime_from_ns(deadline_ns);
    return state;
}

/* gate.c: freeze() */
static enum port_state freeze_now(struct fake_body *b, enum port_end end)
{
    struct port_record rec = {
        .type = PORT_REC_END, .arg = (uint16_t)end, .time_ps = vtime_from_ns(b->f.now_ns)};
    while (port_ring_write(b->port, b->f.index, PORT_UP, &rec, "") < 0) {
        atomic_store(&b->slot->drain, 1);
        b->wait_room(b);
    }
    b->slot->now_ps = rec.time_ps;
    b->slot->end = end;
    atomic_store(&b->slot->dirty, 1);
    return PORT_ENDED;
}

enum port_state fake_body_run(struct fake_body *b)
{
    struct fake *f = &b->f;

    for (;;) {
        fake_timers(f);
        deliver_due(b);
        if (f->ended)
            return freeze_now(b, PORT_END_RESULT);
        int64_t armed = next_armed_ns(b);
        bool stopped = vtime_from_ns(f->now_ns) >= b->port->stop_ps;
        if (f->idle && armed <= b->grant_ns) {
            f->now_ns = armed;
            continue;
        }
        if (f->idle || (b->cut && f->now_ns >= b->grant_ns)) { /* gate.c: idle_fired() */
            if (b->grant_ns > f->now_ns)
                f->now_ns = b->grant_ns;
            if (vtime_from_ns(f->now_ns) >= b->port->stop_ps)
                return freeze_now(b, PORT_END_STOPPED);
            if (!f->idle)
                return publish(b, PORT_BLOCKED, f->now_ns + 1, 0);
            b->slot->idles++;
            return publish(b, PORT_IDLE, 0, armed);
        }
        int64_t n = fake_rest_ns(f);
        if (armed - f->now_ns < n)
            n = armed - f->now_ns;
        if (b->cut && b->grant_ns - f->now_ns < n)
            n = b->grant_ns - f->now_ns;
        if (f->now_ns + n > b->grant_ns) { /* gate.c: gate() */
            b->slot->gates++;
            if (stopped)
                return freeze_now(b, PORT_END_STOPPED);
            return publish(b, PORT_BLOCKED, f->now_ns + n, 0);
        }
        fake_execute(f, n);
    }
}

void fake_body_resume(struct fake_body *b)
{
    fetch(b); /* compares with the old grant */
    b->grant_ns = vtime_to_ns(b->slot->grant_ps);
    b->cut = b->slot->cut;
}

void fake_body_init(struct fake_body *b, struct port_shared *port, unsigned index)
{
    b->port = port;
    b->slot = &port->node[index];
    b->f.send = send_up;
    b->f.ctx = b;
    b->grant_ns = 0;
    b->cut = false;
    b->queue = NULL;
    b->n_queue = b->room_queue = 0;
    b->ids = 0;
}

void fake_body_free(struct fake_body *b)
{
    for (size_t i = 0; i < b->n_queue; i++)
        free(b->queue[i].data);
    free(b->queue);
}
