/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clone.c - system calls that make threads and processes, here or on another node.
 *
 *   clone(flags, stack, parent_tid, tls, child_tid)
 *       a thread on the same node, or a process with a copy of all
 *   thread_on(node, pc, argument, sp, tls, clear_tid)
 *       a thread on any node, of any instruction set, begins at pc, a function that does not return; node -1:
 *       as placement says. Its id
 *   placement(policy, value)
 *       of threads whose node is left open: 0 here, 1 each on the next node, 2 on node value; inherited. Both
 *       -1: policy | value << 16 as it is
 *   spawn(path, argv, node)
 *       a child whose origin is that node; node -1: by placement
 */
#include "guest-kernel/kernel/clone.h"
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/process.h"
#include "guest-kernel/kernel/remote.h"

enum { CLONE_VM = 0x100, CLONE_THREAD = 0x10000, CLONE_SETTLS = 0x80000, CLONE_PARENT_SETTID = 0x100000 };
enum { CLONE_CHILD_CLEARTID = 0x200000 };

static uint64_t arg(const struct call *c, unsigned n)
{
    return c->argument[n];
}

/* A thread of the same process, on this node. */
static int64_t clone_thread(struct call *c, const struct frame *begin)
{
    struct process *p = current()->process;
    uint64_t flags = arg(c, 0), clear_tid = flags & CLONE_CHILD_CLEARTID ? arg(c, 4) : 0;
    int64_t number = p->replica ? remote_thread_join(p, clear_tid) : process_thread(p);

    if (number < 0)
        return number;
    int32_t id = (int32_t)number;
    struct thread *t = thread_new(p, begin, id);
    if (!t) {
        process_left(p, id, 0); /* not the last: this one is here */
        return -EAGAIN;
    }
    t->tls = flags & CLONE_SETTLS ? arg(c, 3) : arch_tls(c->frame);
    arch_fp_save(t->fp);
    t->clear_tid = clear_tid;
    if (flags & CLONE_PARENT_SETTID)
        copy_out(arg(c, 2), &id, sizeof id);
    return id;
}

/* A new process with a copy of everything. */
static int64_t clone_process(struct call *c, const struct frame *begin)
{
    struct process *self = current()->process;

    if (self->replica)
        return remote_fork(begin, arch_tls(c->frame));
    struct process *p = process_new(self);
    if (!p)
        return -EAGAIN;
    memcpy(p->path, self->path, sizeof p->path);
    p->placement = self->placement;
    struct thread *t = memory_copy(p, self) == 0 ? thread_new(p, begin, p->id) : NULL;
    if (!t) {
        process_discard(p);
        return -ENOMEM;
    }
    t->tls = arch_tls(c->frame);
    arch_fp_save(t->fp);
    descriptors_copy(p, self, false);
    return p->id;
}

int64_t sys_clone(struct call *c)
{
    uint64_t flags = arg(c, 0);
    struct frame begin;

    memcpy(&begin, c->frame, arch_frame_bytes);
    arch_call_return(&begin, 0);
    if (arg(c, 1))
        arch_frame_set_sp(&begin, arg(c, 1));
    if ((flags & (CLONE_VM | CLONE_THREAD)) == (CLONE_VM | CLONE_THREAD))
        return clone_thread(c, &begin);
    return flags & (CLONE_VM | CLONE_THREAD) ? -EINVAL : clone_process(c, &begin);
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

/*
 * The old image stays until the new is complete. Only the image is put back: whatever else of the process
 * changes meanwhile, as by a signal, stays changed.
 */
static int replace(struct process *p, const char *path, const struct arguments *a, struct frame *f)
{
    struct image old = p->image, new;

    if (!memory_new(p)) {
        p->image = old;
        return -ENOMEM;
    }
    memory_continue(p, old.space);
    int error = exec_load(p, path, a, f);
    new = p->image;
    arch_paging_use(error ? old.root : new.root);
    if (!error)
        p->image = old;
    memory_discard(p); /* the one that is not wanted */
    p->image = error ? old : new;
    return error;
}

int64_t sys_execve(struct call *c)
{
    struct process *p = current()->process;
    struct arguments a;
    char path[PATH];
    int error = copy_string(path, arg(c, 0), sizeof path) < 0 ? -EFAULT : copy_arguments(&a, arg(c, 1));

    if (error)
        return error;
    if (p->threads > 1 || p->elsewhere || p->replica || p->nodes)
        return -EAGAIN;
    error = replace(p, path, &a, c->frame);
    if (error)
        return error;
    descriptors_close(p, true);
    arch_fp_init(current()->fp);
    arch_fp_restore(current()->fp);
    return 0;
}

/* The node that a call or the process's policy names; -1: there is no such node. */
static int place(struct process *p, int64_t node)
{
    struct placement *l = &p->placement;

    if (node < -1 || node >= (int64_t)cluster_nodes())
        return -1;
    if (node >= 0)
        return (int)node;
    if (l->policy == PLACE_HERE)
        return (int)cluster_self();
    node = l->value % cluster_nodes();
    for (unsigned i = 0; l->policy == PLACE_SPREAD && i < cluster_nodes() && !cluster_alive((unsigned)node);
         i++)
        node = (node + 1) % cluster_nodes();
    if (l->policy == PLACE_SPREAD)
        l->value = (unsigned)(node + 1) % cluster_nodes();
    return (int)node;
}

int64_t sys_thread_on(struct call *c)
{
    struct process *p = current()->process;
    const struct thread_start s = {arg(c, 1), arg(c, 2), arg(c, 3), arg(c, 4), arg(c, 5)};
    int node = place(p, (int64_t)arg(c, 0));

    return node < 0 ? -EINVAL : remote_thread_new(p, (unsigned)node, &s);
}

int64_t sys_placement(struct call *c)
{
    struct placement *l = &current()->process->placement;
    int64_t policy = (int64_t)arg(c, 0), value = (int64_t)arg(c, 1);

    if (policy == -1 && value == -1)
        return (int64_t)l->policy | (int64_t)l->value << 16;
    if (policy < PLACE_HERE || policy > PLACE_NODE || value < 0 || value >= (int64_t)cluster_nodes())
        return -EINVAL;
    *l = (struct placement){(unsigned)policy, (unsigned)value};
    return 0;
}

static int64_t spawn_here(struct process *parent, const char *path, const struct arguments *a)
{
    struct process *p = process_new(parent);
    struct frame f;

    if (!p)
        return -EAGAIN;
    p->placement = parent->placement;
    int error = exec_load(p, path, a, &f);
    if (!error && !thread_new(p, &f, p->id))
        error = -ENOMEM;
    if (error) {
        process_discard(p);
        return error;
    }
    descriptors_copy(p, parent, true);
    return p->id;
}

int64_t sys_spawn(struct call *c)
{
    struct process *p = current()->process;
    struct arguments a;
    char path[PATH];
    int error = copy_string(path, arg(c, 0), sizeof path) < 0 ? -EFAULT : copy_arguments(&a, arg(c, 1));
    int node = place(p, (int64_t)arg(c, 2));

    if (error)
        return error;
    if (node < 0)
        return -EINVAL;
    return (unsigned)node == cluster_self() ? spawn_here(p, path, &a)
                                            : remote_spawn(p, (unsigned)node, path, &a);
}
