/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_metadata.c - the CTF metadata text: made from the event table and the names; names read back.
 *
 * Reading does not parse TSDL. The names stand in the env block as node_0, node_1, .., link_0, .., fault_0,
 * ..; they are taken from there and the text is made again from them: a trace of another version, or a
 * damaged one, is not the same text.
 */
#include "tracing/tracing_format.h"
#include <errno.h>
#include <stdlib.h>

static void put_quoted(FILE *out, const char *s)
{
    fputc('"', out);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            fputc('\\', out);
        fputc(*s, out);
    }
    fputc('"', out);
}

static void put_names(FILE *out, const char *key, char *const *names, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        fprintf(out, "\t%s_%u = ", key, i);
        put_quoted(out, names[i]);
        fputs(";\n", out);
    }
}

/* "enum <name>" with the names as labels (NULL: left out), and one more after them. */
static void put_enum(FILE *out, const char *name, const char *const *labels, unsigned n, const char *last)
{
    fprintf(out, "enum %s : uint32_t {\n", name);
    for (unsigned i = 0; i < n; i++) {
        if (!labels[i])
            continue;
        fputc('\t', out);
        put_quoted(out, labels[i]);
        fprintf(out, " = %u,\n", i);
    }
    if (last)
        fprintf(out, "\t\"%s\" = %u,\n", last, n);
    fputs("};\n\n", out);
}

static void put_event(FILE *out, unsigned id)
{
    static const char *const types[] = {
        [TRF_U32] = "uint32_t",       [TRF_U64] = "uint64_t",      [TRF_HEX64] = "hex64_t",
        [TRF_I64] = "int64_t",        [TRF_LINK] = "enum link_no", [TRF_STRING] = "string",
        [TRF_NODE] = "enum node_no",  [TRF_MESSAGE] = "uint32_t",  [TRF_TIME] = "uint64_t",
        [TRF_FAULT] = "enum fault_no"};
    const struct tracing_event_def *def = &tracing_event_defs[id];
    fprintf(out, "event {\n\tid = %u;\n\tname = \"%s\";\n\tstream_id = %d;\n\tfields := struct {\n", id,
            def->name, def->stream);
    for (unsigned i = 0; i < TRACING_MAX_FIELDS && def->fields[i].type != TRF_NONE; i++)
        if (def->fields[i].type == TRF_BYTES)
            fprintf(out, "\t\tuint32_t %s_bytes;\n\t\tbyte_t %s[%s_bytes];\n", def->fields[i].name,
                    def->fields[i].name, def->fields[i].name);
        else if (def->fields[i].type == TRF_WORD)
            fprintf(out, "\t\tenum %s %s;\n", def->fields[i].words->name, def->fields[i].name);
        else
            fprintf(out, "\t\t%s %s;\n", types[def->fields[i].type], def->fields[i].name);
    fputs("\t};\n};\n\n", out);
}

static void put_metadata(FILE *out, const struct tracing_names *names)
{
    fputs(
        "/* CTF 1.8 */\n\n"
        "typealias integer { size = 8; align = 8; signed = false; byte_order = le; base = 16; } := byte_t;\n"
        "typealias integer { size = 16; align = 8; signed = false; byte_order = le; } := uint16_t;\n"
        "typealias integer { size = 32; align = 8; signed = false; byte_order = le; } := uint32_t;\n"
        "typealias integer { size = 64; align = 8; signed = false; byte_order = le; } := uint64_t;\n"
        "typealias integer { size = 64; align = 8; signed = true; byte_order = le; } := int64_t;\n"
        "typealias integer { size = 64; align = 8; signed = false; byte_order = le; base = 16; } := "
        "hex64_t;\n\n"
        "trace {\n\tmajor = 1;\n\tminor = 8;\n\tbyte_order = le;\n\tpacket.header := struct {\n"
        "\t\tuint32_t magic;\n\t\tuint32_t stream_id;\n\t};\n};\n\n"
        "env {\n\tdomain = \"cob\";\n\tcob_format = 3;\n",
        out);
    put_names(out, "node", names->nodes, names->n_nodes);
    put_names(out, "link", names->links, names->n_links);
    put_names(out, "fault", names->faults, names->n_faults);
    fputs(
        "};\n\n"
        "clock {\n\tname = vtime;\n\tdescription = \"virtual time in picoseconds since the guests were "
        "switched on\";\n"
        "\tfreq = 1000000000000;\n\tabsolute = false;\n};\n\n"
        "typealias integer { size = 64; align = 8; signed = false; byte_order = le; map = clock.vtime.value; "
        "}"
        " := vtime_t;\n\n",
        out);
    put_enum(out, "node_no", (const char *const *)names->nodes, names->n_nodes, "fabric");
    put_enum(out, "link_no", (const char *const *)names->links, names->n_links,
             names->n_links ? NULL : "none"); /* must not be empty */
    put_enum(out, "fault_no", (const char *const *)names->faults, names->n_faults,
             names->n_faults ? NULL : "none");
    for (const struct tracing_words *const *w = tracing_words_all; *w; w++)
        put_enum(out, (*w)->name, (*w)->labels, (*w)->n, NULL);
    for (unsigned stream = 0; stream < TRACING_CLASS_COUNT; stream++)
        fprintf(out,
                "stream {\n\tid = %u;\n\tevent.header := struct {\n\t\tuint16_t id;\n\t\tvtime_t "
                "timestamp;\n\t};\n"
                "\tpacket.context := struct {\n\t\tvtime_t timestamp_begin;\n\t\tvtime_t timestamp_end;\n"
                "\t\tuint64_t content_size;\n\t\tuint64_t packet_size;\n\t\tuint64_t packet_seq_num;\n"
                "\t\tuint64_t events_discarded;\n\t\tenum node_no node;\n\t};\n};\n\n",
                stream);
    for (unsigned id = 0; id < TR_EVENT_COUNT; id++)
        put_event(out, id);
}

char *tracing_metadata_text(const struct tracing_names *names, size_t *len)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, len);
    if (!out)
        return NULL;
    put_metadata(out, names);
    if (fclose(out) == 0)
        return text;
    free(text);
    errno = ENOMEM;
    return NULL;
}

/* The quoted string at *p up to end, unquoted; *p moves behind it. NULL: EINVAL or ENOMEM. */
static char *take_quoted(const char **p, const char *end)
{
    const char *from = *p;
    if (from == end || *from++ != '"') {
        errno = EINVAL;
        return NULL;
    }
    const char *to = from;
    while (to < end && *to != '"')
        to += *to == '\\' ? 2 : 1;
    if (to >= end) {
        errno = EINVAL;
        return NULL;
    }
    char *name = malloc((size_t)(to - from) + 1), *out = name;
    if (!name)
        return NULL;
    while (from < to) {
        from += *from == '\\';
        *out++ = *from++;
    }
    *out = 0;
    *p = to + 1;
    return name;
}

/* Takes "\t<key>_<i> = "..";\n" for i = 0, 1, .. from *p. */
static int take_names(const char **p, const char *end, const char *key, char ***list, unsigned *n)
{
    for (;;) {
        char start[32];
        size_t len = (size_t)snprintf(start, sizeof start, "\t%s_%u = ", key, *n);
        if ((size_t)(end - *p) < len || memcmp(*p, start, len) != 0)
            return 0;
        *p += len;
        char *name = take_quoted(p, end);
        if (!name)
            return -1;
        char **grown = realloc(*list, (*n + 1) * sizeof **list);
        if (!grown) {
            free(name);
            return -1;
        }
        *list = grown;
        grown[(*n)++] = name;
        if (end - *p < 2 || memcmp(*p, ";\n", 2) != 0) {
            errno = EINVAL;
            return -1;
        }
        *p += 2;
    }
}

int tracing_metadata_parse(const char *text, size_t len, struct tracing_names *names)
{
    static const char before[] = "cob_format = 3;\n";
    *names = (struct tracing_names){0};
    errno = EINVAL;
    const char *p = memmem(text, len, before, sizeof before - 1);
    if (!p)
        return -1;
    p += sizeof before - 1;
    if (take_names(&p, text + len, "node", &names->nodes, &names->n_nodes) == 0 &&
        take_names(&p, text + len, "link", &names->links, &names->n_links) == 0 &&
        take_names(&p, text + len, "fault", &names->faults, &names->n_faults) == 0) {
        size_t again_len;
        char *again = tracing_metadata_text(names, &again_len);
        bool same = again && again_len == len && memcmp(again, text, len) == 0;
        if (again && !same)
            errno = EINVAL;
        free(again);
        if (same)
            return 0;
    }
    int err = errno;
    tracing_names_free(names);
    errno = err;
    return -1;
}
