/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_numbers.c - each node sends numbered messages to every other, at times that are known before, and
 * tells at the end what came in, in the order in which it came:
 *
 *   from SRC number N at NS ok|bad          bad: not the bytes that were sent. NS: since `start`
 *   sent N, failed N, held back N           failed: completed with an error, held back: too many under way
 *
 * Command line: start, gap, until (ns of device time; number n is sent at start + n * gap), count, size
 * (bytes), senders (bit i: node i sends), and the word `reliable`: SEND instead of DATAGRAM.
 */
#include "tests/guests/adapter.h"

enum { Q = 2, MOST = 512, BYTES = 4096, BUFFERS = RING - 1 };

static _Alignas(64) uint8_t in[BUFFERS][BYTES], out[RING][BYTES];
static struct arrival {
    uint32_t number;
    uint16_t from;
    bool ok;
    uint64_t at_ns;
} arrivals[MOST];
static unsigned n_arrivals, sent, failed, held_back, under_way;

static uint64_t key_of(unsigned from, uint32_t number)
{
    return (uint64_t)from << 32 | number;
}

static void take(uint32_t bytes)
{
    struct fab_cqe c;

    if (queue_error(Q))
        fail("queue error", queue_error(Q));
    while (queue_poll(Q, &c)) {
        if (c.op != FAB_OP_RECV) {
            under_way--;
            failed += c.status != FAB_C_OK;
            continue;
        }
        if (c.status != FAB_C_OK)
            fail("completion of a receive buffer, status", c.status);
        if (n_arrivals < MOST)
            arrivals[n_arrivals++] = (struct arrival){
                c.imm, c.peer, c.len == bytes && pattern_matches(in[c.cookie], bytes, key_of(c.peer, c.imm)),
                c.time_ns};
        queue_receive(Q, in[c.cookie], BYTES, c.cookie);
    }
}

static void send_to(unsigned peer, uint32_t number, uint32_t bytes, unsigned op)
{
    struct fab_send *s;
    uint8_t *buffer = out[number % RING];

    if (under_way == RING - 1) {
        held_back++;
        return;
    }
    pattern_fill(buffer, bytes, key_of(adapter.node, number));
    s = queue_next(Q);
    s->op = (uint8_t)op;
    s->n_sge = 1;
    s->peer = (uint16_t)peer;
    s->len = bytes;
    s->addr = (uintptr_t)buffer;
    s->imm = number;
    queue_send(Q);
    under_way++;
    sent++;
}

static void tell(uint64_t start)
{
    for (unsigned i = 0; i < n_arrivals; i++) {
        print("from ");
        print_number(arrivals[i].from);
        print(" number ");
        print_number(arrivals[i].number);
        print(" at ");
        print_number(arrivals[i].at_ns - start);
        print(arrivals[i].ok ? " ok\n" : " bad\n");
    }
    print("sent ");
    print_number(sent);
    print(", failed ");
    print_number(failed);
    print(", held back ");
    print_number(held_back);
    print("\n");
}

void run_numbers(const char *line)
{
    uint64_t start = number_of(line, "start=", 40000000), gap = number_of(line, "gap=", 10000);
    uint64_t until = number_of(line, "until=", 41000000), senders = number_of(line, "senders=", 0xffff);
    uint32_t count = (uint32_t)number_of(line, "count=", 20), bytes = (uint32_t)number_of(line, "size=", 64);
    unsigned op = has_word(line, "reliable") ? FAB_OP_SEND : FAB_OP_DATAGRAM;

    adapter_up();
    if (bytes > BYTES || bytes % 8 || queue_setup(Q))
        fail("size or queue", bytes);
    for (unsigned i = 0; i < BUFFERS; i++)
        queue_receive(Q, in[i], BYTES, i);
    if (adapter_time_ns() > start)
        fail("the link came up too late, ns", adapter_time_ns());
    for (uint32_t n = 0; n < count && (senders >> adapter.node & 1); n++) {
        while (adapter_time_ns() < start + n * gap)
            take(bytes);
        for (unsigned peer = 0; peer < adapter.n_nodes; peer++)
            if (peer != adapter.node)
                send_to(peer, n, bytes, op);
    }
    while (adapter_time_ns() < until)
        take(bytes);
    tell(start);
    adapter_result(0);
}
