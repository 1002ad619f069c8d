/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * interconnect.h - the modelled fabric behind a C header (inside: SystemC and TLM-2.0).
 *
 * A fabric is made of ports (the network interfaces of nodes), switches, and full-duplex links between two
 * ends, where an end is a port or a switch. Frames are injected at a port at an exact virtual time and are
 * announced at other ports with the exact virtual time at which their last bit has arrived.
 *
 *      ic_inject(port, t)                                             deliver(port, t')
 *   port --queue--> [link: serialise, propagate] --> switch --queue--> [link] --> port
 *
 * There are two worlds, and no link leads from one to the other:
 *   Ethernet  interfaces and learning switches; queues drop what does not fit.
 *   fabric    adapters and fabric switches; packets start with struct fab_wire (devices/fabric/fabric_wire.h)
 *             and find their way by its dst. Links have virtual channels and credits, and lose nothing: see
 *             docs/fabric.md.
 *
 * Faults: a configuration may carry some (struct ic_fault_cfg). Nothing else is ever lost, changed or late.
 *
 * Life cycle: ic_create, then any number of { ic_inject.. ic_advance }, then ic_destroy. SystemC elaborates
 * once per process, so ic_create succeeds once per process (EBUSY afterwards).
 *
 * Time: all times are picoseconds (vtime_t). Intervals are half-open: ic_advance(until) executes every event
 * with time < until and none at `until`.
 *
 * Lookahead (see docs/virtual-time.md):
 *   ic_ingress_ps(p)  a frame injected at p at time t touches nothing that another port's frame can touch
 * before t + ingress. 0 if p's link leads straight to another port (an adapter: its transmit pipeline).
 *   ic_egress_ps(p)   once ic_advance(F)
 * returned, every delivery at p with time < F + egress has been announced. So a delivery is announced when
 * its transmission on the last link starts, not when it ends. Both are constants of the built fabric and
 * greater than zero in sum for every pair of ports.
 *
 * Training: a link carries nothing until trained. Training starts with the first frame that either end wants
 * to send, or with ic_train(), and takes training_ps; frames wait in the sending end's queue until then (they
 * count against its limit).
 *
 * Threads: none of these functions is thread-safe; call them from one thread at a time (not necessarily
 * always the same one). None blocks. Callbacks run inside ic_advance/ic_inject and must not call back into
 * the fabric. Order: events at equal time happen in order of (time, port index, injection order). Nothing
 * depends on host state. Errors: -1/NULL with errno; no C++ exception leaves this interface.
 */
#ifndef COB_INTERCONNECT_H
#define COB_INTERCONNECT_H

#include "devices/port/vtime.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ic;

enum ic_end_kind { IC_END_PORT, IC_END_SWITCH };

struct ic_end {
    enum ic_end_kind kind;
    unsigned index; /* of the port or of the switch */
};

enum ic_switch_mode { IC_STORE_AND_FORWARD, IC_CUT_THROUGH };

struct ic_switch_cfg {
    const char *name; /* borrowed during ic_create */
    bool fabric;
    enum ic_switch_mode mode;
    vtime_t latency_ps;  /* fabric, cut-through: from the first bit in to the first bit out, but not before
                            the header is in. Else: from the last bit (store-and-forward) or the header
                            (cut-through) in to the  earliest bit out; > 0 */
    uint32_t table_size; /* learning table entries; when full the least recently used one is replaced; > 0 */
    vtime_t ageing_ps;   /* a learnt address is forgotten after this; VTIME_NEVER: never */
    uint32_t radix;      /* fabric only (table_size and ageing_ps: Ethernet only): how many links it takes */
};

struct ic_link_cfg {
    const char *name; /* borrowed during ic_create */
    struct ic_end end[2];
    vtime_t delay_ps;     /* propagation, one way; > 0 */
    uint64_t rate_bps;    /* bits per second per direction; > 0 */
    uint32_t mtu_bytes;   /* longest frame (the whole Ethernet frame without FCS); longer ones are dropped */
    uint32_t queue_bytes; /* limit of each sending end's queue, frame being sent included; drop-tail */
    uint32_t
        overhead_bytes; /* added to each frame's length on the wire (Ethernet: preamble 8 + FCS 4 + gap 12) */
    vtime_t training_ps; /* 0: carries traffic at once */

    /* A link of the fabric. mtu_bytes and overhead_bytes count as above: header and payload, framing. */
    bool fabric;
    uint16_t node[2];      /* node id of the adapter at each end that is a port */
    vtime_t tx_ps, rx_ps;  /* pipelines of adapters; training_ps is 0 or more than tx_ps */
    uint32_t buffer_bytes; /* of each virtual channel at each receiving side; at least mtu_bytes */
    unsigned dimension;    /* between fabric switches: the lowest one is taken first */
};

/* What happened to a frame inside the fabric: for traces and captures. */
enum ic_event_kind {
    IC_EV_QUEUED,   /* entered the queue of a sending link end */
    IC_EV_SENT,     /* its first bit was put on the wire */
    IC_EV_ARRIVED,  /* its last bit reached the far end (announced early for last links, with its own time) */
    IC_EV_DROPPED,  /* see drop */
    IC_EV_TRAINING, /* link starts to train; no frame */
    IC_EV_UP,       /* link trained; no frame */
    IC_EV_FAULT,    /* a fault begins, ends or hits: see struct ic_fault_event */
};

enum ic_drop {
    IC_DROP_NONE,
    IC_DROP_QUEUE_FULL,
    IC_DROP_TOO_LONG,
    IC_DROP_RUNT,
    IC_DROP_NO_ROUTE,
    IC_DROP_FAULT,     /* lost by IC_FAULT_LOSS */
    IC_DROP_LINK_DOWN, /* lost by IC_FAULT_DOWN */
    IC_DROP_COUNT
};

/* IC_FAULT_NONE has no such events. */
enum ic_fault_phase {
    IC_FAULT_BEGIN, /* Once, if the fault begins. Triggered: with the triggering packet, its link, end and t0
                       (see struct ic_fault_cfg). Else no frame, link and end are 0, and the time is from_ps.
                     */
    IC_FAULT_END,   /* Once, if the fault ends: by time, or with the last hit that `count` allows, and then at
                       the   time of that hit. No frame; link and end are 0. */
    IC_FAULT_HIT, /* Each time it acts. With the packet, its link and sending end, and t0 (DOWN: or, if later,
                     when the link went down). STARVE: no frame, and when the credit would have been back. */
};

struct ic_fault_event {
    unsigned index; /* into the config */
    enum ic_fault_phase phase;
    /* Of a HIT. DELAY, REORDER: ps by which the packet is late. RATE: ps by which it takes longer. CORRUPT:
     * the bit's number (8 * byte + bit, from the start of the frame). DUPLICATE: ps from the first bit of the
     * packet to the first bit of its copy. STARVE: bytes held back. LOSS, DOWN: 0. */
    uint64_t value;
};

struct ic_event {
    vtime_t time_ps;
    enum ic_event_kind kind;
    enum ic_drop drop;
    unsigned link; /* index into the config */
    unsigned end;  /* the sending end, 0 or 1; ARRIVED: the receiving end */
    uint64_t frame_id;
    uint32_t queue_bytes; /* of the sending end after this event; ARRIVED: 0 */
    uint32_t len;
    const uint8_t *data;         /* NULL if no frame; valid during the callback */
    struct ic_fault_event fault; /* only of IC_EV_FAULT */
};

struct ic_ops {
    /*
     * A frame will have arrived at `port` at `time_ps`. Called in time order per port, except where faults of
     * the kinds DELAY, REORDER and DUPLICATE let packets overtake each other on the port's link: there in the
     * order in which they were sent, and only the promise of ic_egress_ps() holds.
     */
    void (*deliver)(void *ctx, unsigned port, vtime_t time_ps, uint64_t frame_id, const uint8_t *data,
                    uint32_t len);
    /*
     * May be NULL. ARRIVED of last links is called when announced, and what happens at a port's own sending
     * end is called up to ic_ingress_ps late, so times are ordered only per link end and kind (ARRIVED:
     * unless faults let packets overtake each other; FAULT and DROPPED by LINK_DOWN: not). The order of the
     * calls is the same whatever the steps of ic_advance.
     */
    void (*event)(void *ctx, const struct ic_event *ev);
    /*
     * May be NULL. Fault `fault`, of kind NONE, was triggered by a packet that can touch nothing outside
     * before at_ps, the time that the fabric is executing. So no delivery at a port before at_ps + egress can
     * depend on it, and nothing that was promised to a port so far reaches beyond that time.
     */
    void (*triggered)(void *ctx, unsigned fault, vtime_t at_ps);
};

/* ---- faults ---- */

/* What happens to a packet, t0 being the time of its first bit on the link; on Ethernet and on links of the
 * fabric alike. */
enum ic_fault_kind {
    /* Nothing: holds a place in the list, or watches for a trigger (ic_ops.triggered). */
    IC_FAULT_NONE,
    /* With probability ppb it goes over the wire (takes its time there, is reported as SENT) and never
     * arrives. DROPPED (IC_DROP_FAULT) at the sending end at t0. */
    IC_FAULT_LOSS,
    /* It is on its way longer, by a time drawn uniformly from [delay - jitter, delay + jitter], never less
     * than 0. Packets may overtake each other, as with netem. */
    IC_FAULT_DELAY,
    /* It is put on the wire at rate_bps, if that is slower than the link; those behind it wait. */
    IC_FAULT_RATE,
    /* With probability ppb one bit behind the header (14 or 48 bytes), drawn uniformly, is flipped; nothing
     * on the way notices. Packets with nothing behind the header are not eligible. */
    IC_FAULT_CORRUPT,
    /* With probability ppb the end sends it twice, the copy right behind it, taking its time on the wire. The
     * copy meets all other faults on its own; no copy is copied, counted by a trigger, or reported as QUEUED
     * or SENT. On a link of the fabric there is a copy only if the far buffer has room for it at t0 (else no
     * hit); a switch keeps the packet in its buffer until the copy has left. */
    IC_FAULT_DUPLICATE,
    /* With probability ppb it is on its way longer by delay_ps, so that later ones overtake it. */
    IC_FAULT_REORDER,
    /* What has not its last bit across when the link goes down, or starts before it is up again, is lost like
     * by LOSS (IC_DROP_LINK_DOWN; when the link went down, if that is later than t0). The sending end does
     * not notice and goes on sending into the void, so no queue builds up. With period_ps the link flaps: it
     * is down for low_ps at the beginning of each period. A triggered one acts on what starts after the
     * trigger. Credits on their way are not lost. For both directions name both ends. */
    IC_FAULT_DOWN,
    /* Links of the fabric only. A credit that would be back at this end while the fault is active comes back
     * when it ends (by time, whatever the count; never, if that is VTIME_NEVER). Nothing is lost: the end
     * runs out of credit and waits, and so do, by and by, those that send to it. */
    IC_FAULT_STARVE,
    IC_FAULT_KINDS
};

struct ic_link_end_ref {
    unsigned link, end;
};

/*
 * Which packets. All that is said must hold. from and to: [n_ports], by the port where the packet was
 * injected (whatever its header says), and the one that it is for. The latter is known of a packet of the
 * fabric (dst), and of an Ethernet frame on a link that leads to a port.
 */
struct ic_match {
    bool any_kind;               /* else: */
    uint8_t type;                /* enum fab_packet, when n_bytes is 0. No Ethernet frame has one */
    uint32_t offset, n_bytes;    /* bytes from the start of the frame; one that is too short does not match */
    const uint8_t *bytes, *mask; /* [n_bytes]; only the bits of mask count, NULL: all */
    const bool *from, *to;       /* NULL: any */
    int queue;                   /* of the packet's header, -1: any. No Ethernet frame has one */
};
#define IC_MATCH_ANY                                                                                         \
    {                                                                                                        \
        .any_kind = true, .queue = -1                                                                        \
    }

/*
 * A fault acts on packets that a sending end starts to put on the wire at t0 while the fault is active, at
 * each of `ends` that the packet passes. It makes things later, or lost, but nothing earlier: ingress, egress
 * and all promises stay as they are.
 *
 * Several faults on one packet: kinds act in the order RATE, DUPLICATE, DELAY, REORDER, LOSS, CORRUPT, DOWN,
 * those of a kind in the order of the list. The slowest rate counts, delays add up, each DUPLICATE makes a
 * copy, and what is lost already is not hit any more. A packet lost on a link of the fabric gives its room
 * back when its last bit would have come in; that credit is at the sending end the link's delay later.
 *
 * Active: from_ps <= t0 < until_ps; and until it has acted `count` times, on all ends together.
 *
 * Triggered: packets anywhere in the fabric that match `trigger`, with from_ps <= t0 < until_ps, are counted;
 * each one once, on its first link. (With trigger.to, an Ethernet frame, and each copy of a flooded one, on
 * its last.) The nth one triggers the fault, which happens once. The fault begins with that very packet at
 * that very end; at all other ends it begins at B, the time that the fabric is executing, which is t0, or t0
 * + ingress (without the transmit pipeline) at a port's end on a switch. It ends at B + duration_ps, or at
 * until_ps if that is earlier.
 *
 * Chance: a fault's draws at a sending end follow from its seed, the link and end, and the number of packets
 * that were eligible (active, matching) there before. They do not depend on other faults' draws, other ends,
 * or the steps of ic_advance. Counting (`count`, `nth`) is in the order of the events of the fabric, which
 * come to a port's own end on a switch ingress late.
 */
struct ic_fault_cfg {
    enum ic_fault_kind kind;
    const struct ic_link_end_ref *ends; /* sending ends it acts on, none twice; NONE: may be none */
    unsigned n_ends;
    vtime_t from_ps, until_ps; /* from_ps < until_ps; VTIME_NEVER: to the end */
    uint64_t count;            /* 0: no limit */
    struct ic_match match;     /* NONE: ignored. STARVE: must be IC_MATCH_ANY */

    bool triggered;
    struct ic_match trigger;
    uint64_t nth;        /* > 0 */
    vtime_t duration_ps; /* > 0; VTIME_NEVER: to the end */

    uint32_t ppb; /* LOSS, CORRUPT, DUPLICATE, REORDER: probability in parts per billion; others always act */
    uint64_t seed;
    vtime_t delay_ps, jitter_ps; /* DELAY: not both 0. REORDER: delay_ps > 0 */
    uint64_t rate_bps;           /* RATE: > 0 and at most that of each of the links */
    vtime_t period_ps, low_ps;   /* DOWN: 0 < low_ps <= period_ps; period_ps 0: down all the time */
};

struct ic_config {
    unsigned n_ports;
    unsigned n_switches;
    const struct ic_switch_cfg *switches;
    unsigned n_links;
    const struct ic_link_cfg *links;
    unsigned n_faults;
    const struct ic_fault_cfg *faults; /* with all that they point to borrowed during ic_create */
    /* Tests only: leaves out the virtual channels that keep rings and tori from deadlock. */
    bool may_deadlock;
    struct ic_ops ops;
    void *ctx;
};

/* Statistics. Conservation, checked by ic_check():
 * injected + copied + duplicated = delivered + dropped + in_flight. */
struct ic_totals {
    uint64_t injected;   /* frames given to ic_inject */
    uint64_t copied;     /* extra copies made by switches when flooding (n outputs: n - 1 copies) */
    uint64_t duplicated; /* extra copies made by faults */
    uint64_t delivered;  /* announced at a port */
    uint64_t dropped;
    uint64_t in_flight; /* counted by walking queues and wires, not by subtraction */
};

struct ic_end_stats {
    uint64_t queued_frames, queued_bytes;   /* accepted into the sending queue */
    uint64_t sent_frames, sent_bytes;       /* left on the wire */
    uint64_t duplicated_frames;             /* left on the wire once more, by a fault */
    uint64_t arrived_frames, arrived_bytes; /* reached this end from the other */
    uint64_t dropped[IC_DROP_COUNT];        /* at this sending end (or, NO_ROUTE/RUNT, on arrival at it);
                                               FAULT, LINK_DOWN: on the way from it */
    uint32_t queue_peak_bytes;
    vtime_t busy_ps; /* time this end was transmitting */
};

/* One virtual channel of one sending end. */
struct ic_vc_stats {
    uint64_t sent_packets, sent_bytes;
    uint32_t credit_bytes; /* it may send so much now */
    uint32_t peak_bytes;   /* most bytes of the far side's buffer ever reserved */
    vtime_t stall_ps;      /* time for which the wire was idle although a packet for this channel was ready,
                              for want of credit. A stall that lasts is counted when it ends */
};

/*
 * Builds the fabric. Returns NULL with errno: EINVAL (an index out of range; a zero rate, delay, latency,
 * MTU, queue or table; a port used by two links or by none; a link from a switch to itself; a node id used
 * twice; a link between the two worlds; a fault against what struct ic_fault_cfg says, or with match.to at an
 * end of Ethernet that leads to a switch), EDEADLK (dimensions for which the routes could deadlock), EBUSY
 * (second fabric in this process), ENOMEM, EFAULT (SystemC failed). The caller owns the result; names are
 * copied.
 */
struct ic *ic_create(const struct ic_config *cfg);
void ic_destroy(struct ic *ic); /* NULL is allowed */

/*
 * Hands a frame to port's sending queue at time_ps, which may lie up to ic_ingress_ps(port) before the last
 * ic_advance (by definition of ingress nothing that was executed could depend on it; the result is the same
 * as if it had been injected earlier). The data is copied. frame_id is the caller's and is reported back.
 * Returns 0; -1 EINVAL for a bad port, a time further in the past or an empty frame; -1 ENOMEM. A frame that
 * the link refuses (too long, queue full) is counted as dropped and is not an error. Call in order of time_ps
 * for each port.
 */
int ic_inject(struct ic *ic, unsigned port, vtime_t time_ps, uint64_t frame_id, const uint8_t *data,
              uint32_t len);

/*
 * Begins to train the link of an adapter's port at time_ps, as if a frame were injected then; nothing happens
 * if that has been done before. time_ps as for ic_inject(). Returns 0; -1 EINVAL for a bad port or time;
 * -1 ENOMEM.
 */
int ic_train(struct ic *ic, unsigned port, vtime_t time_ps);

/* Executes all events with time < until_ps. Returns 0; -1 EINVAL if until_ps is in the past; -1 EFAULT if
 * SystemC failed. */
int ic_advance(struct ic *ic, vtime_t until_ps);

/* Time of the earliest event inside the fabric that could change anything outside of it; VTIME_NEVER when
 * none. */
vtime_t ic_next_event_ps(const struct ic *ic);

/* Up to where ic_advance came. */
vtime_t ic_now_ps(const struct ic *ic);

vtime_t ic_ingress_ps(const struct ic *ic, unsigned port);
vtime_t ic_egress_ps(const struct ic *ic, unsigned port);

/* When port's link is (or will be) trained; VTIME_NEVER while its training has not begun. */
vtime_t ic_link_up_ps(const struct ic *ic, unsigned port);
/* The training time of port's link. */
vtime_t ic_training_ps(const struct ic *ic, unsigned port);

void ic_totals(const struct ic *ic, struct ic_totals *out);
/* Statistics of end 0/1 of link `link`. Returns 0; -1 EINVAL for bad indices. */
int ic_end_stats(const struct ic *ic, unsigned link, unsigned end, struct ic_end_stats *out);
/* Number of virtual channels of a link; 0: not a link of the fabric. 2 * layers: class * layers + layer. */
unsigned ic_n_vcs(const struct ic *ic, unsigned link);
/* Returns 0; -1 EINVAL for bad indices. */
int ic_vc_stats(const struct ic *ic, unsigned link, unsigned end, unsigned vc, struct ic_vc_stats *out);
/* Conservation of frames (fabric: and of buffer space) over the fabric and per link end. Returns 0; -1 with
 * the reason in why[size]. */
int ic_check(const struct ic *ic, char *why, size_t size);

/* How often fault `fault` has acted; NONE: 1 once it is triggered. 0 for a bad index. */
uint64_t ic_fault_hits(const struct ic *ic, unsigned fault);

const char *ic_drop_name(enum ic_drop drop);

#ifdef __cplusplus
}
#endif
#endif
