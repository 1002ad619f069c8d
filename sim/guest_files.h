/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_files.h - the files a guest starts with: inputs that are there, outputs that are empty.
 */
#ifndef COB_GUEST_FILES_H
#define COB_GUEST_FILES_H

#include "sim/guest_machine.h"

/*
 * Makes the paths in spec that QEMU or libvirt will open absolute; the new strings live in store until
 * guest_args_free. 0, or -1 ENOMEM.
 */
int guest_files_absolute(struct guest_spec *spec, struct guest_args *store);

/* Checks the inputs, makes the console and log files empty and the memory's file all zero. 0, or -1 with the
 * reason in why[size]. */
int guest_files_prepare(const struct guest_spec *spec, char *why, size_t size);

#endif
