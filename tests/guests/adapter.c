/* SPDX-License-Identifier: GPL-2.0-or-later */
/* adapter.c - see adapter.h. */
#include "tests/guests/adapter.h"

enum { DONE_RING = 2 * RING };

struct queue {
    _Alignas(64) struct fab_send send[RING];
    _Alignas(64) struct fab_recv recv[RING];
    _Alignas(64) struct fab_cqe done[DONE_RING];
    _Alignas(64) struct fab_status status;
    uint16_t sent, received, read;
};

struct adapter adapter;
static struct queue queues[FAB_QUEUES];

void *memset(void *to, int c, size_t n)
{
    volatile uint8_t *p = to;
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)c;
    return to;
}

void *memcpy(void *to, const void *from, size_t n)
{
    volatile uint8_t *p = to;
    const uint8_t *f = from;
    for (size_t i = 0; i < n; i++)
        p[i] = f[i];
    return to;
}

/* The device reads and writes memory inside our register accesses. */
static void barrier(void)
{
    __asm__ volatile("" ::: "memory");
}

uint32_t adapter_get(unsigned reg)
{
    return read32(adapter.bar + reg);
}

void adapter_set(unsigned reg, uint32_t value)
{
    barrier();
    write32(adapter.bar + reg, value);
    barrier();
}

static void set64(unsigned reg, uint64_t value)
{
    barrier();
    write64(adapter.bar + reg, value);
    barrier();
}

bool adapter_open(void)
{
    adapter.bar = pci_open(FAB_PCI_VENDOR, FAB_PCI_DEVICE);
    if (!adapter.bar || adapter_get(FAB_REG_MAGIC) != FAB_MAGIC ||
        adapter_get(FAB_REG_VERSION) != FAB_VERSION) {
        print("no fabric adapter of a known version\n");
        return false;
    }
    adapter.node = adapter_get(FAB_REG_NODE) & 0xffff;
    adapter.n_nodes = adapter_get(FAB_REG_NODE) >> 16;
    adapter.mtu_bytes = adapter_get(FAB_REG_MTU);
    return true;
}

void adapter_up(void)
{
    adapter_set(FAB_REG_CONTROL, FAB_CONTROL_ENABLE);
    while (!(adapter_get(FAB_REG_LINK) & FAB_LINK_UP))
        ;
}

uint64_t adapter_time_ns(void)
{
    return read64(adapter.bar + FAB_REG_TIME);
}

unsigned adapter_admin(const struct fab_admin *command)
{
    static _Alignas(64) struct fab_admin a;

    a = *command;
    set64(FAB_REG_ADMIN, (uintptr_t)&a);
    adapter_set(FAB_REG_ADMIN_GO, 1);
    return adapter_get(FAB_REG_ADMIN_STATUS);
}

unsigned adapter_region(uint32_t key, void *memory, uint64_t bytes, unsigned access)
{
    struct fab_admin a = {.op = FAB_ADMIN_REGION_SET,
                          .access = (uint16_t)access,
                          .key = key,
                          .addr = {0, (uintptr_t)memory},
                          .length = bytes};
    return adapter_admin(&a);
}

struct fab_counters adapter_counters(void)
{
    static _Alignas(64) struct fab_counters c;
    struct fab_admin a = {.op = FAB_ADMIN_COUNTERS, .addr = {(uintptr_t)&c}, .length = sizeof c};

    if (adapter_admin(&a))
        fail("counters: error", adapter_get(FAB_REG_ADMIN_STATUS));
    return c;
}

void adapter_result(int status)
{
    adapter_set(FAB_REG_RESULT, (uint32_t)status);
    for (;;)
        machine_wait();
}

void adapter_leave(int status)
{
    uint64_t begin = adapter_time_ns();

    while (adapter_time_ns() - begin < 200000)
        ;
    adapter_result(status);
}

void adapter_event(unsigned type, uint32_t arg, const void *data, unsigned bytes)
{
    static _Alignas(64) uint8_t record[2 * FAB_MAX_EVENT]; /* also for records that are too long */
    struct fab_event head = {(uint16_t)type, (uint16_t)(sizeof head + bytes), arg};

    memcpy(record, &head, sizeof head);
    memcpy(record + sizeof head, data, bytes);
    set64(FAB_REG_EVENT, (uintptr_t)record);
}

unsigned queue_setup(unsigned q)
{
    struct queue *u = &queues[q];
    struct fab_admin a = {
        .op = FAB_ADMIN_QUEUE_SETUP,
        .queue = (uint16_t)q,
        .size = {RING, RING, DONE_RING},
        .addr = {(uintptr_t)u->send, (uintptr_t)u->recv, (uintptr_t)u->done, (uintptr_t)&u->status}};

    memset(u, 0, sizeof *u);
    return adapter_admin(&a);
}

struct fab_send *queue_next(unsigned q)
{
    struct fab_send *s = &queues[q].send[queues[q].sent % RING];
    memset(s, 0, sizeof *s);
    return s;
}

void queue_send(unsigned q)
{
    adapter_set(FAB_REG_DOORBELL, FAB_DB(FAB_DB_SEND, q, ++queues[q].sent));
}

uint64_t queue_send_stamped(unsigned q, uint64_t *stamp)
{
    volatile const uint64_t *clock = (volatile const uint64_t *)(adapter.bar + FAB_REG_TIME);
    volatile uint32_t *doorbell = (volatile uint32_t *)(adapter.bar + FAB_REG_DOORBELL);
    uint32_t value = FAB_DB(FAB_DB_SEND, q, ++queues[q].sent);

    barrier();
    uint64_t now = *clock;
    *(volatile uint64_t *)stamp = now;
    *doorbell = value;
    barrier();
    return now;
}

void queue_receive(unsigned q, void *buffer, uint32_t bytes, uint64_t cookie)
{
    struct queue *u = &queues[q];
    u->recv[u->received % RING] =
        (struct fab_recv){.addr = (uintptr_t)buffer, .len = bytes, .n_sge = bytes > 0, .cookie = cookie};
    adapter_set(FAB_REG_DOORBELL, FAB_DB(FAB_DB_RECV, q, ++u->received));
}

bool queue_poll(unsigned q, struct fab_cqe *done)
{
    struct queue *u = &queues[q];
    const struct fab_cqe *c = &u->done[u->read % DONE_RING];
    unsigned phase = u->read / DONE_RING % 2 ? 0 : FAB_CQE_PHASE;

    barrier();
    if ((*(const volatile uint16_t *)&c->flags & FAB_CQE_PHASE) != phase)
        return false;
    *done = *c;
    adapter_set(FAB_REG_DOORBELL, FAB_DB(FAB_DB_DONE, q, ++u->read));
    return true;
}

void queue_arm(unsigned q)
{
    adapter_set(FAB_REG_DOORBELL, FAB_DB(FAB_DB_DONE_ARM, q, queues[q].read));
}

unsigned queue_error(unsigned q)
{
    barrier();
    return queues[q].status.error;
}

uint64_t mix(uint64_t x)
{
    x ^= x << 13;
    x ^= x >> 7;
    return x ^ x << 17;
}

void pattern_fill(void *buffer, uint32_t bytes, uint64_t key)
{
    uint64_t *w = buffer, x = key | 1;
    uint32_t i = 0;

    for (; i + 8 <= bytes; i += 8)
        *w++ = x = mix(x);
    for (x = mix(x); i < bytes; i++, x >>= 8)
        ((uint8_t *)buffer)[i] = (uint8_t)x;
}

bool pattern_matches(const void *buffer, uint32_t bytes, uint64_t key)
{
    const uint64_t *w = buffer;
    uint64_t x = key | 1;
    uint32_t i = 0;

    barrier();
    for (; i + 8 <= bytes; i += 8)
        if (*w++ != (x = mix(x)))
            return false;
    for (x = mix(x); i < bytes; i++, x >>= 8)
        if (((const uint8_t *)buffer)[i] != (uint8_t)x)
            return false;
    return true;
}
