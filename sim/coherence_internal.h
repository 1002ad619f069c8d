/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coherence_internal.h - what the files of the checker share; nobody else includes it.
 *
 *   record --coherence_record.c--> struct change --coherence.c: waits, order--> judge
 *                                                   |-- coherence_pages.c    who may read and write
 *                                                   `-- coherence_threads.c  who runs where
 */
#ifndef COB_COHERENCE_INTERNAL_H
#define COB_COHERENCE_INTERNAL_H

#include "sim/coherence.h"
#include <stdbool.h>

enum { COHERENCE_NOBODY = COHERENCE_MAX_NODES };

enum change_kind {
    CHANGE_PAGE,
    CHANGE_GONE,
    CHANGE_MEMBER,
    CHANGE_BEGINS,
    CHANGE_ENDS,
    CHANGE_FUTEX,
    CHANGE_CALL
};

/* A record, or the end of a node. */
struct change {
    vtime_t at;
    uint64_t seq;
    enum change_kind kind;
    uint32_t arg, len; /* as they came; len: of the data */
    uint8_t node;
    bool malformed, done;
    union {
        struct {
            uint64_t number, version;
            enum coherence_state state;
        } page;
        struct {
            uint32_t thread, process, node;
        } thread; /* BEGINS, ENDS; CALL without node; FUTEX: process */
        struct {
            uint32_t node;
            bool dead;
        } member;
    };
};

struct page;
struct running;
struct process;

struct coherence {
    const char *names[COHERENCE_MAX_NODES];
    unsigned n_nodes;
    struct coherence_limits limits;
    struct change *waiting;
    size_t n_waiting, cap_waiting;
    uint64_t seq;
    uint64_t live_pages,
        live_threads; /* masks of nodes that have spoken of such since they were switched on */
    vtime_t committed;
    struct page *pages; /* open addressing; cap_pages is 0 or a power of two */
    size_t n_pages, cap_pages;
    struct running *running; /* the same */
    size_t n_running, cap_running;
    struct process *processes; /* the same */
    size_t n_processes, cap_processes;
    uint64_t held_dead[COHERENCE_MAX_NODES]; /* whom each node holds for dead */
    struct coherence_counts counts;
    enum coherence_kind kind;
    char why[400];
};

static inline uint64_t coherence_bit(unsigned node)
{
    return UINT64_C(1) << node;
}

static inline uint64_t coherence_hash(uint64_t h) /* SplitMix64's */
{
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
    return h ^ (h >> 31);
}

/* The first contradiction is kept. */
void coherence_contradiction(struct coherence *c, enum coherence_kind kind, vtime_t at, const char *format,
                             ...) __attribute__((format(printf, 4, 5)));

/* coherence_record.c: false: nothing that is followed. */
bool coherence_read(const void *record, uint32_t len, unsigned n_nodes, struct change *e);
void coherence_malformed(struct coherence *c, const struct change *e);

/* coherence_pages.c */
void coherence_judge_page(struct coherence *c, const struct change *e);
bool coherence_gives_up_page(const struct coherence *c, const struct change *e);
void coherence_pages_gone(struct coherence *c, unsigned node);
void coherence_pages_forget(struct coherence *c);

/* coherence_threads.c */
void coherence_judge_thread(struct coherence *c, const struct change *e); /* all kinds but PAGE and GONE */
void coherence_threads_gone(struct coherence *c, unsigned node);
void coherence_threads_forget(struct coherence *c);

#endif
