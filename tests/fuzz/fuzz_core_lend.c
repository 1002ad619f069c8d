/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_core_lend.c - what the parts of fuzz_core lend to the nodes that they feed: memory that is counted and
 * may be refused, frames, a clock, a timer that nobody watches. See fuzz_core.h. */
#include "tests/fuzz/fuzz_core.h"
#include <stdlib.h>
#include <string.h>

unsigned fuzz_core_fail_in;
uint64_t fuzz_core_now;

bool fuzz_core_fails(void)
{
    return fuzz_core_fail_in > 0 && --fuzz_core_fail_in == 0;
}

void *fuzz_core_alloc(void *ctx, size_t bytes)
{
    if (fuzz_core_fails())
        return NULL;
    ++*(long *)ctx;
    return malloc(bytes);
}

void fuzz_core_free(void *ctx, void *memory, size_t bytes)
{
    memset(memory, 0xee, bytes);
    --*(long *)ctx;
    free(memory);
}

void *fuzz_core_frame_alloc(void *ctx)
{
    return fuzz_core_alloc(ctx, FUZZ_CORE_PAGE);
}

void fuzz_core_frame_free(void *ctx, void *frame)
{
    fuzz_core_free(ctx, frame, FUZZ_CORE_PAGE);
}

uint64_t fuzz_core_time(void *ctx)
{
    (void)ctx;
    return fuzz_core_now;
}

void fuzz_core_timer(void *ctx, uint64_t at)
{
    (void)ctx, (void)at;
}
