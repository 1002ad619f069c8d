/* SPDX-License-Identifier: GPL-2.0-or-later */
/* calls.c - system calls by their numbers; see user.h. */
#include "guest-kernel/user/user.h"

enum { SCHED_GETAFFINITY = 123, GETCPU = 168 };
enum {
    DUP = 23,
    DUP3,
    OPENAT = 56,
    CLOSE,
    PIPE2 = 59,
    READ = 63,
    WRITE,
    EXIT = 93,
    EXIT_GROUP,
    FUTEX = 98,
    NANOSLEEP = 101
};
enum { CLOCK_GETTIME = 113, YIELD = 124, KILL = 129, GETPID = 172, GETPPID, GETTID = 178, BRK = 214, MUNMAP };
enum { CLONE = 220, EXECVE, MMAP, MPROTECT = 226, WAIT4 = 260, NODES = 512, PLACEMENT = 514, SPAWN };
enum { AT_FDCWD = -100, SIGCHLD = 17, FUTEX_WAIT = 0, FUTEX_WAKE = 1, REALTIME = 0, MONOTONIC = 1 };

struct timespec {
    int64_t s, ns;
};

static long call(long number, long a, long b, long c, long d)
{
    return syscall6(a, b, c, d, 0, 0, number);
}

void exit(int status)
{
    for (;;)
        call(EXIT_GROUP, status, 0, 0, 0);
}

void exit_thread(void)
{
    for (;;)
        call(EXIT, 0, 0, 0, 0);
}

long write(int fd, const void *from, size_t n)
{
    return call(WRITE, fd, (long)from, (long)n, 0);
}

long read(int fd, void *to, size_t n)
{
    return call(READ, fd, (long)to, (long)n, 0);
}

long open(const char *path, int flags)
{
    return call(OPENAT, AT_FDCWD, (long)path, flags, 0);
}

long close(int fd)
{
    return call(CLOSE, fd, 0, 0, 0);
}

long dup(int fd)
{
    return call(DUP, fd, 0, 0, 0);
}

long dup3(int fd, int to, int flags)
{
    return call(DUP3, fd, to, flags, 0);
}

long pipe2(int ends[2], int flags)
{
    return call(PIPE2, (long)ends, flags, 0, 0);
}

long pipe(int ends[2])
{
    return pipe2(ends, 0);
}

long fork(void)
{
    return call(CLONE, SIGCHLD, 0, 0, 0);
}

long execve(const char *path, char *const argv[])
{
    return call(EXECVE, (long)path, (long)argv, 0, 0);
}

long spawn(const char *path, char *const argv[], int node)
{
    return call(SPAWN, (long)path, (long)argv, node, 0);
}

long placement(enum placement policy, int node)
{
    return call(PLACEMENT, policy, node, 0, 0);
}

long wait4(long id, int *status, int options)
{
    return call(WAIT4, id, (long)status, options, 0);
}

long kill(long id, int signal)
{
    return call(KILL, id, signal, 0, 0);
}

long getpid(void)
{
    return call(GETPID, 0, 0, 0, 0);
}

long getppid(void)
{
    return call(GETPPID, 0, 0, 0, 0);
}

long gettid(void)
{
    return call(GETTID, 0, 0, 0, 0);
}

long yield(void)
{
    return call(YIELD, 0, 0, 0, 0);
}

static uint64_t clock_ns(long clock)
{
    struct timespec t;

    call(CLOCK_GETTIME, clock, (long)&t, 0, 0);
    return (uint64_t)t.s * 1000000000u + (uint64_t)t.ns;
}

uint64_t now_ns(void)
{
    return clock_ns(MONOTONIC);
}

uint64_t rack_ns(void)
{
    return clock_ns(REALTIME);
}

void sleep_ns(uint64_t ns)
{
    struct timespec t = {(int64_t)(ns / 1000000000u), (int64_t)(ns % 1000000000u)};

    call(NANOSLEEP, (long)&t, 0, 0, 0);
}

long brk(uintptr_t at)
{
    return call(BRK, (long)at, 0, 0, 0);
}

void *map(size_t bytes, int prot)
{
    return mmap(NULL, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

void *mmap(void *at, size_t bytes, int prot, int flags, int fd, uint64_t offset)
{
    return (void *)syscall6((long)at, (long)bytes, prot, flags, fd, (long)offset, MMAP);
}

long unmap(void *at, size_t bytes)
{
    return call(MUNMAP, (long)at, (long)bytes, 0, 0);
}

long protect(void *at, size_t bytes, int prot)
{
    return call(MPROTECT, (long)at, (long)bytes, prot, 0);
}

long futex_wait(const uint32_t *word, uint32_t value, uint64_t timeout_ns)
{
    struct timespec t = {(int64_t)(timeout_ns / 1000000000u), (int64_t)(timeout_ns % 1000000000u)};

    return call(FUTEX, (long)word, FUTEX_WAIT, value, timeout_ns ? (long)&t : 0);
}

long futex_wake(const uint32_t *word, unsigned n)
{
    return call(FUTEX, (long)word, FUTEX_WAKE, n, 0);
}

unsigned node_count(unsigned *node)
{
    long both = call(NODES, 0, 0, 0, 0);

    *node = both & 0xffff;
    return (unsigned)(both >> 16);
}

unsigned cpu_here(void)
{
    uint32_t cpu = 0;

    call(GETCPU, (long)&cpu, 0, 0, 0);
    return cpu;
}

unsigned cpu_count(void)
{
    uint64_t mask = 0;

    call(SCHED_GETAFFINITY, 0, sizeof mask, (long)&mask, 0);
    return (unsigned)__builtin_popcountll(mask);
}
