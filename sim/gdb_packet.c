/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb_packet.c - see gdb_packet.h. */
#include "sim/gdb_packet.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int digit(int c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static enum gdb_event hostile(struct gdb_parser *p, const char *what, unsigned byte)
{
    snprintf(p->why, sizeof p->why, "%s (byte 0x%02x)", what, byte);
    p->state = GDB_OUTSIDE;
    return GDB_HOSTILE;
}

static enum gdb_event outside(struct gdb_parser *p, uint8_t byte)
{
    switch (byte) {
    case '$':
        p->state = GDB_INSIDE;
        p->len = 0;
        p->sum = 0;
        return GDB_NOTHING;
    case '+':
        return GDB_NOTHING;
    case '-':
        return GDB_RESEND;
    case 3:
        return GDB_INTERRUPT;
    default:
        return hostile(p, "no packet of gdb's begins like this", byte);
    }
}

static enum gdb_event inside(struct gdb_parser *p, uint8_t byte)
{
    if (p->state == GDB_INSIDE && byte == '#') {
        p->payload[p->len] = 0;
        p->state = GDB_SUM1;
        return GDB_NOTHING;
    }
    p->sum = (uint8_t)(p->sum + byte);
    if (p->state == GDB_INSIDE && byte == '}') {
        p->state = GDB_ESCAPED;
        return GDB_NOTHING;
    }
    if (p->state == GDB_INSIDE && byte == '$')
        return hostile(p, "a packet begins inside a packet", byte);
    if (p->len == GDB_PACKET_MAX)
        return hostile(p, "a packet is too long", byte);
    p->payload[p->len++] = (char)(p->state == GDB_ESCAPED ? byte ^ 0x20 : byte);
    p->state = GDB_INSIDE;
    return GDB_NOTHING;
}

enum gdb_event gdb_parse(struct gdb_parser *p, uint8_t byte)
{
    switch (p->state) {
    case GDB_OUTSIDE:
        return outside(p, byte);
    case GDB_INSIDE:
    case GDB_ESCAPED:
        return inside(p, byte);
    case GDB_SUM1:
    case GDB_SUM2:
        break;
    }
    int d = digit(byte);
    if (d < 0)
        return hostile(p, "a packet has no checksum", byte);
    if (p->state == GDB_SUM1) {
        p->got = (uint8_t)(d << 4);
        p->state = GDB_SUM2;
        return GDB_NOTHING;
    }
    p->state = GDB_OUTSIDE;
    return (p->got | d) == p->sum ? GDB_PACKET : GDB_BAD_SUM;
}

void gdb_out_clear(struct gdb_out *o)
{
    o->len = 0;
    o->full = false;
    o->text[0] = 0;
}

void gdb_out_add(struct gdb_out *o, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(o->text + o->len, sizeof o->text - o->len, format, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof o->text - o->len) {
        o->full = true;
        o->text[o->len] = 0;
        return;
    }
    o->len += (size_t)n;
}

void gdb_out_hex(struct gdb_out *o, const void *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        gdb_out_add(o, "%02x", ((const uint8_t *)data)[i]);
}

void gdb_out_byte(struct gdb_out *o, uint8_t byte)
{
    bool escape = byte == '#' || byte == '$' || byte == '}' || byte == '*';

    if (o->len + 1 + escape > GDB_PACKET_MAX) {
        o->full = true;
        return;
    }
    if (escape)
        o->text[o->len++] = '}';
    o->text[o->len++] = (char)(escape ? byte ^ 0x20 : byte);
    o->text[o->len] = 0;
}

size_t gdb_frame(const struct gdb_out *o, char *buf)
{
    unsigned sum = 0;
    char tail[4];

    buf[0] = '$';
    memcpy(buf + 1, o->text, o->len);
    for (size_t i = 0; i < o->len; i++)
        sum += (uint8_t)o->text[i];
    snprintf(tail, sizeof tail, "#%02x", sum & 0xff);
    memcpy(buf + 1 + o->len, tail, 3);
    return o->len + 4;
}

bool gdb_hex(const char **text, uint64_t *out)
{
    const char *t = *text;
    uint64_t v = 0;

    for (int d; (d = digit(*t)) >= 0; t++) {
        if (v >> 60)
            return false;
        v = v << 4 | (unsigned)d;
    }
    bool any = t != *text;
    *text = t;
    *out = v;
    return any;
}

int gdb_unhex(const char *text, uint8_t *out, size_t size)
{
    size_t n = 0;

    for (; *text; text += 2, n++) {
        int high = digit(text[0]), low = high < 0 ? -1 : digit(text[1]);
        if (low < 0 || n == size)
            return -1;
        out[n] = (uint8_t)(high << 4 | low);
    }
    return (int)n;
}
