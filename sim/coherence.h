/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coherence.h - whether all that nodes say of what they share can be true: of each page at any time one
 * writer or any number of readers, and all of the version that was granted last; each thread on one node at a
 * time.
 *
 * A kernel says so in records of its event port (docs/coherence.md, which any kernel may follow):
 *   type 0x21, arg the new state (0 none, 1 reader, 2 writer), data u64 page, u64 version of the copy
 *   type 0x23, 0x26: a thread begins, ends here: arg its number, data u32 process, u32 node
 *   type 0x24, 0x25: futexes and calls; type 0x20: who is dead to it
 *
 * Pure logic: no clock, no files, no threads. Records may be given in any order between nodes, each node's
 * own in their order; they are judged in order of virtual time when it is certain that nothing earlier will
 * come. At the same picosecond a node's own records keep their order. Between nodes nothing that happens at
 * one instant can be caused by the other (a link takes time), so what is given up at that instant counts
 * before what is taken.
 *
 * The first contradiction is kept, as a sentence; nothing is judged after it. Memory is bounded: struct
 * coherence_limits; to need more is a contradiction of its own, COHERENCE_TOO_MUCH. Out of memory ends the
 * program.
 */
#ifndef COB_COHERENCE_H
#define COB_COHERENCE_H

#include "devices/port/vtime.h"
#include <stddef.h>
#include <stdint.h>

enum {
    COHERENCE_EVENT_MEMBER = 0x20,
    COHERENCE_EVENT = 0x21, /* a page's state */
    COHERENCE_EVENT_BEGINS = 0x23,
    COHERENCE_EVENT_FUTEX = 0x24,
    COHERENCE_EVENT_CALL = 0x25,
    COHERENCE_EVENT_ENDS = 0x26,
    COHERENCE_MAX_NODES = 64
};

enum coherence_state { COHERENCE_NONE, COHERENCE_READER, COHERENCE_WRITER };

enum coherence_kind {
    COHERENCE_OK,
    COHERENCE_TWO_WRITERS,
    COHERENCE_WRITER_AND_READER,
    COHERENCE_VERSION_BACK,     /* older than the last one granted, or granted twice */
    COHERENCE_VERSION_UNKNOWN,  /* newer than any that was granted, or not that of the copy */
    COHERENCE_MALFORMED,        /* wrong length, a state that is none, a node that cannot be meant */
    COHERENCE_THREAD_TWICE,     /* begins while it runs */
    COHERENCE_THREAD_LATE,      /* begins where the node is held for dead that its process came from */
    COHERENCE_THREAD_ELSEWHERE, /* ends or calls where it does not run */
    COHERENCE_FUTEX_TWICE,      /* two nodes decide on one process's futexes */
    COHERENCE_TOO_MUCH,
};

struct coherence_limits {
    size_t pages;   /* that were ever spoken of */
    size_t waiting; /* records that wait for their time */
    size_t threads; /* that run at a time; and processes that were ever spoken of */
};

struct coherence;

/* names: of n_nodes nodes, 1 to COHERENCE_MAX_NODES; the texts are borrowed. limits NULL: 1048576 pages,
 * 2097152 records, 1048576 threads and processes.
 */
struct coherence *coherence_new(const char *const *names, unsigned n_nodes,
                                const struct coherence_limits *limits);
void coherence_free(struct coherence *c); /* NULL is allowed */

/* A record of the event port, struct fab_event first; of other types than these none is taken notice of. */
void coherence_record(struct coherence *c, unsigned node, vtime_t at, const void *record, uint32_t len);
/* From this time on the node has no copies and no threads: it has ended, was switched off, or starts anew. */
void coherence_gone(struct coherence *c, unsigned node, vtime_t at);
/* Nothing from before `upto` will come any more: it is judged. What comes all the same counts from `upto` on.
 */
void coherence_commit(struct coherence *c, vtime_t upto);

struct coherence_counts {
    uint64_t changes; /* records of type COHERENCE_EVENT that were judged */
    uint64_t pages;
    uint64_t threads; /* that began */
};
struct coherence_counts coherence_counted(const struct coherence *c);
/* What is wrong, in one sentence with virtual time, page or thread, nodes and states; NULL: nothing. */
const char *coherence_wrong(const struct coherence *c, enum coherence_kind *kind); /* kind may be NULL */

#endif
