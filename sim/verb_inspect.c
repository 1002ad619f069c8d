/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verb_inspect.c - `cob inspect RUN`: what happened, in one screen, from result.json. */
#include "sim/run.h"
#include "sim/verbs.h"
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: cob inspect [--json] [RUN]\n"
    "\n"
    "Shows the outcome of a run in one screen; with --json its result.json as one line.\n"
    "RUN is a directory, a name below runs or $COB_RUNS (pair-003), or latest (default).\n"
    "Exit status: 0, or 2 for wrong usage or a run that has no result.\n";

static const char *text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "-";
}

static int64_t whole(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static void print_nodes(const json_t *o)
{
    const json_t *list = json_object_get(o, "nodes");
    char t[40];

    printf("\n%-12s %-8s %-9s %4s %18s %9s %9s  %-16s %s\n", "node", "arch", "end", "exit", "at", "tx", "rx",
           "memory", "verdict");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *n = json_array_get(list, i);
        char status[24] = "-";
        if (json_is_integer(json_object_get(n, "exit")))
            snprintf(status, sizeof status, "%" PRId64, whole(n, "exit"));
        printf("%-12s %-8s %-9s %4s %18s %9" PRId64 " %9" PRId64 "  %-16s %s\n", text(n, "name"),
               text(n, "arch"), text(n, "end"), status, scn_format_time(whole(n, "end_ps"), t, sizeof t),
               whole(n, "tx_frames"), whole(n, "rx_frames"), text(n, "ram_xxh3"), text(n, "verdict"));
    }
}

static int64_t dropped(const json_t *end)
{
    json_t *reasons = json_object_get(end, "dropped");
    int64_t sum = 0;
    for (void *i = json_object_iter(reasons); i; i = json_object_iter_next(reasons, i))
        sum += json_integer_value(json_object_iter_value(i));
    return sum;
}

static void print_links(const json_t *o)
{
    const json_t *list = json_object_get(o, "links");

    if (json_array_size(list) == 0)
        return;
    printf("\n%-28s %3s %10s %14s %10s %10s %8s\n", "link", "end", "sent", "bytes", "arrived", "queue peak",
           "dropped");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *l = json_array_get(list, i), *ends = json_object_get(l, "ends");
        for (size_t k = 0; k < json_array_size(ends); k++) {
            const json_t *e = json_array_get(ends, k);
            printf("%-28s %3zu %10" PRId64 " %14" PRId64 " %10" PRId64 " %10" PRId64 " %8" PRId64 "\n",
                   text(l, "name"), k, whole(e, "sent_frames"), whole(e, "sent_bytes"),
                   whole(e, "arrived_frames"), whole(e, "queue_peak_bytes"), dropped(e));
        }
    }
}

static void print_files(const char *path)
{
    static const struct {
        const char *file, *what;
    } files[] = {
        {"report.html", "all of it, for a browser"},
        {"result.xml", "the outcome as JUnit XML"},
        {"scenario.scn.yml", "the scenario with every default filled in"},
        {"load.txt", "latency and throughput at each rate"},
        {"console", "what the guests wrote, each line with its virtual time"},
        {"trace", "events, CTF 1.8 (cob trace, babeltrace2)"},
        {"capture", "pcapng per link end (tshark, wireshark)"},
        {"replay", "all that entered and left each node (cob replay)"},
        {"qemu", "QEMU's command lines and messages"},
    };
    char p[PATH_MAX];

    printf("\n%s\n", path);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (snprintf(p, sizeof p, "%s/%s", path, files[i].file) < (int)sizeof p && access(p, F_OK) == 0)
            printf("  %-17s %s\n", files[i].file, files[i].what);
}

/* The table of a load without guests. */
static void print_load(const char *path)
{
    char file[PATH_MAX], line[300];
    FILE *f = snprintf(file, sizeof file, "%s/load.txt", path) < (int)sizeof file ? fopen(file, "re") : NULL;

    putchar('\n');
    while (f && fgets(line, sizeof line, f))
        fputs(line, stdout);
    if (f)
        fclose(f);
}

/* What `cob replay` has left. */
static void print_replay(const json_t *o)
{
    const json_t *host = json_object_get(o, "host"), *replay = json_object_get(o, "replay");
    const char *difference = json_string_value(json_object_get(replay, "difference"));

    printf("replay of %s, which took %.1f s\n", text(host, "run"),
           json_number_value(json_object_get(host, "recorded_wall_s")));
    print_nodes(o);
    if (difference)
        printf("\n%s", difference);
}

int verb_inspect(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
    char path[PATH_MAX], file[PATH_MAX], why[PATH_MAX + 100], t[40];
    bool json = false;
    json_error_t err;
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
        fprintf(stderr, "cob inspect: one run at a time; see cob inspect --help\n");
        return EXIT_USAGE;
    }
    if (rundir_find(rundir_base(), optind < argc ? argv[optind] : "latest", path, why, sizeof why) < 0) {
        fprintf(stderr, "cob inspect: %s\n", why);
        return EXIT_USAGE;
    }
    if (snprintf(file, sizeof file, "%s/result.json", path) >= (int)sizeof file)
        return EXIT_USAGE;
    json_t *o = json_load_file(file, 0, &err);
    if (!o) {
        fprintf(stderr, "cob inspect: %s: %s (the run has not finished, or was killed)\n", file, err.text);
        return EXIT_USAGE;
    }
    if (json) {
        json_dumpf(o, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        const json_t *host = json_object_get(o, "host"), *fabric = json_object_get(o, "fabric");
        const json_t *coherence = json_object_get(o, "coherence");
        printf("%s %s (exit status %" PRId64 "): %s virtual in %.1f s, hash %s\n", text(o, "name"),
               text(o, "outcome"), whole(o, "exit"), scn_format_time(whole(o, "virtual_ps"), t, sizeof t),
               json_number_value(json_object_get(host, "wall_s")), text(o, "hash"));
        if (json_object_get(o, "load")) {
            print_load(path);
            print_files(path);
            json_decref(o);
            return EXIT_OK;
        }
        if (json_object_get(o, "replay")) {
            print_replay(o);
            print_files(path);
            json_decref(o);
            return EXIT_OK;
        }
        printf("%s back end, %" PRId64 " cores, %" PRId64 " rounds, %" PRId64 " of them through the engine\n",
               text(host, "backend"), whole(host, "cores"), whole(host, "rounds"),
               whole(host, "engine_calls"));
        print_nodes(o);
        print_links(o);
        printf("\nfabric: %" PRId64 " sent + %" PRId64 " copied by switches = %" PRId64
               " delivered + %" PRId64 " dropped + %" PRId64 " in flight (%s)\n",
               whole(fabric, "injected"), whole(fabric, "copied"), whole(fabric, "delivered"),
               whole(fabric, "dropped"), whole(fabric, "in_flight"), text(fabric, "conservation"));
        if (coherence)
            printf("page states: %" PRId64 " changes of %" PRId64 " pages (%s)\n",
                   whole(coherence, "changes"), whole(coherence, "pages"), text(coherence, "verdict"));
        print_files(path);
    }
    json_decref(o);
    return EXIT_OK;
}
