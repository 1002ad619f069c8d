/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay_fabric.c - `cob replay RUN --fabric SCENARIO`: the run's traffic over its own interconnect and over
 * another one, side by side: latencies for each pair of nodes and kind of packet, queues of each link's ends.
 *
 * Both sides are simulated, in the same way. That of the run is held against the log: what was recorded must
 * come out to the picosecond, else the comparison is worth nothing, and that is said.
 */
#include "devices/fabric/fabric_wire.h"
#include "devices/port/port.h"
#include "sim/replay.h"
#include "sim/replay_traffic.h"
#include "sim/run.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { KINDS = 12, ETHERNET = 0 }; /* kind of a frame of Ethernet; else enum fab_packet */

static const char *const kind_names[KINDS] = {
    [ETHERNET] = "ethernet",       [FAB_P_SEND] = "send",
    [FAB_P_DATAGRAM] = "datagram", [FAB_P_WRITE] = "write",
    [FAB_P_READ] = "read",         [FAB_P_READ_DATA] = "read-data",
    [FAB_P_ATOMIC] = "atomic",     [FAB_P_ATOMIC_OLD] = "atomic-old",
    [FAB_P_ACK] = "ack",           [FAB_P_NAK] = "nak",
    [FAB_P_PROBE] = "probe"};

/* Latencies of one pair and kind over one interconnect. */
struct sample {
    vtime_t *ps;
    size_t n, room;
    vtime_t median, p99, max;
};

/* from, to: nodes; n_nodes stands for any. */
struct row {
    unsigned from, to, kind;
    struct sample was, is;
};

struct table {
    const struct scenario *own, *other;
    struct replay_traffic t;
    struct replay_outcome *was, *is;
    struct row *row; /* [(from * (n + 1) + to) * KINDS + kind]: those with something in them are shown */
    size_t n_rows;
    uint64_t recorded, confirmed; /* deliveries in the logs; of them simulated at the very time */
};

/* ---- samples ---- */

static void add(struct sample *s, vtime_t ps)
{
    if (s->n == s->room) {
        s->room = s->room ? 2 * s->room : 64;
        s->ps = realloc(s->ps, s->room * sizeof *s->ps);
        assert(s->ps);
    }
    s->ps[s->n++] = ps;
}

static int by_value(const void *a, const void *b)
{
    vtime_t x = *(const vtime_t *)a, y = *(const vtime_t *)b;
    return x < y ? -1 : x > y;
}

/* The smallest value that so many per cent do not exceed. */
static vtime_t percentile(const struct sample *s, unsigned percent)
{
    return s->ps[(s->n * percent + 99) / 100 - 1];
}

static void summarise(struct sample *s)
{
    if (!s->n)
        return;
    qsort(s->ps, s->n, sizeof *s->ps, by_value);
    s->median = percentile(s, 50);
    s->p99 = percentile(s, 99);
    s->max = s->ps[s->n - 1];
}

static unsigned kind_of(const struct table *t, const struct replay_emission *e)
{
    const struct replay_head *h = &t->t.log[e->node]->head;
    struct fab_wire w;

    if (!h->adapter || e->rec->arg != h->adapter_nic || e->rec->len < sizeof w)
        return ETHERNET;
    memcpy(&w, e->rec->data, sizeof w);
    return w.type < KINDS && kind_names[w.type] ? w.type : ETHERNET;
}

static struct row *row_of(struct table *t, unsigned from, unsigned to, unsigned kind)
{
    return &t->row[((size_t)from * (t->t.n_nodes + 1) + to) * KINDS + kind];
}

static void fill_side(struct table *t, const struct replay_outcome *o, bool is)
{
    for (uint64_t i = 0; i < o->n_deliveries; i++) {
        const struct replay_delivery *d = &o->delivery[i];
        const struct replay_emission *e = &t->t.emission[d->emission];
        unsigned kind = kind_of(t, e), all = t->t.n_nodes;
        struct row *rows[] = {row_of(t, e->node, d->node, kind), row_of(t, all, all, kind)};
        for (unsigned k = 0; k < 2; k++)
            add(is ? &rows[k]->is : &rows[k]->was, d->at - e->at);
    }
}

static void fill(struct table *t)
{
    unsigned n = t->t.n_nodes + 1;

    t->n_rows = (size_t)n * n * KINDS;
    t->row = calloc(t->n_rows, sizeof *t->row);
    assert(t->row);
    fill_side(t, t->was, false);
    fill_side(t, t->is, true);
    for (size_t i = 0; i < t->n_rows; i++) {
        struct row *r = &t->row[i];
        r->kind = (unsigned)(i % KINDS);
        r->to = (unsigned)(i / KINDS % n);
        r->from = (unsigned)(i / KINDS / n);
        summarise(&r->was);
        summarise(&r->is);
    }
}

/* ---- is the simulation of the run what was recorded? ---- */

struct key {
    uint64_t frame;
    vtime_t at;
    uint32_t node, zero;
};

static int by_key(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct key));
}

static void confirm(struct table *t)
{
    struct key *k = calloc(t->was->n_deliveries + 1, sizeof *k);

    assert(k);
    for (uint64_t i = 0; i < t->was->n_deliveries; i++) {
        const struct replay_delivery *d = &t->was->delivery[i];
        k[i] = (struct key){.frame = t->t.emission[d->emission].rec->id, .at = d->at, .node = d->node};
    }
    qsort(k, t->was->n_deliveries, sizeof *k, by_key);
    for (unsigned n = 0; n < t->t.n_nodes; n++)
        for (size_t i = 0; i < t->t.log[n]->n_records; i++) {
            const struct replay_record *r = &t->t.log[n]->records[i];
            if (r->kind != REPLAY_DOWN || r->type != PORT_REC_FRAME)
                continue;
            struct key want = {.frame = r->id, .at = r->time_ps, .node = n};
            t->recorded++;
            t->confirmed += bsearch(&want, k, t->was->n_deliveries, sizeof *k, by_key) != NULL;
        }
    free(k);
}

/* ---- output ---- */

static const char *node_name(const struct table *t, unsigned i)
{
    return i < t->t.n_nodes ? t->own->nodes[i].name : "*";
}

/* "1234.567": ns with three decimals, exact. */
static const char *ns(const struct sample *s, vtime_t ps, char buf[32])
{
    if (s->n)
        snprintf(buf, 32, "%" PRId64 ".%03" PRId64, ps / 1000, ps % 1000);
    else
        strcpy(buf, "-");
    return buf;
}

static void print_row(const struct table *t, const struct row *r, FILE *out)
{
    char b[6][32];

    fprintf(out, "%-10s %-10s %-11s %8zu %12s %12s %12s | %8zu %12s %12s %12s\n", node_name(t, r->from),
            node_name(t, r->to), kind_names[r->kind], r->was.n, ns(&r->was, r->was.median, b[0]),
            ns(&r->was, r->was.p99, b[1]), ns(&r->was, r->was.max, b[2]), r->is.n,
            ns(&r->is, r->is.median, b[3]), ns(&r->is, r->is.p99, b[4]), ns(&r->is, r->is.max, b[5]));
}

static void print_rows(const struct table *t, bool totals, FILE *out)
{
    for (size_t i = 0; i < t->n_rows; i++) {
        const struct row *r = &t->row[i];
        if ((r->was.n || r->is.n) && (r->from == t->t.n_nodes) == totals)
            print_row(t, r, out);
    }
}

static const struct scn_link *find_link(const struct scenario *s, const char *name, unsigned *index)
{
    for (*index = 0; *index < s->n_links; ++*index)
        if (!strcmp(s->links[*index].name, name))
            return &s->links[*index];
    return NULL;
}

static void print_queue(const struct replay_queue *q, FILE *out)
{
    char stall[40];

    if (q)
        fprintf(out, " %9" PRIu64 " %10" PRIu32 " %10" PRIu32 " %14s %8" PRIu64, q->sent, q->peak_bytes,
                q->vc_peak_bytes, scn_format_time(q->stall_ps, stall, sizeof stall), q->dropped);
    else
        fprintf(out, " %9s %10s %10s %14s %8s", "-", "-", "-", "-", "-");
}

static void print_link(const char *name, const struct replay_outcome *was, unsigned old,
                       const struct replay_outcome *is, unsigned new, FILE *out)
{
    for (unsigned end = 0; end < 2; end++) {
        fprintf(out, "%-30s %3u", name, end);
        print_queue(was ? &was->queue[old][end] : NULL, out);
        fputs(" |", out);
        print_queue(is ? &is->queue[new][end] : NULL, out);
        fputc('\n', out);
    }
}

static void print_links(const struct table *t, FILE *out)
{
    unsigned k;

    fprintf(out, "\n%-30s %3s %9s %10s %10s %14s %8s | %9s %10s %10s %14s %8s\n", "link", "end", "sent",
            "queue peak", "buffer", "no credit", "dropped", "sent", "queue peak", "buffer", "no credit",
            "dropped");
    for (unsigned i = 0; i < t->own->n_links; i++) {
        bool both = find_link(t->other, t->own->links[i].name, &k) != NULL;
        print_link(t->own->links[i].name, t->was, i, both ? t->is : NULL, k, out);
    }
    for (unsigned i = 0; i < t->other->n_links; i++)
        if (!find_link(t->own, t->other->links[i].name, &k))
            print_link(t->other->links[i].name, NULL, 0, t->is, i, out);
}

/* Nobody cuts messages anew for links that take shorter packets. */
static void print_too_long(const struct table *t, FILE *out)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < t->other->n_links; i++)
        n += t->is->queue[i][0].too_long + t->is->queue[i][1].too_long;
    if (n)
        fprintf(
            out,
            "\n%" PRIu64
            " packets are too long for the links there (mtu) and were dropped: the right side lacks them\n",
            n);
}

static void print_table(const struct table *t, FILE *out)
{
    fprintf(out,
            "%zu emissions of %u nodes; latencies in ns from emission to arrival; left: as in the run, "
            "right: %s\n",
            t->t.n, t->t.n_nodes, t->other->path);
    fprintf(out, "%-10s %-10s %-11s %8s %12s %12s %12s | %8s %12s %12s %12s\n", "from", "to", "kind",
            "arrived", "median", "p99", "max", "arrived", "median", "p99", "max");
    print_rows(t, true, out);
    print_rows(t, false, out);
    print_links(t, out);
    print_too_long(t, out);
    fprintf(out,
            "\n%" PRIu64 " of %" PRIu64
            " recorded deliveries come out of the run's interconnect at their very time%s\n",
            t->confirmed, t->recorded,
            t->confirmed == t->recorded ? "" : ": the left side is not what happened in the run");
}

static json_t *sample_json(const struct sample *s)
{
    json_t *o = json_object();
    json_object_set_new(o, "arrived", json_integer((json_int_t)s->n));
    if (s->n) {
        json_object_set_new(o, "median_ps", json_integer(s->median));
        json_object_set_new(o, "p99_ps", json_integer(s->p99));
        json_object_set_new(o, "max_ps", json_integer(s->max));
    }
    return o;
}

static json_t *links_json(const struct scenario *s, const struct replay_outcome *o)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < s->n_links; i++)
        for (unsigned end = 0; end < 2; end++) {
            const struct replay_queue *q = &o->queue[i][end];
            json_t *l = json_object();
            json_object_set_new(l, "name", json_string(s->links[i].name));
            json_object_set_new(l, "end", json_integer(end));
            json_object_set_new(l, "sent_frames", json_integer((json_int_t)q->sent));
            json_object_set_new(l, "queue_peak_bytes", json_integer(q->peak_bytes));
            json_object_set_new(l, "buffer_peak_bytes", json_integer(q->vc_peak_bytes));
            json_object_set_new(l, "stall_ps", json_integer(q->stall_ps));
            json_object_set_new(l, "busy_ps", json_integer(q->busy_ps));
            json_object_set_new(l, "dropped", json_integer((json_int_t)q->dropped));
            json_array_append_new(list, l);
        }
    return list;
}

static void print_json(const struct table *t)
{
    json_t *o = json_object(), *rows = json_array();

    json_object_set_new(o, "event", json_string("fabric"));
    json_object_set_new(o, "emissions", json_integer((json_int_t)t->t.n));
    json_object_set_new(o, "recorded", json_integer((json_int_t)t->recorded));
    json_object_set_new(o, "confirmed", json_integer((json_int_t)t->confirmed));
    for (size_t i = 0; i < t->n_rows; i++) {
        const struct row *r = &t->row[i];
        if (!r->was.n && !r->is.n)
            continue;
        json_t *j = json_object();
        json_object_set_new(j, "from", json_string(node_name(t, r->from)));
        json_object_set_new(j, "to", json_string(node_name(t, r->to)));
        json_object_set_new(j, "kind", json_string(kind_names[r->kind]));
        json_object_set_new(j, "run", sample_json(&r->was));
        json_object_set_new(j, "other", sample_json(&r->is));
        json_array_append_new(rows, j);
    }
    json_object_set_new(o, "latencies", rows);
    json_object_set_new(o, "links_run", links_json(t->own, t->was));
    json_object_set_new(o, "links_other", links_json(t->other, t->is));
    json_dumpf(o, stdout, JSON_COMPACT);
    printf("\n");
    json_decref(o);
}

/* ---- life ---- */

static bool same_nodes(const struct scenario *a, const struct scenario *b)
{
    if (a->n_nodes != b->n_nodes || b->load.given)
        return false;
    for (unsigned i = 0; i < a->n_nodes; i++)
        if (strcmp(a->nodes[i].name, b->nodes[i].name) != 0)
            return false;
    return true;
}

static int run_both(struct table *t)
{
    t->was = replay_traffic_run(&t->t, t->own);
    t->is = t->was ? replay_traffic_run(&t->t, t->other) : NULL;
    if (!t->is) {
        fprintf(stderr, "cob replay: %s\n", strerror(errno));
        return EXIT_ENVIRONMENT;
    }
    if (t->was->trouble[0])
        fprintf(stderr, "cob replay: the run's interconnect: %s\n", t->was->trouble);
    if (t->is->trouble[0])
        fprintf(stderr, "cob replay: %s: %s\n", t->other->path, t->is->trouble);
    return t->was->trouble[0] || t->is->trouble[0] ? EXIT_USAGE : EXIT_OK;
}

static void table_free(struct table *t)
{
    for (size_t i = 0; i < t->n_rows; i++) {
        free(t->row[i].was.ps);
        free(t->row[i].is.ps);
    }
    free(t->row);
    if (t->was)
        replay_outcome_free(t->was, &t->t);
    if (t->is)
        replay_outcome_free(t->is, &t->t);
    replay_traffic_close(&t->t);
}

int replay_fabric(const struct replay_options *o)
{
    struct scenario *own = replay_scenario(o->run), *other = own ? scenario_load(o->fabric, stderr) : NULL;
    struct table t = {.own = own, .other = other};
    int status = EXIT_USAGE;

    if (other && !same_nodes(own, other)) {
        fprintf(stderr, "cob replay: %s must have the nodes of the run, in the same order\n", o->fabric);
    } else if (other && (status = replay_traffic_open(&t.t, o->run, own)) == EXIT_OK &&
               (status = run_both(&t)) == EXIT_OK) {
        confirm(&t);
        fill(&t);
        if (o->json)
            print_json(&t);
        else
            print_table(&t, stdout);
    }
    table_free(&t);
    scenario_free(own);
    scenario_free(other);
    return status;
}
