/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verb_list.c - `cob list`: one line per run directory, oldest first. */
#include "sim/run.h"
#include "sim/verbs.h"
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char help[] =
    "usage: cob list [--json] [DIRECTORY]\n"
    "\n"
    "Lists the runs below DIRECTORY ($COB_RUNS, else runs): name, outcome, virtual time, wall time, hash.\n"
    "With --json, the result of each as one line. Exit status: 0, or 2 for wrong usage or no such "
    "directory.\n";

static int is_run(const struct dirent *e)
{
    return e->d_name[0] != '.' && strcmp(e->d_name, "latest") != 0;
}

static int older(const struct dirent **a, const struct dirent **b)
{
    return strverscmp((*a)->d_name, (*b)->d_name);
}

static void print_run(const char *base, const char *name, bool json)
{
    char path[PATH_MAX], virt[40];
    struct stat st;

    if (snprintf(path, sizeof path, "%s/%s/scenario.scn.yml", base, name) >= (int)sizeof path ||
        stat(path, &st) < 0)
        return;
    snprintf(path, sizeof path, "%s/%s/result.json", base, name);
    json_t *o = json_load_file(path, 0, NULL);
    const char *outcome = json_string_value(json_object_get(o, "outcome"));
    if (json) {
        json_t *line = o ? json_incref(o) : json_object();
        json_object_set_new(line, "run", json_string(name));
        json_dumpf(line, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(line);
    } else if (!outcome) {
        printf("%-24s unfinished\n", name);
    } else {
        const char *hash = json_string_value(json_object_get(o, "hash"));
        printf("%-24s %-12s %16s virtual %8.1f s wall  %s\n", name, outcome,
               scn_format_time(json_integer_value(json_object_get(o, "virtual_ps")), virt, sizeof virt),
               json_number_value(json_object_get(json_object_get(o, "host"), "wall_s")), hash ? hash : "");
    }
    json_decref(o);
}

int verb_list(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
    const char *base = rundir_base();
    struct dirent **list;
    bool json = false;
    int c;

    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1)
        switch (c) {
        case 'h':
            fputs(help, stdout);
            return EXIT_OK;
        case 'j':
            json = true;
            break;
        default:
            return EXIT_USAGE;
        }
    if (argc - optind > 1) {
        fprintf(stderr, "cob list: one directory at most; see cob list --help\n");
        return EXIT_USAGE;
    }
    if (optind < argc)
        base = argv[optind];
    int n = scandir(base, &list, is_run, older);
    if (n < 0) {
        fprintf(stderr, "cob list: %s: %s\n", base, strerror(errno));
        return EXIT_USAGE;
    }
    for (int i = 0; i < n; i++) {
        print_run(base, list[i]->d_name, json);
        free(list[i]);
    }
    free(list);
    return EXIT_OK;
}
