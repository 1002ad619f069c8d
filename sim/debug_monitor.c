/* SPDX-License-Identifier: GPL-2.0-or-later */
/* debug_monitor.c - gdb's `monitor` commands: a table. They look, or arm something for the next `continue`.
 */
#include "sim/debug_predicate.h"
#include "sim/debug_rack.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct talk {
    struct debug_rack *r;
    unsigned node;    /* that gdb looks at */
    const char *text; /* what stands behind the command */
    void (*say)(void *to, const char *text);
    void *to;
};

enum { WORDS = 12 };

__attribute__((format(printf, 2, 3))) static void tell(struct talk *t, const char *format, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    t->say(t->to, text);
}

static const char *at(vtime_t t, char buf[40])
{
    snprintf(buf, 40, "%" PRId64 ".%012" PRId64 " s", t / VTIME_S, t % VTIME_S);
    return buf;
}

static void do_vtime(struct talk *t, unsigned n, char **w)
{
    char when[40];
    (void)n;
    (void)w;
    tell(t, "%s\n", at(rack_now_ps(t->r, t->node), when));
}

static void do_nodes(struct talk *t, unsigned n, char **w)
{
    const struct debug_rack *r = t->r;
    char when[40];

    (void)n;
    (void)w;
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        if (rack_has(r, i))
            tell(t, "%2u %-16s %-8s %-8s at %s\n", i + 1, r->scn->nodes[i].name,
                 scn_arch_name(r->scn->nodes[i].arch), rack_node_state(r, i), at(rack_now_ps(r, i), when));
}

static void end_name(const struct debug_rack *r, const struct scn_end *e, char buf[120])
{
    if (e->is_switch)
        snprintf(buf, 120, "%s", r->scn->switches[e->index].name);
    else
        snprintf(buf, 120, "%s:eth%u", r->scn->nodes[e->index].name, e->nic);
}

static void do_links(struct talk *t, unsigned n, char **w)
{
    const struct debug_rack *r = t->r;

    (void)n;
    (void)w;
    for (unsigned i = 0; i < r->scn->n_links; i++) {
        const struct scn_link *l = &r->scn->links[i];
        char a[120], b[120], when[40], delay[40];
        vtime_t up = VTIME_NEVER;
        bool there = !r->absent;
        for (unsigned k = 0; k < 2; k++)
            there = there || (!l->end[k].is_switch && rack_has(r, l->end[k].index));
        if (!there)
            continue; /* nothing is known of it */
        for (unsigned k = 0; k < 2; k++)
            if (!l->end[k].is_switch && rack_has(r, l->end[k].index) && r->port)
                up = vtime_min(up, r->port->node[l->end[k].index].nic[l->end[k].nic].link_up_ps);
        end_name(r, &l->end[0], a);
        end_name(r, &l->end[1], b);
        tell(t, "%-24s %s -- %s, delay %s, %s%s\n", l->name, a, b,
             scn_format_time(l->delay_ps, delay, sizeof delay),
             up >= VTIME_NEVER ? "not trained" : "up from ", up >= VTIME_NEVER ? "" : at(up, when));
    }
}

static const char *node_name(const struct debug_rack *r, uint32_t i)
{
    return i < r->scn->n_nodes ? r->scn->nodes[i].name : "?";
}

static void do_messages(struct talk *t, unsigned n, char **w)
{
    const struct debug_rack *r = t->r;
    const struct debug_shared *s = r->shared;
    uint64_t first = s->n_messages > DEBUG_MESSAGES ? s->n_messages - DEBUG_MESSAGES : 0, flying = 0;
    char sent[40], received[40];

    (void)n;
    (void)w;
    for (uint64_t k = first; k < s->n_messages; k++) {
        const struct debug_message *m = &s->message[k % DEBUG_MESSAGES];
        if (m->state == DEBUG_MSG_DROPPED ||
            (m->state == DEBUG_MSG_ANNOUNCED &&
             (m->to >= r->scn->n_nodes || rack_now_ps(r, m->to) > m->received_ps)))
            continue;
        flying++;
        if (m->state == DEBUG_MSG_ANNOUNCED)
            tell(t, "%6" PRIu64 " %s -> %s, %u bytes, sent at %s, arrives at %s\n", m->id,
                 node_name(r, m->from), node_name(r, m->to), m->len, at(m->sent_ps, sent),
                 at(m->received_ps, received));
        else
            tell(t, "%6" PRIu64 " %s -> ..., %u bytes, sent at %s\n", m->id, node_name(r, m->from), m->len,
                 at(m->sent_ps, sent));
    }
    tell(t, "%" PRIu64 " in flight, %" PRIu64 " sent in all\n", flying, s->n_messages);
}

/* The time in w[1]; +TIME counts from where gdb's node stands. */
static bool time_of(struct talk *t, unsigned n, char **w, vtime_t *out)
{
    char why[160];
    bool more = n == 2 && w[1][0] == '+', less = n == 2 && w[1][0] == '-';

    if (n != 2) {
        tell(t, "one time is needed, e.g. 5ms, or +10us or -1ms from here\n");
        return false;
    }
    if (scn_parse_time(w[1] + (more || less), out, why, sizeof why) < 0) {
        tell(t, "%s: %s\n", w[1], why);
        return false;
    }
    if (more || less)
        *out = rack_now_ps(t->r, t->node) + (more ? *out : -*out);
    *out = (*out + VTIME_NS - 1) / VTIME_NS * VTIME_NS; /* nodes stop at whole ns */
    if (*out <= 0)
        *out = 0;
    return true;
}

static void arm_goto(struct talk *t, vtime_t at_ps)
{
    struct debug_rack *r = t->r;

    r->armed_goto = true;
    r->armed_align = false;
    r->until_ps = 0;
    r->plan.at_ps = at_ps;
    r->plan.node = t->node;
    r->plan.cpu = 0;
}

/* A fault that was given is in no run yet: says so. */
static bool fault_waits(struct talk *t)
{
    bool waits = t->r->n_faults_run < t->r->scn->n_faults;
    if (waits)
        tell(t, "`continue` first: the run is started again, with the fault\n");
    return waits;
}

static void do_until(struct talk *t, unsigned n, char **w)
{
    vtime_t to;
    char when[40];

    if (!time_of(t, n, w, &to) || fault_waits(t))
        return;
    if (!plan_ahead(t->r, to, t->node)) {
        tell(t, "some node is beyond that time already: `monitor goto %s` runs again from the start\n", w[1]);
        return;
    }
    t->r->armed_goto = t->r->armed_align = false;
    t->r->until_ps = to;
    t->r->until_node = t->node;
    tell(t, "`continue` goes to %s at the latest\n", at(to, when));
}

static void do_goto(struct talk *t, unsigned n, char **w)
{
    vtime_t to;
    char when[40];

    if (!time_of(t, n, w, &to))
        return;
    arm_goto(t, to);
    tell(t, "`continue` runs again from the start to %s\n", at(to, when));
}

/* All nodes to where gdb's stands: forwards if none is beyond, else by running again. */
static void do_align(struct talk *t, unsigned n, char **w)
{
    vtime_t to = (rack_now_ps(t->r, t->node) + VTIME_NS - 1) / VTIME_NS * VTIME_NS;
    char when[40];

    (void)n;
    (void)w;
    if (t->r->gentle) {
        tell(t, "some node has several CPUs: it cannot be made to stand exactly where another one does\n");
        return;
    }
    if (fault_waits(t))
        return;
    t->r->armed_goto = false;
    t->r->armed_align = false;
    if (to > 0 && plan_ahead(t->r, to, t->node)) {
        t->r->armed_align = true;
        t->r->until_ps = to;
        t->r->until_node = t->node;
        tell(t, "`continue` takes the others to %s\n", at(to, when));
    } else {
        arm_goto(t, to);
        tell(t, "`continue` runs again from the start to %s\n", at(to, when));
    }
}

/* Is the run looking for what was asked for, or going to? */
static bool waiting(const struct debug_rack *r)
{
    return r->armed_filter || atomic_load(&r->shared->filter.active);
}

static void do_break(struct talk *t, unsigned n, char **w)
{
    struct debug_rack *r = t->r;
    struct debug_filter f;
    char why[200];

    if (n == 1) {
        const struct debug_filter *set = r->armed_filter ? &r->filter : &r->shared->filter;
        uint64_t seen = r->armed_filter ? 0 : r->shared->match_count;
        if (waiting(r))
            tell(t, "%s: %" PRIu64 " so far\n", debug_predicate_show(r->scn, set, why, sizeof why), seen);
        else
            tell(t, "no message and no fault is waited for\n");
        return;
    }
    if (debug_predicate(r->scn, n - 1, w + 1, &f, why, sizeof why) < 0) {
        tell(t, "%s\n", why);
        return;
    }
    bool instead = waiting(r);
    atomic_store(&r->shared->filter.active, 0);
    memcpy(&r->filter, &f, sizeof f);
    r->armed_filter = true;
    tell(t, "`continue` goes to that %s%s; all nodes will stand at its very time\n", w[1],
         instead ? ", instead of what was waited for" : "");
}

static void do_delete(struct talk *t, unsigned n, char **w)
{
    struct debug_rack *r = t->r;

    (void)n;
    (void)w;
    tell(t, waiting(r) ? "it is not waited for any more\n" : "no message and no fault is waited for\n");
    atomic_store(&r->shared->filter.active, 0);
    r->armed_filter = false;
}

/* Whom a fault concerns, as the scenario says it. */
static const char *whom(const struct scn_fault *f)
{
    return f->link ? f->link : f->sw ? f->sw : f->node ? f->node : "partition";
}

static void do_faults(struct talk *t, unsigned n, char **w)
{
    const struct debug_rack *r = t->r;
    vtime_t now = rack_now_ps(r, t->node);
    char when[40], end[40];

    (void)n;
    (void)w;
    for (unsigned i = 0; i < r->scn->n_faults; i++) {
        const struct scn_fault *f = &r->scn->faults[i];
        const struct debug_fault *d = &r->shared->fault[i];
        vtime_t begin = vtime_min(d->begin_ps, d->hit_ps);
        tell(t, "%-16s %-12s %-20s ", f->name, scn_action_name(f->action), whom(f));
        if (begin <= now && d->end_ps <= now)
            tell(t, "over since %s, began at %s, acted %" PRIu64 " times\n", at(d->end_ps, end),
                 at(begin, when), d->hits);
        else if (begin <= now)
            tell(t, "active, began at %s, acted %" PRIu64 " times\n", at(begin, when), d->hits);
        else if (f->after.given)
            tell(t, "planned, with a packet\n");
        else
            tell(t, "planned, at %s\n", at(f->at_ps, when));
    }
    tell(t, "%u faults\n", r->scn->n_faults);
}

/* What the trace does not hold, as far as it has been said. */
static void tell_gaps(struct talk *t)
{
    const struct debug_rack *r = t->r;
    char from[40], to[40];

    for (unsigned i = 0; i < r->n_gaps; i++)
        tell(t, "not in the trace: from %s to %s\n", at(r->gap[i].from_ps, from),
             r->gap[i].to_ps < VTIME_NEVER ? at(r->gap[i].to_ps, to) : "the end");
    if (r->n_gaps == 0)
        tell(t, "the trace is recorded as the scenario says\n");
}

static void do_trace(struct talk *t, unsigned n, char **w)
{
    bool on = n == 2 && !strcmp(w[1], "on"), off = n == 2 && !strcmp(w[1], "off");
    char when[40];

    if (n != 1 && !on && !off) {
        tell(t, "on or off is needed, or nothing: then it says what is not recorded\n");
    } else if (!t->r->shared->traced) {
        tell(t, "this run has no trace (--no-trace)\n");
    } else if (n == 1) {
        tell_gaps(t);
    } else {
        vtime_t from = debug_gaps_switch(t->r, on);
        if (from < 0)
            tell(t, "%u parts are left out already: that is all that is kept\n", DEBUG_GAPS);
        else
            tell(t, "from %s on the trace is %srecorded\n", at(from, when), on ? "" : "not ");
    }
}

/* A fault for the run: it is started again, up to here, with one more fault that begins now or later. */
static void do_fault(struct talk *t, unsigned n, char **w)
{
    struct debug_rack *r = t->r;
    vtime_t now = (rack_now_ps(r, t->node) + VTIME_NS - 1) / VTIME_NS * VTIME_NS;
    char *said = NULL, from[40], here[40];
    size_t len = 0;

    (void)w;
    if (n < 2) {
        tell(t, "one entry of `faults:` is needed, e.g. { link: NAME, loss: 10%%, at: now, for: 1ms }\n");
        return;
    }
    FILE *f = open_memstream(&said, &len);
    if (!f)
        return;
    int bad = scenario_add_fault_now(r->scn, t->text, now, f);
    fclose(f);
    if (bad < 0) {
        t->say(t->to, said ? said : "out of memory\n");
    } else {
        const struct scn_fault *added = &r->scn->faults[r->scn->n_faults - 1];
        arm_goto(t, now);
        tell(t, "fault %s at %s; `continue` runs again from the start to %s, with it\n", added->name,
             at(added->at_ps, from), at(now, here));
    }
    free(said);
}

static void do_help(struct talk *t, unsigned n, char **w);

static const struct {
    const char *name;
    void (*run)(struct talk *t, unsigned n, char **words);
    bool whole; /* needs the whole rack */
    const char *help;
} commands[] = {
    {"help", do_help, false, "this"},
    {"vtime", do_vtime, false, "virtual time of the node that gdb looks at"},
    {"nodes", do_nodes, false, "where every node stands"},
    {"links", do_links, false, "the links and whether they are trained"},
    {"messages", do_messages, true, "the messages in flight"},
    {"until", do_until, false, "TIME | +TIME: the next `continue` stops all nodes exactly there"},
    {"goto", do_goto, false, "TIME | -TIME: the next `continue` goes there by running again from the start"},
    {"align", do_align, false,
     "the next `continue` brings all nodes to exactly where the node that gdb looks at stands"},
    {"break", do_break, true,
     "message [sent|received] [from NODE] [to NODE] [nth N], or fault [NAME] [begins|hits|ends] [nth N]: the "
     "next `continue` stops at it; alone: what is waited for"},
    {"delete", do_delete, true, "what `break` waits for is not waited for any more"},
    {"faults", do_faults, true, "the scenario's faults: planned, active, over"},
    {"fault", do_fault, true,
     "ENTRY: one more fault, as in `faults:` of a scenario, at: now or later; the next `continue` runs "
     "again, to here"},
    {"trace", do_trace, true,
     "on | off: events from here on are recorded in the trace, or not; alone: what is not"},
};

static void do_help(struct talk *t, unsigned n, char **w)
{
    (void)n;
    (void)w;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        tell(t, "monitor %-9s %s\n", commands[i].name, commands[i].help);
}

void debug_monitor(struct debug_rack *r, unsigned node, const char *command,
                   void (*say)(void *to, const char *text), void *to)
{
    const char *rest = command + strspn(command, " \t\n");
    rest += strcspn(rest, " \t\n");
    struct talk t = {r, node, rest + strspn(rest, " \t\n"), say, to};
    char *copy = strdup(command), *save = NULL, *w[WORDS];
    unsigned n = 0;

    for (char *word = copy ? strtok_r(copy, " \t\n", &save) : NULL; word && n < WORDS;
         word = strtok_r(NULL, " \t\n", &save))
        w[n++] = word;
    for (size_t i = 0; n > 0 && i < sizeof commands / sizeof commands[0]; i++)
        if (!strcmp(w[0], commands[i].name)) {
            if (r->absent && commands[i].whole)
                tell(&t, "this is the replay of one node, without the rack around it\n");
            else if (r->phase == RACK_REST || commands[i].run == do_help)
                commands[i].run(&t, n, w);
            else
                tell(&t, "the guests have ended\n");
            free(copy);
            return;
        }
    tell(&t, "there is no such command; `monitor help` lists them\n");
    free(copy);
}
