/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firmware.c - recognises the firmware calls that end a machine, by their number in a register.
 *
 *   aarch64  PSCI 1.1 (Arm DEN0022): x0 = 0x84000008 SYSTEM_OFF, 0x84000009 SYSTEM_RESET, SYSTEM_RESET2
 * 0x8400..12 (and 0xc4000012) riscv64  SBI 2.0, chapter 10: a7 = 0x53525354 (SRST), a0 = 0 shutdown, else
 * reset. (The same instruction enters the kernel from user mode, but no system call has that number.)
 */
#include "devices/qemu/half.h"
#include <string.h>

static struct qemu_plugin_register *number, *argument; /* x0 and x1, or a7 and a0 */
static bool riscv;
static struct glib_array *buffer;

void firmware_install(void)
{
    if (buffer)
        return;
    buffer = g_byte_array_new();
    struct glib_array *regs = qemu_plugin_get_registers();
    size_t size = g_array_get_element_size(regs);
    for (unsigned i = 0; i < regs->len; i++) {
        const qemu_plugin_reg_descriptor *r = (const void *)((const char *)regs->data + i * size);
        const char *n = r->name;
        if (!strcmp(n, "x0"))
            number = r->handle;
        else if (!strcmp(n, "x1"))
            argument = r->handle;
        else if (!strcmp(n, "a7") || !strcmp(n, "x17/a7")) {
            number = r->handle;
            riscv = true;
        } else if (!strcmp(n, "a0") || !strcmp(n, "x10/a0")) {
            argument = r->handle;
            riscv = true;
        }
    }
    if (!number || !argument)
        number = NULL;
}

bool firmware_ready(void)
{
    return number != NULL;
}

static uint64_t read_register(struct qemu_plugin_register *r)
{
    uint64_t v = 0;
    g_byte_array_set_size(buffer, 0);
    if (qemu_plugin_read_register(r, buffer) >= (int)sizeof v)
        memcpy(&v, buffer->data, sizeof v);
    return v;
}

enum firmware_request firmware_call(void)
{
    uint64_t n = read_register(number);

    if (riscv)
        return n != 0x53525354 ? FIRMWARE_OTHER : read_register(argument) ? FIRMWARE_RESET : FIRMWARE_OFF;
    switch ((uint32_t)n) {
    case 0x84000008:
        return FIRMWARE_OFF;
    case 0x84000009:
    case 0x84000012:
    case 0xc4000012:
        return FIRMWARE_RESET;
    default:
        return FIRMWARE_OTHER;
    }
}
