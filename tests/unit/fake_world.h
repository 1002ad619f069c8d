/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_world.h - random racks of fake nodes, and the naive reference that simulates one.
 *
 * A world is a scenario (what the engine is built from) and the seed of its nodes' programs. All its times
 * are multiples of step_ps, so that the reference can visit every moment at which anything can happen: it
 * looks at every node and every link at every step, knows no lookahead, no grants, no events, and hands a
 * frame over when it is there.
 */
#ifndef COB_FAKE_WORLD_H
#define COB_FAKE_WORLD_H

#include "sim/scenario.h"
#include "tests/unit/fake_node.h"

enum {
    WORLD_SWITCHES = 2,
    WORLD_LINKS = FAKE_NODES * FAKE_NICS + 1,
    WORLD_OVERHEAD = 24 /* as in sim/engine.c */
};

struct world {
    uint64_t seed, stream;
    vtime_t step_ps; /* VTIME_NS, or a fraction */
    struct scenario scn;
    struct scn_node node[FAKE_NODES];
    struct scn_switch sw[WORLD_SWITCHES];
    struct scn_link link[WORLD_LINKS];
    bool own_profile[FAKE_NODES]; /* worlds made by hand */
    struct fake_profile profile[FAKE_NODES];
};

/* The same seed gives the same world. */
void world_make(struct world *w, uint64_t seed);
/* For worlds made by hand: adds a link and returns it. 1 ns per byte; the fields may be changed afterwards.
 */
struct scn_link *world_link(struct world *w, struct scn_end a, struct scn_end b, vtime_t delay_ps);
struct scn_end world_nic(struct world *w, unsigned node); /* its next free interface */
/* An empty world of n nodes. */
void world_empty(struct world *w, unsigned n_nodes, vtime_t stop_ps);
void world_start(const struct world *w, struct fake *f, unsigned i);
void world_print(const struct world *w, FILE *out);

/* Simulates the world naively; logs are sorted. */
void naive_run(const struct world *w, struct fake_log *logs);

#endif
