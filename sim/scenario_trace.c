/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_trace.c - `trace`: how much goes into a run's event trace. Its keys, the rules between them, what
 * its lists stand for, and the command line's say in it.
 *
 * The names of events are those of the trace (tracing_events.c); a unit test compares.
 */
#include "sim/scenario_internal.h"
#include "tracing/tracing.h"
#include <stdlib.h>
#include <string.h>

#define AT(m)    .offset = offsetof(struct scn_trace, m), .size = sizeof(((struct scn_trace *)0)->m)
#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const levels[] = {"messages", "device", "all", NULL};
const char *const scn_trace_events[] = {[TR_NODE_STATE] = "node_state",
                                        [TR_CONSOLE_LINE] = "console_line",
                                        [TR_FRAME_TX] = "frame_tx",
                                        [TR_FRAME_RX] = "frame_rx",
                                        [TR_LINK_QUEUED] = "link_queued",
                                        [TR_LINK_SENT] = "link_sent",
                                        [TR_LINK_ARRIVED] = "link_arrived",
                                        [TR_LINK_DROPPED] = "link_dropped",
                                        [TR_LINK_TRAINING] = "link_training",
                                        [TR_LINK_UP] = "link_up",
                                        [TR_PACKET_TX] = "packet_tx",
                                        [TR_PACKET_RX] = "packet_rx",
                                        [TR_ADAPTER_TRAIN] = "adapter_train",
                                        [TR_GUEST_EVENT] = "guest_event",
                                        [TR_FAULT] = "fault",
                                        [TR_NODE_FAULT] = "node_fault",
                                        [TR_DOORBELL] = "doorbell",
                                        [TR_MESSAGE] = "message",
                                        [TR_DMA] = "dma",
                                        [TR_COMPLETION] = "completion",
                                        [TR_INTERRUPT] = "interrupt",
                                        [TR_GRANT] = "grant",
                                        [TR_EVENT_COUNT] = NULL};
_Static_assert(TR_EVENT_COUNT < 64, "one bit each");

#define BIT(id) (UINT64_C(1) << (id))
#define DEVICE_EVENTS                                                                                        \
    (BIT(TR_DOORBELL) | BIT(TR_MESSAGE) | BIT(TR_DMA) | BIT(TR_COMPLETION) | BIT(TR_INTERRUPT))

static const struct scn_key trace_keys[] = {
    {.key = "level",
     .type = SCN_T_WORD,
     AT(level),
     .words = levels,
     .def = "messages",
     .help =
         "`messages`: frames, packets, links, consoles, faults and how nodes fare. `device`: also what the "
         "fabric adapters do: doorbells, messages, DMA, completions, interrupts. `all`: also every grant."},
    {.key = "nodes",
     .type = SCN_T_NAMES,
     AT(nodes),
     .aux = offsetof(struct scn_trace, n_nodes),
     .min = 1,
     .max = SCN_MAX_NODES,
     .help = "Names of nodes, asterisks allowed: of the others only the states are traced. Default: all."},
    {.key = "links",
     .type = SCN_T_NAMES,
     AT(links),
     .aux = offsetof(struct scn_trace, n_links),
     .min = 1,
     .max = SCN_MAX_LINKS,
     .help = "Names of links, asterisks allowed: the others are not traced. Default: all. Captures are not "
             "concerned."},
    {.key = "events",
     .type = SCN_T_NAMES,
     AT(events),
     .aux = offsetof(struct scn_trace, n_events),
     .words = scn_trace_events,
     .min = 1,
     .max = TR_EVENT_COUNT,
     .help = "Only these events, by their names in the trace (docs/trace.md); `node_state` always is. "
             "Default: all that the level has."},
};

const struct scn_table scn_table_trace = {.id = "trace",
                                          .title = "`trace`",
                                          .keys = trace_keys,
                                          .n_keys = COUNT(trace_keys),
                                          .may_be_empty = true,
                                          .help = "How much goes into the event trace."};

static bool any_match(char *const *names, unsigned n, const char *name)
{
    for (unsigned i = 0; i < n; i++)
        if (scn_name_matches(names[i], name))
            return true;
    return n == 0;
}

bool scn_trace_node(const struct scenario *s, unsigned node)
{
    return any_match(s->trace.nodes, s->trace.n_nodes, s->nodes[node].name);
}

bool scn_trace_link(const struct scenario *s, unsigned link)
{
    return any_match(s->trace.links, s->trace.n_links, s->links[link].name);
}

uint64_t scn_trace_mask(const struct scenario *s)
{
    uint64_t listed = 0, level = ~UINT64_C(0);

    if (s->trace.level < SCN_TRACE_ALL)
        level &= ~BIT(TR_GRANT);
    if (s->trace.level < SCN_TRACE_DEVICE)
        level &= ~DEVICE_EVENTS;
    for (unsigned i = 0; i < s->trace.n_events; i++)
        for (unsigned id = 0; id < TR_EVENT_COUNT; id++)
            if (strcmp(scn_trace_events[id], s->trace.events[i]) == 0)
                listed |= BIT(id);
    return (s->trace.n_events ? listed : ~UINT64_C(0)) & level & (BIT(TR_EVENT_COUNT) - 1);
}

bool scn_trace_device(const struct scenario *s, unsigned node)
{
    return scn_trace_node(s, node) && (scn_trace_mask(s) & DEVICE_EVENTS);
}

bool scn_trace_grants(const struct scenario *s, unsigned node)
{
    return scn_trace_node(s, node) && (scn_trace_mask(s) & BIT(TR_GRANT));
}

/* The first name that stands for nothing, or that the level leaves out. 0, or -1 with a sentence. */
static int check(const struct scenario *s, char *why, size_t size)
{
    const struct scn_trace *t = &s->trace;

    for (unsigned i = 0; i < t->n_nodes; i++) {
        bool any = false;
        for (unsigned k = 0; k < s->n_nodes; k++)
            any = any || scn_name_matches(t->nodes[i], s->nodes[k].name);
        if (!any) {
            snprintf(why, size, "no node is called \"%.60s\"", t->nodes[i]);
            return -1;
        }
    }
    for (unsigned i = 0; i < t->n_links; i++) {
        bool any = false;
        for (unsigned k = 0; k < s->n_links; k++)
            any = any || scn_name_matches(t->links[i], s->links[k].name);
        if (!any) {
            snprintf(why, size, "no link is called \"%.80s\"", t->links[i]);
            return -1;
        }
    }
    for (unsigned i = 0; i < t->n_events; i++) {
        struct scenario one = *s;
        one.trace.events = &t->events[i];
        one.trace.n_events = 1;
        if (!scn_trace_mask(&one)) {
            snprintf(why, size, "level \"%s\" has no event \"%s\"", levels[t->level], t->events[i]);
            return -1;
        }
    }
    return 0;
}

void scn_read_trace(struct scn_reader *r, const struct scn_yaml *y)
{
    struct scn_where where = {0};
    char why[160];

    scn_read_object(r, &scn_table_trace, y, NULL, &r->s->trace, &where);
    if (y && check(r->s, why, sizeof why) < 0)
        scn_error(r->d, y->pos, "trace: %s", why);
}

static void add(char ***list, unsigned *n, const char *text, size_t len)
{
    char **grown = scn_alloc((*n + 1) * sizeof *grown);

    if (*n)
        memcpy(grown, *list, *n * sizeof *grown);
    grown[*n] = scn_printf("%.*s", (int)len, text);
    free(*list);
    *list = grown;
    ++*n;
}

static void clear(char ***list, unsigned *n)
{
    for (unsigned i = 0; i < *n; i++)
        free((*list)[i]);
    free(*list);
    *list = NULL;
    *n = 0;
}

static int set_level(struct scenario *s, const char *level, char *why, size_t size)
{
    char hint[128];

    for (unsigned i = 0; levels[i]; i++)
        if (strcmp(level, levels[i]) == 0) {
            s->trace.level = i;
            return 0;
        }
    snprintf(why, size, "there is no such level%s",
             scn_hint(hint, sizeof hint, level, levels, 3, "there are"));
    return -1;
}

static int set_filter(struct scenario *s, const char *filter, char *why, size_t size)
{
    struct scn_trace *t = &s->trace;
    char hint[400];

    clear(&t->nodes, &t->n_nodes);
    clear(&t->links, &t->n_links);
    clear(&t->events, &t->n_events);
    for (const char *p = filter; *p; p += *p == ',') {
        size_t len = strcspn(p, ",");
        const char *equals = memchr(p, '=', len), *value = equals ? equals + 1 : p;
        size_t value_len = len - (size_t)(value - p);
        if (!equals || !value_len) {
            snprintf(why, size, "\"%.*s\" is not node=NAME, link=NAME or event=NAME", (int)len, p);
            return -1;
        }
        if (equals - p == 4 && memcmp(p, "node", 4) == 0) {
            add(&t->nodes, &t->n_nodes, value, value_len);
        } else if (equals - p == 4 && memcmp(p, "link", 4) == 0) {
            add(&t->links, &t->n_links, value, value_len);
        } else if (equals - p == 5 && memcmp(p, "event", 5) == 0) {
            add(&t->events, &t->n_events, value, value_len);
            const char *name = t->events[t->n_events - 1];
            bool known = false;
            for (unsigned id = 0; id < TR_EVENT_COUNT; id++)
                known = known || strcmp(scn_trace_events[id], name) == 0;
            if (!known) {
                snprintf(why, size, "there is no event \"%.60s\"%s", name,
                         scn_hint(hint, sizeof hint, name, scn_trace_events, TR_EVENT_COUNT, "there are"));
                return -1;
            }
        } else {
            snprintf(why, size, "\"%.*s\": the filter has node, link and event", (int)(equals - p), p);
            return -1;
        }
        p += len;
    }
    return 0;
}

int scn_trace_override(struct scenario *s, const char *level, const char *filter, char *why, size_t size)
{
    if ((level && set_level(s, level, why, size) < 0) || (filter && set_filter(s, filter, why, size) < 0))
        return -1;
    return check(s, why, size);
}

void scn_free_trace(struct scenario *s)
{
    scn_free_object(&scn_table_trace, &s->trace);
}

bool scn_trace_is_default(const struct scenario *s)
{
    return s->trace.level == SCN_TRACE_MESSAGES && !s->trace.n_nodes && !s->trace.n_links &&
           !s->trace.n_events;
}
