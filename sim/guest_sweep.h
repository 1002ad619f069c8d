/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_sweep.h - pid files, and what a process is known by. Used inside sim/guest_*.c only; the rest is in
 * guest.h.
 *
 * A pid file is text:
 *     cob-guest 1
 *     boot <the kernel's boot id>
 *     guest <pid> <start time> <path of its executable>
 *     owner <pid> <start time> <path of its executable>
 * The owner file of libvirt's directory (guest_root.h) is the same without its guest:
 *     cob-root 1
 *     boot <the kernel's boot id>
 *     owner <pid> <start time> <path of its executable>
 * A pid may be given to another process; pid, start time (/proc/<pid>/stat field 22) and boot id may not.
 *
 * Threads: no state.
 */
#ifndef COB_GUEST_SWEEP_H
#define COB_GUEST_SWEEP_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct guest_process {
    pid_t pid;
    unsigned long long start; /* clock ticks since boot */
    char exe[PATH_MAX];
};

/* Fills p from /proc. 0, or -1 errno (ESRCH: no such process, or it has ended and only waits to be reaped).
 */
int guest_process_read(pid_t pid, struct guest_process *p);

/* Writes the pid file of guest, owned by owner (normally getpid()). 0, or -1 errno; no half-written file is
 * left. */
int guest_pidfile_write(const char *path, pid_t guest, pid_t owner);

/* Writes an owner file. 0, or -1 errno; no half-written file is left. */
int guest_owner_write(const char *path, pid_t owner);

/* Does the process that an owner file names still run? errno says why it is unknown. */
enum guest_owner_state { GUEST_OWNER_UNKNOWN, GUEST_OWNER_RUNS, GUEST_OWNER_GONE };
enum guest_owner_state guest_owner_state(const char *path);

/* Removes libvirt's directory `path`, or those in `scratch` (normally GUEST_SCRATCH), if their cob is gone
 * (guest_scratch.c). Says on `say` what it cannot remove or understand. */
void guest_scratch_sweep_root(const char *path, FILE *say);
void guest_scratch_sweep(const char *scratch, FILE *say);

#endif
