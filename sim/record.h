/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record.h - writes the replay logs of a run (tracing/replay.h): joins the engine's recorder to one log per
 * node.
 *
 *   record_open     before the first guest is started: files, heads; the engine records from here on
 *   record_close    when nobody runs any more: where each node stands, and the hash of its memory
 *
 * From the main thread; between the two the engine calls under its lock, and a call may block on the disk.
 */
#ifndef COB_RECORD_H
#define COB_RECORD_H

#include "tracing/replay.h"
#include <limits.h>

struct run;
struct record;

/* For a run that is prepared up to its engine. NULL with the reason in r->why. */
struct record *record_open(struct run *r);
/*
 * Ends the logs with what the engine's port and r->node say; frees. 0, or -1 with errno, path and reason in
 * why[size]. NULL is allowed.
 */
int record_close(struct record *rec, const struct run *r, char *why, size_t size);
/* Leaves the logs without an end (a run that came to nothing); frees. NULL is allowed. */
void record_abandon(struct record *rec);
/* Bytes in all logs. */
uint64_t record_bytes(const struct record *rec);

/*
 * The head of node i's log. The part that is about its software and machine needs r->node[i] only, the rest
 * the engine. 0, or -1 with the reason in r->why (a
 * file cannot be read).
 */
int record_head(struct run *r, unsigned i, struct replay_head *head);
/* XXH64 of a file. 0, or -1 with path and reason in why[size]. */
int record_hash_file(const char *path, uint64_t *out, char *why, size_t size);
/* <run>/replay/<node>.log in buf. */
char *record_path(const char *run, const char *node, char buf[PATH_MAX]);

#endif
