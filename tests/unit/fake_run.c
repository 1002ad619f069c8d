/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fake_run.c - see fake_run.h. Without threads, arrive() and round_over() stand for port_meet(). */
#include "tests/unit/fake_run.h"
#include "sim/engine.h"
#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rack {
    struct engine *e;
    struct port_shared *port;
    struct fake_body body[FAKE_NODES];
    unsigned n;
};

/* ---- one thread: nodes run one after the other, in random order within a round ---- */

static void room_alone(struct fake_body *b)
{
    struct rack *r = b->ctx;
    engine_wait(r->e, 0);
}

static void arrive(struct port_shared *s, unsigned i, enum port_state state)
{
    struct port_node *n = &s->node[i];
    atomic_store(&n->state, state);
    atomic_fetch_and(&s->pending, ~((uint64_t)1 << i));
}

static void round_over(struct rack *r)
{
    struct port_shared *s = r->port;
    bool release[PORT_MAX_NODES];

    if (!port_needs_engine(s, port_horizon(s))) {
        unsigned n = port_grant(s, release);
        port_release(s, 0, release, n);
        if (n)
            return;
    }
    s->engine_calls++;
    engine_step(r->e, 0);
}

static void run_alone(struct rack *r, uint64_t order)
{
    for (bool first = true;; first = false) {
        unsigned list[FAKE_NODES], n = 0;
        for (unsigned i = 0; i < r->n; i++)
            if (atomic_load(&r->port->pending) >> i & 1)
                list[n++] = i;
        if (n == 0 && engine_wait(r->e, 0))
            return;
        if (n == 0)
            fake_broken(&r->body[0], "deadlock", 0, 0);
        for (; n > 0; n--) {
            unsigned k = (order = fake_hash(order + n)) % n, i = list[k];
            list[k] = list[n - 1];
            if (!first)
                fake_body_resume(&r->body[i]);
            enum port_state state = fake_body_run(&r->body[i]);
            arrive(r->port, i, state);
        }
        round_over(r);
    }
}

/* ---- a thread per node ---- */

static void room_threaded(struct fake_body *b)
{
    if (atomic_load(&b->slot->drain))
        port_futex_wait(&b->slot->drain, 1, 1000);
}

static void pin(unsigned core)
{
    cpu_set_t all, one;
    int left = (int)core;

    if (sched_getaffinity(0, sizeof all, &all) < 0)
        return;
    left %= CPU_COUNT(&all);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &all) && left-- == 0) {
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            sched_setaffinity(0, sizeof one, &one);
        }
}

static void *live(void *arg)
{
    struct fake_body *b = arg;
    pin(b->slot->core);
    for (;;) {
        enum port_state state = fake_body_run(b);
        port_meet(b->port, b->f.index, state);
        if (state == PORT_ENDED || atomic_load(&b->port->quit))
            return NULL;
        fake_body_resume(b);
    }
}

static void run_threads(struct rack *r)
{
    pthread_t t[FAKE_NODES];
    int bad = engine_start(r->e);
    for (unsigned i = 0; i < r->n; i++)
        bad |= pthread_create(&t[i], NULL, live, &r->body[i]);
    assert(!bad);
    while (!engine_wait(r->e, 20))
        ;
    engine_stop(r->e);
    for (unsigned i = 0; i < r->n; i++)
        pthread_join(t[i], NULL);
}

/* ---- */

void fake_run(const struct world *w, const struct fake_how *how, struct fake_result *out)
{
    struct rack r = {.n = w->scn.n_nodes};
    int cores[PORT_MAX_CORES] = {0};
    char why[200];
    for (unsigned c = 0; c < how->n_cores; c++)
        cores[c] = (int)c % (int)sysconf(_SC_NPROCESSORS_ONLN);
    struct engine_config cfg = {.scenario = &w->scn,
                                .tracing = how->tracing,
                                .cores = cores,
                                .n_cores = how->n_cores ? how->n_cores : 1,
                                .spin = how->spin};
    r.e = engine_create(&cfg, why, sizeof why);
    if (!r.e) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
    r.port = engine_port(r.e);
    atomic_store(&r.port->engine_always, how->engine_always);
    for (unsigned i = 0; i < r.n; i++) {
        struct fake_body *b = &r.body[i];
        world_start(w, &b->f, i);
        fake_body_init(b, r.port, i);
        b->f.log = &out->log[i];
        b->f.log->n = 0;
        b->wait_room = how->n_cores ? room_threaded : room_alone;
        b->ctx = &r;
    }
    if (how->n_cores)
        run_threads(&r);
    else
        run_alone(&r, how->order);
    if (ic_check(engine_fabric(r.e), why, sizeof why) < 0) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
    for (unsigned i = 0; i < r.n; i++) {
        struct engine_node n;
        engine_get_node(r.e, i, &n);
        out->ids[i] = r.body[i].ids;
        if (n.trouble[0] || n.late)
            fake_broken(&r.body[i], n.trouble[0] ? n.trouble : "late", (int64_t)n.late, 0);
        out->end[i] = n.end;
        fake_log_sort(&out->log[i]);
        fake_body_free(&r.body[i]);
    }
    out->rounds = r.port->rounds;
    out->engine_calls = r.port->engine_calls;
    engine_destroy(r.e);
}
