/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verb_debug.c - `cob debug SCENARIO`: options, then a session (debug_session.h). */
#include "sim/debug_predicate.h"
#include "sim/debug_session.h"
#include "sim/images.h"
#include "sim/replay.h"
#include "sim/run.h"
#include "sim/symbols.h"
#include "sim/verbs.h"
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "usage: cob debug [options] SCENARIO|RUN [-- GDB-ARGUMENT...]\n"
    "       cob debug [options] RUN --node NAME [-- GDB-ARGUMENT...]\n"
    "\n"
    "Runs a scenario, or that of a run again, under one gdb: every node is an inferior, every virtual CPU a "
    "thread, and all of them "
    "stop together.\n"
    "The run starts stopped. It goes on without gdb when gdb detaches or ends.\n"
    "\n"
    "  --node NAME      only this node of a run, alone, fed from its replay log (cob replay)\n"
    "  --at TIME        run to this virtual time first; all nodes stop exactly there\n"
    "  --at-message P   run to a message first: \"[sent|received] [from NODE] [to NODE] [nth N]\"\n"
    "  --at-fault P     run to a fault first: \"[NAME] [begins|hits|ends] [nth N]\"\n"
    "  --no-gdb         start no gdb, only say where one can connect\n"
    "  --running        with --no-gdb: do not start stopped; a gdb that connects stops the rack\n"
    "  --socket PATH    Unix socket for gdb (default: in a new directory below $TMPDIR)\n"
    "  --port N         instead, a port of the loopback interface; 0: any\n"
    "  --commands FILE  where to write gdb's command file (default: beside the socket)\n"
    "  --gdb PROGRAM    instead of gdb-multiarch\n"
    "  --faults FILE    as for cob run; may be given several times\n"
    "  --backend, --seed, --stop, --cores, --no-trace, --no-capture: as for cob run\n"
    "\n"
    "In gdb: `monitor help`, cob-until TIME, cob-goto TIME, reverse-stepi, reverse-continue. Exit status: "
    "that of the run.\n";

enum {
    OPT_AT = 256,
    OPT_NODE,
    OPT_AT_MESSAGE,
    OPT_AT_FAULT,
    OPT_NO_GDB,
    OPT_RUNNING,
    OPT_SOCKET,
    OPT_PORT,
    OPT_COMMANDS,
    OPT_GDB,
    OPT_FAULTS,
    OPT_PASS,      /* to cob run */
    OPT_PASS_VALUE /* with its value */
};

static const struct option options[] = {
    {"at", required_argument, NULL, OPT_AT},
    {"node", required_argument, NULL, OPT_NODE},
    {"at-message", required_argument, NULL, OPT_AT_MESSAGE},
    {"at-fault", required_argument, NULL, OPT_AT_FAULT},
    {"no-gdb", no_argument, NULL, OPT_NO_GDB},
    {"running", no_argument, NULL, OPT_RUNNING},
    {"socket", required_argument, NULL, OPT_SOCKET},
    {"port", required_argument, NULL, OPT_PORT},
    {"commands", required_argument, NULL, OPT_COMMANDS},
    {"gdb", required_argument, NULL, OPT_GDB},
    {"faults", required_argument, NULL, OPT_FAULTS},
    {"backend", required_argument, NULL, OPT_PASS_VALUE},
    {"seed", required_argument, NULL, OPT_PASS_VALUE},
    {"stop", required_argument, NULL, OPT_PASS_VALUE},
    {"cores", required_argument, NULL, OPT_PASS_VALUE},
    {"no-trace", no_argument, NULL, OPT_PASS},
    {"no-capture", no_argument, NULL, OPT_PASS},
    {"help", no_argument, NULL, 'h'},
    {0},
};

enum { PASSED_MAX = 32, PASSED_FIRST = 2 };

struct choice {
    struct session_config c;
    const char *node, *gdb, *at_message, *at_fault;
    struct debug_filter at_event;
    bool use_gdb, use_port;
    char *passed[PASSED_FIRST + PASSED_MAX +
                 4]; /* cob run --quiet .. SCENARIO, cob replay RUN --node NAME .. */
    unsigned n_passed;
    const char *faults[RUN_MAX_FAULTS]; /* passed, too */
    unsigned n_faults;
    bool passed_other;   /* than --backend */
    char path[PATH_MAX]; /* of the scenario file, or of the run */
    char *gdb_argv[64];
    char dir[200], socket[240], commands[240];
    char *kernel_symbols[PORT_MAX_NODES]; /* files that were made */
};

static int bad(const char *option, const char *value, const char *reason)
{
    fprintf(stderr, "cob debug: %s %s: %s\n", option, value, reason);
    return -1;
}

static int pass(struct choice *o, const struct option *opt, char *value)
{
    char *text = NULL;

    if (o->n_passed >= PASSED_MAX || asprintf(&text, value ? "--%s=%s" : "--%s", opt->name, value) < 0)
        return bad("--", opt->name, "too many options");
    o->passed[PASSED_FIRST + o->n_passed++] = text;
    o->passed_other = o->passed_other || strcmp(opt->name, "backend") != 0;
    return 0;
}

/* 0 go on, 1 help was asked for, -1 wrong. */
static int parse(int argc, char **argv, struct choice *o)
{
    char why[160], *end;
    int c, index;

    o->use_gdb = o->c.start_stopped = true;
    o->gdb = "gdb-multiarch";
    while ((c = getopt_long(argc, argv, "h", options, &index)) != -1)
        switch (c) {
        case 'h':
            return 1;
        case OPT_AT:
            if (scn_parse_time(optarg, &o->c.at_ps, why, sizeof why) < 0)
                return bad("--at", optarg, why);
            o->c.at_ps = (o->c.at_ps + VTIME_NS - 1) / VTIME_NS * VTIME_NS;
            break;
        case OPT_NODE:
            o->node = optarg;
            break;
        case OPT_AT_MESSAGE:
            o->at_message = optarg;
            break;
        case OPT_AT_FAULT:
            o->at_fault = optarg;
            break;
        case OPT_NO_GDB:
            o->use_gdb = false;
            break;
        case OPT_RUNNING:
            o->c.start_stopped = false;
            break;
        case OPT_SOCKET:
            o->c.socket = optarg;
            break;
        case OPT_PORT:
            errno = 0;
            o->c.port = (unsigned)strtoul(optarg, &end, 10);
            if (errno || *end || end == optarg || o->c.port > 65535)
                return bad("--port", optarg, "not a port number");
            o->use_port = true;
            break;
        case OPT_COMMANDS:
            o->c.commands = optarg;
            break;
        case OPT_GDB:
            o->gdb = optarg;
            break;
        case OPT_FAULTS:
            if (o->n_faults == RUN_MAX_FAULTS - 1) /* one is for what gdb adds */
                return bad("--faults", optarg, "is one too many");
            o->faults[o->n_faults++] = optarg;
            /* fall through */
        case OPT_PASS:
        case OPT_PASS_VALUE:
            if (pass(o, &options[index], c == OPT_PASS ? NULL : optarg) < 0)
                return -1;
            break;
        default:
            return -1;
        }
    if (optind >= argc || (optind + 1 < argc && !o->use_gdb)) {
        fprintf(stderr, "cob debug: exactly one scenario file or run is needed; see cob debug --help\n");
        return -1;
    }
    int firsts = (o->c.at_ps != 0) + (o->at_message != NULL) + (o->at_fault != NULL);
    if (firsts > 1 || (!o->c.start_stopped && (o->use_gdb || firsts))) {
        fprintf(stderr, "cob debug: %s\n",
                firsts > 1 ? "only one of --at, --at-message and --at-fault"
                           : "--running needs --no-gdb, and no --at");
        return -1;
    }
    if (o->node && (o->passed_other || o->at_message || o->at_fault)) {
        fprintf(stderr, "cob debug: --node goes with --at and --backend, not with what concerns the rack\n");
        return -1;
    }
    return 0;
}

/* The scenario, of the file or the run that the command line names, and the arguments of what is started.
 * NULL: reported. */
static struct scenario *load(struct choice *o, const char *name)
{
    struct stat st;
    char why[PATH_MAX + 100];
    bool file = stat(name, &st) == 0 && !S_ISDIR(st.st_mode);
    struct scenario *scn;
    unsigned end = PASSED_FIRST + o->n_passed;

    if (o->node || !file) {
        if (rundir_find(rundir_base(), name, o->path, why, sizeof why) < 0) {
            fprintf(stderr, "cob debug: %s\n", why);
            return NULL;
        }
    } else if (snprintf(o->path, sizeof o->path, "%s", name) >= (int)sizeof o->path) {
        fprintf(stderr, "cob debug: %s: %s\n", name, strerror(ENAMETOOLONG));
        return NULL;
    }
    o->c.only_node = -1;
    o->c.run_args = o->passed;
    o->passed[0] = o->node ? "replay" : "run";
    o->passed[1] = o->node ? o->path : "--quiet";
    if (!o->node) {
        size_t len = strlen(o->path);
        if (!file && snprintf(o->path + len, sizeof o->path - len, "/scenario.scn.yml") >=
                         (int)(sizeof o->path - len)) {
            fprintf(stderr, "cob debug: %s: %s\n", name, strerror(ENAMETOOLONG));
            return NULL;
        }
        o->passed[end] = o->path;
        return scenario_load(o->path, stderr);
    }
    scn = replay_scenario(o->path);
    for (unsigned i = 0; scn && i < scn->n_nodes; i++)
        if (!strcmp(scn->nodes[i].name, o->node))
            o->c.only_node = (int)i;
    if (scn && o->c.only_node < 0) {
        fprintf(stderr, "cob debug: %s has no node '%s'\n", name, o->node);
        scenario_free(scn);
        return NULL;
    }
    o->passed[end] = "--node";
    o->passed[end + 1] = (char *)o->node;
    return scn;
}

/* --at-message, --at-fault. */
static int parse_event(struct choice *o)
{
    const char *text = o->at_message ? o->at_message : o->at_fault;
    char why[200];

    if (!text)
        return 0;
    if (debug_predicate_text(o->c.scn, o->at_message ? "message" : "fault", text, &o->at_event, why,
                             sizeof why) < 0)
        return bad(o->at_message ? "--at-message" : "--at-fault", text, why);
    o->c.at_event = &o->at_event;
    return 0;
}

static void gdb_command_line(struct choice *o, char **arguments)
{
    unsigned n = 0;

    o->gdb_argv[n++] = (char *)o->gdb;
    o->gdb_argv[n++] = "-q";
    o->gdb_argv[n++] = "-x";
    o->gdb_argv[n++] = (char *)o->c.commands;
    while (*arguments && n < sizeof o->gdb_argv / sizeof o->gdb_argv[0] - 1)
        o->gdb_argv[n++] = *arguments++;
    o->c.gdb = o->gdb_argv;
}

/* A directory for the socket and the command file, if they are not named. */
static int make_places(struct choice *o)
{
    const char *tmp = getenv("TMPDIR");

    if ((o->c.socket || o->use_port) && o->c.commands)
        return 0;
    snprintf(o->dir, sizeof o->dir, "%s/cob-debug.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(o->dir)) {
        fprintf(stderr, "cob: %s: %s\n", o->dir, strerror(errno));
        o->dir[0] = 0;
        return -1;
    }
    snprintf(o->socket, sizeof o->socket, "%s/gdb", o->dir);
    snprintf(o->commands, sizeof o->commands, "%s/commands", o->dir);
    if (!o->c.socket && !o->use_port)
        o->c.socket = o->socket;
    if (!o->c.commands)
        o->c.commands = o->commands;
    return 0;
}

/* The symbols of the stock kernels that the scenario uses, beside the command file; without them it works
 * too. */
static void make_symbols(struct choice *o, const struct scenario *scn)
{
    static char kernel[PORT_MAX_NODES][PATH_MAX];
    char why[PATH_MAX + 300];

    for (unsigned i = 0, k; i < scn->n_nodes; i++) {
        if (o->c.only_node >= 0 && i != (unsigned)o->c.only_node)
            continue;
        if (scn->nodes[i].kernel || scn->nodes[i].symbols || image_kernel(&scn->nodes[i], kernel[i]) < 0)
            continue;
        for (k = 0; strcmp(kernel[k], kernel[i]) != 0; k++)
            ;
        if (k == i && asprintf(&o->kernel_symbols[i], "%s-%s.elf", o->c.commands, scn->nodes[i].name) < 0)
            o->kernel_symbols[i] = NULL;
        else if (k == i && symbols_make(kernel[i], o->kernel_symbols[i], why, sizeof why) < 0)
            fprintf(stderr, "cob: no symbols for gdb: %s\n", why);
        else
            o->c.kernel_symbols[i] = k == i ? o->kernel_symbols[i] : o->c.kernel_symbols[k];
    }
}

int verb_debug(int argc, char **argv)
{
    static struct choice o;
    int status = EXIT_ENVIRONMENT;

    switch (parse(argc, argv, &o)) {
    case 1:
        fputs(help, stdout);
        return EXIT_OK;
    case -1:
        return EXIT_USAGE;
    }
    struct scenario *scn = load(&o, argv[optind]);
    if (!scn)
        return EXIT_USAGE;
    if (scn->load.given) {
        fprintf(stderr, "cob debug: %s has no guests\n", argv[optind]);
        scenario_free(scn);
        return EXIT_USAGE;
    }
    o.c.scn = scn;
    if (scenario_add_fault_files(scn, o.faults, o.n_faults, stderr) < 0 || parse_event(&o) < 0) {
        scenario_free(scn);
        return EXIT_USAGE;
    }
    if (make_places(&o) == 0) {
        make_symbols(&o, scn);
        if (o.use_gdb)
            gdb_command_line(&o, argv + optind + 1);
        status = session_run(&o.c);
    }
    for (unsigned a = 0; a < PORT_MAX_NODES; a++) {
        if (o.kernel_symbols[a] && o.c.commands == o.commands)
            unlink(o.kernel_symbols[a]);
        free(o.kernel_symbols[a]);
    }
    if (o.dir[0]) {
        unlink(o.commands);
        rmdir(o.dir);
    }
    for (unsigned i = 0; i < o.n_passed; i++)
        free(o.passed[PASSED_FIRST + i]);
    scenario_free(scn);
    return status;
}
