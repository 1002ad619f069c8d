/* SPDX-License-Identifier: GPL-2.0-or-later */
/* msg_internal.h - what msg.c, msg_call.c and msg_bulk.c share. */
#ifndef CORE_MSG_INTERNAL_H
#define CORE_MSG_INTERNAL_H
#include "guest-kernel/core/msg.h"

struct msg_packet {
    struct msg_packet *next;
    struct msg h;
    uint8_t data[];
};

uint64_t msg_now(const struct msg_layer *m);
/* msg.c: the one way into the sequence; returns as msg_post. */
int msg_sequenced(struct msg_layer *m, unsigned to, unsigned type, unsigned flags, uint32_t request,
                  const void *data, uint32_t len);
/* msg_call.c: what befalls requests */
void msg_calls_answered(struct msg_layer *m, unsigned from, const struct msg *h, const void *data);
void msg_calls_closed(struct msg_layer *m, unsigned peer);
void msg_calls_poll(struct msg_layer *m, uint64_t now);
void msg_calls_end(struct msg_layer *m);
/* msg_bulk.c: a message of type MSG_PIECE */
void msg_piece_input(struct msg_layer *m, unsigned from, const struct msg *h, const void *data);
#endif
