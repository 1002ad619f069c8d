/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gdb_fake.h - a rack of two nodes (the second has two CPUs) made of nothing, for tests of gdb_server.c:
 * answers every question, writes down every order. Included by the test and by the fuzzer.
 */
#ifndef GDB_FAKE_H
#define GDB_FAKE_H

#include "sim/gdb_packet.h"
#include "sim/gdb_server.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct fake {
    char log[4096]; /* orders, one after the other */
    struct gdb_orders orders;
    unsigned resumed, interrupts;
    uint8_t memory[256]; /* at 0x1000 */
    char sent[1 << 16];  /* to gdb */
    size_t sent_len;
};

__attribute__((format(printf, 2, 3), unused)) static void fake_log(struct fake *f, const char *format, ...)
{
    size_t n = strlen(f->log);
    va_list ap;
    va_start(ap, format);
    vsnprintf(f->log + n, sizeof f->log - n, format, ap);
    va_end(ap);
}

static unsigned fake_cpus(void *ctx, unsigned node)
{
    (void)ctx;
    return node == 1 ? 2 : 1;
}

static const char *fake_description(void *ctx, unsigned node, const char *annex)
{
    (void)ctx;
    return strcmp(annex, "target.xml") != 0 ? NULL
           : node                           ? "<target>}one#</target>"
                                            : "<target>zero</target>";
}

static unsigned fake_core_registers(void *ctx, unsigned node)
{
    (void)ctx;
    return node ? 2 : 3;
}

static int fake_read_registers(void *ctx, unsigned node, unsigned cpu, unsigned first, unsigned count,
                               uint8_t *buf, size_t size)
{
    size_t n = 0;
    (void)ctx;
    for (unsigned i = first; i < first + count && i < 8 && n + 4 <= size; i++) {
        buf[n++] = (uint8_t)node;
        buf[n++] = (uint8_t)cpu;
        buf[n++] = (uint8_t)i;
        buf[n++] = 0xff;
    }
    return n ? (int)n : -1;
}

static int fake_write_register(void *ctx, unsigned node, unsigned cpu, unsigned number, const uint8_t *buf,
                               size_t len)
{
    fake_log(ctx, "write %u.%u r%u=%02x/%zu;", node, cpu, number, buf[0], len);
    return number < 8 ? 0 : -1;
}

static int fake_memory(struct fake *f, uint64_t addr, uint8_t *out, const uint8_t *in, size_t len)
{
    if (addr < 0x1000 || addr >= 0x1000 + sizeof f->memory)
        return -1;
    size_t at = (size_t)(addr - 0x1000);
    if (len > sizeof f->memory - at) {
        if (in)
            return -1;
        len = sizeof f->memory - at;
    }
    if (in)
        memcpy(f->memory + at, in, len);
    else if (out)
        memcpy(out, f->memory + at, len);
    return (int)len;
}

static int fake_read_memory(void *ctx, unsigned node, unsigned cpu, uint64_t addr, uint8_t *buf, size_t len)
{
    (void)node;
    (void)cpu;
    return fake_memory(ctx, addr, buf, NULL, len);
}

static int fake_write_memory(void *ctx, unsigned node, unsigned cpu, uint64_t addr, const uint8_t *buf,
                             size_t len)
{
    (void)node;
    (void)cpu;
    return fake_memory(ctx, addr, NULL, buf, len) < 0 ? -1 : 0;
}

static int fake_point(void *ctx, unsigned node, bool insert, unsigned kind, uint64_t addr, unsigned len)
{
    fake_log(ctx, "%c%u %u %llx,%u;", insert ? '+' : '-', kind, node, (unsigned long long)addr, len);
    return 0;
}

static void fake_thread_name(void *ctx, unsigned node, unsigned cpu, char *buf, size_t size)
{
    (void)ctx;
    snprintf(buf, size, "n%u-%u", node, cpu);
}

static void fake_resume(void *ctx, const struct gdb_orders *orders)
{
    struct fake *f = ctx;
    f->resumed++;
    if (orders)
        f->orders = *orders;
    else
        fake_log(f, "let go;");
}

static int fake_reverse(void *ctx, unsigned node, unsigned cpu, bool step)
{
    fake_log(ctx, "reverse %u.%u %s;", node, cpu, step ? "step" : "continue");
    return node ? 0 : -1;
}

static void fake_interrupt(void *ctx)
{
    ((struct fake *)ctx)->interrupts++;
}

static void fake_detach(void *ctx, unsigned node)
{
    fake_log(ctx, "detach %u;", node);
}

static void fake_monitor(void *ctx, unsigned node, const char *command,
                         void (*say)(void *to, const char *text), void *to)
{
    fake_log(ctx, "monitor %u '%s';", node, command);
    say(to, "well\n");
}

static void fake_send(void *ctx, const void *bytes, size_t len)
{
    struct fake *f = ctx;
    if (len > sizeof f->sent - 1 - f->sent_len)
        f->sent_len = 0;
    memcpy(f->sent + f->sent_len, bytes, len);
    f->sent_len += len;
    f->sent[f->sent_len] = 0;
}

static struct gdb_server *fake_server(struct fake *f)
{
    struct gdb_target t = {.ctx = f,
                           .n_nodes = 2,
                           .cpus = fake_cpus,
                           .description = fake_description,
                           .core_registers = fake_core_registers,
                           .read_registers = fake_read_registers,
                           .write_register = fake_write_register,
                           .read_memory = fake_read_memory,
                           .write_memory = fake_write_memory,
                           .point = fake_point,
                           .thread_name = fake_thread_name,
                           .thread_state = fake_thread_name,
                           .resume = fake_resume,
                           .reverse = fake_reverse,
                           .interrupt = fake_interrupt,
                           .detach = fake_detach,
                           .monitor = fake_monitor};
    return gdb_server_create(&t, fake_send, f);
}

#endif
