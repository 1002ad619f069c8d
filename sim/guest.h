/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest.h - starting and ending one QEMU per node, by one of two back ends: libvirt (qemu:///embed) or direct
 * spawn.
 *
 * Both give the guest exactly the same machine (same devices, addresses, firmware tables, uuid), so that both
 * give the same trace. What QEMU is started with is decided in one place (guest_machine.c) and is written to
 * <run>/qemu/<node>.args, one argument a line, before it is started. (libvirt makes the final command line
 * itself: there the domain goes to <run>/qemu/<node>.args.xml before, and the arguments are read back from
 * the running process.)
 *
 * A guest's process is killed at the latest when this process ends (parent-death signal, and the plugin
 * watches us through a pidfd); what survives that all the same is found by the next start through pid files
 * and killed (guest_sweep), after checking that the pid is still the process that was written down (start
 * time, executable) and that the cob which started it is gone.
 *
 * A guest that powers off or resets is stopped where it is (-action). libvirt also sends its QEMU SIGTERM
 * then, which takes effect unless the plugin holds QEMU's main loop; with direct spawn QEMU stays, paused.
 *
 * Threads: all calls from one thread, which must stay for as long as guests run (the parent-death signal of
 * the direct back end belongs to it). start blocks until QEMU has built its machine and confirmed `cont`, or
 * has failed: the plugin must not wait for anything that its caller does after start.
 */
#ifndef COB_GUEST_H
#define COB_GUEST_H

#include "sim/scenario.h"
#include <stdio.h>
#include <sys/types.h>

/* Everything that one QEMU is started with. Strings are borrowed during start only. */
struct guest_spec {
    const struct scn_node *node;
    unsigned index;   /* of the node in the scenario */
    uint64_t seed;    /* for -seed: derived from the scenario's seed and the node's index, 32 bits used */
    const char *qemu; /* path of the emulator, e.g. /usr/bin/qemu-system-x86_64 */
    const char *kernel, *initrd; /* resolved paths; initrd may be NULL */
    const char *append;          /* complete kernel command line */
    const char *plugin;          /* absolute path of cob-qemu.so */
    const char *plugin_args;     /* ",key=value,.." to be appended after the path */
    const char *preload;         /* LD_PRELOAD for QEMU (console hook), or NULL */
    const char *console_path;    /* file behind the first serial port */
    const char *log_path;        /* QEMU's stdout and stderr */
    const char *args_path;       /* where to write the command line */
    const char *ram_path; /* file that backs guest memory, shared (in /dev/shm or a memfd's /proc path); NULL:
                             private */
    const char *pid_path; /* pid file for guest_sweep */
    const char *greeting; /* name of guest_greeting's socket; NULL if the node has no adapter */
    bool plain;           /* no plugin, no NIC, no adapter: for benchmarks and experiments */
};

struct guest;

struct guest_backend {
    const char *name; /* "libvirt", "direct" */
    /* Once per process; scratch is a directory of ours, for temporary files until close. 0, or -1 with the
     * reason in why[size]. */
    int (*open)(const char *scratch, char *why, size_t size);
    /* Starts one guest. NULL with the reason (QEMU's own message if it gave one) in why[size]. */
    struct guest *(*start)(const struct guest_spec *spec, char *why, size_t size);
    pid_t (*pid)(const struct guest *g); /* QEMU's process id */
    int (*pidfd)(const struct guest *g); /* becomes readable when the process has ended; owned by the guest */
    /* Ends the process if it still runs (SIGKILL after flushing nothing: its state is not needed any more)
     * and frees. */
    void (*stop)(struct guest *g);
    void (*close)(void);
};

extern const struct guest_backend guest_libvirt, guest_direct;

/* NULL if there is no such back end. */
const struct guest_backend *guest_backend_find(const char *name);

/* Where the back ends make directories of their own if the run directory's path is too long for them. */
#define GUEST_SCRATCH "/tmp"

/*
 * Kills QEMU processes that earlier runs below runs_dir left behind (pid files), and removes libvirt's
 * directories of cobs that are gone, there and in scratch_dir (normally GUEST_SCRATCH). Says on `say` whom it
 * killed.
 */
void guest_sweep(const char *runs_dir, const char *scratch_dir, FILE *say);

/*
 * Finds the emulator for an architecture: environment COB_QEMU_<ARCH> (X86_64, ..), else $PATH. Checks that
 * it exists and that `--version` says at least 10.0. Returns a malloc'd path and the version ("10.0.2") in
 * version[size], or NULL with one clear sentence in why[]: which package to install, or which version was
 * found and which is needed.
 */
char *guest_find_qemu(enum scn_arch arch, char *version, size_t vsize, char *why, size_t size);

#endif
