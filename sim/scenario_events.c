/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scenario_events.c - `events`: names for records of the event port; its keys, and reading them. */
#include "sim/scenario_internal.h"
#include "tracing/tracing_template.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define AT(m)    .offset = offsetof(struct scn_event, m), .size = sizeof(((struct scn_event *)0)->m)
#define COUNT(a) (sizeof(a) / sizeof *(a))

static const struct scn_key event_keys[] = {
    {.key = "type",
     .type = SCN_T_VALUE,
     .flags = SCN_F_REQUIRED,
     AT(type),
     .max = 65535,
     .help = "The record's type."},
    {.key = "text",
     .type = SCN_T_LINE,
     AT(text),
     .min = 1,
     .max = 500,
     .help = "How it is shown, e.g. `\"{u64} {arg: none, shared, exclusive} v{u64}\"`. Default: as it is."},
};

const struct scn_table scn_table_event = {.id = "event",
                                          .title = "An event",
                                          .keys = event_keys,
                                          .n_keys = COUNT(event_keys),
                                          .help = "A name for records of the event port."};

static void check_event(struct scn_reader *r, const struct scn_yaml *key, const struct scn_event *e,
                        const struct scn_where *where)
{
    const struct scenario *s = r->s;
    char why[200];

    if (!scn_name_ok(e->name, SCN_NAME_MAX))
        scn_error(r->d, key->pos,
                  "\"%.60s\" is no name: a letter, then letters, digits and hyphens, at most %d in all",
                  e->name, SCN_NAME_MAX);
    if (where->origin[scn_where_key(&scn_table_event, "type")] == SCN_ABSENT)
        scn_error(r->d, key->pos, "\"type\" is missing: which records are called \"%.60s\"?", e->name);
    if (e->text && !tracing_template_check(e->text, why, sizeof why))
        scn_error(r->d, where->pos[scn_where_key(&scn_table_event, "text")], "text: %s", why);
    for (unsigned i = 0; i < s->n_events; i++)
        if (s->events[i].type == e->type || strcmp(s->events[i].name, e->name) == 0)
            scn_error(r->d, key->pos, "there is an event of this %s already: \"%.60s\"",
                      s->events[i].type == e->type ? "type" : "name", s->events[i].name);
}

void scn_read_events(struct scn_reader *r, const struct scn_yaml *y)
{
    struct scenario *s = r->s;

    if (y && !s->events)
        s->events = scn_alloc(SCN_MAX_EVENTS * sizeof *s->events);
    for (size_t i = 0; y && i < y->n; i++) {
        if (s->n_events == SCN_MAX_EVENTS) {
            scn_error(r->d, y->keys[i]->pos, "more than %d events", SCN_MAX_EVENTS);
            break;
        }
        struct scn_event *e = &s->events[s->n_events];
        struct scn_where where = {0};
        scn_read_object(r, &scn_table_event, y->items[i], NULL, e, &where);
        e->name = scn_strdup(y->keys[i]->text);
        check_event(r, y->keys[i], e, &where);
        s->n_events++;
    }
}

void scn_free_events(struct scenario *s, unsigned first)
{
    for (unsigned i = first; i < s->n_events; i++) {
        scn_free_object(&scn_table_event, &s->events[i]);
        free(s->events[i].name);
        s->events[i] = (struct scn_event){0};
    }
    s->n_events = first;
}
