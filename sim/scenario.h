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
 * Numbers of time, rate and size need a unit. Unknown and duplicate keys are errors with "did you mean".
 */
#ifndef COB_SCENARIO_H
#define COB_SCENARIO_H

#include "devices/port/vtime.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SCN_MAX_NODES    64
#define SCN_MAX_SWITCHES 64
#define SCN_MAX_LINKS    512
#define SCN_MAX_NICS     8 /* eth0..eth7 of one node */
#define SCN_MAX_CPUS     8

enum scn_arch {
    SCN_X86_64,
    SCN_AARCH64,
    SCN_RISCV64,
    SCN_ARCH_COUNT,
    SCN_ARCH_NONE = SCN_ARCH_COUNT /* no guest: only the node's adapter exists, see struct scn_load */
};
enum scn_nic { SCN_NIC_E1000, SCN_NIC_VIRTIO, SCN_NIC_COUNT };

struct scn_node {
    char *name;
    enum scn_arch arch;
    unsigned cpus;
    uint64_t memory_bytes;          /* multiple of 1 MiB */
    unsigned icount_shift;          /* 0..4: one instruction takes 2^shift ns */
    char *image;                    /* "linux", or NULL when kernel is given */
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

/* The scenario with every default filled in, as YAML that scenario_load reads back to the same. 0, or -1
 * errno. */
int scenario_dump(const struct scenario *s, FILE *out);
/* JSON Schema (draft 2020-12) and the reference page in Markdown, from the tables. 0, or -1 errno. */
int scenario_schema(FILE *out);
int scenario_reference(FILE *out);

const char *scn_arch_name(enum scn_arch a);       /* "x86_64".. */
const char *scn_nic_name(enum scn_nic n);         /* "e1000".. */
const char *scn_pattern_name(enum scn_pattern p); /* "uniform".. */

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
