/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay_show.c - see replay_show.h. */
#include "tracing/replay_show.h"
#include "devices/fabric/fabric_abi.h"
#include "devices/fabric/fabric_wire.h"
#include "tracing/tracing_format.h"
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static struct tracing_event packet(const struct replay_item *item)
{
    struct fab_wire w = {0};

    if (item->len)
        memcpy(&w, item->data, item->len < sizeof w ? item->len : sizeof w);
    return (struct tracing_event){0,
                                  item->id,
                                  {{item->frame_id},
                                   {w.type},
                                   {w.queue},
                                   {le16toh(w.src)},
                                   {le16toh(w.dst)},
                                   {le32toh(w.message)},
                                   {le32toh(w.psn)},
                                   {le32toh(w.offset)},
                                   {item->len},
                                   {XXH64(item->data, item->len, 0)}}};
}

static struct tracing_event guest_event(const struct replay_item *item)
{
    struct fab_event e = {0};
    size_t n = item->len < sizeof e ? item->len : sizeof e;

    if (n)
        memcpy(&e, item->data, n);
    return (struct tracing_event){
        0,
        TR_GUEST_EVENT,
        {{le16toh(e.type)}, {le32toh(e.arg)}, {.b = {item->data + n, (uint32_t)(item->len - n)}}}};
}

void replay_show(FILE *out, const struct replay_item *item, const char *const *nodes, unsigned n_nodes)
{
    struct tracing_names names = {.nodes = (char **)(uintptr_t)nodes, .n_nodes = n_nodes};
    struct tracing_event ev;

    switch (item->id) {
    case TR_PACKET_TX:
    case TR_PACKET_RX:
        ev = packet(item);
        break;
    case TR_FRAME_TX:
    case TR_FRAME_RX:
        ev = (struct tracing_event){
            0, item->id, {{item->frame_id}, {item->nic}, {item->len}, {XXH64(item->data, item->len, 0)}}};
        break;
    case TR_GUEST_EVENT:
        ev = guest_event(item);
        break;
    case TR_NODE_STATE:
        ev = (struct tracing_event){0, TR_NODE_STATE, {{.s = item->state}, {.i = item->value}}};
        break;
    default:
        ev = (struct tracing_event){0, TR_ADAPTER_TRAIN, {{item->nic}}};
    }
    tracing_event_show(out, &ev, &names);
}

void replay_show_time(FILE *out, vtime_t at)
{
    char text[TRACING_TIME_TEXT];
    fprintf(out, "%s s ", tracing_time_text(at, text));
}

void replay_show_text(FILE *out, const char *text, size_t len)
{
    while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    if (len > 200)
        len = 200;
    char *escaped = malloc(TRACING_ESCAPED(len));
    if (escaped) {
        tracing_escape(escaped, text, len);
        fputs(escaped, out);
    }
    free(escaped);
}
