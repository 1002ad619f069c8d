/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_storm.c - every node sends `count=N` messages to all others, on all queues, of random sizes, and
 * does one-sided operations at the same time; every byte is verified. All begin at `begin=N` ms of device
 * time: what reaches an adapter that is not enabled yet is lost (and sent again, but then the counters
 * differ).
 *
 * What is sent follows from the seed, so a receiver can tell what must come: message i from node s on queue q
 * carries imm = i, and its bytes follow from (s, own node, q, i). A gap or a swap is an error, as messages of
 * a queue stay in order. One-sided WRITEs go to areas of the peer's memory that are private to (source,
 * queue, slot), and READs fetch from there what was written last; a word private to (source, queue) is
 * counted up by compare-and-swap, a word of each node by fetch-and-add from all sides. Datagrams may be lost,
 * but not changed.
 *
 * The end: each node tells each other on each queue how many messages there were, and how often it has added
 * (LAST); whoever has got all of that tells node 0, which tells all to go. The counters are printed when
 * nothing is under way any more:
 *
 *   storm: messages S/R datagrams S/R reads S/R writes S/R atomics S/R packets S/R bytes S/R again N
 *
 * S: by this node, R: of others here (datagrams that were dropped here included); so over all nodes the sums
 * of S and R must be equal. What the guest has counted itself must agree with the device's counters.
 */
#include "tests/guests/adapter.h"

enum {
    NODES = 8,
    SLOTS = 8,    /* operations under way on a queue */
    BUFFERS = 16, /* receive buffers of a queue */
    AREA = 2048,  /* bytes that a slot may write in each peer's memory */
    KEY = 0x4700,
    SHARED_KEY = 0x4801
};
#define LAST     0xffffffffu
#define DATAGRAM 0x80000000u

struct slot {
    bool busy;
    uint8_t op;
    uint16_t peer;
    uint32_t len;
    uint64_t key; /* of the bytes; the atomics: of the value expected */
};
struct last {
    uint64_t messages, added;
};
/* What others write here. */
static _Alignas(4096) uint8_t areas[NODES][FAB_QUEUES][SLOTS][AREA];
static _Alignas(64) uint64_t words[1 + NODES * FAB_QUEUES]; /* added up; counted up by (source, queue) */

static struct slot slots[FAB_QUEUES][SLOTS];
static _Alignas(64) uint8_t out[FAB_QUEUES][SLOTS][FAB_MAX_MESSAGE];
static _Alignas(64) uint8_t in[FAB_QUEUES][BUFFERS][FAB_MAX_MESSAGE];

static uint32_t sent[NODES][FAB_QUEUES], got[NODES][FAB_QUEUES];
static uint64_t written[NODES][FAB_QUEUES][SLOTS]; /* key of what is in our area there */
static uint32_t written_len[NODES][FAB_QUEUES][SLOTS];
static uint64_t counted[NODES][FAB_QUEUES];           /* value of our word there */
static uint64_t added[NODES][FAB_QUEUES], added_here; /* sum that we have added there; sum that others say */
static unsigned lasts_got, under_way;
static uint64_t posted[FAB_OP_END], messages_got;
static uint64_t seed, rng;
static bool ready[NODES], go;

static uint64_t random64(void)
{
    rng = mix(rng);
    return rng * 0x2545f4914f6cdd1du;
}

static uint32_t below(uint32_t n)
{
    return (uint32_t)((random64() >> 32) * n >> 32);
}

/* 0 to 64 KiB, small ones as likely as large ones. */
static uint32_t random_size(void)
{
    return below((2u << below(16)) + 1);
}

static uint64_t key_of(unsigned src, unsigned dst, unsigned q, uint32_t i)
{
    return mix(seed ^ ((uint64_t)src << 56 | (uint64_t)dst << 48 | (uint64_t)q << 40 | i)) | 1;
}

/* ---- what comes ---- */

static void take_last(const struct fab_cqe *c, unsigned q, const struct last *l)
{
    if (c->len != sizeof *l || l->messages != got[c->peer][q])
        fail("messages are missing at the end, from node", c->peer);
    added_here += l->added;
    lasts_got++;
}

/* A control message: node 0 is told that we are ready, or all are told to go. */
static void take_control(unsigned peer)
{
    if (adapter.node == 0)
        ready[peer] = true;
    else
        go = true;
}

static void received(unsigned q, const struct fab_cqe *c)
{
    const uint8_t *buffer = in[q][c->cookie];

    if (c->status != FAB_C_OK || c->peer >= adapter.n_nodes || c->peer == adapter.node)
        fail("bad completion of a receive buffer, status", c->status);
    if (c->flags & FAB_CQE_DATAGRAM) {
        if (!(c->imm & DATAGRAM) ||
            !pattern_matches(buffer, c->len, key_of(c->peer, adapter.node, q, c->imm)))
            fail("a datagram is damaged, from node", c->peer);
    } else if (c->imm == LAST && c->len == 0) {
        take_control(c->peer);
    } else if (c->imm == LAST) {
        take_last(c, q, (const struct last *)buffer);
    } else {
        if (c->imm != got[c->peer][q]++)
            fail("messages out of order, number", c->imm);
        if (!(c->flags & FAB_CQE_WRITE) &&
            !pattern_matches(buffer, c->len, key_of(c->peer, adapter.node, q, c->imm)))
            fail("a message is damaged, number", c->imm);
    }
    messages_got += !(c->flags & FAB_CQE_DATAGRAM);
    queue_receive(q, in[q][c->cookie], FAB_MAX_MESSAGE, c->cookie);
}

static void completed(unsigned q, const struct fab_cqe *c)
{
    unsigned i = (unsigned)c->cookie;
    struct slot *s = &slots[q][i];

    if (c->status != FAB_C_OK || !s->busy || c->op != s->op || c->len != s->len)
        fail("bad completion of an operation, status", c->status);
    if (c->op == FAB_OP_READ && !pattern_matches(out[q][i], s->len, s->key))
        fail("what was read is not what was written, bytes", s->len);
    if (c->op == FAB_OP_CAS && *(const volatile uint64_t *)out[q][i] != s->key)
        fail("compare-and-swap found", *(const volatile uint64_t *)out[q][i]);
    s->busy = false;
    under_way--;
}

static void poll_all(void)
{
    struct fab_cqe c;

    for (unsigned q = 0; q < FAB_QUEUES; q++) {
        if (queue_error(q))
            fail("queue error", queue_error(q));
        while (queue_poll(q, &c)) {
            if (c.op == FAB_OP_RECV)
                received(q, &c);
            else
                completed(q, &c);
        }
    }
}

/* ---- what goes ---- */

static unsigned free_slot(unsigned q)
{
    for (;;) {
        for (unsigned i = 0; i < SLOTS; i++)
            if (!slots[q][i].busy)
                return i;
        poll_all();
    }
}

static void post(unsigned q, unsigned i, const struct fab_send *s, uint64_t key)
{
    struct fab_send *to = queue_next(q);

    *to = *s;
    to->n_sge = s->len > 0;
    to->addr = to->addr ? to->addr : (uintptr_t)out[q][i];
    to->cookie = i;
    slots[q][i] = (struct slot){true, s->op, s->peer, s->len, key};
    under_way++;
    posted[s->op]++;
    queue_send(q);
}

static void send_message(unsigned q, unsigned i, unsigned peer)
{
    uint32_t number = sent[peer][q]++, len = random_size();
    uint64_t key = key_of(adapter.node, peer, q, number);

    pattern_fill(out[q][i], len, key);
    post(q, i, &(struct fab_send){.op = FAB_OP_SEND, .peer = (uint16_t)peer, .len = len, .imm = number}, key);
}

static void send_datagram(unsigned q, unsigned i, unsigned peer)
{
    uint32_t number = DATAGRAM | below(DATAGRAM - 1), len = below(adapter.mtu_bytes + 1);
    uint64_t key = key_of(adapter.node, peer, q, number);

    pattern_fill(out[q][i], len, key);
    post(q, i, &(struct fab_send){.op = FAB_OP_DATAGRAM, .peer = (uint16_t)peer, .len = len, .imm = number},
         key);
}

static void write_area(unsigned q, unsigned i, unsigned peer, bool immediate)
{
    uint64_t key = random64() | 1;
    uint32_t len = below(AREA + 1);
    struct fab_send s = {.op = immediate ? FAB_OP_WRITE_IMM : FAB_OP_WRITE,
                         .peer = (uint16_t)peer,
                         .len = len,
                         .key = KEY,
                         .imm = immediate ? sent[peer][q]++ : 0,
                         .remote = (uint64_t)(areas[adapter.node][q][i] - &areas[0][0][0][0])};

    pattern_fill(out[q][i], len, key);
    written[peer][q][i] = key;
    written_len[peer][q][i] = len;
    post(q, i, &s, key);
}

static void read_area(unsigned q, unsigned i, unsigned peer)
{
    struct fab_send s = {.op = FAB_OP_READ,
                         .peer = (uint16_t)peer,
                         .len = written_len[peer][q][i],
                         .key = KEY,
                         .remote = (uint64_t)(areas[adapter.node][q][i] - &areas[0][0][0][0])};
    post(q, i, &s, written[peer][q][i]);
}

static void count_up(unsigned q, unsigned i, unsigned peer)
{
    uint64_t now = counted[peer][q]++;
    struct fab_send s = {.op = FAB_OP_CAS,
                         .peer = (uint16_t)peer,
                         .len = 8,
                         .key = SHARED_KEY,
                         .remote = 8 * (1 + adapter.node * FAB_QUEUES + q),
                         .compare = now,
                         .operand = now + 1};
    post(q, i, &s, now);
}

static void add_up(unsigned q, unsigned i, unsigned peer)
{
    uint32_t n = below(1000);
    struct fab_send s = {
        .op = FAB_OP_FETCH_ADD, .peer = (uint16_t)peer, .len = 8, .key = SHARED_KEY, .operand = n};
    added[peer][q] += n;
    post(q, i, &s, 0);
}

static unsigned random_peer(void)
{
    unsigned peer = below(adapter.n_nodes - 1);
    return peer + (peer >= adapter.node);
}

/* True if it was one of the messages that count. */
static bool send_something(void)
{
    unsigned q = below(FAB_QUEUES), peer = random_peer(), what = below(16), i = free_slot(q);

    if (what == 0)
        read_area(q, i, peer);
    else if (what == 1)
        write_area(q, i, peer, false);
    else if (what == 2)
        count_up(q, i, peer);
    else if (what == 3)
        add_up(q, i, peer);
    else if (what == 4)
        send_datagram(q, i, peer);
    else if (what == 5)
        write_area(q, i, peer, true);
    else
        send_message(q, i, peer);
    return what >= 5;
}

/* ---- the end ---- */

static void send_last(unsigned q, unsigned peer)
{
    unsigned i = free_slot(q);
    struct last l = {sent[peer][q], added[peer][q]};

    memcpy(out[q][i], &l, sizeof l);
    post(q, i, &(struct fab_send){.op = FAB_OP_SEND, .peer = (uint16_t)peer, .len = sizeof l, .imm = LAST},
         0);
}

static void send_control(unsigned peer)
{
    unsigned i = free_slot(0);
    post(0, i, &(struct fab_send){.op = FAB_OP_SEND, .peer = (uint16_t)peer, .imm = LAST}, 0);
}

static bool all_ready(void)
{
    for (unsigned n = 1; n < adapter.n_nodes; n++)
        if (!ready[n])
            return false;
    return true;
}

static void meet_all(void)
{
    for (unsigned n = 0; n < adapter.n_nodes; n++)
        for (unsigned q = 0; n != adapter.node && q < FAB_QUEUES; q++)
            send_last(q, n);
    while (under_way || lasts_got < (adapter.n_nodes - 1) * FAB_QUEUES)
        poll_all();
    if (adapter.node)
        send_control(0);
    while (adapter.node ? !go : !all_ready())
        poll_all();
    for (unsigned n = 1; !adapter.node && n < adapter.n_nodes; n++)
        send_control(n);
    while (under_way)
        poll_all();
}

static void pair_of(const char *text, uint64_t a, uint64_t b)
{
    print(text);
    print_number(a);
    print("/");
    print_number(b);
}

static void report(void)
{
    uint64_t begin = adapter_time_ns();

    while (adapter_time_ns() - begin < 200000)
        poll_all();
    struct fab_counters c = adapter_counters();
    if (words[0] != added_here)
        fail("additions are lost, sum", words[0]);
    if (c.errors || c.bad_access || c.bad_packets || c.outstanding)
        fail("errors + bad accesses + bad packets + outstanding",
             c.errors + c.bad_access + c.bad_packets + c.outstanding);
    uint64_t all = 0, writes = posted[FAB_OP_WRITE] + posted[FAB_OP_WRITE_IMM];
    for (unsigned op = 0; op < FAB_OP_END; op++)
        all += posted[op];
    if (c.sent_messages != all || c.received_messages != messages_got + c.received_datagrams)
        fail("the device counts otherwise, operations", c.sent_messages);
    print("storm:");
    pair_of(" messages ", posted[FAB_OP_SEND] + posted[FAB_OP_WRITE_IMM], messages_got);
    pair_of(" datagrams ", posted[FAB_OP_DATAGRAM], c.received_datagrams + c.dropped_datagrams);
    pair_of(" reads ", posted[FAB_OP_READ], c.reads_served);
    pair_of(" writes ", writes, c.writes_served);
    pair_of(" atomics ", posted[FAB_OP_CAS] + posted[FAB_OP_FETCH_ADD], c.atomics_served);
    pair_of(" packets ", c.packets_out, c.packets_in);
    pair_of(" bytes ", c.packet_bytes_out, c.packet_bytes_in);
    print(" again ");
    print_number(c.retransmitted);
    print("\n");
    adapter_result(0);
}

void run_storm(const char *line)
{
    uint64_t count = number_of(line, "count=", 100);
    unsigned e = 0;

    seed = number_of(line, "seed=", 1);
    rng = mix((seed << 8 | (adapter.node + 1)) * 0x9e3779b97f4a7c15u) | 1;
    if (adapter.n_nodes > NODES)
        fail("more nodes than there is room for", adapter.n_nodes);
    adapter_up();
    e |= adapter_region(KEY, areas, sizeof areas, FAB_ACCESS_READ | FAB_ACCESS_WRITE);
    e |= adapter_region(SHARED_KEY, words, sizeof words, FAB_ACCESS_ATOMIC);
    for (unsigned q = 0; q < FAB_QUEUES; q++)
        e |= queue_setup(q);
    if (e)
        fail("set-up", e);
    for (unsigned q = 0; q < FAB_QUEUES; q++)
        for (unsigned i = 0; i < BUFFERS; i++)
            queue_receive(q, in[q][i], FAB_MAX_MESSAGE, i);
    while (adapter_time_ns() < 1000000 * number_of(line, "begin=", 0))
        poll_all();
    while (count)
        if (send_something())
            count--;
    meet_all();
    report();
}
