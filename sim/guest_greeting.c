/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guest_greeting.c - see guest_greeting.h. */
#include "sim/guest_greeting.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_GUESTS = 64, BAR_BYTES = 65536 };

static struct {
    bool running;
    int listener, stop; /* stop: an eventfd */
    pthread_t thread;
    int guest[MAX_GUESTS];
    unsigned n_guests;
    char name[sizeof(((struct sockaddr_un *)0)->sun_path)];
} server;

/* One message; fd < 0: none goes with it. 0, or -1 errno. */
static int say(int to, int64_t value, int fd)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec iov = {&value, sizeof value};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

    if (fd >= 0) {
        m.msg_control = control.bytes;
        m.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    return sendmsg(to, &m, MSG_NOSIGNAL) == (ssize_t)sizeof value ? 0 : -1;
}

/* False: the connection is of no use, and QEMU will say so when it is closed. */
static bool greet(int to)
{
    int memory = memfd_create("cob-fab0", MFD_CLOEXEC);
    bool ok = memory >= 0 && ftruncate(memory, BAR_BYTES) == 0 && say(to, 0, -1) == 0 &&
              say(to, 0, -1) == 0 && say(to, -1, memory) == 0;
    if (memory >= 0)
        close(memory);
    return ok;
}

static void *serve(void *arg)
{
    struct pollfd p[2] = {{.fd = server.listener, .events = POLLIN}, {.fd = server.stop, .events = POLLIN}};

    while (poll(p, 2, -1) < 0 || !p[1].revents) {
        int to = accept4(server.listener, NULL, NULL, SOCK_CLOEXEC);
        if (to < 0)
            continue;
        if (server.n_guests < MAX_GUESTS && greet(to))
            server.guest[server.n_guests++] = to;
        else
            close(to);
    }
    return arg;
}

/* Binds to a name that the kernel chooses. 0, or -1 errno. */
static int listen_somewhere(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    socklen_t len = sizeof a;

    server.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server.listener < 0 || bind(server.listener, (const struct sockaddr *)&a, sizeof a.sun_family) < 0 ||
        listen(server.listener, MAX_GUESTS) < 0 ||
        getsockname(server.listener, (struct sockaddr *)&a, &len) < 0)
        return -1;
    /* "\0" and five hexadecimal digits (unix(7)) */
    size_t n = len - offsetof(struct sockaddr_un, sun_path) - 1;
    memcpy(server.name, a.sun_path + 1, n);
    server.name[n] = 0;
    return 0;
}

const char *guest_greeting_start(char *why, size_t size)
{
    server.stop = eventfd(0, EFD_CLOEXEC);
    int error = server.stop < 0 || listen_somewhere() < 0 ? errno : 0;
    if (!error)
        error = pthread_create(&server.thread, NULL, serve, NULL);
    if (error) {
        snprintf(why, size, "cannot serve the guests' adapters: %s", strerror(error));
        if (server.listener > 0)
            close(server.listener);
        if (server.stop >= 0)
            close(server.stop);
        return NULL;
    }
    server.running = true;
    return server.name;
}

void guest_greeting_stop(void)
{
    if (!server.running)
        return;
    eventfd_write(server.stop, 1);
    pthread_join(server.thread, NULL);
    for (unsigned i = 0; i < server.n_guests; i++)
        close(server.guest[i]);
    close(server.listener);
    close(server.stop);
    memset(&server, 0, sizeof server);
}
