/* SPDX-License-Identifier: GPL-2.0-or-later */
/* errno.h - the numbers of errors that system calls return, negated; Linux's. */
#ifndef KERNEL_ERRNO_H
#define KERNEL_ERRNO_H

enum {
    EPERM = 1,
    ENOENT = 2,
    ESRCH = 3,
    EINTR = 4,
    E2BIG = 7,
    ENOEXEC = 8,
    EBADF = 9,
    ECHILD = 10,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    EFAULT = 14,
    EXDEV = 18,
    ENODEV = 19,
    EINVAL = 22,
    EMFILE = 24,
    EROFS = 30,
    EPIPE = 32,
    ENOSYS = 38,
    EOVERFLOW = 75,
    ETIMEDOUT = 110,
    EHOSTDOWN = 112
};

#endif
