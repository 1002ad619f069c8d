/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_open.c - creating all that a run leaves behind: directories, metadata, streams, captures, consoles.
 */
#include "tracing/tracing_write.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

/* "<dir>/<rest>", malloc'd; NULL is reported by whoever opens it. */
__attribute__((format(printf, 2, 3))) static char *path_in(const char *dir, const char *format, ...)
{
    char *rest = NULL, *path = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&rest, format, args) < 0)
        rest = NULL;
    va_end(args);
    if (rest && asprintf(&path, "%s/%s", dir, rest) < 0)
        path = NULL;
    free(rest);
    return path;
}

static bool make_dir(struct tracing *t, char *path)
{
    if (!path)
        tracing_fail(&t->error, ENOMEM, NULL);
    else if (mkdir(path, 0777) != 0 && errno != EEXIST)
        tracing_fail(&t->error, errno, path);
    free(path);
    return !t->error.err;
}

/* Names become file names. */
static void check_names(struct tracing *t, char *const *names, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (!names[i][0] || strchr(names[i], '/'))
            tracing_fail(&t->error, EINVAL, names[i]);
}

static void write_metadata(struct tracing *t, char *path)
{
    size_t len = 0;
    char *text = tracing_metadata_text(&t->names, &len);
    struct tracing_file f;
    if (!text)
        tracing_fail(&t->error, ENOMEM, path);
    if (tracing_file_open(&f, &t->error, path, 4096))
        tracing_file_append(&f, text, len);
    tracing_file_close(&f);
    free(text);
}

static void open_trace(struct tracing *t, const char *dir)
{
    if (!make_dir(t, path_in(dir, "trace")))
        return;
    write_metadata(t, path_in(dir, "trace/metadata"));
    for (unsigned i = 0; i < t->names.n_nodes && !t->error.err; i++)
        tracing_stream_open(&t->streams[i], &t->error, path_in(dir, "trace/node-%s", t->names.nodes[i]),
                            TRACING_NODE_CLASS, i, &t->gaps);
    if (!t->error.err)
        tracing_stream_open(&t->streams[t->names.n_nodes], &t->error, path_in(dir, "trace/fabric"),
                            TRACING_FABRIC_CLASS, t->names.n_nodes, &t->gaps);
    t->gaps_path = path_in(dir, "trace-gaps");
}

static void open_captures(struct tracing *t, const char *dir, const bool *fabric)
{
    if (!make_dir(t, path_in(dir, "capture")))
        return;
    for (unsigned i = 0; i < 2 * t->names.n_links && !t->error.err; i++) {
        char *interface = NULL;
        if (asprintf(&interface, "%s.%u", t->names.links[i / 2], i % 2) < 0) {
            tracing_fail(&t->error, ENOMEM, NULL);
            return;
        }
        tracing_capture_open(&t->captures[i], &t->error, path_in(dir, "capture/%s.pcapng", interface),
                             interface, fabric && fabric[i / 2]);
        free(interface);
    }
}

static void open_consoles(struct tracing *t, const char *dir)
{
    if (!make_dir(t, path_in(dir, "console")))
        return;
    for (unsigned i = 0; i < t->names.n_nodes && !t->error.err; i++)
        tracing_console_open(&t->consoles[i], &t->error, path_in(dir, "console/%s.log", t->names.nodes[i]),
                             path_in(dir, "console/%s.raw", t->names.nodes[i]));
}

static struct tracing *allocate(const struct tracing_config *cfg)
{
    struct tracing *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->earliest = INT64_MAX;
    t->save_at = VTIME_NEVER;
    t->trace = cfg->trace;
    t->capture = cfg->capture;
    size_t n_streams = cfg->n_nodes + 1, n_captures = 2 * (size_t)cfg->n_links;
    t->streams = calloc(n_streams, sizeof *t->streams);
    t->captures = calloc(n_captures + 1, sizeof *t->captures);
    t->consoles = calloc(n_streams, sizeof *t->consoles);
    t->events_wanted = cfg->events ? cfg->events | UINT64_C(1) << TR_NODE_STATE : UINT64_MAX;
    t->skip_node = calloc(n_streams, sizeof *t->skip_node);
    t->skip_link = calloc(cfg->n_links + 1, sizeof *t->skip_link);
    t->listed = calloc(n_streams + n_captures, sizeof *t->listed);
    if (!t->streams || !t->captures || !t->consoles || !t->listed || !t->skip_node || !t->skip_link ||
        tracing_names_copy(&t->names, cfg->nodes, cfg->n_nodes, cfg->links, cfg->n_links, cfg->faults,
                           cfg->n_faults) != 0)
        tracing_fail(&t->error, ENOMEM, NULL);
    for (unsigned i = 0; cfg->want_nodes && t->skip_node && i < cfg->n_nodes; i++)
        t->skip_node[i] = !cfg->want_nodes[i];
    for (unsigned i = 0; cfg->want_links && t->skip_link && i < cfg->n_links; i++)
        t->skip_link[i] = !cfg->want_links[i];
    return t;
}

struct tracing *tracing_open(const struct tracing_config *cfg, char *why, size_t size)
{
    struct tracing *t = allocate(cfg);
    if (!t) {
        snprintf(why, size, "%s: %s", cfg->dir, strerror(ENOMEM));
        errno = ENOMEM;
        return NULL;
    }
    check_names(t, t->names.nodes, t->names.n_nodes);
    check_names(t, t->names.links, t->names.n_links);
    if (t->trace && !t->error.err)
        open_trace(t, cfg->dir);
    if (t->capture && !t->error.err)
        open_captures(t, cfg->dir, cfg->fabric);
    if (!t->error.err)
        open_consoles(t, cfg->dir);
    if (!t->error.err)
        return t;
    tracing_close(t, why, size);
    return NULL;
}
