/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gdb_packet.h - framing of the GDB remote protocol: bytes in, packets out; packets in, bytes out. No
 * sockets, no state of the rack; what comes in may be anything.
 *
 *   $payload#cc      packet; '}' in the payload escapes the next byte (xor 0x20); cc is the sum of the
 * payload's bytes
 *   + -              acknowledgement and its refusal, until QStartNoAckMode
 *   0x03             interrupt
 */
#ifndef COB_GDB_PACKET_H
#define COB_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GDB_PACKET_MAX 0x4000u

enum gdb_event {
    GDB_NOTHING,
    GDB_PACKET,    /* payload[0..len), unescaped, with a zero behind it */
    GDB_INTERRUPT, /* 0x03 */
    GDB_RESEND,    /* '-' */
    GDB_BAD_SUM,   /* to be refused with '-' */
    GDB_HOSTILE,   /* not the protocol: drop the connection */
};

struct gdb_parser {
    enum { GDB_OUTSIDE, GDB_INSIDE, GDB_ESCAPED, GDB_SUM1, GDB_SUM2 } state;
    uint8_t sum, got;
    size_t len;
    char payload[GDB_PACKET_MAX + 1];
    char why[80]; /* of GDB_HOSTILE */
};

/* Takes one byte. */
enum gdb_event gdb_parse(struct gdb_parser *p, uint8_t byte);

/* A packet being written; what does not fit is cut off and remembered in `full`. */
struct gdb_out {
    size_t len;
    bool full;
    char text[GDB_PACKET_MAX + 1];
};

void gdb_out_clear(struct gdb_out *o);
__attribute__((format(printf, 2, 3))) void gdb_out_add(struct gdb_out *o, const char *format, ...);
void gdb_out_hex(struct gdb_out *o, const void *data, size_t len);
/* One raw byte, escaped if need be. */
void gdb_out_byte(struct gdb_out *o, uint8_t byte);
/* Makes "$...#cc" of it in buf, which has room for GDB_PACKET_MAX + 8 bytes. Returns its length. */
size_t gdb_frame(const struct gdb_out *o, char *buf);

/* Hexadecimal number at *text, which is moved behind it; false if there is none or it has more than 64 bits.
 */
bool gdb_hex(const char **text, uint64_t *out);
/* Bytes written in hexadecimal; returns how many, or -1 if they are not, or more than size. */
int gdb_unhex(const char *text, uint8_t *out, size_t size);

#endif
