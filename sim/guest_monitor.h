/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_monitor.h - the two commands the direct back end gives to QEMU's monitor (QMP).
 */
#ifndef COB_GUEST_MONITOR_H
#define COB_GUEST_MONITOR_H

#include <stddef.h>

/*
 * Lets a QEMU that was started with -S go, and returns when it has confirmed that (it has then built its
 * machine). Blocks for at most a minute. 0; -1 with the reason in why[size], or with why empty if QEMU closed
 * the monitor: it is ending, and its log says why.
 */
int guest_monitor_let_go(int monitor, char *why, size_t size);

#endif
