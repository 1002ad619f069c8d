// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A ring of descriptors and what the driver remembers of each; see fab.h.
 *
 * Receive buffers are used in order but, from several peers, completed out of order. So what is
 * remembered lies not at the descriptor's place in the ring but in a slot, whose number is the
 * descriptor's cookie. There are as many slots as ring entries, busy from the post until the
 * completion is taken: so a ring is never posted beyond what the device has taken.
 */
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include "fab.h"

int fab_ring_alloc(struct device *dev, struct fab_ring *r, u16 size, size_t entry)
{
	r->size = size;
	r->slot = kcalloc(size, sizeof(*r->slot), GFP_KERNEL);
	r->free = kcalloc(size, sizeof(*r->free), GFP_KERNEL);
	r->entry = dma_alloc_coherent(dev, size * entry, &r->entry_dma, GFP_KERNEL);
	r->sge = dma_alloc_coherent(dev, size * FAB_MAX_SGE * sizeof(*r->sge), &r->sge_dma,
				    GFP_KERNEL);
	return r->slot && r->free && r->entry && r->sge ? 0 : -ENOMEM;
}

void fab_ring_free(struct device *dev, struct fab_ring *r, size_t entry)
{
	if (r->sge)
		dma_free_coherent(dev, r->size * FAB_MAX_SGE * sizeof(*r->sge), r->sge, r->sge_dma);
	if (r->entry)
		dma_free_coherent(dev, r->size * entry, r->entry, r->entry_dma);
	kfree(r->free);
	kfree(r->slot);
	memset(r, 0, sizeof(*r));
}

void fab_ring_clear(struct fab_ring *r)
{
	u16 i;

	memset(r->slot, 0, r->size * sizeof(*r->slot));
	for (i = 0; i < r->size; i++)
		r->free[i] = r->size - 1 - i;
	r->n_free = r->size;
	r->tail = 0;
}

int fab_ring_claim(struct fab_ring *r, const struct fab_slot *what, const struct fab_sge *piece)
{
	struct fab_sge *list;
	u16 number;

	if (!r->n_free)
		return -EAGAIN;
	number = r->free[--r->n_free];
	list = r->sge + number * FAB_MAX_SGE;
	r->slot[number] = *what;
	r->slot[number].busy = true;
	memcpy(list, piece, what->n * sizeof(*piece));
	r->tail++;
	return number;
}

u64 fab_ring_address(const struct fab_ring *r, u16 number)
{
	const struct fab_slot *slot = &r->slot[number];

	if (slot->n < 2)
		return slot->n ? r->sge[number * FAB_MAX_SGE].addr : 0;
	return r->sge_dma + number * FAB_MAX_SGE * sizeof(*r->sge);
}

bool fab_ring_release(struct device *dev, struct fab_ring *r, u64 number, struct fab_slot *what)
{
	const struct fab_sge *piece;
	unsigned int i;

	if (number >= r->size || !r->slot[number].busy)
		return false;
	piece = r->sge + number * FAB_MAX_SGE;
	*what = r->slot[number];
	r->slot[number].busy = false;
	r->free[r->n_free++] = number;
	for (i = 0; what->mapped && i < what->n; i++)
		dma_unmap_single(dev, piece[i].addr, piece[i].len, what->direction);
	return true;
}
