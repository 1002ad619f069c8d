/* SPDX-License-Identifier: GPL-2.0-or-later OR MIT */
/* cobfab.c - see cobfab.h: a thin cover of ioctl. */
#include "cobfab.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct cobfab {
    int fd;
};

int cobfab_open(const char *device, unsigned queue, unsigned n_send, unsigned n_recv, struct cobfab **out)
{
    struct cobfab_queue want = {
        .queue = (uint16_t)queue, .n_send = (uint16_t)n_send, .n_recv = (uint16_t)n_recv};
    struct cobfab *f = malloc(sizeof *f);

    if (!f)
        return -1;
    f->fd = open(device ? device : "/dev/cobfab0", O_RDWR | O_CLOEXEC);
    if (f->fd < 0 || ioctl(f->fd, COBFAB_IOC_OPEN, &want) < 0) {
        int error = errno;
        cobfab_close(f);
        errno = error;
        return -1;
    }
    *out = f;
    return 0;
}

void cobfab_close(struct cobfab *f)
{
    if (f && f->fd >= 0)
        close(f->fd);
    free(f);
}

int cobfab_fd(const struct cobfab *f)
{
    return f->fd;
}

int cobfab_info(struct cobfab *f, struct cobfab_info *info)
{
    return ioctl(f->fd, COBFAB_IOC_INFO, info);
}

int cobfab_register(struct cobfab *f, void *addr, size_t len, unsigned access, struct cobfab_memory *out)
{
    struct cobfab_region want = {.addr = (uintptr_t)addr, .length = len, .access = access};

    if (ioctl(f->fd, COBFAB_IOC_REGISTER, &want) < 0)
        return -1;
    *out = (struct cobfab_memory){addr, len, want.handle, want.key};
    return 0;
}

int cobfab_unregister(struct cobfab *f, const struct cobfab_memory *m)
{
    return ioctl(f->fd, COBFAB_IOC_UNREGISTER, &m->handle);
}

int cobfab_post(struct cobfab *f, const struct cobfab_op *ops, unsigned n, uint64_t *time_ns)
{
    struct cobfab_post post = {.ops = (uintptr_t)ops, .n = n, .time_ns = time_ns != NULL};

    if (ioctl(f->fd, COBFAB_IOC_POST, &post) < 0)
        return -1;
    if (time_ns)
        *time_ns = post.time_ns;
    return (int)post.posted;
}

int cobfab_reap(struct cobfab *f, struct cobfab_done *done, unsigned max, int64_t timeout_ns,
                uint64_t *time_ns)
{
    struct cobfab_reap reap = {
        .done = (uintptr_t)done, .max = max, .timeout_ns = timeout_ns, .time_ns = time_ns != NULL};

    while (ioctl(f->fd, COBFAB_IOC_REAP, &reap) < 0)
        if (errno != EINTR)
            return -1;
    if (time_ns)
        *time_ns = reap.time_ns;
    return (int)reap.n;
}

uint64_t cobfab_time_ns(struct cobfab *f)
{
    __u64 time_ns = 0;

    return ioctl(f->fd, COBFAB_IOC_TIME, &time_ns) < 0 ? 0 : time_ns;
}

int cobfab_trace(struct cobfab *f, uint16_t type, uint32_t arg, const void *data, size_t len)
{
    struct cobfab_event event = {.type = type, .arg = arg, .len = (uint16_t)len, .data = (uintptr_t)data};

    if (len > FAB_MAX_EVENT) {
        errno = EINVAL;
        return -1;
    }
    return ioctl(f->fd, COBFAB_IOC_EVENT, &event);
}

int cobfab_counters(struct cobfab *f, struct fab_counters *out)
{
    return ioctl(f->fd, COBFAB_IOC_COUNTERS, out);
}

const char *cobfab_status_name(unsigned status)
{
    static const char *const names[FAB_C_COUNT] = {"ok",       "length", "local", "remote", "descriptor",
                                                   "no queue", "peer",   "reset", "flushed"};

    return status < FAB_C_COUNT ? names[status] : "?";
}

static int post_one(struct cobfab *f, const struct cobfab_op *op, uint64_t *time_ns)
{
    return cobfab_post(f, op, 1, time_ns) == 1 ? 0 : -1;
}

int cobfab_recv(struct cobfab *f, const struct cobfab_memory *m, uint64_t offset, uint32_t len,
                uint64_t cookie)
{
    struct cobfab_op op = {
        .op = FAB_OP_RECV, .len = len, .handle = m ? m->handle : 0, .offset = offset, .cookie = cookie};

    return post_one(f, &op, NULL);
}

int cobfab_send(struct cobfab *f, unsigned peer, const struct cobfab_memory *m, uint64_t offset, uint32_t len,
                uint32_t imm, uint64_t cookie, uint64_t *time_ns)
{
    struct cobfab_op op = {.op = FAB_OP_SEND,
                           .peer = (uint16_t)peer,
                           .len = len,
                           .handle = m ? m->handle : 0,
                           .offset = offset,
                           .cookie = cookie,
                           .imm = imm};

    return post_one(f, &op, time_ns);
}

static int one_sided(struct cobfab *f, unsigned what, unsigned peer, const struct cobfab_memory *m,
                     uint64_t offset, uint32_t len, uint32_t key, uint64_t remote, uint64_t cookie,
                     uint64_t *time_ns)
{
    struct cobfab_op op = {.op = (uint8_t)what,
                           .peer = (uint16_t)peer,
                           .len = len,
                           .handle = m->handle,
                           .key = key,
                           .offset = offset,
                           .cookie = cookie,
                           .remote = remote};

    return post_one(f, &op, time_ns);
}

int cobfab_write(struct cobfab *f, unsigned peer, const struct cobfab_memory *m, uint64_t offset,
                 uint32_t len, uint32_t key, uint64_t remote, uint64_t cookie, uint64_t *time_ns)
{
    return one_sided(f, FAB_OP_WRITE, peer, m, offset, len, key, remote, cookie, time_ns);
}

int cobfab_read(struct cobfab *f, unsigned peer, const struct cobfab_memory *m, uint64_t offset, uint32_t len,
                uint32_t key, uint64_t remote, uint64_t cookie, uint64_t *time_ns)
{
    return one_sided(f, FAB_OP_READ, peer, m, offset, len, key, remote, cookie, time_ns);
}

int cobfab_cas(struct cobfab *f, unsigned peer, const struct cobfab_memory *m, uint64_t offset, uint32_t key,
               uint64_t remote, uint64_t compare, uint64_t value, uint64_t cookie)
{
    struct cobfab_op op = {.op = FAB_OP_CAS,
                           .peer = (uint16_t)peer,
                           .len = 8,
                           .handle = m->handle,
                           .key = key,
                           .offset = offset,
                           .cookie = cookie,
                           .remote = remote,
                           .operand = value,
                           .compare = compare};

    return post_one(f, &op, NULL);
}

int cobfab_fetch_add(struct cobfab *f, unsigned peer, const struct cobfab_memory *m, uint64_t offset,
                     uint32_t key, uint64_t remote, uint64_t addend, uint64_t cookie)
{
    struct cobfab_op op = {.op = FAB_OP_FETCH_ADD,
                           .peer = (uint16_t)peer,
                           .len = 8,
                           .handle = m->handle,
                           .key = key,
                           .offset = offset,
                           .cookie = cookie,
                           .remote = remote,
                           .operand = addend};

    return post_one(f, &op, NULL);
}
