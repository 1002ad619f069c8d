/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run_result.c - the verdict on a run, and result.json.
 *
 * Exit status, the first that applies: 130 interrupted, 124 wall-clock limit, 1 an expectation was not met (a
 * killed node, a late delivery and unbalanced books of the fabric count as such), 3 the run directory could
 * not be written, 0. Everything under "nodes", and "hash", is the same in every run of the same scenario;
 * "host" is not.
 */
#include "sim/run_internal.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static const char *const names[PORT_END_COUNT] = {"running", "result", "stopped", "shutdown",
                                                  "reset",   "panic",  "killed",  "crashed"};

const char *run_end_name(enum port_end end)
{
    return names[end];
}

/* What a user is told of a node that should have reported an exit status and did not. */
static const char *const no_result[PORT_END_COUNT] = {
    "was still running",
    "",
    "reached the stop time before its script ended",
    "powered off before its script ended",
    "rebooted",
    "its kernel panicked",
    "was killed",
    "was crashed by a fault",
};

/*
 * Has a node failed by the way it ended alone? Who expects an end by name has said it all, and a node that a
 * fault crashed could not report anything.
 */
static bool owes_result(const struct scn_node *sn, enum port_end end)
{
    if (sn->expect_end_set || end == PORT_END_RESULT || end == PORT_END_CRASHED)
        return false;
    return sn->expect_exit_set || end == PORT_END_PANIC || end == PORT_END_RESET;
}

static void judge_node(struct run *r, unsigned i)
{
    const struct scn_node *sn = &r->scn->nodes[i];
    struct run_node *n = &r->node[i];
    const struct engine_node *e = &n->last;
    size_t size = sizeof n->verdict;

    if (e->end == PORT_END_KILLED)
        snprintf(n->verdict, size, "%s", e->trouble);
    else if (e->late)
        snprintf(n->verdict, size, "%" PRIu64 " frames were delivered late; please report this", e->late);
    else if (sn->expect_end_set && strcmp(names[e->end], scn_ending_name(sn->expect_end)) != 0)
        snprintf(n->verdict, size, "its end was \"%s\", expected \"%s\"", names[e->end],
                 scn_ending_name(sn->expect_end));
    else if (sn->expect_exit_set && e->end == PORT_END_RESULT && e->exit_status != sn->expect_exit)
        snprintf(n->verdict, size, "exit status %d, expected %d", e->exit_status, sn->expect_exit);
    else if (owes_result(sn, e->end))
        snprintf(n->verdict, size, "%s", no_result[e->end]);
    else
        for (unsigned k = 0; k < sn->n_expect_console; k++)
            if (!(e->console_matches >> k & 1)) {
                snprintf(n->verdict, size, "no console line matches \"%.150s\"", sn->expect_console[k]);
                break;
            }
}

void run_judge(struct run *r)
{
    bool failed = false;
    XXH64_state_t *h = XXH64_createState();

    XXH64_reset(h, 0);
    for (unsigned i = 0; i < r->scn->n_nodes; i++) {
        struct run_node *n = &r->node[i];
        uint64_t v[4] = {n->last.end, (uint64_t)n->last.exit_status, (uint64_t)n->last.now_ps, n->ram_hash};
        judge_node(r, i);
        failed |= n->verdict[0] != 0;
        XXH64_update(h, v, sizeof v);
    }
    failed |= r->incoherent[0] != 0;
    r->hash = XXH64_digest(h);
    XXH64_freeState(h);
    r->exit_status = r->interrupted                            ? EXIT_INTERRUPTED
                     : r->timed_out                            ? EXIT_TIMEOUT
                     : failed || r->conservation[0]            ? EXIT_EXPECTATION
                     : r->trace_error[0] || r->record_error[0] ? EXIT_ENVIRONMENT
                                                               : EXIT_OK;
    r->outcome = r->interrupted                                         ? "interrupted"
                 : r->timed_out                                         ? "timeout"
                 : r->exit_status == 0                                  ? "passed"
                 : (r->trace_error[0] || r->record_error[0]) && !failed ? "incomplete"
                                                                        : "failed";
}

static json_t *json_hex(uint64_t v)
{
    char text[20];
    snprintf(text, sizeof text, "%016" PRIx64, v);
    return json_string(text);
}

static json_t *node_json(const struct run *r, unsigned i)
{
    const struct run_node *n = &r->node[i];
    json_t *o = json_object();

    json_object_set_new(o, "name", json_string(r->scn->nodes[i].name));
    json_object_set_new(o, "arch", json_string(scn_arch_name(r->scn->nodes[i].arch)));
    json_object_set_new(o, "end", json_string(names[n->last.end]));
    json_object_set_new(o, "exit",
                        n->last.end == PORT_END_RESULT ? json_integer(n->last.exit_status) : json_null());
    json_object_set_new(o, "end_ps", json_integer(n->last.now_ps));
    json_object_set_new(o, "ram_xxh3", n->ram_hashed ? json_hex(n->ram_hash) : json_null());
    json_object_set_new(o, "tx_frames", json_integer((json_int_t)n->last.tx_frames));
    json_object_set_new(o, "rx_frames", json_integer((json_int_t)n->last.rx_frames));
    json_object_set_new(o, "verdict", json_string(n->verdict[0] ? n->verdict : "ok"));
    json_object_set_new(o, "checks", run_checks_json(r, i));
    return o;
}

/* Virtual channels of an end of a fabric link. */
static json_t *vcs_json(const struct run *r, unsigned link, unsigned end)
{
    json_t *list = json_array();
    struct ic_vc_stats s;

    for (unsigned vc = 0; ic_vc_stats(engine_fabric(r->engine), link, end, vc, &s) == 0; vc++) {
        json_t *o = json_object();
        json_object_set_new(o, "sent_packets", json_integer((json_int_t)s.sent_packets));
        json_object_set_new(o, "sent_bytes", json_integer((json_int_t)s.sent_bytes));
        json_object_set_new(o, "credit_bytes", json_integer(s.credit_bytes));
        json_object_set_new(o, "peak_bytes", json_integer(s.peak_bytes));
        json_object_set_new(o, "stall_ps", json_integer(s.stall_ps));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *link_json(const struct run *r, unsigned i)
{
    json_t *o = json_object(), *ends = json_array();

    json_object_set_new(o, "name", json_string(r->scn->links[i].name));
    for (unsigned k = 0; k < 2; k++) {
        struct ic_end_stats s;
        json_t *e = json_object(), *d = json_object();
        if (ic_end_stats(engine_fabric(r->engine), i, k, &s) < 0)
            memset(&s, 0, sizeof s);
        json_object_set_new(e, "queued_frames", json_integer((json_int_t)s.queued_frames));
        json_object_set_new(e, "sent_frames", json_integer((json_int_t)s.sent_frames));
        json_object_set_new(e, "duplicated_frames", json_integer((json_int_t)s.duplicated_frames));
        json_object_set_new(e, "sent_bytes", json_integer((json_int_t)s.sent_bytes));
        json_object_set_new(e, "arrived_frames", json_integer((json_int_t)s.arrived_frames));
        json_object_set_new(e, "arrived_bytes", json_integer((json_int_t)s.arrived_bytes));
        json_object_set_new(e, "queue_peak_bytes", json_integer(s.queue_peak_bytes));
        json_object_set_new(e, "busy_ps", json_integer(s.busy_ps));
        for (unsigned w = 1; w < IC_DROP_COUNT; w++)
            json_object_set_new(d, ic_drop_name((enum ic_drop)w), json_integer((json_int_t)s.dropped[w]));
        json_object_set_new(e, "dropped", d);
        if (r->scn->links[i].fabric)
            json_object_set_new(e, "vcs", vcs_json(r, i, k));
        json_array_append_new(ends, e);
    }
    json_object_set_new(o, "ends", ends);
    return o;
}

static json_t *faults_json(const struct run *r)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < r->scn->n_faults; i++) {
        const struct scn_fault *f = &r->scn->faults[i];
        json_t *o = json_object();
        json_object_set_new(o, "name", json_string(f->name));
        json_object_set_new(o, "action", json_string(scn_action_name(f->action)));
        json_object_set_new(o, "hits", json_integer((json_int_t)engine_fault_hits(r->engine, i)));
        json_array_append_new(list, o);
    }
    return list;
}

/* Of the run, not of a node: what was checked over all of them. */
static json_t *coherence_json(const struct run *r)
{
    struct coherence_counts counts = coherence_counted(r->coherence);
    json_t *o = json_object();

    json_object_set_new(o, "changes", json_integer((json_int_t)counts.changes));
    json_object_set_new(o, "pages", json_integer((json_int_t)counts.pages));
    json_object_set_new(o, "threads", json_integer((json_int_t)counts.threads));
    json_object_set_new(o, "verdict", json_string(r->incoherent[0] ? r->incoherent : "ok"));
    return o;
}

static json_t *host_json(const struct run *r)
{
    json_t *o = json_object(), *nodes = json_array();
    const struct port_shared *p = engine_port(r->engine);

    json_object_set_new(o, "wall_s", json_real(r->wall_s));
    json_object_set_new(o, "slowdown",
                        json_real(r->virtual_ps ? r->wall_s / ((double)r->virtual_ps * 1e-12) : 0));
    json_object_set_new(o, "backend", json_string(r->opt.backend->name));
    json_object_set_new(o, "cores", json_integer(p->n_cores));
    json_object_set_new(o, "rounds", json_integer((json_int_t)p->rounds));
    json_object_set_new(o, "engine_calls", json_integer((json_int_t)p->engine_calls));
    for (unsigned i = 0; i < r->scn->n_nodes; i++) {
        json_t *n = json_object();
        json_object_set_new(n, "name", json_string(r->scn->nodes[i].name));
        json_object_set_new(n, "qemu", json_string(r->node[i].version));
        json_object_set_new(n, "gates", json_integer((json_int_t)r->node[i].last.gates));
        json_object_set_new(n, "idles", json_integer((json_int_t)r->node[i].last.idles));
        json_array_append_new(nodes, n);
    }
    json_object_set_new(o, "nodes", nodes);
    return o;
}

int run_write_result(struct run *r)
{
    char path[PATH_MAX], temp[PATH_MAX];
    json_t *o = json_object(), *nodes = json_array(), *links = json_array(), *fabric = json_object();

    json_object_set_new(o, "format", json_integer(1));
    json_object_set_new(o, "name", json_string(r->scn->name));
    json_object_set_new(o, "outcome", json_string(r->outcome));
    json_object_set_new(o, "exit", json_integer(r->exit_status));
    json_object_set_new(o, "seed", json_hex(r->scn->seed));
    json_object_set_new(o, "virtual_ps", json_integer(r->virtual_ps));
    json_object_set_new(o, "hash", json_hex(r->hash));
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        json_array_append_new(nodes, node_json(r, i));
    for (unsigned i = 0; i < r->scn->n_links; i++)
        json_array_append_new(links, link_json(r, i));
    json_object_set_new(o, "nodes", nodes);
    json_object_set_new(o, "links", links);
    json_object_set_new(o, "faults", faults_json(r));
    json_object_set_new(fabric, "injected", json_integer((json_int_t)r->totals.injected));
    json_object_set_new(fabric, "copied", json_integer((json_int_t)r->totals.copied));
    json_object_set_new(fabric, "duplicated", json_integer((json_int_t)r->totals.duplicated));
    json_object_set_new(fabric, "delivered", json_integer((json_int_t)r->totals.delivered));
    json_object_set_new(fabric, "dropped", json_integer((json_int_t)r->totals.dropped));
    json_object_set_new(fabric, "in_flight", json_integer((json_int_t)r->totals.in_flight));
    json_object_set_new(fabric, "conservation", json_string(r->conservation[0] ? r->conservation : "ok"));
    json_object_set_new(o, "fabric", fabric);
    if (r->coherence)
        json_object_set_new(o, "coherence", coherence_json(r));
    if (r->trace_error[0])
        json_object_set_new(o, "trace_error", json_string(r->trace_error));
    if (r->record_error[0])
        json_object_set_new(o, "replay_error", json_string(r->record_error));
    json_object_set_new(o, "host", host_json(r));
    rundir_path(&r->dir, temp, "", "result", ".tmp");
    rundir_path(&r->dir, path, "", "result", ".json");
    int bad = json_dump_file(o, temp, JSON_INDENT(2)) < 0 || rename(temp, path) < 0;
    if (bad)
        snprintf(r->why, sizeof r->why, "%s: %s", path, strerror(errno));
    if (r->opt.json) {
        json_object_set_new(o, "event", json_string("end"));
        json_object_set_new(o, "directory", json_string(r->dir.path));
        json_dumpf(o, stdout, JSON_COMPACT);
        printf("\n");
    }
    json_decref(o);
    return bad ? -1 : 0;
}

/* How often each fault acted, in one line, if it is not a long one. */
static void print_faults(const struct run *r, FILE *out)
{
    char line[160];
    size_t used = 0;

    for (unsigned i = 0; i < r->scn->n_faults && used < sizeof line; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%s %" PRIu64, i ? ", " : "",
                                 r->scn->faults[i].name, engine_fault_hits(r->engine, i));
    if (used && used < sizeof line)
        fprintf(out, "faults, and how often they acted: %s\n", line);
    else if (used)
        fprintf(out, "faults: %u; how often they acted is in result.json\n", r->scn->n_faults);
}

void run_print_summary(const struct run *r, FILE *out)
{
    char virt[40];

    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        if (r->node[i].verdict[0])
            fprintf(out, "node %s: %s\n", r->scn->nodes[i].name, r->node[i].verdict);
    if (r->incoherent[0])
        fprintf(out, "what the nodes say is contradictory: %s\n", r->incoherent);
    if (r->conservation[0])
        fprintf(out, "the fabric's books do not balance: %s\n", r->conservation);
    if (r->trace_error[0])
        fprintf(out, "the trace is incomplete: %s\n", r->trace_error);
    if (r->record_error[0])
        fprintf(out, "the replay log is incomplete: %s\n", r->record_error);
    print_faults(r, out);
    fprintf(out, "%s %s: %s virtual in %.1f s (slowdown %.1f), %" PRIu64 " frames, hash %016" PRIx64 ", %s\n",
            r->scn->name, r->outcome, scn_format_time(r->virtual_ps, virt, sizeof virt), r->wall_s,
            r->virtual_ps ? r->wall_s / ((double)r->virtual_ps * 1e-12) : 0, r->totals.injected, r->hash,
            r->dir.path);
}
