/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vma_sim.h - a few nodes with address ranges (guest-kernel/core/vma.h) and the page directory (page.h) as
 * the kernel joins them: page tables, faults, and threads with scripts that touch addresses and call for
 * maps, unmaps, protects and brk at their process's origin.
 *
 * As in sim.h the world is one struct without pointers to outside, and what can happen next is a list.
 * Channels carry both services' messages in one order. A thread that was woken runs as an action of its own,
 * so anything may come before it. What one thread has been told, all know at once: stricter than messages.
 *
 * A touch with a translation that allows it goes past the kernel, as on a processor: if a translation should
 * have gone, it is found out.
 */
#ifndef TESTS_CORE_VMA_SIM_H
#define TESTS_CORE_VMA_SIM_H
#include "guest-kernel/core/page_internal.h"
#include "guest-kernel/core/vma_internal.h"

#ifndef VS_NODES /* all of these or none */
#define VS_NODES   4
#define VS_SPACES  3
#define VS_THREADS 8
#define VS_STEPS   12
#define VS_CHANNEL 96
#define VS_BLOCKS  160
#define VS_PLACES  12
#endif
enum { VS_PAGE = 8, VS_BLOCK = 448, VS_FRAMES = VS_SPACES * VS_PLACES * 3 };
enum { VS_READ = 1, VS_WRITE = 2 }; /* of prot */
enum { VS_HEAP = 3 };               /* pages 1..3 are brk's */
enum { VS_FILE = 0x1000 };          /* a page of file f holds f * VS_FILE + its number */

struct vs_packet {
    uint32_t type, bytes;
    union {
        struct {
            struct vma_wire w;
            struct vma_piece piece[VS_PLACES];
        } v;
        struct {
            struct page_wire w;
            uint64_t data;
        } p;
    };
};
struct vs_translation {
    uint64_t key;
    uint64_t *frame;
    uint8_t prot; /* 0: none */
    uint8_t text;
};
struct vs_node {
    struct vma v;
    struct page p;
    struct core_env env;
    uint8_t alive, number;
    struct vma_space space[VS_SPACES];
    uint8_t has[VS_SPACES];
    struct vs_translation tr[VS_SPACES][VS_PLACES + 1];
    uint64_t frame[VS_FRAMES];
    uint8_t frame_used[VS_FRAMES];
    uint8_t block_used[VS_BLOCKS];
    uint64_t memory[VS_BLOCKS][VS_BLOCK / 8];
};
struct vs_step {
    enum { VS_TOUCH, VS_UNMAP, VS_PROTECT, VS_MAP, VS_ADD, VS_PLACE, VS_BRK } what;
    uint8_t page, pages; /* VS_BRK: page is brk's */
    uint8_t prot;        /* of the touch, or new */
    uint8_t file, text;
};
struct vs_thread {
    struct vma_lookup lookup; /* first: done finds the thread */
    struct vma_op op;
    struct page_fault fault;
    uint8_t node, space, length, next;
    enum { VS_IDLE, VS_LOOKING, VS_WAITING, VS_PINNED, VS_CALLING } state;
    uint8_t woken;
    uint8_t excused; /* since its touch began something was under way: it may be refused */
    int status;
    uint64_t key;
    struct vma_area area; /* that it waits for a page of */
    struct vs_step script[VS_STEPS];
    int8_t result[VS_STEPS];
};
struct vs_truth { /* of a page of addresses: what was promised */
    uint8_t mapped, prot, text;
    uint8_t pending, protecting; /* operations that are not done */
    uint64_t value;
};
struct vs {
    unsigned nodes, spaces, threads, crashes, crashed;
    uint32_t fail_in_1024;
    uint64_t now;
    uint64_t random, seed, values;
    unsigned value_modulo; /* 0: written values do not come back */
    uint8_t origin[VS_SPACES], dead[VS_SPACES];
    struct vs_truth truth[VS_SPACES][VS_PLACES + 1];
    uint64_t brk[VS_SPACES];
    uint64_t touched, refused, by_translation, repeated, ended[VS_BRK + 1], lost, nomem, invalid;
    struct vs_node node[VS_NODES];
    struct vs_thread thread[VS_THREADS];
    uint8_t queued[VS_NODES][VS_NODES];
    struct vs_packet channel[VS_NODES][VS_NODES][VS_CHANNEL]; /* from, to */
};
extern struct vs vs; /* the one world */

/* What a larger world has besides (world.h), in which processes come and go; NULL: there is none. */
struct vs_hooks {
    void (*sent)(unsigned from, unsigned to, unsigned type); /* into the channel: vs_deliver() takes it out */
    uint64_t (*replicas)(unsigned space);
    void (*call)(unsigned thread); /* it waits for its process's origin, another node: vs_call_begins() */
    void (*call_over)(unsigned thread); /* that has ended, with the thread's status: vs_call_ends() */
};
extern const struct vs_hooks *vs_hooks;

struct vs_action {
    /* a, b: from, to; thread; thread; node; node, who learns */
    enum { VS_DELIVER, VS_RUN, VS_UNPIN, VS_CRASH, VS_DETECT } kind;
    unsigned a, b;
};
enum { VS_ACTIONS = VS_NODES * VS_NODES * 2 + VS_THREADS + VS_NODES };

/* An empty world; processes' origins are node 0, 1, ... in turn. The rest: struct vma_config. */
void vs_start(unsigned nodes, unsigned spaces, unsigned cached, unsigned max_ranges, unsigned pieces);
/* Before anything happens: this is there, if there is room. */
void vs_map_first(unsigned space, struct vs_step s);
unsigned vs_thread(unsigned node, unsigned space);
void vs_plan(unsigned thread, struct vs_step s);
unsigned vs_actions(struct vs_action *list);
void vs_act(const struct vs_action *a);
void vs_deliver(unsigned from, unsigned to);
void vs_crash(unsigned node);
void vs_detect(unsigned dead, unsigned node);
void vs_print(const struct vs_action *a);
const char *vs_check(void);
const char *vs_finish(void);
uint64_t vs_random(void);
uint64_t vs_key(unsigned space, uint32_t object, uint64_t page);
unsigned vs_space_of(uint64_t key);
void vs_broken(const char *what);
#endif
