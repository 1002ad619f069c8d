/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_tables_faults.c - the keys of `faults`: see scenario_tables.c for how tables work.
 *
 * A fault has one action. Which other keys go with which action is in scenario_faults.c; a default that only
 * some actions have is set there too, and only told here.
 */
#include "devices/fabric/fabric_abi.h"
#include "sim/scenario_internal.h"

#define COUNT(a)      (sizeof(a) / sizeof *(a))
#define AT(s, m)      .offset = offsetof(struct s, m), .size = sizeof(((struct s *)0)->m)
#define IS_SET(m)     .aux = offsetof(struct scn_fault, m)
#define ACTION(a)     .aux = offsetof(struct scn_fault, has[a])
#define MAX_EVER      ((uint64_t)(30 * 86400 * VTIME_S))
#define MAX_NAMES_LEN 80

/* enum fab_completion without FAB_C_OK */
static const char *const completions[] = {"length", "local", "remote",  "descriptor", "no-queue",
                                          "peer",   "reset", "flushed", NULL};
_Static_assert(COUNT(completions) == FAB_C_COUNT, "a name for each error");
static const char *const interrupts[] = {"lost", "late", NULL};

#define MATCH_KEYS(m)                                                                                        \
    {.key = "kind",                                                                                          \
     .type = SCN_T_NAME,                                                                                     \
     AT(scn_fault, m.kind),                                                                                  \
     .max = SCN_NAME_MAX,                                                                                    \
     .help = "A name of `kinds`, a packet type of the adapter, or `any` (the default)."},                    \
        {.key = "from",                                                                                      \
         .type = SCN_T_LINE,                                                                                 \
         AT(scn_fault, m.from),                                                                              \
         .max = MAX_NAMES_LEN,                                                                               \
         .help = "The node that injected it; asterisks stand for any characters."},                          \
        {.key = "to",                                                                                        \
         .type = SCN_T_LINE,                                                                                 \
         AT(scn_fault, m.to),                                                                                \
         .max = MAX_NAMES_LEN,                                                                               \
         .help =                                                                                             \
             "The node it is for; asterisks as above. What an Ethernet switch will do with a frame is "      \
             "not known before its last link, so there `to` is for a link that ends at the node."},          \
    {                                                                                                        \
        .key = "queue", .type = SCN_T_INT, AT(scn_fault, m.queue), IS_SET(m.queue_set), .max = 7,            \
        .help = "The adapter's queue. Only packets of adapters have one."                                    \
    }

static const struct scn_key match_keys[] = {MATCH_KEYS(match)};

static const struct scn_key after_keys[] = {
    MATCH_KEYS(after),
    {.key = "nth",
     .type = SCN_T_INT,
     AT(scn_fault, after.nth),
     .min = 1,
     .max = INT64_MAX,
     .def = "1",
     .help = "Which of these packets, counted from 1."},
};

static const struct scn_key fault_keys[] = {
    {.key = "name",
     .type = SCN_T_NAME,
     .flags = SCN_F_INPUT, /* the dump writes it first by itself */
     AT(scn_fault, name),
     .max = SCN_NAME_MAX,
     .help = "Default: `fault0`, `fault1`, .. by place in the list. Its random numbers come from this name "
             "and the seed, so a fault with a name of its own keeps its dice when others come and go."},
    {.key = "link",
     .type = SCN_T_LINE,
     AT(scn_fault, link),
     .max = MAX_NAMES_LEN,
     .help = "Target: the link with this name. Asterisks stand for any characters: `\"*\"` is every link."},
    {.key = "switch",
     .type = SCN_T_LINE,
     AT(scn_fault, sw),
     .max = MAX_NAMES_LEN,
     .help = "Target: all links of this switch; asterisks as above."},
    {.key = "node",
     .type = SCN_T_LINE,
     AT(scn_fault, node),
     .max = MAX_NAMES_LEN,
     .help = "Target: the node, or (action of links) all its links; asterisks as above."},
    {.key = "from",
     .type = SCN_T_LINE,
     AT(scn_fault, from),
     .max = MAX_NAMES_LEN,
     .help = "Links: only what this end sends: a node, an interface (`\"alpha:eth0\"`) or a switch. Default: "
             "both directions."},
    {.key = "match",
     .type = SCN_T_OBJECT,
     .aux = offsetof(struct scn_fault, match.given),
     .sub = &scn_table_match,
     .help = "Only such packets."},
    {.key = "at",
     .type = SCN_T_TIME,
     AT(scn_fault, at_ps),
     IS_SET(at_set),
     .max = MAX_EVER,
     .scale = 1,
     .help = "Start. Default 0s."},
    {.key = "after",
     .type = SCN_T_OBJECT,
     .aux = offsetof(struct scn_fault, after.given),
     .sub = &scn_table_after,
     .help = "Start with a packet instead of a time."},
    {.key = "for",
     .type = SCN_T_TIME,
     AT(scn_fault, for_ps),
     IS_SET(for_set),
     .min = 1,
     .max = MAX_EVER,
     .scale = 1,
     .why = "a fault lasts some time",
     .help = "Duration. Default: to the end of the run."},
    {.key = "count",
     .type = SCN_T_INT,
     AT(scn_fault, count),
     IS_SET(count_set),
     .min = 1,
     .max = INT64_MAX,
     .help = "Acts so often, then it is over. Default: no limit. With `for`: whichever comes first."},
    {.key = "loss",
     .type = SCN_T_SHARE,
     AT(scn_fault, ppb),
     ACTION(SCN_LOSS),
     .max = 1000000000,
     .help = "Links: loses this share of the packets."},
    {.key = "delay",
     .type = SCN_T_TIME,
     AT(scn_fault, delay_ps),
     ACTION(SCN_DELAY),
     .max = 60 * VTIME_S,
     .scale = 1,
     .help = "Links: each packet takes so much longer."},
    {.key = "jitter",
     .type = SCN_T_TIME,
     AT(scn_fault, jitter_ps),
     IS_SET(jitter_set),
     .max = 60 * VTIME_S,
     .scale = 1,
     .help = "With `delay`: the delay is random, evenly spread over delay - jitter to delay + jitter, but "
             "never below 0."},
    {.key = "rate",
     .type = SCN_T_RATE,
     AT(scn_fault, rate_bps),
     ACTION(SCN_RATE),
     .min = 1000,
     .max = UINT64_C(10000000000000),
     .help = "Links: this rate instead of their own, which must not be lower."},
    {.key = "corrupt",
     .type = SCN_T_SHARE,
     AT(scn_fault, ppb),
     ACTION(SCN_CORRUPT),
     .max = 1000000000,
     .help = "Links: in this share of the packets one random bit flips, behind the header (Ethernet: 14 "
             "bytes, fabric: 48), unnoticed by the link."},
    {.key = "duplicate",
     .type = SCN_T_SHARE,
     AT(scn_fault, ppb),
     ACTION(SCN_DUPLICATE),
     .max = 1000000000,
     .help = "Links: this share of the packets comes twice."},
    {.key = "reorder",
     .type = SCN_T_SHARE,
     AT(scn_fault, ppb),
     ACTION(SCN_REORDER),
     .max = 1000000000,
     .help = "Links: this share of the packets is held back, so that later ones overtake them."},
    {.key = "gap",
     .type = SCN_T_TIME,
     AT(scn_fault, gap_ps),
     IS_SET(gap_set),
     .min = 1,
     .max = 60 * VTIME_S,
     .scale = 1,
     .help = "With `reorder`: for so long. Default 10us."},
    {.key = "down",
     .type = SCN_T_FLAG,
     AT(scn_fault, has[SCN_DOWN]),
     .help = "Links: down. What has not arrived with its last bit is lost, and so is what is sent."},
    {.key = "period",
     .type = SCN_T_TIME,
     AT(scn_fault, period_ps),
     IS_SET(period_set),
     .min = VTIME_NS,
     .max = MAX_EVER,
     .scale = 1,
     .help = "With `down`: flapping, down at the start of each period."},
    {.key = "duty",
     .type = SCN_T_SHARE,
     AT(scn_fault, duty_ppb),
     IS_SET(duty_set),
     .max = 1000000000,
     .help = "With `period`: the share of it for which the link is down. Default 50%."},
    {.key = "starve",
     .type = SCN_T_FLAG,
     AT(scn_fault, has[SCN_STARVE]),
     .help = "Fabric links: no credit comes back to the sending end, so it soon stands still."},
    {.key = "partition",
     .type = SCN_T_SETS,
     .min = 2,
     .help = "Sets of nodes that cannot hear each other: `[[alpha, beta], [gamma]]`. No target. What is in "
             "no set hears all."},
    {.key = "oneway",
     .type = SCN_T_FLAG,
     AT(scn_fault, oneway),
     .help = "With `partition` of two sets: only what the first sends to the second is lost."},
    {.key = "interrupt",
     .type = SCN_T_WORD,
     AT(scn_fault, late),
     ACTION(SCN_INTERRUPT),
     .words = interrupts,
     .help = "Node: the adapter's interrupts are lost, or late."},
    {.key = "by",
     .type = SCN_T_TIME,
     AT(scn_fault, by_ps),
     IS_SET(by_set),
     .min = VTIME_NS,
     .max = 60 * VTIME_S,
     .scale = 1,
     .help = "With `interrupt: late`: by so much. Required."},
    {.key = "vector",
     .type = SCN_T_INT,
     AT(scn_fault, vector),
     IS_SET(vector_set),
     .max = 8,
     .help = "With `interrupt`: only this vector (a queue's number, or 8: events)."},
    {.key = "completion",
     .type = SCN_T_WORD,
     AT(scn_fault, completion),
     ACTION(SCN_COMPLETION),
     .words = completions,
     .help = "Node: the adapter reports this error instead of success."},
    {.key = "queue",
     .type = SCN_T_INT,
     AT(scn_fault, queue),
     IS_SET(queue_set),
     .max = 7,
     .help = "With `completion`: only of this queue."},
    {.key = "chance",
     .type = SCN_T_SHARE,
     AT(scn_fault, ppb),
     IS_SET(chance_set),
     .max = 1000000000,
     .help = "With `interrupt` and `completion`: how likely each time. Default 100%."},
    {.key = "dma-flip",
     .type = SCN_T_SHARE,
     AT(scn_fault, ppb),
     ACTION(SCN_DMA_FLIP),
     .max = 1000000000,
     .help = "Node: in this share of the payloads that the adapter reads or writes one random bit flips."},
    {.key = "memory-flip",
     .type = SCN_T_ADDRESS,
     AT(scn_fault, address),
     ACTION(SCN_MEMORY_FLIP),
     .max = INT64_MAX,
     .help = "Node: one bit of its memory flips, once: at this guest-physical address, or anywhere."},
    {.key = "bit",
     .type = SCN_T_INT,
     AT(scn_fault, bit),
     IS_SET(bit_set),
     .max = 7,
     .help = "With `memory-flip`: which bit of the byte. Default: a random one."},
    {.key = "pause",
     .type = SCN_T_TIME,
     AT(scn_fault, pause_ps),
     ACTION(SCN_PAUSE),
     .min = VTIME_NS,
     .max = MAX_EVER,
     .scale = 1,
     .help = "Node: executes nothing for so long, while its clocks go on."},
    {.key = "slow",
     .type = SCN_T_INT,
     AT(scn_fault, slow),
     ACTION(SCN_SLOW),
     .min = 2,
     .max = 1000,
     .help = "Node: executes so many times slower."},
    {.key = "crash",
     .type = SCN_T_FLAG,
     AT(scn_fault, has[SCN_CRASH]),
     .help = "Node: stops for ever, without a word to anybody."},
    {.key = "restart",
     .type = SCN_T_TIME,
     AT(scn_fault, off_ps),
     ACTION(SCN_RESTART),
     .min = VTIME_NS,
     .max = MAX_EVER,
     .scale = 1,
     .help = "Node: is switched off, and on again after so long; it boots afresh."},
};

_Static_assert(COUNT(fault_keys) <= SCN_MAX_KEYS, "struct scn_where has room for every key");

const struct scn_table scn_table_fault = {
    .id = "fault",
    .title = "A fault",
    .keys = fault_keys,
    .n_keys = COUNT(fault_keys),
    .help =
        "A target (`link`, `switch` or `node`), a start, an end, and exactly one action: `loss`, `delay`, "
        "`rate`, `corrupt`, `duplicate`, `reorder`, `down`, `starve`, `partition` (links), `interrupt`, "
        "`completion`, `dma-flip`, `memory-flip`, `pause`, `slow`, `crash`, `restart` (nodes). "
        "docs/faults.md says exactly what each of them does."};
const struct scn_table scn_table_match = {.id = "match",
                                          .title = "A fault's `match`",
                                          .keys = match_keys,
                                          .n_keys = COUNT(match_keys),
                                          .help = "All that is given must hold."};
const struct scn_table scn_table_after = {
    .id = "after",
    .title = "A fault's `after`",
    .keys = after_keys,
    .n_keys = COUNT(after_keys),
    .help = "The fault starts with the nth packet that matches. All that is given must hold."};
