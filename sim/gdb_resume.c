/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gdb_resume.c - packets that let the rack go, forwards or back, and `monitor`, which prepares that. Who lets
 * it go has no reply: the next stop is (gdb_server_stopped).
 */
#include "sim/gdb_server_internal.h"
#include <string.h>

static void go(struct gdb_server *s, const struct gdb_orders *orders)
{
    s->running = true;
    s->t.resume(s->t.ctx, orders);
    s->out.len = SIZE_MAX; /* the reply is the next stop */
}

void gdb_on_can_continue(struct gdb_server *s, const char *rest)
{
    (void)rest;
    gdb_reply(s, "vCont;c;C;s;S");
}

/* vCont;action[:thread];... - for each thread the first that fits. */
void gdb_on_continue(struct gdb_server *s, const char *rest)
{
    struct gdb_orders orders = {0};
    bool given[GDB_MAX_NODES][GDB_MAX_CPUS] = {{false}};

    while (*rest == ';') {
        struct gdb_thread th = {GDB_ALL, GDB_ALL};
        uint64_t signal;
        char action = rest[1];
        rest += 2;
        if ((action != 'c' && action != 's' && action != 'C' && action != 'S') ||
            ((action == 'C' || action == 'S') && !gdb_hex(&rest, &signal)) ||
            (*rest == ':' && (rest++, !gdb_parse_thread(s, &rest, &th)))) {
            gdb_reply(s, "E01");
            return;
        }
        for (unsigned i = 0; i < s->t.n_nodes; i++)
            for (unsigned c = 0; c < GDB_MAX_CPUS; c++)
                if (s->attached[i] && !given[i][c] && (th.node == GDB_ALL || th.node == i) &&
                    (th.cpu == GDB_ALL || th.cpu == c)) {
                    given[i][c] = true;
                    orders.go[i][c] = action == 's' || action == 'S' ? GDB_STEP : GDB_CONTINUE;
                }
    }
    if (*rest)
        gdb_reply(s, "E01");
    else
        go(s, &orders);
}

/* The old 'c' and 's'. */
static void old_go(struct gdb_server *s, bool step)
{
    struct gdb_orders orders;

    memset(&orders, GDB_CONTINUE, sizeof orders);
    if (step)
        orders.go[s->resume_node == GDB_ALL ? s->last_node : s->resume_node]
                 [s->resume_cpu == GDB_ALL ? 0 : s->resume_cpu] = GDB_STEP;
    go(s, &orders);
}

void gdb_on_old_continue(struct gdb_server *s, const char *rest)
{
    (void)rest;
    old_go(s, false);
}

void gdb_on_old_step(struct gdb_server *s, const char *rest)
{
    (void)rest;
    old_go(s, true);
}

static void reverse(struct gdb_server *s, bool step)
{
    /* gdb names the thread by Hc, or none if all shall go; Hg may stand anywhere. */
    unsigned node = s->resume_node == GDB_ALL ? s->last_node : s->resume_node;
    unsigned cpu = s->resume_node == GDB_ALL ? s->last_cpu : s->resume_cpu == GDB_ALL ? 0 : s->resume_cpu;
    s->running = true;
    if (s->t.reverse(s->t.ctx, node, cpu, step) < 0) {
        s->running = false;
        gdb_reply(s, "E01");
        return;
    }
    s->out.len = SIZE_MAX;
}

void gdb_on_reverse_continue(struct gdb_server *s, const char *rest)
{
    (void)rest;
    reverse(s, false);
}

void gdb_on_reverse_step(struct gdb_server *s, const char *rest)
{
    (void)rest;
    reverse(s, true);
}

void gdb_on_monitor(struct gdb_server *s, const char *rest)
{
    int n = gdb_unhex(rest, s->bytes, 1024);

    if (n < 0) {
        gdb_reply(s, "E01");
        return;
    }
    s->bytes[n] = 0;
    s->t.monitor(s->t.ctx, s->node, (const char *)s->bytes, gdb_say, s);
    gdb_reply(s, "OK");
}
