/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cluster_send.c - messages to the adapter: hellos as datagrams in a queue of their own, so that nobody waits
 * for them; all others reliably, in the order in which they were sent. What the send ring has no room for
 * waits in a list. A message that does not arrive means that its receiver is dead.
 *
 * With transport=datagram on the command line all of them are datagrams, and what the links lose, repeat or
 * reorder is guest-kernel/core/msg.h's to mend. It needs links whose packets hold a page's message.
 *
 * A reliable message's page goes from its frame to the link and is not copied: msg.h hands data on as they
 * are, here the address of `outgoing`, which says where the page is.
 */
#include "devices/fabric/fabric_abi.h"
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/dsm.h"
#include "guest-kernel/kernel/heap.h"
#include "guest-kernel/kernel/kernel.h"

enum { QUEUE_HELLO = 1, QUEUE_MESSAGES = 2 };
enum { TRIES = 5, FIRST_NS = 1000000 }; /* 31 ms in all: so long may a dead node hold up the others */

struct waiting {
    struct waiting *next;
    size_t bytes;
    unsigned to;
    void *page;   /* a copy, behind it; or NULL */
    uint32_t key; /* a write: where */
    uint64_t offset;
    uint8_t packet[];
};
static struct waiting *first, **last = &first;
static unsigned under_way;
static bool datagrams;
static struct {
    struct page_wire wire;
    const void *frame;
} outgoing;

_Static_assert((int)DSM_SENDING >= (int)ADAPTER_PENDING, "frames under way");

enum { WRITE = 0x800 }; /* in a cookie, which is a frame, this and a node */
_Static_assert((int)CORE_MAX_NODES <= (int)WRITE && (int)WRITE < (int)PAGE, "cookies");
_Static_assert(sizeof(struct waiting) + CLUSTER_WRITE <= PAGE, "what waits is a page of the last memory");

/* False: no room. */
static bool hand_over(unsigned to, const struct adapter_message *m)
{
    uint64_t cookie = (uintptr_t)m->page | (m->key ? WRITE : 0) | to;

    if ((m->key      ? adapter_write
         : datagrams ? adapter_datagram
                     : adapter_send)(QUEUE_MESSAGES, to, m, cookie) < 0)
        return false;
    if (m->page)
        dsm_sending(m->page);
    under_way++;
    return true;
}

static void sent(unsigned q, uint64_t cookie, unsigned status)
{
    if (q == QUEUE_HELLO)
        return; /* who is not there hears none */
    under_way--;
    if (cookie >= PAGE)
        dsm_sent((void *)(uintptr_t)(cookie & ~(uint64_t)(PAGE - 1)));
    /* A write's place may be closed: who asked waits no longer. */
    if (status != FAB_C_OK && !(status == FAB_C_REMOTE && cookie & WRITE) && !datagrams)
        cluster_failed((unsigned)cookie & (WRITE - 1));
    while (first) {
        struct waiting *w = first;
        const struct adapter_message m = {
            .head = w->packet, .head_bytes = w->bytes, .page = w->page, .key = w->key, .offset = w->offset};
        if (!hand_over(w->to, &m))
            break;
        first = w->next;
        if (!first)
            last = &first;
        if (w->page)
            dsm_frame_gone(w->page); /* when it has been sent */
        heap_free(w, sizeof *w + w->bytes);
    }
}

/* The adapter has no room for it now. */
static void keep(unsigned to, const struct adapter_message *m)
{
    size_t all = m->head_bytes + m->bytes;
    struct waiting *w = heap_last(sizeof *w + all);
    void *page = w && m->page ? page_last() : NULL;

    if (!w || (m->page && !page)) {
        if (w)
            heap_free(w, sizeof *w + all);
        if (!datagrams)
            cluster_failed(to);
        return;
    }
    *w = (struct waiting){.to = to, .bytes = all, .page = page, .key = m->key, .offset = m->offset};
    memcpy(w->packet, m->head, m->head_bytes);
    if (m->bytes)
        memcpy(w->packet + m->head_bytes, m->data, m->bytes);
    if (page)
        memcpy(page, m->page, PAGE);
    *last = w;
    last = &w->next;
}

void cluster_send(void *ctx, unsigned to, const struct msg *m, const void *data, size_t bytes)
{
    struct adapter_message packet = {.head = m, .head_bytes = sizeof *m, .data = data, .bytes = bytes};

    (void)ctx;
    if (data == &outgoing) {
        packet.bytes = sizeof outgoing.wire;
        packet.page = outgoing.frame;
    }
    if (m->flags & MSG_RAW) {
        adapter_datagram(QUEUE_HELLO, to, &packet, to); /* if there is no room, the next one */
        return;
    }
    if (first || !hand_over(to, &packet))
        keep(to, &packet);
}

int cluster_expose(void *ctx, uint32_t key, void *const *part, unsigned shift, size_t bytes)
{
    (void)ctx;
    return adapter_region(key, part, shift, bytes) < 0 ? CORE_ENOMEM : CORE_OK;
}

void cluster_hide(void *ctx, uint32_t key)
{
    (void)ctx;
    adapter_region_end(key);
}

void cluster_put(void *ctx, unsigned to, uint32_t key, uint32_t offset, const void *data, size_t bytes)
{
    (void)ctx;
    for (size_t done = 0, now; done < bytes; done += now) {
        now = bytes - done < CLUSTER_WRITE ? bytes - done : CLUSTER_WRITE;
        const struct adapter_message piece = {
            .head = (const char *)data + done, .head_bytes = now, .key = key, .offset = offset + done};
        if (first || !hand_over(to, &piece))
            keep(to, &piece);
    }
}

const void *cluster_page(const struct page_wire *w, const void *frame)
{
    static _Alignas(8) uint8_t packet[sizeof *w + PAGE];

    if (!datagrams) {
        outgoing.wire = *w;
        outgoing.frame = frame;
        return &outgoing;
    }
    memcpy(packet, w, sizeof *w);
    memcpy(packet + sizeof *w, frame, PAGE);
    return packet;
}

bool cluster_sent(void)
{
    return !first && !under_way;
}

bool cluster_datagrams(size_t largest)
{
    char what[16];

    if (!adapter_here() || !boot_option("transport", what, sizeof what) || !same(what, "datagram"))
        return false;
    if (adapter_packet_bytes() < largest)
        panic("transport=datagram: the links' packets of %u bytes hold no page", adapter_packet_bytes());
    return datagrams = true;
}

void cluster_send_init(void (*receive)(unsigned q, unsigned peer, const void *data, size_t bytes))
{
    adapter_enable();
    if (adapter_timeout(TRIES, FIRST_NS) < 0 || adapter_queue(QUEUE_HELLO, receive, sent) < 0 ||
        adapter_queue(QUEUE_MESSAGES, receive, sent) < 0)
        panic("the cluster's queues cannot be set up");
}
