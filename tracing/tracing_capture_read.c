/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_capture_read.c - walking the frames of a capture that tracing_capture.c wrote (no others).
 */
#include "tracing/tracing_pcapng.h"
#include "tracing/tracing_read.h"

void tracing_capture_start(struct tracing_capture_cursor *c, const struct tracing_map *map)
{
    *c = (struct tracing_capture_cursor){.data = map->data, .size = map->size};
}

static int fail(struct tracing_capture_cursor *c, const char *fault)
{
    c->fault = fault;
    return -1;
}

/* Options of a packet block from p to end. 0, or -1 when they do not fit. */
static int read_options(struct tracing_frame_record *frame, const uint8_t *p, const uint8_t *end)
{
    while (p < end) {
        if (end - p < 4)
            return -1;
        unsigned code = tracing_get16(p);
        size_t len = tracing_get16(p + 2);
        p += 4;
        if (code == PCAPNG_OPT_END)
            return len == 0 && p == end ? 0 : -1;
        if ((size_t)(end - p) < PCAPNG_PAD(len))
            return -1;
        if (code == PCAPNG_EPB_FLAGS && len == 4) {
            frame->direction = tracing_get32(p) & 3;
        } else if (code == PCAPNG_OPT_COMMENT) {
            frame->comment = (const char *)p;
            frame->comment_len = len;
        }
        p += PCAPNG_PAD(len);
    }
    return 0;
}

static int read_packet(struct tracing_frame_record *frame, const uint8_t *block, size_t len)
{
    if (len < PCAPNG_PACKET_HEAD + 4)
        return -1;
    uint64_t ns = (uint64_t)tracing_get32(block + 12) << 32 | tracing_get32(block + 16);
    uint32_t kept = tracing_get32(block + 20);
    if (tracing_get32(block + 8) != 0 || ns > INT64_MAX / VTIME_NS ||
        PCAPNG_PAD((size_t)kept) > len - PCAPNG_PACKET_HEAD - 4)
        return -1;
    *frame = (struct tracing_frame_record){.at = (vtime_t)ns * VTIME_NS,
                                           .kept = kept,
                                           .len = tracing_get32(block + 24),
                                           .data = block + PCAPNG_PACKET_HEAD,
                                           .block = block,
                                           .block_len = len};
    return read_options(frame, block + PCAPNG_PACKET_HEAD + PCAPNG_PAD((size_t)kept), block + len - 4);
}

int tracing_capture_next(struct tracing_capture_cursor *c, struct tracing_frame_record *frame)
{
    while (!c->fault && c->at < c->size) {
        const uint8_t *block = c->data + c->at;
        size_t left = c->size - c->at;
        if (left < 12)
            return fail(c, "truncated: the file ends inside a block");
        uint32_t type = tracing_get32(block);
        size_t len = tracing_get32(block + 4);
        if (c->at == 0 ? type != PCAPNG_SECTION || left < PCAPNG_SECTION_BYTES ||
                             tracing_get32(block + 8) != PCAPNG_MAGIC
                       : type != (c->interfaces == 0 ? PCAPNG_INTERFACE : PCAPNG_PACKET))
            return fail(c, "corrupt: not a capture of this program");
        if (len < 12 || len % 4 != 0)
            return fail(c, "corrupt: wrong length of a block");
        if (len > left)
            return fail(c, "truncated: the file ends inside a block");
        if (tracing_get32(block + len - 4) != len)
            return fail(c, "corrupt: the two lengths of a block differ");
        if (type == PCAPNG_PACKET && read_packet(frame, block, len) != 0)
            return fail(c, "corrupt: a frame's block does not add up");
        c->at += len;
        if (type == PCAPNG_PACKET) {
            c->frames++;
            return 1;
        }
        c->interfaces += type == PCAPNG_INTERFACE;
    }
    if (!c->fault && c->interfaces == 0)
        c->fault = "truncated: no interface is described";
    return c->fault ? -1 : 0;
}
