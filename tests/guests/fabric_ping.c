/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_ping.c - nodes 0 and 1 measure each other with the device's clock, which is the same on all nodes.
 *
 *   send BYTES: one way N, completed N, answered N     from just before the doorbell to the completion there,
 *                                                      to ours, and to that of the answer (8 bytes)
 *   write|read BYTES: N     cas: N     add: N          to our completion
 *   stream COUNT BYTES: N                              from the first completion there to the last
 *
 * All in ns. Between the reading of the clock and the doorbell lie a few instructions (1 ns each, at most 8):
 * the software in all of these times but the last one of `send`, which has the peer's in it, too. Each size
 * is tried once before it is measured, so that credits are there.
 */
#include "tests/guests/adapter.h"

enum { BYTES = FAB_MAX_MESSAGE, STREAM = 24, BUFFERS = 8, KEY = 0x10, Q = 0 };

static _Alignas(64) uint8_t out[BYTES], in[BYTES], shared[BYTES];
static _Alignas(64) uint64_t answer[2];

static struct fab_cqe wait_for(unsigned op)
{
    struct fab_cqe c;

    while (!queue_poll(Q, &c))
        if (queue_error(Q))
            fail("queue error", queue_error(Q));
    if (c.status != FAB_C_OK)
        fail("completion status", c.status);
    if (c.op != op)
        fail("completion of another operation", c.op);
    return c;
}

static struct fab_send *describe(unsigned op, void *buffer, uint32_t bytes)
{
    struct fab_send *s = queue_next(Q);
    s->op = (uint8_t)op;
    s->n_sge = bytes > 0;
    s->peer = (uint16_t)!adapter.node;
    s->len = bytes;
    s->addr = (uintptr_t)buffer;
    s->key = KEY;
    return s;
}

static void print_line(const char *what, uint32_t bytes)
{
    print(what);
    print_number(bytes);
    print(": ");
}

/* One message there and its answer. Which of two completions comes first is the fabric's business. */
static void send_one(uint32_t bytes, bool tell)
{
    uint64_t at[2] = {0}, begin;

    describe(FAB_OP_SEND, out, bytes);
    begin = queue_send_stamped(Q, (uint64_t *)out);
    for (unsigned i = 0; i < 2; i++) {
        struct fab_cqe c;
        while (!queue_poll(Q, &c))
            ;
        if (c.status != FAB_C_OK)
            fail("completion status", c.status);
        at[c.op == FAB_OP_RECV] = c.time_ns - begin;
    }
    queue_receive(Q, in, sizeof in, 0);
    if (!tell)
        return;
    print_line("send ", bytes);
    print("one way ");
    print_number(*(const volatile uint64_t *)in);
    print(", completed ");
    print_number(at[0]);
    print(", answered ");
    print_number(at[1]);
    print("\n");
}

static void one_sided(const char *what, unsigned op, uint32_t bytes, bool tell)
{
    static uint64_t stamp;

    describe(op, out, bytes);
    uint64_t ns = queue_send_stamped(Q, &stamp);
    ns = wait_for(op).time_ns - ns;
    if (!tell)
        return;
    print_line(what, bytes);
    print_number(ns);
    print("\n");
}

static void client(void)
{
    static const uint32_t sizes[] = {8, 64, 256, 1024, 4096, 16384, 65536};

    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        pattern_fill(out, sizes[i], sizes[i]);
        for (unsigned tell = 0; tell < 2; tell++)
            send_one(sizes[i], tell);
    }
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (unsigned tell = 0; tell < 2; tell++) {
            pattern_fill(out, sizes[i], i + 100);
            one_sided("write ", FAB_OP_WRITE, sizes[i], tell);
            memset(out, 0, sizes[i]);
            one_sided("read ", FAB_OP_READ, sizes[i], tell);
            if (!pattern_matches(out, sizes[i], i + 100))
                fail("what was read is not what was written, bytes", sizes[i]);
        }
    one_sided("cas ", FAB_OP_CAS, 8, true);
    one_sided("add ", FAB_OP_FETCH_ADD, 8, true);
    for (unsigned i = 0; i < STREAM; i++) {
        describe(FAB_OP_SEND, out, BYTES);
        queue_send(Q);
    }
    for (unsigned i = 0; i < STREAM; i++)
        wait_for(FAB_OP_SEND);
    adapter_result(0);
}

static void answer_one(uint32_t bytes)
{
    struct fab_cqe c = wait_for(FAB_OP_RECV);

    if (c.len != bytes)
        fail("message of another length", c.len);
    answer[0] = c.time_ns - *(const volatile uint64_t *)in;
    queue_receive(Q, in, sizeof in, 0);
    describe(FAB_OP_SEND, answer, sizeof answer);
    queue_send(Q);
    wait_for(FAB_OP_SEND);
}

static void server(void)
{
    static const uint32_t sizes[] = {8, 64, 256, 1024, 4096, 16384, 65536};
    uint64_t first = 0, last = 0;

    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (unsigned tell = 0; tell < 2; tell++)
            answer_one(sizes[i]);
    for (unsigned i = BUFFERS; i < STREAM; i++)
        queue_receive(Q, in, sizeof in, 0);
    for (unsigned i = 0; i < STREAM; i++) {
        struct fab_cqe c = wait_for(FAB_OP_RECV);
        if (c.len != BYTES)
            fail("message of another length", c.len);
        queue_receive(Q, in, sizeof in, 0); /* so that credits never run out */
        last = c.time_ns;
        first = first ? first : last;
    }
    print("stream ");
    print_number(STREAM - 1);
    print_line(" ", BYTES);
    print_number(last - first);
    print("\n");
    adapter_leave(0);
}

void run_ping(const char *line)
{
    (void)line;
    if (adapter.node > 1)
        return;
    adapter_up();
    unsigned e = queue_setup(Q);
    if (!e)
        e = adapter_region(KEY, shared, sizeof shared,
                           FAB_ACCESS_READ | FAB_ACCESS_WRITE | FAB_ACCESS_ATOMIC);
    if (e)
        fail("set-up", e);
    for (unsigned i = 0; i < BUFFERS; i++)
        queue_receive(Q, in, sizeof in, 0);
    if (adapter.node)
        server();
    else
        client();
}
