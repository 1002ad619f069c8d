/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shared.h - between the files of `shared`, the test of memory that all nodes share.
 *
 * Each test is run by all nodes at once, with a barrier before it; it says what is wrong, and returns how
 * many things are. A page's home is its number modulo the number of nodes.
 */
#ifndef SHARED_H
#define SHARED_H
#include "guest-kernel/user/user.h"

extern unsigned self, nodes; /* this node, number of nodes */

/* Pages; a test's own are used by nothing else, so that its messages can be counted. */
enum { PAGE_BARRIER = 0, PAGE_LOCK = 8, PAGE_COUNTER, PAGE_PINGPONG, PAGE_LITMUS = 16, PAGE_SUMS = 32 };
enum { PAGE_CASES = 64, PAGE_RESULTS = 128, PAGE_ARRAY = 256, ARRAY_PAGES = 48 };

void *page_at(unsigned page);
static inline uint64_t load(const uint64_t *at)
{
    return __atomic_load_n(at, __ATOMIC_SEQ_CST);
}
static inline void store(uint64_t *at, uint64_t value)
{
    __atomic_store_n(at, value, __ATOMIC_SEQ_CST);
}
/* Waits for all nodes. */
void barrier(void);

/* shared_litmus.c */
unsigned test_message_passing(void);
unsigned test_store_buffering(void);

#endif
