/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verb_report.c - `cob report RUN`: makes report.html (and result.xml) anew from a run directory. */
#include "sim/junit.h"
#include "sim/report.h"
#include "sim/rundir.h"
#include "sim/scenario.h"
#include "sim/verbs.h"
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

static const char help[] =
    "usage: cob report [options] [RUN]\n"
    "\n"
    "Makes report.html (and result.xml) anew from what lies in a run directory, also of a run that was "
    "killed.\n"
    "RUN is a directory, a name below runs or $COB_RUNS (pair-003), or latest (default).\n"
    "\n"
    "  --from TIME    the timeline begins here, e.g. 1.5ms\n"
    "  --to TIME      and ends here, itself not included\n"
    "  --limit N      at most so many messages in the timeline (200000)\n"
    "  --bytes N      keep so many bytes of each message (default: what keeps the page small)\n"
    "  -o FILE        write the page here instead of RUN/report.html\n"
    "\n"
    "Prints the path of the page. Exit status: 0, 2 usage, 3 it cannot be written.\n";

/* 0, or -1 with a message. */
static int take_time(const char *option, const char *text, vtime_t *at)
{
    char why[256];
    if (scn_parse_time(text, at, why, sizeof why) == 0)
        return 0;
    fprintf(stderr, "cob report: %s: %s\n", option, why);
    return -1;
}

static int take_number(const char *option, const char *text, size_t *n)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || v < 1 || v > 100000000) {
        fprintf(stderr, "cob report: %s: %s is no number from 1 to 100000000\n", option, text);
        return -1;
    }
    *n = (size_t)v;
    return 0;
}

/* 0 go on, 1 help was asked for, -1 wrong. */
static int parse(int argc, char **argv, struct report_options *o)
{
    static const struct option options[] = {
        {"from", required_argument, NULL, 'f'},  {"to", required_argument, NULL, 't'},
        {"limit", required_argument, NULL, 'l'}, {"bytes", required_argument, NULL, 'b'},
        {"help", no_argument, NULL, 'h'},        {0}};
    int c, bad = 0;

    *o = REPORT_ALL;
    while (!bad && (c = getopt_long(argc, argv, "ho:", options, NULL)) != -1)
        switch (c) {
        case 'f':
            bad = take_time("--from", optarg, &o->from);
            break;
        case 't':
            bad = take_time("--to", optarg, &o->to);
            break;
        case 'l':
            bad = take_number("--limit", optarg, &o->limit);
            break;
        case 'b':
            bad = take_number("--bytes", optarg, &o->cut);
            break;
        case 'o':
            o->path = optarg;
            break;
        case 'h':
            return 1;
        default:
            bad = -1;
        }
    if (!bad && argc - optind > 1) {
        fprintf(stderr, "cob report: one run at a time; see cob report --help\n");
        bad = -1;
    }
    return bad;
}

int verb_report(int argc, char **argv)
{
    char run[PATH_MAX], real[PATH_MAX], why[PATH_MAX + 100];
    struct report_options opt;

    switch (parse(argc, argv, &opt)) {
    case 1:
        fputs(help, stdout);
        return 0;
    case -1:
        return 2;
    }
    if (rundir_find(rundir_base(), optind < argc ? argv[optind] : "latest", run, why, sizeof why) < 0) {
        fprintf(stderr, "cob report: %s\n", why);
        return 2;
    }
    if (!realpath(run, real)) {
        perror(run);
        return 3;
    }
    if (report_write(real, &opt, why, sizeof why) < 0 ||
        (!opt.path && junit_write(real, why, sizeof why) < 0)) {
        fprintf(stderr, "cob report: %s\n", why);
        return 3;
    }
    if (opt.path)
        puts(opt.path);
    else
        printf("%s/report.html\n", real);
    return 0;
}
