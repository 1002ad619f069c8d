/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debug_rack.c - the rack as gdb sees it (see debug_rack.h): stops, steps, points and questions, over the
 * mailbox of devices/port/debug.h.
 *
 * Host time only decides how long this file waits for nodes to come to rest and to answer; it reaches no
 * guest. Longer than usual: all of it shares one state, which nodes are at rest and why, and only this file
 * changes it.
 */
#include "sim/debug_rack.h"
#include "sim/debug_predicate.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SETTLE_MS = 500, ANSWER_MS = 3000 };
enum { SIG_NONE = 0, SIG_INTERRUPT = 2, SIG_TRAP = 5 }; /* gdb's numbers */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- questions ---- */

/* op and its arguments stand in the node's mailbox. 0, or -1. */
static int ask(struct debug_rack *r, unsigned i, uint32_t op)
{
    struct debug_node *n = &r->shared->node[i];
    int64_t limit = now_ms() + ANSWER_MS;

    if (r->node[i].mute)
        return -1;
    n->op = op;
    uint32_t mine = atomic_fetch_add(&n->ask, 1) + 1;
    port_futex_wake(&n->ask, 1); /* partner: serve() in devices/qemu/debug.c */
    for (uint32_t seen; (seen = atomic_load(&n->answered)) != mine;) {
        int64_t left = limit - now_ms();
        if (left <= 0) {
            fprintf(stderr, "cob: QEMU of node %s does not answer the debugger\n", r->scn->nodes[i].name);
            r->node[i].mute = true;
            return -1;
        }
        port_futex_wait(&n->answered, seen, (int)left);
    }
    return n->error ? -1 : 0;
}

/* ---- where everybody is ---- */

bool rack_has(const struct debug_rack *r, unsigned i)
{
    return !(r->absent >> i & 1);
}

static bool dead(const struct debug_rack *r, unsigned i)
{
    return r->port && atomic_load(&r->port->node[i].state) == PORT_ENDED;
}

static bool stopped(const struct debug_rack *r, unsigned i)
{
    return atomic_load(&r->shared->node[i].stopped);
}

/*
 * Who has been released but has not woken up yet still says that it meets; its bit among the pending tells.
 * (They are set before anybody is let go, so whoever sees a node that has stopped sees them.)
 */
static bool settled(const struct debug_rack *r, unsigned i)
{
    if (stopped(r, i) || dead(r, i))
        return true;
    return atomic_load(&r->shared->node[i].meeting) && !(r->port && atomic_load(&r->port->pending) >> i & 1);
}

static bool all_settled(const struct debug_rack *r)
{
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        if (!settled(r, i))
            return false;
    return true;
}

static bool fresh(const struct debug_rack *r, unsigned i)
{
    return stopped(r, i) && r->shared->node[i].serial != r->node[i].seen;
}

vtime_t rack_now_ps(const struct debug_rack *r, unsigned i)
{
    return stopped(r, i) ? r->shared->node[i].stop_ps : r->port ? r->port->node[i].now_ps : 0;
}

const char *rack_node_state(const struct debug_rack *r, unsigned i)
{
    if (stopped(r, i) || !r->port)
        return "running";
    switch (atomic_load(&r->port->node[i].state)) {
    case PORT_IDLE:
        return atomic_load(&r->port->pending) >> i & 1 ? "running" : "idle";
    case PORT_ENDED:
        return r->port->node[i].end == PORT_END_KILLED ? "dead" : "ended";
    default:
        return "running";
    }
}

vtime_t rack_instruction_ps(const struct debug_rack *r, unsigned node)
{
    return VTIME_NS << r->scn->nodes[node].icount_shift;
}

static int map_port(struct debug_rack *r)
{
    int fd;
    struct stat st;

    if (r->port)
        return 0;
    fd = open(r->shared->port_path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && (size_t)st.st_size >= port_size(r->scn->n_nodes)) {
        void *m = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (m != MAP_FAILED) {
            r->port = m;
            r->port_bytes = (size_t)st.st_size;
        }
    }
    close(fd);
    return r->port ? 0 : -1;
}

/* ---- letting go ---- */

static void put_points(struct debug_rack *r, unsigned i)
{
    struct debug_node *n = &r->shared->node[i];
    const struct rack_node *w = &r->node[i];

    if (n->n_points == w->n_want && !memcmp(n->point, w->want, w->n_want * sizeof w->want[0]))
        return;
    memcpy(n->point, w->want, w->n_want * sizeof w->want[0]);
    n->n_points = w->n_want;
    atomic_fetch_add(&n->points_serial, 1);
}

/*
 * Bit i: node i waits for us in front of an instruction. To be taken before anybody is let go: the first one
 * that is, or the engine, lets those go that meet, and one of these may stop a moment later, for a reason
 * that nobody has looked at yet. It is not to be released with the others.
 */
static uint64_t standing(const struct debug_rack *r)
{
    uint64_t who = 0;
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        who |= (uint64_t)stopped(r, i) << i;
    return who;
}

static void release(struct debug_rack *r, uint64_t who)
{
    for (unsigned i = 0; i < r->scn->n_nodes; i++) {
        struct debug_node *n = &r->shared->node[i];
        if (!(who >> i & 1))
            continue;
        r->node[i].held = false;
        atomic_store(&n->stopped, 0); /* partner: wait_here() in devices/qemu/debug.c */
        port_futex_wake(&n->stopped, 1);
    }
}

/* Where the run is to come to a hold; see devices/port/debug.h for the two ways. */
static void set_hold(struct debug_rack *r, vtime_t hold_ps, unsigned node)
{
    uint32_t held = DEBUG_HELD;

    if (!r->port)
        return;
    r->port->hold_ps = hold_ps;
    r->port->hold_one = r->gentle && hold_ps ? 1 + node : 0;
    r->goal_ps = r->gentle ? hold_ps : 0;
    r->goal_node = node;
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        atomic_store(&r->shared->node[i].until_ps, i == node || rack_now_ps(r, i) < hold_ps ? r->goal_ps : 0);
    if (atomic_compare_exchange_strong(&r->shared->state, &held, DEBUG_UNDER_WAY)) {
        port_recall(r->port);
    }
}

static vtime_t whole_ns(vtime_t t)
{
    return (t + VTIME_NS - 1) / VTIME_NS * VTIME_NS;
}

/* From now on the run looks for what was asked for. */
static void set_filter(struct debug_rack *r)
{
    struct debug_filter *f = &r->shared->filter;

    memcpy(f, &r->filter, sizeof *f); /* not active yet */
    f->after_ps = rack_earliest_ps(r) == whole_ns(r->fault_seen_ps) ? r->fault_seen_ps : -1;
    r->shared->match_count = 0;
    r->shared->match_ps = VTIME_NEVER;
    atomic_store(&f->active, 1);
    r->armed_filter = false;
}

void rack_run(struct debug_rack *r, vtime_t hold_ps, unsigned node)
{
    uint64_t who = standing(r);

    r->phase = RACK_RUNNING;
    if (r->armed_filter) {
        set_filter(r);
    } else if (!atomic_load(&r->shared->filter.active)) {
        r->shared->match_ps = VTIME_NEVER;
    }
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        put_points(r, i);
    set_hold(r, hold_ps, node);
    release(r, who);
    if (atomic_load(&r->shared->state) == DEBUG_OVER) {
        atomic_store(&r->shared->finish, 1);
        port_futex_wake(&r->shared->finish, 1);
    }
}

void rack_let_go(struct debug_rack *r)
{
    for (unsigned i = 0; i < r->scn->n_nodes; i++) {
        r->node[i].n_want = 0;
        r->node[i].pending = false;
    }
    scenario_drop_faults(r->scn, r->n_faults_run); /* nobody has the run started again for them */
    r->plan.kind = PLAN_NONE;
    r->until_ps = 0;
    r->armed_goto = r->armed_align = r->armed_filter = false;
    atomic_store(&r->shared->filter.active, 0);
    if (r->phase == RACK_REST)
        rack_run(r, 0, 0);
}

static void look(struct debug_rack *r, unsigned i)
{
    if (!dead(r, i))
        ask(r, i, DEBUG_LOOK);
}

void rack_interrupt(struct debug_rack *r)
{
    r->user_interrupt = true;
    for (unsigned i = 0; i < r->scn->n_nodes; i++) {
        atomic_store(&r->shared->node[i].interrupt, 1);
        if (r->phase == RACK_RUNNING || r->phase == RACK_SETTLING)
            look(r, i);
    }
}

/* ---- coming to rest ---- */

void rack_stop_of(const struct debug_rack *r, unsigned i, struct gdb_stop *st)
{
    const struct debug_node *n = &r->shared->node[i];

    *st = (struct gdb_stop){.node = i, .cpu = n->stop_cpu, .signal = SIG_TRAP};
    if (n->why == DEBUG_BREAK)
        st->why = GDB_WHY_BREAK;
    else if (n->why == DEBUG_WATCH) {
        st->why = GDB_WHY_WATCH;
        st->watch_kind = n->watch_kind;
        st->watch_addr = n->watch_addr;
    } else if (n->why == DEBUG_INTERRUPT)
        st->signal = SIG_INTERRUPT;
}

static bool before(const struct debug_rack *r, unsigned a, unsigned b)
{
    vtime_t x = rack_now_ps(r, a), y = rack_now_ps(r, b);
    return x != y ? x < y : a < b;
}

/* Nodes that wait to be told, earliest first. */
static unsigned list_pending(const struct debug_rack *r, unsigned nodes[PORT_MAX_NODES])
{
    unsigned n = 0;
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        if (r->node[i].pending) {
            unsigned k = n++;
            for (; k > 0 && before(r, i, nodes[k - 1]); k--)
                nodes[k] = nodes[k - 1];
            nodes[k] = i;
        }
    return n;
}

static void clear_orders(struct debug_rack *r)
{
    for (unsigned i = 0; i < r->scn->n_nodes; i++) {
        struct debug_node *n = &r->shared->node[i];
        atomic_store(&n->until_ps, 0);
        bool any = atomic_exchange(&n->interrupt, 0);
        any = atomic_exchange(&n->step_cpus, 0) != 0 || any;
        if (any && r->phase != RACK_LAUNCH && !stopped(r, i))
            look(r, i);
    }
}

/* Where what was waited for is seen: who sent or received the message, whom the fault concerns. */
static unsigned match_node(const struct debug_rack *r)
{
    return r->shared->match_node < r->scn->n_nodes ? r->shared->match_node : 0;
}

/* What was waited for, in words. Returns buf. */
static char *match_text(struct debug_rack *r, char *buf, size_t size)
{
    const struct debug_shared *s = r->shared;
    char when[40];

    scn_format_time(s->match_ps, when, sizeof when);
    if (s->filter.wait != DEBUG_WAIT_FAULT)
        snprintf(buf, size, "message %" PRIu64 " at %s", s->match_id, when);
    else if (s->match_id < r->scn->n_faults)
        snprintf(buf, size, "fault %.60s %s at %s", r->scn->faults[s->match_id].name,
                 debug_phase_name(s->match_phase), when);
    if (s->filter.wait == DEBUG_WAIT_FAULT)
        r->fault_seen_ps = s->match_ps;
    return buf;
}

static unsigned earliest(const struct debug_rack *r)
{
    unsigned best = 0;
    while (!rack_has(r, best))
        best++;
    for (unsigned i = best + 1; i < r->scn->n_nodes; i++)
        if (rack_has(r, i) && before(r, i, best))
            best = i;
    return best;
}

vtime_t rack_earliest_ps(const struct debug_rack *r)
{
    return rack_now_ps(r, earliest(r));
}

static void rest(struct debug_rack *r, bool held)
{
    unsigned pending[PORT_MAX_NODES];
    struct gdb_stop st = {0};
    char text[200], what[160], when[40];

    clear_orders(r);
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        if (fresh(r, i)) {
            uint32_t why = r->shared->node[i].why;
            r->node[i].seen = r->shared->node[i].serial;
            r->node[i].pending = why == DEBUG_STEP || why == DEBUG_BREAK || why == DEBUG_WATCH;
        }
    r->phase = RACK_REST;
    unsigned n = list_pending(r, pending);
    if (n > 0) {
        rack_stop_of(r, pending[0], &st);
    } else {
        unsigned i = r->plan.kind != PLAN_NONE           ? r->plan.node
                     : r->shared->match_ps < VTIME_NEVER ? match_node(r)
                                                         : earliest(r);
        st = (struct gdb_stop){.node = i,
                               .cpu = r->plan.kind == PLAN_NONE ? r->shared->node[i].stop_cpu : r->plan.cpu,
                               /* To gdb a trap is the end of its step, after which it would go on. */
                               .signal =
                                   r->user_interrupt || (held && r->stepping) ? SIG_INTERRUPT : SIG_TRAP};
    }
    if (plan_at_rest(r, &st, pending, n, held))
        return;
    if (n > 0)
        r->node[st.node].pending = false;
    if (n == 0 && held && r->shared->match_ps < VTIME_NEVER && !st.say) {
        snprintf(text, sizeof text, "cob: %s\n", match_text(r, what, sizeof what));
        st.say = text;
    } else if (n == 0 && held && !st.say && r->gentle) {
        st.node = r->goal_node;
        snprintf(text, sizeof text, "cob: %s at %s; the others within a lookahead\n",
                 r->scn->nodes[st.node].name, scn_format_time(r->port->hold_ps, when, sizeof when));
        st.say = text;
    } else if (n == 0 && held && !st.say) {
        snprintf(text, sizeof text, "cob: all nodes at %s\n",
                 scn_format_time(r->port->hold_ps, when, sizeof when));
        st.say = text;
    }
    r->launched = true;
    r->user_interrupt = false;
    r->stopped(r->ctx, &st);
}

static void over(struct debug_rack *r)
{
    struct gdb_stop st = {.signal = SIG_NONE, .say = "cob: the run is over; `continue` ends the guests\n"};

    clear_orders(r);
    r->phase = RACK_REST;
    r->launched = true;
    if (plan_at_rest(r, &st, NULL, 0, true))
        return;
    r->user_interrupt = false;
    r->stopped(r->ctx, &st);
}

/* When the message is handed over, or was sent: nodes stop at whole nanoseconds only. VTIME_NEVER: none was
 * waited for. */
static vtime_t match_ps(const struct debug_rack *r)
{
    return r->shared->match_ps >= VTIME_NEVER ? VTIME_NEVER : whole_ns(r->shared->match_ps);
}

/* The nodes that gdb has not let go hold the others up: nobody moves. */
static void free_held(struct debug_rack *r)
{
    uint64_t who = 0;
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        who |= (uint64_t)r->node[i].held << i;
    release(r, who);
}

/* Gentle: has the node that is to stand at the goal got there? */
static bool at_goal(const struct debug_rack *r)
{
    return stopped(r, r->goal_node) && r->shared->node[r->goal_node].why == DEBUG_UNTIL;
}

/* It waits for nodes that have got there themselves: those go on to the ends of their grants. */
static void let_goal_come(struct debug_rack *r)
{
    uint64_t who = 0;
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        if (stopped(r, i) && r->shared->node[i].why == DEBUG_UNTIL) {
            r->node[i].seen = r->shared->node[i].serial;
            atomic_store(&r->shared->node[i].until_ps, 0);
            who |= (uint64_t)1 << i;
        }
    release(r, who);
}

void rack_poll(struct debug_rack *r)
{
    bool any = false, held = false;

    if (r->phase == RACK_REST || r->phase == RACK_GONE || !r->shared->port_path[0] || map_port(r) < 0)
        return;
    uint32_t state = atomic_load(&r->shared->state);
    if (state == DEBUG_HELD && all_settled(r)) {
        vtime_t match = match_ps(r);
        if (match < VTIME_NEVER && r->port->hold_ps != match) {
            /* The engine has seen it; now everybody goes to its very time. */
            if (!plan_ahead(r, match, match_node(r)) || dead(r, match_node(r))) {
                char because[sizeof r->plan.because];
                match_text(r, because, sizeof because);
                r->phase = RACK_REST;
                plan_goto(r, match_node(r), 0, match);
                memcpy(r->plan.because, because, sizeof because);
                return;
            }
            set_hold(r, match, match_node(r));
            return;
        }
        rest(r, true);
        return;
    }
    if (state == DEBUG_OVER) {
        over(r);
        return;
    }
    if (r->phase == RACK_LAUNCH) {
        if (state == DEBUG_STARTING)
            return;
        if (r->shared->start_stopped) {
            if (all_settled(r))
                rest(r, false);
            return;
        }
        r->phase = RACK_RUNNING;
        if (r->user_interrupt)
            rack_interrupt(r);
    }
    for (unsigned i = 0; i < r->scn->n_nodes; i++) {
        any = any || (fresh(r, i) && r->shared->node[i].why != DEBUG_UNTIL);
        held = held || r->node[i].held;
    }
    if (r->phase == RACK_RUNNING && !any && r->goal_ps && all_settled(r)) {
        if (at_goal(r)) {
            rest(r, true);
            return;
        }
        if (!held)
            let_goal_come(r);
    }
    if (r->phase == RACK_RUNNING && any) {
        r->phase = RACK_SETTLING;
        r->settle_since_ms = now_ms();
    }
    if (r->phase == RACK_RUNNING && held && all_settled(r))
        free_held(r);
    if (r->phase != RACK_SETTLING)
        return;
    if (all_settled(r)) {
        rest(r, false);
    } else if (now_ms() - r->settle_since_ms > SETTLE_MS) {
        r->settle_since_ms = now_ms();
        for (unsigned i = 0; i < r->scn->n_nodes; i++)
            if (!settled(r, i)) {
                atomic_store(&r->shared->node[i].interrupt, 1);
                look(r, i);
            }
    }
}

int rack_timeout_ms(const struct debug_rack *r)
{
    switch (r->phase) {
    case RACK_LAUNCH:
    case RACK_SETTLING:
        return 2; /* the last node to block rings before it has blocked */
    case RACK_RUNNING:
        for (unsigned i = 0; i < r->scn->n_nodes; i++)
            if (r->node[i].held || (r->goal_ps && stopped(r, i)))
                return 2;
        return atomic_load(&r->shared->state) == DEBUG_HELD ? 2 : 200;
    default:
        return -1;
    }
}

void rack_gone(struct debug_rack *r, int exit_status)
{
    r->phase = RACK_GONE;
    r->exit_status = exit_status;
}

/* ---- for gdb ---- */

static unsigned t_cpus(void *ctx, unsigned node)
{
    const struct debug_rack *r = ctx;
    return rack_has(r, node) ? r->scn->nodes[node].cpus : 0;
}

static const struct description *describe_of(const struct debug_rack *r, unsigned node)
{
    return r->describe[r->scn->nodes[node].arch];
}

static const char *t_description(void *ctx, unsigned node, const char *annex)
{
    return description_file(describe_of(ctx, node), annex);
}

static unsigned t_core_registers(void *ctx, unsigned node)
{
    return describe_of(ctx, node)->core_registers;
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
    if (r->phase != RACK_REST || ask(r, node, DEBUG_READ_REGISTERS) < 0 || n->len > size)
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
    return ask(r, node, DEBUG_WRITE_REGISTER);
}

static int memory(struct debug_rack *r, unsigned node, unsigned cpu, uint32_t op, uint64_t addr, size_t len)
{
    struct debug_node *n = &r->shared->node[node];

    n->cpu = cpu;
    n->addr = addr;
    n->len = (uint32_t)len;
    return ask(r, node, op);
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
    unsigned nodes[PORT_MAX_NODES], n = list_pending(r, nodes);
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
        if (steps && !stopped(r, i))
            look(r, i);
        step = step || steps;
        r->node[i].held = stopped(r, i) && !goes;
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
    uint64_t who = standing(r);
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        if (r->node[i].held)
            who &= ~((uint64_t)1 << i);
        else
            put_points(r, i);
    set_hold(r, hold, r->until_node);
    release(r, who);
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

/* ---- the mailbox ---- */

int rack_open(struct debug_rack *r, bool start_stopped, vtime_t hold_ps, unsigned hold_node)
{
    rack_close(r);
    r->fd = memfd_create("cob-debug", MFD_CLOEXEC);
    if (r->fd < 0 || ftruncate(r->fd, sizeof *r->shared) < 0 || pipe2(r->bell, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
    void *m = mmap(NULL, sizeof *r->shared, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
    if (m == MAP_FAILED)
        return -1;
    r->shared = m;
    snprintf(r->path, sizeof r->path, "/proc/%d/fd/%d", (int)getpid(), r->fd);
    snprintf(r->shared->bell_path, sizeof r->shared->bell_path, "/proc/%d/fd/%d", (int)getpid(), r->bell[1]);
    r->shared->version = DEBUG_VERSION;
    r->shared->size = sizeof *r->shared;
    r->shared->n_nodes = r->scn->n_nodes;
    r->shared->start_stopped = start_stopped;
    r->gentle = false;
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        r->gentle = r->gentle || (rack_has(r, i) && r->scn->nodes[i].cpus > 1);
    r->shared->hold_ps = hold_ps;
    r->shared->hold_one = r->gentle && hold_ps ? 1 + hold_node : 0;
    r->goal_ps = r->gentle ? hold_ps : 0;
    r->goal_node = hold_node;
    r->shared->match_ps = VTIME_NEVER;
    for (unsigned i = 0; i < DEBUG_FAULTS; i++)
        r->shared->fault[i] =
            (struct debug_fault){.begin_ps = VTIME_NEVER, .end_ps = VTIME_NEVER, .hit_ps = VTIME_NEVER};
    if (r->armed_filter && r->plan.kind == PLAN_NONE)
        set_filter(r); /* the first thing that the run is to come to */
    for (unsigned i = 0; i < r->scn->n_nodes; i++) {
        struct rack_node *w = &r->node[i];
        atomic_store(&r->shared->node[i].until_ps, r->goal_ps);
        if (rack_has(r, i))
            r->shared->node[i].pc_register = describe_of(r, i)->pc_register;
        w->seen = 0;
        w->pending = w->held = w->mute = false;
        if (r->plan.kind == PLAN_NONE || r->plan.kind == PLAN_COUNT || r->plan.kind == PLAN_NTH)
            put_points(r, i);
    }
    debug_gaps_put(r);
    r->n_faults_run = r->scn->n_faults;
    r->shared->magic = DEBUG_MAGIC;
    r->phase = RACK_LAUNCH;
    return 0;
}

void rack_close(struct debug_rack *r)
{
    if (r->port)
        munmap(r->port, r->port_bytes);
    if (r->shared) {
        munmap(r->shared, sizeof *r->shared);
        close(r->fd);
        close(r->bell[0]);
        close(r->bell[1]);
    }
    r->port = NULL;
    r->shared = NULL;
}
