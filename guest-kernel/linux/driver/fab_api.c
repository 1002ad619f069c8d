// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The message API for other modules, cob_fabric.h, on queues 1 and 2.
 *
 * A client's done is called in the hard interrupt of its queue, or by the process that stops the
 * queue once the interrupt is freed; so never twice at a time.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "fab.h"

struct cob_fabric_queue {
	struct fab_adapter *fab;
	struct fab_queue *q;
	const struct cob_fabric_ops *ops;
	void *ctx;
};

static void deliver(struct cob_fabric_queue *c)
{
	struct fab_done done;

	while (fab_queue_next(c->q, &done))
		c->ops->done(c->ctx, &done.c);
}

static void api_interrupt(struct fab_queue *q)
{
	deliver(q->owner);
	fab_queue_arm(q);
}

static void api_event(struct fab_queue *q, enum cob_fabric_event event)
{
	struct cob_fabric_queue *c = q->owner;

	switch (event) {
	case COB_FABRIC_SUSPENDED:
	case COB_FABRIC_QUEUE_ERROR:
		deliver(c);
		break;
	case COB_FABRIC_GONE:
		deliver(c);
		fab_queue_release(q);
		break;
	case COB_FABRIC_RESUMED:
		if (fab_queue_start(q))
			event = COB_FABRIC_QUEUE_ERROR;
		else
			fab_queue_arm(q);
		break;
	default:
		break;
	}
	if (c->ops->event)
		c->ops->event(c->ctx, event);
}

static const struct fab_queue_ops api_ops = {
	.interrupt = api_interrupt,
	.event = api_event,
};

struct cob_fabric_queue *cob_fabric_open(unsigned int adapter, unsigned int queue, u16 n_send,
					 u16 n_recv, const struct cob_fabric_ops *ops, void *ctx)
{
	struct cob_fabric_queue *c;
	struct fab_queue *q;

	if (queue < COB_FABRIC_KERNEL_FIRST || queue > COB_FABRIC_KERNEL_LAST || !ops ||
	    !ops->done || !is_power_of_2(n_send) || !is_power_of_2(n_recv) || n_send < 2 ||
	    n_recv < 2 || n_send > 4096 || n_recv > 4096)
		return ERR_PTR(-EINVAL);
	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return ERR_PTR(-ENOMEM);
	c->ops = ops;
	c->ctx = ctx;
	c->fab = fab_get(adapter);
	if (!c->fab) {
		kfree(c);
		return ERR_PTR(-ENODEV);
	}
	mutex_lock(&c->fab->lock);
	q = fab_queue_open(c->fab, queue, n_send, n_recv, &api_ops, c);
	if (!IS_ERR(q)) {
		c->q = q;
		fab_queue_arm(q);
	}
	mutex_unlock(&c->fab->lock);
	if (IS_ERR(q)) {
		fab_put(c->fab);
		kfree(c);
		return ERR_CAST(q);
	}
	return c;
}
EXPORT_SYMBOL_GPL(cob_fabric_open);

void cob_fabric_close(struct cob_fabric_queue *c)
{
	mutex_lock(&c->fab->lock);
	if (c->fab->state != FAB_GONE) {
		fab_queue_stop(c->q, -ENODEV);
		deliver(c);
		fab_queue_release(c->q);
	}
	fab_queue_close(c->q);
	mutex_unlock(&c->fab->lock);
	fab_put(c->fab);
	kfree(c);
}
EXPORT_SYMBOL_GPL(cob_fabric_close);

static bool linear(const void *addr, u32 len)
{
	return virt_addr_valid(addr) && virt_addr_valid(addr + len - 1);
}

/* Maps pieces for the device. How many, or an errno with nothing mapped. */
static int map(struct device *dev, const struct cob_fabric_piece *piece, unsigned int n,
	       struct fab_sge *sge, enum dma_data_direction direction)
{
	unsigned int i;
	u32 room = FAB_MAX_MESSAGE;
	int err = 0;

	if (n > FAB_MAX_SGE)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		if (!piece[i].len || piece[i].len > room || !linear(piece[i].addr, piece[i].len)) {
			err = -EINVAL;
			break;
		}
		room -= piece[i].len;
		sge[i] = (struct fab_sge){
			.addr = dma_map_single(dev, piece[i].addr, piece[i].len, direction),
			.len = piece[i].len,
		};
		if (dma_mapping_error(dev, sge[i].addr)) {
			err = -EIO;
			break;
		}
	}
	if (!err)
		return n;
	while (i-- > 0)
		dma_unmap_single(dev, sge[i].addr, sge[i].len, direction);
	return err;
}

static void unmap(struct device *dev, const struct fab_sge *sge, int n,
		  enum dma_data_direction direction)
{
	while (n-- > 0)
		dma_unmap_single(dev, sge[n].addr, sge[n].len, direction);
}

int cob_fabric_post(struct cob_fabric_queue *c, const struct cob_fabric_op *op)
{
	bool reads = op->op == FAB_OP_READ || op->op == FAB_OP_CAS || op->op == FAB_OP_FETCH_ADD;
	enum dma_data_direction direction = reads ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
	struct device *dev = &c->fab->pdev->dev;
	struct fab_sge sge[FAB_MAX_SGE];
	struct fab_send desc = {
		.op = op->op,
		.peer = op->peer,
		.cookie = op->cookie,
		.remote = op->remote,
		.key = op->key,
		.imm = op->imm,
		.operand = op->operand,
		.compare = op->compare,
	};
	int err, n, i;

	if (op->op < FAB_OP_SEND || op->op >= FAB_OP_END)
		return -EINVAL;
	err = READ_ONCE(c->q->state);
	if (err)
		return err;
	n = map(dev, op->piece, op->n_piece, sge, direction);
	if (n < 0)
		return n;
	for (i = 0; i < n; i++)
		desc.len += sge[i].len;
	err = fab_queue_put_send(c->q, &desc, sge, n, NULL, true);
	if (err)
		unmap(dev, sge, n, direction);
	else
		fab_queue_kick_send(c->q, NULL);
	return err;
}
EXPORT_SYMBOL_GPL(cob_fabric_post);

int cob_fabric_post_recv(struct cob_fabric_queue *c, void *addr, u32 len, u64 cookie)
{
	struct cob_fabric_piece piece = {addr, len};
	struct device *dev = &c->fab->pdev->dev;
	struct fab_sge sge[1];
	int err, n;

	err = READ_ONCE(c->q->state);
	if (err)
		return err;
	n = map(dev, &piece, len ? 1 : 0, sge, DMA_FROM_DEVICE);
	if (n < 0)
		return n;
	err = fab_queue_put_recv(c->q, sge, n, cookie, NULL, true);
	if (err)
		unmap(dev, sge, n, DMA_FROM_DEVICE);
	else
		fab_queue_kick_recv(c->q);
	return err;
}
EXPORT_SYMBOL_GPL(cob_fabric_post_recv);

int cob_fabric_register(struct cob_fabric_queue *c, void *addr, size_t len, u16 access, u32 *key)
{
	unsigned int n, i;
	struct fab_memory *m;
	struct page **pages;

	if (!len || !access || access > (FAB_ACCESS_READ | FAB_ACCESS_WRITE | FAB_ACCESS_ATOMIC) ||
	    len > INT_MAX)
		return -EINVAL;
	n = DIV_ROUND_UP(offset_in_page(addr) + len, PAGE_SIZE);
	pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		void *at = (void *)((unsigned long)addr & PAGE_MASK) + i * PAGE_SIZE;

		if (!is_vmalloc_addr(at) && !virt_addr_valid(at)) {
			kvfree(pages);
			return -EINVAL;
		}
		pages[i] = is_vmalloc_addr(at) ? vmalloc_to_page(at) : virt_to_page(at);
	}
	mutex_lock(&c->fab->lock);
	m = fab_memory_add(c->fab, pages, n, offset_in_page(addr), len, access);
	mutex_unlock(&c->fab->lock);
	if (IS_ERR(m)) {
		kvfree(pages);
		return PTR_ERR(m);
	}
	*key = m->key;
	return 0;
}
EXPORT_SYMBOL_GPL(cob_fabric_register);

void cob_fabric_unregister(struct cob_fabric_queue *c, u32 key)
{
	struct fab_memory *m;

	mutex_lock(&c->fab->lock);
	list_for_each_entry(m, &c->fab->memory, list) {
		if (m->access && m->key == key) {
			fab_memory_remove(m);
			break;
		}
	}
	mutex_unlock(&c->fab->lock);
}
EXPORT_SYMBOL_GPL(cob_fabric_unregister);

u16 cob_fabric_node(const struct cob_fabric_queue *c)
{
	return c->fab->node;
}
EXPORT_SYMBOL_GPL(cob_fabric_node);

u16 cob_fabric_nodes(const struct cob_fabric_queue *c)
{
	return c->fab->n_nodes;
}
EXPORT_SYMBOL_GPL(cob_fabric_nodes);

bool cob_fabric_link_up(const struct cob_fabric_queue *c)
{
	return READ_ONCE(c->fab->link_up);
}
EXPORT_SYMBOL_GPL(cob_fabric_link_up);

u64 cob_fabric_time_ns(const struct cob_fabric_queue *c)
{
	return fab_queue_time(c->q);
}
EXPORT_SYMBOL_GPL(cob_fabric_time_ns);

int cob_fabric_trace(struct cob_fabric_queue *c, u16 type, u32 arg, const void *data, size_t len)
{
	unsigned long flags;
	int err;

	spin_lock_irqsave(&c->q->lock, flags);
	err = c->q->state;
	if (!err)
		err = fab_trace(c->fab, type, arg, data, len);
	spin_unlock_irqrestore(&c->q->lock, flags);
	return err;
}
EXPORT_SYMBOL_GPL(cob_fabric_trace);
