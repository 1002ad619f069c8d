/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_process.c - see guest_process.h; and the table of back ends.
 */
#include "sim/guest_process.h"
#include "sim/guest_sweep.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILL_LIMIT_MS 10000

static const struct guest_backend *const backends[] = {&guest_libvirt, &guest_direct};

const struct guest_backend *guest_backend_find(const char *name)
{
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++)
        if (!strcmp(backends[i]->name, name))
            return backends[i];
    return NULL;
}

struct guest *guest_adopt(const struct guest_spec *spec, pid_t pid, char *why, size_t size)
{
    struct guest *g = calloc(1, sizeof *g);

    if (!g || (spec->pid_path && !(g->pid_path = strdup(spec->pid_path)))) {
        snprintf(why, size, "out of memory");
        free(g);
        return NULL;
    }
    g->pid = pid;
    /* One that has ended in the meantime needs no pid file, and the caller will notice. */
    g->pidfd = pidfd_open(pid, 0);
    if (g->pidfd < 0) {
        snprintf(why, size, "QEMU (process %d) cannot be watched: %s", (int)pid, strerror(errno));
    } else if (spec->pid_path && guest_pidfile_write(spec->pid_path, pid, getpid()) && errno != ESRCH) {
        snprintf(why, size, "cannot write the pid file %s: %s", spec->pid_path, strerror(errno));
        close(g->pidfd);
    } else {
        return g;
    }
    free(g->pid_path);
    free(g);
    return NULL;
}

void guest_kill(struct guest *g)
{
    struct pollfd p = {.fd = g->pidfd, .events = POLLIN};
    siginfo_t info;
    int rc;

    /* ESRCH: it has ended already, which is what we want. */
    if (pidfd_send_signal(g->pidfd, SIGKILL, NULL, 0) && errno != ESRCH)
        fprintf(stderr, "cannot kill QEMU (process %d): %s\n", (int)g->pid, strerror(errno));
    do
        rc = poll(&p, 1, KILL_LIMIT_MS);
    while (rc < 0 && errno == EINTR);
    if (rc != 1) {
        fprintf(stderr, "QEMU (process %d) does not end\n", (int)g->pid);
        return;
    }
    /* ECHILD: not our child, or reaped by the caller, who wanted its status. */
    while (waitid(P_PIDFD, (id_t)g->pidfd, &info, WEXITED) && errno == EINTR)
        ;
}

void guest_release(struct guest *g)
{
    struct pollfd p = {.fd = g->pidfd, .events = POLLIN};

    /* One that would not end keeps its pid file for the next sweep. */
    if (g->pid_path && poll(&p, 1, 0) == 1 && unlink(g->pid_path) && errno != ENOENT)
        fprintf(stderr, "cannot remove the pid file %s: %s\n", g->pid_path, strerror(errno));
    close(g->pidfd);
    free(g->pid_path);
    free(g);
}
