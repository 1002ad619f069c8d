/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gdb_data.c - packets about what a node consists of: descriptions, registers, memory, points. Whoever gdb
 * looks at (Hg) is meant.
 */
#include "sim/gdb_server_internal.h"
#include <stdio.h>
#include <string.h>

/* "offset,length" of a text: 'l' or 'm', then the bytes. */
static void window(struct gdb_server *s, const char *text, const char *rest)
{
    uint64_t offset, len;

    if (!text || !gdb_hex(&rest, &offset) || *rest++ != ',' || !gdb_hex(&rest, &len)) {
        gdb_reply(s, "E00");
        return;
    }
    size_t all = strlen(text);
    if (offset > all)
        offset = all;
    if (len > GDB_PACKET_MAX / 2 - 8)
        len = GDB_PACKET_MAX / 2 - 8;
    if (len > all - offset)
        len = all - offset;
    gdb_out_clear(&s->out);
    gdb_out_byte(&s->out, offset + len == all ? 'l' : 'm');
    for (uint64_t i = 0; i < len; i++)
        gdb_out_byte(&s->out, (uint8_t)text[offset + i]);
}

void gdb_on_features(struct gdb_server *s, const char *rest)
{
    char annex[80];
    const char *colon = strchr(rest, ':');

    if (!colon || (size_t)(colon - rest) >= sizeof annex) {
        gdb_reply(s, "E00");
        return;
    }
    snprintf(annex, sizeof annex, "%.*s", (int)(colon - rest), rest);
    window(s, s->t.description(s->t.ctx, s->node, annex), colon + 1);
}

void gdb_on_threads(struct gdb_server *s, const char *rest)
{
    size_t at = 0, size = sizeof s->list;
    char name[80], state[160];

    at += (size_t)snprintf(s->list, size, "<?xml version=\"1.0\"?>\n<threads>\n");
    for (unsigned i = 0; i < s->t.n_nodes; i++)
        for (unsigned c = 0; s->attached[i] && c < s->t.cpus(s->t.ctx, i); c++) {
            s->t.thread_name(s->t.ctx, i, c, name, sizeof name);
            s->t.thread_state(s->t.ctx, i, c, state, sizeof state);
            gdb_out_clear(&s->out);
            gdb_add_thread(s, i, c);
            int n = snprintf(s->list + at, size - at, "<thread id=\"%s\" name=\"%s\">%s</thread>\n",
                             s->out.text, name, state);
            at += (size_t)n < size - at ? (size_t)n : 0;
        }
    if (size - at > 12)
        snprintf(s->list + at, size - at, "</threads>\n");
    window(s, s->list, rest);
}

void gdb_on_read_all(struct gdb_server *s, const char *rest)
{
    (void)rest;
    int n = s->t.read_registers(s->t.ctx, s->node, s->cpu, 0, s->t.core_registers(s->t.ctx, s->node),
                                s->bytes, sizeof s->bytes / 2);
    gdb_out_clear(&s->out);
    if (n > 0)
        gdb_out_hex(&s->out, s->bytes, (size_t)n);
    else
        gdb_reply(s, "E01");
}

void gdb_on_read_register(struct gdb_server *s, const char *rest)
{
    uint64_t number;
    int n = -1;

    if (gdb_hex(&rest, &number) && number < 100000)
        n = s->t.read_registers(s->t.ctx, s->node, s->cpu, (unsigned)number, 1, s->bytes,
                                sizeof s->bytes / 2);
    gdb_out_clear(&s->out);
    if (n > 0)
        gdb_out_hex(&s->out, s->bytes, (size_t)n);
    else
        gdb_reply(s, "E01");
}

void gdb_on_write_register(struct gdb_server *s, const char *rest)
{
    uint64_t number;
    int n = -1;

    if (gdb_hex(&rest, &number) && number < 100000 && *rest == '=')
        n = gdb_unhex(rest + 1, s->bytes, 256);
    gdb_reply_int(
        s,
        n <= 0 ? -1 : s->t.write_register(s->t.ctx, s->node, s->cpu, (unsigned)number, s->bytes, (size_t)n));
}

static bool range(const char **rest, uint64_t *addr, uint64_t *len)
{
    return gdb_hex(rest, addr) && *(*rest)++ == ',' && gdb_hex(rest, len);
}

void gdb_on_read_memory(struct gdb_server *s, const char *rest)
{
    uint64_t addr, len;
    int n = -1;

    if (range(&rest, &addr, &len) && !*rest) {
        if (len > GDB_PACKET_MAX / 2)
            len = GDB_PACKET_MAX / 2;
        n = len == 0 ? 0 : s->t.read_memory(s->t.ctx, s->node, s->cpu, addr, s->bytes, len);
    }
    gdb_out_clear(&s->out);
    if (n >= 0)
        gdb_out_hex(&s->out, s->bytes, (size_t)n);
    else
        gdb_reply(s, "E14");
}

void gdb_on_write_memory(struct gdb_server *s, const char *rest)
{
    uint64_t addr, len;
    int n = -1;

    if (range(&rest, &addr, &len) && *rest == ':' && len <= GDB_PACKET_MAX / 2)
        n = gdb_unhex(rest + 1, s->bytes, sizeof s->bytes);
    gdb_reply_int(s, n < 0 || (uint64_t)n != len ? -1
                     : n == 0                    ? 0
                              : s->t.write_memory(s->t.ctx, s->node, s->cpu, addr, s->bytes, len));
}

void gdb_on_write_binary(struct gdb_server *s, const char *rest)
{
    uint64_t addr, len;
    int r = -1;

    if (range(&rest, &addr, &len) && *rest == ':' &&
        len == (uint64_t)(s->in.payload + s->in.len - (rest + 1)) && len <= GDB_PACKET_MAX / 2)
        r = len == 0
                ? 0
                : s->t.write_memory(s->t.ctx, s->node, s->cpu, addr, (const uint8_t *)rest + 1, (size_t)len);
    gdb_reply_int(s, r);
}

static void point(struct gdb_server *s, const char *rest, bool insert)
{
    uint64_t addr, len;
    unsigned kind = (unsigned)(*rest - '0');

    if (kind > 4) {
        gdb_reply(s, "");
        return;
    }
    if (rest[1] != ',' || (rest += 2, !range(&rest, &addr, &len)) || len > 4096) {
        gdb_reply(s, "E01");
        return;
    }
    gdb_reply_int(s, s->t.point(s->t.ctx, s->node, insert, kind, addr, (unsigned)len));
}

void gdb_on_insert(struct gdb_server *s, const char *rest)
{
    point(s, rest, true);
}

void gdb_on_remove(struct gdb_server *s, const char *rest)
{
    point(s, rest, false);
}
