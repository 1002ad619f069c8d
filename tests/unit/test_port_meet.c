/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_port_meet.c - threads that meet, in every shape: who waits how, who wakes whom, deaths, the end.
 *
 * Linked with --wrap=syscall: futex waits lose their time-out here, so a wake-up that is lost is not repaired
 * after a second but stops the test for ever, which the alarm notices. Nothing here sleeps.
 */
#include "devices/port/port.h"
#include <check.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
enum { ROUNDS = 300 };
#else
enum { ROUNDS = 1000 };
#endif
enum { NODES = 8, CORES = 3, WATCHDOG_S = 40 };

long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    if (number == SYS_futex && (int)b == FUTEX_WAIT)
        d = 0;
    return __real_syscall(number, a, b, c, d, e, f);
}

static struct port_shared *s;
static vtime_t reached[NODES];
static _Atomic uint32_t engine_quit, engine_steps;
static unsigned
    die_at[NODES]; /* round in which this node's QEMU dies: it does not come to that meeting; 0: never */
static _Atomic uint32_t dead[NODES];
/* Round in which its machine is switched off, to be on again OFF rounds later in another thread; 0: never. */
enum { OFF = 20 };
static unsigned leave_at[NODES], from[NODES];

static void build(unsigned nodes, unsigned cores, uint32_t spin)
{
    s = calloc(1, sizeof *s);
    ck_assert_ptr_nonnull(s);
    s->n_nodes = nodes;
    s->n_cores = cores;
    s->stop_ps = VTIME_S;
    s->fabric_next_ps = VTIME_NEVER;
    for (unsigned i = 0; i < nodes; i++) {
        struct port_node *n = &s->node[i];
        port_place(s, i, i % cores);
        n->pending_ps = n->cap_ps = VTIME_NEVER;
        n->n_nics = 1;
        n->nic[0] = (struct port_nic){.egress_ps = VTIME_US};
        s->core[n->core].spin = spin;
    }
    alarm(WATCHDOG_S);
}

static void pin(unsigned core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core % (unsigned)sysconf(_SC_NPROCESSORS_ONLN), &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void leave(unsigned i, unsigned k)
{
    struct port_node *n = &s->node[i];
    n->base_ps = n->now_ps = (k + OFF) * VTIME_US;
    n->need_ps = n->now_ps + VTIME_NS;
    port_meet(s, i, PORT_BLOCKED);
    port_leave(s, i);
    atomic_store(&dead[i], 1);
    port_futex_wake(&dead[i], 1);
}

/* A node that computes: meets at each microsecond, and checks that nobody was left behind by more than the
 * lookahead. */
static void *node(void *arg)
{
    unsigned i = (unsigned)(uintptr_t)arg;
    struct port_node *n = &s->node[i];

    pin(n->core);
    for (unsigned k = from[i]; k < ROUNDS && !atomic_load(&s->quit); k++) {
        if (leave_at[i] && k == leave_at[i]) {
            leave(i, k);
            return NULL;
        }
        if (die_at[i] && k == die_at[i]) {
            atomic_store(&dead[i], 1);
            port_futex_wake(&dead[i], 1);
            return NULL;
        }
        n->now_ps = k * VTIME_US;
        n->need_ps = n->now_ps + VTIME_US;
        port_meet(s, i, PORT_BLOCKED);
        if (!atomic_load(&s->quit) && n->grant_ps < n->need_ps)
            abort(); /* released without a grant */
        reached[i] = n->need_ps;
    }
    n->now_ps = ROUNDS * VTIME_US;
    if (!atomic_load(&s->quit))
        port_meet(s, i, PORT_ENDED);
    return NULL;
}

/* The engine of a core, as in sim/engine.c without a fabric; calls come only when engine_always is set or at
 * the end. */
static void *engine(void *arg)
{
    unsigned core = (unsigned)(uintptr_t)arg;
    struct port_core *c = &s->core[core];
    uint32_t seen = 0;
    bool release[PORT_MAX_NODES];

    pin(core);
    for (;;) {
        port_futex_wait(&c->call, seen, 1000);
        if (atomic_load(&engine_quit))
            return NULL;
        uint32_t now = atomic_load(&c->call);
        if (now == seen)
            continue;
        seen = now;
        if (!port_take_call(s))
            continue;
        atomic_fetch_add(&engine_steps, 1);
        unsigned n = port_grant(s, release);
        if (n)
            port_release(s, core, release, n);
    }
}

static pthread_t node_thread[NODES], engine_thread[CORES];

static void start(void)
{
    for (unsigned c = 0; c < s->n_cores; c++)
        ck_assert_int_eq(pthread_create(&engine_thread[c], NULL, engine, (void *)(uintptr_t)c), 0);
    for (unsigned i = 0; i < s->n_nodes; i++)
        ck_assert_int_eq(pthread_create(&node_thread[i], NULL, node, (void *)(uintptr_t)i), 0);
}

static void finish(void)
{
    for (unsigned i = 0; i < s->n_nodes; i++)
        pthread_join(node_thread[i], NULL);
    atomic_store(&engine_quit, 1);
    for (unsigned c = 0; c < s->n_cores; c++) {
        atomic_fetch_add(&s->core[c].call, 1);
        port_futex_wake(&s->core[c].call, 1);
        pthread_join(engine_thread[c], NULL);
    }
    alarm(0);
    free(s);
}

/* 1..8 nodes on 1..3 cores; every second shape looks out, every third goes through the engine each time. */
START_TEST(all_come_and_all_go_on)
{
    unsigned nodes = 1 + (unsigned)_i % NODES, cores = 1 + (unsigned)_i / NODES;
    build(nodes, cores, _i % 2 ? 2000 : 0);
    atomic_store(&s->engine_always, _i % 3 == 0);
    start();
    for (unsigned i = 0; i < nodes; i++)
        pthread_join(node_thread[i], NULL);
    for (unsigned i = 0; i < nodes; i++) {
        ck_assert_int_eq(reached[i], ROUNDS * VTIME_US);
        ck_assert_int_eq(atomic_load(&s->node[i].state), PORT_ENDED);
        node_thread[i] = pthread_self();
    }
    ck_assert_uint_eq(atomic_load(&s->pending), 0);
    ck_assert_uint_ge(s->rounds, nodes > 1 ? ROUNDS : 1);
    s->n_nodes = 0; /* all are joined */
    finish();
}
END_TEST

/* Some die between two meetings while the others wait for them; whoever buries the last one missing is the
 * stepper. */
START_TEST(the_others_go_on_without_the_dead)
{
    static const bool none[PORT_MAX_NODES];
    unsigned nodes = 2 + (unsigned)_i % (NODES - 1), cores = 1 + (unsigned)_i % CORES;
    build(nodes, cores, _i % 2 ? 2000 : 0);
    for (unsigned i = 0; i < nodes - 1; i++)
        die_at[i] = 10 + 17 * i + (unsigned)_i;
    start();
    for (unsigned i = 0; i < nodes - 1; i++) {
        bool release[PORT_MAX_NODES];
        while (!atomic_load(&dead[i]))
            port_futex_wait(&dead[i], 0, 1000);
        if (port_bury(s, i, true)) {
            unsigned n = port_grant(s, release);
            ck_assert_mem_ne(release, none, sizeof release);
            port_release(s, s->node[i].core, release, n);
        }
        ck_assert(!port_bury(s, i, true)); /* once only */
        ck_assert_uint_eq(s->node[i].end, PORT_END_KILLED);
    }
    for (unsigned i = 0; i < nodes; i++)
        pthread_join(node_thread[i], NULL);
    ck_assert_int_eq(reached[nodes - 1], ROUNDS * VTIME_US);
    s->n_nodes = 0;
    finish();
}
END_TEST

/*
 * Machines that are switched off, and on again by another process: nobody passes that time before it is
 * there, and everybody goes on then.
 */
START_TEST(all_wait_for_who_is_switched_on_again)
{
    unsigned nodes = 1 + (unsigned)_i % NODES, cores = 1 + (unsigned)_i / NODES;
    build(nodes, cores, _i % 2 ? 2000 : 0);
    for (unsigned i = 0; i < nodes; i += 2)
        leave_at[i] = 10 + 20 * i + (unsigned)_i; /* below ROUNDS - OFF */
    start();
    for (unsigned i = 0; i < nodes; i += 2) {
        while (!atomic_load(&dead[i]))
            port_futex_wait(&dead[i], 0, 1000);
        pthread_join(node_thread[i], NULL);
        ck_assert_uint_eq(atomic_exchange(&s->node[i].restart, 0), 1);
        for (unsigned k = 0; k < 100; k++) {
            sched_yield();
            for (unsigned j = 0; j < nodes; j++)
                ck_assert(s->node[j].grant_ps <= s->node[i].base_ps + VTIME_US || nodes == 1);
        }
        from[i] = leave_at[i] + OFF;
        leave_at[i] = 0;
        ck_assert_int_eq(pthread_create(&node_thread[i], NULL, node, (void *)(uintptr_t)i), 0);
    }
    for (unsigned i = 0; i < nodes; i++) {
        pthread_join(node_thread[i], NULL);
        ck_assert_int_eq(reached[i], ROUNDS * VTIME_US);
    }
    s->n_nodes = 0;
    finish();
}
END_TEST

/* Node 0 never comes; the others wait for it, asleep or looking out, until they are told to end. */
START_TEST(quit_ends_the_waiting)
{
    unsigned nodes = 2 + (unsigned)_i % (NODES - 1), cores = 1 + (unsigned)_i % CORES;
    build(nodes, cores, _i % 2 ? 1000 : 0);
    die_at[0] = 5;
    start();
    while (!atomic_load(&dead[0]))
        port_futex_wait(&dead[0], 0, 1000);
    port_quit(s);
    finish();
}
END_TEST

/* A node that the engine took for dead comes after all: it waits, and disturbs nobody's count. */
static void *late_comer(void *arg)
{
    (void)arg;
    port_meet(s, 0, PORT_BLOCKED);
    return NULL;
}

START_TEST(the_buried_do_not_count)
{
    pthread_t t;
    build(2, 1, 0);
    ck_assert(!port_bury(s, 0, true));
    ck_assert_uint_eq(atomic_load(&s->pending), 1 << 1);
    ck_assert_int_eq(pthread_create(&t, NULL, late_comer, NULL), 0);
    while (!atomic_load(&s->node[0].sleeping))
        sched_yield();
    ck_assert_uint_eq(atomic_load(&s->pending), 1 << 1);
    ck_assert_int_eq(atomic_load(&s->node[0].state), PORT_ENDED);
    port_quit(s);
    pthread_join(t, NULL);
    free(s);
}
END_TEST

START_TEST(releasing_nobody_changes_nothing)
{
    bool release[PORT_MAX_NODES] = {false};
    build(2, 1, 0);
    port_release(s, 0, release, 0);
    ck_assert_uint_eq(s->rounds, 0);
    ck_assert_uint_eq(atomic_load(&s->pending), 3);
    free(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("port_meet");
    TCase *c = tcase_create("meet");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, all_come_and_all_go_on, 0, NODES * CORES);
    tcase_add_loop_test(c, the_others_go_on_without_the_dead, 0, 12);
    tcase_add_loop_test(c, all_wait_for_who_is_switched_on_again, 0, NODES * CORES);
    tcase_add_loop_test(c, quit_ends_the_waiting, 0, 24);
    tcase_add_test(c, the_buried_do_not_count);
    tcase_add_test(c, releasing_nobody_changes_nothing);
    suite_add_tcase(suite, c);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
