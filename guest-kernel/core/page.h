/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page.h - the page directory: one writer or many readers of each page, over all nodes.
 *
 * Every page has a home, a node that keeps its directory: who has a copy, and whose turn it is. A node that
 * lacks a right asks the home; the home orders a holder to answer the asker directly, and goes on at once: it
 * does not wait for the page to arrive. So holders are ordered about copies that are still on their way to
 * them; each order names the request by which the home believes the copy was got, and the node keeps the
 * order until that copy is there. A chain of writers thus hands the page on from one to the next, in the
 * order in which the home heard of them, and nobody is ever told to try again.
 *
 *     copy:   INVALID --GET read, DATA--> SHARED --GET write, GRANT--> EXCLUSIVE
 *             EXCLUSIVE --FWD read--> SHARED;  any --INV or FWD write--> INVALID
 *
 * Messages, the home's own steps being free (k: other readers, without home, asker and supplier):
 *     read, page never touched, or home has a copy    GET, DATA or GRANT                    2
 *     read, others have it                            GET, FWD, DATA                        3
 *     write, asker has a copy                         GET, k INV, k ACK, GRANT              2 + 2k
 *     write, asker has none                           GET, k INV, k ACK, (FWD), DATA        2 or 3, + 2k
 *
 * Death: when the home dies, its pages are lost, everywhere: CORE_EDEAD. When another node dies, a page of
 * which it had the only copy is lost: CORE_ELOST, now and ever after. Who waited for a copy that the dead
 * node was to send tells the home and asks again, by itself; the home first finds out who has a copy. All
 * other pages live on.
 *
 * An untouched page has initial contents (zero, or what config.initial says), which are never sent: every
 * node makes them itself. A page that nobody was ever allowed to write has them again when its holders die.
 *
 * Pins give a guarantee: once a fault with pin has ended well, its right stays at this node until page_unpin,
 * so the faulting thread gets its access done however many others want the page. While a thread has a pin it
 * must not wait for any page, nor for anybody who does (not even for more rights on the pinned page: unpin,
 * then fault again); else two could wait for each other for ever.
 *
 * Do not call in from a callback. A page that a fault waits for has its frame already, so no message needs
 * memory.
 */
#ifndef CORE_PAGE_H
#define CORE_PAGE_H
#include "guest-kernel/core/core.h"

/* Types of messages; from whom to whom. */
enum page_type {
    PAGE_GET = 0x40,    /* asker to home: request, write, holder (request of the copy it has, or 0) */
    PAGE_FWD = 0x41,    /* home to holder: send your copy (holder) to node, for request; write: and drop it */
    PAGE_INV = 0x42,    /* home to reader: drop your copy (holder) */
    PAGE_ACK = 0x43,    /* reader to home: dropped (holder) */
    PAGE_DATA = 0x44,   /* holder to asker: the page, for request; or a status */
    PAGE_GRANT = 0x45,  /* home to asker: yours without data, as it is or untouched; or a status */
    PAGE_CANCEL = 0x46, /* home to asker: who was to answer request is dead; if you still wait, give up */
    PAGE_GONE = 0x47,   /* asker to home: gave up; I have no copy by request */
    PAGE_KEPT = 0x48,   /* asker to home, on CANCEL: I do not wait for request, the copy came */
};

/* What each of these messages begins with; DATA may have the page's bytes behind it. */
struct page_wire {
    uint64_t page;    /* page number */
    uint64_t version; /* number of write grants so far */
    uint32_t request; /* the asker's number for it; never 0 */
    uint32_t holder;
    uint16_t node; /* FWD: the asker */
    uint8_t write;
    uint8_t zero; /* enum page_contents */
    int32_t status;
};
/* What the page's bytes are. */
enum page_contents {
    PAGE_BYTES,   /* DATA: they follow. GRANT: the asker has them */
    PAGE_ZERO,    /* DATA: all zero, not sent */
    PAGE_INITIAL, /* GRANT: the page is untouched; the asker makes them */
};
_Static_assert(sizeof(struct page_wire) == 32, "format");
_Static_assert(offsetof(struct page_wire, status) == 28, "format");

enum page_state { PAGE_INVALID, PAGE_SHARED, PAGE_EXCLUSIVE };

/* A fault that waits; the caller's, until done is called. */
struct page_fault {
    struct page_fault *next;
    /* Exactly once. CORE_OK: the page is mapped as asked while this runs; it may be gone soon after
     * (hold_ns), or stays until page_unpin (pin). */
    void (*done)(struct page_fault *f, uint64_t page, void *frame, int status);
    bool write;
    bool pin; /* ending with CORE_OK, or page_fault's 0, adds one pin to the page; nothing else does */
};

struct page_config {
    const struct core_env *env;
    unsigned self, nodes;
    uint32_t page_bytes; /* a multiple of 8 */
    uint32_t buckets;    /* of the hash tables; a power of two */
    uint64_t hold_ns;    /* a page that has just come, or been unpinned, stays that long, unless this node
                            asks for more right to it meanwhile; 0: it does not */
    void *ctx;
    unsigned (*home)(void *ctx, uint64_t page); /* the same on all nodes; nodes or more: there is no such
                                                   page, or no more; NULL: page modulo nodes */
    /* The untouched page's contents into the frame, whose bytes are undefined before; false: all zero, the
     * frame was left alone. The same on all nodes, whenever they are asked. Does not wait. NULL: all zero. */
    bool (*initial)(void *ctx, uint64_t page, void *frame);
    /* Must reach the node in the end, once, and after what was sent to it before; or the node must be
     * declared dead to all (msg.h, member.h). Never to self. data is the frame. It may be read later, even
     * after frame_free(), for whose contents send()'s owner has to see then: nobody writes to it before the
     * receiver, if it lives, has had the message. */
    void (*send)(void *ctx, unsigned to, unsigned type, const struct page_wire *w, const void *data,
                 size_t bytes);
    /* The page's mapping becomes that state's: none, read, read and write. Done on all processors on return.
     * It was struct page's was. */
    void (*map)(void *ctx, uint64_t page, void *frame, enum page_state state);
    void *(*frame_alloc)(void *ctx); /* page_bytes, aligned to 8; NULL: the fault fails with CORE_ENOMEM */
    void (*frame_free)(void *ctx, void *frame);
};

struct page_counts {
    uint64_t faults, coalesced, requests, failed; /* as an asker */
    uint64_t sent, sent_data, sent_zero, kept,
        refused;      /* messages to others; orders kept for later, or stale */
    uint64_t initial; /* untouched pages that this node was the first to get; zero or not */
    uint64_t bad;     /* messages that cannot be; dropped */
};

struct page_copy;
struct page_dir;
struct page {
    struct page_config c;
    uint64_t dead; /* mask of nodes */
    uint32_t last_request;
    enum page_state was;                      /* while map() runs: the state before */
    struct page_copy **copies;                /* this node's copies, by page */
    struct page_dir **dirs;                   /* the pages this node is home of */
    uint64_t entries;                         /* in both */
    struct page_copy *held_first, *held_last; /* copies that an order waits for until hold_ns is over */
    struct page_counts counts;
};

/* 0 or CORE_ENOMEM, CORE_EINVAL; the struct may be discarded then. */
int page_init(struct page *p, const struct page_config *c);
/* Waiting faults end with CORE_ECLOSED; copies are unmapped, all memory goes back. Sends nothing. */
void page_fini(struct page *p);
/*
 * This node needs the page, to read or to write. 0: it has that right, and with f->pin one pin more; done is
 * not called. 1: f waits, or was done already within the call. CORE_ENOMEM, CORE_EDEAD (the home is dead),
 * CORE_EINVAL (it has none): f is not used, nothing is pinned. One request at a time goes out per page;
 * faults that come meanwhile wait for the same one.
 *
 * A fault with pin may wait although the right is there: behind an order of the home that waits for earlier
 * pins or hold_ns. So nodes cannot be kept out by pins that follow each other without end.
 */
int page_fault(struct page *p, uint64_t page, struct page_fault *f);
/*
 * Takes one pin away, in any order; one call for each pin. While there are pins, orders that would take the
 * page or its right to write from this node wait, without limit; after the last one they wait hold_ns more.
 * A home that dies and page_drop take page and pins away at once, mapping and frame, too; to unpin such a
 * page, or one without pins, does nothing.
 */
void page_unpin(struct page *p, uint64_t page);
/* This node has pins on the page. */
bool page_pinned(const struct page *p, uint64_t page);
/* The same, and an order of the home waits for them: unpin soon. */
bool page_wanted(const struct page *p, uint64_t page);
/*
 * Forgets all about pages first..last (inclusive): copies are unmapped and freed, directories freed, pins are
 * gone; faults that wait end with CORE_ECLOSED. Sends nothing. Each node must do so, in any order, and the
 * pages must never be asked for again: late messages about them then do no harm. To be called when no fault
 * on them is under way at any node that lives: a request that arrives later leaves a directory behind, until
 * page_fini or the next page_drop. Costs the pages in the range or the pages that this node knows, whichever
 * are fewer.
 */
void page_drop(struct page *p, uint64_t first, uint64_t last);
/* A fault of this node waits for one of the pages. Costs as page_drop. */
bool page_busy(const struct page *p, uint64_t first, uint64_t last);
/* A message of enum page_type has come from that node; data: a page_wire and what is behind it. */
void page_message(struct page *p, unsigned from, unsigned type, const void *data, size_t bytes);
/* The node is dead and will not be heard of again. */
void page_peer_dead(struct page *p, unsigned node);
/* A time asked for with env.timer has come: hold_ns of some page may be over. Costs what is held. */
void page_poll(struct page *p);
/* At the home: some node has asked for the page since it began, or was dropped. */
bool page_touched(const struct page *p, uint64_t page);
/* Those of pages first..last (inclusive) that are touched, in order, at most max of them; how many. Costs as
 * page_drop, or what it finds times max. */
unsigned page_touched_in(const struct page *p, uint64_t first, uint64_t last, uint64_t *pages, unsigned max);
/* This node's right and bytes; *frame NULL if there are none. */
enum page_state page_look(const struct page *p, uint64_t page, void **frame);
#endif
