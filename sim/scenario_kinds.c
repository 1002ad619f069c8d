/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_kinds.c - `kinds`: names for traffic; their keys, reading them, and which kind some bytes are of.
 *
 * A kind says what stands at fixed places of a frame: bytes, numbers (`fields`), or both. It may be one `of`
 * another kind, which was given before; then what that one says must hold too. So kinds form trees, and a
 * frame is called by the kind that says most of it: the one farthest from its root, the first in the file of
 * those.
 */
#include "sim/scenario_internal.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a)     (sizeof(a) / sizeof *(a))
#define AT(s, m)     .offset = offsetof(struct s, m), .size = sizeof(((struct s *)0)->m)
#define NUMBER(i)    AT(scn_field, value[i]), .aux = offsetof(struct scn_field, given[i])
#define MAX_OFFSET   65535
#define FIELD_WIDTHS 3

static const char *const widths[FIELD_WIDTHS] = {"u8", "u16", "u32"}; /* of 1 << i bytes */

static const struct scn_key field_keys[] = {
    {.key = "at",
     .type = SCN_T_INT,
     .flags = SCN_F_REQUIRED,
     AT(scn_field, at),
     .max = MAX_OFFSET,
     .help = "Where the number stands; counted like a kind's `offset`."},
    {.key = "u8",
     .type = SCN_T_VALUE,
     NUMBER(0),
     .max = UINT8_MAX,
     .help = "The byte that stands there. A field has exactly one of `u8`, `u16` and `u32`."},
    {.key = "u16",
     .type = SCN_T_VALUE,
     NUMBER(1),
     .max = UINT16_MAX,
     .help = "The number in the two bytes that stand there, little endian."},
    {.key = "u32", .type = SCN_T_VALUE, NUMBER(2), .max = UINT32_MAX, .help = "The same, four bytes."},
    {.key = "mask",
     .type = SCN_T_VALUE,
     AT(scn_field, mask),
     .aux = offsetof(struct scn_field, masked),
     .min = 1,
     .max = UINT32_MAX,
     .help = "The bits that are compared. Default: all."},
};

const struct scn_table scn_table_field = {.id = "field",
                                          .title = "A field",
                                          .keys = field_keys,
                                          .n_keys = COUNT(field_keys),
                                          .help = "A number at a fixed place."};

static const struct scn_key kind_keys[] = {
    {.key = "of",
     .type = SCN_T_NAME,
     AT(scn_kind, of),
     .max = SCN_NAME_MAX,
     .help = "Another kind, given before: this one is a special case of it, and what it says must hold too. "
             "Traffic is called by the kind that is most special; of equals by the first."},
    {.key = "fields",
     .type = SCN_T_LIST,
     .min = 1,
     .max = SCN_MAX_FIELDS,
     .sub = &scn_table_field,
     .help = "Numbers at fixed places, all of which must hold. A kind has `fields`, `bytes` or both."},
    {.key = "offset",
     .type = SCN_T_INT,
     AT(scn_kind, offset),
     .max = MAX_OFFSET,
     .def = "0",
     .help = "Where the bytes stand, from the start of the Ethernet frame, or of the fabric packet (whose "
             "payload begins at 48). A shorter frame is not of this kind."},
    {.key = "bytes",
     .type = SCN_T_BYTES,
     AT(scn_kind, bytes),
     .aux = offsetof(struct scn_kind, n_bytes),
     .min = 1,
     .max = SCN_MAX_PATTERN,
     .help = "What stands there, e.g. `\"08 00 45\"`."},
    {.key = "mask",
     .type = SCN_T_BYTES,
     AT(scn_kind, mask),
     .aux = offsetof(struct scn_kind, n_mask),
     .min = 1,
     .max = SCN_MAX_PATTERN,
     .help = "The bits that are compared, as many bytes as in `bytes`. Default: all."},
};

const struct scn_table scn_table_kind = {.id = "kind",
                                         .title = "A kind",
                                         .keys = kind_keys,
                                         .n_keys = COUNT(kind_keys),
                                         .help = "Traffic that is told by what stands at fixed places."};

/* ---- which kind ---- */

const struct scn_kind *scn_find_kind(const struct scenario *s, const char *name)
{
    for (unsigned i = 0; i < s->n_kinds; i++)
        if (strcmp(s->kinds[i].name, name) == 0)
            return &s->kinds[i];
    return NULL;
}

static unsigned width_of(const struct scn_field *f)
{
    unsigned i = 0;

    while (i < FIELD_WIDTHS - 1 && !f->given[i])
        i++;
    return i;
}

static bool field_matches(const struct scn_field *f, const uint8_t *bytes, uint32_t len)
{
    unsigned width = width_of(f), n = 1u << width;
    uint32_t value = 0;

    if (f->at > len || len - f->at < n)
        return false;
    for (unsigned i = 0; i < n; i++)
        value |= (uint32_t)bytes[f->at + i] << 8 * i;
    return ((value ^ f->value[width]) & (f->masked ? f->mask : UINT32_MAX)) == 0;
}

bool scn_kind_matches(const struct scn_kind *k, const uint8_t *bytes, uint32_t len)
{
    if (k->parent && !scn_kind_matches(k->parent, bytes, len))
        return false;
    if (k->n_bytes && (k->offset > len || len - k->offset < k->n_bytes))
        return false;
    for (unsigned i = 0; i < k->n_bytes; i++)
        if ((bytes[k->offset + i] & k->mask[i]) != k->bytes[i])
            return false;
    for (unsigned i = 0; i < k->n_fields; i++)
        if (!field_matches(&k->fields[i], bytes, len))
            return false;
    return true;
}

int scn_kind_of(const struct scenario *s, const uint8_t *bytes, uint32_t len)
{
    int best = -1;

    for (unsigned i = 0; i < s->n_kinds; i++)
        if ((best < 0 || s->kinds[i].depth > s->kinds[best].depth) &&
            scn_kind_matches(&s->kinds[i], bytes, len))
            best = (int)i;
    return best;
}

/* ---- reading ---- */

static void read_field(struct scn_reader *r, const struct scn_yaml *y, struct scn_field *f)
{
    struct scn_where where = {0};
    const struct scn_table *t = &scn_table_field;
    unsigned given = 0, wrong = 0;

    scn_read_object(r, t, y, NULL, f, &where);
    if (y->kind != SCN_MAP)
        return; /* reported */
    for (unsigned i = 0; i < FIELD_WIDTHS; i++) {
        given += where.origin[scn_where_key(t, widths[i])] != SCN_ABSENT;
        wrong += where.bad[scn_where_key(t, widths[i])];
    }
    if (where.origin[scn_where_key(t, "at")] == SCN_ABSENT)
        scn_error(r->d, y->pos, "\"at\" is missing: where does the number stand?");
    if (given != 1)
        scn_error(r->d, y->pos, "a field has exactly one of \"u8\", \"u16\" and \"u32\", this one has %u",
                  given);
    else if (!wrong && f->masked && width_of(f) < 2 && f->mask >> (8u << width_of(f)))
        scn_error(r->d, where.pos[scn_where_key(t, "mask")], "mask: has more bits than \"%s\"",
                  widths[width_of(f)]);
}

static void read_fields(struct scn_reader *r, const struct scn_yaml *y, struct scn_kind *k)
{
    if (y->kind != SCN_LIST || y->n == 0 || y->n > SCN_MAX_FIELDS) {
        scn_error(r->d, y->pos, "fields: expected a list of 1 to %d fields, found %s", SCN_MAX_FIELDS,
                  y->kind != SCN_LIST ? scn_yaml_what(y)
                  : y->n              ? "more"
                                      : "an empty one");
        return;
    }
    k->fields = scn_alloc(y->n * sizeof *k->fields);
    for (size_t i = 0; i < y->n; i++)
        read_field(r, y->items[i], &k->fields[k->n_fields++]);
}

/* The mask is given with all its bytes or stands for all bits; what it hides is nothing. */
static void settle_mask(struct scn_reader *r, struct scn_kind *k, const struct scn_where *where)
{
    size_t mask_pos = where->pos[scn_where_key(&scn_table_kind, "mask")];

    if (k->mask && !k->bytes && !where->bad[scn_where_key(&scn_table_kind, "bytes")])
        scn_error(r->d, mask_pos, "mask: there are no \"bytes\" that it is for");
    if (k->bytes && k->mask && k->n_mask != k->n_bytes)
        scn_error(r->d, mask_pos, "mask: %u bytes, but \"bytes\" has %u", k->n_mask, k->n_bytes);
    if (k->bytes && !k->mask) {
        k->mask = scn_alloc(k->n_bytes);
        memset(k->mask, 0xff, k->n_bytes);
        k->n_mask = k->n_bytes;
    }
    for (unsigned i = 0; i < k->n_bytes && i < k->n_mask; i++)
        k->bytes[i] &= k->mask[i];
}

static void find_parent(struct scn_reader *r, struct scn_kind *k, size_t pos)
{
    const char *words[SCN_MAX_KINDS];
    char hint[256];

    k->parent = scn_find_kind(r->s, k->of);
    if (k->parent) {
        k->depth = k->parent->depth + 1;
        return;
    }
    for (unsigned i = 0; i < r->s->n_kinds; i++)
        words[i] = r->s->kinds[i].name;
    scn_error(r->d, pos, "of: there is no kind \"%.60s\" before this one%s", k->of,
              r->s->n_kinds ? scn_hint(hint, sizeof hint, k->of, words, r->s->n_kinds, "there are") : "");
}

static void check_name(struct scn_reader *r, const struct scn_kind *k, size_t pos)
{
    if (!scn_name_ok(k->name, SCN_NAME_MAX))
        scn_error(r->d, pos,
                  "\"%.60s\" is no name: a letter, then letters, digits and hyphens, at most %d in all",
                  k->name, SCN_NAME_MAX);
    else if (scn_packet_type(k->name) >= 0)
        scn_error(r->d, pos, "\"%s\" is a packet type of the adapter: choose another name", k->name);
    else if (scn_find_kind(r->s, k->name))
        scn_error(r->d, pos, "the name \"%s\" is taken already", k->name);
}

static void read_kind(struct scn_reader *r, const struct scn_yaml *key, const struct scn_yaml *y)
{
    struct scn_kind *k = &r->s->kinds[r->s->n_kinds];
    struct scn_where where = {0};
    const struct scn_table *t = &scn_table_kind;
    const struct scn_yaml *fields = scn_yaml_get(y, "fields", NULL);

    scn_read_object(r, t, y, NULL, k, &where);
    if (fields)
        read_fields(r, fields, k);
    if (y->kind == SCN_MAP && !fields && where.origin[scn_where_key(t, "bytes")] == SCN_ABSENT)
        scn_error(r->d, y->pos, "\"fields\" or \"bytes\" is missing: what tells this kind from others?");
    settle_mask(r, k, &where);
    if (k->of)
        find_parent(r, k, where.pos[scn_where_key(t, "of")]);
    k->name = scn_strdup(key->text);
    check_name(r, k, key->pos);
    r->s->n_kinds++;
}

void scn_read_kinds(struct scn_reader *r, const struct scn_yaml *kinds)
{
    struct scenario *s = r->s;

    if (!s->kinds)
        s->kinds = scn_alloc(SCN_MAX_KINDS * sizeof *s->kinds);
    for (size_t i = 0; kinds && i < kinds->n; i++) {
        if (s->n_kinds == SCN_MAX_KINDS) {
            scn_error(r->d, kinds->keys[i]->pos, "more than %d kinds", SCN_MAX_KINDS);
            break;
        }
        read_kind(r, kinds->keys[i], kinds->items[i]);
    }
}

void scn_free_kinds(struct scenario *s, unsigned first)
{
    for (unsigned i = first; i < s->n_kinds; i++) {
        scn_free_object(&scn_table_kind, &s->kinds[i]);
        free(s->kinds[i].fields);
        free(s->kinds[i].name);
        s->kinds[i] = (struct scn_kind){0};
    }
    s->n_kinds = first;
}

/* ---- dump ---- */

void scn_put_fields(const struct scn_kind *k, FILE *out)
{
    for (unsigned i = 0; i < k->n_fields; i++) {
        const struct scn_field *f = &k->fields[i];
        unsigned width = width_of(f);

        fprintf(out, "%s      - { at: %" PRIu32 ", %s: 0x%" PRIx32, i ? "" : "    fields:\n", f->at,
                widths[width], f->value[width]);
        if (f->masked)
            fprintf(out, ", mask: 0x%" PRIx32, f->mask);
        fputs(" }\n", out);
    }
}
