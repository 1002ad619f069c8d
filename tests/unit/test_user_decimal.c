/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_user_decimal.c - the doubles of the replicated kernel's programs as text, held against the host's
 * printf. */
#include "guest-kernel/user/print.h"
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { RANDOM = 200000, TEXT = 1600 };

void out_char(struct out *o, char c)
{
    if (o->n < o->size)
        o->text[o->n++] = c;
}

void out_text(struct out *o, const char *s)
{
    while (*s)
        out_char(o, *s++);
}

static void same(double value, unsigned precision)
{
    char got[TEXT], want[TEXT];

    for (int scientific = 0; scientific < 2; scientific++) {
        struct out o = {got, sizeof got - 1, 0};
        out_double(&o, value, precision, scientific);
        got[o.n] = 0;
        snprintf(want, sizeof want, scientific ? "%.*e" : "%.*f", (int)precision, value);
        if (!strstr(want, "nan"))
            ck_assert_str_eq(got, want);
        else
            ck_assert(strstr(got, "nan"));
    }
}

START_TEST(chosen)
{
    static const double values[] = {
        0,        -0.0,      1,       -1,      0.5,      1.5,      2.5,     0.25,   0.125,
        9.5,      9.9999999, 99.95,   0.05,    0.06,     0.0005,   1e15,    1e16,   1e22,
        1e23,     1e300,     5e-1,    1e-5,    4.9e-324, 2.2e-308, 1e308,   0.1,    1 / 3.,
        2 / 3e10, 999.995,   1234.55, 0.94999, 1 / 0.,   0.95,     -1 / 0., 0 / 0., 4503599627370497.5};

    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++)
        for (unsigned precision = 0; precision < 20; precision++)
            same(values[i], precision);
    same(4.9e-324, 1100);
    same(1.7976931348623157e308, 3);
}
END_TEST

START_TEST(random)
{
    uint64_t state = 7;

    for (unsigned i = 0; i < RANDOM; i++) {
        double value;
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        uint64_t bits = state ^ state >> 29;
        if (i % 2) /* the usual sizes */
            bits = (bits & ~(UINT64_C(2047) << 52)) | (1023 - 40 + bits % 80) << 52;
        memcpy(&value, &bits, sizeof value);
        same(value, (unsigned)(state >> 40) % 18);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("user decimal");
    TCase *t = tcase_create("decimal");
    SRunner *r = srunner_create(s);

    tcase_set_timeout(t, 60);
    tcase_add_test(t, chosen);
    tcase_add_test(t, random);
    suite_add_tcase(s, t);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
