/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run_progress.c - what a user sees while a run goes on. Looks only; nothing here reaches a guest. */
#include "sim/run.h"
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

struct sample {
    double wall;
    uint64_t instructions[PORT_MAX_NODES]; /* as of the node's last meeting */
};

/* Millions of instructions per second of wall time. */
static double mips(const struct sample *before, const struct sample *now, unsigned i)
{
    return (double)(now->instructions[i] - before->instructions[i]) / (now->wall - before->wall) / 1e6;
}

void run_progress(struct run *r, bool last)
{
    static struct sample before;
    static double next;
    static bool shown;
    bool tty = isatty(STDERR_FILENO) && !r->opt.json;
    struct sample now = {.wall = run_elapsed_s(r)};
    struct ic_totals t;
    char virt[40], line[400];
    size_t len = 0;

    if (last && tty && shown)
        fputs("\r\033[K", stderr);
    if (r->opt.quiet || last || now.wall < next)
        return;
    next = now.wall + (tty ? 0.25 : r->opt.json ? 1.0 : 10.0);
    for (unsigned i = 0; i < r->scn->n_nodes; i++) {
        struct engine_node n;
        engine_get_node(r->engine, i, &n);
        now.instructions[i] = n.instructions;
    }
    ic_totals(engine_fabric(r->engine), &t);
    vtime_t vt = engine_time(r->engine);
    double slowdown = vt > 0 ? now.wall / ((double)vt * 1e-12) : 0;
    if (r->opt.json) {
        printf("{\"event\":\"progress\",\"virtual_ps\":%" PRId64 ",\"wall_s\":%.2f,\"frames\":%" PRIu64 "}\n",
               vt, now.wall, t.injected);
        fflush(stdout);
        before = now;
        return;
    }
    len += (size_t)snprintf(line, sizeof line, "%s virtual, slowdown %.1f, %" PRIu64 " frames, MIPS",
                            scn_format_time(vt, virt, sizeof virt), slowdown, t.injected);
    for (unsigned i = 0; i < r->scn->n_nodes && len < sizeof line - 40 && now.wall > before.wall; i++)
        len += (size_t)snprintf(line + len, sizeof line - len, " %.12s %.0f", r->scn->nodes[i].name,
                                mips(&before, &now, i));
    fprintf(stderr, tty ? "\r\033[K%.*s" : "%.*s\n", tty ? 118 : 390, line);
    fflush(stderr);
    shown = true;
    before = now;
}
