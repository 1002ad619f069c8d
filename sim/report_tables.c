/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report_tables.c - result, expectations, faults, latencies and links as plain tables. */
#include "sim/report_internal.h"
#include <inttypes.h>
#include <stdlib.h>

static void facts(const struct report *r, FILE *out)
{
    const json_t *fabric = json_object_get(r->result, "fabric"), *host = json_object_get(r->result, "host");
    const json_t *coherence = json_object_get(r->result, "coherence");
    const char *books = rep_string(fabric, "conservation");
    char t[40];

    fputs("<dl class=\"facts\">", out);
    fprintf(out, "<div><dt>virtual time</dt><dd>%s</dd></div>",
            scn_format_time(r->result ? rep_integer(r->result, "virtual_ps") : r->last, t, sizeof t));
    if (r->traced)
        fprintf(out, "<div><dt>messages</dt><dd>%" PRIu64 "</dd></div>", r->all_messages);
    if (fabric) {
        fprintf(out, "<div><dt>sent</dt><dd>%" PRId64 "</dd></div>", rep_integer(fabric, "injected"));
        fprintf(out, "<div><dt>delivered</dt><dd>%" PRId64 "</dd></div>", rep_integer(fabric, "delivered"));
        if (rep_integer(fabric, "duplicated"))
            fprintf(out, "<div><dt>duplicated by faults</dt><dd>%" PRId64 "</dd></div>",
                    rep_integer(fabric, "duplicated"));
        fprintf(out, "<div><dt>dropped</dt><dd%s>%" PRId64 "</dd></div>",
                rep_integer(fabric, "dropped") ? " class=\"bad\"" : "", rep_integer(fabric, "dropped"));
        fprintf(out, "<div><dt>in flight at the end</dt><dd>%" PRId64 "</dd></div>",
                rep_integer(fabric, "in_flight"));
        fprintf(out, "<div><dt>fabric's books</dt><dd%s>", strcmp(books, "ok") ? " class=\"bad\"" : "");
        rep_text(out, strcmp(books, "ok") ? books : "balance");
        fputs("</dd></div>", out);
    }
    if (coherence) {
        const char *verdict = rep_string(coherence, "verdict");
        bool bad = strcmp(verdict, "ok") != 0;
        fprintf(
            out, "<div><dt>page states</dt><dd id=\"coherence\"%s>%" PRId64 " changes of %" PRId64 " pages: ",
            bad ? " class=\"bad\"" : "", rep_integer(coherence, "changes"), rep_integer(coherence, "pages"));
        rep_text(out, bad ? verdict : "coherent");
        fputs("</dd></div>", out);
    }
    if (r->result) {
        fputs("<div><dt>seed</dt><dd><code>", out);
        rep_text(out, rep_string(r->result, "seed"));
        fputs("</code></dd></div><div><dt>hash</dt><dd><code>", out);
        rep_text(out, rep_string(r->result, "hash"));
        fputs("</code></dd></div>", out);
        fprintf(out, "<div><dt>wall-clock time</dt><dd id=\"wall\">%.1f s</dd></div>",
                json_number_value(json_object_get(host, "wall_s")));
    }
    fputs("</dl>\n", out);
}

static void node_rows(const struct report *r, FILE *out)
{
    const json_t *nodes = json_object_get(r->result, "nodes");

    fputs(
        "<div class=\"wide\"><table id=\"nodes\"><caption>How each node "
        "ended</caption><thead><tr><th>node<th>machine"
        "<th>end<th class=\"n\">exit<th class=\"n\">at, s<th class=\"n\">sent<th "
        "class=\"n\">received<th>memory"
        "<th>verdict</tr></thead><tbody>\n",
        out);
    for (size_t i = 0; i < json_array_size(nodes); i++) {
        const json_t *n = json_array_get(nodes, i);
        const char *verdict = rep_string(n, "verdict");
        bool bad = strcmp(verdict, "ok") != 0;
        fputs("<tr><th scope=\"row\">", out);
        rep_text(out, rep_string(n, "name"));
        fputs("</th><td>", out);
        rep_text(out, rep_string(n, "arch"));
        fputs("</td><td>", out);
        rep_text(out, rep_string(n, "end"));
        if (json_is_integer(json_object_get(n, "exit")))
            fprintf(out, "</td><td class=\"n\">%" PRId64 "</td>", rep_integer(n, "exit"));
        else
            fputs("</td><td class=\"n\">\xE2\x80\x93</td>", out);
        rep_time_cell(out, rep_integer(n, "end_ps"));
        rep_cell(out, rep_integer(n, "tx_frames"));
        rep_cell(out, rep_integer(n, "rx_frames"));
        fputs("<td><code>", out);
        rep_text(out, rep_string(n, "ram_xxh3"));
        fprintf(out, "</code></td><td class=\"%s\">%s ", bad ? "bad" : "good",
                bad ? "\xE2\x9C\x98" : "\xE2\x9C\x94");
        rep_text(out, verdict);
        fputs("</td></tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
}

static void check_rows(const struct report *r, FILE *out)
{
    const json_t *nodes = json_object_get(r->result, "nodes");
    bool any = false;

    for (size_t i = 0; i < json_array_size(nodes); i++)
        any |= json_array_size(json_object_get(json_array_get(nodes, i), "checks")) > 0;
    if (!any)
        return;
    fputs(
        "<table "
        "id=\"checks\"><caption>Expectations</caption><thead><tr><th>node<th>expected<th>outcome</tr></thead>"
        "<tbody>\n",
        out);
    for (size_t i = 0; i < json_array_size(nodes); i++) {
        const json_t *n = json_array_get(nodes, i), *checks = json_object_get(n, "checks");
        for (size_t k = 0; k < json_array_size(checks); k++) {
            const json_t *c = json_array_get(checks, k);
            bool ok = json_is_true(json_object_get(c, "ok"));
            fputs("<tr><th scope=\"row\">", out);
            rep_text(out, rep_string(n, "name"));
            fputs("</th><td>", out);
            rep_text(out, rep_string(c, "check"));
            fprintf(out, "</td><td class=\"%s\">%s ", ok ? "good" : "bad",
                    ok ? "\xE2\x9C\x94 met" : "\xE2\x9C\x98");
            rep_text(out, ok ? "" : rep_string(c, "why"));
            fputs("</td></tr>\n", out);
        }
    }
    fputs("</tbody></table>\n", out);
}

/* One row for each fault of the scenario: whatever result.json says about it. */
static void fault_rows(const struct report *r, FILE *out)
{
    const json_t *faults = json_object_get(r->result, "faults");

    if (json_array_size(faults) == 0)
        return;
    fputs(
        "<table id=\"faults\"><caption>Faults</caption><thead><tr><th>fault<th class=\"n\">hits<th>what"
        "</tr></thead><tbody>\n",
        out);
    for (size_t i = 0; i < json_array_size(faults); i++) {
        json_t *f = json_array_get(faults, i);
        bool first = true;
        fputs("<tr><th scope=\"row\">", out);
        rep_text(out, rep_string(f, "name"));
        fputs("</th>", out);
        rep_cell(out, rep_integer(f, "hits"));
        fputs("<td>", out);
        for (void *k = json_object_iter(f); k; k = json_object_iter_next(f, k)) {
            const char *key = json_object_iter_key(k);
            const json_t *value = json_object_iter_value(k);
            if (!strcmp(key, "name") || !strcmp(key, "hits"))
                continue;
            char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
            fputs(first ? "" : ", ", out);
            rep_text(out, key);
            putc(' ', out);
            rep_text(out, text ? text : json_string_value(value) ? json_string_value(value) : "");
            first = false;
            free(text);
        }
        fputs("</td></tr>\n", out);
    }
    fputs("</tbody></table>\n", out);
}

/* The table of a load without guests. */
static void load_rows(const struct report *r, FILE *out)
{
    static const char *const keys[] = {"messages", "delivered", "dropped", "min_ps",  "mean_ps",
                                       "p50_ps",   "p99_ps",    "max_ps",  "stall_ps"};
    const json_t *points = json_object_get(json_object_get(r->result, "load"), "points");

    fputs(
        "<div class=\"wide\"><table id=\"load\"><caption>Offered load and what became of "
        "it</caption><thead><tr>"
        "<th class=\"n\">offered, %<th class=\"n\">accepted, %<th class=\"n\">accepted, bit/s",
        out);
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
        fprintf(out, "<th class=\"n\">%s", keys[k]);
    fputs("</tr></thead><tbody>\n", out);
    for (size_t i = 0; i < json_array_size(points); i++) {
        const json_t *p = json_array_get(points, i);
        int64_t permille = rep_integer(p, "accepted_permille");
        fprintf(out,
                "<tr><th class=\"n\" scope=\"row\">%" PRId64 "</th><td class=\"n\">%" PRId64 ".%" PRId64
                "</td>",
                rep_integer(p, "offered_percent"), permille / 10, permille % 10);
        rep_cell(out, rep_integer(p, "accepted_bps"));
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
            rep_cell(out, rep_integer(p, keys[k]));
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
}

void rep_write_result(const struct report *r, FILE *out)
{
    fputs("<section id=\"result\"><h2>Result</h2>\n", out);
    for (size_t at = 0; at < r->notes.n; at += strlen((const char *)r->notes.p + at) + 1) {
        fputs("<p class=\"note\">", out);
        rep_text(out, (const char *)r->notes.p + at);
        fputs("</p>\n", out);
    }
    facts(r, out);
    if (json_object_get(r->result, "load")) {
        load_rows(r, out);
    } else if (r->result) {
        node_rows(r, out);
        check_rows(r, out);
        fault_rows(r, out);
    }
    fputs("</section>\n", out);
}

void rep_write_latency(const struct report *r, FILE *out)
{
    if (!r->traced)
        return;
    fputs(
        "<section id=\"latency\"><h2>Latency</h2>\n<p>From the moment the sending guest handed a message "
        "over to the "
        "moment the receiving guest got it, in picoseconds of virtual time, exact. Median and p99 are values "
        "that "
        "occurred.</p>\n",
        out);
    if (r->n_latencies == 0) {
        fputs("<p class=\"none\">Nothing was delivered.</p></section>\n", out);
        return;
    }
    fputs(
        "<div class=\"wide\"><table id=\"latencies\"><thead><tr><th>from<th>to<th>kind<th "
        "class=\"n\">count<th "
        "class=\"n\">min<th class=\"n\">median<th class=\"n\">p99<th class=\"n\">max</tr></thead><tbody>\n",
        out);
    for (size_t i = 0; i < r->n_latencies; i++) {
        const struct rep_latency *l = &r->latencies[i];
        fputs("<tr><td>", out);
        rep_text(out, rep_node_name(r, l->from));
        fputs("</td><td>", out);
        rep_text(out, rep_node_name(r, l->to));
        fputs("</td><td>", out);
        rep_text(out, rep_kind_name(r, l->kind));
        fputs("</td>", out);
        rep_cell(out, (int64_t)l->count);
        rep_cell(out, l->min);
        rep_cell(out, l->median);
        rep_cell(out, l->p99);
        rep_cell(out, l->max);
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div></section>\n", out);
}

/* A row for one end, from result.json if it is there, else as counted in the trace. */
static void link_row(const struct report *r, const char *name, size_t link, size_t k, const json_t *e,
                     FILE *out)
{
    int64_t all = rep_integer(r->result, "virtual_ps"), drops = rep_dropped(e);

    if (k == 0) {
        fputs("<tr><th scope=\"rowgroup\" rowspan=\"2\">", out);
        rep_text(out, name);
        fputs("</th>", out);
    } else {
        fputs("<tr>", out);
    }
    fprintf(out, "<td class=\"n\">%zu</td>", k);
    if (e) {
        rep_cell(out, rep_integer(e, "sent_frames"));
        rep_cell(out, rep_integer(e, "sent_bytes"));
        rep_cell(out, rep_integer(e, "arrived_frames"));
        fprintf(out, "<td class=\"n%s\">%" PRId64 "</td>", drops ? " bad" : "", drops);
        rep_cell(out, rep_integer(e, "queue_peak_bytes"));
        int64_t load = all >= 100000 ? rep_integer(e, "busy_ps") / (all / 100000) : 0;
        fprintf(out, "<td class=\"n\">%" PRId64 ".%03" PRId64 "</td>", load / 1000, load % 1000);
    } else {
        const struct rep_end_count *c = &r->ends[2 * link + k];
        rep_cell(out, (int64_t)c->sent);
        rep_cell(out, (int64_t)c->sent_bytes);
        rep_cell(out, (int64_t)c->arrived);
        fprintf(out, "<td class=\"n%s\">%" PRIu64 "</td><td></td><td></td>", c->dropped ? " bad" : "",
                c->dropped);
    }
    fputs("</tr>\n", out);
}

void rep_write_links(const struct report *r, FILE *out)
{
    const json_t *links = json_object_get(r->result, "links");
    size_t n = r->result ? json_array_size(links) : r->traced ? r->names.n_links : 0;

    if (n == 0)
        return;
    fputs("<section id=\"links\"><h2>Links</h2>\n", out);
    if (!r->result)
        fputs("<p class=\"note\">Counted from the trace.</p>\n", out);
    fputs(
        "<div class=\"wide\"><table id=\"link-ends\"><thead><tr><th>link<th class=\"n\">end<th "
        "class=\"n\">sent<th "
        "class=\"n\">bytes<th class=\"n\">arrived<th class=\"n\">dropped<th class=\"n\">queue peak, bytes<th "
        "class=\"n\">busy, %</tr></thead><tbody>\n",
        out);
    for (size_t i = 0; i < n; i++) {
        const json_t *l = json_array_get(links, i);
        for (size_t k = 0; k < 2; k++)
            link_row(r, l ? rep_string(l, "name") : r->names.links[i], i, k,
                     json_array_get(json_object_get(l, "ends"), k), out);
    }
    fputs("</tbody></table></div></section>\n", out);
}
