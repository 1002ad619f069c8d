/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_parse.c - from the tree to struct scenario, driven by the tables.
 *
 * Nothing stops at the first error: a wrong value is reported and its key keeps the table's default, so that
 * the rest is still checked. scenario_load() and scenario_parse() at the end read as a table of contents.
 */
#include "sim/scenario_internal.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

size_t scn_where_key(const struct scn_table *t, const char *key)
{
    const struct scn_key *k = scn_key_find(t, key);

    assert(k);
    return (size_t)(k - t->keys);
}

static size_t count_words(const char *const *words)
{
    size_t n = 0;

    while (words[n])
        n++;
    return n;
}

bool scn_read_text(struct scn_reader *r, const char *key, const struct scn_yaml *y, const char **out)
{
    const char *what = scn_yaml_what(y);

    if (strcmp(what, "a text") == 0) {
        *out = y->text;
        return true;
    }
    if (y->kind == SCN_SCALAR && !scn_yaml_is_null(y))
        scn_error(r->d, y->pos, "%s: expected a text, found %s: write \"%.60s\" in quotes", key, what,
                  y->text);
    else
        scn_error(r->d, y->pos, "%s: expected a text, found %s", key, what);
    return false;
}

bool scn_read_keys(struct scn_reader *r, const struct scn_table *t, const struct scn_yaml *y, bool defaults)
{
    const char *words[SCN_MAX_KEYS];
    size_t n = 0;

    if (y->kind != SCN_MAP) {
        if (t->may_be_empty && scn_yaml_is_null(y))
            return true;
        scn_error(r->d, y->pos, "%s%s: expected a mapping, found %s", t->id, defaults ? " defaults" : "",
                  scn_yaml_what(y));
        return false;
    }
    for (size_t i = 0; i < t->n_keys; i++)
        if (!defaults || (t->keys[i].flags & SCN_F_INHERIT))
            words[n++] = t->keys[i].key;
    for (size_t i = 0; i < y->n; i++) {
        const char *key = y->keys[i]->text;
        const struct scn_key *k = scn_key_find(t, key);
        char hint[256];

        if (k && (!defaults || (k->flags & SCN_F_INHERIT)))
            continue;
        if (k)
            scn_error(r->d, y->keys[i]->pos, "\"%s\" belongs to one %s and cannot have a default", key,
                      t->id);
        else if (strcmp(key, "<<") == 0)
            scn_error(r->d, y->keys[i]->pos,
                      "merge keys (\"<<\") are not part of YAML 1.2: use \"defaults:\"");
        else
            scn_error(r->d, y->keys[i]->pos, "unknown key \"%.60s\" in %s%s%s", key, t->id,
                      defaults ? " defaults" : "", scn_hint(hint, sizeof hint, key, words, n, "keys"));
    }
    return true;
}

static void store(const struct scn_key *k, void *object, uint64_t value)
{
    char *p = (char *)object + k->offset;

    switch (k->size) {
    case 0: /* read by its caller */
        break;
    case 1:
        *(uint8_t *)p = (uint8_t)value;
        break;
    case 4:
        *(uint32_t *)(void *)p = (uint32_t)value;
        break;
    default:
        assert(k->size == 8);
        *(uint64_t *)(void *)p = value;
    }
}

static void store_text(const struct scn_key *k, void *object, char *text)
{
    char **p = (char **)(void *)((char *)object + k->offset);

    free(*p);
    *p = text;
}

/* {i} becomes the node's number, but not in ${i}. */
static char *indexed(const struct scn_reader *r, const struct scn_key *k, const char *text)
{
    char *out, *o;
    size_t n = 0;

    if (!r->index || !(k->flags & SCN_F_INDEXED))
        return scn_strdup(text);
    for (const char *p = text; (p = strstr(p, "{i}")); p += 3)
        n++;
    out = o = scn_alloc(strlen(text) + n * strlen(r->index) + 1);
    for (const char *p = text; *p;)
        if (strncmp(p, "{i}", 3) == 0 && (p == text || p[-1] != '$')) {
            o = stpcpy(o, r->index);
            p += 3;
        } else {
            *o++ = *p++;
        }
    return out;
}

static bool read_number(struct scn_reader *r, const struct scn_key *k, const struct scn_yaml *y,
                        uint64_t *out)
{
    const char *p = y->text;
    uint64_t value = 0;

    if (y->kind != SCN_SCALAR || !y->plain || strspn(p, "0123456789") != strlen(p) || *p == '\0' ||
        (p[0] == '0' && p[1])) {
        if (y->kind == SCN_SCALAR && !scn_yaml_is_null(y))
            scn_error(r->d, y->pos, "%s: expected a whole number, found %s\"%.60s\"", k->key,
                      y->plain ? "" : "the text ", p);
        else
            scn_error(r->d, y->pos, "%s: expected a whole number, found %s", k->key, scn_yaml_what(y));
        return false;
    }
    for (; *p; p++)
        if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value) || value > k->max)
            goto range;
    if (value >= k->min) {
        *out = value;
        return true;
    }
range:
    scn_error(r->d, y->pos, "%s: %.60s is not between %" PRIu64 " and %" PRIu64, k->key, y->text, k->min,
              k->max);
    return false;
}

static bool read_quantity(struct scn_reader *r, const struct scn_key *k, const struct scn_yaml *y,
                          uint64_t *out)
{
    enum scn_quantity q = scn_type_quantity(k->type);
    char err[256], limit[32];
    uint64_t value = 0;

    if (y->kind != SCN_SCALAR || scn_yaml_is_null(y)) {
        scn_error(r->d, y->pos, "%s: expected a number with a unit, found %s", k->key, scn_yaml_what(y));
        return false;
    }
    if (scn_parse_quantity(q, y->text, &value, err, sizeof err)) {
        scn_error(r->d, y->pos, "%s: %s", k->key, err);
        return false;
    }
    if (value < k->min) {
        scn_error(r->d, y->pos, "%s: %.60s is less than the minimum of %s%s%s", k->key, y->text,
                  scn_spell(q, k->min, limit, sizeof limit), k->why ? ": " : "", k->why ? k->why : "");
        return false;
    }
    if (value > k->max) {
        scn_error(r->d, y->pos, "%s: %.60s is more than the maximum of %s", k->key, y->text,
                  scn_spell(q, k->max, limit, sizeof limit));
        return false;
    }
    if (k->scale && value % k->scale) {
        scn_error(r->d, y->pos, "%s: %.60s is not a multiple of %s", k->key, y->text,
                  scn_spell(q, k->scale, limit, sizeof limit));
        return false;
    }
    *out = k->type == SCN_T_TIME ? value / k->scale : value;
    return true;
}

static bool read_word(struct scn_reader *r, const struct scn_key *k, const struct scn_yaml *y, uint64_t *out)
{
    const char *text;
    char hint[256];

    if (!scn_read_text(r, k->key, y, &text))
        return false;
    for (*out = 0; k->words[*out]; ++*out)
        if (strcmp(k->words[*out], text) == 0)
            return true;
    scn_error(r->d, y->pos, "%s: there is no \"%.60s\"%s", k->key, text,
              scn_hint(hint, sizeof hint, text, k->words, count_words(k->words), "there are"));
    return false;
}

static bool check_length(struct scn_reader *r, const struct scn_key *k, const struct scn_yaml *y)
{
    size_t len = strlen(y->text);

    if (len == 0) {
        scn_error(r->d, y->pos, "%s: the text is empty", k->key);
        return false;
    }
    if (len > k->max) {
        scn_error(r->d, y->pos, "%s: the text has %zu bytes; at most %" PRIu64 " are allowed", k->key, len,
                  k->max);
        return false;
    }
    return true;
}

static bool has_control(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p < ' ' || *p == 0x7f)
            return true;
    return false;
}

static bool read_line(struct scn_reader *r, const struct scn_key *k, const struct scn_yaml *y)
{
    if (!check_length(r, k, y))
        return false;
    if (has_control(y->text)) {
        scn_error(r->d, y->pos, "%s: the text must be a single line without control characters", k->key);
        return false;
    }
    return true;
}

static bool read_path(struct scn_reader *r, const struct scn_key *k, const struct scn_yaml *y, void *object)
{
    struct stat st;
    char *path;
    const char *problem = NULL;

    if (!read_line(r, k, y))
        return false;
    path = *y->text == '/' ? scn_strdup(y->text) : scn_printf("%s/%s", r->dir, y->text);
    if (r->look_up) {
        if (stat(path, &st))
            problem = errno == ENOENT || errno == ENOTDIR ? "no such file" : strerror(errno);
        else if (!S_ISREG(st.st_mode))
            problem = "not a file";
        else if (access(path, R_OK))
            problem = strerror(errno);
    }
    if (problem) {
        scn_error(r->d, y->pos, "%s: %s: %s", k->key, problem, path);
        free(path);
        return false;
    }
    store_text(k, object, path);
    return true;
}

static bool read_patterns(struct scn_reader *r, const struct scn_key *k, const struct scn_yaml *y,
                          void *object)
{
    size_t n = y->kind == SCN_LIST ? y->n : 1;
    char **list;
    unsigned kept = 0;
    bool ok = true;

    if (n < k->min || n > k->max) {
        scn_error(r->d, y->pos, "%s: expected 1 to %" PRIu64 " regular expressions, found %zu", k->key,
                  k->max, n);
        return false;
    }
    list = scn_alloc(n * sizeof *list);
    for (size_t i = 0; i < n; i++) {
        const struct scn_yaml *item = y->kind == SCN_LIST ? y->items[i] : y;
        char err[256], *pattern;
        const char *text;

        if (!scn_read_text(r, k->key, item, &text)) {
            ok = false;
            continue;
        }
        pattern = indexed(r, k, text);
        if (scn_check_pattern(pattern, err, sizeof err)) {
            scn_error(r->d, item->pos, "%s: %s", k->key, err);
            free(pattern);
            ok = false;
            continue;
        }
        list[kept++] = pattern;
    }
    *(char ***)(void *)((char *)object + k->offset) = list;
    *(unsigned *)(void *)((char *)object + k->aux) = kept;
    return ok;
}

/* Reads one value into its member; false (reported) leaves the member as it was. */
static bool read_value(struct scn_reader *r, const struct scn_key *k, const struct scn_yaml *y, void *object)
{
    uint64_t value = 0;
    const char *text;
    bool ok;

    switch (k->type) {
    case SCN_T_INT:
        ok = read_number(r, k, y, &value);
        break;
    case SCN_T_TIME:
    case SCN_T_RATE:
    case SCN_T_SIZE:
        ok = read_quantity(r, k, y, &value);
        break;
    case SCN_T_WORD:
        ok = read_word(r, k, y, &value);
        break;
    case SCN_T_WORD_TEXT:
        ok = read_word(r, k, y, &value);
        if (ok)
            store_text(k, object, scn_strdup(k->words[value]));
        return ok;
    case SCN_T_PATTERNS:
        return read_patterns(r, k, y, object);
    case SCN_T_NAME:
        ok = scn_read_text(r, k->key, y, &text);
        if (ok && !scn_name_ok(text, k->max)) {
            scn_error(r->d, y->pos,
                      "%s: \"%.90s\" is no name: a letter, then letters, digits and hyphens, at most "
                      "%" PRIu64 " in all",
                      k->key, text, k->max);
            ok = false;
        }
        if (ok)
            store_text(k, object, scn_strdup(text));
        return ok;
    case SCN_T_PATH:
        return scn_read_text(r, k->key, y, &text) && read_path(r, k, y, object);
    default:
        assert(k->type == SCN_T_TEXT || k->type == SCN_T_LINE);
        if (!scn_read_text(r, k->key, y, &text))
            return false;
        ok = k->type == SCN_T_LINE ? read_line(r, k, y) : check_length(r, k, y);
        if (ok)
            store_text(k, object, indexed(r, k, text));
        return ok;
    }
    if (ok) {
        store(k, object, value);
        if (k->aux)
            *(bool *)((char *)object + k->aux) = true;
    }
    return ok;
}

static void read_default(struct scn_reader *r, const struct scn_key *k, void *object)
{
    char *text = scn_strdup(k->def);
    const struct scn_yaml y = {.kind = SCN_SCALAR, .plain = true, .text = text};
    bool ok = read_value(r, k, &y, object);

    assert(ok); /* a default in the tables is wrong */
    (void)ok;
    free(text);
}

void scn_read_object(struct scn_reader *r, const struct scn_table *t, const struct scn_yaml *own,
                     const struct scn_yaml *inherited, void *object, struct scn_where *where)
{
    if (own)
        scn_read_keys(r, t, own, false);
    for (size_t i = 0; i < t->n_keys; i++) {
        const struct scn_key *k = &t->keys[i];
        const struct scn_yaml *y = scn_yaml_get(own, k->key, NULL);

        where->origin[i] = y ? SCN_OWN : SCN_ABSENT;
        if (!y && (k->flags & SCN_F_INHERIT) && (y = scn_yaml_get(inherited, k->key, NULL)))
            where->origin[i] = SCN_INHERITED;
        where->pos[i] = y ? y->pos : own ? own->pos : 0;
        where->bad[i] = false;
        if (k->type == SCN_T_OBJECT && !(k->flags & SCN_F_INPUT)) {
            scn_read_object(r, k->sub, y, NULL, object, where->sub);
            continue;
        }
        if (k->type >= SCN_T_ENDPOINTS)
            continue; /* read by who knows what it is */
        if (k->def)
            read_default(r, k, object);
        if (y)
            where->bad[i] = !read_value(r, k, y, object);
    }
}

/* The mapping (or list) that is the value of a key of the root; NULL if absent, or if it is something else.
 */
static const struct scn_yaml *section(struct scn_reader *r, const struct scn_yaml *root, const char *key)
{
    const struct scn_key *k = scn_key_find(&scn_table_root, key);
    enum scn_kind kind = k->type == SCN_T_LIST ? SCN_LIST : SCN_MAP;
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
    const struct scn_yaml *y = section(r, root, "defaults");

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

        if (!count_y || !read_number(r, count_key, count_y, &count)) {
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
        struct scn_where where = {0};
        struct scn_switch sw = {0};

        scn_read_object(r, &scn_table_switch, map->items[i], NULL, &sw, &where);
        if (!check_name(r, map->keys[i], map->keys[i]->text))
            continue;
        sw.name = scn_strdup(map->keys[i]->text);
        r->s->switches[r->s->n_switches++] = sw;
    }
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

static void read_root(struct scn_reader *r, const struct scn_yaml *root)
{
    struct scenario *s = r->s;
    struct scn_where where = {0};
    const struct scn_yaml *nodes;
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
    nodes = section(r, root, "nodes");
    scn_yaml_get(root, "nodes", &nodes_pos);
    read_nodes(r, nodes);
    read_switches(r, section(r, root, "switches"));
    scn_read_links(r, section(r, root, "links"));
    scn_check_totals(r, nodes_pos);
}

static struct scenario *parse(const char *text, size_t len, const char *path, bool look_up, FILE *diag)
{
    struct scn_diag d = {.path = path, .text = text, .len = len};
    struct scenario *s = scn_alloc(sizeof *s);
    char *dir = directory_of(path);
    struct scn_reader r = {.d = &d, .s = s, .dir = dir, .look_up = look_up};
    struct scn_tree tree;

    s->path = scn_strdup(path);
    s->nodes = scn_alloc(SCN_MAX_NODES * sizeof *s->nodes);
    s->switches = scn_alloc(SCN_MAX_SWITCHES * sizeof *s->switches);
    s->links = scn_alloc(SCN_MAX_LINKS * sizeof *s->links);
    if (scn_yaml_read(&tree, &d) == 0)
        read_root(&r, tree.root);
    scn_yaml_free(&tree);
    free(dir);
    scn_diag_flush(&d, diag);
    if (d.n_errors == 0)
        return s;
    scenario_free(s);
    errno = EINVAL;
    return NULL;
}

struct scenario *scenario_parse(const char *text, size_t len, const char *path, FILE *diag)
{
    return parse(text, len, path, false, diag);
}

struct scenario *scenario_load(const char *path, FILE *diag)
{
    struct scenario *s = NULL;
    FILE *f = fopen(path, "re");
    char *text = f ? scn_alloc(SCN_MAX_BYTES + 1) : NULL;
    size_t len = 0;
    int error;

    errno = f ? 0 : errno;
    if (f)
        len = fread(text, 1, SCN_MAX_BYTES + 1, f);
    error = !f ? errno : ferror(f) ? (errno ? errno : EIO) : 0;
    if (f)
        fclose(f);
    if (error)
        fprintf(diag, "%s: error: cannot read the scenario: %s\n", path, strerror(error));
    else
        s = parse(text, len, path, true, diag);
    free(text);
    if (error)
        errno = error;
    return s;
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
    free(s->nodes);
    free(s->switches);
    free(s->links);
    free(s->path);
    free(s->name);
    free(s);
}
