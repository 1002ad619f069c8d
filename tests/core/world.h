/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world.h - processes (group_sim.h), their address ranges and pages (vma_sim.h) and messages (msg.h) as one:
 * a few kernels without hardware. Both worlds are as they are alone, with the same nodes; here is what the
 * kernel does between them:
 *
 *     a process begins, is copied, ends at a node   it has memory there, the same ranges, nothing any more
 *     step m of a thread                            steps of the thread in vma_sim.h with the same node and
 * slot mmap and so on elsewhere                      a question to the origin, which holds the process
 * meanwhile a message of either                           one sequence of msg.h for both, between each two
 * nodes
 *
 * A message itself stays in its world's channel, and only says through msg.h that it is there: so it is seen
 * that msg.h delivers each once, and in order, and both worlds' own checks can look at what is under way.
 *
 * Datagrams are delivered in any order, lost and repeated; or, in a reliable world, kept in order. Time goes
 * on when it likes to. Beside gs and vs there is one more struct, w.
 */
#ifndef TESTS_CORE_WORLD_H
#define TESTS_CORE_WORLD_H
#include "guest-kernel/core/msg.h"
#include "tests/core/group_sim.h"
#include "tests/core/vma_sim.h"

enum { W_DATAGRAMS = 2048 };
enum { W_CALL = 0xb0, W_ANSWER = 0xb1 }; /* types of messages: a thread's call to its origin, and back */

struct w_call {
    uint32_t thread;
    int32_t status;
};
struct w_datagram {
    uint8_t from, to;
    uint16_t bytes;
    struct msg m;
    struct w_call call;
};
struct w_node {
    struct core_env env;
    struct msg_layer m;
    uint64_t timer_at;
    long blocks;
};
struct w {
    uint64_t seed;
    bool reliable;
    unsigned loss, twice;    /* of 1000 datagrams */
    unsigned calls, mapping; /* vs_random_step() */
    unsigned hits;           /* so often a thread looks for an address that is mapped */
    unsigned crashes;        /* that may still come */
    unsigned late;           /* of 8: how often a death is not learnt when it could be */
    int32_t id[VS_SPACES];   /* of the process whose memory that space is */
    enum { W_NONE, W_ASKED, W_SERVED, W_ENDED, W_ANSWERED } call[VS_THREADS];
    struct w_node node[GS_NODES];
    unsigned datagrams;
    struct w_datagram datagram[W_DATAGRAMS];
    uint64_t sent, lost, repeated, ticks, called, copied, spaces, held_for_call;
};
extern struct w w; /* the one world */

/* ---- world.c ---- */

/* Its seed decides everything. */
void world_start(uint64_t seed);
/* Something happens; false: nothing can. */
bool world_step(bool verbose);
void world_broken(const char *what);
unsigned world_below(unsigned n);

/* ---- world_net.c ---- */

void world_net_start(unsigned node);
void world_post(unsigned from, unsigned to, unsigned type, const struct w_call *call);
/* One of the datagrams comes, is lost, or comes and stays. */
void world_datagram(bool verbose);
/* The next time that somebody waits for. False: nobody does. */
bool world_tick(void);
bool world_timers(void);

/* ---- world_memory.c ---- */

void world_memory_start(void);
/* A call has come to the origin, or its answer to the thread. */
void world_call(unsigned from, unsigned to, unsigned type, const struct w_call *call);
/* The origin's thread that served the call is done. */
void world_answer(unsigned thread);
void world_calls_dead(unsigned dead, unsigned node);
/* The thread's steps are over, or are broken off as its process ends; true: now. */
bool world_memory_over(unsigned thread);
struct group_process *world_process(unsigned node, unsigned space);

/* ---- world_check.c ---- */

/* NULL, or what is wrong. */
const char *world_check(void);
const char *world_finish(void);
#endif
