/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine.c - see engine.h. A step of the engine, all nodes being blocked:
 *
 *   drain up rings -> sort by (time, node, sequence) -> inject -> { horizon -> advance -> deliveries } until
 * nothing moves any more -> commit the trace -> grants -> release
 *
 * Only things that all nodes have published before they blocked go into it, so every run takes the same
 * steps. Longer than usual: the step, what it drains and what it fills share one state under one lock.
 */
#include "sim/engine.h"
#include "sim/coherence.h"
#include "sim/fault_run.h"
#include "sim/netlist.h"
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <regex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* So much virtual time after it was called the engine is called again, so that what nodes say gets written.
 */
#define ENGINE_PERIOD (100 * VTIME_MS)

struct frame { /* waiting for injection (up) or for room in the ring (down) */
    struct frame *next;
    vtime_t at;
    uint64_t seq, id;
    unsigned node, nic;
    uint16_t type; /* enum port_record_type: FRAME; up, TRAIN: the link of this interface begins to train;
                      down, FAULT: nic is the fault */
    uint32_t len;
    uint8_t data[];
};

struct node {
    struct frame *spill, **spill_tail; /* deliveries that did not fit into the down ring, as announced */
    uint64_t tx, rx, seq;
    regex_t *expect;
    unsigned n_expect;
    uint64_t matched;
    bool broken;  /* its up ring holds nonsense */
    bool stopped; /* asleep at the stop time */
    char trouble[160];
    unsigned port_of_nic[PORT_MAX_NICS];
};

struct engine {
    const struct scenario *scn;
    const struct engine_observer *observer;
    const struct engine_recorder *recorder;
    struct tracing *tr;
    struct coherence *coherence;
    struct ic *ic;
    struct fault_run *faults;
    struct port_shared *port;
    size_t port_bytes;
    char path[64];
    int fd;
    struct node *node;
    unsigned n_ports;
    struct {
        unsigned node, nic;
        vtime_t told_up_ps; /* what the recorder was told of its link */
    } port_owner[PORT_MAX_NODES * PORT_MAX_NICS];
    struct frame **waiting; /* frames drained in this step */
    size_t n_waiting, room_waiting;
    uint64_t frame_ids;
    vtime_t latest_report_ps; /* of an event of the fabric: the greatest ingress */
    int cores[PORT_MAX_CORES];
    pthread_t thread[PORT_MAX_CORES];
    unsigned n_threads;
    pthread_mutex_t lock;
    _Atomic uint32_t over; /* futex */
    _Atomic bool cancelled, stopping;
};

struct worker {
    struct engine *e;
    unsigned core;
};

/* ---- callbacks of the fabric ---- */

/* Everything that enters a node goes through here. */
static bool put_down(struct engine *e, unsigned node, const struct port_record *rec, const void *data)
{
    if (port_ring_write(e->port, node, PORT_DOWN, rec, data) < 0)
        return false;
    if (e->recorder)
        e->recorder->down(e->recorder->ctx, node, rec, data);
    return true;
}

static bool push_down(struct engine *e, const struct frame *f)
{
    struct port_record rec = {
        .type = f->type, .arg = (uint16_t)f->nic, .time_ps = f->at, .id = f->id, .len = f->len};
    return put_down(e, f->node, &rec, f->data);
}

static struct frame *frame_new(unsigned node, unsigned nic, vtime_t at, uint64_t id, const void *data,
                               uint32_t len)
{
    struct frame *f = malloc(sizeof *f + len);
    assert(f);
    *f = (struct frame){.at = at, .id = id, .node = node, .nic = nic, .type = PORT_REC_FRAME, .len = len};
    memcpy(f->data, data, len);
    return f;
}

/* Is this interface of the node its adapter? */
static bool is_adapter(const struct engine *e, unsigned node, unsigned nic)
{
    const struct port_adapter *a = &e->port->node[node].adapter;
    return a->present && a->nic == nic;
}

static void trace_frame(struct engine *e, bool tx, unsigned node, unsigned nic, vtime_t at, uint64_t id,
                        const uint8_t *data, uint32_t len)
{
    if (!e->tr)
        return;
    if (is_adapter(e, node, nic))
        tracing_packet(e->tr, tx ? TR_PACKET_TX : TR_PACKET_RX, node, at, id, data, len);
    else
        tracing_frame(e->tr, tx ? TR_FRAME_TX : TR_FRAME_RX, node, nic, at, id, data, len);
}

/* Into the down ring, or behind what waits for room there. Takes the frame. */
static void send_down(struct engine *e, struct frame *f)
{
    struct node *n = &e->node[f->node];
    struct port_node *pn = &e->port->node[f->node];

    pn->pending_ps = vtime_min(pn->pending_ps, f->at);
    if (!n->spill && push_down(e, f)) {
        free(f);
        return;
    }
    *n->spill_tail = f;
    n->spill_tail = &f->next;
}

static void on_deliver(void *ctx, unsigned port, vtime_t at, uint64_t id, const uint8_t *data, uint32_t len)
{
    struct engine *e = ctx;
    unsigned i = e->port_owner[port].node, nic = e->port_owner[port].nic;
    struct port_node *n = &e->port->node[i];

    e->node[i].rx++;
    trace_frame(e, false, i, nic, at, id, data, len);
    if (e->observer)
        e->observer->received(e->observer->ctx, i, nic, at, id, len);
    if (atomic_load(&n->state) != PORT_ENDED)
        send_down(e, frame_new(i, nic, at, id, data, len));
}

/* A fault of a node begins, now or when its time comes. */
static void on_fault_begin(void *ctx, unsigned node, const struct port_record *rec,
                           const struct port_fault *what)
{
    struct engine *e = ctx;

    if (atomic_load(&e->port->node[node].state) == PORT_ENDED)
        return;
    struct frame *f = frame_new(node, rec->arg, rec->time_ps, 0, what, sizeof *what);
    f->type = PORT_REC_FAULT;
    send_down(e, f);
}

/* What is typed at the node's console from then on. */
static void send_inputs(struct engine *e, unsigned node, vtime_t from)
{
    for (unsigned i = 0; i < e->scn->n_inputs; i++) {
        const struct scn_input *in = &e->scn->inputs[i];
        const char *end = in->end ? "\x04" : "";
        char *text;

        if (in->node != node || in->at_ps < from || (uint64_t)in->at_ps >= (uint64_t)e->port->stop_ps)
            continue;
        int len = asprintf(&text, "%s%s", in->text ? in->text : "", end);
        assert(len > 0);
        struct frame *f = frame_new(node, 0, in->at_ps, 0, text, (uint32_t)len);
        f->type = PORT_REC_INPUT;
        send_down(e, f);
        free(text);
    }
}

static void on_triggered(void *ctx, unsigned fault, vtime_t at)
{
    struct engine *e = ctx;

    fault_run_triggered(e->faults, e->port, fault, at, on_fault_begin, e);
}

/* The node at this end of a link, or at the other one; 0 between two switches. */
static unsigned node_near(const struct engine *e, unsigned link, unsigned end)
{
    const struct scn_end *here = &e->scn->links[link].end[end], *there = &e->scn->links[link].end[!end];

    return !here->is_switch ? here->index : !there->is_switch ? there->index : 0;
}

static void on_event(void *ctx, const struct ic_event *ev)
{
    static const enum tracing_event_id ids[] = {
        [IC_EV_QUEUED] = TR_LINK_QUEUED,     [IC_EV_SENT] = TR_LINK_SENT,
        [IC_EV_ARRIVED] = TR_LINK_ARRIVED,   [IC_EV_DROPPED] = TR_LINK_DROPPED,
        [IC_EV_TRAINING] = TR_LINK_TRAINING, [IC_EV_UP] = TR_LINK_UP,
    };
    struct engine *e = ctx;
    if (ev->kind == IC_EV_FAULT) {
        struct fault_news f;
        if (fault_run_fabric(e->faults, e->tr, ev, &f) && e->observer)
            e->observer->fault(e->observer->ctx, f.fault, f.phase, node_near(e, f.link, f.end), ev->time_ps);
        return;
    }
    struct tracing_link_event out = {.time_ps = ev->time_ps,
                                     .id = ids[ev->kind],
                                     .link = ev->link,
                                     .end = ev->end,
                                     .frame_id = ev->frame_id,
                                     .len = ev->len,
                                     .queue_bytes = ev->queue_bytes,
                                     .reason = ev->kind == IC_EV_DROPPED ? ic_drop_name(ev->drop) : NULL,
                                     .data = ev->data};
    if (e->tr)
        tracing_link(e->tr, &out);
    if (e->observer && ev->kind == IC_EV_DROPPED)
        e->observer->dropped(e->observer->ctx, ev->frame_id);
}

/* ---- records from the nodes ---- */

static void on_line(void *ctx, unsigned node, vtime_t at, const char *line)
{
    struct engine *e = ctx;
    struct node *n = &e->node[node];

    (void)at;
    for (unsigned i = 0; i < n->n_expect; i++)
        if (!(n->matched >> i & 1) && regexec(&n->expect[i], line, 0, NULL, 0) == 0)
            n->matched |= 1ull << i;
}

static const char *const end_names[PORT_END_COUNT] = {"running", "result", "stopped", "shutdown",
                                                      "reset",   "panic",  "killed",  "crashed"};

/* Frames, and trainings, in the order in which the node sent them. */
static void put_waiting(struct engine *e, unsigned i, const struct port_record *rec, const uint8_t *data)
{
    if (rec->arg >= e->port->node[i].n_nics)
        return;
    struct frame *f = frame_new(i, rec->arg, rec->time_ps, 0, data, rec->len);
    f->type = rec->type;
    f->seq = e->node[i].seq++;
    if (e->n_waiting == e->room_waiting) {
        e->room_waiting = e->room_waiting ? 2 * e->room_waiting : 256;
        e->waiting = realloc(e->waiting, e->room_waiting * sizeof(struct frame *));
        assert(e->waiting);
    }
    e->waiting[e->n_waiting++] = f;
}

/* Frames and trainings: by record_waiting(). Not: what is there for the trace only. */
static bool is_recorded(const struct engine *e, unsigned i, unsigned type)
{
    if (type == PORT_REC_GRANT)
        return e->scn->nodes[i].cpus > 1;
    return type != PORT_REC_FRAME && type != PORT_REC_TRAIN && type != PORT_REC_TRACE;
}

/* What it put into its port cannot come from our half in QEMU. It is dead from the next step on. */
static void break_node(struct engine *e, unsigned i)
{
    e->node[i].broken = true;
    if (!e->node[i].trouble[0])
        snprintf(e->node[i].trouble, sizeof e->node[i].trouble, "its port held no valid record");
}

static void on_record(struct engine *e, unsigned i, const struct port_record *rec, const uint8_t *data)
{
    if (e->recorder && is_recorded(e, i, rec->type))
        e->recorder->up(e->recorder->ctx, i, rec, data);
    switch (rec->type) {
    case PORT_REC_CONSOLE:
        if (e->tr)
            tracing_console(e->tr, i, rec->time_ps, data, rec->len, on_line, e);
        break;
    case PORT_REC_FRAME:
        e->node[i].tx++;
        put_waiting(e, i, rec, data);
        break;
    case PORT_REC_TRAIN:
        put_waiting(e, i, rec, data);
        break;
    case PORT_REC_EVENT:
        if (e->coherence)
            coherence_record(e->coherence, i, rec->time_ps, data, rec->len);
        if (e->tr)
            tracing_guest_event(e->tr, i, rec->time_ps, data, rec->len);
        break;
    case PORT_REC_TRACE:
        if (e->tr)
            tracing_device(e->tr, i, rec->time_ps, rec->arg, (const struct fab_trace *)data);
        break;
    case PORT_REC_GRANT:
        if (e->tr && e->port->node[i].trace & PORT_TRACE_GRANTS)
            tracing_grant(e->tr, i, (vtime_t)rec->id, rec->time_ps);
        break;
    case PORT_REC_FAULT:
        if (fault_run_node(e->faults, e->tr, i, rec, data) < 0)
            break_node(e, i);
        else if (e->observer)
            e->observer->fault(e->observer->ctx, rec->arg, (enum port_fault_phase)rec->id, i, rec->time_ps);
        if (e->coherence && !e->node[i].broken && fault_run_switches_off(e->faults, rec))
            coherence_gone(e->coherence, i, rec->time_ps);
        break;
    case PORT_REC_END:
        if (e->coherence)
            coherence_gone(e->coherence, i, rec->time_ps);
        if (e->tr)
            tracing_node_state(e->tr, i, rec->time_ps, end_names[rec->arg], (int32_t)rec->id);
        break;
    }
}

static void drain(struct engine *e, unsigned i)
{
    static _Alignas(8) uint8_t buf[PORT_MAX_FRAME];
    struct port_record rec;
    int r = 0;

    while (!e->node[i].broken && (r = port_ring_read(e->port, i, PORT_UP, &rec, buf)) > 0)
        on_record(e, i, &rec, buf);
    if (r < 0)
        break_node(e, i);
    struct port_node *n = &e->port->node[i];
    if (atomic_exchange(&n->drain, 0))
        port_futex_wake(&n->drain, 1);
}

static void over(struct engine *e)
{
    atomic_store(&e->over, 1);
    port_futex_wake(&e->over, 1);
}

static void fabric_failed(struct engine *e)
{
    fprintf(stderr, "cob: the interconnect model failed: %s\n", strerror(errno));
    over(e);
}

static int by_time(const void *a, const void *b)
{
    const struct frame *x = *(struct frame *const *)a, *y = *(struct frame *const *)b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (x->node != y->node)
        return x->node < y->node ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Frames and trainings are recorded here, where they have their place among all nodes' and their id. */
static void record_waiting(struct engine *e, const struct frame *f)
{
    struct port_record rec = {
        .type = f->type, .arg = (uint16_t)f->nic, .time_ps = f->at, .id = f->id, .len = f->len};
    if (e->recorder)
        e->recorder->up(e->recorder->ctx, f->node, &rec, f->data);
}

static int inject(struct engine *e, struct frame *f)
{
    unsigned port = e->node[f->node].port_of_nic[f->nic];

    if (f->type == PORT_REC_FRAME)
        f->id = ++e->frame_ids; /* here, not when drained: a full ring is drained at a moment that the host
                                   decides */
    record_waiting(e, f);
    if (f->type == PORT_REC_TRAIN)
        return ic_train(e->ic, port, f->at);
    if (e->observer)
        e->observer->sent(e->observer->ctx, f->node, f->nic, f->at, f->id, f->len);
    return ic_inject(e->ic, port, f->at, f->id, f->data, f->len);
}

static void inject_all(struct engine *e)
{
    if (e->n_waiting)
        qsort(e->waiting, e->n_waiting, sizeof(struct frame *), by_time);
    for (size_t k = 0; k < e->n_waiting; k++) {
        struct frame *f = e->waiting[k];
        int r = inject(e, f);
        if (r < 0 && errno == EINVAL)
            break_node(e, f->node); /* no guest can do that: in the fabric's past, or empty */
        else if (r < 0)
            fabric_failed(e);
        else if (f->type == PORT_REC_FRAME)
            trace_frame(e, true, f->node, f->nic, f->at, f->id, f->data, f->len);
        else if (e->tr)
            tracing_adapter_train(e->tr, f->node, f->nic, f->at);
        free(f);
    }
    e->n_waiting = 0;
}

/* ---- the step ---- */

/* Up to where everything that enters the nodes has been recorded: all deliveries before the grant are final.
 */
static void record_reach(struct engine *e)
{
    for (unsigned i = 0; e->recorder && i < e->port->n_nodes; i++)
        if (atomic_load(&e->port->node[i].state) != PORT_ENDED)
            e->recorder->reach(e->recorder->ctx, i, e->port->node[i].grant_ps);
}

/* What the nodes are going to be told of their links when they are released. */
static void record_links(struct engine *e)
{
    for (unsigned p = 0; e->recorder && p < e->n_ports; p++) {
        unsigned i = e->port_owner[p].node, nic = e->port_owner[p].nic;
        vtime_t up = e->port->node[i].nic[nic].link_up_ps;
        if (up == e->port_owner[p].told_up_ps)
            continue;
        e->port_owner[p].told_up_ps = up;
        e->recorder->link(e->recorder->ctx, i, nic, e->port->node[i].now_ps, up);
    }
}

static void refresh_links(struct engine *e)
{
    for (unsigned p = 0; p < e->n_ports; p++) {
        struct port_node *n = &e->port->node[e->port_owner[p].node];
        n->nic[e->port_owner[p].nic].link_up_ps = ic_link_up_ps(e->ic, p);
    }
    e->port->fabric_next_ps = ic_next_event_ps(e->ic);
}

/* Both before and after the fabric is stepped: what waits here is as good as delivered, so it counts in
 * pending_ps. */
static void unspill(struct engine *e)
{
    for (unsigned i = 0; i < e->port->n_nodes; i++) {
        struct node *n = &e->node[i];
        struct port_node *pn = &e->port->node[i];
        bool ended = atomic_load(&pn->state) == PORT_ENDED;
        while (n->spill && (ended || push_down(e, n->spill))) {
            struct frame *f = n->spill;
            n->spill = f->next;
            pn->pending_ps = vtime_min(pn->pending_ps, f->at);
            free(f);
        }
        if (!n->spill)
            n->spill_tail = &n->spill;
        pn->cap_ps = VTIME_NEVER;
        for (const struct frame *f = n->spill; f; f = f->next)
            pn->cap_ps = vtime_min(pn->cap_ps, f->at);
        pn->pending_ps = vtime_min(pn->pending_ps, pn->cap_ps);
    }
}

/* Have all nodes that have a script to run ended? */
static bool jobs_done(const struct engine *e)
{
    bool any = false;
    for (unsigned i = 0; i < e->port->n_nodes; i++)
        if (e->scn->nodes[i].run) {
            any = true;
            if (atomic_load(&e->port->node[i].state) != PORT_ENDED)
                return false;
        }
    return any;
}

/* `gone` and the result: as in port_bury(). */
static bool bury(struct engine *e, unsigned node, bool gone)
{
    struct port_node *n = &e->port->node[node];
    if (e->tr && atomic_load(&n->state) != PORT_ENDED)
        tracing_node_state(e->tr, node, n->now_ps, end_names[PORT_END_KILLED], 0);
    if (e->coherence && atomic_load(&n->state) != PORT_ENDED)
        coherence_gone(e->coherence, node, n->now_ps);
    return port_bury(e->port, node, gone);
}

/* The stop time has come. Nodes that sleep beyond it are not woken to be stopped there. */
static void stop_sleepers(struct engine *e)
{
    for (unsigned i = 0; i < e->port->n_nodes; i++) {
        if (atomic_load(&e->port->node[i].state) == PORT_ENDED)
            continue;
        e->node[i].stopped = true;
        if (e->tr)
            tracing_node_state(e->tr, i, e->port->stop_ps, end_names[PORT_END_STOPPED], 0);
    }
}

void engine_step(struct engine *e, unsigned core)
{
    struct port_shared *s = e->port;
    bool release[PORT_MAX_NODES];

    if (e->observer)
        e->observer->begin(e->observer->ctx);
    record_reach(e);
    for (unsigned i = 0; i < s->n_nodes; i++) {
        drain(e, i);
        atomic_store(&s->node[i].dirty, 0);
    }
    inject_all(e);
    for (unsigned i = 0; i < s->n_nodes; i++)
        if (e->node[i].broken)
            bury(e, i, false);
    unspill(e);
    refresh_links(e);
    for (;;) {
        vtime_t f = port_horizon(s);
        if (f > s->stop_ps)
            f = s->stop_ps;
        if (s->fabric_next_ps >= f) {
            s->fabric_done_ps = vtime_max(s->fabric_done_ps, f);
            break;
        }
        if (ic_advance(e->ic, f) < 0) {
            fabric_failed(e);
            return;
        }
        s->fabric_done_ps = vtime_max(s->fabric_done_ps, f);
        refresh_links(e);
    }
    unspill(e);
    record_links(e);
    /* What happens at a port's sending end is reported up to its ingress late. */
    vtime_t upto = vtime_max(s->fabric_done_ps - e->latest_report_ps, 0);
    for (unsigned i = 0; i < s->n_nodes; i++)
        upto = vtime_min(upto, port_earliest(&s->node[i]));
    if (e->tr)
        tracing_commit(e->tr, upto);
    if (e->coherence)
        coherence_commit(e->coherence, upto);
    s->engine_ps = vtime_max(s->engine_ps, vtime_add(port_horizon(s), ENGINE_PERIOD));
    bool early = atomic_load(&e->cancelled) || jobs_done(e);
    unsigned n = early ? 0 : port_grant(s, release);
    bool held = n == 0 && !early && s->hold_ps && s->hold_ps < s->stop_ps;
    if (e->observer && !atomic_load(&e->cancelled) &&
        !e->observer->release(e->observer->ctx, n == 0 && !held ? VTIME_NEVER : upto, held))
        return;
    if (n == 0 && !early)
        stop_sleepers(e);
    if (n == 0)
        over(e);
    else
        port_release(s, core, release, n);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct engine *e = w->e;
    struct port_core *c = &e->port->core[w->core];
    cpu_set_t set;
    uint32_t seen = 0;

    CPU_ZERO(&set);
    CPU_SET(e->cores[w->core], &set);
    sched_setaffinity(0, sizeof set, &set); /* only speed depends on it */
    for (;;) {
        port_futex_wait(&c->call, seen, 1000);
        if (atomic_load(&e->stopping))
            break;
        uint32_t now = atomic_load(&c->call);
        if (now == seen)
            continue;
        seen = now;
        pthread_mutex_lock(&e->lock);
        if (!atomic_load(&e->over) && port_take_call(e->port))
            engine_step(e, w->core);
        pthread_mutex_unlock(&e->lock);
    }
    free(w);
    return NULL;
}

/* ---- main thread ---- */

bool engine_wait(struct engine *e, int timeout_ms)
{
    if (!atomic_load(&e->over))
        port_futex_wait(&e->over, 0, timeout_ms);
    for (unsigned i = 0; i < e->port->n_nodes; i++)
        if (atomic_load(&e->port->node[i].drain)) {
            pthread_mutex_lock(&e->lock);
            drain(e, i);
            if (e->node[i].broken && bury(e, i, false) && !atomic_load(&e->over))
                engine_step(e, e->port->node[i].core);
            pthread_mutex_unlock(&e->lock);
        }
    return atomic_load(&e->over);
}

void engine_record(struct engine *e, const struct engine_recorder *recorder)
{
    e->recorder = recorder;
    for (unsigned p = 0; p < e->n_ports; p++)
        e->port_owner[p].told_up_ps =
            e->port->node[e->port_owner[p].node].nic[e->port_owner[p].nic].link_up_ps;
}

void engine_cancel(struct engine *e)
{
    atomic_store(&e->cancelled, true);
    atomic_store(&e->port->engine_always, 1);
}

void engine_bury(struct engine *e, unsigned node, const char *reason)
{
    pthread_mutex_lock(&e->lock);
    if (!e->node[node].trouble[0])
        snprintf(e->node[node].trouble, sizeof e->node[node].trouble, "%s", reason);
    bool stepper = bury(e, node, true);
    if (stepper && !atomic_load(&e->over))
        engine_step(e, e->port->node[node].core);
    pthread_mutex_unlock(&e->lock);
}

bool engine_restart(struct engine *e, unsigned node)
{
    struct port_node *n = &e->port->node[node];

    if (!atomic_exchange(&n->restart, 0) || n->base_ps != n->now_ps || n->base_ps < 0 ||
        n->base_ps >= e->port->stop_ps)
        return false; /* or what its QEMU has written is nonsense */
    pthread_mutex_lock(&e->lock);
    if (e->tr)
        tracing_node_state(e->tr, node, n->base_ps, "restarted", 0);
    fault_run_restarted(e->faults, node, n->base_ps, on_fault_begin, e);
    send_inputs(e, node, n->base_ps);
    pthread_mutex_unlock(&e->lock);
    return true;
}

void engine_get_node(struct engine *e, unsigned i, struct engine_node *out)
{
    const struct port_node *n = &e->port->node[i];
    uint32_t state = atomic_load(&n->state);

    *out = (struct engine_node){.end = state == PORT_ENDED ? (enum port_end)n->end : PORT_END_NONE,
                                .exit_status = n->exit_status,
                                .now_ps = n->now_ps,
                                .gates = n->gates,
                                .idles = n->idles,
                                .late = n->late,
                                .instructions = n->instructions,
                                .tx_frames = e->node[i].tx,
                                .rx_frames = e->node[i].rx,
                                .console_matches = e->node[i].matched,
                                .started = state != PORT_STARTING};
    if (e->node[i].stopped) {
        out->end = PORT_END_STOPPED;
        out->now_ps = e->port->stop_ps;
    }
    memcpy(out->trouble, e->node[i].trouble, sizeof out->trouble);
}

bool engine_incoherent(struct engine *e, char *why, size_t size)
{
    const char *wrong = NULL;

    pthread_mutex_lock(&e->lock);
    if (e->coherence)
        wrong = coherence_wrong(e->coherence, NULL);
    snprintf(why, size, "%s", wrong ? wrong : "");
    pthread_mutex_unlock(&e->lock);
    return wrong != NULL;
}

vtime_t engine_time(struct engine *e)
{
    vtime_t t = VTIME_NEVER, last = 0;
    for (unsigned i = 0; i < e->port->n_nodes; i++) {
        const struct port_node *n = &e->port->node[i];
        last = vtime_max(last, n->now_ps);
        t = vtime_min(t, port_earliest(n));
    }
    return t >= e->port->stop_ps ? last : t;
}

uint64_t engine_fault_hits(const struct engine *e, unsigned fault)
{
    return fault_run_hits(e->faults, e->ic, fault);
}

struct port_shared *engine_port(struct engine *e)
{
    return e->port;
}

struct ic *engine_fabric(struct engine *e)
{
    return e->ic;
}

const char *engine_port_path(const struct engine *e)
{
    return e->path;
}

int engine_start(struct engine *e)
{
    fault_run_start(e->faults, on_fault_begin, e);
    for (unsigned i = 0; i < e->scn->n_nodes; i++)
        send_inputs(e, i, 0);
    for (unsigned c = 0; c < e->port->n_cores; c++) {
        struct worker *w = malloc(sizeof *w);
        assert(w);
        *w = (struct worker){e, c};
        int r = pthread_create(&e->thread[c], NULL, work, w);
        if (r) {
            free(w);
            errno = r;
            return -1;
        }
        e->n_threads++;
    }
    return 0;
}

void engine_stop(struct engine *e)
{
    atomic_store(&e->stopping, true);
    port_quit(e->port);
    for (unsigned c = 0; c < e->n_threads; c++) {
        atomic_fetch_add(&e->port->core[c].call, 1);
        port_futex_wake(&e->port->core[c].call, 1);
        pthread_join(e->thread[c], NULL);
    }
    e->n_threads = 0;
}

/* ---- building ---- */

static struct ic *build_fabric(struct engine *e)
{
    const struct scenario *scn = e->scn;
    struct netlist *net = netlist_new(scn);

    e->n_ports = net->n_ports;
    for (unsigned p = 0; p < net->n_ports; p++) {
        unsigned i = net->owner[p].node, nic = net->owner[p].nic;
        e->port_owner[p].node = i;
        e->port_owner[p].nic = nic;
        e->node[i].port_of_nic[nic] = p;
    }
    e->faults = fault_run_new(scn, net);
    struct ic_config cfg = {.n_ports = net->n_ports,
                            .n_switches = scn->n_switches,
                            .switches = net->switches,
                            .n_links = scn->n_links,
                            .links = net->links,
                            .ops = {.deliver = on_deliver, .event = on_event, .triggered = on_triggered},
                            .ctx = e};
    fault_run_config(e->faults, &cfg);
    struct ic *ic = ic_create(&cfg);
    netlist_free(net);
    return ic;
}

/* What the device of node i has to know. */
static struct port_adapter build_adapter(const struct scenario *scn, unsigned i)
{
    for (unsigned k = 0; k < scn->n_links; k++) {
        const struct scn_link *l = &scn->links[k];
        for (unsigned end = 0; end < 2; end++)
            if (l->end[end].adapter && l->end[end].index == i)
                return (struct port_adapter){.present = 1,
                                             .nic = scn->nodes[i].n_nics,
                                             .mtu_bytes = l->mtu_bytes,
                                             .framing_bytes = l->framing_bytes,
                                             .rate_bps = l->rate_bps};
    }
    return (struct port_adapter){0};
}

static int build_port(struct engine *e, const struct engine_config *cfg)
{
    const struct scenario *scn = e->scn;

    e->port_bytes = port_size(scn->n_nodes);
    e->fd = memfd_create("cob-port", MFD_CLOEXEC);
    if (e->fd < 0 || ftruncate(e->fd, (off_t)e->port_bytes) < 0)
        return -1;
    void *m = mmap(NULL, e->port_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, e->fd, 0);
    if (m == MAP_FAILED)
        return -1;
    struct port_shared *s = e->port = m;
    snprintf(e->path, sizeof e->path, "/proc/%d/fd/%d", (int)getpid(), e->fd);
    s->size_node = sizeof(struct port_node);
    s->size_shared = sizeof(struct port_shared);
    s->n_nodes = scn->n_nodes;
    s->n_cores = cfg->n_cores;
    s->stop_ps = vtime_from_ns((scn->stop_ps + VTIME_NS - 1) / VTIME_NS); /* nodes stop at whole ns only */
    for (unsigned c = 0; c < cfg->n_cores; c++)
        s->core[c].spin = cfg->spin;
    for (unsigned i = 0; i < scn->n_nodes; i++) {
        struct port_node *n = &s->node[i];
        n->pending_ps = n->cap_ps = VTIME_NEVER;
        port_place(s, i, i % cfg->n_cores);
        n->n_nics = netlist_nics(&scn->nodes[i]);
        n->adapter = build_adapter(scn, i);
        if (e->tr && cfg->trace)
            n->trace = cfg->trace[i];
        for (unsigned k = 0; k < n->n_nics; k++) {
            unsigned p = e->node[i].port_of_nic[k];
            e->latest_report_ps = vtime_max(e->latest_report_ps, ic_ingress_ps(e->ic, p));
            n->nic[k] = (struct port_nic){ic_ingress_ps(e->ic, p), ic_egress_ps(e->ic, p),
                                          ic_training_ps(e->ic, p), ic_link_up_ps(e->ic, p)};
        }
    }
    s->fabric_next_ps = ic_next_event_ps(e->ic);
    s->engine_ps = ENGINE_PERIOD;
    s->version = PORT_VERSION;
    s->magic = PORT_MAGIC;
    return 0;
}

static void build_expectations(struct engine *e)
{
    for (unsigned i = 0; i < e->scn->n_nodes; i++) {
        const struct scn_node *sn = &e->scn->nodes[i];
        struct node *n = &e->node[i];
        n->spill_tail = &n->spill;
        n->expect = calloc(sn->n_expect_console + 1, sizeof *n->expect);
        assert(n->expect && sn->n_expect_console <= 64);
        for (; n->n_expect < sn->n_expect_console; n->n_expect++) {
            int r =
                regcomp(&n->expect[n->n_expect], sn->expect_console[n->n_expect], REG_EXTENDED | REG_NOSUB);
            assert(r == 0); /* the scenario's reader has compiled it already */
        }
    }
}

struct engine *engine_create(const struct engine_config *cfg, char *why, size_t size)
{
    struct engine *e = calloc(1, sizeof *e);
    assert(e && cfg->n_cores >= 1 && cfg->n_cores <= PORT_MAX_CORES &&
           cfg->scenario->n_nodes <= PORT_MAX_NODES);
    e->fd = -1;
    e->scn = cfg->scenario;
    e->tr = cfg->tracing;
    e->coherence = cfg->coherence;
    e->observer = cfg->observer;
    memcpy(e->cores, cfg->cores, cfg->n_cores * sizeof e->cores[0]);
    pthread_mutex_init(&e->lock, NULL);
    e->node = calloc(e->scn->n_nodes, sizeof *e->node);
    assert(e->node);
    e->ic = build_fabric(e);
    if (!e->ic) {
        snprintf(why, size, "the interconnect cannot be built: %s", netlist_why(errno));
    } else if (build_port(e, cfg) < 0) {
        snprintf(why, size, "shared memory for the port: %s", strerror(errno));
    } else {
        build_expectations(e);
        return e;
    }
    engine_destroy(e);
    return NULL;
}

void engine_destroy(struct engine *e)
{
    if (!e)
        return;
    for (unsigned i = 0; i < e->scn->n_nodes; i++) {
        struct node *n = &e->node[i];
        for (unsigned k = 0; k < n->n_expect; k++)
            regfree(&n->expect[k]);
        free(n->expect);
        while (n->spill) {
            struct frame *f = n->spill;
            n->spill = f->next;
            free(f);
        }
    }
    for (size_t k = 0; k < e->n_waiting; k++)
        free(e->waiting[k]);
    free(e->waiting);
    free(e->node);
    ic_destroy(e->ic);
    fault_run_free(e->faults);
    if (e->port)
        munmap(e->port, e->port_bytes);
    if (e->fd >= 0)
        close(e->fd);
    pthread_mutex_destroy(&e->lock);
    free(e);
}
