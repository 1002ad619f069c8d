/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verb_validate.c - cob validate: checks scenario files without running them.
 */
#include "sim/scenario.h"
#include "sim/verbs.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: cob validate [--resolved] FILE..\n"
    "       cob validate --schema | --reference\n"
    "\n"
    "Checks scenario files and prints one line for each that is good. Errors go to stderr.\n"
    "\n"
    "  --resolved    print each scenario with every default filled in instead\n"
    "  --schema      print the JSON Schema of scenario files, for editors\n"
    "  --reference   print the reference page of scenario files (Markdown)\n"
    "  --help        print this\n"
    "\n"
    "Exit status: 0 all files are good, 2 one is not (or wrong usage), 3 the output could not be written.\n";

static int written(int rc)
{
    if (rc == 0 && fflush(stdout) == 0)
        return 0;
    fprintf(stderr, "cob validate: cannot write the output: %s\n", strerror(errno));
    return 3;
}

static int wrong_usage(const char *problem)
{
    fprintf(stderr, "cob validate: %s\n%s", problem, usage);
    return 2;
}

static int validate(const char *path, bool resolved)
{
    struct scenario *s = scenario_load(path, stderr);
    int rc = 0;

    if (!s)
        return 2;
    if (resolved)
        rc = scenario_dump(s, stdout);
    else if (printf("%s: ok: %u nodes, %u switches, %u links\n", path, s->n_nodes, s->n_switches,
                    s->n_links) < 0)
        rc = -1;
    scenario_free(s);
    return written(rc);
}

int verb_validate(int argc, char **argv)
{
    static const struct option options[] = {
        {"resolved", no_argument, NULL, 'r'},
        {"schema", no_argument, NULL, 's'},
        {"reference", no_argument, NULL, 'm'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    bool resolved = false, schema = false, reference = false;
    int option, worst = 0;

    optind = 0; /* main may have used getopt before */
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1)
        switch (option) {
        case 'r':
            resolved = true;
            break;
        case 's':
            schema = true;
            break;
        case 'm':
            reference = true;
            break;
        case 'h':
            return written(fputs(usage, stdout) < 0);
        default:
            fputs(usage, stderr);
            return 2;
        }
    if (resolved + schema + reference > 1)
        return wrong_usage("--resolved, --schema and --reference exclude each other");
    if (schema || reference) {
        if (optind < argc)
            return wrong_usage("--schema and --reference take no file");
        return written(schema ? scenario_schema(stdout) : scenario_reference(stdout));
    }
    if (optind == argc)
        return wrong_usage("which file?");
    for (; optind < argc; optind++) {
        int status = validate(argv[optind], resolved);

        worst = status > worst ? status : worst;
    }
    return worst;
}
