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
    void *page; /* a copy, behind it; or NULL */
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
_Static_assert((int)CORE_MAX_NODES <= (int)PAGE, "a cookie is a frame and a node");

/* False: no room. */
static bool hand_over(unsigned to, const struct adapter_message *m)
{
    uint64_t cookie = (uintptr_t)m->page | to;

    if ((datagrams ? adapter_datagram : adapter_send)(QUEUE_MESSAGES, to, m, cookie) < 0)
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
    if (status != FAB_C_OK && !datagrams)
        cluster_failed((unsigned)cookie & (PAGE - 1));
    while (first) {
        struct waiting *w = first;
        const struct adapter_message m = {.head = w->packet, .head_bytes = w->bytes, .page = w->page};
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

void cluster_send(void *ctx, unsigned to, const struct msg *m, const void *data, size_t bytes)
{
    struct adapter_message packet = {.head = m, .head_bytes = sizeof *m, .data = data, .bytes = bytes};
    size_t all = sizeof *m + bytes;

    (void)ctx;
    if (data == &outgoing) {
        packet.bytes = sizeof outgoing.wire;
        packet.page = outgoing.frame;
    }
    if (m->flags & MSG_RAW) {
        adapter_datagram(QUEUE_HELLO, to, &packet, to); /* if there is no room, the next one */
        return;
    }
    if (!first && hand_over(to, &packet))
        return;
    if (packet.page)
        all = sizeof *m + packet.bytes;
    struct waiting *w = heap_last(sizeof *w + all);
    void *page = w && packet.page ? page_last() : NULL;
    if (!w || (packet.page && !page)) {
        if (w)
            heap_free(w, sizeof *w + all);
        if (!datagrams)
            cluster_failed(to);
        return;
    }
    w->next = NULL;
    w->to = to;
    w->bytes = all;
    memcpy(w->packet, m, sizeof *m);
    if (packet.bytes)
        memcpy(w->packet + sizeof *m, data, packet.bytes);
    if (page)
        memcpy(page, packet.page, PAGE);
    w->page = page;
    *last = w;
    last = &w->next;
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
