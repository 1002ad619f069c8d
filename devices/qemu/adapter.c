/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * adapter.c - the fabric adapter inside QEMU: joins the device's core (devices/fabric/fabric.h) to the guest.
 *
 *   guest's view                       what it is                                             here
 *   PCI device, BAR 2, MSI-X table     a stock `-device ivshmem-doorbell,id=fab0`             none of it
 *   BAR 0 from 0x10 on                 a region of ours, laid over the stock device's         registers
 *   memory                             address_space_rw(): translated code is invalidated     adapter_dma()
 *   interrupts                         msix_notify(): pending while masked or switched off    interrupt()
 *   packets, training, records         the port's rings                                       emit(), ..
 *
 * Only guest memory is read and written, in the ranges that the scenario's machine has (adapter_ram), never a
 * device or a hole. All of it happens in the guest's own register accesses and in the delivery timer, where
 * the clock is exact.
 *
 * The link. When somebody has begun to train it, the engine publishes when it is up; the grant rule
 * (port_grant.c) sees to it that this is known before. The device is told at that very time, so what the
 * guest sees does not depend on when we have heard of it.
 */
#include "devices/fabric/fabric.h"
#include "devices/fabric/fabric_abi.h"
#include "devices/fabric/fabric_trace.h"
#include "devices/qemu/half.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RANGES = 4 };
static struct {
    uint64_t start, bytes;
} ram[MAX_RANGES];
static unsigned n_ram;

static struct fab *device;
static void *pci;
static struct qemu_memory_region registers;
static int64_t timer_ns = INT64_MAX;     /* the device's timer */
static vtime_t trained_ps = VTIME_NEVER; /* when our own training is done */
static bool link_told;                   /* the device knows that its link is up */

bool adapter_ram(const char *text)
{
    char *end;

    if (n_ram == MAX_RANGES)
        return false;
    uint64_t start = strtoull(text, &end, 16);
    if (end == text || *end != '+')
        return false;
    text = end + 1;
    uint64_t bytes = strtoull(text, &end, 16);
    if (end == text || *end || !bytes || start + bytes < start)
        return false;
    ram[n_ram].start = start;
    ram[n_ram++].bytes = bytes;
    return true;
}

uint64_t adapter_ram_bytes(void)
{
    uint64_t bytes = 0;
    for (unsigned i = 0; i < n_ram; i++)
        bytes += ram[i].bytes;
    return bytes;
}

uint64_t adapter_ram_at(uint64_t number)
{
    unsigned i = 0;
    while (i + 1 < n_ram && number >= ram[i].bytes)
        number -= ram[i++].bytes;
    return ram[i].start + number;
}

/* ---- what the device may do ---- */

static vtime_t now_ps(void *ctx)
{
    (void)ctx;
    return vtime_from_ns(half_now_ns());
}

bool adapter_dma(uint64_t address, void *buf, size_t len, bool write)
{
    for (unsigned i = 0; i < n_ram; i++)
        if (address >= ram[i].start && len <= ram[i].bytes && address - ram[i].start <= ram[i].bytes - len)
            return qemu.address_space_rw(qemu.address_space_memory, address, 0, buf, len, write) == 0;
    return false;
}

static bool dma_read(void *ctx, uint64_t address, void *to, size_t len)
{
    (void)ctx;
    return adapter_dma(address, to, len, false);
}

static bool dma_write(void *ctx, uint64_t address, const void *from, size_t len)
{
    (void)ctx;
    return adapter_dma(address, (void *)(uintptr_t)from, len, true);
}

void adapter_raise(unsigned vector)
{
    qemu.msix_notify(pci, vector);
}

static void interrupt(void *ctx, unsigned vector)
{
    (void)ctx;
    if (fault_interrupt(vector))
        adapter_raise(vector);
}

static int64_t flip(void *ctx, uint64_t address, size_t len, bool write)
{
    (void)ctx;
    (void)write;
    return fault_flip(address, len);
}

static unsigned completion(void *ctx, unsigned queue, bool recv)
{
    (void)ctx;
    (void)recv;
    return fault_completion(queue);
}

static void emit(void *ctx, const void *packet, size_t len)
{
    (void)ctx;
    deliver_send(half.node->adapter.nic, packet, (uint32_t)len);
}

static void set_timer(void *ctx, vtime_t at_ps)
{
    (void)ctx;
    timer_ns = at_ps >= VTIME_NEVER ? INT64_MAX : (at_ps + VTIME_NS - 1) / VTIME_NS;
    deliver_rearm();
}

static vtime_t link_up_ps(void *ctx)
{
    (void)ctx;
    return vtime_min(half.node->nic[half.node->adapter.nic].link_up_ps, trained_ps);
}

static void train(void *ctx)
{
    const struct port_nic *nic = &half.node->nic[half.node->adapter.nic];
    struct port_record rec = {
        .type = PORT_REC_TRAIN, .arg = (uint16_t)half.node->adapter.nic, .time_ps = now_ps(ctx)};

    vtime_t up = vtime_add(rec.time_ps, nic->training_ps);
    if (up >= link_up_ps(ctx))
        return; /* somebody was earlier */
    trained_ps = up;
    half_send(&rec, NULL);
    atomic_store(&half.node->dirty, 1);
    half_lower_grant(trained_ps);
    deliver_rearm();
}

static void event(void *ctx, const void *record, size_t len)
{
    struct port_record rec = {.type = PORT_REC_EVENT, .time_ps = now_ps(ctx), .len = (uint32_t)len};
    half_send(&rec, record);
}

static void result(void *ctx, int status)
{
    (void)ctx;
    half_end(PORT_END_RESULT, status);
}

_Static_assert(PORT_TRACE_KINDS == (int)FAB_T_KINDS && PORT_TRACE_BYTES == sizeof(struct fab_trace),
               "a TRACE record is a struct fab_trace");
static void trace(void *ctx, unsigned kind, const struct fab_trace *t)
{
    struct port_record rec = {
        .type = PORT_REC_TRACE, .arg = (uint16_t)kind, .time_ps = now_ps(ctx), .len = sizeof *t};
    half_send(&rec, t);
}

static const struct fab_ops device_ops = {.now_ps = now_ps,
                                          .dma_read = dma_read,
                                          .dma_write = dma_write,
                                          .interrupt = interrupt,
                                          .emit = emit,
                                          .timer = set_timer,
                                          .train = train,
                                          .link_up_ps = link_up_ps,
                                          .event = event,
                                          .result = result,
                                          .flip = flip,
                                          .completion = completion};

/* ---- what happens to it ---- */

static uint64_t reg_read(void *opaque, uint64_t addr, unsigned size)
{
    (void)opaque;
    return fab_read(device, (uint32_t)addr + FAB_REG_MAGIC, size);
}

static void reg_write(void *opaque, uint64_t addr, uint64_t value, unsigned size)
{
    (void)opaque;
    fab_write(device, (uint32_t)addr + FAB_REG_MAGIC, value, size);
}

static int64_t link_due_ns(void)
{
    if (!device || link_told)
        return INT64_MAX;
    vtime_t up = link_up_ps(NULL);
    return up >= VTIME_NEVER ? INT64_MAX : (up + VTIME_NS - 1) / VTIME_NS;
}

int64_t adapter_next_ns(void)
{
    int64_t link = link_due_ns();
    return link < timer_ns ? link : timer_ns;
}

void adapter_link_due(int64_t now_ns)
{
    int64_t due = link_due_ns();
    if (due > now_ns)
        return;
    if (now_ns - due >= 1 << half.shift && due > 0)
        half.node->late++;
    link_told = true;
    fab_link(device);
}

void adapter_timer_due(int64_t now_ns)
{
    if (timer_ns > now_ns)
        return;
    timer_ns = INT64_MAX;
    fab_timer(device);
}

void adapter_receive(const uint8_t *packet, uint32_t len)
{
    fab_receive(device, packet, len);
}

void adapter_type(const uint8_t *text, uint32_t len)
{
    if (half.node->adapter.present)
        fab_input(device, text, len);
}

const char *adapter_machine_ready(void)
{
    static const struct qemu_memory_region_ops ops = {
        .read = reg_read,
        .write = reg_write,
        .endianness = QEMU_LITTLE_ENDIAN,
        .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
        .impl = {.min_access_size = 1, .max_access_size = 8, .unaligned = true}};
    const struct port_adapter *a = &half.node->adapter;
    struct fab_config cfg = {.node = half.index,
                             .n_nodes = half.port->n_nodes,
                             .mtu_bytes = a->mtu_bytes,
                             .rate_bps = a->rate_bps,
                             .framing_bytes = a->framing_bytes};

    if (!a->present)
        return NULL;
    pci = qemu.object_resolve_path("/machine/peripheral/fab0", NULL);
    void *bar = qemu.object_resolve_path("/machine/peripheral/fab0/ivshmem-mmio[0]", NULL);
    if (!pci || !bar)
        return "there is no -device ivshmem-doorbell,id=fab0";
    if (!n_ram)
        return "plugin argument ram is missing";
    struct fab_ops ops_now = device_ops;
    if (half.node->trace & PORT_TRACE_DEVICE)
        ops_now.trace = trace;
    device = fab_create(&cfg, &ops_now, NULL);
    if (!device)
        return "out of memory";
    link_told = link_up_ps(NULL) <= vtime_from_ns(half.base_ns);
    qemu.memory_region_init_io(&registers, pci, &ops, NULL, "fab0-registers", FAB_REG_END - FAB_REG_MAGIC);
    qemu.memory_region_add_subregion_overlap(bar, FAB_REG_MAGIC, &registers, 1);
    return NULL;
}
