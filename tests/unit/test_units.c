/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_units.c - sim/units.c and the word suggestions of sim/scenario_diag.c.
 */
#include "sim/scenario_internal.h"
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    vtime_t ps;
} good_times[] = {
    {"0s", 0},
    {"1ps", 1},
    {"1ns", VTIME_NS},
    {"1us", VTIME_US},
    {"1ms", VTIME_MS},
    {"1s", VTIME_S},
    {"1min", 60 * VTIME_S},
    {"1h", 3600 * VTIME_S},
    {"5 ms", 5 * VTIME_MS},
    {"1.5us", 1500 * VTIME_NS},
    {"0.001ns", 1},
    {"0.123456789012s", 123456789012},
    {"1.50000000000000000000000000us", 1500 * VTIME_NS},
    {"0000000000000000000000000001s", VTIME_S},
    {"4611686018427387902ps", VTIME_NEVER - 1},
};

START_TEST(time_is_exact)
{
    vtime_t t = -1;
    char err[256] = "";

    ck_assert_msg(scn_parse_time(good_times[_i].text, &t, err, sizeof err) == 0, "%s: %s",
                  good_times[_i].text, err);
    ck_assert_int_eq(t, good_times[_i].ps);
}
END_TEST

static const struct {
    /* cppcheck-suppress unusedStructMember ; used in time_is_refused, behind a macro of Check */
    const char *text, *fragment;
} bad_times[] = {
    {"", "\"\" is not a time: write a number and a unit, for example 5ms"},
    {"s", "is not a time"},
    {"-1s", "is not a time"},
    {"+1s", "is not a time"},
    {" 1s", "is not a time"},
    {".5s", "is not a time"},
    {"1.s", "is not a time"},
    {"60", "has no unit: a time needs one of ps, ns, us, ms, s, min, h"},
    {"60 ", "has an unknown unit"},
    {"1  s", "has an unknown unit"},
    {"1s ", "has an unknown unit"},
    {"1S", "(did you mean \"s\"?)"},
    {"1sec", "(did you mean \"s\"?)"},
    {"1mins", "(did you mean \"min\"?)"},
    {"1e3s", "has an unknown unit"},
    {"1s/s", "has an unknown unit"},
    {"0.5ps", "is not a whole number of ps"},
    {"0.0000000000001s", "is not a whole number of ps"},
    {"0.0000000000000000001s", "is not a whole number of ps"},
    {"4611686018427387903ps", "is too large for a time"},
    {"99999999999999999999999999999999999999999999999999h", "is too large for a time"},
};

START_TEST(time_is_refused)
{
    vtime_t t = -1;
    char err[256] = "";

    ck_assert_msg(scn_parse_time(bad_times[_i].text, &t, err, sizeof err) == -1, "%s", bad_times[_i].text);
    ck_assert_int_eq(t, -1);
    ck_assert_msg(strstr(err, bad_times[_i].fragment), "%s: %s", bad_times[_i].text, err);
}
END_TEST

START_TEST(rates)
{
    static const struct {
        const char *text;
        uint64_t bps;
    } good[] = {
        {"1bit", 1},
        {"9.6kbit", 9600},
        {"100Mbit", 100000000},
        {"2.5Gbit/s", 2500000000},
        {"10Gbit", 10000000000},
        {"1Tbit/s", 1000000000000},
        {"18446744073709551615bit", UINT64_MAX},
    };
    static const char *const bad[] = {
        "10", "10Gb", "10gbit", "1.5bit", "10/s", "10Gbit/", "18446744073709551616bit"};
    uint64_t v;
    char err[256];

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ck_assert_msg(scn_parse_rate(good[i].text, &v, err, sizeof err) == 0, "%s: %s", good[i].text, err);
        ck_assert_uint_eq(v, good[i].bps);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(scn_parse_rate(bad[i], &v, err, sizeof err) == -1, "%s", bad[i]);
}
END_TEST

START_TEST(sizes)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {
        {"0B", 0},          {"1514B", 1514},   {"1.5KiB", 1536}, {"256MiB", 268435456},
        {"2GiB", 1u << 31}, {"100kB", 100000}, {"1MB", 1000000}, {"0.000000001GB", 1},
    };
    static const char *const bad[] = {"256", "256MIB", "256M", "0.1KiB", "1.5B", "17179869184GiB"};
    uint64_t v;
    char err[256];

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ck_assert_msg(scn_parse_size(good[i].text, &v, err, sizeof err) == 0, "%s: %s", good[i].text, err);
        ck_assert_uint_eq(v, good[i].bytes);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(scn_parse_size(bad[i], &v, err, sizeof err) == -1, "%s", bad[i]);
}
END_TEST

START_TEST(shares)
{
    char err[200];
    uint64_t v = 0;

    ck_assert_int_eq(scn_parse_quantity(SCN_Q_SHARE, "0.5%", &v, err, sizeof err), 0);
    ck_assert_uint_eq(v, 5000000);
    ck_assert_int_eq(scn_parse_quantity(SCN_Q_SHARE, "12.3456789 %", &v, err, sizeof err), 0);
    ck_assert_uint_eq(v, 123456789);
    ck_assert_int_eq(scn_parse_quantity(SCN_Q_SHARE, "0.00000001%", &v, err, sizeof err), -1);
    ck_assert_int_eq(scn_parse_quantity(SCN_Q_SHARE, "100.1%", &v, err, sizeof err), -1);
    ck_assert_int_eq(scn_parse_quantity(SCN_Q_SHARE, "0.5", &v, err, sizeof err), -1);
}
END_TEST

START_TEST(short_error_buffer)
{
    vtime_t t;
    char err[8] = "xxxxxxx";

    ck_assert_int_eq(scn_parse_time("nonsense", &t, err, sizeof err), -1);
    ck_assert_uint_lt(strlen(err), sizeof err);
}
END_TEST

/* Any value can be spelled, and reads back as itself. */
START_TEST(spelling_reads_back)
{
    uint64_t x = 88172645463325252u;
    char text[40], err[256];

    for (unsigned i = 0; i < 3000; i++) {
        enum scn_quantity q = (enum scn_quantity)(i % 3);
        uint64_t value, back = 0;

        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        value = x >> (2 + i % 60);
        if (i % 4 == 0)
            value = value % 1000 * scn_units(q)[i / 4 % 5].value;
        scn_spell(q, value, text, sizeof text);
        ck_assert_msg(scn_parse_quantity(q, text, &back, err, sizeof err) == 0, "%s: %s", text, err);
        ck_assert_uint_eq(back, value);
    }
}
END_TEST

START_TEST(spelling)
{
    char b[40];

    ck_assert_str_eq(scn_spell(SCN_Q_TIME, 0, b, sizeof b), "0ps");
    ck_assert_str_eq(scn_spell(SCN_Q_TIME, 1500 * VTIME_NS, b, sizeof b), "1500ns");
    ck_assert_str_eq(scn_spell(SCN_Q_TIME, 60 * VTIME_S, b, sizeof b), "1min");
    ck_assert_str_eq(scn_spell(SCN_Q_RATE, 10000000000, b, sizeof b), "10Gbit");
    ck_assert_str_eq(scn_spell(SCN_Q_SHARE, 1000000000, b, sizeof b), "100%");
    ck_assert_str_eq(scn_spell(SCN_Q_SHARE, 5000000, b, sizeof b), "5000ppm");
    ck_assert_str_eq(scn_spell(SCN_Q_SHARE, 1, b, sizeof b), "1ppb");
    ck_assert_str_eq(scn_spell(SCN_Q_SIZE, 256 << 20, b, sizeof b), "256MiB");
    ck_assert_str_eq(scn_spell(SCN_Q_SIZE, 1000000, b, sizeof b), "1000000B");
}
END_TEST

START_TEST(format_for_people)
{
    static const struct {
        vtime_t t;
        const char *text;
    } cases[] = {
        {0, "0 s"},
        {1, "1 ps"},
        {-1, "-1 ps"},
        {999, "999 ps"},
        {VTIME_NS, "1 ns"},
        {12345678 * VTIME_NS, "12.345678 ms"},
        {VTIME_US + 1, "1.000001 us"},
        {90 * VTIME_S, "90 s"},
        {VTIME_S + VTIME_S / 2, "1.5 s"},
        {-(VTIME_S + 1), "-1.000000000001 s"},
        {VTIME_NEVER, "never"},
        {INT64_MAX, "never"},
    };
    char b[40];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_str_eq(scn_format_time(cases[i].t, b, sizeof b), cases[i].text);
    scn_format_time(INT64_MIN, b, sizeof b);
    ck_assert_str_eq(b, "-9223372.036854775808 s");
    scn_format_time(12345678 * VTIME_NS, b, 4);
    ck_assert_str_eq(b, "12.");
}
END_TEST

START_TEST(suggestions)
{
    static const char *const words[] = {"memory", "image", "kernel", "nic", "x86_64", "aarch64", "s"};
    static const struct {
        const char *word, *like;
    } cases[] = {
        {"memroy", "memory"}, {"memory", "memory"}, {"MEMORY", "memory"}, {"mem", "memory"},
        {"kernal", "kernel"}, {"inc", "nic"},       {"x86", "x86_64"},    {"aarch", "aarch64"},
        {"q", NULL},          {"", NULL},           {"unrelated", NULL},
    };
    char longest[200];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *like = scn_suggest(cases[i].word, words, sizeof words / sizeof *words);

        ck_assert_msg((like == NULL) == (cases[i].like == NULL), "%s: %s", cases[i].word,
                      like ? like : "nothing");
        if (like)
            ck_assert_str_eq(like, cases[i].like);
    }
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    ck_assert_ptr_null(scn_suggest(longest, words, sizeof words / sizeof *words));
    ck_assert_ptr_null(scn_suggest("x", NULL, 0));
}
END_TEST

START_TEST(utf8)
{
    static const struct {
        const char *s;
        size_t len, n;
        uint32_t cp;
    } cases[] = {
        {"a", 1, 1, 'a'},
        {"\xc3\xa9", 2, 2, 0xe9},
        {"\xe2\x82\xac", 3, 3, 0x20ac},
        {"\xf0\x9f\x8c\xbd", 4, 4, 0x1f33d},
        {"\xc3", 1, 0, 0},
        {"\xc0\x80", 2, 0, 0},         /* overlong */
        {"\xe0\x80\x80", 3, 0, 0},     /* overlong */
        {"\xed\xa0\x80", 3, 0, 0},     /* surrogate */
        {"\xf4\x90\x80\x80", 4, 0, 0}, /* above U+10FFFF */
        {"\xff", 1, 0, 0},
        {"\x80", 1, 0, 0},
        {"\xe2\x28\xa1", 3, 0, 0},
        {"", 0, 0, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t cp = 0;

        ck_assert_uint_eq(scn_utf8(cases[i].s, cases[i].len, &cp), cases[i].n);
        if (cases[i].n)
            ck_assert_uint_eq(cp, cases[i].cp);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("units");
    TCase *t = tcase_create("units");
    SRunner *r;
    int failed;

    tcase_add_loop_test(t, time_is_exact, 0, (int)(sizeof good_times / sizeof *good_times));
    tcase_add_loop_test(t, time_is_refused, 0, (int)(sizeof bad_times / sizeof *bad_times));
    tcase_add_test(t, rates);
    tcase_add_test(t, sizes);
    tcase_add_test(t, shares);
    tcase_add_test(t, short_error_buffer);
    tcase_add_test(t, spelling_reads_back);
    tcase_add_test(t, spelling);
    tcase_add_test(t, format_for_people);
    tcase_add_test(t, suggestions);
    tcase_add_test(t, utf8);
    tcase_set_timeout(t, 60); /* a loaded machine is no failure */
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
