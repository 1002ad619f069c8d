/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_pcapng.h - the few numbers of pcapng that the capture's writer and reader share (internal).
 *
 *   block    u32 type, u32 total length, body, u32 total length again; a multiple of 4; little endian
 *   option   u16 code, u16 length, value padded to 4; code 0 ends the list
 */
#ifndef COB_TRACING_PCAPNG_H
#define COB_TRACING_PCAPNG_H

#define PCAPNG_SECTION   0x0A0D0D0Au
#define PCAPNG_INTERFACE 1u
#define PCAPNG_PACKET    6u
#define PCAPNG_MAGIC     0x1A2B3C4Du
#define PCAPNG_ETHERNET  1u
#define PCAPNG_USER0     147u /* free for private use: packets of fabric adapters */

#define PCAPNG_SECTION_BYTES 28u /* without options */
#define PCAPNG_PACKET_HEAD   28u /* up to the frame's bytes */

#define PCAPNG_OPT_END     0u
#define PCAPNG_OPT_COMMENT 1u
#define PCAPNG_IF_NAME     2u
#define PCAPNG_IF_TSRESOL  9u
#define PCAPNG_EPB_FLAGS   2u

#define PCAPNG_PAD(len) (((len) + 3) & ~(size_t)3)

#endif
