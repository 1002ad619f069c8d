/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_port_grant.c - the pure functions of port_grant.c, case by case; the comments work the numbers out.
 *
 * Times in the tables are nanoseconds; N is never. Unless a case says otherwise: stop at 1,000,000, no event
 * in the fabric, interfaces with ingress 0 and egress 100 (a wire whose lookahead is 100) that are trained.
 */
#include "devices/port/port.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

#define N (VTIME_NEVER / VTIME_NS)
enum { MAX = 4, STOP = 1000000 };
enum { NONE, B = PORT_BLOCKED, I = PORT_IDLE, E = PORT_ENDED };

struct nic {
    int64_t ingress, egress, training, up;
};
static const struct nic wire = {0, 100, 1000, 0}, untrained = {0, 100, 1000, N}, sw = {50, 70, 1000, 0};

struct node {
    int state;
    int64_t now, need, deadline, pending; /* need: BLOCKED; the others: IDLE */
    const struct nic *nic;                /* NULL: has none */
    int64_t cap;                          /* 0: none */
    /* expected */
    int64_t grant;
    bool go, cut;
};

static const struct {
    const char *what;
    struct node node[MAX];
    int64_t fabric_next; /* 0: never */
    int64_t horizon;
    bool needs_engine;
} cases[] = {
    {"two nodes on a wire: each may go 100 beyond the other",
     {{B, 1000, 1050, 0, 0, &wire, 0, /* 1020 + 100 */ 1120, true, false},
      {B, 1020, 1060, 0, 0, &wire, 0, /* 1000 + 100 */ 1100, true, false}},
     0,
     /* min(1000, 1020) + 0 */ 1000,
     false},
    {"the one ahead waits until the other has come up",
     {{B, 1000, 1050, 0, 0, &wire, 0, /* 1090 + 100 */ 1190, true, false},
      {B, 1090, 1130, 0, 0, &wire, 0, /* 1000 + 100 */ 1100, false, false}},
     0,
     1000,
     false},
    {"a block that ends at the grant itself fits",
     {{B, 1000, 1100, 0, 0, &wire, 0, 1100, true, false},
      {B, 1000, 1101, 0, 0, &wire, 0, 1100, false, false}},
     0,
     1000,
     false},
    {"behind a switch ingress counts too: 1000 + 50 + 70",
     {{B, 1000, 1120, 0, 0, &sw, 0, 1120, true, false}, {B, 1000, 1121, 0, 0, &sw, 0, 1120, false, false}},
     0,
     /* 1000 + 50 */ 1050,
     false},
    {"an idle node counts with its timer",
     {{B, 1000, 1500, 0, 0, &wire, 0, /* 5000 + 100 */ 5100, true, false},
      {I, 900, 0, 5000, N, &wire, 0, /* 1000 + 100 */ 1100, false, false}},
     0,
     1000,
     false},
    {"an idle node counts with its delivery if that is earlier",
     {{B, 1000, 1300, 0, 0, &wire, 0, /* 1200 + 100 */ 1300, true, false},
      {I, 900, 0, 5000, 1200, &wire, 0, /* 1000 + 100 */ 1100, false, false}},
     0,
     1000,
     false},
    {"an idle node is released for what is before its grant",
     {{B, 1000, 1300, 0, 0, &wire, 0, /* 1050 + 100 */ 1150, false, false},
      {I, 900, 0, 5000, 1050, &wire, 0, /* 1000 + 100 */ 1100, true, false}},
     0,
     1000,
     false},
    {"what is at its grant is not before it",
     {{B, 1000, 1100, 0, 0, &wire, 0, /* 1100 + 100 */ 1200, true, false},
      {I, 900, 0, 1100, N, &wire, 0, /* 1000 + 100 */ 1100, false, false}},
     0,
     1000,
     false},
    {"a timer in the past (the node was behind) counts as now",
     {{B, 1000, 1050, 0, 0, &wire, 0, /* 1020 + 100 */ 1120, true, false},
      {I, 1020, 0, 700, N, &wire, 0, /* 1000 + 100 */ 1100, true, false}},
     0,
     1000,
     false},
    {"all idle: the first timer rings",
     {{I, 1000, 0, 7000, N, &wire, 0, /* 8000 + 100 */ 8100, true, false},
      {I, 1000, 0, 8000, N, &wire, 0, /* 7000 + 100 */ 7100, false, false}},
     0,
     7000,
     false},
    {"all idle without timers: nobody goes, the run is over",
     {{I, 1000, 0, N, N, &wire, 0, STOP, false, false}, {I, 1000, 0, N, N, &wire, 0, STOP, false, false}},
     0,
     N,
     false},
    {"all idle until after the stop time: over as well",
     {{I, 1000, 0, STOP + 5, N, &wire, 0, STOP, false, false},
      {I, 1000, 0, STOP, N, &wire, 0, STOP, false, false}},
     0,
     STOP,
     false},
    {"the other sleeps for ever: alone to the stop time",
     {{B, 1000, 1300, 0, 0, &wire, 0, STOP, true, false}, {I, 900, 0, N, N, &wire, 0, 1100, false, false}},
     0,
     1000,
     false},
    {"the other has ended: alone to the stop time",
     {{B, 1000, 1300, 0, 0, &wire, 0, STOP, true, false}, {E, 900, 0, 0, 0, &wire, 0, -1, false, false}},
     0,
     1000,
     false},
    {"all have ended",
     {{E, 1000, 0, 0, 0, &wire, 0, -1, false, false}, {E, 900, 0, 0, 0, &wire, 0, -1, false, false}},
     0,
     N,
     false},
    {"untrained: nothing is on a wire before 1000 (the earliest of all) + 1000",
     {{B, 1000, 1300, 0, 0, &untrained, 0, /* 2000 + 100 */ 2100, true, false},
      {B, 1800, 2050, 0, 0, &untrained, 0, 2100, true, false}},
     0,
     /* but a frame may be given to the fabric from now on */ 1000,
     false},
    {"in training until 1700",
     {{B, 1000, 1300, 0, 0, &(const struct nic){0, 100, 1000, 1700}, 0, /* 1750 + 100 */ 1850, true, false},
      {B, 1750, 1800, 0, 0, &(const struct nic){0, 100, 1000, 1700}, 0, /* 1700 + 100 */ 1800, true, false}},
     0,
     1000,
     false},
    {"an event in the fabric bounds every grant: 1030 + 100",
     {{B, 1000, 1130, 0, 0, &wire, 0, 1130, true, false},
      {B, 1050, 1140, 0, 0, &wire, 0, 1100, false, false}},
     1030,
     1000,
     false},
    {"an event before the horizon must be simulated first",
     {{B, 1000, 1130, 0, 0, &sw, 0, /* 1030 + 70 */ 1100, false, false},
      {B, 1000, 1090, 0, 0, &sw, 0, 1100, true, false}},
     1030,
     /* min(1000 + 50, 1030 + 70 + 50) */ 1050,
     true},
    {"what the fabric is about to deliver may be answered: horizon 1030 + 100 + 0",
     {{I, 1000, 0, 9000, N, &wire, 0, 1130, false, false},
      {I, 1000, 0, 9000, N, &wire, 0, 1130, false, false}},
     1030,
     1130,
     true},
    {"the fabric's event is the earliest of all, so training may begin there: 1030 + 1000 + 100, but not "
     "beyond 1030 + 100",
     {{I, 1000, 0, 9000, N, &untrained, 0, 1130, false, false},
      {B, 9000, 9001, 0, 0, &untrained, 0, 1130, false, false}},
     1030,
     /* 1030 + 100 */ 1130,
     true},
    {"capped: room in the down ring up to 1060 only, and the engine must make room",
     {{B, 1000, 1050, 0, 0, &wire, 1060, 1060, true, false},
      {B, 1000, 1050, 0, 0, &wire, 0, 1100, true, false}},
     0,
     1000,
     true},
    {"the last stretch: the block would end behind the stop time, so it is cut there",
     {{B, STOP - 30, STOP + 10, 0, 0, &wire, 0, STOP, true, true},
      {B, STOP - 20, STOP - 5, 0, 0, &wire, 0, STOP, true, false}},
     0,
     STOP - 30,
     false},
    {"not cut for the stop time while the lookahead is the limit",
     {{B, STOP - 150, STOP + 10, 0, 0, &wire, 0, STOP - 50, false, false},
      {B, STOP - 150, STOP - 60, 0, 0, &wire, 0, STOP - 50, true, false}},
     0,
     STOP - 150,
     false},
    {"blocks longer than the lookahead: nobody's fits, all that have room are cut",
     {{B, 1000, 1512, 0, 0, &wire, 0, /* 1040 + 100 */ 1140, true, true},
      {B, 1040, 1552, 0, 0, &wire, 0, /* 1000 + 100 */ 1100, true, true},
      {B, 1100, 1600, 0, 0, &wire, 0, /* 1000 + 100, no room */ 1100, false, false}},
     0,
     1000,
     false},
    {"nobody is cut while somebody's block fits",
     {{B, 1000, 1512, 0, 0, &wire, 0, 1140, false, false},
      {B, 1040, 1100, 0, 0, &wire, 0, 1100, true, false}},
     0,
     1000,
     false},
    {"nobody is cut while an idle node can go",
     {{B, 1000, 1512, 0, 0, &wire, 0, /* 1040 + 100 */ 1140, false, false},
      {I, 900, 0, 1040, N, &wire, 0, /* 1000 + 100 */ 1100, true, false}},
     0,
     1000,
     false},
    {"nodes without interfaces bind nobody and nothing binds them",
     {{B, 1000, 1512, 0, 0, NULL, 0, STOP, true, false},
      {B, 5000, 5100, 0, 0, &wire, 0, STOP, true, false},
      {I, 10, 0, N, N, NULL, 0, STOP, false, false}},
     0,
     5000,
     false},
    {"three nodes: the one furthest behind is bound by the second, the others by it",
     {{B, 1000, 1100, 0, 0, &wire, 0, /* 1200 + 100 */ 1300, true, false},
      {B, 1200, 1300, 0, 0, &wire, 0, /* 1000 + 100 */ 1100, false, false},
      {B, 1400, 1500, 0, 0, &wire, 0, 1100, false, false}},
     0,
     1000,
     false},
    {"two equally far behind bind each other",
     {{B, 1000, 1100, 0, 0, &wire, 0, 1100, true, false},
      {B, 1000, 1100, 0, 0, &wire, 0, 1100, true, false},
      {I, 900, 0, 3000, N, &wire, 0, 1100, false, false}},
     0,
     1000,
     false},
};

static struct port_shared s;

static void build(const struct node *nodes, int64_t fabric_next)
{
    memset(&s, 0, sizeof s);
    s.stop_ps = vtime_from_ns(STOP);
    s.fabric_next_ps = vtime_from_ns(fabric_next ? fabric_next : N);
    for (; s.n_nodes < MAX && nodes[s.n_nodes].state != NONE; s.n_nodes++) {
        const struct node *t = &nodes[s.n_nodes];
        struct port_node *n = &s.node[s.n_nodes];
        n->now_ps = vtime_from_ns(t->now);
        n->need_ps = vtime_from_ns(t->need);
        n->deadline_ps = vtime_from_ns(t->deadline);
        n->pending_ps = vtime_from_ns(t->state == I ? t->pending : N);
        n->cap_ps = vtime_from_ns(t->cap ? t->cap : N);
        n->grant_ps = -1000;
        n->cut = 7;
        atomic_store(&n->state, (uint32_t)t->state);
        if (t->nic) {
            n->n_nics = 1;
            n->nic[0] = (struct port_nic){t->nic->ingress * VTIME_NS, t->nic->egress * VTIME_NS,
                                          t->nic->training * VTIME_NS, vtime_from_ns(t->nic->up)};
        }
    }
}

START_TEST(grants_are_as_worked_out)
{
    bool release[PORT_MAX_NODES];
    const char *what = cases[_i].what;
    unsigned go = 0;

    build(cases[_i].node, cases[_i].fabric_next);
    vtime_t f = port_horizon(&s);
    ck_assert_msg(f == vtime_from_ns(cases[_i].horizon), "%s: horizon %ld", what, (long)vtime_to_ns(f));
    ck_assert_msg(port_needs_engine(&s, f) == cases[_i].needs_engine, "%s: needs the engine", what);
    unsigned n = port_grant(&s, release);
    for (unsigned i = 0; i < s.n_nodes; i++) {
        const struct node *t = &cases[_i].node[i];
        ck_assert_msg(s.node[i].grant_ps == t->grant * VTIME_NS, "%s: node %u got %ld", what, i,
                      (long)vtime_to_ns(s.node[i].grant_ps));
        ck_assert_msg(release[i] == t->go, "%s: node %u goes: %d", what, i, release[i]);
        ck_assert_msg(s.node[i].cut == t->cut, "%s: node %u cut: %u", what, i, s.node[i].cut);
        go += t->go;
    }
    ck_assert_uint_eq(n, go);
    for (unsigned i = s.n_nodes; i < PORT_MAX_NODES; i++)
        ck_assert(!release[i]);
}
END_TEST

/* A debugger wants node 0 to stand at 1150 without any grant's being cut short. */
START_TEST(one_is_held)
{
    static const struct node running[] = {{B, 1000, 1050, 0, 0, &wire, 0, 1120, true, false},
                                          {B, 1020, 1060, 0, 0, &wire, 0, 1100, true, false},
                                          {0}};
    static const struct node sleeping[] = {{I, 1000, 0, 5000, N, &wire, 0, 0, true, false},
                                           {B, 1040, 1060, 0, 0, &wire, 0, 0, true, false},
                                           {0}};
    bool release[PORT_MAX_NODES];

    build(running, 0);
    s.hold_ps = 1050 * VTIME_NS;
    s.hold_one = 1;
    ck_assert_uint_eq(port_grant(&s, release), 2); /* it will stop itself */
    ck_assert_int_eq(s.node[0].grant_ps, 1120 * VTIME_NS);
    ck_assert_int_eq(s.node[1].grant_ps, 1100 * VTIME_NS);
    build(sleeping, 0);
    s.hold_ps = 1150 * VTIME_NS;
    s.hold_one = 1;
    ck_assert_uint_eq(port_grant(&s, release), 1); /* something may still arrive before: 1040 + 100 */
    ck_assert(!release[0] && release[1]);
    s.node[1].now_ps = 1050 * VTIME_NS;
    s.node[1].need_ps = 1070 * VTIME_NS;
    ck_assert_uint_eq(port_grant(&s, release), 0); /* 1050 + 100: it sleeps beyond, whatever happens */
    ck_assert(!release[0] && !release[1]);
    s.hold_one = 0;
    s.hold_ps = 0;
    ck_assert_uint_gt(port_grant(&s, release), 0);
    build(sleeping, 0);
    atomic_store(&s.node[0].state, PORT_ENDED);
    s.hold_ps = 1150 * VTIME_NS;
    s.hold_one = 1;
    ck_assert_uint_eq(port_grant(&s, release), 1); /* it will not come: the others go there */
    s.node[1].now_ps = 1150 * VTIME_NS;
    s.node[1].need_ps = 1160 * VTIME_NS;
    ck_assert_uint_eq(port_grant(&s, release), 0);
}
END_TEST

START_TEST(something_sent_needs_the_engine)
{
    build(cases[0].node, 0);
    vtime_t f = port_horizon(&s);
    ck_assert(!port_needs_engine(&s, f));
    atomic_store(&s.node[1].dirty, 1);
    ck_assert(port_needs_engine(&s, f));
    atomic_store(&s.node[1].dirty, 0);
    atomic_store(&s.engine_always, 1);
    ck_assert(port_needs_engine(&s, f));
}
END_TEST

/* Now and then the engine wants to be called: nobody runs on before it was. */
START_TEST(the_engine_in_time)
{
    bool release[PORT_MAX_NODES];
    build(cases[0].node, 0);
    vtime_t f = port_horizon(&s);
    port_grant(&s, release);
    vtime_t grant = s.node[0].grant_ps;
    s.engine_ps = f + 1;
    ck_assert(!port_needs_engine(&s, f));
    s.engine_ps = f;
    ck_assert(port_needs_engine(&s, f));
    s.engine_ps = grant - 1;
    port_grant(&s, release);
    ck_assert_int_eq(s.node[0].grant_ps, grant - 1);
    s.engine_ps = grant + 1;
    port_grant(&s, release);
    ck_assert_int_eq(s.node[0].grant_ps, grant);
}
END_TEST

/* Two interfaces: out by the faster one, in by the faster one, whichever they are. */
START_TEST(of_several_interfaces_the_fastest_counts)
{
    bool release[PORT_MAX_NODES];
    build(cases[0].node, 0);
    for (unsigned i = 0; i < 2; i++) {
        s.node[i].n_nics = 2;
        s.node[i].nic[0] = (struct port_nic){900 * VTIME_NS, 30 * VTIME_NS, 0, 0};
        s.node[i].nic[1] = (struct port_nic){20 * VTIME_NS, 400 * VTIME_NS, 0, 0};
    }
    port_grant(&s, release);
    ck_assert_int_eq(s.node[0].grant_ps, (1020 + 20 + 30) * VTIME_NS);
    ck_assert_int_eq(s.node[1].grant_ps, (1000 + 20 + 30) * VTIME_NS);
    /* horizon: 1000 + 20; with an event at 1000 the answer's way is 30 + 20 */
    ck_assert_int_eq(port_horizon(&s), 1020 * VTIME_NS);
}
END_TEST

START_TEST(what_is_sent_may_come_back)
{
    static const struct port_nic slow = {700 * VTIME_NS, 500 * VTIME_NS, 5000 * VTIME_NS, 0};
    struct port_node n = {.n_nics = 1, .nic = {slow}};
    ck_assert_int_eq(port_back_ps(&n, 0, 1000 * VTIME_NS), (1000 + 700 + 500) * VTIME_NS);
    n.nic[0].link_up_ps = 3000 * VTIME_NS; /* trained then */
    ck_assert_int_eq(port_back_ps(&n, 0, 1000 * VTIME_NS), (3000 + 700 + 500) * VTIME_NS);
    n.nic[0].link_up_ps = VTIME_NEVER; /* this frame starts the training */
    ck_assert_int_eq(port_back_ps(&n, 0, 1000 * VTIME_NS), (1000 + 5000 + 700 + 500) * VTIME_NS);
    n.nic[0].link_up_ps = 0;
    n.n_nics = 2; /* it may come back by a faster one */
    n.nic[1] = (struct port_nic){0, 40 * VTIME_NS, 0, 0};
    ck_assert_int_eq(port_back_ps(&n, 0, 1000 * VTIME_NS), (1000 + 700 + 40) * VTIME_NS);
    ck_assert_int_eq(port_back_ps(&n, 1, 1000 * VTIME_NS), (1000 + 0 + 40) * VTIME_NS);
}
END_TEST

/* The guest of an adapter sees its link come up, so it is not let past the earliest such moment. */
START_TEST(a_link_may_come_up)
{
    bool release[PORT_MAX_NODES];
    struct port_node *n = &s.node[0];

    s = (struct port_shared){.n_nodes = 2, .stop_ps = STOP * VTIME_NS, .fabric_next_ps = VTIME_NEVER};
    for (unsigned i = 0; i < 2; i++) {
        s.node[i] = (struct port_node){.now_ps = (1000 + 500 * i) * VTIME_NS,
                                       .need_ps = (1010 + 500 * i) * VTIME_NS,
                                       .pending_ps = VTIME_NEVER,
                                       .cap_ps = VTIME_NEVER,
                                       .n_nics = 1,
                                       .nic = {{50 * VTIME_NS, 100 * VTIME_NS, 3000 * VTIME_NS, VTIME_NEVER}},
                                       .adapter = {.present = i == 0, .nic = 0}};
        atomic_store(&s.node[i].state, PORT_BLOCKED);
    }
    ck_assert_uint_eq(port_grant(&s, release), 2);
    ck_assert_int_eq(n->grant_ps, (1000 + 3000) * VTIME_NS); /* somebody may begin at 1000 */
    ck_assert_int_eq(s.node[1].grant_ps, (1000 + 3000 + 50 + 100) * VTIME_NS); /* has no adapter */
    n->nic[0].link_up_ps = s.node[1].nic[0].link_up_ps = 4200 * VTIME_NS; /* but may become earlier yet */
    port_grant(&s, release);
    ck_assert_int_eq(n->grant_ps, 4000 * VTIME_NS);
    n->nic[0].link_up_ps = s.node[1].nic[0].link_up_ps = 3900 * VTIME_NS; /* settled */
    port_grant(&s, release);
    ck_assert_int_eq(n->grant_ps, (3900 + 50 + 100) * VTIME_NS);
    atomic_store(&s.node[1].state, PORT_ENDED); /* nobody else: alone to the end */
    port_grant(&s, release);
    ck_assert_int_eq(n->grant_ps, STOP * VTIME_NS);
}
END_TEST

/* An idle node stands at the moment at which its link comes up, and has not been told of it: it may send now.
 */
START_TEST(a_link_comes_up_where_an_idle_node_stands)
{
    bool release[PORT_MAX_NODES];
    struct port_node *n = &s.node[0];

    s = (struct port_shared){.n_nodes = 2, .stop_ps = STOP * VTIME_NS, .fabric_next_ps = VTIME_NEVER};
    for (unsigned i = 0; i < 2; i++) {
        s.node[i] =
            (struct port_node){.now_ps = 4000 * VTIME_NS,
                               .deadline_ps = 9000 * VTIME_NS,
                               .pending_ps = VTIME_NEVER,
                               .cap_ps = VTIME_NEVER,
                               .n_nics = 1,
                               .nic = {{50 * VTIME_NS, 100 * VTIME_NS, 3000 * VTIME_NS, 4000 * VTIME_NS}},
                               .adapter = {.present = true, .nic = 0}};
        atomic_store(&s.node[i].state, PORT_IDLE);
    }
    ck_assert_int_eq(port_earliest(n), 4000 * VTIME_NS);
    ck_assert_int_eq(port_horizon(&s), (4000 + 50) * VTIME_NS);
    ck_assert_uint_eq(port_grant(&s, release), 2);
    ck_assert_int_eq(n->grant_ps, (4000 + 50 + 100) * VTIME_NS);
    n->now_ps = 4100 * VTIME_NS; /* it was, and has been told */
    ck_assert_int_eq(port_earliest(n), 9000 * VTIME_NS);
    n->nic[0].link_up_ps = 5000 * VTIME_NS; /* will be */
    ck_assert_int_eq(port_earliest(n), 5000 * VTIME_NS);
    n->adapter.present = false; /* whose guest does not see it */
    ck_assert_int_eq(port_earliest(n), 9000 * VTIME_NS);
}
END_TEST

START_TEST(never_stays_never)
{
    ck_assert_int_eq(vtime_add(VTIME_NEVER, 1), VTIME_NEVER);
    ck_assert_int_eq(vtime_add(VTIME_NEVER, VTIME_NEVER), VTIME_NEVER);
    ck_assert_int_eq(vtime_add(VTIME_NEVER - 1, 1), VTIME_NEVER);
    ck_assert_int_eq(vtime_add(VTIME_NEVER - 2, 1), VTIME_NEVER - 1);
    ck_assert_int_eq(vtime_add(INT64_MAX, INT64_MAX), VTIME_NEVER); /* what a broken node may publish */
    ck_assert_int_eq(vtime_from_ns(INT64_MAX), VTIME_NEVER);
    ck_assert_int_eq(vtime_from_ns(N), VTIME_NEVER);
    ck_assert_int_eq(vtime_from_ns(N - 1), (N - 1) * VTIME_NS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("port_grant");
    TCase *c = tcase_create("grants");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, grants_are_as_worked_out, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(c, one_is_held);
    tcase_add_test(c, something_sent_needs_the_engine);
    tcase_add_test(c, the_engine_in_time);
    tcase_add_test(c, of_several_interfaces_the_fastest_counts);
    tcase_add_test(c, what_is_sent_may_come_back);
    tcase_add_test(c, a_link_may_come_up);
    tcase_add_test(c, a_link_comes_up_where_an_idle_node_stands);
    tcase_add_test(c, never_stays_never);
    suite_add_tcase(suite, c);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
