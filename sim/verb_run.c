/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verb_run.c - `cob run SCENARIO`: options, then the life of a run (run.h). */
#include "sim/load.h"
#include "sim/run.h"
#include "sim/verbs.h"
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: cob run [options] SCENARIO\n"
    "\n"
    "Runs a scenario file and leaves a run directory (runs/<name>-NNN, runs/latest; $COB_RUNS instead of "
    "runs).\n"
    "\n"
    "  --backend NAME   libvirt (default) or direct; $COB_BACKEND\n"
    "  --seed N         instead of the scenario's\n"
    "  --faults FILE    adds the kinds and faults of a file to the scenario's (docs/faults.md); none: takes\n"
    "                   out those there are so far. May be given several times\n"
    "  --stop TIME      instead of the scenario's virtual stop time, e.g. 5ms\n"
    "  --timeout TIME   instead of the scenario's wall-clock limit; whole seconds\n"
    "  --cores N        use at most N host cores\n"
    "  --spin N         how often a waiting node looks before it sleeps (20000)\n"
    "  --trace-level L  messages, device or all, instead of the scenario's\n"
    "  --trace-filter F only these nodes, links, events: node=A,node=B,link=L,event=dma\n"
    "  --no-trace       no event trace      --no-capture  no packet captures\n"
    "  --no-replay      no replay logs      --no-report   no report.html\n"
    "  --json           progress and result as JSON lines on stdout\n"
    "  -q, --quiet      no progress line\n"
    "\n"
    "Exit status: 0 all expectations met, 1 not, 2 usage or scenario error, 3 environment, 124 wall-clock "
    "limit,\n"
    "130 interrupted.\n";

enum {
    OPT_BACKEND = 256,
    OPT_SEED,
    OPT_FAULTS,
    OPT_STOP,
    OPT_TIMEOUT,
    OPT_CORES,
    OPT_NO_TRACE,
    OPT_TRACE_LEVEL,
    OPT_TRACE_FILTER,
    OPT_NO_CAPTURE,
    OPT_NO_REPLAY,
    OPT_NO_REPORT,
    OPT_JSON,
    OPT_SPIN,
    OPT_DEBUG
};

static const struct option options[] = {
    {"backend", required_argument, NULL, OPT_BACKEND},
    {"seed", required_argument, NULL, OPT_SEED},
    {"faults", required_argument, NULL, OPT_FAULTS},
    {"stop", required_argument, NULL, OPT_STOP},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"cores", required_argument, NULL, OPT_CORES},
    {"no-trace", no_argument, NULL, OPT_NO_TRACE},
    {"trace-level", required_argument, NULL, OPT_TRACE_LEVEL},
    {"trace-filter", required_argument, NULL, OPT_TRACE_FILTER},
    {"no-capture", no_argument, NULL, OPT_NO_CAPTURE},
    {"no-replay", no_argument, NULL, OPT_NO_REPLAY},
    {"no-report", no_argument, NULL, OPT_NO_REPORT},
    {"json", no_argument, NULL, OPT_JSON},
    {"quiet", no_argument, NULL, 'q'},
    {"spin", required_argument, NULL, OPT_SPIN},
    {"debug", required_argument, NULL, OPT_DEBUG}, /* for debug_session.c only */
    {"help", no_argument, NULL, 'h'},
    {0},
};

static int bad(const char *option, const char *value, const char *reason)
{
    fprintf(stderr, "cob run: %s %s: %s\n", option, value, reason);
    return -1;
}

static int number(const char *option, const char *text, uint64_t max, uint64_t *out)
{
    char *end;
    errno = 0;
    *out = strtoull(text, &end, 0);
    return errno || end == text || *end || *text == '-' || *out > max
               ? bad(option, text, "not a number in range")
               : 0;
}

static int seconds(const char *option, const char *text, int64_t *out)
{
    char why[160];
    vtime_t t;
    if (scn_parse_time(text, &t, why, sizeof why) < 0)
        return bad(option, text, why);
    *out = t / VTIME_S;
    return *out > 0 ? 0 : bad(option, text, "must be at least 1s");
}

/* 0 go on, 1 help was asked for, -1 wrong. */
static int parse(int argc, char **argv, struct run_options *o)
{
    const char *env = getenv("COB_BACKEND");
    const char *backend = env && *env ? env : "libvirt";
    char why[160];
    uint64_t n;
    int c;

    *o = (struct run_options){.trace = true, .report = true, .capture = true, .record = true, .spin = 20000};
    while ((c = getopt_long(argc, argv, "hq", options, NULL)) != -1)
        switch (c) {
        case 'h':
            return 1;
        case 'q':
            o->quiet = true;
            break;
        case OPT_BACKEND:
            backend = optarg;
            break;
        case OPT_SEED:
            if (number("--seed", optarg, INT64_MAX, &o->seed) < 0)
                return -1;
            o->have_seed = true;
            break;
        case OPT_FAULTS:
            if (o->n_faults == RUN_MAX_FAULTS)
                return bad("--faults", optarg, "is one too many");
            o->faults[o->n_faults++] = optarg;
            break;
        case OPT_STOP:
            if (scn_parse_time(optarg, &o->stop_ps, why, sizeof why) < 0)
                return bad("--stop", optarg, why);
            if (o->stop_ps <= 0 || o->stop_ps > 720 * 3600 * VTIME_S)
                return bad("--stop", optarg, "must be greater than 0 and at most 720h");
            break;
        case OPT_TIMEOUT:
            if (seconds("--timeout", optarg, &o->timeout_s) < 0)
                return -1;
            break;
        case OPT_CORES:
            if (number("--cores", optarg, PORT_MAX_CORES, &n) < 0)
                return -1;
            o->cores = (unsigned)n;
            break;
        case OPT_SPIN:
            if (number("--spin", optarg, UINT32_MAX, &n) < 0)
                return -1;
            o->spin = (uint32_t)n;
            break;
        case OPT_DEBUG:
            o->debug = optarg;
            break;
        case OPT_NO_TRACE:
            o->trace = false;
            break;
        case OPT_TRACE_LEVEL:
            o->trace_level = optarg;
            break;
        case OPT_TRACE_FILTER:
            o->trace_filter = optarg;
            break;
        case OPT_NO_CAPTURE:
            o->capture = false;
            break;
        case OPT_NO_REPLAY:
            o->record = false;
            break;
        case OPT_NO_REPORT:
            o->report = false;
            break;
        case OPT_JSON:
            o->json = true;
            break;
        default:
            return -1;
        }
    if (optind + 1 != argc) {
        fprintf(stderr, "cob run: exactly one scenario file is needed; see cob run --help\n");
        return -1;
    }
    o->scenario_path = argv[optind];
    o->backend = guest_backend_find(backend);
    return o->backend ? 0 : bad("--backend", backend, "there is libvirt and direct");
}

int verb_run(int argc, char **argv)
{
    struct run r = {0};

    switch (parse(argc, argv, &r.opt)) {
    case 1:
        fputs(help, stdout);
        return EXIT_OK;
    case -1:
        return EXIT_USAGE;
    }
    r.scn = scenario_load(r.opt.scenario_path, stderr);
    if (!r.scn)
        return EXIT_USAGE;
    if (scenario_add_fault_files(r.scn, r.opt.faults, r.opt.n_faults, stderr) < 0) {
        scenario_free(r.scn);
        return EXIT_USAGE;
    }
    if (r.opt.have_seed)
        r.scn->seed = r.opt.seed;
    if (r.opt.stop_ps)
        r.scn->stop_ps = r.opt.stop_ps;
    if (r.opt.timeout_s)
        r.scn->timeout_s = r.opt.timeout_s;
    char why[600];
    if (scn_trace_override(r.scn, r.opt.trace_level, r.opt.trace_filter, why, sizeof why) < 0) {
        fprintf(stderr, "cob run: the trace: %s\n", why);
        run_free(&r);
        return EXIT_USAGE;
    }
    if (r.scn->load.given) {
        load_run(&r);
        run_free(&r);
        return r.exit_status;
    }
    if (run_prepare(&r) == 0 && run_start(&r) == 0) {
        run_watch(&r);
        if (debug_run_abandoned(&r.debug)) {
            run_discard(&r);
            return EXIT_INTERRUPTED;
        }
        if (run_finish(&r) < 0) {
            r.exit_status = EXIT_ENVIRONMENT;
            fprintf(stderr, "cob: %s\n", r.why);
        }
        run_print_summary(&r, r.opt.json ? stderr : stdout);
    } else {
        run_event_error(&r);
        fprintf(stderr, "cob: %s\n", r.why);
    }
    run_free(&r);
    return r.exit_status;
}
