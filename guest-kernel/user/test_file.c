/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_file.c - files and pipes; see usertests.h. */
#include "guest-kernel/user/usertests.h"

bool write_bad_address(void)
{
    EXPECT(write(1, (void *)8, 1) == -EFAULT);
    EXPECT(write(1, (void *)((uintptr_t)main - 0x8000000000u), 1) == -EFAULT); /* the kernel's half */
    EXPECT(write(99, "x", 1) == -EBADF);
    return true;
}

bool unknown_call(void)
{
    EXPECT(syscall6(0, 0, 0, 0, 0, 0, 999) == -ENOSYS);
    EXPECT(syscall6(0, 0, 0, 0, 0, 0, -1) == -ENOSYS);
    return true;
}

bool read_file(void)
{
    static const char text[] = "Welcome to the kernel.\n";
    char got[64];
    long fd = open("/motd", 0);

    EXPECT(fd >= 3);
    EXPECT(read((int)fd, got, 7) == 7 && !memcmp(got, text, 7));
    EXPECT(read((int)fd, got, sizeof got) == sizeof text - 1 - 7 &&
           !memcmp(got, text + 7, sizeof text - 1 - 7));
    EXPECT(read((int)fd, got, sizeof got) == 0);
    EXPECT(write((int)fd, got, 1) == -EBADF);
    EXPECT(close((int)fd) == 0);
    EXPECT(close((int)fd) == -EBADF);
    return true;
}

bool open_errors(void)
{
    EXPECT(open("/no-such-file", 0) == -ENOENT);
    EXPECT(open("/motd", 1) == -EROFS);
    EXPECT(open((const char *)8, 0) == -EFAULT);
    return true;
}

/* More than a pipe holds, and all of it in order. */
bool pipe_order(void)
{
    enum { BYTES = 20000 };
    int ends[2], status;
    uint8_t piece[333];

    EXPECT(pipe(ends) == 0);
    long id = fork();
    if (id == 0) {
        close(ends[0]);
        for (unsigned i = 0; i < BYTES; i++) {
            uint8_t byte = (uint8_t)(i * 7);
            if (write(ends[1], &byte, 1) != 1)
                exit(1);
        }
        exit(0);
    }
    close(ends[1]);
    unsigned at = 0;
    for (long n; (n = read(ends[0], piece, sizeof piece)) > 0;)
        for (long i = 0; i < n; i++, at++)
            EXPECT(piece[i] == (uint8_t)(at * 7));
    EXPECT(at == BYTES);
    EXPECT(wait4(id, &status, 0) == id && status == 0);
    return true;
}

bool pipe_ends(void)
{
    int ends[2];
    char c;

    EXPECT(pipe(ends) == 0);
    EXPECT(read(ends[1], &c, 1) == -EBADF && write(ends[0], "x", 1) == -EBADF);
    EXPECT(write(ends[1], "y", 1) == 1);
    close(ends[1]);
    EXPECT(read(ends[0], &c, 1) == 1 && c == 'y');
    EXPECT(read(ends[0], &c, 1) == 0);
    close(ends[0]);
    EXPECT(pipe(ends) == 0);
    close(ends[0]);
    EXPECT(write(ends[1], "x", 1) == -EPIPE);
    return true;
}

bool descriptors(void)
{
    static char *const argv[] = {"cat", NULL};
    int ends[2], status;

    EXPECT(pipe2(ends, CLOSE_ON_EXEC) == 0);
    EXPECT(dup3(ends[1], ends[1], 0) == -EINVAL && dup3(ends[1], 99, 0) == -EBADF &&
           dup3(99, 9, 0) == -EBADF);
    EXPECT(dup3(ends[1], 9, CLOSE_ON_EXEC) == 9 && dup3(9, ends[1], CLOSE_ON_EXEC) == ends[1] &&
           close(9) == 0);
    /* cat reads to the end, which comes because only the parent has the end to write. */
    long old = dup(0);
    EXPECT(old > 0 && dup3(ends[0], 0, 0) == 0);
    long forked = fork();
    if (forked == 0)
        exit((int)-execve("/cat", argv));
    long spawned = spawn("/cat", argv, ANY_NODE);
    EXPECT(dup3((int)old, 0, 0) == 0 && close((int)old) == 0 && close(ends[0]) == 0);
    EXPECT(forked > 0 && spawned > 0 && close(ends[1]) == 0);
    EXPECT(wait4(forked, &status, 0) == forked && status == 0);
    EXPECT(wait4(spawned, &status, 0) == spawned && status == 0);
    return true;
}
