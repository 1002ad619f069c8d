/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rundir.h - the directory that a run leaves behind: runs/<name>-NNN/ and the link runs/latest.
 *
 *   scenario.scn.yml   the scenario with every default filled in
 *   result.json        outcome, per node: how and when it ended, memory hash; host facts under "host"
 *   result.xml, report.html   made from all the others: junit.h, report.h
 *   console/ trace/ capture/   see tracing/tracing.h
 *   replay/<node>.log  the replay log
 *   qemu/<node>.args   the exact command line, .log QEMU's own output, .pid while it runs
 *   tmp/               initial ram disks while the run lasts
 *
 * Not thread-safe; may block on the disk. Paths are relative to the working directory unless `base` is
 * absolute.
 */
#ifndef COB_RUNDIR_H
#define COB_RUNDIR_H

#include <limits.h>
#include <stddef.h>

struct rundir {
    char base[PATH_MAX]; /* of all runs */
    char path[PATH_MAX]; /* of this one, absolute */
    char name[80];       /* <scenario>-NNN */
};

/*
 * Makes the next free directory below base (made if it is not there) with its subdirectories, and points
 * `latest` at it. 0, or -1 with path and reason in why[size].
 */
int rundir_create(struct rundir *r, const char *base, const char *scenario, char *why, size_t size);
/* The same for what is no run: `latest` stays where it is. */
int rundir_create_beside(struct rundir *r, const char *base, const char *scenario, char *why, size_t size);
/* The same without its subdirectories: an empty directory <name>-NNN, and `latest` stays. */
int rundir_create_plain(struct rundir *r, const char *base, const char *name, char *why, size_t size);
/* "<path>/<dir>/<name><suffix>" into buf (dir may be ""); returns buf. */
char *rundir_path(const struct rundir *r, char buf[PATH_MAX], const char *dir, const char *name,
                  const char *suffix);
/* Removes tmp/ and what is in it, and the pid files of ended guests. */
void rundir_tidy(const struct rundir *r);
/* Removes the whole directory. */
void rundir_remove(const struct rundir *r);
/*
 * Finds a run by what a user types: a path, a name below base ("pair-003"), or "latest". 0 with the path in
 * buf, or -1 ENOENT with a sentence in why.
 */
int rundir_find(const char *base, const char *text, char buf[PATH_MAX], char *why, size_t size);
/* Where runs are kept: $COB_RUNS, else "runs". */
const char *rundir_base(void);

#endif
