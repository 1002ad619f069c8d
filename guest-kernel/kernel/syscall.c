/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * syscall.c - the table of system calls, numbered as Linux numbers them in asm-generic/unistd.h, on every
 * instruction set; those of our own are from 512 on. Arguments are looked at here; the work is done elsewhere
 * (process.h).
 */
#include "guest-kernel/kernel/syscall.h"
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/clone.h"
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/cpu.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/process.h"
#include "guest-kernel/kernel/remote.h"

enum { NAME = 256, NS = 1000000000, WAIT_NOHANG = 1, CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1 };
enum { FUTEX_COMMAND = 127, FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_REQUEUE = 3, FUTEX_CMP_REQUEUE = 4 };

struct timespec {
    int64_t s, ns;
};

static uint64_t arg(const struct call *c, unsigned n)
{
    return c->argument[n];
}

/* So much later than now as the timespec at that address says; false: bad address or value. */
static bool until(uintptr_t from, uint64_t *ns)
{
    struct timespec t;

    if (copy_in(&t, from, sizeof t) < 0 || t.s < 0 || t.s > NS || t.ns < 0 || t.ns >= NS)
        return false;
    *ns = arch_time_ns() + (uint64_t)t.s * NS + (uint64_t)t.ns;
    return true;
}

static int64_t sys_openat(struct call *c)
{
    char path[NAME];
    int64_t error = -EFAULT;
    unsigned flags = (unsigned)arg(c, 2);
    struct file *f = copy_string(path, arg(c, 1), sizeof path) < 0 ? NULL : file_open(path, flags, &error);

    return f ? descriptor_new(f, flags) : error;
}

static int64_t sys_close(struct call *c)
{
    return descriptor_close(arg(c, 0));
}

static int64_t sys_dup(struct call *c)
{
    struct file *f = descriptor_file(arg(c, 0));

    return f ? descriptor_new(file_hold(f), 0) : -EBADF;
}

static int64_t sys_dup3(struct call *c)
{
    return descriptor_copy(arg(c, 0), arg(c, 1), (unsigned)arg(c, 2));
}

static int64_t sys_pipe2(struct call *c)
{
    struct file *in = file_new(FILE_PIPE_IN), *out = in ? file_new(FILE_PIPE_OUT) : NULL;
    unsigned flags = (unsigned)arg(c, 1);
    int32_t ends[2];

    if (!out || pipe_new(in, out) < 0) {
        if (in)
            in->users = 0;
        if (out)
            out->users = 0;
        return -ENOMEM;
    }
    int64_t first = descriptor_new(in, flags), second = descriptor_new(out, flags);
    if (first < 0 || second < 0) {
        if (first >= 0)
            descriptor_close((uint64_t)first);
        return -EMFILE;
    }
    ends[0] = (int32_t)first;
    ends[1] = (int32_t)second;
    if (copy_out(arg(c, 0), ends, sizeof ends) == 0)
        return 0;
    descriptor_close((uint64_t)first); /* nobody knows of them */
    descriptor_close((uint64_t)second);
    return -EFAULT;
}

static int64_t sys_read(struct call *c)
{
    struct file *f = descriptor_file(arg(c, 0));

    return f ? file_read(f, arg(c, 1), arg(c, 2)) : -EBADF;
}

static int64_t sys_write(struct call *c)
{
    struct file *f = descriptor_file(arg(c, 0));

    return f ? file_write(f, arg(c, 1), arg(c, 2)) : -EBADF;
}

static int64_t sys_exit(struct call *c)
{
    thread_exit(((int)arg(c, 0) & 255) << 8);
}

static int64_t sys_exit_group(struct call *c)
{
    process_end(current()->process, ((int)arg(c, 0) & 255) << 8);
    return 0; /* leave_if_killed() does it */
}

static int64_t sys_set_tid_address(struct call *c)
{
    current()->clear_tid = arg(c, 0);
    return current()->id;
}

static int64_t sys_futex(struct call *c)
{
    uint64_t end = UINT64_MAX;

    switch (arg(c, 1) & FUTEX_COMMAND) {
    case FUTEX_WAIT:
        if (arg(c, 3) && !until(arg(c, 3), &end))
            return -EFAULT;
        return futex_wait(arg(c, 0), (uint32_t)arg(c, 2), end);
    case FUTEX_WAKE:
        return futex_wake(current()->process, arg(c, 0), (unsigned)arg(c, 2));
    case FUTEX_REQUEUE:
        return futex_requeue(arg(c, 0), (unsigned)arg(c, 2), (unsigned)arg(c, 3), arg(c, 4), NULL);
    case FUTEX_CMP_REQUEUE: {
        uint32_t value = (uint32_t)arg(c, 5);
        return futex_requeue(arg(c, 0), (unsigned)arg(c, 2), (unsigned)arg(c, 3), arg(c, 4), &value);
    }
    default:
        return -ENOSYS;
    }
}

static int64_t sys_nanosleep(struct call *c)
{
    uint64_t end;

    if (!until(arg(c, 0), &end))
        return -EFAULT;
    while (wait_for(c, end) == 0)
        ;
    return current()->process->ending ? -EINTR : 0;
}

/* CLOCK_REALTIME is the adapter's clock, the same on all nodes; without one, and else, the time since boot.
 */
static int64_t sys_clock_gettime(struct call *c)
{
    uint64_t now = arg(c, 0) == CLOCK_REALTIME && adapter_here() ? adapter_time_ns() : arch_time_ns();
    struct timespec t = {(int64_t)(now / NS), (int64_t)(now % NS)};

    if (arg(c, 0) != CLOCK_MONOTONIC && arg(c, 0) != CLOCK_REALTIME)
        return -EINVAL;
    return copy_out(arg(c, 1), &t, sizeof t) < 0 ? -EFAULT : 0;
}

static int64_t sys_sched_yield(struct call *c)
{
    (void)c;
    yield();
    return 0;
}

static int64_t sys_kill(struct call *c)
{
    return process_kill((int)arg(c, 0), (unsigned)arg(c, 1));
}

static int64_t sys_getpid(struct call *c)
{
    (void)c;
    return current()->process->id;
}

static int64_t sys_getppid(struct call *c)
{
    (void)c;
    return current()->process->parent;
}

static int64_t sys_gettid(struct call *c)
{
    (void)c;
    return current()->id;
}

static int64_t sys_brk(struct call *c)
{
    return memory_brk(arg(c, 0));
}

static int64_t sys_munmap(struct call *c)
{
    return memory_unmap(arg(c, 0), arg(c, 1));
}

static int64_t sys_mmap(struct call *c)
{
    return memory_map(arg(c, 0), arg(c, 1), (unsigned)arg(c, 2), (unsigned)arg(c, 3), arg(c, 4), arg(c, 5));
}

static int64_t sys_mprotect(struct call *c)
{
    return memory_protect(arg(c, 0), arg(c, 1), (unsigned)arg(c, 2));
}

static int64_t sys_wait4(struct call *c)
{
    int status;
    int64_t id = process_wait((int)arg(c, 0), &status, arg(c, 2) & WAIT_NOHANG);

    if (id > 0 && arg(c, 1) && copy_out(arg(c, 1), &status, sizeof status) < 0)
        return -EFAULT;
    return id;
}

/* This node's number in the cluster, and above it, from bit 16 on, how many nodes that has; 0 of 1 if there
 * is none. */
static int64_t sys_nodes(struct call *c)
{
    (void)c;
    return cluster_self() | (int64_t)cluster_nodes() << 16;
}

/* The calling thread's thread pointer: x86_64 cannot set it itself. */
static int64_t sys_tls(struct call *c)
{
    arch_tls_set(c->frame, arg(c, 0));
    return 0;
}

/* Any thread may run on any CPU. */
static int64_t sys_affinity(struct call *c)
{
    uint64_t mask = (UINT64_C(1) << cpu_count()) - 1;

    if (arg(c, 1) < sizeof mask)
        return -EINVAL;
    return copy_out(arg(c, 2), &mask, sizeof mask) < 0 ? -EFAULT : (int64_t)sizeof mask;
}

static int64_t sys_getcpu(struct call *c)
{
    uint32_t cpu = cpu_number(cpu_self()), node = cluster_self();

    if ((arg(c, 0) && copy_out(arg(c, 0), &cpu, sizeof cpu) < 0) ||
        (arg(c, 1) && copy_out(arg(c, 1), &node, sizeof node) < 0))
        return -EFAULT;
    return 0;
}

static int64_t (*const calls[])(struct call *c) = {
    [23] = sys_dup,
    [24] = sys_dup3,
    [56] = sys_openat,
    [57] = sys_close,
    [59] = sys_pipe2,
    [63] = sys_read,
    [64] = sys_write,
    [93] = sys_exit,
    [94] = sys_exit_group,
    [96] = sys_set_tid_address,
    [98] = sys_futex,
    [101] = sys_nanosleep,
    [113] = sys_clock_gettime,
    [124] = sys_sched_yield,
    [129] = sys_kill,
    [172] = sys_getpid,
    [173] = sys_getppid,
    [178] = sys_gettid,
    [214] = sys_brk,
    [215] = sys_munmap,
    [220] = sys_clone,
    [221] = sys_execve,
    [222] = sys_mmap,
    [226] = sys_mprotect,
    [260] = sys_wait4,
    [512] = sys_nodes,
    [513] = sys_thread_on,
    [514] = sys_placement,
    [515] = sys_spawn,
    [516] = sys_tls,
    [123] = sys_affinity,
    [168] = sys_getcpu,
};

/* Of a process's state, which its origin has. */
bool system_call_is_stateful(uint64_t number)
{
    static const uint16_t stateful[] = {23,  24,  56,  57,  59,  63,  64,  94, 98,
                                        214, 215, 222, 226, 260, 513, 514, 515};

    for (unsigned i = 0; i < sizeof stateful / sizeof stateful[0]; i++)
        if (stateful[i] == number)
            return true;
    return false;
}

int64_t system_call_here(struct call *c)
{
    return c->number < sizeof calls / sizeof calls[0] && calls[c->number] ? calls[c->number](c) : -ENOSYS;
}

int64_t system_call(struct frame *f)
{
    struct call c = {.number = arch_call_number(f), .frame = f};

    for (unsigned i = 0; i < CALL_ARGUMENTS; i++)
        c.argument[i] = arch_call_argument(f, i);
    return current()->process->replica && system_call_is_stateful(c.number)
               ? remote_system_call(c.number, c.argument)
               : system_call_here(&c);
}
