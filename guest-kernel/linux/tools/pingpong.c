/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pingpong.c - one-way latency between two nodes, by device time, which is the same on both.
 *
 *   cob-pingpong [-q QUEUE] [-n COUNT] [-s SIZE,..] [-m send|write|read|tcp] PEER
 *
 * Runs on both nodes with the same words but for PEER, the other node's id. The node with the lower id serves
 * the ball and prints a line for each size, means in ns over COUNT (100) round trips, the first few left out:
 *
 *   pingpong send bytes=64 count=100 wire=713 least=713 most=713 handler=1790 oneway=2503
 *
 * send, write: wire is the time from just before the sender's doorbell to the receiver's completion (of a
 * message; of a WRITE_IMM into the receiver's memory); handler from there to the receiving program's look at
 * the clock. read: wire is the time from the doorbell to the completion of a READ, handler as above, on the
 * same node. tcp: wire is 0, oneway the time from just before send() to just after the recv() that gave the
 * last byte. An instruction takes 1 ns (the guest's shift is 0): handler is what the receiver's software
 * costs.
 */
#include "tool.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WARM    4
#define SIDE    FAB_MAX_MESSAGE /* the own ball at 0, the peer's from SIDE on */
#define BUFFERS 4

struct ball {
    uint64_t round;
    uint64_t arrived_ns, handler_ns; /* of the ball that this one answers */
};

enum mode { MODE_SEND, MODE_WRITE, MODE_READ, MODE_TCP, MODES };
static const char *const mode_names[MODES] = {"send", "write", "read", "tcp"};

struct game {
    struct station s;
    enum mode mode;
    unsigned peer, count;
    bool serves;
    uint32_t key; /* of the peer's memory */
    int tcp;
    unsigned under_way; /* own operations */
    struct stat wire, handler, oneway;
};

static void hit(struct game *g, uint32_t size, uint64_t *time_ns)
{
    struct cobfab_op op = {.op = g->mode == MODE_SEND    ? FAB_OP_SEND
                                 : g->mode == MODE_WRITE ? FAB_OP_WRITE_IMM
                                                         : FAB_OP_READ,
                           .peer = (uint16_t)g->peer,
                           .len = size,
                           .handle = g->s.m.handle,
                           .key = g->key,
                           .offset = g->mode == MODE_READ ? SIDE : 0,
                           .remote = g->mode == MODE_READ ? 0 : SIDE};

    if (cobfab_post(g->s.f, &op, 1, time_ns) != 1)
        die("cannot post an operation of %u bytes", size);
    g->under_way++;
}

/* Waits for the ball (or for a READ's completion). */
static struct ball *caught(struct game *g, struct cobfab_done *done, uint64_t *now_ns)
{
    for (;;) {
        *done = next(&g->s, NULL);
        *now_ns = cobfab_time_ns(g->s.f);
        if (done->op != FAB_OP_RECV) {
            g->under_way--;
            if (g->mode == MODE_READ)
                return NULL;
        } else if (done->flags & FAB_CQE_WRITE) {
            return (struct ball *)(g->s.memory + SIDE);
        } else {
            return (struct ball *)(g->s.memory + done->cookie);
        }
    }
}

static void buffer(struct game *g, uint64_t offset)
{
    post_recv(&g->s, offset, g->mode == MODE_WRITE ? 0 : FAB_MAX_MESSAGE, offset);
}

static void serve(struct game *g, uint32_t size, uint64_t round)
{
    struct ball *own = (struct ball *)g->s.memory, *back;
    struct cobfab_done done;
    uint64_t posted_ns, now_ns;

    own->round = round;
    hit(g, size, &posted_ns);
    back = caught(g, &done, &now_ns);
    if (back && (back->round != round || (g->mode == MODE_SEND && done.len != size)))
        die("round %llu of %u bytes came back as %llu, %u bytes", (unsigned long long)round, size,
            (unsigned long long)back->round, done.len);
    if (round >= WARM) {
        uint64_t arrived_ns = back ? back->arrived_ns : done.time_ns,
                 handler_ns = back ? back->handler_ns : now_ns;

        stat_add(&g->wire, arrived_ns - posted_ns);
        stat_add(&g->handler, handler_ns - arrived_ns);
        stat_add(&g->oneway, handler_ns - posted_ns);
    }
    if (back)
        buffer(g, done.cookie);
}

static void answer(struct game *g, uint32_t size)
{
    struct ball *own = (struct ball *)g->s.memory, *in;
    struct cobfab_done done;
    uint64_t now_ns;

    in = caught(g, &done, &now_ns);
    *own = (struct ball){in->round, done.time_ns, now_ns};
    buffer(g, done.cookie);
    hit(g, size, NULL);
}

static void tcp_round(struct game *g, uint32_t size, uint64_t round)
{
    struct ball *own = (struct ball *)g->s.memory, *in = (struct ball *)(g->s.memory + SIDE);

    if (g->serves) {
        uint64_t posted_ns = cobfab_time_ns(g->s.f);

        own->round = round;
        tcp_send(g->tcp, own, size);
        tcp_recv(g->tcp, in, size);
        if (in->round != round)
            die("round %llu came back as another", (unsigned long long)round);
        if (round >= WARM)
            stat_add(&g->oneway, in->handler_ns - posted_ns);
    } else {
        tcp_recv(g->tcp, in, size);
        *own = (struct ball){in->round, 0, cobfab_time_ns(g->s.f)};
        tcp_send(g->tcp, own, size);
    }
}

static void play(struct game *g, uint32_t size)
{
    memset(&g->wire, 0, sizeof g->wire);
    memset(&g->handler, 0, sizeof g->handler);
    memset(&g->oneway, 0, sizeof g->oneway);
    for (uint64_t round = 0; round < g->count + WARM; round++) {
        if (g->mode == MODE_TCP)
            tcp_round(g, size, round);
        else if (g->serves)
            serve(g, size, round);
        else if (g->mode != MODE_READ)
            answer(g, size);
    }
    if (g->serves)
        printf("pingpong %s bytes=%u count=%u wire=%llu least=%llu most=%llu handler=%llu oneway=%llu\n",
               mode_names[g->mode], size, g->count, (unsigned long long)stat_mean(&g->wire),
               (unsigned long long)g->wire.least, (unsigned long long)g->wire.most,
               (unsigned long long)stat_mean(&g->handler), (unsigned long long)stat_mean(&g->oneway));
}

int pingpong_main(int argc, char **argv)
{
    uint32_t size[16] = {64};
    unsigned queue = 3, n_sizes = 1;
    struct game g = {.count = 100};
    int option;

    while ((option = getopt(argc, argv, "q:n:s:m:")) != -1) {
        switch (option) {
        case 'q':
            queue = (unsigned)number(optarg, 3, 7);
            break;
        case 'n':
            g.count = (unsigned)number(optarg, 1, 1000000000);
            break;
        case 's':
            n_sizes = sizes(optarg, size, 16);
            break;
        case 'm':
            for (g.mode = 0; g.mode < MODES && strcmp(optarg, mode_names[g.mode]) != 0;)
                g.mode++;
            if (g.mode < MODES)
                break;
            /* fall through */
        default:
            return 2;
        }
    }
    if (optind != argc - 1)
        return 2;
    g.peer = (unsigned)number(argv[optind], 0, 63);
    station_open(&g.s, queue, 16, 16, (BUFFERS + 1) * (size_t)SIDE);
    g.serves = g.s.info.node < g.peer;
    g.key = (uint32_t)meet(&g.s, g.peer, 0, g.s.m.key);
    for (unsigned i = 1; i <= BUFFERS; i++)
        buffer(&g, i * (uint64_t)SIDE);
    if (g.mode == MODE_TCP)
        g.tcp = tcp_meet(g.s.info.node, g.peer, 5300);
    for (unsigned i = 0; i < n_sizes; i++)
        play(&g, size[i]);
    /* The last ball must have left before the queue is closed; who was read from must stay until it is over.
     */
    while (g.under_way > 0) {
        next(&g.s, NULL);
        g.under_way--;
    }
    if (g.mode == MODE_READ) {
        if (g.serves && cobfab_send(g.s.f, g.peer, NULL, 0, 0, 0, 0, NULL) < 0)
            die("cannot say that it is over");
        next(&g.s, NULL);
    }
    station_close(&g.s);
    return 0;
}
