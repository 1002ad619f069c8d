/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_greeting.h - the server that QEMU's ivshmem-doorbell, the stock device under the fabric adapter,
 * wants to be greeted by while it is realized.
 *
 *   QEMU                                  cob, a thread of its own
 *     connect to the abstract socket ->   accept
 *     <- 8 bytes: 0 (protocol version), 8 bytes: 0 (own id), 8 bytes: -1 with a memfd (BAR 2)
 *     ..                                  keep the connection until the end: nothing is ever said again
 *
 * Both back ends start a guest synchronously, and QEMU connects and listens to the greeting before that is
 * over: hence the thread. The socket is abstract, with a name chosen by the kernel, so that no path is too
 * long for it and nothing is left behind. Every guest gets a memory of its own: two that shared one could see
 * each other at times that the host decides.
 */
#ifndef COB_GUEST_GREETING_H
#define COB_GUEST_GREETING_H

#include <stddef.h>

/*
 * Starts the server, once in a process. The socket's name for `-chardev socket,path=NAME,abstract=on`
 * (static), or NULL with the reason in why[size].
 */
const char *guest_greeting_start(char *why, size_t size);
/* Ends it and closes all connections; harmless if it does not run. */
void guest_greeting_stop(void);

#endif
