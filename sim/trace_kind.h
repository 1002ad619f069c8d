/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace_kind.h - which frames and packets of a run are of a kind that its scenario names (`kinds:`).
 *
 * The trace has no bytes, so the kind is looked up in the replay logs, which have them all: a frame is of the
 * kind if it had the kind's bytes when its node emitted it, whatever a fault did to it later.
 */
#ifndef COB_TRACE_KIND_H
#define COB_TRACE_KIND_H

#include <stddef.h>
#include <stdint.h>

/*
 * Reads scenario.scn.yml and the replay logs in the directory `run`. 0: *ids are the *n frame ids, ascending,
 * and the caller frees them. -1 with the reason on stderr: the scenario cannot be read or has no such kind, a
 * node has no log or a damaged one. Of a log that a killed run has left what is there counts, and stderr says
 * so. Blocks on the disk.
 */
int trace_kind_frames(const char *run, const char *kind, uint64_t **ids, size_t *n);

#endif
