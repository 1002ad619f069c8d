/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_coherence.c - from the trace's events to coherence.h; see trace_coherence.h. */
#include "sim/trace_coherence.h"
#include "devices/fabric/fabric_abi.h"
#include "sim/coherence.h"
#include "sim/replay.h"
#include "sim/scenario.h"
#include "tracing/tracing_walk.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct look {
    const struct scenario *scn;
    struct coherence *coherence;
};

static void on_guest_event(struct look *l, unsigned node, const struct tracing_event *ev)
{
    const struct tracing_bytes *data = &ev->v[2].b;
    uint8_t record[FAB_MAX_EVENT];
    struct fab_event head = {.type = htole16((uint16_t)ev->v[0].u), .arg = htole32((uint32_t)ev->v[1].u)};

    if (data->n > sizeof record - sizeof head)
        return; /* no adapter takes it */
    head.len = htole16((uint16_t)(sizeof head + data->n));
    memcpy(record, &head, sizeof head);
    memcpy(record + sizeof head, data->p, data->n);
    coherence_record(l->coherence, node, ev->at, record, (uint32_t)sizeof head + data->n);
}

/* A crash or restart switches the machine off. */
static bool switches_off(const struct scenario *s, const struct tracing_event *ev)
{
    uint64_t fault = ev->v[0].u;

    return fault < s->n_faults && strcmp(ev->v[1].s, "hit") == 0 &&
           (s->faults[fault].action == SCN_CRASH || s->faults[fault].action == SCN_RESTART);
}

static int visit(void *ctx, const struct tracing_walked *at, const struct tracing_event *ev)
{
    struct look *l = ctx;

    if (at->node >= l->scn->n_nodes)
        return 0;
    if (ev->id == TR_GUEST_EVENT)
        on_guest_event(l, at->node, ev);
    else if (ev->id == TR_NODE_STATE || (ev->id == TR_NODE_FAULT && switches_off(l->scn, ev)))
        coherence_gone(l->coherence, at->node, ev->at);
    coherence_commit(l->coherence, ev->at);
    return 0;
}

static int judge(const struct look *l, const char *run)
{
    const struct tracing_filter all = {.to = INT64_MAX};

    if (tracing_walk(run, &all, visit, (void *)l, stderr) != 0)
        return -1;
    coherence_commit(l->coherence, VTIME_NEVER);
    struct coherence_counts n = coherence_counted(l->coherence);
    const char *wrong = coherence_wrong(l->coherence, NULL);
    printf("page states: %" PRIu64 " changes of %" PRIu64 " pages", n.changes, n.pages);
    if (n.threads)
        printf(", %" PRIu64 " threads", n.threads);
    printf(", %s%s\n", wrong ? "contradictory: " : "coherent", wrong ? wrong : "");
    return wrong != NULL;
}

/* Without the records of all nodes nothing can be said. */
static bool traced(const struct scenario *s)
{
    bool whole = scn_trace_mask(s) >> TR_GUEST_EVENT & 1 && scn_trace_mask(s) >> TR_NODE_FAULT & 1;

    for (unsigned i = 0; i < s->n_nodes; i++)
        whole = whole && scn_trace_node(s, i);
    if (!whole)
        fprintf(stderr,
                "cob trace: --coherence: the scenario's `trace` leaves out records of the event port\n");
    return whole;
}

int trace_coherence(const char *run)
{
    struct scenario *s = replay_scenario(run);
    const char *names[SCN_MAX_NODES];
    int result = -1;

    if (s && traced(s)) {
        for (unsigned i = 0; i < s->n_nodes; i++)
            names[i] = s->nodes[i].name;
        struct look l = {s, coherence_new(names, s->n_nodes, NULL)};
        result = judge(&l, run);
        coherence_free(l.coherence);
    }
    scenario_free(s);
    return result;
}
