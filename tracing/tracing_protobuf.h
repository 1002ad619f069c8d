/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_protobuf.h - protocol-buffers messages that are only appended to (internal to tracing/).
 *
 * A struct message that is all zero is an empty one. It grows as needed; when there is no memory, failed is
 * set and the rest is swallowed. The caller frees p. Fields are written in the order of the calls.
 */
#ifndef COB_TRACING_PROTOBUF_H
#define COB_TRACING_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VARINT = 0, FIXED64 = 1, BYTES = 2 }; /* wire types: the low three bits before a field */

struct message {
    uint8_t *p;
    size_t n, room;
    bool failed;
};

void put_varint(struct message *m, uint64_t x); /* without a field: a length, for example */
void put_number(struct message *m, unsigned field, uint64_t x);
void put_fixed64(struct message *m, unsigned field, uint64_t x);
void put_bytes(struct message *m, unsigned field, const void *bytes, size_t n);
void put_text(struct message *m, unsigned field, const char *text);
/* inner is empty afterwards. */
void put_message(struct message *m, unsigned field, struct message *inner);

#endif
