/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dsm.h - pages that nodes share, by key: which node may read or write one is decided by the page directory
 * (guest-kernel/core/page.h).
 *
 *     key = process id << 40 | object << 24 | page of the object
 *
 * Each mapping of a process is an object with a number that is not used again while it could be mistaken. The
 * home of its pages is the process's origin, the node that the process id names. Process 0 is the range at
 * SHARED_BEGIN, which all processes have; its pages' homes are page modulo nodes.
 *
 * A page that a thread gets is pinned: it stays until dsm_unpin(). A thread that has pinned one waits for no
 * other. Waiting for a page always ends: with it, or with an error when the nodes that have it are dead.
 */
#ifndef KERNEL_DSM_H
#define KERNEL_DSM_H

#include "guest-kernel/core/page.h"

#define SHARED_BEGIN UINT64_C(0x10000000000) /* 1 TiB */
enum { SHARED_BYTES = 16 << 20 };
enum { DSM_OBJECT_BITS = 24, DSM_PROCESS_BITS = 40, DSM_OBJECTS = 1 << 16 };
#define DSM_OBJECT_PAGES (UINT64_C(1) << DSM_OBJECT_BITS)

enum { DSM_EVENT_SENT = 0x22 }; /* event port: a page's message goes out; see dsm.c */

struct vma_area;
struct vma_span;

void dsm_init(const struct core_env *env, unsigned self, unsigned nodes);
bool shared_here(uintptr_t at);
static inline uint64_t dsm_key(int process, uint32_t object, uint64_t page)
{
    return (uint64_t)process << DSM_PROCESS_BITS | (uint64_t)object << DSM_OBJECT_BITS | page;
}
/* The frame, pinned, with the right to read, or to write. Waits. area: the range that the page is of, which
 * says what it holds at first; NULL: zero. NULL: *status says why. */
void *dsm_get(uint64_t key, bool write, const struct vma_area *area, int *status);
/* hold: it stays a little longer, as its thread may need two at once. */
void dsm_unpin(uint64_t key, bool hold);
/* The page is pinned, and another node waits for that to end. */
bool dsm_wanted(uint64_t key);
/* This node may write that page already, without asking. */
bool dsm_writable(uint64_t key);
/* At the home: those of keys first .. last that somebody has touched, in order, at most max; how many. */
unsigned dsm_touched(uint64_t first, uint64_t last, uint64_t *keys, unsigned max);
/* A thread of this node waits for a page at one of these addresses of the process (of an area, dsm_get), or
 * has not yet seen that it came. */
bool dsm_busy(int process, uint64_t begin, uint64_t end);
/* Forgets them, here; nobody may be waiting for one anywhere. */
void dsm_drop(const struct vma_span *s);
void dsm_drop_all(int process);

/* The adapter reads this frame until dsm_sent(), if it is given back before, too. At most DSM_SENDING at a
 * time. Nobody writes to it meanwhile: before that, whoever was sent a copy has had it and has dropped it. */
enum { DSM_SENDING = 32 };
void dsm_sending(const void *frame);
void dsm_sent(const void *frame);
/* Gives it back, when nobody reads it any more. */
void dsm_frame_gone(void *frame);

void dsm_message(unsigned from, unsigned type, const void *data, size_t bytes);
void dsm_dead(unsigned node);
void dsm_poll(void);
const struct page_counts *dsm_counts(void);

#endif
