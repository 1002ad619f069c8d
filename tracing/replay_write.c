/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay_write.c - writing a replay log; see replay.h. */
#include "tracing/replay_format.h"
#include "tracing/tracing_write.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

struct replay_writer {
    struct tracing_error error;
    struct tracing_file file;
    uint8_t *block; /* head, then records */
    size_t used;    /* bytes of records */
    uint64_t number, hash;
    uint64_t count[REPLAY_KINDS];
    vtime_t reach_ps, written_ps; /* now, and of the block written last */
};

static int report(struct tracing_error *error, char *why, size_t size)
{
    int e = error->err;

    if (e)
        snprintf(why, size, "%s: %s", error->path ? error->path : "replay log", strerror(e));
    free(error->path);
    errno = e;
    return e ? -1 : 0;
}

/* Whole units only: what does not fit on the disk is taken back. */
static void write_unit(struct replay_writer *w, const void *unit, size_t len)
{
    tracing_file_append(&w->file, unit, len);
    tracing_file_flush(&w->file);
}

struct replay_writer *replay_create(const char *path, const struct replay_head *head, char *why, size_t size)
{
    struct {
        struct replay_prefix prefix;
        struct replay_head head;
    } start = {.prefix = {.version = REPLAY_VERSION, .head_bytes = sizeof *head}, .head = *head};
    struct replay_writer *w = calloc(1, sizeof *w);

    _Static_assert(sizeof start == sizeof start.prefix + sizeof start.head, "no holes");
    if (w)
        w->block = malloc(sizeof(struct replay_block_head) + REPLAY_BLOCK_MAX);
    if (!w || !w->block) {
        free(w);
        snprintf(why, size, "%s: %s", path, strerror(ENOMEM));
        errno = ENOMEM;
        return NULL;
    }
    memcpy(start.prefix.magic, REPLAY_MAGIC, sizeof start.prefix.magic);
    start.prefix.hash = w->hash = XXH64(head, sizeof *head, REPLAY_VERSION);
    /* a buffer for the head alone: blocks are longer, and written as they are */
    if (tracing_file_open(&w->file, &w->error, strdup(path), sizeof start))
        write_unit(w, &start, sizeof start);
    if (!w->error.err)
        return w;
    tracing_file_close(&w->file);
    report(&w->error, why, size);
    int e = errno;
    free(w->block);
    free(w);
    errno = e;
    return NULL;
}

static void write_block(struct replay_writer *w)
{
    struct replay_block_head h = {.magic = REPLAY_BLOCK_MAGIC,
                                  .bytes = (uint32_t)w->used,
                                  .number = w->number++,
                                  .reach_ps = w->reach_ps};

    h.content = XXH64(w->block + sizeof h, w->used, 0);
    h.hash = w->hash = XXH64(&h, offsetof(struct replay_block_head, hash), w->hash);
    memcpy(w->block, &h, sizeof h);
    write_unit(w, w->block, sizeof h + w->used);
    w->written_ps = w->reach_ps;
    w->used = 0;
}

void replay_put(struct replay_writer *w, const struct replay_record *rec)
{
    struct replay_disk_record d = {.time_ps = rec->time_ps,
                                   .id = rec->id,
                                   .len = rec->len,
                                   .arg = rec->arg,
                                   .kind = (uint8_t)rec->kind,
                                   .type = rec->type};
    size_t bytes = replay_record_bytes(rec->len);
    uint8_t *to = w->block + sizeof(struct replay_block_head) + w->used;

    assert(rec->len <= REPLAY_MAX_DATA && rec->kind > 0 && rec->kind < REPLAY_KINDS);
    w->count[rec->kind]++;
    memset(to + bytes - 8, 0, 8); /* the padding */
    memcpy(to, &d, sizeof d);
    if (rec->len)
        memcpy(to + sizeof d, rec->data, rec->len);
    w->used += bytes;
    if (w->used >= REPLAY_BLOCK_FULL)
        write_block(w);
}

void replay_reach(struct replay_writer *w, vtime_t reach_ps)
{
    w->reach_ps = vtime_max(w->reach_ps, reach_ps);
    if (w->reach_ps - w->written_ps >= REPLAY_BLOCK_PS)
        write_block(w);
}

uint64_t replay_bytes(const struct replay_writer *w)
{
    return w->file.written + (w->used ? sizeof(struct replay_block_head) + w->used : 0);
}

int replay_close(struct replay_writer *w, const struct replay_record *rec, const uint64_t *ram_hash,
                 char *why, size_t size)
{
    if (rec) {
        struct replay_final f = {.ram_hash = ram_hash ? *ram_hash : 0,
                                 .ram_hashed = ram_hash != NULL,
                                 .up = w->count[REPLAY_UP],
                                 .down = w->count[REPLAY_DOWN]};
        struct replay_record last = *rec;
        last.kind = REPLAY_FINAL;
        last.len = sizeof f;
        last.data = (const uint8_t *)&f;
        w->reach_ps = vtime_max(w->reach_ps, rec->time_ps);
        replay_put(w, &last);
    }
    if (w->used)
        write_block(w);
    tracing_file_close(&w->file);
    int r = report(&w->error, why, size);
    int e = errno;
    free(w->block);
    free(w);
    errno = e;
    return r;
}
