/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console.c - the guest's serial console: bytes with their virtual time, results, panics.
 *
 * Lines are collected and sent to the engine in pieces, each with the time of its first byte; the newline is
 * always a piece of its own. Where else a line is cut depends on when the node meets the others; its begin
 * and its end do not. Two kinds of line end the guest's part of the run, exactly where they were written:
 *
 *   "cob: result N"              the node's script has ended with exit status N (guest-kernel/linux/init)
 *   "---[ end Kernel panic ..."  Linux has panicked and said all it has to say (without panic=SECONDS)
 *
 * With panic=SECONDS Linux reboots instead of the latter; "Kernel panic - not syncing" is remembered for
 * that.
 *
 * A guest that fills its console: after CONSOLE_MAX bytes the rest is dropped (the same in every run), with a
 * note.
 */
#include "devices/qemu/half.h"
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

enum { LINE_MAX_BYTES = 512 };
#define CONSOLE_MAX (64ull << 20)

static char line[LINE_MAX_BYTES];
static size_t len, sent; /* collected; of those already sent */
static int64_t chunk_ns; /* when the first byte not yet sent was written */
static uint64_t total;
static dev_t dev;
static ino_t ino;
static int console_fd = -1;

static void send_bytes(const char *bytes, size_t n)
{
    struct port_record rec = {
        .type = PORT_REC_CONSOLE, .time_ps = vtime_from_ns(chunk_ns), .len = (uint32_t)n};
    if (n)
        half_send(&rec, bytes);
}

void console_flush(void)
{
    send_bytes(line + sent, len - sent);
    sent = len;
}

static const char *find(const char *text)
{
    return memmem(line, len, text, strlen(text));
}

static void end_of_line(void)
{
    static const char mark[] = "cob: result ";
    line[len < sizeof line ? len : sizeof line - 1] = 0;
    if (!strncmp(line, mark, sizeof mark - 1)) {
        char *end;
        long v = strtol(line + sizeof mark - 1, &end, 10);
        if (end > line + sizeof mark - 1 && v >= 0 && v <= 255)
            half_end(PORT_END_RESULT, (int)v);
    } else if (find("Kernel panic - not syncing") && !find("---[ end")) {
        half.panicked = true;
    } else if (find("---[ end Kernel panic")) {
        half_end(PORT_END_PANIC, 0);
    }
}

/* After CONSOLE_MAX bytes lines are still looked at, but no longer sent. */
static void put(char c)
{
    static const char note[] = "\ncob: console limit of 64 MiB reached, the rest is dropped\n";
    bool drop = ++total > CONSOLE_MAX;

    if (c == '\n')
        console_flush(); /* the end of a line has its own time, wherever the rest was cut into pieces */
    if (len == sent)
        chunk_ns = half_now_ns();
    if (total == CONSOLE_MAX + 1) {
        console_flush();
        send_bytes(note, sizeof note - 1);
    }
    line[len++] = c;
    if (drop)
        sent = len;
    if (c == '\n')
        end_of_line();
    if (c == '\n' || len == sizeof line) {
        console_flush();
        len = sent = 0;
    }
}

static ssize_t on_write(int fd, const struct iovec *iov, int n)
{
    ssize_t taken = 0;

    if (fd != console_fd) {
        struct stat st;
        if (console_fd >= 0 || fstat(fd, &st) < 0 || st.st_dev != dev || st.st_ino != ino)
            return -1;
        console_fd = fd;
    }
    for (int i = 0; i < n; i++) {
        for (size_t j = 0; j < iov[i].iov_len; j++)
            put(((const char *)iov[i].iov_base)[j]);
        taken += (ssize_t)iov[i].iov_len;
    }
    return taken;
}

int console_install(const char *path)
{
    ssize_t (**hook)(int, const struct iovec *, int) =
        (ssize_t(**)(int, const struct iovec *, int))dlsym(RTLD_DEFAULT, "cob_console_hook");
    struct stat st;

    if (!hook || stat(path, &st) < 0)
        return -1;
    dev = st.st_dev;
    ino = st.st_ino;
    *hook = on_write;
    return 0;
}
