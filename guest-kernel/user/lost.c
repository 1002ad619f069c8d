/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lost.c - what memory shared by all nodes does when the last of them dies, which must happen between 10 ms
 * and 70 ms after the start: pages that it alone had, or is the home of, end the process that touches them,
 * and one that was waiting for them then, in bounded time; the other nodes go on sharing. Ends with the
 * number of things that are wrong.
 */
#include "guest-kernel/user/shared_page.h"

enum { PAGE_MINE = 64, PAGE_OTHERS = 65, PAGE_BUSY = 66, PATIENCE_NS = 100000000, SIGBUS = 7 };

/* How a process ends that reads there, as wait4 says it. */
static int end_of_reader(const uint64_t *at)
{
    int status = -1;
    long child = fork();

    if (child == 0)
        exit(load(at) & 127);
    wait4(child, &status, 0);
    return status;
}

/* Writes for ever to a page that all nodes write to; the last is its home. */
static void compete(uint64_t *busy)
{
    for (;;)
        __atomic_fetch_add(busy, 1, __ATOMIC_SEQ_CST);
}

int main(int argc, char **argv)
{
    int status = -1;
    unsigned self, nodes = node_count(&self), last = nodes - 1, wrong = 0;
    uint64_t *owned = page_at(PAGE_MINE * nodes), *homed = page_at(PAGE_MINE * nodes + last),
             *counter = page_at(PAGE_OTHERS * nodes);

    (void)argc;
    (void)argv;
    if (self == last)
        store(owned, 1);
    long child = fork();
    if (child == 0)
        compete(page_at(PAGE_BUSY * nodes + last));
    wait4(child, &status, 0);
    print("lost: who waited ends with %d at %lu us of the rack\n", status, rack_ns() / 1000);
    wrong += status != SIGBUS;
    if (now_ns() < PATIENCE_NS)
        sleep_ns(PATIENCE_NS - now_ns());
    int first = end_of_reader(owned), second = end_of_reader(homed), again = end_of_reader(owned);
    print("lost: its page %d, its home %d, again %d\n", first, second, again);
    wrong += (first != SIGBUS) + (second != SIGBUS) + (again != SIGBUS);
    __atomic_fetch_add(counter, 1, __ATOMIC_SEQ_CST);
    while (load(counter) < last)
        ;
    print("lost: the others go on\n");
    return (int)wrong;
}
