/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run_events.c - `cob run --json`: what happens while a run goes on, one JSON object a line on stdout.
 *
 *   {"event":"started","format":1,"name":..,"directory":..,"seed":..,"nodes":[..],"links":[..]}
 *   {"event":"node","node":"alpha","state":"result","exit":0,"at_ps":..}     when it was seen to have ended
 *   {"event":"fault","fault":"lossy","action":"loss","hits":17,"virtual_ps":..}   it has acted so often by
 * then
 *   {"event":"incoherent","text":..}         what the nodes say is contradictory (once)
 *   {"event":"progress",..}   run_progress.c          {"event":"end",..}   run_result.c
 *   {"event":"error","text":..}      instead of an end: the run could not be made
 *
 * Looks only; nothing here reaches a guest. Lines are flushed one by one.
 */
#include "sim/run_internal.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

static void run_event_put(json_t *o)
{
    json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(o);
}

void run_event_started(const struct run *r)
{
    json_t *o = json_object(), *nodes = json_array(), *links = json_array();
    char seed[20];

    if (!r->opt.json) {
        json_decref(nodes);
        json_decref(links);
        json_decref(o);
        return;
    }
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        json_array_append_new(nodes, json_string(r->scn->nodes[i].name));
    for (unsigned i = 0; i < r->scn->n_links; i++)
        json_array_append_new(links, json_string(r->scn->links[i].name));
    snprintf(seed, sizeof seed, "%016" PRIx64, r->scn->seed);
    json_object_set_new(o, "event", json_string("started"));
    json_object_set_new(o, "format", json_integer(1));
    json_object_set_new(o, "name", json_string(r->scn->name));
    json_object_set_new(o, "directory", json_string(r->dir.path));
    json_object_set_new(o, "seed", json_string(seed));
    json_object_set_new(o, "nodes", nodes);
    json_object_set_new(o, "links", links);
    run_event_put(o);
}

void run_event_error(const struct run *r)
{
    json_t *o = json_object();

    json_object_set_new(o, "event", json_string("error"));
    json_object_set_new(o, "text", json_string(r->why));
    if (r->opt.json)
        run_event_put(o);
    else
        json_decref(o);
}

/* How often a fault has acted, when that is more than was told last. */
static void tell_hits(struct run *r, unsigned fault)
{
    uint64_t hits = engine_fault_hits(r->engine, fault);

    if (!r->hits_told) {
        r->hits_told = calloc(r->scn->n_faults, sizeof *r->hits_told);
        assert(r->hits_told);
    }
    if (hits == r->hits_told[fault])
        return;
    r->hits_told[fault] = hits;
    json_t *o = json_object();
    json_object_set_new(o, "event", json_string("fault"));
    json_object_set_new(o, "fault", json_string(r->scn->faults[fault].name));
    json_object_set_new(o, "action", json_string(scn_action_name(r->scn->faults[fault].action)));
    json_object_set_new(o, "hits", json_integer((json_int_t)hits));
    json_object_set_new(o, "virtual_ps", json_integer(engine_time(r->engine)));
    run_event_put(o);
}

static void tell_incoherence(struct run *r)
{
    char why[sizeof r->incoherent];

    if (r->incoherence_told || !engine_incoherent(r->engine, why, sizeof why))
        return;
    r->incoherence_told = true;
    json_t *o = json_object();
    json_object_set_new(o, "event", json_string("incoherent"));
    json_object_set_new(o, "text", json_string(why));
    run_event_put(o);
}

void run_event_poll(struct run *r)
{
    if (!r->opt.json)
        return;
    for (unsigned i = 0; i < r->scn->n_faults; i++)
        tell_hits(r, i);
    tell_incoherence(r);
    for (unsigned i = 0; i < r->scn->n_nodes; i++) {
        struct engine_node n;
        engine_get_node(r->engine, i, &n);
        if (n.end == PORT_END_NONE || r->node[i].end_told)
            continue;
        r->node[i].end_told = true;
        json_t *o = json_object();
        json_object_set_new(o, "event", json_string("node"));
        json_object_set_new(o, "node", json_string(r->scn->nodes[i].name));
        json_object_set_new(o, "state", json_string(run_end_name(n.end)));
        json_object_set_new(o, "exit", n.end == PORT_END_RESULT ? json_integer(n.exit_status) : json_null());
        json_object_set_new(o, "at_ps", json_integer(n.now_ps));
        run_event_put(o);
    }
}
