/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_debug_rack.c - the rack as a debugger sees it, with the QEMUs' and the run's side of the mailbox
 * played by the test: who is told of which stop, in which order, who is let go, what an interrupt, a held
 * rack and the end of the run become.
 */
#include "sim/debug_rack.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NODES = 3, NS = 1000 };

static struct scn_node nodes[NODES];
static struct scenario scn;
static struct description description;
static struct debug_rack rack;
static struct gdb_target target;
static struct port_shared *port;
static struct gdb_stop told;
static char told_say[200];
static unsigned n_told, restarts;

/*
 * The link puts these in front of the port's own: what others do at that very moment. `quick` stops as soon
 * as the engine is called, or the node before it is woken: in the middle of rack_run().
 */
static int quick = -1;

static void quick_stops(void)
{
    if (quick < 0)
        return;
    struct debug_node *n = &rack.shared->node[quick];
    atomic_store(&n->meeting, 0);
    n->why = DEBUG_STEP;
    n->serial++;
    atomic_store(&n->stopped, 1);
    quick = -1;
}

void __real_port_recall(struct port_shared *s);
void __wrap_port_recall(struct port_shared *s);
void __wrap_port_recall(struct port_shared *s)
{
    __real_port_recall(s);
    quick_stops();
}

void __real_port_futex_wake(_Atomic uint32_t *word, int n);
void __wrap_port_futex_wake(_Atomic uint32_t *word, int n);
void __wrap_port_futex_wake(_Atomic uint32_t *word, int n)
{
    __real_port_futex_wake(word, n);
    if (rack.shared && word == &rack.shared->node[0].stopped)
        quick_stops();
}

static void on_stopped(void *ctx, const struct gdb_stop *st)
{
    (void)ctx;
    n_told++;
    told = st ? *st : (struct gdb_stop){.why = GDB_WHY_EXIT};
    snprintf(told_say, sizeof told_say, "%s", told.say ? told.say : "");
}

static void on_restart(void *ctx)
{
    (void)ctx;
    restarts++;
}

static void setup(void)
{
    static char *names[] = {"a", "b", "c"};

    for (unsigned i = 0; i < NODES; i++)
        nodes[i] = (struct scn_node){.name = names[i], .arch = SCN_AARCH64, .cpus = i == 2 ? 2 : 1};
    scn = (struct scenario){.nodes = nodes, .n_nodes = NODES};
    rack = (struct debug_rack){.scn = &scn, .stopped = on_stopped, .restart = on_restart};
    rack.describe[SCN_AARCH64] = &description;
    n_told = restarts = 0;
    ck_assert_int_eq(rack_open(&rack, true, 0, 0), 0);
    rack.gentle = false; /* but for the cases that say so */
    rack_target(&rack, &target);

    int fd = memfd_create("port", MFD_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, (off_t)port_size(NODES)), 0);
    port = mmap(NULL, port_size(NODES), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(port, MAP_FAILED);
    port->n_nodes = NODES;
    port->n_cores = 1;
    snprintf(rack.shared->port_path, sizeof rack.shared->port_path, "/proc/self/fd/%d", fd);
    /* Nobody answers questions here. */
    for (unsigned i = 0; i < NODES; i++)
        rack.node[i].mute = true;
}

static void teardown(void)
{
    munmap(port, port_size(NODES));
    rack_close(&rack);
}

/* A vCPU stops. */
static void stop_node(unsigned i, enum debug_why why, vtime_t at)
{
    struct debug_node *n = &rack.shared->node[i];
    n->why = why;
    n->stop_ps = at;
    n->serial++;
    atomic_store(&n->stopped, 1);
}

static void meet_node(unsigned i, vtime_t at)
{
    port->node[i].now_ps = at;
    atomic_store(&port->node[i].state, PORT_BLOCKED);
    atomic_store(&rack.shared->node[i].meeting, 1);
}

static bool stands(unsigned i)
{
    return atomic_load(&rack.shared->node[i].stopped);
}

static void launch(void)
{
    rack_poll(&rack);
    ck_assert_int_eq(rack.phase, RACK_LAUNCH);
    atomic_store(&rack.shared->state, DEBUG_UNDER_WAY);
    for (unsigned i = 0; i < NODES; i++) {
        rack_poll(&rack);
        ck_assert_int_eq(rack.phase, RACK_LAUNCH);
        stop_node(i, DEBUG_START, 0);
    }
    rack_poll(&rack);
    ck_assert_int_eq(rack.phase, RACK_REST);
    ck_assert_uint_eq(n_told, 1);
    n_told = 0;
}

static void go(unsigned a, unsigned b, unsigned c)
{
    struct gdb_orders o = {0};
    o.go[0][0] = (uint8_t)a;
    o.go[1][0] = (uint8_t)b;
    o.go[2][0] = o.go[2][1] = (uint8_t)c;
    target.resume(&rack, &o);
}

static void say(void *to, const char *text)
{
    strncat(to, text, 400);
}

START_TEST(starts_stopped)
{
    launch();
    go(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    ck_assert_int_eq(rack.phase, RACK_RUNNING);
    ck_assert(!stands(0) && !stands(1) && !stands(2));
}
END_TEST

START_TEST(waits_for_all_and_tells_the_earliest)
{
    launch();
    target.point(&rack, 0, true, 0, 0x100, 4);
    target.point(&rack, 1, true, 0, 0x100, 4);
    go(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    ck_assert_uint_eq(rack.shared->node[0].n_points, 1);
    ck_assert_uint_eq(rack.shared->node[2].n_points, 0);
    rack.shared->node[0].pc = rack.shared->node[1].pc = 0x100;
    stop_node(0, DEBUG_BREAK, 70 * NS);
    rack_poll(&rack);
    ck_assert_int_eq(rack.phase, RACK_SETTLING);
    stop_node(1, DEBUG_BREAK, 60 * NS); /* later seen, but earlier */
    rack_poll(&rack);
    ck_assert_uint_eq(n_told, 0);
    meet_node(2, 80 * NS);
    rack_poll(&rack);
    ck_assert_uint_eq(n_told, 1);
    ck_assert_uint_eq(told.node, 1);
    ck_assert_int_eq(told.why, GDB_WHY_BREAK);
    ck_assert_int_eq(rack_now_ps(&rack, 2), 80 * NS);
    /* The other one is told when gdb wants to go on, and nobody moves for it. */
    go(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    ck_assert_uint_eq(n_told, 2);
    ck_assert_uint_eq(told.node, 0);
    ck_assert(stands(0) && stands(1));
    go(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    ck_assert_uint_eq(n_told, 2);
    ck_assert(!stands(0) && !stands(1));
}
END_TEST

START_TEST(equal_times_by_index_and_points_taken_away)
{
    launch();
    target.point(&rack, 2, true, 1, 0x200, 4);
    target.point(&rack, 1, true, 1, 0x200, 4);
    go(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    rack.shared->node[2].pc = rack.shared->node[1].pc = 0x200;
    stop_node(2, DEBUG_BREAK, 60 * NS);
    stop_node(1, DEBUG_BREAK, 60 * NS);
    meet_node(0, 50 * NS);
    rack_poll(&rack);
    ck_assert_uint_eq(told.node, 1);
    target.point(&rack, 2, false, 1, 0x200, 4);
    go(GDB_CONTINUE, GDB_STAY, GDB_STAY); /* 2 is not let go: what it has to tell is kept */
    ck_assert(rack.node[2].pending);
    stop_node(1, DEBUG_STEP, 61 * NS);
    rack_poll(&rack);
    go(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    ck_assert(!rack.node[2].pending); /* its breakpoint is gone: nothing to tell */
    ck_assert(!stands(2));
}
END_TEST

START_TEST(steps_one_and_lets_the_others_go_if_it_must)
{
    launch();
    go(GDB_STAY, GDB_STEP, GDB_STAY);
    ck_assert(stands(0) && !stands(1) && stands(2));
    ck_assert_uint_eq(atomic_load(&rack.shared->node[1].step_cpus), 1);
    stop_node(1, DEBUG_STEP, 1 * NS);
    rack_poll(&rack);
    ck_assert_uint_eq(n_told, 1);
    ck_assert_uint_eq(told.node, 1);
    ck_assert_int_eq(told.signal, 5);
    ck_assert_uint_eq(atomic_load(&rack.shared->node[1].step_cpus), 0);
    go(GDB_STAY, GDB_STEP, GDB_STAY);
    ck_assert(stands(0) && stands(2));
    meet_node(1, 1 * NS); /* its grant is used up: it needs the others */
    rack_poll(&rack);
    ck_assert(!stands(0) && !stands(2));
    ck_assert_uint_eq(n_told, 1);
}
END_TEST

START_TEST(whoever_stops_while_the_others_are_let_go_stays)
{
    char text[500] = "";
    launch();
    /* All are held, and meet. The step is done before rack_run() has come to its end. */
    target.monitor(&rack, 0, "until 5us", say, text);
    go(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    for (unsigned i = 0; i < NODES; i++)
        meet_node(i, 5000 * NS);
    atomic_store(&rack.shared->state, DEBUG_HELD);
    rack_poll(&rack);
    quick = 1;
    go(GDB_CONTINUE, GDB_STEP, GDB_CONTINUE);
    ck_assert_int_eq(quick, -1);
    ck_assert(stands(1));
    n_told = 0;
    rack_poll(&rack);
    ck_assert_uint_eq(n_told, 1);
    ck_assert_uint_eq(told.node, 1);
    /* a is woken, meets, and with that b goes on and comes to its breakpoint. */
    rack.shared->node[1].stopped = 0;
    meet_node(1, 5000 * NS);
    stop_node(0, DEBUG_BREAK, 5000 * NS);
    quick = 1;
    go(GDB_STEP, GDB_CONTINUE, GDB_CONTINUE);
    ck_assert_int_eq(quick, -1);
    ck_assert(!stands(0) && stands(1));
    meet_node(0, 5000 * NS);
    rack_poll(&rack);
    ck_assert_uint_eq(told.node, 1);
}
END_TEST

START_TEST(interrupts)
{
    launch();
    go(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    target.interrupt(&rack);
    for (unsigned i = 0; i < NODES; i++)
        ck_assert_uint_eq(atomic_load(&rack.shared->node[i].interrupt), 1);
    meet_node(0, 5 * NS);
    meet_node(1, 7 * NS);
    stop_node(2, DEBUG_INTERRUPT, 6 * NS);
    rack_poll(&rack);
    rack_poll(&rack);
    ck_assert_uint_eq(n_told, 1);
    ck_assert_int_eq(told.signal, 2);
    for (unsigned i = 0; i < NODES; i++)
        ck_assert_uint_eq(atomic_load(&rack.shared->node[i].interrupt), 0);
}
END_TEST

START_TEST(until_a_time)
{
    char text[500] = "";
    launch();
    target.monitor(&rack, 0, "until 5us", say, text);
    go(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    ck_assert_int_eq(port->hold_ps, 5000 * NS);
    for (unsigned i = 0; i < NODES; i++)
        meet_node(i, 5000 * NS);
    rack_poll(&rack);
    ck_assert_uint_eq(n_told, 0);
    atomic_store(&rack.shared->state, DEBUG_HELD);
    rack_poll(&rack);
    ck_assert_uint_eq(n_told, 1);
    ck_assert_str_eq(told_say, "cob: all nodes at 5 us\n");
    text[0] = 0;
    target.monitor(&rack, 0, "until 4us", say, text);
    ck_assert_ptr_nonnull(strstr(text, "beyond that time already"));
    text[0] = 0;
    target.monitor(&rack, 0, "vtime", say, text);
    ck_assert_str_eq(text, "0.000005000000 s\n");
    uint32_t calls = atomic_load(&port->core[0].call);
    go(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    ck_assert_int_eq(port->hold_ps, 0);
    ck_assert_uint_eq(atomic_load(&port->core[0].call), calls + 1); /* the engine is called to release */
    ck_assert_uint_eq(atomic_load(&rack.shared->state), DEBUG_UNDER_WAY);
}
END_TEST

START_TEST(until_a_time_with_several_cpus)
{
    char text[500] = "";
    launch();
    rack.gentle = true;
    target.monitor(&rack, 1, "until 5us", say, text);
    go(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    ck_assert_int_eq(port->hold_ps, 5000 * NS);
    ck_assert_uint_eq(port->hold_one, 2);
    for (unsigned i = 0; i < NODES; i++)
        ck_assert_int_eq(atomic_load(&rack.shared->node[i].until_ps), 5000 * NS);
    /* a gets there, but b needs it to go on: it does, to the end of its grant. */
    stop_node(0, DEBUG_UNTIL, 5000 * NS);
    meet_node(1, 4900 * NS);
    atomic_fetch_or(&port->pending, 4); /* c has been released, but has not woken up: not at rest */
    meet_node(2, 4000 * NS);
    rack_poll(&rack);
    ck_assert(stands(0));
    atomic_fetch_and(&port->pending, ~(uint64_t)4);
    meet_node(2, 4950 * NS);
    rack_poll(&rack);
    ck_assert(!stands(0));
    ck_assert_int_eq(atomic_load(&rack.shared->node[0].until_ps), 0);
    ck_assert_uint_eq(n_told, 0);
    meet_node(0, 5400 * NS);
    stop_node(1, DEBUG_UNTIL, 5000 * NS);
    rack_poll(&rack);
    ck_assert_uint_eq(n_told, 1);
    ck_assert_uint_eq(told.node, 1);
    ck_assert_str_eq(told_say, "cob: b at 5 us; the others within a lookahead\n");
    for (unsigned i = 0; i < NODES; i++)
        ck_assert_int_eq(atomic_load(&rack.shared->node[i].until_ps), 0);
    text[0] = 0;
    target.monitor(&rack, 1, "align", say, text);
    ck_assert_ptr_nonnull(strstr(text, "several CPUs"));
    go(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    ck_assert_uint_eq(port->hold_one, 0);
}
END_TEST

START_TEST(aligns)
{
    char text[500] = "";
    launch();
    go(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    rack.shared->node[1].pc = 0x100;
    stop_node(1, DEBUG_BREAK, 60 * NS);
    meet_node(0, 50 * NS);
    meet_node(2, 40 * NS);
    rack_poll(&rack);
    target.monitor(&rack, 1, "align", say, text);
    go(GDB_STAY, GDB_STEP, GDB_STAY); /* gdb would step over its breakpoint; nobody steps */
    ck_assert_int_eq(port->hold_ps, 60 * NS);
    ck_assert_uint_eq(atomic_load(&rack.shared->node[1].step_cpus), 0);
    for (unsigned i = 0; i < NODES; i++)
        meet_node(i, 60 * NS);
    atomic_store(&rack.shared->state, DEBUG_HELD);
    rack_poll(&rack);
    ck_assert_uint_eq(n_told, 2);
    ck_assert_int_eq(told.signal, 2); /* a trap would be the end of the step to gdb */
    /* Someone is beyond: run again. */
    port->node[2].now_ps = 70 * NS;
    target.monitor(&rack, 1, "align", say, text);
    go(GDB_STAY, GDB_STEP, GDB_STAY);
    ck_assert_uint_eq(restarts, 1);
    ck_assert_int_eq(rack.plan.at_ps, 60 * NS);
}
END_TEST

START_TEST(a_message_and_its_time)
{
    char text[500] = "";
    launch();
    target.monitor(&rack, 0, "break message from a to c nth 2", say, text);
    go(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    ck_assert_uint_eq(atomic_load(&rack.shared->filter.active), 1);
    ck_assert_uint_eq(rack.shared->filter.to, 2);
    ck_assert_uint_eq(rack.shared->filter.nth, 2);
    rack.shared->message[0] = (struct debug_message){.id = 9, .from = 0, .to = 2};
    rack.shared->match_id = 9;
    rack.shared->match_node = 2;
    rack.shared->match_ps = 900 * NS - 80; /* handed over at the next whole ns */
    for (unsigned i = 0; i < NODES; i++)
        meet_node(i, 800 * NS);
    atomic_store(&rack.shared->state, DEBUG_HELD);
    rack_poll(&rack);
    ck_assert_uint_eq(n_told, 0); /* all go to its time first */
    ck_assert_int_eq(port->hold_ps, 900 * NS);
    ck_assert_uint_eq(atomic_load(&rack.shared->state), DEBUG_UNDER_WAY);
    for (unsigned i = 0; i < NODES; i++)
        meet_node(i, 900 * NS);
    atomic_store(&rack.shared->state, DEBUG_HELD);
    rack_poll(&rack);
    ck_assert_uint_eq(n_told, 1);
    ck_assert_uint_eq(told.node, 2);
    ck_assert_str_eq(told_say, "cob: message 9 at 899.92 ns\n");
    ck_assert_uint_eq(restarts, 0);
}
END_TEST

START_TEST(a_message_in_the_past_of_a_node)
{
    char text[500] = "";
    launch();
    target.monitor(&rack, 0, "break message sent from b", say, text);
    go(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    rack.shared->message[0] = (struct debug_message){.id = 9, .from = 1};
    rack.shared->match_id = 9;
    rack.shared->match_node = 1;
    rack.shared->match_ps = 900 * NS;
    for (unsigned i = 0; i < NODES; i++)
        meet_node(i, 901 * NS);
    atomic_store(&rack.shared->state, DEBUG_HELD);
    rack_poll(&rack);
    ck_assert_uint_eq(restarts, 1);
    ck_assert_int_eq(rack.plan.kind, PLAN_GOTO);
    ck_assert_int_eq(rack.plan.at_ps, 900 * NS);
    ck_assert_uint_eq(rack.plan.node, 1);
}
END_TEST

START_TEST(counts_back)
{
    struct gdb_stop st = {0};
    unsigned at[] = {1};
    launch();
    stop_node(0, DEBUG_BREAK, 40 * NS);
    ck_assert_int_eq(target.reverse(&rack, 0, 0, false), 0);
    ck_assert_uint_eq(restarts, 1);
    ck_assert_int_eq(rack.plan.kind, PLAN_COUNT);
    ck_assert_int_eq(rack.plan.at_ps, 40 * NS);
    stop_node(1, DEBUG_BREAK, 20 * NS);
    ck_assert(plan_at_rest(&rack, &st, at, 1, false));
    stop_node(1, DEBUG_BREAK, 30 * NS);
    ck_assert(plan_at_rest(&rack, &st, at, 1, false));
    stop_node(1, DEBUG_BREAK, 40 * NS); /* not before */
    ck_assert(plan_at_rest(&rack, &st, at, 1, false));
    ck_assert(plan_at_rest(&rack, &st, at, 0, true));
    ck_assert_uint_eq(restarts, 2);
    ck_assert_int_eq(rack.plan.kind, PLAN_NTH);
    ck_assert_uint_eq(rack.plan.nth, 2);
    stop_node(1, DEBUG_BREAK, 20 * NS);
    ck_assert(plan_at_rest(&rack, &st, at, 1, false));
    stop_node(1, DEBUG_BREAK, 30 * NS);
    ck_assert(!plan_at_rest(&rack, &st, at, 1, false));
    ck_assert_uint_eq(st.node, 1);
    ck_assert_int_eq(rack.plan.kind, PLAN_NONE);
}
END_TEST

START_TEST(nothing_to_go_back_to)
{
    struct gdb_stop st = {0};
    launch();
    stop_node(0, DEBUG_STEP, 40 * NS);
    ck_assert_int_eq(target.reverse(&rack, 0, 0, false), 0);
    ck_assert(plan_at_rest(&rack, &st, NULL, 0, true));
    ck_assert_int_eq(rack.plan.kind, PLAN_BEGIN);
    ck_assert_uint_eq(restarts, 2);
    ck_assert(!plan_at_rest(&rack, &st, NULL, 0, false));
    ck_assert_int_eq(st.why, GDB_WHY_BEGIN);
}
END_TEST

START_TEST(reverse_step_is_one_instruction)
{
    launch();
    nodes[0].icount_shift = 2;
    stop_node(0, DEBUG_STEP, 40 * NS);
    ck_assert_int_eq(target.reverse(&rack, 0, 0, true), 0);
    ck_assert_int_eq(rack.plan.kind, PLAN_GOTO);
    ck_assert_int_eq(rack.plan.at_ps, 36 * NS);
}
END_TEST

START_TEST(the_end_can_be_looked_at)
{
    launch();
    go(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    atomic_store(&rack.shared->state, DEBUG_OVER);
    rack_poll(&rack);
    ck_assert_uint_eq(n_told, 1);
    ck_assert_uint_eq(atomic_load(&rack.shared->finish), 0);
    go(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    ck_assert_uint_eq(atomic_load(&rack.shared->finish), 1);
    rack_gone(&rack, 3);
    go(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    ck_assert_int_eq(told.why, GDB_WHY_EXIT);
}
END_TEST

START_TEST(letting_go_forgets_everything)
{
    char text[500] = "";
    launch();
    target.point(&rack, 0, true, 0, 0x100, 4);
    target.monitor(&rack, 0, "until 5us", say, text);
    rack_let_go(&rack);
    ck_assert_int_eq(rack.phase, RACK_RUNNING);
    ck_assert_uint_eq(rack.shared->node[0].n_points, 0);
    ck_assert_int_eq(port->hold_ps, 0);
    ck_assert(!stands(0) && !stands(1) && !stands(2));
}
END_TEST

START_TEST(points_in_another_order_are_no_change)
{
    launch();
    target.point(&rack, 0, true, 0, 0x100, 4);
    target.point(&rack, 0, true, 0, 0x200, 4);
    target.point(&rack, 0, true, 2, 0x200, 8);
    ck_assert_int_eq(target.point(&rack, 0, true, 2, 0x200, 0), -1);
    go(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    uint32_t serial = atomic_load(&rack.shared->node[0].points_serial);
    for (unsigned i = 0; i < NODES; i++)
        stop_node(i, DEBUG_INTERRUPT, 9 * NS);
    rack_poll(&rack);
    for (unsigned again = 0; again < 2; again++) {
        target.point(&rack, 0, false, 0, 0x100, 4);
        target.point(&rack, 0, false, 2, 0x200, 8);
        target.point(&rack, 0, false, 0, 0x200, 4);
        target.point(&rack, 0, true, 2, 0x200, 8);
        target.point(&rack, 0, true, 0, 0x200, 4);
        target.point(&rack, 0, true, 0, 0x100, 4);
    }
    go(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    ck_assert_uint_eq(atomic_load(&rack.shared->node[0].points_serial), serial);
}
END_TEST

static const char *monitor(const char *command)
{
    static char text[1000];
    text[0] = 0;
    target.monitor(&rack, 0, command, say, text);
    return text;
}

START_TEST(recording_off_and_on)
{
    launch();
    ck_assert_ptr_nonnull(strstr(monitor("trace off"), "no trace"));
    rack.shared->traced = 1;
    rack.shared->committed_ps = 40 * NS;
    for (unsigned i = 0; i < NODES; i++)
        rack.shared->node[i].stop_ps = (vtime_t)(50 + i) * NS;
    uint32_t serial = atomic_load(&rack.shared->gaps_serial);
    ck_assert_str_eq(monitor("trace off"), "from 0.000000052000 s on the trace is not recorded\n");
    ck_assert_uint_eq(atomic_load(&rack.shared->gaps_serial), serial + 1);
    ck_assert_uint_eq(rack.shared->n_gaps, 1);
    ck_assert_int_eq(rack.shared->gap[0].from_ps, 52 * NS); /* where the last one stands */
    ck_assert_int_eq(rack.shared->gap[0].to_ps, VTIME_NEVER);
    rack.shared->committed_ps = 60 * NS + 1; /* what is in the trace stays as it is */
    ck_assert_str_eq(monitor("trace on"), "from 0.000000060001 s on the trace is recorded\n");
    ck_assert_int_eq(rack.shared->gap[0].to_ps, 60 * NS + 1);
    monitor("trace off"); /* one gap goes on */
    ck_assert_uint_eq(rack.shared->n_gaps, 1);
    monitor("trace on");
    rack.shared->committed_ps = 70 * NS;
    monitor("trace off");
    ck_assert_uint_eq(rack.shared->n_gaps, 2);
    ck_assert_ptr_nonnull(strstr(monitor("trace"), "from 0.000000070000 s to the end"));
    /* A run that is started again leaves out the same; who has gone back and says something forgets what came
     * then. */
    ck_assert_int_eq(rack_open(&rack, true, 0, 0), 0);
    ck_assert_uint_eq(rack.shared->n_gaps, 2);
    ck_assert_int_eq(rack.shared->gap[1].from_ps, 70 * NS);
    rack.shared->committed_ps = 55 * NS;
    ck_assert_int_eq(debug_gaps_switch(&rack, true), 55 * NS);
    ck_assert_uint_eq(rack.shared->n_gaps, 1);
    ck_assert_int_eq(rack.shared->gap[0].to_ps, 55 * NS);
    for (unsigned i = 1; i < DEBUG_GAPS; i++) {
        rack.shared->committed_ps += 2;
        ck_assert_int_ge(debug_gaps_switch(&rack, false), 0);
        rack.shared->committed_ps += 2;
        ck_assert_int_ge(debug_gaps_switch(&rack, true), 0);
    }
    rack.shared->committed_ps += 2;
    ck_assert_int_eq(debug_gaps_switch(&rack, false), -1);
    ck_assert_uint_eq(rack.shared->n_gaps, DEBUG_GAPS);
}
END_TEST

START_TEST(monitor_says_what_it_does_not_understand)
{
    static const char *const bad[] = {"nonsense",
                                      "until",
                                      "until 5",
                                      "until 5us 6us",
                                      "break",
                                      "break message nth 0",
                                      "break message to x",
                                      "break message sent to a",
                                      "goto -",
                                      "break message from",
                                      "trace maybe",
                                      "trace on off"};
    launch();
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[1000] = "";
        target.monitor(&rack, 0, bad[i], say, text);
        ck_assert_msg(text[0] && text[strlen(text) - 1] == '\n', "%s", bad[i]);
        ck_assert_msg(!rack.armed_goto && !rack.armed_filter && !rack.until_ps, "%s", bad[i]);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("debug_rack");
    TCase *c = tcase_create("rack");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, starts_stopped);
    tcase_add_test(c, waits_for_all_and_tells_the_earliest);
    tcase_add_test(c, equal_times_by_index_and_points_taken_away);
    tcase_add_test(c, steps_one_and_lets_the_others_go_if_it_must);
    tcase_add_test(c, whoever_stops_while_the_others_are_let_go_stays);
    tcase_add_test(c, interrupts);
    tcase_add_test(c, until_a_time);
    tcase_add_test(c, until_a_time_with_several_cpus);
    tcase_add_test(c, aligns);
    tcase_add_test(c, a_message_and_its_time);
    tcase_add_test(c, a_message_in_the_past_of_a_node);
    tcase_add_test(c, counts_back);
    tcase_add_test(c, nothing_to_go_back_to);
    tcase_add_test(c, reverse_step_is_one_instruction);
    tcase_add_test(c, the_end_can_be_looked_at);
    tcase_add_test(c, letting_go_forgets_everything);
    tcase_add_test(c, points_in_another_order_are_no_change);
    tcase_add_test(c, recording_off_and_on);
    tcase_add_test(c, monitor_says_what_it_does_not_understand);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
