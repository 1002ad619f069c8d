/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_faults.c - what faults of the scenario do to a node, as its guest sees it.
 *
 * faults: node 0 sends `count` messages to node 1, one every 50 us of device time; both say how each ended:
 *
 *   sent 3: status 0                                     node 0
 *   got 3: status 0, wrong bits 0, interrupt 12          node 1; ns from the completion to its interrupt, or
 * "none"
 *
 * victim: until `ms` of device time have passed (and without an adapter's peer)
 *
 *   flipped byte 5: 16                                   of the page at `at`, which was zero: what it holds
 * now code at 1234567: 35                                  a function in the page at `at` + 4096 that
 * returned 33 returns this, since when gap at 1234567: 5000123                              the longest time
 * in which nothing was executed, ns: its end turns: 123456                                        of the loop
 * that watches all this
 */
#include "tests/guests/adapter.h"

enum { Q = 2, BYTES = 4096, EVERY_NS = 50000, PATIENCE_NS = 40000, NUMBER = 33 };

static _Alignas(64) uint8_t buffer[BYTES];
static volatile uint32_t raised[FAB_VECTORS];

static void print_pair(const char *what, uint64_t number, const char *then)
{
    print(what);
    print_number(number);
    print(then);
}

static struct fab_cqe wait_done(void)
{
    struct fab_cqe c;
    while (!queue_poll(Q, &c))
        ;
    return c;
}

static void wait_until(uint64_t ns)
{
    while (adapter_time_ns() < ns)
        ;
}

static void send_all(uint64_t count)
{
    uint64_t start = adapter_time_ns() + EVERY_NS;

    for (uint64_t i = 0; i < count; i++) {
        wait_until(start + i * EVERY_NS);
        pattern_fill(buffer, BYTES, i);
        struct fab_send *s = queue_next(Q);
        s->op = FAB_OP_SEND;
        s->n_sge = 1;
        s->peer = 1;
        s->len = BYTES;
        s->addr = (uintptr_t)buffer;
        queue_send(Q);
        struct fab_cqe c = wait_done();
        print_pair("sent ", i, ": status ");
        print_pair("", c.status, "\n");
    }
}

static unsigned wrong_bits(uint64_t key)
{
    static _Alignas(64) uint8_t want[BYTES];
    unsigned bits = 0;

    pattern_fill(want, BYTES, key);
    for (unsigned i = 0; i < BYTES; i++)
        for (unsigned x = buffer[i] ^ want[i]; x; x &= x - 1)
            bits++;
    return bits;
}

/* The queue's vector is that of its number; see fab_irq. */
static bool any_raised(void)
{
    for (unsigned v = 0; v < FAB_VECTORS; v++)
        if (raised[v])
            return true;
    return false;
}

static void receive_all(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        queue_receive(Q, buffer, BYTES, i);
        for (unsigned v = 0; v < FAB_VECTORS; v++)
            raised[v] = 0;
        queue_arm(Q);
        struct fab_cqe c = wait_done();
        uint64_t now;
        do
            now = adapter_time_ns();
        while (!any_raised() && now < c.time_ns + PATIENCE_NS);
        print_pair("got ", i, ": status ");
        print_pair("", c.status, ", wrong bits ");
        print_pair("", wrong_bits(i), ", interrupt ");
        if (any_raised())
            print_pair("", now - c.time_ns, "\n");
        else
            print("none\n");
    }
}

void run_faults(const char *line)
{
    uint64_t count = number_of(line, "count=", 10);

    if (adapter.node > 1)
        return;
    adapter_up();
    pci_vectors(raised, FAB_VECTORS);
    unsigned e = queue_setup(Q);
    if (e)
        fail("set-up", e);
    if (adapter.node)
        receive_all(count);
    else
        send_all(count);
    adapter_leave(0);
}

void run_victim(const char *line)
{
    uint64_t end = number_of(line, "ms=", 10) * 1000000, now, before, gap = 0, gap_at = 0, code_at = 0,
             turns = 0;
    volatile uint8_t *page = (volatile uint8_t *)(uintptr_t)number_of(line, "at=", 0);
    unsigned (*function)(void) = (unsigned (*)(void))(uintptr_t)(page + 4096);
    unsigned last = NUMBER;

    for (unsigned i = 0; i < 4096; i++)
        page[i] = 0;
    machine_code((void *)(uintptr_t)function, NUMBER);
    say("victim since", before = adapter_time_ns());
    for (; (now = adapter_time_ns()) < end; before = now, turns++) {
        if (now - before > gap) {
            gap = now - before;
            gap_at = now;
        }
        unsigned got = function();
        if (got != last) {
            last = got;
            code_at = now;
        }
    }
    for (unsigned i = 0; i < 4096; i++)
        if (page[i]) {
            print_pair("flipped byte ", i, ": ");
            print_pair("", page[i], "\n");
        }
    if (last != NUMBER) {
        print_pair("code at ", code_at, ": ");
        print_pair("", last, "\n");
    }
    print_pair("gap at ", gap_at, ": ");
    print_pair("", gap, "\n");
    say("turns", turns);
    adapter_result(0);
}
