/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_links.c - endpoints, links, and the rules that concern them.
 *
 *   endpoint := node ":eth" N  |  node ":fab0"  |  switch
 *
 * In one endpoint of an entry the node's name may hold asterisks; the entry then makes one link for each node
 * that matches, in index order. Every port carries exactly one link, a node's interfaces have no gaps, and
 * links between Ethernet switches form no loop. Interfaces and Ethernet switches are one world, adapters
 * (fab0) and fabric switches another; no link leads from one to the other.
 *
 * Longer than most: the rules share what is known of the links read so far.
 */
#include "sim/scenario_internal.h"
#include <stdlib.h>
#include <string.h>

#define MAX_NAMES (SCN_MAX_NODES + SCN_MAX_SWITCHES)

struct endpoint {
    const struct scn_yaml *y;
    const char *text;
    char node[64];      /* of a node's endpoint: what stands before the colon */
    bool wild;          /* node is a pattern */
    struct scn_end end; /* index is not set if wild */
};

struct links {
    struct scn_reader *r;
    const struct scn_yaml *used[SCN_MAX_NODES][SCN_MAX_NICS]; /* where a port was first named */
    const struct scn_yaml *used_fab0[SCN_MAX_NODES];
    unsigned n_links[SCN_MAX_SWITCHES]; /* of a switch */
    uint32_t mtu[SCN_MAX_SWITCHES];     /* of the first link of a fabric switch */
    unsigned group[SCN_MAX_SWITCHES];   /* of switches connected so far: union-find */
};

bool scn_name_matches(const char *pattern, const char *name)
{
    const char *star = NULL, *retry = NULL;

    while (*name)
        if (*pattern == '*') {
            star = pattern++;
            retry = name;
        } else if (*pattern == *name) {
            pattern++;
            name++;
        } else if (star) { /* let the last asterisk take one character more */
            pattern = star + 1;
            name = ++retry;
        } else {
            return false;
        }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

int scn_find_node(const struct scenario *s, const char *name)
{
    for (unsigned i = 0; i < s->n_nodes; i++)
        if (strcmp(s->nodes[i].name, name) == 0)
            return (int)i;
    return -1;
}

int scn_find_switch(const struct scenario *s, const char *name)
{
    for (unsigned i = 0; i < s->n_switches; i++)
        if (strcmp(s->switches[i].name, name) == 0)
            return (int)i;
    return -1;
}

static void unknown_name(struct scn_reader *r, size_t pos, const char *what, const char *name)
{
    const char *words[MAX_NAMES];
    const char *like;
    size_t n = 0;

    for (unsigned i = 0; i < r->s->n_nodes; i++)
        words[n++] = r->s->nodes[i].name;
    for (unsigned i = 0; i < r->s->n_switches; i++)
        words[n++] = r->s->switches[i].name;
    like = scn_suggest(name, words, n);
    if (like)
        scn_error(r->d, pos, "there is no %s \"%.60s\" (did you mean \"%s\"?)", what, name, like);
    else
        scn_error(r->d, pos, "there is no %s \"%.60s\"", what, name);
}

/* "ethN" or "fab0"; false (reported) if it is neither. */
static bool read_nic(struct scn_reader *r, struct endpoint *e, const char *text, unsigned *nic)
{
    e->end.adapter = strcmp(text, "fab0") == 0;
    if (e->end.adapter)
        return true;
    if (strncmp(text, "eth", 3) == 0 && text[3] >= '0' && text[3] < '0' + SCN_MAX_NICS && text[4] == '\0') {
        *nic = (unsigned)(text[3] - '0');
        return true;
    }
    scn_error(
        r->d, e->y->pos,
        "endpoints: \"%.60s\" is no interface: write eth0 to eth%d, or fab0 for the fabric adapter, after "
        "the node's name",
        text, SCN_MAX_NICS - 1);
    return false;
}

static bool read_endpoint(struct scn_reader *r, const struct scn_yaml *y, struct endpoint *e)
{
    const char *colon;
    int index;

    *e = (struct endpoint){.y = y};
    if (!scn_read_text(r, "endpoints", y, &e->text))
        return false;
    colon = strchr(e->text, ':');
    snprintf(e->node, sizeof e->node, "%.*s", colon ? (int)(colon - e->text) : 63, e->text);
    if (!colon) {
        index = scn_find_switch(r->s, e->text);
        e->end.is_switch = true;
        e->end.index = index < 0 ? 0 : (unsigned)index;
        if (index >= 0)
            return true;
        if (scn_find_node(r->s, e->text) >= 0)
            scn_error(r->d, y->pos, "\"%s\" is a node: name one of its interfaces, as in \"%s:eth0\"",
                      e->text, e->text);
        else
            unknown_name(r, y->pos, "switch", e->text);
        return false;
    }
    e->wild = strchr(e->node, '*') != NULL;
    if (!e->wild) {
        index = scn_find_node(r->s, e->node);
        if (index < 0 && scn_find_switch(r->s, e->node) >= 0)
            scn_error(r->d, y->pos, "\"%s\" is a switch: write only its name, its ports have none", e->node);
        else if (index < 0)
            unknown_name(r, y->pos, "node", e->node);
        if (index < 0)
            return false;
        e->end.index = (unsigned)index;
    }
    return read_nic(r, e, colon + 1, &e->end.nic);
}

static char *default_name(const struct scenario *s, const struct scn_end end[2])
{
    char *part[2], *name;

    for (unsigned i = 0; i < 2; i++)
        if (end[i].is_switch)
            part[i] = scn_strdup(s->switches[end[i].index].name);
        else if (end[i].adapter)
            part[i] = scn_printf("%s-fab0", s->nodes[end[i].index].name);
        else
            part[i] = scn_printf("%s-eth%u", s->nodes[end[i].index].name, end[i].nic);
    name = scn_printf("%s--%s", part[0], part[1]);
    free(part[0]);
    free(part[1]);
    return name;
}

static unsigned group_of(struct links *ls, unsigned sw)
{
    while (ls->group[sw] != sw)
        sw = ls->group[sw] = ls->group[ls->group[sw]];
    return sw;
}

static bool is_fabric(const struct scenario *s, const struct scn_end *end)
{
    return end->is_switch ? s->switches[end->index].fabric : end->adapter;
}

static enum scn_net net_of(const struct scenario *s, const struct endpoint e[2])
{
    return is_fabric(s, &e[0].end) || is_fabric(s, &e[1].end) ? SCN_FABRIC : SCN_ETHERNET;
}

/* Both ends belong to the same world. */
static bool check_worlds(struct links *ls, const struct scn_end end[2], const struct endpoint e[2])
{
    const struct scenario *s = ls->r->s;
    unsigned fab = is_fabric(s, &end[0]) ? 0 : 1;

    if (is_fabric(s, &end[0]) == is_fabric(s, &end[1]))
        return true;
    scn_error(ls->r->d, e[!fab].y->pos,
              "\"%s\" is %s and \"%s\" %s: an adapter (fab0) is linked with another adapter or with a switch "
              "of \"kind: fabric\"",
              e[fab].text, end[fab].is_switch ? "a fabric switch" : "an adapter", e[!fab].text,
              end[!fab].is_switch ? "an Ethernet switch" : "an Ethernet interface");
    return false;
}

static void count_links(struct links *ls, const struct scn_end *end, const struct endpoint *e)
{
    const struct scn_switch *sw = &ls->r->s->switches[end->index];

    if (end->is_switch && sw->fabric && ++ls->n_links[end->index] == sw->radix + 1)
        scn_error(ls->r->d, e->y->pos, "the switch \"%s\" has more links than its radix of %u", sw->name,
                  sw->radix);
}

/* Packets are not cut on their way, so all links of a fabric have one MTU. */
static void check_mtu(struct links *ls, const struct scn_link *l, size_t pos)
{
    for (unsigned i = 0; l->fabric && i < 2; i++) {
        uint32_t *first = &ls->mtu[l->end[i].index];

        if (!l->end[i].is_switch)
            continue;
        if (*first == 0)
            *first = l->mtu_bytes;
        if (*first != l->mtu_bytes)
            scn_error(
                ls->r->d, pos,
                "mtu: %u, but another link of the switch \"%s\" has %u: all links of a fabric have the same",
                l->mtu_bytes, ls->r->s->switches[l->end[i].index].name, *first);
    }
}

/* An adapter is an end of one link; false (reported) if it is one already. */
static bool take_adapter(struct links *ls, const struct scn_end *end, const struct endpoint *e)
{
    struct scn_node *n = &ls->r->s->nodes[end->index];

    if (ls->used_fab0[end->index])
        scn_error(ls->r->d, e->y->pos,
                  "two links on one adapter: \"%s:fab0\" is an end of another link already", n->name);
    else
        ls->used_fab0[end->index] = e->y;
    n->adapter = true;
    return ls->used_fab0[end->index] == e->y;
}

static bool take_ports(struct links *ls, const struct scn_end end[2], const struct endpoint e[2])
{
    struct scn_reader *r = ls->r;
    struct scenario *s = r->s;

    if (!check_worlds(ls, end, e))
        return false;
    count_links(ls, &end[0], &e[0]);
    count_links(ls, &end[1], &e[1]);
    if (end[0].is_switch && end[1].is_switch && end[0].index != end[1].index && is_fabric(s, &end[0]))
        return true;
    if (end[0].adapter && end[1].adapter && end[0].index == end[1].index) {
        scn_error(r->d, e[1].y->pos, "both ends of the link are \"%s:fab0\"", s->nodes[end[0].index].name);
        return false;
    }
    if (end[0].is_switch && end[1].is_switch) {
        unsigned a = group_of(ls, end[0].index), b = group_of(ls, end[1].index);

        if (end[0].index == end[1].index)
            scn_error(r->d, e[1].y->pos, "both ends of the link are the switch \"%s\"", e[1].text);
        else if (a == b)
            scn_error(r->d, e[0].y->pos,
                      "this link closes a loop of switches, in which a broadcast would circle for ever");
        ls->group[a] = b;
        return a != b;
    }
    for (unsigned i = 0; i < 2; i++) {
        const char *name = end[i].is_switch ? "" : s->nodes[end[i].index].name;
        const struct scn_yaml **used;

        if (end[i].is_switch)
            continue;
        if (end[i].adapter) {
            if (!take_adapter(ls, &end[i], &e[i]))
                return false;
            continue;
        }
        used = &ls->used[end[i].index][end[i].nic];
        if (*used && i == 1 && !end[0].is_switch && end[0].index == end[1].index && end[0].nic == end[1].nic)
            scn_error(r->d, e[i].y->pos, "both ends of the link are \"%s:eth%u\"", name, end[i].nic);
        else if (*used)
            scn_error(r->d, e[i].y->pos,
                      "two links on one port: \"%s:eth%u\" is an end of another link already", name,
                      end[i].nic);
        if (*used)
            return false;
        *used = e[i].y;
        if (s->nodes[end[i].index].n_nics <= end[i].nic)
            s->nodes[end[i].index].n_nics = end[i].nic + 1;
    }
    return true;
}

static void add_link(struct links *ls, const struct scn_yaml *y, const struct scn_end end[2],
                     const struct endpoint e[2], int number)
{
    struct scn_reader *r = ls->r;
    struct scenario *s = r->s;
    struct scn_where where = {0};
    struct scn_link l = {.end = {end[0], end[1]}};
    size_t name_pos = y->pos, mtu = scn_where_key(&scn_table_link, "mtu");

    r->net = net_of(s, e);
    l.fabric = r->net == SCN_FABRIC;
    scn_read_object(r, &scn_table_link, y, r->link_defaults, &l, &where);
    r->net = SCN_EITHER;
    scn_check_link(r, &l, &where, y->pos);
    if (!take_ports(ls, end, e)) {
        scn_free_object(&scn_table_link, &l);
        return;
    }
    check_mtu(ls, &l, where.origin[mtu] ? where.pos[mtu] : y->pos);
    if (l.name && number >= 0) {
        char *numbered = scn_printf("%s%d", l.name, number);

        free(l.name);
        l.name = numbered;
    }
    if (l.name)
        name_pos = where.pos[scn_where_key(&scn_table_link, "name")];
    else
        l.name = default_name(s, end);
    for (unsigned i = 0; i < s->n_links; i++)
        if (strcmp(s->links[i].name, l.name) == 0) {
            scn_error(r->d, name_pos,
                      "there is another link with the name \"%s\"; give this one a name of its own", l.name);
            break;
        }
    if (s->n_links == SCN_MAX_LINKS) {
        scn_error(r->d, y->pos, "more than %d links", SCN_MAX_LINKS);
        scn_free_object(&scn_table_link, &l);
        return;
    }
    s->links[s->n_links++] = l;
}

static void add_star(struct links *ls, const struct scn_yaml *y, const struct endpoint e[2])
{
    struct scenario *s = ls->r->s;
    unsigned wild = e[0].wild ? 0 : 1;
    int number = 0;

    for (unsigned i = 0; i < s->n_nodes; i++) {
        struct scn_end end[2] = {e[0].end, e[1].end};

        if (!scn_name_matches(e[wild].node, s->nodes[i].name))
            continue;
        end[wild].index = i;
        add_link(ls, y, end, e, number++);
    }
    if (number == 0)
        scn_error(ls->r->d, e[wild].y->pos, "no node's name matches \"%s\"", e[wild].node);
}

/* The two ends of an entry; false (reported) if anything is wrong with them. */
static bool read_endpoints(struct scn_reader *r, const struct scn_yaml *y, struct endpoint e[2])
{
    const struct scn_yaml *list = scn_yaml_get(y, "endpoints", NULL);
    bool ok;

    if (!list) {
        scn_error(r->d, y->pos, "the link has no \"endpoints\"");
        return false;
    }
    if (list->kind != SCN_LIST || list->n != 2) {
        scn_error(r->d, list->pos, "endpoints: expected a list of two ends, as in [\"alpha:eth0\", \"sw0\"]");
        return false;
    }
    ok = read_endpoint(r, list->items[0], &e[0]);
    if (!read_endpoint(r, list->items[1], &e[1]) || !ok)
        return false;
    if (e[0].wild && e[1].wild)
        scn_error(r->d, list->pos, "endpoints: only one end may have an asterisk");
    return !e[0].wild || !e[1].wild;
}

static void read_link(struct links *ls, const struct scn_yaml *y)
{
    struct scn_reader *r = ls->r;
    struct scn_link scratch = {0};
    struct scn_where where = {0};
    struct endpoint e[2] = {0};
    bool ok = y->kind == SCN_MAP && read_endpoints(r, y, e);

    /* once for its errors alone: the endpoints may be wrong, or match no node */
    if (ok)
        r->net = net_of(r->s, e);
    scn_read_object(r, &scn_table_link, y, NULL, &scratch, &where);
    r->net = SCN_EITHER;
    scn_free_object(&scn_table_link, &scratch);
    if (!ok)
        return;
    if (e[0].wild || e[1].wild)
        add_star(ls, y, e);
    else
        add_link(ls, y, (const struct scn_end[2]){e[0].end, e[1].end}, e, -1);
}

static void check_gaps(struct links *ls)
{
    struct scenario *s = ls->r->s;

    for (unsigned i = 0; i < s->n_nodes; i++)
        if (s->nodes[i].adapter && s->nodes[i].n_nics == SCN_MAX_NICS)
            scn_error(ls->r->d, ls->used_fab0[i]->pos,
                      "\"%s\" has more than %d interfaces, its adapter included", s->nodes[i].name,
                      SCN_MAX_NICS);
    for (unsigned i = 0; i < s->n_nodes; i++)
        for (unsigned nic = 0; nic + 1 < s->nodes[i].n_nics; nic++)
            if (!ls->used[i][nic])
                scn_error(ls->r->d, ls->used[i][s->nodes[i].n_nics - 1]->pos,
                          "\"%s:eth%u\" is used but \"%s:eth%u\" is not: a node's interfaces have no gaps",
                          s->nodes[i].name, s->nodes[i].n_nics - 1, s->nodes[i].name, nic);
}

void scn_read_links(struct scn_reader *r, const struct scn_yaml *topology, const struct scn_yaml *list)
{
    struct links *ls = scn_alloc(sizeof *ls);

    ls->r = r;
    for (unsigned i = 0; i < SCN_MAX_SWITCHES; i++)
        ls->group[i] = i;
    for (size_t i = 0; topology && i < topology->n; i++)
        read_link(ls, topology->items[i]);
    for (size_t i = 0; list && i < list->n; i++)
        read_link(ls, list->items[i]);
    check_gaps(ls);
    free(ls);
}
