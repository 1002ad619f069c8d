/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * initramfs.c - see initramfs.h. The newc format, as Linux's Documentation/driver-api/early-userspace
 * describes it:
 *
 *   "070701", 13 fields of 8 hexadecimal digits (ino mode uid gid nlink mtime filesize devmajor devminor
 * rdevmajor rdevminor namesize check), the name with its NUL, zeros to a multiple of 4, the contents, zeros
 * to a multiple of 4; the last entry is called TRAILER!!!. Archives begin at a multiple of 4 as well; Linux
 * skips zeros between them.
 */
#include "sim/initramfs.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Far above the inode numbers of the base: Linux joins entries with nlink > 1 only, but other readers may
 * not. */
#define FIRST_INODE 0x10000u

static const char trailer[] = "TRAILER!!!";

/* Output with what it takes to report a failure once. */
struct writer {
    int fd;
    const char *path;
    uint64_t written; /* bytes so far */
    int error;        /* errno of the first failure; from then on nothing is written */
};

static void put(struct writer *w, const void *data, size_t size)
{
    const char *p = data;

    while (size > 0 && w->error == 0) {
        ssize_t done = write(w->fd, p, size);

        if (done < 0) {
            if (errno != EINTR)
                w->error = errno;
            continue;
        }
        if (done == 0) {
            w->error = ENOSPC;
            continue;
        }
        p += done;
        size -= (size_t)done;
        w->written += (uint64_t)done;
    }
}

static void put_padding(struct writer *w)
{
    static const char zeros[4];

    put(w, zeros, (4 - w->written % 4) % 4);
}

static void put_entry(struct writer *w, unsigned ino, unsigned mode, const char *name, const void *data,
                      size_t size)
{
    size_t name_size = strlen(name) + 1;
    char header[111];
    int len = snprintf(header, sizeof header, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
                       ino, mode, 0u, 0u, 1u, 0u, (unsigned)size, 0u, 0u, 0u, 0u, (unsigned)name_size, 0u);

    assert(len == 110);
    put(w, header, (size_t)len);
    put(w, name, name_size);
    put_padding(w);
    if (size > 0)
        put(w, data, size);
    put_padding(w);
}

/* Makes the sentence, keeps the error number in errno. Returns -1. */
static int __attribute__((format(printf, 4, 5)))
fail(int error, char *why, size_t size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(why, size, format, args);
    va_end(args);
    errno = error;
    return -1;
}

/* Copies an archive. 0, or -1 with the reason if it cannot be read; write errors stay in w. */
static int copy_base(struct writer *w, const char *base, char *why, size_t size)
{
    static const char magic[6] = {'0', '7', '0', '7', '0', '1'};
    int fd = open(base, O_RDONLY | O_CLOEXEC);
    size_t buffer_size = 1 << 18;
    char *buffer;
    uint64_t begin;
    int error = 0;

    put_padding(w);
    begin = w->written;
    if (fd < 0)
        return fail(errno, why, size, "cannot open the initramfs %s: %s", base, strerror(errno));
    buffer = malloc(buffer_size);
    if (buffer == NULL) {
        close(fd);
        return fail(ENOMEM, why, size, "no memory to copy the initramfs %s", base);
    }
    while (error == 0 && w->error == 0) {
        ssize_t got = read(fd, buffer, buffer_size);

        if (got < 0) {
            if (errno != EINTR)
                error = errno;
            continue;
        }
        if (w->written == begin &&
            (got < (ssize_t)sizeof magic || memcmp(buffer, magic, sizeof magic) != 0)) {
            error = EINVAL;
            continue;
        }
        if (got == 0)
            break;
        put(w, buffer, (size_t)got);
    }
    free(buffer);
    close(fd);
    if (error == EINVAL)
        return fail(error, why, size, "%s is not an uncompressed cpio archive (newc)", base);
    if (error != 0)
        return fail(error, why, size, "cannot read the initramfs %s: %s", base, strerror(error));
    return 0;
}

int initramfs_write(const char *base, const char *more, const char *out, const struct initramfs_file *files,
                    unsigned n, char *why, size_t size)
{
    struct writer w = {.path = out};
    char *temporary = NULL;
    int result = -1;

    if (asprintf(&temporary, "%s.XXXXXX", out) < 0)
        return fail(ENOMEM, why, size, "no memory to write %s", out);
    w.fd = mkostemp(temporary, O_CLOEXEC);
    if (w.fd < 0) {
        fail(errno, why, size, "cannot create %s: %s", out, strerror(errno));
        free(temporary);
        return -1;
    }
    if (copy_base(&w, base, why, size) == 0 && (more == NULL || copy_base(&w, more, why, size) == 0)) {
        put_padding(&w);
        for (unsigned i = 0; i < n; i++) {
            assert(files[i].path[0] != '/' && files[i].size <= UINT32_MAX && (files[i].mode & ~07777u) == 0);
            put_entry(&w, FIRST_INODE + i, S_IFREG | files[i].mode, files[i].path, files[i].data,
                      files[i].size);
        }
        put_entry(&w, 0, 0, trailer, NULL, 0);
        if (w.error == 0 && fchmod(w.fd, 0644) != 0)
            w.error = errno;
        if (close(w.fd) != 0 && w.error == 0)
            w.error = errno;
        w.fd = -1;
        if (w.error == 0 && rename(temporary, out) != 0)
            w.error = errno;
        if (w.error == 0)
            result = 0;
        else
            fail(w.error, why, size, "cannot write %s: %s", out, strerror(w.error));
    }
    if (result != 0) {
        int error = errno;

        if (w.fd >= 0)
            close(w.fd);
        unlink(temporary);
        errno = error;
    }
    free(temporary);
    return result;
}
