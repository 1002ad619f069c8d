/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_queue.c - records that wait for the commit of their time, handed on in order of (time, arrival).
 *
 * Most records come in order, so the sort is a merge sort that costs one comparison a record when there is
 * nothing to do, and little when a few late ones follow many early ones. Records announced ahead of their
 * time stay over several commits; the bytes of those already written are given back when they are more than
 * half.
 */
#include "tracing/tracing_write.h"
#include <assert.h>
#include <stdlib.h>

uint8_t *tracing_queue_room(struct tracing_queue *q, size_t len)
{
    if (q->n == q->cap) {
        size_t cap = q->cap ? 2 * q->cap : 64;
        struct tracing_record *records = realloc(q->records, cap * sizeof *records);
        if (!records)
            return NULL;
        q->records = records;
        struct tracing_record *scratch = realloc(q->scratch, cap * sizeof *scratch);
        if (!scratch)
            return NULL;
        q->scratch = scratch;
        q->cap = cap;
    }
    if (len > q->room - q->used) {
        size_t room = 2 * q->room > q->used + len ? 2 * q->room : q->used + len + 4096;
        uint8_t *bytes = realloc(q->bytes, room);
        if (!bytes)
            return NULL;
        q->bytes = bytes;
        q->room = room;
    }
    return q->bytes + q->used;
}

void tracing_queue_push(struct tracing_queue *q, vtime_t at, size_t len)
{
    assert(q->n < q->cap && len <= q->room - q->used);
    if (q->n > q->first && at < q->records[q->n - 1].at)
        q->unsorted = true;
    q->records[q->n++] = (struct tracing_record){.at = at, .offset = q->used, .len = len};
    q->used += len;
    q->live += len;
}

/* Stable merge of two sorted neighbours; nothing to do when they are in order already. */
static void merge(struct tracing_record *r, size_t mid, size_t n, struct tracing_record *scratch)
{
    if (r[mid - 1].at <= r[mid].at)
        return;
    memcpy(scratch, r, mid * sizeof *r);
    size_t left = 0, right = mid, out = 0;
    while (left < mid && right < n)
        r[out++] = r[right].at < scratch[left].at ? r[right++] : scratch[left++];
    memcpy(r + out, scratch + left, (mid - left) * sizeof *r);
}

static void sort(struct tracing_record *r, size_t n, struct tracing_record *scratch)
{
    for (size_t width = 1; width < n; width *= 2)
        for (size_t from = 0; from + width < n; from += 2 * width)
            merge(r + from, width, n - from < 2 * width ? n - from : 2 * width, scratch);
}

/* Moves what is waiting to the front, in order of time. */
static void compact(struct tracing_queue *q)
{
    size_t waiting = q->n - q->first;
    memmove(q->records, q->records + q->first, waiting * sizeof *q->records);
    q->first = 0;
    q->n = waiting;
    if (waiting == 0) {
        q->used = q->live = 0;
        return;
    }
    uint8_t *bytes = malloc(q->room);
    if (!bytes)
        return; /* only costs memory: the next drain tries again */
    size_t used = 0;
    for (size_t i = 0; i < waiting; i++) {
        memcpy(bytes + used, q->bytes + q->records[i].offset, q->records[i].len);
        q->records[i].offset = used;
        used += q->records[i].len;
    }
    assert(used == q->live);
    free(q->bytes);
    q->bytes = bytes;
    q->used = used;
}

vtime_t tracing_queue_drain(struct tracing_queue *q, vtime_t upto)
{
    if (q->unsorted)
        sort(q->records + q->first, q->n - q->first, q->scratch);
    q->unsorted = false;
    while (q->first < q->n && q->records[q->first].at < upto) {
        const struct tracing_record *r = &q->records[q->first++];
        q->live -= r->len;
        q->write(q->owner, r->at, q->bytes + r->offset, r->len);
    }
    if (q->first == q->n || (q->first > q->n / 2 && q->used - q->live > q->live + 4096))
        compact(q);
    return q->first < q->n ? q->records[q->first].at : INT64_MAX;
}

void tracing_queue_free(struct tracing_queue *q)
{
    free(q->records);
    free(q->scratch);
    free(q->bytes);
    *q = (struct tracing_queue){0};
}
