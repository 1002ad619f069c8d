/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_template.c - records of the event port as text: what templates say, what is none, and anything at all.
 */
#include "tracing/tracing_template.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

static const char *const nodes[] = {"alpha", "beta"};
static const uint8_t data[] = {12, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0x41, 0x1b, 0x42};

static void shows(const char *text, uint32_t arg, size_t len, const char *want)
{
    char *got = NULL, why[200];
    size_t size;
    FILE *f = open_memstream(&got, &size);

    ck_assert_msg(tracing_template_check(text, why, sizeof why), "%s", why);
    tracing_template_show(f, text, arg, data, len, nodes, 2);
    fclose(f);
    ck_assert_str_eq(got, want);
    free(got);
}

START_TEST(texts)
{
    shows("page {u64} {arg: none, shared, exclusive} v{u32}", 2, 15, "page 12 exclusive v7");
    shows("{arg: none, shared}", 2, 0, "2");
    shows("{arg.16-31: 0x40=GET, FWD, 9=NINE, TEN} to {arg.0-15 node}", 0x410001, 0, "FWD to beta");
    shows("{arg.16-31: 0x40=GET, FWD, 9=NINE, TEN} to {arg.0-15 node}", 0x0a0002, 0, "TEN to 2");
    shows("{arg hex} {arg.0-31} {arg.31-31}", 0x80000001, 0, "0x80000001 2147483649 1");
    shows("{u8} {u16 hex} {text}", 0, 15, "12 0x0 \\x00\\x00\\x00\\x00\\x00\\x07\\x00\\x00\\x00A\\x1bB");
    shows("{u64} {u64} {u8}", 0, 11, "12 ? ?");
    shows("", 0, 15, "");
}
END_TEST

START_TEST(mistakes)
{
    static const char *const wrong[] = {"{",           "{arg",       "}",          "{}",       "{u7}",
                                        "{arg.3}",     "{arg.5-3}",  "{arg.0-32}", "{u8 oct}", "{arg: }",
                                        "{arg: a,,b}", "{arg: x=a}", "{arg: 1=}",  "{u8{u8}"};
    char why[200];

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_msg(!tracing_template_check(wrong[i], why, sizeof why), "%s", wrong[i]);
        ck_assert(*why);
    }
}
END_TEST

START_TEST(anything)
{
    static const char letters[] = "{}{}arg.0-15u8u16u64 texthexnode:,=x,a9";
    FILE *f = fopen("/dev/null", "we");

    srand(1);
    for (unsigned i = 0; i < 200000; i++) {
        size_t n = (size_t)rand() % 24;
        char *text = malloc(n + 1), why[60];
        for (size_t k = 0; k < n; k++)
            text[k] = letters[(size_t)rand() % (sizeof letters - 1)];
        text[n] = 0;
        tracing_template_check(text, why, sizeof why);
        tracing_template_show(f, text, (uint32_t)i, data, (size_t)rand() % (sizeof data + 1), nodes, 2);
        free(text);
    }
    fclose(f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("template");
    TCase *t = tcase_create("all");

    tcase_set_timeout(t, 120);
    tcase_add_test(t, texts);
    tcase_add_test(t, mistakes);
    tcase_add_test(t, anything);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
