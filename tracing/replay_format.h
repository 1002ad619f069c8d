/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay_format.h - what stands in the file of a replay log, shared by writer and reader (internal; see
 * replay.h). */
#ifndef COB_REPLAY_FORMAT_H
#define COB_REPLAY_FORMAT_H

#include "tracing/replay.h"

#define REPLAY_MAGIC       "cob replay log\n" /* 16 bytes with its NUL */
#define REPLAY_BLOCK_MAGIC 0x4b4c4252u        /* "RBLK" */
#define REPLAY_BLOCK_FULL  65536u             /* bytes of records from which on a block is written */
#define REPLAY_BLOCK_MAX                                                                                     \
    (REPLAY_BLOCK_FULL + REPLAY_MAX_DATA + 32u) /* bytes of records that one can have                        \
                                                 */
#define REPLAY_BLOCK_PS (100 * VTIME_MS)

struct replay_prefix {
    char magic[16];
    uint32_t version, head_bytes;
    uint64_t hash; /* XXH64 of the head, seed: version */
};

struct replay_block_head {
    uint32_t magic, bytes; /* of records */
    uint64_t number;       /* from 0 */
    vtime_t reach_ps;
    uint64_t content; /* XXH64 of the records */
    uint64_t hash;    /* XXH64 of the members above, seed: hash of the block before, of the first one: of the
                         prefix */
};

struct replay_disk_record {
    int64_t time_ps;
    uint64_t id;
    uint32_t len;
    uint16_t arg;
    uint8_t kind, type;
};

_Static_assert(sizeof(struct replay_prefix) == 32 && sizeof(struct replay_block_head) == 40 &&
                   sizeof(struct replay_disk_record) == 24,
               "part of the format");

/* Bytes of a record with this much data. */
static inline size_t replay_record_bytes(uint32_t len)
{
    return (sizeof(struct replay_disk_record) + len + 7) & ~(size_t)7;
}

#endif
