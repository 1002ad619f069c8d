/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remote.h - one process over nodes: what kernels ask of each other, all of it messages of cluster.h.
 *
 *   remote.c          which message is whose; asking and answering
 *   remote_call.c     system calls that the origin does for a thread elsewhere
 *   remote_thread.c   threads on other nodes: how they begin, what happens when the node dies
 *   remote_fork.c     fork by a thread elsewhere than at the origin
 *   remote_process.c  processes that begin on other nodes; the core's messages about processes
 *   remote_file.c     reading and writing files that are open on another node
 *   remote_pass.c     the files that a process on another node inherits
 *   remote_info.c     what nodes tell of themselves, in /proc
 *   mapping.h         which file a mapping of a reference is of
 *
 * A request always has an end: an answer, or an error when the node that was asked is dead.
 */
#ifndef KERNEL_REMOTE_H
#define KERNEL_REMOTE_H

#include "guest-kernel/kernel/dsm.h"
#include "guest-kernel/kernel/process.h"

/* Types of messages; from whom to whom, what. The others from 0x82 on are of the core: enum group_type, enum
 * vma_type. */
enum remote_type {
    REMOTE_LEAVE = 0x80,        /* to all: this node has no work of its own left; cluster.c */
    REMOTE_CALL = 0x81,         /* replica to origin: struct remote_call; answer: int64_t */
    REMOTE_INFO = 0x8d,         /* to node: uint32_t which; answer: text */
    REMOTE_CONSOLE = 0x8e,      /* to node 0: text */
    REMOTE_RANGES = 0x8f,       /* replica to origin: see remote_fork.c */
    REMOTE_FILE_PASS = 0xb0,    /* parent's origin to node: struct remote_pass; answer: int64_t, parcel */
    REMOTE_FILE_DROP = 0xb1,    /* the same way: uint32_t parcel that nobody wants */
    REMOTE_FILE_TAKE = 0xb2,    /* child's node to homes: struct remote_pass; answer: int64_t */
    REMOTE_FILE_RELEASE = 0xb3, /* to home: uint64_t number: no reference is left there */
    REMOTE_FILE_READ = 0xb4,    /* to home: struct file_piece, maybe a place; answer: so, or its head */
    REMOTE_FILE_WRITE = 0xb5,   /* the same */
    REMOTE_FILE_CANCEL = 0xb6,  /* to home: uint64_t token: answer, whatever has been done */
    REMOTE_FILE_NAME = 0xb7,    /* to home: struct file_name (mapping.c); answer: int64_t */
};

/* Event port. Data: uint32_t each. */
enum {
    REMOTE_EVENT_BEGIN = 0x23, /* a thread begins here; arg: its id; data: process, node */
    REMOTE_EVENT_FUTEX = 0x24, /* arg: 0 wait, 1 wake; data: address (uint64_t), value, process */
    REMOTE_EVENT_CALL = 0x25,  /* a call goes to the origin; arg: its number; data: process, thread */
    REMOTE_EVENT_END = 0x26,   /* a thread ends here; the same as 0x23 */
};
enum { OWNER_DIED = 0x40000000 }; /* in a thread's clear_tid word: its node has died */

/* ---- remote.c ---- */

enum { REMOTE_BYTES = 4096 };
/*
 * Asks a node, waits, and copies at most max bytes of the answer, *got of them (may be NULL). 0 or enum
 * core_status.
 */
int remote_ask(unsigned node, unsigned type, const void *data, size_t bytes, void *answer, size_t max,
               size_t *got);
/*
 * The same; when the thread should wait no longer (wait_for), the first 8 bytes of data are sent as a message
 * of type cancel: after that the node has to answer soon.
 */
int remote_ask_long(unsigned node, unsigned type, const void *data, size_t bytes, void *answer, size_t max,
                    size_t *got, unsigned cancel);
/* The same for an answer that is a number; -EHOSTDOWN if the node is dead. */
int64_t remote_ask_number(unsigned node, unsigned type, const void *data, size_t bytes);
void remote_answer_number(unsigned node, uint32_t request, unsigned type, int64_t value);
/* A message has come; request: 0 or its number. */
void remote_message(unsigned from, uint32_t request, unsigned type, const void *data, size_t bytes);
void remote_dead(unsigned node);

/* ---- remote_call.c ---- */

/* The origin does it. */
int64_t remote_system_call(uint64_t number, const uint64_t *argument);
/* What a program cannot have done there by its number: clone; its argument 0 is remote_fork.c's. */
enum { REMOTE_CALL_FORK = 220 };
/* Wakes who waits for that word, wherever. */
void remote_futex_wake(struct process *p, uintptr_t at);
void remote_call_message(unsigned from, uint32_t request, const void *data, size_t bytes);
void remote_call_dead(unsigned node);

/* ---- remote_fork.c ---- */

/* At a replica: the current process's child, which begins with this frame and thread pointer and the current
 * floating point. Its id or negative errno. Waits. */
int64_t remote_fork(const struct frame *begin, uint64_t tls);
/* At the child's origin, from within the core: the child of the fork of that name. 0 or negative errno. */
int32_t remote_fork_load(struct process *child, int parent, uint32_t token);
void remote_fork_message(unsigned from, uint32_t request, const void *data, size_t bytes);

/* ---- remote_thread.c ---- */

struct thread_start { /* how a thread begins, on any instruction set */
    uint64_t pc, argument, sp, tls, clear_tid;
};
/* At the origin: a new thread on that node, which may be this one. Its id or negative errno. Waits. */
int64_t remote_thread_new(struct process *p, unsigned node, const struct thread_start *s);
/* Tells the event port of a program's thread that begins or ends here: one of the two above. */
void remote_thread_event(unsigned event, const struct process *p, int thread);
/* At a replica: the id for a thread that it makes itself (thread_new, or process_left). Waits. */
int64_t remote_thread_join(struct process *p, uint64_t clear_tid);
/* Callbacks of the core: struct group_config. */
int32_t remote_replica(void *ctx, struct group_process *g, const void *what, size_t bytes);
int32_t remote_begin(void *ctx, struct group_process *g, int32_t thread, const void *what, size_t bytes);
bool remote_bury(void *ctx, struct group_process *g);

/* ---- remote_process.c ---- */

/* At the parent's origin: a process on another node. Its id or negative errno. Waits. */
int64_t remote_spawn(struct process *parent, unsigned node, const char *path, const struct arguments *a);
/* The same for a fork of that token by one of its threads on that node. */
int64_t remote_fork_child(struct process *parent, unsigned node, uint32_t token);
/* Callbacks of the core: struct group_config. */
int32_t remote_load(void *ctx, struct group_process *g, const void *what, size_t bytes);
void remote_send(void *ctx, unsigned to, unsigned type, const struct group_wire *w, const void *what,
                 size_t bytes);

/* ---- remote_file.c ---- */

/* Of a FILE_REMOTE: n bytes of *p at most. They wait; how many were done, or negative errno. */
int64_t remote_file_read(struct file *f, struct file_piece *p, size_t n);
int64_t remote_file_write(struct file *f, struct file_piece *p, size_t n);
/* The same into user memory, at most FILE_BULK bytes, which the home writes into a place. -ENOMEM: not so. */
int64_t remote_file_bulk(struct file *f, uintptr_t to, uint64_t n);
/* Of a FILE_REMOTE: it has no user left. */
void remote_file_release(const struct file *f);
/* A pipe or the console of this node has changed. */
void remote_file_serve(void);
void remote_file_message(unsigned from, uint32_t request, unsigned type, const void *data, size_t bytes);
void remote_file_dead(unsigned node);

/* ---- remote_pass.c ---- */

struct remote_files { /* as a spawn tells them */
    uint32_t console; /* a mask of descriptors */
    uint32_t parcel;  /* 0: there are no others */
    uint32_t close_on_exec, zero;
};
/* At the parent's origin: what a process on that node will inherit; all: also what exec closes. 0 or negative
 * errno. Waits. */
int64_t remote_pass(const struct process *p, unsigned node, bool all, struct remote_files *files);
/* The spawn has failed. */
void remote_pass_drop(unsigned node, const struct remote_files *files);
/* At the child's origin: it has them. */
void remote_pass_take(struct process *child, unsigned from, const struct remote_files *files);
void remote_pass_message(unsigned from, uint32_t request, unsigned type, const void *data, size_t bytes);
void remote_pass_dead(unsigned node);

/* ---- remote_info.c ---- */

/* Fills a page with the text of a file below /proc; its length or negative errno. May wait. */
int64_t remote_info(const char *path, char *page);
void remote_info_message(unsigned from, uint32_t request, unsigned type, const void *data, size_t bytes);
/* The console of the whole is another node's: node 0's. */
bool remote_console_elsewhere(void);
/* A program's text for the console of the whole. */
void remote_console(const char *text, size_t n);

#endif
