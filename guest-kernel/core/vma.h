/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vma.h - the address ranges of processes that are spread over nodes.
 *
 * A process's ranges are its origin's. Other nodes where it has threads are replicas: each keeps some of the
 * ranges as it has heard them, and asks the origin for what it does not know.
 *
 *     unknown address at a replica     WHERE, RANGE                                          2 messages
 *     unmap, or map over something     k FORGET, k QUIET, k DROP, k DROPPED                  4k (k: replicas)
 *     the same, text only; protect     k FORGET, k QUIET                                     2k
 *     map where nothing is             none
 *     protect as it is already         none
 *
 * That is the cost of an operation, however many ranges its addresses cut and take; only the list of what is
 * dropped goes in several DROP, of which the last is answered, when it has more than `pieces` entries.
 *
 * Taking back goes by rounds. The origin changes its own ranges at once. On FORGET a replica forgets what it
 * knows of those addresses, their translations go, and it answers QUIET as soon as no thread there waits for
 * a page at one of them any more. When all have said so and the origin itself is quiet, nobody anywhere can
 * reach the pages: DROP, and each gives its copies back. Then the operation is done. Until then the addresses
 * stay taken: nobody gets them for something new.
 *
 * Neighbours at the origin that differ in nothing, and whose pages follow each other in one object, are one
 * range: what protect cuts, protect joins again.
 *
 *     range at the origin:   LIVE --unmap--> GOING (found by nobody) --FORGET, QUIET, DROP, DROPPED--> none
 *     replica's knowledge:   none --RANGE--> known --FORGET, evicted--> none
 *
 * Promises, from an operation's done on, to all threads on all nodes: unmapped addresses are not found; what
 * is mapped there later has new pages; rights are as protect said. They hold because messages from the origin
 * to a replica keep their order: a RANGE of before the change arrives before the FORGET. That an address is
 * not mapped is never remembered, and such an answer counts only for those who asked before the question was
 * sent: by the time it arrives something may have been mapped there.
 *
 * Operations on addresses that overlap are done one after the other, others at the same time. Every operation
 * and every lookup ends with exactly one done, perhaps within the call that begins it. A replica's death ends
 * what it is waited for; the origin's death ends lookups with CORE_EDEAD.
 *
 * Taking back needs no memory; what needs some (ranges that are cut in two, new ones) gets it first, or fails
 * with CORE_ENOMEM and has changed nothing. A replica without memory forgets something else.
 *
 * Do not call in from a callback or from done.
 */
#ifndef CORE_VMA_H
#define CORE_VMA_H
#include "guest-kernel/core/core.h"

/* Types of messages; from whom to whom. */
enum vma_type {
    VMA_WHERE = 0x85,   /* replica to origin: number, the address (begin) */
    VMA_FORGET = 0x86,  /* origin to replica: slot, number, addresses, how many pieces will be dropped */
    VMA_DROP = 0x87,    /* origin to replica: slot, number, and behind it the pieces */
    VMA_RANGE = 0x90,   /* origin to replica: the range; or status and the address (begin) */
    VMA_QUIET = 0x91,   /* replica to origin: forgotten (slot, number), and nobody waits */
    VMA_DROPPED = 0x92, /* replica to origin: dropped (slot, number) */
};

/* All of these messages; DROP goes on with pieces. */
struct vma_wire {
    uint64_t begin, end; /* addresses */
    uint64_t first;      /* page of the object */
    uint64_t offset;
    uint32_t process;
    uint32_t number; /* of the question, or of the round */
    uint32_t object;
    uint32_t file;
    uint32_t pieces; /* FORGET: in all; DROP: in this message */
    int32_t status;
    uint8_t prot;
    uint8_t slot;
    uint8_t more; /* DROP: another follows, and its answer will do */
    uint8_t zero[5];
};
_Static_assert(sizeof(struct vma_wire) == 64, "format");
struct vma_piece { /* pages of an object */
    uint64_t first;
    uint32_t object, pages;
};
_Static_assert(sizeof(struct vma_piece) == 16, "format");
enum { VMA_PIECES = 60 }; /* in one message at the most: 1 KiB */

/*
 * What is mapped at some addresses: pages first, first + 1, ... of an object. Objects are numbered within
 * their process; number 0 has no pages of its own (each node makes them from the file as it likes), and a
 * number is used again only when nothing of it is left anywhere.
 */
struct vma_area {
    uint64_t begin, end; /* whole pages; begin < end */
    uint64_t first;
    uint64_t offset; /* in the file, at begin: bytes */
    uint32_t object;
    uint32_t file; /* what pages hold at first; 0: zero. The user's numbers, the same on all nodes */
    uint8_t prot;  /* the user's bits */
};
struct vma_range { /* the core's */
    struct vma_area a;
    uint8_t going; /* it is being taken back */
    uint8_t tail;  /* nothing behind its end was ever a page of its object */
    uint32_t weight;
    struct vma_range *child[2][2]; /* of two trees: by address, by object and page */
};
struct vma_span { /* pages of an object of a process */
    uint32_t process, object, pages;
    uint64_t first;
};

/* A replica's or the origin's question what an address belongs to; the caller's until done. */
struct vma_lookup {
    struct vma_lookup *next;
    /* CORE_OK: *area (NULL else) is known to this node while this runs; it may be forgotten soon after.
     * CORE_EINVAL: nothing is there. CORE_ENOMEM, CORE_EDEAD (the origin), CORE_ECLOSED. */
    void (*done)(struct vma_lookup *l, const struct vma_area *area, int status);
    uint64_t at;
    uint32_t asked; /* number of the question; 0: none has been sent since it came */
};

enum vma_kind {
    VMA_UNMAP,   /* [begin, end): nothing is there afterwards; it need not have been mapped */
    VMA_PROTECT, /* [begin, end): has prot. CORE_EINVAL if part of it is not mapped; nothing was changed */
    VMA_MAP,     /* area: is there afterwards, in place of what was. Its object: not 0: is chosen */
    VMA_BRK,     /* brk becomes area.begin: up to there is memory, new pages zero with area.prot. area.end,
                    whole pages: brk may not go above. CORE_EINVAL if something else is in the way */
};
/* An operation at the origin; the caller's until done. */
struct vma_op {
    struct vma_op *next;
    /* CORE_OK, CORE_ENOMEM, CORE_EINVAL, CORE_ECLOSED (the space has ended). */
    void (*done)(struct vma_op *op, int status);
    enum vma_kind kind;
    struct vma_area area;                             /* what kind says; changed by it */
    enum { VMA_WAITS, VMA_CHANGED, VMA_ASKED } state; /* for others before it; for a slot; for answers */
    uint64_t begin, end;   /* what is taken back lies between these addresses; equal: nothing */
    uint32_t pieces;       /* of it have pages */
    struct vma_range *add; /* VMA_MAP: the range, before it is there */
};

enum { VMA_SLOTS = 8 }; /* so many operations of a process are taken back at a time */
struct vma_slot {
    struct vma_op *op;   /* at the origin; NULL: free */
    uint64_t begin, end; /* at a replica */
    uint64_t awaited;    /* nodes; this one: until it is quiet */
    uint64_t nodes;      /* that were asked */
    uint32_t number;
    bool dropping; /* the second round */
    bool used;     /* at a replica: QUIET is owed */
};

/* The ranges of one process as this node knows them; the caller's memory. */
struct vma_space {
    struct vma_space *next;
    uint32_t process;
    unsigned origin;
    uint64_t brk_begin, brk; /* at the origin; bytes */
    struct vma_range *root[2];
    unsigned ranges;
    uint32_t last_object, last_number;
    uint64_t evict_at;          /* where to look for the next victim */
    struct vma_op *ops;         /* in the order in which they came */
    struct vma_lookup *lookups; /* that wait, the same */
    struct vma_slot slot[VMA_SLOTS];
};

struct vma_config {
    const struct core_env *env;
    unsigned self, nodes;
    uint32_t page_bytes;  /* a power of two */
    uint32_t max_pages;   /* of one object */
    uint32_t max_objects; /* their numbers are below it; at least 2 */
    uint32_t max_ranges;  /* at the origin, of a process */
    uint32_t cached;      /* ranges that a replica keeps of a process; at least 1 */
    uint32_t pieces;      /* in one DROP: 1 to VMA_PIECES */
    void *ctx;
    /* As in page.h: once, in order, or the node is declared dead. Never to self. bytes: with what follows. */
    void (*send)(void *ctx, unsigned to, unsigned type, const struct vma_wire *w, size_t bytes);
    /* Where the process has replicas. At the origin. */
    uint64_t (*replicas)(void *ctx, uint32_t process);
    /* Translations of [begin, end), which is within area, go; done on all processors on return. stays: the
     * area is still there, with other rights (area's). */
    void (*gone)(void *ctx, struct vma_space *s, const struct vma_area *area, uint64_t begin, uint64_t end,
                 bool stays);
    /* A thread of this node waits for a page of an object at one of these addresses of the process, or is
     * about to look at one. When that ends: vma_quiet(). */
    bool (*busy)(void *ctx, uint32_t process, uint64_t begin, uint64_t end);
    /* Copies and directories of these pages go (page_drop). */
    void (*drop)(void *ctx, const struct vma_span *span);
};

struct vma_counts {
    uint64_t questions, joined,
        again; /* lookups that asked, that waited for another's, that had to ask after it */
    uint64_t learnt, evicted, forgotten; /* ranges, at a replica */
    uint64_t rounds, waited;             /* at the origin; operations that waited for others before them */
    uint64_t joined_ranges;
    uint64_t owed; /* QUIET not at once, as a thread waited */
    uint64_t bad;  /* messages that cannot be; dropped */
};
struct vma {
    struct vma_config c;
    uint64_t dead;            /* mask of nodes */
    struct vma_space *spaces; /* the latest first */
    unsigned owed;            /* slots that wait for vma_quiet */
    struct vma_counts counts;
};

/* 0, or CORE_EINVAL. */
int vma_init(struct vma *v, const struct vma_config *c);
/* s: undefined before. An empty space, at the origin (this node) or at a replica. Of two of one process the
 * later is the one that messages mean. */
void vma_space_begin(struct vma *v, struct vma_space *s, uint32_t process, unsigned origin);
/* Gives all memory back, and says gone() of each range; operations and lookups end with CORE_ECLOSED. Sends
 * and drops nothing: the process's pages are dropped as a whole. */
void vma_space_end(struct vma *v, struct vma_space *s);

/* What this node knows of the address; NULL: nothing. Valid until the next call or message. */
const struct vma_area *vma_find(const struct vma_space *s, uint64_t at);
/* The lowest that this node knows above an address, or that contains it. NULL: none. Going ones are none. */
const struct vma_area *vma_from(const struct vma_space *s, uint64_t at);
/* Where a page of an object is mapped, as far as this node knows. NULL: nowhere. */
const struct vma_area *vma_object(const struct vma *v, const struct vma_space *s, uint32_t object,
                                  uint64_t page);
/* Ends with l->done, perhaps at once. */
void vma_lookup(struct vma *v, struct vma_space *s, struct vma_lookup *l, uint64_t at);

/* At the origin: begins the operation. Ends with op->done, perhaps at once. Addresses that are no whole
 * pages, or empty, or objects that would be too large: CORE_EINVAL. */
void vma_begin(struct vma *v, struct vma_space *s, struct vma_op *op);
/* At the origin: the area (its size is a->end - a->begin) at the lowest free address within [low, high);
 * *a says where, and its object. Sends nothing. CORE_ENOMEM: no room, or no memory. */
int vma_place(struct vma *v, struct vma_space *s, struct vma_area *a, uint64_t low, uint64_t high);
/* At the origin: the area becomes a range at once, where nothing is; its object: not 0: is chosen.
 * CORE_EINVAL (something is there), CORE_ENOMEM. */
int vma_add(struct vma *v, struct vma_space *s, struct vma_area *a);
/* An empty space gets the ranges of another, with the same objects. CORE_ENOMEM: some of them. */
int vma_copy(struct vma *v, struct vma_space *to, const struct vma_space *from);

/* A message of enum vma_type has come from that node. */
void vma_message(struct vma *v, unsigned from, unsigned type, const void *data, size_t bytes);
/* busy() may have changed from true to false. Costs little if nobody waits for that. */
void vma_quiet(struct vma *v);
/* The node is dead and will not be heard of again. */
void vma_peer_dead(struct vma *v, unsigned node);
#endif
