/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_port_ring.c - the byte rings: what goes in comes out, at every offset and with a thread at each side;
 * what is full, too long or corrupt is refused with the right errno.
 */
#include "devices/port/port.h"
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

static struct port_shared *s;
static uint8_t in[PORT_MAX_FRAME + 8], out[PORT_MAX_FRAME + 1];

static void setup(void)
{
    s = aligned_alloc(4096, (port_size(2) + 4095) & ~(size_t)4095);
    ck_assert_ptr_nonnull(s);
    memset(s, 0, sizeof *s);
    s->n_nodes = 2;
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i * 7 + i / 256);
}

static void teardown(void)
{
    free(s);
}

static struct port_record frame(uint32_t len, uint64_t id)
{
    return (struct port_record){.type = PORT_REC_FRAME, .arg = 3, .time_ps = 12345, .id = id, .len = len};
}

static void put(unsigned node, enum port_ring which, uint32_t len, uint64_t id)
{
    struct port_record rec = frame(len, id);
    ck_assert_int_eq(port_ring_write(s, node, which, &rec, in), 0);
}

static void take(unsigned node, enum port_ring which, uint32_t len, uint64_t id)
{
    struct port_record rec;
    out[len] = 0xa5;
    ck_assert_int_eq(port_ring_read(s, node, which, &rec, out), 1);
    ck_assert_uint_eq(rec.type, PORT_REC_FRAME);
    ck_assert_uint_eq(rec.arg, 3);
    ck_assert_int_eq(rec.time_ps, 12345);
    ck_assert_uint_eq(rec.id, id);
    ck_assert_uint_eq(rec.len, len);
    ck_assert_uint_eq(rec.size % 8, 0);
    if (len)
        ck_assert_mem_eq(out, in, len);
    ck_assert_uint_eq(out[len], 0xa5); /* nothing behind it */
}

static void is_empty(unsigned node, enum port_ring which)
{
    struct port_record rec;
    ck_assert_int_eq(port_ring_read(s, node, which, &rec, out), 0);
}

START_TEST(round_trip)
{
    static const uint32_t lens[] = {0, 1, 7, 8, 9, 60, 1514, PORT_MAX_FRAME};
    for (unsigned i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        put(0, PORT_UP, lens[i], i);
        take(0, PORT_UP, lens[i], i);
        is_empty(0, PORT_UP);
    }
}
END_TEST

START_TEST(four_rings_are_apart_and_keep_their_order)
{
    for (uint64_t id = 0; id < 10; id++)
        for (unsigned r = 0; r < 4; r++)
            put(r / 2, (enum port_ring)(r % 2), (uint32_t)id * 11 + r, 10 * id + r);
    for (unsigned r = 0; r < 4; r++) {
        for (uint64_t id = 0; id < 10; id++)
            take(r / 2, (enum port_ring)(r % 2), (uint32_t)id * 11 + r, 10 * id + r);
        is_empty(r / 2, (enum port_ring)(r % 2));
    }
}
END_TEST

/* A record of 32 + 100 bytes that begins at each multiple of 8 near the end of the ring, for positions small
 * and large. */
START_TEST(wraps_around_anywhere)
{
    static const uint64_t bases[] = {0, 3ull * PORT_RING_BYTES, UINT64_MAX - PORT_RING_BYTES + 1};
    for (unsigned b = 0; b < 3; b++)
        for (uint64_t before = 0; before <= 200; before += 8) {
            uint64_t at = bases[b] + PORT_RING_BYTES - before;
            atomic_store(&s->node[0].down_head, at);
            atomic_store(&s->node[0].down_tail, at);
            put(0, PORT_DOWN, 100, before);
            put(0, PORT_DOWN, 33, before + 1);
            take(0, PORT_DOWN, 100, before);
            take(0, PORT_DOWN, 33, before + 1);
            is_empty(0, PORT_DOWN);
        }
}
END_TEST

START_TEST(full_means_try_again)
{
    struct port_record rec = frame(4096 - sizeof rec, 0);
    unsigned n = 0;
    while (port_ring_fits(s, 0, PORT_UP, rec.len)) {
        ck_assert_int_eq(port_ring_write(s, 0, PORT_UP, &rec, in), 0);
        n++;
    }
    ck_assert_uint_eq(n, PORT_RING_BYTES / 4096); /* to the last byte */
    rec.len = 0;
    errno = 0;
    ck_assert_int_eq(port_ring_write(s, 0, PORT_UP, &rec, NULL), -1);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_int_eq(port_ring_read(s, 0, PORT_UP, &rec, out), 1);
    put(0, PORT_UP, 4096 - sizeof rec, 0);
    ck_assert(!port_ring_fits(s, 0, PORT_UP, 0));
    for (; n > 0; n--)
        take(0, PORT_UP, 4096 - sizeof rec, 0);
    is_empty(0, PORT_UP);
}
END_TEST

START_TEST(too_long_is_never_taken)
{
    struct port_record rec = frame(PORT_MAX_FRAME + 1, 0);
    ck_assert(!port_ring_fits(s, 0, PORT_UP, rec.len));
    ck_assert_int_eq(port_ring_write(s, 0, PORT_UP, &rec, in), -1);
    ck_assert_int_eq(errno, EMSGSIZE);
    rec.len = UINT32_MAX;
    ck_assert_int_eq(port_ring_write(s, 0, PORT_UP, &rec, in), -1);
    ck_assert_int_eq(errno, EMSGSIZE);
    is_empty(0, PORT_UP);
}
END_TEST

/* Each way to spoil a good record of 60 bytes; whichever it is, reading says EBADMSG and stays there. */
static const struct spoil {
    const char *what;
    size_t offset, width;
    uint64_t value;
} spoils[] = {
#define FIELD(f) offsetof(struct port_record, f), sizeof((struct port_record *)0)->f
    {"size 0", FIELD(size), 0},
    {"size of the header alone", FIELD(size), 32},
    {"size not a multiple of 8", FIELD(size), 92},
    {"size too large", FIELD(size), 104},
    {"size beyond what was written", FIELD(size), PORT_RING_BYTES},
    {"length does not match the size", FIELD(len), 61 + 8},
    {"length too great", FIELD(len), PORT_MAX_FRAME + 1},
    {"length that would overflow", FIELD(len), UINT32_MAX},
    {"no type", FIELD(type), 0},
    {"unknown type", FIELD(type), PORT_REC_TYPES},
    {"no such interface", FIELD(arg), PORT_MAX_NICS},
    {"time before the beginning", FIELD(time_ps), (uint64_t)-1},
    {"time never", FIELD(time_ps), (uint64_t)VTIME_NEVER},
    {"time beyond never", FIELD(time_ps), (uint64_t)INT64_MAX},
    {"reserved word used", FIELD(zero), 1},
};

START_TEST(a_corrupt_record_is_refused)
{
    const struct spoil *sp = &spoils[_i];
    uint8_t *base = (uint8_t *)s + port_size(0);
    struct port_record rec;
    put(0, PORT_UP, 60, 1);
    memcpy(base + sp->offset, &sp->value, sp->width);
    for (unsigned k = 0; k < 2; k++) {
        errno = 0;
        ck_assert_msg(port_ring_read(s, 0, PORT_UP, &rec, out) == -1 && errno == EBADMSG, "%s", sp->what);
    }
    ck_assert_uint_eq(atomic_load(&s->node[0].up_tail), 0);
}
END_TEST

START_TEST(a_corrupt_end_is_refused)
{
    static const uint16_t ends[] = {PORT_END_NONE, PORT_END_COUNT, UINT16_MAX};
    struct port_record rec = {.type = PORT_REC_END, .arg = ends[_i]};
    ck_assert_int_eq(port_ring_write(s, 0, PORT_UP, &rec, NULL), 0);
    ck_assert_int_eq(port_ring_read(s, 0, PORT_UP, &rec, out), -1);
    ck_assert_int_eq(errno, EBADMSG);
}
END_TEST

/* What the adapter's records may hold. */
START_TEST(a_corrupt_record_of_the_adapter_is_refused)
{
    static const struct {
        uint16_t type, arg;
        uint32_t len;
        bool good;
    } records[] = {{PORT_REC_TRAIN, PORT_MAX_NICS - 1, 0, true},
                   {PORT_REC_TRAIN, PORT_MAX_NICS, 0, false},
                   {PORT_REC_EVENT, 0, PORT_EVENT_MIN, true},
                   {PORT_REC_EVENT, 0, PORT_EVENT_MAX, true},
                   {PORT_REC_EVENT, 0, PORT_EVENT_MIN - 1, false},
                   {PORT_REC_EVENT, 0, PORT_EVENT_MAX + 1, false},
                   {PORT_REC_GRANT, 1, 0, true},
                   {PORT_REC_GRANT, 2, 0, false},
                   {PORT_REC_GRANT, 0, 8, false}};
    struct port_record rec = {.type = records[_i].type, .arg = records[_i].arg, .len = records[_i].len};
    ck_assert_int_eq(port_ring_write(s, 0, PORT_UP, &rec, in), 0);
    ck_assert_int_eq(port_ring_read(s, 0, PORT_UP, &rec, out), records[_i].good ? 1 : -1);
}
END_TEST

/* A fault goes down with all its parameters, and comes up with a phase and a value. */
START_TEST(a_corrupt_fault_is_refused)
{
    static const struct {
        enum port_ring which;
        uint64_t id;
        uint32_t len;
        bool good;
    } records[] = {{PORT_DOWN, 0, sizeof(struct port_fault), true},
                   {PORT_DOWN, 0, sizeof(struct port_fault) - 8, false},
                   {PORT_DOWN, 0, PORT_FAULT_VALUE, false},
                   {PORT_UP, PORT_FAULT_HIT, PORT_FAULT_VALUE, true},
                   {PORT_UP, PORT_FAULT_HIT, 0, false},
                   {PORT_UP, PORT_FAULT_HIT, sizeof(struct port_fault), false},
                   {PORT_UP, PORT_FAULT_PHASES, PORT_FAULT_VALUE, false}};
    struct port_record rec = {
        .type = PORT_REC_FAULT, .arg = UINT16_MAX, .id = records[_i].id, .len = records[_i].len};
    ck_assert_int_eq(port_ring_write(s, 1, records[_i].which, &rec, in), 0);
    ck_assert_int_eq(port_ring_read(s, 1, records[_i].which, &rec, out), records[_i].good ? 1 : -1);
}
END_TEST

START_TEST(impossible_positions_are_refused)
{
    static const struct {
        uint64_t head, tail;
    } at[] = {{PORT_RING_BYTES + 8, 0}, {0, 8}, {8, 0}, {31, 0}, {UINT64_MAX, 0}, {100, 200}};
    struct port_record rec;
    atomic_store(&s->node[0].up_head, at[_i].head);
    atomic_store(&s->node[0].up_tail, at[_i].tail);
    ck_assert_int_eq(port_ring_read(s, 0, PORT_UP, &rec, out), -1);
    ck_assert_int_eq(errno, EBADMSG);
}
END_TEST

/* ---- a thread at each side ---- */

#if defined(__SANITIZE_ADDRESS__)
enum { RECORDS = 20000 };
#else
enum { RECORDS = 100000 };
#endif

static uint64_t next(uint64_t *x)
{
    return *x = *x * 6364136223846793005u + 1442695040888963407u;
}

static uint32_t length(uint64_t id)
{
    uint64_t x = id + 1;
    next(&x);
    return (uint32_t)(next(&x) >> 33) % (id % 64 == 0 ? PORT_MAX_FRAME + 1 : 300);
}

static void *produce(void *arg)
{
    (void)arg;
    for (uint64_t id = 0; id < RECORDS; id++) {
        struct port_record rec = frame(length(id), id);
        rec.time_ps = (vtime_t)id * 3;
        while (port_ring_write(s, 0, PORT_UP, &rec, in + id % 7) < 0 && errno == EAGAIN)
            sched_yield();
    }
    return NULL;
}

START_TEST(one_producer_and_one_consumer)
{
    pthread_t t;
    struct port_record rec;
    ck_assert_int_eq(pthread_create(&t, NULL, produce, NULL), 0);
    for (uint64_t id = 0; id < RECORDS; id++) {
        int r;
        while ((r = port_ring_read(s, 0, PORT_UP, &rec, out)) == 0)
            sched_yield();
        if (r != 1 || rec.id != id || rec.len != length(id) || rec.time_ps != (vtime_t)id * 3)
            ck_abort_msg("record %lu: %d, id %lu, length %u", (unsigned long)id, r, (unsigned long)rec.id,
                         rec.len);
        if (memcmp(out, in + id % 7, rec.len) != 0)
            ck_abort_msg("record %lu: its bytes changed", (unsigned long)id);
    }
    pthread_join(t, NULL);
    is_empty(0, PORT_UP);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("port_ring");
    TCase *c = tcase_create("ring");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, round_trip);
    tcase_add_test(c, four_rings_are_apart_and_keep_their_order);
    tcase_add_test(c, wraps_around_anywhere);
    tcase_add_test(c, full_means_try_again);
    tcase_add_test(c, too_long_is_never_taken);
    tcase_add_loop_test(c, a_corrupt_record_is_refused, 0, sizeof spoils / sizeof spoils[0]);
    tcase_add_loop_test(c, a_corrupt_end_is_refused, 0, 3);
    tcase_add_loop_test(c, a_corrupt_record_of_the_adapter_is_refused, 0, 9);
    tcase_add_loop_test(c, a_corrupt_fault_is_refused, 0, 7);
    tcase_add_loop_test(c, impossible_positions_are_refused, 0, 6);
    tcase_add_test(c, one_producer_and_one_consumer);
    suite_add_tcase(suite, c);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
