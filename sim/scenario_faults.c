/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_faults.c - `faults`: reading them, the rules between their keys, and what the names in
 * them stand for.
 *
 * A fault has one action. actions[] says what each action may be aimed at and which other keys go with it;
 * everything else is checked against the nodes, switches and links, which have been read before.
 *
 * Longer than most: the rules of one object stand together.
 */
#include "devices/fabric/fabric_wire.h"
#include "sim/scenario_internal.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_GAP_PS   (10 * VTIME_US)
#define DEFAULT_DUTY_PPB 500000000u
#define CERTAIN_PPB      1000000000u

static const char *const packet_types[FAB_P_END] = {
    [0] = "any",
    [FAB_P_SEND] = "send",
    [FAB_P_DATAGRAM] = "datagram",
    [FAB_P_READ] = "read",
    [FAB_P_WRITE] = "write",
    [FAB_P_ATOMIC] = "atomic",
    [FAB_P_PROBE] = "probe",
    [FAB_P_ACK] = "ack",
    [FAB_P_NAK] = "nak",
    [FAB_P_READ_DATA] = "read-data",
    [FAB_P_ATOMIC_OLD] = "atomic-old",
};

/* What goes with an action, beside a start. */
enum {
    WANT_LINKS = 1,  /* aimed at links */
    WANT_FABRIC = 2, /* .. of the fabric */
    WANT_NODES = 4,  /* aimed at nodes */
    WANT_ADAPTER = 8,
    MAY_MATCH = 16,
    MAY_LAST = 32, /* `for` */
    MAY_COUNT = 64,
};
#define TRAFFIC (WANT_LINKS | MAY_MATCH | MAY_LAST | MAY_COUNT)

static const struct {
    const char *key;
    unsigned flags;
} actions[SCN_ACTION_COUNT] = {
    [SCN_LOSS] = {"loss", TRAFFIC},
    [SCN_DELAY] = {"delay", TRAFFIC},
    [SCN_RATE] = {"rate", TRAFFIC},
    [SCN_CORRUPT] = {"corrupt", TRAFFIC},
    [SCN_DUPLICATE] = {"duplicate", TRAFFIC},
    [SCN_REORDER] = {"reorder", TRAFFIC},
    [SCN_DOWN] = {"down", WANT_LINKS | MAY_LAST},
    [SCN_STARVE] = {"starve", WANT_LINKS | WANT_FABRIC | MAY_LAST},
    [SCN_PARTITION] = {"partition", MAY_MATCH | MAY_LAST},
    [SCN_INTERRUPT] = {"interrupt", WANT_NODES | WANT_ADAPTER | MAY_LAST | MAY_COUNT},
    [SCN_COMPLETION] = {"completion", WANT_NODES | WANT_ADAPTER | MAY_LAST | MAY_COUNT},
    [SCN_DMA_FLIP] = {"dma-flip", WANT_NODES | WANT_ADAPTER | MAY_LAST | MAY_COUNT},
    [SCN_MEMORY_FLIP] = {"memory-flip", WANT_NODES},
    [SCN_PAUSE] = {"pause", WANT_NODES},
    [SCN_SLOW] = {"slow", WANT_NODES | MAY_LAST},
    [SCN_CRASH] = {"crash", WANT_NODES},
    [SCN_RESTART] = {"restart", WANT_NODES},
};

/* Keys that belong to one or two actions. */
static const struct {
    const char *key;
    enum scn_action action, other;
} belongings[] = {
    {"jitter", SCN_DELAY, SCN_DELAY},
    {"gap", SCN_REORDER, SCN_REORDER},
    {"period", SCN_DOWN, SCN_DOWN},
    {"duty", SCN_DOWN, SCN_DOWN},
    {"oneway", SCN_PARTITION, SCN_PARTITION},
    {"by", SCN_INTERRUPT, SCN_INTERRUPT},
    {"vector", SCN_INTERRUPT, SCN_INTERRUPT},
    {"queue", SCN_COMPLETION, SCN_COMPLETION},
    {"chance", SCN_INTERRUPT, SCN_COMPLETION},
    {"bit", SCN_MEMORY_FLIP, SCN_MEMORY_FLIP},
};

const char *scn_action_name(enum scn_action a)
{
    assert(a < SCN_ACTION_COUNT);
    return actions[a].key;
}

/* ---- what names stand for ---- */

int scn_packet_type(const char *kind)
{
    for (int i = 0; i < (int)FAB_P_END; i++)
        if (strcmp(packet_types[i], kind) == 0)
            return i;
    return -1;
}

bool scn_match_node(const struct scenario *s, const char *pattern, unsigned node)
{
    return !pattern || scn_name_matches(pattern, s->nodes[node].name);
}

bool scn_fault_on_node(const struct scenario *s, const struct scn_fault *f, unsigned node)
{
    return f->action >= SCN_FIRST_NODE_ACTION && f->node && scn_match_node(s, f->node, node);
}

/* "alpha", "alpha:eth0" or "sw0". */
static bool is_end(const struct scenario *s, const char *name, const struct scn_end *end)
{
    const char *colon = strchr(name, ':');
    char port[8], *node;
    bool yes;

    if (end->is_switch || !colon)
        return scn_name_matches(name,
                                end->is_switch ? s->switches[end->index].name : s->nodes[end->index].name);
    snprintf(port, sizeof port, end->adapter ? "fab0" : "eth%u", end->nic % 10);
    node = scn_printf("%.*s", (int)(colon - name), name);
    yes = strcmp(colon + 1, port) == 0 && scn_name_matches(node, s->nodes[end->index].name);
    free(node);
    return yes;
}

bool scn_fault_on_end(const struct scenario *s, const struct scn_fault *f, unsigned link, unsigned end)
{
    const struct scn_link *l = &s->links[link];
    bool on = false;

    if (f->action >= SCN_FIRST_NODE_ACTION)
        return false;
    if (f->link)
        on = scn_name_matches(f->link, l->name);
    for (unsigned i = 0; i < 2; i++) {
        const struct scn_end *e = &l->end[i];

        if (f->sw && e->is_switch)
            on = on || scn_name_matches(f->sw, s->switches[e->index].name);
        if (f->node && !e->is_switch)
            on = on || scn_match_node(s, f->node, e->index);
    }
    return on && (!f->from || is_end(s, f->from, &l->end[end]));
}

/* ---- reading ---- */

struct fault_reader {
    struct scn_reader *r;
    struct scn_fault *f;
    struct scn_where where, sub[2]; /* sub: of match, of after */
};

static size_t pos_of(const struct fault_reader *fr, const char *key)
{
    return fr->where.pos[scn_where_key(&scn_table_fault, key)];
}

static bool given(const struct fault_reader *fr, const char *key)
{
    return fr->where.origin[scn_where_key(&scn_table_fault, key)] != SCN_ABSENT;
}

static bool wrong(const struct fault_reader *fr, const char *key)
{
    return fr->where.bad[scn_where_key(&scn_table_fault, key)];
}

/* Notes that there is no such thing; words: what there is. */
static void nothing_called(struct scn_reader *r, size_t pos, const char *key, const char *what,
                           const char *name, const char *const *words, size_t n)
{
    const char *like = scn_suggest(name, words, n);

    if (like)
        scn_error(r->d, pos, "%s: there is no %s \"%.60s\" (did you mean \"%s\"?)", key, what, name, like);
    else
        scn_error(r->d, pos, "%s: there is no %s \"%.60s\"", key, what, name);
}

static size_t node_words(const struct scenario *s, const char **words)
{
    for (unsigned i = 0; i < s->n_nodes; i++)
        words[i] = s->nodes[i].name;
    return s->n_nodes;
}

/* Whether a name (with asterisks) stands for at least one node; notes it if not. */
static bool check_nodes(struct scn_reader *r, size_t pos, const char *key, const char *name)
{
    const char *words[SCN_MAX_NODES];

    for (unsigned i = 0; i < r->s->n_nodes; i++)
        if (scn_match_node(r->s, name, i))
            return true;
    nothing_called(r, pos, key, "node", name, words, node_words(r->s, words));
    return false;
}

static void check_link_target(struct fault_reader *fr)
{
    const struct scenario *s = fr->r->s;
    const char **words = scn_alloc((s->n_links + 1) * sizeof *words);
    bool found = false;

    for (unsigned i = 0; i < s->n_links; i++) {
        words[i] = s->links[i].name;
        found = found || scn_name_matches(fr->f->link, words[i]);
    }
    if (!found)
        nothing_called(fr->r, pos_of(fr, "link"), "link", "link", fr->f->link, words, s->n_links);
    free(words);
}

static void check_switch_target(struct fault_reader *fr)
{
    const struct scenario *s = fr->r->s;
    const char *words[SCN_MAX_SWITCHES];
    bool found = false;

    for (unsigned i = 0; i < s->n_switches; i++) {
        words[i] = s->switches[i].name;
        found = found || scn_name_matches(fr->f->sw, words[i]);
    }
    if (!found)
        nothing_called(fr->r, pos_of(fr, "switch"), "switch", "switch", fr->f->sw, words, s->n_switches);
}

/* Exactly one target, of the sort that the action wants, and it exists. False: noted. */
static bool check_target(struct fault_reader *fr, size_t pos)
{
    static const char *const keys[] = {"link", "switch", "node"};
    const struct scn_fault *f = fr->f;
    const char *action = scn_action_name(f->action), *last = NULL;
    unsigned n = 0, before = fr->r->d->n_errors;

    for (size_t i = 0; i < 3; i++)
        if (given(fr, keys[i])) {
            last = keys[i];
            n++;
        }
    if (f->action == SCN_PARTITION && n)
        scn_error(fr->r->d, pos_of(fr, last), "%s: a \"partition\" has no target: its sets say it all", last);
    else if (f->action != SCN_PARTITION && n == 0)
        scn_error(fr->r->d, pos, "the fault has no target: %s",
                  f->action < SCN_FIRST_NODE_ACTION ? "\"link\", \"switch\" or \"node\"" : "\"node\"");
    else if (n > 1)
        scn_error(fr->r->d, pos_of(fr, last), "%s: a fault has one target, and there is another one already",
                  last);
    else if (n && f->action >= SCN_FIRST_NODE_ACTION && !given(fr, "node"))
        scn_error(fr->r->d, pos_of(fr, last), "%s: \"%s\" is done to a \"node\"", last, action);
    else if (f->link)
        check_link_target(fr);
    else if (f->sw)
        check_switch_target(fr);
    else if (f->node)
        check_nodes(fr->r, pos_of(fr, "node"), "node", f->node);
    else if (n)
        return false; /* a target that is no text: noted when it was read */
    return fr->r->d->n_errors == before;
}

/* Which of the ends that the fault acts on cannot do what it wants? */
static void check_ends(struct fault_reader *fr)
{
    const struct scenario *s = fr->r->s;
    const struct scn_fault *f = fr->f;
    unsigned flags = actions[f->action].flags, n = 0;
    const char *target = f->link ? "link" : f->sw ? "switch" : "node";

    for (unsigned i = 0; i < s->n_links; i++)
        for (unsigned end = 0; end < 2; end++) {
            const struct scn_link *l = &s->links[i];

            if (!scn_fault_on_end(s, f, i, end))
                continue;
            n++;
            if ((flags & WANT_FABRIC) && !l->fabric)
                scn_error(fr->r->d, pos_of(fr, target),
                          "%s: \"%s\" needs links of the fabric: \"%s\" is an Ethernet link, which has no "
                          "credits",
                          target, scn_action_name(f->action), l->name);
            if (f->action == SCN_RATE && f->rate_bps > l->rate_bps)
                scn_error(fr->r->d, pos_of(fr, "rate"), "rate: more than that of the link \"%s\"", l->name);
            if (f->match.to && !l->fabric && l->end[!end].is_switch)
                scn_error(
                    fr->r->d, fr->sub[0].pos[scn_where_key(&scn_table_match, "to")],
                    "to: the link \"%s\" leads to an Ethernet switch, and what that will do with a frame "
                    "is not known yet: aim at the link that ends at the node",
                    l->name);
            if (f->match.queue_set && !l->fabric)
                scn_error(fr->r->d, fr->sub[0].pos[scn_where_key(&scn_table_match, "queue")],
                          "queue: \"%s\" is an Ethernet link; only packets of adapters have a queue",
                          l->name);
        }
    if (n == 0 && f->from)
        scn_error(fr->r->d, pos_of(fr, "from"), "from: \"%.60s\" is no end of the fault's links", f->from);
    else if (n == 0)
        scn_error(fr->r->d, pos_of(fr, target), "%s: \"%.60s\" has no links", target,
                  f->sw ? f->sw : f->node);
}

static void check_node_targets(struct fault_reader *fr)
{
    const struct scenario *s = fr->r->s;
    unsigned flags = actions[fr->f->action].flags;

    for (unsigned i = 0; i < s->n_nodes; i++) {
        if (!scn_fault_on_node(s, fr->f, i))
            continue;
        if (fr->f->after.given && !s->nodes[i].adapter && s->nodes[i].n_nics == 0)
            scn_error(fr->r->d, pos_of(fr, "after"),
                      "after: \"%s\" has no links, so no packet can matter to it", s->nodes[i].name);
        if ((flags & WANT_ADAPTER) && !s->nodes[i].adapter)
            scn_error(fr->r->d, pos_of(fr, "node"), "node: \"%s\" is about adapters, and \"%s\" has none",
                      scn_action_name(fr->f->action), s->nodes[i].name);
    }
}

static void check_kind_name(struct scn_reader *r, size_t pos, const char *kind)
{
    const char *words[FAB_P_END + SCN_MAX_KINDS];
    size_t n = 0;
    char hint[512];

    if (scn_packet_type(kind) >= 0 || scn_find_kind(r->s, kind))
        return;
    for (size_t i = 0; i < FAB_P_END; i++)
        words[n++] = packet_types[i];
    for (unsigned i = 0; i < r->s->n_kinds; i++)
        words[n++] = r->s->kinds[i].name;
    scn_error(r->d, pos, "kind: there is no \"%.60s\"%s", kind,
              scn_hint(hint, sizeof hint, kind, words, n, "there are"));
}

static void check_match(struct fault_reader *fr, const struct scn_table *t, const struct scn_where *w,
                        const struct scn_match *m)
{
    if (m->kind)
        check_kind_name(fr->r, w->pos[scn_where_key(t, "kind")], m->kind);
    if (m->from)
        check_nodes(fr->r, w->pos[scn_where_key(t, "from")], "from", m->from);
    if (m->to)
        check_nodes(fr->r, w->pos[scn_where_key(t, "to")], "to", m->to);
}

/* The one action; SCN_ACTION_COUNT (noted) if there is none, or several. */
static enum scn_action find_action(struct fault_reader *fr, size_t pos)
{
    enum scn_action found = SCN_ACTION_COUNT;

    for (unsigned a = 0; a < SCN_ACTION_COUNT; a++) {
        const struct scn_key *k = scn_key_find(&scn_table_fault, actions[a].key);
        size_t i = (size_t)(k - scn_table_fault.keys);

        /* `down: false` says nothing */
        if (fr->where.origin[i] == SCN_ABSENT ||
            (k->type == SCN_T_FLAG && !fr->where.bad[i] && !fr->f->has[a]))
            continue;
        if (found != SCN_ACTION_COUNT) {
            scn_error(fr->r->d, fr->where.pos[i], "%s: a fault has one action, and \"%s\" is one already",
                      k->key, actions[found].key);
            return SCN_ACTION_COUNT;
        }
        found = (enum scn_action)a;
    }
    if (found == SCN_ACTION_COUNT)
        scn_error(fr->r->d, pos,
                  "the fault does nothing: it needs an action, as in \"loss: 10%%\" or \"crash: true\"");
    return found;
}

/* Notes that a key does not go with the action. */
static void refuse(struct fault_reader *fr, const char *key, bool allowed)
{
    if (given(fr, key) && !allowed)
        scn_error(fr->r->d, pos_of(fr, key), "%s: does not go with \"%s\"", key,
                  scn_action_name(fr->f->action));
}

static void check_keys(struct fault_reader *fr)
{
    const struct scn_fault *f = fr->f;
    unsigned flags = actions[f->action].flags;

    refuse(fr, "from", flags & WANT_LINKS);
    refuse(fr, "match", flags & MAY_MATCH);
    refuse(fr, "for", flags & MAY_LAST);
    refuse(fr, "count", flags & MAY_COUNT);
    for (size_t i = 0; i < sizeof belongings / sizeof *belongings; i++)
        refuse(fr, belongings[i].key, f->action == belongings[i].action || f->action == belongings[i].other);
    if (given(fr, "at") && f->after.given)
        scn_error(fr->r->d, pos_of(fr, "after"), "after: the fault has a start already (\"at\")");
    if (given(fr, "by") && f->action == SCN_INTERRUPT && !f->late && !wrong(fr, "interrupt"))
        scn_error(fr->r->d, pos_of(fr, "by"), "by: goes with \"interrupt: late\"");
    if (f->action == SCN_INTERRUPT && f->late && !given(fr, "by"))
        scn_error(fr->r->d, pos_of(fr, "interrupt"), "interrupt: \"late\" needs \"by\": how late?");
    if (f->action == SCN_DOWN && given(fr, "duty") && !given(fr, "period"))
        scn_error(fr->r->d, pos_of(fr, "duty"), "duty: goes with \"period\"");
    if (f->action == SCN_DOWN && f->duty_set && f->duty_ppb == 0)
        scn_error(fr->r->d, pos_of(fr, "duty"), "duty: 0%% of the time is never");
    if (f->action == SCN_DELAY && f->delay_ps == 0 && f->jitter_ps == 0 && !wrong(fr, "delay"))
        scn_error(fr->r->d, pos_of(fr, "delay"), "delay: 0s (and no \"jitter\") is no delay");
    if (f->action == SCN_PARTITION && (f->match.from || f->match.to))
        scn_error(fr->r->d, pos_of(fr, "match"), "match: who sends and who receives is said by the sets");
}

static void fill_defaults(struct scn_fault *f)
{
    if (!f->after.given)
        f->at_set = true;
    if (f->action == SCN_REORDER && !f->gap_set) {
        f->gap_set = true;
        f->gap_ps = DEFAULT_GAP_PS;
    }
    if (f->action == SCN_DOWN && f->period_set && !f->duty_set) {
        f->duty_set = true;
        f->duty_ppb = DEFAULT_DUTY_PPB;
    }
    if ((f->action == SCN_INTERRUPT || f->action == SCN_COMPLETION) && !f->chance_set) {
        f->chance_set = true;
        f->ppb = CERTAIN_PPB;
    }
}

/* What is given to a run under way begins now or later. */
static void check_now(struct fault_reader *fr)
{
    struct scn_diag *d = fr->r->d;
    vtime_t now = *fr->r->now;
    char when[40];

    if (fr->f->after.given)
        scn_error(d, pos_of(fr, "after"),
                  "after: counts from the start of the run, which is over: give \"at\"");
    else if (!given(fr, "at"))
        fr->f->at_ps = now;
    else if (!wrong(fr, "at") && fr->f->at_ps < now)
        scn_error(d, pos_of(fr, "at"),
                  "at: the run has come to %s already; \"now\" is that, or go back first",
                  scn_format_time(now, when, sizeof when));
    if (fr->f->action == SCN_RESTART)
        scn_error(d, pos_of(fr, "restart"), "restart: is not possible in a run under the debugger");
}

static void add_to_side(struct fault_reader *fr, const struct scn_yaml *y, unsigned side)
{
    struct scn_reader *r = fr->r;
    const char *name;

    if (!scn_read_text(r, "partition", y, &name) || !check_nodes(r, y->pos, "partition", name))
        return;
    for (unsigned i = 0; i < r->s->n_nodes; i++) {
        if (!scn_match_node(r->s, name, i))
            continue;
        if (fr->f->side[i] && fr->f->side[i] != side)
            scn_error(r->d, y->pos, "partition: \"%s\" is in another set already", r->s->nodes[i].name);
        fr->f->side[i] = (uint8_t)side;
    }
}

static void read_sides(struct fault_reader *fr, const struct scn_yaml *y)
{
    struct scn_reader *r = fr->r;

    if (y->kind != SCN_LIST || y->n < 2 || y->n > SCN_MAX_NODES) {
        scn_error(r->d, y->pos,
                  "partition: expected a list of two or more sets, as in [[alpha], [beta, gamma]]");
        return;
    }
    for (size_t i = 0; i < y->n; i++) {
        const struct scn_yaml *set = y->items[i];

        if (set->kind != SCN_LIST || set->n == 0)
            scn_error(r->d, set->pos, "partition: expected a list of nodes, found %s",
                      set->kind == SCN_LIST ? "an empty one" : scn_yaml_what(set));
        for (size_t k = 0; set->kind == SCN_LIST && k < set->n; k++)
            add_to_side(fr, set->items[k], (unsigned)i + 1);
    }
    fr->f->n_sides = (unsigned)y->n;
    if (fr->f->oneway && y->n != 2)
        scn_error(r->d, pos_of(fr, "oneway"), "oneway: goes with a \"partition\" of two sets");
}

static void check_fault(struct fault_reader *fr, const struct scn_yaml *y)
{
    enum scn_action a = find_action(fr, y->pos);

    check_match(fr, &scn_table_match, &fr->sub[0], &fr->f->match);
    check_match(fr, &scn_table_after, &fr->sub[1], &fr->f->after);
    if (a == SCN_ACTION_COUNT)
        return;
    fr->f->action = a;
    memset(fr->f->has, 0, sizeof fr->f->has);
    fr->f->has[a] = true;
    check_keys(fr);
    if (a == SCN_PARTITION)
        read_sides(fr, scn_yaml_get(y, "partition", NULL));
    if (check_target(fr, y->pos) && a != SCN_PARTITION) {
        if (a >= SCN_FIRST_NODE_ACTION)
            check_node_targets(fr);
        else if (!wrong(fr, "from"))
            check_ends(fr);
    }
    fill_defaults(fr->f);
    if (fr->r->now)
        check_now(fr);
}

static bool fault_name_taken(const struct scenario *s, const char *name)
{
    for (unsigned i = 0; i < s->n_faults; i++)
        if (strcmp(s->faults[i].name, name) == 0)
            return true;
    return false;
}

static void read_fault(struct scn_reader *r, const struct scn_yaml *y)
{
    struct scn_fault *f = &r->s->faults[r->s->n_faults];
    struct fault_reader *fr = scn_alloc(sizeof *fr);

    fr->r = r;
    fr->f = f;
    fr->where.sub = fr->sub;
    scn_read_object(r, &scn_table_fault, y, NULL, f, &fr->where);
    if (y->kind == SCN_MAP)
        check_fault(fr, y);
    if (!f->name)
        f->name = scn_printf("fault%u", r->s->n_faults);
    if (fault_name_taken(r->s, f->name))
        scn_error(r->d, given(fr, "name") ? pos_of(fr, "name") : y->pos, "the name \"%s\" is taken already",
                  f->name);
    r->s->n_faults++;
    free(fr);
}

void scn_read_faults(struct scn_reader *r, const struct scn_yaml *faults)
{
    struct scenario *s = r->s;

    if (faults && faults->n && s->load.given)
        scn_error(r->d, faults->pos, "faults: are for a scenario with guests, and this one has a \"load\"");
    if (!s->faults)
        s->faults = scn_alloc(SCN_MAX_FAULTS * sizeof *s->faults);
    for (size_t i = 0; faults && i < faults->n; i++) {
        if (s->n_faults == SCN_MAX_FAULTS) {
            scn_error(r->d, faults->items[i]->pos, "more than %d faults", SCN_MAX_FAULTS);
            break;
        }
        read_fault(r, faults->items[i]);
    }
}

void scn_free_faults(struct scenario *s, unsigned first_fault)
{
    for (unsigned i = first_fault; i < s->n_faults; i++) {
        scn_free_object(&scn_table_fault, &s->faults[i]);
        s->faults[i] = (struct scn_fault){0};
    }
    s->n_faults = first_fault;
}

void scenario_drop_faults(struct scenario *s, unsigned first)
{
    scn_free_faults(s, first);
}
