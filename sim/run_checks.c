/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run_checks.c - what was expected of a node, one by one, for result.json, result.xml and the report.
 *
 * The verdict (run_result.c) is the first that was not met; a verdict that none of these explains is a check
 * of its own, so that a node has a failed check exactly if it has a verdict.
 */
#include "sim/run_internal.h"
#include <string.h>

struct checks {
    json_t *list;
    bool failed;
};

/* why: NULL if it was met. */
static void add(struct checks *c, const char *check, const char *why)
{
    json_t *o = json_object();

    json_object_set_new(o, "check", json_string(check));
    json_object_set_new(o, "ok", json_boolean(!why));
    if (why)
        json_object_set_new(o, "why", json_string(why));
    json_array_append_new(c->list, o);
    c->failed |= why != NULL;
}

json_t *run_checks_json(const struct run *r, unsigned i)
{
    const struct scn_node *sn = &r->scn->nodes[i];
    const struct run_node *n = &r->node[i];
    const struct engine_node *e = &n->last;
    struct checks c = {.list = json_array()};
    char check[1200], why[200];

    if (sn->expect_end_set) {
        snprintf(check, sizeof check, "end: %s", scn_ending_name(sn->expect_end));
        snprintf(why, sizeof why, "its end is \"%s\"", run_end_name(e->end));
        add(&c, check, strcmp(run_end_name(e->end), scn_ending_name(sn->expect_end)) == 0 ? NULL : why);
    }
    /* a node that was to end otherwise, or that a fault crashed, owes no exit status */
    if (sn->expect_exit_set &&
        (e->end == PORT_END_RESULT || (!sn->expect_end_set && e->end != PORT_END_CRASHED))) {
        bool ok = e->end == PORT_END_RESULT && e->exit_status == sn->expect_exit;
        snprintf(check, sizeof check, "exit status %d", sn->expect_exit);
        if (e->end == PORT_END_RESULT)
            snprintf(why, sizeof why, "exit status %d, expected %d", e->exit_status, sn->expect_exit);
        else
            snprintf(why, sizeof why, "it has none: the node's end is \"%s\"", run_end_name(e->end));
        add(&c, check, ok ? NULL : why);
    }
    for (unsigned k = 0; k < sn->n_expect_console; k++) {
        snprintf(check, sizeof check, "console: %s", sn->expect_console[k]);
        add(&c, check, e->console_matches >> k & 1 ? NULL : "no line matches");
    }
    if (n->verdict[0] && !c.failed)
        add(&c, "the node ran as it should", n->verdict);
    else if (!c.list || json_array_size(c.list) == 0)
        add(&c, "the node ran as it should", NULL);
    return c.list;
}
