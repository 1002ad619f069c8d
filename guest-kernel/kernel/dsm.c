/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dsm.c - the page directory's callbacks, and waiting for pages; see dsm.h. Page tables follow: a page that
 * goes away is unmapped here, one that has come is mapped by whoever touched it (fault.c). The range at
 * SHARED_BEGIN has its tables in all address spaces of a node, and is mapped here.
 */
#include "guest-kernel/kernel/dsm.h"
#include "guest-kernel/core/vma.h"
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/process.h"

enum { BUCKETS = 1024, HOLD_NS = 20000 };

struct waiter { /* on its thread's stack */
    struct page_fault fault;
    struct waiter *next;
    uint64_t key;
    const struct vma_area *area; /* a copy, or NULL: see initial() */
    int status;
    bool done;
};

static struct page pages;
static struct waiter *waiters;

static int process_of_key(uint64_t key)
{
    return (int)(key >> DSM_PROCESS_BITS);
}

static uint32_t object_of_key(uint64_t key)
{
    return key >> DSM_OBJECT_BITS & (DSM_OBJECTS - 1);
}

static uint64_t page_of_key(uint64_t key)
{
    return key & (DSM_OBJECT_PAGES - 1);
}

static uint64_t address(const struct waiter *w)
{
    return w->area->begin + (page_of_key(w->key) - w->area->first) * PAGE;
}

static void map_shared(uint64_t key, void *frame, enum page_state state)
{
    uintptr_t at = SHARED_BEGIN + page_of_key(key) * PAGE;

    if (state == PAGE_INVALID)
        space_clear(kernel_root, at);
    else if (space_map(kernel_root, at, frame, state == PAGE_SHARED ? PROT_READ : PROT_READ | PROT_WRITE) < 0)
        panic("the tables of shared memory are not there");
}

static void map(void *ctx, uint64_t key, void *frame, enum page_state state)
{
    uint64_t page = page_of_key(key);
    unsigned has;

    (void)ctx;
    if (!process_of_key(key)) {
        map_shared(key, frame, state);
        return;
    }
    if (state > pages.was)
        return; /* who touched it maps it */
    struct process *p = process_here(process_of_key(key));
    const struct vma_area *a = p ? memory_object(p, object_of_key(key), page) : NULL;
    if (!a)
        return;
    uintptr_t at = a->begin + (page - a->first) * PAGE;
    if (state == PAGE_INVALID)
        space_clear(p->root, at);
    else if (state == PAGE_SHARED && space_page(p->root, at, &has))
        space_map(p->root, at, frame, a->prot & ~(unsigned)PROT_WRITE);
}

static unsigned home(void *ctx, uint64_t key)
{
    int process = process_of_key(key);
    unsigned node = process_origin(process);

    (void)ctx;
    if (!process)
        return key < SHARED_BYTES / PAGE ? (unsigned)(key % pages.c.nodes) : pages.c.nodes;
    return node == pages.c.self && !process_here(process) ? pages.c.nodes : node;
}

/* As the range said when the thread began to wait: it may have been taken back since, and be asked for anew.
 */
static bool initial(void *ctx, uint64_t key, void *frame)
{
    const struct process *p = process_here(process_of_key(key));
    const struct waiter *w = waiters;

    (void)ctx;
    while (w && (w->key != key || !w->area))
        w = w->next;
    if (!p || !w)
        return false;
    memset(frame, 0, PAGE);
    memory_contents(p, w->area, address(w), frame);
    return true;
}

static void *frame_alloc(void *ctx)
{
    (void)ctx;
    return page_take(); /* what it is to hold comes from elsewhere, or page.h clears it */
}

/* Frames that the adapter may still read; bit 0: given back meanwhile. A frame may be there more than once.
 */
static uintptr_t sending[DSM_SENDING];
static unsigned n_sending;

void dsm_frame_gone(void *frame)
{
    bool wait = false;

    for (unsigned i = 0; i < n_sending; i++)
        if (sending[i] == (uintptr_t)frame) {
            sending[i] |= 1;
            wait = true;
        }
    if (!wait)
        page_free(frame);
}

static void frame_free(void *ctx, void *frame)
{
    (void)ctx;
    dsm_frame_gone(frame);
}

void dsm_sending(const void *frame)
{
    sending[n_sending++] = (uintptr_t)frame;
}

void dsm_sent(const void *frame)
{
    unsigned at = 0;

    while ((sending[at] & ~(uintptr_t)1) != (uintptr_t)frame)
        at++;
    uintptr_t done = sending[at];
    sending[at] = sending[--n_sending];
    if (!(done & 1))
        return;
    for (unsigned i = 0; i < n_sending; i++)
        if (sending[i] == done)
            return;
    page_free((void *)(done - 1));
}

/* Event DSM_EVENT_SENT: arg: receiver, type in bits 16..31; data: page, request, bytes of the page. */
static void send(void *ctx, unsigned to, unsigned type, const struct page_wire *w, const void *data,
                 size_t bytes)
{
    const struct {
        uint64_t page;
        uint32_t request, bytes;
    } event = {w->page, w->request, (uint32_t)bytes};

    (void)ctx;
    adapter_event(DSM_EVENT_SENT, to | type << 16, &event, sizeof event);
    if (bytes)
        cluster_post_page(to, type, w, data);
    else
        cluster_post(to, type, w, sizeof *w);
}

void dsm_init(const struct core_env *env, unsigned self, unsigned nodes)
{
    const struct page_config c = {.env = env,
                                  .self = self,
                                  .nodes = nodes,
                                  .page_bytes = PAGE,
                                  .buckets = BUCKETS,
                                  .home = home,
                                  .send = send,
                                  .map = map,
                                  .initial = initial,
                                  .frame_alloc = frame_alloc,
                                  .frame_free = frame_free};

    if (page_init(&pages, &c) != CORE_OK || space_tables(kernel_root, SHARED_BEGIN, SHARED_BYTES) < 0)
        panic("no memory for shared memory");
}

bool shared_here(uintptr_t at)
{
    return at >= SHARED_BEGIN && at < SHARED_BEGIN + SHARED_BYTES;
}

static void done(struct page_fault *f, uint64_t page, void *frame, int status)
{
    struct waiter *w = (struct waiter *)f;

    (void)page;
    (void)frame;
    w->status = status;
    w->done = true;
    wake_first(w);
}

void *dsm_get(uint64_t key, bool write, const struct vma_area *area, int *status)
{
    struct waiter w = {.fault = {.done = done, .write = write, .pin = true}, .key = key, .next = waiters};
    struct waiter **at = &waiters;
    const struct vma_area copy = area ? *area : (struct vma_area){0};
    void *frame = NULL;

    w.area = area ? &copy : NULL;
    waiters = &w;
    *status = page_fault(&pages, key, &w.fault);
    if (*status == 1) {
        while (!w.done)
            wait_always(&w);
        *status = w.status;
    }
    while (*at != &w)
        at = &(*at)->next;
    *at = w.next;
    if (*status == CORE_OK)
        page_look(&pages, key, &frame);
    if (*status == CORE_OK && !frame)
        *status = CORE_EDEAD; /* it came, and its home died before this thread ran */
    return frame;
}

void dsm_unpin(uint64_t key, bool hold)
{
    pages.c.hold_ns = hold ? HOLD_NS : 0;
    page_unpin(&pages, key);
    pages.c.hold_ns = 0;
}

bool dsm_wanted(uint64_t key)
{
    return page_wanted(&pages, key);
}

unsigned dsm_touched(uint64_t first, uint64_t last, uint64_t *keys, unsigned max)
{
    return page_touched_in(&pages, first, last, keys, max);
}

bool dsm_busy(int process, uint64_t begin, uint64_t end)
{
    for (const struct waiter *w = waiters; w; w = w->next)
        if (w->area && process_of_key(w->key) == process && address(w) >= begin && address(w) < end)
            return true;
    return false;
}

void dsm_drop(const struct vma_span *s)
{
    uint64_t first = dsm_key((int)s->process, s->object, s->first);

    page_drop(&pages, first, first + s->pages - 1);
}

void dsm_drop_all(int process)
{
    page_drop(&pages, dsm_key(process, 0, 0), dsm_key(process + 1, 0, 0) - 1);
}

void dsm_message(unsigned from, unsigned type, const void *data, size_t bytes)
{
    page_message(&pages, from, type, data, bytes);
}

void dsm_dead(unsigned node)
{
    page_peer_dead(&pages, node);
}

void dsm_poll(void)
{
    page_poll(&pages);
}

const struct page_counts *dsm_counts(void)
{
    return &pages.counts;
}

bool dsm_writable(uint64_t key)
{
    void *frame;

    return page_look(&pages, key, &frame) == PAGE_EXCLUSIVE;
}
