/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_parse.c - from the tree to struct scenario: the sections of the file in their order.
 *
 * read_root() reads as a table of contents. Single values and objects are read by scenario_value.c, links by
 * scenario_links.c.
 */
#include "sim/scenario_internal.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct scn_yaml *scn_section(struct scn_reader *r, const struct scn_yaml *root, const char *key)
{
    const struct scn_key *k = scn_key_find(&scn_table_root, key);
    enum scn_yaml_kind kind = k->type == SCN_T_LIST ? SCN_LIST : SCN_MAP;
    size_t pos = root->pos;
    const struct scn_yaml *y = scn_yaml_get(root, key, &pos);

    if (!y) {
        if (k->flags & SCN_F_REQUIRED)
            scn_error(r->d, pos, "\"%s\" is missing: a scenario has at least one node", key);
        return NULL;
    }
    if (y->kind != kind) {
        scn_error(r->d, y->pos, "%s: expected %s, found %s", key, kind == SCN_MAP ? "a mapping" : "a list",
                  scn_yaml_what(y));
        return NULL;
    }
    if (k->type != SCN_T_OBJECT && (y->n < k->min || y->n > k->max)) {
        scn_error(r->d, y->n ? y->pos : pos, "%s: expected %" PRIu64 " to %" PRIu64 " entries, found %zu",
                  key, k->min, k->max, y->n);
        return NULL;
    }
    return y;
}

/* Checks the defaults themselves, used or not, and keeps them for the nodes and links to come. */
static void read_defaults(struct scn_reader *r, const struct scn_yaml *root)
{
    const struct scn_yaml *y = scn_section(r, root, "defaults");

    if (!y)
        return;
    scn_read_keys(r, &scn_table_defaults, y, false);
    for (size_t i = 0; i < scn_table_defaults.n_keys; i++) {
        const struct scn_key *k = &scn_table_defaults.keys[i];
        const struct scn_yaml *d = scn_yaml_get(y, k->key, NULL);
        struct scn_where sub = {0}, where = {.sub = &sub};
        struct scn_node node = {0};
        struct scn_link link = {0};
        bool of_nodes = k->sub == &scn_table_node;
        void *scratch = of_nodes ? (void *)&node : (void *)&link;

        if (!d || !scn_read_keys(r, k->sub, d, true))
            continue;
        scn_read_object(r, k->sub, NULL, d, scratch, &where);
        scn_free_object(k->sub, scratch);
        if (of_nodes)
            r->node_defaults = d;
        else
            r->link_defaults = d;
    }
}

static bool name_taken(const struct scenario *s, const char *name)
{
    for (unsigned i = 0; i < s->n_nodes; i++)
        if (strcmp(s->nodes[i].name, name) == 0)
            return true;
    for (unsigned i = 0; i < s->n_switches; i++)
        if (strcmp(s->switches[i].name, name) == 0)
            return true;
    return false;
}

/* Whether a key of nodes or switches can be the name of one more of them. */
static bool check_name(struct scn_reader *r, const struct scn_yaml *key, const char *name)
{
    if (!scn_name_ok(name, SCN_NAME_MAX)) {
        scn_error(r->d, key->pos,
                  "\"%.60s\" is no name: a letter, then letters, digits and hyphens, at most %d in all", name,
                  SCN_NAME_MAX);
        return false;
    }
    if (name_taken(r->s, name)) {
        scn_error(r->d, key->pos, "the name \"%s\" is taken already", name);
        return false;
    }
    return true;
}

static void read_one_node(struct scn_reader *r, const struct scn_yaml *key, const struct scn_yaml *y,
                          char *name)
{
    struct scenario *s = r->s;
    struct scn_node *n = &s->nodes[s->n_nodes];
    struct scn_where sub = {0}, where = {.sub = &sub};

    if (s->n_nodes == SCN_MAX_NODES) {
        scn_error(r->d, key->pos, "more than %d nodes", SCN_MAX_NODES);
        free(name);
        return;
    }
    if (!check_name(r, key, name)) {
        free(name);
        /* still read for its errors, as a node that is then dropped */
        name = NULL;
    }
    n->name = name;
    scn_read_object(r, &scn_table_node, y, r->node_defaults, n, &where);
    if (where.origin[scn_where_key(&scn_table_node, "arch")] == SCN_ABSENT)
        scn_error(r->d, key->pos, "node \"%.60s\" has no \"arch\", and neither have the defaults", key->text);
    scn_check_node(r, n, &where);
    if (name) {
        s->n_nodes++;
        return;
    }
    scn_free_object(&scn_table_node, n);
    *n = (struct scn_node){0};
}

static void read_nodes(struct scn_reader *r, const struct scn_yaml *map)
{
    const struct scn_key *count_key = scn_key_find(&scn_table_node, "count");

    for (size_t i = 0; map && i < map->n; i++) {
        const struct scn_yaml *key = map->keys[i], *y = map->items[i];
        const struct scn_yaml *count_y = scn_yaml_get(y, "count", NULL);
        uint64_t count = 1;

        if (!count_y || !scn_read_number(r, count_key, count_y, &count)) {
            read_one_node(r, key, y, scn_strdup(key->text));
            continue;
        }
        for (unsigned j = 0; j < count; j++) {
            char number[16];

            snprintf(number, sizeof number, "%u", j);
            r->index = number;
            read_one_node(r, key, y, scn_printf("%s%u", key->text, j));
            r->index = NULL;
        }
    }
}

static void read_switches(struct scn_reader *r, const struct scn_yaml *map)
{
    for (size_t i = 0; map && i < map->n; i++) {
        const struct scn_yaml *kind = scn_yaml_get(map->items[i], "kind", NULL);
        struct scn_where where = {0};
        struct scn_switch sw = {0};

        r->net =
            kind && kind->kind == SCN_SCALAR && strcmp(kind->text, "fabric") == 0 ? SCN_FABRIC : SCN_ETHERNET;
        scn_read_object(r, &scn_table_switch, map->items[i], NULL, &sw, &where);
        if (!check_name(r, map->keys[i], map->keys[i]->text))
            continue;
        if (r->s->n_switches == SCN_MAX_SWITCHES) {
            scn_error(r->d, map->keys[i]->pos, "more than %d switches", SCN_MAX_SWITCHES);
            break;
        }
        sw.name = scn_strdup(map->keys[i]->text);
        r->s->switches[r->s->n_switches++] = sw;
    }
    r->net = SCN_EITHER;
}

static char *name_from_path(const char *path)
{
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    size_t len = strlen(base);
    char *name;

    if (len > 8 && strcmp(base + len - 8, ".scn.yml") == 0)
        len -= 8;
    name = scn_printf("%.*s", (int)len, base);
    if (!scn_name_ok(name, SIZE_MAX) && !((*name | 32) >= 'a' && (*name | 32) <= 'z')) {
        char *longer = scn_printf("s-%s", name);

        free(name);
        name = longer;
    }
    for (char *p = name; *p; p++) {
        char one[3] = {'x', *p, '\0'};

        if (!scn_name_ok(one, 2))
            *p = '-';
    }
    if (strlen(name) > SCN_NAME_MAX)
        name[SCN_NAME_MAX] = '\0';
    return name;
}

static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *cwd, *dir;

    if (*path == '/')
        return scn_printf("%.*s", slash == path ? 1 : (int)(slash - path), path);
    cwd = getcwd(NULL, 0);
    if (!cwd)
        cwd = scn_strdup(
            "."); /* the working directory was removed: names stay relative and will not be found */
    if (!slash)
        return cwd;
    dir = scn_printf("%s/%.*s", cwd, (int)(slash - path), path);
    free(cwd);
    return dir;
}

/* The names of another file; pos: of the key. A text in memory can have none: files are not looked up for it.
 */
static void read_names(struct scn_reader *r, size_t pos)
{
    if (r->s->names && !r->look_up)
        scn_error(r->d, pos, "names: this is no file, so it has no file of names beside it");
    else if (scn_read_names(r->s, r->diag) < 0)
        r->others_bad = true;
}

static void read_root(struct scn_reader *r, const struct scn_yaml *root)
{
    struct scenario *s = r->s;
    struct scn_where sub[3] = {0}, where = {.sub = sub}; /* load, check, explore */
    const struct scn_yaml *nodes, *topology;
    struct scn_yaml *switches = NULL, *links = NULL;
    size_t nodes_pos = root->pos;

    if (root->kind != SCN_MAP) {
        scn_error(r->d, root->pos, "a scenario is a mapping with \"nodes:\", this is %s",
                  scn_yaml_what(root));
        return;
    }
    scn_read_object(r, &scn_table_root, root, NULL, s, &where);
    if (!s->name)
        s->name = name_from_path(s->path);
    read_defaults(r, root);
    nodes = scn_section(r, root, "nodes");
    scn_yaml_get(root, "nodes", &nodes_pos);
    read_nodes(r, nodes);
    topology = scn_section(r, root, "topology");
    if (topology)
        scn_expand_topology(r, topology, &switches, &links);
    read_switches(r, switches);
    read_switches(r, scn_section(r, root, "switches"));
    scn_read_links(r, links, scn_section(r, root, "links"));
    scn_check_totals(r, nodes_pos);
    read_names(r, where.pos[scn_where_key(&scn_table_root, "names")]);
    scn_read_events(r, scn_section(r, root, "events"));
    scn_read_inputs(r, scn_section(r, root, "input"));
    scn_read_kinds(r, scn_section(r, root, "kinds"));
    scn_read_faults(r, scn_section(r, root, "faults"));
    scn_read_trace(r, scn_yaml_get(root, "trace", NULL));
    scn_check_load(r, &sub[0], where.pos[scn_where_key(&scn_table_root, "load")]);
    scn_check_checks(r, &sub[1]);
    scn_check_explore(r, &sub[2], where.pos[scn_where_key(&scn_table_root, "explore")]);
}

static struct scenario *parse(const char *text, size_t len, const char *path, bool look_up, FILE *diag)
{
    struct scn_diag d = {.path = path, .text = text, .len = len};
    struct scenario *s = scn_alloc(sizeof *s);
    char *dir = directory_of(path);
    struct scn_reader r = {.d = &d, .s = s, .dir = dir, .look_up = look_up, .diag = diag};
    struct scn_tree tree = {0};

    r.tree = &tree;
    s->path = scn_strdup(path);
    s->nodes = scn_alloc(SCN_MAX_NODES * sizeof *s->nodes);
    s->switches = scn_alloc(SCN_MAX_SWITCHES * sizeof *s->switches);
    s->links = scn_alloc(SCN_MAX_LINKS * sizeof *s->links);
    if (scn_yaml_read(&tree, &d) == 0)
        read_root(&r, tree.root);
    scn_yaml_free(&tree);
    free(dir);
    scn_diag_flush(&d, diag);
    if (d.n_errors == 0 && !r.others_bad)
        return s;
    scenario_free(s);
    errno = EINVAL;
    return NULL;
}

struct scenario *scenario_parse(const char *text, size_t len, const char *path, FILE *diag)
{
    return parse(text, len, path, false, diag);
}

char *scn_read_file(const char *path, const char *what, size_t *len, FILE *diag)
{
    FILE *f = fopen(path, "re");
    char *text = f ? scn_alloc(SCN_MAX_BYTES + 1) : NULL;
    int error;

    errno = f ? 0 : errno;
    if (f)
        *len = fread(text, 1, SCN_MAX_BYTES + 1, f);
    error = !f ? errno : ferror(f) ? (errno ? errno : EIO) : 0;
    if (f)
        fclose(f);
    if (!error)
        return text;
    fprintf(diag, "%s: error: cannot read the %s: %s\n", path, what, strerror(error));
    free(text);
    errno = error;
    return NULL;
}

struct scenario *scenario_load(const char *path, FILE *diag)
{
    size_t len = 0;
    char *text = scn_read_file(path, "scenario", &len, diag);
    struct scenario *s = text ? parse(text, len, path, true, diag) : NULL;
    int error = errno;

    free(text);
    errno = error;
    return s;
}

/* A file of faults: kinds and faults, and nothing else. */
static void read_faults_root(struct scn_reader *r, const struct scn_yaml *root)
{
    static const char *const words[] = {"kinds", "faults"};
    char hint[256];

    if (scn_yaml_is_null(root))
        return;
    if (root->kind != SCN_MAP) {
        scn_error(r->d, root->pos, "a file of faults is a mapping with \"faults:\", this is %s",
                  scn_yaml_what(root));
        return;
    }
    for (size_t i = 0; i < root->n; i++) {
        const char *key = root->keys[i]->text;

        if (strcmp(key, words[0]) != 0 && strcmp(key, words[1]) != 0)
            scn_error(r->d, root->keys[i]->pos, "unknown key \"%.60s\" in a file of faults%s", key,
                      scn_hint(hint, sizeof hint, key, words, 2, "keys"));
    }
    scn_read_kinds(r, scn_section(r, root, "kinds"));
    scn_read_faults(r, scn_section(r, root, "faults"));
}

/* now: one fault of a run under way; NULL: a file of them. */
static int add_faults(struct scenario *s, struct scn_diag *d, const vtime_t *now, FILE *diag)
{
    struct scn_tree tree = {0};
    struct scn_reader r = {.d = d, .s = s, .dir = "", .tree = &tree, .now = now};
    unsigned n_kinds = s->n_kinds, n_faults = s->n_faults;

    if (scn_yaml_read(&tree, d) == 0)
        read_faults_root(&r, tree.root);
    scn_yaml_free(&tree);
    if (now && d->n_errors == 0 && (s->n_kinds != n_kinds || s->n_faults != n_faults + 1))
        scn_error(d, 0, "one fault is needed, and nothing else");
    scn_diag_flush(d, diag);
    if (d->n_errors == 0)
        return 0;
    scn_free_faults(s, n_faults);
    scn_free_kinds(s, n_kinds);
    errno = EINVAL;
    return -1;
}

int scenario_add_faults_text(struct scenario *s, const char *text, size_t len, const char *path, FILE *diag)
{
    struct scn_diag d = {.path = path, .text = text, .len = len};
    return add_faults(s, &d, NULL, diag);
}

int scenario_add_fault_now(struct scenario *s, const char *entry, vtime_t now, FILE *diag)
{
    bool braces = entry[strspn(entry, " \t")] == '{';
    const char *head = braces ? "{faults: [" : "{faults: [{", *tail = braces ? "\n]}" : "\n}]}";
    char *text = scn_printf("%s%s%s", head, entry, tail); /* a line of its own, behind a comment */
    struct scn_diag d = {
        .path = "fault", .text = text, .len = strlen(text), .head = strlen(head), .tail = strlen(tail)};
    int rc = add_faults(s, &d, &now, diag), error = errno;

    free(text);
    errno = error;
    return rc;
}

int scenario_add_faults(struct scenario *s, const char *path, FILE *diag)
{
    size_t len = 0;
    char *text = scn_read_file(path, "faults", &len, diag);
    int rc = text ? scenario_add_faults_text(s, text, len, path, diag) : -1, error = errno;

    free(text);
    errno = error;
    return rc;
}

int scenario_add_fault_files(struct scenario *s, const char *const *paths, unsigned n, FILE *diag)
{
    for (unsigned i = 0; i < n; i++)
        if (strcmp(paths[i], "none") == 0)
            scenario_drop_faults(s, 0);
        else if (scenario_add_faults(s, paths[i], diag) < 0)
            return -1;
    return 0;
}

void scenario_free(struct scenario *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < s->n_nodes; i++) {
        scn_free_object(&scn_table_node, &s->nodes[i]);
        free(s->nodes[i].name);
    }
    for (unsigned i = 0; i < s->n_switches; i++)
        free(s->switches[i].name);
    for (unsigned i = 0; i < s->n_links; i++)
        scn_free_object(&scn_table_link, &s->links[i]);
    scn_free_object(&scn_table_load, s);
    scn_free_object(&scn_table_explore, s);
    scn_free_faults(s, 0);
    scn_free_kinds(s, 0);
    scn_free_trace(s);
    scn_free_events(s, 0);
    scn_free_inputs(s);
    free(s->names);
    free(s->events);
    free(s->kinds);
    free(s->faults);
    free(s->nodes);
    free(s->switches);
    free(s->links);
    free(s->path);
    free(s->name);
    free(s);
}
