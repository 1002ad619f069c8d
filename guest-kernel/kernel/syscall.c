/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * syscall.c - the table of system calls, numbered as Linux numbers them in asm-generic/unistd.h, on every
 * instruction set; those of our own are from 512 on. Arguments are looked at here; the work is done elsewhere
 * (process.h).
 */
#include "guest-kernel/kernel/syscall.h"
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/process.h"

enum { PATH = 256, NS = 1000000000, WAIT_NOHANG = 1, CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1 };
enum { FUTEX_COMMAND = 127, FUTEX_WAIT = 0, FUTEX_WAKE = 1 };
enum { CLONE_VM = 0x100, CLONE_THREAD = 0x10000, CLONE_SETTLS = 0x80000, CLONE_PARENT_SETTID = 0x100000 };
enum { CLONE_CHILD_CLEARTID = 0x200000 };

struct timespec {
    int64_t s, ns;
};

static uint64_t arg(const struct frame *f, unsigned n)
{
    return arch_call_argument(f, n);
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

static int64_t sys_openat(struct frame *f)
{
    char path[PATH];

    return copy_string(path, arg(f, 1), sizeof path) < 0 ? -EFAULT : file_open(path, (unsigned)arg(f, 2));
}

static int64_t sys_close(struct frame *f)
{
    struct file *file = file_of(arg(f, 0));

    if (!file)
        return -EBADF;
    current()->process->files[arg(f, 0)] = NULL;
    file_close(file);
    return 0;
}

static int64_t sys_dup(struct frame *f)
{
    struct file *file = file_of(arg(f, 0));

    if (!file)
        return -EBADF;
    file->users++;
    return file_install(file);
}

static int64_t sys_pipe2(struct frame *f)
{
    struct file *in = file_new(FILE_PIPE_IN), *out = in ? file_new(FILE_PIPE_OUT) : NULL;
    int32_t ends[2];

    if (!out || pipe_new(in, out) < 0) {
        if (in)
            in->users = 0;
        if (out)
            out->users = 0;
        return -ENOMEM;
    }
    int64_t first = file_install(in), second = file_install(out);
    if (first < 0 || second < 0) {
        if (first >= 0) {
            current()->process->files[first] = NULL;
            file_close(in);
        }
        return -EMFILE;
    }
    ends[0] = (int32_t)first;
    ends[1] = (int32_t)second;
    return copy_out(arg(f, 0), ends, sizeof ends) < 0 ? -EFAULT : 0;
}

static int64_t sys_read(struct frame *f)
{
    struct file *file = file_of(arg(f, 0));

    return file ? file_read(file, arg(f, 1), arg(f, 2)) : -EBADF;
}

static int64_t sys_write(struct frame *f)
{
    struct file *file = file_of(arg(f, 0));

    return file ? file_write(file, arg(f, 1), arg(f, 2)) : -EBADF;
}

static int64_t sys_exit(struct frame *f)
{
    struct process *p = current()->process;

    if (p->threads == 1)
        process_end(p, ((int)arg(f, 0) & 255) << 8);
    thread_exit();
}

static int64_t sys_exit_group(struct frame *f)
{
    process_end(current()->process, ((int)arg(f, 0) & 255) << 8);
    return 0; /* leave_if_killed() does it */
}

static int64_t sys_set_tid_address(struct frame *f)
{
    current()->clear_tid = arg(f, 0);
    return current()->id;
}

static int64_t sys_futex(struct frame *f)
{
    uint64_t end = UINT64_MAX;

    switch (arg(f, 1) & FUTEX_COMMAND) {
    case FUTEX_WAIT:
        if (arg(f, 3) && !until(arg(f, 3), &end))
            return -EFAULT;
        return futex_wait(arg(f, 0), (uint32_t)arg(f, 2), end);
    case FUTEX_WAKE:
        return futex_wake(current()->process, arg(f, 0), (unsigned)arg(f, 2));
    default:
        return -ENOSYS;
    }
}

static int64_t sys_nanosleep(struct frame *f)
{
    uint64_t end;

    if (!until(arg(f, 0), &end))
        return -EFAULT;
    while (wait_for(f, end) == 0)
        ;
    return current()->process->ending ? -EINTR : 0;
}

static int64_t sys_clock_gettime(struct frame *f)
{
    uint64_t now = arch_time_ns();
    struct timespec t = {(int64_t)(now / NS), (int64_t)(now % NS)};

    if (arg(f, 0) != CLOCK_MONOTONIC && arg(f, 0) != CLOCK_REALTIME)
        return -EINVAL;
    return copy_out(arg(f, 1), &t, sizeof t) < 0 ? -EFAULT : 0;
}

static int64_t sys_sched_yield(struct frame *f)
{
    (void)f;
    yield();
    return 0;
}

static int64_t sys_kill(struct frame *f)
{
    return process_kill((int)arg(f, 0), (unsigned)arg(f, 1));
}

static int64_t sys_getpid(struct frame *f)
{
    (void)f;
    return current()->process->id;
}

static int64_t sys_getppid(struct frame *f)
{
    (void)f;
    return current()->process->parent ? current()->process->parent->id : 0;
}

static int64_t sys_gettid(struct frame *f)
{
    (void)f;
    return current()->id;
}

static int64_t sys_brk(struct frame *f)
{
    return memory_brk(arg(f, 0));
}

static int64_t sys_munmap(struct frame *f)
{
    return memory_unmap(arg(f, 0), arg(f, 1));
}

static int64_t sys_mmap(struct frame *f)
{
    return memory_map(arg(f, 0), arg(f, 1), (unsigned)arg(f, 2), (unsigned)arg(f, 3));
}

static int64_t sys_mprotect(struct frame *f)
{
    return memory_protect(arg(f, 0), arg(f, 1), (unsigned)arg(f, 2));
}

/* A thread of the same process. */
static int64_t clone_thread(struct frame *f, struct frame *begin)
{
    uint64_t flags = arg(f, 0);
    int32_t id;
    struct thread *t = thread_new(current()->process, begin);

    if (!t)
        return -EAGAIN;
    t->tls = flags & CLONE_SETTLS ? arg(f, 3) : arch_tls(f);
    arch_fp_save(t->fp);
    t->clear_tid = flags & CLONE_CHILD_CLEARTID ? arg(f, 4) : 0;
    id = t->id;
    if (flags & CLONE_PARENT_SETTID)
        copy_out(arg(f, 2), &id, sizeof id);
    return id;
}

/* A new process with a copy of everything. */
static int64_t clone_process(struct frame *f, struct frame *begin)
{
    struct process *self = current()->process, *p = process_new(self);

    if (!p)
        return -EAGAIN;
    memcpy(p->ranges, self->ranges, sizeof p->ranges);
    p->brk_begin = self->brk_begin;
    p->brk = self->brk;
    struct thread *t = space_copy(p->root, self->root) == 0 ? thread_new(p, begin) : NULL;
    if (!t) {
        space_free(p->root);
        p->id = 0;
        return -ENOMEM;
    }
    t->tls = arch_tls(f);
    arch_fp_save(t->fp);
    for (unsigned i = 0; i < FILES; i++)
        if ((p->files[i] = self->files[i]))
            p->files[i]->users++;
    return p->id;
}

static int64_t sys_clone(struct frame *f)
{
    uint64_t flags = arg(f, 0);
    struct frame begin;

    memcpy(&begin, f, arch_frame_bytes);
    arch_call_return(&begin, 0);
    if (arg(f, 1))
        arch_frame_set_sp(&begin, arg(f, 1));
    if ((flags & (CLONE_VM | CLONE_THREAD)) == (CLONE_VM | CLONE_THREAD))
        return clone_thread(f, &begin);
    return flags & (CLONE_VM | CLONE_THREAD) ? -EINVAL : clone_process(f, &begin);
}

static int copy_arguments(struct arguments *a, uintptr_t from)
{
    a->n = 0;
    a->bytes = 0;
    for (;;) {
        uint64_t at;
        if (copy_in(&at, from + a->n * 8, sizeof at) < 0)
            return -EFAULT;
        if (!at)
            return 0;
        if (a->n == ARGUMENTS || copy_string(a->text + a->bytes, at, ARGUMENT_BYTES - a->bytes) < 0)
            return -E2BIG;
        a->bytes += length(a->text + a->bytes) + 1;
        a->n++;
    }
}

static int64_t sys_execve(struct frame *f)
{
    struct process *p = current()->process;
    struct process was = *p;
    struct arguments a;
    char path[PATH];
    int error = copy_string(path, arg(f, 0), sizeof path) < 0 ? -EFAULT : copy_arguments(&a, arg(f, 1));

    if (error)
        return error;
    if (p->threads > 1)
        return -EAGAIN;
    uint64_t root = space_new();
    if (!root)
        return -ENOMEM;
    p->root = root;
    memset(p->ranges, 0, sizeof p->ranges);
    p->brk_begin = p->brk = 0;
    error = exec_load(p, path, &a, f);
    arch_paging_use(error ? was.root : root);
    space_free(error ? root : was.root);
    if (error) {
        *p = was;
        return error;
    }
    arch_fp_init(current()->fp);
    arch_fp_restore(current()->fp);
    return 0;
}

static int64_t sys_wait4(struct frame *f)
{
    int status;
    int64_t id = process_wait((int)arg(f, 0), &status, arg(f, 2) & WAIT_NOHANG);

    if (id > 0 && arg(f, 1) && copy_out(arg(f, 1), &status, sizeof status) < 0)
        return -EFAULT;
    return id;
}

/* This node's number, and above it, from bit 16 on, how many nodes there are. */
static int64_t sys_nodes(struct frame *f)
{
    (void)f;
    return adapter_node() | (int64_t)adapter_nodes() << 16;
}

/* The calling thread's thread pointer: x86_64 cannot set it itself. */
static int64_t sys_tls(struct frame *f)
{
    arch_tls_set(f, arg(f, 0));
    return 0;
}

static int64_t (*const calls[])(struct frame *f) = {
    [23] = sys_dup,          [56] = sys_openat,     [57] = sys_close,
    [59] = sys_pipe2,        [63] = sys_read,       [64] = sys_write,
    [93] = sys_exit,         [94] = sys_exit_group, [96] = sys_set_tid_address,
    [98] = sys_futex,        [101] = sys_nanosleep, [113] = sys_clock_gettime,
    [124] = sys_sched_yield, [129] = sys_kill,      [172] = sys_getpid,
    [173] = sys_getppid,     [178] = sys_gettid,    [214] = sys_brk,
    [215] = sys_munmap,      [220] = sys_clone,     [221] = sys_execve,
    [222] = sys_mmap,        [226] = sys_mprotect,  [260] = sys_wait4,
    [512] = sys_nodes,       [516] = sys_tls,
};

int64_t system_call(struct frame *f)
{
    uint64_t number = arch_call_number(f);

    return number < sizeof calls / sizeof calls[0] && calls[number] ? calls[number](f) : -ENOSYS;
}
