/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pipe.c - a page of bytes between those who write and those who read. Nothing here waits: who gets -EAGAIN
 * waits for the pipe, as a channel of wait_for() or, from another node, in remote_file.c.
 */
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/process.h"
#include "guest-kernel/kernel/remote.h"

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

static void changed(struct pipe *p)
{
    wake(p);
    remote_file_serve();
}

void pipe_close(struct pipe *p, bool writer)
{
    *(writer ? &p->writer : &p->reader) = false;
    if (!p->reader && !p->writer) {
        page_free(p->data);
        p->data = NULL;
    }
    changed(p);
}

int64_t pipe_get(struct pipe *p, char *to, size_t n)
{
    size_t there = p->in - p->out;

    if (!there && n)
        return p->writer ? -EAGAIN : 0;
    if (n > there)
        n = there;
    for (size_t i = 0; i < n; i++)
        to[i] = p->data[(p->out + i) % PAGE];
    p->out += n;
    changed(p);
    return (int64_t)n;
}

int64_t pipe_put(struct pipe *p, const char *from, size_t n)
{
    if (!p->reader)
        return -EPIPE;
    if (n > PAGE - (p->in - p->out))
        return -EAGAIN;
    for (size_t i = 0; i < n; i++)
        p->data[(p->in + i) % PAGE] = from[i];
    p->in += n;
    changed(p);
    return (int64_t)n;
}
