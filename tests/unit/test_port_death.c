/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_port_death.c - processes that meet and die, at every point of port_meet(): the others must go on.
 *
 * port_meet.c is compiled into this file with a counter in front of each of its writes to shared memory and
 * of its system calls; a victim ends when its counter has run down, so it dies once at each of them. What it
 * does between two of them nobody else can see. Other tests kill from outside, anywhere.
 *
 * Linked with --wrap=syscall: futex waits lose their time-out here, so a lost wake-up stops the test for
 * ever, which the alarm notices. A node that is released twice, or without a grant, aborts. Nothing here
 * sleeps.
 */
#include "devices/port/port.h"
#include <check.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long points_left = -1;      /* until it happens; negative: it does not */
static void (*what_happens)(void); /* at that point; NULL: this process dies */

static void point(void)
{
    if (points_left < 0 || points_left-- > 0)
        return;
    if (!what_happens)
        _exit(1);
    what_happens();
}

#undef atomic_store
#undef atomic_store_explicit
#undef atomic_fetch_add
#undef atomic_fetch_or
#undef atomic_fetch_and
#undef atomic_compare_exchange_strong
#define atomic_store_explicit(at, v, order) (point(), __atomic_store_n(at, v, order))
#define atomic_store(at, v)                 (point(), __atomic_store_n(at, v, __ATOMIC_SEQ_CST))
#define atomic_fetch_add(at, v)             (point(), __atomic_fetch_add(at, v, __ATOMIC_SEQ_CST))
#define atomic_fetch_or(at, v)              (point(), __atomic_fetch_or(at, v, __ATOMIC_SEQ_CST))
#define atomic_fetch_and(at, v)             (point(), __atomic_fetch_and(at, v, __ATOMIC_SEQ_CST))
#define atomic_compare_exchange_strong(at, old, v)                                                           \
    (point(), atomic_compare_exchange_strong_explicit(at, old, v, memory_order_seq_cst, memory_order_seq_cst))
#include "devices/port/port_meet.c"

enum { NODES = 5, CORES = 2, FEW = 4, MANY = 3000, WATCHDOG_S = 50 };

long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    point();
    if (number == SYS_futex && (int)b == FUTEX_WAIT)
        d = 0;
    return __real_syscall(number, a, b, c, d, e, f);
}

static struct port_shared *s;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* as struct engine's */
static _Atomic uint32_t engine_quit;
static pid_t pid[NODES];
static pthread_t engine_thread[CORES];

static void pin(unsigned core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core % (unsigned)sysconf(_SC_NPROCESSORS_ONLN), &set);
    sched_setaffinity(0, sizeof set, &set);
}

/* Meets at each microsecond. Node 0 sometimes needs twice as much, so that not all are released each time. */
static void node(unsigned i, unsigned rounds)
{
    struct port_node *n = &s->node[i];

    pin(n->core);
    for (unsigned k = 0; k < rounds; k++) {
        unsigned step = i == 0 && k % 3 == 1 && k + 1 < rounds ? 2 : 1;
        n->now_ps = k * VTIME_US;
        n->need_ps = n->now_ps + (vtime_t)step * VTIME_US;
        n->gates++;
        port_meet(s, i, PORT_BLOCKED);
        if (atomic_load_explicit(&s->quit, memory_order_relaxed) || n->grant_ps < n->need_ps)
            abort();
        k += step - 1;
    }
    n->now_ps = rounds * VTIME_US;
    n->exit_status = 77;
    n->end = PORT_END_RESULT;
    port_meet(s, i, PORT_ENDED);
}

static void engine_steps(unsigned core)
{
    bool release[PORT_MAX_NODES];
    port_release(s, core, release, port_grant(s, release));
}

static void *engine(void *arg)
{
    unsigned core = (unsigned)(uintptr_t)arg;
    struct port_core *c = &s->core[core];
    uint32_t seen = 0;

    pin(core);
    while (!atomic_load(&engine_quit)) {
        port_futex_wait(&c->call, seen, -1);
        seen = atomic_load(&c->call);
        pthread_mutex_lock(&lock);
        if (port_take_call(s))
            engine_steps(core);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

/* The victim dies at its point number `at`; negative: it does not. */
static void start(unsigned nodes, unsigned cores, uint32_t spin, bool engine_always, unsigned rounds,
                  unsigned victim, long at)
{
    s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(s, MAP_FAILED);
    s->n_nodes = nodes;
    s->n_cores = cores;
    s->engine_always = engine_always;
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
    atomic_store(&engine_quit, 0);
    for (unsigned i = 0; i < nodes; i++) {
        pid[i] = fork();
        ck_assert_int_ge(pid[i], 0);
        if (pid[i] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            points_left = i == victim ? at : -1; /* what_happens: it dies */
            node(i, rounds);
            _exit(0);
        }
    }
    for (unsigned c = 0; c < cores; c++)
        ck_assert_int_eq(pthread_create(&engine_thread[c], NULL, engine, (void *)(uintptr_t)c), 0);
}

static int wait_for(unsigned i)
{
    int status;
    ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
    return status;
}

/* As engine_bury(). */
static void bury(unsigned i)
{
    pthread_mutex_lock(&lock);
    if (port_bury(s, i, true))
        engine_steps(s->node[i].core);
    pthread_mutex_unlock(&lock);
}

static void end_engine(void)
{
    atomic_store(&engine_quit, 1);
    for (unsigned c = 0; c < s->n_cores; c++) {
        atomic_fetch_add(&s->core[c].call, 1);
        port_futex_wake(&s->core[c].call, 1);
        pthread_join(engine_thread[c], NULL);
    }
    ck_assert_uint_eq(atomic_load(&s->pending), 0);
    munmap(s, sizeof *s);
}

static void reached_the_end(unsigned i, unsigned rounds)
{
    ck_assert_int_eq(wait_for(i), 0);
    ck_assert_uint_eq(atomic_load(&s->node[i].state), PORT_ENDED);
    ck_assert_uint_eq(s->node[i].end, PORT_END_RESULT);
    ck_assert_int_eq(s->node[i].now_ps, rounds * VTIME_US);
}

/* One more point each time, until the victim comes through alive. */
static void die_at_each_point(unsigned nodes, unsigned cores, uint32_t spin, bool engine_always)
{
    unsigned victim = nodes / 2;
    bool died = true;
    long at = 0;

    for (; died; at++) {
        alarm(WATCHDOG_S);
        start(nodes, cores, spin, engine_always, FEW, victim, at);
        int status = wait_for(victim);
        died = WIFEXITED(status) && WEXITSTATUS(status) == 1;
        ck_assert(died || status == 0);
        bury(victim); /* as the engine does, whether it had ended before or not */
        for (unsigned i = 0; i < nodes; i++)
            if (i != victim)
                reached_the_end(i, FEW);
        ck_assert_uint_eq(atomic_load(&s->node[victim].state), PORT_ENDED);
        end_engine();
    }
    ck_assert_int_gt(at, 4 * FEW); /* it has died in earnest */
    alarm(0);
}

/* Two to five nodes on one core and two, with a look-out and without, with the engine in each round and
 * without. */
START_TEST(it_may_die_at_any_point)
{
    die_at_each_point(2 + (unsigned)_i / 8, 1 + (unsigned)_i % 2, _i / 2 % 2 ? 500 : 0, _i / 4 % 2);
}
END_TEST

/* Killed from outside at any moment, one after the other, with the turn and the release on their way. */
START_TEST(they_may_be_killed_at_any_moment)
{
    unsigned cores = 1 + (unsigned)_i % CORES, x = 12345 + 77 * (unsigned)_i;

    alarm(WATCHDOG_S);
    start(NODES, cores, _i / 2 % 2 ? 2000 : 0, _i % 5 == 4, MANY, NODES, -1);
    for (unsigned i = 0; i < NODES - 1; i++) {
        volatile unsigned spin = (x = x * 1103515245 + 12345) >> 16;
        while (*(volatile uint64_t *)&s->rounds < 100 * (i + 1))
            sched_yield();
        for (spin %= 5000; spin > 0; spin--)
            ;
        kill(pid[i], SIGKILL);
        wait_for(i);
        bury(i);
    }
    reached_the_end(NODES - 1, MANY);
    end_engine();
    alarm(0);
}
END_TEST

/* What it had published as its end stays, even if it dies as the stepper. */
START_TEST(the_end_of_one_that_ended_stays)
{
    alarm(WATCHDOG_S);
    start(2, 1, 0, false, FEW, 2, -1);
    reached_the_end(0, FEW);
    reached_the_end(1, FEW);
    bury(0);
    ck_assert_uint_eq(s->node[0].end, PORT_END_RESULT);
    ck_assert_int_eq(s->node[0].exit_status, 77);
    end_engine();
    alarm(0);
}
END_TEST

static void bury_2(void)
{
    if (port_bury(s, 2, true))
        engine_steps(0);
}

/* Node 2 is buried at each point of node 1's step, which is about to release it or has done so. */
START_TEST(another_may_be_buried_during_a_step)
{
    s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(s, MAP_FAILED);
    what_happens = bury_2;
    for (long at = 0; points_left < 0; at++) {
        memset(s, 0, sizeof *s);
        s->n_nodes = 3;
        s->n_cores = 1;
        s->stop_ps = VTIME_S;
        s->fabric_next_ps = VTIME_NEVER;
        for (unsigned i = 0; i < 3; i++) {
            struct port_node *n = &s->node[i];
            port_place(s, i, 0);
            n->pending_ps = n->cap_ps = VTIME_NEVER;
            n->need_ps = VTIME_US;
            n->state = i == 1 ? PORT_STARTING : PORT_BLOCKED;
            if (_i == 1 && i == 0) { /* sleeps for ever: 2 is the only one that is released */
                n->state = PORT_IDLE;
                n->deadline_ps = VTIME_NEVER;
            }
        }
        s->pending = 1 << 1;
        points_left = at;
        port_meet(s, 1, PORT_ENDED);
        if (points_left < 0) {
            ck_assert_uint_eq(s->node[2].state, PORT_ENDED);
            ck_assert_uint_eq(s->pending, _i == 1 ? 0 : 1 << 0);
            ck_assert_uint_eq(s->node[0].go, _i == 1 ? 0 : 1);
            if (_i == 1) /* over: the engine has the turn, or was called */
                ck_assert_uint_ne(s->turn & (OWNER | CALLED), 0);
        } else {
            ck_assert_int_ge(at, 10); /* it has happened in earnest, and later than all points now */
            break;
        }
    }
    points_left = -1;
    what_happens = NULL;
    munmap(s, sizeof *s);
}
END_TEST

/* Nobody takes the turn away from a live node, or from the engine. */
START_TEST(the_turn_has_one_owner)
{
    s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(s, MAP_FAILED);
    s->n_nodes = 3;
    s->n_cores = 1;
    for (unsigned i = 0; i < 3; i++)
        port_place(s, i, 0);
    ck_assert(!claim(s, 1)); /* all are pending */
    atomic_store(&s->pending, 0);
    ck_assert(claim(s, 1 + 1)); /* node 1 steps */
    ck_assert(!claim(s, 1 + 2));
    ck_assert(!port_take_call(s)); /* it has called nobody */
    ck_assert(!port_bury(s, 0, true));
    ck_assert(!port_bury(s, 1, false)); /* it only counts as dead */
    ck_assert(port_bury(s, 1, true));
    ck_assert(!port_bury(s, 1, true)); /* the engine has it */
    ck_assert(!port_bury(s, 2, true));
    ck_assert(!port_take_call(s));
    munmap(s, sizeof *s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("port_death");
    TCase *c = tcase_create("death");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, it_may_die_at_any_point, 0, 32);
    tcase_add_loop_test(c, they_may_be_killed_at_any_moment, 0, 20);
    tcase_add_test(c, the_end_of_one_that_ended_stays);
    tcase_add_loop_test(c, another_may_be_buried_during_a_step, 0, 2);
    tcase_add_test(c, the_turn_has_one_owner);
    suite_add_tcase(suite, c);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
