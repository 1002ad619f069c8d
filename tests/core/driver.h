/* SPDX-License-Identifier: GPL-2.0-or-later */
/* driver.h - what the programs that play random worlds, and those that explore small ones, have in common:
 * their arguments, the order of things, and what they say. */
#ifndef TESTS_CORE_DRIVER_H
#define TESTS_CORE_DRIVER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- random worlds: PROGRAM [WORLDS [FIRST SEED [v]]] ---- */

/* Plays one world, which the seed decides; verbose: and says what happens. NULL, or what is wrong. */
typedef const char *driver_play(uint64_t seed, bool verbose);
/* How many worlds there were, each of which was right; else 0: the first wrong one was played again, verbose,
 * and said to be so. part: "page", ... Without arguments: so many worlds, from seed 1. */
uint64_t driver_worlds(int argc, char **argv, const char *part, uint64_t worlds, driver_play *play);

/* ---- exploration: PROGRAM [all | NAME], without: what is marked for every build ---- */

struct states;
struct driver_config {
    const char *name;
    bool always;
};
struct driver_explore {
    const char *part;
    const void *configs; /* each begins with a struct driver_config */
    size_t count, bytes; /* how many; of one */
    /* The world as it begins in that configuration, and how it is searched; text: what it has, in some words.
     */
    void (*begin)(const void *config, struct states *s, char *text, size_t text_bytes);
};
/* What main returns. */
int driver_explore(int argc, char **argv, const struct driver_explore *e);
#endif
