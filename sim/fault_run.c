/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fault_run.c - see fault_run.h. */
#include "sim/fault_run.h"
#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

struct fault_run {
    const struct scenario *scn;
    struct fault_plan *plan;
    uint64_t *node_hits; /* [n_faults], as the nodes have reported them */
};

struct fault_run *fault_run_new(const struct scenario *s, const struct netlist *net)
{
    struct fault_run *r = calloc(1, sizeof *r);

    assert(r);
    r->scn = s;
    r->plan = fault_plan_new(s, net);
    r->node_hits = calloc(s->n_faults + 1, sizeof *r->node_hits);
    assert(r->node_hits);
    return r;
}

void fault_run_free(struct fault_run *r)
{
    if (!r)
        return;
    fault_plan_free(r->plan);
    free(r->node_hits);
    free(r);
}

void fault_run_config(const struct fault_run *r, struct ic_config *cfg)
{
    cfg->n_faults = r->plan->n_ic;
    cfg->faults = r->plan->ic;
}

static void begin(const struct fault_for_node *f, vtime_t at, fault_send *send, void *ctx)
{
    struct port_fault what;
    struct port_record rec = fault_begin(f, at, &what);

    send(ctx, f->node, &rec, &what);
}

void fault_run_start(const struct fault_run *r, fault_send *send, void *ctx)
{
    for (unsigned i = 0; i < r->plan->n_nodes; i++)
        if (!r->plan->nodes[i].triggered)
            begin(&r->plan->nodes[i], r->plan->nodes[i].at_ps, send, ctx);
}

void fault_run_restarted(const struct fault_run *r, unsigned node, vtime_t at, fault_send *send, void *ctx)
{
    for (unsigned i = 0; i < r->plan->n_nodes; i++) {
        const struct fault_for_node *f = &r->plan->nodes[i];
        if (!f->triggered && f->node == node && f->at_ps >= at)
            begin(f, f->at_ps, send, ctx);
    }
}

static vtime_t least_egress(const struct port_node *n)
{
    vtime_t least = VTIME_NEVER;

    for (unsigned k = 0; k < n->n_nics; k++)
        least = vtime_min(least, n->nic[k].egress_ps);
    return least;
}

void fault_run_triggered(const struct fault_run *r, const struct port_shared *port, unsigned ic_fault,
                         vtime_t at, fault_send *send, void *ctx)
{
    for (unsigned i = 0; i < r->plan->n_nodes; i++) {
        const struct fault_for_node *f = &r->plan->nodes[i];
        vtime_t then = vtime_add(at, least_egress(&port->node[f->node]));

        if (f->fault == r->plan->origin[ic_fault].fault && then < VTIME_NEVER)
            begin(f, then, send, ctx);
    }
}

bool fault_run_fabric(struct fault_run *r, struct tracing *tr, const struct ic_event *ev,
                      struct fault_news *news)
{
    static const char *const phases[] = {
        [IC_FAULT_BEGIN] = "begin", [IC_FAULT_END] = "end", [IC_FAULT_HIT] = "hit"};
    static const enum port_fault_phase same[] = {[IC_FAULT_BEGIN] = PORT_FAULT_BEGIN,
                                                 [IC_FAULT_END] = PORT_FAULT_END,
                                                 [IC_FAULT_HIT] = PORT_FAULT_HIT};
    const struct fault_origin *o = &r->plan->origin[ev->fault.index];
    bool hit = ev->fault.phase == IC_FAULT_HIT, at_end = hit || ev->frame_id;

    if (!hit && !o->first)
        return false;
    *news = (struct fault_news){.fault = o->fault,
                                .phase = same[ev->fault.phase],
                                .link = at_end ? ev->link : o->link,
                                .end = at_end ? ev->end : o->end};
    if (tr)
        tracing_fault(tr, ev->time_ps, news->link, news->end, o->fault, phases[ev->fault.phase], ev->frame_id,
                      ev->fault.value);
    return true;
}

/* Of these a node reports no hits, only that they begin. */
static bool begins_only(enum scn_action a)
{
    return a == SCN_PAUSE || a == SCN_SLOW;
}

int fault_run_node(struct fault_run *r, struct tracing *tr, unsigned node, const struct port_record *rec,
                   const void *data)
{
    static const char *const phases[PORT_FAULT_PHASES] = {
        [PORT_FAULT_BEGIN] = "begin", [PORT_FAULT_END] = "end", [PORT_FAULT_HIT] = "hit"};
    uint64_t value;

    if (rec->arg >= r->scn->n_faults || !scn_fault_on_node(r->scn, &r->scn->faults[rec->arg], node))
        return -1;
    memcpy(&value, data, sizeof value);
    if (rec->id == (begins_only(r->scn->faults[rec->arg].action) ? PORT_FAULT_BEGIN : PORT_FAULT_HIT))
        r->node_hits[rec->arg]++;
    if (tr)
        tracing_node_fault(tr, node, rec->time_ps, rec->arg, phases[rec->id], le64toh(value));
    return 0;
}

uint64_t fault_run_hits(const struct fault_run *r, const struct ic *ic, unsigned fault)
{
    uint64_t hits = r->node_hits[fault];

    for (unsigned i = 0; i < r->plan->n_ic; i++)
        if (r->plan->origin[i].fault == fault && r->plan->ic[i].kind != IC_FAULT_NONE)
            hits += ic_fault_hits(ic, i);
    return hits;
}

bool fault_run_switches_off(const struct fault_run *r, const struct port_record *rec)
{
    enum scn_action a = r->scn->faults[rec->arg].action;

    return rec->id == PORT_FAULT_HIT && (a == SCN_CRASH || a == SCN_RESTART);
}
