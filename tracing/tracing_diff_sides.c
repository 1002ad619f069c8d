/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_diff_sides.c - what the comparisons of two files share: both mapped, their common bytes, and the
 * text of a difference's two sides.
 */
#include "tracing/tracing_diff.h"
#include <errno.h>

int tracing_diff_map(struct tracing_diff *d, const char *file, struct tracing_map map[2])
{
    map[1] = (struct tracing_map){0};
    for (unsigned i = 0; i < 2; i++) {
        if (tracing_map_file(&map[i], d->run[i], file) == 0)
            continue;
        int code = errno;
        tracing_unmap(&map[0]);
        return tracing_diff_fail(d, i, file, strerror(code), code);
    }
    return 0;
}

void tracing_diff_unmap(struct tracing_map map[2])
{
    tracing_unmap(&map[0]);
    tracing_unmap(&map[1]);
}

size_t tracing_diff_common(const struct tracing_map map[2])
{
    size_t size = map[0].size < map[1].size ? map[0].size : map[1].size, at = 0;
    for (size_t step = TRACING_PACKET_BYTES; at < size; at += step) {
        if (step > size - at)
            step = size - at;
        if (memcmp(map[0].data + at, map[1].data + at, step) != 0)
            break;
    }
    while (at < size && map[0].data[at] == map[1].data[at])
        at++;
    return at;
}

bool tracing_diff_same(const struct tracing_map map[2], size_t common)
{
    return map[0].size == common && map[1].size == common;
}

void tracing_diff_put_later(FILE *out, vtime_t at, vtime_t told)
{
    if (at != told) {
        char time[TRACING_TIME_TEXT];
        fprintf(out, "at %s s ", tracing_time_text(at, time));
    }
}

void tracing_diff_put_side(FILE *out, unsigned side, const bool there[2])
{
    if (side == 1)
        fputs(there[0] && there[1] ? " | B: " : ", ", out);
    if (!there[side])
        fprintf(out, "%c ends here", 'A' + (int)side);
    else if (!there[1 - side])
        fprintf(out, "%c continues with ", 'A' + (int)side);
}

void tracing_diff_put_quoted(FILE *out, const char *text, size_t len)
{
    char shown[TRACING_ESCAPED(200)];
    tracing_escape(shown, text, len < 200 ? len : 200);
    fprintf(out, "\"%s%s\"", shown, len > 200 ? ".." : "");
}
