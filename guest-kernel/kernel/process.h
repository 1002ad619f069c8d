/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * process.h - processes and threads.
 *
 *   process.c   the table of processes: what they have, and waiting for them. Who is alive, and who has to
 *               end, on whatever node, guest-kernel/core/group.h knows
 *   thread.c    threads, the scheduler, waiting
 *   memory.c    a process's address ranges, which guest-kernel/core/vma.h keeps over nodes
 *   fault.c     pages of user memory, which dsm.c gets; user.c copies from and to it
 *   exec.c      ELF files; futex.c the rest
 *   descriptor.c, file.c, pipe.c, console.h   open files
 *   remote.h    threads and processes on other nodes
 *
 * A process belongs to the node that its id names, its origin. Where else it has threads there is a replica:
 * page tables and some of the ranges, no files, no count of all threads.
 *
 * The kernel is not preemptive, and one CPU at a time runs it (cpu.h): what is said here holds between two
 * points at which a thread waits.
 */
#ifndef KERNEL_PROCESS_H
#define KERNEL_PROCESS_H

#include "guest-kernel/core/group.h"
#include "guest-kernel/kernel/kernel.h"
#include "guest-kernel/kernel/program.h"
#include "guest-kernel/kernel/stack.h"

enum { FILES = 16, PROCESSES = 64, THREADS = 256, PATH = 64 };
enum { SIGBUS = 7, SIGKILL = 9, SIGSEGV = 11 };

struct file;
struct core_env;
struct vma_area;
struct vma_space;
struct placement { /* of new threads whose node is left open */
    enum { PLACE_HERE, PLACE_SPREAD, PLACE_NODE } policy;
    unsigned value; /* PLACE_NODE: which; PLACE_SPREAD: where the next one goes */
};
struct image { /* what execve replaces */
    uint64_t root;
    struct vma_space *space; /* its address ranges, as this node knows them */
    struct program program;  /* in the file on this node */
    char path[PATH];
};
struct process {
    struct group_process; /* its id, 0: free; whether it is a replica, ending and so on: group.h */
    union {
        struct image image;
        struct image;
    };
    bool first; /* init: the node ends with it */
    struct file *files[FILES];
    uint32_t close_on_exec; /* a mask of files */
    struct placement placement;
    bool copying; /* its first thread begins when the memory is there (remote_fork.c); channel: this */
};
enum state { FREE, RUNNABLE, RUNNING, WAITING, GONE };
struct thread {          /* at the upper end of its kernel stack: stack.h */
    uintptr_t emergency; /* that stack of the CPU that runs it; first: trap_riscv64.S */
    int id;
    enum state state;
    unsigned cpu;            /* that runs it, or did last */
    struct process *process; /* NULL: the idle loop */
    struct thread *next;     /* of those runnable */
    uintptr_t context;       /* while it does not run */
    struct frame *frame;     /* of user mode */
    const void *channel;
    uint64_t wake_ns;
    uint64_t tls;
    uintptr_t clear_tid; /* user address: set to 0 and woken when it ends */
    bool pinned;         /* it has that page until it has gone on (memory_progress) */
    uint64_t pinned_key;
    uintptr_t pinned_pc;
    bool cancelled;              /* what it waits for is not wanted any more */
    void (*run)(void *argument); /* of a thread that stays in the kernel */
    void *argument;
    _Alignas(16) uint8_t fp[FP_BYTES]; /* while it does not run */
};
_Static_assert(offsetof(struct thread, emergency) == 0, "trap_riscv64.S");

/* ---- process.c ---- */

/* Before the first message comes. */
void process_service(const struct core_env *env, unsigned self, unsigned nodes);
extern struct group group; /* the processes */
static inline struct group_process *process_group(struct process *p)
{
    return (struct group_process *)p; /* its beginning */
}
/* The first one, from the file that init= names; none if that is "-". */
void process_first(void);
/* A new one of this node; parent may be NULL. Its first thread, of the process's id, is counted already:
 * thread_new(), or process_discard(). NULL: no room. */
struct process *process_new(struct process *parent);
void process_discard(struct process *p);
/* A further thread is going to begin here; its id, or negative errno. If it does not: process_left(). */
int64_t process_thread(struct process *p);
/* Which node a process or thread id is of. */
unsigned process_origin(int id);
/* The process, or this node's replica of it. NULL: there is none, or it has ended. */
struct process *process_here(int id);
struct process *process_at(unsigned slot); /* for slots below PROCESSES, replicas and zombies; NULL: free */
/* Every thread of it leaves soon, wherever; status as wait4 tells it. */
void process_end(struct process *p, int status);
/* One of its threads here is no more. Nothing of p may be used afterwards. */
void process_left(struct process *p, int thread, int status);
/* Work for it in the kernel: it does not go until it is released. Then the same. */
void process_hold(struct process *p);
void process_release(struct process *p);
/* An operation of the core, of a thread that waits for it. */
struct process_wait {
    struct group_op op; /* op.done: process_done */
    bool done;
};
void process_done(struct group_op *op);
/* status: what beginning it returned. Waits. Its value, or negative errno. */
int64_t process_outcome(struct process_wait *w, int status);
/* Negative errno for a status of the core; refusal: of another node's owner. */
int64_t process_error(int status, int64_t refusal);
/* System calls: results as Linux's, negative errno. */
int64_t process_kill(int id, unsigned signal);
int64_t process_wait(int id, int *status, bool no_hang);

/* ---- thread.c ---- */

/* Begins in user mode with a copy of this frame; the process counts it already. NULL: too many, or it is
 * ending. */
struct thread *thread_new(struct process *p, const struct frame *f, int id);
/* Runs a function in the kernel, in the process's address space, and before others. NULL: too many. */
struct thread *thread_kernel(struct process *p, void (*run)(void *argument), void *argument);
void thread_exit(int status) __attribute__((noreturn));
void leave_if_killed(void);
/* Wakes all that wait for it. */
void wake(const void *channel);
/* The same; they are the next to run. */
void wake_first(const void *channel);
/* Wakes all threads of a process. */
void wake_process(const struct process *p);
/* A thread's wait ends with -1, now and later. */
void thread_cancel(struct thread *t);
void wake_sleepers(void);
/* The timer's interrupt comes at that time of arch_time_ns(), or earlier. */
void timer_by(uint64_t at);
/*
 * Waits until woken or until that time of arch_time_ns(). -1: the time has come, or the process is ending.
 * May also return for no reason.
 */
int wait_for(const void *channel, uint64_t until_ns);
/* Waits until woken, even if the process is ending. May also return for no reason. */
void wait_always(const void *channel);
void yield(void);
/* In a long piece of work in the kernel: if the timer's interrupt is due, it and others are taken, and other
 * threads run. As all that waits. */
void breathe(void);
/* At the end of an interrupt: lets those run that wake_first() has woken. */
void preempt(void);
void scheduler(void) __attribute__((noreturn));

/* ---- memory.c ---- */

/* What pages of a range hold at first: vma_area.file. From CONTENTS_FILE on: initrd_number(). */
enum { CONTENTS_ZERO, CONTENTS_PROGRAM, CONTENTS_FILE };
void memory_init(const struct core_env *env, unsigned self, unsigned nodes);
/* A process of that id gets page tables and no ranges. False: no memory. */
bool memory_new(struct process *p);
/* The same goes, with all ranges; its pages are gone already, and its address space is not in use. */
void memory_free(struct process *p);
/* The same, and its pages on this node; it has no replicas. */
void memory_discard(struct process *p);
/* Ranges and all pages that were touched. -1: no memory, or a page is lost. */
int memory_copy(struct process *to, struct process *from);
/* Numbers of objects go on after those of the same process's other space. */
void memory_continue(struct process *p, const struct vma_space *before);
void memory_brk_begin(struct process *p, uintptr_t at);
void memory_brk_is(struct process *p, uintptr_t begin, uintptr_t now);
/* As memory_add() of a range of another process: with an object of its own, which is written to *a. */
bool memory_adopt(struct process *p, struct vma_area *a);
/* At the origin, where nothing is; text: each node has its own pages. False: something is there, or no
 * memory.
 */
bool memory_add(struct process *p, uintptr_t begin, uintptr_t end, unsigned prot, uint32_t contents,
                bool text);
/* The range of that address; may ask the origin and wait. NULL: *status says why, CORE_EINVAL: there is none.
 */
const struct vma_area *memory_range(struct process *p, uintptr_t at, int *status);
/* The same without asking. */
const struct vma_area *memory_known(const struct process *p, uintptr_t at);
/* The range with that page of an object. NULL: none, or not known here. */
const struct vma_area *memory_object(const struct process *p, uint32_t object, uint64_t page);
/* Fills in what the page at this address of the range holds at first; it is all zero before. False: nothing.
 */
bool memory_contents(const struct process *p, const struct vma_area *a, uintptr_t at, void *page);
/* That page of the range is behind the end of the file that it is of. */
bool memory_beyond(const struct vma_area *a, uintptr_t at);
void memory_message(unsigned from, unsigned type, const void *data, size_t bytes);
/* A thread does not wait for a page any more: who waits for that? */
void memory_quiet(void);
void memory_dead(unsigned node);
/* System calls. */
int64_t memory_brk(uintptr_t at);
int64_t memory_map(uintptr_t at, uint64_t bytes, unsigned prot, unsigned flags, uint64_t descriptor,
                   uint64_t offset);
int64_t memory_unmap(uintptr_t at, uint64_t bytes);
int64_t memory_protect(uintptr_t at, uint64_t bytes, unsigned prot);

/* ---- fault.c ---- */

enum { PAGE_BEYOND = -64 }; /* it is behind the end of a file */
struct page_ref {           /* a page of user memory, in use */
    void *frame;
    uint64_t key;
    unsigned prot; /* to map it with; 0: it is mapped already */
    int status;    /* if there is none: enum core_status, CORE_EINVAL: may not be touched so; PAGE_BEYOND */
    bool pinned;
};
/* Makes the page that was touched present; false: it is not the process's to touch so, and the process ends.
 */
bool process_fault(uintptr_t address, unsigned prot);
/* At a trap from user mode: has the thread gone on since its last fault, so that the page may go? anyway: it
 * may go in any case. */
void memory_progress(bool anyway);
/* The page at this address, made if it should be there; NULL: *ref says why. Waits. Then user_page_put(). */
void *user_page(struct process *p, uintptr_t at, unsigned prot, struct page_ref *ref);
void user_page_put(struct page_ref *ref);

/* ---- user.c ---- */

/* Current process; -1: bad address. They may wait. */
int copy_in(void *to, uintptr_t from, size_t n);
int copy_out(uintptr_t to, const void *from, size_t n);
/* The same of any process. */
int copy_to(struct process *p, uintptr_t to, const void *from, size_t n);
/* -1 also if it is longer than size - 1. */
int copy_string(char *to, uintptr_t from, size_t size);

/* ---- exec.c ---- */

enum { ARGUMENTS = 16, ARGUMENT_BYTES = 2048 };
struct arguments { /* one after the other, each with its end */
    unsigned n;
    size_t bytes;
    char text[ARGUMENT_BYTES];
};
/* Fills an empty process from an ELF file; *f begins the program. Negative errno. */
int exec_load(struct process *p, const char *path, const struct arguments *a, struct frame *f);
/* Of a replica: where this node has the program's contents. Negative errno. */
int exec_replica(struct process *p, const char *path);

/* ---- initrd.c ---- */

/* A file of the initial ram disk (cpio, newc); leading slashes do not count. NULL if there is none. */
const void *initrd_find(const char *path, uint64_t *bytes);
/* The number of the file with these contents, from CONTENTS_FILE on; 0: there is none. And back. */
uint32_t initrd_number(const void *data);
const void *initrd_file(uint32_t number, uint64_t *bytes);
/* Of all names, sizes and checksums: what has the same numbers the same files have. Never 0. */
uint64_t initrd_hash(void);

/* ---- futex.c ---- */

int64_t futex_wait(uintptr_t at, uint32_t value, uint64_t until_ns);
int64_t futex_wake(struct process *p, uintptr_t at, unsigned n);
/* Wakes n, and lets up to m others wait at another word. compare: only if the word at *value is so. */
int64_t futex_requeue(uintptr_t at, unsigned n, unsigned m, uintptr_t to, const uint32_t *value);

/* ---- file.c, pipe.c ---- */

enum { FILE_PIECE = 2048, FILE_BULK = 65536 }; /* bytes at a time; of another node's file into a place */
struct file_piece { /* data on their way to or from a file; also what remote_file.c sends */
    uint64_t token, number;
    int64_t n; /* bytes that are wanted or were done; negative errno */
    char data[FILE_PIECE];
};
enum { FILE_PIECE_HEAD = 24 };
_Static_assert(offsetof(struct file_piece, data) == FILE_PIECE_HEAD, "format");

struct pipe;
struct file {
    enum { FILE_CONSOLE, FILE_INITRD, FILE_TEXT, FILE_PIPE_IN, FILE_PIPE_OUT, FILE_REMOTE } kind;
    unsigned users;      /* here: descriptors, calls under way */
    uint64_t holders;    /* other nodes that have a reference */
    uint64_t number;     /* names it, at its home */
    unsigned home;       /* FILE_REMOTE: its node */
    const uint8_t *data; /* FILE_TEXT: a page, its own */
    uint64_t bytes, at;
    struct pipe *pipe;
};
/* With one user. NULL: too many. */
struct file *file_new(int kind);
/* One user more; returns f. file_close(): one less. */
struct file *file_hold(struct file *f);
void file_close(struct file *f);
/* The console, held. */
struct file *file_console(void);
/* This node's file of that number, 0: the console; not held. NULL: there is none. */
struct file *file_numbered(uint64_t number);
/* The reference to another node's file, held. NULL: too many. */
struct file *file_reference(unsigned home, uint64_t number);
/* That node has a reference; has none any more. */
void file_held(struct file *f, unsigned node);
void file_released(struct file *f, unsigned node);
void file_dead(unsigned node);
/* All slots from 0 on, free ones, too; NULL: no more. */
const struct file *file_at(unsigned slot);
/* With one user, or NULL and a negative errno. May wait. */
struct file *file_open(const char *path, unsigned flags, int64_t *error);
/* Bytes done, negative errno; -EAGAIN: nothing there, or no room; wait for file_channel(). At most
 * FILE_PIECE. */
int64_t file_get(struct file *f, void *to, size_t n);
/* Of the initial ram disk or /proc: its bytes are all there. Of another, what is there now will do. */
bool file_steady(const struct file *f);
int64_t file_put(struct file *f, const void *from, size_t n);
const void *file_channel(const struct file *f);
/* Who waits for it, here or elsewhere, tries again. */
void file_changed(const struct file *f);
/* User memory of the current process. They wait; a read is done when something is there. */
int64_t file_read(struct file *f, uintptr_t to, uint64_t n);
int64_t file_write(struct file *f, uintptr_t from, uint64_t n);
int pipe_new(struct file *in, struct file *out);
void pipe_close(struct pipe *p, bool writer);
/* As file_get() and file_put(); what is put is put as a whole. */
int64_t pipe_get(struct pipe *p, char *to, size_t n);
int64_t pipe_put(struct pipe *p, const char *from, size_t n);

/* ---- descriptor.c: of the current process, or of p ---- */

enum { CLOSE_ON_EXEC = 02000000 }; /* flags */
/* NULL: there is none. */
struct file *descriptor_file(uint64_t descriptor);
/* The lowest that is free; takes over f. Negative errno. */
int64_t descriptor_new(struct file *f, unsigned flags);
int64_t descriptor_copy(uint64_t from, uint64_t to, unsigned flags);
int64_t descriptor_close(uint64_t descriptor);
/* exec: without those that are to be closed then. */
void descriptors_copy(struct process *to, const struct process *from, bool exec);
/* exec: only those that are to be closed then. */
void descriptors_close(struct process *p, bool exec);
/* These, a mask, become the console. */
void descriptors_console(struct process *p, uint32_t mask);

#endif
