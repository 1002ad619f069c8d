/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nic.c - the stock NIC port: network clients of QEMU made by the plugin, named cob0, cob1, ..., to which any
 * NIC model is attached by -device MODEL,netdev=cobN, so that a guest needs no driver of ours.
 *
 * Out: QEMU calls receive() inside the guest's own MMIO write (e1000) or in a virtual timer (virtio-net with
 * tx=timer), so the clock read there is the frame's exact time. In: a virtual timer at each frame's exact
 * time hands it over. A frame that the model cannot take yet is queued by QEMU and handed over when the guest
 * adds buffers.
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
    uint8_t *data;
};

static void *client[PORT_MAX_NICS];
static unsigned n_clients;
static struct qemu_timer rx_timer;
static struct incoming *queue; /* ring of frames taken from the down ring, by time */
static size_t q_first, q_count, q_room;
static uint8_t buffer[PORT_MAX_FRAME];

/*
 * What we have sent can come back to us, or change what comes to us, no earlier than this: the other half of
 * the rule that leaves a node's own emissions out of its grant (port_grant.c).
 */
static void lower_grant(unsigned nic, vtime_t now)
{
    vtime_t back = port_back_ps(half.node, nic, now);
    if (vtime_to_ns(back) < half.grant_ns) {
        half.grant_ns = vtime_to_ns(back);
        gate_recheck();
    }
}

static long receive(void *nc, const uint8_t *buf, size_t size)
{
    unsigned k = 0;
    while (k < n_clients && client[k] != nc)
        k++;
    if (k == n_clients || size == 0)
        return size ? (long)size : 1; /* no link there: the frame goes nowhere, as with a loose plug; 0 would
                                         mean "later" */
    struct port_record rec = {.type = PORT_REC_FRAME,
                              .arg = (uint16_t)k,
                              .time_ps = vtime_from_ns(half_now_ns()),
                              .len = (uint32_t)(size < PORT_MAX_FRAME ? size : PORT_MAX_FRAME)};
    half_send(&rec, buf);
    atomic_store(&half.node->dirty, 1);
    lower_grant(k, rec.time_ps);
    return (long)size;
}

static void hand_over(void *opaque)
{
    int64_t now = half_now_ns();

    (void)opaque;
    while (q_count && queue[q_first].at_ns <= now) {
        struct incoming *f = &queue[q_first];
        /* The guest stops between instructions only, which take 2^shift ns. A frame that is later than that
         * breaks a promise; run_result.c fails the run. */
        if (now - f->at_ns >= 1 << half.shift)
            half.node->late++;
        if (f->nic < n_clients)
            qemu.qemu_send_packet(client[f->nic], f->data, (int)f->len);
        free(f->data);
        q_first = (q_first + 1) % q_room;
        q_count--;
    }
    if (q_count)
        qemu.timer_mod_ns(&rx_timer, queue[q_first].at_ns);
}

/* The ring is in the order in which the fabric announced the frames: by time for each interface, not over
 * all. */
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
                           .data = malloc(rec->len + 1)};
    assert(f->data);
    memcpy(f->data, buffer, rec->len);
}

int64_t nic_fetch(void)
{
    struct port_record rec;
    int64_t first = q_count ? queue[q_first].at_ns : INT64_MAX;
    int r;

    while ((r = port_ring_read(half.port, half.index, PORT_DOWN, &rec, buffer)) > 0)
        if (rec.type == PORT_REC_FRAME)
            insert(&rec);
    assert(r == 0);
    if (half.node->pending_ps != VTIME_NEVER) /* the stepper's line: not written without need */
        half.node->pending_ps = VTIME_NEVER;
    if (q_count && queue[q_first].at_ns != first)
        qemu.timer_mod_ns(&rx_timer, queue[q_first].at_ns);
    return q_count ? queue[q_first].at_ns : INT64_MAX;
}

void nic_install(unsigned n_nics)
{
    static const struct qemu_net_info info = {
        .type = QEMU_NET_TYPE, .size = QEMU_NET_SIZE, .receive = receive};
    static char names[PORT_MAX_NICS][8];

    for (n_clients = 0; n_clients < n_nics; n_clients++) {
        memcpy(names[n_clients], "cob0", 5);
        names[n_clients][3] = (char)('0' + n_clients);
        client[n_clients] = qemu.qemu_new_net_client(&info, NULL, "cob", names[n_clients]);
    }
}

void nic_machine_ready(void)
{
    qemu.timer_init_full(&rx_timer, NULL, QEMU_CLOCK_VIRTUAL, QEMU_SCALE_NS, 0, hand_over, NULL);
}
