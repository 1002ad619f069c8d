/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_gaps.c - libFuzzer: any bytes as a run's file trace-gaps (tracing/tracing_gaps.h). What is refused
 * comes with a message and leaves only gaps that are valid; what is accepted is valid, and written and read
 * again the same. Seeds: tests/corpus/gaps.
 */
#include "tracing/tracing_gaps.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *what)
{
    fprintf(stderr, "fuzz_gaps: %s\n", what);
    abort();
}

static int parse(const void *data, size_t size, struct tracing_gaps *g)
{
    char *said = NULL;
    size_t len = 0;
    FILE *f = fmemopen((void *)data, size, "r"), *err = open_memstream(&said, &len);

    if (!f || !err)
        fail("no memory");
    int rc = tracing_gaps_parse(f, "trace-gaps", g, err);
    fclose(f);
    fclose(err);
    if ((rc == 0) != (len == 0))
        fail("accepted with a message, or refused without");
    free(said);
    if (!tracing_gaps_valid(g->gap, g->n))
        fail("no valid gaps");
    return rc;
}

/* A file in memory takes what is written. */
static void again(const struct tracing_gaps *g)
{
    static char text[64 * TRACING_MAX_GAPS + 200];
    struct tracing_gaps copy;
    char path[40];
    int fd = memfd_create("gaps", MFD_CLOEXEC);

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd < 0 || tracing_gaps_write(path, g) < 0)
        fail("it cannot be written");
    ssize_t n = pread(fd, text, sizeof text, 0);
    close(fd);
    if (n <= 0 || n == sizeof text || parse(text, (size_t)n, &copy) < 0)
        fail("what was written is refused");
    if (copy.n != g->n || memcmp(copy.gap, g->gap, g->n * sizeof g->gap[0]) != 0)
        fail("what was written is not what was read");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tracing_gaps g;

    if (size == 0)
        return 0;
    if (parse(data, size, &g) == 0 && g.n > 0)
        again(&g);
    for (unsigned i = 0; i < g.n; i++)
        if (!tracing_gaps_hide(&g, g.gap[i].from, TR_GRANT) ||
            tracing_gaps_hide(&g, g.gap[i].from, TR_NODE_STATE) ||
            (g.gap[i].to < VTIME_NEVER && tracing_gaps_hide(&g, g.gap[i].to, TR_GRANT)))
            fail("a gap hides what it should not, or the other way round");
    return 0;
}
