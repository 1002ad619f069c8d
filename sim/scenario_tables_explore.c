/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_tables_explore.c - the keys of `explore`: see scenario_tables.c for how tables work; and the rules
 * between them. What is done with them: explore.h.
 */
#include "sim/explore.h"
#include "sim/scenario_internal.h"
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define AT(m)                                                                                                \
    .offset = offsetof(struct scenario, explore.m), .size = sizeof(((struct scenario *)0)->explore.m)

/* In one order: bit i of scn_explore.actions stands for both. */
static const char *const words[] = {"loss",  "delay",     "corrupt",  "duplicate", "reorder",
                                    "down",  "interrupt", "dma-flip", "pause",     "slow",
                                    "crash", "restart",   NULL};
static const enum scn_action actions[] = {SCN_LOSS,    SCN_DELAY, SCN_CORRUPT,   SCN_DUPLICATE,
                                          SCN_REORDER, SCN_DOWN,  SCN_INTERRUPT, SCN_DMA_FLIP,
                                          SCN_PAUSE,   SCN_SLOW,  SCN_CRASH,     SCN_RESTART};
_Static_assert(COUNT(words) == COUNT(actions) + 1, "a word for each action");
enum { USUAL = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4 }; /* loss, delay, duplicate, reorder */

static const struct scn_key explore_keys[] = {
    {.key = "actions",
     .type = SCN_T_WORDS,
     AT(actions),
     .words = words,
     .help = "What may go wrong, one word or a list. Default: `[loss, delay, duplicate, reorder]`. "
             "`interrupt`: they are "
             "lost."},
    {.key = "links",
     .type = SCN_T_LINE,
     AT(links),
     .max = 80,
     .def = "*",
     .help = "The links that it may hit, by name; asterisks stand for any characters."},
    {.key = "nodes",
     .type = SCN_T_LINE,
     AT(nodes),
     .max = 80,
     .def = "*",
     .help = "The nodes that it may hit, for actions of nodes; the same."},
    {.key = "kind",
     .type = SCN_T_NAME,
     AT(kind),
     .max = SCN_NAME_MAX,
     .help = "Only this kind of traffic is lost, delayed, corrupted, duplicated or reordered: a name of "
             "`kinds`, or a "
             "packet type of the adapter. Default: any."},
    {.key = "most",
     .type = SCN_T_INT,
     AT(most),
     .min = 1,
     .max = EXPLORE_MAX,
     .def = "3",
     .help = "Faults of a schedule at most; each has 1 or more."},
    {.key = "packets",
     .type = SCN_T_INT,
     AT(packets),
     .min = 1,
     .max = 1000000,
     .def = "3",
     .help = "One fault acts so often at most: on packets, interrupts, payloads."},
    {.key = "longest",
     .type = SCN_T_TIME,
     AT(longest_ps),
     .min = VTIME_US,
     .max = 60 * VTIME_S,
     .scale = 1,
     .def = "1ms",
     .help = "The longest delay, gap, or time for which a link is down, a node is paused, slow or off."},
    {.key = "from",
     .type = SCN_T_TIME,
     AT(from_ps),
     .max = 30ull * 86400 * VTIME_S,
     .scale = 1,
     .def = "0ms",
     .help = "No fault begins before this virtual time."},
    {.key = "until",
     .type = SCN_T_TIME,
     AT(until_ps),
     .min = VTIME_NS,
     .max = 30ull * 86400 * VTIME_S,
     .scale = 1,
     .help = "All begin before this virtual time. Required: the time at which the run ends without faults is "
             "a good choice."},
};
_Static_assert(COUNT(explore_keys) <= SCN_MAX_KEYS, "struct scn_where has room for every key");

const struct scn_table scn_table_explore = {
    .id = "explore",
    .title = "`explore`",
    .keys = explore_keys,
    .n_keys = COUNT(explore_keys),
    .help = "The budget of schedules of faults that `cob explore` draws."};

bool scn_explores(const struct scn_explore *x, enum scn_action action)
{
    for (unsigned i = 0; i < COUNT(actions); i++)
        if (actions[i] == action)
            return x->actions >> i & 1;
    return false;
}

void scn_check_explore(struct scn_reader *r, const struct scn_where *w, size_t pos)
{
    const struct scn_table *t = &scn_table_explore;
    struct scn_explore *x = &r->s->explore;
    size_t until = scn_where_key(t, "until");

    if (!x->given)
        return;
    if (!x->actions)
        x->actions = USUAL;
    if (!x->until_ps && !w->bad[until])
        scn_error(r->d, pos, "explore: \"until\" is missing: the virtual time before which faults begin");
    else if (x->until_ps <= x->from_ps && !w->bad[until])
        scn_error(r->d, w->pos[until], "until: must be later than \"from\"");
    if (x->kind && strcmp(x->kind, "any") != 0 && scn_packet_type(x->kind) < 0 &&
        !scn_find_kind(r->s, x->kind))
        scn_error(r->d, w->pos[scn_where_key(t, "kind")], "kind: there is no kind \"%s\"", x->kind);
}
