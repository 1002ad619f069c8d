/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_region.c - registered memory: what peers may read and write by key and offset. A region is
 * contiguous, or a list of pages in guest memory, which is read whenever it is used, so that only what the
 * guest has there counts. A slot holds one region; setting it again replaces it.
 */
#include "devices/fabric/fabric_internal.h"

enum fab_error fab_region_set(struct fab *f, const struct fab_admin *a)
{
    struct fab_region r = {true, a->access, a->key, a->count, a->addr[0], a->addr[1], a->length};
    uint8_t byte;

    if (r.length < 1 || r.length > FAB_MAX_REGION || (r.access & ~7u))
        return FAB_E_SIZE;
    if (r.list) {
        if (r.shift < 12 || r.shift > 30 || r.start >= UINT64_C(1) << r.shift)
            return FAB_E_SIZE;
        uint64_t pages = (r.start + r.length - 1) >> r.shift; /* before the last one */
        if (r.list % 8 || r.list > UINT64_MAX - pages * 8 - 8 || !f->ops.dma_read(f->ctx, r.list, &byte, 1) ||
            !f->ops.dma_read(f->ctx, r.list + pages * 8 + 7, &byte, 1))
            return FAB_E_ADDRESS;
    } else if (r.start > UINT64_MAX - r.length || !f->ops.dma_read(f->ctx, r.start, &byte, 1) ||
               !f->ops.dma_read(f->ctx, r.start + r.length - 1, &byte, 1)) {
        return FAB_E_ADDRESS;
    }
    f->region[a->key % FAB_MAX_REGIONS] = r;
    return FAB_OK;
}

enum fab_error fab_region_clear(struct fab *f, uint32_t key)
{
    struct fab_region *r = &f->region[key % FAB_MAX_REGIONS];

    if (!r->set || r->key != key)
        return FAB_E_KEY;
    r->set = false;
    return FAB_OK;
}

const struct fab_region *fab_region_find(struct fab *f, uint32_t key, unsigned access, uint64_t offset,
                                         uint64_t len)
{
    const struct fab_region *r = &f->region[key % FAB_MAX_REGIONS];

    if (!r->set || r->key != key || !(r->access & access) || offset > r->length || len > r->length - offset)
        return NULL;
    return r;
}

/* The guest address of the byte at offset, and how many bytes follow there (up to most). */
static bool locate(struct fab *f, const struct fab_region *r, uint64_t offset, uint32_t *most,
                   uint64_t *address)
{
    uint64_t page, size = UINT64_C(1) << r->shift;

    offset += r->start;
    if (!r->list) {
        *address = offset;
        return true;
    }
    if (!fab_dma_read(f, r->list + (offset >> r->shift) * 8, &page, sizeof page))
        return false;
    offset &= size - 1;
    if (page > UINT64_MAX - size)
        return false;
    if (*most > size - offset)
        *most = (uint32_t)(size - offset);
    *address = page + offset;
    return true;
}

static bool move(struct fab *f, const struct fab_region *r, uint64_t offset, uint8_t *data, uint32_t len,
                 bool write)
{
    while (len) {
        uint32_t part = len;
        uint64_t at;
        if (!locate(f, r, offset, &part, &at) || !fab_payload(f, at, data, part, write))
            return false;
        offset += part;
        data += part;
        len -= part;
    }
    return true;
}

bool fab_region_read(struct fab *f, const struct fab_region *r, uint64_t offset, void *to, uint32_t len)
{
    return move(f, r, offset, to, len, false);
}

bool fab_region_write(struct fab *f, const struct fab_region *r, uint64_t offset, const void *from,
                      uint32_t len)
{
    return move(f, r, offset, (uint8_t *)(uintptr_t)from, len, true);
}

bool fab_region_word(struct fab *f, const struct fab_region *r, uint64_t offset, uint64_t *address)
{
    uint32_t most = 8;
    return locate(f, r, offset, &most, address) && most == 8 && *address % 8 == 0;
}
