/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * states.h - all that can happen in a small world: depth first, each state once.
 *
 * The world is a piece of memory that may be copied and put back. States are told apart by a 128-bit hash of
 * what matters (contents, not addresses). In each state check is called; where nothing can happen, finish. A
 * state that comes back on its own path is a circle in which nothing gets on, and is an error.
 */
#ifndef TESTS_CORE_STATES_H
#define TESTS_CORE_STATES_H
#include <stddef.h>
#include <stdint.h>

struct states {
    void *world;
    size_t world_bytes, action_bytes;
    unsigned most_actions, most_steps;
    unsigned (*actions)(void *list);                  /* how many there are */
    unsigned (*needed)(const void *list, unsigned n); /* of them: those without which it is not the end */
    void (*act)(const void *action);
    void (*print)(const void *action);
    const char *(*check)(void);
    const char *(*finish)(void);        /* may break the world */
    void (*hash)(void);                 /* calls states_mix */
    uint64_t states, transitions, ends; /* results */
    unsigned deepest;
};

void states_mix(const void *data, size_t bytes);
void states_mix_number(uint64_t v);
/* From the present world on. NULL, or what is wrong; the way there was printed. */
const char *states_all(struct states *s);
#endif
