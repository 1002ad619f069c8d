/* SPDX-License-Identifier: GPL-2.0-or-later */
/* remote.c - asking other nodes, and which message is whose; see remote.h. */
#include "guest-kernel/kernel/remote.h"
#include "guest-kernel/core/vma.h"
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/mapping.h"

struct question { /* on its thread's stack */
    struct msg_call call;
    void *answer;
    size_t max, got;
    int status;
    bool done;
};

static void answered(struct msg_call *c, unsigned from, const void *data, uint32_t len)
{
    struct question *q = (struct question *)c;

    (void)from;
    q->got = len < q->max ? len : q->max;
    memcpy(q->answer, data, q->got);
}

static void done(struct msg_call *c, int status)
{
    struct question *q = (struct question *)c;

    q->status = status;
    q->done = true;
    wake_first(q);
}

int remote_ask_long(unsigned node, unsigned type, const void *data, size_t bytes, void *answer, size_t max,
                    size_t *got, unsigned cancel)
{
    uint64_t name = 0;
    struct question q = {.call = {.answered = answered, .done = done}, .answer = answer, .max = max};

    if (cancel)
        memcpy(&name, data, sizeof name); /* the answer may come where it lies */
    int status = cluster_request(&q.call, core_bit(node), 1, type, data, bytes);
    if (status != CORE_OK)
        return status;
    while (!q.done)
        if (!cancel) {
            wait_always(&q);
        } else if (wait_for(&q, UINT64_MAX) < 0) {
            cluster_post(node, cancel, &name, sizeof name);
            cancel = 0;
        }
    if (got)
        *got = q.got;
    return q.status;
}

int remote_ask(unsigned node, unsigned type, const void *data, size_t bytes, void *answer, size_t max,
               size_t *got)
{
    return remote_ask_long(node, type, data, bytes, answer, max, got, 0);
}

int64_t remote_ask_number(unsigned node, unsigned type, const void *data, size_t bytes)
{
    int64_t value = 0;
    size_t got = 0;
    int status = remote_ask(node, type, data, bytes, &value, sizeof value, &got);

    return status == CORE_ENOMEM ? -ENOMEM : status != CORE_OK || got < sizeof value ? -EHOSTDOWN : value;
}

void remote_answer_number(unsigned node, uint32_t request, unsigned type, int64_t value)
{
    cluster_answer(node, request, type, &value, sizeof value);
}

void remote_message(unsigned from, uint32_t request, unsigned type, const void *data, size_t bytes)
{
    switch (type) {
    case REMOTE_CALL:
        remote_call_message(from, request, data, bytes);
        break;
    case VMA_WHERE:
    case VMA_FORGET:
    case VMA_DROP:
    case VMA_RANGE:
    case VMA_QUIET:
    case VMA_DROPPED:
        memory_message(from, type, data, bytes);
        break;
    case REMOTE_RANGES:
        remote_fork_message(from, request, data, bytes);
        break;
    case REMOTE_FILE_PASS:
    case REMOTE_FILE_DROP:
    case REMOTE_FILE_TAKE:
        remote_pass_message(from, request, type, data, bytes);
        break;
    case REMOTE_FILE_RELEASE:
    case REMOTE_FILE_READ:
    case REMOTE_FILE_WRITE:
    case REMOTE_FILE_CANCEL:
        remote_file_message(from, request, type, data, bytes);
        break;
    case REMOTE_FILE_NAME:
        mapping_message(from, request, data, bytes);
        break;
    case REMOTE_INFO:
    case REMOTE_CONSOLE:
        remote_info_message(from, request, type, data, bytes);
        break;
    default:
        group_message(&group, from, type, data, bytes);
    }
}

void remote_dead(unsigned node)
{
    remote_call_dead(node);
    remote_pass_dead(node);
    remote_file_dead(node);
    group_peer_dead(&group, node);
}
