/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * all2all.c - everybody sends to everybody, over all queues of programs, with one-sided operations at the
 * same time.
 *
 *   cob-all2all [-n MESSAGES] [-s SEED]
 *
 * Runs on all nodes with the same words. Each node sends MESSAGES (1000) messages, spread over the queues, to
 * random peers, of random sizes from 0 to 64 KiB, every byte a function of seed, sender, receiver, queue and
 * number in its flow. After every fourth on average comes a one-sided operation on a random peer's memory: a
 * WRITE that is read back and compared, a fetch-add, or a compare-and-swap whose old value is known. All of
 * it is checked where it arrives: order in each flow, length, every byte, the sums of the fetch-adds, and at
 * the end the adapter's counters against what was counted here.
 *
 *   every queue:  HELLO to each peer (the key of the own memory) -> messages, one-sided -> FIN (how many,
 * what was added)
 *
 * Prints one line of totals; exit status 1 and a sentence at the first thing that is wrong.
 */
#include "tool.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NODES   64
#define QUEUES  5
#define FIRST_Q 3
#define N_OUT   8  /* messages under way in a queue */
#define N_IN    32 /* its receive buffers */
#define BYTES   FAB_MAX_MESSAGE

/* A queue's memory: [N_OUT + N_IN message buffers] [scratch for one-sided: out, back] [words] [a window for
 * each peer] */
#define IN_AT      (N_OUT * (uint64_t)BYTES)
#define SCRATCH_AT (IN_AT + N_IN * (uint64_t)BYTES)
#define WORDS_AT   (SCRATCH_AT + 2 * (uint64_t)BYTES)
#define WINDOW_AT  (WORDS_AT + 4096)
#define WINDOW     16384u
/* words 0..63: one for each peer's compare-and-swaps; then the sum of the fetch-adds */
#define SUM_WORD NODES

enum { HELLO = 1u << 30, FIN = 2u << 30, KIND = 3u << 30 };
enum { COOKIE_OUT = 0, COOKIE_IN = 1000, COOKIE_ONE_SIDED = 2000 };

struct fin {
    uint64_t messages, added;
};

struct lane { /* one queue */
    struct station s;
    unsigned queue, quota, under_way, n_free;
    uint8_t free[N_OUT];
    uint64_t random;
    /* towards each peer */
    uint32_t key[NODES];
    bool greeted[NODES], retry[NODES], finished[NODES];
    uint32_t sent[NODES];
    uint64_t added[NODES], word[NODES];
    /* from each peer */
    bool heard[NODES], ended[NODES];
    uint32_t received[NODES];
    uint64_t their_sum;
    /* the one-sided operation under way */
    unsigned op, op_peer, op_len;
    uint64_t op_at, op_value, op_seed;
};

static struct {
    struct lane lane[QUEUES];
    unsigned node, n_nodes;
    uint64_t seed;
    /* all that ended well, as the adapter counts it */
    uint64_t sent, sent_bytes, received, received_bytes, writes, reads, atomics, verified;
} all;

/* ---- numbers ---- */

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static uint64_t draw(struct lane *l)
{
    return mix(l->random += UINT64_C(0x9e3779b97f4a7c15));
}

/* The contents of a message: words of a sequence that starts at a hash of what it is. */
static uint64_t start_of(unsigned from, unsigned to, unsigned queue, uint32_t n)
{
    return mix(all.seed + ((uint64_t)from << 48 | (uint64_t)to << 40 | (uint64_t)queue << 32 | n));
}

static void fill(uint8_t *data, uint32_t len, uint64_t x)
{
    for (; len >= 8; data += 8, len -= 8)
        memcpy(data, &(uint64_t){x += UINT64_C(0x9e3779b97f4a7c15) ^ x >> 29}, 8);
    for (; len > 0; len--)
        *data++ = (uint8_t)(x += UINT64_C(0x9e3779b97f4a7c15) ^ x >> 29);
}

static bool filled(const uint8_t *data, uint32_t len, uint64_t x)
{
    uint64_t word, wrong = 0;

    for (; len >= 8; data += 8, len -= 8) {
        memcpy(&word, data, 8);
        wrong |= word ^ (x += UINT64_C(0x9e3779b97f4a7c15) ^ x >> 29);
    }
    for (; len > 0; len--)
        wrong |= *data++ ^ (uint8_t)(x += UINT64_C(0x9e3779b97f4a7c15) ^ x >> 29);
    return wrong == 0;
}

/* The length of message n of a flow: as many short ones as long ones, by order of magnitude. */
static uint32_t length_of(uint64_t start)
{
    uint64_t x = mix(start);
    unsigned bits = (unsigned)(x % 17);

    return bits == 16 && (x >> 8) % 4 == 0 ? BYTES : (uint32_t)((x >> 16) % (2u << (bits < 15 ? bits : 15)));
}

/* ---- sending ---- */

static void send_message(struct lane *l, unsigned peer, uint32_t imm, uint32_t len, uint64_t cookie)
{
    if (cobfab_send(l->s.f, peer, &l->s.m, (cookie % N_OUT) * BYTES, len, imm, cookie, NULL) < 0)
        die("queue %u: cannot send to node %u: %s", l->queue, peer, strerror(errno));
    l->under_way++;
}

/* Takes a free buffer for a message to the peer. */
static uint8_t *take(struct lane *l, unsigned *slot)
{
    *slot = l->free[--l->n_free];
    return l->s.memory + *slot * (uint64_t)BYTES;
}

static void greet(struct lane *l)
{
    for (unsigned p = 0; p < all.n_nodes && l->n_free > 0; p++) {
        unsigned slot;

        if (!l->retry[p])
            continue;
        l->retry[p] = false;
        memcpy(take(l, &slot), &l->s.m.key, 4);
        send_message(l, p, HELLO, 4, slot);
    }
}

static unsigned random_peer(struct lane *l)
{
    unsigned p = (unsigned)(draw(l) % (all.n_nodes - 1));

    return p < all.node ? p : p + 1;
}

static void message(struct lane *l)
{
    unsigned peer = random_peer(l), slot;
    uint64_t start = start_of(all.node, peer, l->queue, l->sent[peer]);
    uint32_t len = length_of(start);

    fill(take(l, &slot), len, start);
    send_message(l, peer, l->sent[peer]++, len, slot);
    l->quota--;
}

static void finish(struct lane *l)
{
    for (unsigned p = 0; p < all.n_nodes && l->n_free > 0; p++) {
        struct fin fin = {l->sent[p], l->added[p]};
        unsigned slot;

        if (l->finished[p])
            continue;
        l->finished[p] = true;
        memcpy(take(l, &slot), &fin, sizeof fin);
        send_message(l, p, FIN, sizeof fin, slot);
    }
}

/* ---- one-sided ---- */

static void one_sided(struct lane *l, unsigned what)
{
    struct cobfab_op op = {.op = (uint8_t)what,
                           .peer = (uint16_t)l->op_peer,
                           .len = l->op_len,
                           .handle = l->s.m.handle,
                           .key = l->key[l->op_peer],
                           .offset = SCRATCH_AT + (what == FAB_OP_WRITE ? 0 : BYTES),
                           .remote = l->op_at,
                           .cookie = COOKIE_ONE_SIDED,
                           .operand = l->op_value,
                           .compare = l->word[l->op_peer]};

    if (cobfab_post(l->s.f, &op, 1, NULL) != 1)
        die("queue %u: cannot post operation %u", l->queue, what);
    l->op = what;
    l->under_way++;
}

static void begin_one_sided(struct lane *l)
{
    l->op_peer = random_peer(l);
    l->op_value = draw(l);
    switch (draw(l) % 3) {
    case 0:
        l->op_len = 1 + (uint32_t)(draw(l) % WINDOW);
        l->op_at = WINDOW_AT + all.node * (uint64_t)WINDOW + draw(l) % (WINDOW - l->op_len + 1);
        l->op_seed = draw(l);
        fill(l->s.memory + SCRATCH_AT, l->op_len, l->op_seed);
        one_sided(l, FAB_OP_WRITE);
        break;
    case 1:
        l->op_len = 8;
        l->op_at = WORDS_AT + 8 * SUM_WORD;
        one_sided(l, FAB_OP_FETCH_ADD);
        break;
    default:
        l->op_len = 8;
        l->op_at = WORDS_AT + 8 * all.node;
        one_sided(l, FAB_OP_CAS);
    }
}

static void one_sided_done(struct lane *l)
{
    uint8_t *back = l->s.memory + SCRATCH_AT + BYTES;
    uint64_t old;

    memcpy(&old, back, 8);
    switch (l->op) {
    case FAB_OP_WRITE:
        all.writes++;
        one_sided(l, FAB_OP_READ);
        return;
    case FAB_OP_READ:
        all.reads++;
        all.verified += l->op_len;
        if (!filled(back, l->op_len, l->op_seed))
            die("queue %u: node %u's memory reads back wrong", l->queue, l->op_peer);
        break;
    case FAB_OP_FETCH_ADD:
        all.atomics++;
        l->added[l->op_peer] += l->op_value;
        break;
    case FAB_OP_CAS:
        all.atomics++;
        if (old != l->word[l->op_peer])
            die("queue %u: a word of node %u was changed by somebody", l->queue, l->op_peer);
        l->word[l->op_peer] = l->op_value;
        break;
    }
    l->op = 0;
}

/* ---- receiving ---- */

static void arrived(struct lane *l, const struct cobfab_done *done)
{
    uint64_t at = IN_AT + (done->cookie - COOKIE_IN) * BYTES;
    const uint8_t *data = l->s.memory + at;
    unsigned p = done->peer;
    struct fin fin;

    all.received++;
    all.received_bytes += done->len;
    if ((done->imm & KIND) == HELLO) {
        memcpy(&l->key[p], data, 4);
        l->heard[p] = true;
    } else if ((done->imm & KIND) == FIN) {
        memcpy(&fin, data, sizeof fin);
        if (fin.messages != l->received[p])
            die("queue %u: %u messages of node %u came, it sent %llu", l->queue, l->received[p], p,
                (unsigned long long)fin.messages);
        l->their_sum += fin.added;
        l->ended[p] = true;
    } else {
        uint64_t start = start_of(p, all.node, l->queue, l->received[p]);

        if (done->imm != l->received[p] || done->len != length_of(start) || !filled(data, done->len, start))
            die("queue %u: message %u of node %u is not what was sent (number %u, %u bytes)", l->queue,
                l->received[p], p, done->imm, done->len);
        l->received[p]++;
        all.verified += done->len;
    }
    post_recv(&l->s, at, BYTES, done->cookie);
}

static void completed(struct lane *l, const struct cobfab_done *done)
{
    unsigned p = done->peer;

    l->under_way--;
    if (done->cookie < N_OUT)
        l->free[l->n_free++] = (uint8_t)done->cookie;
    if (done->status == FAB_C_OK) {
        all.sent++;
        all.sent_bytes += done->len;
        l->greeted[p] = true; /* the first message to it, and all later ones */
        if (done->cookie == COOKIE_ONE_SIDED)
            one_sided_done(l);
    } else if (!l->greeted[p] && done->op == FAB_OP_SEND && not_yet(done->status)) {
        l->retry[p] = true;
    } else {
        die("queue %u: operation %u to node %u ended with status '%s'", l->queue, done->op, p,
            cobfab_status_name(done->status));
    }
}

/* ---- the lanes ---- */

static bool all_of(const bool *flags)
{
    for (unsigned p = 0; p < all.n_nodes; p++)
        if (!flags[p])
            return false;
    return true;
}

static void post(struct lane *l)
{
    greet(l);
    if (!all_of(l->greeted) || !all_of(l->heard))
        return;
    while (l->quota > 0 && l->n_free > 0) {
        message(l);
        if (!l->op && draw(l) % 4 == 0)
            begin_one_sided(l);
    }
    if (l->quota == 0 && !l->op)
        finish(l);
}

static bool over(const struct lane *l)
{
    return all_of(l->finished) && all_of(l->ended) && l->under_way == 0;
}

/* Takes completions. False if there was none. */
static bool reap(struct lane *l)
{
    struct cobfab_done done[32];
    int n = cobfab_reap(l->s.f, done, 32, 0, NULL);

    if (n < 0)
        die("queue %u: no completions: %s", l->queue, strerror(errno));
    for (int i = 0; i < n; i++) {
        if (done[i].op != FAB_OP_RECV)
            completed(l, &done[i]);
        else if (done[i].status == FAB_C_OK)
            arrived(l, &done[i]);
        else
            die("queue %u: a receive buffer ended with status '%s'", l->queue,
                cobfab_status_name(done[i].status));
    }
    return n > 0;
}

static void open_lane(struct lane *l, unsigned queue, unsigned quota)
{
    l->queue = queue;
    l->quota = quota;
    station_open(&l->s, queue, 2 * N_OUT, N_IN, WINDOW_AT + NODES * (uint64_t)WINDOW);
    all.node = l->s.info.node;
    all.n_nodes = l->s.info.n_nodes;
    if (all.n_nodes < 2)
        die("there is no other node");
    l->random = start_of(all.node, all.node, queue, 0);
    for (unsigned p = 0; p < all.n_nodes; p++) {
        bool self = p == all.node;

        l->retry[p] = !self;
        l->greeted[p] = l->heard[p] = l->finished[p] = l->ended[p] = self;
    }
    for (uint64_t i = 0; i < N_OUT; i++)
        l->free[l->n_free++] = (uint8_t)i;
}

static void run(void)
{
    struct pollfd fd[QUEUES];
    bool busy = true, done = false;

    while (!done) {
        done = true;
        for (unsigned i = 0; i < QUEUES; i++) {
            post(&all.lane[i]);
            done = over(&all.lane[i]) && done;
            fd[i] = (struct pollfd){.fd = cobfab_fd(all.lane[i].s.f), .events = POLLIN};
        }
        if (!busy && !done && poll(fd, QUEUES, 60000) <= 0)
            die("nothing came for a minute");
        busy = false;
        for (unsigned i = 0; i < QUEUES; i++)
            busy = reap(&all.lane[i]) || busy;
    }
}

static void check_sums(void)
{
    for (unsigned i = 0; i < QUEUES; i++) {
        struct lane *l = &all.lane[i];
        uint64_t sum;

        memcpy(&sum, l->s.memory + WORDS_AT + 8 * SUM_WORD, 8);
        if (sum != l->their_sum)
            die("queue %u: the fetch-adds of the others come to something else", l->queue);
    }
}

static void check_counter(const char *name, uint64_t adapter, uint64_t here)
{
    if (adapter != here)
        die("%s: the adapter counted %llu, the program %llu", name, (unsigned long long)adapter,
            (unsigned long long)here);
}

int all2all_main(int argc, char **argv)
{
    unsigned messages = 1000;
    struct fab_counters before, c;
    int option;

    all.seed = 1;
    while ((option = getopt(argc, argv, "n:s:")) != -1) {
        if (option == 'n')
            messages = (unsigned)number(optarg, 1, 1 << 24);
        else if (option == 's')
            all.seed = number(optarg, 0, UINT32_MAX);
        else
            return 2;
    }
    if (optind != argc)
        return 2;
    for (unsigned i = 0; i < QUEUES; i++)
        open_lane(&all.lane[i], FIRST_Q + i, messages / QUEUES + (i < messages % QUEUES));
    if (cobfab_counters(all.lane[0].s.f, &before) < 0)
        die("no counters: %s", strerror(errno));
    for (unsigned i = 0; i < QUEUES * N_IN; i++) /* only now may anything come */
        post_recv(&all.lane[i / N_IN].s, IN_AT + i % N_IN * (uint64_t)BYTES, BYTES, COOKIE_IN + i % N_IN);
    run();
    check_sums();
    if (cobfab_counters(all.lane[0].s.f, &c) < 0)
        die("no counters: %s", strerror(errno));
    check_counter("operations sent", c.sent_messages - before.sent_messages, all.sent);
    check_counter("bytes sent", c.sent_bytes - before.sent_bytes, all.sent_bytes);
    check_counter("messages received", c.received_messages - before.received_messages, all.received);
    check_counter("bytes received", c.received_bytes - before.received_bytes, all.received_bytes);
    check_counter("operations under way", c.outstanding, 0);
    printf(
        "all2all node=%u messages=%u sent=%llu bytes=%llu received=%llu rbytes=%llu writes=%llu reads=%llu "
        "atomics=%llu "
        "served_writes=%llu served_reads=%llu served_atomics=%llu packets_out=%llu packets_in=%llu "
        "verified=%llu "
        "outstanding=%llu\n",
        all.node, messages, (unsigned long long)all.sent, (unsigned long long)all.sent_bytes,
        (unsigned long long)all.received, (unsigned long long)all.received_bytes,
        (unsigned long long)all.writes, (unsigned long long)all.reads, (unsigned long long)all.atomics,
        (unsigned long long)c.writes_served, (unsigned long long)c.reads_served,
        (unsigned long long)c.atomics_served, (unsigned long long)c.packets_out,
        (unsigned long long)c.packets_in, (unsigned long long)all.verified,
        (unsigned long long)c.outstanding);
    return 0;
}
