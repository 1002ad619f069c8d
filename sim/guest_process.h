/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_process.h - a guest as a process: adopted once it runs, ended without asking it. Shared by the back
 * ends.
 */
#ifndef COB_GUEST_PROCESS_H
#define COB_GUEST_PROCESS_H

#include "sim/guest.h"

struct guest {
    pid_t pid;
    int pidfd;
    char *pid_path; /* removed when the process has ended; NULL if the spec named none */
    void *domain;   /* libvirt's handle; NULL with direct spawn */
};

/*
 * Takes a running process: opens its pidfd, writes its pid file. NULL with the reason in why[size]; the
 * process is then left to the caller.
 */
struct guest *guest_adopt(const struct guest_spec *spec, pid_t pid, char *why, size_t size);

/* SIGKILL, wait (at most ten seconds: only a process stuck in the kernel needs them), reap if it is our
 * child. */
void guest_kill(struct guest *g);

/* After guest_kill: closes, removes the pid file, frees. */
void guest_release(struct guest *g);

#endif
