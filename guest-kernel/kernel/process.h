/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * process.h - processes and threads.
 *
 *   process.c   the table of processes: beginning, end, waiting for one, kill
 *   thread.c    threads, the scheduler, waiting
 *   memory.c    a process's address ranges; copying from and to user memory
 *   exec.c      ELF files; futex.c, file.c and pipe.c the rest
 *
 * The kernel is not preemptive, and one CPU runs it: what is said here holds between two points at which a
 * thread waits.
 */
#ifndef KERNEL_PROCESS_H
#define KERNEL_PROCESS_H

#include "guest-kernel/kernel/kernel.h"

enum { FILES = 16, RANGES = 24, PROCESSES = 64, THREADS = 256 };
enum { SIGBUS = 7, SIGKILL = 9, SIGSEGV = 11 };

struct file;
struct range { /* pages come when they are first touched */
    uintptr_t begin, end;
    unsigned prot;
};
struct process {
    int id; /* 0: free */
    struct process *parent;
    uint64_t root;
    struct range ranges[RANGES];
    uintptr_t brk_begin, brk;
    struct file *files[FILES];
    unsigned threads; /* alive */
    bool ending;      /* its threads leave at their next return to user mode */
    bool zombie;
    int status; /* as wait4 tells it */
};
enum state { FREE, RUNNABLE, RUNNING, WAITING, GONE };
struct thread { /* lies at the lower end of its kernel stack */
    int id;
    enum state state;
    struct process *process; /* NULL: the idle loop */
    struct thread *next;     /* of those runnable */
    uintptr_t context;       /* while it does not run */
    struct frame *frame;     /* of user mode */
    const void *channel;
    uint64_t wake_ns;
    uint64_t tls;
    uintptr_t clear_tid;               /* user address: set to 0 and woken when it ends */
    _Alignas(16) uint8_t fp[FP_BYTES]; /* while it does not run */
};

/* ---- process.c ---- */

void process_init(void);
/* The first one, from the file that init= names. */
void process_first(void);
struct process *process_new(struct process *parent);
/* Every thread of it leaves soon; status as wait4 tells it. */
void process_end(struct process *p, int status);
/* Of the last thread: gives everything back. */
void process_gone(struct process *p);
/* System calls: results as Linux's, negative errno. */
int64_t process_kill(int id, unsigned signal);
int64_t process_wait(int id, int *status, bool no_hang);

/* ---- thread.c ---- */

struct thread *current(void);
/* Begins in user mode with a copy of this frame. NULL: too many. */
struct thread *thread_new(struct process *p, const struct frame *f);
void thread_exit(void) __attribute__((noreturn));
void leave_if_killed(void);
/* Wakes all that wait for it. */
void wake(const void *channel);
/* Wakes all threads of a process. */
void wake_process(const struct process *p);
void wake_sleepers(void);
/* The timer's interrupt comes at that time of arch_time_ns(), or earlier. */
void timer_by(uint64_t at);
/*
 * Waits until woken or until that time of arch_time_ns(). -1: the time has come, or the process is ending.
 * May also return for no reason.
 */
int wait_for(const void *channel, uint64_t until_ns);
void yield(void);
void scheduler(void) __attribute__((noreturn));

/* ---- memory.c ---- */

/* Makes the page that was touched present; false: it is not the process's to touch so. Then the process ends.
 */
bool process_fault(uintptr_t address, unsigned prot);
bool range_add(struct process *p, uintptr_t begin, uintptr_t end, unsigned prot);
/* The page at this address, made if it should be there; NULL: may not be touched so. */
void *user_page(struct process *p, uintptr_t at, unsigned prot);
/* Current process; -1: bad address. */
int copy_in(void *to, uintptr_t from, size_t n);
int copy_out(uintptr_t to, const void *from, size_t n);
/* The same of any process. */
int copy_to(struct process *p, uintptr_t to, const void *from, size_t n);
/* -1 also if it is longer than size - 1. */
int copy_string(char *to, uintptr_t from, size_t size);
int64_t memory_brk(uintptr_t at);
int64_t memory_map(uintptr_t at, uint64_t bytes, unsigned prot, unsigned flags);
int64_t memory_unmap(uintptr_t at, uint64_t bytes);
int64_t memory_protect(uintptr_t at, uint64_t bytes, unsigned prot);

/* ---- exec.c ---- */

enum { ARGUMENTS = 16, ARGUMENT_BYTES = 2048 };
struct arguments { /* one after the other, each with its end */
    unsigned n;
    size_t bytes;
    char text[ARGUMENT_BYTES];
};
/* Fills an empty process from an ELF file; *f begins the program. Negative errno. */
int exec_load(struct process *p, const char *path, const struct arguments *a, struct frame *f);

/* ---- initrd.c ---- */

/* A file of the initial ram disk (cpio, newc); leading slashes do not count. NULL if there is none. */
const void *initrd_find(const char *path, uint64_t *bytes);

/* ---- futex.c ---- */

int64_t futex_wait(uintptr_t at, uint32_t value, uint64_t until_ns);
int64_t futex_wake(struct process *p, uintptr_t at, unsigned n);

/* ---- file.c, pipe.c ---- */

struct pipe;
struct file {
    enum { FILE_CONSOLE, FILE_INITRD, FILE_PIPE_IN, FILE_PIPE_OUT } kind;
    unsigned users;
    const uint8_t *data;
    uint64_t bytes, at;
    struct pipe *pipe;
};
/* Negative errno or descriptor; takes over f. NULL: no memory. */
int64_t file_install(struct file *f);
struct file *file_new(int kind);
void file_close(struct file *f);
void file_console(struct process *p);
int64_t file_open(const char *path, unsigned flags);
struct file *file_of(uint64_t descriptor);
int64_t file_read(struct file *f, uintptr_t to, uint64_t n);
int64_t file_write(struct file *f, uintptr_t from, uint64_t n);
int pipe_new(struct file *in, struct file *out);
void pipe_close(struct pipe *p, bool writer);
int64_t pipe_read(struct pipe *p, uintptr_t to, uint64_t n);
int64_t pipe_write(struct pipe *p, uintptr_t from, uint64_t n);

#endif
