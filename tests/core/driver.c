/* SPDX-License-Identifier: GPL-2.0-or-later */
/* driver.c - programs of random worlds, and of explorations; see driver.h. */
#include "tests/core/driver.h"
#include "tests/core/states.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t driver_worlds(int argc, char **argv, const char *part, uint64_t worlds, driver_play *play)
{
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 0) : worlds;
    uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    for (uint64_t seed = first; seed < first + count; seed++) {
        const char *wrong = play(seed, argc > 3);
        if (!wrong)
            continue;
        play(seed, true); /* again, for the reader */
        printf("core: %s, random: seed %llu: %s\n", part, (unsigned long long)seed, wrong);
        return 0;
    }
    return count;
}

static bool explore(const struct driver_explore *e, const void *config)
{
    const struct driver_config *c = config;
    struct states s = {0};
    char text[80];
    e->begin(config, &s, text, sizeof text);
    const char *wrong = states_all(&s);
    if (wrong)
        printf("core: %s, explore: %s: %s\n", e->part, c->name, wrong);
    else
        printf("core: %s, explore: %-16s %s: %9llu states %10llu transitions %7llu ends, depth %u\n", e->part,
               c->name, text, (unsigned long long)s.states, (unsigned long long)s.transitions,
               (unsigned long long)s.ends, s.deepest);
    fflush(stdout);
    return !wrong;
}

int driver_explore(int argc, char **argv, const struct driver_explore *e)
{
    bool found = false;
    for (size_t i = 0; i < e->count; i++) {
        const void *config = (const char *)e->configs + i * e->bytes;
        const struct driver_config *c = config;
        bool wanted = argc > 1 ? !strcmp(argv[1], "all") || !strcmp(argv[1], c->name) : c->always;
        found |= wanted;
        if (wanted && !explore(e, config))
            return EXIT_FAILURE;
    }
    if (!found)
        fprintf(stderr, "core: %s, explore: no such configuration: %s\n", e->part, argc > 1 ? argv[1] : "");
    return found ? EXIT_SUCCESS : EXIT_FAILURE;
}
