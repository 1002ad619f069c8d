/* SPDX-License-Identifier: GPL-2.0-or-later OR MIT */
/*
 * cobfab.h - the fabric adapter for programs: messages and one-sided operations through /dev/cobfab<n>.
 *
 *   cobfab_open(NULL, 3, 64, 64, &f);                    queue 3 of this node talks to queue 3 of the others
 *   cobfab_register(f, buffer, size, 0, &m);             memory that descriptors may name
 *   cobfab_recv(f, &m, 0, 4096, 1);                      a receive buffer with cookie 1
 *   cobfab_send(f, peer, &m, 4096, 100, 7, 2, NULL);     a message of 100 bytes, immediate 7, cookie 2
 *   n = cobfab_reap(f, done, 16, -1, NULL);              waits: done[i].cookie, .op, .status, .len, .peer
 *   cobfab_close(f);
 *
 * Messages and one-sided operations between two nodes stay in order within a queue. A message waits for a
 * receive buffer of the peer. If the peer is dead or has not opened the queue, the operation ends with
 * FAB_C_PEER or FAB_C_NO_QUEUE after about 127 ms (parameters tries and timeout_ns of cob_fabric.ko).
 *
 * Memory named in a post belongs to the adapter until its completion has been reaped. A piece of it may touch
 * 16 pages at most (physically contiguous ones count once): a buffer that begins at a page always may.
 *
 * Functions return -1 with errno set unless said otherwise: ENODEV the adapter was removed, ENETDOWN it was
 * suspended (close and open again), EIO the device stopped the queue. Nothing blocks but cobfab_reap() with a
 * timeout that is not 0. Threads may share a queue; completions then go to whoever reaps them.
 */
#ifndef COBFAB_H
#define COBFAB_H

#include "cobfab_uapi.h"
#include "fabric_abi.h"

struct cobfab;

struct cobfab_memory {
    void *addr;
    size_t len;
    uint32_t handle; /* in own descriptors */
    uint32_t key;    /* for peers; 0 if registered without access */
};

/*
 * Opens a queue (3..7) of an adapter (device NULL: /dev/cobfab0) with rings of so many entries (powers of
 * two, 2..4096). 0 and *out, to be closed by the caller. EBUSY: the queue is open elsewhere. The link begins
 * to train if it has not yet.
 */
int cobfab_open(const char *device, unsigned queue, unsigned n_send, unsigned n_recv, struct cobfab **out);
/* What is under way is taken back; no completion comes any more. Its memory is unregistered. NULL is allowed.
 */
void cobfab_close(struct cobfab *f);
/* For poll(): readable when cobfab_reap() has something. Stays the library's. */
int cobfab_fd(const struct cobfab *f);
int cobfab_info(struct cobfab *f, struct cobfab_info *info);

/*
 * Pins [addr, addr + len) (2 GiB at most) and tells the adapter. access: FAB_ACCESS_* for peers, or 0. The
 * memory must stay mapped until it is unregistered. ENOSPC: 256 keys are in use on this node. EBUSY from
 * unregister: descriptors name it.
 */
int cobfab_register(struct cobfab *f, void *addr, size_t len, unsigned access, struct cobfab_memory *out);
int cobfab_unregister(struct cobfab *f, const struct cobfab_memory *m);

/*
 * Posts n operations or receive buffers in order, and rings the doorbells. Returns how many were posted, less
 * than n if one could not be; -1 if none: EAGAIN the ring is full (reap first), EINVAL it makes no sense,
 * EMSGSIZE too many pages. *time_ns (if not NULL): device time just before the doorbell.
 */
int cobfab_post(struct cobfab *f, const struct cobfab_op *ops, unsigned n, uint64_t *time_ns);
/*
 * Takes up to max (at most 1024) completions, and waits for the first one: timeout_ns, for ever if negative.
 * Returns their number, 0 after the timeout. *time_ns (if not NULL): device time when the first was found.
 */
int cobfab_reap(struct cobfab *f, struct cobfab_done *done, unsigned max, int64_t timeout_ns,
                uint64_t *time_ns);

/* Device time: virtual ns, the same on all nodes. 0 if the adapter is gone. */
uint64_t cobfab_time_ns(struct cobfab *f);
/* A record for the run's trace: at most 248 bytes of data. */
int cobfab_trace(struct cobfab *f, uint16_t type, uint32_t arg, const void *data, size_t len);
/* Of the whole adapter since it was enabled. */
int cobfab_counters(struct cobfab *f, struct fab_counters *out);
/* "ok", "peer", ... for enum fab_completion; "?" for others. */
const char *cobfab_status_name(unsigned status);

/* One post each. 0 or -1. offset is in m, remote in the peer's memory. */
int cobfab_recv(struct cobfab *f, const struct cobfab_memory *m, uint64_t offset, uint32_t len,
                uint64_t cookie);
int cobfab_send(struct cobfab *f, unsigned peer, const struct cobfab_memory *m, uint64_t offset, uint32_t len,
                uint32_t imm, uint64_t cookie, uint64_t *time_ns);
int cobfab_write(struct cobfab *f, unsigned peer, const struct cobfab_memory *m, uint64_t offset,
                 uint32_t len, uint32_t key, uint64_t remote, uint64_t cookie, uint64_t *time_ns);
int cobfab_read(struct cobfab *f, unsigned peer, const struct cobfab_memory *m, uint64_t offset, uint32_t len,
                uint32_t key, uint64_t remote, uint64_t cookie, uint64_t *time_ns);
/* The old value goes to the 8 bytes at offset. */
int cobfab_cas(struct cobfab *f, unsigned peer, const struct cobfab_memory *m, uint64_t offset, uint32_t key,
               uint64_t remote, uint64_t compare, uint64_t value, uint64_t cookie);
int cobfab_fetch_add(struct cobfab *f, unsigned peer, const struct cobfab_memory *m, uint64_t offset,
                     uint32_t key, uint64_t remote, uint64_t addend, uint64_t cookie);

#endif
