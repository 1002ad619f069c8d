/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_trace.c - libFuzzer target: whatever bytes the trace's readers are given, they end with a fault or an
 * event.
 *
 * The first byte chooses the reader: 0 a node's stream, 1 the fabric's, 2 the metadata, 3 a capture. For the
 * streams the packet headers are made right from what the fuzzer gives (or it would hardly get past them),
 * unless bit 7 is set.
 */
#include "tracing/tracing_read.h"
#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *node_list[] = {"alpha", "beta"}, *link_list[] = {"wire0", "wire1"}, *fault_list[] = {"lossy"};
static const struct tracing_names names = {node_list, link_list, fault_list, 2, 2, 1};

static void read_stream(const uint8_t *data, size_t size, const char *node)
{
    struct tracing_map map = {data, size};
    struct tracing_cursor c;
    struct tracing_event ev;
    vtime_t newest = 0;
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    tracing_cursor_start(&c, &map, &names, node);
    for (;;) {
        int state = tracing_cursor_next(&c, &ev);
        if (state != 1) {
            assert((state == -1) == (c.fault != NULL));
            break;
        }
        assert(ev.at >= newest);
        newest = ev.at;
        tracing_event_show(out, &ev, &names);
        uint8_t *again = malloc(TRACING_EVENT_MAX); /* what was read is written the same */
        struct tracing_event copy;
        const char *fault;
        size_t n = tracing_event_encode(again, &ev);
        assert(n <= tracing_event_bound(&ev));
        size_t used = tracing_event_decode(again, n, c.stream, c.links, &copy, &fault);
        assert(used == n && tracing_event_equal(&ev, &copy));
        free(again);
    }
    if (c.fault)
        tracing_cursor_complain(&c, "run", "stream", out);
    fclose(out);
    free(text);
}

/* One packet whose content is the data, cut to what fits. */
static void read_events(const uint8_t *data, size_t size, const char *node)
{
    uint8_t *p = calloc(1, TRACING_PACKET_BYTES);
    if (size > TRACING_EVENT_MAX)
        size = TRACING_EVENT_MAX;
    memcpy(p + TRACING_PACKET_HEAD, data, size);
    tracing_put32(p, TRACING_MAGIC);
    tracing_put32(p + 4, node ? TRACING_NODE_CLASS : TRACING_FABRIC_CLASS);
    tracing_put64(p + 8, size >= TRACING_EVENT_HEAD ? tracing_get64(data + 2) : 0);
    tracing_put64(p + 16, INT64_MAX);
    tracing_put64(p + 24, 8 * (TRACING_PACKET_HEAD + size));
    tracing_put64(p + 32, 8 * TRACING_PACKET_BYTES);
    tracing_put32(p + 56, tracing_names_node(&names, node));
    read_stream(p, TRACING_PACKET_BYTES, node);
    free(p);
}

static void read_metadata(const uint8_t *data, size_t size)
{
    struct tracing_names read;
    if (tracing_metadata_parse((const char *)data, size, &read) == 0)
        tracing_names_free(&read);
}

static volatile uint8_t touched; /* makes sure that the bytes are read */

static void read_capture(const uint8_t *data, size_t size)
{
    struct tracing_map map = {data, size};
    struct tracing_capture_cursor c;
    struct tracing_frame_record frame;
    tracing_capture_start(&c, &map);
    while (tracing_capture_next(&c, &frame) == 1) {
        for (uint32_t i = 0; i < frame.kept; i++)
            touched += frame.data[i];
        for (size_t i = 0; i < frame.comment_len; i++)
            touched += (uint8_t)frame.comment[i];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    bool as_it_is = data[0] & 0x80;
    unsigned reader = data[0] & 3;
    data++, size--;
    if (reader == 2)
        read_metadata(data, size);
    else if (reader == 3)
        read_capture(data, size);
    else if (as_it_is)
        read_stream(data, size, reader == 0 ? "beta" : NULL);
    else
        read_events(data, size, reader == 0 ? "beta" : NULL);
    return 0;
}
