/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gdb_threads.c - packets about processes and threads: attaching to nodes, leaving them, naming their vCPUs,
 * and what a stop is told as.
 */
#include "sim/gdb_server_internal.h"
#include <inttypes.h>
#include <string.h>

void gdb_add_thread(struct gdb_server *s, unsigned node, unsigned cpu)
{
    if (s->multiprocess)
        gdb_out_add(&s->out, "p%x.%x", node + 1, cpu + 1);
    else
        gdb_out_add(&s->out, "%x", node * GDB_MAX_CPUS + cpu + 1);
}

/* "p1.2", "p1.-1", "p1", "-1", "0", "1a": *text is moved behind it. */
bool gdb_parse_thread(struct gdb_server *s, const char **text, struct gdb_thread *th)
{
    const char *t = *text;
    uint64_t pid, tid = 0;

    *th = (struct gdb_thread){GDB_ALL, GDB_ALL};
    if (*t == 'p') {
        t++;
        if (!strncmp(t, "-1", 2)) {
            t += 2;
            pid = 0;
        } else if (!gdb_hex(&t, &pid) || pid > s->t.n_nodes) {
            return false;
        }
        if (pid)
            th->node = (unsigned)pid - 1;
        if (*t == '.') {
            t++;
            if (!strncmp(t, "-1", 2))
                t += 2;
            else if (!gdb_hex(&t, &tid) || tid > GDB_MAX_CPUS)
                return false;
            if (tid)
                th->cpu = (unsigned)tid - 1;
        }
    } else if (!strncmp(t, "-1", 2)) {
        t += 2;
    } else {
        if (!gdb_hex(&t, &tid) || tid > (uint64_t)s->t.n_nodes * GDB_MAX_CPUS)
            return false;
        if (tid) {
            th->node = (unsigned)(tid - 1) / GDB_MAX_CPUS;
            th->cpu = (unsigned)(tid - 1) % GDB_MAX_CPUS;
        }
    }
    *text = t;
    return th->node == GDB_ALL || th->cpu == GDB_ALL || th->cpu < s->t.cpus(s->t.ctx, th->node);
}

static void attach(struct gdb_server *s, unsigned node)
{
    s->attached[node] = true;
    s->node = s->last_node = node;
    s->cpu = s->last_cpu = 0;
    s->resume_node = s->resume_cpu = GDB_ALL;
}

static bool any_attached(const struct gdb_server *s, unsigned *node)
{
    for (*node = 0; *node < s->t.n_nodes; ++*node)
        if (s->attached[*node])
            return true;
    *node = 0;
    return false;
}

void gdb_stop_reply(struct gdb_server *s, const struct gdb_stop *st)
{
    static const char *const watch[] = {"watch", "rwatch", "awatch"};

    gdb_out_clear(&s->out);
    if (st->why == GDB_WHY_EXIT) {
        s->attached[st->node] = false;
        gdb_out_add(&s->out, "W%02x", (unsigned)st->exit_status & 0xff);
        if (s->multiprocess)
            gdb_out_add(&s->out, ";process:%x", st->node + 1);
        return;
    }
    gdb_out_add(&s->out, "T%02xthread:", (unsigned)st->signal & 0xff);
    gdb_add_thread(s, st->node, st->cpu);
    gdb_out_add(&s->out, ";");
    if (st->why == GDB_WHY_BREAK && s->swbreak)
        gdb_out_add(&s->out, "swbreak:;");
    else if (st->why == GDB_WHY_WATCH && st->watch_kind >= 2 && st->watch_kind <= 4)
        gdb_out_add(&s->out, "%s:%" PRIx64 ";", watch[st->watch_kind - 2], st->watch_addr);
    else if (st->why == GDB_WHY_BEGIN)
        gdb_out_add(&s->out, "replaylog:begin;");
}

void gdb_on_status(struct gdb_server *s, const char *rest)
{
    unsigned node;

    (void)rest;
    if (!any_attached(s, &node)) {
        if (s->extended) {
            gdb_reply(s, "W00");
            return;
        }
        attach(s, 0);
    }
    if (!s->attached[s->node])
        attach(s, node);
    gdb_stop_reply(s, &(struct gdb_stop){.node = s->node, .cpu = s->cpu, .signal = 5});
}

void gdb_on_attach(struct gdb_server *s, const char *rest)
{
    uint64_t pid;

    if (!gdb_hex(&rest, &pid) || pid == 0 || pid > s->t.n_nodes ||
        s->t.cpus(s->t.ctx, (unsigned)pid - 1) == 0) {
        gdb_reply(s, "E01");
        return;
    }
    attach(s, (unsigned)pid - 1);
    gdb_stop_reply(s, &(struct gdb_stop){.node = s->node, .signal = 5});
}

static void leave_node(struct gdb_server *s, unsigned node)
{
    if (s->attached[node])
        s->t.detach(s->t.ctx, node);
    s->attached[node] = false;
}

/* "D", "D;pid"; also vKill: a rack's node cannot be killed alone. */
void gdb_on_detach(struct gdb_server *s, const char *rest)
{
    uint64_t pid;
    unsigned node;

    if (*rest == ';') {
        rest++;
        if (!gdb_hex(&rest, &pid) || pid == 0 || pid > s->t.n_nodes) {
            gdb_reply(s, "E01");
            return;
        }
        leave_node(s, (unsigned)pid - 1);
    } else {
        for (unsigned i = 0; i < s->t.n_nodes; i++)
            leave_node(s, i);
    }
    gdb_reply(s, "OK");
    if (!any_attached(s, &node)) {
        s->t.resume(s->t.ctx, NULL);
        s->bye = !s->extended;
    }
}

void gdb_on_kill_all(struct gdb_server *s, const char *rest)
{
    (void)rest;
    gdb_on_detach(s, "");
    s->out.len = SIZE_MAX; /* 'k' has no reply */
    s->bye = true;
}

void gdb_on_thread(struct gdb_server *s, const char *rest)
{
    struct gdb_thread th;
    char op = *rest;

    if (!op || (rest++, !gdb_parse_thread(s, &rest, &th))) {
        gdb_reply(s, "E01");
        return;
    }
    if (th.node != GDB_ALL && op == 'g') {
        s->node = th.node;
        s->cpu = th.cpu == GDB_ALL ? 0 : th.cpu;
    } else if (op == 'c') {
        s->resume_node = th.node;
        s->resume_cpu = th.cpu;
    }
    gdb_reply(s, "OK");
}

void gdb_on_alive(struct gdb_server *s, const char *rest)
{
    struct gdb_thread th;
    gdb_reply(s,
              gdb_parse_thread(s, &rest, &th) && th.node != GDB_ALL && s->attached[th.node] ? "OK" : "E01");
}

void gdb_on_current(struct gdb_server *s, const char *rest)
{
    (void)rest;
    gdb_reply(s, "QC");
    gdb_add_thread(s, s->node, s->cpu);
}

void gdb_on_first_threads(struct gdb_server *s, const char *rest)
{
    bool any = false;

    (void)rest;
    gdb_out_clear(&s->out);
    for (unsigned i = 0; i < s->t.n_nodes; i++)
        for (unsigned c = 0; s->attached[i] && c < s->t.cpus(s->t.ctx, i); c++) {
            gdb_out_add(&s->out, any ? "," : "m");
            gdb_add_thread(s, i, c);
            any = true;
        }
    if (!any)
        gdb_reply(s, "l");
}

void gdb_on_more_threads(struct gdb_server *s, const char *rest)
{
    (void)rest;
    gdb_reply(s, "l");
}

void gdb_on_thread_info(struct gdb_server *s, const char *rest)
{
    struct gdb_thread th;
    char text[160];

    if (!gdb_parse_thread(s, &rest, &th) || th.node == GDB_ALL || th.cpu == GDB_ALL) {
        gdb_reply(s, "E01");
        return;
    }
    s->t.thread_state(s->t.ctx, th.node, th.cpu, text, sizeof text);
    gdb_out_clear(&s->out);
    gdb_out_hex(&s->out, text, strlen(text));
}

void gdb_on_was_attached(struct gdb_server *s, const char *rest)
{
    (void)rest;
    gdb_reply(s, "1");
}
