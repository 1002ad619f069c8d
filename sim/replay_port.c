/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay_port.c - see replay_port.h. */
#include "sim/replay_port.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Records of the log of one kind, in order. */
struct list {
    const struct replay_record **rec;
    size_t n, next;
};

struct replay_port {
    struct replay_port_config cfg;
    const struct replay_log *log;
    struct port_shared *s;
    struct port_node *node;
    size_t bytes;
    int fd;
    char path[64];
    struct list down, links, grants;
    vtime_t *earliest; /* of deliveries i and all later ones; earliest[down.n]: never */
    bool scripted;     /* by the grants of the log */
    vtime_t target;
    uint32_t call; /* port_core.call, as seen last */
    uint64_t meetings;
    char trouble[160];
};

/* ---- building ---- */

static bool is_kind(const struct replay_record *r, enum replay_kind kind, unsigned type)
{
    return r->kind == kind && (!type || r->type == type);
}

static bool list_make(struct list *l, const struct replay_log *log, enum replay_kind kind, unsigned type)
{
    for (size_t i = 0; i < log->n_records; i++)
        l->n += is_kind(&log->records[i], kind, type);
    l->rec = calloc(l->n + 1, sizeof(struct replay_record *));
    size_t k = 0;
    for (size_t i = 0; l->rec && i < log->n_records; i++)
        if (is_kind(&log->records[i], kind, type))
            l->rec[k++] = &log->records[i];
    return l->rec != NULL;
}

static bool make_lists(struct replay_port *p)
{
    if (!list_make(&p->down, p->log, REPLAY_DOWN, 0) || !list_make(&p->links, p->log, REPLAY_LINK, 0) ||
        !list_make(&p->grants, p->log, REPLAY_UP, PORT_REC_GRANT))
        return false;
    p->earliest = calloc(p->down.n + 1, sizeof *p->earliest);
    if (!p->earliest)
        return false;
    p->earliest[p->down.n] = VTIME_NEVER;
    for (size_t i = p->down.n; i-- > 0;)
        p->earliest[i] = vtime_min(p->earliest[i + 1], p->down.rec[i]->time_ps);
    return true;
}

/* Did the node end by itself, rather than be left where it stood? */
static bool ended_itself(const struct replay_log *log)
{
    const struct replay_record *last = &log->records[log->n_records - 1];
    return last->type == PORT_ENDED && last->arg != PORT_END_KILLED;
}

static vtime_t find_target(const struct replay_log *log, vtime_t until)
{
    vtime_t end = log->reach_ps;
    if (log->ended) {
        end = log->records[log->n_records - 1].time_ps;
        if (ended_itself(log) && until > end)
            end = vtime_min(vtime_add(end, VTIME_US), log->head.stop_ps);
    }
    return vtime_min(until, end);
}

static bool map(struct replay_port *p)
{
    p->bytes = port_size(p->log->head.n_nodes);
    p->fd = memfd_create("cob-replay-port", MFD_CLOEXEC);
    if (p->fd < 0 || ftruncate(p->fd, (off_t)p->bytes) < 0)
        return false;
    void *m = mmap(NULL, p->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, p->fd, 0);
    if (m == MAP_FAILED)
        return false;
    p->s = m;
    snprintf(p->path, sizeof p->path, "/proc/%d/fd/%d", (int)getpid(), p->fd);
    return true;
}

static void fill_port(struct replay_port *p)
{
    const struct replay_head *h = &p->log->head;
    struct port_shared *s = p->s;
    struct port_node *n = p->node = &s->node[h->index];

    s->size_node = sizeof(struct port_node);
    s->size_shared = sizeof(struct port_shared);
    s->n_nodes = h->n_nodes;
    s->n_cores = 1;
    s->stop_ps = h->stop_ps;
    s->fabric_next_ps = VTIME_NEVER;
    atomic_store(&s->engine_always, 1); /* every meeting is ours */
    for (unsigned i = 0; i < h->n_nodes; i++)
        if (i != h->index)
            atomic_store(&s->node[i].state, PORT_ENDED);
    port_place(s, h->index, 0);
    n->pending_ps = n->cap_ps = VTIME_NEVER;
    n->n_nics = h->n_nics;
    n->adapter = (struct port_adapter){.present = h->adapter,
                                       .nic = h->adapter_nic,
                                       .mtu_bytes = h->mtu_bytes,
                                       .framing_bytes = h->framing_bytes,
                                       .rate_bps = h->rate_bps};
    for (unsigned k = 0; k < h->n_nics; k++) {
        const struct replay_nic *nic = &h->nic[k];
        /* What is sent does not come back here: no need to meet because of it. (port_back_ps) */
        n->nic[k] = (struct port_nic){p->scripted ? nic->ingress_ps : VTIME_NEVER, nic->egress_ps,
                                      nic->training_ps, nic->link_up_ps};
    }
    s->version = PORT_VERSION;
    s->magic = PORT_MAGIC;
}

struct replay_port *replay_port_new(const struct replay_port_config *cfg)
{
    struct replay_port *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->cfg = *cfg;
    p->log = cfg->log;
    p->fd = -1;
    p->target = find_target(p->log, cfg->until_ps);
    if (!make_lists(p) || !map(p)) {
        int e = errno;
        replay_port_free(p);
        errno = e;
        return NULL;
    }
    p->scripted = p->log->head.cpus > 1;
    fill_port(p);
    return p;
}

void replay_port_free(struct replay_port *p)
{
    if (!p)
        return;
    free(p->down.rec);
    free(p->links.rec);
    free(p->grants.rec);
    free(p->earliest);
    if (p->s)
        munmap(p->s, p->bytes);
    if (p->fd >= 0)
        close(p->fd);
    free(p);
}

/* ---- what goes down ---- */

static void tell_link(struct replay_port *p)
{
    const struct replay_record *r = p->links.rec[p->links.next++];
    if (r->arg < p->node->n_nics)
        p->node->nic[r->arg].link_up_ps = (vtime_t)r->id;
}

/* False: no room now. */
static bool put_down(struct replay_port *p)
{
    const struct replay_record *r = p->down.rec[p->down.next];
    struct port_record rec = {
        .type = r->type, .arg = r->arg, .time_ps = r->time_ps, .id = r->id, .len = r->len};

    if (port_ring_write(p->s, p->log->head.index, PORT_DOWN, &rec, r->data) < 0)
        return false;
    p->node->pending_ps = vtime_min(p->node->pending_ps, r->time_ps);
    p->down.next++;
    return true;
}

static enum replay_stand let_go(struct replay_port *p, vtime_t grant, bool cut)
{
    bool release[PORT_MAX_NODES] = {false};

    p->meetings++;
    p->node->grant_ps = grant;
    p->node->cut = cut;
    release[p->log->head.index] = true;
    port_release(p->s, 0, release, 1);
    return REPLAY_RUNS;
}

static enum replay_stand astray(struct replay_port *p, const char *what)
{
    snprintf(p->trouble, sizeof p->trouble, "%s, standing at %" PRId64 " ps", what, p->node->now_ps);
    return REPLAY_ASTRAY;
}

static enum replay_stand step_free(struct replay_port *p)
{
    struct port_node *n = p->node;
    size_t before = p->down.next;

    while (p->down.next < p->down.n && put_down(p))
        ;
    while (p->links.next < p->links.n && p->links.rec[p->links.next]->time_ps <= port_earliest(n))
        tell_link(p);
    if (port_earliest(n) >= p->target)
        return REPLAY_AT_TARGET;
    vtime_t grant = vtime_min(p->target, p->earliest[p->down.next]);
    if (p->s->hold_ps && !p->s->hold_one)
        grant = vtime_min(grant, p->s->hold_ps);
    if (p->links.next < p->links.n)
        grant = vtime_min(grant, p->links.rec[p->links.next]->time_ps);
    if (grant <= n->now_ps) /* it takes what is in the ring, and asks again */
        return p->down.next > before ? let_go(p, n->now_ps, false)
                                     : astray(p, "the log's deliveries are in no order");
    bool blocked = atomic_load(&n->state) != PORT_IDLE;
    return let_go(p, grant, blocked && n->need_ps > grant);
}

static enum replay_stand step_scripted(struct replay_port *p)
{
    if (p->grants.next == p->grants.n)
        return REPLAY_AT_TARGET;
    const struct replay_record *g = p->grants.rec[p->grants.next];
    if ((vtime_t)g->id != p->node->now_ps) {
        p->scripted = false; /* other software: from here on without the script */
        return step_free(p);
    }
    if (g->time_ps > p->cfg.until_ps)
        return REPLAY_AT_TARGET;
    /* records lie in one array: what stands before the grant */
    while (p->links.next < p->links.n && p->links.rec[p->links.next] < g)
        tell_link(p);
    while (p->down.next < p->down.n && p->down.rec[p->down.next] < g)
        if (!put_down(p))
            return astray(p, "the down ring has no room for what it had in the run");
    p->grants.next++;
    return let_go(p, g->time_ps, g->arg != 0);
}

/* Does a debugger keep it here? */
static bool held(struct replay_port *p)
{
    bool none = p->s->hold_ps && port_earliest(p->node) >= p->s->hold_ps;

    return p->cfg.release && !p->cfg.release(p->cfg.release_ctx, p->node->now_ps, none);
}

/* ---- what comes up ---- */

/* False: it shall not go on, or what is in the ring is no record. */
static bool drain(struct replay_port *p, enum replay_stand *stand)
{
    static uint8_t buf[PORT_MAX_FRAME];
    struct port_record rec;
    int r;

    while ((r = port_ring_read(p->s, p->log->head.index, PORT_UP, &rec, buf)) > 0)
        if (!p->cfg.emitted(p->cfg.ctx, &rec, buf, 0)) {
            *stand = REPLAY_HALTED;
            return false;
        }
    if (atomic_exchange(&p->node->drain, 0)) /* partner: half_send in devices/qemu/plugin.c */
        port_futex_wake(&p->node->drain, 1);
    if (r < 0)
        *stand = astray(p, "its port held no valid record");
    return r == 0;
}

enum replay_stand replay_port_wait(struct replay_port *p, int timeout_ms)
{
    enum replay_stand stand = REPLAY_RUNS;
    struct port_core *c = &p->s->core[0];

    if (atomic_load(&c->call) == p->call)
        port_futex_wait(&c->call, p->call, timeout_ms); /* partner: step in devices/port/port_meet.c */
    uint32_t call = atomic_load(&c->call);
    if (!drain(p, &stand) || call == p->call)
        return stand;
    p->call = call;
    if (!port_take_call(p->s))
        return REPLAY_RUNS;
    /* It is blocked, so what it emitted before it did is all there is. */
    if (!drain(p, &stand))
        return stand;
    atomic_store(&p->node->dirty, 0);
    bool ended = atomic_load(&p->node->state) == PORT_ENDED;
    if (!p->cfg.emitted(p->cfg.ctx, NULL, NULL, ended ? VTIME_NEVER : p->node->now_ps))
        return REPLAY_HALTED;
    if (ended)
        return REPLAY_ENDED;
    if (held(p))
        return REPLAY_RUNS;
    return p->scripted ? step_scripted(p) : step_free(p);
}

void replay_port_quit(struct replay_port *p)
{
    port_quit(p->s);
}

const char *replay_port_path(const struct replay_port *p)
{
    return p->path;
}

struct port_shared *replay_port_shared(struct replay_port *p)
{
    return p->s;
}

struct port_node *replay_port_node(struct replay_port *p)
{
    return p->node;
}

vtime_t replay_port_target(const struct replay_port *p)
{
    return p->target;
}

uint64_t replay_port_meetings(const struct replay_port *p)
{
    return p->meetings;
}

const char *replay_port_trouble(const struct replay_port *p)
{
    return p->trouble;
}
