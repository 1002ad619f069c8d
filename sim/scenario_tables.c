/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_tables.c - every key of a scenario file, once: type, unit, range, default, help.
 *
 * One table per object. The parser, the resolved dump, docs/scenario.md and docs/scenario.schema.json are all
 * driven by these tables; to add a key, add a member to scenario.h and a row here. Rules that concern several
 * keys are in scenario_check.c. The order of the rows is the order of the dump and of the reference.
 * One row for each key, with its help, makes the file longer than most.
 */
#include "sim/scenario_internal.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define AT(s, m) .offset = offsetof(struct s, m), .size = sizeof(((struct s *)0)->m)
#define KIB      UINT64_C(1024)
#define MIB      (1024 * KIB)
#define GIB      (1024 * MIB)
#define DAY_PS   ((uint64_t)(86400 * VTIME_S))

static const char *const archs[] = {"x86_64", "aarch64", "riscv64", "none", NULL};
static const char *const nics[] = {"e1000", "virtio-net", NULL};
static const char *const speeds[] = {"1000MIPS", "500MIPS", "250MIPS", "125MIPS", "62.5MIPS", NULL};
static const char *const images[] = {"linux", "linux-6.12", NULL};
static const char *const modes[] = {"store-and-forward", "cut-through", NULL};
static const char *const kinds[] = {"ethernet", "fabric", NULL};
static const char *const patterns[] = {"uniform", "hotspot", "permutation", "neighbour", NULL};

_Static_assert(COUNT(archs) == SCN_ARCH_COUNT + 2, "a name for each architecture");
_Static_assert(COUNT(patterns) == SCN_PATTERN_COUNT + 1, "a name for each pattern");
_Static_assert(COUNT(nics) == SCN_NIC_COUNT + 1, "a name for each interface model");

static const struct scn_key root_keys[] = {
    {.key = "name",
     .type = SCN_T_NAME,
     AT(scenario, name),
     .max = SCN_NAME_MAX,
     .help = "Name of the scenario and of its run directories. Default: the file's name without `.scn.yml`, "
             "with a hyphen for each character that a name cannot have."},
    {.key = "seed",
     .type = SCN_T_INT,
     AT(scenario, seed),
     .max = INT64_MAX,
     .def = "1",
     .help = "Feeds every guest's random numbers. Same scenario, same seed: same bits."},
    {.key = "stop",
     .type = SCN_T_TIME,
     AT(scenario, stop_ps),
     .min = 1,
     .max = 30 * DAY_PS,
     .scale = 1,
     .def = "60s",
     .why = "a run needs some virtual time to happen in",
     .help = "Virtual time at which the run ends at the latest."},
    {.key = "timeout",
     .type = SCN_T_TIME,
     AT(scenario, timeout_s),
     .min = VTIME_S,
     .max = 30 * DAY_PS,
     .scale = VTIME_S,
     .def = "10min",
     .help = "Wall-clock limit of the run, in whole seconds; then the exit status is 124."},
    {.key = "defaults",
     .type = SCN_T_OBJECT,
     .flags = SCN_F_INPUT,
     .sub = &scn_table_defaults,
     .help = "Values for every node and every link that does not give its own."},
    {.key = "nodes",
     .type = SCN_T_MAP,
     .flags = SCN_F_REQUIRED,
     .min = 1,
     .max = SCN_MAX_NODES,
     .sub = &scn_table_node,
     .help =
         "The guests, by name. A node's index is its position in the file. A node without links is allowed."},
    {.key = "topology",
     .type = SCN_T_OBJECT,
     .flags = SCN_F_INPUT,
     .sub = &scn_table_topology,
     .help = "Makes fabric switches and links for adapters."},
    {.key = "switches",
     .type = SCN_T_MAP,
     .max = SCN_MAX_SWITCHES,
     .sub = &scn_table_switch,
     .help =
         "The switches, by name. Nodes and switches share one name space. Links between Ethernet switches "
         "must not form a loop."},
    {.key = "links",
     .type = SCN_T_LIST,
     .max = SCN_MAX_LINKS,
     .sub = &scn_table_link,
     .help = "The full-duplex links."},
    {.key = "load",
     .type = SCN_T_OBJECT,
     .aux = offsetof(struct scenario, load.given),
     .sub = &scn_table_load,
     .help =
         "Traffic for the fabric alone, without guests (all nodes have `arch: none`): `cob run` then prints "
         "latency and throughput for each offered rate. See docs/fabric.md."},
    {.key = "check",
     .type = SCN_T_OBJECT,
     .sub = &scn_table_check,
     .help = "What must hold all the time, over all nodes; what does not makes the run fail."},
    {.key = "names",
     .type = SCN_T_PATH,
     .flags = SCN_F_INPUT,
     AT(scenario, names),
     .max = 4000,
     .help = "A file with `kinds` and `events`, and nothing else: they come before those of the scenario. "
             "Relative to "
             "the scenario file. A run's own scenario has them in it. See `scenarios/kernel.names.yml`."},
    {.key = "kinds",
     .type = SCN_T_MAP,
     .max = SCN_MAX_KINDS,
     .sub = &scn_table_kind,
     .help = "Names for traffic. The adapter's packet types (`send`, `datagram`, `read`, `write`, `atomic`, "
             "`probe`, `ack`, `nak`, `read-data`, `atomic-old`) and `any` are names already."},
    {.key = "events",
     .type = SCN_T_MAP,
     .max = SCN_MAX_EVENTS,
     .sub = &scn_table_event,
     .help = "Names for what guests write to their event ports, by type: docs/trace.md."},
    {.key = "input",
     .type = SCN_T_LIST,
     .max = SCN_MAX_INPUTS,
     .sub = &scn_table_input,
     .help = "What is typed at nodes' consoles, and when: docs/adapter.md."},
    {.key = "faults",
     .type = SCN_T_LIST,
     .max = SCN_MAX_FAULTS,
     .sub = &scn_table_fault,
     .help = "What goes wrong, and when: docs/faults.md."},
    {.key = "trace",
     .type = SCN_T_OBJECT,
     .flags = SCN_F_INPUT,
     .sub = &scn_table_trace,
     .help =
         "How much goes into the event trace; `--trace-level` and `--trace-filter` of `cob run` replace it."},
    {.key = "explore",
     .type = SCN_T_OBJECT,
     .aux = offsetof(struct scenario, explore.given),
     .sub = &scn_table_explore,
     .help = "What `cob explore` may let go wrong; `cob run` takes no notice of it. See docs/explore.md."},
};

static const char *const endings[] = {"result", "stopped", "shutdown", "reset", "panic", "crashed", NULL};

_Static_assert(COUNT(endings) == SCN_END_COUNT + 1, "a name for each ending");

static const struct scn_key defaults_keys[] = {
    {.key = "node",
     .type = SCN_T_DEFAULTS,
     .sub = &scn_table_node,
     .help = "Any key of a node except `count`. A node's own key replaces the default's as a whole."},
    {.key = "link",
     .type = SCN_T_DEFAULTS,
     .sub = &scn_table_link,
     .help = "Any key of a link except `endpoints` and `name`."},
};

static const struct scn_key node_keys[] = {
    {.key = "arch",
     .type = SCN_T_WORD,
     .flags = SCN_F_REQUIRED | SCN_F_INHERIT,
     AT(scn_node, arch),
     .words = archs,
     .help =
         "Instruction set. Required, here or in `defaults`. `none`: no guest, only an adapter, for `load`."},
    {.key = "count",
     .type = SCN_T_INT,
     .flags = SCN_F_INPUT,
     .min = 1,
     .max = SCN_MAX_NODES,
     .help = "Makes N nodes of this one: `name` becomes `name0` to `name(N-1)`, and `{i}` in `run`, `append` "
             "and `expect.console` becomes the number (not in `${i}`, which is left to the shell). Without "
             "`count` there is one node with the name as it is, and `{i}` means nothing."},
    {.key = "cpus",
     .type = SCN_T_INT,
     .flags = SCN_F_INHERIT,
     AT(scn_node, cpus),
     .min = 1,
     .max = SCN_MAX_CPUS,
     .def = "1",
     .help = "Virtual CPUs. They share the node's instruction rate: n busy CPUs run at 1/n speed each."},
    {.key = "memory",
     .type = SCN_T_SIZE,
     .flags = SCN_F_INHERIT,
     AT(scn_node, memory_bytes),
     .min = 4 * MIB,
     .max = 64 * GIB,
     .scale = MIB,
     .def = "256MiB",
     .help = "Guest memory, a multiple of 1MiB; at least 96MiB with `image: linux`. All nodes together: at "
             "most 256GiB."},
    {.key = "speed",
     .type = SCN_T_WORD,
     .flags = SCN_F_INHERIT,
     AT(scn_node, icount_shift),
     .words = speeds,
     .def = "1000MIPS",
     .help = "Nominal rate: one instruction takes 1, 2, 4, 8 or 16 ns of virtual time."},
    {.key = "image",
     .type = SCN_T_WORD_TEXT,
     .flags = SCN_F_INHERIT,
     AT(scn_node, image),
     .words = images,
     .help = "`linux`: the distribution's kernel with our small initramfs, which runs `run`. Default, unless "
             "there is a `kernel`. That is Debian 12's 6.1 (riscv64: Debian 13's 6.12); `linux-6.12`: Debian "
             "13's for "
             "all."},
    {.key = "kernel",
     .type = SCN_T_PATH,
     .flags = SCN_F_INHERIT,
     AT(scn_node, kernel),
     .max = 4000,
     .help = "A kernel of your own (bzImage, Image, vmlinux with a PVH entry) instead of `image`. Relative "
             "to the scenario file."},
    {.key = "initrd",
     .type = SCN_T_PATH,
     .flags = SCN_F_INHERIT,
     AT(scn_node, initrd),
     .max = 4000,
     .help = "Initial RAM disk for `kernel`. Relative to the scenario file."},
    {.key = "symbols",
     .type = SCN_T_PATH,
     .flags = SCN_F_INHERIT,
     AT(scn_node, symbols),
     .max = 4000,
     .help = "File with the kernel's symbols for `cob debug` (an ELF file, e.g. vmlinux). Relative to the "
             "scenario "
             "file. No guest sees it."},
    {.key = "append",
     .type = SCN_T_LINE,
     .flags = SCN_F_INHERIT | SCN_F_INDEXED,
     AT(scn_node, append),
     .min = 1,
     .max = 1024,
     .help =
         "Kernel command line. With `kernel` it is the whole command line; with `image` it follows our own."},
    {.key = "nic",
     .type = SCN_T_WORD,
     .flags = SCN_F_INHERIT,
     AT(scn_node, nic),
     .words = nics,
     .def = "e1000",
     .help = "Model of the node's network interfaces; these are the ones proved to be deterministic."},
    {.key = "run",
     .type = SCN_T_TEXT,
     .flags = SCN_F_INHERIT | SCN_F_INDEXED,
     AT(scn_node, run),
     .min = 1,
     .max = 64 * KIB,
     .help = "Shell script run in the guest once it is up; its exit status is the node's result. Needs "
             "`image: linux`: a kernel of your own has no part of ours that could run it."},
    {.key = "expect",
     .type = SCN_T_OBJECT,
     .flags = SCN_F_INHERIT,
     .sub = &scn_table_expect,
     .help = "What must hold for the run to succeed."},
};

static const struct scn_key expect_keys[] = {
    {.key = "exit",
     .type = SCN_T_INT,
     AT(scn_node, expect_exit),
     .aux = offsetof(struct scn_node, expect_exit_set),
     .max = 255,
     .help = "Exit status of `run`. Default: 0 if there is `run`, else nothing is expected."},
    {.key = "console",
     .type = SCN_T_PATTERNS,
     .flags = SCN_F_INDEXED,
     AT(scn_node, expect_console),
     .aux = offsetof(struct scn_node, n_expect_console),
     .min = 1,
     .max = 16,
     .help = "POSIX extended regular expressions, one or a list; each must match some line of the node's "
             "console."},
    {.key = "end",
     .type = SCN_T_WORD,
     AT(scn_node, expect_end),
     .aux = offsetof(struct scn_node, expect_end_set),
     .words = endings,
     .help = "How the node's part ends: with its `result`, `stopped` at the stop time, by `shutdown`, "
             "`reset` or `panic`, or `crashed` by a fault. A node that a fault has crashed is not asked for "
             "its `exit`."},
};

static const struct scn_variant fabric_mode = {0, 0, "cut-through"};
static const struct scn_variant fabric_latency = {VTIME_NS, VTIME_S, "200ns"};

static const struct scn_key switch_keys[] = {
    {.key = "kind",
     .type = SCN_T_WORD,
     AT(scn_switch, fabric),
     .words = kinds,
     .def = "ethernet",
     .help = "`ethernet`: a learning switch for `ethN` interfaces. `fabric`: a lossless switch for adapters "
             "(`fab0`), see docs/fabric.md."},
    {.key = "mode",
     .type = SCN_T_WORD,
     .flags = SCN_F_INHERIT,
     AT(scn_switch, cut_through),
     .words = modes,
     .def = "store-and-forward",
     .fabric = &fabric_mode,
     .help = "Whether a frame is sent on after its last bit or already after its header."},
    {.key = "latency",
     .type = SCN_T_TIME,
     .flags = SCN_F_INHERIT,
     AT(scn_switch, latency_ps),
     .min = VTIME_NS,
     .max = VTIME_S,
     .scale = 1,
     .def = "500ns",
     .fabric = &fabric_latency,
     .why = "a switch needs some time to decide",
     .help = "From the last bit (store-and-forward) or the header (cut-through) in to the earliest bit out. "
             "Fabric, cut-through: from the first bit in to the first bit out, but not before the header is "
             "in."},
    {.key = "radix",
     .type = SCN_T_INT,
     .flags = SCN_F_INHERIT | SCN_F_FABRIC,
     AT(scn_switch, radix),
     .min = 2,
     .max = 1024,
     .def = "64",
     .help = "How many links it can have."},
    {.key = "table",
     .type = SCN_T_INT,
     .flags = SCN_F_ETHERNET,
     AT(scn_switch, table_size),
     .min = 1,
     .max = 1 << 20,
     .def = "1024",
     .help = "Entries of the table of learnt addresses; when it is full the least recently used one is "
             "replaced."},
    {.key = "ageing",
     .type = SCN_T_TIME,
     .flags = SCN_F_ETHERNET,
     AT(scn_switch, ageing_ps),
     .min = VTIME_MS,
     .max = 30 * DAY_PS,
     .scale = 1,
     .def = "300s",
     .help = "A learnt address is forgotten after this time without a frame from it."},
};

static const struct scn_variant fabric_delay = {VTIME_NS, 10 * VTIME_S, NULL};
static const struct scn_variant fabric_mtu = {256, 16384, NULL};
static const struct scn_variant fabric_queue = {304, 64 * MIB, "16MiB"};
static const struct scn_variant fabric_profile = {0, 0, SCN_DEFAULT_PROFILE};

static const struct scn_key link_keys[] = {
    {.key = "endpoints",
     .type = SCN_T_ENDPOINTS,
     .flags = SCN_F_REQUIRED,
     .help =
         "The two ends: `\"node:ethN\"` (N from 0 to 7, without gaps), `\"node:fab0\"` (the node's fabric "
         "adapter) or the name of a switch. Interfaces and Ethernet switches are linked with each other, "
         "adapters and fabric switches with each other. An asterisk in one node's name makes one link "
         "for each node that matches, in index order: `[\"n*:eth0\", \"sw0\"]`."},
    {.key = "name",
     .type = SCN_T_NAME,
     AT(scn_link, name),
     .max = 80,
     .help = "Name of the link in traces and captures. Default: both ends, as in `alpha-eth0--beta-eth0`. "
             "With an asterisk in `endpoints` the link's number is appended."},
    {.key = "profile",
     .type = SCN_T_WORD_TEXT,
     .flags = SCN_F_INHERIT,
     AT(scn_link, profile),
     .words = scn_profile_names,
     .fabric = &fabric_profile,
     .help =
         "Gives numbers for a technology to all keys that the link does not give itself, see Profiles. On "
         "an Ethernet link it gives only `rate`. A link's own profile goes before the "
         "defaults' keys, and these before the defaults' profile."},
    {.key = "delay",
     .type = SCN_T_TIME,
     .flags = SCN_F_INHERIT,
     AT(scn_link, delay_ps),
     .min = 100 * VTIME_NS,
     .max = 10 * VTIME_S,
     .scale = 1,
     .def = "1us",
     .fabric = &fabric_delay,
     .why = "the delay is the lookahead, the time for which both sides can run without hearing from each "
            "other, so a link without delay would let neither of them run",
     .help = "Propagation time, one way. It is the lookahead: the longer, the less often the two sides have "
             "to wait for each other, and the faster the run. That is why there is a minimum. (Adapters add "
             "their pipelines to the lookahead: `tx`, `delay` and `rx` together are at least 100ns.)"},
    {.key = "rate",
     .type = SCN_T_RATE,
     .flags = SCN_F_INHERIT,
     AT(scn_link, rate_bps),
     .min = 1000,
     .max = UINT64_C(10000000000000),
     .def = "10Gbit",
     .help = "Bits per second in each direction."},
    {.key = "mtu",
     .type = SCN_T_INT,
     .flags = SCN_F_INHERIT,
     AT(scn_link, mtu_bytes),
     .min = 60,
     .max = 9018,
     .def = "1514",
     .fabric = &fabric_mtu,
     .help = "Longest frame in bytes, Ethernet header included, checksum not. Longer ones are dropped and "
             "counted. Fabric: payload of a full packet, a power of two, the same on all links of a fabric."},
    {.key = "queue",
     .type = SCN_T_SIZE,
     .flags = SCN_F_INHERIT,
     AT(scn_link, queue_bytes),
     .min = 60,
     .max = 64 * MIB,
     .scale = 1,
     .def = "256KiB",
     .fabric = &fabric_queue,
     .help = "Limit of each end's sending queue, the frame being sent included; what does not fit is dropped "
             "and counted. At least one frame of `mtu`. Fabric: only an adapter's end has this queue."},
    {.key = "training",
     .type = SCN_T_TIME,
     .flags = SCN_F_INHERIT,
     AT(scn_link, training_ps),
     .max = 60 * VTIME_S,
     .scale = 1,
     .def = "1ms",
     .help = "Time from the first frame (or from the guest's enabling its adapter) to the moment the link "
             "carries traffic. While guests boot it is the lookahead, so they boot at full speed. `0s`: the "
             "link is up from the start."},
    {.key = "framing",
     .type = SCN_T_INT,
     .flags = SCN_F_INHERIT | SCN_F_FABRIC,
     AT(scn_link, framing_bytes),
     .max = 1024,
     .def = "0",
     .help = "Bytes that each packet takes on the wire beside its header of 48 bytes and its payload."},
    {.key = "tx",
     .type = SCN_T_TIME,
     .flags = SCN_F_INHERIT | SCN_F_FABRIC,
     AT(scn_link, tx_ps),
     .max = VTIME_S,
     .scale = 1,
     .def = "0s",
     .help = "Transmit pipeline of an adapter at an end of the link: from emission to the link's queue."},
    {.key = "rx",
     .type = SCN_T_TIME,
     .flags = SCN_F_INHERIT | SCN_F_FABRIC,
     AT(scn_link, rx_ps),
     .max = VTIME_S,
     .scale = 1,
     .def = "0s",
     .help = "Receive pipeline of an adapter at an end of the link: from the last bit to the guest."},
    {.key = "buffer",
     .type = SCN_T_SIZE,
     .flags = SCN_F_INHERIT | SCN_F_FABRIC,
     AT(scn_link, buffer_bytes),
     .min = 304,
     .max = 64 * MIB,
     .scale = 1,
     .def = "64KiB",
     .help = "Receive buffer of each virtual channel at both ends. A packet is sent only when there is room "
             "for all of it. At least one packet of `mtu` with its header."},
    {.key = "dimension",
     .type = SCN_T_INT,
     .flags = SCN_F_INHERIT | SCN_F_FABRIC,
     AT(scn_link, dimension),
     .max = 15,
     .def = "0",
     .help = "Of a link between fabric switches: among shortest ways, a packet takes the lowest dimension "
             "first. The topology `torus` sets it."},
};

static const struct scn_key load_keys[] = {
    {.key = "pattern",
     .type = SCN_T_WORD,
     AT(scenario, load.pattern),
     .words = patterns,
     .def = "uniform",
     .help =
         "Where each node's messages go. `uniform`: to any other, at random. `hotspot`: to the node `hot` "
         "(which sends none). `permutation`: each to one other, all different, chosen by the seed. "
         "`neighbour`: to the next node."},
    {.key = "size",
     .type = SCN_T_SIZE,
     AT(scenario, load.message_bytes),
     .min = 1,
     .max = 64 * KIB,
     .scale = 1,
     .def = "256B",
     .help = "Payload of a message; it is cut into packets of `mtu`."},
    {.key = "rates",
     .type = SCN_T_NUMBERS,
     .flags = SCN_F_REQUIRED,
     AT(scenario, load.rates),
     .aux = offsetof(struct scenario, load.n_rates),
     .min = 1,
     .max = 100,
     .scale = 64,
     .help =
         "Offered rates, each a measurement of its own: per cent of the time for which a node's link would "
         "be busy with what its node offers (headers and framing included)."},
    {.key = "warmup",
     .type = SCN_T_TIME,
     AT(scenario, load.warmup_ps),
     .max = VTIME_S,
     .scale = 1,
     .def = "20us",
     .help = "Traffic before the measurement."},
    {.key = "measure",
     .type = SCN_T_TIME,
     AT(scenario, load.measure_ps),
     .min = VTIME_US,
     .max = VTIME_S,
     .scale = 1,
     .def = "100us",
     .help = "Length of the measurement. Then nothing more is sent, and the fabric must run empty."},
    {.key = "hot",
     .type = SCN_T_NAME,
     AT(scenario, load.hot),
     .max = SCN_NAME_MAX,
     .help = "The hot spot. Default: the first node."},
    {.key = "hot-share",
     .type = SCN_T_INT,
     AT(scenario, load.hot_share),
     .min = 1,
     .max = 100,
     .def = "100",
     .help = "Per cent of the messages that go to the hot spot; the others go to any node, at random."},
};

static const struct scn_key check_keys[] = {
    {.key = "coherence",
     .type = SCN_T_FLAG,
     AT(scenario, check.coherence),
     .help = "`true`: what the kernels say on the event port of shared pages (type 0x21) and of threads "
             "(0x23 to 0x26) "
             "must never be contradictory: one writer or any number of readers of each page, and all of the "
             "version "
             "granted last; each thread on one node. See docs/coherence.md."},
};

#define KEYS(a) .keys = a, .n_keys = COUNT(a)
_Static_assert(COUNT(node_keys) <= SCN_MAX_KEYS && COUNT(link_keys) <= SCN_MAX_KEYS,
               "struct scn_where has room for every key");

const struct scn_table scn_table_root = {
    .id = "scenario", .title = "A scenario", KEYS(root_keys), .help = "The top of the file."};
const struct scn_table scn_table_defaults = {.id = "defaults",
                                             .title = "`defaults`",
                                             KEYS(defaults_keys),
                                             .help = "What nodes and links have in common."};
const struct scn_table scn_table_node = {.id = "node",
                                         .title = "A node",
                                         KEYS(node_keys),
                                         .may_be_empty = true,
                                         .help = "One guest: a QEMU of its own with a kernel of its own."};
const struct scn_table scn_table_expect = {
    .id = "expect",
    .title = "A node's `expect`",
    KEYS(expect_keys),
    .help = "Expectations decide between exit status 0 and 1 of `cob run`."};
const struct scn_table scn_table_switch = {.id = "switch",
                                           .title = "A switch",
                                           KEYS(switch_keys),
                                           .may_be_empty = true,
                                           .help =
                                               "A learning Ethernet switch, or a lossless switch for fabric "
                                               "adapters."};
const struct scn_table scn_table_link = {
    .id = "link", .title = "A link", KEYS(link_keys), .help = "Two ends, a delay, a rate."};

const struct scn_table scn_table_check = {
    .id = "check", .title = "`check`", KEYS(check_keys), .help = "What is checked while the run goes on."};

const struct scn_table scn_table_load = {.id = "load",
                                         .title = "`load`",
                                         KEYS(load_keys),
                                         .help = "Traffic without guests; one measurement for each rate."};

const struct scn_table *const scn_tables[SCN_N_TABLES] = {
    &scn_table_root,  &scn_table_defaults, &scn_table_node,    &scn_table_expect, &scn_table_switch,
    &scn_table_link,  &scn_table_topology, &scn_table_load,    &scn_table_check,  &scn_table_kind,
    &scn_table_field, &scn_table_event,    &scn_table_input,   &scn_table_fault,  &scn_table_match,
    &scn_table_after, &scn_table_trace,    &scn_table_explore,
};

const struct scn_key *scn_key_find(const struct scn_table *t, const char *key)
{
    for (size_t i = 0; i < t->n_keys; i++)
        if (strcmp(t->keys[i].key, key) == 0)
            return &t->keys[i];
    return NULL;
}

bool scn_key_belongs(const struct scn_key *k, enum scn_net net)
{
    return net == SCN_EITHER || !(k->flags & (net == SCN_FABRIC ? SCN_F_ETHERNET : SCN_F_FABRIC));
}

struct scn_key scn_key_of(const struct scn_key *k, enum scn_net net)
{
    struct scn_key own = *k;

    if (!k->fabric || net == SCN_ETHERNET)
        return own;
    if (net == SCN_FABRIC || k->fabric->min < own.min)
        own.min = k->fabric->min;
    if (net == SCN_FABRIC || k->fabric->max > own.max)
        own.max = k->fabric->max;
    if (net == SCN_FABRIC && k->fabric->def)
        own.def = k->fabric->def;
    return own;
}

uint64_t scn_key_load(const struct scn_key *k, const void *object)
{
    const char *p = (const char *)object + k->offset;

    switch (k->size) {
    case 1:
        return *(const uint8_t *)p;
    case 4:
        return *(const uint32_t *)(const void *)p;
    default:
        assert(k->size == 8);
        return *(const uint64_t *)(const void *)p;
    }
}

enum scn_quantity scn_type_quantity(enum scn_type type)
{
    static const enum scn_quantity quantities[] = {[SCN_T_TIME] = SCN_Q_TIME,
                                                   [SCN_T_RATE] = SCN_Q_RATE,
                                                   [SCN_T_SIZE] = SCN_Q_SIZE,
                                                   [SCN_T_SHARE] = SCN_Q_SHARE};

    assert(type >= SCN_T_TIME && type <= SCN_T_SHARE);
    return quantities[type];
}

bool scn_name_ok(const char *name, size_t max_len)
{
    size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-");

    return len > 0 && len <= max_len && name[len] == '\0' && *name != '-' && (*name < '0' || *name > '9');
}

void scn_free_object(const struct scn_table *t, void *object)
{
    for (const struct scn_key *k = t->keys; k < t->keys + t->n_keys; k++) {
        char *member = (char *)object + k->offset;

        if (k->type == SCN_T_PATTERNS || k->type == SCN_T_NAMES) {
            char **list = *(char ***)(void *)member;
            unsigned n = *(unsigned *)(void *)((char *)object + k->aux);

            for (unsigned i = 0; i < n; i++)
                free(list[i]);
            free(list);
        } else if (k->type == SCN_T_NUMBERS) {
            free(*(uint32_t **)(void *)member);
        } else if (k->type == SCN_T_BYTES) {
            free(*(uint8_t **)(void *)member);
        } else if (k->type == SCN_T_OBJECT && !(k->flags & SCN_F_INPUT)) {
            scn_free_object(k->sub, object);
        } else if (k->size && (k->type <= SCN_T_PATH || k->type == SCN_T_WORD_TEXT)) {
            free(*(char **)(void *)member);
        }
    }
}

const char *scn_arch_name(enum scn_arch a)
{
    assert(a <= SCN_ARCH_NONE);
    return archs[a];
}

const char *scn_ending_name(enum scn_ending e)
{
    assert(e < SCN_END_COUNT);
    return endings[e];
}

const char *scn_pattern_name(enum scn_pattern p)
{
    assert(p < SCN_PATTERN_COUNT);
    return patterns[p];
}

const char *scn_nic_name(enum scn_nic n)
{
    assert(n < SCN_NIC_COUNT);
    return nics[n];
}
