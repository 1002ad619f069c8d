/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port_meet.c - the meeting of all nodes: who waits how, who computes, who wakes whom.
 *
 * Measured on small virtual machines (docs/virtual-time.md): waking a thread that sleeps on another core
 * costs 50 us and more, handing over inside a core 3 us, seeing a store from another core 0.3 us. Hence:
 *   - nodes are pinned, and on one core they run one after the other: a node that blocks wakes one released
 *     neighbour, which will wake the next, and sleeps. (Waking all at once costs two process switches a node
 *     instead of one, for the kernel lets a woken thread preempt its waker.)
 *   - the last node of a core to block spins on its core's generation word, as the core's look-out. If it is
 *     released, it runs on at once and wakes nobody before it blocks again; if only neighbours are, it wakes
 *     one of them; after port_core.spin looks it sleeps as well;
 *   - whoever releases bumps the generation of every core concerned, and wakes one node of every other core
 *     that has no look-out.
 * So of a core's nodes that were released and still sleep, one has been woken, or another node of the core is
 * awake and will wake one before it sleeps or ends. If it dies instead, port_bury() does it.
 *
 * Race between a look-out that gives up and a releaser: the look-out first clears `spinner`, then looks for
 * released neighbours; the releaser first releases, then reads `spinner` (both sequentially consistent). At
 * least one sees the other, so either the look-out does the waking or the releaser does; if both do, a futex
 * wake too many is harmless.
 *
 * None of this decides anything that a guest can see: it only decides how long the host takes.
 */
#include "devices/port/port.h"
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Looks at full speed before the look-out pauses between looks: most waits are shorter than a few pauses. */
enum { HASTE = 2000 };

#if defined(__x86_64__)
#define cpu_relax() __builtin_ia32_pause()
#else
#define cpu_relax() __asm__ volatile("" ::: "memory")
#endif

void port_futex_wait(_Atomic uint32_t *word, uint32_t seen, int timeout_ms)
{
    struct timespec ts = {timeout_ms / 1000, (timeout_ms % 1000) * 1000000L};
    syscall(SYS_futex, word, FUTEX_WAIT, seen, timeout_ms < 0 ? NULL : &ts, NULL, 0);
}

void port_futex_wake(_Atomic uint32_t *word, int n)
{
    syscall(SYS_futex, word, FUTEX_WAKE, n, NULL, NULL, 0);
}

/* Wakes one of those nodes of a core that were released and still sleep, if there are any. */
static void wake_one(struct port_shared *s, unsigned core)
{
    for (unsigned i = 0; i < s->n_nodes; i++) {
        struct port_node *n = &s->node[i];
        if (n->core == core && !(atomic_load(&n->go) & 1) && atomic_load(&n->sleeping) &&
            atomic_load(&n->state) != PORT_ENDED) {
            port_futex_wake(&n->go, 1);
            return;
        }
    }
}

/*
 * `own`: the core of the node that releases, which looks after it itself (wait_go); `engine`: the core on
 * which the engine releases, where no look-out can be looking now. UINT_MAX: does not apply.
 */
static void release_nodes(struct port_shared *s, unsigned own, unsigned engine,
                          const bool release[PORT_MAX_NODES], unsigned n)
{
    bool touched[PORT_MAX_CORES] = {false};

    if (n == 0)
        return;
    s->rounds++;
    /* Before the first node may run and block again, the count must be complete. */
    atomic_store(&s->pending, n);
    for (unsigned i = 0; i < s->n_nodes; i++)
        if (release[i])
            atomic_fetch_add(&s->core[s->node[i].core].running, 1);
    for (unsigned i = 0; i < s->n_nodes; i++)
        if (release[i]) {
            atomic_store(&s->node[i].state, PORT_RUNNING);
            touched[s->node[i].core] = true;
            atomic_fetch_add(&s->node[i].go, 1); /* even: go (partner: wait_go) */
        }
    for (unsigned c = 0; c < s->n_cores; c++)
        if (touched[c]) {
            atomic_fetch_add(&s->core[c].gen, 1);
            if (c != own && (c == engine || !atomic_load(&s->core[c].spinner)))
                wake_one(s, c);
        }
}

void port_release(struct port_shared *s, unsigned core, const bool release[PORT_MAX_NODES], unsigned n)
{
    release_nodes(s, UINT_MAX, core, release, n);
}

static bool released(struct port_shared *s, unsigned node)
{
    return !(atomic_load_explicit(&s->node[node].go, memory_order_acquire) & 1) ||
           atomic_load_explicit(&s->quit, memory_order_relaxed);
}

/* Looks out for the whole core. Returns true if this node was released meanwhile. */
static bool look_out(struct port_shared *s, unsigned node, struct port_core *c)
{
    uint32_t none = 0, gen = atomic_load(&c->gen);
    if (!c->spin || !atomic_compare_exchange_strong(&c->spinner, &none, 1))
        return released(s, node);
    if (!released(s, node))
        for (uint32_t i = 0; i < c->spin && atomic_load_explicit(&c->gen, memory_order_relaxed) == gen; i++)
            if (i >= HASTE)
                cpu_relax();
    atomic_store(&c->spinner, 0);
    return released(s, node);
}

/* `hand_over`: the engine needs this core now, do not look out. */
static void wait_go(struct port_shared *s, unsigned node, bool hand_over)
{
    struct port_node *n = &s->node[node];
    struct port_core *c = &s->core[n->core];

    while (!released(s, node)) {
        if (!hand_over && atomic_load(&c->running) == 0 && look_out(s, node, c))
            break;
        wake_one(s, n->core); /* after look_out() cleared `spinner` */
        uint32_t seen = atomic_load(&n->go);
        if (!(seen & 1))
            break;
        atomic_store(&n->sleeping, 1);
        /* partner: release_nodes stores go, then reads sleeping; the futex re-checks go */
        if (!released(s, node))
            port_futex_wait(&n->go, seen, 1000);
        atomic_store(&n->sleeping, 0);
    }
}

/* All others are blocked: give grants here if the fabric has nothing to do, else call the engine. Returns
 * true if it was called. */
static bool step(struct port_shared *s, unsigned core)
{
    bool release[PORT_MAX_NODES];
    vtime_t horizon = port_horizon(s);

    if (!port_needs_engine(s, horizon)) {
        if (horizon < VTIME_NEVER)
            s->fabric_done_ps = vtime_max(s->fabric_done_ps, horizon);
        unsigned n = port_grant(s, release);
        if (n) {
            release_nodes(s, core, UINT_MAX, release, n);
            return false;
        }
    }
    s->engine_calls++;
    atomic_fetch_add(&s->core[core].call, 1); /* partner: engine thread of this core */
    port_futex_wake(&s->core[core].call, 1);
    return true;
}

void port_meet(struct port_shared *s, unsigned node, enum port_state state)
{
    struct port_node *n = &s->node[node];
    uint32_t expected = PORT_RUNNING;

    atomic_fetch_or(&n->go, 1); /* odd: blocked */
    /* The engine may bury a node that it takes for dead; then this one no longer counts. */
    if (!atomic_compare_exchange_strong(&n->state, &expected, state)) {
        expected = PORT_STARTING;
        if (!atomic_compare_exchange_strong(&n->state, &expected, state)) {
            wait_go(s, node, true);
            return;
        }
    }
    if (atomic_load(&s->core[n->core].running) > 0)
        atomic_fetch_sub(&s->core[n->core].running, 1);
    bool called = atomic_fetch_sub(&s->pending, 1) == 1 && step(s, n->core);
    if (state != PORT_ENDED)
        wait_go(s, node, called);
    else
        wake_one(s, n->core);
}

void port_quit(struct port_shared *s)
{
    atomic_store(&s->quit, 1);
    port_futex_wake(&s->quit, INT_MAX);
    for (unsigned i = 0; i < s->n_nodes; i++) {
        struct port_node *n = &s->node[i];
        atomic_fetch_add(
            &n->go, 2); /* still odd if it was: who is about to sleep on the old value (wait_go) does not */
        port_futex_wake(&n->go, 1);
        port_futex_wake(&n->drain, 1);
    }
}

bool port_bury(struct port_shared *s, unsigned node)
{
    struct port_node *n = &s->node[node];
    uint32_t state = atomic_load(&n->state);

    for (;;) {
        if (state == PORT_ENDED)
            return false;
        if (atomic_compare_exchange_strong(&n->state, &state, PORT_ENDED))
            break;
    }
    n->end = PORT_END_KILLED;
    wake_one(s, n->core); /* it was perhaps this one's turn to do so */
    if (state == PORT_RUNNING || state == PORT_STARTING) {
        if (atomic_load(&s->core[n->core].running) > 0)
            atomic_fetch_sub(&s->core[n->core].running, 1);
        return atomic_fetch_sub(&s->pending, 1) == 1;
    }
    return false;
}
