/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_value.c - single values and objects, as the tables describe them.
 *
 * Nothing stops at the first error: a wrong value is reported and its member keeps the table's default, so
 * that the rest is still checked. The readers of all types stand together here, which makes the file longer
 * than most.
 */
#include "sim/scenario_internal.h"
#include <assert.h>
#include <ctype.h>
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

bool scn_read_number(struct scn_reader *r, const struct scn_key *k, const struct scn_yaml *y, uint64_t *out)
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
    if (r->now && k->type == SCN_T_TIME && !strcmp(k->key, "at") && !strcmp(y->text, "now")) {
        *out = (uint64_t)*r->now;
        return true;
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

/* One word, or a list of words. */
static bool read_words(struct scn_reader *r, const struct scn_key *k, const struct scn_yaml *y, uint64_t *out)
{
    size_t n = y->kind == SCN_LIST ? y->n : 1;
    bool ok = n > 0;

    if (n == 0)
        scn_error(r->d, y->pos, "%s: the list is empty", k->key);
    for (size_t i = 0; i < n; i++) {
        uint64_t word = 0;
        if (read_word(r, k, y->kind == SCN_LIST ? y->items[i] : y, &word))
            *out |= 1ull << word;
        else
            ok = false;
    }
    return ok;
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

static bool read_numbers(struct scn_reader *r, const struct scn_key *k, const struct scn_yaml *y,
                         void *object)
{
    size_t n = y->kind == SCN_LIST ? y->n : 1;
    uint32_t *list;
    bool ok = true;

    if (n < 1 || n > k->scale) {
        scn_error(r->d, y->pos, "%s: expected 1 to %" PRIu64 " numbers, found %zu", k->key, k->scale, n);
        return false;
    }
    list = scn_alloc(n * sizeof *list);
    for (size_t i = 0; i < n; i++) {
        uint64_t value = 0;

        ok = scn_read_number(r, k, y->kind == SCN_LIST ? y->items[i] : y, &value) && ok;
        list[i] = (uint32_t)value;
    }
    *(uint32_t **)(void *)((char *)object + k->offset) = list;
    *(unsigned *)(void *)((char *)object + k->aux) = (unsigned)n;
    return ok;
}

/* Two hexadecimal digits for each byte, blanks between them or not. */
static bool read_bytes(struct scn_reader *r, const struct scn_key *k, const struct scn_yaml *y, void *object)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *list = scn_alloc(k->max);
    size_t n = 0;
    const char *p;

    for (p = y->text; *p; p += 2) {
        const char *high, *low;

        p += strspn(p, " ");
        if (!*p)
            break;
        high = strchr(digits, tolower((unsigned char)p[0]));
        low = p[1] ? strchr(digits, tolower((unsigned char)p[1])) : NULL;
        if (!high || !low) {
            scn_error(r->d, y->pos, "%s: \"%.60s\" are no bytes: write two hexadecimal digits for each",
                      k->key, y->text);
            free(list);
            return false;
        }
        if (n < k->max)
            list[n] = (uint8_t)((high - digits) << 4 | (low - digits));
        n++;
    }
    if (n < k->min || n > k->max) {
        scn_error(r->d, y->pos, "%s: expected %" PRIu64 " to %" PRIu64 " bytes, found %zu", k->key, k->min,
                  k->max, n);
        free(list);
        return false;
    }
    *(uint8_t **)(void *)((char *)object + k->offset) = list;
    *(unsigned *)(void *)((char *)object + k->aux) = (unsigned)n;
    return true;
}

static bool read_flag(struct scn_reader *r, const struct scn_key *k, const struct scn_yaml *y, uint64_t *out)
{
    bool yes = y->kind == SCN_SCALAR && y->plain && strcmp(y->text, "true") == 0;
    bool no = y->kind == SCN_SCALAR && y->plain && strcmp(y->text, "false") == 0;

    *out = yes;
    if (!yes && !no)
        scn_error(r->d, y->pos, "%s: expected true or false, found %s", k->key, scn_yaml_what(y));
    return yes || no;
}

/* The digits of "0x..", or NULL. */
static const char *hexadecimal(const struct scn_yaml *y)
{
    return y->kind == SCN_SCALAR && strncmp(y->text, "0x", 2) == 0 ? y->text + 2 : NULL;
}

static bool read_hexadecimal(struct scn_reader *r, const struct scn_key *k, const struct scn_yaml *y,
                             uint64_t *out)
{
    const char *hex = hexadecimal(y);

    if (!hex)
        return scn_read_number(r, k, y, out);
    if (!*hex || strlen(hex) > 16 || strspn(hex, "0123456789abcdefABCDEF") != strlen(hex)) {
        scn_error(r->d, y->pos, "%s: expected a whole number, found \"%.60s\"", k->key, y->text);
        return false;
    }
    *out = strtoull(hex, NULL, 16);
    if (*out >= k->min && *out <= k->max)
        return true;
    scn_error(r->d, y->pos, "%s: %.60s is not between 0x%" PRIx64 " and 0x%" PRIx64, k->key, y->text, k->min,
              k->max);
    return false;
}

static bool read_address(struct scn_reader *r, const struct scn_key *k, const struct scn_yaml *y,
                         uint64_t *out)
{
    const char *hex = hexadecimal(y);

    *out = SCN_RANDOM_ADDRESS;
    if (y->kind == SCN_SCALAR && strcmp(y->text, "random") == 0)
        return true;
    if (!hex)
        return scn_read_number(r, k, y, out);
    if (*hex && strlen(hex) <= 16 && strspn(hex, "0123456789abcdefABCDEF") == strlen(hex))
        *out = strtoull(hex, NULL, 16);
    if (*out <= k->max)
        return true;
    scn_error(r->d, y->pos, "%s: \"%.60s\" is no address", k->key, y->text);
    return false;
}

/* Patterns, or names. */
static bool read_patterns(struct scn_reader *r, const struct scn_key *k, const struct scn_yaml *y,
                          void *object)
{
    size_t n = y->kind == SCN_LIST ? y->n : 1;
    char **list;
    unsigned kept = 0;
    bool ok = true;

    if (n < k->min || n > k->max) {
        scn_error(r->d, y->pos, "%s: expected 1 to %" PRIu64 " %s, found %zu", k->key, k->max,
                  k->type == SCN_T_NAMES ? "names" : "regular expressions", n);
        return false;
    }
    list = scn_alloc(n * sizeof *list);
    for (size_t i = 0; i < n; i++) {
        const struct scn_yaml *item = y->kind == SCN_LIST ? y->items[i] : y;
        char err[256], *pattern;
        const char *text;
        uint64_t word = 0;

        if (k->words ? !read_word(r, k, item, &word) : !scn_read_text(r, k->key, item, &text)) {
            ok = false;
            continue;
        }
        pattern = indexed(r, k, k->words ? k->words[word] : text);
        if (k->type == SCN_T_PATTERNS && scn_check_pattern(pattern, err, sizeof err)) {
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
        ok = scn_read_number(r, k, y, &value);
        break;
    case SCN_T_TIME:
    case SCN_T_RATE:
    case SCN_T_SIZE:
    case SCN_T_SHARE:
        ok = read_quantity(r, k, y, &value);
        break;
    case SCN_T_FLAG:
        ok = read_flag(r, k, y, &value);
        break;
    case SCN_T_ADDRESS:
        ok = read_address(r, k, y, &value);
        break;
    case SCN_T_VALUE:
        ok = read_hexadecimal(r, k, y, &value);
        break;
    case SCN_T_BYTES:
        return scn_read_text(r, k->key, y, &text) && read_bytes(r, k, y, object);
    case SCN_T_WORD:
        ok = read_word(r, k, y, &value);
        break;
    case SCN_T_WORDS:
        ok = read_words(r, k, y, &value);
        break;
    case SCN_T_WORD_TEXT:
        ok = read_word(r, k, y, &value);
        if (ok)
            store_text(k, object, scn_strdup(k->words[value]));
        return ok;
    case SCN_T_PATTERNS:
    case SCN_T_NAMES:
        return read_patterns(r, k, y, object);
    case SCN_T_NUMBERS:
        return read_numbers(r, k, y, object);
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

/* A value that does not stand in the file: of the tables or of a profile. */
static void read_default(struct scn_reader *r, const struct scn_key *k, const char *def, void *object)
{
    char *text = scn_strdup(def);
    const struct scn_yaml y = {.kind = SCN_SCALAR, .plain = true, .text = text};
    bool ok = read_value(r, k, &y, object);

    assert(ok); /* a default in the tables is wrong */
    (void)ok;
    free(text);
}

/* What the profile named in a mapping says about a key; NULL: nothing. */
static const char *profile_says(const struct scn_reader *r, const struct scn_table *t,
                                const struct scn_yaml *map, const char *key)
{
    const struct scn_yaml *name = scn_yaml_get(map, "profile", NULL);
    bool whole = r->net != SCN_ETHERNET || strcmp(key, "rate") == 0;

    if (t != &scn_table_link || !whole || !name || name->kind != SCN_SCALAR)
        return NULL;
    return scn_profile_value(name->text, key);
}

static bool belongs(struct scn_reader *r, const struct scn_table *t, const struct scn_key *k,
                    const struct scn_yaml *own)
{
    const struct scn_yaml *y = scn_yaml_get(own, k->key, NULL);
    bool yes = scn_key_belongs(k, r->net);

    if (y && !yes)
        scn_error(r->d, y->pos, "%s: %s %s has no such key", k->key,
                  r->net == SCN_FABRIC ? "a fabric" : "an Ethernet", t->id);
    return yes;
}

void scn_read_object(struct scn_reader *r, const struct scn_table *t, const struct scn_yaml *own,
                     const struct scn_yaml *inherited, void *object, struct scn_where *where)
{
    size_t n_sub = 0;

    if (own)
        scn_read_keys(r, t, own, false);
    for (size_t i = 0; i < t->n_keys; i++) {
        const struct scn_key of = scn_key_of(&t->keys[i], r->net), *k = &of;
        const struct scn_yaml *y = scn_yaml_get(own, k->key, NULL);
        const char *def = profile_says(r, t, own, k->key);

        where->origin[i] = y || def ? SCN_OWN : SCN_ABSENT;
        if (!y && !def && (k->flags & SCN_F_INHERIT) && (y = scn_yaml_get(inherited, k->key, NULL)))
            where->origin[i] = SCN_INHERITED;
        if (!y && !def)
            def = profile_says(r, t, inherited, k->key);
        if (!def && r->net == SCN_FABRIC && t == &scn_table_link && !scn_yaml_get(own, "profile", NULL) &&
            !scn_yaml_get(inherited, "profile", NULL))
            def = scn_profile_value(SCN_DEFAULT_PROFILE, k->key);
        if (!def)
            def = k->def;
        where->pos[i] = y ? y->pos : own ? own->pos : 0;
        where->bad[i] = false;
        if (k->type == SCN_T_OBJECT && !(k->flags & SCN_F_INPUT))
            n_sub++;
        if (k->type == SCN_T_OBJECT && k->aux && !(*(bool *)((char *)object + k->aux) = y != NULL))
            continue;
        if (k->type == SCN_T_OBJECT && !(k->flags & SCN_F_INPUT)) {
            scn_read_object(r, k->sub, y, NULL, object, &where->sub[n_sub - 1]);
            continue;
        }
        if (k->type >= SCN_T_ENDPOINTS)
            continue; /* read by who knows what it is */
        if (!belongs(r, t, k, own))
            continue;
        if (def)
            read_default(r, k, def, object);
        if (y)
            where->bad[i] = !read_value(r, k, y, object);
    }
}
