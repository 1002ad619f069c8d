/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_monitor.c - see guest_monitor.h. QMP sends one JSON object a line; of an answer only its kind matters
 * here, and that is its first word.
 */
#include "sim/guest_monitor.h"
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define START_LIMIT_MS 60000
#define QMP_MAX        8192

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/*
 * Waits until the monitor has answered n commands. 0; -1 with why[] set if one was refused, with why[] empty
 * if QEMU closed the monitor (it has ended; its log says why).
 */
static int await_returns(int fd, int n, char *why, size_t size)
{
    int64_t limit = now_ms() + START_LIMIT_MS;
    char text[QMP_MAX];
    size_t have = 0;

    *why = '\0';
    while (n > 0) {
        int64_t left = limit - now_ms();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = poll(&p, 1, left > 0 ? (int)left : 0);
        ssize_t got;
        char *line, *end;

        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0) {
            snprintf(why, size, "QEMU does not answer on its monitor");
            return -1;
        }
        got = read(fd, text + have, sizeof text - 1 - have);
        if (got <= 0)
            return -1;
        have += (size_t)got;
        text[have] = '\0';
        /* One object a line; only the kind of answer matters. */
        for (line = text; (end = strchr(line, '\n')); line = end + 1) {
            *end = '\0';
            if (!strncmp(line, "{\"return\"", 9)) {
                n--;
            } else if (!strncmp(line, "{\"error\"", 8)) {
                snprintf(why, size, "QEMU's monitor refused: %s", line);
                return -1;
            }
        }
        have = strlen(line);
        memmove(text, line, have + 1);
        if (have == sizeof text - 1) {
            snprintf(why, size, "QEMU's monitor sent a line longer than %d bytes", QMP_MAX);
            return -1;
        }
    }
    return 0;
}

int guest_monitor_let_go(int monitor, char *why, size_t size)
{
    static const char commands[] = "{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"cont\"}\n";

    *why = '\0';
    if (send(monitor, commands, sizeof commands - 1, MSG_NOSIGNAL) != sizeof commands - 1)
        return -1;
    return await_returns(monitor, 2, why, size);
}
