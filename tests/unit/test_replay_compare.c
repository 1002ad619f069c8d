/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_replay_compare.c - what counts as a difference between a node and its log: each member of a record,
 * what is missing and what is too much; and what does not: the pieces in which a console comes, ids of
 * frames, the order between kinds.
 */
#include "sim/replay_compare.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 5 };

static const char *const nodes[] = {"alpha", "beta"};
static uint8_t data[64];
static struct replay_record records[32];
static struct replay_log log_;
static struct replay_compare *c;

static void record(uint8_t type, vtime_t at, const void *bytes, uint32_t len)
{
    records[log_.n_records++] = (struct replay_record){
        REPLAY_UP, type, type == PORT_REC_END ? PORT_END_RESULT : 0, len, at, 0, bytes};
}

/* Frames at 10, 20, .. us, a console of two lines, a record of the event port, an end at 100 us. */
static void setup(void)
{
    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    log_ = (struct replay_log){.head = {.node = "alpha", .n_nodes = 2}, .records = records, .ended = true};
    record(PORT_REC_CONSOLE, 5 * VTIME_US, (const uint8_t *)"hello", 5);
    record(PORT_REC_CONSOLE, 6 * VTIME_US, (const uint8_t *)"\n", 1);
    record(PORT_REC_EVENT, 35 * VTIME_US, data, 16);
    record(PORT_REC_CONSOLE, 95 * VTIME_US, (const uint8_t *)"bye", 3);
    record(PORT_REC_END, 100 * VTIME_US, NULL, 0);
    for (unsigned i = 1; i <= FRAMES; i++) {
        record(PORT_REC_FRAME, (vtime_t)i * 10 * VTIME_US, data, 40 + i);
        records[log_.n_records - 1].id = 1000 + i;
    }
    c = replay_compare_new(&log_, nodes);
}

static void teardown(void)
{
    replay_compare_free(c);
}

static void up(unsigned type, vtime_t at, const void *bytes, uint32_t len)
{
    struct port_record r = {.type = (uint16_t)type, .time_ps = at, .len = len};
    if (type == PORT_REC_END)
        r.arg = PORT_END_RESULT;
    replay_compare_up(c, &r, bytes);
}

static void frame(unsigned i)
{
    up(PORT_REC_FRAME, (vtime_t)i * 10 * VTIME_US, data, 40 + i);
}

/* All of it but the end, in another order and other pieces. */
static void all_but_the_end(void)
{
    up(PORT_REC_CONSOLE, 5 * VTIME_US, "he", 2);
    up(PORT_REC_CONSOLE, VTIME_US * 11 / 2, "llo", 3); /* the pieces' own times do not count */
    up(PORT_REC_CONSOLE, 6 * VTIME_US, "\n", 1);
    for (unsigned i = 1; i <= FRAMES; i++)
        frame(i);
    up(PORT_REC_EVENT, 35 * VTIME_US, data, 16);
    up(PORT_REC_CONSOLE, 95 * VTIME_US, "bye", 3);
}

static char *shown(void)
{
    static char *text;
    size_t len;
    free(text);
    FILE *f = open_memstream(&text, &len);
    replay_compare_show(c, f);
    fclose(f);
    return text;
}

START_TEST(the_same)
{
    struct replay_counts n;
    all_but_the_end();
    up(PORT_REC_END, 100 * VTIME_US, NULL, 0);
    replay_compare_upto(c, VTIME_NEVER);
    ck_assert_msg(!replay_compare_differs(c), "%s", shown());
    replay_compare_counts(c, &n);
    ck_assert(n.frames == FRAMES && n.lines == 2 && n.events == 1 && n.others == 1);
    ck_assert_str_eq(shown(), "");
}
END_TEST

static const struct {
    const char *what, *says;
    vtime_t at, off;
    uint32_t len;
    unsigned bit;
    uint16_t nic;
} changes[] = {
    {"later", "0.000030001 s frame tx #1003", 30 * VTIME_US, VTIME_NS, 43, 0, 0},
    {"earlier", "0.000029999 s frame tx #1003", 30 * VTIME_US - VTIME_NS, -VTIME_NS, 43, 0, 0},
    {"longer", "first different byte: 43 of 43 (replay: of 44)", 30 * VTIME_US, 0, 44, 0, 0},
    {"a bit", "first different byte: 17 of 43", 30 * VTIME_US, 0, 43, 17 * 8 + 3, 0},
    {"interface", "eth1 43 bytes", 30 * VTIME_US, 0, 43, 0, 1},
};

START_TEST(a_changed_frame)
{
    uint8_t copy[64];
    memcpy(copy, data, sizeof copy);
    if (changes[_i].bit)
        copy[changes[_i].bit / 8] ^= (uint8_t)(1u << changes[_i].bit % 8);
    frame(1);
    frame(2);
    ck_assert(!replay_compare_differs(c));
    struct port_record r = {.type = PORT_REC_FRAME,
                            .arg = changes[_i].nic,
                            .time_ps = 30 * VTIME_US + changes[_i].off,
                            .len = changes[_i].len};
    replay_compare_up(c, &r, copy);
    ck_assert(replay_compare_differs(c));
    ck_assert_int_eq(replay_compare_at(c), changes[_i].at);
    ck_assert_msg(strstr(shown(), changes[_i].says) &&
                      strstr(shown(), "  recorded  0.000030000 s frame tx #1003 eth0 43"),
                  "%s: %s", changes[_i].what, shown());
}
END_TEST

START_TEST(a_missing_frame)
{
    frame(1);
    frame(2);
    up(PORT_REC_CONSOLE, 5 * VTIME_US, "hello", 5);
    up(PORT_REC_CONSOLE, 6 * VTIME_US, "\n", 1);
    replay_compare_upto(c, 30 * VTIME_US); /* it may still come at that very time */
    ck_assert(!replay_compare_differs(c));
    replay_compare_upto(c, 30 * VTIME_US + VTIME_NS);
    ck_assert(replay_compare_differs(c));
    ck_assert_ptr_nonnull(strstr(shown(), "  replay    nothing"));
}
END_TEST

START_TEST(one_frame_too_many)
{
    all_but_the_end();
    frame(6);
    ck_assert_int_eq(replay_compare_at(c), 60 * VTIME_US);
    ck_assert_ptr_nonnull(strstr(shown(), "  recorded  nothing"));
}
END_TEST

START_TEST(another_line)
{
    up(PORT_REC_CONSOLE, 5 * VTIME_US, "hellO", 5);
    ck_assert(!replay_compare_differs(c));
    up(PORT_REC_CONSOLE, 6 * VTIME_US, "\n", 1);
    replay_compare_upto(c, 7 * VTIME_US);
    ck_assert_int_eq(replay_compare_at(c), 5 * VTIME_US);
    ck_assert(strstr(shown(), "console \"hello\"") && strstr(shown(), "console \"hellO\""));
}
END_TEST

START_TEST(a_line_at_another_time)
{
    up(PORT_REC_CONSOLE, 5 * VTIME_US, "hello", 5);
    up(PORT_REC_CONSOLE, 7 * VTIME_US, "\n", 1);
    replay_compare_upto(c, 8 * VTIME_US);
    ck_assert(replay_compare_differs(c));
}
END_TEST

START_TEST(a_line_that_has_no_end)
{
    all_but_the_end();
    up(PORT_REC_CONSOLE, 96 * VTIME_US, "!", 1);
    up(PORT_REC_END, 100 * VTIME_US, NULL, 0);
    replay_compare_upto(c, VTIME_NEVER);
    ck_assert_int_eq(replay_compare_at(c), 95 * VTIME_US);
    ck_assert(strstr(shown(), "\"bye\" (unfinished)") && strstr(shown(), "\"bye!\" (unfinished)"));
}
END_TEST

/* Of a later frame and an earlier line that are found at the same meeting, the line. */
START_TEST(the_earliest_counts)
{
    up(PORT_REC_FRAME, 9 * VTIME_US, data, 41);
    ck_assert_int_eq(replay_compare_at(c), 9 * VTIME_US);
    replay_compare_upto(c, 10 * VTIME_US);
    ck_assert_int_eq(replay_compare_at(c), 5 * VTIME_US);
}
END_TEST

START_TEST(another_end)
{
    all_but_the_end();
    struct port_record r = {.type = PORT_REC_END, .arg = PORT_END_RESULT, .id = 1, .time_ps = 100 * VTIME_US};
    replay_compare_up(c, &r, NULL);
    ck_assert_int_eq(replay_compare_at(c), 100 * VTIME_US);
    ck_assert(strstr(shown(), "result 0") && strstr(shown(), "result 1"));
}
END_TEST

/* A log that was cut off: what comes after its last record is not known. */
START_TEST(beyond_a_cut_log)
{
    log_.ended = false;
    all_but_the_end();
    up(PORT_REC_END, 100 * VTIME_US, NULL, 0);
    frame(6);
    up(PORT_REC_CONSOLE, 96 * VTIME_US, " for now\n", 9);
    replay_compare_upto(c, 200 * VTIME_US);
    ck_assert_msg(!replay_compare_differs(c), "%s", shown());
}
END_TEST

int main(void)
{
    Suite *s = suite_create("replay compare");
    TCase *t = tcase_create("compare");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, the_same);
    tcase_add_loop_test(t, a_changed_frame, 0, sizeof changes / sizeof changes[0]);
    tcase_add_test(t, a_missing_frame);
    tcase_add_test(t, one_frame_too_many);
    tcase_add_test(t, another_line);
    tcase_add_test(t, a_line_at_another_time);
    tcase_add_test(t, a_line_that_has_no_end);
    tcase_add_test(t, the_earliest_counts);
    tcase_add_test(t, another_end);
    tcase_add_test(t, beyond_a_cut_log);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
