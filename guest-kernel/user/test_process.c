/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_process.c - processes; see usertests.h. */
#include "guest-kernel/user/usertests.h"

int status_of(void (*function)(void))
{
    int status = -1;
    long id = fork();

    if (id == 0) {
        function();
        exit(0);
    }
    return wait4(id, &status, 0) == id ? status : -1;
}

bool fork_and_wait(void)
{
    int status;
    long self = getpid(), id[3];

    EXPECT(wait4(-1, &status, 0) == -ECHILD);
    for (int i = 0; i < 3; i++)
        if (!(id[i] = fork()))
            exit(getppid() == self && getpid() != self ? 40 + i : 1);
    for (int i = 2; i >= 0; i--)
        EXPECT(wait4(id[i], &status, 0) == id[i] && status == (40 + i) << 8);
    EXPECT(wait4(-1, &status, 0) == -ECHILD);
    return true;
}

bool fork_copies(void)
{
    static volatile int value = 1;
    int status;
    long id = fork();

    if (id == 0) {
        value++;
        exit(value == 2 ? 0 : 1);
    }
    EXPECT(wait4(id, &status, 0) == id && status == 0);
    EXPECT(value == 1);
    return true;
}

static void count(void)
{
    char *const argv[] = {"count", "two", "words", NULL};
    exit((int)-execve("/count", argv));
}

static void no_program(void)
{
    char *const argv[] = {"x", NULL};
    if (execve("/no-program", argv) != -ENOENT || execve("/motd", argv) != -8 || getpid() < 1)
        exit(1);
}

bool exec_arguments(void)
{
    EXPECT(status_of(count) == 2 << 8);
    EXPECT(status_of(no_program) == 0);
    return true;
}

static bool kill_one(void (*function)(void))
{
    int status;
    long id = fork();

    if (id == 0) {
        function();
        exit(0);
    }
    EXPECT(wait4(id, &status, WNOHANG) == 0);
    sleep_ns(MS);
    EXPECT(kill(id, 0) == 0);
    EXPECT(kill(id, SIGKILL) == 0);
    EXPECT(wait4(id, &status, 0) == id && status == SIGKILL);
    EXPECT(kill(id, SIGKILL) == -ESRCH);
    return true;
}

static void sleep_long(void)
{
    sleep_ns(1000000000);
}

static void busy(void)
{
    for (;;)
        __asm__ volatile("");
}

bool kill_sleeper(void)
{
    uint64_t begin = now_ns();

    EXPECT(kill_one(sleep_long));
    EXPECT(now_ns() - begin < 500 * MS);
    return true;
}

bool kill_busy(void)
{
    return kill_one(busy);
}
