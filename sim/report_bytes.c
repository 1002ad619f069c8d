/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report_bytes.c - the bytes of messages, out of the captures.
 *
 * A capture has no frame_id, but it has a block for each event of its link end, in the trace's order: the
 * n-th "sent" of an end in the trace is the n-th outbound block of its capture, and the drops are those
 * without direction. Each block must have the event's time and length; from the first that has not, this
 * capture is not used.
 */
#include "sim/report_internal.h"
#include <inttypes.h>
#include <stdlib.h>

struct rep_capture {
    struct tracing_map map;
    struct tracing_capture_cursor sent, dropped;
    bool bad;
};

void rep_bytes_open(struct report *r)
{
    unsigned n = 2 * r->names.n_links;

    r->captures = rep_zeroed(n, sizeof *r->captures);
    for (unsigned i = 0; i < n; i++) {
        struct rep_capture *c = &r->captures[i];
        char *name;
        if (asprintf(&name, "capture/%s.%u.pcapng", r->names.links[i / 2], i % 2) < 0 ||
            tracing_map_file(&c->map, r->run, name) != 0) {
            c->bad = true; /* --no-capture, most likely: the page shows messages without their bytes */
        } else {
            tracing_capture_start(&c->sent, &c->map);
            tracing_capture_start(&c->dropped, &c->map);
        }
        free(name);
    }
}

const uint8_t *rep_bytes_next(struct report *r, uint32_t where, enum rep_step step, vtime_t at, uint32_t len,
                              uint32_t *kept)
{
    struct rep_capture *c = &r->captures[where];
    struct tracing_capture_cursor *cursor = step == REP_SENT ? &c->sent : &c->dropped;
    struct tracing_frame_record f;
    int more;

    if (c->bad)
        return NULL;
    do
        more = tracing_capture_next(cursor, &f);
    while (more == 1 && f.direction != (step == REP_SENT ? 2u : 0u));
    if (more != 1 || f.len != len || f.at / VTIME_NS != at / VTIME_NS) {
        rep_note(r, "capture/%s.%u.pcapng: %s; no bytes of its messages are shown from %" PRId64 " ps on",
                 r->names.links[where / 2], where % 2,
                 more < 0    ? cursor->fault
                 : more == 0 ? "it ends before the trace does"
                             : "it does not fit the trace",
                 at);
        c->bad = true;
        return NULL;
    }
    *kept = f.kept;
    return f.kept ? f.data : NULL;
}

void rep_bytes_close(struct report *r)
{
    for (unsigned i = 0; r->captures && i < 2 * r->names.n_links; i++)
        tracing_unmap(&r->captures[i].map);
    free(r->captures);
    r->captures = NULL;
}

unsigned rep_ethernet_kind(const uint8_t *b, uint32_t kept)
{
    if (!b || kept < 14)
        return REP_FRAME;
    switch (b[12] << 8 | b[13]) {
    case 0x0806:
        return REP_ARP;
    case 0x86dd:
        return REP_IPV6;
    case 0x0800:
        if (kept < 24)
            return REP_IP;
        return b[23] == 1 ? REP_ICMP : b[23] == 6 ? REP_TCP : b[23] == 17 ? REP_UDP : REP_IP;
    default:
        return REP_FRAME;
    }
}

unsigned rep_all_kinds(const struct report *r)
{
    return REP_KINDS + (r->parts ? kind_parts_names(r->parts) : 0);
}

unsigned rep_named_kind(const struct report *r, const uint8_t *bytes, uint32_t kept, bool adapter)
{
    int kind = r->parts ? kind_parts_of(r->parts, bytes, kept, adapter) : -1;

    return kind < 0 ? 0 : REP_KINDS + (unsigned)kind;
}
