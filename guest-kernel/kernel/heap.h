/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heap.h - memory in pieces of any size up to BLOCK, aligned to 8; see heap.c. */
#ifndef KERNEL_HEAP_H
#define KERNEL_HEAP_H

#include <stddef.h>

/* Contents undefined; NULL if there is no memory, or it is more than BLOCK bytes. */
void *heap_new(size_t bytes);
/* The same when heap_new() gets none any more (pages.c): for messages to other nodes. */
void *heap_last(size_t bytes);
/* bytes: as it was asked for. */
void heap_free(void *memory, size_t bytes);

#endif
