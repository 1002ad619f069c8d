/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_diff_console.c - the first line in which two consoles differ.
 */
#include "tracing/tracing_diff.h"
#include <errno.h>

/* The line of a log around `at`: its text (NULL: the log ends before) and its time. -1: it has no time stamp.
 */
static int log_line(const struct tracing_map *map, size_t at, const char **line, size_t *len, vtime_t *time)
{
    const char *text = (const char *)map->data;
    *line = NULL;
    *len = 0;
    if (at >= map->size)
        return 0;
    const char *p = text + at, *end = memchr(p, '\n', map->size - at);
    if (!end)
        end = text + map->size;
    int64_t seconds = 0, ns = 0;
    unsigned digits = 0;
    if (*p++ != '[')
        return -1;
    while (p < end && *p == ' ')
        p++;
    for (; p < end && *p >= '0' && *p <= '9' && seconds < VTIME_NEVER / VTIME_S / 10 - 1; p++, digits++)
        seconds = 10 * seconds + (*p - '0');
    if (digits == 0 || p == end || *p++ != '.')
        return -1;
    for (digits = 0; p < end && *p >= '0' && *p <= '9' && digits < 9; p++, digits++)
        ns = 10 * ns + (*p - '0');
    if (digits != 9 || end - p < 2 || p[0] != ']' || p[1] != ' ')
        return -1;
    *time = seconds * VTIME_S + ns * VTIME_NS;
    *line = p + 2;
    *len = (size_t)(end - *line);
    return 0;
}

static int compare_logs(struct tracing_diff *d, const char *log, const char *node,
                        const struct tracing_map map[2], size_t common)
{
    size_t start = common, lines = 1;
    while (start > 0 && map[0].data[start - 1] != '\n')
        start--;
    for (size_t i = 0; i < start; i++)
        lines += map[0].data[i] == '\n';
    const char *line[2];
    size_t len[2];
    vtime_t time[2] = {VTIME_NEVER, VTIME_NEVER};
    for (unsigned i = 0; i < 2; i++)
        if (log_line(&map[i], start, &line[i], &len[i], &time[i]) != 0)
            return tracing_diff_fail(d, i, log, "corrupt: a line without its virtual time", EINVAL);
    vtime_t at = vtime_min(time[0], time[1]);
    FILE *out = tracing_diff_found(d, at, TRACING_RANK_CONSOLE);
    if (!out)
        return 0;
    fprintf(out, "console %s line %zu: ", node, lines);
    const bool there[2] = {line[0] != NULL, line[1] != NULL};
    for (unsigned i = 0; i < 2; i++) {
        tracing_diff_put_side(out, i, there);
        if (there[i]) {
            tracing_diff_put_later(out, time[i], at);
            tracing_diff_put_quoted(out, line[i], len[i]);
        }
    }
    tracing_diff_keep(d);
    return 0;
}

int tracing_diff_console(struct tracing_diff *d, const char *log, const char *raw, const char *node)
{
    struct tracing_map logs[2], raws[2];
    if (tracing_diff_map(d, log, logs) != 0)
        return -1;
    if (tracing_diff_map(d, raw, raws) != 0) {
        tracing_diff_unmap(logs);
        return -1;
    }
    int result = 0;
    size_t common = tracing_diff_common(logs), raw_common = tracing_diff_common(raws);
    if (!tracing_diff_same(logs, common))
        result = compare_logs(d, log, node, logs, common);
    else if (!tracing_diff_same(raws, raw_common))
        fprintf(d->note, "%s: the bytes differ from byte %zu on (the lines do not)\n", raw, raw_common);
    d->consoles.different += !tracing_diff_same(logs, common) || !tracing_diff_same(raws, raw_common);
    tracing_diff_unmap(logs);
    tracing_diff_unmap(raws);
    return result;
}
