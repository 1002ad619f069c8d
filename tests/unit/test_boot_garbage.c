/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_boot_garbage.c - fuzz_boot.c's target on good files of tests/corpus/boot with some bytes changed, or
 * the end missing: nothing is read that is not there (run under ASan), and the loops end. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 16384, ROUNDS = 20000, CHANGES = 8 };
static uint8_t good[MOST], bad[MOST];

static uint32_t next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

START_TEST(changed_files)
{
    static const char *const files[] = {"disk", "program", "tree"};
    uint64_t state = 1;
    char path[64];

    snprintf(path, sizeof path, "tests/corpus/boot/%s", files[_i]);
    FILE *f = fopen(path, "rbe");
    ck_assert_ptr_nonnull(f);
    size_t size = fread(good, 1, sizeof good, f);
    fclose(f);
    ck_assert(size > 100 && size < MOST && good[0] == _i);
    for (unsigned i = 0; i < ROUNDS; i++) {
        memcpy(bad, good, size);
        for (unsigned n = next(&state) % CHANGES; n; n--)
            bad[1 + next(&state) % (i % 2 ? size - 1 : 200)] ^= (uint8_t)next(&state);
        LLVMFuzzerTestOneInput(bad, i % 5 ? size : 1 + next(&state) % size);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("kernel: what it boots with");
    TCase *t = tcase_create("garbage");

    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, changed_files, 0, 3);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
