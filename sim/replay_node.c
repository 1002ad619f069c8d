/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay_node.c - `cob replay RUN --node N`: the life of a node's replay.
 *
 *   prepare   log and scenario read and held against each other, run directory, images as in the run or as
 * given watch     replay_port feeds the node and replay_compare judges what it emits, until one of them says
 * stop finish    hash of the memory, verdict, result.json
 *
 * A struct run carries the one QEMU; it has no engine.
 */
#include "sim/guest_greeting.h"
#include "sim/replay.h"
#include "sim/replay_compare.h"
#include "sim/replay_port.h"
#include "sim/run.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

struct player {
    const struct replay_options *opt;
    struct run run;
    unsigned index;
    struct replay_log *log;
    const char **names;
    struct replay_compare *compare;
    struct replay_port *port;
    enum replay_stand stand;
    bool whole; /* it was replayed up to where it stood at the end of its run */
    bool memory_differs;
    uint64_t down;
    double recorded_s; /* wall-clock time of the run, 0: not known */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
    (void)sig;
    interrupted = 1;
}

static int fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int fail(int status, const char *format, ...)
{
    va_list ap;
    fputs("cob replay: ", stderr);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    return status;
}

/* ---- prepare ---- */

static char *read_text(const char *path, size_t *len)
{
    FILE *f = fopen(path, "re"), *to;
    char *text = NULL, buf[4096];
    size_t n;

    if (!f)
        return NULL;
    to = open_memstream(&text, len);
    while (to && (n = fread(buf, 1, sizeof buf, f)) > 0)
        fwrite(buf, 1, n, to);
    bool bad = !to || ferror(f);
    fclose(f);
    if (to && fclose(to) != 0)
        bad = true;
    if (bad) {
        free(text);
        text = NULL;
    }
    return text;
}

struct scenario *replay_scenario(const char *run)
{
    char path[PATH_MAX];
    size_t len = 0;
    int n = snprintf(path, sizeof path, "%s/scenario.scn.yml", run);
    char *text = n < (int)sizeof path ? read_text(path, &len) : NULL;

    if (!text) {
        fprintf(stderr, "cob: %s: %s\n", path, strerror(errno));
        return NULL;
    }
    /* not scenario_load(): kernels of other nodes need not be there any more */
    struct scenario *s = scenario_parse(text, len, path, stderr);
    free(text);
    return s;
}

static int find_node(struct player *p)
{
    const struct scenario *s = p->run.scn;

    p->names = calloc(s->n_nodes, sizeof *p->names);
    assert(p->names);
    p->index = s->n_nodes;
    for (unsigned i = 0; i < s->n_nodes; i++) {
        p->names[i] = s->nodes[i].name;
        if (!strcmp(s->nodes[i].name, p->opt->node))
            p->index = i;
    }
    if (p->index < s->n_nodes)
        return 0;
    fprintf(stderr, "cob replay: %s has no node '%s'; it has", p->opt->run, p->opt->node);
    for (unsigned i = 0; i < s->n_nodes; i++)
        fprintf(stderr, " %s", s->nodes[i].name);
    fputc('\n', stderr);
    return EXIT_USAGE;
}

static int open_log(struct player *p)
{
    char path[PATH_MAX], why[PATH_MAX + 200], t[40];

    record_path(p->opt->run, p->opt->node, path);
    p->log = replay_open(path, why, sizeof why);
    if (!p->log)
        return fail(errno == EBADMSG || errno == ENOTSUP || errno == ENOENT ? EXIT_USAGE : EXIT_ENVIRONMENT,
                    "%s%s", why, errno == ENOENT ? " (was the run made with --no-replay?)" : "");
    const struct replay_head *h = &p->log->head;
    const struct scn_node *sn = &p->run.scn->nodes[p->index];
    if (h->index != p->index || h->n_nodes != p->run.scn->n_nodes || strcmp(h->node, sn->name) != 0 ||
        strcmp(h->arch, scn_arch_name(sn->arch)) != 0 || h->cpus != sn->cpus ||
        h->shift != sn->icount_shift || h->memory_bytes != sn->memory_bytes)
        return fail(EXIT_USAGE, "%s: this is not the log of node %s of the run's scenario", path, sn->name);
    if (!p->log->ended && p->opt->until_ps > p->log->reach_ps)
        return fail(EXIT_USAGE,
                    "%s (a killed run, or a file cut off); --until %" PRId64 "ps replays what is known: %s",
                    p->log->cut, p->log->reach_ps, scn_format_time(p->log->reach_ps, t, sizeof t));
    return 0;
}

/* The node's software as in the run, but for what was given instead. */
static int prepare_images(struct player *p)
{
    struct run *r = &p->run;
    struct scn_node *sn = &r->scn->nodes[p->index];
    struct run_node *n = &r->node[p->index];

    if (p->opt->append) {
        free(sn->append);
        sn->append = strdup(p->opt->append);
    }
    if (p->opt->kernel && sn->kernel) {
        free(sn->kernel);
        sn->kernel = realpath(p->opt->kernel, NULL);
        if (!sn->kernel)
            return fail(EXIT_USAGE, "%s: %s", p->opt->kernel, strerror(errno));
    }
    if (image_prepare(r->scn, p->index, &r->dir, &n->image, r->why, sizeof r->why) < 0)
        return fail(errno == ENOEXEC ? EXIT_USAGE : EXIT_ENVIRONMENT, "%s", r->why);
    if (p->opt->kernel && !realpath(p->opt->kernel, n->image.kernel))
        return fail(EXIT_USAGE, "%s: %s", p->opt->kernel, strerror(errno));
    if (p->opt->initrd && !realpath(p->opt->initrd, n->image.initrd))
        return fail(EXIT_USAGE, "%s: %s", p->opt->initrd, strerror(errno));
    return 0;
}

/* Says what is not as it was in the run, unless it was asked for. */
static int note_changes(struct player *p)
{
    const struct replay_head *was = &p->log->head;
    const struct run_node *n = &p->run.node[p->index];
    struct replay_head is;
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/scenario.scn.yml", p->opt->run) >= (int)sizeof path ||
        record_head(&p->run, p->index, &is) < 0 ||
        record_hash_file(path, &is.scenario, p->run.why, sizeof p->run.why) < 0)
        return fail(EXIT_ENVIRONMENT, "%s", p->run.why);
    if (is.scenario != was->scenario)
        return fail(EXIT_USAGE, "%s/scenario.scn.yml is not the one that the log was made with", p->opt->run);
    if (strcmp(is.qemu, was->qemu) != 0)
        fprintf(stderr, "cob replay: QEMU is %s, in the run it was %s: expect a difference\n", is.qemu,
                was->qemu);
    if (is.plugin != was->plugin)
        fprintf(stderr, "cob replay: cob-qemu.so has changed since the run: expect a difference\n");
    if (is.kernel != was->kernel && !p->opt->kernel)
        fprintf(stderr, "cob replay: %s has changed since the run: expect a difference\n", n->image.kernel);
    if (is.initrd != was->initrd && !p->opt->initrd)
        fprintf(stderr, "cob replay: the initial ram disk has changed since the run: expect a difference\n");
    if (is.arguments != was->arguments && !p->opt->append && !p->opt->initrd)
        fprintf(stderr, "cob replay: QEMU's arguments have changed since the run: expect a difference\n");
    return 0;
}

/* The console goes into the replay's directory as in a run; trace and captures are the run's. */
static int open_console(struct player *p)
{
    struct run *r = &p->run;
    const char *name = p->opt->node;
    struct tracing_config cfg = {.dir = r->dir.path, .nodes = &name, .n_nodes = 1};

    r->tracing = tracing_open(&cfg, r->why, sizeof r->why);
    return r->tracing ? 0 : fail(EXIT_ENVIRONMENT, "%s", r->why);
}

static double recorded_wall(const char *run)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/result.json", run);
    json_t *o = n < (int)sizeof path ? json_load_file(path, 0, NULL) : NULL;
    double s = json_number_value(json_object_get(json_object_get(o, "host"), "wall_s"));
    json_decref(o);
    return s;
}

static bool emitted(void *ctx, const struct port_record *rec, const void *data, vtime_t upto)
{
    struct player *p = ctx;

    if (rec && rec->type == PORT_REC_CONSOLE)
        tracing_console(p->run.tracing, 0, rec->time_ps, data, rec->len, NULL, NULL);
    if (rec)
        replay_compare_up(p->compare, rec, data);
    else
        replay_compare_upto(p->compare, upto);
    return !replay_compare_differs(p->compare);
}

static int prepare(struct player *p)
{
    struct run *r = &p->run;
    char name[100];
    int status;

    r->scn = replay_scenario(p->opt->run);
    if (!r->scn || (status = find_node(p)) != 0 || (status = open_log(p)) != 0)
        return r->scn ? status : EXIT_USAGE;
    r->node = calloc(r->scn->n_nodes, sizeof *r->node);
    assert(r->node);
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        r->node[i].ram_fd = -1;
    struct run_node *n = &r->node[p->index];
    n->qemu =
        guest_find_qemu(r->scn->nodes[p->index].arch, n->version, sizeof n->version, r->why, sizeof r->why);
    if (!n->qemu)
        return fail(EXIT_ENVIRONMENT, "%s", r->why);
    snprintf(name, sizeof name, "%.50s-replay", r->scn->name);
    if (rundir_create_beside(&r->dir, rundir_base(), name, r->why, sizeof r->why) < 0 ||
        run_dump_scenario(r) < 0)
        return fail(EXIT_ENVIRONMENT, "%s", r->why);
    if ((status = prepare_images(p)) != 0 || (status = note_changes(p)) != 0 ||
        (status = open_console(p)) != 0)
        return status;
    n->ram_fd = memfd_create("cob-ram", MFD_CLOEXEC);
    if (n->ram_fd < 0 || ftruncate(n->ram_fd, (off_t)p->log->head.memory_bytes) < 0)
        return fail(EXIT_ENVIRONMENT, "memory: %s", strerror(errno));
    p->compare = replay_compare_new(p->log, p->names);
    if (p->opt->debug && debug_run_open(&r->debug, p->opt->debug, r->scn->n_nodes, r->why, sizeof r->why) < 0)
        return fail(EXIT_USAGE, "%s", r->why);
    p->port = replay_port_new(&(struct replay_port_config){.log = p->log,
                                                           .until_ps = p->opt->until_ps,
                                                           .emitted = emitted,
                                                           .release = r->debug.hook.release,
                                                           .release_ctx = r->debug.hook.ctx,
                                                           .ctx = p});
    if (!p->port)
        return fail(EXIT_ENVIRONMENT, "the port: %s", strerror(errno));
    if (r->debug.shared)
        debug_run_ready(&r->debug, replay_port_shared(p->port), replay_port_path(p->port), r->dir.path, NULL);
    snprintf(r->port_path, sizeof r->port_path, "%s", replay_port_path(p->port));
    p->recorded_s = recorded_wall(p->opt->run);
    return 0;
}

/* ---- watch ---- */

static int start(struct player *p)
{
    struct run *r = &p->run;
    struct sigaction sa = {.sa_handler = on_signal};

    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
    r->opt.backend = p->opt->backend;
    if (r->opt.backend->open(r->dir.path, r->why, sizeof r->why) < 0)
        return fail(EXIT_ENVIRONMENT, "%s", r->why);
    r->backend_open = true;
    if (r->scn->nodes[p->index].adapter && !(r->greeting = guest_greeting_start(r->why, sizeof r->why)))
        return fail(EXIT_ENVIRONMENT, "%s", r->why);
    if (run_start_node(r, p->index) < 0)
        return fail(EXIT_ENVIRONMENT, "%s", r->why);
    clock_gettime(CLOCK_MONOTONIC, &r->started);
    if (r->debug.shared)
        debug_run_under_way(&r->debug);
    return 0;
}

static int watch(struct player *p)
{
    struct run *r = &p->run;
    struct pollfd gone = {.fd = r->opt.backend->pidfd(r->node[p->index].guest), .events = POLLIN};

    while ((p->stand = replay_port_wait(p->port, 5)) == REPLAY_RUNS) {
        if (poll(&gone, 1, 0) > 0 && atomic_load(&replay_port_node(p->port)->restart))
            return fail(EXIT_USAGE,
                        "a fault switches this node off, and on again at %" PRId64
                        "ps: a replay does not go beyond that; --until ends it before",
                        replay_port_node(p->port)->base_ps);
        if (poll(&gone, 1, 0) > 0)
            return fail(EXIT_ENVIRONMENT, "its QEMU was ended from outside or crashed (see %s/qemu/%s.log)",
                        r->dir.path, p->opt->node);
        if (interrupted)
            return fail(EXIT_INTERRUPTED, "interrupted");
        if (debug_run_abandoned(&r->debug))
            return EXIT_INTERRUPTED; /* the debugger goes back: another one has been asked for */
        if (!r->debug.shared && run_elapsed_s(r) > (double)r->scn->timeout_s)
            return fail(EXIT_TIMEOUT, "the scenario's wall-clock limit of %" PRId64 " s was reached",
                        r->scn->timeout_s);
    }
    /* At its end the node can be looked at. Not at a difference: there it may run. */
    while (r->debug.shared && !interrupted && (p->stand == REPLAY_AT_TARGET || p->stand == REPLAY_ENDED) &&
           debug_run_linger(&r->debug, 200))
        ;
    if (debug_run_abandoned(&r->debug))
        return EXIT_INTERRUPTED;
    r->wall_s = run_elapsed_s(r);
    if (p->stand == REPLAY_ASTRAY)
        return fail(EXIT_ENVIRONMENT, "%s", replay_port_trouble(p->port));
    return 0;
}

/* ---- finish ---- */

static void judge(struct player *p)
{
    struct run_node *n = &p->run.node[p->index];
    const struct replay_record *last = p->log->ended ? &p->log->records[p->log->n_records - 1] : NULL;

    p->whole = last && p->stand != REPLAY_HALTED && p->opt->until_ps >= last->time_ps;
    if (p->whole && p->log->final.ram_hashed)
        replay_compare_upto(p->compare, VTIME_NEVER);
    if (p->stand != REPLAY_HALTED) /* then it may run */
        run_hash_memory(n, p->log->head.memory_bytes);
    p->memory_differs =
        p->whole && n->ram_hashed && p->log->final.ram_hashed && p->log->final.ram_hash != n->ram_hash;
    bool differs = replay_compare_differs(p->compare) || p->memory_differs;
    p->run.exit_status = differs ? EXIT_DIVERGED : EXIT_OK;
    p->run.outcome = differs ? "differs" : p->whole ? "same" : "same so far";
    const struct port_node *pn = replay_port_node(p->port);
    p->run.virtual_ps = pn->now_ps;
    if (p->stand == REPLAY_AT_TARGET)
        p->run.virtual_ps = vtime_max(pn->now_ps, replay_port_target(p->port));
    if (replay_compare_differs(p->compare))
        p->run.virtual_ps = vtime_max(pn->now_ps, replay_compare_at(p->compare));
}

static json_t *hex(uint64_t v)
{
    char text[20];
    snprintf(text, sizeof text, "%016" PRIx64, v);
    return json_string(text);
}

static char *difference(const struct player *p)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);

    assert(f);
    replay_compare_show(p->compare, f);
    if (p->memory_differs && !replay_compare_differs(p->compare))
        fprintf(f,
                "%s: emitted the same, but its memory differs at the end\n  recorded  %016" PRIx64
                "\n  replay    %016" PRIx64 "\n",
                p->opt->node, p->log->final.ram_hash, p->run.node[p->index].ram_hash);
    fclose(f);
    return text;
}

static json_t *node_json(const struct player *p, const char *verdict)
{
    const struct port_node *pn = replay_port_node(p->port);
    const struct run_node *n = &p->run.node[p->index];
    bool ended = atomic_load(&pn->state) == PORT_ENDED;
    struct replay_counts counts;
    json_t *o = json_object();

    replay_compare_counts(p->compare, &counts);
    json_object_set_new(o, "name", json_string(p->opt->node));
    json_object_set_new(o, "arch", json_string(p->log->head.arch));
    json_object_set_new(o, "end", json_string(run_end_name(ended ? (enum port_end)pn->end : PORT_END_NONE)));
    json_object_set_new(o, "exit",
                        ended && pn->end == PORT_END_RESULT ? json_integer(pn->exit_status) : json_null());
    json_object_set_new(o, "end_ps", json_integer(p->run.virtual_ps));
    json_object_set_new(o, "ram_xxh3", n->ram_hashed ? hex(n->ram_hash) : json_null());
    json_object_set_new(o, "tx_frames", json_integer((json_int_t)counts.frames));
    json_object_set_new(o, "console_lines", json_integer((json_int_t)counts.lines));
    json_object_set_new(o, "guest_events", json_integer((json_int_t)counts.events));
    json_object_set_new(o, "verdict", json_string(verdict));
    return o;
}

static int write_result(struct player *p, const char *text)
{
    struct run *r = &p->run;
    char path[PATH_MAX], name[100];
    json_t *o = json_object(), *nodes = json_array(), *replay = json_object(), *host = json_object();

    snprintf(name, sizeof name, "%.50s-replay", r->scn->name);
    json_object_set_new(o, "format", json_integer(1));
    json_object_set_new(o, "name", json_string(name));
    json_object_set_new(o, "outcome", json_string(r->outcome));
    json_object_set_new(o, "exit", json_integer(r->exit_status));
    json_object_set_new(o, "seed", hex(r->scn->seed));
    json_object_set_new(o, "virtual_ps", json_integer(r->virtual_ps));
    json_object_set_new(o, "hash", hex(r->node[p->index].ram_hash));
    json_array_append_new(nodes, node_json(p, *text ? "differs" : "ok"));
    json_object_set_new(o, "nodes", nodes);
    json_object_set_new(replay, "whole", json_boolean(p->whole));
    json_object_set_new(replay, "ram_xxh3",
                        p->log->final.ram_hashed ? hex(p->log->final.ram_hash) : json_null());
    if (replay_compare_differs(p->compare))
        json_object_set_new(replay, "difference_ps", json_integer(replay_compare_at(p->compare)));
    if (*text)
        json_object_set_new(replay, "difference", json_string(text));
    json_object_set_new(o, "replay", replay);
    json_object_set_new(host, "wall_s", json_real(r->wall_s));
    json_object_set_new(host, "slowdown",
                        json_real(r->virtual_ps ? r->wall_s / ((double)r->virtual_ps * 1e-12) : 0));
    json_object_set_new(host, "recorded_wall_s", json_real(p->recorded_s));
    json_object_set_new(host, "run", json_string(p->opt->run));
    json_object_set_new(host, "meetings", json_integer((json_int_t)replay_port_meetings(p->port)));
    json_object_set_new(o, "host", host);
    rundir_path(&r->dir, path, "", "result", ".json");
    int bad = json_dump_file(o, path, JSON_INDENT(2)) < 0;
    if (bad)
        fail(0, "%s: %s", path, strerror(errno));
    if (p->opt->json) {
        json_object_set_new(o, "event", json_string("end"));
        json_object_set_new(o, "directory", json_string(r->dir.path));
        json_dumpf(o, stdout, JSON_COMPACT);
        printf("\n");
    }
    json_decref(o);
    return bad ? -1 : 0;
}

static void print_summary(const struct player *p, const char *text, FILE *out)
{
    const struct run *r = &p->run;
    struct replay_counts c;
    char t[40], recorded[60] = "", memory[40] = "";

    replay_compare_counts(p->compare, &c);
    fputs(text, out);
    if (p->recorded_s > 0)
        snprintf(recorded, sizeof recorded, ", in the run %.1f s", p->recorded_s);
    if (r->node[p->index].ram_hashed)
        snprintf(memory, sizeof memory, ", memory %016" PRIx64, r->node[p->index].ram_hash);
    fprintf(out,
            "%s %s: %s virtual in %.1f s%s, %" PRIu64 " frames and %" PRIu64
            " console lines as recorded%s, %s\n",
            p->opt->node, r->outcome, scn_format_time(r->virtual_ps, t, sizeof t), r->wall_s, recorded,
            c.frames, c.lines, memory, r->dir.path);
}

/* Those that every run directory has, and a replay has no use for. */
static void remove_empty(const struct rundir *dir)
{
    static const char *const unused[] = {"trace", "capture", "replay"};
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof unused / sizeof unused[0]; i++)
        rmdir(rundir_path(dir, path, "", unused[i], ""));
}

static int finish(struct player *p)
{
    struct run *r = &p->run;
    int bad;

    judge(p);
    replay_port_quit(p->port);
    run_stop_guests(r);
    bad = tracing_close(r->tracing, r->why, sizeof r->why);
    r->tracing = NULL;
    if (bad)
        fail(0, "%s", r->why);
    char *text = difference(p);
    if (write_result(p, text) < 0)
        bad = -1;
    remove_empty(&r->dir);
    print_summary(p, text, p->opt->json ? stderr : stdout);
    free(text);
    return bad ? EXIT_ENVIRONMENT : r->exit_status;
}

int replay_node(const struct replay_options *o)
{
    struct player p = {.opt = o};
    int status = prepare(&p);

    if (status == 0 && (status = start(&p)) == 0 && (status = watch(&p)) == 0)
        status = finish(&p);
    if (p.port)
        replay_port_quit(p.port);
    if (status == EXIT_OK || status == EXIT_DIVERGED)
        run_free(&p.run);
    else
        run_discard(&p.run);
    replay_port_free(p.port);
    replay_compare_free(p.compare);
    replay_free(p.log);
    free(p.names);
    return status;
}
