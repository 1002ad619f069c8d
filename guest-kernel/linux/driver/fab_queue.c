// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One queue: its life, posting, completions; see fab.h.
 *
 * The completion ring has room for all slots twice, so it never holds the device up.
 */
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/slab.h>

#include "fab.h"

/* ---- memory ---- */

static int queue_alloc(struct fab_queue *q, u16 n_send, u16 n_recv)
{
	struct device *dev = &q->fab->pdev->dev;

	q->n_cqe = 2 * roundup_pow_of_two(n_send + n_recv);
	q->cqe = dma_alloc_coherent(dev, q->n_cqe * sizeof(*q->cqe), &q->cqe_dma, GFP_KERNEL);
	q->status = dma_alloc_coherent(dev, sizeof(*q->status), &q->status_dma, GFP_KERNEL);
	if (!q->cqe || !q->status ||
	    fab_ring_alloc(dev, &q->send, n_send, sizeof(struct fab_send)) ||
	    fab_ring_alloc(dev, &q->recv, n_recv, sizeof(struct fab_recv)))
		return -ENOMEM;
	return 0;
}

void fab_queue_release(struct fab_queue *q)
{
	struct device *dev = &q->fab->pdev->dev;
	struct fab_ring send, recv;
	struct fab_status *status;
	struct fab_cqe *cqe;

	/* A process may be looking for completions: it must find all or nothing. */
	spin_lock_irq(&q->lock);
	send = q->send;
	recv = q->recv;
	cqe = q->cqe;
	status = q->status;
	q->cqe = NULL;
	q->status = NULL;
	memset(&q->send, 0, sizeof(q->send));
	memset(&q->recv, 0, sizeof(q->recv));
	spin_unlock_irq(&q->lock);
	fab_ring_free(dev, &send, sizeof(struct fab_send));
	fab_ring_free(dev, &recv, sizeof(struct fab_recv));
	if (cqe)
		dma_free_coherent(dev, q->n_cqe * sizeof(*cqe), cqe, q->cqe_dma);
	if (status)
		dma_free_coherent(dev, sizeof(*status), status, q->status_dma);
}

/* ---- life ---- */

static irqreturn_t queue_interrupt(int irq, void *data)
{
	struct fab_queue *q = data;

	q->ops->interrupt(q);
	return IRQ_HANDLED;
}

int fab_queue_start(struct fab_queue *q)
{
	struct fab_admin setup = {
		.op = FAB_ADMIN_QUEUE_SETUP,
		.queue = q->index,
		.size = {q->send.size, q->recv.size, q->n_cqe},
		.addr = {q->send.entry_dma, q->recv.entry_dma, q->cqe_dma, q->status_dma},
	};
	int irq = pci_irq_vector(q->fab->pdev, q->index);
	int err;

	memset(q->cqe, 0, q->n_cqe * sizeof(*q->cqe));
	memset(q->status, 0, sizeof(*q->status));
	fab_ring_clear(&q->send);
	fab_ring_clear(&q->recv);
	q->flushed = 0;
	q->stopped = false;
	q->head = 0;
	q->told = 0;
	err = request_irq(irq, queue_interrupt, 0, q->name, q);
	if (err)
		return err;
	err = fab_admin(q->fab, &setup);
	if (err) {
		free_irq(irq, q);
		return err;
	}
	q->irq = true;
	spin_lock_irq(&q->lock);
	q->state = 0;
	spin_unlock_irq(&q->lock);
	return 0;
}

void fab_queue_stop(struct fab_queue *q, int why)
{
	struct fab_admin destroy = {.op = FAB_ADMIN_QUEUE_DESTROY, .queue = q->index};
	bool ran;

	spin_lock_irq(&q->lock);
	ran = q->state == 0;
	q->state = why;
	spin_unlock_irq(&q->lock);
	/* From here on nobody rings a doorbell. After a reset, or when it is gone, the device has
	 * no queue.
	 */
	if (ran && q->fab->state == FAB_ON)
		fab_admin(q->fab, &destroy);
	if (q->irq)
		free_irq(pci_irq_vector(q->fab->pdev, q->index), q);
	q->irq = false;
	spin_lock_irq(&q->lock);
	q->stopped = true;
	spin_unlock_irq(&q->lock);
}

struct fab_queue *fab_queue_open(struct fab_adapter *fab, unsigned int index, u16 n_send,
				 u16 n_recv, const struct fab_queue_ops *ops, void *owner)
{
	struct fab_queue *q;
	int err;

	lockdep_assert_held(&fab->lock);
	err = fab_enable(fab);
	if (err)
		return ERR_PTR(err);
	if (fab->queue[index])
		return ERR_PTR(-EBUSY);
	q = kzalloc(sizeof(*q), GFP_KERNEL);
	if (!q)
		return ERR_PTR(-ENOMEM);
	q->fab = fab;
	q->index = index;
	q->ops = ops;
	q->owner = owner;
	q->state = -ENETDOWN;
	spin_lock_init(&q->lock);
	snprintf(q->name, sizeof(q->name), "cobfab%u-queue%u", fab->number, index);
	err = queue_alloc(q, n_send, n_recv);
	if (!err)
		err = fab_queue_start(q);
	if (err) {
		fab_queue_release(q);
		kfree(q);
		return ERR_PTR(err);
	}
	fab->queue[index] = q;
	return q;
}

void fab_queue_close(struct fab_queue *q)
{
	q->fab->queue[q->index] = NULL;
	kfree(q);
}

/* ---- posting ---- */

int fab_queue_put_send(struct fab_queue *q, const struct fab_send *desc,
		       const struct fab_sge *piece, unsigned int n, void *context, bool mapped)
{
	bool reads = desc->op == FAB_OP_READ || desc->op >= FAB_OP_CAS;
	struct fab_slot slot = {
		.cookie = desc->cookie,
		.context = context,
		.peer = desc->peer,
		.op = desc->op,
		.n = n,
		.mapped = mapped,
		.direction = reads ? DMA_FROM_DEVICE : DMA_TO_DEVICE,
	};
	struct fab_send *entry;
	unsigned long flags;
	int number;

	spin_lock_irqsave(&q->lock, flags);
	number = q->state ?: fab_ring_claim(&q->send, &slot, piece);
	if (number >= 0) {
		entry = (struct fab_send *)q->send.entry +
			((q->send.tail - 1) & (q->send.size - 1));
		*entry = *desc;
		entry->n_sge = n;
		entry->addr = fab_ring_address(&q->send, number);
		entry->cookie = number;
	}
	spin_unlock_irqrestore(&q->lock, flags);
	return min(number, 0);
}

int fab_queue_put_recv(struct fab_queue *q, const struct fab_sge *piece, unsigned int n, u64 cookie,
		       void *context, bool mapped)
{
	struct fab_slot slot = {
		.cookie = cookie,
		.context = context,
		.op = FAB_OP_RECV,
		.n = n,
		.mapped = mapped,
		.direction = DMA_FROM_DEVICE,
	};
	struct fab_recv *entry;
	unsigned long flags;
	unsigned int i;
	int number;

	spin_lock_irqsave(&q->lock, flags);
	number = q->state ?: fab_ring_claim(&q->recv, &slot, piece);
	if (number >= 0) {
		entry = (struct fab_recv *)q->recv.entry +
			((q->recv.tail - 1) & (q->recv.size - 1));
		*entry = (struct fab_recv){
			.addr = fab_ring_address(&q->recv, number),
			.n_sge = n,
			.cookie = number,
		};
		for (i = 0; i < n; i++)
			entry->len += piece[i].len;
	}
	spin_unlock_irqrestore(&q->lock, flags);
	return min(number, 0);
}

/* The tail is read and told under the lock, or an old count might overtake a newer one. */
static void kick(struct fab_queue *q, const struct fab_ring *r, enum fab_db kind, u64 *time_ns)
{
	void __iomem *doorbell = q->fab->regs + FAB_REG_DOORBELL;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	if (!q->state) {
		u32 value = FAB_DB(kind, q->index, r->tail);

		if (time_ns)
			*time_ns = fab_time_ns(q->fab);
		writel(value, doorbell);
	}
	spin_unlock_irqrestore(&q->lock, flags);
}

void fab_queue_kick_send(struct fab_queue *q, u64 *time_ns)
{
	kick(q, &q->send, FAB_DB_SEND, time_ns);
}

void fab_queue_kick_recv(struct fab_queue *q)
{
	kick(q, &q->recv, FAB_DB_RECV, NULL);
}

unsigned int fab_queue_send_room(struct fab_queue *q)
{
	return READ_ONCE(q->send.n_free);
}

/* ---- completions ---- */

static const struct fab_cqe *next_cqe(const struct fab_queue *q)
{
	const struct fab_cqe *cqe = &q->cqe[q->head & (q->n_cqe - 1)];
	u16 phase = q->head & q->n_cqe ? 0 : FAB_CQE_PHASE;

	return (READ_ONCE(cqe->flags) & FAB_CQE_PHASE) == phase ? cqe : NULL;
}

static void describe(struct fab_done *done, const struct fab_slot *slot)
{
	done->context = slot->context;
	done->c.cookie = slot->cookie;
	done->c.peer = slot->peer;
	done->c.op = slot->op;
}

/* The next busy slot of a queue that the device has forgotten. With the lock held. */
static bool flush_one(struct fab_queue *q, struct fab_done *done)
{
	struct device *dev = &q->fab->pdev->dev;
	struct fab_slot slot;

	for (; q->flushed < q->send.size + q->recv.size; q->flushed++) {
		bool recv = q->flushed >= q->send.size;

		if (fab_ring_release(dev, recv ? &q->recv : &q->send,
				     recv ? q->flushed - q->send.size : q->flushed, &slot)) {
			describe(done, &slot);
			done->c.status = FAB_C_FLUSHED;
			return true;
		}
	}
	return false;
}

bool fab_queue_next(struct fab_queue *q, struct fab_done *done)
{
	struct device *dev = &q->fab->pdev->dev;
	const struct fab_cqe *cqe;
	struct fab_slot slot;
	bool found = false;
	unsigned long flags;

	memset(done, 0, sizeof(*done));
	spin_lock_irqsave(&q->lock, flags);
	while (!found && q->cqe && (cqe = next_cqe(q))) {
		dma_rmb(); /* the rest of the entry was written before its phase */
		found = fab_ring_release(dev, cqe->op == FAB_OP_RECV ? &q->recv : &q->send,
					 cqe->cookie, &slot);
		q->head++;
		if (!found) { /* cannot be; skipped rather than believed */
			dev_warn_ratelimited(dev, "%s: completion of nothing\n", q->name);
			continue;
		}
		describe(done, &slot);
		done->c.time_ns = cqe->time_ns;
		done->c.len = cqe->len;
		done->c.imm = cqe->imm;
		done->c.peer = cqe->peer;
		done->c.flags = cqe->flags & (FAB_CQE_DATAGRAM | FAB_CQE_WRITE);
		done->c.status = cqe->status;
	}
	if (found && !q->state && (u16)(q->head - q->told) >= q->n_cqe / 4) {
		q->told = q->head;
		writel(FAB_DB(FAB_DB_DONE, q->index, q->head), q->fab->regs + FAB_REG_DOORBELL);
	}
	if (!found && q->stopped && q->cqe)
		found = flush_one(q, done);
	spin_unlock_irqrestore(&q->lock, flags);
	return found;
}

bool fab_queue_pending(struct fab_queue *q)
{
	bool pending;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	pending = q->stopped || next_cqe(q);
	spin_unlock_irqrestore(&q->lock, flags);
	return pending;
}

void fab_queue_arm(struct fab_queue *q)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	if (!q->state) {
		q->told = q->head;
		writel(FAB_DB(FAB_DB_DONE_ARM, q->index, q->head), q->fab->regs + FAB_REG_DOORBELL);
	}
	spin_unlock_irqrestore(&q->lock, flags);
}

u64 fab_queue_time(struct fab_queue *q)
{
	unsigned long flags;
	u64 time = 0;

	spin_lock_irqsave(&q->lock, flags);
	if (!q->state)
		time = fab_time_ns(q->fab);
	spin_unlock_irqrestore(&q->lock, flags);
	return time;
}
