/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_print.c - a run's events as text, one a line:
 *
 *     1.234567891 s  alpha   frame tx #17 eth0 98 bytes hash 0123456789abcdef
 *     1.234567891 s  fabric  queued wire0.0 #17 98 bytes queue 98 bytes
 */
#include "tracing/tracing_walk.h"
#include <errno.h>

static int print(void *ctx, const struct tracing_walked *at, const struct tracing_event *ev)
{
    FILE *out = ctx;
    char time[TRACING_TIME_TEXT];

    fprintf(out, "%s s  %-*s  ", tracing_time_text(ev->at, time), at->width, at->label);
    tracing_event_show(out, ev, at->names);
    fputc('\n', out);
    return ferror(out);
}

int tracing_flush(FILE *out, FILE *err)
{
    if (fflush(out) == 0 && !ferror(out))
        return 0;
    int code = errno;
    fprintf(err, "output: %s\n", strerror(code));
    errno = code;
    return -1;
}

int tracing_print(const char *run, const struct tracing_filter *filter, FILE *out, FILE *err)
{
    int result = tracing_walk(run, filter, print, out, err);
    int code = errno;

    if (tracing_flush(out, err) != 0)
        return -1;
    errno = code;
    return result;
}
