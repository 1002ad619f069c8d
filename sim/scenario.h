/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario.h - what a scenario file says, parsed and checked.
 *
 * YAML 1.2, *.scn.yml. The tables in scenario_tables.c (key, type, unit, range, default, help) drive the
 * parser, the resolved dump, the reference page (docs/scenario.md) and the JSON Schema; nothing about a key
 * is written twice.
 *
 *   name: pair                       # default: file name without .scn.yml
 *   seed: 1                          # 0..2^63-1, default 1: feeds every guest's random numbers
 *   stop: 60s                        # virtual time at which the run ends at the latest
 *   timeout: 10min                   # wall-clock limit (exit status 124)
 *   defaults:                        # values for every node and every link that does not say otherwise
 *     node: { memory: 128MiB }
 *     link: { rate: 1Gbit }
 *   nodes:
 *     alpha:                         # node index = position in the file
 *       arch: x86_64                 # x86_64 | aarch64 | riscv64
 *       count: 4                     # instead of alpha: alpha0..alpha3; {i} in scripts is the number
 *       cpus: 1                      # 1..8
 *       memory: 256MiB
 *       speed: 1000MIPS              # 1000, 500, 250, 125, 62.5: an instruction takes 1, 2, 4, 8, 16 ns
 *       image: linux                 # the distribution's kernel, our initramfs; append adds to our arguments
 *       kernel: path  initrd: path  append: "text"   # instead of image; relative to this file
 *       symbols: path                # what gdb reads of the kernel (cob debug)
 *       nic: e1000                   # model of its interfaces, of the proved list: e1000, virtio-net
 *       run: |                       # shell script run as the guest's job; its exit status counts
 *         ping -c 1 10.0.0.2
 *       expect:
 *         exit: 0                    # 0..255; default 0 if there is `run`, else nothing is expected
 *         console: "regex"           # POSIX ERE matched against console lines; or a list
 *   switches:
 *     sw0: { mode: store-and-forward, latency: 500ns, table: 1024, ageing: 300s }
 *     fsw: { kind: fabric, mode: cut-through, latency: 200ns, radix: 36 }   # for fabric adapters
 *   links:
 *     - endpoints: ["alpha0:eth0", "beta:eth0"]    # node:ethN, or a switch's name
 *       name: wire0                  # default: "alpha0-eth0--beta-eth0"
 *       delay: 1us   rate: 10Gbit   mtu: 1514   queue: 256KiB   training: 1ms
 *     - endpoints: ["alpha*:eth1", "sw0"]          # one link for each node that matches, in index order
 *     - endpoints: ["alpha*:fab0", "fsw"]          # fab0: the node's fabric adapter (one at most)
 *       profile: infiniband-fdr                    # numbers for what is not given here
 *       framing: 14   tx: 300ns   rx: 300ns   buffer: 64KiB   dimension: 0
 *
 *   topology: { kind: torus, size: 4x4, profile: pcie-ntb }   # makes fabric switches and links
 *   load: { pattern: uniform, rates: [10, 50, 90] }           # no guests: see docs/fabric.md
 *
 *   kinds:                           # names for traffic, beside the adapter's packet types and "any"
 *     heartbeat: { offset: 48, bytes: "01 00 07", mask: "ff ff 0f" }
 *     heartbeat-late: { of: heartbeat, fields: [{ at: 52, u16: 0x0100, mask: 0xff00 }] }
 *   names: kernel.names.yml          # a file with more kinds and events
 *   events:                          # names for records of the event port: docs/trace.md
 *     page: { type: 33, text: "{u64} {arg: none, shared, exclusive} v{u64}" }
 *   input:                           # what is typed at nodes' consoles, and when
 *     - { node: alpha, at: 20ms, text: "ps\n" }
 *   faults:                          # what goes wrong, and when: docs/faults.md
 *     - { name: lossy, link: wire0, match: { kind: heartbeat }, at: 10ms, for: 5ms, loss: 10% }
 *
 *   explore: { actions: [loss, delay], until: 20ms }   # the budget of `cob explore`: docs/explore.md
 *   check: { coherence: true }       # page states must never contradict each other: docs/coherence.md
 *
 * Numbers of time, rate and size need a unit. Unknown and duplicate keys are errors with "did you mean".
 */
#ifndef COB_SCENARIO_H
#define COB_SCENARIO_H

#include "devices/port/vtime.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SCN_NAME_MAX     31 /* bytes of the name of a node, switch, scenario, .. */
#define SCN_MAX_NODES    64
#define SCN_MAX_SWITCHES 64
#define SCN_MAX_LINKS    512
#define SCN_MAX_NICS     8 /* eth0..eth7 of one node */
#define SCN_MAX_CPUS     8
#define SCN_MAX_KINDS    128
#define SCN_MAX_INPUTS   256 /* typed at consoles */
#define SCN_MAX_EVENTS   64  /* names for them */
#define SCN_MAX_FIELDS   16  /* of one kind */
#define SCN_MAX_PATTERN  256 /* bytes of one kind */
#define SCN_MAX_FAULTS   256

enum scn_arch {
    SCN_X86_64,
    SCN_AARCH64,
    SCN_RISCV64,
    SCN_ARCH_COUNT,
    SCN_ARCH_NONE = SCN_ARCH_COUNT /* no guest: only the node's adapter exists, see struct scn_load */
};
/* How a node's part in a run can end, as far as an expectation can ask for it. */
enum scn_ending {
    SCN_END_RESULT,
    SCN_END_STOPPED,
    SCN_END_SHUTDOWN,
    SCN_END_RESET,
    SCN_END_PANIC,
    SCN_END_CRASHED, /* by a fault */
    SCN_END_COUNT
};

enum scn_nic { SCN_NIC_E1000, SCN_NIC_VIRTIO, SCN_NIC_COUNT };

struct scn_node {
    char *name;
    enum scn_arch arch;
    unsigned cpus;
    uint64_t memory_bytes;          /* multiple of 1 MiB */
    unsigned icount_shift;          /* 0..4: one instruction takes 2^shift ns */
    char *image;                    /* "linux", "linux-6.12", or NULL when kernel is given */
    char *kernel, *initrd, *append; /* paths are absolute; NULL if absent */
    char *symbols;                  /* absolute path of a file with symbols for gdb; NULL if absent */
    char *run;                      /* script text, NULL if none */
    enum scn_nic nic;
    unsigned n_nics; /* 1 + the highest ethN that a link names; 0 without links */
    bool adapter;    /* a link names its fab0 */
    bool expect_exit_set;
    int expect_exit;
    char **expect_console; /* n_expect_console regular expressions, already known to compile */
    unsigned n_expect_console;
    bool expect_end_set;
    enum scn_ending expect_end;
};

struct scn_switch {
    char *name;
    bool fabric; /* between fabric adapters; else Ethernet */
    bool cut_through;
    vtime_t latency_ps;
    uint32_t table_size; /* Ethernet only */
    vtime_t ageing_ps;   /* Ethernet only */
    uint32_t radix;      /* fabric only: how many links it may have */
};

struct scn_end {
    bool is_switch;
    bool adapter;   /* of a node: fab0, and nic has no meaning */
    unsigned index; /* of the node or of the switch */
    unsigned nic;   /* N of ethN */
};

struct scn_link {
    char *name;
    struct scn_end end[2];
    bool fabric;   /* its ends are adapters or fabric switches; else interfaces or Ethernet switches */
    char *profile; /* NULL if none */
    vtime_t delay_ps;
    uint64_t rate_bps;
    uint32_t mtu_bytes; /* Ethernet: of a frame; fabric: of a packet's payload */
    uint32_t queue_bytes;
    vtime_t training_ps;
    /* fabric only */
    uint32_t framing_bytes; /* added to each packet on the wire, beside its header of 48 bytes */
    vtime_t tx_ps, rx_ps;   /* pipelines of the adapters at its ends */
    uint32_t buffer_bytes;  /* per virtual channel, at the receiving side */
    uint32_t dimension;     /* of a ring or torus */
};

enum scn_pattern { SCN_UNIFORM, SCN_HOTSPOT, SCN_PERMUTATION, SCN_NEIGHBOUR, SCN_PATTERN_COUNT };

/* Traffic for the fabric alone: all nodes are SCN_ARCH_NONE, and a run measures latency and throughput. */
struct scn_load {
    bool given;
    enum scn_pattern pattern;
    uint32_t message_bytes;
    uint32_t *rates; /* n_rates, per cent of the adapter's link */
    unsigned n_rates;
    vtime_t warmup_ps, measure_ps;
    char *hot;          /* SCN_HOTSPOT: name of the node; NULL: the first with an adapter */
    uint32_t hot_share; /* per cent of the messages that go there */
};

/* A number at a place of a frame or packet, little endian. */
struct scn_field {
    uint32_t at;
    bool given[3], masked; /* given: it has 8, 16 or 32 bits; exactly one is true */
    uint32_t value[3], mask;
};

/* A name for traffic: what stands at offsets from the start of the frame or packet. */
struct scn_kind {
    char *name;
    char *of;                      /* NULL: no other kind */
    const struct scn_kind *parent; /* that one; its conditions hold too */
    unsigned depth;                /* how many kinds it is one of */
    struct scn_field *fields;
    unsigned n_fields;
    uint32_t offset;
    uint8_t *bytes; /* n_bytes, maybe none; bits outside of the mask are 0 */
    unsigned n_bytes;
    uint8_t *mask; /* n_mask == n_bytes; all ones if none was given */
    unsigned n_mask;
};

/* A name for records of the event port. */
struct scn_event {
    char *name;
    uint32_t type;
    char *text; /* a template (tracing/tracing_template.h); NULL: none */
};

/* Which traffic: all that is given must hold. */
struct scn_match {
    bool given;
    char *kind;      /* "any", a packet type of the adapter (scn_packet_type), or a name of scenario.kinds */
    char *from, *to; /* names of nodes, with asterisks: injected by, delivered to; NULL: any */
    bool queue_set;
    uint32_t queue; /* of the adapter */
    uint64_t nth;   /* `after` only: the nth such packet, from 1 on */
};

enum scn_action {
    /* of links */
    SCN_LOSS,
    SCN_DELAY,
    SCN_RATE,
    SCN_CORRUPT,
    SCN_DUPLICATE,
    SCN_REORDER,
    SCN_DOWN,
    SCN_STARVE,
    SCN_PARTITION,
    /* of nodes */
    SCN_INTERRUPT,
    SCN_COMPLETION,
    SCN_DMA_FLIP,
    SCN_MEMORY_FLIP,
    SCN_PAUSE,
    SCN_SLOW,
    SCN_CRASH,
    SCN_RESTART,
    SCN_ACTION_COUNT
};
#define SCN_FIRST_NODE_ACTION SCN_INTERRUPT

#define SCN_RANDOM_ADDRESS UINT64_MAX

/* One fault. What its action does not use is 0. docs/faults.md says what each of them does. */
struct scn_fault {
    char *name; /* unique; feeds the fault's random numbers together with the scenario's seed */
    enum scn_action action;
    bool has[SCN_ACTION_COUNT]; /* exactly one, that of action */

    char *link, *sw, *node;      /* the target, with asterisks; exactly one of them (SCN_PARTITION: none) */
    char *from;                  /* of link actions: only what this end sends; NULL: both directions */
    uint8_t side[SCN_MAX_NODES]; /* SCN_PARTITION: set of node i, from 1 on; 0: in none */
    unsigned n_sides;
    bool oneway; /* SCN_PARTITION: only from set 1 to set 2 */

    struct scn_match match; /* given: only such packets */
    bool at_set, for_set, count_set;
    vtime_t at_ps;          /* start, unless after.given */
    struct scn_match after; /* given: starts with the nth such packet */
    vtime_t for_ps;         /* lasts so long (for_set), and .. */
    uint64_t count;         /* .. acts so often (count_set) */

    uint32_t ppb; /* parts per billion: loss, corrupt, duplicate, reorder, dma-flip; interrupt, completion */
    vtime_t delay_ps; /* delay */
    bool jitter_set;
    vtime_t jitter_ps; /* delay: +- */
    uint64_t rate_bps; /* rate */
    bool gap_set;
    vtime_t gap_ps; /* reorder: held back by */
    bool period_set, duty_set;
    vtime_t period_ps; /* down: of the flapping (period_set) */
    uint32_t duty_ppb; /* down: share of each period for which it is down */

    bool late; /* interrupt: late by by_ps, else lost */
    bool by_set, vector_set, queue_set, bit_set, chance_set;
    vtime_t by_ps;
    uint32_t vector;     /* interrupt: only this one (vector_set) */
    uint32_t completion; /* completion: enum fab_completion, less 1 */
    uint32_t queue;      /* completion: only of this queue (queue_set) */
    uint64_t address;    /* memory-flip: guest physical, or SCN_RANDOM_ADDRESS */
    uint32_t bit;        /* memory-flip: of the byte (bit_set; else random) */
    vtime_t pause_ps;    /* pause */
    uint32_t slow;       /* slow: so many times slower */
    vtime_t off_ps;      /* restart: switched off for so long */
};

/* What is typed at a node's console. */
struct scn_input {
    char *node_name;
    unsigned node; /* its index */
    vtime_t at_ps;
    char *text; /* NULL: nothing */
    bool end;   /* Control-D behind it */
};

enum scn_trace_level { SCN_TRACE_MESSAGES, SCN_TRACE_DEVICE, SCN_TRACE_ALL };

/* How much goes into the event trace. Names as given, with asterisks; an empty list: all. */
struct scn_trace {
    unsigned level; /* enum scn_trace_level */
    char **nodes, **links, **events;
    unsigned n_nodes, n_links, n_events;
};

/* What `cob explore` may let go wrong: docs/explore.md. */
struct scn_explore {
    bool given;
    uint32_t actions;    /* set; see scn_explores() */
    char *links, *nodes; /* names with asterisks */
    char *kind;          /* of the traffic that is hit; NULL: any */
    uint32_t most;       /* faults of a schedule */
    uint64_t packets;    /* a fault acts so often at most */
    vtime_t longest_ps;
    vtime_t from_ps, until_ps; /* faults begin in [from, until) */
};

/* What is checked while the run goes on, beside what the nodes expect. */
struct scn_check {
    bool coherence; /* of what nodes say of shared pages: coherence.h */
};

struct scenario {
    char *path; /* as given */
    char *name;
    uint64_t seed;
    vtime_t stop_ps;
    int64_t timeout_s;
    struct scn_node *nodes;
    unsigned n_nodes; /* >= 1 */
    struct scn_switch *switches;
    unsigned n_switches;
    struct scn_link *links;
    unsigned n_links;
    struct scn_load load;
    struct scn_check check;
    struct scn_explore explore;
    char *names; /* path of the file that some of them came from; NULL: none */
    struct scn_kind *kinds;
    unsigned n_kinds;
    struct scn_event *events;
    unsigned n_events;
    struct scn_fault *faults;
    unsigned n_faults;
    struct scn_input *inputs; /* in the order of the file */
    unsigned n_inputs;
    struct scn_trace trace;
};

/*
 * Parses and checks the file. All diagnostics ("file:line:column: error: ...", the line, a caret) go to diag;
 * as many errors as can be found are reported. Returns NULL and errno EINVAL when there was at least one
 * (EIO, ENOENT, .. when the file cannot be read; that too is reported). The caller frees with
 * scenario_free().
 */
struct scenario *scenario_load(const char *path, FILE *diag);
/* The same for text in memory; path is for messages and for resolving relative paths. Files named are not
 * looked up. */
struct scenario *scenario_parse(const char *text, size_t len, const char *path, FILE *diag);
void scenario_free(struct scenario *s); /* NULL is allowed */

/*
 * Adds the kinds and faults of a file that has nothing but `kinds:` and `faults:` (both optional) to the
 * scenario's; names must be new. 0; or -1 errno with the reasons on diag, as for scenario_load(), and the
 * scenario as it was.
 */
int scenario_add_faults(struct scenario *s, const char *path, FILE *diag);
/* The same for several files, one after the other; one called "none" takes out what there is so far. After an
 * error those before it stay. */
int scenario_add_fault_files(struct scenario *s, const char *const *paths, unsigned n, FILE *diag);
/* The same for text in memory; path is for messages. */
int scenario_add_faults_text(struct scenario *s, const char *text, size_t len, const char *path, FILE *diag);
/*
 * Adds one fault to a run under way, which stands at `now` (whole ns): an entry of `faults:`, as it stands in
 * a file, in braces or without. It begins now ("at: now", or nothing) or later; `after` and `restart` are
 * refused. Returns and diag as above, path "fault".
 */
int scenario_add_fault_now(struct scenario *s, const char *entry, vtime_t now, FILE *diag);
/* Adds the names of a file that has nothing but `kinds:` and `events:`; the same. */
int scenario_add_names_text(struct scenario *s, const char *text, size_t len, const char *path, FILE *diag);
/* Takes the faults from the first-th on out; the kinds stay. */
void scenario_drop_faults(struct scenario *s, unsigned first);
/* The faults from the first-th on, as a file for scenario_add_faults(). 0, or -1 errno. */
int scenario_dump_faults(const struct scenario *s, unsigned first, FILE *out);

/* The scenario with every default filled in, as YAML that scenario_load reads back to the same. 0, or -1
 * errno. */
int scenario_dump(const struct scenario *s, FILE *out);
/* JSON Schema (draft 2020-12) and the reference page in Markdown, from the tables. 0, or -1 errno. */
int scenario_schema(FILE *out);
int scenario_reference(FILE *out);

const char *scn_arch_name(enum scn_arch a);       /* "x86_64".. */
const char *scn_nic_name(enum scn_nic n);         /* "e1000".. */
const char *scn_pattern_name(enum scn_pattern p); /* "uniform".. */
const char *scn_ending_name(enum scn_ending e);   /* "result".. */
/* Asterisks in the pattern stand for any number of characters. */
bool scn_name_matches(const char *pattern, const char *name);
const char *scn_action_name(enum scn_action a); /* "loss".. */
/* Whether it may be drawn. scenario_tables_explore.c */
bool scn_explores(const struct scn_explore *x, enum scn_action action);

/* scenario_faults.c: what names and asterisks in a fault stand for */

/* The packet type (enum fab_packet) that a kind names; 0: "any"; -1: neither, it may be a name of kinds. */
int scn_packet_type(const char *kind);
/* scenario_kinds.c: whether the bytes of a frame or packet are of this kind. */
bool scn_kind_matches(const struct scn_kind *k, const uint8_t *bytes, uint32_t len);
/* The index of the kind by which they are called: the most special one, the first of those. -1: none. */
int scn_kind_of(const struct scenario *s, const uint8_t *bytes, uint32_t len);
const struct scn_kind *scn_find_kind(const struct scenario *s, const char *name); /* NULL: there is none */
/* Whether a link action acts on what end `end` of link `link` sends. */
bool scn_fault_on_end(const struct scenario *s, const struct scn_fault *f, unsigned link, unsigned end);
/* Whether a node action acts on this node. */
bool scn_fault_on_node(const struct scenario *s, const struct scn_fault *f, unsigned node);
/* Whether a `from` or `to` of a match stands for this node; NULL stands for all. */
bool scn_match_node(const struct scenario *s, const char *pattern, unsigned node);

/* Is this node, this link traced? Does its device, do its grants have to be traced? */
bool scn_trace_node(const struct scenario *s, unsigned node);
bool scn_trace_link(const struct scenario *s, unsigned link);
bool scn_trace_device(const struct scenario *s, unsigned node);
bool scn_trace_grants(const struct scenario *s, unsigned node);
uint64_t scn_trace_mask(const struct scenario *s); /* bit i: enum tracing_event_id i is wanted */
/*
 * In place of what the scenario says: "device"; "node=alpha,event=dma,event=doorbell" (all three lists are
 * replaced). NULL: stays. 0, or -1 with a sentence in why[size].
 */
int scn_trace_override(struct scenario *s, const char *level, const char *filter, char *why, size_t size);
extern const char *const scn_trace_events[]; /* names of events, by enum tracing_event_id */

/*
 * Parses "5ms", "1.5us", "10Gbit", "256MiB" (see units.c for the words). Return 0, or -1 with a sentence in
 * err[size]. No floating point: the decimal fraction is converted exactly or refused.
 */
int scn_parse_time(const char *text, vtime_t *out, char *err, size_t size);
int scn_parse_rate(const char *text, uint64_t *bits_per_second, char *err, size_t size);
int scn_parse_size(const char *text, uint64_t *bytes, char *err, size_t size);
/* "12.345678 ms": for people. Writes to buf and returns it. */
const char *scn_format_time(vtime_t t, char *buf, size_t size);

#endif
