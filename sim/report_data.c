/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report_data.c - the timeline's data for the page's script (report/data.js reads them).
 *
 *   script "data-head"     JSON: names, counts, and the columns in their order with their lengths in bytes
 *   script "data-columns"  the columns, one after the other: a number each (LEB128), differences where a
 *                          column grows or wavers (zigzag), so that zlib finds little to do and much to gain
 *   script "data-texts"    the texts of marks, each ended by a zero byte
 *   script "data-bytes"    the first bytes of each message
 * Each is compressed with zlib and written in base64.
 */
#include "sim/report_internal.h"
#include <inttypes.h>
#include <stdlib.h>

#define BYTES_BUDGET ((size_t)6 << 20) /* of all messages together, before compression */
#define CUT_LEAST    64
#define CUT_MOST     1536

struct columns {
    struct rep_buf bytes;
    json_t *list;
    size_t begun;
};

static void begin(struct columns *c)
{
    c->begun = c->bytes.n;
}

static void end(struct columns *c, const char *name)
{
    json_t *o = json_array();
    json_array_append_new(o, json_string(name));
    json_array_append_new(o, json_integer((json_int_t)(c->bytes.n - c->begun)));
    json_array_append_new(c->list, o);
    begin(c);
}

#define COLUMN(c, name, n, value)                                                                            \
    do {                                                                                                     \
        begin(c);                                                                                            \
        for (size_t i = 0; i < (n); i++)                                                                     \
            rep_put_number(&(c)->bytes, (uint64_t)(value));                                                  \
        end(c, name);                                                                                        \
    } while (0)
#define COLUMN_OF_CHANGES(c, name, n, value)                                                                 \
    do {                                                                                                     \
        int64_t before = 0;                                                                                  \
        begin(c);                                                                                            \
        for (size_t i = 0; i < (n); i++) {                                                                   \
            int64_t now = (int64_t)(value);                                                                  \
            rep_put_signed(&(c)->bytes, now - before);                                                       \
            before = now;                                                                                    \
        }                                                                                                    \
        end(c, name);                                                                                        \
    } while (0)

static size_t cut_of(const struct report *r)
{
    size_t cut = r->n_messages ? BYTES_BUDGET / r->n_messages : CUT_MOST;
    return r->opt.cut ? r->opt.cut : cut < CUT_LEAST ? CUT_LEAST : cut > CUT_MOST ? CUT_MOST : cut;
}

static size_t kept_of(const struct rep_message *m, size_t cut)
{
    return !m->bytes ? 0 : m->kept < cut ? m->kept : cut;
}

static void message_columns(const struct report *r, struct columns *c)
{
    const struct rep_message *m = r->messages;
    size_t n = r->n_messages, cut = cut_of(r);

    COLUMN_OF_CHANGES(c, "m.id", n, m[i].id);
    COLUMN_OF_CHANGES(c, "m.at", n, m[i].at);
    COLUMN(c, "m.node", n, m[i].node == REP_NOBODY ? r->names.n_nodes : m[i].node);
    COLUMN(c, "m.to", n, m[i].to >= r->names.n_nodes ? r->names.n_nodes : m[i].to);
    COLUMN(c, "m.nic", n, m[i].nic);
    COLUMN(c, "m.kind", n, m[i].kind);
    COLUMN(c, "m.adapter", n, m[i].adapter);
    COLUMN(c, "m.queue", n, m[i].queue);
    COLUMN_OF_CHANGES(c, "m.epoch", n, m[i].epoch);
    COLUMN_OF_CHANGES(c, "m.message", n, m[i].message);
    COLUMN_OF_CHANGES(c, "m.psn", n, m[i].psn);
    COLUMN(c, "m.offset", n, m[i].offset);
    COLUMN(c, "m.len", n, m[i].len);
    COLUMN(c, "m.kept", n, kept_of(&m[i], cut));
}

/* Times of hops count from the hop before, the first from the message's own. */
static void hop_columns(const struct report *r, struct columns *c)
{
    const struct rep_hop *h = r->hops;
    size_t n = r->n_hops, at = 0;

    begin(c);
    for (size_t i = 0; i < r->n_messages; i++) {
        size_t count = 0;
        while (at < n && h[at].message == i)
            at++, count++;
        rep_put_number(&c->bytes, count);
    }
    end(c, "m.hops");
    begin(c);
    for (size_t i = 0; i < n; i++) {
        bool first = i == 0 || h[i - 1].message != h[i].message;
        rep_put_signed(&c->bytes, h[i].at - (first ? r->messages[h[i].message].at : h[i - 1].at));
    }
    end(c, "h.after");
    COLUMN(c, "h.step", n, h[i].step);
    COLUMN(c, "h.where", n, h[i].where);
    COLUMN(c, "h.value", n, h[i].value);
}

static void mark_columns(const struct report *r, struct columns *c)
{
    const struct rep_mark *k = r->marks;
    size_t n = r->n_marks;

    COLUMN_OF_CHANGES(c, "k.at", n, k[i].at);
    COLUMN(c, "k.lane", n, k[i].lane);
    COLUMN(c, "k.event", n, k[i].event);
    COLUMN(c, "k.about", n, k[i].about);
}

static json_t *names_json(char *const *names, unsigned n)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < n; i++)
        json_array_append_new(list, json_stringn_nocheck(names[i], strlen(names[i])));
    return list;
}

/* "alpha eth0" for each end of each link; empty if the scenario is not known. */
static json_t *ends_json(const struct report *r)
{
    json_t *list = json_array();
    for (unsigned i = 0; r->scn && i < r->scn->n_links; i++)
        for (unsigned k = 0; k < 2; k++) {
            const struct scn_end *e = &r->scn->links[i].end[k];
            char text[200];
            if (e->is_switch)
                snprintf(text, sizeof text, "%s", r->scn->switches[e->index].name);
            else if (e->adapter)
                snprintf(text, sizeof text, "%s fab0", r->scn->nodes[e->index].name);
            else
                snprintf(text, sizeof text, "%s eth%u", r->scn->nodes[e->index].name, e->nic);
            json_array_append_new(list, json_string(text));
        }
    return list;
}

static void write_head(const struct report *r, const struct columns *c, FILE *out)
{
    json_t *o = json_object(), *kinds = json_array(), *events = json_array();
    char last[24];

    for (unsigned i = 0; i < rep_all_kinds(r); i++)
        json_array_append_new(kinds, json_string(rep_kind_name(r, i)));
    for (unsigned i = 0; i < TR_EVENT_COUNT; i++)
        json_array_append_new(events, json_string(tracing_event_defs[i].name));
    json_object_set_new(o, "nodes", names_json(r->names.nodes, r->names.n_nodes));
    json_object_set_new(o, "links", names_json(r->names.links, r->names.n_links));
    json_object_set_new(o, "ends", ends_json(r));
    json_object_set_new(o, "kinds", kinds);
    json_object_set_new(o, "events", events);
    json_object_set_new(o, "reasons", names_json(r->reasons, r->n_reasons));
    snprintf(last, sizeof last, "%" PRId64, r->last);
    json_object_set_new(o, "last", json_string(last));
    json_object_set_new(o, "messages", json_integer((json_int_t)r->n_messages));
    json_object_set_new(o, "allMessages", json_integer((json_int_t)r->all_messages));
    json_object_set_new(o, "hops", json_integer((json_int_t)r->n_hops));
    json_object_set_new(o, "marks", json_integer((json_int_t)r->n_marks));
    json_object_set_new(o, "columns", json_incref(c->list));
    char *text = json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII);
    struct rep_buf b = {0};
    rep_put(&b, text ? text : "{}", text ? strlen(text) : 2);
    rep_put_compressed(out, &b, "data-head");
    rep_buf_free(&b);
    free(text);
    json_decref(o);
}

void rep_write_data(const struct report *r, FILE *out)
{
    struct columns c = {.list = json_array()};
    struct rep_buf bytes = {0};
    size_t cut = cut_of(r);

    message_columns(r, &c);
    hop_columns(r, &c);
    mark_columns(r, &c);
    write_head(r, &c, out);
    rep_put_compressed(out, &c.bytes, "data-columns");
    rep_put_compressed(out, &r->texts, "data-texts");
    for (size_t i = 0; i < r->n_messages; i++)
        rep_put(&bytes, r->messages[i].bytes, kept_of(&r->messages[i], cut));
    rep_put_compressed(out, &bytes, "data-bytes");
    rep_buf_free(&bytes);
    rep_buf_free(&c.bytes);
    json_decref(c.list);
}
