/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_format.h - the trace's format, shared by writer and reader (internal; see docs/trace.md).
 *
 *   stream file = packets of TRACING_PACKET_BYTES, each
 *     header    u32 magic, u32 stream class
 *     context   u64 first time, u64 last time, u64 content bits, u64 packet bits, u64 number,
 *               u64 discarded (0), u32 node (the fabric's stream: the number of nodes)
 *     events    u16 id, u64 time in ps, fields as in the table; little endian, packed
 *     padding   zeros up to the packet's end
 */
#ifndef COB_TRACING_FORMAT_H
#define COB_TRACING_FORMAT_H

#include "tracing/tracing.h"
#include <endian.h>
#include <string.h>

#define TRACING_PACKET_BYTES 65536
#define TRACING_PACKET_HEAD  60
#define TRACING_EVENT_HEAD   10
#define TRACING_EVENT_MAX    (TRACING_PACKET_BYTES - TRACING_PACKET_HEAD)
#define TRACING_MAGIC        0xC1FC1FC1u
#define TRACING_MAX_FIELDS   12

enum tracing_class { TRACING_NODE_CLASS, TRACING_FABRIC_CLASS, TRACING_CLASS_COUNT };

#define TRACING_NONE UINT32_MAX

enum tracing_field_type {
    TRF_NONE,
    TRF_U32,
    TRF_U64,
    TRF_HEX64,
    TRF_I64,
    TRF_LINK,    /* u32, checked */
    TRF_NODE,    /* u32; may be no node at all. TRACING_NONE: neither it nor what follows it is known */
    TRF_FAULT,   /* u32 */
    TRF_WORD,    /* u32 with names for some values */
    TRF_MESSAGE, /* u32; TRACING_NONE: has no number */
    TRF_TIME,    /* u64 ps */
    TRF_STRING,
    TRF_BYTES /* u32 count, bytes; only as an event's last field; must fit */
};

/* Names of values; NULL in labels: this value has none. */
struct tracing_words {
    const char *name; /* in the metadata */
    const char *const *labels;
    unsigned n;
};
extern const struct tracing_words *const tracing_words_all[]; /* ended by NULL */

struct tracing_field {
    const char *name; /* in the metadata */
    enum tracing_field_type type;
    const char *before, *after;        /* around the value when shown to people */
    const struct tracing_words *words; /* of a TRF_WORD */
};

struct tracing_event_def {
    const char *name;   /* in the metadata */
    const char *phrase; /* for people */
    enum tracing_class stream;
    struct tracing_field fields[TRACING_MAX_FIELDS]; /* ends at TRF_NONE */
};

extern const struct tracing_event_def tracing_event_defs[TR_EVENT_COUNT];

/* Names of enum fab_packet (fabric_wire.h), by value; NULL: there is no such packet. */
enum { TRACING_PACKETS = 11 };
extern const char *const tracing_packet_names[TRACING_PACKETS];

union tracing_value {
    uint64_t u;
    int64_t i;
    const char *s;
    struct tracing_bytes {
        const uint8_t *p;
        uint32_t n;
    } b;
};

struct tracing_event {
    vtime_t at;
    enum tracing_event_id id;
    union tracing_value v[TRACING_MAX_FIELDS]; /* in the table's order */
};

/* Names of nodes, links and faults, by index. Owned: tracing_names_free() frees all. */
struct tracing_names {
    char **nodes, **links, **faults;
    unsigned n_nodes, n_links, n_faults;
    const struct tracing_labels *labels; /* borrowed; NULL: none */
};

/* Copies; 0, or -1 ENOMEM (then `to` is empty). */
int tracing_names_copy(struct tracing_names *to, const char *const *nodes, unsigned n_nodes,
                       const char *const *links, unsigned n_links, const char *const *faults,
                       unsigned n_faults);
/* The node's number in packet headers; NULL is the fabric. n_nodes + 1 for a name that is not there. */
unsigned tracing_names_node(const struct tracing_names *names, const char *node);
void tracing_names_free(struct tracing_names *names);

/*
 * Encodes into out, which has room for TRACING_EVENT_MAX bytes or for what tracing_event_bound() said.
 * A string that does not fit is cut and ends in "[cut]". Returns the number of bytes.
 */
size_t tracing_event_encode(uint8_t *out, const struct tracing_event *ev);
size_t tracing_event_bound(const struct tracing_event *ev);
/*
 * Decodes one event of a stream of this class; links is the number of links there are. Strings point into
 * `in`. Returns the bytes used; 0 with a reason in *fault if the bytes are no such event.
 */
size_t tracing_event_decode(const uint8_t *in, size_t len, enum tracing_class stream, unsigned links,
                            struct tracing_event *ev, const char **fault);
/* A packet of an adapter, TR_PACKET_TX or _RX: struct fab_wire first, shorter ones with zeros. */
struct tracing_event tracing_packet_event(enum tracing_event_id id, vtime_t at, uint64_t frame_id,
                                          const uint8_t *data, uint32_t len);
/* A record of the event port, TR_GUEST_EVENT: struct fab_event first. Its bytes stay the caller's. */
struct tracing_event tracing_record_event(vtime_t at, const uint8_t *record, uint32_t len);
/* The frame's kind, an index into kinds; -1: it has none. */
int tracing_kind_index(const struct tracing_labels *labels, uint64_t frame);
/* Its name; NULL: it has none. */
const char *tracing_kind_of(const struct tracing_labels *labels, uint64_t frame);
/* The name of such a record; NULL: it has none. */
const struct tracing_record_name *tracing_record_name_of(const struct tracing_labels *labels, uint64_t type);
bool tracing_event_equal(const struct tracing_event *a, const struct tracing_event *b);
/* "frame tx #17 eth0 98 bytes hash .." without time and newline. */
void tracing_event_show(FILE *out, const struct tracing_event *ev, const struct tracing_names *names);

/* The metadata text for these names: malloc'd, NULL with ENOMEM. */
char *tracing_metadata_text(const struct tracing_names *names, size_t *len);
/* Reads the names back. 0; -1 with EINVAL (not a text that tracing_metadata_text() makes) or ENOMEM. */
int tracing_metadata_parse(const char *text, size_t len, struct tracing_names *names);

/* Room that tracing_escape() may need for len bytes, its NUL included. */
#define TRACING_ESCAPED(len) (4 * (len) + 1)
/* Printable ASCII and tab as they are, any other byte as \xHH; NUL-terminated. Returns the length. */
size_t tracing_escape(char *out, const void *in, size_t len);

#define TRACING_TIME_TEXT 40
/* "1.234567891" seconds, three digits more if it is not a whole nanosecond. Returns buf. */
const char *tracing_time_text(vtime_t at, char buf[TRACING_TIME_TEXT]);

static inline void tracing_put16(uint8_t *p, uint16_t x)
{
    x = htole16(x);
    memcpy(p, &x, sizeof x);
}

static inline void tracing_put32(uint8_t *p, uint32_t x)
{
    x = htole32(x);
    memcpy(p, &x, sizeof x);
}

static inline void tracing_put64(uint8_t *p, uint64_t x)
{
    x = htole64(x);
    memcpy(p, &x, sizeof x);
}

static inline uint16_t tracing_get16(const uint8_t *p)
{
    uint16_t x;
    memcpy(&x, p, sizeof x);
    return le16toh(x);
}

static inline uint32_t tracing_get32(const uint8_t *p)
{
    uint32_t x;
    memcpy(&x, p, sizeof x);
    return le32toh(x);
}

static inline uint64_t tracing_get64(const uint8_t *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return le64toh(x);
}

#endif
