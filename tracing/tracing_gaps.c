/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tracing_gaps.c - see tracing_gaps.h. What is read is not trusted. */
#include "tracing/tracing_gaps.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 200 };

bool tracing_gaps_hide(const struct tracing_gaps *g, vtime_t at, unsigned id)
{
    if (id == TR_NODE_STATE)
        return false;
    for (unsigned i = 0; i < g->n && g->gap[i].from <= at; i++)
        if (at < g->gap[i].to)
            return true;
    return false;
}

bool tracing_gaps_valid(const struct tracing_gap *gaps, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (gaps[i].from < (i ? gaps[i - 1].to + 1 : 0) || gaps[i].to <= gaps[i].from ||
            gaps[i].to > VTIME_NEVER)
            return false;
    return n <= TRACING_MAX_GAPS;
}

/* A time in *at. NULL: there is none; else what follows it. */
static const char *read_time(const char *p, vtime_t *at)
{
    char *end;

    if (*p < '0' || *p > '9')
        return NULL;
    errno = 0;
    *at = strtoll(p, &end, 10);
    return errno ? NULL : end;
}

static bool read_line(const char *line, struct tracing_gap *gap)
{
    const char *p = read_time(line, &gap->from);

    if (!p || *p++ != ' ')
        return false;
    if (!strcmp(p, "-\n")) {
        gap->to = VTIME_NEVER;
        return true;
    }
    p = read_time(p, &gap->to);
    return p && !strcmp(p, "\n") && gap->to < VTIME_NEVER;
}

int tracing_gaps_parse(FILE *f, const char *path, struct tracing_gaps *g, FILE *err)
{
    char line[LINE_BYTES];
    unsigned number = 0;
    int code = 0;

    g->n = 0;
    while (!code && fgets(line, sizeof line, f)) {
        number++;
        if (line[0] == '#')
            continue;
        if (g->n == TRACING_MAX_GAPS || !read_line(line, &g->gap[g->n]) ||
            !tracing_gaps_valid(g->gap, g->n + 1)) {
            fprintf(err, "%s: line %u: no gap of a trace behind those before it\n", path, number);
            code = EINVAL;
        } else {
            g->n++;
        }
    }
    if (!code && ferror(f)) {
        code = EIO;
        fprintf(err, "%s: %s\n", path, strerror(code));
    }
    errno = code;
    return code ? -1 : 0;
}

int tracing_gaps_read(const char *run, struct tracing_gaps *g, FILE *err)
{
    char *path;

    g->n = 0;
    if (asprintf(&path, "%s/trace-gaps", run) < 0)
        return -1;
    FILE *f = fopen(path, "re");
    int code = f || errno == ENOENT ? 0 : errno;
    if (code)
        fprintf(err, "%s: %s\n", path, strerror(code));
    if (f && tracing_gaps_parse(f, path, g, err) < 0)
        code = errno;
    if (f)
        fclose(f);
    free(path);
    errno = code;
    return code ? -1 : 0;
}

int tracing_gaps_write(const char *path, const struct tracing_gaps *g)
{
    if (g->n == 0)
        return unlink(path) == 0 || errno == ENOENT ? 0 : -1;
    FILE *f = fopen(path, "we");
    if (!f)
        return -1;
    fputs("# The trace does not hold these parts of virtual time (ps, from and to): recording was off.\n", f);
    for (unsigned i = 0; i < g->n; i++) {
        fprintf(f, "%" PRId64 " ", g->gap[i].from);
        if (g->gap[i].to < VTIME_NEVER)
            fprintf(f, "%" PRId64 "\n", g->gap[i].to);
        else
            fputs("-\n", f);
    }
    bool bad = ferror(f);
    return fclose(f) != 0 || bad ? -1 : 0;
}

unsigned tracing_tell_gaps(const char *run, const char *before, FILE *out)
{
    struct tracing_gaps g;
    int code = tracing_gaps_read(run, &g, out) == 0 ? 0 : errno;

    for (unsigned i = 0; i < g.n; i++) {
        const vtime_t at[2] = {g.gap[i].from, g.gap[i].to};
        fprintf(out, "%snot in the trace: from %" PRId64 ".%012" PRId64 " s", before, at[0] / VTIME_S,
                at[0] % VTIME_S);
        if (at[1] < VTIME_NEVER)
            fprintf(out, " to %" PRId64 ".%012" PRId64 " s", at[1] / VTIME_S, at[1] % VTIME_S);
        else
            fputs(" to the end", out);
        fputs(" (recording was off)\n", out);
    }
    errno = code;
    return g.n;
}
