/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_core.h - what the parts of fuzz_core share, and what its unit test looks at. */
#ifndef TESTS_FUZZ_CORE_H
#define TESTS_FUZZ_CORE_H
#include "guest-kernel/core/page_internal.h"

/* Since the program began: faults that waited, had the right already, were refused; ended; messages. */
struct fuzz_core_counts {
    uint64_t waited, had, refused, ended, forged, packets, delivered, opened;
};
extern struct fuzz_core_counts fuzz_core_counts;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void fuzz_core_begin(const uint8_t *data, size_t size);
bool fuzz_core_more(void);
uint64_t fuzz_core_take(unsigned bytes); /* the next bytes of the input as a number; 0 if there are none */

/* ---- fuzz_core_lend.c: of struct core_env and page_config; ctx: begins with a long, the blocks that are
 * lent ---- */

enum { FUZZ_CORE_PAGE = 64 };
extern unsigned fuzz_core_fail_in; /* that one of the next requests for memory fails; 0: none does */
extern uint64_t fuzz_core_now;
bool fuzz_core_fails(void);
void *fuzz_core_alloc(void *ctx, size_t bytes);
void fuzz_core_free(void *ctx, void *memory, size_t bytes);
void *fuzz_core_frame_alloc(void *ctx);
void fuzz_core_frame_free(void *ctx, void *frame);
uint64_t fuzz_core_time(void *ctx);
void fuzz_core_timer(void *ctx, uint64_t at);

void fuzz_core_check_page(const struct page *p, void (*copy)(const void *ctx, const struct page_copy *c),
                          void (*dir)(const void *ctx, const struct page_dir *d), const void *ctx);
/* fuzz_core_stack.c: one node, whose transport brings the rest of the input */
void fuzz_core_stack(void);
/* fuzz_core_group.c: the process service; any: a peer speaks in others' names, too */
void fuzz_core_group(bool any);
/* fuzz_core_vma.c: address ranges; one honest node */
void fuzz_core_vma(void);
#endif
