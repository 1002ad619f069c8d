/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_diff.c - compares two runs: which files there are, what each part found, and the report.
 *
 *     first difference at 1.234567891 s: node beta: frame tx #17 eth0 98 bytes hash .. | B: frame tx ..
 *     different: 1 of 3 streams, 0 of 2 consoles, 2 of 2 captures, 1 of 2 results
 *     node beta: ram_xxh3 "0123456789abcdef" | B: "fedcba9876543210"
 */
#include "tracing/tracing_diff.h"
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

FILE *tracing_diff_found(struct tracing_diff *d, vtime_t at, enum tracing_rank rank)
{
    at -= at % VTIME_NS;
    if (d->no_memory || (d->best && (at > d->best_at || (at == d->best_at && rank >= d->best_rank))))
        return NULL;
    d->finding = open_memstream(&d->found, &d->found_len);
    d->no_memory = !d->finding;
    d->best_at = at;
    d->best_rank = rank;
    return d->finding;
}

void tracing_diff_keep(struct tracing_diff *d)
{
    d->no_memory = fclose(d->finding) != 0;
    free(d->best);
    d->best = d->found;
}

int tracing_diff_fail(struct tracing_diff *d, unsigned run, const char *file, const char *reason, int code)
{
    fprintf(d->err, "%s/%s: %s\n", d->run[run], file, reason);
    errno = code;
    return -1;
}

/* ---- which files there are ---- */

struct listing {
    char **names;
    size_t n;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_listing(struct listing *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->names[i]);
    free(l->names);
    *l = (struct listing){0};
}

static bool ends_in(const char *name, const char *suffix)
{
    size_t n = strlen(name), s = strlen(suffix);
    return n > s && strcmp(name + n - s, suffix) == 0;
}

/* Names in run/sub that end in suffix, without it, sorted. A missing directory has none. */
static int list(struct tracing_diff *d, unsigned run, const char *sub, const char *suffix, struct listing *l)
{
    *l = (struct listing){0};
    char *path;
    if (asprintf(&path, "%s/%s", d->run[run], sub) < 0)
        return tracing_diff_fail(d, run, sub, strerror(ENOMEM), ENOMEM);
    DIR *dir = opendir(path);
    free(path);
    if (!dir)
        return errno == ENOENT ? 0 : tracing_diff_fail(d, run, sub, strerror(errno), errno);
    int code = 0;
    for (struct dirent *e; !code && (errno = 0, e = readdir(dir));) {
        if (e->d_name[0] == '.' || (suffix[0] && !ends_in(e->d_name, suffix)) ||
            strcmp(e->d_name, "metadata") == 0)
            continue;
        char **grown = realloc(l->names, (l->n + 1) * sizeof *grown);
        if (grown)
            l->names = grown;
        char *name = grown ? strndup(e->d_name, strlen(e->d_name) - strlen(suffix)) : NULL;
        if (name)
            l->names[l->n++] = name;
        else
            code = ENOMEM;
    }
    if (!code)
        code = errno;
    closedir(dir);
    if (code) {
        free_listing(l);
        return tracing_diff_fail(d, run, sub, strerror(code), code);
    }
    if (l->n > 1)
        qsort(l->names, l->n, sizeof *l->names, by_name);
    return 0;
}

/* Compares every sub/<name><suffix> that both runs have with `compare`, notes those that only one has. */
static int for_each(struct tracing_diff *d, const char *sub, const char *suffix, struct tracing_count *count,
                    int (*compare)(struct tracing_diff *d, const char *name))
{
    struct listing a, b;
    if (list(d, 0, sub, suffix, &a) != 0)
        return -1;
    if (list(d, 1, sub, suffix, &b) != 0) {
        free_listing(&a);
        return -1;
    }
    int result = 0;
    for (size_t i = 0, j = 0; result == 0 && (i < a.n || j < b.n);) {
        int order = i == a.n ? 1 : j == b.n ? -1 : strcmp(a.names[i], b.names[j]);
        count->all++;
        if (order == 0) {
            result = compare(d, a.names[i]);
        } else {
            count->different++;
            fprintf(d->note, "%s/%s%s: only in %c\n", sub, order < 0 ? a.names[i] : b.names[j], suffix,
                    order < 0 ? 'A' : 'B');
        }
        i += order <= 0;
        j += order >= 0;
    }
    int code = errno;
    free_listing(&a);
    free_listing(&b);
    errno = code;
    return result;
}

/* ---- the kinds ---- */

static int compare_stream(struct tracing_diff *d, const char *name)
{
    if (!d->traced) {
        fprintf(d->err, "%s/trace/metadata: missing, but there is trace/%s\n", d->run[0], name);
        errno = ENOENT;
        return -1;
    }
    bool node = strncmp(name, "node-", 5) == 0;
    char *file;
    if (asprintf(&file, "trace/%s", name) < 0)
        return tracing_diff_fail(d, 0, name, strerror(ENOMEM), ENOMEM);
    int result;
    if (node)
        result = tracing_diff_stream(d, file, name + 5);
    else if (strcmp(name, "fabric") == 0)
        result = tracing_diff_stream(d, file, NULL);
    else
        result = tracing_diff_fail(d, 0, file, "not a stream of a trace", EINVAL);
    free(file);
    return result;
}

static int compare_console(struct tracing_diff *d, const char *name)
{
    char *log = NULL, *raw = NULL;
    if (asprintf(&log, "console/%s.log", name) < 0)
        log = NULL;
    if (asprintf(&raw, "console/%s.raw", name) < 0)
        raw = NULL;
    int result = log && raw ? tracing_diff_console(d, log, raw, name)
                            : tracing_diff_fail(d, 0, name, strerror(ENOMEM), ENOMEM);
    free(log);
    free(raw);
    return result;
}

static int compare_capture(struct tracing_diff *d, const char *name)
{
    char *file;
    if (asprintf(&file, "capture/%s.pcapng", name) < 0)
        return tracing_diff_fail(d, 0, name, strerror(ENOMEM), ENOMEM);
    int result = tracing_diff_capture(d, file, name);
    free(file);
    return result;
}

static bool has_metadata(const char *run)
{
    struct tracing_map map;
    bool there = tracing_map_file(&map, run, "trace/metadata") == 0 || errno != ENOENT;
    tracing_unmap(&map);
    return there;
}

static bool same_names(char *const *a, unsigned n_a, char *const *b, unsigned n_b)
{
    for (unsigned i = 0; i < n_a && i < n_b; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return n_a == n_b;
}

static int compare_metadata(struct tracing_diff *d)
{
    bool a = has_metadata(d->run[0]), b = has_metadata(d->run[1]);
    d->traced = a && b;
    d->one_trace = a != b;
    if (!d->traced) {
        if (d->one_trace)
            fprintf(d->note, "trace: only in %c\n", a ? 'A' : 'B');
        return 0;
    }
    for (unsigned i = 0; i < 2; i++)
        if (tracing_read_names(d->run[i], &d->names[i], d->err) != 0 ||
            tracing_gaps_read(d->run[i], &d->gaps[i], d->err) != 0)
            return -1;
    if (!same_names(d->names[0].nodes, d->names[0].n_nodes, d->names[1].nodes, d->names[1].n_nodes))
        fputs("trace: the runs have other nodes, or in another order\n", d->note);
    if (!same_names(d->names[0].links, d->names[0].n_links, d->names[1].links, d->names[1].n_links))
        fputs("trace: the runs have other links, or in another order\n", d->note);
    if (!same_names(d->names[0].faults, d->names[0].n_faults, d->names[1].faults, d->names[1].n_faults))
        fputs("trace: the runs have other faults, or in another order\n", d->note);
    return 0;
}

/* ---- the report ---- */

static void put_count(FILE *out, const char *before, const struct tracing_count *c, const char *what)
{
    fprintf(out, "%s%u of %u %s%s", before, c->different, c->all, what, c->all == 1 ? "" : "s");
}

static void put_plural(FILE *out, const char *before, uint64_t n, const char *one, const char *many)
{
    fprintf(out, "%s%" PRIu64 " %s", before, n, n == 1 ? one : many);
}

static void put_gaps(const struct tracing_diff *d)
{
    for (unsigned i = 0; i < 2 && d->traced; i++)
        tracing_tell_gaps(d->run[i], i == 0 ? "not compared: in A " : "not compared: in B ", d->out);
}

static int report(struct tracing_diff *d)
{
    if (!d->best && d->notes_len == 0) {
        put_plural(d->out, "identical: ", d->streams.all, "stream", "streams");
        put_plural(d->out, ", ", d->events, "event", "events");
        put_plural(d->out, ", ", d->consoles.all, "console", "consoles");
        put_plural(d->out, ", ", d->captures.all, "capture", "captures");
        put_plural(d->out, ", ", d->hashes, "memory hash", "memory hashes");
        fputc('\n', d->out);
        put_gaps(d);
        return 0;
    }
    if (d->best) {
        char time[TRACING_TIME_TEXT];
        fprintf(d->out, "first difference at %s s: %s\n", tracing_time_text(d->best_at, time), d->best);
    }
    put_count(d->out, "different: ", &d->streams, "stream");
    put_count(d->out, ", ", &d->consoles, "console");
    put_count(d->out, ", ", &d->captures, "capture");
    put_count(d->out, ", ", &d->results, "result");
    fputc('\n', d->out);
    fputs(d->notes, d->out);
    put_gaps(d);
    return 1;
}

static int compare_all(struct tracing_diff *d)
{
    if (tracing_diff_results(d) != 0 || compare_metadata(d) != 0)
        return -1;
    if (!d->one_trace && for_each(d, "trace", "", &d->streams, compare_stream) != 0)
        return -1;
    if (for_each(d, "console", ".log", &d->consoles, compare_console) != 0 ||
        for_each(d, "capture", ".pcapng", &d->captures, compare_capture) != 0)
        return -1;
    if (d->no_memory || fflush(d->note) != 0) {
        fprintf(d->err, "%s\n", strerror(ENOMEM));
        errno = ENOMEM;
        return -1;
    }
    int result = report(d);
    if (fflush(d->out) == 0 && !ferror(d->out))
        return result;
    int code = errno;
    fprintf(d->err, "output: %s\n", strerror(code));
    errno = code;
    return -1;
}

int tracing_diff(const char *run_a, const char *run_b, FILE *out, FILE *err)
{
    struct tracing_diff d = {.run = {run_a, run_b}, .out = out, .err = err};
    for (unsigned i = 0; i < 2; i++) {
        struct stat st;
        int code = stat(d.run[i], &st) != 0 ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
        if (code) {
            fprintf(err, "%s: %s\n", d.run[i], strerror(code));
            errno = code;
            return -1;
        }
    }
    d.note = open_memstream(&d.notes, &d.notes_len);
    if (!d.note) {
        fprintf(err, "%s\n", strerror(errno));
        return -1;
    }
    int result = compare_all(&d), code = errno;
    fclose(d.note);
    free(d.notes);
    free(d.best);
    tracing_names_free(&d.names[0]);
    tracing_names_free(&d.names[1]);
    errno = code;
    return result;
}
