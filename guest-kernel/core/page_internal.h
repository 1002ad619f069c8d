/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page_internal.h - what page.c, page_node.c and page_home.c share, and tests look into. */
#ifndef CORE_PAGE_INTERNAL_H
#define CORE_PAGE_INTERNAL_H
#include "guest-kernel/core/page.h"

/* An order of the home that is kept until the copy it speaks of has come, or may go. */
struct page_order {
    uint64_t version;
    uint32_t holder;  /* the request that got the copy */
    uint32_t request; /* FWD: the asker's */
    uint16_t node;    /* FWD: the asker */
    uint8_t type, write;
    uint32_t pad;
};

/* A page at this node. state and request are the copy's; asked is what is under way, on top of it or not. */
struct page_copy {
    struct page_copy *next;
    struct page_copy *held_next, *held_before; /* in p->held */
    uint64_t page, version, hold_until_ns;
    void *frame;                /* while there is a copy or somebody waits */
    struct page_fault *waiting; /* in order */
    uint32_t request, asked_request;
    uint8_t state;   /* enum page_state */
    uint8_t asked;   /* enum page_state that was asked for, or PAGE_INVALID */
    uint16_t orders; /* nodes + 1 at most: one request of each node, and one INV */
    uint32_t pins;   /* only while there is a copy */
    uint8_t held;    /* it is in the list: the first order waits for hold_until_ns */
    uint8_t pad[7];
    struct page_order order[];
};

struct page_ask {
    uint32_t request, holder;
    uint16_t node;
    uint8_t write, pad;
};

enum page_dir_state { PAGE_DIR_UNTOUCHED, PAGE_DIR_HELD, PAGE_DIR_LOST };

/* A page at its home. */
struct page_dir {
    struct page_dir *next;
    uint64_t page, version;
    uint64_t holders; /* nodes that have a copy, or to which one is on its way */
    uint64_t unacked; /* nodes that were told to drop theirs; not 0: the page is busy with now */
    uint64_t
        unsure;     /* nodes that have to tell, after a death, whether they got a copy; not 0: others queue */
    uint16_t owner; /* of the holders: who had it for writing last */
    uint16_t supplier; /* busy: who is going to answer; now.node: it has the data itself */
    uint8_t state;     /* enum page_dir_state */
    uint8_t busy;      /* others queue */
    uint8_t draining;  /* the queue is being worked off further up the stack */
    uint8_t queued;
    struct page_ask now;
    struct {
        struct page_ask queue;   /* by place in the queue */
        uint32_t request;        /* by node: the request that got its copy */
        uint32_t source_request; /* by node: the request that got the source its copy */
        uint16_t source;         /* by node: who was to send it, or CORE_NO_NODE */
        uint16_t pad;
    } node[];
};

size_t page_copy_bytes(const struct page *p);
size_t page_dir_bytes(const struct page *p);
struct page_copy *page_copy_find(const struct page *p, uint64_t page);
struct page_dir *page_dir_find(const struct page *p, uint64_t page);
unsigned page_home(const struct page *p, uint64_t page);
uint32_t page_bucket(const struct page *p, uint64_t page);
/* Sends, or calls the own other half at once: callers must have finished with the page's state. */
void page_send(struct page *p, unsigned to, unsigned type, const struct page_wire *w, const void *data);

/* page_node.c: a message for a holder or asker, a death, the end */
void page_node_message(struct page *p, unsigned type, const struct page_wire *w, const void *data,
                       size_t bytes);
void page_node_dead(struct page *p, unsigned node);
void page_node_fini(struct page *p);
/* The copy becomes nothing, its faults end with status; the entry stays. */
void page_node_forget(struct page *p, struct page_copy *c, int status);
/* page_home.c: the same for a home */
void page_home_message(struct page *p, unsigned from, unsigned type, const struct page_wire *w);
void page_home_dead(struct page *p, unsigned node);
#endif
