/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay_traffic.c - see replay_traffic.h. */
#include "sim/replay_traffic.h"
#include "devices/port/port.h"
#include "interconnect-model/interconnect.h"
#include "sim/fault_run.h"
#include "sim/netlist.h"
#include "sim/record.h"
#include "sim/run.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- what was emitted ---- */

static int by_time(const void *a, const void *b)
{
    const struct replay_emission *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (x->node != y->node)
        return x->node < y->node ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static bool is_emission(const struct replay_record *r)
{
    return r->kind == REPLAY_UP && (r->type == PORT_REC_FRAME || r->type == PORT_REC_TRAIN);
}

static void collect(struct replay_traffic *t)
{
    size_t n = 0;

    for (unsigned i = 0; i < t->n_nodes; i++)
        for (size_t k = 0; k < t->log[i]->n_records; k++)
            n += is_emission(&t->log[i]->records[k]);
    t->emission = calloc(n + 1, sizeof *t->emission);
    assert(t->emission);
    for (unsigned i = 0; i < t->n_nodes; i++) {
        uint32_t seq = 0;
        for (size_t k = 0; k < t->log[i]->n_records; k++) {
            const struct replay_record *r = &t->log[i]->records[k];
            if (is_emission(r))
                t->emission[t->n++] =
                    (struct replay_emission){r->time_ps, i, seq++, r, r->type == PORT_REC_TRAIN};
        }
    }
    qsort(t->emission, t->n, sizeof *t->emission, by_time);
    t->end_ps = t->n ? vtime_add(t->emission[t->n - 1].at, VTIME_S) : 0;
}

int replay_traffic_open(struct replay_traffic *t, const char *run, const struct scenario *s)
{
    char path[PATH_MAX], why[PATH_MAX + 200];

    *t = (struct replay_traffic){.log = calloc(s->n_nodes, sizeof(struct replay_log *))};
    assert(t->log);
    for (; t->n_nodes < s->n_nodes; t->n_nodes++) {
        const char *name = s->nodes[t->n_nodes].name;
        struct replay_log *log = replay_open(record_path(run, name, path), why, sizeof why);
        int e = errno;
        if (!log) {
            fprintf(stderr, "cob replay: %s%s\n", why,
                    e == ENOENT ? " (was the run made with --no-replay?)" : "");
            return e == EBADMSG || e == ENOTSUP || e == ENOENT ? EXIT_USAGE : EXIT_ENVIRONMENT;
        }
        t->log[t->n_nodes] = log;
        bool ours =
            log->head.index == t->n_nodes && log->head.n_nodes == s->n_nodes && !strcmp(log->head.node, name);
        if (!log->ended || !ours) {
            t->n_nodes++;
            fprintf(stderr, "cob replay: %s%s\n", ours ? log->cut : path,
                    ours ? " (a killed run, or a file cut off)"
                         : ": this is not the log of a node of this run");
            return EXIT_USAGE;
        }
    }
    collect(t);
    return EXIT_OK;
}

void replay_traffic_close(struct replay_traffic *t)
{
    for (unsigned i = 0; i < t->n_nodes; i++)
        replay_free(t->log[i]);
    free(t->log);
    free(t->emission);
    *t = (struct replay_traffic){0};
}

/* ---- over an interconnect ---- */

struct world {
    const struct replay_traffic *t;
    struct replay_outcome *out;
    struct ic *ic;
    struct netlist *net;
    struct fault_run *faults;
    uint64_t room;
};

/* A frame's id here is 1 + the index of its emission. */
static void on_deliver(void *ctx, unsigned port, vtime_t at, uint64_t id, const uint8_t *data, uint32_t len)
{
    struct world *w = ctx;

    (void)data;
    (void)len;
    if (w->out->n_deliveries == w->room) {
        snprintf(w->out->trouble, sizeof w->out->trouble, "its faults make too many copies of packets");
        return;
    }
    w->out->delivery[w->out->n_deliveries++] =
        (struct replay_delivery){.at = at, .emission = id - 1, .node = w->net->owner[port].node};
}

/* Link actions take part; there is no node that the others could do anything to. */
static void on_triggered(void *ctx, unsigned fault, vtime_t at)
{
    (void)ctx;
    (void)fault;
    (void)at;
}

static bool build(struct world *w, const struct scenario *s)
{
    w->net = netlist_new(s);
    struct ic_config cfg = {.n_ports = w->net->n_ports,
                            .n_switches = s->n_switches,
                            .switches = w->net->switches,
                            .n_links = s->n_links,
                            .links = w->net->links,
                            .ops = {.deliver = on_deliver, .triggered = on_triggered},
                            .ctx = w};
    w->faults = fault_run_new(s, w->net);
    fault_run_config(w->faults, &cfg);
    w->ic = ic_create(&cfg);
    if (!w->ic)
        snprintf(w->out->trouble, sizeof w->out->trouble, "the interconnect cannot be built: %s",
                 netlist_why(errno));
    return w->ic != NULL;
}

static bool feed(struct world *w, const struct scenario *s)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < w->t->n; i++) {
        const struct replay_emission *e = &w->t->emission[i];
        if (e->rec->arg >= netlist_nics(&s->nodes[e->node])) {
            snprintf(w->out->trouble, sizeof w->out->trouble, "node %s has no interface %u there",
                     s->nodes[e->node].name, e->rec->arg);
            return false;
        }
        unsigned port = w->net->port_of[e->node][e->rec->arg];
        if (ic_now_ps(w->ic) < e->at)
            r = ic_advance(w->ic, e->at);
        if (r == 0)
            r = e->train ? ic_train(w->ic, port, e->at)
                         : ic_inject(w->ic, port, e->at, i + 1, e->rec->data, e->rec->len);
    }
    if (r == 0 && w->t->n)
        r = ic_advance(w->ic, w->t->end_ps);
    if (r < 0)
        snprintf(w->out->trouble, sizeof w->out->trouble, "the interconnect model failed: %s",
                 strerror(errno));
    return r == 0;
}

static struct replay_queue queue_of(const struct ic *ic, unsigned link, unsigned end)
{
    struct replay_queue q = {0};
    struct ic_end_stats s;
    struct ic_vc_stats vc;

    if (ic_end_stats(ic, link, end, &s) < 0)
        return q;
    q = (struct replay_queue){.sent = s.sent_frames, .peak_bytes = s.queue_peak_bytes, .busy_ps = s.busy_ps};
    q.too_long = s.dropped[IC_DROP_TOO_LONG];
    for (unsigned k = 1; k < IC_DROP_COUNT; k++)
        q.dropped += s.dropped[k];
    for (unsigned k = 0; ic_vc_stats(ic, link, end, k, &vc) == 0; k++) {
        q.vc_peak_bytes = vc.peak_bytes > q.vc_peak_bytes ? vc.peak_bytes : q.vc_peak_bytes;
        q.stall_ps += vc.stall_ps;
    }
    return q;
}

static void run_world(struct world *w, const struct scenario *s)
{
    char why[150];

    if (!build(w, s) || !feed(w, s))
        return;
    for (unsigned i = 0; i < s->n_links; i++)
        for (unsigned end = 0; end < 2; end++)
            w->out->queue[i][end] = queue_of(w->ic, i, end);
    if (ic_check(w->ic, why, sizeof why) < 0)
        snprintf(w->out->trouble, sizeof w->out->trouble, "the fabric's books do not balance: %s", why);
}

static size_t delivery_bytes(const struct replay_traffic *t)
{
    return (t->n * t->n_nodes * 2 + 1) *
           sizeof(struct replay_delivery); /* copies of a fault are counted twice */
}

static void *shared(size_t size)
{
    void *m = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return m == MAP_FAILED ? NULL : m;
}

struct replay_outcome *replay_traffic_run(const struct replay_traffic *t, const struct scenario *s)
{
    struct replay_outcome *o = shared(sizeof *o);
    int status = 0;

    if (o)
        o->delivery = shared(delivery_bytes(t));
    fflush(NULL);
    pid_t pid = o && o->delivery ? fork() : -1;
    if (pid < 0) {
        int e = errno;
        if (o)
            replay_outcome_free(o, t);
        errno = e;
        return NULL;
    }
    if (pid == 0) {
        struct world w = {.t = t, .out = o, .room = delivery_bytes(t) / sizeof(struct replay_delivery)};
        run_world(&w, s);
        _exit(0);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (status != 0 && !o->trouble[0])
        snprintf(o->trouble, sizeof o->trouble, "the process that ran it ended early");
    return o;
}

void replay_outcome_free(struct replay_outcome *o, const struct replay_traffic *t)
{
    if (o->delivery)
        munmap(o->delivery, delivery_bytes(t));
    munmap(o, sizeof *o);
}
