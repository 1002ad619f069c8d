/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * user.h - the C library of the replicated kernel's programs: system calls, threads, text. Small, and the
 * same on every instruction set; what is not is in start_<isa>.S.
 *
 * A program has main() and no thread-local data yet; the library itself uses no floating point. Calls return what the kernel does:
 * negative errno.
 */
#ifndef USER_H
#define USER_H

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
long pipe(int ends[2]);
long fork(void);
long execve(const char *path, char *const argv[]);
long wait4(long id, int *status, int options);
long kill(long id, int signal);
long getpid(void);
long getppid(void);
long gettid(void);
long yield(void);
uint64_t now_ns(void);
void sleep_ns(uint64_t ns);
long brk(uintptr_t at);
enum { PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4 };
/* Negative errno, as a pointer's value above -4096, or where it is. */
void *map(size_t bytes, int prot);
long unmap(void *at, size_t bytes);
long protect(void *at, size_t bytes, int prot);
long futex_wait(const uint32_t *word, uint32_t value, uint64_t timeout_ns); /* 0: for ever */
long futex_wake(const uint32_t *word, unsigned n);
enum { WNOHANG = 1 };
/* This node's number, and how many nodes there are. With cluster=on they share the memory at SHARED_BEGIN. */
unsigned node_count(unsigned *node);
#define SHARED_BEGIN 0x10000000000
enum { SHARED_BYTES = 16 << 20, PAGE_BYTES = 4096 };

/* ---- thread.c ---- */

struct thread {
    void *stack;
    uint32_t alive;
};
enum { STACK_BYTES = 16384 };
/* 0 or negative errno. */
long thread_create(struct thread *t, void (*function)(void *argument), void *argument);
void thread_join(struct thread *t);
struct mutex {
    uint32_t state; /* 0 free, 1 held, 2 held and waited for */
};
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);

/* ---- text.c ---- */

/* %s %d %u %x %c, with l for 64 bits; to the standard output, in one write of at most 256 bytes. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
void *memset(void *to, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);

#endif
