/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_diff_capture.c - the first frame in which two captures differ.
 */
#include "tracing/tracing_diff.h"
#include <errno.h>
#include <inttypes.h>
#include <xxhash.h>

static void put_frame(FILE *out, const struct tracing_frame_record *frame)
{
    static const char *const directions[] = {"frame", "in", "out", "frame"};
    fprintf(out, "%s %" PRIu32 " bytes hash %016" PRIx64, directions[frame->direction], frame->len,
            XXH64(frame->data, frame->kept, 0));
    if (frame->comment) {
        fputc(' ', out);
        tracing_diff_put_quoted(out, frame->comment, frame->comment_len);
    }
}

static void tell_frame(struct tracing_diff *d, const char *end, const struct tracing_frame_record frame[2],
                       const int state[2], uint64_t number)
{
    vtime_t at = state[0] != 1   ? frame[1].at
                 : state[1] != 1 ? frame[0].at
                                 : vtime_min(frame[0].at, frame[1].at);
    FILE *out = tracing_diff_found(d, at, TRACING_RANK_CAPTURE);
    if (!out)
        return;
    fprintf(out, "capture %s frame %" PRIu64 ": ", end, number);
    const bool there[2] = {state[0] == 1, state[1] == 1};
    for (unsigned i = 0; i < 2; i++) {
        tracing_diff_put_side(out, i, there);
        if (there[i]) {
            tracing_diff_put_later(out, frame[i].at, at);
            put_frame(out, &frame[i]);
        }
    }
    tracing_diff_keep(d);
}

static int compare_frames(struct tracing_diff *d, const char *file, const char *end,
                          const struct tracing_map map[2])
{
    struct tracing_capture_cursor c[2];
    struct tracing_frame_record frame[2];
    int state[2];
    tracing_capture_start(&c[0], &map[0]);
    tracing_capture_start(&c[1], &map[1]);
    for (;;) {
        for (unsigned i = 0; i < 2; i++) {
            state[i] = tracing_capture_next(&c[i], &frame[i]);
            if (state[i] < 0)
                return tracing_diff_fail(d, i, file, c[i].fault, EINVAL);
        }
        if (state[0] == 0 && state[1] == 0) {
            fprintf(d->note, "%s: the frames are the same, the file's head is not\n", file);
            return 0;
        }
        if (state[0] != state[1] || frame[0].block_len != frame[1].block_len ||
            memcmp(frame[0].block, frame[1].block, frame[0].block_len) != 0) {
            tell_frame(d, end, frame, state, c[0].frames > c[1].frames ? c[0].frames : c[1].frames);
            return 0;
        }
    }
}

int tracing_diff_capture(struct tracing_diff *d, const char *file, const char *end)
{
    struct tracing_map map[2];
    if (tracing_diff_map(d, file, map) != 0)
        return -1;
    bool same = tracing_diff_same(map, tracing_diff_common(map));
    int result = same ? 0 : compare_frames(d, file, end, map);
    d->captures.different += !same;
    tracing_diff_unmap(map);
    return result;
}
