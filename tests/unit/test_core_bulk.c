/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_core_bulk.c - bulk of the message layer, case by case, each over both transports: reliable with
 * one-sided writes, and datagrams with pieces. What nodes send is kept in one list, in order, until the test
 * lets it arrive; an adapter's table of memory stands behind the writes, as in docs/adapter.md.
 */
#include "guest-kernel/core/msg_bulk.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 3, WIRE = 400, BYTES = 40, PIECE = BYTES - sizeof(struct msg_piece), SHIFT = 6, PARTS = 8 };
enum { ROOM = PARTS << SHIFT, GUARD = 0xa5, REQUEST = 0x90, ANSWER = 0x91 };
#define MS 1000000ull

struct packet {
    unsigned to;
    size_t bytes;
    bool write; /* one-sided: key and offset say where */
    uint32_t key, offset;
    struct {
        struct msg m;
        uint8_t data[ROOM];
    } p;
};

struct exposed {
    uint32_t key;
    void *const *part;
    unsigned shift;
    size_t bytes;
};

static struct node {
    struct core_env env;
    struct msg_layer msg;
    struct exposed exposed[MSG_PLACES];
    bool no_memory;
    int blocks;
    uint32_t request; /* the last one that came */
    struct msg_bulk named;
    unsigned asked, refused;
} nodes[NODES];

/* What node 0 asks with. */
static struct asker {
    struct msg_call call;
    struct msg_place place;
    uint8_t *memory[PARTS];
    void *part[PARTS];
    int status;
    unsigned ends;
    uint64_t answer;
    uint8_t seen[ROOM]; /* the memory, when the answer came */
} a;

static struct packet wire[WIRE];
static unsigned n_wire;
static uint64_t now;
static uint8_t pattern[ROOM];

static void on_send(void *ctx, unsigned to, const struct msg *m, const void *data, size_t bytes)
{
    (void)ctx;
    ck_assert_uint_lt(n_wire, WIRE);
    ck_assert_uint_le(bytes, BYTES);
    wire[n_wire] = (struct packet){.to = to, .bytes = sizeof *m + bytes};
    wire[n_wire].p.m = *m;
    if (bytes)
        memcpy(wire[n_wire].p.data, data, bytes);
    n_wire++;
}

static void on_write(void *ctx, unsigned to, uint32_t key, uint32_t offset, const void *data, size_t bytes)
{
    (void)ctx;
    ck_assert_uint_lt(n_wire, WIRE);
    ck_assert_uint_le(bytes, ROOM);
    wire[n_wire] = (struct packet){.to = to, .bytes = bytes, .write = true, .key = key, .offset = offset};
    memcpy(wire[n_wire++].p.data, data, bytes);
}

static int on_expose(void *ctx, uint32_t key, void *const *part, unsigned shift, size_t bytes)
{
    struct node *n = ctx;
    if (n->no_memory)
        return CORE_ENOMEM;
    ck_assert_uint_eq(n->exposed[key & 255].bytes, 0);
    n->exposed[key & 255] = (struct exposed){.key = key, .part = part, .shift = shift, .bytes = bytes};
    return CORE_OK;
}

static void on_hide(void *ctx, uint32_t key)
{
    struct node *n = ctx;
    ck_assert_uint_eq(n->exposed[key & 255].key, key);
    n->exposed[key & 255] = (struct exposed){0};
}

static uint64_t on_now(void *ctx)
{
    (void)ctx;
    return now;
}

static void on_timer(void *ctx, uint64_t at)
{
    (void)ctx, (void)at;
}

static void *on_alloc(void *ctx, size_t bytes)
{
    struct node *n = ctx;
    if (n->no_memory)
        return NULL;
    n->blocks++;
    return malloc(bytes);
}

static void on_free(void *ctx, void *memory, size_t bytes)
{
    (void)bytes;
    ((struct node *)ctx)->blocks--;
    free(memory);
}

static void on_deliver(void *ctx, unsigned from, const struct msg *m, const void *data)
{
    struct node *n = ctx;
    ck_assert_uint_eq(from, 0);
    ck_assert_uint_eq(m->type, REQUEST);
    ck_assert_uint_eq(m->len, sizeof n->named);
    memcpy(&n->named, data, sizeof n->named);
    n->request = m->request;
    n->asked++;
}

static void start(bool one_sided)
{
    memset(nodes, 0, sizeof nodes);
    n_wire = 0;
    now = 1;
    for (unsigned i = 0; i < sizeof pattern; i++)
        pattern[i] = (uint8_t)(i * 7 + 1);
    for (unsigned i = 0; i < NODES; i++) {
        struct node *n = &nodes[i];
        n->env = (struct core_env){.ctx = n,
                                   .send = on_send,
                                   .now_ns = on_now,
                                   .timer = on_timer,
                                   .alloc = on_alloc,
                                   .free = on_free,
                                   .expose = on_expose,
                                   .hide = on_hide,
                                   .write = on_write};
        struct msg_config c = {.env = &n->env,
                               .self = i,
                               .nodes = NODES,
                               .incarnation = i + 1,
                               .max_bytes = BYTES,
                               .reliable = one_sided, /* a transport of datagrams does not write */
                               .retry_ns = MS,
                               .ack_ns = MS / 10,
                               .tries = 4,
                               .ctx = n,
                               .deliver = on_deliver};
        ck_assert_int_eq(msg_init(&n->msg, &c), CORE_OK);
        for (unsigned k = 0; k < NODES; k++)
            if (k != i)
                msg_open(&n->msg, k, k + 1);
    }
    memset(&a, 0, sizeof a);
    for (unsigned i = 0; i < PARTS; i++) {
        a.part[i] = a.memory[i] = malloc((size_t)1 << SHIFT); /* exactly: ASan sees what goes beyond */
        ck_assert_ptr_nonnull(a.memory[i]);
        memset(a.memory[i], GUARD, (size_t)1 << SHIFT);
    }
}

static void end(void)
{
    for (unsigned i = 0; i < NODES; i++) {
        msg_fini(&nodes[i].msg);
        ck_assert_int_eq(nodes[i].blocks, 0);
        for (unsigned k = 0; k < MSG_PLACES; k++)
            ck_assert_uint_eq(nodes[i].exposed[k].bytes, 0);
    }
    for (unsigned i = 0; i < PARTS; i++)
        free(a.memory[i]);
}

/* As the adapter does it: key, bounds; a write that is refused leaves no trace. */
static void written(struct node *n, const struct packet *w)
{
    const struct exposed *x = &n->exposed[w->key & 255];
    if (!x->bytes || x->key != w->key || w->offset > x->bytes || w->bytes > x->bytes - w->offset) {
        n->refused++;
        return;
    }
    for (size_t i = 0; i < w->bytes; i++) {
        size_t at = w->offset + i;
        ((uint8_t *)x->part[at >> x->shift])[at & (((size_t)1 << x->shift) - 1)] = w->p.data[i];
    }
}

static void arrive(unsigned i)
{
    static struct packet p;
    p = wire[i];
    if (p.write)
        written(&nodes[p.to], &p);
    else
        msg_input(&nodes[p.to].msg, &p.p, p.bytes);
}

static void flow(void)
{
    for (unsigned i = 0; i < n_wire; i++)
        arrive(i);
    n_wire = 0;
}

static uint64_t refused(unsigned node)
{
    ck_assert_uint_eq(nodes[node].msg.counts.bad, 0);
    return nodes[node].msg.counts.refused + nodes[node].refused;
}

static uint8_t byte(unsigned at)
{
    return a.memory[at >> SHIFT][at & ((1 << SHIFT) - 1)];
}

/* The place has what was written from offset on, and nothing else. */
static void has(unsigned offset, unsigned bytes)
{
    for (unsigned i = 0; i < ROOM; i++)
        ck_assert_uint_eq(byte(i), i >= offset && i < offset + bytes ? pattern[i] : GUARD);
}

static void on_answered(struct msg_call *c, unsigned from, const void *data, uint32_t len)
{
    ck_assert_ptr_eq(c, &a.call);
    ck_assert_uint_eq(from, 1);
    ck_assert_uint_eq(len, 8);
    memcpy(&a.answer, data, 8);
    for (unsigned i = 0; i < ROOM; i++)
        a.seen[i] = byte(i);
}

static void on_done(struct msg_call *c, int status)
{
    ck_assert_ptr_eq(c, &a.call);
    a.status = status;
    a.ends++;
    msg_place_close(&nodes[0].msg, &a.place);
}

static void ask(uint32_t bytes)
{
    ck_assert_int_eq(msg_place_open(&nodes[0].msg, &a.place, 1, a.part, SHIFT, bytes), CORE_OK);
    a.call = (struct msg_call){.answered = on_answered, .done = on_done};
    ck_assert_int_eq(msg_request(&nodes[0].msg, &a.call, core_bit(1), 1, now + 50 * MS, REQUEST,
                                 &a.place.name, sizeof a.place.name),
                     CORE_OK);
    flow();
    ck_assert_uint_eq(nodes[1].asked, 1);
    ck_assert_uint_eq(nodes[1].named.bytes, bytes);
}

static int put(unsigned node, uint32_t offset, uint32_t bytes)
{
    return msg_write(&nodes[node].msg, 0, &nodes[1].named, offset, pattern + offset % ROOM, bytes);
}

static void answer(uint64_t v)
{
    ck_assert_int_eq(msg_answer(&nodes[1].msg, 0, nodes[1].request, ANSWER, &v, sizeof v), CORE_OK);
}

START_TEST(there_before_the_answer)
{
    start(_i);
    ask(ROOM);
    ck_assert_int_eq(put(1, 100, 200), CORE_OK);
    ck_assert_int_eq(put(1, 300, 1), CORE_OK);
    ck_assert_int_eq(put(1, 0, 0), CORE_OK);
    ck_assert_int_eq(put(1, 1, 99), CORE_OK);
    ck_assert_int_eq(put(1, ROOM, 0), CORE_OK);
    answer(300);
    /* exact: one-sided a write each, else as many messages as it takes */
    ck_assert_uint_eq(n_wire, (_i ? 3 : (200 + PIECE - 1) / PIECE + 1 + (99 + PIECE - 1) / PIECE) + 1);
    flow();
    ck_assert_uint_eq(a.ends, 1);
    ck_assert_int_eq(a.status, CORE_OK);
    ck_assert_uint_eq(a.answer, 300);
    has(1, 300);
    for (unsigned i = 0; i < ROOM; i++)
        ck_assert_uint_eq(a.seen[i], byte(i));
    ck_assert_uint_eq(refused(0), 0);
    end();
}
END_TEST

START_TEST(all_of_it)
{
    start(_i);
    ask(ROOM);
    ck_assert_int_eq(put(1, 0, ROOM), CORE_OK);
    answer(ROOM);
    flow();
    ck_assert_uint_eq(a.ends, 1);
    has(0, ROOM);
    end();
}
END_TEST

START_TEST(too_small)
{
    start(_i);
    ask(100);
    ck_assert_int_eq(put(1, 0, 101), CORE_EINVAL);
    ck_assert_int_eq(put(1, 100, 1), CORE_EINVAL);
    ck_assert_int_eq(put(1, 101, 0), CORE_EINVAL);
    ck_assert_int_eq(put(1, UINT32_MAX, 2), CORE_EINVAL);
    ck_assert_uint_eq(n_wire, 0);
    /* Who believes that it is greater than it is. */
    nodes[1].named.bytes = ROOM;
    ck_assert_int_eq(put(1, 80, 21), CORE_OK);
    ck_assert_int_eq(put(1, 101, 1), CORE_OK);
    nodes[1].named.bytes = UINT32_MAX;
    ck_assert_int_eq(msg_write(&nodes[1].msg, 0, &nodes[1].named, UINT32_MAX - 8, pattern, 8), CORE_OK);
    flow();
    ck_assert_uint_eq(refused(0), 3);
    has(0, 0);
    ck_assert_int_eq(put(1, 80, 20), CORE_OK); /* to the end */
    answer(1);
    flow();
    has(80, 20);
    end();
}
END_TEST

START_TEST(closed)
{
    start(_i);
    ask(ROOM);
    ck_assert_int_eq(put(1, 0, 10), CORE_OK);
    now += 50 * MS; /* nobody has answered in time */
    msg_poll(&nodes[0].msg);
    ck_assert_uint_eq(a.ends, 1);
    ck_assert_int_eq(a.status, CORE_ETIME);
    answer(10);
    flow();
    has(0, 0);
    ck_assert_uint_eq(refused(0), 1);
    ck_assert_uint_eq(nodes[0].msg.counts.late, 1);
    end();
}
END_TEST

/* The slot is used again, by the same memory: a key of before is another's. */
START_TEST(another_place_in_the_slot)
{
    start(_i);
    ask(ROOM);
    answer(0);
    flow();
    struct msg_bulk before = a.place.name;
    ck_assert_int_eq(msg_place_open(&nodes[0].msg, &a.place, 1, a.part, SHIFT, ROOM), CORE_OK);
    ck_assert_uint_eq(a.place.name.key & 255, before.key & 255);
    ck_assert_uint_ne(a.place.name.key, before.key);
    nodes[1].named = before;
    ck_assert_int_eq(put(1, 0, 10), CORE_OK);
    flow();
    ck_assert_uint_eq(refused(0), 1);
    has(0, 0);
    nodes[1].named.key = 0; /* none */
    ck_assert_int_eq(put(1, 0, 10), CORE_OK);
    nodes[1].named.key = a.place.name.key + 1; /* a slot that is free */
    ck_assert_int_eq(put(1, 0, 10), CORE_OK);
    flow();
    ck_assert_uint_eq(refused(0), 3);
    has(0, 0);
    msg_place_close(&nodes[0].msg, &a.place);
    /* The number goes round: never 0, which is none. */
    nodes[0].msg.last_place = 0xffffff00;
    ck_assert_int_eq(msg_place_open(&nodes[0].msg, &a.place, 1, a.part, SHIFT, ROOM), CORE_OK);
    ck_assert_uint_eq(a.place.name.key, 256);
    msg_place_close(&nodes[0].msg, &a.place);
    end();
}
END_TEST

START_TEST(too_many)
{
    static struct msg_place many[MSG_PLACES];
    start(_i);
    for (unsigned i = 0; i < MSG_PLACES; i++) {
        ck_assert_int_eq(msg_place_open(&nodes[0].msg, &many[i], 1 + i % 2, a.part, SHIFT, ROOM), CORE_OK);
        for (unsigned k = 0; k < i; k++)
            ck_assert_uint_ne(many[i].name.key & 255, many[k].name.key & 255);
    }
    ck_assert_int_eq(msg_place_open(&nodes[0].msg, &a.place, 1, a.part, SHIFT, ROOM), CORE_ENOMEM);
    msg_place_close(&nodes[0].msg, &many[77]);
    ck_assert_int_eq(msg_place_open(&nodes[0].msg, &a.place, 1, a.part, SHIFT, ROOM), CORE_OK);
    ck_assert_uint_eq(a.place.name.key & 255, 77);
    msg_place_close(&nodes[0].msg, &a.place);
    msg_fini(&nodes[0].msg);
    for (unsigned i = 0; i < MSG_PLACES; i++) /* after the end of the layer, too */
        if (i != 77)
            msg_place_close(&nodes[0].msg, &many[i]);
    end();
}
END_TEST

START_TEST(no_memory)
{
    start(_i);
    ck_assert_int_eq(msg_place_open(&nodes[0].msg, &a.place, 0, a.part, SHIFT, ROOM), CORE_EINVAL);
    ck_assert_int_eq(msg_place_open(&nodes[0].msg, &a.place, NODES, a.part, SHIFT, ROOM), CORE_EINVAL);
    ck_assert_int_eq(msg_place_open(&nodes[0].msg, &a.place, 1, a.part, SHIFT, 0), CORE_EINVAL);
    nodes[0].no_memory = true;
    ck_assert_int_eq(msg_place_open(&nodes[0].msg, &a.place, 1, a.part, SHIFT, ROOM),
                     _i ? CORE_ENOMEM : CORE_OK);
    if (!_i)
        msg_place_close(&nodes[0].msg, &a.place);
    for (unsigned i = 0; i < MSG_PLACES; i++)
        ck_assert_ptr_null(nodes[0].msg.place[i]);
    nodes[0].no_memory = false;
    ask(ROOM);
    nodes[1].no_memory = true;
    ck_assert_int_eq(put(1, 0, 10), _i ? CORE_OK : CORE_ENOMEM);
    ck_assert_uint_eq(n_wire, _i ? 1 : 0);
    nodes[1].no_memory = false;
    ck_assert_int_eq(put(1, 0, 10), CORE_OK);
    answer(10);
    flow();
    has(0, 10);
    end();
}
END_TEST

START_TEST(the_dead)
{
    start(_i);
    ask(ROOM);
    ck_assert_int_eq(put(1, 0, 10), CORE_OK);
    msg_close(&nodes[0].msg, 1); /* the asker believes that it is dead; it is not, and goes on */
    ck_assert_uint_eq(a.ends, 1);
    ck_assert_int_eq(a.status, CORE_EDEAD);
    answer(10);
    flow();
    has(0, 0);
    msg_close(&nodes[1].msg, 0);
    ck_assert_int_eq(put(1, 0, 10), CORE_EDEAD);
    ck_assert_int_eq(msg_write(&nodes[1].msg, 1, &nodes[1].named, 0, pattern, 1), CORE_EINVAL);
    ck_assert_int_eq(msg_write(&nodes[1].msg, NODES, &nodes[1].named, 0, pattern, 1), CORE_EINVAL);
    nodes[1].msg.peer[2].state = MSG_UNOPENED;
    ck_assert_int_eq(msg_write(&nodes[1].msg, 2, &nodes[1].named, 0, pattern, 1), CORE_EAGAIN);
    ck_assert_uint_eq(n_wire, 0);
    end();
}
END_TEST

/* Only messages: pieces of another node, without a header, outside the sequence. */
START_TEST(lies)
{
    start(false);
    ask(ROOM);
    ck_assert_int_eq(put(2, 0, 10), CORE_OK); /* it is not node 2's */
    flow();
    ck_assert_uint_eq(refused(0), 1);
    ck_assert_int_eq(msg_post(&nodes[1].msg, 0, MSG_PIECE, pattern, 7), CORE_OK);
    flow();
    ck_assert_uint_eq(nodes[0].msg.counts.bad, 1);
    struct {
        struct msg_piece head;
        uint8_t data[8];
    } piece = {.head = {.key = a.place.name.key}};
    msg_raw(&nodes[1].msg, 0, MSG_PIECE, &piece, sizeof piece);
    flow();
    ck_assert_uint_eq(nodes[0].msg.counts.bad, 2);
    ck_assert_int_eq(msg_post(&nodes[1].msg, 0, MSG_PIECE, &piece, sizeof piece.head), CORE_OK); /* empty */
    flow();
    ck_assert_uint_eq(nodes[0].msg.counts.bad, 2);
    has(0, 0);
    answer(0);
    flow();
    ck_assert_uint_eq(a.ends, 1);
    end();
}
END_TEST

START_TEST(lost_and_reordered)
{
    start(false);
    ask(ROOM);
    ck_assert_int_eq(put(1, 0, 4 * PIECE), CORE_OK);
    answer(4 * PIECE);
    ck_assert_uint_eq(n_wire, 5);
    const unsigned order[] = {4, 3, 1, 3, 0, 1};
    for (unsigned i = 0; i < 6; i++)
        arrive(order[i]);
    ck_assert_uint_eq(a.ends, 0); /* its piece 2 is not there: nor is the answer */
    arrive(2);
    ck_assert_uint_eq(a.ends, 1);
    has(0, 4 * PIECE);
    n_wire = 0;
    ck_assert_uint_eq(refused(0), 0);
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("core/bulk");
    TCase *both = tcase_create("both transports"), *messages = tcase_create("messages");
    tcase_add_loop_test(both, there_before_the_answer, 0, 2);
    tcase_add_loop_test(both, all_of_it, 0, 2);
    tcase_add_loop_test(both, too_small, 0, 2);
    tcase_add_loop_test(both, closed, 0, 2);
    tcase_add_loop_test(both, another_place_in_the_slot, 0, 2);
    tcase_add_loop_test(both, too_many, 0, 2);
    tcase_add_loop_test(both, no_memory, 0, 2);
    tcase_add_loop_test(both, the_dead, 0, 2);
    tcase_add_test(messages, lies);
    tcase_add_test(messages, lost_and_reordered);
    suite_add_tcase(suite, both);
    suite_add_tcase(suite, messages);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
