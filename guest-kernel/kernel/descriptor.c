/* SPDX-License-Identifier: GPL-2.0-or-later */
/* descriptor.c - which open files a process has, by number; at its origin only. */
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/process.h"

_Static_assert(FILES <= 32, "masks of descriptors are uint32_t");

struct file *descriptor_file(uint64_t descriptor)
{
    return descriptor < FILES ? current()->process->files[descriptor] : NULL;
}

static void set(struct process *p, unsigned descriptor, struct file *f, unsigned flags)
{
    uint32_t bit = UINT32_C(1) << descriptor;

    p->files[descriptor] = f;
    p->close_on_exec = flags & CLOSE_ON_EXEC ? p->close_on_exec | bit : p->close_on_exec & ~bit;
}

int64_t descriptor_new(struct file *f, unsigned flags)
{
    struct process *p = current()->process;

    for (unsigned i = 0; i < FILES; i++)
        if (!p->files[i]) {
            set(p, i, f, flags);
            return i;
        }
    file_close(f);
    return -EMFILE;
}

int64_t descriptor_copy(uint64_t from, uint64_t to, unsigned flags)
{
    struct file *f = descriptor_file(from);

    if (!f || to >= FILES)
        return -EBADF;
    if (from == to)
        return -EINVAL;
    file_hold(f); /* closing may end a wait, but nobody runs before the new one is there */
    descriptor_close(to);
    set(current()->process, (unsigned)to, f, flags);
    return (int64_t)to;
}

int64_t descriptor_close(uint64_t descriptor)
{
    struct file *f = descriptor_file(descriptor);

    if (!f)
        return -EBADF;
    set(current()->process, (unsigned)descriptor, NULL, 0);
    file_close(f);
    return 0;
}

void descriptors_copy(struct process *to, const struct process *from, bool exec)
{
    uint32_t leave = exec ? from->close_on_exec : 0;

    for (unsigned i = 0; i < FILES; i++)
        if (from->files[i] && !(leave >> i & 1))
            to->files[i] = file_hold(from->files[i]);
    to->close_on_exec = from->close_on_exec & ~leave;
}

void descriptors_close(struct process *p, bool exec)
{
    for (unsigned i = 0; i < FILES; i++) {
        struct file *f = p->files[i];
        if (!f || (exec && !(p->close_on_exec >> i & 1)))
            continue;
        p->files[i] = NULL;
        file_close(f);
    }
    p->close_on_exec = 0;
}

void descriptors_console(struct process *p, uint32_t mask)
{
    for (unsigned i = 0; i < FILES; i++)
        if (mask >> i & 1)
            p->files[i] = file_console();
}
