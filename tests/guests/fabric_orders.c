/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_orders.c - a protocol with a mistake, for `cob explore` to find; and the same without it.
 *
 * Node 0 sends numbered orders by datagram, one at a time, and sends each again until it is answered. Node 1
 * adds up their amounts and answers with the sum. An order whose answer was late comes twice, so node 1 must
 * not count it again:
 *
 *   orders careful   it ignores every number that is not the next one
 *   orders           it ignores the number that it has counted last - and counts an older one, which arrives
 * after its successor, once more. In a fabric that keeps the order this never happens.
 *
 *   count=N (20)          orders          begin=N (20)       ms: when they begin
 *   patience=N (20000)    ns for which node 0 waits for an answer
 *   every=N (50000)       ns from one order to the next at least
 *
 * Node 0 ends with status 1 if the sum is not that of its orders.
 */
#include "tests/guests/adapter.h"

enum { Q = 0, BUFFERS = 16, GOODBYE = 1 << 30, SILENCE_NS = 2000000 };

static _Alignas(64) uint64_t buffers[BUFFERS][8];
static _Alignas(64) uint64_t out[8];

static void post(uint64_t i)
{
    queue_receive(Q, buffers[i], sizeof buffers[i], i);
}

static void send(uint32_t number, uint64_t value)
{
    struct fab_send *s = queue_next(Q);

    *(volatile uint64_t *)out = value;
    s->op = FAB_OP_DATAGRAM;
    s->n_sge = 1;
    s->peer = (uint16_t)!adapter.node;
    s->len = sizeof value;
    s->addr = (uintptr_t)out;
    s->imm = number;
    queue_send(Q);
}

/* True if a datagram has come. */
static bool take(uint32_t *number, uint64_t *value)
{
    struct fab_cqe c;

    while (queue_poll(Q, &c)) {
        if (c.status != FAB_C_OK)
            fail("completion status", c.status);
        if (c.op != FAB_OP_RECV)
            continue; /* ours has left */
        *number = c.imm;
        *value = *(const volatile uint64_t *)buffers[c.cookie];
        post(c.cookie);
        return true;
    }
    return false;
}

static uint64_t amount(uint64_t number)
{
    return mix(number) & 0xffff;
}

/* Sends until it is answered; returns the answer. */
static uint64_t ask(uint32_t number, uint64_t value, uint64_t patience_ns, uint64_t *again)
{
    for (;; ++*again) {
        uint64_t begin = adapter_time_ns();
        send(number, value);
        while (adapter_time_ns() - begin < patience_ns) {
            uint32_t n;
            uint64_t sum;
            if (take(&n, &sum) && n == number)
                return sum;
        }
    }
}

static void client(const char *line)
{
    uint64_t count = number_of(line, "count=", 20), patience = number_of(line, "patience=", 20000);
    uint64_t every = number_of(line, "every=", 50000), due = number_of(line, "begin=", 20) * 1000000;
    uint64_t sum = 0, again = 0;

    for (uint64_t i = 1; i <= count; i++, due += every) {
        while (adapter_time_ns() < due)
            ;
        ask((uint32_t)i, amount(i), patience, &again);
        sum += amount(i);
    }
    uint64_t theirs = ask(GOODBYE, 0, patience, &again);
    say("orders sent again", again);
    say("sum of the orders", sum);
    say("sum by the other's book", theirs);
    adapter_result(theirs != sum);
}

static void server(bool careful)
{
    uint64_t sum = 0, heard = 0;
    uint32_t last = 0;
    bool ending = false;

    while (!ending || adapter_time_ns() - heard < SILENCE_NS) {
        uint32_t number;
        uint64_t value;
        if (!take(&number, &value))
            continue;
        heard = adapter_time_ns();
        if (number == GOODBYE) {
            ending = true;
        } else if (careful ? number == last + 1 : number != last) {
            sum += value;
            last = number;
        }
        send(number, sum);
    }
    say("orders in the book end with number", last);
    adapter_result(0);
}

void run_orders(const char *line)
{
    if (adapter.node > 1)
        return;
    adapter_up();
    if (queue_setup(Q))
        fail("set-up", queue_error(Q));
    for (uint64_t i = 0; i < BUFFERS; i++)
        post(i);
    if (adapter.node)
        server(has_word(line, "careful"));
    else
        client(line);
}
