/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tracing_make.c - events made out of bytes that crossed the port: packets of adapters, records of the event
 * port. */
#include "devices/fabric/fabric_abi.h"
#include "devices/fabric/fabric_wire.h"
#include "tracing/tracing_format.h"
#include <xxhash.h>

struct tracing_event tracing_packet_event(enum tracing_event_id id, vtime_t at, uint64_t frame_id,
                                          const uint8_t *data, uint32_t len)
{
    struct fab_wire w = {0};

    if (len)
        memcpy(&w, data, len < sizeof w ? len : sizeof w);
    return (struct tracing_event){at,
                                  id,
                                  {{frame_id},
                                   {w.type},
                                   {w.queue},
                                   {le16toh(w.src)},
                                   {le16toh(w.dst)},
                                   {le32toh(w.epoch)},
                                   {le32toh(w.message)},
                                   {le32toh(w.psn)},
                                   {le32toh(w.offset)},
                                   {len},
                                   {XXH64(data, len, 0)}}};
}

struct tracing_event tracing_record_event(vtime_t at, const uint8_t *record, uint32_t len)
{
    struct fab_event ev = {0};
    uint32_t n = len < sizeof ev ? len : (uint32_t)sizeof ev;

    if (n)
        memcpy(&ev, record, n);
    return (struct tracing_event){
        at, TR_GUEST_EVENT, {{le16toh(ev.type)}, {le32toh(ev.arg)}, {.b = {record + n, len - n}}}};
}
