/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report_svg.c - the drawing of the topology: nodes, switches and links, with what result.json or the trace
 * knows of them. Thickness is load, red is a drop or a node that ended badly. Details are tooltips.
 */
#include "sim/report_internal.h"
#include <inttypes.h>
#include <math.h>

#define WIDTH      1000.0
#define PILLS_MOST 20u /* up to so many nodes have their names inside */

/* Tenths of a per cent of the run that the busier end of a link was sending; -1 unknown. */
static int64_t load_of(const struct report *r, const json_t *link)
{
    const json_t *ends = json_object_get(link, "ends");
    int64_t busy = 0, all = rep_integer(r->result, "virtual_ps");

    if (!link || all < 1000)
        return -1;
    for (size_t k = 0; k < json_array_size(ends); k++) {
        int64_t b = rep_integer(json_array_get(ends, k), "busy_ps");
        busy = b > busy ? b : busy;
    }
    return busy / (all / 1000);
}

static int64_t drops_of(const struct report *r, unsigned i, const json_t *link)
{
    const json_t *ends = json_object_get(link, "ends");
    if (!link)
        return r->ends ? (int64_t)(r->ends[2 * i].dropped + r->ends[2 * i + 1].dropped) : 0;
    return rep_dropped(json_array_get(ends, 0)) + rep_dropped(json_array_get(ends, 1));
}

static unsigned vertex(const struct scenario *s, const struct scn_end *e)
{
    return e->is_switch ? s->n_nodes + e->index : e->index;
}

/* The how-manieth link between the same two this one is, and how many there are. */
static unsigned parallel(const struct scenario *s, unsigned link, unsigned *n)
{
    unsigned a = vertex(s, &s->links[link].end[0]), b = vertex(s, &s->links[link].end[1]), which = 0;

    *n = 0;
    for (unsigned i = 0; i < s->n_links; i++) {
        unsigned c = vertex(s, &s->links[i].end[0]), d = vertex(s, &s->links[i].end[1]);
        if ((a == c && b == d) || (a == d && b == c)) {
            which += i < link;
            ++*n;
        }
    }
    return which;
}

static void link_title(const struct report *r, unsigned i, const json_t *link, FILE *out)
{
    const struct scn_link *l = &r->scn->links[i];
    char buf[40];

    fputs("<title>", out);
    rep_text(out, l->name);
    fprintf(out, ": %" PRIu64 " bit/s, delay %s", l->rate_bps, scn_format_time(l->delay_ps, buf, sizeof buf));
    for (unsigned k = 0; k < 2; k++) {
        const json_t *e = json_array_get(json_object_get(link, "ends"), k);
        if (e)
            fprintf(out,
                    "\nend %u: %" PRId64 " sent, %" PRId64 " bytes, %" PRId64 " dropped, queue peak %" PRId64,
                    k, rep_integer(e, "sent_frames"), rep_integer(e, "sent_bytes"), rep_dropped(e),
                    rep_integer(e, "queue_peak_bytes"));
        else if (r->ends)
            fprintf(out, "\nend %u: %" PRIu64 " sent, %" PRIu64 " dropped", k, r->ends[2 * i + k].sent,
                    r->ends[2 * i + k].dropped);
    }
    fputs("</title>", out);
}

static void draw_link(const struct report *r, unsigned i, const struct rep_place *places, double height,
                      FILE *out)
{
    const struct scenario *s = r->scn;
    const struct rep_place *a = &places[vertex(s, &s->links[i].end[0])],
                           *b = &places[vertex(s, &s->links[i].end[1])];
    const json_t *link = json_array_get(json_object_get(r->result, "links"), i);
    int64_t load = load_of(r, link), drops = drops_of(r, i, link);
    double x0 = a->x * WIDTH, y0 = a->y * height, x1 = b->x * WIDTH, y1 = b->y * height;
    double dx = x1 - x0, dy = y1 - y0, len = hypot(dx, dy), bend = 0;
    unsigned n, which = parallel(s, i, &n);

    if (n > 1)
        bend = 36.0 * (which - (n - 1) / 2.0);
    if (s->links[i].end[0].is_switch && s->links[i].end[1].is_switch && s->links[i].fabric &&
        s->n_switches > 4 && len > 0.45 * WIDTH)
        bend = -0.1 * len; /* around a torus: not through everything in between */
    double mx = (x0 + x1) / 2 + (len > 0 ? -dy / len * bend : 0),
           my = (y0 + y1) / 2 + (len > 0 ? dx / len * bend : 0);

    fprintf(out, "<g class=\"link%s\">", drops ? " bad" : "");
    link_title(r, i, link, out);
    fprintf(out, "<path d=\"M%.1f %.1fQ%.1f %.1f %.1f %.1f\" stroke-width=\"%.1f\"/>", x0, y0,
            2 * mx - (x0 + x1) / 2, 2 * my - (y0 + y1) / 2, x1, y1,
            load < 0 ? 1.5 : 1.5 + (double)(load > 1000 ? 1000 : load) / 125);
    if (drops)
        fprintf(out, "<text x=\"%.1f\" y=\"%.1f\">\xE2\x9C\x95 %" PRId64 " dropped</text>", mx, my - 6,
                drops);
    else if (load >= 0 && s->n_links <= 24)
        fprintf(out, "<text x=\"%.1f\" y=\"%.1f\">%s%" PRId64 ".%" PRId64 " %%</text>", mx, my - 6,
                load ? "" : "&lt; ", load ? load / 10 : 0, load ? load % 10 : 1);
    fputs("</g>\n", out);
}

static bool node_bad(const struct report *r, unsigned i)
{
    const json_t *n = json_array_get(json_object_get(r->result, "nodes"), i);
    const char *verdict = rep_string(n, "verdict");
    return *verdict && strcmp(verdict, "ok") != 0;
}

static void node_title(const struct report *r, unsigned i, FILE *out)
{
    const json_t *n = json_array_get(json_object_get(r->result, "nodes"), i);

    fputs("<title>", out);
    rep_text(out, r->scn->nodes[i].name);
    fprintf(out, ", %s", scn_arch_name(r->scn->nodes[i].arch));
    if (n) {
        fprintf(out, "\n%" PRId64 " sent, %" PRId64 " received\n", rep_integer(n, "tx_frames"),
                rep_integer(n, "rx_frames"));
        rep_text(out, rep_string(n, "verdict"));
    }
    fputs("</title>", out);
}

static void draw_node(const struct report *r, unsigned i, const struct rep_place *p, double height, FILE *out)
{
    const struct scn_node *node = &r->scn->nodes[i];
    double x = p->x * WIDTH, y = p->y * height, half = 4.0 * (double)strlen(node->name) + 12;

    fprintf(out, "<g class=\"node%s\">", node_bad(r, i) ? " bad" : "");
    node_title(r, i, out);
    if (r->scn->n_nodes <= PILLS_MOST) {
        half = half < 34 ? 34 : half;
        fprintf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"38\" rx=\"9\"/>", x - half, y - 19,
                2 * half);
        fprintf(out, "<text x=\"%.1f\" y=\"%.1f\">", x, y - 2);
        rep_text(out, node->name);
        fprintf(out, "</text><text class=\"sub\" x=\"%.1f\" y=\"%.1f\">%s</text>", x, y + 12,
                node->arch == SCN_ARCH_NONE ? "adapter" : scn_arch_name(node->arch));
    } else {
        bool right = p->nx >= 0;
        fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"7\"/>", x, y);
        fprintf(out, "<text class=\"%s\" transform=\"translate(%.1f %.1f) rotate(%.1f)\">",
                right ? "right" : "left", x + 12 * p->nx, y + 12 * p->ny,
                atan2(p->ny, fabs(p->nx)) * (right ? 1 : -1) * 180 / M_PI);
        rep_text(out, node->name);
        fputs("</text>", out);
    }
    fputs("</g>\n", out);
}

static void draw_switch(const struct report *r, unsigned i, const struct rep_place *p, double height,
                        FILE *out)
{
    const char *name = r->scn->switches[i].name;
    double x = p->x * WIDTH, y = p->y * height,
           half = r->scn->n_switches > 16 ? 16 : 3.6 * (double)strlen(name) + 10;

    fputs("<g class=\"switch\"><title>", out);
    rep_text(out, name);
    fprintf(out, "</title><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"24\" rx=\"3\"/>", x - half,
            y - 12, 2 * half);
    if (r->scn->n_switches <= 16 || strlen(name) <= 4) {
        fprintf(out, "<text x=\"%.1f\" y=\"%.1f\">", x, y + 4);
        rep_text(out, name);
        fputs("</text>", out);
    }
    fputs("</g>\n", out);
}

void rep_write_topology(const struct report *r, FILE *out)
{
    struct rep_place places[SCN_MAX_NODES + SCN_MAX_SWITCHES];
    double aspect;

    fputs("<section id=\"topology\"><h2>Topology</h2>\n", out);
    if (!r->scn) {
        fputs("<p class=\"none\">The scenario in the run directory cannot be read.</p></section>\n", out);
        return;
    }
    rep_topology_places(r->scn, places, &aspect);
    double height = WIDTH * aspect;
    fprintf(out,
            "<figure><svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"%u nodes, %u switches, %u "
            "links\">\n",
            WIDTH, height, r->scn->n_nodes, r->scn->n_switches, r->scn->n_links);
    for (unsigned i = 0; i < r->scn->n_links; i++)
        draw_link(r, i, places, height, out);
    for (unsigned i = 0; i < r->scn->n_switches; i++)
        draw_switch(r, i, &places[r->scn->n_nodes + i], height, out);
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        draw_node(r, i, &places[i], height, out);
    fputs(
        "</svg><figcaption>A link's thickness and per cent: how much of the run its busier end was sending. "
        "Point at "
        "something for its numbers; the tables below have them all.</figcaption></figure></section>\n",
        out);
}
