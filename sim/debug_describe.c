/* SPDX-License-Identifier: GPL-2.0-or-later */
/* debug_describe.c - see debug_describe.h. A small client of QEMU's own stub, over its standard streams. */
#include "sim/debug_describe.h"
#include "sim/gdb_packet.h"
#include "sim/guest_machine.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_LIMIT_MS = 20000, FILE_MAX_BYTES = 1 << 20 };

/* Sends a request and waits for the answer. Its length, or -1. */
static int exchange(int fd, struct gdb_parser *in, const char *request)
{
    struct gdb_out out;
    static char frame[GDB_PACKET_MAX + 8];

    gdb_out_clear(&out);
    gdb_out_add(&out, "%s", request);
    size_t n = gdb_frame(&out, frame);
    if (send(fd, frame, n, MSG_NOSIGNAL) != (ssize_t)n)
        return -1;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        uint8_t byte;
        int r = poll(&p, 1, ANSWER_LIMIT_MS);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0 || read(fd, &byte, 1) != 1)
            return -1;
        switch (gdb_parse(in, byte)) {
        case GDB_PACKET:
            return send(fd, "+", 1, MSG_NOSIGNAL) == 1 ? (int)in->len : -1;
        case GDB_HOSTILE:
        case GDB_BAD_SUM:
            return -1;
        default:
            break;
        }
    }
}

/* A whole file, malloc'd, or NULL. */
static char *fetch(int fd, struct gdb_parser *in, const char *annex)
{
    char request[160], *text = NULL;
    size_t len = 0;

    for (bool last = false; !last;) {
        snprintf(request, sizeof request, "qXfer:features:read:%s:%zx,7f0", annex, len);
        int n = exchange(fd, in, request);
        char *more = n < 1 || (in->payload[0] != 'm' && in->payload[0] != 'l') || len > FILE_MAX_BYTES
                         ? NULL
                         : realloc(text, len + (size_t)n);
        if (!more) {
            free(text);
            return NULL;
        }
        text = more;
        memcpy(text + len, in->payload + 1, (size_t)n - 1);
        len += (size_t)n - 1;
        text[len] = 0;
        last = in->payload[0] == 'l';
    }
    return text;
}

static int add_file(struct description *d, int fd, struct gdb_parser *in, const char *annex)
{
    if (d->n_files == DESCRIBE_FILES)
        return -1;
    char *text = fetch(fd, in, annex), *name = strdup(annex);
    if (!text || !name) {
        free(text);
        free(name);
        return -1;
    }
    d->annex[d->n_files] = name;
    d->text[d->n_files++] = text;
    return 0;
}

/* The files that target.xml includes; then the registers of the first are counted. */
static int read_all(struct description *d, int fd, struct gdb_parser *in)
{
    static const char href[] = "<xi:include href=\"";
    bool pc = false;
    char annex[100];

    if (exchange(fd, in, "qSupported:multiprocess+;xmlRegisters=i386") < 0 ||
        add_file(d, fd, in, "target.xml") < 0)
        return -1;
    for (const char *at = d->text[0]; (at = strstr(at, href));) {
        at += sizeof href - 1;
        snprintf(annex, sizeof annex, "%.*s", (int)strcspn(at, "\""), at);
        if (add_file(d, fd, in, annex) < 0)
            return -1;
    }
    if (d->n_files < 2)
        return -1;
    for (const char *at = d->text[1]; (at = strstr(at, "<reg ")); at++) {
        const char *end = strchr(at, '>');
        const char *name = strstr(at, "name=\"");
        if (name && end && name < end && (!strncmp(name + 6, "pc\"", 3) || !strncmp(name + 6, "rip\"", 4))) {
            d->pc_register = d->core_registers;
            pc = true;
        }
        d->core_registers++;
    }
    return pc ? 0 : -1;
}

static pid_t start(enum scn_arch arch, const char *qemu, int *fd)
{
    const struct guest_machine *m = guest_machine_of(arch);
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        char machine[200];
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        snprintf(machine, sizeof machine, "%s%s", m->type, m->properties);
        if (null >= 0 && dup2(pair[1], 0) == 0 && dup2(pair[1], 1) == 1 && dup2(null, 2) == 2)
            execl(qemu, qemu, "-machine", machine, "-accel", "tcg", "-cpu", m->cpu, "-m", "64", "-S",
                  "-nodefaults", "-no-user-config", "-display", "none", "-gdb", "stdio", (char *)NULL);
        _exit(1);
    }
    close(pair[1]);
    *fd = pair[0];
    if (pid < 0)
        close(pair[0]);
    return pid;
}

int describe(enum scn_arch arch, const char *qemu, struct description *d, char *why, size_t size)
{
    struct gdb_parser *in = calloc(1, sizeof *in);
    int fd, r = -1;
    pid_t pid = in ? start(arch, qemu, &fd) : -1;

    *d = (struct description){0};
    if (pid > 0) {
        r = read_all(d, fd, in);
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
        close(fd);
    }
    free(in);
    if (r < 0) {
        snprintf(why, size, "%s does not describe its %s CPU's registers to a debugger", qemu,
                 scn_arch_name(arch));
        description_free(d);
    }
    return r;
}

const char *description_file(const struct description *d, const char *annex)
{
    for (unsigned i = 0; i < d->n_files; i++)
        if (!strcmp(d->annex[i], annex))
            return d->text[i];
    return NULL;
}

void description_free(struct description *d)
{
    for (unsigned i = 0; i < d->n_files; i++) {
        free(d->annex[i]);
        free(d->text[i]);
    }
    *d = (struct description){0};
}
