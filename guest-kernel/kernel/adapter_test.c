/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * adapter_test.c - asked for by adapter=test: every node sends its name to every other, and waits for theirs
 * and for the completions of its own, all by interrupt. A node that hears nothing for 200 ms fails.
 */
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/kernel.h"

enum { QUEUE = 0, PATIENCE_NS = 200000000 };

static unsigned heard, completed;

static void on_receive(unsigned q, unsigned peer, const void *data, size_t bytes)
{
    const char *name = data;

    (void)q;
    if (!bytes || bytes > 16 || name[bytes - 1])
        panic("a message of %lu bytes from node %u", (uint64_t)bytes, peer);
    print("adapter: node %u is %s\n", peer, name);
    heard++;
}

static void on_sent(unsigned q, uint64_t cookie, unsigned status)
{
    (void)q;
    if (status)
        panic("message to node %lu: completion %u", cookie, status);
    completed++;
}

void adapter_test(void)
{
    char what[8];

    if (!boot_option("adapter", what, sizeof what) || !same(what, "test"))
        return;
    adapter_enable();
    if (adapter_queue(QUEUE, on_receive, on_sent) < 0)
        panic("queue %d cannot be set up", QUEUE);
    const struct adapter_message name = {.head = arch_name, .head_bytes = length(arch_name) + 1};
    for (unsigned n = 0; n < adapter_nodes(); n++)
        if (n != adapter_node() && adapter_send(QUEUE, n, &name, n) < 0)
            panic("no message to node %u", n);
    uint64_t end = arch_time_ns() + PATIENCE_NS;
    while (heard < adapter_nodes() - 1 || completed < adapter_nodes() - 1) {
        if (arch_time_ns() >= end)
            panic("%u messages came, %u arrived", heard, completed);
        arch_timer_set(end);
        arch_idle();
    }
    arch_timer_set(UINT64_MAX);
    print("adapter: all %u nodes heard\n", adapter_nodes());
}
