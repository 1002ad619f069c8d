/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_labels.c - see trace_labels.h. */
#include "sim/trace_labels.h"
#include "devices/port/port.h"
#include "sim/record.h"
#include "sim/replay.h"
#include "tracing/replay.h"
#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

static void add(struct trace_labels *l, uint64_t frame, uint32_t kind)
{
    if (l->labels.n_frames == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 256;
        l->frames = realloc(l->frames, l->cap * sizeof *l->frames);
        assert(l->frames);
    }
    l->frames[l->labels.n_frames++] = (struct tracing_frame_kind){frame, kind};
}

static void add_node(struct trace_labels *l, const char *run, const char *node, bool adapter)
{
    char path[PATH_MAX], why[PATH_MAX + 200];
    struct replay_log *log = replay_open(record_path(run, node, path), why, sizeof why);

    for (size_t i = 0; log && i < log->n_records; i++) {
        const struct replay_record *r = &log->records[i];
        if (r->kind != REPLAY_UP || r->type != PORT_REC_FRAME)
            continue;
        int kind = kind_parts_of(l->parts, r->data, r->len, adapter);
        if (kind >= 0)
            add(l, r->id, (uint32_t)kind);
    }
    if (log)
        replay_free(log);
}

static int by_frame(const void *a, const void *b)
{
    uint64_t x = ((const struct tracing_frame_kind *)a)->frame,
             y = ((const struct tracing_frame_kind *)b)->frame;
    return (x > y) - (x < y);
}

void trace_labels_open(struct trace_labels *l, const char *run)
{
    char path[PATH_MAX];

    *l = (struct trace_labels){0};
    if (snprintf(path, sizeof path, "%s/scenario.scn.yml", run) < (int)sizeof path && access(path, R_OK) == 0)
        l->scn = replay_scenario(run);
    if (!l->scn)
        return;
    l->records = calloc(l->scn->n_events + 1, sizeof *l->records);
    l->parts = kind_parts_new(l->scn);
    l->kinds = calloc(kind_parts_names(l->parts) + 1, sizeof *l->kinds);
    assert(l->records && l->kinds);
    for (unsigned i = 0; i < l->scn->n_events; i++)
        l->records[i] = (struct tracing_record_name){l->scn->events[i].type, l->scn->events[i].name,
                                                     l->scn->events[i].text};
    for (unsigned i = 0; i < kind_parts_names(l->parts); i++)
        l->kinds[i] = kind_parts_name(l->parts, i);
    for (unsigned i = 0; l->scn->n_kinds && i < l->scn->n_nodes; i++)
        add_node(l, run, l->scn->nodes[i].name, l->scn->nodes[i].adapter);
    if (l->labels.n_frames)
        qsort(l->frames, l->labels.n_frames, sizeof *l->frames, by_frame);
    l->labels.records = l->records;
    l->labels.n_records = l->scn->n_events;
    l->labels.kinds = l->kinds;
    l->labels.frames = l->frames;
}

void trace_labels_close(struct trace_labels *l)
{
    kind_parts_free(l->parts);
    scenario_free(l->scn);
    free(l->records);
    free(l->kinds);
    free(l->frames);
}
