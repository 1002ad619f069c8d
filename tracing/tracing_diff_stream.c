/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_diff_stream.c - the first event in which two streams differ.
 *
 * Bytes are compared first: equal files are the common case and cost a memcmp. They are walked all the same,
 * to count events and to notice damage; only streams that differ are compared event by event. What lies in a
 * gap of either trace (tracing_gaps.h) is passed over.
 */
#include "tracing/tracing_diff.h"
#include <errno.h>

/* The next event that both traces can have; as tracing_cursor_next(). */
static int next(const struct tracing_diff *d, struct tracing_cursor *c, struct tracing_event *ev)
{
    int state;
    do
        state = tracing_cursor_next(c, ev);
    while (state == 1 && (tracing_gaps_hide(&d->gaps[0], ev->at, ev->id) ||
                          tracing_gaps_hide(&d->gaps[1], ev->at, ev->id)));
    return state;
}

/* Walks what is left of a stream, to count its events and to find damage. */
static int walk(struct tracing_diff *d, unsigned run, const char *file, struct tracing_cursor *c,
                uint64_t *events)
{
    struct tracing_event ev;
    int state;
    while ((state = next(d, c, &ev)) == 1)
        ++*events;
    if (state == 0)
        return 0;
    tracing_cursor_complain(c, d->run[run], file, d->err);
    errno = EINVAL;
    return -1;
}

static void tell_event(struct tracing_diff *d, const char *node, const struct tracing_event ev[2],
                       const int state[2])
{
    vtime_t at = state[0] != 1 ? ev[1].at : state[1] != 1 ? ev[0].at : vtime_min(ev[0].at, ev[1].at);
    FILE *out = tracing_diff_found(d, at, node ? TRACING_RANK_NODE : TRACING_RANK_FABRIC);
    if (!out)
        return;
    if (node)
        fprintf(out, "node %s: ", node);
    else
        fputs("fabric: ", out);
    const bool there[2] = {state[0] == 1, state[1] == 1};
    for (unsigned i = 0; i < 2; i++) {
        tracing_diff_put_side(out, i, there);
        if (there[i]) {
            tracing_diff_put_later(out, ev[i].at, at);
            tracing_event_show(out, &ev[i], &d->names[i]);
        }
    }
    tracing_diff_keep(d);
}

/* Links are compared by name: the same number may mean another link in the other run. */
static bool events_equal(const struct tracing_diff *d, const struct tracing_event ev[2])
{
    if (!tracing_event_equal(&ev[0], &ev[1]))
        return false;
    return tracing_event_defs[ev[0].id].fields[0].type != TRF_LINK ||
           strcmp(d->names[0].links[ev[0].v[0].u], d->names[1].links[ev[1].v[0].u]) == 0;
}

int tracing_diff_stream(struct tracing_diff *d, const char *file, const char *node)
{
    struct tracing_map map[2];
    if (tracing_diff_map(d, file, map) != 0)
        return -1;
    size_t common = tracing_diff_common(map);
    bool same = tracing_diff_same(map, common);
    struct tracing_cursor c[2];
    struct tracing_event ev[2];
    int state[2] = {0, 0}, result = 0;
    uint64_t events[2] = {0, 0}; /* compared */
    for (unsigned i = 0; i < 2; i++)
        tracing_cursor_start(&c[i], &map[i], &d->names[i], node);
    if (!same)
        do
            for (unsigned i = 0; i < 2; i++)
                events[i] += (state[i] = next(d, &c[i], &ev[i])) == 1;
        while (state[0] == 1 && state[1] == 1 && events_equal(d, ev));
    if (state[0] >= 0 && state[1] >= 0 && state[0] + state[1] > 0)
        tell_event(d, node, ev, state);
    for (unsigned i = 0; i < 2 && result == 0 && !(same && i == 1); i++)
        result = walk(d, i, file, &c[i], &events[i]);
    if (result == 0) {
        same = same || (state[0] + state[1] == 0 && d->gaps[0].n + d->gaps[1].n > 0);
        if (!same && state[0] + state[1] == 0)
            fprintf(d->note, "%s: the events are the same, their packets are not\n", file);
        d->streams.different += !same;
        d->events += events[0];
    }
    tracing_diff_unmap(map);
    return result;
}
