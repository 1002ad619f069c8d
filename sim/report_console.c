/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report_console.c - what the guests wrote, as their .log files have it: "[    1.234567890] text".
 * Of a console that is very long the middle is left out, with a note.
 */
#include "sim/report_internal.h"
#include <stdlib.h>

#define HEAD ((size_t)256 << 10)
#define TAIL ((size_t)768 << 10)

static size_t lines_in(const char *p, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += p[i] == '\n';
    return n;
}

/* The end of the line that p[at] is in, its newline included. */
static size_t line_end(const char *p, size_t len, size_t at)
{
    while (at < len && p[at] != '\n')
        at++;
    return at < len ? at + 1 : len;
}

static void write_one(const struct report *r, const char *node, bool open, FILE *out)
{
    struct tracing_map map = {0};
    char *name;

    if (asprintf(&name, "console/%s.log", node) < 0)
        return;
    bool there = tracing_map_file(&map, r->run, name) == 0;
    const char *p = (const char *)map.data;
    fprintf(out, "<details class=\"console\"%s><summary>", open ? " open" : "");
    rep_text(out, node);
    size_t n = lines_in(p, map.size);
    if (there)
        fprintf(out, " <span>%zu line%s</span></summary>\n<pre tabindex=\"0\" data-node=\"", n,
                n == 1 ? "" : "s");
    else
        fputs(" <span>no console</span></summary>\n<pre data-node=\"", out);
    rep_text(out, node);
    fputs("\">", out);
    if (map.size <= HEAD + TAIL) {
        rep_text_n(out, p, map.size);
    } else {
        size_t head = line_end(p, map.size, HEAD), tail = line_end(p, map.size, map.size - TAIL);
        rep_text_n(out, p, head);
        fprintf(out, "</pre><p class=\"note\">%zu lines are left out here; console/",
                lines_in(p + head, tail - head));
        rep_text(out, node);
        fputs(".log has them.</p><pre tabindex=\"0\" data-node=\"", out);
        rep_text(out, node);
        fputs("\">", out);
        rep_text_n(out, p + tail, map.size - tail);
    }
    fputs("</pre></details>\n", out);
    tracing_unmap(&map);
    free(name);
}

void rep_write_consoles(struct report *r, FILE *out)
{
    unsigned n = r->scn ? r->scn->n_nodes : r->names.n_nodes;

    if (json_object_get(r->result, "load"))
        return;
    fputs(
        "<section id=\"consoles\"><h2>Consoles</h2>\n<div id=\"search\" hidden><label>Search all consoles "
        "<input "
        "type=\"search\" id=\"search-text\"></label> <output id=\"search-count\"></output>"
        "<ol id=\"search-found\"></ol></div>\n",
        out);
    for (unsigned i = 0; i < n; i++)
        write_one(r, r->scn ? r->scn->nodes[i].name : r->names.nodes[i], n <= 2, out);
    fputs("</section>\n", out);
}
