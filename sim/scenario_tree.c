/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_tree.c - questions to the tree that scenario_yaml.c built.
 */
#include "sim/scenario_internal.h"
#include <stdlib.h>
#include <string.h>

void scn_yaml_free(struct scn_tree *tree)
{
    struct scn_yaml *y, *next;

    for (y = tree->all; y; y = next) {
        next = y->next;
        free(y->text);
        free(y->keys);
        free(y->items);
        free(y);
    }
    *tree = (struct scn_tree){0};
}

const struct scn_yaml *scn_yaml_get(const struct scn_yaml *map, const char *key, size_t *key_pos)
{
    for (size_t i = 0; map && map->kind == SCN_MAP && i < map->n; i++)
        if (strcmp(map->keys[i]->text, key) == 0) {
            if (key_pos)
                *key_pos = map->keys[i]->pos;
            return map->items[i];
        }
    return NULL;
}

bool scn_yaml_is_null(const struct scn_yaml *y)
{
    return y->kind == SCN_SCALAR && y->plain &&
           (*y->text == '\0' || strcmp(y->text, "~") == 0 || strcasecmp(y->text, "null") == 0);
}

/* [-+] digits [. digits] [e [-+] digits], with at least one digit before the exponent: what YAML reads as a
 * number. */
static bool is_number(const char *s)
{
    size_t digits;

    s += *s == '-' || *s == '+';
    digits = strspn(s, "0123456789");
    s += digits;
    if (*s == '.') {
        size_t more = strspn(++s, "0123456789");

        digits += more;
        s += more;
    }
    if (digits == 0)
        return false;
    if (*s == 'e' || *s == 'E') {
        s++;
        s += *s == '-' || *s == '+';
        digits = strspn(s, "0123456789");
        s += digits;
    }
    return digits && *s == '\0';
}

const char *scn_yaml_what(const struct scn_yaml *y)
{
    if (y->kind != SCN_SCALAR)
        return y->kind == SCN_MAP ? "a mapping" : "a list";
    if (scn_yaml_is_null(y))
        return "nothing";
    if (y->plain && (strcasecmp(y->text, "true") == 0 || strcasecmp(y->text, "false") == 0))
        return "a truth value";
    return y->plain && is_number(y->text) ? "a number" : "a text";
}
