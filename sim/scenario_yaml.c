/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_yaml.c - a scenario's text as a small tree with positions.
 *
 * libfyaml scans; the tree is built here from its events, because a scenario must never be able to harm its
 * reader: size, depth and number of values are limited, aliases share what they name instead of copying it,
 * and what YAML allows but a scenario does not need (tags, several documents, keys that are not text, merge
 * keys) is refused. Duplicate keys are reported and the first one counts, so that the rest of the file is
 * still checked.
 */
#include "sim/scenario_internal.h"
#include <errno.h>
#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ANCHORS 256

struct anchor {
    char *name;
    struct scn_yaml *value;
    bool open; /* its mapping or list has not ended yet */
};

struct frame {
    struct scn_yaml *container;
    struct scn_yaml *key; /* of a mapping: waits for its value */
    bool skip;            /* the value that comes is not kept */
};

struct builder {
    struct scn_diag *d;
    struct scn_tree *tree;
    struct frame stack[SCN_MAX_DEPTH];
    unsigned depth;
    struct anchor anchors[MAX_ANCHORS];
    unsigned n_anchors;
    unsigned n_values, n_documents;
};

/* What libfyaml is not to be asked about: size, NUL bytes, invalid UTF-8, control characters. */
static int check_bytes(struct scn_diag *d)
{
    if (d->len > SCN_MAX_BYTES) {
        scn_error(d, 0, "the file has more than %u bytes, the limit for a scenario", SCN_MAX_BYTES);
        return -1;
    }
    for (size_t i = 0; i < d->len;) {
        uint32_t cp = 0;
        size_t n = scn_utf8(d->text + i, d->len - i, &cp);

        if (n == 0) {
            scn_error(d, i, "invalid UTF-8 (byte 0x%02x)", (unsigned char)d->text[i]);
            return -1;
        }
        if ((cp < ' ' && cp != '\t' && cp != '\n' && cp != '\r') || cp == 0x7f || (cp >= 0x80 && cp < 0xa0) ||
            cp == 0xfffe || cp == 0xffff) {
            scn_error(d, i, "control character U+%04X: YAML allows it only as an escape in double quotes",
                      cp);
            return -1;
        }
        i += n;
    }
    return 0;
}

static struct scn_yaml *new_value(struct builder *b, enum scn_yaml_kind kind, size_t pos)
{
    struct scn_yaml *y;

    if (++b->n_values > SCN_MAX_VALUES) {
        scn_error(b->d, pos, "more than %d values, the limit for a scenario", SCN_MAX_VALUES);
        return NULL;
    }
    y = scn_alloc(sizeof *y);
    y->kind = kind;
    y->pos = pos;
    y->next = b->tree->all;
    b->tree->all = y;
    return y;
}

/* Puts a complete scalar or a container that begins into the place where it belongs. */
static int place(struct builder *b, struct scn_yaml *y)
{
    struct frame *f = b->depth ? &b->stack[b->depth - 1] : NULL;
    struct scn_yaml *c = f ? f->container : NULL;

    if (!f) {
        if (!b->tree->root)
            b->tree->root = y;
        return 0;
    }
    if (c->kind == SCN_LIST) {
        c->items = scn_grow(c->items, c->n, &c->cap_items, sizeof *c->items);
        c->items[c->n++] = y;
        return 0;
    }
    if (!f->key) { /* y is a key */
        f->key = y;
        f->skip = false;
        if (y->kind != SCN_SCALAR) {
            scn_error(b->d, y->pos, "a key must be a text, not %s", scn_yaml_what(y));
            f->skip = true;
            return 0;
        }
        for (size_t i = 0; i < c->n; i++)
            if (strcmp(c->keys[i]->text, y->text) == 0) {
                unsigned line = 1;

                for (size_t p = 0; p < c->keys[i]->pos; p++)
                    line += b->d->text[p] == '\n' || (b->d->text[p] == '\r' && b->d->text[p + 1] != '\n');
                scn_error(b->d, y->pos, "duplicate key \"%.60s\": it was given in line %u already", y->text,
                          line);
                f->skip = true;
            }
        if (c->n == SCN_MAX_PAIRS) {
            scn_error(b->d, y->pos, "more than %d keys in one mapping", SCN_MAX_PAIRS);
            return -1;
        }
        return 0;
    }
    if (!f->skip) {
        c->keys = scn_grow(c->keys, c->n, &c->cap_keys, sizeof *c->keys);
        c->items = scn_grow(c->items, c->n, &c->cap_items, sizeof *c->items);
        c->keys[c->n] = f->key;
        c->items[c->n++] = y;
    }
    f->key = NULL;
    return 0;
}

static int remember(struct builder *b, struct fy_token *anchor, struct scn_yaml *y)
{
    size_t len = 0;
    const char *name = anchor ? fy_token_get_text(anchor, &len) : NULL;

    if (!name)
        return 0;
    if (b->n_anchors == MAX_ANCHORS) {
        scn_error(b->d, y->pos, "more than %d anchors, the limit for a scenario", MAX_ANCHORS);
        return -1;
    }
    b->anchors[b->n_anchors++] = (struct anchor){
        .name = scn_printf("%.*s", (int)len, name),
        .value = y,
        .open = y->kind != SCN_SCALAR,
    };
    return 0;
}

static void refuse_tag(struct builder *b, struct fy_token *tag, size_t pos)
{
    const struct fy_mark *m = tag ? fy_token_start_mark(tag) : NULL;

    if (tag)
        scn_error(b->d, m ? m->input_pos : pos, "tags (\"!..\") have no meaning in a scenario");
}

static size_t here(const struct builder *b, const struct fy_mark *m)
{
    const struct frame *f = b->depth ? &b->stack[b->depth - 1] : NULL;

    if (m)
        return m->input_pos;
    return f ? (f->key ? f->key->pos : f->container->pos) : 0; /* a missing value: where its key stands */
}

static int on_scalar(struct builder *b, struct fy_event *e)
{
    struct fy_token *t = e->scalar.value;
    const struct fy_mark *m = fy_token_start_mark(t);
    enum fy_scalar_style style = fy_token_scalar_style(t);
    bool quoted = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
    size_t pos = here(b, m), len = 0;
    const char *text = fy_token_get_text(t, &len);
    struct scn_yaml *y = new_value(b, SCN_SCALAR, m && quoted && pos > 0 ? pos - 1 : pos);

    if (!y)
        return -1;
    refuse_tag(b, e->scalar.tag, y->pos);
    y->plain = style == FYSS_PLAIN;
    y->text = scn_alloc(len + 1);
    if (text)
        memcpy(y->text, text, len);
    for (size_t i = 0; i < len;) {
        uint32_t cp = 0;
        size_t n = scn_utf8(text + i, len - i, &cp);

        if (n == 0 || cp == 0) {
            scn_error(b->d, y->pos, "%s in a text", n ? "a NUL character" : "invalid UTF-8");
            y->text[i] = '\0';
            break;
        }
        i += n;
    }
    return remember(b, e->scalar.anchor, y) || place(b, y) ? -1 : 0;
}

static int on_begin(struct builder *b, enum scn_yaml_kind kind, struct fy_token *anchor, struct fy_token *tag,
                    size_t pos)
{
    struct scn_yaml *y = new_value(b, kind, pos);

    if (!y)
        return -1;
    refuse_tag(b, tag, pos);
    if (b->depth == SCN_MAX_DEPTH) {
        scn_error(b->d, pos, "more than %d levels of nesting", SCN_MAX_DEPTH);
        return -1;
    }
    if (remember(b, anchor, y) || place(b, y))
        return -1;
    b->stack[b->depth++] = (struct frame){.container = y};
    return 0;
}

static void on_end(struct builder *b)
{
    struct scn_yaml *y = b->stack[--b->depth].container;

    for (unsigned i = 0; i < b->n_anchors; i++)
        if (b->anchors[i].value == y)
            b->anchors[i].open = false;
}

static int on_alias(struct builder *b, struct fy_event *e)
{
    const struct fy_mark *m = fy_event_start_mark(e);
    size_t len = 0, pos = here(b, m);
    const char *name = fy_token_get_text(e->alias.anchor, &len);
    unsigned i = b->n_anchors;

    if (m && pos > 0)
        pos--;      /* the asterisk */
    while (i-- > 0) /* the last definition before the alias counts */
        if (name && strlen(b->anchors[i].name) == len && memcmp(b->anchors[i].name, name, len) == 0) {
            if (!b->anchors[i].open)
                return place(b, b->anchors[i].value);
            scn_error(b->d, pos, "the alias \"*%.*s\" stands inside of what it names", (int)len, name);
            return -1;
        }
    scn_error(b->d, pos, "the alias \"*%.*s\" names no anchor before it", (int)len, name ? name : "");
    return -1;
}

/* 1 at the end, 0 to go on, -1 on an error that makes the rest unreadable. */
static int on_event(struct builder *b, struct fy_event *e)
{
    switch (e->type) {
    case FYET_DOCUMENT_START:
        if (++b->n_documents > 1) {
            scn_error(b->d, here(b, fy_event_start_mark(e)), "a second document: a scenario file holds one");
            return -1;
        }
        return 0;
    case FYET_MAPPING_START:
        return on_begin(b, SCN_MAP, e->mapping_start.anchor, e->mapping_start.tag,
                        here(b, fy_event_start_mark(e)));
    case FYET_SEQUENCE_START:
        return on_begin(b, SCN_LIST, e->sequence_start.anchor, e->sequence_start.tag,
                        here(b, fy_event_start_mark(e)));
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        on_end(b);
        return 0;
    case FYET_SCALAR:
        return on_scalar(b, e);
    case FYET_ALIAS:
        return on_alias(b, e);
    case FYET_STREAM_END:
        return 1;
    default:
        return 0;
    }
}

/* libfyaml's own complaint as ours. */
static void report_syntax(struct scn_diag *d, struct fy_diag *fyd)
{
    const struct fy_diag_error *e;
    void *iter = NULL;
    unsigned before = d->n_errors;

    while ((e = fy_diag_errors_iterate(fyd, &iter)))
        if (e->type == FYET_ERROR || e->type == FYET_WARNING)
            scn_error(d, scn_offset(d, e->line, e->column), "%s", e->msg ? e->msg : "not YAML");
    if (d->n_errors == before)
        scn_error(d, 0, "not YAML");
}

int scn_yaml_read(struct scn_tree *tree, struct scn_diag *d)
{
    struct fy_diag_cfg dcfg;
    struct fy_parse_cfg cfg = {.flags = FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE | FYPCF_COLLECT_DIAG};
    struct builder b = {.d = d, .tree = tree};
    struct fy_diag *fyd;
    struct fy_parser *p;
    int end = 0;

    *tree = (struct scn_tree){0};
    if (check_bytes(d))
        return -1;
    fy_diag_cfg_default(&dcfg);
    dcfg.fp = NULL;
    fyd = fy_diag_create(&dcfg);
    if (fyd)
        fy_diag_set_collect_errors(fyd, true);
    cfg.diag = fyd;
    p = fyd ? fy_parser_create(&cfg) : NULL;
    if (!p || fy_parser_set_string(p, d->text, d->len))
        scn_error(d, 0, "the YAML parser could not be started");
    else {
        struct fy_event *e;

        while (end == 0 && (e = fy_parser_parse(p))) {
            end = on_event(&b, e);
            fy_parser_event_free(p, e);
        }
        if (end == 0)
            report_syntax(d, fyd);
    }
    if (p)
        fy_parser_destroy(p);
    if (fyd)
        fy_diag_destroy(fyd);
    for (unsigned i = 0; i < b.n_anchors; i++)
        free(b.anchors[i].name);
    if (end != 1)
        return -1;
    if (!tree->root || scn_yaml_is_null(tree->root)) {
        scn_error(d, 0, "the file is empty: a scenario has at least \"nodes:\"");
        return -1;
    }
    return 0;
}
