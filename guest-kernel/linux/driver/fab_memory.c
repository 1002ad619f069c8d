// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that the adapter may reach: page lists, and keys for peers; see fab.h.
 *
 * A key is a slot number of the device (8 bits) and a round (24 bits) that changes with each use of
 * a slot, so that an old key does not open what came later.
 */
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include "fab.h"

static int set_region(const struct fab_memory *m)
{
	struct fab_admin command = {
		.op = FAB_ADMIN_REGION_SET,
		.access = m->access,
		.key = m->key,
		.addr = {m->bus_dma, m->offset},
		.length = m->length,
		.count = PAGE_SHIFT,
	};

	return fab_admin(m->fab, &command);
}

static int map_pages(struct fab_memory *m)
{
	struct device *dev = &m->fab->pdev->dev;
	unsigned int i;

	m->bus = dma_alloc_coherent(dev, m->n_pages * sizeof(*m->bus), &m->bus_dma, GFP_KERNEL);
	if (!m->bus)
		return -ENOMEM;
	for (i = 0; i < m->n_pages; i++) {
		m->bus[i] = dma_map_page(dev, m->pages[i], 0, PAGE_SIZE, DMA_BIDIRECTIONAL);
		if (dma_mapping_error(dev, m->bus[i]))
			break;
	}
	if (i == m->n_pages) {
		m->mapped = true;
		return 0;
	}
	while (i-- > 0)
		dma_unmap_page(dev, m->bus[i], PAGE_SIZE, DMA_BIDIRECTIONAL);
	dma_free_coherent(dev, m->n_pages * sizeof(*m->bus), m->bus, m->bus_dma);
	return -EIO;
}

struct fab_memory *fab_memory_add(struct fab_adapter *fab, struct page **pages,
				  unsigned int n_pages, u32 offset, u64 length, u16 access)
{
	struct fab_memory *m;
	int err;

	lockdep_assert_held(&fab->lock);
	err = fab_enable(fab);
	if (err)
		return ERR_PTR(err);
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&m->list);
	m->fab = fab;
	m->pages = pages;
	m->n_pages = n_pages;
	m->offset = offset;
	m->length = length;
	m->access = access;
	err = map_pages(m);
	if (!err && access) {
		unsigned int slot = find_first_zero_bit(fab->keys, FAB_MAX_REGIONS);

		if (slot < FAB_MAX_REGIONS) {
			__set_bit(slot, fab->keys);
			m->key = ++fab->key_round << 8 | slot;
			err = set_region(m);
		} else {
			m->access = 0;
			err = -ENOSPC;
		}
		if (err)
			fab_memory_unmap(m);
	}
	if (err) {
		kfree(m);
		return ERR_PTR(err);
	}
	list_add_tail(&m->list, &fab->memory);
	return m;
}

void fab_memory_unmap(struct fab_memory *m)
{
	struct fab_admin clear = {.op = FAB_ADMIN_REGION_CLEAR, .key = m->key};
	struct device *dev = &m->fab->pdev->dev;
	unsigned int i;

	if (!m->mapped)
		return;
	if (m->access) {
		if (m->fab->state == FAB_ON)
			fab_admin(m->fab, &clear);
		__clear_bit(m->key & (FAB_MAX_REGIONS - 1), m->fab->keys);
	}
	for (i = 0; i < m->n_pages; i++)
		dma_unmap_page(dev, m->bus[i], PAGE_SIZE, DMA_BIDIRECTIONAL);
	dma_free_coherent(dev, m->n_pages * sizeof(*m->bus), m->bus, m->bus_dma);
	m->mapped = false;
}

void fab_memory_remove(struct fab_memory *m)
{
	fab_memory_unmap(m);
	list_del(&m->list);
	kvfree(m->pages);
	kfree(m);
}

void fab_memory_restore(struct fab_adapter *fab)
{
	struct fab_memory *m;

	list_for_each_entry(m, &fab->memory, list) {
		if (m->access && set_region(m))
			dev_err(&fab->pdev->dev, "key %#x is lost\n", m->key);
	}
}

int fab_memory_pieces(const struct fab_memory *m, u64 offset, u32 len, struct fab_sge *piece)
{
	unsigned int n = 0;
	u64 at = m->offset + offset;

	if (!m->mapped)
		return -ENODEV;
	if (offset > m->length || len > m->length - offset)
		return -EINVAL;
	while (len > 0) {
		u64 addr = m->bus[at >> PAGE_SHIFT] + offset_in_page(at);
		u32 part = min_t(u32, len, PAGE_SIZE - offset_in_page(at));

		if (n > 0 && piece[n - 1].addr + piece[n - 1].len == addr) {
			piece[n - 1].len += part;
		} else {
			if (n == FAB_MAX_SGE)
				return -EMSGSIZE;
			piece[n++] = (struct fab_sge){.addr = addr, .len = part};
		}
		at += part;
		len -= part;
	}
	return n;
}
