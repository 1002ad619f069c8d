/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay_read.c - reading a replay log; see replay.h. Nothing read is trusted: every length is checked before
 * it is used, every byte of the file is under one of the hashes.
 */
#include "tracing/replay_format.h"
#include "tracing/tracing_read.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

struct reader {
    struct replay_log log; /* first: what the caller holds */
    struct tracing_map map;
    const char *path;
    size_t at; /* offset of what is looked at */
    uint64_t hash, blocks;
    struct replay_record *records;
    size_t room;
    int err; /* 0, or why it stopped */
    const char *reason;
};

/* False. err 0: the file ends too early. */
static bool stop(struct reader *r, int err, const char *reason)
{
    r->err = err;
    r->reason = reason;
    return false;
}

static bool text_ends(const char *text, size_t size)
{
    return memchr(text, 0, size) != NULL;
}

static bool read_head(struct reader *r)
{
    struct replay_prefix p;
    struct replay_head *h = &r->log.head;

    if (r->map.size < sizeof p.magic || memcmp(r->map.data, REPLAY_MAGIC, sizeof p.magic) != 0)
        return stop(r, ENOTSUP, "this is no replay log");
    if (r->map.size < sizeof p)
        return stop(r, EBADMSG, "the file ends in the log's head");
    memcpy(&p, r->map.data, sizeof p);
    if (p.version != REPLAY_VERSION)
        return stop(r, ENOTSUP, "a replay log of another version of cob");
    if (p.head_bytes != sizeof *h)
        return stop(r, EBADMSG, "the log's head is damaged");
    if (r->map.size - sizeof p < sizeof *h)
        return stop(r, EBADMSG, "the file ends in the log's head");
    memcpy(h, r->map.data + sizeof p, sizeof *h);
    if (p.hash != XXH64(h, sizeof *h, p.version) || !text_ends(h->node, sizeof h->node) ||
        !text_ends(h->arch, sizeof h->arch) || !text_ends(h->qemu, sizeof h->qemu) ||
        h->n_nics > REPLAY_MAX_NICS || h->index >= h->n_nodes || h->stop_ps < 0)
        return stop(r, EBADMSG, "the log's head is damaged");
    r->hash = p.hash;
    r->at = sizeof p + sizeof *h;
    return true;
}

static bool add(struct reader *r, const struct replay_record *rec)
{
    if (r->log.n_records == r->room) {
        size_t room = r->room ? 2 * r->room : 1024;
        struct replay_record *more = realloc(r->records, room * sizeof *more);
        if (!more)
            return stop(r, ENOMEM, strerror(ENOMEM));
        r->records = more;
        r->room = room;
    }
    r->records[r->log.n_records++] = *rec;
    return true;
}

static bool read_final(struct reader *r, const struct replay_record *rec)
{
    if (rec->len != sizeof r->log.final)
        return stop(r, EBADMSG, "its last record is damaged");
    memcpy(&r->log.final, rec->data, sizeof r->log.final);
    r->log.ended = true;
    return true;
}

/* The records of a block whose hashes are right: only a writer with an error can have made them wrong. */
static bool read_records(struct reader *r, const uint8_t *p, size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        struct replay_disk_record d;
        if (bytes - done < sizeof d || r->log.ended)
            return stop(r, EBADMSG, "something stands behind the last record");
        memcpy(&d, p + done, sizeof d);
        if (d.len > REPLAY_MAX_DATA || replay_record_bytes(d.len) > bytes - done || d.kind == 0 ||
            d.kind >= REPLAY_KINDS || d.time_ps < 0 || d.time_ps > VTIME_NEVER)
            return stop(r, EBADMSG, "a record is damaged");
        struct replay_record rec = {.kind = (enum replay_kind)d.kind,
                                    .type = d.type,
                                    .arg = d.arg,
                                    .len = d.len,
                                    .time_ps = d.time_ps,
                                    .id = d.id,
                                    .data = d.len ? p + done + sizeof d : NULL};
        if (!add(r, &rec) || (rec.kind == REPLAY_FINAL && !read_final(r, &rec)))
            return false;
        done += replay_record_bytes(d.len);
    }
    return true;
}

static bool read_block(struct reader *r)
{
    const uint8_t *p = r->map.data + r->at;
    size_t left = r->map.size - r->at;
    struct replay_block_head h;

    if (r->log.ended)
        return stop(r, EBADMSG, "something stands behind the log's end");
    if (left < sizeof h)
        return stop(r, 0, "the file ends in the head of a block");
    memcpy(&h, p, sizeof h);
    if (h.magic != REPLAY_BLOCK_MAGIC ||
        h.hash != XXH64(&h, offsetof(struct replay_block_head, hash), r->hash))
        return stop(r, EBADMSG, "the head of this block is damaged");
    if (h.number != r->blocks || h.bytes > REPLAY_BLOCK_MAX || h.reach_ps < r->log.reach_ps ||
        h.reach_ps > VTIME_NEVER)
        return stop(r, EBADMSG, "this block does not follow on the one before");
    if (left - sizeof h < h.bytes)
        return stop(r, 0, "the file ends in this block");
    if (h.content != XXH64(p + sizeof h, h.bytes, 0))
        return stop(r, EBADMSG, "this block is damaged: its hash is not that of its bytes");
    if (!read_records(r, p + sizeof h, h.bytes))
        return false;
    r->hash = h.hash;
    r->blocks++;
    r->log.reach_ps = h.reach_ps;
    r->at += sizeof h + h.bytes;
    return true;
}

static bool read_all(struct reader *r)
{
    if (!read_head(r))
        return false;
    while (r->at < r->map.size)
        if (!read_block(r))
            return r->err == 0;
    if (!r->log.ended)
        stop(r, 0, "the file ends here, the log does not");
    return true;
}

struct replay_log *replay_open(const char *path, char *why, size_t size)
{
    struct reader *r = calloc(1, sizeof *r);
    const char *slash = strrchr(path, '/');
    char *dir = slash ? strndup(path, (size_t)(slash - path) + (slash == path)) : strdup(".");

    if (!r || !dir || tracing_map_file(&r->map, dir, slash ? slash + 1 : path) < 0) {
        int e = r && dir ? errno : ENOMEM;
        snprintf(why, size, "%s: %s", path, strerror(e));
        free(dir);
        free(r);
        errno = e;
        return NULL;
    }
    free(dir);
    r->path = path;
    if (!read_all(r)) {
        int e = r->err;
        snprintf(why, size, "%s: offset %zu: %s", path, r->at, r->reason);
        r->log.records = r->records;
        replay_free(&r->log);
        errno = e;
        return NULL;
    }
    r->log.records = r->records;
    if (!r->log.ended)
        snprintf(r->log.cut, sizeof r->log.cut, "%s: offset %zu: %s", path, r->at, r->reason);
    r->path = NULL;
    return &r->log;
}

void replay_free(struct replay_log *log)
{
    struct reader *r = (struct reader *)log;

    if (!r)
        return;
    tracing_unmap(&r->map);
    free(r->records);
    free(r);
}
