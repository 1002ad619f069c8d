/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_dump.c - the resolved scenario as YAML: every default filled in, every count and asterisk
 * expanded.
 *
 * Reading the dump gives the same scenario, and dumping that gives the same bytes. Texts are always quoted,
 * except that a script is written as a block where a block says exactly the same.
 */
#include "sim/scenario_internal.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

static void put_quoted(const char *text, FILE *out)
{
    size_t len = strlen(text);

    fputc('"', out);
    for (size_t i = 0; i < len;) {
        uint32_t cp = 0;
        size_t n = scn_utf8(text + i, len - i, &cp);

        assert(n); /* the reader lets nothing else through */
        if (cp == '"' || cp == '\\')
            fprintf(out, "\\%c", (int)cp);
        else if (cp == '\n')
            fputs("\\n", out);
        else if (cp == '\t')
            fputs("\\t", out);
        else if (cp < ' ' || (cp >= 0x7f && cp <= 0xa0) || cp == 0x2028 || cp == 0x2029 || cp == 0xfeff ||
                 cp == 0xfffe || cp == 0xffff)
            fprintf(out, "\\u%04x", cp);
        else
            fwrite(text + i, 1, n, out);
        i += n;
    }
    fputc('"', out);
}

/* Whether "|" and the indented lines say exactly this text. */
static bool fits_block(const char *text)
{
    size_t len = strlen(text);
    bool line_start = true;

    if (len < 2 || text[len - 1] != '\n' || text[len - 2] == '\n' || *text == ' ' || *text == '\n')
        return false;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p != '\n' && (*p < ' ' || *p >= 0x7f))
            return false;
        if (line_start && *p == ' ' && p[strspn((const char *)p, " ")] == '\n')
            return false; /* a line of blanks */
        line_start = *p == '\n';
    }
    return true;
}

static void put_script(const char *text, int indent, FILE *out)
{
    if (!fits_block(text)) {
        put_quoted(text, out);
        return;
    }
    fputc('|', out);
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");

        fprintf(out, "\n%*s%.*s", n ? indent + 2 : 0, "", (int)n, p);
        p += n + 1;
    }
}

static void put_end(const struct scenario *s, const struct scn_end *e, FILE *out)
{
    if (e->is_switch)
        fprintf(out, "\"%s\"", s->switches[e->index].name);
    else if (e->adapter)
        fprintf(out, "\"%s:fab0\"", s->nodes[e->index].name);
    else
        fprintf(out, "\"%s:eth%u\"", s->nodes[e->index].name, e->nic);
}

static void put_patterns(const struct scn_key *k, const void *object, FILE *out)
{
    char **list = *(char **const *)(const void *)((const char *)object + k->offset);
    unsigned n = *(const unsigned *)(const void *)((const char *)object + k->aux);

    for (unsigned i = 0; i < n; i++) {
        fputs(i ? ", " : "[", out);
        put_quoted(list[i], out);
    }
    fputc(']', out);
}

static void put_numbers(const struct scn_key *k, const void *object, FILE *out)
{
    const uint32_t *list = *(uint32_t *const *)(const void *)((const char *)object + k->offset);
    unsigned n = *(const unsigned *)(const void *)((const char *)object + k->aux);

    for (unsigned i = 0; i < n; i++)
        fprintf(out, "%s%" PRIu32, i ? ", " : "[", list[i]);
    fputc(']', out);
}

static void put_words(const struct scn_key *k, const void *object, FILE *out)
{
    uint64_t set = scn_key_load(k, object);
    const char *before = "[";

    for (unsigned i = 0; k->words[i]; i++)
        if (set >> i & 1) {
            fprintf(out, "%s%s", before, k->words[i]);
            before = ", ";
        }
    fputc(']', out);
}

static void put_bytes(const struct scn_key *k, const void *object, FILE *out)
{
    const uint8_t *list = *(uint8_t *const *)(const void *)((const char *)object + k->offset);
    unsigned n = *(const unsigned *)(const void *)((const char *)object + k->aux);

    for (unsigned i = 0; i < n; i++)
        fprintf(out, "%s%02x", i ? " " : "\"", list[i]);
    fputc('"', out);
}

static bool is_set(const struct scn_key *k, const void *object);

static bool says_something(const struct scn_table *t, const void *object)
{
    for (size_t i = 0; i < t->n_keys; i++)
        if (is_set(&t->keys[i], object))
            return true;
    return false;
}

/* Whether the key says anything in this object. */
static bool is_set(const struct scn_key *k, const void *object)
{
    const char *p = (const char *)object;

    if (k->flags & SCN_F_INPUT)
        return false;
    switch (k->type) {
    case SCN_T_PATTERNS:
    case SCN_T_NAMES:
    case SCN_T_NUMBERS:
        return *(const unsigned *)(const void *)(p + k->aux) > 0;
    case SCN_T_OBJECT:
        if (k->aux)
            return *(const bool *)(p + k->aux);
        return says_something(k->sub, object);
    case SCN_T_NAME:
    case SCN_T_TEXT:
    case SCN_T_LINE:
    case SCN_T_PATH:
    case SCN_T_WORD_TEXT:
        return *(char *const *)(const void *)(p + k->offset) != NULL;
    case SCN_T_BYTES:
        return *(const unsigned *)(const void *)(p + k->aux) > 0;
    case SCN_T_FLAG:
        return *(const bool *)(p + k->offset);
    case SCN_T_WORDS:
        return scn_key_load(k, object) != 0;
    default:
        return k->size > 0 && (!k->aux || *(const bool *)(p + k->aux));
    }
}

static void put_object(const struct scn_table *t, const void *object, enum scn_net net, int indent,
                       FILE *out);

static void put_value(const struct scn_key *k, const void *object, int indent, FILE *out)
{
    const char *const *text = (const char *const *)(const void *)((const char *)object + k->offset);
    uint64_t value;
    char buf[40];

    switch (k->type) {
    case SCN_T_TEXT:
        put_script(*text, indent, out);
        break;
    case SCN_T_NAME:
    case SCN_T_LINE:
    case SCN_T_PATH:
    case SCN_T_WORD_TEXT:
        put_quoted(*text, out);
        break;
    case SCN_T_PATTERNS:
    case SCN_T_NAMES:
        put_patterns(k, object, out);
        break;
    case SCN_T_NUMBERS:
        put_numbers(k, object, out);
        break;
    case SCN_T_INT:
        fprintf(out, "%" PRIu64, scn_key_load(k, object));
        break;
    case SCN_T_FLAG:
        fputs("true", out); /* is_set */
        break;
    case SCN_T_ADDRESS:
        value = scn_key_load(k, object);
        if (value == SCN_RANDOM_ADDRESS)
            fputs("random", out);
        else
            fprintf(out, "\"0x%" PRIx64 "\"", value);
        break;
    case SCN_T_VALUE:
        fprintf(out, "0x%" PRIx64, scn_key_load(k, object));
        break;
    case SCN_T_BYTES:
        put_bytes(k, object, out);
        break;
    case SCN_T_WORDS:
        put_words(k, object, out);
        break;
    case SCN_T_WORD:
        fputs(k->words[scn_key_load(k, object)], out);
        break;
    default:
        value = scn_key_load(k, object);
        if (k->type == SCN_T_TIME)
            value *= k->scale;
        fputs(scn_spell(scn_type_quantity(k->type), value, buf, sizeof buf), out);
    }
}

static void put_object(const struct scn_table *t, const void *object, enum scn_net net, int indent, FILE *out)
{
    for (const struct scn_key *k = t->keys; k < t->keys + t->n_keys; k++) {
        if (!is_set(k, object) || !scn_key_belongs(k, net))
            continue;
        fprintf(out, "%*s%s:", indent, "", k->key);
        if (k->type == SCN_T_OBJECT) {
            fputs(says_something(k->sub, object) ? "\n" : " {}\n", out); /* nothing would be no mapping */
            put_object(k->sub, object, net, indent + 2, out);
            continue;
        }
        fputc(' ', out);
        put_value(k, object, indent, out);
        fputc('\n', out);
    }
}

static void put_sides(const struct scenario *s, const struct scn_fault *f, FILE *out)
{
    fputs("    partition: [", out);
    for (unsigned side = 1; side <= f->n_sides; side++) {
        const char *before = side > 1 ? ", [" : "[";

        for (unsigned i = 0; i < s->n_nodes; i++)
            if (f->side[i] == side) {
                fprintf(out, "%s\"%s\"", before, s->nodes[i].name);
                before = ", ";
            }
        fputc(']', out);
    }
    fputs("]\n", out);
}

static void put_fault_list(const struct scenario *s, unsigned first, FILE *out)
{
    if (s->n_faults > first)
        fputs("faults:\n", out);
    for (unsigned i = first; i < s->n_faults; i++) {
        fprintf(out, "  - name: \"%s\"\n", s->faults[i].name);
        put_object(&scn_table_fault, &s->faults[i], SCN_EITHER, 4, out);
        if (s->faults[i].action == SCN_PARTITION)
            put_sides(s, &s->faults[i], out);
    }
}

int scenario_dump_faults(const struct scenario *s, unsigned first, FILE *out)
{
    fputs("# Written by cob: the faults that were given to the run in the debugger.\n", out);
    put_fault_list(s, first, out);
    return fflush(out) == 0 && !ferror(out) ? 0 : -1;
}

static void put_faults(const struct scenario *s, FILE *out)
{
    if (s->n_kinds)
        fputs("kinds:\n", out);
    for (unsigned i = 0; i < s->n_kinds; i++) {
        fprintf(out, "  %s:\n", s->kinds[i].name);
        put_object(&scn_table_kind, &s->kinds[i], SCN_EITHER, 4, out);
        scn_put_fields(&s->kinds[i], out);
    }
    if (s->n_events)
        fputs("events:\n", out);
    for (unsigned i = 0; i < s->n_events; i++) {
        fprintf(out, "  %s:\n", s->events[i].name);
        put_object(&scn_table_event, &s->events[i], SCN_EITHER, 4, out);
    }
    if (s->n_inputs)
        fputs("input:\n", out);
    for (unsigned i = 0; i < s->n_inputs; i++) {
        fputs("  -\n", out);
        put_object(&scn_table_input, &s->inputs[i], SCN_EITHER, 4, out);
    }
    put_fault_list(s, 0, out);
}

int scenario_dump(const struct scenario *s, FILE *out)
{
    fputs("# Written by cob: the scenario with every default filled in.\n", out);
    put_object(&scn_table_root, s, SCN_EITHER, 0, out);
    fputs("nodes:\n", out);
    for (unsigned i = 0; i < s->n_nodes; i++) {
        fprintf(out, "  %s:\n", s->nodes[i].name);
        put_object(&scn_table_node, &s->nodes[i], SCN_EITHER, 4, out);
    }
    if (s->n_switches)
        fputs("switches:\n", out);
    for (unsigned i = 0; i < s->n_switches; i++) {
        fprintf(out, "  %s:\n", s->switches[i].name);
        put_object(&scn_table_switch, &s->switches[i], s->switches[i].fabric ? SCN_FABRIC : SCN_ETHERNET, 4,
                   out);
    }
    if (s->n_links)
        fputs("links:\n", out);
    for (unsigned i = 0; i < s->n_links; i++) {
        const struct scn_link *l = &s->links[i];

        fputs("  - endpoints: [", out);
        put_end(s, &l->end[0], out);
        fputs(", ", out);
        put_end(s, &l->end[1], out);
        fputs("]\n", out);
        put_object(&scn_table_link, l, l->fabric ? SCN_FABRIC : SCN_ETHERNET, 4, out);
    }
    put_faults(s, out);
    if (!scn_trace_is_default(s)) {
        fputs("trace:\n", out);
        put_object(&scn_table_trace, &s->trace, SCN_EITHER, 2, out);
    }
    if (fflush(out) || ferror(out)) {
        if (!errno)
            errno = EIO;
        return -1;
    }
    return 0;
}
