/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verb_trace.c - `cob trace`: a run's events as text, one message followed, all of it in numbers, exports.
 *
 * Exit status: 0; 1 there is no such message, or what nodes say is contradictory; 2 wrong usage, or something
 * that is not a run with a whole trace (what can be read is printed).
 */
#include "sim/rundir.h"
#include "sim/scenario.h"
#include "sim/trace_coherence.h"
#include "sim/trace_kind.h"
#include "sim/trace_labels.h"
#include "sim/verbs.h"
#include "tracing/tracing.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage(FILE *to, int status)
{
    fputs(
        "usage: cob trace RUN [filters]              the events, one a line, in order of virtual time\n"
        "       cob trace follow RUN ID               one message or frame through the rack\n"
        "       cob trace summary RUN [--json]        latencies, talkers, queues, drops, faults\n"
        "       cob trace export RUN --perfetto FILE  for Perfetto (ui.perfetto.dev, trace_processor)\n"
        "       cob trace export RUN --pcapng FILE    all captures as one, for Wireshark\n"
        "       cob trace RUN --coherence             whether all that kernels said of their pages can be "
        "true\n"
        "RUN is a directory, a name below runs/, or latest.\n"
        "\n"
        "Filters:\n"
        "  --node NAME   only this node's events       --from TIME    from this virtual time on, e.g. 1.5ms\n"
        "  --link NAME   only this link's events       --to TIME      up to this virtual time, itself not "
        "included\n"
        "  --event NAME  only such events, e.g. dma    --kind NAME    only packets of this type, e.g. ack,\n"
        "                                              or of this kind of the scenario's `kinds:`\n"
        "  --frame N     only what concerns frame N    --message N    only what concerns messages number N\n"
        "With both --node and --link: the events of either.\n"
        "\n"
        "ID: 12, the number of a frame or packet (the message it belongs to is followed); or\n"
        "NODE.QUEUE.MESSAGE[.EPOCH], a message that this node sent.\n"
        "\n"
        "Exit status: 0; 1 nobody has sent that, or what nodes say is contradictory; 2 for wrong usage or a "
        "run whose trace is not whole.\n",
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

static bool take_number(const char *option, const char *text, uint64_t *n)
{
    char *end;
    *n = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end)
        return true;
    fprintf(stderr, "cob trace: %s: \"%s\" is no number\n", option, text);
    return false;
}

static bool take_event(const char *text, const char **event)
{
    for (unsigned i = 0; scn_trace_events[i]; i++)
        if (strcmp(scn_trace_events[i], text) == 0) {
            *event = text;
            return true;
        }
    fprintf(stderr, "cob trace: --event: there is no \"%s\"; there are:", text);
    for (unsigned i = 0; scn_trace_events[i]; i++)
        fprintf(stderr, " %s", scn_trace_events[i]);
    fputc('\n', stderr);
    return false;
}

struct wishes {
    struct tracing_filter filter;
    const char *perfetto, *pcapng;
    bool json, filtered, coherence;
};

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, struct wishes *w)
{
    static const struct option options[] = {
        {"node", required_argument, NULL, 'n'},     {"link", required_argument, NULL, 'l'},
        {"from", required_argument, NULL, 'f'},     {"to", required_argument, NULL, 't'},
        {"event", required_argument, NULL, 'e'},    {"kind", required_argument, NULL, 'k'},
        {"frame", required_argument, NULL, 'F'},    {"message", required_argument, NULL, 'm'},
        {"perfetto", required_argument, NULL, 'P'}, {"pcapng", required_argument, NULL, 'p'},
        {"json", no_argument, NULL, 'j'},           {"coherence", no_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},           {0},
    };
    struct tracing_filter *f = &w->filter;
    bool good = true;
    int option;

    optind = 1;
    while (good && (option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        w->filtered = w->filtered || strchr("nlftekFm", option);
        switch (option) {
        case 'n':
            f->node = optarg;
            break;
        case 'l':
            f->link = optarg;
            break;
        case 'f':
            good = take_time("--from", optarg, &f->from);
            break;
        case 't':
            good = take_time("--to", optarg, &f->to);
            break;
        case 'e':
            good = take_event(optarg, &f->event);
            break;
        case 'k':
            f->kind = optarg;
            break;
        case 'F':
            good = f->has_frame = take_number("--frame", optarg, &f->frame);
            break;
        case 'm':
            good = f->has_message = take_number("--message", optarg, &f->message);
            break;
        case 'P':
            w->perfetto = optarg;
            break;
        case 'p':
            w->pcapng = optarg;
            break;
        case 'j':
            w->json = true;
            break;
        case 'c':
            w->coherence = true;
            break;
        case 'h':
            return usage(stdout, 0);
        default:
            return usage(stderr, 2);
        }
    }
    return good ? -1 : 2;
}

/* The words that the trace itself has for types and operations are its filter's; else the scenario has named
 * the kind. Sets *ids, to be freed. */
static int print(const char *run, struct tracing_filter *filter, uint64_t **ids)
{
    if (filter->kind && !tracing_is_kind(filter->kind)) {
        if (trace_kind_frames(run, filter->kind, ids, &filter->n_frames) < 0)
            return -1;
        filter->kind = NULL;
        filter->frames = *ids;
    }
    return tracing_print(run, filter, stdout, stderr);
}

int verb_trace(int argc, char **argv)
{
    struct wishes w = {.filter = {.to = INT64_MAX}};
    char run[PATH_MAX], why[PATH_MAX + 100];
    int status = parse(argc, argv, &w);

    if (status >= 0)
        return status;
    int n = argc - optind;
    const char *word = n > 1 ? argv[optind] : "";
    bool follow = !strcmp(word, "follow"), summary = !strcmp(word, "summary"),
         export = !strcmp(word, "export");
    if (n != (follow              ? 3
              : summary || export ? 2
                                  : 1) ||
        (w.json && !summary) || (w.coherence && (n != 1 || w.filtered)) ||
        (w.filtered && (follow || summary || export)) || (!export && (w.perfetto || w.pcapng)) ||
        (export && !w.perfetto && !w.pcapng))
        return usage(stderr, 2);
    if (rundir_find(rundir_base(), argv[optind + (n > 1)], run, why, sizeof why) < 0) {
        fprintf(stderr, "cob trace: %s\n", why);
        return 2;
    }
    uint64_t *ids = NULL;
    int result;
    struct trace_labels l;
    trace_labels_open(&l, run);
    w.filter.labels = &l.labels;
    if (w.coherence)
        result = trace_coherence(run);
    else if (follow)
        result = tracing_follow(run, argv[optind + 2], &l.labels, stdout, stderr);
    else if (summary)
        result = tracing_summary(run, w.json, &l.labels, stdout, stderr);
    else if (!export)
        result = print(run, &w.filter, &ids);
    else if (w.perfetto && tracing_export_perfetto(run, w.perfetto, &l.labels, stderr) != 0)
        result = -1;
    else
        result = w.pcapng ? tracing_export_pcapng(run, w.pcapng, stderr) : 0;
    trace_labels_close(&l);
    free(ids);
    if (fflush(stdout) == 0)
        tracing_tell_gaps(run, "cob trace: ", stderr);
    return result < 0 ? 2 : result;
}
