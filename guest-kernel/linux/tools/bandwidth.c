/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bandwidth.c - how fast data flows from one node to another, by device time.
 *
 *   cob-bandwidth [-q QUEUE] [-n COUNT] [-s SIZE,..] [-m send|write|read|tcp] [-b BURST] PEER
 *
 * Runs on both nodes with the same words but for PEER, the other node's id. The node with the lower id sends
 * COUNT (200) operations of each size (read: fetches them), as many at a time as its ring holds, and prints
 *
 *   bandwidth send bytes=65536 burst=200 count=200 ns=9123456 mbps=11474.13
 *
 * ns is the time from the first completion to the last one, COUNT - 1 operations, at the side where the data
 * arrives (send, tcp: the receiver; write, read: the node that began it, whose completions say that the data
 * is there). mbps: bits of data per microsecond. tcp: from the first byte's arrival to the last one's.
 *
 * With -b, BURST (at most 16) operations go with one doorbell, the next ones when all of them have ended, and
 * only the times inside bursts count: what the wire does when software keeps out of its way. COUNT is rounded
 * down to whole bursts.
 */
#include "tool.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WINDOW    32
#define BUFFERS   64
#define MAX_BURST 16

enum mode { MODE_SEND, MODE_WRITE, MODE_READ, MODE_TCP, MODES };
static const char *const mode_names[MODES] = {"send", "write", "read", "tcp"};
static const uint8_t mode_op[MODES] = {FAB_OP_SEND, FAB_OP_WRITE, FAB_OP_READ, 0};

struct flow {
    struct station s;
    enum mode mode;
    unsigned peer, count, burst;
    bool sends;
    uint32_t key;
    int tcp;
};

/*
 * The time from first to last completion of each burst, summed; but not of the first burst, in which the
 * sender waits for the receiver to post its buffers.
 */
struct meter {
    unsigned n, burst;
    uint64_t first_ns, ns;
};

static void meter_add(struct meter *m, uint64_t time_ns)
{
    if (m->n++ % m->burst == 0)
        m->first_ns = time_ns;
    else if (m->n % m->burst == 0)
        m->ns += m->n == m->burst ? 0 : time_ns - m->first_ns;
}

/* After a burst of messages the receiver says that it has posted its buffers again: the next burst need not
 * wait for them. */
static void give_token(struct flow *f)
{
    if (cobfab_send(f->s.f, f->peer, NULL, 0, 0, 0, 0, NULL) < 0)
        die("cannot tell that the buffers are posted");
    next(&f->s, NULL);
}

static void await_token(struct flow *f)
{
    struct cobfab_done done = next(&f->s, NULL);

    if (done.op != FAB_OP_RECV)
        die("operation %u ended instead of a token's coming", done.op);
    post_recv(&f->s, done.cookie, FAB_MAX_MESSAGE, done.cookie);
}

/* The sending side: a burst as soon as it fits. */
static uint64_t push(struct flow *f, uint32_t size)
{
    unsigned burst = f->burst ? f->burst : f->count, total = f->count + burst;
    struct meter meter = {.burst = burst};
    struct cobfab_op op[MAX_BURST];
    unsigned posted = 0, step = f->burst ? f->burst : 1, most = f->burst ? f->burst : WINDOW;

    for (unsigned i = 0; i < MAX_BURST; i++)
        op[i] = (struct cobfab_op){.op = mode_op[f->mode],
                                   .peer = (uint16_t)f->peer,
                                   .len = size,
                                   .handle = f->s.m.handle,
                                   .key = f->key};
    while (meter.n < total) {
        while (posted < total && posted + step - meter.n <= most) {
            if (cobfab_post(f->s.f, op, step, NULL) != (int)step)
                die("cannot post operation %u of %u bytes", posted, size);
            posted += step;
        }
        meter_add(&meter, next(&f->s, NULL).time_ns);
        if (f->burst && f->mode == MODE_SEND && meter.n % f->burst == 0)
            await_token(f);
    }
    return meter.ns;
}

/* The receiving side of messages. */
static uint64_t pull(struct flow *f, uint32_t size)
{
    unsigned burst = f->burst ? f->burst : f->count, total = f->count + burst;
    struct meter meter = {.burst = burst};

    while (meter.n < total) {
        struct cobfab_done done = next(&f->s, NULL);

        if (done.op != FAB_OP_RECV || done.len != size)
            die("message %u has %u bytes instead of %u", meter.n, done.len, size);
        meter_add(&meter, done.time_ns);
        post_recv(&f->s, done.cookie, FAB_MAX_MESSAGE, done.cookie);
        if (f->burst && meter.n % f->burst == 0)
            give_token(f);
    }
    return meter.ns;
}

/* The last word on one size: who received tells; the other one waits. */
static uint64_t tell(struct flow *f, bool teller, uint64_t ns)
{
    uint64_t *word = (uint64_t *)f->s.memory;
    struct cobfab_done done;

    if (teller) {
        *word = ns;
        if (cobfab_send(f->s.f, f->peer, &f->s.m, 0, 8, 0, 0, NULL) < 0)
            die("cannot tell the result");
        done = next(&f->s, NULL);
        return ns;
    }
    done = next(&f->s, NULL);
    if (done.op != FAB_OP_RECV || done.len != 8)
        die("%u bytes instead of a result", done.len);
    ns = *(uint64_t *)(f->s.memory + done.cookie);
    post_recv(&f->s, done.cookie, FAB_MAX_MESSAGE, done.cookie);
    return ns;
}

static uint64_t tcp_flow(struct flow *f, uint32_t size)
{
    uint8_t *data = f->s.memory;
    uint64_t begin_ns, ns;

    if (f->sends) {
        for (unsigned i = 0; i < f->count; i++)
            tcp_send(f->tcp, data, size);
        tcp_recv(f->tcp, &ns, sizeof ns);
        return ns;
    }
    tcp_recv(f->tcp, data, 1);
    begin_ns = cobfab_time_ns(f->s.f);
    tcp_recv(f->tcp, data, size - 1);
    for (unsigned i = 1; i < f->count; i++)
        tcp_recv(f->tcp, data, size);
    ns = cobfab_time_ns(f->s.f) - begin_ns;
    tcp_send(f->tcp, &ns, sizeof ns);
    return ns;
}

static void measure(struct flow *f, uint32_t size)
{
    unsigned burst = f->burst ? f->burst : f->count;
    uint64_t ns = 0, operations = f->count - f->count / burst, centi;

    if (f->mode == MODE_TCP) {
        ns = tcp_flow(f, size);
        operations = f->count;
    } else {
        if (f->sends)
            ns = push(f, size);
        else if (f->mode == MODE_SEND)
            ns = pull(f, size);
        ns = tell(f, f->sends == (f->mode != MODE_SEND), ns);
    }
    if (!f->sends)
        return;
    centi = ns ? operations * size * 8 * 100000 / ns : 0;
    printf("bandwidth %s bytes=%u burst=%u count=%u ns=%llu mbps=%llu.%02llu\n", mode_names[f->mode], size,
           burst, f->count, (unsigned long long)ns, (unsigned long long)centi / 100,
           (unsigned long long)centi % 100);
}

int bandwidth_main(int argc, char **argv)
{
    uint32_t size[16] = {FAB_MAX_MESSAGE};
    unsigned queue = 3, n_sizes = 1;
    struct flow f = {.count = 200};
    int option;

    while ((option = getopt(argc, argv, "q:n:s:m:b:")) != -1) {
        switch (option) {
        case 'q':
            queue = (unsigned)number(optarg, 3, 7);
            break;
        case 'n':
            f.count = (unsigned)number(optarg, 2, 1000000000);
            break;
        case 'b':
            f.burst = (unsigned)number(optarg, 2, MAX_BURST);
            break;
        case 's':
            n_sizes = sizes(optarg, size, 16);
            break;
        case 'm':
            for (f.mode = 0; f.mode < MODES && strcmp(optarg, mode_names[f.mode]) != 0;)
                f.mode++;
            if (f.mode < MODES)
                break;
            /* fall through */
        default:
            return 2;
        }
    }
    if (optind != argc - 1)
        return 2;
    if (f.burst) {
        f.count -= f.count % f.burst;
        if (f.count == 0 || f.mode == MODE_TCP)
            return 2;
    }
    f.peer = (unsigned)number(argv[optind], 0, 63);
    station_open(&f.s, queue, 64, 64, (BUFFERS + 1) * (size_t)FAB_MAX_MESSAGE);
    f.sends = f.s.info.node < f.peer;
    f.key = (uint32_t)meet(&f.s, f.peer, 0, f.s.m.key);
    for (uint64_t i = 1; i <= BUFFERS; i++)
        post_recv(&f.s, i * FAB_MAX_MESSAGE, FAB_MAX_MESSAGE, i * FAB_MAX_MESSAGE);
    if (f.mode == MODE_TCP)
        f.tcp = tcp_meet(f.s.info.node, f.peer, 5301);
    for (unsigned i = 0; i < n_sizes; i++)
        measure(&f, size[i]);
    station_close(&f.s);
    return 0;
}
