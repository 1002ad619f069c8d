/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay.h - running again what a run has recorded (docs/replay.md): one node alone, or all traffic over
 * another interconnect. The two halves of `cob replay`; both return its exit status and say on stderr what
 * went wrong.
 */
#ifndef COB_SIM_REPLAY_H
#define COB_SIM_REPLAY_H

#include "devices/port/vtime.h"
#include "sim/guest.h"
#include <stdbool.h>

struct replay_options {
    const char *run;                      /* the run's directory */
    const char *node;                     /* replay_node */
    vtime_t until_ps;                     /* VTIME_NEVER: to where the record ends */
    const char *kernel, *initrd, *append; /* instead of the run's; NULL: the same */
    const struct guest_backend *backend;
    const char *fabric; /* replay_fabric: the other scenario */
    bool json, quiet;
    const char *debug; /* replay_node: the mailbox of a debugger, NULL: none */
};

/*
 * One node, with a run directory of its own (NAME-replay-NNN; `latest` stays). 0 all it emitted was as
 * recorded, and its memory at the end (as far as it was replayed); 4 it was not; 2 there is no such node or
 * no whole log; 3, 124, 130 as cob run.
 */
int replay_node(const struct replay_options *o);

/*
 * What all nodes emitted, over the run's interconnect and over the other one. 0; 2 if the logs or the
 * scenario are not good for that; 3.
 */
int replay_fabric(const struct replay_options *o);

/* The run's scenario, from its directory. NULL with an error on stderr. Caller: scenario_free(). */
struct scenario *replay_scenario(const char *run);

#endif
