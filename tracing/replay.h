/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay.h - the replay log: all that entered one node of a run, and all that it emitted.
 *
 * One file for each node, <run>/replay/<node>.log; apart from the trace, which is for people and tools. With
 * it the node can be run again alone (`cob replay`). docs/replay.md describes the format byte by byte:
 *
 *   file    = prefix (magic, version, hash), struct replay_head, block..
 *   block   = struct replay_block_head (hashes, chained from block to block), record..
 *   record  = struct replay_disk_record, data, zeros up to a multiple of 8
 *
 * Records stand in the order in which things crossed the port, which is the same in every run:
 *
 *   REPLAY_UP     the node emitted this: type, arg, time, id and data are those of a record of the port
 * (port.h). Frames and trainings are recorded when they are given to the fabric, with the id that the frame
 * has in the trace; the others when they are taken out of the ring. So each type is in order of time, all of
 * them together are not. REPLAY_DOWN   this was put into the node's down ring, to take effect at time_ps
 *   REPLAY_LINK   when the node stood at time_ps it was told that the link of interface `arg` is up at `id`
 * ps REPLAY_FINAL  the last record: where the node stood at the end of the run (struct replay_final)
 *
 * A block goes to the disk in one write when 64 KiB are full or 100 ms of virtual time have passed, so a run
 * that is killed leaves a log that can be read up to its last block. How far that reaches is in each block:
 * everything that entered the node before reach_ps stands in the blocks up to this one.
 *
 * Threads: a writer or a reader is used by one thread at a time. Calls may block on the disk. Writers: errors
 * are sticky, as in tracing.h. Nothing here knows what the records mean.
 */
#ifndef COB_REPLAY_H
#define COB_REPLAY_H

#include "devices/port/vtime.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLAY_VERSION  1u
#define REPLAY_MAX_NICS 9u
#define REPLAY_MAX_DATA 65536u

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the log is little-endian, and written as it lies in memory");

struct replay_nic {
    vtime_t ingress_ps, egress_ps, training_ps, link_up_ps; /* as in port_nic, before the run */
};

/* What was run, and what has to be the same for it to run the same again. Texts end in NUL. */
struct replay_head {
    char node[64], arch[16], qemu[32];
    uint32_t index, n_nodes;
    uint32_t cpus, shift; /* one instruction takes 2^shift ns */
    uint64_t memory_bytes;
    uint64_t seed;      /* of the scenario */
    uint64_t scenario;  /* XXH64 of the run's scenario.scn.yml */
    uint64_t arguments; /* XXH64 of QEMU's arguments, paths left out */
    uint64_t kernel;    /* XXH64 of the file; as is initrd, 0 if there was none */
    uint64_t initrd;
    uint64_t plugin; /* of cob's part in QEMU */
    vtime_t stop_ps;
    uint32_t n_nics, adapter; /* adapter: there is one */
    uint32_t adapter_nic, mtu_bytes, framing_bytes, zero;
    uint64_t rate_bps;
    struct replay_nic nic[REPLAY_MAX_NICS];
};
_Static_assert(sizeof(struct replay_head) == 224 + 9 * 32, "replay_head is part of the format");

enum replay_kind { REPLAY_UP = 1, REPLAY_DOWN, REPLAY_LINK, REPLAY_FINAL, REPLAY_KINDS };

struct replay_record {
    enum replay_kind kind;
    uint8_t type;
    uint16_t arg;
    uint32_t len;
    vtime_t time_ps;
    uint64_t id;
    const uint8_t *data; /* len bytes; NULL if there are none */
};

/* Data of REPLAY_FINAL, whose time_ps is where the node stood, type its enum port_state, arg its enum
 * port_end and id its exit status. */
struct replay_final {
    uint64_t ram_hash; /* as ram_xxh3 in result.json */
    uint32_t ram_hashed, zero;
    uint64_t up, down; /* records of that kind in the log */
};
_Static_assert(sizeof(struct replay_final) == 32, "replay_final is part of the format");

/* ---- writing ---- */

struct replay_writer;

/* Creates the file, which must not exist, and writes the head. NULL with errno and path and reason in
 * why[size]. */
struct replay_writer *replay_create(const char *path, const struct replay_head *head, char *why, size_t size);
/* Not for REPLAY_FINAL. len is at most REPLAY_MAX_DATA (else assert). */
void replay_put(struct replay_writer *w, const struct replay_record *rec);
/* Everything that enters the node before this time has been put. May write a block. */
void replay_reach(struct replay_writer *w, vtime_t reach_ps);
/* Bytes of the log so far. */
uint64_t replay_bytes(const struct replay_writer *w);
/*
 * Ends the log with `rec`, a REPLAY_FINAL whose data is set here (ram_hash may be NULL: not hashed), or
 * leaves it without an end (NULL); frees. 0, or -1 with the first error's errno, path and reason in
 * why[size].
 */
int replay_close(struct replay_writer *w, const struct replay_record *rec, const uint64_t *ram_hash,
                 char *why, size_t size);

/* ---- reading ---- */

struct replay_log {
    struct replay_head head;
    const struct replay_record *records; /* all of them, in order; data points into the file */
    size_t n_records;
    bool ended;                /* the last one is REPLAY_FINAL; else the file ends before the log does */
    struct replay_final final; /* if ended */
    vtime_t reach_ps;          /* of the last whole block */
    char cut[200];             /* if not ended: "PATH: offset N: reason" */
};

/*
 * Maps the file and checks all of it. A file that ends too early is read up to its last whole block (ended is
 * false); that is what a killed run leaves. NULL with "PATH: offset N: reason" in why[size] and errno:
 * EBADMSG damaged, ENOTSUP another version or no replay log at all, or what the system says.
 */
struct replay_log *replay_open(const char *path, char *why, size_t size);
void replay_free(struct replay_log *log); /* NULL is allowed */

#endif
