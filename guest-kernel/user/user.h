/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * user.h - the C library of the replicated kernel's programs: system calls, threads on any node, memory,
 * text. Small, and the same on every instruction set; what is not is in start_<isa>.S.
 *
 * A program has main(); the library is linked whole (build-user.ninja, link). Calls return what the kernel
 * does: negative errno. Floating point gives the same bits on every instruction set; long double does not
 * exist. What threads on several nodes share must be of types whose size and layout are the same everywhere:
 * all others are.
 */
#ifndef USER_H
#define USER_H

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int main(int argc, char **argv);

/* ---- start_<isa>.S ---- */

long syscall6(long a, long b, long c, long d, long e, long f, long number);

/* ---- calls.c ---- */

void exit(int status) __attribute__((noreturn));
void exit_thread(void) __attribute__((noreturn));
long write(int fd, const void *from, size_t n);
long read(int fd, void *to, size_t n);
long open(const char *path, int flags);
long close(int fd);
/* A second descriptor for the same file: the lowest that is free. */
long dup(int fd);
/* The descriptor `to` becomes one for the same file; what it was is closed. */
long dup3(int fd, int to, int flags);
long pipe(int ends[2]);
/* Flag, of open(), too: execve() closes it, spawn() does not pass it on. */
enum { CLOSE_ON_EXEC = 02000000 };
long pipe2(int ends[2], int flags);
long fork(void);
long execve(const char *path, char *const argv[]);
/* A new process on that node, ANY_NODE: by the placement policy; child of the caller, with its open files.
 * Its id.
 */
enum { ANY_NODE = -1 };
long spawn(const char *path, char *const argv[], int node);
/* Where new threads and processes go that name no node; inherited. */
enum placement { PLACE_HERE, PLACE_SPREAD, PLACE_NODE };
long placement(enum placement policy, int node);
long wait4(long id, int *status, int options);
long kill(long id, int signal);
long getpid(void);
long getppid(void);
long gettid(void);
long yield(void);
uint64_t now_ns(void);  /* since boot */
uint64_t rack_ns(void); /* the same clock on all nodes, if there is an adapter */
void sleep_ns(uint64_t ns);
long brk(uintptr_t at);
enum { PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4 };
/* Negative errno, as a pointer's value above -4096, or where it is. map(): private, zero. */
void *map(size_t bytes, int prot);
enum { MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 16, MAP_ANONYMOUS = 32 };
void *mmap(void *at, size_t bytes, int prot, int flags, int fd, uint64_t offset);
long unmap(void *at, size_t bytes);
long protect(void *at, size_t bytes, int prot);
long futex_wait(const uint32_t *word, uint32_t value, uint64_t timeout_ns); /* 0: for ever */
long futex_wake(const uint32_t *word, unsigned n);
enum { ALL_THREADS = INT_MAX };
enum { WNOHANG = 1 };
/* The CPU that runs this thread, or did a moment ago, from 0 on; and how many CPUs the node has. */
unsigned cpu_here(void);
unsigned cpu_count(void);
/* This node's number, and how many nodes there are. With cluster=on they share the memory at SHARED_BEGIN. */
unsigned node_count(unsigned *node);
#define SHARED_BEGIN 0x10000000000
enum { SHARED_BYTES = 16 << 20, PAGE_BYTES = 4096 };

/* ---- thread.c ---- */

struct thread {
    void *stack;
    uint32_t alive; /* the kernel's word: 0 when it has ended */
};
enum { STACK_BYTES = 65536 };
/*
 * Runs function(argument) as a thread of this process, on that node or ANY_NODE, of whatever instruction set.
 * 0 or negative errno. *t must stay until it was joined.
 */
long thread_create_on(struct thread *t, int node, void (*function)(void *argument), void *argument);
long thread_create(struct thread *t, void (*function)(void *argument), void *argument); /* ANY_NODE */
/* The same on the caller's node, by clone() instead of the call that knows of nodes. */
long thread_create_here(struct thread *t, void (*function)(void *argument), void *argument);
/* Waits for its end. 0, or -EOWNERDEAD: its node has died. */
long thread_join(struct thread *t);
bool thread_died(const struct thread *t); /* its node has, and nobody has joined it */

/* ---- sync.c: all zero is a good beginning, but for a barrier's count ---- */

struct mutex {
    uint32_t state; /* 0 free, 1 held, 2 held and waited for */
};
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);
struct condition {
    uint32_t number; /* of signals */
};
/* Holding the mutex. May return for no reason. */
void condition_wait(struct condition *c, struct mutex *m);
void condition_signal(struct condition *c);
void condition_broadcast(struct condition *c);
struct barrier {
    uint32_t count, arrived, number;
};
/* True for the last to arrive. */
bool barrier_wait(struct barrier *b);
struct semaphore {
    uint32_t value;
};
void semaphore_down(struct semaphore *s);
void semaphore_up(struct semaphore *s);

/* ---- malloc.c: aligned to 16 bytes; NULL: no memory ---- */

void *malloc(size_t bytes);
void *calloc(size_t n, size_t size);
void *realloc(void *memory, size_t bytes);
void free(void *memory);

/* ---- print.c ---- */

/*
 * %s %d %u %x %c %f %e, with l or z for 64 bits, width, '-' and '0', and precision for %s %f %e. print and
 * print_to write once, at most 256 bytes. Doubles are exact, rounded to even.
 */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void print_to(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* At most size - 1 bytes, and a 0 behind them; how many. */
size_t format_text(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- text.c ---- */

size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
void *memset(void *to, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);
/* base 0: 10, or 16 behind 0x. Too big: ULONG_MAX. */
unsigned long strtoul(const char *s, char **end, unsigned base);
/* In place, in n log n steps; equal things end in any order. */
void sort(void *array, size_t n, size_t size, int (*compare)(const void *, const void *));
/* The same numbers from the same seed. */
uint32_t random_next(uint64_t *state);

/* ---- numbers of errors ---- */

enum {
    ENOENT = 2,
    ESRCH = 3,
    EBADF = 9,
    ECHILD = 10,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    EFAULT = 14,
    EXDEV = 18,
    ENODEV = 19,
    EINVAL = 22,
    EROFS = 30,
    EPIPE = 32,
    ENOSYS = 38,
    EOVERFLOW = 75,
    ETIMEDOUT = 110,
    EOWNERDEAD = 130
};

#endif
