/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verb_trace.c - `cob trace RUN`: the events of a run as text, in order of virtual time.
 *
 * Exit status: 0; 2 wrong usage, or something that is not a run with a whole trace (what can be read is
 * printed).
 */
#include "sim/rundir.h"
#include "sim/scenario.h"
#include "sim/verbs.h"
#include "tracing/tracing.h"
#include <getopt.h>
#include <stdio.h>

static int usage(FILE *to, int status)
{
    fputs(
        "usage: cob trace RUN [--node NAME] [--link NAME] [--from TIME] [--to TIME]\n"
        "Prints the events of a run (a directory, a name below runs/, or latest), one a line, in order of "
        "virtual time.\n"
        "  --node NAME   only this node's events       --from TIME  from this virtual time on, e.g. 1.5ms\n"
        "  --link NAME   only this link's events       --to TIME    up to this virtual time, itself not "
        "included\n"
        "With both --node and --link: the events of either.\n"
        "Exit status: 0, or 2 for wrong usage or a run whose trace is not whole.\n",
        to);
    return status;
}

/* False with a message when the text is no time. */
static bool take_time(const char *option, const char *text, vtime_t *at)
{
    char why[256];
    if (scn_parse_time(text, at, why, sizeof why) == 0)
        return true;
    fprintf(stderr, "cob trace: %s: %s\n", option, why);
    return false;
}

int verb_trace(int argc, char **argv)
{
    static const struct option options[] = {
        {"node", required_argument, NULL, 'n'}, {"link", required_argument, NULL, 'l'},
        {"from", required_argument, NULL, 'f'}, {"to", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},       {0},
    };
    struct tracing_filter filter = {.from = 0, .to = INT64_MAX};
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'n':
            filter.node = optarg;
            break;
        case 'l':
            filter.link = optarg;
            break;
        case 'f':
            if (!take_time("--from", optarg, &filter.from))
                return 2;
            break;
        case 't':
            if (!take_time("--to", optarg, &filter.to))
                return 2;
            break;
        case 'h':
            return usage(stdout, 0);
        default:
            return usage(stderr, 2);
        }
    }
    if (argc - optind != 1)
        return usage(stderr, 2);
    char run[PATH_MAX], why[PATH_MAX + 100];
    if (rundir_find(rundir_base(), argv[optind], run, why, sizeof why) < 0) {
        fprintf(stderr, "cob trace: %s\n", why);
        return 2;
    }
    return tracing_print(run, &filter, stdout, stderr) == 0 ? 0 : 2;
}
