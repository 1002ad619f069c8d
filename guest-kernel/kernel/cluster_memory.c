/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cluster_memory.c - SHARED_BYTES at SHARED_BEGIN, the same on all nodes and in all processes, all zero at
 * first. Which node may read or write a page is decided by guest-kernel/core/page.h; a thread that lacks the
 * right waits. All address spaces of a node have the same tables for it (paging.c).
 */
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/heap.h"
#include "guest-kernel/kernel/process.h"

enum { BUCKETS = 256, HOLD_NS = 20000 };

struct waiter {
    struct page_fault fault;
    int status;
    bool done, abandoned; /* abandoned: its thread is gone, and done() frees it */
};

static bool here;
static struct page pages;
static struct msg_layer *messages;

static uintptr_t address(uint64_t page)
{
    return SHARED_BEGIN + page * PAGE;
}

static void map(void *ctx, uint64_t page, void *frame, enum page_state state)
{
    (void)ctx;
    if (state == PAGE_INVALID)
        space_clear(kernel_root, address(page));
    else if (space_map(kernel_root, address(page), frame,
                       state == PAGE_SHARED ? PROT_READ : PROT_READ | PROT_WRITE) < 0)
        panic("the tables of shared memory are not there");
}

/* Pages beyond the end have none. */
static unsigned home(void *ctx, uint64_t page)
{
    (void)ctx;
    return page < SHARED_BYTES / PAGE ? (unsigned)(page % pages.c.nodes) : pages.c.nodes;
}

static void *frame_alloc(void *ctx)
{
    (void)ctx;
    return page_new();
}

static void frame_free(void *ctx, void *frame)
{
    (void)ctx;
    page_free(frame);
}

/* Event CLUSTER_EVENT_SENT: arg: receiver, type in bits 16..31; data: page, request, bytes of the page. */
static void send(void *ctx, unsigned to, unsigned type, const struct page_wire *w, const void *data,
                 size_t bytes)
{
    static _Alignas(8) uint8_t packet[sizeof *w + PAGE];
    const struct {
        uint64_t page;
        uint32_t request, bytes;
    } event = {w->page, w->request, (uint32_t)bytes};

    (void)ctx;
    memcpy(packet, w, sizeof *w);
    if (bytes)
        memcpy(packet + sizeof *w, data, bytes);
    adapter_event(CLUSTER_EVENT_SENT, to | type << 16, &event, sizeof event);
    if (msg_post(messages, to, type, packet, (uint32_t)(sizeof *w + bytes)) != CORE_OK)
        cluster_failed(to);
}

void shared_init(const struct core_env *env, struct msg_layer *layer)
{
    const struct page_config c = {.env = env,
                                  .self = layer->c.self,
                                  .nodes = layer->c.nodes,
                                  .page_bytes = PAGE,
                                  .buckets = BUCKETS,
                                  .hold_ns = HOLD_NS,
                                  .home = home,
                                  .send = send,
                                  .map = map,
                                  .frame_alloc = frame_alloc,
                                  .frame_free = frame_free};

    messages = layer;
    if (page_init(&pages, &c) != CORE_OK || space_tables(kernel_root, SHARED_BEGIN, SHARED_BYTES) < 0)
        panic("no memory for shared memory");
    here = true;
}

bool shared_here(uintptr_t at)
{
    return here && at >= SHARED_BEGIN && at < SHARED_BEGIN + SHARED_BYTES;
}

static void done(struct page_fault *f, uint64_t page, void *frame, int status)
{
    struct waiter *w = (struct waiter *)f;

    (void)page;
    (void)frame;
    if (w->abandoned) {
        heap_free(w, sizeof *w);
        return;
    }
    w->status = status;
    w->done = true;
    wake(w);
}

/* Waits for one fault; enum core_status. */
static int fault(uint64_t page, bool write)
{
    struct waiter *w = heap_new(sizeof *w);

    if (!w)
        return CORE_ENOMEM;
    *w = (struct waiter){.fault = {.done = done, .write = write}};
    int status = page_fault(&pages, page, &w->fault);
    if (status == 1) {
        while (!w->done && wait_for(w, UINT64_MAX) == 0)
            ;
        if (!w->done) {
            w->abandoned = true;
            return CORE_ECLOSED;
        }
        status = w->status;
    }
    heap_free(w, sizeof *w);
    return status;
}

void *shared_page(uintptr_t at, unsigned prot, int *status)
{
    uint64_t page = (at - SHARED_BEGIN) / PAGE;
    bool write = prot & PROT_WRITE;
    void *frame;

    *status = CORE_EINVAL;
    if (prot & PROT_EXEC)
        return NULL;
    while (page_look(&pages, page, &frame) < (write ? PAGE_EXCLUSIVE : PAGE_SHARED))
        if ((*status = fault(page, write)) != CORE_OK)
            return NULL;
    return frame;
}

void shared_message(unsigned from, unsigned type, const void *data, size_t bytes)
{
    page_message(&pages, from, type, data, bytes);
}

void shared_dead(unsigned node)
{
    page_peer_dead(&pages, node);
}

void shared_poll(void)
{
    page_poll(&pages);
}
