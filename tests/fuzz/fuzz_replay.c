/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_replay.c - libFuzzer target: whatever bytes the reader of replay logs is given, it says what is wrong
 * with them or gives records that are whole.
 *
 * The first byte: bit 7 set, the rest is the file as it is; else the fuzzer gives the head and the blocks'
 * contents, and magic numbers and hashes are made right (or it would hardly get past them); bits 0-2: what is
 * damaged all the same.
 */
#include "tracing/replay_format.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t touched; /* makes sure that the bytes are read */

static void read_it(int fd)
{
    char path[40], why[300] = "";

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct replay_log *log = replay_open(path, why, sizeof why);
    if (!log) {
        assert(strstr(why, path) && (errno == EBADMSG || errno == ENOTSUP));
        return;
    }
    assert(log->ended == (log->cut[0] == 0));
    for (size_t i = 0; i < log->n_records; i++) {
        const struct replay_record *r = &log->records[i];
        assert(r->kind > 0 && r->kind < REPLAY_KINDS && r->len <= REPLAY_MAX_DATA && r->time_ps >= 0);
        assert((r->kind == REPLAY_FINAL) == (log->ended && i + 1 == log->n_records));
        for (uint32_t k = 0; k < r->len; k++)
            touched += r->data[k];
    }
    assert(strlen(log->head.node) < sizeof log->head.node && log->head.n_nics <= REPLAY_MAX_NICS);
    replay_free(log);
}

static void put(int fd, const void *p, size_t n)
{
    ssize_t done = write(fd, p, n);
    assert(done == (ssize_t)n);
}

/* A file of head and blocks, 2 bytes of length and the records for each. */
static void make(int fd, const uint8_t *data, size_t size, unsigned damage)
{
    struct {
        struct replay_prefix prefix;
        struct replay_head head;
    } start = {.prefix = {.version = REPLAY_VERSION, .head_bytes = sizeof start.head}};
    size_t n = size < sizeof start.head ? size : sizeof start.head;

    memcpy(start.prefix.magic, REPLAY_MAGIC, 16);
    memcpy(&start.head, data, n);
    if (damage != 1) {
        start.head.n_nodes = 64;
        start.head.index %= 64;
        start.head.n_nics %= 10;
        start.head.node[63] = start.head.arch[15] = start.head.qemu[31] = 0;
        start.head.stop_ps &= INT64_MAX;
    }
    start.prefix.hash = XXH64(&start.head, sizeof start.head, REPLAY_VERSION);
    put(fd, &start, sizeof start);
    data += n;
    size -= n;
    uint64_t hash = start.prefix.hash;
    vtime_t reach = 0;
    for (uint64_t number = 0; size >= 2; number++) {
        size_t bytes = (size_t)(data[0] | data[1] << 8);
        if (bytes > size - 2)
            bytes = size - 2;
        struct replay_block_head h = {.magic = REPLAY_BLOCK_MAGIC,
                                      .bytes = (uint32_t)bytes + (damage == 2),
                                      .number = number + (damage == 3),
                                      .reach_ps = reach += data[0],
                                      .content = XXH64(data + 2, bytes, 0)};
        h.hash = hash = XXH64(&h, offsetof(struct replay_block_head, hash), hash);
        put(fd, &h, sizeof h);
        put(fd, data + 2, bytes);
        data += 2 + bytes;
        size -= 2 + bytes;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("fuzz-replay", MFD_CLOEXEC);

    if (fd < 0 || size == 0)
        return close(fd);
    if (data[0] & 0x80)
        put(fd, data + 1, size - 1);
    else
        make(fd, data + 1, size - 1, data[0] & 7);
    read_it(fd);
    close(fd);
    return 0;
}
