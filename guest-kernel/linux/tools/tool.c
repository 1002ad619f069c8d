/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tool.c - see tool.h. One program with several names: the initramfs has a link for each. */
#include "tool.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_NS (60 * INT64_C(1000000000))

const char *tool_name;

static const struct {
    const char *name;
    int (*main)(int argc, char **argv);
} tools[] = {
    {"cob-pingpong", pingpong_main},
    {"cob-bandwidth", bandwidth_main},
    {"cob-all2all", all2all_main},
};

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');

    tool_name = slash ? slash + 1 : argv[0];
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (unsigned i = 0; i < sizeof tools / sizeof *tools; i++)
        if (strcmp(tool_name, tools[i].name) == 0)
            return tools[i].main(argc, argv);
    die("call me by the name of a tool");
}

void die(const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s: ", tool_name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

unsigned long number(const char *text, unsigned long lowest, unsigned long highest)
{
    char *end;
    unsigned long value;

    errno = 0;
    value = strtoul(text, &end, 0);
    if (errno || end == text || *end || value < lowest || value > highest) {
        fprintf(stderr, "%s: '%s' is not a number from %lu to %lu\n", tool_name, text, lowest, highest);
        exit(2);
    }
    return value;
}

unsigned sizes(const char *text, uint32_t *out, unsigned max)
{
    char *copy = strdup(text), *rest = copy, *word;
    unsigned n = 0;

    while (copy && n < max && (word = strsep(&rest, ",")))
        out[n++] = (uint32_t)number(word, 64, FAB_MAX_MESSAGE);
    free(copy);
    return n;
}

void *pages(size_t len)
{
    void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        die("no memory: %s", strerror(errno));
    return p;
}

void station_open(struct station *s, unsigned queue, unsigned n_send, unsigned n_recv, size_t size)
{
    if (cobfab_open(NULL, queue, n_send, n_recv, &s->f) < 0)
        die("cannot open queue %u: %s", queue, strerror(errno));
    if (cobfab_info(s->f, &s->info) < 0)
        die("no information on the adapter: %s", strerror(errno));
    s->memory = pages(size);
    if (cobfab_register(s->f, s->memory, size, FAB_ACCESS_READ | FAB_ACCESS_WRITE | FAB_ACCESS_ATOMIC,
                        &s->m) < 0)
        die("cannot register %zu bytes: %s", size, strerror(errno));
}

void station_close(struct station *s)
{
    cobfab_close(s->f);
    munmap(s->memory, s->m.len);
}

void post_recv(struct station *s, uint64_t offset, uint32_t len, uint64_t cookie)
{
    if (cobfab_recv(s->f, &s->m, offset, len, cookie) < 0)
        die("cannot post a receive buffer: %s", strerror(errno));
}

static bool reap_one(struct station *s, struct cobfab_done *done, uint64_t *now_ns)
{
    int n = cobfab_reap(s->f, done, 1, PATIENCE_NS, now_ns);

    if (n < 0)
        die("no completions: %s", strerror(errno));
    return n == 1;
}

struct cobfab_done next(struct station *s, uint64_t *now_ns)
{
    struct cobfab_done done;

    if (!reap_one(s, &done, now_ns))
        die("nothing came for a minute");
    if (done.status != FAB_C_OK)
        die("operation %u to node %u ended with status '%s'", done.op, done.peer,
            cobfab_status_name(done.status));
    return done;
}

bool not_yet(unsigned status)
{
    return status == FAB_C_NO_QUEUE || status == FAB_C_PEER || status == FAB_C_RESET;
}

uint64_t meet(struct station *s, unsigned peer, uint64_t offset, uint64_t value)
{
    uint64_t *out = (void *)(s->memory + offset), *in = out + 1;
    bool under_way = false, sent = false, received = false;
    unsigned tries = 0;

    *out = value;
    post_recv(s, offset + 8, 8, 0);
    while (!sent || !received) {
        struct cobfab_done done;

        if (!sent && !under_way) {
            if (tries++ == 500)
                die("node %u does not come", peer);
            if (cobfab_send(s->f, peer, &s->m, offset, 8, 0, 0, NULL) < 0)
                die("cannot send to node %u: %s", peer, strerror(errno));
            under_way = true;
        }
        if (!reap_one(s, &done, NULL))
            die("node %u does not come", peer);
        if (done.op == FAB_OP_RECV && done.status == FAB_C_OK)
            received = true;
        else if (done.op == FAB_OP_SEND && done.status == FAB_C_OK)
            sent = true;
        else if (done.op == FAB_OP_SEND && not_yet(done.status))
            under_way = false;
        else
            die("meeting node %u: status '%s'", peer, cobfab_status_name(done.status));
    }
    return *in;
}

static struct sockaddr_in address_of(unsigned node, uint16_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

    a.sin_addr.s_addr = htonl(10u << 24 | 64u << 16 | (node + 1)); /* 10.64.0.<node + 1>, as init sets it */
    return a;
}

int tcp_meet(unsigned own, unsigned peer, uint16_t port)
{
    struct sockaddr_in a = address_of(own < peer ? own : peer, port);
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), connection = -1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (own < peer) {
        if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 1) < 0 ||
            (connection = accept(fd, NULL, NULL)) < 0)
            die("cannot listen on port %u: %s", port, strerror(errno));
        close(fd);
        fd = connection;
    } else {
        unsigned tries = 600;

        while (connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
            if (tries-- == 0)
                die("cannot connect to node %u: %s", peer, strerror(errno));
            close(fd);
            usleep(100000);
            fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        }
    }
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
        die("TCP_NODELAY: %s", strerror(errno));
    return fd;
}

void tcp_send(int fd, const void *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

        if (n < 0)
            die("send: %s", strerror(errno));
        data = (const char *)data + n;
        len -= (size_t)n;
    }
}

void tcp_recv(int fd, void *data, size_t len)
{
    while (len > 0) {
        ssize_t n = recv(fd, data, len, 0);

        if (n <= 0)
            die("recv: %s", n ? strerror(errno) : "the peer has closed");
        data = (char *)data + n;
        len -= (size_t)n;
    }
}

void stat_add(struct stat *s, uint64_t value)
{
    if (s->n++ == 0 || value < s->least)
        s->least = value;
    if (value > s->most)
        s->most = value;
    s->sum += value;
}

uint64_t stat_mean(const struct stat *s)
{
    return s->n ? (s->sum + s->n / 2) / s->n : 0;
}
