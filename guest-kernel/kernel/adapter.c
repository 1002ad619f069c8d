/* SPDX-License-Identifier: GPL-2.0-or-later */
/* adapter.c - finding it, registers, result and event port; see adapter.h. Queues are in adapter_queue.c. */
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/adapter_queue.h"
#include "guest-kernel/kernel/irq.h"
#include "guest-kernel/kernel/kernel.h"
#include "guest-kernel/kernel/mmio.h"

static uintptr_t bar;
static const struct pci_device *pci;

void adapter_init(void)
{
    pci = pci_find(FAB_PCI_VENDOR, FAB_PCI_DEVICE);
    uintptr_t at = pci ? pci_open(pci) : 0;

    if (!at || read32(at + FAB_REG_MAGIC) != FAB_MAGIC || read32(at + FAB_REG_VERSION) != FAB_VERSION) {
        print("adapter: none\n");
        return;
    }
    bar = at;
    if (!pci_msix_enable(pci))
        panic("the adapter has no MSI-X");
    print("adapter: node %u of %u, %u Mbit/s\n", adapter_node(), adapter_nodes(), read32(bar + FAB_REG_RATE));
    adapter_test();
}

bool adapter_here(void)
{
    return bar;
}

unsigned adapter_node(void)
{
    return bar ? read32(bar + FAB_REG_NODE) & 0xffff : 0;
}

unsigned adapter_nodes(void)
{
    return bar ? read32(bar + FAB_REG_NODE) >> 16 : 1;
}

unsigned adapter_packet_bytes(void)
{
    return bar ? read32(bar + FAB_REG_MTU) : 0;
}

uint64_t adapter_time_ns(void)
{
    return bar ? read64(bar + FAB_REG_TIME) : 0;
}

void adapter_result(unsigned status)
{
    if (!bar)
        return;
    write32(bar + FAB_REG_RESULT, status);
    arch_halt();
}

void adapter_event(unsigned type, uint32_t argument, const void *data, size_t bytes)
{
    static struct {
        _Alignas(8) struct fab_event head;
        uint8_t data[FAB_MAX_EVENT - sizeof(struct fab_event)];
    } record;

    if (!bar)
        return;
    if (bytes > sizeof record.data)
        bytes = sizeof record.data;
    record.head = (struct fab_event){
        .type = (uint16_t)type, .len = (uint16_t)(sizeof record.head + bytes), .arg = argument};
    memcpy(record.data, data, bytes);
    write64(bar + FAB_REG_EVENT, (uintptr_t)&record);
}

void adapter_enable(void)
{
    if (bar)
        write32(bar + FAB_REG_CONTROL, FAB_CONTROL_ENABLE);
}

void adapter_doorbell(enum fab_db kind, unsigned q, uint16_t index)
{
    write32(bar + FAB_REG_DOORBELL, FAB_DB(kind, q, index));
}

unsigned adapter_admin(const struct fab_admin *command)
{
    static _Alignas(64) struct fab_admin copy;

    copy = *command;
    write64(bar + FAB_REG_ADMIN, (uintptr_t)&copy);
    write32(bar + FAB_REG_ADMIN_GO, 1);
    return read32(bar + FAB_REG_ADMIN_STATUS);
}

int adapter_region(uint32_t key, void *const *part, unsigned shift, size_t bytes)
{
    _Static_assert(sizeof *part == 8, "a list of pages");
    const struct fab_admin set = {.op = FAB_ADMIN_REGION_SET,
                                  .access = FAB_ACCESS_WRITE,
                                  .key = key,
                                  .addr = {(uintptr_t)part},
                                  .length = bytes,
                                  .count = shift};

    return adapter_admin(&set) == FAB_OK ? 0 : -1;
}

void adapter_region_end(uint32_t key)
{
    const struct fab_admin clear = {.op = FAB_ADMIN_REGION_CLEAR, .key = key};

    adapter_admin(&clear);
}

int adapter_input(void)
{
    uint32_t input = bar ? read32(bar + FAB_REG_INPUT) : 0;

    return input & FAB_INPUT_VALID ? (int)(input & 0xff) : -1;
}

static void (*input_handler)(void *argument);

static void event_interrupt(void *argument)
{
    write32(bar + FAB_REG_CAUSE, FAB_CAUSE_INPUT);
    input_handler(argument);
}

void adapter_input_init(void (*handler)(void *argument))
{
    uint64_t address;
    uint32_t data;

    if (!bar || irq_new(event_interrupt, NULL, &address, &data) < 0)
        return;
    input_handler = handler;
    adapter_vector(FAB_QUEUES, address, data);
    write32(bar + FAB_REG_MASK, FAB_CAUSE_INPUT);
}

void adapter_vector(unsigned v, uint64_t address, uint32_t data)
{
    pci_msix_set(pci, v, address, data);
}
