/* SPDX-License-Identifier: GPL-2.0-or-later OR MIT */
/*
 * fabric_abi.h - the fabric adapter as a guest sees it: registers, rings, completions, admin commands. Used
 * by every driver and by the device; docs/adapter.md is the specification in prose.
 *
 * The device is found as PCI 1af4:1110 (a stock ivshmem-doorbell) with FAB_MAGIC at offset FAB_MAGIC_REG of
 * BAR 0. BAR 0 holds the registers below, MSI-X the vectors; BAR 2 has no meaning. Everything in memory is
 * little endian, addresses are guest physical, and every memory structure must lie in RAM.
 *
 *   driver                                            device
 *   QUEUE_SETUP (admin): addresses of three rings  -> knows queue q
 *   write fab_send, ring doorbell FAB_DB_SEND      -> sends, writes fab_cqe, writes fab_status, vector of q
 *   write fab_recv, ring doorbell FAB_DB_RECV      -> grants credits to senders, fills buffers, writes
 * fab_cqe read fab_cqe, ring doorbell FAB_DB_DONE(_ARM)  -> may reuse the entries; ARM: interrupt at the next
 * one
 *
 * Queue q of a node talks to queue q of every other node. Reliable messages and one-sided operations between
 * two nodes stay in order within a queue; nothing is promised between queues.
 *
 * Ring indices are free-running 16-bit counts; entry = index & (size - 1). Sizes are powers of two, 2..32768.
 * The ABI is versioned by FAB_VERSION; a driver must refuse another one.
 */
#ifndef COB_FABRIC_ABI_H
#define COB_FABRIC_ABI_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stddef.h>
#include <stdint.h>
#endif

#define FAB_PCI_VENDOR  0x1af4
#define FAB_PCI_DEVICE  0x1110
#define FAB_MAGIC       0x46424f43u /* "COBF" */
#define FAB_VERSION     1u
#define FAB_QUEUES      8u
#define FAB_VECTORS     9u /* one per queue, then FAB_QUEUES: events */
#define FAB_MAX_RING    32768u
#define FAB_MAX_SGE     16u
#define FAB_MAX_MESSAGE 65536u
#define FAB_MAX_REGIONS 256u
#define FAB_MAX_REGION  (UINT64_C(1) << 32) /* bytes of one region */
#define FAB_MAX_INPUT   4096u               /* bytes that the input port keeps; a power of two */
#define FAB_MAX_EVENT   256u                /* bytes of a record for the event port, header included */

/*
 * Registers in BAR 0. 32 bits unless marked (64); a 64-bit one may be accessed as a whole or low half first:
 * a write takes effect with its high half, a read of the low half latches the high half.
 */
enum {
    FAB_REG_MAGIC = 0x10,    /* RO FAB_MAGIC */
    FAB_REG_VERSION = 0x14,  /* RO FAB_VERSION */
    FAB_REG_NODE = 0x18,     /* RO bits 15..0 own node id, 31..16 number of nodes (ids 0..n-1) */
    FAB_REG_MTU = 0x1c,      /* RO payload bytes of a full packet */
    FAB_REG_RATE = 0x20,     /* RO link rate in Mbit/s */
    FAB_REG_CONTROL = 0x24,  /* RW FAB_CONTROL_* */
    FAB_REG_LINK = 0x28,     /* RO FAB_LINK_* */
    FAB_REG_CAUSE = 0x2c,    /* RW1C FAB_CAUSE_*: why the event vector was raised */
    FAB_REG_MASK = 0x30,     /* RW causes that raise the event vector; after reset all but INPUT */
    FAB_REG_QERROR = 0x34,   /* RO bit q: queue q has stopped with an error (fab_status.error says which) */
    FAB_REG_DOORBELL = 0x38, /* WO FAB_DB() */
    FAB_REG_RESULT = 0x3c, /* WO result port: bits 7..0 the guest's exit status; the node's part ends here */
    FAB_REG_ADMIN = 0x40,  /* RW (64) address of a struct fab_admin, 64-byte aligned */
    FAB_REG_ADMIN_GO = 0x48,     /* WO any value: execute it; complete when the write is */
    FAB_REG_ADMIN_STATUS = 0x4c, /* RO enum fab_error of the last command */
    FAB_REG_TIME = 0x50,         /* RO (64) device time: virtual ns since the machine was switched on */
    FAB_REG_EVENT = 0x58,        /* WO (64) event port: address of a struct fab_event */
    FAB_REG_INPUT = 0x60, /* RO input port: FAB_INPUT_VALID and the next byte typed at the console, 0: none;
                             a read takes it */
    FAB_REG_END = 0x100,  /* everything not named reads 0 and ignores writes (counted) */
};

enum {
    FAB_CONTROL_ENABLE = 1, /* 0->1: the link is trained (if it is not yet); 1->0: all queues are destroyed,
                               the adapter neither sends nor receives; peers see a dead node */
    FAB_CONTROL_RESET =
        2, /* self-clearing: as after power-on (queues, regions, moderation, masks, counters) */
};
enum {
    FAB_LINK_UP = 1,       /* enabled and trained */
    FAB_LINK_TRAINING = 2, /* enabled and not yet up */
};
enum {
    FAB_CAUSE_LINK = 1,     /* FAB_REG_LINK has changed */
    FAB_CAUSE_QUEUE = 2,    /* a bit of FAB_REG_QERROR was set */
    FAB_CAUSE_DOORBELL = 4, /* a doorbell for a queue that is not set up, or of no known kind */
    FAB_CAUSE_ADMIN = 8,    /* an admin command failed */
    FAB_CAUSE_EVENT = 16,   /* a record of the event port could not be read */
    FAB_CAUSE_DROP = 32,    /* a datagram was dropped here (no buffer, too long) */
    FAB_CAUSE_INPUT = 64,   /* something was typed at the console; masked after reset */
    FAB_CAUSE_ALL = 127,
};
enum { FAB_INPUT_VALID = 0x100 };

/* Doorbells. */
enum fab_db { FAB_DB_SEND, FAB_DB_RECV, FAB_DB_DONE, FAB_DB_DONE_ARM };
#define FAB_DB(kind, queue, index) ((uint32_t)(kind) << 24 | (uint32_t)(queue) << 16 | (uint16_t)(index))
/*
 * SEND, RECV: index = count of descriptors written so far. DONE: index = count of completions read so far.
 * DONE_ARM: the same, and raise the queue's vector once for the next completion (at once if there is one
 * beyond index).
 */

/* What can be wrong with a queue, an admin command (FAB_REG_ADMIN_STATUS) or a register access. */
enum fab_error {
    FAB_OK,
    FAB_E_ADDRESS, /* not in RAM, or not aligned */
    FAB_E_SIZE,    /* ring size, length or count out of range */
    FAB_E_INDEX,   /* a doorbell's index lies behind, or more than the ring's size ahead */
    FAB_E_QUEUE,   /* no such queue, or not set up, or set up already */
    FAB_E_OP,      /* no such command */
    FAB_E_KEY,     /* no such region */
    FAB_E_STATE,   /* the adapter is not enabled */
    FAB_E_COUNT
};

/* ---- rings ---- */

enum fab_op {
    FAB_OP_SEND = 1,  /* reliable message, to a receive buffer of the peer's queue */
    FAB_OP_DATAGRAM,  /* one packet, at most the MTU, may be lost; imm goes along */
    FAB_OP_READ,      /* remote region -> local buffer */
    FAB_OP_WRITE,     /* local buffer -> remote region */
    FAB_OP_WRITE_IMM, /* the same, and a completion with imm in the peer's queue (takes a receive buffer) */
    FAB_OP_CAS, /* 64-bit compare-and-swap in the remote region; the old value goes to the local buffer */
    FAB_OP_FETCH_ADD, /* 64-bit fetch-and-add */
    FAB_OP_END,
    FAB_OP_RECV =
        16, /* completions only: a receive buffer was filled by SEND, DATAGRAM or WRITE_IMM (flags) */
};

struct fab_sge { /* a piece of a buffer */
    uint64_t addr;
    uint32_t len;
    uint32_t zero;
};

struct fab_send {
    uint8_t op;    /* enum fab_op */
    uint8_t n_sge; /* 0: no data; 1: addr is the buffer; 2..FAB_MAX_SGE: addr is an array of fab_sge */
    uint16_t peer; /* node id */
    uint32_t len;  /* bytes in all, 0..FAB_MAX_MESSAGE; 8 for the atomics */
    uint64_t addr;
    uint64_t cookie;  /* the driver's, back in the completion */
    uint64_t remote;  /* one-sided: byte offset in the region */
    uint32_t key;     /* one-sided: of the region */
    uint32_t imm;     /* SEND, DATAGRAM, WRITE_IMM: shown in the receiver's completion */
    uint64_t operand; /* CAS: new value; FETCH_ADD: addend */
    uint64_t compare; /* CAS */
    uint64_t zero;
};

struct fab_recv {
    uint64_t addr;  /* buffer, or array of fab_sge if n_sge > 1 */
    uint32_t len;   /* bytes in all, 0..FAB_MAX_MESSAGE */
    uint32_t n_sge; /* 0 (no room: for WRITE_IMM), 1 .. FAB_MAX_SGE */
    uint64_t cookie;
    uint64_t zero;
};

enum fab_completion {
    FAB_C_OK,
    FAB_C_LENGTH, /* the message is longer than the receive buffer (both sides see it; the buffer is used up)
                   */
    FAB_C_LOCAL,  /* own buffer or list is not in RAM */
    FAB_C_REMOTE, /* one-sided: key, bounds, permission, alignment, or region not in RAM; SEND: the receive
                     buffer was bad; RECV: the sender's buffer was */
    FAB_C_DESCRIPTOR, /* op, peer, length or count make no sense */
    FAB_C_NO_QUEUE,   /* the peer has not set up this queue, and has not for as long as we tried */
    FAB_C_PEER,       /* the peer does not answer */
    FAB_C_RESET,      /* the peer was reset while this was under way: it may or may not have happened */
    FAB_C_FLUSHED,    /* own queue was destroyed or stopped */
    FAB_C_COUNT
};
enum { /* fab_cqe.flags */
       FAB_CQE_PHASE =
           1, /* 1 in the ring's first round, 0 in the second, ...: a new entry is seen by its phase */
       FAB_CQE_DATAGRAM = 2, /* RECV: came as a datagram */
       FAB_CQE_WRITE = 4,    /* RECV: by WRITE_IMM, no data in the buffer */
};
struct fab_cqe {
    uint64_t cookie;  /* of the descriptor */
    uint32_t len;     /* RECV: bytes received; else bytes of the operation */
    uint32_t imm;     /* RECV */
    uint16_t peer;    /* other node */
    uint8_t op;       /* enum fab_op */
    uint8_t status;   /* enum fab_completion */
    uint16_t index;   /* of the descriptor in its ring */
    uint16_t flags;   /* FAB_CQE_*; written last */
    uint64_t time_ns; /* device time of this completion */
};

/* One per queue, written by the device after every change, before the interrupt. */
struct fab_status {
    uint16_t send_head; /* send descriptors completed */
    uint16_t recv_head; /* receive descriptors used */
    uint16_t done_tail; /* completions written */
    uint16_t error;     /* enum fab_error; not 0: the queue has stopped */
    uint32_t zero[14];
};

/* ---- admin commands ---- */

enum fab_admin_op {
    FAB_ADMIN_QUEUE_SETUP = 1,
    FAB_ADMIN_QUEUE_DESTROY, /* what is under way is flushed: no completion is written any more */
    FAB_ADMIN_MODERATION,
    FAB_ADMIN_REGION_SET,
    FAB_ADMIN_REGION_CLEAR,
    FAB_ADMIN_TIMEOUT,
    FAB_ADMIN_COUNTERS, /* writes struct fab_counters to addr[0] */
    FAB_ADMIN_END
};

enum { FAB_ACCESS_READ = 1, FAB_ACCESS_WRITE = 2, FAB_ACCESS_ATOMIC = 4 };

struct fab_admin {
    uint16_t op;
    uint16_t queue;   /* QUEUE_*, MODERATION */
    uint16_t size[3]; /* QUEUE_SETUP: entries of send ring, receive ring, completion ring */
    uint16_t access;  /* REGION_SET: FAB_ACCESS_* */
    uint32_t key; /* REGION_*: low 8 bits the slot, the rest the driver's choice; all 32 must match later */
    uint64_t addr[4];  /* QUEUE_SETUP: send ring, receive ring, completion ring, fab_status (each 64-byte
                          aligned)  REGION_SET: [0] page list (0: the region is contiguous at [1]), an array of
                          page addresses,  each with its own 8 bytes; [1] contiguous: address; list: offset of
                          the region's  first byte in the first page  COUNTERS: [0] where to */
    uint64_t length;   /* REGION_SET: bytes, 1..FAB_MAX_REGION; COUNTERS: bytes of room, at least sizeof */
    uint32_t count;    /* MODERATION: completions until an interrupt, 0 and 1: none are held back
                          REGION_SET: log2 of the page size, 12..30; TIMEOUT: tries, 1..15 (7) */
    uint32_t delay_ns; /* MODERATION: at most so long after the first; TIMEOUT: first wait for an answer,
                          doubling (1000000) */
};

struct fab_counters {
    uint64_t sent_messages, sent_bytes; /* operations of all kinds completed OK as sender; their bytes */
    uint64_t received_messages, received_bytes; /* SEND, DATAGRAM, WRITE_IMM completed OK as receiver */
    uint64_t sent_datagrams, received_datagrams, dropped_datagrams;
    uint64_t reads_served, writes_served, atomics_served;
    uint64_t packets_out, packets_in, packet_bytes_out, packet_bytes_in; /* headers included */
    uint64_t retransmitted, out_of_order, duplicates, timeouts;
    uint64_t errors;      /* completions that are not OK */
    uint64_t bad_access;  /* guest mistakes at registers */
    uint64_t bad_packets; /* that made no sense here */
    uint64_t interrupts;
    uint64_t outstanding; /* descriptors taken and not completed, now */
    uint64_t zero[9];
};

/* Event port: a record that lands in the run's trace with its exact virtual time. */
struct fab_event {
    uint16_t type; /* the guest's own numbering */
    uint16_t len;  /* bytes of the whole record, 8..FAB_MAX_EVENT */
    uint32_t arg;
    /* data follows */
};

#ifdef __KERNEL__
#define FAB_ASSERT(c) _Static_assert(c, "the adapter's ABI")
#else
#define FAB_ASSERT(c) _Static_assert(c, "the adapter's ABI")
#endif
FAB_ASSERT(sizeof(struct fab_sge) == 16);
FAB_ASSERT(sizeof(struct fab_send) == 64);
FAB_ASSERT(offsetof(struct fab_send, addr) == 8 && offsetof(struct fab_send, cookie) == 16);
FAB_ASSERT(offsetof(struct fab_send, remote) == 24 && offsetof(struct fab_send, key) == 32);
FAB_ASSERT(offsetof(struct fab_send, imm) == 36 && offsetof(struct fab_send, operand) == 40);
FAB_ASSERT(offsetof(struct fab_send, compare) == 48);
FAB_ASSERT(sizeof(struct fab_recv) == 32 && offsetof(struct fab_recv, cookie) == 16);
FAB_ASSERT(sizeof(struct fab_cqe) == 32 && offsetof(struct fab_cqe, peer) == 16);
FAB_ASSERT(offsetof(struct fab_cqe, flags) == 22 && offsetof(struct fab_cqe, time_ns) == 24);
FAB_ASSERT(sizeof(struct fab_status) == 64 && offsetof(struct fab_status, error) == 6);
FAB_ASSERT(sizeof(struct fab_admin) == 64 && offsetof(struct fab_admin, key) == 12);
FAB_ASSERT(offsetof(struct fab_admin, addr) == 16 && offsetof(struct fab_admin, length) == 48);
FAB_ASSERT(sizeof(struct fab_counters) == 256);
FAB_ASSERT(sizeof(struct fab_event) == 8);

#endif
