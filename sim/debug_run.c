/* SPDX-License-Identifier: GPL-2.0-or-later */
/* debug_run.c - see debug_run.h. The hooks are called in the engine's threads, under its lock. */
#include "sim/debug_run.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct debug_news {
    vtime_t at;
    unsigned node, fault;
    enum port_fault_phase phase;
    unsigned order; /* as told */
};

static void ring(const struct debug_run *d)
{
    char c = 0;
    if (write(d->bell, &c, 1) < 0 && errno != EAGAIN && errno != EPIPE)
        fprintf(stderr, "cob: the debugger's bell: %s\n", strerror(errno));
}

static struct debug_message *find(struct debug_shared *s, uint64_t id)
{
    uint64_t n = s->n_messages < DEBUG_MESSAGES ? s->n_messages : DEBUG_MESSAGES;
    for (uint64_t k = 1; k <= n; k++) {
        struct debug_message *m = &s->message[(s->n_messages - k) % DEBUG_MESSAGES];
        if (m->id == id)
            return m;
    }
    return NULL;
}

static void consider(struct debug_shared *s, enum debug_wait wait, const struct debug_message *m, vtime_t at)
{
    struct debug_filter *f = &s->filter;
    bool sent = wait == DEBUG_WAIT_SENT;

    if (!atomic_load(&f->active) || f->wait != wait || (f->from != DEBUG_ANY_NODE && f->from != m->from) ||
        (!sent && f->to != DEBUG_ANY_NODE && f->to != m->to))
        return;
    if (++s->match_count == f->nth) {
        s->match_id = m->id;
        s->match_ps = at;
        s->match_node = sent ? m->from : m->to;
    }
}

static void on_sent(void *ctx, unsigned node, unsigned nic, vtime_t at, uint64_t id, uint32_t len)
{
    const struct debug_run *d = ctx;
    struct debug_shared *s = d->shared;
    struct debug_message *m = &s->message[s->n_messages++ % DEBUG_MESSAGES];

    *m = (struct debug_message){.id = id,
                                .from = node,
                                .from_nic = nic,
                                .to = DEBUG_ANY_NODE,
                                .len = len,
                                .sent_ps = at,
                                .received_ps = VTIME_NEVER};
    consider(s, DEBUG_WAIT_SENT, m, at);
}

static void on_received(void *ctx, unsigned node, unsigned nic, vtime_t at, uint64_t id, uint32_t len)
{
    const struct debug_run *d = ctx;
    struct debug_shared *s = d->shared;
    struct debug_message *m = find(s, id), other;

    if (!m)
        return;                            /* more than DEBUG_MESSAGES have been sent since */
    if (m->state == DEBUG_MSG_ANNOUNCED) { /* a switch has sent it to several */
        other = *m;
        m = &s->message[s->n_messages++ % DEBUG_MESSAGES];
        *m = other;
    }
    m->state = DEBUG_MSG_ANNOUNCED;
    m->to = node;
    m->to_nic = nic;
    m->len = len;
    m->received_ps = at;
    consider(s, DEBUG_WAIT_RECEIVED, m, at);
}

static void on_dropped(void *ctx, uint64_t id)
{
    const struct debug_run *d = ctx;
    struct debug_message *m = find(d->shared, id);
    if (m)
        m->state = DEBUG_MSG_DROPPED;
}

static void on_fault(void *ctx, unsigned fault, enum port_fault_phase phase, unsigned node, vtime_t at)
{
    struct debug_run *d = ctx;
    struct debug_fault *f = &d->shared->fault[fault];

    if (phase == PORT_FAULT_BEGIN)
        f->begin_ps = vtime_min(f->begin_ps, at);
    else if (phase == PORT_FAULT_END)
        f->end_ps = f->end_ps >= VTIME_NEVER ? at : vtime_max(f->end_ps, at);
    else {
        f->hit_ps = f->hits++ ? vtime_max(f->hit_ps, at) : at;
    }
    if (d->n_news == d->room_news) {
        d->room_news = d->room_news ? 2 * d->room_news : 64;
        d->news = realloc(d->news, d->room_news * sizeof *d->news);
        assert(d->news);
    }
    d->news[d->n_news] =
        (struct debug_news){.at = at, .node = node, .fault = fault, .phase = phase, .order = d->n_news};
    d->n_news++;
}

static int by_time(const void *a, const void *b)
{
    const struct debug_news *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (x->node != y->node)
        return x->node < y->node ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static void consider_news(struct debug_shared *s, const struct debug_news *n)
{
    struct debug_filter *f = &s->filter;

    if (!atomic_load(&f->active) || f->wait != DEBUG_WAIT_FAULT || n->at <= f->after_ps ||
        !(f->phases >> n->phase & 1) || !(f->faults[n->fault / 64] >> n->fault % 64 & 1))
        return;
    if (++s->match_count == f->nth) {
        s->match_id = n->fault;
        s->match_ps = n->at;
        s->match_node = n->node;
        s->match_phase = n->phase;
    }
}

/* Nothing before upto will be told any more. */
static void settle_news(struct debug_run *d, vtime_t upto)
{
    unsigned done = 0;

    if (d->n_news == 0)
        return;
    qsort(d->news, d->n_news, sizeof *d->news, by_time);
    while (done < d->n_news && d->news[done].at < upto)
        consider_news(d->shared, &d->news[done++]);
    d->n_news -= done;
    memmove(d->news, d->news + done, d->n_news * sizeof *d->news);
    for (unsigned k = 0; k < d->n_news; k++)
        d->news[k].order = k;
}

static void on_begin(void *ctx)
{
    struct debug_run *d = ctx;
    const struct debug_shared *s = d->shared;
    struct tracing_gap gaps[DEBUG_GAPS];
    uint32_t serial = atomic_load(&s->gaps_serial);

    if (serial == d->gaps_serial || !d->tracing)
        return;
    d->gaps_serial = serial;
    for (unsigned i = 0; i < s->n_gaps; i++)
        gaps[i] = (struct tracing_gap){s->gap[i].from_ps, s->gap[i].to_ps};
    tracing_set_gaps(d->tracing, gaps, s->n_gaps);
}

static bool on_release(void *ctx, vtime_t upto, bool none)
{
    struct debug_run *d = ctx;
    struct debug_filter *f = &d->shared->filter;
    settle_news(d, upto);
    if (upto < VTIME_NEVER)
        d->shared->committed_ps = upto;
    bool matched = atomic_load(&f->active) && d->shared->match_ps < VTIME_NEVER;

    if (!none && !matched)
        return true;
    atomic_store(&f->active, 0);
    atomic_store(&d->shared->state, DEBUG_HELD);
    ring(d);
    return false;
}

int debug_run_open(struct debug_run *d, const char *path, unsigned n_nodes, char *why, size_t size)
{
    struct stat st;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *m = MAP_FAILED;

    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size == (off_t)sizeof(struct debug_shared))
        m = mmap(NULL, sizeof(struct debug_shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    if (m == MAP_FAILED || (d->shared = m)->magic != DEBUG_MAGIC || d->shared->version != DEBUG_VERSION ||
        d->shared->size != sizeof *d->shared || d->shared->n_nodes != n_nodes ||
        (d->bell = open(d->shared->bell_path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0) {
        snprintf(why, size, "%s is no debugger's mailbox for this scenario; use `cob debug`", path);
        d->shared = NULL;
        return -1;
    }
    d->path = path;
    d->hook = (struct engine_observer){.sent = on_sent,
                                       .received = on_received,
                                       .dropped = on_dropped,
                                       .fault = on_fault,
                                       .release = on_release,
                                       .begin = on_begin,
                                       .ctx = d};
    return 0;
}

void debug_run_ready(struct debug_run *d, struct port_shared *port, const char *port_path,
                     const char *run_dir, struct tracing *tracing)
{
    d->tracing = tracing;
    d->shared->traced = tracing != NULL;
    port->hold_ps = d->shared->hold_ps;
    port->hold_one = d->shared->hold_one;
    snprintf(d->shared->port_path, sizeof d->shared->port_path, "%s", port_path);
    snprintf(d->shared->run_dir, sizeof d->shared->run_dir, "%s", run_dir);
}

void debug_run_under_way(struct debug_run *d)
{
    uint32_t starting = DEBUG_STARTING; /* it may be held already */
    atomic_compare_exchange_strong(&d->shared->state, &starting, DEBUG_UNDER_WAY);
    ring(d);
}

bool debug_run_linger(struct debug_run *d, int timeout_ms)
{
    if (atomic_load(&d->shared->finish) || debug_run_abandoned(d))
        return false;
    if (atomic_exchange(&d->shared->state, DEBUG_OVER) != DEBUG_OVER)
        ring(d);
    port_futex_wait(&d->shared->finish, 0, timeout_ms);
    return !atomic_load(&d->shared->finish);
}

bool debug_run_abandoned(const struct debug_run *d)
{
    return d->shared && atomic_load(&d->shared->abandon);
}

void debug_run_close(struct debug_run *d)
{
    if (!d->shared)
        return;
    close(d->bell);
    munmap(d->shared, sizeof *d->shared);
    d->shared = NULL;
    free(d->news);
    d->news = NULL;
}
