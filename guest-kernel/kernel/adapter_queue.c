/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * adapter_queue.c - messages: rings of fixed size, one buffer (a block) per entry.
 *
 * Completions are read in the queue's interrupt only, which is armed again after each reading: that also says
 * how far. Buffers are given back POSTS at a time. A register costs more than many instructions.
 */
#include "guest-kernel/kernel/adapter_queue.h"
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/irq.h"
#include "guest-kernel/kernel/kernel.h"

enum { RING = ADAPTER_PENDING + 1, DONE_RING = 2 * RING, POSTS = 8 };

struct queue {
    _Alignas(64) struct fab_send send[RING];
    _Alignas(64) struct fab_recv recv[RING];
    _Alignas(64) struct fab_cqe done[DONE_RING];
    _Alignas(64) struct fab_status status;
    struct fab_sge pieces[RING][2]; /* of messages that end with a page */
    void *out[RING], *in[RING];     /* buffers */
    uint64_t cookie[RING];
    uint16_t sent, posted, told, read, under_way; /* told: of those posted the device knows so many */
    unsigned number;
    bool up;
    void (*receive)(unsigned q, unsigned peer, const void *data, size_t bytes);
    void (*complete)(unsigned q, uint64_t cookie, unsigned status);
};

static struct queue queues[FAB_QUEUES];

static void post(struct queue *q, unsigned buffer)
{
    q->recv[q->posted % RING] = (struct fab_recv){
        .addr = (uintptr_t)q->in[buffer], .len = ADAPTER_BUFFER, .n_sge = 1, .cookie = buffer};
    q->posted++;
}

static void tell(struct queue *q)
{
    adapter_doorbell(FAB_DB_RECV, q->number, q->told = q->posted);
}

static void interrupt(void *argument)
{
    struct queue *q = argument;

    for (;;) {
        volatile struct fab_cqe *next = &q->done[q->read % DONE_RING];
        unsigned phase = q->read / DONE_RING & 1 ? 0 : FAB_CQE_PHASE;
        if ((next->flags & FAB_CQE_PHASE) != phase)
            break;
        __asm__ volatile("" ::: "memory"); /* pairs with the device, which writes flags last */
        struct fab_cqe c = q->done[q->read % DONE_RING];
        q->read++;
        if (c.op == FAB_OP_RECV) {
            if (c.status == FAB_C_OK)
                q->receive(q->number, c.peer, q->in[c.cookie], c.len);
            post(q, (unsigned)c.cookie);
        } else {
            q->under_way--;
            q->complete(q->number, q->cookie[c.cookie], c.status);
        }
    }
    if ((uint16_t)(q->posted - q->told) >= POSTS)
        tell(q);
    adapter_doorbell(FAB_DB_DONE_ARM, q->number, q->read);
}

int adapter_queue(unsigned n, void (*receive)(unsigned q, unsigned peer, const void *data, size_t bytes),
                  void (*sent)(unsigned q, uint64_t cookie, unsigned status))
{
    struct queue *q = &queues[n];
    uint64_t address;
    uint32_t data;

    if (!adapter_here() || n >= FAB_QUEUES || q->up || irq_new(interrupt, q, &address, &data) < 0)
        return -1;
    for (unsigned i = 0; i < RING; i++)
        if (!(q->out[i] = block_new()) || !(q->in[i] = block_new()))
            return -1;
    q->number = n;
    q->receive = receive;
    q->complete = sent;
    adapter_vector(n, address, data);
    const struct fab_admin setup = {
        .op = FAB_ADMIN_QUEUE_SETUP,
        .queue = (uint16_t)n,
        .size = {RING, RING, DONE_RING},
        .addr = {(uintptr_t)q->send, (uintptr_t)q->recv, (uintptr_t)q->done, (uintptr_t)&q->status}};
    if (adapter_admin(&setup) != FAB_OK)
        return -1;
    q->up = true;
    for (unsigned i = 0; i < RING - 1; i++)
        post(q, i);
    tell(q);
    adapter_doorbell(FAB_DB_DONE_ARM, n, q->read);
    return 0;
}

static int put(unsigned op, unsigned n, unsigned peer, const struct adapter_message *m, uint64_t cookie)
{
    struct queue *q = &queues[n];
    unsigned at = q->sent % RING;
    size_t copied = m->head_bytes + m->bytes, bytes = copied + (m->page ? PAGE : 0);

    if (!q->up || bytes > ADAPTER_BUFFER || q->under_way == ADAPTER_PENDING)
        return -1;
    memcpy(q->out[at], m->head, m->head_bytes);
    if (m->bytes)
        memcpy((char *)q->out[at] + m->head_bytes, m->data, m->bytes);
    q->cookie[at] = cookie;
    struct fab_send s = {.op = (uint8_t)op,
                         .n_sge = 1,
                         .peer = (uint16_t)peer,
                         .len = (uint32_t)bytes,
                         .addr = (uintptr_t)q->out[at],
                         .cookie = at,
                         .remote = m->offset,
                         .key = m->key};
    if (m->page) {
        q->pieces[at][0] = (struct fab_sge){.addr = s.addr, .len = (uint32_t)copied};
        q->pieces[at][1] = (struct fab_sge){.addr = (uintptr_t)m->page, .len = PAGE};
        s.addr = (uintptr_t)q->pieces[at];
        s.n_sge = 2;
    }
    q->send[at] = s;
    q->under_way++;
    adapter_doorbell(FAB_DB_SEND, n, ++q->sent);
    return 0;
}

int adapter_send(unsigned n, unsigned peer, const struct adapter_message *m, uint64_t cookie)
{
    return put(FAB_OP_SEND, n, peer, m, cookie);
}

int adapter_datagram(unsigned n, unsigned peer, const struct adapter_message *m, uint64_t cookie)
{
    return put(FAB_OP_DATAGRAM, n, peer, m, cookie);
}

int adapter_write(unsigned n, unsigned peer, const struct adapter_message *m, uint64_t cookie)
{
    return put(FAB_OP_WRITE, n, peer, m, cookie);
}

int adapter_timeout(unsigned tries, unsigned first_ns)
{
    const struct fab_admin command = {.op = FAB_ADMIN_TIMEOUT, .count = tries, .delay_ns = first_ns};

    return adapter_admin(&command) == FAB_OK ? 0 : -1;
}
