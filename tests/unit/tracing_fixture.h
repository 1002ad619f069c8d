/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_fixture.h - what the tracing tests share: run directories under a temporary directory, a small
 * recorded run, files as strings, and Check's main. Static functions only, so that each test stays one
 * program of one file.
 */
#ifndef COB_TRACING_FIXTURE_H
#define COB_TRACING_FIXTURE_H

#include "tracing/tracing_format.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

static const char *const fix_nodes[] = {"alpha", "beta"};
static const char *const fix_links[] = {"wire0"};
static const char *const fix_faults[] = {"lossy", "slow"};
static char fix_dir[64]; /* of this test; run directories are made in it */

static UNUSED void fix_setup(void)
{
    strcpy(fix_dir, "/tmp/cob-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(fix_dir));
}

static UNUSED int fix_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static UNUSED void fix_teardown(void)
{
    ck_assert_int_eq(nftw(fix_dir, fix_remove, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* "<fix_dir>/<run>/<file>" in one of a few static buffers; file may be "". */
static UNUSED const char *fix_path(const char *run, const char *file)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s%s%s", fix_dir, run, file[0] ? "/" : "", file);
    return path;
}

static UNUSED struct tracing *fix_open(const char *run)
{
    char why[256] = "";
    ck_assert_int_eq(mkdir(fix_path(run, ""), 0777), 0);
    struct tracing_config cfg = {.dir = fix_path(run, ""),
                                 .nodes = fix_nodes,
                                 .n_nodes = 2,
                                 .links = fix_links,
                                 .n_links = 1,
                                 .faults = fix_faults,
                                 .n_faults = 2,
                                 .trace = true,
                                 .capture = true};
    struct tracing *t = tracing_open(&cfg, why, sizeof why);
    ck_assert_msg(t != NULL, "%s", why);
    return t;
}

static UNUSED void fix_close(struct tracing *t)
{
    char why[256] = "";
    ck_assert_msg(tracing_close(t, why, sizeof why) == 0, "%s", why);
}

static UNUSED void fix_write(const char *run, const char *file, const void *bytes, size_t len)
{
    FILE *f = fopen(fix_path(run, file), "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

/* The whole file, NUL-terminated; the caller frees. */
static UNUSED char *fix_read(const char *run, const char *file, size_t *len)
{
    FILE *f = fopen(fix_path(run, file), "r");
    ck_assert_msg(f != NULL, "%s/%s: %s", run, file, strerror(errno));
    char *bytes = NULL;
    size_t size = 0;
    FILE *copy = open_memstream(&bytes, &size);
    ck_assert_ptr_nonnull(copy);
    for (int c; (c = getc(f)) != EOF;)
        putc(c, copy);
    fclose(f);
    fclose(copy);
    if (len)
        *len = size;
    return bytes;
}

static UNUSED void fix_patch(const char *run, const char *file, off_t at, uint8_t byte)
{
    int fd = open(fix_path(run, file), O_WRONLY);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

/* tracing_print() into strings. The caller frees both. */
static UNUSED int fix_print(const char *run, const struct tracing_filter *filter, char **out, char **err)
{
    static const struct tracing_filter all = {.to = INT64_MAX};
    size_t out_len, err_len;
    FILE *o = open_memstream(out, &out_len), *e = open_memstream(err, &err_len);
    int result = tracing_print(fix_path(run, ""), filter ? filter : &all, o, e);
    fclose(o);
    fclose(e);
    return result;
}

static UNUSED int fix_diff(const char *a, const char *b, char **out, char **err)
{
    size_t out_len, err_len;
    FILE *o = open_memstream(out, &out_len), *e = open_memstream(err, &err_len);
    char *path_a = strdup(fix_path(a, "")), *path_b = strdup(fix_path(b, ""));
    int result = tracing_diff(path_a, path_b, o, e);
    free(path_a);
    free(path_b);
    fclose(o);
    fclose(e);
    return result;
}

static UNUSED unsigned fix_lines(const char *text)
{
    unsigned n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

#define FIX_MAIN(name, ...)                                                                                  \
    int main(void)                                                                                           \
    {                                                                                                        \
        TCase *tcase = tcase_create(name);                                                                   \
        Suite *suite = suite_create(name);                                                                   \
        const TTest *const tests[] = {__VA_ARGS__};                                                          \
        tcase_add_checked_fixture(tcase, fix_setup, fix_teardown);                                           \
        for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)                                          \
            tcase_add_test(tcase, tests[i]);                                                                 \
        tcase_set_timeout(tcase, 60);                                                                        \
        suite_add_tcase(suite, tcase);                                                                       \
        SRunner *runner = srunner_create(suite);                                                             \
        srunner_run_all(runner, CK_NORMAL);                                                                  \
        int failed = srunner_ntests_failed(runner);                                                          \
        srunner_free(runner);                                                                                \
        return failed != 0;                                                                                  \
    }

#endif
