/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_root.h - the directory tree that libvirt's embedded driver works in, and its cache. For
 * guest_libvirt.c.
 *
 * There is one root in a process. It is a new one in every run, so that several cobs may run at once:
 *
 *   <root>                           <scratch>/lv, or in GUEST_SCRATCH if that is too long for socket names
 *   <root>/owner                     our process (guest_sweep.h): if it is gone the next cob removes the tree
 *   <root>/etc/qemu.conf             ours: libvirt changes no owner, label, cgroup or namespace
 *   <root>/cache/qemu/capabilities/  what libvirt found out about each emulator; asking one takes
 *                                    seconds, so this is copied from and to the user's cache
 *   <root>/log/qemu/<node>.log       made a link to the guest's log_path
 *   <root>/run/qemu/<node>.pid       where QEMU's process id is read
 */
#ifndef COB_GUEST_ROOT_H
#define COB_GUEST_ROOT_H

#include <stddef.h>

#define GUEST_ROOT_IN_RUN "lv"    /* name in a run directory */
#define GUEST_ROOT_OWNER  "owner" /* name of the owner file */

/* Makes the root and fills its cache. Its path (static), or NULL with the reason in why[size] and nothing
 * left. */
const char *guest_root_make(const char *scratch, char *why, size_t size);

/* Keeps what libvirt has learnt about emulators for the next run. Says on stderr if that fails: it costs time
 * only. */
void guest_root_keep_cache(void);

/* Removes the tree. */
void guest_root_remove(void);

/* Removes a tree that another process made. 0, or -1 errno. */
int guest_root_delete(const char *path);

#endif
