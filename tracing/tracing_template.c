/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tracing_template.c - see tracing_template.h. Checking is showing without an output. */
#include "tracing/tracing_template.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct show {
    FILE *out; /* NULL: only checked */
    uint32_t arg;
    const uint8_t *data;
    size_t len;
    const char *const *nodes;
    unsigned n_nodes;
    char *why;
    size_t size;
};

static bool wrong(const struct show *s, const char *reason, const char *at, size_t len)
{
    if (s->why)
        snprintf(s->why, s->size, "%s: \"%.*s\"", reason, (int)(len < 40 ? len : 40), at);
    return false;
}

/* What a guest wrote reaches no terminal as it is. */
static void put_text(FILE *out, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] >= ' ' && p[i] < 0x7f)
            fputc(p[i], out);
        else
            fprintf(out, "\\x%02x", p[i]);
}

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && *p == ' ')
        p++;
    return p;
}

static bool is_word(const char *p, const char *end, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(end - p) == n && memcmp(p, word, n) == 0;
}

/* Decimal or 0x.. at *p; moves it on. */
static bool number(const char **p, const char *end, uint64_t *out)
{
    bool hex = end - *p > 2 && (*p)[0] == '0' && (*p)[1] == 'x';
    const char *start = *p += hex ? 2 : 0;

    *out = 0;
    for (; *p < end && *p - start < 16 && (hex ? isxdigit((unsigned char)**p) : isdigit((unsigned char)**p));
         ++*p) {
        unsigned digit = (unsigned)(isdigit((unsigned char)**p) ? **p - '0' : (**p | 32) - 'a' + 10);
        *out = *out * (hex ? 16 : 10) + digit;
    }
    return *p > start;
}

/* "arg", "arg.16-31", "u32". len: what it takes of the data; *have: whether they are there. */
static bool take(struct show *s, const char *p, const char *end, uint64_t *value, bool *have)
{
    static const struct {
        const char *word;
        size_t bytes;
    } sizes[] = {{"u8", 1}, {"u16", 2}, {"u32", 4}, {"u64", 8}};
    uint64_t low, high;

    *have = true;
    *value = s->arg;
    if (is_word(p, end, "arg"))
        return true;
    if (end - p > 4 && memcmp(p, "arg.", 4) == 0) {
        const char *q = p + 4;
        if (!number(&q, end, &low) || q == end || *q++ != '-' || !number(&q, end, &high) || q != end ||
            low > high || high > 31)
            return wrong(s, "bits of arg are given as in arg.0-15", p, (size_t)(end - p));
        *value = ((uint64_t)s->arg >> low) & ((UINT64_C(2) << (high - low)) - 1);
        return true;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (is_word(p, end, sizes[i].word)) {
            *value = 0;
            *have = s->len >= sizes[i].bytes;
            for (size_t k = *have ? sizes[i].bytes : 0; k-- > 0;)
                *value = *value << 8 | s->data[k];
            if (*have)
                s->data += sizes[i].bytes;
            s->len -= *have ? sizes[i].bytes : s->len;
            return true;
        }
    return wrong(s, "expected arg, arg.LO-HI, u8, u16, u32, u64 or text", p, (size_t)(end - p));
}

/* The list of names from p on; the one for value in *name. */
static bool names(const struct show *s, const char *p, const char *end, uint64_t value, const char **name,
                  size_t *len)
{
    uint64_t next = 0;

    *name = NULL;
    while (p < end) {
        const char *comma = memchr(p, ',', (size_t)(end - p)), *stop = comma ? comma : end;
        p = skip_blanks(p, stop);
        const char *equals = memchr(p, '=', (size_t)(stop - p));
        if (equals) {
            const char *q = p;
            if (!number(&q, equals, &next) || q != equals)
                return wrong(s, "expected NUMBER=NAME", p, (size_t)(stop - p));
            p = equals + 1;
        }
        if (p == stop)
            return wrong(s, "a name is missing before", stop, strlen(stop));
        if (next++ == value)
            *name = p, *len = (size_t)(stop - p);
        p = comma ? comma + 1 : end;
    }
    return true;
}

/* What is between two braces. */
static bool show_field(struct show *s, const char *p, const char *end)
{
    const char *stop = p, *name = NULL;
    size_t name_len = 0;
    uint64_t value;
    bool have;

    while (stop < end && *stop != ' ' && *stop != ':')
        stop++;
    const char *how = skip_blanks(stop, end);
    if (is_word(p, end, "text")) {
        if (s->out)
            put_text(s->out, s->data, s->len);
        s->len = 0;
        return true;
    }
    if (!take(s, p, stop, &value, &have))
        return false;
    bool hex = is_word(how, end, "hex"), node = is_word(how, end, "node");
    if (how < end && *how == ':') {
        if (!names(s, how + 1, end, value, &name, &name_len))
            return false;
    } else if (how < end && !hex && !node) {
        return wrong(s, "expected hex, node or names after a colon", how, (size_t)(end - how));
    }
    if (!s->out)
        return true;
    if (!have)
        fputc('?', s->out);
    else if (name)
        fprintf(s->out, "%.*s", (int)name_len, name);
    else if (node && value < s->n_nodes)
        fputs(s->nodes[value], s->out);
    else
        fprintf(s->out, hex ? "0x%" PRIx64 : "%" PRIu64, value);
    return true;
}

static bool show(struct show *s, const char *text)
{
    while (*text) {
        const char *end = *text == '{' ? strchr(text, '}') : NULL;
        if (*text == '{' && !end)
            return wrong(s, "a brace is not closed", text, strlen(text));
        if (*text == '}')
            return wrong(s, "a brace was not opened", text, strlen(text));
        if (end && !show_field(s, text + 1, end))
            return false;
        if (!end && s->out)
            fputc(*text, s->out);
        text = end ? end + 1 : text + 1;
    }
    return true;
}

bool tracing_template_check(const char *text, char *why, size_t size)
{
    struct show s = {.why = why, .size = size};
    return show(&s, text);
}

void tracing_template_show(FILE *out, const char *text, uint32_t arg, const uint8_t *data, size_t len,
                           const char *const *nodes, unsigned n_nodes)
{
    struct show s = {.out = out, .arg = arg, .data = data, .len = len, .nodes = nodes, .n_nodes = n_nodes};
    show(&s, text);
}
