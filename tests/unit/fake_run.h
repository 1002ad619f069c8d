/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_run.h - runs a world of fake nodes on the real engine, port and fabric, in a process of its own (the fabric
 * exists once per process). A broken promise, a crash or a deadlock ends that process, and fake_run() says so.
 */
#ifndef COB_FAKE_RUN_H
#define COB_FAKE_RUN_H

#include "tests/unit/fake_world.h"

struct fake_how {
    uint64_t order;    /* without threads: seed of the order in which nodes arrive */
    unsigned n_cores;  /* 0: no threads */
    uint32_t spin;
    bool engine_always;
};

struct fake_result { /* shared with the process that runs */
    struct fake_log log[FAKE_NODES];
    uint64_t ids[FAKE_NODES]; /* over the frame ids that a node saw */
    enum port_end end[FAKE_NODES];
    uint64_t rounds, engine_calls;
};

struct fake_result *fake_result_new(void);
void fake_result_free(struct fake_result *r);
/* Returns 0, or -1 with the reason in why[size] (and more on stderr). Logs are sorted. */
int fake_run(const struct world *w, const struct fake_how *how, struct fake_result *out, char *why, size_t size);

#endif
