/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * deliver.c - frames, packets and what is typed at the console between the port's rings and the guest's
 * interfaces, at their exact times.
 *
 *   out  nic.c, adapter.c --deliver_send--> up ring       the clock is exact there (MMIO or a virtual timer)
 *   in   down ring --deliver_fetch--> queue by time --the delivery timer--> nic.c, adapter.c
 *
 * One virtual timer serves all that this half has to do for the guest at a time of its own: faults, what
 * arrives, and the adapter's link and timer. At equal times the order is: faults, link, arrivals in the order
 * in which the fabric announced them (what is typed was announced before the run), timer.
 */
#include "devices/qemu/half.h"
#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct incoming {
    int64_t at_ns;
    vtime_t at_ps;
    uint32_t len;
    uint16_t nic;
    bool input; /* for the console, no frame */
    uint8_t *data;
};

static struct qemu_timer timer;
static int64_t armed_ns = INT64_MAX;
static bool delivering;
static struct incoming *queue; /* ring of frames taken from the down ring, by time */
static size_t q_first, q_count, q_room;
static uint8_t buffer[PORT_MAX_FRAME];

void deliver_send(unsigned nic, const void *data, uint32_t len)
{
    struct port_record rec = {
        .type = PORT_REC_FRAME, .arg = (uint16_t)nic, .time_ps = vtime_from_ns(half_now_ns()), .len = len};
    half_send(&rec, data);
    atomic_store(&half.node->dirty, 1);
    /* What we have sent can come back to us, or change what comes to us, no earlier than this: the other half
     * of the rule that leaves a node's own emissions out of its grant (port_grant.c). */
    half_lower_grant(port_back_ps(half.node, nic, rec.time_ps));
}

static int64_t next_ns(void)
{
    int64_t at = adapter_next_ns(), fault = fault_next_ns();
    at = fault < at ? fault : at;
    return q_count && queue[q_first].at_ns < at ? queue[q_first].at_ns : at;
}

void deliver_rearm(void)
{
    int64_t at = next_ns();

    if (delivering || at == armed_ns)
        return;
    armed_ns = at;
    if (at == INT64_MAX)
        qemu.timer_del(&timer);
    else
        half_timer(&timer, at);
}

static void hand_over(int64_t now_ns)
{
    struct incoming f = queue[q_first];

    q_first = (q_first + 1) % q_room;
    q_count--;
    /* The guest stops between instructions only, which take 2^shift ns. A frame that is later than that
     * breaks a promise; run_result.c fails the run. */
    if (now_ns - f.at_ns >= 1 << half.shift)
        half.node->late++;
    if (f.input)
        adapter_type(f.data, f.len);
    else if (half.node->adapter.present && f.nic == half.node->adapter.nic)
        adapter_receive(f.data, f.len);
    else
        nic_receive(f.nic, f.data, f.len);
    free(f.data);
}

static void fired(void *opaque)
{
    int64_t now = half_now_ns();

    (void)opaque;
    armed_ns = INT64_MAX;
    delivering = true;
    fault_due(now);
    adapter_link_due(now);
    while (q_count && queue[q_first].at_ns <= now)
        hand_over(now);
    adapter_timer_due(now);
    delivering = false;
    deliver_rearm();
}

/* The ring is in the order in which the fabric announced the frames, which is not by time: there are several
 * interfaces, and faults may let frames overtake each other. */
static void insert(const struct port_record *rec)
{
    if (q_count == q_room) {
        size_t room = q_room ? 2 * q_room : 64;
        struct incoming *q = calloc(room, sizeof *q);
        assert(q);
        for (size_t i = 0; i < q_count; i++)
            q[i] = queue[(q_first + i) % q_room];
        free(queue);
        queue = q;
        q_first = 0;
        q_room = room;
    }
    size_t i = q_count++;
    for (; i > 0 && queue[(q_first + i - 1) % q_room].at_ps > rec->time_ps; i--)
        queue[(q_first + i) % q_room] = queue[(q_first + i - 1) % q_room];
    struct incoming *f = &queue[(q_first + i) % q_room];
    *f = (struct incoming){.at_ns = (rec->time_ps + VTIME_NS - 1) /
                                    VTIME_NS, /* never early: rounded up to QEMU's ns */
                           .at_ps = rec->time_ps,
                           .len = rec->len,
                           .nic = rec->arg,
                           .input = rec->type == PORT_REC_INPUT,
                           .data = malloc(rec->len + 1)};
    assert(f->data);
    memcpy(f->data, buffer, rec->len);
}

int64_t deliver_fetch(void)
{
    struct port_record rec;
    int r;

    while ((r = port_ring_read(half.port, half.index, PORT_DOWN, &rec, buffer)) > 0)
        if (rec.time_ps < vtime_from_ns(half.base_ns))
            ; /* from before the machine was switched on (again) */
        else if (rec.type == PORT_REC_FRAME || rec.type == PORT_REC_INPUT)
            insert(&rec);
        else if (rec.type == PORT_REC_FAULT)
            fault_take(&rec, buffer);
    assert(r == 0);
    if (half.node->pending_ps != VTIME_NEVER) /* the stepper's line: not written without need */
        half.node->pending_ps = VTIME_NEVER;
    deliver_rearm();
    return armed_ns;
}

void deliver_machine_ready(void)
{
    qemu.timer_init_full(&timer, NULL, QEMU_CLOCK_VIRTUAL, QEMU_SCALE_NS, 0, fired, NULL);
}
