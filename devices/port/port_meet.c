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
 * Every party may die at any instruction, and the others must go on. So whatever counts is one atomic step
 * that is done once, whoever does it and whoever repeats it:
 *
 *   pending    a node that has blocked clears its bit, or port_bury() does; whoever clears the last one of
 * all tries to claim the turn turn       free(r) -> taken(r, node) [-> called(r, node) -> taken(r, engine)]
 * -> free(r + 1) claimed by compare-and-swap when it is free and nobody is pending, so by one party only; the
 *              engine takes it over from a dead node. Until then nothing was released, and as the grants are
 * a function of what is published, they are computed again. release    plan_turn, plan, due (what is going to
 * happen) -> pending = plan -> turn = free(r + 1) (it has happened) -> go = due for all in the plan ->
 * wake-ups. If a node dies after it freed the turn, port_bury() does the rest: go changes from due - 1 to due
 * only, so once.
 *
 * A node that dies while another one is about to release it: port_bury() sets the state to ENDED, counts the
 * burial, and then clears the bit; the stepper sets the bits, then looks at the count, and if it has changed
 * it clears the bits of the ended itself. At least one of the two sees the other.
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

/* port_shared.turn: bits 0-7 the owner (0: free), bit 8: it has called the engine, from bit 9 on the round.
 */
enum { OWNER = 0xff, ENGINE = 0xff, CALLED = 0x100, ROUND_SHIFT = 9 };

static uint64_t bit(unsigned node)
{
    return (uint64_t)1 << node;
}

static uint64_t free_turn(uint64_t turn)
{
    return turn >> ROUND_SHIFT << ROUND_SHIFT;
}

void port_place(struct port_shared *s, unsigned node, unsigned core)
{
    s->node[node].core = core;
    s->core[core].nodes |= bit(node);
    atomic_fetch_or(&s->pending, bit(node));
}

/*
 * Nobody is pending, so somebody must step: is it the caller? While the turn stays free(r), bits of round r
 * are only cleared; so if it was free before `pending` was read as empty and is still, the round is over.
 */
static bool claim(struct port_shared *s, unsigned owner)
{
    uint64_t turn = atomic_load(&s->turn);
    return !(turn & OWNER) && atomic_load(&s->pending) == 0 &&
           atomic_compare_exchange_strong(&s->turn, &turn, turn | owner);
}

/* Wakes one of those nodes of a core that were released and still sleep, if there are any. */
static void wake_one(struct port_shared *s, unsigned core)
{
    uint64_t left = atomic_load(&s->pending) & s->core[core].nodes;
    for (; left; left &= left - 1) {
        struct port_node *n = &s->node[__builtin_ctzll(left)];
        if (atomic_load(&n->sleeping)) {
            port_futex_wake(&n->go, 1);
            return;
        }
    }
}

/* Nodes that were buried while this plan was made will not come. */
static void strike_ended(struct port_shared *s, uint64_t plan)
{
    for (; plan; plan &= plan - 1) {
        unsigned i = (unsigned)__builtin_ctzll(plan);
        if (atomic_load(&s->node[i].state) == PORT_ENDED)
            atomic_fetch_and(&s->pending, ~bit(i));
    }
}

/*
 * The caller owns the turn, as `owner`. `own`: the core of the node that releases, which looks after it
 * itself (wait_go); `engine`: the core on which the engine releases, where no look-out can be looking now.
 * UINT_MAX: does not apply.
 */
static void release_nodes(struct port_shared *s, unsigned owner, unsigned own, unsigned engine,
                          const bool release[PORT_MAX_NODES])
{
    uint64_t next =
        free_turn(atomic_load_explicit(&s->turn, memory_order_relaxed)) + ((uint64_t)1 << ROUND_SHIFT);
    uint64_t plan = 0;
    uint32_t due[PORT_MAX_NODES];

    s->rounds++;
    /* first of all: port_bury() trusts plan and due only while this says whose they are (finish_release) */
    atomic_store_explicit(&s->plan_turn, next | owner, memory_order_release);
    for (unsigned i = 0; i < s->n_nodes; i++)
        if (release[i]) {
            plan |= bit(i);
            due[i] = atomic_load_explicit(&s->node[i].go, memory_order_relaxed) + 1;
            atomic_store_explicit(&s->node[i].due, due[i], memory_order_release);
        }
    atomic_store_explicit(&s->plan, plan, memory_order_release);
    /*
     * Before the first node may run and block again, all must be pending and the turn free. (The stores to go
     * are sequentially consistent, so these come before the count of burials is read, in step().)
     */
    atomic_store_explicit(&s->pending, plan, memory_order_release);
    atomic_store_explicit(&s->turn, next, memory_order_release);
    for (uint64_t left = plan; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        atomic_store(&s->node[i].go, due[i]); /* partner: wait_go */
    }
    for (unsigned c = 0; c < s->n_cores; c++)
        if (plan & s->core[c].nodes) {
            atomic_fetch_add(&s->core[c].gen, 1);
            if (c != own && (c == engine || !atomic_load(&s->core[c].spinner)))
                wake_one(s, c);
        }
}

void port_release(struct port_shared *s, unsigned core, const bool release[PORT_MAX_NODES], unsigned n)
{
    if (n)
        release_nodes(s, ENGINE, UINT_MAX, core, release);
}

/* `seen`: what go was when the node blocked. */
static bool released(struct port_shared *s, unsigned node, uint32_t seen)
{
    return atomic_load_explicit(&s->node[node].go, memory_order_acquire) != seen ||
           atomic_load_explicit(&s->quit, memory_order_relaxed);
}

/* Looks out for the whole core. Returns true if this node was released meanwhile. */
static bool look_out(struct port_shared *s, unsigned node, uint32_t seen, struct port_core *c)
{
    uint32_t none = 0, gen = atomic_load(&c->gen);
    if (!c->spin || !atomic_compare_exchange_strong(&c->spinner, &none, 1 + node))
        return released(s, node, seen);
    if (!released(s, node, seen))
        for (uint32_t i = 0; i < c->spin && atomic_load_explicit(&c->gen, memory_order_relaxed) == gen; i++)
            if (i >= HASTE)
                cpu_relax();
    atomic_store(&c->spinner, 0);
    return released(s, node, seen);
}

/* `hand_over`: the engine needs this core now, do not look out. */
static void wait_go(struct port_shared *s, unsigned node, uint32_t seen, bool hand_over)
{
    struct port_node *n = &s->node[node];
    struct port_core *c = &s->core[n->core];

    while (!released(s, node, seen)) {
        if (!hand_over && !(atomic_load(&s->pending) & c->nodes) && look_out(s, node, seen, c))
            break;
        wake_one(s, n->core); /* after look_out() cleared `spinner` */
        atomic_store(&n->sleeping, 1);
        /* partner: release_nodes stores go, then reads sleeping; the futex re-checks go */
        if (!released(s, node, seen))
            port_futex_wait(&n->go, seen, 1000);
        atomic_store(&n->sleeping, 0);
    }
}

/*
 * All others are blocked and it is this node's turn: gives grants here if the fabric has nothing to do, else
 * calls the engine. Returns true if it was called.
 */
static bool step(struct port_shared *s, unsigned node)
{
    unsigned core = s->node[node].core;
    bool release[PORT_MAX_NODES];

    do {
        uint32_t burials = atomic_load(&s->burials);
        vtime_t horizon = port_horizon(s);
        if (port_needs_engine(s, horizon))
            break;
        if (horizon < VTIME_NEVER)
            s->fabric_done_ps = vtime_max(s->fabric_done_ps, horizon);
        if (port_grant(s, release) == 0)
            break;
        release_nodes(s, 1 + node, core, UINT_MAX, release);
        if (atomic_load(&s->burials) == burials) /* partner: port_bury */
            return false;
        strike_ended(s, atomic_load(&s->plan));
        if (!claim(s, 1 + node))
            return false;
    } while (true);
    s->engine_calls++;
    atomic_fetch_or(&s->turn, CALLED);
    atomic_fetch_add(&s->core[core].call, 1); /* partner: engine thread of this core */
    port_futex_wake(&s->core[core].call, 1);
    return true;
}

bool port_take_call(struct port_shared *s)
{
    uint64_t turn = atomic_load(&s->turn);
    return (turn & CALLED) && atomic_compare_exchange_strong(&s->turn, &turn, free_turn(turn) | ENGINE);
}

void port_recall(struct port_shared *s)
{
    atomic_fetch_or(&s->turn, CALLED); /* the engine has kept the turn */
    atomic_fetch_add(&s->core[0].call, 1);
    port_futex_wake(&s->core[0].call, 1);
}

/* Sets the state unless the node has ended, or was taken for dead. */
static bool set_state(struct port_node *n, enum port_state state)
{
    uint32_t old = atomic_load(&n->state);
    while (old != PORT_ENDED)
        if (atomic_compare_exchange_strong(&n->state, &old, state))
            return true;
    return false;
}

void port_meet(struct port_shared *s, unsigned node, enum port_state state)
{
    struct port_node *n = &s->node[node];
    uint32_t seen = atomic_load(&n->go);

    if (!set_state(n, state)) { /* buried: it no longer counts */
        wait_go(s, node, seen, true);
        return;
    }
    bool last = atomic_fetch_and(&s->pending, ~bit(node)) == bit(node);
    bool called = last && claim(s, 1 + node) && step(s, node);
    if (state == PORT_ENDED) {
        wake_one(s, n->core);
        return;
    }
    wait_go(s, node, seen, called);
}

void port_leave(struct port_shared *s, unsigned node)
{
    atomic_store(&s->node[node].restart, 1);
    wake_one(s, s->node[node].core);
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

/* What a dead node may have left undone after it freed the turn: some of those in its plan still wait. */
static void finish_release(struct port_shared *s, unsigned node)
{
    uint64_t whose = free_turn(atomic_load(&s->turn)) | (1 + node), plan = atomic_load(&s->plan);

    /* Of another round: not yet freed (so nobody was released), or over (so all were). */
    if (atomic_load(&s->plan_turn) != whose)
        return;
    for (uint64_t left = plan; left; left &= left - 1) {
        struct port_node *n = &s->node[__builtin_ctzll(left)];
        uint32_t due = atomic_load(&n->due), before = due - 1;
        if (atomic_load(&s->plan_turn) != whose)
            return; /* the next stepper is writing its own: so all were released */
        atomic_compare_exchange_strong(&n->go, &before, due);
    }
    strike_ended(s, plan);
}

/* The turn of a dead node, or one that nobody has claimed because the one who should have is dead. */
static bool take_over(struct port_shared *s, unsigned node)
{
    uint64_t turn = atomic_load(&s->turn);
    if ((turn & OWNER) == 1 + node)
        return atomic_compare_exchange_strong(&s->turn, &turn, free_turn(turn) | ENGINE);
    return claim(s, ENGINE);
}

bool port_bury(struct port_shared *s, unsigned node, bool gone)
{
    struct port_node *n = &s->node[node];
    uint32_t look_out = 1 + node;

    if (set_state(n, PORT_ENDED))
        n->end = PORT_END_KILLED;
    atomic_fetch_add(&s->burials, 1); /* partner: step */
    bool last = atomic_fetch_and(&s->pending, ~bit(node)) == bit(node);
    bool mine = last && claim(s, ENGINE);
    if (gone) {
        finish_release(s, node);
        mine = mine || take_over(s, node);
        atomic_compare_exchange_strong(&s->core[n->core].spinner, &look_out, 0);
    }
    /* It was perhaps this one's turn to wake somebody. */
    for (unsigned c = 0; c < s->n_cores; c++) {
        atomic_fetch_add(&s->core[c].gen, 1);
        if (!atomic_load(&s->core[c].spinner))
            wake_one(s, c);
    }
    return mine;
}
