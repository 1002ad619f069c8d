/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port_ring.c - the two byte rings of a node. One producer, one consumer, no lock.
 *
 * Positions count bytes since the start and only grow. The producer writes data, then head (release); the
 * consumer reads head (acquire), copies, then writes tail (release), which the producer reads (acquire)
 * before it reuses the room. Records are padded to 8 bytes and may wrap around the end of the ring anywhere.
 */
#include "devices/port/port.h"
#include <errno.h>
#include <string.h>

static uint8_t *ring_base(const struct port_shared *s, unsigned node, enum port_ring which)
{
    size_t head = (sizeof(struct port_shared) + 4095) & ~(size_t)4095;
    return (uint8_t *)s + head + ((size_t)node * 2 + which) * PORT_RING_BYTES;
}

static _Atomic uint64_t *ring_head(const struct port_shared *s, unsigned node, enum port_ring which)
{
    struct port_node *n = (struct port_node *)&s->node[node];
    return which == PORT_UP ? &n->up_head : &n->down_head;
}

static _Atomic uint64_t *ring_tail(const struct port_shared *s, unsigned node, enum port_ring which)
{
    struct port_node *n = (struct port_node *)&s->node[node];
    return which == PORT_UP ? &n->up_tail : &n->down_tail;
}

static void copy_in(uint8_t *base, uint64_t pos, const void *data, size_t len)
{
    size_t at = pos & (PORT_RING_BYTES - 1), first = PORT_RING_BYTES - at;
    if (first > len)
        first = len;
    /* cppcheck-suppress ctunullpointer ; data may be NULL only with len 0, and then nobody calls this */
    memcpy(base + at, data, first);
    memcpy(base, (const uint8_t *)data + first, len - first);
}

static void copy_out(const uint8_t *base, uint64_t pos, void *data, size_t len)
{
    size_t at = pos & (PORT_RING_BYTES - 1), first = PORT_RING_BYTES - at;
    if (first > len)
        first = len;
    memcpy(data, base + at, first);
    memcpy((uint8_t *)data + first, base, len - first);
}

static uint32_t record_size(uint32_t len)
{
    return (uint32_t)((sizeof(struct port_record) + len + 7) & ~(size_t)7);
}

bool port_ring_fits(const struct port_shared *s, unsigned node, enum port_ring which, uint32_t len)
{
    uint64_t head = atomic_load_explicit(ring_head(s, node, which), memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(ring_tail(s, node, which), memory_order_acquire);
    return len <= PORT_MAX_FRAME && PORT_RING_BYTES - (head - tail) >= record_size(len);
}

int port_ring_write(struct port_shared *s, unsigned node, enum port_ring which, const struct port_record *rec,
                    const void *data)
{
    if (rec->len > PORT_MAX_FRAME) {
        errno = EMSGSIZE;
        return -1;
    }
    if (!port_ring_fits(s, node, which, rec->len)) {
        errno = EAGAIN;
        return -1;
    }
    uint8_t *base = ring_base(s, node, which);
    uint64_t head = atomic_load_explicit(ring_head(s, node, which), memory_order_relaxed);
    struct port_record out = *rec;
    out.size = record_size(rec->len);
    out.zero = 0;
    copy_in(base, head, &out, sizeof out);
    if (rec->len)
        copy_in(base, head + sizeof out, data, rec->len);
    atomic_store_explicit(ring_head(s, node, which), head + out.size, memory_order_release);
    return 0;
}

/* Does the header make sense, for what it says to be? */
static bool plausible(const struct port_record *rec, enum port_ring which)
{
    if (rec->len > PORT_MAX_FRAME || rec->size != record_size(rec->len) || rec->zero || rec->time_ps < 0 ||
        rec->time_ps >= VTIME_NEVER)
        return false;
    switch (rec->type) {
    case PORT_REC_FRAME:
    case PORT_REC_TRAIN:
        return rec->arg < PORT_MAX_NICS;
    case PORT_REC_CONSOLE:
        return true;
    case PORT_REC_END:
        return rec->arg != PORT_END_NONE && rec->arg < PORT_END_COUNT;
    case PORT_REC_EVENT:
        return rec->len >= PORT_EVENT_MIN && rec->len <= PORT_EVENT_MAX;
    case PORT_REC_FAULT:
        return which == PORT_DOWN ? rec->len == sizeof(struct port_fault)
                                  : rec->len == PORT_FAULT_VALUE && rec->id < PORT_FAULT_PHASES;
    case PORT_REC_GRANT:
        return which == PORT_UP && rec->arg <= 1 && rec->len == 0 && rec->id < (uint64_t)VTIME_NEVER;
    case PORT_REC_INPUT:
        return which == PORT_DOWN && rec->len > 0;
    case PORT_REC_TRACE:
        return which == PORT_UP && rec->arg < PORT_TRACE_KINDS && rec->len == PORT_TRACE_BYTES;
    default:
        return false;
    }
}

int port_ring_read(struct port_shared *s, unsigned node, enum port_ring which, struct port_record *rec,
                   void *buf)
{
    const uint8_t *base = ring_base(s, node, which);
    uint64_t tail = atomic_load_explicit(ring_tail(s, node, which), memory_order_relaxed);
    uint64_t head = atomic_load_explicit(ring_head(s, node, which), memory_order_acquire);
    uint64_t fill = head - tail;
    if (fill == 0)
        return 0;
    if (fill > PORT_RING_BYTES || fill < sizeof *rec) {
        errno = EBADMSG;
        return -1;
    }
    copy_out(base, tail, rec, sizeof *rec);
    if (!plausible(rec, which) || rec->size > fill) {
        errno = EBADMSG;
        return -1;
    }
    copy_out(base, tail + sizeof *rec, buf, rec->len);
    atomic_store_explicit(ring_tail(s, node, which), tail + rec->size, memory_order_release);
    return 1;
}
