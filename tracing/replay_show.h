/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay_show.h - what a node emitted, in the words of `cob trace`. */
#ifndef COB_REPLAY_SHOW_H
#define COB_REPLAY_SHOW_H

#include "tracing/tracing.h"

struct replay_item {
    enum tracing_event_id
        id;            /* FRAME_TX, FRAME_RX, PACKET_TX, PACKET_RX, ADAPTER_TRAIN, GUEST_EVENT, NODE_STATE */
    unsigned nic;      /* FRAME, TRAIN */
    uint64_t frame_id; /* FRAME, PACKET */
    const uint8_t *data; /* FRAME, PACKET, GUEST_EVENT; NULL if len is 0 */
    uint32_t len;
    const char *state; /* NODE_STATE */
    int64_t value;
};

/* "packet tx #17 send q0 alpha>beta ..", without a newline; nodes: names of all nodes. */
void replay_show(FILE *out, const struct replay_item *item, const char *const *nodes, unsigned n_nodes);
/* "1.234567891 s " */
void replay_show_time(FILE *out, vtime_t at);
/* Escaped as in the trace, without the line's end. */
void replay_show_text(FILE *out, const char *text, size_t len);

#endif
