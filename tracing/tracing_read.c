/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_read.c - reading stream files: packets are checked one by one; what is before a damage is read.
 */
#include "tracing/tracing_read.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int tracing_map_file(struct tracing_map *map, const char *dir, const char *name)
{
    *map = (struct tracing_map){0};
    char *path;
    if (asprintf(&path, "%s/%s", dir, name) < 0) {
        errno = ENOMEM;
        return -1;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    if (fd < 0)
        return -1;
    struct stat st;
    int err = fstat(fd, &st) != 0 ? errno : S_ISDIR(st.st_mode) ? EISDIR : S_ISREG(st.st_mode) ? 0 : EINVAL;
    if (err == 0 && st.st_size > 0) {
        void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED)
            err = errno;
        else
            *map = (struct tracing_map){data, (size_t)st.st_size};
    }
    close(fd);
    errno = err;
    return err ? -1 : 0;
}

void tracing_unmap(struct tracing_map *map)
{
    if (map->size > 0)
        munmap((void *)map->data, map->size);
    *map = (struct tracing_map){0};
}

void tracing_cursor_start(struct tracing_cursor *c, const struct tracing_map *map,
                          const struct tracing_names *names, const char *node)
{
    *c = (struct tracing_cursor){.data = map->data,
                                 .size = map->size,
                                 .stream = node ? TRACING_NODE_CLASS : TRACING_FABRIC_CLASS,
                                 .links = names->n_links,
                                 .node = tracing_names_node(names, node)};
}

static int fail(struct tracing_cursor *c, const char *fault)
{
    c->fault = fault;
    return -1;
}

/* The packet at c->packet, which is inside the file, becomes the current one. 0, or -1. */
static int open_packet(struct tracing_cursor *c)
{
    const uint8_t *p = c->data + c->packet;
    if (c->size - c->packet < TRACING_PACKET_BYTES)
        return fail(c, "truncated: the file ends inside this packet");
    uint64_t begin = tracing_get64(p + 8), end = tracing_get64(p + 16), content = tracing_get64(p + 24);
    if (tracing_get32(p) != TRACING_MAGIC || tracing_get32(p + 4) != (uint32_t)c->stream ||
        tracing_get32(p + 56) != c->node)
        return fail(c, "corrupt: no packet of this stream starts here");
    if (content % 8 != 0 || content <= 8 * TRACING_PACKET_HEAD || content > 8 * TRACING_PACKET_BYTES ||
        tracing_get64(p + 32) != 8 * TRACING_PACKET_BYTES)
        return fail(c, "corrupt: wrong size in the packet's header");
    if (tracing_get64(p + 40) != c->packet / TRACING_PACKET_BYTES || tracing_get64(p + 48) != 0)
        return fail(c, "corrupt: wrong number in the packet's header");
    if (begin > end || end > INT64_MAX || (vtime_t)begin < c->newest)
        return fail(c, "corrupt: wrong times in the packet's header");
    for (size_t i = content / 8; i < TRACING_PACKET_BYTES; i++)
        if (p[i] != 0)
            return fail(c, "corrupt: the packet's padding is not zero");
    c->first = (vtime_t)begin;
    c->last = (vtime_t)end;
    c->at = c->packet + TRACING_PACKET_HEAD;
    c->end = c->packet + content / 8;
    c->packet += TRACING_PACKET_BYTES;
    return 0;
}

int tracing_cursor_next(struct tracing_cursor *c, struct tracing_event *ev)
{
    if (c->fault)
        return -1;
    bool starts = c->at == c->end;
    if (starts) {
        if (c->packet == c->size)
            return 0;
        if (open_packet(c) != 0)
            return -1;
    }
    size_t used = tracing_event_decode(c->data + c->at, c->end - c->at, c->stream, c->links, ev, &c->fault);
    if (used == 0)
        return -1;
    if (starts ? ev->at != c->first : ev->at < c->newest)
        return fail(c, "corrupt: an event's time is not in order");
    c->at += used;
    if (c->at == c->end ? ev->at != c->last : ev->at > c->last)
        return fail(c, "corrupt: an event's time is not in the packet's range");
    c->newest = ev->at;
    c->events++;
    return 1;
}

void tracing_cursor_skip(struct tracing_cursor *c, vtime_t from)
{
    while (!c->fault && c->at == c->end && c->packet < c->size) {
        struct tracing_cursor next = *c;
        if (open_packet(&next) != 0 || next.last >= from)
            return; /* a damaged packet is reported when it is read */
        next.newest = next.last;
        next.at = next.end;
        *c = next;
    }
}

void tracing_cursor_complain(const struct tracing_cursor *c, const char *dir, const char *name, FILE *err)
{
    size_t in_packet = c->at == c->end ? c->packet : c->packet - TRACING_PACKET_BYTES;
    fprintf(err, "%s/%s: packet %zu (byte %zu): %s\n", dir, name, in_packet / TRACING_PACKET_BYTES, in_packet,
            c->fault ? c->fault : "no fault");
}

int tracing_read_names(const char *run, struct tracing_names *names, FILE *err)
{
    *names = (struct tracing_names){0};
    struct stat st;
    int code = stat(run, &st) != 0 ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
    if (code) {
        fprintf(err, "%s: %s\n", run, strerror(code));
        errno = code;
        return -1;
    }
    struct tracing_map map;
    if (tracing_map_file(&map, run, "trace/metadata") != 0) {
        code = errno;
        fprintf(err, "%s/trace/metadata: %s (not a run directory, or a run without trace)\n", run,
                strerror(code));
        errno = code;
        return -1;
    }
    int result = tracing_metadata_parse((const char *)map.data, map.size, names);
    code = errno;
    if (result != 0)
        fprintf(err, "%s/trace/metadata: %s\n", run,
                code == EINVAL ? "damaged, or of another version of this program" : strerror(code));
    tracing_unmap(&map);
    errno = code;
    return result;
}
