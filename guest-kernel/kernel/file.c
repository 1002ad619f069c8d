/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * file.c - open files: the console, files of the initial ram disk and of /proc, ends of pipes. One lives on
 * the node that opened it, its home, for as long as somebody has it there (users) or a node has a reference
 * to it (holders); a reference is itself a file, FILE_REMOTE, whose reads and writes are remote_file.c's.
 *
 * Data go through a buffer of the kernel, in pieces, so that nobody waits for user memory in the middle of a
 * file's state.
 */
#include "guest-kernel/kernel/console.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/process.h"
#include "guest-kernel/kernel/remote.h"

enum { OPEN = 128, ACCESS = 3 };

static struct file files[OPEN];
static struct file console = {.kind = FILE_CONSOLE, .users = 1}; /* number 0; never closed */
static uint64_t last_number;

static bool in_use(const struct file *f)
{
    return f->users || f->holders;
}

struct file *file_new(int kind)
{
    for (unsigned i = 0; i < OPEN; i++)
        if (!in_use(&files[i])) {
            files[i] = (struct file){.kind = (unsigned)kind, .users = 1, .number = ++last_number};
            return &files[i];
        }
    return NULL;
}

struct file *file_hold(struct file *f)
{
    f->users++;
    return f;
}

struct file *file_console(void)
{
    return file_hold(&console);
}

static void check(struct file *f)
{
    if (in_use(f))
        return;
    if (f->kind == FILE_REMOTE)
        remote_file_release(f);
    if (f->kind == FILE_TEXT)
        page_free((void *)f->data);
    if (f->kind == FILE_PIPE_IN || f->kind == FILE_PIPE_OUT)
        pipe_close(f->pipe, f->kind == FILE_PIPE_OUT);
}

void file_close(struct file *f)
{
    f->users--;
    check(f);
}

struct file *file_numbered(uint64_t number)
{
    if (!number)
        return &console;
    for (unsigned i = 0; i < OPEN; i++)
        if (in_use(&files[i]) && files[i].kind != FILE_REMOTE && files[i].number == number)
            return &files[i];
    return NULL;
}

struct file *file_reference(unsigned home, uint64_t number)
{
    for (unsigned i = 0; i < OPEN; i++) {
        struct file *f = &files[i];
        if (in_use(f) && f->kind == FILE_REMOTE && f->home == home && f->number == number)
            return file_hold(f);
    }
    struct file *f = file_new(FILE_REMOTE);
    if (f) {
        f->home = home;
        f->number = number;
    }
    return f;
}

void file_held(struct file *f, unsigned node)
{
    f->holders |= core_bit(node);
}

void file_released(struct file *f, unsigned node)
{
    if (!(f->holders & core_bit(node)))
        return;
    f->holders &= ~core_bit(node);
    check(f);
}

void file_dead(unsigned node)
{
    for (unsigned i = 0; i < OPEN; i++)
        file_released(&files[i], node);
}

const struct file *file_at(unsigned slot)
{
    return slot < OPEN ? &files[slot] : NULL;
}

/* A file whose text is made now. */
static struct file *open_info(const char *path, int64_t *error)
{
    char *page = page_new();
    int64_t bytes = page ? remote_info(path, page) : -ENOMEM;
    struct file *f = bytes >= 0 ? file_new(FILE_TEXT) : NULL;

    if (!f) {
        if (page)
            page_free(page);
        *error = bytes < 0 ? bytes : -ENOMEM;
        return NULL;
    }
    f->data = (const uint8_t *)page;
    f->bytes = (uint64_t)bytes;
    return f;
}

struct file *file_open(const char *path, unsigned flags, int64_t *error)
{
    uint64_t bytes;
    const void *data = initrd_find(path, &bytes);
    static const char proc[] = "/proc/";
    bool made = length(path) >= sizeof proc - 1 && !memcmp(path, proc, sizeof proc - 1);

    if (same(path, "/dev/console"))
        return file_console();
    *error = !data && !made ? -ENOENT : flags & ACCESS ? -EROFS : -ENOMEM;
    if (*error != -ENOMEM)
        return NULL;
    if (made)
        return open_info(path + sizeof proc - 1, error);
    struct file *f = file_new(FILE_INITRD);
    if (f) {
        f->data = data;
        f->bytes = bytes;
    }
    return f;
}

const void *file_channel(const struct file *f)
{
    return f->kind == FILE_CONSOLE ? (const void *)f : f->pipe;
}

int64_t file_get(struct file *f, void *to, size_t n)
{
    if (f->kind == FILE_CONSOLE)
        return console_get(to, n);
    if (f->kind == FILE_PIPE_IN)
        return pipe_get(f->pipe, to, n);
    if (f->kind != FILE_INITRD && f->kind != FILE_TEXT)
        return -EBADF;
    if (n > f->bytes - f->at)
        n = f->bytes - f->at;
    memcpy(to, f->data + f->at, n);
    f->at += n;
    return (int64_t)n;
}

int64_t file_put(struct file *f, const void *from, size_t n)
{
    if (f->kind == FILE_CONSOLE) {
        remote_console(from, n);
        return (int64_t)n;
    }
    return f->kind == FILE_PIPE_OUT ? pipe_put(f->pipe, from, n) : -EBADF;
}

void file_changed(const struct file *f)
{
    wake(file_channel(f));
    remote_file_serve();
}

/* Waits as long as the file has nothing, or no room. The console may be that of node 0: home and number 0. */
static int64_t piece(struct file *f, struct file_piece *p, size_t n, bool write)
{
    if (f->kind == FILE_REMOTE || (f->kind == FILE_CONSOLE && remote_console_elsewhere()))
        return write ? remote_file_write(f, p, n) : remote_file_read(f, p, n);
    for (;;) {
        int64_t result = write ? file_put(f, p->data, n) : file_get(f, p->data, n);
        if (result != -EAGAIN)
            return result;
        if (wait_for(file_channel(f), UINT64_MAX) < 0)
            return -EINTR;
    }
}

bool file_steady(const struct file *f)
{
    return f->kind == FILE_INITRD || f->kind == FILE_TEXT;
}

static int64_t read_some(struct file *f, uintptr_t to, uint64_t n)
{
    struct file_piece p;

    if (f->kind == FILE_REMOTE && n > FILE_PIECE) {
        int64_t got = remote_file_bulk(f, to, n);
        if (got != -ENOMEM)
            return got;
    }
    int64_t got = piece(f, &p, n < FILE_PIECE ? n : FILE_PIECE, false);
    return got > 0 && copy_out(to, p.data, (size_t)got) < 0 ? -EFAULT : got;
}

int64_t file_read(struct file *f, uintptr_t to, uint64_t n)
{
    uint64_t done = 0;
    int64_t got;

    file_hold(f);
    do {
        breathe();
        got = read_some(f, to + done, n - done);
        if (got > 0)
            done += (uint64_t)got;
    } while (got > 0 && done < n && file_steady(f));
    file_close(f);
    return done ? (int64_t)done : got;
}

int64_t file_write(struct file *f, uintptr_t from, uint64_t n)
{
    struct file_piece p;
    uint64_t done = 0;
    int64_t put;

    file_hold(f);
    do {
        breathe();
        size_t now = n - done < FILE_PIECE ? n - done : FILE_PIECE;
        put = copy_in(p.data, from + done, now) < 0 ? -EFAULT : piece(f, &p, now, true);
        if (put > 0)
            done += (uint64_t)put;
    } while (put > 0 && done < n);
    file_close(f);
    return done ? (int64_t)done : put;
}
