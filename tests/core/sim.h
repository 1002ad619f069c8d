/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sim.h - a few nodes with the page directory (guest-kernel/core/page.h), channels between them, and threads
 * with scripts.
 *
 * The world is one struct without pointers to outside: it may be copied and put back, and everything that can
 * happen next is a list of actions. So the random test picks from the list, and the explorer tries all of it.
 * Channels keep their order (that is what page.h asks for), but the order between channels is free.
 *
 * A step may pin: the access is made when the page comes, and once more before it is unpinned, which is an
 * action of its own: the right must still be there. A page may be dropped: when no fault on it is under way,
 * it is retired (nobody begins to use it any more), then each node forgets it, which is an action of its own.
 *
 * After each action sim_check holds the world against the reference: memory as it would be on one machine.
 */
#ifndef TESTS_CORE_SIM_H
#define TESTS_CORE_SIM_H
#include "guest-kernel/core/page_internal.h"

#ifndef SIM_NODES
#define SIM_NODES   5
#define SIM_PAGES   4
#define SIM_THREADS 10
#define SIM_SCRIPT  12
#define SIM_CHANNEL 40
#define SIM_SLACK   8 /* pages' memory: late requests of the dead make directories of dropped pages again */
#endif
enum {
    SIM_MEMORY =
        (SIM_PAGES + SIM_SLACK) * (sizeof(struct page_copy) + (SIM_NODES + 1) * sizeof(struct page_order) +
                                   sizeof(struct page_dir) + SIM_NODES * 32 + 48)
};

struct sim_packet {
    struct page_wire w;
    uint64_t data;
    uint32_t type, bytes;
};

struct sim_node {
    struct page p;
    struct core_env env;
    uint8_t alive, number;
    uint64_t now, timer_at; /* 0: none */
    uint64_t frame[SIM_PAGES + 1];
    uint8_t frame_used[SIM_PAGES + 1];
    uint64_t before[SIM_PAGES]; /* SIM_STALE: as they were before the last write here */
    uint8_t mapped[SIM_PAGES];  /* enum page_state, as the map callback said */
    uint8_t dropped;            /* mask of pages */
    uint32_t used, blocks;      /* of memory */
    uint64_t memory[SIM_MEMORY / 8];
};

struct sim_step {
    uint8_t page, write, pin, value; /* value: litmus only */
};

struct sim_thread {
    struct page_fault f;
    uint8_t node, waits, length, next;
    uint8_t answered; /* the present step */
    uint8_t pinned;   /* the step before next; waits for SIM_UNPIN */
    struct sim_step script[SIM_SCRIPT];
    int8_t result[SIM_SCRIPT]; /* enum core_status */
    uint8_t seen[SIM_SCRIPT];  /* litmus only: what was read */
};

struct sim {
    unsigned nodes, pages, threads;
    unsigned crashes;      /* how many more may happen */
    unsigned crashed;      /* so far */
    uint32_t fail_in_1024; /* allocations that fail */
    uint8_t initial;       /* mask of pages that begin with SIM_INITIAL + page, not with zero */
    uint8_t drops;         /* mask of pages that may be dropped */
    uint8_t retired;       /* of them: they are */
    bool litmus; /* writes have values of their own (sim_plan_value), what is read is kept, and with a
pin there is one access only, at its end */
    enum {
        SIM_SOUND,
        SIM_DEAF,
        SIM_STALE
    } planted; /* an error of the protocol; there is no reference then:
INV is acknowledged and not obeyed; a page is sent as it was before the last write here */
    uint64_t random;
    uint64_t value[SIM_PAGES]; /* the reference */
    uint64_t writes, reads, lost;
    uint64_t messages; /* sent between nodes */
    uint64_t pins, pins_waited_for, initials,
        dropped; /* unpinned; with an order waiting; made; page and node */
    struct sim_node node[SIM_NODES];
    struct sim_thread thread[SIM_THREADS];
    uint8_t queued[SIM_NODES][SIM_NODES];
    struct sim_packet channel[SIM_NODES][SIM_NODES][SIM_CHANNEL]; /* from, to */
};
extern struct sim sim; /* the one world */

struct sim_action {
    /* a, b: from, to; thread; thread; node; page; node, page; node; node, who learns */
    enum { SIM_DELIVER, SIM_STEP, SIM_UNPIN, SIM_POLL, SIM_RETIRE, SIM_DROP, SIM_CRASH, SIM_DETECT } kind;
    unsigned a, b;
};
enum {
    SIM_INITIAL = 0x100,
    SIM_ACTIONS = SIM_NODES * SIM_NODES * 2 + SIM_THREADS + SIM_NODES * 2 + SIM_PAGES * (SIM_NODES + 1)
};

/* An empty world. Home of page n is node n modulo nodes. */
void sim_start(unsigned nodes, unsigned pages, uint64_t hold_ns);
void sim_initial(unsigned mask);    /* at once after sim_start: these pages' initial contents are not zero */
unsigned sim_thread(unsigned node); /* a new thread's number */
void sim_plan(unsigned thread, unsigned page, bool write);
void sim_plan_pin(unsigned thread, unsigned page, bool write); /* the same, with a pin */
void sim_plan_value(unsigned thread, unsigned value);          /* litmus: what the last step planned writes */
unsigned sim_actions(struct sim_action *list);                 /* what can happen; 0: all is over */
void sim_act(const struct sim_action *a);
void sim_print(const struct sim_action *a); /* a line on stdout: what it is going to do */
/* NULL, or what is wrong. */
const char *sim_check(void);
/* When nothing can happen any more: NULL, or what is wrong. Tears the world down. */
const char *sim_finish(void);
/* Runs until nothing can happen, earliest action first. NULL, or what is wrong. */
const char *sim_run(void);
uint64_t sim_random(void); /* splitmix64 of sim.random */
#endif
