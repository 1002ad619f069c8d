/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_print.c - the streams of a run merged by (time, stream) as text, an event a line:
 *
 *     1.234567891 s  alpha   frame tx #17 eth0 98 bytes hash 0123456789abcdef
 *     1.234567891 s  fabric  queued wire0.0 #17 98 bytes queue 98 bytes
 *
 * Streams are in the order of the nodes, the fabric's last. A damaged stream is printed up to the damage.
 */
#include "tracing/tracing_read.h"
#include <errno.h>
#include <stdlib.h>

struct source {
    char *file; /* "trace/node-alpha" */
    const char *label;
    struct tracing_map map;
    struct tracing_cursor cursor;
    struct tracing_event next;
    int state; /* of the cursor: 1 next is valid, 0 end, -1 fault */
};

struct printer {
    struct tracing_names names;
    struct source *sources;
    unsigned n;
    const struct tracing_filter *filter;
    int width;
};

/* Whether an event of the fabric is about the link that is asked for. A fault begins and ends everywhere. */
static bool of_link(const struct printer *p, const struct tracing_event *ev)
{
    return !p->filter->link || (ev->id == TR_FAULT && strcmp(ev->v[3].s, "hit") != 0) ||
           strcmp(p->names.links[ev->v[0].u], p->filter->link) == 0;
}

/* The next event that the filter lets through. */
static void advance(const struct printer *p, struct source *s)
{
    const struct tracing_filter *filter = p->filter;
    do {
        tracing_cursor_skip(&s->cursor, filter->from);
        s->state = tracing_cursor_next(&s->cursor, &s->next);
        if (s->state == 1 && s->next.at >= filter->to)
            s->state = 0;
    } while (s->state == 1 && (s->next.at < filter->from ||
                               (s->cursor.stream == TRACING_FABRIC_CLASS && !of_link(p, &s->next))));
}

static bool has_name(char *const *names, unsigned n, const char *name)
{
    for (unsigned i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* A filter's name that the run does not know is a mistake, not an empty answer. */
static int check_filter(const char *run, const char *what, char *const *names, unsigned n, const char *name,
                        FILE *err)
{
    if (!name || has_name(names, n, name))
        return 0;
    fprintf(err, "%s: no %s is called \"%s\"; there is:", run, what, name);
    for (unsigned i = 0; i < n; i++)
        fprintf(err, " %s", names[i]);
    fputs(n == 0 ? " none\n" : "\n", err);
    errno = ENOENT;
    return -1;
}

/* node: index, or n_nodes for the fabric. 0, or -1 with the reason on err. */
static int add_source(struct printer *p, const char *run, unsigned node, FILE *err)
{
    bool fabric = node == p->names.n_nodes;
    struct source *s = &p->sources[p->n];
    s->label = fabric ? "fabric" : p->names.nodes[node];
    if (fabric)
        s->file = strdup("trace/fabric");
    else if (asprintf(&s->file, "trace/node-%s", s->label) < 0)
        s->file = NULL;
    if (!s->file || tracing_map_file(&s->map, run, s->file) != 0) {
        int code = s->file ? errno : ENOMEM;
        fprintf(err, "%s/%s: %s\n", run, s->file ? s->file : "trace", strerror(code));
        free(s->file);
        s->file = NULL;
        errno = code;
        return -1;
    }
    if (p->width < (int)strlen(s->label))
        p->width = (int)strlen(s->label);
    tracing_cursor_start(&s->cursor, &s->map, &p->names, fabric ? NULL : s->label);
    p->n++;
    return 0;
}

/* With a node's name only its stream, with a link's name only the fabric's; with both, these two. */
static int add_sources(struct printer *p, const char *run, FILE *err)
{
    const struct tracing_filter *filter = p->filter;
    p->sources = calloc(p->names.n_nodes + 1, sizeof *p->sources);
    if (!p->sources) {
        fprintf(err, "%s: %s\n", run, strerror(ENOMEM));
        errno = ENOMEM;
        return -1;
    }
    bool all = !filter->node && !filter->link;
    for (unsigned i = 0; i < p->names.n_nodes; i++)
        if ((all || (filter->node && strcmp(filter->node, p->names.nodes[i]) == 0)) &&
            add_source(p, run, i, err) != 0)
            return -1;
    return all || filter->link ? add_source(p, run, p->names.n_nodes, err) : 0;
}

static void print_all(struct printer *p, FILE *out)
{
    for (unsigned i = 0; i < p->n; i++)
        advance(p, &p->sources[i]);
    for (;;) {
        struct source *first = NULL;
        for (unsigned i = 0; i < p->n; i++) {
            struct source *s = &p->sources[i];
            if (s->state == 1 && (!first || s->next.at < first->next.at))
                first = s;
        }
        if (!first || ferror(out))
            return;
        char time[TRACING_TIME_TEXT];
        fprintf(out, "%s s  %-*s  ", tracing_time_text(first->next.at, time), p->width, first->label);
        tracing_event_show(out, &first->next, &p->names);
        fputc('\n', out);
        advance(p, first);
    }
}

int tracing_print(const char *run, const struct tracing_filter *filter, FILE *out, FILE *err)
{
    struct printer p = {.filter = filter};
    if (tracing_read_names(run, &p.names, err) != 0)
        return -1;
    int result = -1, code = 0;
    if (check_filter(run, "node", p.names.nodes, p.names.n_nodes, filter->node, err) == 0 &&
        check_filter(run, "link", p.names.links, p.names.n_links, filter->link, err) == 0 &&
        add_sources(&p, run, err) == 0) {
        print_all(&p, out);
        result = 0;
        for (unsigned i = 0; i < p.n; i++)
            if (p.sources[i].state < 0) {
                tracing_cursor_complain(&p.sources[i].cursor, run, p.sources[i].file, err);
                result = -1;
                errno = EINVAL;
            }
        if (fflush(out) != 0 || ferror(out)) {
            code = errno;
            fprintf(err, "output: %s\n", strerror(code));
            result = -1;
            errno = code;
        }
    }
    code = errno;
    for (unsigned i = 0; i < p.n; i++) {
        tracing_unmap(&p.sources[i].map);
        free(p.sources[i].file);
    }
    free(p.sources);
    tracing_names_free(&p.names);
    errno = code;
    return result;
}
