/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_core_msg.c - messages and membership of the protocol core, case by case. Two or three nodes; what they
 * send is kept in one list, and each test decides what becomes of it.
 */
#include "guest-kernel/core/member.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 3, WIRE = 400, BYTES = 16 };
#define MS 1000000ull

struct packet {
    unsigned to;
    size_t bytes;
    struct {
        struct msg m;
        uint8_t data[BYTES];
    } p;
};

struct node {
    struct core_env env;
    struct msg_layer msg;
    struct member member;
    unsigned number;
    bool no_memory, answers, has_member;
    unsigned n_got;
    uint64_t got[WIRE];
    int blocks;
    enum member_state told[NODES];
};

static struct node nodes[NODES];
static struct packet wire[WIRE];
static unsigned n_wire;
static const void *last_data; /* what the transport got */
static uint64_t now;

static void on_send(void *ctx, unsigned to, const struct msg *m, const void *data, size_t bytes)
{
    (void)ctx;
    last_data = data;
    ck_assert_uint_lt(n_wire, WIRE);
    ck_assert_uint_le(bytes, BYTES);
    wire[n_wire] = (struct packet){.to = to, .bytes = sizeof *m + bytes};
    wire[n_wire].p.m = *m;
    if (bytes)
        memcpy(wire[n_wire].p.data, data, bytes);
    n_wire++;
}

static uint64_t on_now(void *ctx)
{
    (void)ctx;
    return now;
}

static void on_timer(void *ctx, uint64_t at)
{
    (void)ctx, (void)at;
}

static void *on_alloc(void *ctx, size_t bytes)
{
    struct node *n = ctx;
    if (n->no_memory)
        return NULL;
    n->blocks++;
    return malloc(bytes);
}

static void on_free(void *ctx, void *memory, size_t bytes)
{
    (void)bytes;
    ((struct node *)ctx)->blocks--;
    free(memory);
}

static void on_deliver(void *ctx, unsigned from, const struct msg *m, const void *data)
{
    struct node *n = ctx;
    if (n->has_member && m->type == MEMBER_HELLO) {
        member_hello(&n->member, from, data, m->len);
        return;
    }
    memcpy(&n->got[n->n_got++], data, 8);
    if (m->request && n->answers)
        ck_assert_int_eq(msg_answer(&n->msg, from, m->request, 0x91, data, 8), CORE_OK);
}

static void on_changed(void *ctx, unsigned node, enum member_state state)
{
    ((struct node *)ctx)->told[node] = state;
}

static void start(bool reliable, bool open)
{
    memset(nodes, 0, sizeof nodes);
    n_wire = 0;
    now = 1;
    for (unsigned i = 0; i < NODES; i++) {
        struct node *n = &nodes[i];
        n->number = i;
        n->answers = true;
        n->env = (struct core_env){.ctx = n,
                                   .send = on_send,
                                   .now_ns = on_now,
                                   .timer = on_timer,
                                   .alloc = on_alloc,
                                   .free = on_free};
        struct msg_config c = {.env = &n->env,
                               .self = i,
                               .nodes = NODES,
                               .incarnation = i + 1,
                               .max_bytes = BYTES,
                               .reliable = reliable,
                               .retry_ns = MS,
                               .ack_ns = MS / 10,
                               .tries = 4,
                               .ctx = n,
                               .deliver = on_deliver};
        ck_assert_int_eq(msg_init(&n->msg, &c), CORE_OK);
        for (unsigned k = 0; k < NODES && open; k++)
            if (k != i)
                msg_open(&n->msg, k, k + 1);
    }
}

static void arrive(unsigned i)
{
    struct packet p = wire[i];
    msg_input(&nodes[p.to].msg, &p.p, p.bytes);
}

/* All that is on the wire arrives, and what comes of it. */
static void flow(void)
{
    for (unsigned i = 0; i < n_wire; i++)
        arrive(i);
    n_wire = 0;
}

static void post(unsigned from, unsigned to, uint64_t v)
{
    ck_assert_int_eq(msg_post(&nodes[from].msg, to, 0x90, &v, 8), CORE_OK);
}

static void later(uint64_t ns)
{
    now += ns;
    for (unsigned i = 0; i < NODES; i++)
        ck_assert_uint_eq(msg_poll(&nodes[i].msg), 0);
}

static void end(void)
{
    for (unsigned i = 0; i < NODES; i++) {
        msg_fini(&nodes[i].msg);
        ck_assert_int_eq(nodes[i].blocks, 0);
    }
}

START_TEST(any_order_once)
{
    start(false, true);
    for (uint64_t v = 0; v < 5; v++)
        post(0, 1, v);
    const unsigned order[] = {4, 2, 2, 0, 3, 0, 1, 1, 4};
    for (unsigned i = 0; i < 9; i++)
        arrive(order[i]);
    ck_assert_uint_eq(nodes[1].n_got, 5);
    for (uint64_t v = 0; v < 5; v++)
        ck_assert_uint_eq(nodes[1].got[v], v);
    ck_assert_uint_eq(nodes[1].msg.counts.duplicates, 4);
    n_wire = 0;
    later(MS / 5); /* one acknowledgement for all */
    ck_assert_uint_eq(n_wire, 1);
    ck_assert_uint_eq(wire[0].p.m.flags, MSG_ACK);
    ck_assert_uint_eq(wire[0].p.m.ack, 5);
    flow();
    ck_assert_int_eq(nodes[0].blocks, 0);
    later(10 * MS);
    ck_assert_uint_eq(n_wire, 0);
    end();
}
END_TEST

START_TEST(lost_and_repeated)
{
    start(false, true);
    for (uint64_t v = 0; v < 3; v++)
        post(0, 1, v);
    arrive(1);
    arrive(2);
    n_wire = 0;
    ck_assert_uint_eq(nodes[1].n_got, 0);
    later(MS / 2);
    n_wire = 0;
    later(MS); /* the first again; then all is there */
    flow();
    ck_assert_uint_eq(nodes[1].n_got, 3);
    ck_assert_uint_eq(nodes[0].msg.counts.repeated, 1);
    end();
}
END_TEST

START_TEST(tries_are_bounded)
{
    start(false, true);
    post(0, 1, 7);
    uint64_t failed = 0;
    for (unsigned ms = 1; !failed; ms++) {
        ck_assert_uint_le(ms, 16); /* 1 + 2 + 4 + 8 */
        now += MS;
        failed = msg_poll(&nodes[0].msg);
    }
    ck_assert_uint_eq(failed, core_bit(1));
    ck_assert_uint_eq(n_wire, 4);
    msg_close(&nodes[0].msg, 1);
    uint64_t v = 0;
    ck_assert_int_eq(msg_post(&nodes[0].msg, 1, 0x90, &v, 8), CORE_EDEAD);
    end();
}
END_TEST

START_TEST(window)
{
    start(false, true);
    for (uint64_t v = 0; v < 100; v++)
        post(0, 1, v);
    ck_assert_uint_eq(n_wire, MSG_WINDOW);
    for (unsigned i = 0; i < 8; i++) {
        flow();
        later(MS / 5);
    }
    ck_assert_uint_eq(nodes[1].n_got, 100);
    for (uint64_t v = 0; v < 100; v++)
        ck_assert_uint_eq(nodes[1].got[v], v);
    ck_assert_uint_eq(nodes[0].msg.counts.repeated, 0);
    end();
}
END_TEST

START_TEST(reliable_costs_nothing)
{
    start(true, true);
    nodes[0].no_memory = true;
    for (uint64_t v = 0; v < 50; v++) {
        ck_assert_int_eq(msg_post(&nodes[0].msg, 1, 0x90, &v, sizeof v), CORE_OK);
        ck_assert_ptr_eq(last_data, &v); /* data are handed on where they are */
    }
    ck_assert_uint_eq(n_wire, 50);
    flow();
    later(50 * MS);
    ck_assert_uint_eq(nodes[1].n_got, 50);
    ck_assert_uint_eq(n_wire, 0);
    end();
}
END_TEST

START_TEST(no_memory)
{
    uint64_t v = 1;
    start(false, true);
    nodes[0].no_memory = true;
    ck_assert_int_eq(msg_post(&nodes[0].msg, 1, 0x90, &v, 8), CORE_ENOMEM);
    ck_assert_uint_eq(n_wire, 0);
    nodes[0].no_memory = false;
    post(0, 1, 1);
    post(0, 1, 2);
    nodes[1].no_memory = true; /* what comes early is not kept, and comes again */
    arrive(1);
    arrive(0);
    n_wire = 0;
    ck_assert_uint_eq(nodes[1].n_got, 1);
    later(MS / 5);
    flow();
    later(MS + 1);
    flow();
    ck_assert_uint_eq(nodes[1].n_got, 2);
    nodes[1].no_memory = false;
    end();
}
END_TEST

START_TEST(other_lives_and_nonsense)
{
    start(false, true);
    post(0, 1, 1);
    struct packet p = wire[0];
    p.p.m.incarnation = 9;
    msg_input(&nodes[1].msg, &p.p, p.bytes);
    p = wire[0];
    p.p.m.to_incarnation = 9;
    msg_input(&nodes[1].msg, &p.p, p.bytes);
    ck_assert_uint_eq(nodes[1].msg.counts.bad, 0);
    p = wire[0];
    p.p.m.len = 9;
    msg_input(&nodes[1].msg, &p.p, p.bytes);
    p = wire[0];
    p.p.m.version = 2;
    msg_input(&nodes[1].msg, &p.p, p.bytes);
    p = wire[0];
    p.p.m.from = NODES;
    msg_input(&nodes[1].msg, &p.p, p.bytes);
    msg_input(&nodes[1].msg, &p.p, 31);
    p = wire[0];
    p.p.m.sequence = 1000;
    msg_input(&nodes[1].msg, &p.p, p.bytes);
    ck_assert_uint_eq(nodes[1].msg.counts.bad, 5);
    ck_assert_uint_eq(nodes[1].n_got, 0);
    uint64_t v[3] = {0};
    ck_assert_int_eq(msg_post(&nodes[0].msg, 1, 0x90, v, sizeof v), CORE_EINVAL);
    ck_assert_int_eq(msg_post(&nodes[0].msg, 0, 0x90, v, 8), CORE_EINVAL);
    end();
}
END_TEST

/* ---- requests ---- */

static unsigned n_answers, n_done;
static int outcome;

static void on_answered(struct msg_call *c, unsigned from, const void *data, uint32_t len)
{
    (void)from, (void)data;
    ck_assert_uint_eq(len, 8);
    ck_assert(!(c->waiting & core_bit(from)));
    n_answers++;
}

static void on_done(struct msg_call *c, int status)
{
    (void)c;
    n_done++;
    outcome = status;
}

static int request(struct msg_call *c, uint64_t to, unsigned want)
{
    uint64_t v = 5;
    *c = (struct msg_call){.answered = on_answered, .done = on_done};
    n_answers = n_done = 0;
    outcome = 99;
    return msg_request(&nodes[0].msg, c, to, want, now + 20 * MS, 0x90, &v, 8);
}

START_TEST(fan_in)
{
    struct msg_call c;
    start(false, true);
    ck_assert_int_eq(request(&c, 6, 3), CORE_EINVAL);
    ck_assert_int_eq(request(&c, 6, 2), CORE_OK);
    arrive(0); /* to 1; its answer is 2 on the wire */
    arrive(2);
    ck_assert_uint_eq(n_answers, 1);
    uint64_t v = 6;
    ck_assert_int_eq(msg_answer(&nodes[1].msg, 0, c.request, 0x91, &v, 8), CORE_OK);
    arrive(3); /* a second answer of the same node does not count */
    ck_assert_uint_eq(n_done, 0);
    arrive(1);
    arrive(4);
    arrive(4);
    ck_assert_uint_eq(n_answers, 2);
    ck_assert_uint_eq(n_done, 1);
    ck_assert_int_eq(outcome, CORE_OK);
    n_wire = 0;
    ck_assert_int_eq(request(&c, 6, 1), CORE_OK); /* the first will do; the other is late */
    flow();
    ck_assert_uint_eq(n_answers, 1);
    ck_assert_uint_eq(n_done, 1);
    ck_assert_uint_eq(nodes[0].msg.counts.late, 2);
    end();
    ck_assert_uint_eq(n_done, 1);
}
END_TEST

START_TEST(dead_peers_and_deadlines)
{
    struct msg_call c;
    start(false, true);
    nodes[1].answers = nodes[2].answers = false;
    ck_assert_int_eq(request(&c, 6, 1), CORE_OK);
    msg_close(&nodes[0].msg, 1);
    ck_assert_uint_eq(n_done, 0); /* the other may answer */
    msg_close(&nodes[0].msg, 2);
    ck_assert_uint_eq(n_done, 1);
    ck_assert_int_eq(outcome, CORE_EDEAD);
    ck_assert_int_eq(request(&c, 2, 1), CORE_OK); /* known to be dead */
    ck_assert_uint_eq(n_done, 1);
    ck_assert_int_eq(outcome, CORE_EDEAD);
    start(true, true);
    nodes[1].answers = false;
    ck_assert_int_eq(request(&c, 2, 1), CORE_OK);
    flow();
    later(19 * MS);
    ck_assert_uint_eq(n_done, 0);
    later(MS);
    ck_assert_uint_eq(n_done, 1);
    ck_assert_int_eq(outcome, CORE_ETIME);
    ck_assert_int_eq(request(&c, 2, 1), CORE_OK);
    end();
    ck_assert_uint_eq(n_done, 1);
    ck_assert_int_eq(outcome, CORE_ECLOSED);
}
END_TEST

/* ---- membership ---- */

static void boot(unsigned i)
{
    struct member_config c = {.env = &nodes[i].env,
                              .msg = &nodes[i].msg,
                              .arch = (enum core_arch)(i + 1),
                              .beat_ns = MS,
                              .silence_ns = 5 * MS,
                              .ctx = &nodes[i],
                              .changed = on_changed};
    nodes[i].has_member = true;
    ck_assert_int_eq(member_init(&nodes[i].member, &c), CORE_OK);
}

/* Lets that many beats go by; the nodes of the mask are cut off. */
static void beats(unsigned n, uint64_t cut)
{
    for (; n > 0; n--) {
        now += MS;
        for (unsigned i = 0; i < NODES; i++)
            if (nodes[i].has_member)
                member_poll(&nodes[i].member);
        for (unsigned i = 0; i < n_wire; i++)
            if (nodes[wire[i].to].has_member && !((core_bit(wire[i].to) | core_bit(wire[i].p.m.from)) & cut))
                arrive(i);
        n_wire = 0;
    }
}

START_TEST(boot_in_any_order)
{
    uint64_t v = 0;
    start(false, false);
    boot(2);
    ck_assert_int_eq(msg_post(&nodes[2].msg, 0, 0x90, &v, 8), CORE_EAGAIN);
    beats(20, 0);
    boot(0);
    beats(2, 0);
    ck_assert_int_eq(member_arch(&nodes[2].member, 0), CORE_ARCH_X86_64);
    ck_assert_int_eq(member_arch(&nodes[0].member, 2), CORE_ARCH_RISCV64);
    ck_assert_int_eq(member_state(&nodes[0].member, 1), MEMBER_UNKNOWN);
    ck_assert(!member_complete(&nodes[0].member));
    ck_assert_int_eq(msg_post(&nodes[2].msg, 0, 0x90, &v, 8), CORE_OK);
    boot(1);
    beats(3, 0);
    for (unsigned i = 0; i < NODES; i++)
        ck_assert(member_complete(&nodes[i].member));
    end();
}
END_TEST

START_TEST(silence_is_death)
{
    struct msg_call c;
    start(false, false);
    for (unsigned i = 0; i < NODES; i++)
        boot(i);
    beats(3, 0);
    ck_assert_int_eq(request(&c, core_bit(1), 1), CORE_OK);
    n_wire = 0;
    beats(4, core_bit(1));
    ck_assert_uint_eq(n_done, 0);
    beats(2, core_bit(1));
    ck_assert_int_eq(nodes[0].told[1], MEMBER_DEAD);
    ck_assert_int_eq(nodes[2].told[1], MEMBER_DEAD);
    ck_assert_int_eq(nodes[0].told[2], MEMBER_ALIVE);
    ck_assert_uint_eq(n_done, 1);
    ck_assert_int_eq(outcome, CORE_EDEAD);
    beats(10, 0); /* it stays dead */
    ck_assert_int_eq(member_state(&nodes[0].member, 1), MEMBER_DEAD);
    end();
}
END_TEST

START_TEST(deaths_are_agreed_on)
{
    start(false, false);
    for (unsigned i = 0; i < NODES; i++)
        boot(i);
    beats(3, 0);
    member_declare_dead(&nodes[0].member, 1);
    ck_assert_int_eq(nodes[2].told[1], MEMBER_ALIVE);
    beats(2, 0);
    ck_assert_int_eq(nodes[2].told[1], MEMBER_DEAD);
    start(false, false);
    for (unsigned i = 0; i < NODES; i++)
        boot(i);
    beats(3, 0);
    nodes[0].member.dead |= core_bit(1); /* still says so to 1 */
    beats(2, 0);
    ck_assert_int_eq(nodes[1].told[1], MEMBER_DEAD); /* expelled */
    end();
}
END_TEST

START_TEST(rebooted_is_dead)
{
    start(false, false);
    for (unsigned i = 0; i < NODES; i++)
        boot(i);
    beats(3, 0);
    nodes[1].msg.c.incarnation = 77;
    beats(2, 0);
    ck_assert_int_eq(nodes[0].told[1], MEMBER_DEAD);
    end();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("core: msg");
    TCase *t = tcase_create("msg");
    tcase_add_test(t, any_order_once);
    tcase_add_test(t, lost_and_repeated);
    tcase_add_test(t, tries_are_bounded);
    tcase_add_test(t, window);
    tcase_add_test(t, reliable_costs_nothing);
    tcase_add_test(t, no_memory);
    tcase_add_test(t, other_lives_and_nonsense);
    tcase_add_test(t, fan_in);
    tcase_add_test(t, dead_peers_and_deadlines);
    tcase_add_test(t, boot_in_any_order);
    tcase_add_test(t, silence_is_death);
    tcase_add_test(t, deaths_are_agreed_on);
    tcase_add_test(t, rebooted_is_dead);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
