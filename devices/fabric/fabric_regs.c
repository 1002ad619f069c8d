/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_regs.c - the register map of fabric_abi.h. An access that has no meaning (no such register, wrong
 * direction, 8 bytes at a register of 4) reads 0, changes nothing and is counted.
 */
#include "devices/fabric/fabric_internal.h"
#include <string.h>

static uint32_t link_register(const struct fab *f)
{
    if (!(f->control & FAB_CONTROL_ENABLE))
        return 0;
    return f->up ? FAB_LINK_UP : FAB_LINK_TRAINING;
}

static uint64_t read_32(struct fab *f, uint32_t offset)
{
    uint64_t now_ns = (uint64_t)vtime_to_ns(fab_now(f)), mbit = f->cfg.rate_bps / 1000000;

    switch (offset) {
    case FAB_REG_MAGIC:
        return FAB_MAGIC;
    case FAB_REG_VERSION:
        return FAB_VERSION;
    case FAB_REG_NODE:
        return f->cfg.node | f->cfg.n_nodes << 16;
    case FAB_REG_MTU:
        return f->cfg.mtu_bytes;
    case FAB_REG_RATE:
        return mbit < UINT32_MAX ? mbit : UINT32_MAX;
    case FAB_REG_CONTROL:
        return f->control;
    case FAB_REG_LINK:
        return link_register(f);
    case FAB_REG_CAUSE:
        return f->cause;
    case FAB_REG_MASK:
        return f->mask;
    case FAB_REG_QERROR:
        return f->qerror;
    case FAB_REG_ADMIN:
        return (uint32_t)f->admin;
    case FAB_REG_ADMIN + 4:
        return f->admin >> 32;
    case FAB_REG_ADMIN_STATUS:
        return f->admin_status;
    case FAB_REG_TIME:
        f->time_high = (uint32_t)(now_ns >> 32);
        return (uint32_t)now_ns;
    case FAB_REG_TIME + 4:
        return f->time_high;
    case FAB_REG_INPUT:
        return f->input_out == f->input_in ? 0 : FAB_INPUT_VALID | f->input[f->input_out++ % FAB_MAX_INPUT];
    default:
        f->count.bad_access++;
        return 0;
    }
}

uint64_t fab_read(struct fab *f, uint32_t offset, unsigned size)
{
    uint64_t value = 0;

    if (size == 4 && offset % 4 == 0)
        value = read_32(f, offset);
    else if (size == 8 && offset == FAB_REG_ADMIN)
        value = f->admin;
    else if (size == 8 && offset == FAB_REG_TIME)
        value = (uint64_t)vtime_to_ns(fab_now(f));
    else
        f->count.bad_access++;
    fab_settle(f);
    return value;
}

void fab_input(struct fab *f, const uint8_t *text, size_t len)
{
    for (size_t i = 0; i < len && f->input_in - f->input_out < FAB_MAX_INPUT; i++)
        f->input[f->input_in++ % FAB_MAX_INPUT] = text[i];
    fab_cause(f, FAB_CAUSE_INPUT);
    fab_settle(f);
}

static void write_control(struct fab *f, uint32_t value)
{
    if (value & FAB_CONTROL_RESET)
        fab_reset(f);
    if (!(value & FAB_CONTROL_ENABLE) && (f->control & FAB_CONTROL_ENABLE))
        fab_disable(f);
    if ((value & FAB_CONTROL_ENABLE) && !(f->control & FAB_CONTROL_ENABLE)) {
        f->control |= FAB_CONTROL_ENABLE;
        f->ops.train(f->ctx);
    }
}

static void execute_admin(struct fab *f)
{
    f->admin_status = fab_admin(f);
    if (f->admin_status != FAB_OK)
        fab_cause(f, FAB_CAUSE_ADMIN);
}

static void record_event(struct fab *f, uint64_t address)
{
    struct fab_event head;

    if (!fab_dma_read(f, address, &head, sizeof head) || head.len < sizeof head || head.len > FAB_MAX_EVENT ||
        !fab_dma_read(f, address, f->scratch, head.len)) {
        fab_cause(f, FAB_CAUSE_EVENT);
        return;
    }
    memcpy(f->scratch, &head, sizeof head);
    f->ops.event(f->ctx, f->scratch, head.len);
}

static void write_32(struct fab *f, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case FAB_REG_CONTROL:
        write_control(f, value);
        break;
    case FAB_REG_CAUSE:
        f->cause &= ~value;
        break;
    case FAB_REG_MASK:
        fab_mask(f, value);
        break;
    case FAB_REG_DOORBELL:
        fab_doorbell(f, value);
        break;
    case FAB_REG_RESULT:
        f->ops.result(f->ctx, (int)(value & 0xff));
        break;
    case FAB_REG_ADMIN:
        f->admin_low = value;
        break;
    case FAB_REG_ADMIN + 4:
        f->admin = (uint64_t)value << 32 | f->admin_low;
        break;
    case FAB_REG_ADMIN_GO:
        execute_admin(f);
        break;
    case FAB_REG_EVENT:
        f->event_low = value;
        break;
    case FAB_REG_EVENT + 4:
        record_event(f, (uint64_t)value << 32 | f->event_low);
        break;
    default:
        f->count.bad_access++;
    }
}

void fab_write(struct fab *f, uint32_t offset, uint64_t value, unsigned size)
{
    if (size == 4 && offset % 4 == 0)
        write_32(f, offset, (uint32_t)value);
    else if (size == 8 && offset == FAB_REG_ADMIN)
        f->admin = value;
    else if (size == 8 && offset == FAB_REG_EVENT)
        record_event(f, value);
    else
        f->count.bad_access++;
    fab_settle(f);
}
