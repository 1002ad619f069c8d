/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verb_replay.c - `cob replay RUN`: options; the work is in replay_node.c and replay_fabric.c. */
#include "sim/replay.h"
#include "sim/run.h"
#include "sim/verbs.h"
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: cob replay RUN --node NAME [options]\n"
    "       cob replay RUN --fabric SCENARIO [--json]\n"
    "\n"
    "Runs one node of a run again, alone, fed from the run's replay log, and compares all it emits with the "
    "log;\n"
    "or feeds what all nodes emitted to another interconnect, without guests. RUN is a directory, a name "
    "below runs/\n"
    "(pair-003), or latest.\n"
    "\n"
    "  --node NAME      which node\n"
    "  --until TIME     stop there, exactly; prints the memory's hash\n"
    "  --kernel FILE    other software than in the run, and the first difference is shown\n"
    "  --initrd FILE      (--append: instead of the node's own `append`)\n"
    "  --append TEXT\n"
    "  --backend NAME   libvirt (default) or direct; $COB_BACKEND\n"
    "  --fabric FILE    a scenario with the same nodes and other links, switches or faults\n"
    "  --json           the result as JSON on stdout\n"
    "\n"
    "Exit status: 0 no difference, 2 wrong usage or a log that is damaged, cut off or of another version,\n"
    "3 environment, 4 it differs, 124 wall-clock limit, 130 interrupted.\n";

enum {
    OPT_NODE = 256,
    OPT_UNTIL,
    OPT_KERNEL,
    OPT_INITRD,
    OPT_APPEND,
    OPT_BACKEND,
    OPT_FABRIC,
    OPT_JSON,
    OPT_DEBUG
};

static const struct option options[] = {
    {"node", required_argument, NULL, OPT_NODE},
    {"until", required_argument, NULL, OPT_UNTIL},
    {"kernel", required_argument, NULL, OPT_KERNEL},
    {"initrd", required_argument, NULL, OPT_INITRD},
    {"append", required_argument, NULL, OPT_APPEND},
    {"backend", required_argument, NULL, OPT_BACKEND},
    {"fabric", required_argument, NULL, OPT_FABRIC},
    {"json", no_argument, NULL, OPT_JSON},
    {"debug", required_argument, NULL, OPT_DEBUG}, /* by cob debug */
    {"help", no_argument, NULL, 'h'},
    {0},
};

static int bad(const char *option, const char *value, const char *reason)
{
    fprintf(stderr, "cob replay: %s %s: %s\n", option, value, reason);
    return -1;
}

static int parse_until(struct replay_options *o, const char *text)
{
    char why[160];

    if (scn_parse_time(text, &o->until_ps, why, sizeof why) < 0)
        return bad("--until", text, why);
    if (o->until_ps <= 0 || o->until_ps % VTIME_NS != 0)
        return bad("--until", text, "must be greater than 0, in whole nanoseconds");
    return 0;
}

/* 0 go on, 1 help was asked for, -1 wrong. */
static int parse(int argc, char **argv, struct replay_options *o, const char **run)
{
    const char *env = getenv("COB_BACKEND"), *backend = env && *env ? env : "libvirt";
    int c;

    *o = (struct replay_options){.until_ps = VTIME_NEVER};
    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1)
        switch (c) {
        case 'h':
            return 1;
        case OPT_NODE:
            o->node = optarg;
            break;
        case OPT_UNTIL:
            if (parse_until(o, optarg) < 0)
                return -1;
            break;
        case OPT_KERNEL:
            o->kernel = optarg;
            break;
        case OPT_INITRD:
            o->initrd = optarg;
            break;
        case OPT_APPEND:
            o->append = optarg;
            break;
        case OPT_BACKEND:
            backend = optarg;
            break;
        case OPT_FABRIC:
            o->fabric = optarg;
            break;
        case OPT_JSON:
            o->json = true;
            break;
        case OPT_DEBUG:
            o->debug = optarg;
            break;
        default:
            return -1;
        }
    if (optind + 1 != argc || !o->node == !o->fabric) {
        fprintf(stderr,
                "cob replay: a run and either --node or --fabric are needed; see cob replay --help\n");
        return -1;
    }
    if (o->fabric && (o->until_ps != VTIME_NEVER || o->kernel || o->initrd || o->append)) {
        fprintf(stderr, "cob replay: with --fabric there are no guests: only --json goes with it\n");
        return -1;
    }
    *run = argv[optind];
    o->backend = guest_backend_find(backend);
    return o->backend ? 0 : bad("--backend", backend, "there is libvirt and direct");
}

int verb_replay(int argc, char **argv)
{
    struct replay_options o;
    char path[PATH_MAX], why[PATH_MAX + 100];
    const char *run;

    switch (parse(argc, argv, &o, &run)) {
    case 1:
        fputs(help, stdout);
        return EXIT_OK;
    case -1:
        return EXIT_USAGE;
    }
    if (rundir_find(rundir_base(), run, path, why, sizeof why) < 0) {
        fprintf(stderr, "cob replay: %s\n", why);
        return EXIT_USAGE;
    }
    o.run = path;
    return o.fabric ? replay_fabric(&o) : replay_node(&o);
}
