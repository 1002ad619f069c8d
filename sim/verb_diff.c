/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verb_diff.c - `cob diff A B`: are two runs the same, bit for bit, and if not, where do they part?
 *
 * Exit status: 0 equal, 4 different, 2 wrong usage or something that is not a complete run directory.
 */
#include "sim/rundir.h"
#include "sim/verbs.h"
#include "tracing/tracing.h"
#include <getopt.h>
#include <stdio.h>

static int usage(FILE *to, int status)
{
    fputs(
        "usage: cob diff A B\n"
        "Compares two runs: trace, consoles, captures, how each node ended and its memory. A run is a "
        "directory, a\n"
        "name below runs/ (pair-003), or latest.\n"
        "Names the first difference in virtual time. Exit status: 0 equal, 4 different, 2 not two runs.\n",
        to);
    return status;
}

int verb_diff(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1)
        return option == 'h' ? usage(stdout, 0) : usage(stderr, 2);
    if (argc - optind != 2)
        return usage(stderr, 2);
    char a[PATH_MAX], b[PATH_MAX], why[PATH_MAX + 100];
    if (rundir_find(rundir_base(), argv[optind], a, why, sizeof why) < 0 ||
        rundir_find(rundir_base(), argv[optind + 1], b, why, sizeof why) < 0) {
        fprintf(stderr, "cob diff: %s\n", why);
        return 2;
    }
    switch (tracing_diff(a, b, stdout, stderr)) {
    case 0:
        return 0;
    case 1:
        return 4;
    default:
        return 2;
    }
}
