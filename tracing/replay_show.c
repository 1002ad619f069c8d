/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay_show.c - see replay_show.h. */
#include "tracing/replay_show.h"
#include "tracing/tracing_format.h"
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

void replay_show(FILE *out, const struct replay_item *item, const char *const *nodes, unsigned n_nodes)
{
    struct tracing_names names = {.nodes = (char **)(uintptr_t)nodes, .n_nodes = n_nodes};
    struct tracing_event ev;

    switch (item->id) {
    case TR_PACKET_TX:
    case TR_PACKET_RX:
        ev = tracing_packet_event(item->id, 0, item->frame_id, item->data, item->len);
        break;
    case TR_FRAME_TX:
    case TR_FRAME_RX:
        ev = (struct tracing_event){
            0, item->id, {{item->frame_id}, {item->nic}, {item->len}, {XXH64(item->data, item->len, 0)}}};
        break;
    case TR_GUEST_EVENT:
        ev = tracing_record_event(0, item->data, item->len);
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
