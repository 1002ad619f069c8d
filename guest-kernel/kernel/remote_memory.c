/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remote_memory.c - a process's address ranges on other nodes than its origin. They ask for one when a thread
 * touches what they do not know. Ranges are taken back in two steps: everybody forgets them, and says so when
 * nobody waits for one of their pages any more; then the pages go. So no message about a page is under way
 * when it is dropped, and munmap's promise holds when it returns.
 */
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/heap.h"
#include "guest-kernel/kernel/remote.h"

struct remote_where {
    int32_t process;
    uint32_t zero;
    uint64_t at;
};
struct remote_spans {
    int32_t process;
    uint32_t n;
    uint64_t begin, end;
    struct dsm_span span[];
};
struct forgetting { /* a REMOTE_FORGET that is not answered yet */
    struct forgetting *next;
    unsigned from;
    uint32_t request;
    size_t bytes;
    struct remote_spans spans;
};
static struct forgetting *forgetting;

/* ---- asking ---- */

struct search {
    struct msg_call call;
    int process;
    bool done, found;
};

/* At once, not when the thread runs: what takes the range back may be the next message. */
static void found(struct msg_call *c, unsigned from, const void *data, uint32_t len)
{
    struct search *s = (struct search *)c;
    struct process *p = process_here(s->process);
    struct range r;

    (void)from;
    if (len < sizeof r || !p)
        return;
    memcpy(&r, data, sizeof r);
    if (r.begin >= r.end || r.begin < USER_BEGIN || r.end > USER_END || r.begin % PAGE || r.end % PAGE)
        return;
    memory_learn(p, &r);
    s->found = true;
}

static void search_done(struct msg_call *c, int status)
{
    struct search *s = (struct search *)c;

    (void)status;
    s->done = true;
    wake_first(s);
}

bool remote_range(struct process *p, uintptr_t at)
{
    struct search s = {.call = {.answered = found, .done = search_done}, .process = p->id};
    const struct remote_where m = {.process = p->id, .at = at};

    if (p->orphan ||
        cluster_request(&s.call, core_bit(process_origin(p->id)), 1, REMOTE_RANGE, &m, sizeof m) != CORE_OK)
        return false;
    while (!s.done)
        wait_always(&s);
    return s.found;
}

/* ---- taking back ---- */

struct round {
    struct msg_call call;
    bool done;
};

static void answered(struct msg_call *c, unsigned from, const void *data, uint32_t len)
{
    (void)c;
    (void)from;
    (void)data;
    (void)len;
}

static void round_done(struct msg_call *c, int status)
{
    struct round *r = (struct round *)c;

    (void)status;
    r->done = true;
    wake_first(r);
}

/* Asks all replicas, again without those that die meanwhile, until all that live have answered. */
static void all_replicas(struct process *p, unsigned type, const void *m, size_t bytes)
{
    for (uint64_t left = p->nodes; left; left &= left - 1) {
        unsigned node = core_first(left);
        struct round r = {.call = {.answered = answered, .done = round_done}};
        if (cluster_request(&r.call, core_bit(node), 1, type, m, bytes) == CORE_OK)
            while (!r.done)
                wait_always(&r);
    }
}

static void tell(struct process *p, unsigned type, uintptr_t begin, uintptr_t end,
                 const struct dsm_span *spans, unsigned n)
{
    _Alignas(8) uint8_t packet[sizeof(struct remote_spans) + RANGES * sizeof *spans];
    const struct remote_spans m = {.process = p->id, .n = n, .begin = begin, .end = end};
    size_t bytes = n * sizeof *spans;

    memcpy(packet, &m, sizeof m);
    if (n)
        memcpy(packet + sizeof m, spans, bytes);
    all_replicas(p, type, packet, sizeof m + bytes);
}

static bool busy(int process, const struct dsm_span *spans, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (dsm_busy(process, &spans[i]))
            return true;
    return false;
}

void remote_forget(struct process *p, uintptr_t begin, uintptr_t end, const struct dsm_span *spans,
                   unsigned n)
{
    tell(p, REMOTE_FORGET, begin, end, spans, n);
    while (busy(p->id, spans, n))
        wait_always(&forgetting);
}

void remote_drop(struct process *p, const struct dsm_span *spans, unsigned n)
{
    if (n)
        tell(p, REMOTE_DROP, 0, 0, spans, n);
}

static void answer_quiet(void)
{
    struct forgetting **at = &forgetting;

    while (*at) {
        struct forgetting *f = *at;
        if (busy(f->spans.process, f->spans.span, f->spans.n)) {
            at = &f->next;
            continue;
        }
        *at = f->next;
        remote_answer_number(f->from, f->request, REMOTE_FORGET, 0);
        heap_free(f, f->bytes);
    }
}

void remote_memory_quiet(void)
{
    wake(&forgetting);
    answer_quiet();
}

static void forget(unsigned from, uint32_t request, struct process *p, const struct remote_spans *m,
                   size_t bytes)
{
    size_t all = sizeof(struct forgetting) + m->n * sizeof m->span[0];
    struct forgetting *f = heap_new(all);

    (void)bytes;
    memory_forget(p, m->begin, m->end);
    if (!f)
        panic("no memory to take memory back");
    f->next = forgetting;
    f->from = from;
    f->request = request;
    f->bytes = all;
    memcpy(&f->spans, m, sizeof *m + m->n * sizeof m->span[0]);
    forgetting = f;
    answer_quiet();
}

static void where(unsigned from, uint32_t request, const void *data, size_t bytes)
{
    struct remote_where m = {0};
    struct process *p = NULL;
    struct range *r = NULL;

    if (bytes >= sizeof m) {
        memcpy(&m, data, sizeof m);
        p = process_here(m.process);
    }
    if (p && !p->replica)
        r = memory_range(p, m.at);
    cluster_answer(from, request, REMOTE_RANGE, r, r ? sizeof *r : 0);
}

void remote_memory_message(unsigned from, uint32_t request, unsigned type, const void *data, size_t bytes)
{
    const struct remote_spans *m = data;

    if (type == REMOTE_RANGE) {
        where(from, request, data, bytes);
        return;
    }
    struct process *p = bytes >= sizeof *m ? process_here(m->process) : NULL;
    if (!p || !p->replica || process_origin(p->id) != from || m->n > RANGES ||
        bytes < sizeof *m + m->n * sizeof m->span[0]) {
        remote_answer_number(from, request, type, 0); /* it has nothing of it */
        return;
    }
    if (type == REMOTE_FORGET) {
        forget(from, request, p, m, bytes);
        return;
    }
    for (unsigned i = 0; i < m->n; i++)
        dsm_drop(p->id, &m->span[i]);
    remote_answer_number(from, request, type, 0);
}
