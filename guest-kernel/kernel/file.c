/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file.c - open files: the console, files of the initial ram disk, ends of pipes. */
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/process.h"
#include "guest-kernel/kernel/remote.h"

enum { OPEN = 64, ACCESS = 3 };

static struct file files[OPEN];

struct file *file_new(int kind)
{
    for (unsigned i = 0; i < OPEN; i++)
        if (!files[i].users) {
            files[i] = (struct file){.kind = (unsigned)kind, .users = 1};
            return &files[i];
        }
    return NULL;
}

int64_t file_install(struct file *f)
{
    struct process *p = current()->process;

    if (!f)
        return -ENOMEM;
    for (unsigned i = 0; i < FILES; i++)
        if (!p->files[i]) {
            p->files[i] = f;
            return i;
        }
    file_close(f);
    return -EMFILE;
}

void file_close(struct file *f)
{
    if (--f->users)
        return;
    if (f->kind == FILE_TEXT)
        page_free((void *)f->data);
    if (f->kind == FILE_PIPE_IN || f->kind == FILE_PIPE_OUT)
        pipe_close(f->pipe, f->kind == FILE_PIPE_OUT);
}

void file_console(struct process *p)
{
    struct file *console = file_new(FILE_CONSOLE);

    console->users = 3;
    for (unsigned i = 0; i < 3; i++)
        p->files[i] = console;
}

/* A file whose text is made now. */
static int64_t open_info(const char *path)
{
    char *page = page_new();
    int64_t bytes = page ? remote_info(path, page) : -ENOMEM;
    struct file *f = bytes >= 0 ? file_new(FILE_TEXT) : NULL;

    if (!f) {
        if (page)
            page_free(page);
        return bytes < 0 ? bytes : -ENOMEM;
    }
    f->data = (const uint8_t *)page;
    f->bytes = (uint64_t)bytes;
    return file_install(f);
}

int64_t file_open(const char *path, unsigned flags)
{
    uint64_t bytes;
    const void *data = initrd_find(path, &bytes);
    static const char proc[] = "/proc/";

    if (same(path, "/dev/console"))
        return file_install(file_new(FILE_CONSOLE));
    bool made = length(path) >= sizeof proc - 1 && !memcmp(path, proc, sizeof proc - 1);
    if (!data && !made)
        return -ENOENT;
    if (flags & ACCESS)
        return -EROFS;
    if (made)
        return open_info(path + sizeof proc - 1);
    struct file *f = file_new(FILE_INITRD);
    if (f) {
        f->data = data;
        f->bytes = bytes;
    }
    return file_install(f);
}

struct file *file_of(uint64_t descriptor)
{
    return descriptor < FILES ? current()->process->files[descriptor] : NULL;
}

int64_t file_read(struct file *f, uintptr_t to, uint64_t n)
{
    if (f->kind == FILE_CONSOLE)
        return 0; /* there is no input: always at its end */
    if (f->kind == FILE_PIPE_IN)
        return pipe_read(f->pipe, to, n);
    if (f->kind != FILE_INITRD && f->kind != FILE_TEXT)
        return -EBADF;
    if (n > f->bytes - f->at)
        n = f->bytes - f->at;
    if (copy_out(to, f->data + f->at, n) < 0)
        return -EFAULT;
    f->at += n;
    return (int64_t)n;
}

int64_t file_write(struct file *f, uintptr_t from, uint64_t n)
{
    char piece[256];

    if (f->kind == FILE_PIPE_OUT)
        return pipe_write(f->pipe, from, n);
    if (f->kind != FILE_CONSOLE)
        return -EBADF;
    for (uint64_t done = 0; done < n;) {
        uint64_t now = n - done < sizeof piece ? n - done : sizeof piece;
        if (copy_in(piece, from + done, now) < 0)
            return done ? (int64_t)done : -EFAULT;
        remote_console(piece, now);
        done += now;
    }
    return (int64_t)n;
}
