/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pipe.c - a page of bytes between those who write and those who read. */
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/process.h"

enum { PIPES = 32 };

struct pipe {
    char *data; /* a page; NULL: free */
    uint64_t in, out;
    bool reader, writer; /* somebody still has that end */
};
static struct pipe pipes[PIPES];

int pipe_new(struct file *in, struct file *out)
{
    for (unsigned i = 0; i < PIPES; i++) {
        struct pipe *p = &pipes[i];
        if (p->data)
            continue;
        *p = (struct pipe){.data = page_new(), .reader = true, .writer = true};
        in->pipe = out->pipe = p;
        return p->data ? 0 : -1;
    }
    return -1;
}

void pipe_close(struct pipe *p, bool writer)
{
    *(writer ? &p->writer : &p->reader) = false;
    wake(p);
    if (p->reader || p->writer)
        return;
    page_free(p->data);
    p->data = NULL;
}

int64_t pipe_read(struct pipe *p, uintptr_t to, uint64_t n)
{
    uint64_t done = 0;

    while (p->in == p->out && p->writer)
        if (wait_for(p, UINT64_MAX) < 0)
            return -EINTR;
    while (done < n && p->out < p->in) {
        if (copy_out(to + done, &p->data[p->out % PAGE], 1) < 0)
            return done ? (int64_t)done : -EFAULT;
        p->out++;
        done++;
    }
    wake(p);
    return (int64_t)done;
}

int64_t pipe_write(struct pipe *p, uintptr_t from, uint64_t n)
{
    for (uint64_t done = 0; done < n; done++) {
        while (p->in - p->out == PAGE && p->reader)
            if (wait_for(p, UINT64_MAX) < 0)
                return -EINTR;
        if (!p->reader)
            return -EPIPE;
        if (copy_in(&p->data[p->in % PAGE], from + done, 1) < 0)
            return done ? (int64_t)done : -EFAULT;
        p->in++;
        wake(p);
    }
    return (int64_t)n;
}
