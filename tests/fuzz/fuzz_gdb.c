/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_gdb.c - whatever comes over the debugger's connection: raw bytes, and the same bytes as payloads of
 * well-formed packets (a line each), with the rack coming to rest in between. Nothing may be read or written
 * out of bounds, and all that is sent must be packets.
 */
#include "tests/unit/gdb_fake.h"
#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake f;
static struct gdb_server *server;

/* What we send is well formed. */
static void check_sent(void)
{
    static struct gdb_parser p;
    p.state = GDB_OUTSIDE;
    for (size_t i = 0; i < f.sent_len; i++) {
        enum gdb_event e = gdb_parse(&p, (uint8_t)f.sent[i]);
        assert(e != GDB_HOSTILE && e != GDB_BAD_SUM);
    }
    assert(p.state == GDB_OUTSIDE);
    f.sent_len = 0;
}

static void rest(void)
{
    if (gdb_server_running(server))
        gdb_server_stopped(server, &(struct gdb_stop){.node = f.resumed % 2,
                                                      .signal = 5,
                                                      .why = (enum gdb_why)(f.resumed % 5),
                                                      .watch_kind = f.resumed % 7});
    check_sent();
}

static void packet(const uint8_t *data, size_t size)
{
    static char frame[2 * GDB_PACKET_MAX + 8];
    static struct gdb_out out;
    char why[100];

    gdb_out_clear(&out);
    for (size_t i = 0; i < size; i++)
        gdb_out_byte(&out, data[i]);
    size_t n = gdb_frame(&out, frame);
    if (gdb_server_input(server, (const uint8_t *)frame, n, why, sizeof why) != 0)
        gdb_server_connected(server);
    rest();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[100];

    f = (struct fake){0};
    if (!server)
        server = fake_server(&f);
    gdb_server_connected(server);
    if (size > 0 && data[0] & 1) {
        for (size_t i = 1; i < size; i++)
            if (gdb_server_input(server, data + i, 1, why, sizeof why) != 0) {
                assert(strlen(why) < sizeof why);
                gdb_server_connected(server);
            }
        rest();
        return 0;
    }
    for (size_t from = 1, at = 1; at <= size; at++)
        if (at == size || data[at] == '\n') {
            packet(data + from, at > from ? at - from : 0);
            from = at + 1;
        }
    return 0;
}
