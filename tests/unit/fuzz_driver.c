/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_driver.c - a fuzzer's target without the fuzzer: its seeds (fuzz_corpus, a pattern of file names), and
 * changed ones from a generator with a fixed seed, so that what the fuzzer would find in a few seconds does
 * not come back. Run in the root of the repository. COB_TEST_SEED=n sets the seed, COB_TEST_PROGRAMS=n how
 * many changed ones there are.
 */
#include <check.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 2000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern const char fuzz_corpus[];

static glob_t files;
static uint64_t state;

static uint64_t next(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static unsigned number(const char *name, unsigned otherwise)
{
    const char *s = getenv(name);
    return s ? (unsigned)strtoul(s, NULL, 10) : otherwise;
}

static size_t load(size_t i, uint8_t *data)
{
    FILE *f = fopen(files.gl_pathv[i], "re");
    ck_assert_ptr_nonnull(f);
    size_t n = fread(data, 1, MOST, f);
    fclose(f);
    return n;
}

/* One change: a byte, a piece taken out, a piece put in once more, or the end of another seed. */
static size_t change(uint8_t *data, size_t n)
{
    static const char often[] = "{}[],:#-\" \n0%9";
    static uint8_t other[MOST];
    size_t at = n ? next() % n : 0, len = n - at ? next() % (n - at) : 0;

    switch (next() % 5) {
    case 0:
        if (n)
            data[at] = (uint8_t)next();
        break;
    case 1:
        if (n)
            data[at] = (uint8_t)often[next() % (sizeof often - 1)];
        break;
    case 2:
        memmove(data + at, data + at + len, n - at - len);
        n -= len;
        break;
    case 3:
        if (n + len > MOST)
            break;
        memmove(data + at + len, data + at, n - at);
        n += len;
        break;
    default:
        len = load(next() % files.gl_pathc, other);
        if (len > MOST - at)
            len = MOST - at;
        memcpy(data + at, other, len);
        n = at + len;
    }
    return n;
}

/* Of its very length: reading beyond it would be noticed. */
static void try(const uint8_t *data, size_t n)
{
    uint8_t *exact = malloc(n ? n : 1);

    ck_assert_ptr_nonnull(exact);
    memcpy(exact, data, n);
    ck_assert_int_eq(LLVMFuzzerTestOneInput(exact, n), 0);
    free(exact);
}

START_TEST(seeds)
{
    static uint8_t data[MOST];

    for (size_t i = 0; i < files.gl_pathc; i++)
        try(data, load(i, data));
}
END_TEST

START_TEST(changed)
{
    static uint8_t data[MOST];
    unsigned n = number("COB_TEST_PROGRAMS", 4000);

    state = number("COB_TEST_SEED", 1);
    for (unsigned i = 0; i < n; i++) {
        size_t len = load(next() % files.gl_pathc, data);
        for (uint64_t changes = 1 + next() % 4; changes > 0; changes--)
            len = change(data, len);
        try(data, len);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fuzz");
    TCase *t = tcase_create("inputs");
    SRunner *sr = srunner_create(s);

    if (glob(fuzz_corpus, 0, NULL, &files) != 0) {
        fprintf(stderr, "no %s: run me in the root of the repository\n", fuzz_corpus);
        return EXIT_FAILURE;
    }
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, seeds);
    tcase_add_test(t, changed);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    globfree(&files);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
