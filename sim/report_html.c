/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report_html.c - text and numbers in HTML. Everything that is not a literal of ours goes through here. */
#include "sim/report_internal.h"
#include <inttypes.h>

void rep_text_n(FILE *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        switch (c) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        default: /* control characters have no place in a page */
            if (c < ' ' && c != '\n' && c != '\t')
                fprintf(out, "\\x%02x", c);
            else
                putc(c, out);
        }
    }
}

void rep_text(FILE *out, const char *text)
{
    rep_text_n(out, text, strlen(text));
}

void rep_number(FILE *out, int64_t v)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRId64, v), first = digits[0] == '-';
    int head = first + ((len - first) % 3 ? (len - first) % 3 : 3);

    fprintf(out, "%.*s", head < len ? head : len, digits);
    for (int i = head; i < len; i += 3)
        fprintf(out, "<i>%.3s</i>", digits + i);
}

void rep_cell(FILE *out, int64_t v)
{
    fputs("<td class=\"n\">", out);
    rep_number(out, v);
    fputs("</td>", out);
}

void rep_time_cell(FILE *out, int64_t v)
{
    char text[TRACING_TIME_TEXT];
    fprintf(out, "<td class=\"n\">%s</td>", tracing_time_text(v < 0 ? 0 : v, text));
}

const char *rep_string(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

int64_t rep_integer(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

int64_t rep_dropped(const json_t *end)
{
    json_t *reasons = json_object_get(end, "dropped");
    int64_t sum = 0;
    for (void *i = json_object_iter(reasons); i; i = json_object_iter_next(reasons, i))
        sum += json_integer_value(json_object_iter_value(i));
    return sum;
}

const char *rep_node_name(const struct report *r, uint32_t node)
{
    return node < r->names.n_nodes ? r->names.nodes[node] : "?";
}
