/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_diag.c - error messages about a scenario file, and the small helpers they need.
 *
 * Errors are noted while the file is read and printed together, in the order of the file:
 *
 *   pair.scn.yml:7:5: error: unknown key "memroy" in a node (did you mean "memory"?)
 *       memroy: 256MiB
 *       ^
 *
 * Lines and columns count from 1; columns count characters, not bytes.
 */
#include "sim/scenario_internal.h"
#include <stdlib.h>
#include <string.h>

#define LINE_SHOWN 120 /* characters of a long line that are shown around the error */

void *scn_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);

    if (!p) {
        fputs("cob: out of memory while reading a scenario\n", stderr);
        abort();
    }
    return p;
}

void *scn_grow(void *array, size_t n, size_t *cap, size_t item)
{
    void *p;

    if (n < *cap)
        return array;
    *cap = *cap ? 2 * *cap : 8;
    p = scn_alloc(*cap * item);
    if (n)
        memcpy(p, array, n * item);
    free(array);
    return p;
}

char *scn_strdup(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(scn_alloc(size), text, size);
}

static char *scn_vprintf(const char *fmt, va_list ap)
{
    va_list again;
    int len;
    char *p;

    va_copy(again, ap);
    len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    p = scn_alloc(len < 0 ? 1 : (size_t)len + 1);
    if (len > 0)
        vsnprintf(p, (size_t)len + 1, fmt, ap);
    return p;
}

char *scn_printf(const char *fmt, ...)
{
    va_list ap;
    char *p;

    va_start(ap, fmt);
    p = scn_vprintf(fmt, ap);
    va_end(ap);
    return p;
}

size_t scn_utf8(const char *text, size_t len, uint32_t *cp)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *s = (const unsigned char *)text;
    size_t n;

    if (len == 0)
        return 0;
    n = s[0] < 0x80             ? 1
        : (s[0] & 0xe0) == 0xc0 ? 2
        : (s[0] & 0xf0) == 0xe0 ? 3
        : (s[0] & 0xf8) == 0xf0 ? 4
                                : 0;
    if (n == 0 || n > len)
        return 0;
    *cp = n == 1 ? s[0] : s[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        *cp = *cp << 6 | (s[i] & 0x3f);
    }
    if (*cp < smallest[n] || *cp > 0x10ffff || (*cp >= 0xd800 && *cp <= 0xdfff))
        return 0;
    return n;
}

void scn_error(struct scn_diag *d, size_t pos, const char *fmt, ...)
{
    size_t end = d->len - d->tail;
    struct scn_report r = {.pos = pos < d->head ? d->head : pos < end ? pos : end};
    unsigned i;
    va_list ap;

    va_start(ap, fmt);
    r.message = scn_vprintf(fmt, ap);
    va_end(ap);
    for (i = 0; i < d->n_reports; i++)
        if (d->reports[i].pos == r.pos && strcmp(d->reports[i].message, r.message) == 0)
            goto drop;
    d->n_errors++;
    if (d->n_reports == SCN_MAX_ERRORS)
        goto drop;
    for (i = d->n_reports; i > 0 && d->reports[i - 1].pos > r.pos; i--)
        d->reports[i] = d->reports[i - 1];
    d->reports[i] = r;
    d->n_reports++;
    return;
drop:
    free(r.message);
}

/* The start of the line after the one that p is in; text + len if there is none. */
static const char *next_line(const char *p, const char *end)
{
    while (p < end && *p != '\n' && *p != '\r')
        p++;
    if (p < end)
        p += p[0] == '\r' && p + 1 < end && p[1] == '\n' ? 2 : 1;
    return p;
}

static bool continues(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

size_t scn_offset(const struct scn_diag *d, int line, int column)
{
    const char *p = d->text, *end = d->text + d->len;

    while (--line > 0)
        p = next_line(p, end);
    while (--column > 0 && p < end && *p != '\n' && *p != '\r')
        do
            p++;
        while (p < end && continues(*p));
    return (size_t)(p - d->text);
}

/* One line of the file with a caret below `at`; what a terminal might act on is replaced. */
static void print_source(const char *line, const char *at, const char *end, FILE *out)
{
    const char *from = at, *to = at, *p;
    unsigned n;

    for (n = 0; from > line && n < LINE_SHOWN / 2; n++)
        do
            from--;
        while (from > line && continues(*from));
    for (; to < end && *to != '\n' && *to != '\r' && n < LINE_SHOWN; n++)
        do
            to++;
        while (to < end && continues(*to));
    fputs("    ", out);
    for (p = from; p < to;) {
        uint32_t cp = 0;
        size_t len = scn_utf8(p, (size_t)(to - p), &cp);
        bool show = len && (cp == '\t' || (cp >= ' ' && cp != 0x7f && !(cp >= 0x80 && cp < 0xa0)));

        if (show)
            fwrite(p, 1, len, out);
        else
            fputc('?', out);
        p += len ? len : 1;
    }
    fputs("\n    ", out);
    for (p = from; p < at; p++)
        if (!continues(*p))
            fputc(*p == '\t' ? '\t' : ' ', out);
    fputs("^\n", out);
}

void scn_diag_flush(struct scn_diag *d, FILE *out)
{
    const char *end = d->text + d->len - d->tail, *line = d->text + d->head;
    unsigned number = 1;

    for (unsigned i = 0; i < d->n_reports; i++) {
        const char *at = d->text + d->reports[i].pos, *p;
        unsigned column = 1;

        /* "at the end of the file" may be the empty line after the last one */
        while ((p = next_line(line, end)) <= at && p > line && (p[-1] == '\n' || p[-1] == '\r')) {
            line = p;
            number++;
        }
        for (p = line; p < at; p++)
            column += !continues(*p);
        fprintf(out, "%s:%u:%u: error: %s\n", d->path, number, column, d->reports[i].message);
        print_source(line, at, end, out);
        free(d->reports[i].message);
    }
    if (d->n_errors > d->n_reports)
        fprintf(out, "%s: %u errors; the other %u are not shown\n", d->path, d->n_errors,
                d->n_errors - d->n_reports);
    d->n_reports = 0;
}

/* Insertions, deletions, replacements and swaps of neighbours that turn a into b; 99 if a word is too long to
 * matter. */
static unsigned edit_distance(const char *a, const char *b)
{
    unsigned d[34][34];
    size_t na = strlen(a), nb = strlen(b);

    if (na > 32 || nb > 32)
        return 99;
    for (size_t i = 0; i <= na; i++)
        for (size_t j = 0; j <= nb; j++) {
            unsigned best;

            if (i == 0 || j == 0) {
                d[i][j] = (unsigned)(i + j);
                continue;
            }
            best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (d[i - 1][j] + 1 < best)
                best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best)
                best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[na][nb];
}

/* Whether one word is the beginning of the other: "x86" and "x86_64", "sec" and "s". */
static bool begins(const char *word, const char *candidate)
{
    size_t len = strlen(word), n = strlen(candidate);

    return len > 1 && strncasecmp(word, candidate, len < n ? len : n) == 0;
}

const char *scn_suggest(const char *word, const char *const *words, size_t n_words)
{
    const char *best = NULL;
    unsigned best_distance = 99;

    for (size_t i = 0; i < n_words; i++) {
        size_t longer = strlen(words[i]) > strlen(word) ? strlen(words[i]) : strlen(word);
        unsigned distance = strcasecmp(word, words[i]) == 0 ? 0 : edit_distance(word, words[i]);

        if (distance <= (longer + 2) / 3 && distance < longer && distance < best_distance) {
            best = words[i];
            best_distance = distance;
        }
    }
    for (size_t i = 0; i < n_words && !best; i++)
        if (begins(word, words[i]))
            best = words[i];
    return best;
}

const char *scn_hint(char *buf, size_t size, const char *word, const char *const *words, size_t n_words,
                     const char *what)
{
    const char *like = scn_suggest(word, words, n_words);
    size_t used;

    if (like) {
        snprintf(buf, size, " (did you mean \"%s\"?)", like);
        return buf;
    }
    used = (size_t)snprintf(buf, size, "; %s: ", what);
    for (size_t i = 0; i < n_words && used < size; i++)
        used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? ", " : "", words[i]);
    return buf;
}
