/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_topology.c - `topology:` becomes ordinary switches and links.
 *
 * What it stands for is added to the tree as if it had been written in the file: a mapping of switches and a
 * list of links, which the readers of these sections then read (and check, and default) like the user's own.
 * So errors in its values are reported where they stand in `topology:`, and the dump shows nothing of it but
 * its results.
 *
 *   pair         node -- node
 *   star         nodes -- <name>
 *   ring         nodes -- <name>0 .. <name>(N-1), each linked with the next one, the last with the first
 *   leaf-spine   nodes -- <name>-leaf0 .., each linked with each of <name>-spine0 ..
 *   torus        nodes -- <name>0 .., counted along the first dimension first; each linked with the next one
 *                of each dimension, all round
 *
 * Longer than most: the table of the section stands here, with the struct that nobody else needs.
 */
#include "sim/scenario_internal.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DIMENSIONS 4

struct scn_topology {
    unsigned kind; /* index into scn_topology_kinds */
    char *nodes, *name, *profile, *size;
    unsigned per_switch, spines;
};

static const char *const kinds[] = {"pair", "ring", "star", "leaf-spine", "torus", NULL};
enum { PAIR, RING, STAR, LEAF_SPINE, TORUS };

#define AT(m) .offset = offsetof(struct scn_topology, m), .size = sizeof(((struct scn_topology *)0)->m)

static const struct scn_key topology_keys[] = {
    {.key = "kind",
     .type = SCN_T_WORD,
     .flags = SCN_F_REQUIRED,
     AT(kind),
     .words = kinds,
     .help = "`pair`: two nodes, linked directly. `star`: all nodes on one switch. `ring`, `torus`: switches "
             "in a ring or in a torus of `size`. `leaf-spine`: each leaf is linked with each of `spines`."},
    {.key = "nodes",
     .type = SCN_T_LINE,
     AT(nodes),
     .min = 1,
     .max = 60,
     .def = "*",
     .help =
         "Which nodes take part, with their adapter `fab0`: a name, asterisks stand for anything. They are "
         "dealt to the switches in index order."},
    {.key = "name",
     .type = SCN_T_NAME,
     AT(name),
     .max = 20,
     .def = "net",
     .help = "What the switches' names begin with: `net` (star), `net0`.. (ring, torus), `net-leaf0`.. and "
             "`net-spine0`..."},
    {.key = "size",
     .type = SCN_T_LINE,
     AT(size),
     .min = 1,
     .max = 40,
     .help = "Of a torus: switches in each dimension, at most four, as in `4x4` or `4x2x2`."},
    {.key = "per-switch",
     .type = SCN_T_INT,
     AT(per_switch),
     .min = 1,
     .max = SCN_MAX_NODES,
     .def = "1",
     .help = "Nodes on each switch of a ring or torus and on each leaf (the last leaf may have fewer)."},
    {.key = "spines",
     .type = SCN_T_INT,
     AT(spines),
     .min = 1,
     .max = 32,
     .def = "2",
     .help = "Spines of a leaf-spine."},
    {.key = "profile",
     .type = SCN_T_WORD_TEXT,
     AT(profile),
     .words = scn_profile_names,
     .def = SCN_DEFAULT_PROFILE,
     .help = "Profile of all links and of the switches' latency, for what is not given below."},
    {.key = "switch",
     .type = SCN_T_DEFAULTS,
     .sub = &scn_table_switch,
     .help = "`mode`, `latency` and `radix` of the switches."},
    {.key = "link", .type = SCN_T_DEFAULTS, .sub = &scn_table_link, .help = "Keys of all links."},
    {.key = "trunk",
     .type = SCN_T_DEFAULTS,
     .sub = &scn_table_link,
     .help = "Keys of the links between switches, instead of those in `link`."},
};

const struct scn_table scn_table_topology = {
    .id = "topology",
    .title = "`topology`",
    .keys = topology_keys,
    .n_keys = sizeof topology_keys / sizeof *topology_keys,
    .help =
        "Makes fabric switches and links for the nodes' adapters. It is expanded into ordinary switches and "
        "links, which `cob validate --resolved` shows; `switches` and `links` may add more."};

/* ---- what is built ---- */

struct build {
    struct scn_reader *r;
    struct scn_topology t;
    size_t pos;
    const struct scn_yaml *switch_keys, *link_keys, *trunk_keys; /* may be NULL */
    struct scn_yaml *switches, *links;
    unsigned node[SCN_MAX_NODES], n_nodes; /* that take part */
};

static struct scn_yaml *new_item(struct build *b, enum scn_yaml_kind kind, const char *text)
{
    struct scn_yaml *y = scn_alloc(sizeof *y);

    y->kind = kind;
    y->pos = b->pos;
    y->text = text ? scn_strdup(text) : NULL;
    y->next = b->r->tree->all;
    b->r->tree->all = y;
    return y;
}

/* key NULL: into a list. */
static void put(struct build *b, struct scn_yaml *to, const char *key, const struct scn_yaml *value)
{
    if (key) {
        to->keys = scn_grow(to->keys, to->n, &to->cap_keys, sizeof *to->keys);
        to->keys[to->n] = new_item(b, SCN_SCALAR, key);
    }
    to->items = scn_grow(to->items, to->n, &to->cap_items, sizeof *to->items);
    to->items[to->n++] = (struct scn_yaml *)value;
}

static void put_text(struct build *b, struct scn_yaml *to, const char *key, const char *text)
{
    put(b, to, key, new_item(b, SCN_SCALAR, text));
}

static void put_number(struct build *b, struct scn_yaml *to, const char *key, unsigned value)
{
    char *text = scn_printf("%u", value);
    struct scn_yaml *y = new_item(b, SCN_SCALAR, text);

    y->plain = true;
    put(b, to, key, y);
    free(text);
}

static void put_all(struct build *b, struct scn_yaml *to, const struct scn_yaml *from)
{
    for (size_t i = 0; from && from->kind == SCN_MAP && i < from->n; i++)
        put(b, to, from->keys[i]->text, from->items[i]);
}

static void add_switch(struct build *b, const char *name)
{
    struct scn_yaml *sw = new_item(b, SCN_MAP, NULL);
    const char *latency = scn_profile_value(b->t.profile, "switch latency");

    put_text(b, sw, "kind", "fabric");
    put_all(b, sw, b->switch_keys);
    if (latency && !scn_yaml_get(sw, "latency", NULL))
        put_text(b, sw, "latency", latency);
    put(b, b->switches, name, sw);
}

/* Takes the names. */
static void add_link(struct build *b, char *from, char *to, const struct scn_yaml *keys, int dimension)
{
    struct scn_yaml *link = new_item(b, SCN_MAP, NULL), *ends = new_item(b, SCN_LIST, NULL);

    put_text(b, ends, NULL, from);
    put_text(b, ends, NULL, to);
    put(b, link, "endpoints", ends);
    put_all(b, link, keys);
    if (!scn_yaml_get(link, "profile", NULL))
        put_text(b, link, "profile", b->t.profile);
    if (dimension >= 0 && !scn_yaml_get(link, "dimension", NULL))
        put_number(b, link, "dimension", (unsigned)dimension);
    put(b, b->links, NULL, link);
    free(from);
    free(to);
}

static char *adapter_of(const struct build *b, unsigned i)
{
    return scn_printf("%s:fab0", b->r->s->nodes[b->node[i]].name);
}

static char *switch_name(const struct build *b, const char *what, unsigned i)
{
    return scn_printf("%s%s%u", b->t.name, what, i);
}

/* Switches <name><what>0.. for the nodes; returns how many. */
static unsigned seat_nodes(struct build *b, const char *what)
{
    unsigned n = (b->n_nodes + b->t.per_switch - 1) / b->t.per_switch;

    for (unsigned i = 0; i < n; i++) {
        char *name = switch_name(b, what, i);

        add_switch(b, name);
        free(name);
    }
    for (unsigned i = 0; i < b->n_nodes; i++)
        add_link(b, adapter_of(b, i), switch_name(b, what, i / b->t.per_switch), b->link_keys, -1);
    return n;
}

static void build_pair(struct build *b)
{
    if (b->n_nodes != 2)
        scn_error(b->r->d, b->pos, "topology: a pair has 2 nodes, but %u match", b->n_nodes);
    else
        add_link(b, adapter_of(b, 0), adapter_of(b, 1), b->link_keys, -1);
}

static void build_star(struct build *b)
{
    add_switch(b, b->t.name);
    for (unsigned i = 0; i < b->n_nodes; i++)
        add_link(b, adapter_of(b, i), scn_strdup(b->t.name), b->link_keys, -1);
}

static void build_leaf_spine(struct build *b)
{
    unsigned leaves = seat_nodes(b, "-leaf");

    for (unsigned i = 0; i < b->t.spines; i++) {
        char *name = switch_name(b, "-spine", i);

        add_switch(b, name);
        free(name);
    }
    for (unsigned leaf = 0; leaf < leaves; leaf++)
        for (unsigned spine = 0; spine < b->t.spines; spine++)
            add_link(b, switch_name(b, "-leaf", leaf), switch_name(b, "-spine", spine), b->trunk_keys, -1);
}

static void build_torus(struct build *b, const unsigned size[MAX_DIMENSIONS])
{
    unsigned n = seat_nodes(b, "");

    for (unsigned i = 0; i < n; i++)
        for (unsigned d = 0, step = 1; d < MAX_DIMENSIONS; step *= size[d++]) {
            unsigned at = i / step % size[d], next = (at + 1) % size[d];

            /* two in a dimension: one link joins them, not two */
            if (size[d] > 2 || (size[d] == 2 && at == 0))
                add_link(b, switch_name(b, "", i), switch_name(b, "", i - at * step + next * step),
                         b->trunk_keys, (int)d);
        }
}

/* "4x2x2"; false (reported) if it is something else or does not fit the nodes. */
static bool read_size(struct build *b, unsigned size[MAX_DIMENSIONS])
{
    unsigned product = 1, n = 0;
    const char *p = b->t.size;

    for (unsigned d = 0; d < MAX_DIMENSIONS; d++)
        size[d] = 1;
    if (!p) {
        scn_error(b->r->d, b->pos, "topology: a torus needs its \"size\", as in 4x4");
        return false;
    }
    do {
        char *end;
        unsigned long v = *p >= '0' && *p <= '9' ? strtoul(p, &end, 10) : 0;

        if (v < 1 || v > SCN_MAX_SWITCHES || n == MAX_DIMENSIONS || (*end && *end != 'x')) {
            scn_error(b->r->d, b->pos,
                      "topology: size: \"%s\" is none: write one to %d numbers, as in 4x4 or 4x2x2",
                      b->t.size, MAX_DIMENSIONS);
            return false;
        }
        size[n++] = (unsigned)v;
        product *= (unsigned)v;
        p = *end ? end + 1 : "";
    } while (*p && product <= SCN_MAX_SWITCHES);
    if (product * b->t.per_switch == b->n_nodes)
        return true;
    scn_error(b->r->d, b->pos,
              "topology: a torus of %s with %u nodes on each switch has %u nodes, but %u match", b->t.size,
              b->t.per_switch, product * b->t.per_switch, b->n_nodes);
    return false;
}

static void build(struct build *b)
{
    unsigned size[MAX_DIMENSIONS] = {1, 1, 1, 1};

    switch (b->t.kind) {
    case PAIR:
        build_pair(b);
        break;
    case STAR:
        build_star(b);
        break;
    case RING:
        size[0] = b->n_nodes / b->t.per_switch;
        if (b->n_nodes % b->t.per_switch)
            scn_error(b->r->d, b->pos, "topology: %u nodes cannot be dealt out by %u", b->n_nodes,
                      b->t.per_switch);
        else
            build_torus(b, size);
        break;
    case LEAF_SPINE:
        build_leaf_spine(b);
        break;
    default:
        if (read_size(b, size))
            build_torus(b, size);
    }
}

void scn_expand_topology(struct scn_reader *r, const struct scn_yaml *y, struct scn_yaml **switches,
                         struct scn_yaml **links)
{
    struct build b = {.r = r, .pos = y->pos};
    struct scn_where where = {0};
    unsigned before = r->d->n_errors;

    scn_read_object(r, &scn_table_topology, y, NULL, &b.t, &where);
    if (!scn_yaml_get(y, "kind", NULL))
        scn_error(r->d, y->pos, "topology: \"kind\" is missing");
    b.switch_keys = scn_yaml_get(y, "switch", NULL);
    b.link_keys = scn_yaml_get(y, "link", NULL);
    b.trunk_keys = scn_yaml_get(y, "trunk", NULL);
    if (b.switch_keys)
        scn_read_keys(r, &scn_table_switch, b.switch_keys, true);
    if (b.link_keys)
        scn_read_keys(r, &scn_table_link, b.link_keys, true);
    if (b.trunk_keys)
        scn_read_keys(r, &scn_table_link, b.trunk_keys, true);
    else
        b.trunk_keys = b.link_keys;
    for (unsigned i = 0; i < r->s->n_nodes; i++)
        if (b.t.nodes && scn_name_matches(b.t.nodes, r->s->nodes[i].name))
            b.node[b.n_nodes++] = i;
    *switches = b.switches = new_item(&b, SCN_MAP, NULL);
    *links = b.links = new_item(&b, SCN_LIST, NULL);
    if (r->d->n_errors == before && b.n_nodes == 0)
        scn_error(r->d, y->pos, "topology: no node's name matches \"%s\"", b.t.nodes);
    if (r->d->n_errors == before)
        build(&b);
    scn_free_object(&scn_table_topology, &b.t);
}
