/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages and one-sided operations between kernels, for other modules of this kernel.
 *
 * Queue q of this node talks to queue q of every other node. A module opens a queue, posts receive
 * buffers and operations, and is called back for each of them exactly once:
 *
 *	q = cob_fabric_open(0, COB_FABRIC_KERNEL_FIRST, 64, 64, &ops, ctx);
 *	cob_fabric_post_recv(q, buffer, size, 1);
 *	cob_fabric_send(q, peer, data, len, imm, 2);
 *	... ops->done(ctx, {op = FAB_OP_SEND, cookie = 2, status, ..})
 *	... ops->done(ctx, {op = FAB_OP_RECV, cookie = 1, status, len, peer, imm, ..})
 *	cob_fabric_close(q);
 *
 * Reliable messages and one-sided operations between two nodes stay in order within a queue. A
 * message needs a receive buffer of the peer's queue; without one the sender waits, without limit
 * as long as the peer lives.
 *
 * Memory given to a post belongs to the adapter until its callback. It must be the kernel's linear
 * mapping (kmalloc, alloc_pages; not vmalloc, not the stack).
 *
 * Loss: if the peer is dead, has not opened its queue or was reset, operations end with a status of
 * enum fab_completion that is not FAB_C_OK, after about 127 ms with the adapter's default patience.
 * If this adapter goes away (unbind), or is suspended, everything outstanding ends with
 * FAB_C_FLUSHED, and then ops->event tells.
 */
#ifndef LINUX_COB_FABRIC_H
#define LINUX_COB_FABRIC_H

#include <linux/types.h>

#include "fabric_abi.h"

struct cob_fabric_queue;

/* Which queue is whose; see docs/linux-driver.md. */
#define COB_FABRIC_NET_QUEUE	0 /* the network interface */
#define COB_FABRIC_KERNEL_FIRST 1 /* these are for cob_fabric_open() */
#define COB_FABRIC_KERNEL_LAST	2
#define COB_FABRIC_USER_FIRST	3 /* and these for /dev/cobfab<n> */
#define COB_FABRIC_USER_LAST	(FAB_QUEUES - 1)

enum cob_fabric_event {
	COB_FABRIC_LINK_UP,
	COB_FABRIC_LINK_DOWN,
	COB_FABRIC_QUEUE_ERROR, /* the device stopped the queue; all is flushed; only close it */
	COB_FABRIC_SUSPENDED,	/* all is flushed, posts fail with -ENETDOWN */
	COB_FABRIC_RESUMED,	/* empty and ready: post receive buffers again */
	COB_FABRIC_GONE,	/* the adapter is no more; only close the queue */
};

/* One descriptor is done with. */
struct cob_fabric_done {
	u64 cookie;
	u64 time_ns; /* device time of the completion; 0 if flushed by the driver */
	u32 len;     /* FAB_OP_RECV: bytes received; else of the operation */
	u32 imm;     /* FAB_OP_RECV */
	u16 peer;
	u16 flags; /* FAB_CQE_DATAGRAM, FAB_CQE_WRITE */
	u8 op;	   /* enum fab_op */
	u8 status; /* enum fab_completion */
};

/*
 * Both are called in interrupt context, never two at a time for one queue (but for events, which
 * may come from a process while done runs). They may post; they must not sleep or close the queue.
 * done is mandatory.
 */
struct cob_fabric_ops {
	void (*done)(void *ctx, const struct cob_fabric_done *done);
	void (*event)(void *ctx, enum cob_fabric_event event);
};

struct cob_fabric_piece {
	void *addr;
	u32 len;
};

/* One operation. What an op does not use is ignored; see struct fab_send for the meaning. */
struct cob_fabric_op {
	u8 op;	    /* enum fab_op, FAB_OP_SEND .. FAB_OP_FETCH_ADD */
	u8 n_piece; /* 0 .. FAB_MAX_SGE; FAB_MAX_MESSAGE bytes in all; atomics: one of 8 */
	u16 peer;
	u32 imm;
	const struct cob_fabric_piece *piece; /* only read during the call */
	u64 cookie;
	u64 remote;
	u32 key;
	u64 operand;
	u64 compare;
};

/*
 * Opens a queue of adapter number `adapter` (0: the first) with room for n_send operations and
 * n_recv receive buffers (powers of two, 2..4096), and enables the adapter if it is not yet (its
 * link begins to train). ops and ctx must stay until cob_fabric_close() has returned; callbacks may
 * come before this returns. Returns the queue or an ERR_PTR: -ENODEV no such adapter, -EINVAL not a
 * kernel queue or bad size, -EBUSY it is open, -ENETDOWN suspended, -ENOMEM. May sleep.
 */
struct cob_fabric_queue *cob_fabric_open(unsigned int adapter, unsigned int queue, u16 n_send,
					 u16 n_recv, const struct cob_fabric_ops *ops, void *ctx);

/*
 * Closes a queue. What is outstanding is taken back and ends with done(FAB_C_FLUSHED) before this
 * returns; after it, no callback comes and q is gone. Sleeps. Not from a callback.
 */
void cob_fabric_close(struct cob_fabric_queue *q);

/*
 * Posts an operation or a receive buffer. Any context. 0, or -EAGAIN: the ring is full (wait for a
 * done), -EINVAL: pieces make no sense, -EIO: memory cannot be mapped, -ENETDOWN: suspended or
 * stopped, -ENODEV: adapter gone. After an error there is no callback. FAB_OP_RECV is for
 * cob_fabric_post_recv() only; len 0 is for WRITE_IMM.
 */
int cob_fabric_post(struct cob_fabric_queue *q, const struct cob_fabric_op *op);
int cob_fabric_post_recv(struct cob_fabric_queue *q, void *addr, u32 len, u64 cookie);

/* Posts a reliable message of one piece; as cob_fabric_post(). */
static inline int cob_fabric_send(struct cob_fabric_queue *q, u16 peer, void *addr, u32 len,
				  u32 imm, u64 cookie)
{
	struct cob_fabric_piece piece = {addr, len};
	struct cob_fabric_op op = {
		.op = FAB_OP_SEND,
		.n_piece = len ? 1 : 0,
		.peer = peer,
		.imm = imm,
		.piece = &piece,
		.cookie = cookie,
	};

	return cob_fabric_post(q, &op);
}

/*
 * Lets peers read, write or do atomics (access: FAB_ACCESS_*) on [addr, addr + len) of kernel
 * memory, linear or vmalloc. *key is what they need, offsets count from addr. 0, -ENOMEM, -ENOSPC:
 * 256 regions exist, -EINVAL, -ENODEV. May sleep. Survives suspend; ends with the adapter.
 */
int cob_fabric_register(struct cob_fabric_queue *q, void *addr, size_t len, u16 access, u32 *key);

/* Takes the permission back; after it returns no peer touches the memory. May sleep. Unknown keys
 * are ignored.
 */
void cob_fabric_unregister(struct cob_fabric_queue *q, u32 key);

/* Any context. The numbers are constant; the link may change at any time. */
u16 cob_fabric_node(const struct cob_fabric_queue *q);
u16 cob_fabric_nodes(const struct cob_fabric_queue *q);
bool cob_fabric_link_up(const struct cob_fabric_queue *q);

/* Device time in virtual ns, the same on all nodes. Any context; one register access. 0 if the
 * adapter is gone.
 */
u64 cob_fabric_time_ns(const struct cob_fabric_queue *q);

/*
 * Puts a record into the run's trace with the exact virtual time. len 0..FAB_MAX_EVENT - 8. 0,
 * -EINVAL, -ENODEV. Any context.
 */
int cob_fabric_trace(struct cob_fabric_queue *q, u16 type, u32 arg, const void *data, size_t len);

#endif
