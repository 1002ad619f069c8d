/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verb_diff.c - `cob diff A B`: are two runs the same, bit for bit, and if not, where do they part?
 *
 * Exit status: 0 equal, 4 different, 2 wrong usage or something that is not a complete run directory.
 */
#include "sim/verbs.h"
#include "tracing/tracing.h"
#include <getopt.h>
#include <stdio.h>

static int usage(FILE *to, int status)
{
    fputs(
        "usage: cob diff A B\n"
        "Compares two run directories: trace, consoles, captures, how each node ended and its memory.\n"
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
    switch (tracing_diff(argv[optind], argv[optind + 1], stdout, stderr)) {
    case 0:
        return 0;
    case 1:
        return 4;
    default:
        return 2;
    }
}
