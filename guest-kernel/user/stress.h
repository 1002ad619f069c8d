/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stress.h - random system calls (stress_calls.c), made and survived (stress.c). */
#ifndef STRESS_H
#define STRESS_H

#include "guest-kernel/user/user.h"

enum { ARENA_PAGES = 16 };
struct chance { /* of one thread: what it does follows from state alone */
    uint64_t state;
    char *arena;          /* ARENA_PAGES, of all kinds: arena_new() */
    uint64_t calls, done; /* made; of these, not refused */
    uint32_t hash;        /* of all results */
};

/* Memory to point at: pages that may be written, read, executed, not touched, and holes. NULL: no memory. */
char *arena_new(void);
uint32_t below(struct chance *c, uint32_t n);
/* Makes one call, which may end, replace, or stop the caller for ever. */
void random_call(struct chance *c);
/* Calls with pointers that must be refused, each with each: how many were not. */
unsigned refusals(void);

#endif
