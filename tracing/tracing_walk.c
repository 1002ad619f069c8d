/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_walk.c - the streams of a run merged by (time, stream), filtered, event by event. Streams are in
 * the order of the nodes, the fabric's last. A damaged stream is walked up to the damage.
 */
#include "tracing/tracing_walk.h"
#include <errno.h>
#include <stdlib.h>

struct source {
    char *file; /* "trace/node-alpha" */
    const char *label;
    struct tracing_map map;
    struct tracing_cursor cursor;
    struct tracing_event next;
    unsigned node; /* n_nodes: the fabric */
    int state;     /* of the cursor: 1 next is valid, 0 end, -1 fault */
};

struct walk {
    struct tracing_names names;
    struct source *sources;
    unsigned n;
    const struct tracing_filter *filter;
    int width;
};

/* Whether an event of the fabric is about the link that is asked for. A fault begins and ends everywhere. */
static bool of_link(const struct walk *p, const struct tracing_event *ev)
{
    return !p->filter->link || (ev->id == TR_FAULT && strcmp(ev->v[3].s, "hit") != 0) ||
           strcmp(p->names.links[ev->v[0].u], p->filter->link) == 0;
}

/* The next event that the filter lets through. */
static void advance(const struct walk *p, struct source *s)
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
static int add_source(struct walk *p, const char *run, unsigned node, FILE *err)
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
    s->node = node;
    tracing_cursor_start(&s->cursor, &s->map, &p->names, fabric ? NULL : s->label);
    p->n++;
    return 0;
}

/* With a node's name only its stream, with a link's name only the fabric's; with both, these two. */
static int add_sources(struct walk *p, const char *run, FILE *err)
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

static bool is_one_of(uint64_t id, const uint64_t *ids, size_t n)
{
    size_t from = 0;
    while (from < n) {
        size_t middle = from + (n - from) / 2;
        if (ids[middle] == id)
            return true;
        if (ids[middle] < id)
            from = middle + 1;
        else
            n = middle;
    }
    return false;
}

/* What the filter says of single fields. */
static bool passes(const struct tracing_filter *filter, const struct tracing_event *ev)
{
    uint64_t value;

    if (filter->event && strcmp(tracing_event_defs[ev->id].name, filter->event) != 0)
        return false;
    if (filter->kind) {
        const struct tracing_field *f = tracing_field_find(ev->id, "type");
        if (!f)
            f = tracing_field_find(ev->id, "op");
        const char *word = f ? tracing_word(f, ev->v[f - tracing_event_defs[ev->id].fields].u) : NULL;
        if (!word || strcmp(word, filter->kind) != 0)
            return false;
    }
    if (filter->has_frame && (!tracing_value_get(ev, "frame_id", &value) || value != filter->frame))
        return false;
    if (filter->frames &&
        (!tracing_value_get(ev, "frame_id", &value) || !is_one_of(value, filter->frames, filter->n_frames)))
        return false;
    if (filter->has_message && (!tracing_value_get(ev, "message", &value) || value != filter->message))
        return false;
    return true;
}

static int walk_all(struct walk *p, tracing_visit *visit, void *ctx)
{
    struct tracing_walked at = {.names = &p->names, .width = p->width};

    for (unsigned i = 0; i < p->n; i++)
        advance(p, &p->sources[i]);
    for (;;) {
        struct source *first = NULL;
        for (unsigned i = 0; i < p->n; i++) {
            struct source *s = &p->sources[i];
            if (s->state == 1 && (!first || s->next.at < first->next.at))
                first = s;
        }
        if (!first)
            return 0;
        at.label = first->label;
        at.node = first->node;
        if (passes(p->filter, &first->next) && visit(ctx, &at, &first->next) != 0)
            return -1;
        advance(p, first);
    }
}

int tracing_walk(const char *run, const struct tracing_filter *filter, tracing_visit *visit, void *ctx,
                 FILE *err)
{
    struct walk p = {.filter = filter};
    if (tracing_read_names(run, &p.names, err) != 0)
        return -1;
    p.names.labels = filter->labels;
    int result = -1;
    if (check_filter(run, "node", p.names.nodes, p.names.n_nodes, filter->node, err) == 0 &&
        check_filter(run, "link", p.names.links, p.names.n_links, filter->link, err) == 0 &&
        add_sources(&p, run, err) == 0) {
        result = walk_all(&p, visit, ctx);
        for (unsigned i = 0; result == 0 && i < p.n; i++)
            if (p.sources[i].state < 0) {
                tracing_cursor_complain(&p.sources[i].cursor, run, p.sources[i].file, err);
                result = -1;
                errno = EINVAL;
            }
    }
    int code = errno;
    for (unsigned i = 0; i < p.n; i++) {
        tracing_unmap(&p.sources[i].map);
        free(p.sources[i].file);
    }
    free(p.sources);
    tracing_names_free(&p.names);
    errno = code;
    return result;
}

const struct tracing_field *tracing_field_find(enum tracing_event_id id, const char *name)
{
    const struct tracing_field *f = tracing_event_defs[id].fields;

    for (unsigned i = 0; i < TRACING_MAX_FIELDS && f[i].type != TRF_NONE; i++)
        if (strcmp(f[i].name, name) == 0)
            return &f[i];
    return NULL;
}

bool tracing_value_get(const struct tracing_event *ev, const char *name, uint64_t *value)
{
    const struct tracing_field *f = tracing_field_find(ev->id, name);

    if (!f || f->type == TRF_STRING || f->type == TRF_BYTES)
        return false;
    *value = ev->v[f - tracing_event_defs[ev->id].fields].u;
    return true;
}

uint64_t tracing_value(const struct tracing_event *ev, const char *name)
{
    uint64_t value;

    return tracing_value_get(ev, name, &value) ? value : 0;
}

const char *tracing_word(const struct tracing_field *f, uint64_t value)
{
    return f->words && value < f->words->n ? f->words->labels[value] : NULL;
}

bool tracing_is_kind(const char *name)
{
    for (unsigned id = 0; id < TR_EVENT_COUNT; id++) {
        const struct tracing_field *f = tracing_field_find(id, "type");
        if (!f)
            f = tracing_field_find(id, "op");
        for (unsigned i = 0; f && f->words && i < f->words->n; i++)
            if (f->words->labels[i] && strcmp(f->words->labels[i], name) == 0)
                return true;
    }
    return false;
}
