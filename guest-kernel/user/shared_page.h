/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shared_page.h - pages of the memory that all nodes share, and words in them. */
#ifndef SHARED_PAGE_H
#define SHARED_PAGE_H
#include "guest-kernel/user/user.h"

/* Its home is node page modulo the number of nodes. */
static inline void *page_at(unsigned page)
{
    return (char *)SHARED_BEGIN + (size_t)page * PAGE_BYTES;
}
static inline uint64_t load(const uint64_t *at)
{
    return __atomic_load_n(at, __ATOMIC_SEQ_CST);
}
static inline void store(uint64_t *at, uint64_t value)
{
    __atomic_store_n(at, value, __ATOMIC_SEQ_CST);
}
#endif
