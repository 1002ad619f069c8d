/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_stream.c - one CTF stream file: encoded events into packets of 64 KiB.
 *
 * A packet that fills slowly is saved before it is full, as a whole packet that ends early, and written again
 * with more in it later: the finished file does not depend on when that was.
 */
#include "tracing/tracing_write.h"
#include <assert.h>

static void start_packet(struct tracing_stream *s)
{
    s->file.used = TRACING_PACKET_HEAD;
    s->saved = 0;
}

static void write_head(struct tracing_stream *s)
{
    uint8_t *head = s->file.buf;
    tracing_put32(head, TRACING_MAGIC);
    tracing_put32(head + 4, s->stream_class);
    tracing_put64(head + 8, (uint64_t)s->first);
    tracing_put64(head + 16, (uint64_t)s->last);
    tracing_put64(head + 24, 8 * s->file.used);
    tracing_put64(head + 32, 8 * TRACING_PACKET_BYTES);
    tracing_put64(head + 40, s->packets);
    tracing_put64(head + 48, 0);
    tracing_put32(head + 56, s->node);
}

static void clear_rest(struct tracing_stream *s)
{
    memset(s->file.buf + s->file.used, 0, TRACING_PACKET_BYTES - s->file.used);
}

static void finish_packet(struct tracing_stream *s)
{
    write_head(s);
    clear_rest(s);
    s->file.used = TRACING_PACKET_BYTES;
    tracing_file_flush(&s->file);
    s->packets++;
    start_packet(s);
}

/* What is new first, the head that says so last. */
void tracing_stream_save(struct tracing_stream *s)
{
    if (s->file.used == TRACING_PACKET_HEAD || s->saved == s->file.used)
        return;
    write_head(s);
    if (s->saved == 0)
        clear_rest(s);
    tracing_file_save(&s->file, s->saved ? s->saved : TRACING_PACKET_HEAD,
                      s->saved ? s->file.used : TRACING_PACKET_BYTES);
    tracing_file_save(&s->file, 0, TRACING_PACKET_HEAD);
    s->saved = s->file.used;
}

static void write_event(void *owner, vtime_t at, const uint8_t *bytes, size_t len)
{
    struct tracing_stream *s = owner;
    if (s->file.error->err)
        return;
    if (tracing_gaps_hide(s->gaps, at, tracing_get16(bytes))) {
        s->left_out++;
        return;
    }
    if (len > TRACING_PACKET_BYTES - s->file.used)
        finish_packet(s);
    if (s->file.used == TRACING_PACKET_HEAD)
        s->first = at;
    s->last = at;
    memcpy(s->file.buf + s->file.used, bytes, len);
    s->file.used += len;
}

bool tracing_stream_open(struct tracing_stream *s, struct tracing_error *error, char *path,
                         enum tracing_class c, unsigned node, const struct tracing_gaps *gaps)
{
    *s = (struct tracing_stream){
        .stream_class = c, .node = node, .gaps = gaps, .queue = {.write = write_event, .owner = s}};
    if (!tracing_file_open(&s->file, error, path, TRACING_PACKET_BYTES))
        return false;
    start_packet(s);
    return true;
}

void tracing_stream_close(struct tracing_stream *s)
{
    if (s->file.used > TRACING_PACKET_HEAD)
        finish_packet(s);
    s->file.used = 0; /* an empty packet is not written */
    tracing_file_close(&s->file);
    tracing_queue_free(&s->queue);
}
