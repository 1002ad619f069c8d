/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_schema.c - the tables as a JSON Schema (draft 2020-12), for editors that complete and check YAML.
 *
 * It describes each key by itself. Ranges of numbers with units and rules between keys are for `cob
 * validate`. Only keywords that mean the same in draft 7 are used, because many validators know no later one.
 */
#include "sim/scenario_internal.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *text_schema(size_t max_len)
{
    return json_pack("{s:s, s:i, s:I}", "type", "string", "minLength", 1, "maxLength", (json_int_t)max_len);
}

static json_t *pattern_schema(const char *pattern)
{
    return json_pack("{s:s, s:s}", "type", "string", "pattern", pattern);
}

static json_t *name_schema(size_t max_len)
{
    char *pattern = scn_printf("^" SCN_NAME_PATTERN "{0,%zu}$", max_len - 1);
    json_t *j = pattern_schema(pattern);

    free(pattern);
    return j;
}

static json_t *quantity_schema(enum scn_quantity q)
{
    char *units = scn_strdup(""), *pattern;
    json_t *j;

    for (const struct scn_unit *u = scn_units(q); u->word; u++) {
        char *more = scn_printf("%s%s%s", units, *units ? "|" : "", u->word);

        free(units);
        units = more;
    }
    pattern = scn_printf("^[0-9]+(\\.[0-9]+)? ?(%s)%s$", units, q == SCN_Q_RATE ? "(/s)?" : "");
    j = pattern_schema(pattern);
    free(units);
    free(pattern);
    return j;
}

static json_t *words_schema(const char *const *words)
{
    json_t *list = json_array();

    for (; *words; words++)
        json_array_append_new(list, json_string(*words));
    return json_pack("{s:o}", "enum", list);
}

static json_t *reference(const struct scn_table *t, const char *suffix)
{
    char *target = scn_printf("#/$defs/%s%s", t->id, suffix);
    json_t *j = json_pack("{s:s}", "$ref", target);

    free(target);
    return j;
}

static json_t *key_schema(const struct scn_key *k)
{
    switch (k->type) {
    case SCN_T_NAME:
        return name_schema(k->max);
    case SCN_T_TEXT:
    case SCN_T_LINE:
    case SCN_T_PATH:
        return text_schema(k->max);
    case SCN_T_PATTERNS:
        return json_pack("{s:[o, {s:s, s:I, s:I, s:o}]}", "anyOf", text_schema(256), "type", "array",
                         "minItems", (json_int_t)k->min, "maxItems", (json_int_t)k->max, "items",
                         text_schema(256));
    case SCN_T_NAMES: {
        json_t *item = text_schema(256);
        if (k->words) {
            json_t *words = json_array();
            for (const char *const *w = k->words; *w; w++)
                json_array_append_new(words, json_string(*w));
            json_decref(item);
            item = json_pack("{s:o}", "enum", words);
        }
        return json_pack("{s:[O, {s:s, s:I, s:I, s:o}]}", "anyOf", item, "type", "array", "minItems",
                         (json_int_t)k->min, "maxItems", (json_int_t)k->max, "items", item);
    }
    case SCN_T_INT: {
        const struct scn_key any = scn_key_of(k, SCN_EITHER);

        return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)any.min, "maximum",
                         (json_int_t)any.max);
    }
    case SCN_T_NUMBERS:
        return json_pack("{s:[{s:s, s:I, s:I}, {s:s, s:i, s:I, s:{s:s, s:I, s:I}}]}", "anyOf", "type",
                         "integer", "minimum", (json_int_t)k->min, "maximum", (json_int_t)k->max, "type",
                         "array", "minItems", 1, "maxItems", (json_int_t)k->scale, "items", "type", "integer",
                         "minimum", (json_int_t)k->min, "maximum", (json_int_t)k->max);
    case SCN_T_TIME:
    case SCN_T_RATE:
    case SCN_T_SIZE:
    case SCN_T_SHARE:
        return quantity_schema(scn_type_quantity(k->type));
    case SCN_T_FLAG:
        return json_pack("{s:s}", "type", "boolean");
    case SCN_T_ADDRESS:
        return json_pack("{s:[{s:s, s:i}, o]}", "anyOf", "type", "integer", "minimum", 0,
                         pattern_schema("^(random|0x[0-9a-fA-F]{1,16})$"));
    case SCN_T_VALUE:
        return json_pack("{s:[{s:s, s:I, s:I}, o]}", "anyOf", "type", "integer", "minimum",
                         (json_int_t)k->min, "maximum", (json_int_t)k->max,
                         pattern_schema("^0x[0-9a-fA-F]{1,16}$"));
    case SCN_T_BYTES:
        return pattern_schema("^ *[0-9a-fA-F]{2}( *[0-9a-fA-F]{2})* *$");
    case SCN_T_WORD:
    case SCN_T_WORD_TEXT:
        return words_schema(k->words);
    case SCN_T_WORDS:
        return json_pack("{s:[o, {s:s, s:i, s:o}]}", "anyOf", words_schema(k->words), "type", "array",
                         "minItems", 1, "items", words_schema(k->words));
    case SCN_T_ENDPOINTS:
        return json_pack("{s:s, s:i, s:i, s:o}", "type", "array", "minItems", 2, "maxItems", 2, "items",
                         pattern_schema("^(" SCN_NAME_PATTERN "*|[A-Za-z*][A-Za-z0-9*-]*:(eth[0-7]|fab0))$"));
    case SCN_T_SETS:
        return json_pack("{s:s, s:I, s:{s:s, s:i, s:o}}", "type", "array", "minItems", (json_int_t)k->min,
                         "items", "type", "array", "minItems", 1, "items",
                         pattern_schema("^[A-Za-z*][A-Za-z0-9*-]*$"));
    case SCN_T_OBJECT:
        return reference(k->sub, "");
    case SCN_T_DEFAULTS:
        return reference(k->sub, "-defaults");
    case SCN_T_MAP:
        return json_pack("{s:s, s:I, s:I, s:o, s:o}", "type", "object", "minProperties", (json_int_t)k->min,
                         "maxProperties", (json_int_t)k->max, "propertyNames", name_schema(SCN_NAME_MAX),
                         "additionalProperties", reference(k->sub, ""));
    case SCN_T_LIST:
        return json_pack("{s:s, s:I, s:I, s:o}", "type", "array", "minItems", (json_int_t)k->min, "maxItems",
                         (json_int_t)k->max, "items", reference(k->sub, ""));
    }
    assert(!"a type without a schema");
    return NULL;
}

static void describe(json_t *j, const struct scn_key *k)
{
    json_object_set_new(j, "description", json_string(k->help));
    if (k->def)
        json_object_set_new(j, "default",
                            k->type == SCN_T_INT ? json_integer(strtoll(k->def, NULL, 10))
                                                 : json_string(k->def));
}

static json_t *table_schema(const struct scn_table *t, bool defaults)
{
    json_t *properties = json_object(), *required = json_array(), *j;

    for (const struct scn_key *k = t->keys; k < t->keys + t->n_keys; k++) {
        if (defaults && !(k->flags & SCN_F_INHERIT))
            continue;
        j = key_schema(k);
        /* beside a reference draft 7 allows nothing, so the description goes around it */
        if (json_object_get(j, "$ref"))
            j = json_pack("{s:[o]}", "allOf", j);
        describe(j, k);
        json_object_set_new(properties, k->key, j);
        if ((k->flags & SCN_F_REQUIRED) && !(k->flags & SCN_F_INHERIT))
            json_array_append_new(required, json_string(k->key));
    }
    j = json_pack("{s:s, s:b}", "description", t->help, "additionalProperties", 0);
    json_object_set_new(j, "type",
                        t->may_be_empty ? json_pack("[s, s]", "object", "null") : json_string("object"));
    json_object_set_new(j, "properties", properties);
    if (json_array_size(required))
        json_object_set(j, "required", required);
    json_decref(required);
    return j;
}

int scenario_schema(FILE *out)
{
    json_t *root = json_pack("{s:s, s:s}", "$schema", "https://json-schema.org/draft/2020-12/schema", "title",
                             "Cob scenario");
    json_t *defs = json_object(), *top = table_schema(&scn_table_root, false);
    int rc;

    for (size_t i = 0; i < SCN_N_TABLES; i++) {
        const struct scn_table *t = scn_tables[i];

        for (size_t k = 0; k < t->n_keys; k++)
            if (t->keys[k].type == SCN_T_DEFAULTS) {
                char *id = scn_printf("%s-defaults", t->keys[k].sub->id);

                json_object_set_new(defs, id, table_schema(t->keys[k].sub, true));
                free(id);
            }
        if (t != &scn_table_root)
            json_object_set_new(defs, t->id, table_schema(t, false));
    }
    json_object_update(root, top);
    json_object_set_new(root, "$defs", defs);
    json_decref(top);
    rc = json_dumpf(root, out, JSON_INDENT(2));
    json_decref(root);
    if (rc || fputc('\n', out) == EOF || fflush(out)) {
        if (!errno)
            errno = EIO;
        return -1;
    }
    return 0;
}
