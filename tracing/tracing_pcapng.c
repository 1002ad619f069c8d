/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_pcapng.c - all captures of a run as one pcapng file: a section, an interface for each link end in
 * the scenario's order, then all frames in order of (time, interface). A frame is there once for the end that
 * sent it and once for the end that got it; frame.interface_name tells them apart. Damaged captures are not
 * exported.
 */
#include "tracing/tracing_pcapng.h"
#include "tracing/tracing_read.h"
#include <errno.h>
#include <stdlib.h>

struct end {
    char *file;
    struct tracing_map map;
    struct tracing_capture_cursor cursor;
    struct tracing_frame_record next;
    int state;
};

static void put_interface(FILE *out, const struct end *e)
{
    size_t at = tracing_get32(e->map.data + 4); /* the section's block comes first; both were checked */
    fwrite(e->map.data + at, 1, tracing_get32(e->map.data + at + 4), out);
}

static void put_frame(FILE *out, const struct tracing_frame_record *frame, uint32_t interface)
{
    uint8_t head[12];

    memcpy(head, frame->block, sizeof head);
    tracing_put32(head + 8, interface);
    fwrite(head, 1, sizeof head, out);
    fwrite(frame->block + sizeof head, 1, frame->block_len - sizeof head, out);
}

static int open_end(struct end *e, const char *run, const char *link, unsigned end, FILE *err)
{
    if (asprintf(&e->file, "capture/%s.%u.pcapng", link, end) < 0) {
        e->file = NULL;
        errno = ENOMEM;
        return -1;
    }
    if (tracing_map_file(&e->map, run, e->file) != 0) {
        int code = errno;
        fprintf(err, "%s/%s: %s\n", run, e->file, strerror(code));
        errno = code;
        return -1;
    }
    tracing_capture_start(&e->cursor, &e->map);
    e->state = tracing_capture_next(&e->cursor, &e->next);
    return 0;
}

static int merge(struct end *ends, unsigned n, const char *run, FILE *out, FILE *err)
{
    fwrite(ends[0].map.data, 1, tracing_get32(ends[0].map.data + 4), out);
    for (unsigned i = 0; i < n; i++)
        put_interface(out, &ends[i]);
    for (;;) {
        struct end *first = NULL;
        for (unsigned i = 0; i < n; i++) {
            if (ends[i].state < 0) {
                fprintf(err, "%s/%s: %s\n", run, ends[i].file, ends[i].cursor.fault);
                errno = EINVAL;
                return -1;
            }
            if (ends[i].state == 1 && (!first || ends[i].next.at < first->next.at))
                first = &ends[i];
        }
        if (!first || ferror(out))
            return 0;
        put_frame(out, &first->next, (uint32_t)(first - ends));
        first->state = tracing_capture_next(&first->cursor, &first->next);
    }
}

int tracing_export_pcapng(const char *run, const char *path, FILE *err)
{
    struct tracing_names names;
    if (tracing_read_names(run, &names, err) != 0)
        return -1;
    unsigned n = 2 * names.n_links;
    struct end *ends = calloc(n + 1, sizeof *ends);
    int result = ends ? 0 : -1;
    if (n == 0) {
        fprintf(err, "%s: there are no links\n", run);
        errno = ENOENT;
        result = -1;
    }
    for (unsigned i = 0; result == 0 && i < n; i++) {
        result = open_end(&ends[i], run, names.links[i / 2], i % 2, err);
        if (result == 0 && ends[i].state < 0) {
            fprintf(err, "%s/%s: %s\n", run, ends[i].file, ends[i].cursor.fault);
            errno = EINVAL;
            result = -1;
        }
    }
    FILE *out = result == 0 ? fopen(path, "we") : NULL;
    if (out) {
        result = merge(ends, n, run, out, err);
        if (tracing_flush(out, err) != 0)
            result = -1;
        fclose(out);
    } else if (result == 0) {
        fprintf(err, "%s: %s\n", path, strerror(errno));
        result = -1;
    }
    int code = errno;
    for (unsigned i = 0; ends && i < n; i++) {
        tracing_unmap(&ends[i].map);
        free(ends[i].file);
    }
    free(ends);
    tracing_names_free(&names);
    errno = code;
    return result;
}
