/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - the `cob` program: a table of verbs.
 *
 * Where to start reading: verb_run.c -> run.c -> engine.c -> devices/port/port.h -> devices/qemu/gate.c.
 */
#include "sim/run.h"
#include "sim/verbs.h"
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the verb; returns the exit status */
    const char *help;
} verbs[] = {
    {"run", verb_run, "run a scenario"},
    {"debug", verb_debug, "run a scenario under one gdb"},
    {"replay", verb_replay, "run one node of a run again, alone"},
    {"validate", verb_validate, "check scenario files"},
    {"explore", verb_explore, "look for faults under which a scenario fails"},
    {"diff", verb_diff, "find the first difference between two runs"},
    {"inspect", verb_inspect, "show what a run did"},
    {"list", verb_list, "list the runs"},
    {"trace", verb_trace, "print a run's events"},
    {"report", verb_report, "make report.html anew"},
    {"symbols", verb_symbols, "take the symbols out of a stock kernel"},
};

static int usage(FILE *out, int status)
{
    fputs("usage: cob VERB [options] ...\n\n", out);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        fprintf(out, "  %-9s %s\n", verbs[i].name, verbs[i].help);
    fputs(
        "\n`cob VERB --help` says more. `cob test` runs the tests, `cob images` fetches the guest images.\n",
        out);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return usage(stderr, EXIT_USAGE);
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
        return usage(stdout, EXIT_OK);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (!strcmp(argv[1], verbs[i].name))
            return verbs[i].run(argc - 1, argv + 1);
    fprintf(stderr, "cob: there is no verb '%s'\n", argv[1]);
    return usage(stderr, EXIT_USAGE);
}
