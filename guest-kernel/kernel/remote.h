/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remote.h - one process over nodes: what kernels ask of each other, all of it messages of cluster.h.
 *
 *   remote.c          which message is whose; asking and answering
 *   remote_call.c     system calls that the origin does for a thread elsewhere
 *   remote_thread.c   threads on other nodes: beginning, end, what happens when the node dies
 *   remote_process.c  processes on other nodes: spawn, kill, the end
 *   remote_info.c     what nodes tell of themselves, in /proc
 *
 * A request always has an end: an answer, or an error when the node that was asked is dead.
 */
#ifndef KERNEL_REMOTE_H
#define KERNEL_REMOTE_H

#include "guest-kernel/kernel/dsm.h"
#include "guest-kernel/kernel/process.h"

enum remote_type {                      /* of messages; from whom to whom, what */
                   REMOTE_LEAVE = 0x80, /* to all: this node has no work of its own left; cluster.c */
                   REMOTE_CALL = 0x81,  /* replica to origin: struct remote_call; answer: int64_t */
                   REMOTE_START = 0x82, /* origin to node: struct remote_start; answer: int64_t, 0 or error */
                   REMOTE_JOIN =
                       0x83, /* replica to origin: struct remote_join; answer: int64_t, thread id or error */
                   REMOTE_LEFT = 0x84, /* replica to origin: struct remote_left */
                   /* 0x85..0x87, 0x90..0x92: enum vma_type of guest-kernel/core/vma.h */
                   REMOTE_SPAWN =
                       0x88, /* parent's origin to node: struct remote_spawn; answer: int64_t, id or error */
                   REMOTE_KILL = 0x89, /* to origin: struct remote_end (status: signal); answer: int64_t */
                   REMOTE_ENDING =
                       0x8a, /* origin to replica, or replica to origin: struct remote_end; threads leave */
                   REMOTE_ENDED = 0x8b, /* origin to replica: struct remote_end; it has no thread left */
                   REMOTE_CHILD =
                       0x8c, /* child's origin to parent's: struct remote_end; the child has ended */
                   REMOTE_INFO = 0x8d,    /* to node: uint32_t which; answer: text */
                   REMOTE_CONSOLE = 0x8e, /* to node 0: text */
};

/* Event port. Data: uint32_t each. */
enum {
    REMOTE_EVENT_THREAD = 0x23, /* a thread begins here; arg: its id; data: process, node */
    REMOTE_EVENT_FUTEX = 0x24,  /* arg: 0 wait, 1 wake; data: address (uint64_t), value, process */
    REMOTE_EVENT_CALL = 0x25,   /* a call goes to the origin; arg: its number; data: process, thread */
};
enum { OWNER_DIED = 0x40000000 }; /* in a thread's clear_tid word: its node has died */

struct remote_end {
    int32_t id, status;
};

/* ---- remote.c ---- */

enum { REMOTE_BYTES = 4096 };
/*
 * Asks a node, waits, and copies at most max bytes of the answer, *got of them (may be NULL). 0 or enum
 * core_status.
 */
int remote_ask(unsigned node, unsigned type, const void *data, size_t bytes, void *answer, size_t max,
               size_t *got);
/* The same for an answer that is a number; -EHOSTDOWN if the node is dead. */
int64_t remote_ask_number(unsigned node, unsigned type, const void *data, size_t bytes);
void remote_answer_number(unsigned node, uint32_t request, unsigned type, int64_t value);
/* A message has come; request: 0 or its number. */
void remote_message(unsigned from, uint32_t request, unsigned type, const void *data, size_t bytes);
void remote_dead(unsigned node);

/* ---- remote_call.c ---- */

/* The origin does it. */
int64_t remote_system_call(uint64_t number, const uint64_t *argument);
/* Wakes who waits for that word, wherever. */
void remote_futex_wake(struct process *p, uintptr_t at);
void remote_call_message(unsigned from, uint32_t request, const void *data, size_t bytes);
void remote_call_dead(unsigned node);

/* ---- remote_thread.c ---- */

struct thread_start { /* how a thread begins, on any instruction set */
    uint64_t pc, argument, sp, tls, clear_tid;
};
/* At the origin: a new thread on that node, which may be this one. Its id or negative errno. Waits. */
int64_t remote_thread_new(struct process *p, unsigned node, const struct thread_start *s);
/* At a replica: the id for a thread that it will make itself. */
int64_t remote_thread_join(struct process *p, uint64_t clear_tid);
/* At a replica: a thread of it has ended. */
void remote_thread_left(struct process *p, int thread, int status);
void remote_thread_message(unsigned from, uint32_t request, unsigned type, const void *data, size_t bytes);
void remote_thread_dead(struct process *p, unsigned node);
/* At the origin, when the process goes. */
void remote_thread_none(struct process *p);

/* ---- remote_process.c ---- */

/* At the parent's origin: a process on another node. Its id or negative errno. Waits. */
int64_t remote_spawn(struct process *parent, unsigned node, const char *path, const struct arguments *a);
int64_t remote_kill(int id, unsigned signal);
/* At the origin: tells replicas; at a replica: tells the origin. */
void remote_ending(struct process *p);
/* At the origin: the last thread is gone. */
void remote_ended(struct process *p);
void remote_process_message(unsigned from, uint32_t request, unsigned type, const void *data, size_t bytes);

/* ---- remote_info.c ---- */

/* Fills a page with the text of a file below /proc; its length or negative errno. May wait. */
int64_t remote_info(const char *path, char *page);
void remote_info_message(unsigned from, uint32_t request, unsigned type, const void *data, size_t bytes);
/* A program's text for the console of the whole. */
void remote_console(const char *text, size_t n);

#endif
