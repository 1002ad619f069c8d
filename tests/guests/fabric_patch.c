/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_patch.c - node 1 calls a function over and over; node 0 writes another one over it, with a one-sided
 * WRITE of which node 1 hears nothing. Node 1 must see the new instructions: what the device writes has to
 * invalidate translated code.
 *
 * The function returns a small number. Node 0 need not have node 1's instruction set: it is sent the new code
 * first.
 */
#include "tests/guests/adapter.h"

enum { Q = 3, KEY = 0x300, CODE = MACHINE_CODE_BYTES, TIMES = 8 };

static _Alignas(4096) uint8_t page[4096];
static _Alignas(64) uint8_t code[CODE];

static void wait_for(unsigned op)
{
    struct fab_cqe c;

    while (!queue_poll(Q, &c))
        ;
    if (c.status != FAB_C_OK || c.op != op)
        fail("completion", c.status);
}

static void send(unsigned op, uint32_t bytes)
{
    struct fab_send *s = queue_next(Q);
    s->op = (uint8_t)op;
    s->n_sge = 1;
    s->peer = (uint16_t)!adapter.node;
    s->len = bytes;
    s->addr = (uintptr_t)code;
    s->key = KEY;
    queue_send(Q);
    wait_for(op);
}

static void patch(void)
{
    for (unsigned i = 0; i < TIMES; i++) {
        queue_receive(Q, code, sizeof code, 0);
        wait_for(FAB_OP_RECV);
        send(FAB_OP_WRITE, CODE);
    }
}

static void execute(void)
{
    unsigned (*function)(void) = (unsigned (*)(void))(uintptr_t)page;
    uint64_t calls = 0;

    machine_code(page, 1);
    for (unsigned i = 0; i < TIMES; i++) {
        unsigned before = i + 1, now;
        machine_code(code, before + 1);
        send(FAB_OP_SEND, CODE);
        while ((now = function()) == before)
            calls++;
        if (now != before + 1)
            fail("the function returned", now);
    }
    say("patch: calls of old code", calls);
}

void run_patch(const char *line)
{
    (void)line;
    if (adapter.node > 1)
        return;
    adapter_up();
    unsigned e = queue_setup(Q);
    if (!e)
        e = adapter_region(KEY, page, sizeof page, FAB_ACCESS_WRITE);
    if (e)
        fail("set-up", e);
    if (adapter.node)
        execute();
    else
        patch();
    adapter_leave(0);
}
