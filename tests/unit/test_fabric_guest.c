/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_fabric_guest.c - what the guest sees and what it can do wrong: registers, link, admin commands,
 * doorbells, rings that are not in memory, vectors with and without moderation, the event and result ports.
 */
#include "tests/unit/fabric_rack.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct rack *r;
static struct rack_node *a, *b;

static void start_dark(void)
{
    r = rack_new(&(struct rack_config){.mtu = 1024, .rate_bps = 54540000000});
    a = &r->node[0];
    b = &r->node[1];
}

static void start(void)
{
    start_dark();
    rack_up(r);
    ck_assert_uint_eq(rack_queue(a, 0, 16, 16, 64), FAB_OK);
    ck_assert_uint_eq(rack_queue(b, 0, 16, 16, 64), FAB_OK);
    rack_set(a, FAB_REG_CAUSE, FAB_CAUSE_ALL);
    rack_set(b, FAB_REG_CAUSE, FAB_CAUSE_ALL);
    memset(a->interrupts, 0, sizeof a->interrupts);
    memset(b->interrupts, 0, sizeof b->interrupts);
}

static void finish(void)
{
    rack_free(r);
}

static void settle(void)
{
    ck_assert(rack_settle(r, r->now_ps + 10 * VTIME_S));
}

START_TEST(input)
{
    uint8_t text[FAB_MAX_INPUT + 1];

    memset(text, 'x', sizeof text);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_INPUT), 0);
    fab_input(a->fab, (const uint8_t *)"ps\n", 3);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_CAUSE), FAB_CAUSE_INPUT);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_INPUT), FAB_INPUT_VALID | 'p');
    ck_assert_uint_eq(rack_reg(a, FAB_REG_INPUT), FAB_INPUT_VALID | 's');
    fab_input(a->fab, (const uint8_t *)"\xff", 1);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_INPUT), FAB_INPUT_VALID | '\n');
    ck_assert_uint_eq(rack_reg(a, FAB_REG_INPUT), FAB_INPUT_VALID | 0xff);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_INPUT), 0);
    /* No more than there is room for; a reset forgets. */
    fab_input(a->fab, text, sizeof text);
    for (unsigned i = 0; i < FAB_MAX_INPUT; i++)
        ck_assert_uint_eq(rack_reg(a, FAB_REG_INPUT), FAB_INPUT_VALID | 'x');
    ck_assert_uint_eq(rack_reg(a, FAB_REG_INPUT), 0);
    fab_input(a->fab, text, 1);
    rack_set(a, FAB_REG_CONTROL, FAB_CONTROL_RESET);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_INPUT), 0);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_CAUSE), 0);
}
END_TEST

START_TEST(registers)
{
    ck_assert_uint_eq(rack_reg(b, FAB_REG_MAGIC), FAB_MAGIC);
    ck_assert_uint_eq(rack_reg(b, FAB_REG_VERSION), FAB_VERSION);
    ck_assert_uint_eq(rack_reg(b, FAB_REG_NODE), 2 << 16 | 1);
    ck_assert_uint_eq(rack_reg(b, FAB_REG_MTU), 1024);
    ck_assert_uint_eq(rack_reg(b, FAB_REG_RATE), 54540);
    ck_assert_uint_eq(rack_reg(b, FAB_REG_CONTROL), 0);
    ck_assert_uint_eq(rack_reg(b, FAB_REG_LINK), 0);
    ck_assert_uint_eq(rack_reg(b, FAB_REG_MASK), FAB_CAUSE_ALL & ~(uint32_t)FAB_CAUSE_INPUT);
    ck_assert_uint_eq(rack_reg(b, FAB_REG_QERROR), 0);
    rack_set(b, FAB_REG_MASK, ~0u);
    ck_assert_uint_eq(rack_reg(b, FAB_REG_MASK), FAB_CAUSE_ALL);
    rack_set(b, FAB_REG_MASK, 5);
    ck_assert_uint_eq(rack_reg(b, FAB_REG_MASK), 5);
    /* 64 bits: as a whole, or low half first. */
    fab_write(b->fab, FAB_REG_ADMIN, 0x123456789a, 8);
    ck_assert_uint_eq(fab_read(b->fab, FAB_REG_ADMIN, 8), 0x123456789a);
    rack_set(b, FAB_REG_ADMIN, 7);
    ck_assert_uint_eq(fab_read(b->fab, FAB_REG_ADMIN, 8), 0x123456789a);
    rack_set(b, FAB_REG_ADMIN + 4, 8);
    ck_assert_uint_eq(fab_read(b->fab, FAB_REG_ADMIN, 8), 0x800000007);
    ck_assert_uint_eq(rack_reg(b, FAB_REG_ADMIN), 7);
    ck_assert_uint_eq(rack_reg(b, FAB_REG_ADMIN + 4), 8);
    rack_until(r, (vtime_t)0x500000003 * VTIME_NS + 999);
    ck_assert_uint_eq(fab_read(b->fab, FAB_REG_TIME, 8), 0x500000003);
    ck_assert_uint_eq(rack_reg(b, FAB_REG_TIME), 3);
    rack_until(r, (vtime_t)0x600000003 * VTIME_NS);
    ck_assert_uint_eq(rack_reg(b, FAB_REG_TIME + 4), 5); /* latched */
    ck_assert_uint_eq(rack_count(b).bad_access, 0);
    /* No meaning. */
    static const struct {
        uint32_t offset;
        unsigned size;
        bool write;
    } bad[] = {{0x64, 4, false},
               {0x64, 4, true},
               {FAB_REG_END, 4, true},
               {0, 4, true},
               {0xfffffffc, 4, false},
               {FAB_REG_MAGIC, 4, true},
               {FAB_REG_MAGIC, 8, false},
               {FAB_REG_DOORBELL, 4, false},
               {FAB_REG_DOORBELL, 8, true},
               {FAB_REG_TIME, 8, true},
               {FAB_REG_TIME, 4, true},
               {FAB_REG_MAGIC + 2, 4, false},
               {FAB_REG_CONTROL, 2, true},
               {FAB_REG_ADMIN + 4, 8, true}};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (bad[i].write)
            fab_write(b->fab, bad[i].offset, ~UINT64_C(0), bad[i].size);
        else
            ck_assert_uint_eq(fab_read(b->fab, bad[i].offset, bad[i].size), 0);
        ck_assert_uint_eq(rack_count(b).bad_access, i + 1);
    }
    ck_assert_uint_eq(rack_reg(b, FAB_REG_CONTROL), 0);
}
END_TEST

START_TEST(link)
{
    rack_until(r, VTIME_US);
    ck_assert_uint_eq(a->trained, 0);
    rack_set(a, FAB_REG_CONTROL, FAB_CONTROL_ENABLE);
    ck_assert_uint_eq(a->trained, 1);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_LINK), FAB_LINK_TRAINING);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_CAUSE), 0);
    /* Queues can be set up and descriptors rung for before the link is up. */
    ck_assert_uint_eq(rack_queue(a, 0, 16, 16, 64), FAB_OK);
    rack_send(a, 0, &(struct fab_send){.op = FAB_OP_DATAGRAM, .peer = 1});
    rack_until(r, VTIME_MS);
    ck_assert_uint_eq(a->interrupts[FAB_QUEUES], 0);
    ck_assert_uint_eq(rack_count(a).packets_out, 0);
    rack_until(r, VTIME_MS + VTIME_US);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_LINK), FAB_LINK_UP);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_CAUSE), FAB_CAUSE_LINK);
    ck_assert_uint_eq(a->interrupts[FAB_QUEUES], 1);
    ck_assert_uint_eq(rack_count(a).packets_out, 1);
    rack_set(a, FAB_REG_CAUSE, FAB_CAUSE_LINK);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_CAUSE), 0);
    /* It becomes earlier while b waits for it. */
    rack_set(b, FAB_REG_CONTROL, FAB_CONTROL_ENABLE);
    b->up_ps = r->now_ps + 10 * VTIME_US;
    fab_link(b->fab);
    rack_until(r, r->now_ps + 9 * VTIME_US);
    ck_assert_uint_eq(rack_reg(b, FAB_REG_LINK), FAB_LINK_TRAINING);
    rack_until(r, r->now_ps + VTIME_US);
    ck_assert_uint_eq(b->interrupts[FAB_QUEUES], 1);
    /* Off: as if it were not there. On again: up at once. */
    rack_set(a, FAB_REG_CONTROL, 0);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_LINK), 0);
    ck_assert_uint_eq(rack_queue(a, 0, 16, 16, 64), FAB_E_STATE);
    rack_set(a, FAB_REG_CONTROL, FAB_CONTROL_ENABLE);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_LINK), FAB_LINK_UP);
    ck_assert_uint_eq(rack_queue(a, 0, 16, 16, 64), FAB_OK);
    ck_assert_ptr_nonnull(a->fab);
    ck_assert_int_eq(a->timer_ps, VTIME_NEVER); /* nothing left to wait for */
}
END_TEST

/* A packet that arrives at the very moment the link comes up, before the device's own timer. */
START_TEST(first_moment)
{
    struct fab_wire w = {.type = FAB_P_DATAGRAM, .dst = 0, .src = 1};

    rack_set(a, FAB_REG_CONTROL, FAB_CONTROL_ENABLE);
    r->now_ps = VTIME_MS - 1;
    fab_receive(a->fab, &w, sizeof w);
    ck_assert_uint_eq(rack_count(a).packets_in, 0);
    r->now_ps = VTIME_MS;
    fab_receive(a->fab, &w, sizeof w);
    ck_assert_uint_eq(rack_count(a).packets_in, 1);
    ck_assert_uint_eq(rack_count(a).dropped_datagrams, 1);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_CAUSE), FAB_CAUSE_LINK | FAB_CAUSE_DROP);
}
END_TEST

START_TEST(admin)
{
    struct fab_admin good = {.op = FAB_ADMIN_QUEUE_SETUP, .queue = 1, .size = {16, 16, 16}}, q;
    uint64_t m = rack_alloc(a, 1024 * 4);

    for (unsigned i = 0; i < 4; i++)
        good.addr[i] = m + i * 1024;
#define REFUSED(error, change)                                                                               \
    do {                                                                                                     \
        q = good;                                                                                            \
        change;                                                                                              \
        rack_set(a, FAB_REG_CAUSE, FAB_CAUSE_ADMIN);                                                         \
        ck_assert_uint_eq(rack_admin(a, &q), error);                                                         \
        ck_assert_uint_eq(rack_reg(a, FAB_REG_CAUSE), FAB_CAUSE_ADMIN);                                      \
    } while (0)
    REFUSED(FAB_E_OP, q.op = 0);
    REFUSED(FAB_E_OP, q.op = FAB_ADMIN_END);
    REFUSED(FAB_E_QUEUE, q.queue = 8);
    REFUSED(FAB_E_QUEUE, q.queue = 0); /* is set up */
    REFUSED(FAB_E_SIZE, q.size[0] = 0);
    REFUSED(FAB_E_SIZE, q.size[1] = 1);
    REFUSED(FAB_E_SIZE, q.size[2] = 48);
    REFUSED(FAB_E_ADDRESS, q.addr[0] += 8);
    REFUSED(FAB_E_ADDRESS, q.addr[1] = 0);
    REFUSED(FAB_E_ADDRESS, q.addr[2] = RACK_RAM + RACK_RAM_BYTES - 64);
    REFUSED(FAB_E_ADDRESS, q.addr[3] = UINT64_MAX - 63);
    REFUSED(FAB_E_QUEUE, q.op = FAB_ADMIN_QUEUE_DESTROY);
    REFUSED(FAB_E_QUEUE, (q.op = FAB_ADMIN_MODERATION, q.queue = 8));
    good = (struct fab_admin){
        .op = FAB_ADMIN_REGION_SET, .key = 1, .access = 7, .addr = {0, m}, .length = 100, .count = 12};
    REFUSED(FAB_E_SIZE, q.length = 0);
    REFUSED(FAB_E_SIZE, q.length = FAB_MAX_REGION + 1);
    REFUSED(FAB_E_SIZE, q.access = 8);
    REFUSED(FAB_E_ADDRESS, q.addr[1] = 5);
    REFUSED(FAB_E_ADDRESS, q.addr[1] = UINT64_MAX - 5);
    REFUSED(FAB_E_ADDRESS, q.length = FAB_MAX_REGION);
    good.addr[0] = m;
    good.addr[1] = 5;
    REFUSED(FAB_E_SIZE, q.count = 11);
    REFUSED(FAB_E_SIZE, q.count = 31);
    REFUSED(FAB_E_SIZE, q.addr[1] = 4096);
    REFUSED(FAB_E_ADDRESS, q.addr[0] = 8);
    REFUSED(FAB_E_ADDRESS, q.addr[0] = m + 4);
    REFUSED(FAB_E_KEY, q.op = FAB_ADMIN_REGION_CLEAR);
    good = (struct fab_admin){.op = FAB_ADMIN_TIMEOUT, .count = 7, .delay_ns = 1};
    REFUSED(FAB_E_SIZE, q.count = 0);
    REFUSED(FAB_E_SIZE, q.count = 16);
    REFUSED(FAB_E_SIZE, q.delay_ns = 0);
    good = (struct fab_admin){.op = FAB_ADMIN_COUNTERS, .addr = {m}, .length = sizeof(struct fab_counters)};
    REFUSED(FAB_E_SIZE, q.length--);
    REFUSED(FAB_E_ADDRESS, q.addr[0] = 8);
    REFUSED(FAB_E_ADDRESS, q.addr[0]++);
    ck_assert_uint_eq(rack_admin(a, &good), FAB_OK);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_ADMIN_STATUS), FAB_OK);
    struct fab_counters c = rack_count(a);
    ck_assert_mem_eq(rack_at(a, m, sizeof c), &c, sizeof c);
    /* The command itself. */
    fab_write(a->fab, FAB_REG_ADMIN, m + 8, 8);
    rack_set(a, FAB_REG_ADMIN_GO, 0);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_ADMIN_STATUS), FAB_E_ADDRESS);
    fab_write(a->fab, FAB_REG_ADMIN, 64, 8);
    rack_set(a, FAB_REG_ADMIN_GO, 0);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_ADMIN_STATUS), FAB_E_ADDRESS);
}
END_TEST

/* A queue stops, says so, and works again after it was destroyed and set up. */
static void stopped(unsigned error, unsigned interrupts)
{
    ck_assert_uint_eq(rack_reg(a, FAB_REG_QERROR), 1);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_CAUSE) & FAB_CAUSE_QUEUE, FAB_CAUSE_QUEUE);
    ck_assert_uint_eq(a->interrupts[FAB_QUEUES], interrupts);
    if (!a->hole_len)
        ck_assert_uint_eq(rack_status(a, 0)->error, error);
    a->hole_len = 0;
    rack_bell(a, FAB_DB_SEND, 0, 5); /* ignored */
    rack_bell(a, FAB_DB_DONE_ARM, 0, 0);
    settle();
    ck_assert_uint_eq(rack_reg(a, FAB_REG_CAUSE), FAB_CAUSE_QUEUE);
    rack_set(a, FAB_REG_CAUSE, FAB_CAUSE_ALL);
    ck_assert_uint_eq(rack_queue(a, 0, 16, 16, 64), FAB_E_QUEUE);
    ck_assert_uint_eq(rack_queue_end(a, 0), FAB_OK);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_QERROR), 0);
    ck_assert_uint_eq(rack_queue(a, 0, 16, 16, 64), FAB_OK);
    uint64_t m = rack_alloc(a, 64), to = rack_alloc(b, 64);
    struct fab_cqe c;
    rack_recv(b, 0, to, 64, 0);
    rack_send(a, 0, &(struct fab_send){.op = FAB_OP_SEND, .n_sge = 1, .peer = 1, .len = 64, .addr = m});
    settle();
    ck_assert(rack_poll(a, 0, &c) && c.status == FAB_C_OK);
}

START_TEST(doorbells)
{
    struct fab_cqe c;

    rack_bell(a, FAB_DB_SEND, 1, 0); /* not set up */
    ck_assert_uint_eq(rack_reg(a, FAB_REG_CAUSE), FAB_CAUSE_DOORBELL);
    rack_set(a, FAB_REG_CAUSE, FAB_CAUSE_DOORBELL);
    rack_bell(a, FAB_DB_SEND, 200, 0);
    rack_bell(a, 4, 0, 0);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_CAUSE), FAB_CAUSE_DOORBELL);
    ck_assert_uint_eq(a->interrupts[FAB_QUEUES], 2); /* once for each time the bit was set */
    ck_assert_uint_eq(rack_count(a).bad_access, 3);
    rack_set(a, FAB_REG_CAUSE, FAB_CAUSE_ALL);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_QERROR), 0);
    switch (_i) {
    case 0: /* more than the ring holds */
        rack_bell(a, FAB_DB_SEND, 0, 17);
        break;
    case 1:
        rack_bell(a, FAB_DB_RECV, 0, 16);
        ck_assert_uint_eq(rack_reg(a, FAB_REG_QERROR), 0);
        rack_bell(a, FAB_DB_RECV, 0, 17);
        break;
    case 2: /* backwards */
        rack_bell(a, FAB_DB_RECV, 0, 5);
        rack_bell(a, FAB_DB_RECV, 0, 4);
        break;
    case 3: /* completions that are none */
        rack_bell(a, FAB_DB_DONE, 0, 1);
        break;
    case 4: /* what was taken is flushed */
        for (unsigned i = 0; i < 3; i++)
            rack_put_send(a, 0, &(struct fab_send){.op = FAB_OP_WRITE, .peer = 1, .cookie = i});
        rack_bell(a, FAB_DB_SEND, 0, 3);
        ck_assert_uint_eq(rack_count(a).outstanding, 1);
        rack_bell(a, FAB_DB_SEND, 0, 2);
        memcpy(&c, rack_at(a, a->q[0].done, 32), 32);
        ck_assert_uint_eq(c.status, FAB_C_FLUSHED);
        ck_assert_uint_eq(c.flags, FAB_CQE_PHASE);
        ck_assert_uint_eq(rack_status(a, 0)->done_tail, 1);
        ck_assert_uint_eq(rack_status(a, 0)->send_head, 1);
        ck_assert_uint_eq(rack_count(a).outstanding, 0);
        break;
    }
    stopped(FAB_E_INDEX, 3);
}
END_TEST

/* Rings that are no longer in RAM when they are needed. */
START_TEST(ring_lost)
{
    struct fab_send d = {.op = FAB_OP_WRITE, .peer = 1, .key = 1};

    if (_i == 0) { /* send ring */
        a->hole = a->q[0].send;
        a->hole_len = 64;
        rack_bell(a, FAB_DB_SEND, 0, 1);
    } else if (_i == 1) { /* status */
        a->hole = a->q[0].status;
        a->hole_len = 64;
        d.peer = 9;
        rack_send(a, 0, &d);
    } else if (_i == 2) { /* completion ring */
        a->hole = a->q[0].done;
        a->hole_len = 64;
        d.peer = 9;
        rack_send(a, 0, &d);
    } else { /* receive ring: its peers see a queue that is not there */
        rack_recv(a, 0, RACK_RAM, 64, 0);
        a->hole = a->q[0].recv;
        a->hole_len = 32;
        d = (struct fab_send){.op = FAB_OP_SEND, .peer = 0};
        rack_send(b, 0, &d);
        settle();
        struct fab_cqe c;
        ck_assert(rack_poll(b, 0, &c));
        ck_assert_uint_eq(c.status, FAB_C_NO_QUEUE);
    }
    stopped(FAB_E_ADDRESS, 1);
}
END_TEST

/* Completes n operations now. */
static void complete(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        rack_put_send(a, 0, &(struct fab_send){0}); /* complete at once, with an error */
    rack_bell(a, FAB_DB_SEND, 0, a->q[0].send_tail);
}

static void arm(unsigned read)
{
    a->q[0].done_head = (uint16_t)(a->q[0].done_head + read);
    rack_bell(a, FAB_DB_DONE_ARM, 0, a->q[0].done_head);
}

START_TEST(arming)
{
    unsigned *irq = &a->interrupts[0];

    complete(3);
    ck_assert_uint_eq(*irq, 0); /* not armed */
    arm(2);
    ck_assert_uint_eq(*irq, 1); /* one is there */
    complete(1);
    ck_assert_uint_eq(*irq, 1); /* once */
    arm(2);
    ck_assert_uint_eq(*irq, 1);
    complete(2);
    ck_assert_uint_eq(*irq, 2);
    complete(1);
    ck_assert_uint_eq(*irq, 2);
    rack_bell(a, FAB_DB_DONE, 0, a->q[0].done_head = (uint16_t)(a->q[0].done_head + 3));
    complete(1);
    ck_assert_uint_eq(*irq, 2); /* DONE does not arm */
    for (unsigned i = 1; i < FAB_VECTORS; i++)
        ck_assert_uint_eq(a->interrupts[i], 0);
    ck_assert_uint_eq(rack_count(a).interrupts, rack_count(b).interrupts + 2);
}
END_TEST

/* At the moment of the interrupt, completion and status word are in memory. */
static void look(struct rack_node *n, unsigned vector)
{
    const struct fab_cqe *c = rack_at(n, n->q[0].done, sizeof *c);

    ck_assert_uint_eq(vector, 0);
    ck_assert_uint_eq(c->flags & FAB_CQE_PHASE, FAB_CQE_PHASE);
    ck_assert_uint_eq(rack_status(n, 0)->done_tail, 1);
    ck_assert_uint_eq(c->time_ns, (uint64_t)(n->rack->now_ps / VTIME_NS));
}

START_TEST(order_of_writes)
{
    uint64_t m = rack_alloc(a, 64), to = rack_alloc(b, 64);

    r->on_interrupt = look;
    arm(0);
    rack_bell(b, FAB_DB_DONE_ARM, 0, 0);
    rack_recv(b, 0, to, 64, 0);
    rack_send(a, 0, &(struct fab_send){.op = FAB_OP_SEND, .n_sge = 1, .peer = 1, .len = 64, .addr = m});
    settle();
    ck_assert_uint_eq(a->interrupts[0], 1);
    ck_assert_uint_eq(b->interrupts[0], 1);
}
END_TEST

START_TEST(moderation)
{
    struct fab_admin set = {.op = FAB_ADMIN_MODERATION, .queue = 0, .count = 4, .delay_ns = 20000};
    unsigned *irq = &a->interrupts[0];

    ck_assert_uint_eq(rack_admin(a, &set), FAB_OK);
    arm(0);
    complete(3);
    ck_assert_uint_eq(*irq, 0);
    complete(1);
    ck_assert_uint_eq(*irq, 1); /* the fourth */
    arm(4);
    rack_until(r, r->now_ps + VTIME_MS);
    vtime_t begin = r->now_ps;
    complete(1);
    rack_until(r, begin + 10 * VTIME_US);
    complete(1);
    rack_until(r, begin + 20 * VTIME_US - VTIME_NS);
    ck_assert_uint_eq(*irq, 1);
    rack_until(r, begin + 20 * VTIME_US); /* 20 us after the first */
    ck_assert_uint_eq(*irq, 2);
    rack_until(r, begin + VTIME_MS);
    ck_assert_uint_eq(*irq, 2);
    arm(1);
    ck_assert_uint_eq(*irq, 3); /* one is there: at once */
    arm(1);
    complete(1);
    set.count = 1;
    ck_assert_uint_eq(*irq, 3);
    ck_assert_uint_eq(rack_admin(a, &set), FAB_OK); /* nothing is held back any more */
    ck_assert_uint_eq(*irq, 4);
    arm(1);
    complete(1);
    ck_assert_uint_eq(*irq, 5);
}
END_TEST

START_TEST(masks)
{
    unsigned *irq = &a->interrupts[FAB_QUEUES];

    rack_set(a, FAB_REG_MASK, FAB_CAUSE_ALL & ~FAB_CAUSE_DOORBELL);
    rack_bell(a, FAB_DB_SEND, 7, 0);
    ck_assert_uint_eq(*irq, 0);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_CAUSE), FAB_CAUSE_DOORBELL);
    rack_set(a, FAB_REG_MASK, FAB_CAUSE_ALL); /* what is pending is raised */
    ck_assert_uint_eq(*irq, 1);
    rack_bell(a, FAB_DB_SEND, 7, 0);
    ck_assert_uint_eq(*irq, 1); /* still set: nothing new */
    rack_set(a, FAB_REG_CAUSE, FAB_CAUSE_DOORBELL);
    rack_bell(a, FAB_DB_SEND, 7, 0);
    ck_assert_uint_eq(*irq, 2);
}
END_TEST

START_TEST(ports)
{
    uint64_t m = rack_alloc(a, 512);
    struct fab_event *e = rack_at(a, m, 512);

    *e = (struct fab_event){.type = 7, .len = 20, .arg = 9};
    memcpy(e + 1, "hello, world", 12);
    fab_write(a->fab, FAB_REG_EVENT, m, 8);
    ck_assert_uint_eq(a->event_len, 20);
    ck_assert_mem_eq(a->event, e, 20);
    e->len = 8;
    rack_set(a, FAB_REG_EVENT, (uint32_t)m);
    ck_assert_uint_eq(a->event_len, 20);
    rack_set(a, FAB_REG_EVENT + 4, (uint32_t)(m >> 32));
    ck_assert_uint_eq(a->event_len, 8);
    e->len = 256;
    fab_write(a->fab, FAB_REG_EVENT, m, 8);
    ck_assert_uint_eq(a->event_len, 256);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_CAUSE), 0);
    for (unsigned i = 0; i < 4; i++) {
        static const uint16_t len[] = {7, 257, 0, 8};
        e->len = len[i];
        fab_write(a->fab, FAB_REG_EVENT, i == 3 ? 64 : m, 8);
        ck_assert_uint_eq(rack_reg(a, FAB_REG_CAUSE), FAB_CAUSE_EVENT);
        rack_set(a, FAB_REG_CAUSE, FAB_CAUSE_EVENT);
    }
    ck_assert_uint_eq(a->event_len, 256);
    rack_set(a, FAB_REG_RESULT, 0x103);
    ck_assert_int_eq(a->result, 3);
}
END_TEST

/* The queue stops in the middle of messages in both directions: what it had taken is flushed. */
START_TEST(flushed)
{
    uint64_t m = rack_alloc(a, 65536), to = rack_alloc(b, 65536);
    struct fab_cqe c;
    unsigned sends = 0, receives = 0;

    for (unsigned i = 0; i < 4; i++) {
        rack_recv(a, 0, m, 65536, 100 + i);
        rack_recv(b, 0, to, 65536, 200 + i);
    }
    for (unsigned i = 0; i < 4; i++) {
        struct fab_send d = {.op = FAB_OP_SEND, .n_sge = 1, .peer = 1, .len = 65536, .addr = m, .cookie = i};
        rack_send(a, 0, &d);
        d.peer = 0;
        d.addr = to;
        rack_send(b, 0, &d);
    }
    while (rack_status(a, 0)->recv_head < 2)
        rack_until(r, r->now_ps + 100 * VTIME_NS);
    uint64_t under_way = rack_count(a).outstanding;
    ck_assert_uint_ge(under_way, 2);
    uint16_t before = rack_status(a, 0)->done_tail;
    rack_bell(a, FAB_DB_RECV, 0, 2); /* backwards */
    ck_assert_uint_eq((uint16_t)(rack_status(a, 0)->done_tail - before), under_way);
    for (uint16_t i = before; i != rack_status(a, 0)->done_tail; i++) {
        memcpy(&c, rack_at(a, a->q[0].done + i * 32u, 32), 32);
        ck_assert_uint_eq(c.status, FAB_C_FLUSHED);
        receives += c.op == FAB_OP_RECV;
        sends += c.op == FAB_OP_SEND;
    }
    ck_assert_uint_eq(receives, 1);
    ck_assert_uint_eq(sends, under_way - 1);
    ck_assert_uint_eq(rack_count(a).outstanding, 0);
    /* b's messages end with an error; half a message of a's stays with it until a's next epoch. */
    rack_until(r, r->now_ps + VTIME_S);
    sends = 0;
    while (rack_poll(b, 0, &c))
        if (c.op == FAB_OP_SEND) {
            ck_assert(c.status == FAB_C_OK || c.status == FAB_C_NO_QUEUE);
            sends += c.status == FAB_C_NO_QUEUE;
        }
    ck_assert_uint_ge(sends, 1);
    ck_assert_uint_eq(rack_count(b).outstanding, 1);
}
END_TEST

/* Reset in the middle of everything: as after power-on, and nothing more happens. */
START_TEST(reset)
{
    uint64_t m = rack_alloc(a, 65536), to = rack_alloc(b, 65536);

    for (unsigned i = 0; i < 16; i++)
        rack_recv(b, 0, to, 65536, i);
    for (unsigned i = 0; i < 16; i++)
        rack_send(a, 0,
                  &(struct fab_send){.op = FAB_OP_SEND, .n_sge = 1, .peer = 1, .len = 65536, .addr = m});
    rack_set(a, FAB_REG_MASK, 0);
    ck_assert_uint_eq(rack_region(a, 5, 7, m, 100), FAB_OK);
    rack_until(r, r->now_ps + 20 * VTIME_US);
    ck_assert_uint_gt(rack_count(a).outstanding, 0);
    rack_set(a, FAB_REG_CONTROL, FAB_CONTROL_ENABLE | FAB_CONTROL_RESET);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_CONTROL), FAB_CONTROL_ENABLE);
    ck_assert_uint_eq(rack_reg(a, FAB_REG_MASK), FAB_CAUSE_ALL & ~(uint32_t)FAB_CAUSE_INPUT);
    ck_assert(fab_quiet(a->fab));
    struct fab_counters c = rack_count(a), zero = {.interrupts = 1}; /* the link's */
    ck_assert_mem_eq(&c, &zero, sizeof c);
    struct fab_admin clear = {.op = FAB_ADMIN_REGION_CLEAR, .key = 5};
    ck_assert_uint_eq(rack_admin(a, &clear), FAB_E_KEY);
    unsigned before = rack_status(a, 0)->done_tail;
    rack_until(r, r->now_ps + VTIME_S);
    ck_assert_uint_eq(rack_status(a, 0)->done_tail, before);
    ck_assert_uint_eq(rack_count(a).packets_out, 0);
}
END_TEST

/* Ring indices go around 16 bits, and phases with them. */
START_TEST(around)
{
    struct fab_cqe c;

    ck_assert_uint_eq(rack_queue(a, 1, 32768, 2, 32768), FAB_OK);
    ck_assert_uint_eq(rack_queue(a, 2, 2, 2, 2), FAB_OK);
    for (unsigned q = 1; q < 3; q++)
        for (unsigned i = 0; i < 70000; i++) {
            rack_send(a, q, &(struct fab_send){.op = FAB_OP_DATAGRAM, .peer = 1, .cookie = i});
            must(rack_settle(r, r->now_ps + VTIME_MS));
            must(rack_poll(a, q, &c) && c.cookie == i && c.index == (uint16_t)i && c.status == FAB_C_OK);
        }
    ck_assert_uint_eq(rack_reg(a, FAB_REG_QERROR), 0);
    ck_assert_uint_eq(rack_status(a, 1)->send_head, 70000 & 0xffff);
}
END_TEST

/* Any packet is allowed to arrive. */
START_TEST(strange_packets)
{
    uint8_t p[48 + 1024 + 100] = {0};
    struct fab_wire good = {.type = FAB_P_PROBE, .dst = 0, .src = 1, .queue = 0, .epoch = 5}, w;
    uint64_t bad = 0;

#define ARRIVES(n, change)                                                                                   \
    do {                                                                                                     \
        w = good;                                                                                            \
        change;                                                                                              \
        memcpy(p, &w, sizeof w);                                                                             \
        fab_receive(a->fab, p, n);                                                                           \
    } while (0)
    ARRIVES(48, w.dst = 1);
    ARRIVES(48, w.src = 0);
    ARRIVES(48, w.src = 2);
    ARRIVES(48, w.queue = 8);
    ARRIVES(48, w.type = 0);
    ARRIVES(48, w.type = FAB_P_END);
    ARRIVES(48, w.vc = 1);
    ARRIVES(47, w.dst = 0);
    ARRIVES(0, w.dst = 0);
    ARRIVES(48, w.epoch = 0);
    bad = rack_count(a).bad_packets;
    ck_assert_uint_eq(bad, 10);
    ck_assert_uint_eq(rack_count(a).packets_out, 0);
    ARRIVES(48, w.dst = 0); /* now a flow exists; find out its self from the answer */
    settle();
    ck_assert_uint_eq(rack_count(a).packets_out, 1);
    ARRIVES(48 + 10, (w.type = FAB_P_SEND, w.self = 12345));
    settle();
    ck_assert_uint_eq(rack_count(a).packets_out, 2); /* an earlier incarnation */
    ck_assert_uint_eq(rack_count(a).bad_packets, bad);
    ck_assert_uint_eq(rack_count(a).received_messages, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fabric_guest");
    TCase *d = tcase_create("dark"), *t = tcase_create("guest");
    SRunner *sr = srunner_create(s);

    suite_add_tcase(s, d);
    tcase_add_checked_fixture(d, start_dark, finish);
    tcase_add_test(d, registers);
    tcase_add_test(d, input);
    tcase_add_test(d, link);
    tcase_add_test(d, first_moment);
    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, start, finish);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, admin);
    tcase_add_loop_test(t, doorbells, 0, 5);
    tcase_add_loop_test(t, ring_lost, 0, 4);
    tcase_add_test(t, arming);
    tcase_add_test(t, order_of_writes);
    tcase_add_test(t, moderation);
    tcase_add_test(t, masks);
    tcase_add_test(t, ports);
    tcase_add_test(t, flushed);
    tcase_add_test(t, reset);
    tcase_add_test(t, around);
    tcase_add_test(t, strange_packets);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
