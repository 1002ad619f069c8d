/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vma_internal.h - what the files of vma.h share. */
#ifndef CORE_VMA_INTERNAL_H
#define CORE_VMA_INTERNAL_H
#include "guest-kernel/core/vma.h"

/* ---- vma_tree.c: ranges of one space by address, and by object and page; they do not overlap ---- */

/* r->a and r->weight are set; sets the rest. */
void vma_tree_insert(struct vma_space *s, struct vma_range *r);
/* It must be there. Its memory stays the caller's. */
void vma_tree_remove(struct vma_space *s, struct vma_range *r);
/* The lowest whose end is above the address; NULL: none. */
struct vma_range *vma_tree_from(const struct vma_space *s, uint64_t at);
/* The one with the highest page not above that one of the object, or of a lower object; NULL: none. */
struct vma_range *vma_tree_object(const struct vma_space *s, uint32_t object, uint64_t page);

/* ---- vma.c ---- */

struct vma_range *vma_range_new(struct vma *v);
void vma_range_free(struct vma *v, struct vma_range *r);
/* A range that begins with that area; r->going: no. */
void vma_range_add(struct vma_space *s, struct vma_range *r, const struct vma_area *a);
void vma_send(struct vma *v, unsigned to, unsigned type, const struct vma_wire *w);
/* Pages of an object that can be. */
bool vma_good_pages(const struct vma *v, uint32_t object, uint64_t first, uint64_t pages);
/* Whole pages, not empty, of an object that can be. */
bool vma_good(const struct vma *v, const struct vma_area *a);
static inline struct vma_span vma_span_of(const struct vma *v, const struct vma_space *s,
                                          const struct vma_area *a)
{
    return (struct vma_span){s->process, a->object, (uint32_t)((a->end - a->begin) / v->c.page_bytes),
                             a->first};
}
static inline bool vma_alive(const struct vma *v, unsigned node)
{
    return !(v->dead & core_bit(node));
}

/* ---- vma_origin.c: operations and rounds ---- */

/* Whatever can be begun or ended now is. */
void vma_go_on(struct vma *v, struct vma_space *s);
/* QUIET or DROPPED. */
void vma_origin_answer(struct vma *v, struct vma_space *s, unsigned from, unsigned type,
                       const struct vma_wire *w);
void vma_origin_quiet(struct vma *v, struct vma_space *s);
void vma_origin_dead(struct vma *v, struct vma_space *s, unsigned node);
void vma_origin_end(struct vma *v, struct vma_space *s);

/* ---- vma_ranges.c: changing the origin's own ranges ---- */

/* The operation's change, at once; what is to be taken back is going and noted in op. Not CORE_OK: it has
 * failed and nothing was changed. */
int vma_change(struct vma *v, struct vma_space *s, struct vma_op *op);
/* What is going goes. */
void vma_take_out(struct vma *v, struct vma_space *s, const struct vma_op *op);
/* What has to wait until all is taken back. */
void vma_complete(struct vma *v, struct vma_space *s, struct vma_op *op);
/* The addresses that nobody else may change while the operation is under way. */
void vma_reach(const struct vma_space *s, const struct vma_op *op, uint64_t *begin, uint64_t *end);

/* ---- vma_replica.c: questions, and forgetting ---- */

void vma_replica_lookup(struct vma *v, struct vma_space *s, struct vma_lookup *l);
/* rest: so many bytes follow. */
void vma_replica_message(struct vma *v, struct vma_space *s, unsigned type, const struct vma_wire *w,
                         const void *rest, size_t bytes);
void vma_replica_quiet(struct vma *v, struct vma_space *s);
/* The lookups end so; the origin is dead, or the space ends. */
void vma_replica_end(struct vma *v, struct vma_space *s, int status);
#endif
