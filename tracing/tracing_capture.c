/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_capture.c - one pcapng file: a section, one interface (nanosecond stamps), a packet block a frame.
 *
 * Blocks are built in the queue as they will stand in the file, so a commit only copies.
 */
#include "tracing/tracing_pcapng.h"
#include "tracing/tracing_write.h"
#include <errno.h>

#define CAPTURE_BUFFER (256 * 1024)
#define COMMENT_MAX    1024

static void write_block(void *owner, vtime_t at, const uint8_t *bytes, size_t len)
{
    (void)at;
    struct tracing_capture *c = owner;
    tracing_file_append(&c->file, bytes, len);
}

static uint8_t *put_padded(uint8_t *p, const void *bytes, size_t len)
{
    if (len > 0)
        memcpy(p, bytes, len);
    memset(p + len, 0, PCAPNG_PAD(len) - len);
    return p + PCAPNG_PAD(len);
}

static uint8_t *put_option(uint8_t *p, unsigned code, const void *value, size_t len)
{
    tracing_put16(p, (uint16_t)code);
    tracing_put16(p + 2, (uint16_t)len);
    return put_padded(p + 4, value, len);
}

/* Sets both lengths of the block from start, whose body ends at p. Returns the length. */
static size_t end_block(uint8_t *start, uint8_t *p)
{
    size_t len = (size_t)(p - start) + 4;
    tracing_put32(start + 4, (uint32_t)len);
    tracing_put32(p, (uint32_t)len);
    return len;
}

static void put_file_head(struct tracing_capture *c, const char *interface, bool fabric)
{
    uint8_t block[256 + 64] = {0}, *p;
    tracing_put32(block, PCAPNG_SECTION);
    tracing_put32(block + 8, PCAPNG_MAGIC);
    tracing_put16(block + 12, 1); /* version 1.0 */
    tracing_put16(block + 14, 0);
    tracing_put64(block + 16, UINT64_MAX); /* section length: not said */
    tracing_file_append(&c->file, block, end_block(block, block + 24));

    static const uint8_t nanoseconds = 9;
    size_t name = strnlen(interface, 256);
    tracing_put32(block, PCAPNG_INTERFACE);
    tracing_put16(block + 8, fabric ? PCAPNG_USER0 : PCAPNG_ETHERNET);
    tracing_put16(block + 10, 0);
    tracing_put32(block + 12, 0); /* no limit to a frame's length */
    p = put_option(block + 16, PCAPNG_IF_NAME, interface, name);
    p = put_option(p, PCAPNG_IF_TSRESOL, &nanoseconds, 1);
    p = put_option(p, PCAPNG_OPT_END, NULL, 0);
    tracing_file_append(&c->file, block, end_block(block, p));
}

bool tracing_capture_open(struct tracing_capture *c, struct tracing_error *error, char *path,
                          const char *interface, bool fabric)
{
    *c = (struct tracing_capture){.queue = {.write = write_block, .owner = c}};
    if (!tracing_file_open(&c->file, error, path, CAPTURE_BUFFER))
        return false;
    put_file_head(c, interface, fabric);
    return true;
}

void tracing_capture_close(struct tracing_capture *c)
{
    tracing_file_close(&c->file);
    tracing_queue_free(&c->queue);
}

int tracing_capture_frame(struct tracing_capture *c, vtime_t at, enum tracing_direction dir,
                          const uint8_t *data, uint32_t len, const char *comment)
{
    uint32_t kept = data ? len : 0;
    size_t comment_len = comment ? strnlen(comment, COMMENT_MAX) : 0;
    uint8_t *block = tracing_queue_room(&c->queue, PCAPNG_PACKET_HEAD + PCAPNG_PAD((size_t)kept) + 8 + 4 +
                                                       PCAPNG_PAD(comment_len) + 4 + 4);
    if (!block)
        return -1;
    uint64_t ns = (uint64_t)vtime_to_ns(at);
    tracing_put32(block, PCAPNG_PACKET);
    tracing_put32(block + 8, 0); /* interface */
    tracing_put32(block + 12, (uint32_t)(ns >> 32));
    tracing_put32(block + 16, (uint32_t)ns);
    tracing_put32(block + 20, kept);
    tracing_put32(block + 24, len);
    uint8_t *p = put_padded(block + PCAPNG_PACKET_HEAD, data, kept);
    if (dir != TRACING_DIR_UNKNOWN) {
        uint8_t flags[4];
        tracing_put32(flags, dir); /* bits 0-1: 1 in, 2 out */
        p = put_option(p, PCAPNG_EPB_FLAGS, flags, sizeof flags);
    }
    if (comment)
        p = put_option(p, PCAPNG_OPT_COMMENT, comment, comment_len);
    if (comment || dir != TRACING_DIR_UNKNOWN)
        p = put_option(p, PCAPNG_OPT_END, NULL, 0);
    tracing_queue_push(&c->queue, at, end_block(block, p));
    return 0;
}
