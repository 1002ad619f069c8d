/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_kind.c - the ids of all frames of a named kind, node by node out of the replay logs; trace_kind.h. */
#include "sim/trace_kind.h"
#include "devices/port/port.h"
#include "sim/record.h"
#include "sim/replay.h"
#include "sim/scenario.h"
#include "tracing/replay.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Never NULL, also if there is none: a filter that lets nothing through differs from no filter. */
struct ids {
    uint64_t *id;
    size_t n, cap;
};

static void add(struct ids *ids, uint64_t id)
{
    if (ids->n == ids->cap) {
        ids->cap *= 2;
        ids->id = realloc(ids->id, ids->cap * sizeof *ids->id);
        assert(ids->id);
    }
    ids->id[ids->n++] = id;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int add_node(struct ids *ids, const char *run, const char *node, const struct scn_kind *kind)
{
    char path[PATH_MAX], why[PATH_MAX + 200];
    struct replay_log *log = replay_open(record_path(run, node, path), why, sizeof why);

    if (!log) {
        fprintf(stderr, "cob trace: --kind %s: %s%s\n", kind->name, why,
                errno == ENOENT ? " (was the run made with --no-replay?)" : "");
        return -1;
    }
    if (!log->ended)
        fprintf(stderr, "cob trace: --kind %s: nothing beyond this: %s\n", kind->name, log->cut);
    for (size_t i = 0; i < log->n_records; i++) {
        const struct replay_record *r = &log->records[i];
        if (r->kind == REPLAY_UP && r->type == PORT_REC_FRAME && scn_kind_matches(kind, r->data, r->len))
            add(ids, r->id);
    }
    replay_free(log);
    return 0;
}

int trace_kind_frames(const char *run, const char *kind, uint64_t **ids, size_t *n)
{
    struct scenario *s = replay_scenario(run);
    const struct scn_kind *k = s ? scn_find_kind(s, kind) : NULL;
    struct ids found = {.cap = 256, .id = malloc(256 * sizeof(uint64_t))};
    int result = k ? 0 : -1;

    assert(found.id);
    if (s && !k)
        fprintf(stderr,
                "cob trace: --kind: no packet, operation or kind of the run's scenario is called \"%s\"\n",
                kind);
    for (unsigned i = 0; result == 0 && i < s->n_nodes; i++)
        result = add_node(&found, run, s->nodes[i].name, k);
    scenario_free(s);
    if (result != 0) {
        free(found.id);
        return -1;
    }
    qsort(found.id, found.n, sizeof *found.id, by_value);
    *ids = found.id;
    *n = found.n;
    return 0;
}
