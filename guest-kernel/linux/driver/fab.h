/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of cob_fabric.ko share: one adapter, its queues, the memory it may reach.
 *
 *	fab_pci.c     the PCI driver: probe, remove, suspend, the event vector; the module
 *	fab_admin.c   registers and admin commands
 *	fab_ring.c    a ring of descriptors
 *	fab_queue.c   a queue: its life, posting, completions
 *	fab_memory.c  page lists and remote access
 *	fab_net.c     queue 0: the network interface
 *	fab_api.c     queues 1, 2: cob_fabric.h
 *	fab_chr.c     queues 3 to 7: /dev/cobfab<n>
 *
 * Locks: fab->lock (a mutex) covers admin commands, opening and closing, the list of memory, and
 * every change of fab->state. queue->lock (a spinlock, interrupts off) covers its rings' tails and
 * slots. The order is that one.
 *
 * Everything in memory is little endian and the adapter is cache coherent: so are the three
 * architectures.
 */
#ifndef FAB_H
#define FAB_H

#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "cob_fabric.h"

#ifdef __BIG_ENDIAN
#error "the adapter's structures are little endian"
#endif

#define FAB_NAME "cob_fabric"

enum fab_state {
	FAB_OFF, /* nobody has opened a queue yet: the link is not trained */
	FAB_ON,
	FAB_SUSPENDED, /* resume brings it back to FAB_ON or FAB_OFF */
	FAB_GONE,      /* removed, or it does not answer; nothing touches its registers */
};

struct fab_queue;
struct fab_net;
struct fab_chr;

struct fab_adapter {
	struct kref ref;
	struct pci_dev *pdev;
	void __iomem *regs;
	unsigned int number; /* in fab0, cobfab0 and cob_fabric_open() */
	u16 node, n_nodes;
	u32 mtu_bytes;

	struct mutex lock; /* see above */
	enum fab_state state;
	bool was_on; /* while suspended */
	struct fab_admin *admin;
	dma_addr_t admin_dma;
	struct fab_queue *queue[FAB_QUEUES];
	struct list_head memory;
	DECLARE_BITMAP(keys, FAB_MAX_REGIONS);
	u32 key_round;

	spinlock_t trace_lock; /* trace */
	void *trace;
	dma_addr_t trace_dma;

	bool link_up;
	atomic_t causes; /* FAB_CAUSE_*, from the event vector to its work */
	struct work_struct work;

	struct fab_net *net;
	struct fab_chr *chr;
	struct list_head list; /* of all adapters, see fab_pci.c */
};

/* ---- fab_pci.c ---- */

/* The adapter of that number with a reference, or NULL. */
struct fab_adapter *fab_get(unsigned int number);
void fab_put(struct fab_adapter *fab);

/* ---- fab_admin.c: all with fab->lock held, may sleep ---- */

int fab_admin_init(struct fab_adapter *fab);
void fab_admin_exit(struct fab_adapter *fab);
/* Executes a command; 0 or an errno for what the device says. */
int fab_admin(struct fab_adapter *fab, const struct fab_admin *command);
/* FAB_OFF to FAB_ON; nothing if it is on. -ENETDOWN, -ENODEV. */
int fab_enable(struct fab_adapter *fab);
/* Resets the device: queues and regions are gone, peers see a dead node. Any state but FAB_GONE. */
void fab_reset(struct fab_adapter *fab);
int fab_counters(struct fab_adapter *fab, struct fab_counters *out);
/* These two without the lock, any context. */
u64 fab_time_ns(struct fab_adapter *fab);
int fab_trace(struct fab_adapter *fab, u16 type, u32 arg, const void *data, size_t len);

/* ---- fab_ring.c: with the queue's lock, or alone ---- */

/* What is remembered of a descriptor until its completion has been taken. */
struct fab_slot {
	u64 cookie; /* the owner's */
	void *context;
	u16 peer;
	u8 op;
	u8 n;	     /* pieces */
	bool mapped; /* they are unmapped when the slot is released, in this direction */
	enum dma_data_direction direction;
	bool busy;
};

struct fab_ring {
	void *entry; /* struct fab_send or struct fab_recv */
	dma_addr_t entry_dma;
	struct fab_sge *sge; /* FAB_MAX_SGE for each slot */
	dma_addr_t sge_dma;
	struct fab_slot *slot;
	u16 *free; /* a stack of slot numbers */
	u16 size, n_free, tail;
};

/* entry: bytes of a descriptor. After -ENOMEM fab_ring_free() is due; half-made rings will do. */
int fab_ring_alloc(struct device *dev, struct fab_ring *r, u16 size, size_t entry);
void fab_ring_free(struct device *dev, struct fab_ring *r, size_t entry);
/* As after fab_ring_alloc(). */
void fab_ring_clear(struct fab_ring *r);
/* Takes a free slot and the next entry of the ring, (tail - 1). The slot's number or -EAGAIN. */
int fab_ring_claim(struct fab_ring *r, const struct fab_slot *what, const struct fab_sge *piece);
/* What belongs into the descriptor: the address of the slot's only piece, or of its list. */
u64 fab_ring_address(const struct fab_ring *r, u16 number);
/* Frees a busy slot and unmaps. False if it is none. */
bool fab_ring_release(struct device *dev, struct fab_ring *r, u64 number, struct fab_slot *what);

/* ---- fab_queue.c ---- */

struct fab_queue_ops {
	/* A completion has come since fab_queue_arm(). Hard interrupt. */
	void (*interrupt)(struct fab_queue *q);
	/*
	 * A process holds fab->lock. SUSPENDED, QUEUE_ERROR and GONE: the queue has stopped,
	 * no interrupt comes, fab_queue_next() gives the flushed descriptors.
	 */
	void (*event)(struct fab_queue *q, enum cob_fabric_event event);
};

struct fab_queue {
	struct fab_adapter *fab;
	unsigned int index;
	const struct fab_queue_ops *ops;
	void *owner;
	char name[24];

	spinlock_t lock; /* see above */
	int state;	 /* 0: runs; else what posts fail with */
	bool irq;	 /* requested */
	bool stopped;	 /* the device has forgotten the queue: what is left may be flushed */
	struct fab_ring send, recv;
	struct fab_cqe *cqe;
	dma_addr_t cqe_dma;
	u16 n_cqe;
	u16 flushed; /* slots looked at after a stop: those for sending, then those for receiving */
	u16 head, told; /* completions taken; the count the device knows */
	struct fab_status *status;
	dma_addr_t status_dma;
};

struct fab_done {
	struct cob_fabric_done c;
	void *context; /* of the slot */
};

/*
 * Opens a queue: enables the adapter if need be. With fab->lock held; may sleep. The queue is in
 * fab->queue[] until fab_queue_close(). sizes: powers of two.
 */
struct fab_queue *fab_queue_open(struct fab_adapter *fab, unsigned int index, u16 n_send,
				 u16 n_recv, const struct fab_queue_ops *ops, void *owner);
/*
 * Stops a queue: takes it from the device (if that is there), frees its interrupt. Posts fail with
 * `why` from now on. With fab->lock held; sleeps. Stopping a stopped queue changes `why` only.
 */
void fab_queue_stop(struct fab_queue *q, int why);
/* Starts a stopped and drained queue anew, as after fab_queue_open(). With fab->lock held. */
int fab_queue_start(struct fab_queue *q);
/* Gives the rings' memory back; the queue must be stopped and drained. With fab->lock held, unless
 * GONE.
 */
void fab_queue_release(struct fab_queue *q);
/* Out of fab->queue[], and freed. With fab->lock held. */
void fab_queue_close(struct fab_queue *q);

/*
 * Puts a descriptor into a ring; the device learns of it with fab_queue_kick_*(). Any context.
 * pieces hold bus addresses; with `mapped` they are unmapped when the descriptor is done with. 0,
 * -EAGAIN if full, or q->state.
 */
int fab_queue_put_send(struct fab_queue *q, const struct fab_send *desc,
		       const struct fab_sge *piece, unsigned int n, void *context, bool mapped);
int fab_queue_put_recv(struct fab_queue *q, const struct fab_sge *piece, unsigned int n, u64 cookie,
		       void *context, bool mapped);
/* *time_ns (if not NULL): device time read just before the doorbell. */
void fab_queue_kick_send(struct fab_queue *q, u64 *time_ns);
void fab_queue_kick_recv(struct fab_queue *q);
unsigned int fab_queue_send_room(struct fab_queue *q);

/*
 * Takes the next completion. One caller at a time. False: there is none now. On a stopped queue,
 * after the last completion, every descriptor left comes as FAB_C_FLUSHED.
 */
bool fab_queue_next(struct fab_queue *q, struct fab_done *done);
/* True if fab_queue_next() would give something. Any context. */
bool fab_queue_pending(struct fab_queue *q);
/* Device time in ns, 0 if the queue is stopped. Any context: the registers cannot go away
 * meanwhile.
 */
u64 fab_queue_time(struct fab_queue *q);
/* Wants an interrupt for the next completion, at once if there is one already. */
void fab_queue_arm(struct fab_queue *q);

/* ---- fab_memory.c ---- */

/* Pages that the adapter may reach: for own descriptors, and under a key for peers. */
struct fab_memory {
	struct list_head list; /* fab->memory */
	struct fab_adapter *fab;
	struct page **pages;
	unsigned int n_pages;
	u64 *bus; /* of each page; the device's page list */
	dma_addr_t bus_dma;
	u32 offset; /* of the first byte in the first page */
	u64 length;
	u16 access; /* 0: own descriptors only, no key */
	u32 key;
	bool mapped;
	unsigned int refs; /* descriptors under way; the owner's */
};

/*
 * Maps pages (the array becomes the memory's, kvmalloc'ed) and, with access, gives peers a key.
 * With fab->lock held. An ERR_PTR leaves the array the caller's.
 */
struct fab_memory *fab_memory_add(struct fab_adapter *fab, struct page **pages,
				  unsigned int n_pages, u32 offset, u64 length, u16 access);
/* Takes access back and unmaps. The pages and the struct stay. With fab->lock held. Twice is
 * allowed.
 */
void fab_memory_unmap(struct fab_memory *m);
/* Unmaps and frees the struct and its array, not the pages. With fab->lock held. */
void fab_memory_remove(struct fab_memory *m);
/* Tells the device again of all keys, after a reset. With fab->lock held. */
void fab_memory_restore(struct fab_adapter *fab);
/*
 * The pieces of [offset, offset + len) as bus addresses. Their number, at most FAB_MAX_SGE; -EINVAL
 * out of bounds, -EMSGSIZE: too many pieces, -ENODEV: unmapped.
 */
int fab_memory_pieces(const struct fab_memory *m, u64 offset, u32 len, struct fab_sge *piece);

/* ---- the three faces ---- */

int fab_net_init(struct fab_adapter *fab);
void fab_net_exit(struct fab_adapter *fab);
void fab_net_suspend(struct fab_adapter *fab); /* these without fab->lock */
void fab_net_resume(struct fab_adapter *fab);
void fab_net_link(struct fab_adapter *fab);

int fab_chr_init(struct fab_adapter *fab);
void fab_chr_exit(struct fab_adapter *fab);

#endif
