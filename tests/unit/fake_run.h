/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_run.h - runs a world of fake nodes on the real engine and port, and on the fabric that the program is
 * linked with. A broken promise or a deadlock aborts the process with a line on stderr: run it in a child.
 */
#ifndef COB_FAKE_RUN_H
#define COB_FAKE_RUN_H

#include "tests/unit/fake_world.h"

struct tracing;

struct fake_how {
    uint64_t order;   /* without threads: seed of the order in which nodes arrive */
    unsigned n_cores; /* 0: no threads */
    uint32_t spin;
    bool engine_always;
    struct tracing *tracing; /* NULL: none */
};

struct fake_result {
    struct fake_log log[FAKE_NODES]; /* sorted */
    uint64_t ids[FAKE_NODES];        /* over the frame ids that a node saw */
    enum port_end end[FAKE_NODES];
    uint64_t rounds, engine_calls;
};

void fake_run(const struct world *w, const struct fake_how *how, struct fake_result *out);

#endif
