/* SPDX-License-Identifier: GPL-2.0-or-later */
/* debug_target.c - what gdb asks and orders: struct gdb_target over the rack. */
#include "sim/debug_rack_internal.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static unsigned t_cpus(void *ctx, unsigned node)
{
    const struct debug_rack *r = ctx;
    return rack_has(r, node) ? r->scn->nodes[node].cpus : 0;
}

static const char *t_description(void *ctx, unsigned node, const char *annex)
{
    return description_file(rack_describe(ctx, node), annex);
}

static unsigned t_core_registers(void *ctx, unsigned node)
{
    return rack_describe(ctx, node)->core_registers;
}

static int t_read_registers(void *ctx, unsigned node, unsigned cpu, unsigned first, unsigned count,
                            uint8_t *buf, size_t size)
{
    struct debug_rack *r = ctx;
    struct debug_node *n = &r->shared->node[node];

    n->cpu = cpu;
    n->first = first;
    n->count = count;
    n->len = 0;
    if (r->phase != RACK_REST || rack_ask(r, node, DEBUG_READ_REGISTERS) < 0 || n->len > size)
        return -1;
    memcpy(buf, n->data, n->len);
    return (int)n->len;
}

static int t_write_register(void *ctx, unsigned node, unsigned cpu, unsigned number, const uint8_t *buf,
                            size_t len)
{
    struct debug_rack *r = ctx;
    struct debug_node *n = &r->shared->node[node];

    if (r->phase != RACK_REST || len > DEBUG_DATA_BYTES)
        return -1;
    n->cpu = cpu;
    n->first = number;
    n->len = (uint32_t)len;
    memset(n->data, 0, 64);
    memcpy(n->data, buf, len);
    return rack_ask(r, node, DEBUG_WRITE_REGISTER);
}

static int memory(struct debug_rack *r, unsigned node, unsigned cpu, uint32_t op, uint64_t addr, size_t len)
{
    struct debug_node *n = &r->shared->node[node];

    n->cpu = cpu;
    n->addr = addr;
    n->len = (uint32_t)len;
    return rack_ask(r, node, op);
}

static int t_read_memory(void *ctx, unsigned node, unsigned cpu, uint64_t addr, uint8_t *buf, size_t len)
{
    struct debug_rack *r = ctx;
    const struct debug_node *n = &r->shared->node[node];

    if (len > DEBUG_DATA_BYTES)
        len = DEBUG_DATA_BYTES;
    if (r->phase != RACK_REST || memory(r, node, cpu, DEBUG_READ_MEMORY, addr, len) < 0 || n->len > len)
        return -1;
    memcpy(buf, n->data, n->len);
    return (int)n->len;
}

static int t_write_memory(void *ctx, unsigned node, unsigned cpu, uint64_t addr, const uint8_t *buf,
                          size_t len)
{
    struct debug_rack *r = ctx;

    if (r->phase != RACK_REST || len > DEBUG_DATA_BYTES)
        return -1;
    memcpy(r->shared->node[node].data, buf, len);
    return memory(r, node, cpu, DEBUG_WRITE_MEMORY, addr, len);
}

static int t_point(void *ctx, unsigned node, bool insert, unsigned kind, uint64_t addr, unsigned len)
{
    struct debug_rack *r = ctx;
    struct rack_node *w = &r->node[node];
    struct debug_point p = {.addr = addr, .len = kind < DEBUG_ON_WRITE ? 0 : len, .kind = kind};
    unsigned i = 0;

    while (i < w->n_want && memcmp(&w->want[i], &p, sizeof p) != 0)
        i++;
    if (!insert) {
        if (i == w->n_want)
            return 0; /* once is enough */
        memmove(&w->want[i], &w->want[i + 1], (--w->n_want - i) * sizeof p);
        return 0;
    }
    if (i < w->n_want)
        return 0;
    if (w->n_want == DEBUG_MAX_POINTS || (kind >= DEBUG_ON_WRITE && len == 0))
        return -1;
    /* Sorted, so that the same points put in again in another order are no change. */
    for (i = w->n_want++; i > 0 && memcmp(&w->want[i - 1], &p, sizeof p) > 0; i--)
        w->want[i] = w->want[i - 1];
    w->want[i] = p;
    return 0;
}

static void t_thread_name(void *ctx, unsigned node, unsigned cpu, char *buf, size_t size)
{
    const struct debug_rack *r = ctx;
    const struct scn_node *n = &r->scn->nodes[node];
    if (n->cpus > 1)
        snprintf(buf, size, "%s cpu%u", n->name, cpu);
    else
        snprintf(buf, size, "%s", n->name);
}

static void t_thread_state(void *ctx, unsigned node, unsigned cpu, char *buf, size_t size)
{
    const struct debug_rack *r = ctx;
    vtime_t t = rack_now_ps(r, node);

    snprintf(buf, size, "node %s, cpu %u, %s at %" PRId64 ".%09" PRId64 " s", r->scn->nodes[node].name, cpu,
             rack_node_state(r, node), t / VTIME_S, t % VTIME_S / VTIME_NS);
}

static bool point_at(const struct rack_node *w, uint64_t pc)
{
    for (unsigned i = 0; i < w->n_want; i++)
        if (w->want[i].kind <= DEBUG_HARD_BREAK && w->want[i].addr == pc)
            return true;
    return false;
}

/* A stop that gdb has not been told yet, of a node that it lets go: it is told now. */
static bool tell_pending(struct debug_rack *r, const struct gdb_orders *o)
{
    unsigned nodes[PORT_MAX_NODES], n = rack_list_pending(r, nodes);
    struct gdb_stop st;

    for (unsigned k = 0; k < n; k++) {
        unsigned i = nodes[k];
        if (o->go[i][r->shared->node[i].stop_cpu] == GDB_STAY)
            continue;
        r->node[i].pending = false;
        if (r->shared->node[i].why == DEBUG_BREAK && !point_at(&r->node[i], r->shared->node[i].pc))
            continue; /* gdb has taken the breakpoint away */
        rack_stop_of(r, i, &st);
        r->stopped(r->ctx, &st);
        return true;
    }
    return false;
}

static void t_resume(void *ctx, const struct gdb_orders *o)
{
    struct debug_rack *r = ctx;
    bool step = false, stay = false;
    vtime_t hold = r->until_ps;

    if (!o) {
        rack_let_go(r);
        return;
    }
    if (r->phase == RACK_GONE) {
        r->stopped(r->ctx, NULL);
        return;
    }
    r->stepping = false;
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        for (unsigned c = 0; c < r->scn->nodes[i].cpus; c++)
            r->stepping = r->stepping || o->go[i][c] == GDB_STEP;
    if (r->armed_align) {
        r->armed_align = false;
        r->until_ps = 0;
        rack_run(r, hold, r->until_node);
        return;
    }
    if (r->armed_goto) {
        r->armed_goto = false;
        plan_goto(r, r->plan.node, r->plan.cpu, r->plan.at_ps);
        return;
    }
    if (atomic_load(&r->shared->state) == DEBUG_OVER) {
        rack_run(r, 0, 0);
        return;
    }
    if (tell_pending(r, o))
        return;
    for (unsigned i = 0; i < r->scn->n_nodes; i++) {
        struct debug_node *n = &r->shared->node[i];
        uint64_t steps = 0;
        bool goes = false;
        for (unsigned c = 0; c < r->scn->nodes[i].cpus; c++) {
            goes = goes || o->go[i][c] != GDB_STAY;
            steps |= (uint64_t)(o->go[i][c] == GDB_STEP) << c;
        }
        atomic_store(&n->step_cpus, steps);
        if (steps && !rack_stopped(r, i))
            rack_look(r, i);
        step = step || steps;
        r->node[i].held = rack_stopped(r, i) && !goes;
        stay = stay || r->node[i].held;
    }
    /* Only a step can be done by some alone, and only if the rack is not held as a whole. */
    if (!step || !stay || atomic_load(&r->shared->state) == DEBUG_HELD) {
        if (!step)
            r->until_ps = 0;
        rack_run(r, hold, r->until_node);
        return;
    }
    r->phase = RACK_RUNNING;
    uint64_t who = rack_standing(r);
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        if (r->node[i].held)
            who &= ~((uint64_t)1 << i);
        else
            rack_put_points(r, i);
    rack_set_hold(r, hold, r->until_node);
    rack_release(r, who);
}

static int t_reverse(void *ctx, unsigned node, unsigned cpu, bool step)
{
    return plan_reverse(ctx, node, cpu, step);
}

static void t_interrupt(void *ctx)
{
    rack_interrupt(ctx);
}

static void t_detach(void *ctx, unsigned node)
{
    struct debug_rack *r = ctx;
    r->node[node].n_want = 0;
    r->node[node].pending = false;
}

static void t_monitor(void *ctx, unsigned node, const char *command, void (*say)(void *to, const char *text),
                      void *to)
{
    debug_monitor(ctx, node, command, say, to);
}

void rack_target(struct debug_rack *r, struct gdb_target *t)
{
    *t = (struct gdb_target){.ctx = r,
                             .n_nodes = r->scn->n_nodes,
                             .cpus = t_cpus,
                             .description = t_description,
                             .core_registers = t_core_registers,
                             .read_registers = t_read_registers,
                             .write_register = t_write_register,
                             .read_memory = t_read_memory,
                             .write_memory = t_write_memory,
                             .point = t_point,
                             .thread_name = t_thread_name,
                             .thread_state = t_thread_state,
                             .resume = t_resume,
                             .reverse = t_reverse,
                             .interrupt = t_interrupt,
                             .detach = t_detach,
                             .monitor = t_monitor};
}
