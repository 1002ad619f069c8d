/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tracing_protobuf.c - see tracing_protobuf.h. */
#include "tracing/tracing_protobuf.h"
#include "tracing/tracing_format.h"
#include <stdlib.h>
#include <string.h>

static void put_raw(struct message *m, const void *bytes, size_t n)
{
    if (m->n + n > m->room && !m->failed) {
        size_t room = 2 * m->room + n + 64;
        uint8_t *grown = realloc(m->p, room);
        m->failed = !grown;
        if (grown) {
            m->p = grown;
            m->room = room;
        }
    }
    if (m->failed)
        return;
    memcpy(m->p + m->n, bytes, n);
    m->n += n;
}

void put_varint(struct message *m, uint64_t x)
{
    uint8_t bytes[10];
    size_t n = 0;

    do {
        bytes[n++] = (uint8_t)((x & 127) | (x > 127 ? 128 : 0));
        x >>= 7;
    } while (x);
    put_raw(m, bytes, n);
}

void put_number(struct message *m, unsigned field, uint64_t x)
{
    put_varint(m, field << 3 | VARINT);
    put_varint(m, x);
}

void put_fixed64(struct message *m, unsigned field, uint64_t x)
{
    uint8_t bytes[8];

    tracing_put64(bytes, x);
    put_varint(m, field << 3 | FIXED64);
    put_raw(m, bytes, sizeof bytes);
}

void put_bytes(struct message *m, unsigned field, const void *bytes, size_t n)
{
    put_varint(m, field << 3 | BYTES);
    put_varint(m, n);
    put_raw(m, bytes, n);
}

void put_text(struct message *m, unsigned field, const char *text)
{
    put_bytes(m, field, text, strlen(text));
}

void put_message(struct message *m, unsigned field, struct message *inner)
{
    put_bytes(m, field, inner->p, inner->n);
    m->failed = m->failed || inner->failed;
    inner->n = 0;
}
