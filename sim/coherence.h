/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coherence.h - whether all that nodes say of their copies of shared pages can be true: at any time one
 * writer of a page or any number of readers, and all of the version that was granted last.
 *
 * A kernel says so in a record of its event port (docs/coherence.md, which any kernel may follow):
 *   type 0x21, arg the new state (0 none, 1 reader, 2 writer), data u64 page, u64 version of the copy
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

enum { COHERENCE_EVENT = 0x21, COHERENCE_MAX_NODES = 64 };

enum coherence_state { COHERENCE_NONE, COHERENCE_READER, COHERENCE_WRITER };

enum coherence_kind {
    COHERENCE_OK,
    COHERENCE_TWO_WRITERS,
    COHERENCE_WRITER_AND_READER,
    COHERENCE_VERSION_BACK,    /* older than the last one granted, or granted twice */
    COHERENCE_VERSION_UNKNOWN, /* newer than any that was granted, or not that of the copy */
    COHERENCE_MALFORMED,       /* wrong length, or a state that is none */
    COHERENCE_TOO_MUCH,
};

struct coherence_limits {
    size_t pages;   /* that were ever spoken of */
    size_t waiting; /* records that wait for their time */
};

struct coherence;

/* names: of n_nodes nodes, 1 to COHERENCE_MAX_NODES; the texts are borrowed. limits NULL: 1048576 pages,
 * 2097152 records.
 */
struct coherence *coherence_new(const char *const *names, unsigned n_nodes,
                                const struct coherence_limits *limits);
void coherence_free(struct coherence *c); /* NULL is allowed */

/* A record of the event port, struct fab_event first; of other types none is taken notice of. */
void coherence_record(struct coherence *c, unsigned node, vtime_t at, const void *record, uint32_t len);
/* From this time on the node has no copies: it has ended, was switched off, or starts anew. */
void coherence_gone(struct coherence *c, unsigned node, vtime_t at);
/* Nothing from before `upto` will come any more: it is judged. What comes all the same counts from `upto` on.
 */
void coherence_commit(struct coherence *c, vtime_t upto);

struct coherence_counts {
    uint64_t changes; /* records of type COHERENCE_EVENT that were judged */
    uint64_t pages;
};
struct coherence_counts coherence_counted(const struct coherence *c);
/* What is wrong, in one sentence with virtual time, page, nodes and states; NULL: nothing. */
const char *coherence_wrong(const struct coherence *c, enum coherence_kind *kind); /* kind may be NULL */

#endif
