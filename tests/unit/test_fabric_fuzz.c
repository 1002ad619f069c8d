/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_fabric_fuzz.c - the fuzzer's target (tests/fuzz/fuzz_fabric.c) with programs from a generator with a
 * fixed seed: what the fuzzer would find in a few seconds must not come back.
 * COB_TEST_SEED=n sets the first seed, COB_TEST_PROGRAMS=n how many there are.
 */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static unsigned number(const char *name, unsigned otherwise)
{
    const char *s = getenv(name);
    return s ? (unsigned)strtoul(s, NULL, 10) : otherwise;
}

START_TEST(programs)
{
    unsigned n = number("COB_TEST_PROGRAMS", 1000), first = number("COB_TEST_SEED", 1);
    static uint8_t program[2000];

    for (unsigned i = 0; i < n; i++) {
        uint64_t state = first + i;
        size_t len = 50 + next(&state) % (sizeof program - 50);
        for (size_t k = 0; k < len; k++)
            program[k] = (uint8_t)next(&state);
        ck_assert_int_eq(LLVMFuzzerTestOneInput(program, len), 0);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fabric_fuzz");
    TCase *t = tcase_create("programs");
    SRunner *sr = srunner_create(s);

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, programs);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
