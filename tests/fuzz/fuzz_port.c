/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_port.c - what a broken QEMU may write into the port, byte by byte: content and positions of its up
 * ring, read as the engine drains it, and the slots of up to 8 nodes, from which horizon and grants are
 * computed. Nothing may be read or written out of bounds, no arithmetic may overflow, a record that is handed
 * out must be one, and no grant may lie beyond the stop time or the cap.
 *
 * Input: 16 bytes of positions, 64 per slot, the rest is the ring's content around the tail.
 */
#include "devices/port/port.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NODES = 8, SLOT = 64 };

static struct port_shared *s;

/* Takes the next n bytes of the input, zeros when there are none left. */
static void take(const uint8_t **data, size_t *size, void *to, size_t n)
{
    size_t have = *size < n ? *size : n;
    memset(to, 0, n);
    memcpy(to, *data, have);
    *data += have;
    *size -= have;
}

static void read_ring(const uint8_t *data, size_t size, uint64_t head, uint64_t tail)
{
    static uint8_t buf[PORT_MAX_FRAME];
    uint8_t *base = (uint8_t *)s + port_size(0);
    struct port_record rec;
    int r;

    if (size > PORT_RING_BYTES)
        size = PORT_RING_BYTES;
    for (size_t i = 0; i < size; i++)
        base[(tail + i) & (PORT_RING_BYTES - 1)] = data[i];
    if (head % 4 == 0) /* most random distances are impossible: make the content reachable */
        head = tail + size;
    atomic_store(&s->node[0].up_head, head);
    atomic_store(&s->node[0].up_tail, tail);
    for (unsigned n = 0; n < 1000 && (r = port_ring_read(s, 0, PORT_UP, &rec, buf)) > 0; n++) {
        assert(rec.type > 0 && rec.type < PORT_REC_TYPES && rec.len <= PORT_MAX_FRAME && rec.time_ps >= 0);
        assert(rec.time_ps < VTIME_NEVER && (rec.type != PORT_REC_FRAME || rec.arg < PORT_MAX_NICS));
        assert(rec.type != PORT_REC_FAULT || (rec.id < PORT_FAULT_PHASES && rec.len == PORT_FAULT_VALUE));
        assert(rec.type != PORT_REC_END || (rec.arg > PORT_END_NONE && rec.arg < PORT_END_COUNT));
    }
    for (size_t i = 0; i < size; i++)
        base[(tail + i) & (PORT_RING_BYTES - 1)] = 0;
}

static void compute(void)
{
    bool release[PORT_MAX_NODES];
    vtime_t f = port_horizon(s);
    unsigned released = 0, n;

    assert(f <= VTIME_NEVER);
    port_needs_engine(s, f);
    n = port_grant(s, release);
    for (unsigned i = 0; i < PORT_MAX_NODES; i++) {
        released += release[i];
        assert(!release[i] || i < s->n_nodes);
        if (release[i]) {
            assert(atomic_load(&s->node[i].state) != PORT_ENDED);
            assert(s->node[i].grant_ps <= s->stop_ps && s->node[i].grant_ps <= s->node[i].cap_ps);
            for (unsigned k = 0; k < s->node[i].n_nics; k++)
                port_back_ps(&s->node[i], k, s->node[i].now_ps);
        }
    }
    assert(n == released);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t position[2];
    uint8_t slots[NODES][SLOT];

    if (!s) {
        s = aligned_alloc(4096, port_size(NODES));
        assert(s);
        memset(s, 0, port_size(NODES));
    }
    take(&data, &size, position, sizeof position);
    s->n_nodes = 1 + position[1] % NODES;
    s->stop_ps = VTIME_S;
    s->fabric_next_ps = position[0] % 2 ? (vtime_t)(position[0] & INT64_MAX) : VTIME_NEVER;
    for (unsigned i = 0; i < s->n_nodes; i++) {
        struct port_node *n = &s->node[i];
        int64_t *published[] = {&n->now_ps, &n->need_ps, &n->deadline_ps};
        take(&data, &size, slots[i], SLOT);
        for (unsigned k = 0; k < 3; k++)
            memcpy(published[k], slots[i] + 8 * k, 8);
        atomic_store(&n->state, slots[i][24]); /* also values that are no state */
        /* The engine's own part is sound. */
        n->n_nics = slots[i][25] % (PORT_MAX_NICS + 1);
        n->pending_ps = slots[i][26] ? slots[i][26] * VTIME_US : VTIME_NEVER;
        n->cap_ps = slots[i][27] ? slots[i][27] * VTIME_US : VTIME_NEVER;
        for (unsigned k = 0; k < n->n_nics; k++)
            n->nic[k] = (struct port_nic){
                slots[i][28 + k] * VTIME_NS, (1 + slots[i][36 + k]) * VTIME_NS, slots[i][44 + k] * VTIME_US,
                slots[i][52 + k] == 255 ? VTIME_NEVER : slots[i][52 + k] * VTIME_MS};
    }
    compute();
    read_ring(data, size, position[0], position[1]);
    return 0;
}
