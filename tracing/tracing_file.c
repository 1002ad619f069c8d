/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_file.c - a buffered output file whose failures are kept for later.
 */
#include "tracing/tracing_write.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void tracing_fail(struct tracing_error *error, int err, const char *path)
{
    if (error->err)
        return;
    error->err = err;
    error->path = path ? strdup(path) : NULL;
}

/* Takes ownership of path, which may be NULL after a failed allocation. */
bool tracing_file_open(struct tracing_file *f, struct tracing_error *error, char *path, size_t buffer)
{
    *f = (struct tracing_file){.fd = -1, .path = path, .buf = malloc(buffer), .cap = buffer, .error = error};
    if (!path || !f->buf)
        tracing_fail(error, ENOMEM, path);
    if (error->err)
        return false;
    f->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (f->fd < 0)
        tracing_fail(error, errno, path);
    return f->fd >= 0;
}

/* Writes all of it, or leaves the file as it was before and keeps the error. */
static void write_out(struct tracing_file *f, const uint8_t *bytes, size_t len)
{
    size_t done = 0;
    while (done < len && !f->error->err) {
        ssize_t n = write(f->fd, bytes + done, len - done);
        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || errno != EINTR)
            tracing_fail(f->error, n == 0 ? EIO : errno, f->path);
    }
    if (done == len)
        f->written += len;
    else if (done > 0 && ftruncate(f->fd, (off_t)f->written) != 0)
        return; /* the file ends inside a unit; readers say so, and the first error is kept already */
}

void tracing_file_append(struct tracing_file *f, const void *unit, size_t len)
{
    if (f->error->err)
        return;
    if (len > f->cap - f->used)
        tracing_file_flush(f);
    if (len > f->cap) {
        write_out(f, unit, len);
    } else {
        memcpy(f->buf + f->used, unit, len);
        f->used += len;
    }
}

void tracing_file_flush(struct tracing_file *f)
{
    if (f->used > 0)
        write_out(f, f->buf, f->used);
    f->used = 0;
}

void tracing_file_save(struct tracing_file *f, size_t from, size_t to)
{
    while (from < to && !f->error->err) {
        ssize_t n = pwrite(f->fd, f->buf + from, to - from, (off_t)(f->written + from));
        if (n > 0)
            from += (size_t)n;
        else if (n == 0 || errno != EINTR)
            tracing_fail(f->error, n == 0 ? EIO : errno, f->path);
    }
    if (from < to && ftruncate(f->fd, (off_t)f->written) != 0)
        return; /* as in write_out */
}

void tracing_file_close(struct tracing_file *f)
{
    if (f->error && f->fd >= 0) {
        tracing_file_flush(f);
        if (close(f->fd) != 0)
            tracing_fail(f->error, errno, f->path);
    }
    free(f->path);
    free(f->buf);
    *f = (struct tracing_file){0};
}
