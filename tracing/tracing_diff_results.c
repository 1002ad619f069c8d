/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_diff_results.c - compares the "nodes" of two runs' result.json: how and when each node ended, its
 * memory.
 *
 * What else stands there (the outcome, wall times under "host") is not compared.
 */
#include "tracing/tracing_diff.h"
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

static const char file[] = "result.json";

/* The run's nodes, each checked to be an object with a name. *root owns them. NULL: told on err. */
static json_t *load_nodes(struct tracing_diff *d, unsigned run, json_t **root)
{
    char *path;
    json_error_t error;
    *root = NULL;
    if (asprintf(&path, "%s/%s", d->run[run], file) < 0) {
        tracing_diff_fail(d, run, file, strerror(ENOMEM), ENOMEM);
        return NULL;
    }
    FILE *in = fopen(path, "re");
    int code = errno;
    free(path);
    if (!in) {
        tracing_diff_fail(
            d, run, file,
            code == ENOENT ? "missing: not a run directory, or the run has not ended" : strerror(code), code);
        return NULL;
    }
    *root = json_loadf(in, JSON_REJECT_DUPLICATES, &error);
    fclose(in);
    if (!*root) {
        fprintf(d->err, "%s/%s:%d:%d: %s\n", d->run[run], file, error.line, error.column, error.text);
        errno = EINVAL;
        return NULL;
    }
    json_t *nodes = json_object_get(*root, "nodes"), *node;
    size_t i;
    bool good = json_is_array(nodes);
    json_array_foreach(nodes, i, node) if (!json_is_string(json_object_get(node, "name"))) good = false;
    if (good)
        return nodes;
    tracing_diff_fail(d, run, file, "corrupt: \"nodes\" is not a list of objects with names", EINVAL);
    return NULL;
}

static const char *name_of(const json_t *node)
{
    return json_string_value(json_object_get(node, "name"));
}

static json_t *find(json_t *nodes, const char *name)
{
    size_t i;
    json_t *node;
    json_array_foreach(nodes, i, node) if (strcmp(name_of(node), name) == 0) return node;
    return NULL;
}

static void put_value(FILE *out, const json_t *value)
{
    char *text =
        value ? json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
    fputs(text ? text : value ? "?" : "nothing", out);
    free(text);
}

static void put_difference(FILE *out, const char *name, const char *key, const json_t *a, const json_t *b)
{
    fprintf(out, "node %s: %s ", name, key);
    put_value(out, a);
    fputs(" | B: ", out);
    put_value(out, b);
}

/* The earlier of the two end times: a node's memory is compared at its end. */
static vtime_t end_of(const json_t *a, const json_t *b)
{
    const json_t *end_a = json_object_get(a, "end_ps"), *end_b = json_object_get(b, "end_ps");
    vtime_t at = VTIME_NEVER;
    if (json_is_integer(end_a))
        at = vtime_min(at, json_integer_value(end_a));
    if (json_is_integer(end_b))
        at = vtime_min(at, json_integer_value(end_b));
    return at < 0 ? VTIME_NEVER : at;
}

static void differ(struct tracing_diff *d, const json_t *a, const json_t *b, const char *key)
{
    const json_t *value_a = json_object_get(a, key), *value_b = json_object_get(b, key);
    vtime_t at = end_of(a, b);
    FILE *out = at < VTIME_NEVER ? tracing_diff_found(d, at, TRACING_RANK_RESULT) : NULL;
    if (out) {
        put_difference(out, name_of(a), key, value_a, value_b);
        tracing_diff_keep(d);
    }
    put_difference(d->note, name_of(a), key, value_a, value_b);
    fputc('\n', d->note);
}

/* Keys of a that b has otherwise or not; with only_missing, only those that b lacks. True if there was one.
 */
static bool compare_keys(struct tracing_diff *d, json_t *a, json_t *b, bool swapped)
{
    const char *key;
    json_t *value;
    bool different = false;
    json_object_foreach(a, key, value)
    {
        const json_t *other = json_object_get(b, key);
        if (swapped ? other != NULL : json_equal(value, other))
            continue;
        differ(d, swapped ? b : a, swapped ? a : b, key);
        different = true;
    }
    return different;
}

static void compare_nodes(struct tracing_diff *d, json_t *a, json_t *b)
{
    size_t i;
    json_t *node;
    json_array_foreach(a, i, node)
    {
        json_t *other = find(b, name_of(node));
        d->results.all++;
        d->hashes += json_is_string(json_object_get(node, "ram_xxh3"));
        bool different = !other;
        if (!other) {
            fprintf(d->note, "node %s: only in A\n", name_of(node));
        } else {
            different = compare_keys(d, node, other, false);
            different |= compare_keys(d, other, node, true);
        }
        d->results.different += different;
    }
    json_array_foreach(b, i, node)
    {
        if (find(a, name_of(node)))
            continue;
        d->results.all++;
        d->results.different++;
        fprintf(d->note, "node %s: only in B\n", name_of(node));
    }
}

int tracing_diff_results(struct tracing_diff *d)
{
    json_t *root_a = NULL, *root_b = NULL;
    json_t *a = load_nodes(d, 0, &root_a);
    json_t *b = a ? load_nodes(d, 1, &root_b) : NULL;
    int code = errno;
    if (b)
        compare_nodes(d, a, b);
    json_decref(root_a);
    json_decref(root_b);
    errno = code;
    return b ? 0 : -1;
}
