/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mapping.c - which file a mapping is of. Files are those of the initial ram disk, which is the same on all
 * nodes of a process (initrd_hash): each finds there what a page holds at first, by the file's number. A
 * descriptor may be a reference to a file of another node, which says the number:
 *
 *     origin of the process                 home of the file
 *          |---- NAME: number, hash ------------>|
 *          |<--- the file's number in the initial ram disk, or negative errno
 *
 * Nothing can be written, so what is shared and may only be read is each node's own, as text is.
 */
#include "guest-kernel/kernel/mapping.h"
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/remote.h"

struct file_name {
    uint64_t number, hash;
};

/* Of a file that is open here. */
static int64_t name_of(const struct file *f)
{
    if (f->kind == FILE_PIPE_OUT)
        return -EACCES; /* it cannot be read */
    return f->kind == FILE_INITRD ? (int64_t)initrd_number(f->data) : -ENODEV;
}

int64_t mapping_file(struct file *f)
{
    const struct file_name m = {f->number, initrd_hash()};
    int64_t number;

    if (f->kind != FILE_REMOTE)
        return name_of(f);
    file_hold(f); /* it may be closed meanwhile */
    number = remote_ask_number(f->home, REMOTE_FILE_NAME, &m, sizeof m);
    file_close(f);
    return number > UINT32_MAX ? -EINVAL : number;
}

void mapping_message(unsigned from, uint32_t request, const void *data, size_t bytes)
{
    struct file_name m = {0};
    const struct file *f = NULL;

    if (bytes >= sizeof m) {
        memcpy(&m, data, sizeof m);
        f = file_numbered(m.number);
    }
    bool has = f && f->holders & core_bit(from);
    remote_answer_number(from, request, REMOTE_FILE_NAME,
                         !has                      ? -EBADF
                         : m.hash != initrd_hash() ? -EXDEV
                                                   : name_of(f));
}
