/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * preload.c - a library of its own, loaded into QEMU by LD_PRELOAD: shows the plugin what the guest's serial
 * port writes.
 *
 * QEMU's serial ports write each character to their chardev in the middle of the guest's register access,
 * which is the only moment at which its exact virtual time can be read; and no interface of QEMU tells a
 * plugin about it. A file chardev writes with writev(2), so writev is wrapped: the plugin, once loaded, sets
 * cob_console_hook, which takes the writes to the one file that is the console and leaves all others alone.
 */
#include <dlfcn.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#define EXPORT __attribute__((visibility("default")))

/* Returns the number of bytes taken, or -1 if the write is not for the console. */
EXPORT ssize_t (*cob_console_hook)(int fd, const struct iovec *iov, int n);

EXPORT ssize_t writev(int fd, const struct iovec *iov, int n)
{
    static ssize_t (*real)(int, const struct iovec *, int);
    ssize_t taken = cob_console_hook ? cob_console_hook(fd, iov, n) : -1;

    if (taken >= 0)
        return taken;
    if (!real)
        real = (ssize_t(*)(int, const struct iovec *, int))dlsym(RTLD_NEXT, "writev");
    return real(fd, iov, n);
}
