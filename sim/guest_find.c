/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_find.c - finds the emulators and refuses those that are too old.
 *
 * The version is what `<emulator> --version` prints in its first line: "QEMU emulator version 10.0.2 (...)".
 * Any program that prints that will do, a wrapper script as well.
 */
#include "sim/guest.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NEED_MAJOR      10
#define ANSWER_LIMIT_MS 20000

extern char **environ;

static const struct {
    const char *program, *variable, *package;
} emulators[SCN_ARCH_COUNT] = {
    [SCN_X86_64] = {"qemu-system-x86_64", "COB_QEMU_X86_64", "qemu-system-x86"},
    [SCN_AARCH64] = {"qemu-system-aarch64", "COB_QEMU_AARCH64", "qemu-system-arm"},
    [SCN_RISCV64] = {"qemu-system-riscv64", "COB_QEMU_RISCV64", "qemu-system-riscv"},
};

static bool is_program(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

/* malloc'd path, or NULL with errno (ENOENT: none). */
static char *search_path(const char *program)
{
    const char *at = getenv("PATH");

    for (at = at ? at : ""; *at;) {
        int len = (int)strcspn(at, ":");
        char *path;

        if (asprintf(&path, "%.*s%s%s", len ? len : 1, len ? at : ".", "/", program) < 0)
            return NULL;
        if (is_program(path))
            return path;
        free(path);
        at += len;
        at += *at == ':';
    }
    errno = ENOENT;
    return NULL;
}

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Reads until the end, the buffer's end or the time limit. 0, or -1 errno. */
static int read_answer(int fd, char *text, size_t size)
{
    int64_t limit = now_ms() + ANSWER_LIMIT_MS;
    size_t n = 0;

    text[0] = '\0';
    while (n < size - 1) {
        int64_t left = limit - now_ms();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = poll(&p, 1, left > 0 ? (int)left : 0);
        ssize_t got;

        if (ready < 0 && errno == EINTR)
            continue;
        if (ready < 0)
            return -1;
        if (!ready) {
            errno = ETIMEDOUT;
            return -1;
        }
        got = read(fd, text + n, size - 1 - n);
        if (got < 0)
            return -1;
        if (!got)
            break;
        n += (size_t)got;
        text[n] = '\0';
    }
    return 0;
}

/* Runs `path --version` and takes what it prints, errors too. 0, or -1 errno. */
static int ask_version(const char *path, char *text, size_t size)
{
    char *argv[] = {(char *)path, (char *)"--version", NULL};
    posix_spawn_file_actions_t actions;
    int fds[2], rc, saved;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC))
        return -1;
    rc = posix_spawn_file_actions_init(&actions);
    if (!rc) {
        rc = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        rc = rc ? rc : posix_spawn_file_actions_adddup2(&actions, fds[1], 1);
        rc = rc ? rc : posix_spawn_file_actions_adddup2(&actions, fds[1], 2);
        rc = rc ? rc : posix_spawn(&pid, path, &actions, NULL, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    close(fds[1]);
    if (rc) {
        close(fds[0]);
        errno = rc;
        return -1;
    }
    rc = read_answer(fds[0], text, size);
    saved = errno;
    close(fds[0]);
    kill(pid, SIGKILL); /* it has said what we asked for, or hangs */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    errno = saved;
    return rc;
}

/* Takes "10.0.2" out of the answer. 0, or -1: no version in it. */
static int parse_version(const char *text, char *version, size_t size, unsigned *major)
{
    static const char words[] = "QEMU emulator version ";
    const char *at = strstr(text, words);
    int used = 0;

    if (!at || sscanf(at + sizeof words - 1, "%u.%*u%n", major, &used) != 1 || !used)
        return -1;
    at += sizeof words - 1;
    snprintf(version, size, "%.*s", (int)strspn(at, "0123456789."), at);
    return 0;
}

static char *locate(enum scn_arch arch, char *why, size_t size)
{
    const char *chosen = getenv(emulators[arch].variable);
    char *path;

    if (!chosen || !*chosen) {
        path = search_path(emulators[arch].program);
        if (!path)
            snprintf(why, size,
                     "no %s found: install the package %s, version %d.0 or later (Debian 12: from "
                     "bookworm-backports), or set %s",
                     emulators[arch].program, emulators[arch].package, NEED_MAJOR, emulators[arch].variable);
        return path;
    }
    if (!is_program(chosen)) {
        snprintf(why, size, "%s names %s, which is not a program that can be run", emulators[arch].variable,
                 chosen);
        return NULL;
    }
    path = realpath(chosen, NULL); /* both back ends want it absolute */
    if (!path)
        snprintf(why, size, "%s: %s", chosen, strerror(errno));
    return path;
}

char *guest_find_qemu(enum scn_arch arch, char *version, size_t vsize, char *why, size_t size)
{
    char text[512], *path = locate(arch, why, size);
    unsigned major = 0;

    if (!path)
        return NULL;
    if (ask_version(path, text, sizeof text)) {
        snprintf(why, size, "cannot ask %s for its version: %s", path, strerror(errno));
    } else if (parse_version(text, version, vsize, &major)) {
        text[strcspn(text, "\n")] = '\0';
        snprintf(why, size, "%s does not look like QEMU: --version says \"%.200s\"", path, text);
    } else if (major < NEED_MAJOR) {
        snprintf(why, size,
                 "%s is QEMU %s, but %d.0 or later is needed: install the package %s from bookworm-backports "
                 "(Debian 12) or a later release, or set %s",
                 path, version, NEED_MAJOR, emulators[arch].package, emulators[arch].variable);
    } else {
        return path;
    }
    free(path);
    return NULL;
}
