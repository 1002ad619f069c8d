/* SPDX-License-Identifier: GPL-2.0-or-later */
/* world_net.c - messages of world.h: datagrams under msg.h, and what comes out of it, which must be what is
 * first in its channel. */
#include "tests/core/world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RETRY_NS = 100, ACK_NS = 20, TRIES = 1000 };

static unsigned number(const struct w_node *n)
{
    return (unsigned)(n - w.node);
}

/* ---- what a node lends ---- */

static void on_send(void *ctx, unsigned to, const struct msg *m, const void *data, size_t bytes)
{
    const struct w_node *n = ctx;
    if (to >= vs.nodes || to == number(n) || m->from != number(n) || m->len != bytes ||
        bytes > sizeof(struct w_call))
        world_broken("send with bad arguments");
    if (w.datagrams == W_DATAGRAMS)
        world_broken("the network is full");
    struct w_datagram *d = &w.datagram[w.datagrams++];
    *d =
        (struct w_datagram){.from = (uint8_t)number(n), .to = (uint8_t)to, .bytes = (uint16_t)bytes, .m = *m};
    if (bytes)
        memcpy(&d->call, data, bytes);
    w.sent++;
}

static uint64_t on_now(void *ctx)
{
    (void)ctx;
    return vs.now;
}

static void on_timer(void *ctx, uint64_t at)
{
    struct w_node *n = ctx;
    n->timer_at = at < n->timer_at ? at : n->timer_at;
}

static void *on_alloc(void *ctx, size_t bytes)
{
    ((struct w_node *)ctx)->blocks++;
    return malloc(bytes);
}

static void on_free(void *ctx, void *memory, size_t bytes)
{
    memset(memory, 0xdd, bytes);
    ((struct w_node *)ctx)->blocks--;
    free(memory);
}

/* ---- messages ---- */

void world_post(unsigned from, unsigned to, unsigned type, const struct w_call *call)
{
    int rc = msg_post(&w.node[from].m, to, type, call, call ? sizeof *call : 0);
    if (rc != CORE_OK && rc != CORE_EDEAD)
        world_broken("a message could not be posted");
}

static void on_deliver(void *ctx, unsigned from, const struct msg *m, const void *data)
{
    unsigned to = number(ctx);
    bool group = group_is_type(m->type);
    if (m->type == W_CALL || m->type == W_ANSWER) {
        struct w_call call;
        if (m->len != sizeof call)
            world_broken("a call's length");
        memcpy(&call, data, sizeof call);
        world_call(from, to, m->type, &call);
        vma_quiet(&vs.node[to].v);
        return;
    }
    if (group ? !gs.queued[from][to] || gs.channel[from][to][0].type != m->type
              : !vs.queued[from][to] || vs.channel[from][to][0].type != m->type)
        world_broken("a message comes twice, or out of order");
    if (group)
        gs_deliver(from, to);
    else
        vs_deliver(from, to);
    vma_quiet(&vs.node[to].v);
}

void world_net_start(unsigned node)
{
    struct w_node *n = &w.node[node];
    const struct msg_config c = {.env = &n->env,
                                 .self = node,
                                 .nodes = vs.nodes,
                                 .incarnation = 1,
                                 .max_bytes = sizeof(struct w_call),
                                 .reliable = w.reliable,
                                 .retry_ns = RETRY_NS,
                                 .ack_ns = ACK_NS,
                                 .tries = TRIES,
                                 .ctx = n,
                                 .deliver = on_deliver};
    n->timer_at = UINT64_MAX;
    n->env = (struct core_env){
        .ctx = n, .send = on_send, .now_ns = on_now, .timer = on_timer, .alloc = on_alloc, .free = on_free};
    if (msg_init(&n->m, &c) != CORE_OK)
        world_broken("msg_init");
    for (unsigned i = 0; i < vs.nodes; i++)
        if (i != node)
            msg_open(&n->m, i, 1);
}

/* ---- what may happen ---- */

void world_datagram(bool verbose)
{
    unsigned i = world_below(w.datagrams), luck = w.reliable ? 1000 : world_below(1000);
    for (unsigned k = 0; w.reliable && k < i; k++) /* the first of that channel */
        if (w.datagram[k].from == w.datagram[i].from && w.datagram[k].to == w.datagram[i].to)
            i = k;
    const struct w_datagram d = w.datagram[i];
    bool stays = luck >= w.loss && luck < w.loss + w.twice;
    if (verbose)
        printf("%u > %u datagram %u of type %x%s\n", d.from, d.to, d.m.sequence, d.m.type,
               luck < w.loss ? " is lost"
               : stays       ? ", and again later"
                             : "");
    if (!stays) {
        memmove(&w.datagram[i], &w.datagram[i + 1], (w.datagrams - i - 1) * sizeof d);
        w.datagrams--;
    }
    w.lost += luck < w.loss;
    w.repeated += stays;
    if (luck < w.loss || !vs.node[d.to].alive)
        return;
    struct {
        struct msg m;
        struct w_call call;
    } packet = {d.m, d.call};
    msg_input(&w.node[d.to].m, &packet, sizeof packet.m + d.bytes);
}

static uint64_t next_time(void)
{
    uint64_t at = UINT64_MAX;
    for (unsigned i = 0; i < vs.nodes; i++)
        if (vs.node[i].alive && w.node[i].timer_at < at)
            at = w.node[i].timer_at;
    return at;
}

bool world_timers(void)
{
    return next_time() != UINT64_MAX;
}

bool world_tick(void)
{
    uint64_t at = next_time();
    if (at == UINT64_MAX)
        return false;
    vs.now = at > vs.now ? at : vs.now;
    w.ticks++;
    for (unsigned i = 0; i < vs.nodes; i++) {
        struct w_node *n = &w.node[i];
        if (!vs.node[i].alive || n->timer_at > vs.now)
            continue;
        n->timer_at = UINT64_MAX;
        if (msg_poll(&n->m))
            world_broken("a peer has failed");
    }
    return true;
}
