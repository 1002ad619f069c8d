/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shared.h - between the files of `shared`, the test of memory that all nodes share.
 *
 * Each test is run by all nodes at once, with a barrier before it; it says what is wrong, and returns how
 * many things are. A page's home is its number modulo the number of nodes.
 */
#ifndef SHARED_H
#define SHARED_H
#include "guest-kernel/user/shared_page.h"

extern unsigned self, nodes; /* this node, number of nodes */

/* Pages; a test's own are used by nothing else, so that its messages can be counted. PAGE_CASES is times the
 * number of nodes, of which there are at most 32. */
enum { PAGE_BARRIER = 0, PAGE_LOCK = 8, PAGE_COUNTER, PAGE_PINGPONG, PAGE_SUMS = 32, PAGE_CASES = 64 };
enum { PAGE_RESULTS = 3072, PAGE_ARRAY = 3200, ARRAY_PAGES = 48, PAGE_LITMUS = 3328 };

/* Waits for all nodes. */
void barrier(void);

/* shared_litmus.c */
unsigned test_message_passing(void);
unsigned test_store_buffering(void);

#endif
