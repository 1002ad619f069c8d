/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_initramfs.c - the initrd of a node, read back by a reader of our own (strict about everything Linux
 * looks at).
 */
#include "sim/initramfs.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];

static void setup(void)
{
    strcpy(dir, "/tmp/cob-initramfs-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

static const char *path(const char *name)
{
    static char buf[4][128];
    static unsigned next;
    char *p = buf[next++ % 4];

    snprintf(p, 128, "%s/%s", dir, name);
    return p;
}

static void write_file(const char *name, const void *data, size_t size)
{
    FILE *f = fopen(path(name), "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, size, f), size);
    ck_assert_int_eq(fclose(f), 0);
}

static char *read_file(const char *name, size_t *size)
{
    FILE *f = fopen(path(name), "r");
    char *data = calloc(1, 1 << 20);

    ck_assert_ptr_nonnull(f);
    ck_assert_ptr_nonnull(data);
    *size = fread(data, 1, (1 << 20) - 1, f);
    ck_assert_int_eq(fclose(f), 0);
    return data;
}

static unsigned count_files(void)
{
    char command[128];
    unsigned n = 99;
    FILE *p;

    snprintf(command, sizeof command, "ls -A '%s' | wc -l", dir);
    p = popen(command, "r");
    ck_assert_ptr_nonnull(p);
    ck_assert_int_eq(fscanf(p, "%u", &n), 1);
    ck_assert_int_eq(pclose(p), 0);
    return n;
}

/* The reader: one entry. */
struct entry {
    uint32_t ino, mode, uid, gid, nlink, mtime, size, name_size, check;
    const char *name, *data;
};

static uint32_t hex8(const char *p)
{
    static const char digits[] = "0123456789ABCDEF";
    uint32_t v = 0;

    for (int i = 0; i < 8; i++) {
        const char *digit = memchr(digits, p[i], 16);

        ck_assert_msg(digit != NULL, "not a digit: %d", p[i]);
        v = v * 16 + (uint32_t)(digit - digits);
    }
    return v;
}

/* Reads the entry at *at and moves *at behind it; padding must be there and must be zeros. */
static struct entry next_entry(const char *data, size_t size, size_t *at)
{
    struct entry e;
    const char *p = data + *at;
    size_t end;

    ck_assert_uint_eq(*at % 4, 0);
    ck_assert_uint_le(*at + 110, size);
    ck_assert_int_eq(memcmp(p, "070701", 6), 0);
    e.ino = hex8(p + 6);
    e.mode = hex8(p + 14);
    e.uid = hex8(p + 22);
    e.gid = hex8(p + 30);
    e.nlink = hex8(p + 38);
    e.mtime = hex8(p + 46);
    e.size = hex8(p + 54);
    for (int device = 0; device < 4; device++)
        ck_assert_uint_eq(hex8(p + 62 + 8 * device), 0);
    e.name_size = hex8(p + 94);
    e.check = hex8(p + 102);
    ck_assert_uint_le(*at + 110 + e.name_size, size);
    e.name = p + 110;
    ck_assert_uint_eq(strnlen(e.name, e.name_size), e.name_size - 1);
    end = *at + 110 + e.name_size;
    for (; end % 4 != 0; end++)
        ck_assert_int_eq(data[end], 0);
    ck_assert_uint_le(end + e.size, size);
    e.data = data + end;
    end += e.size;
    for (; end % 4 != 0; end++) {
        ck_assert_uint_lt(end, size);
        ck_assert_int_eq(data[end], 0);
    }
    *at = end;
    return e;
}

/* The reader's check of itself is this archive, made by hand: a directory "a" and the trailer. */
static const char base[] =
    "070701"
    "00000001000041ED0000000000000000"
    "00000001000000000000000000000000"
    "00000000000000000000000000000002"
    "00000000"
    "a\0"
    "070701"
    "00000000000000000000000000000000"
    "00000001000000000000000000000000"
    "0000000000000000000000000000000B"
    "00000000"
    "TRAILER!!!\0\0\0";

/* the literal's own NUL is the fourth byte of padding */
#define BASE_SIZE (sizeof base)

START_TEST(files_follow_the_base)
{
    static const char node[] = "name=alpha\nindex=0\n";
    char big[70001];
    struct initramfs_file files[] = {
        {"etc/cob/node", node, strlen(node), 0644},
        {"etc/cob/run", big, sizeof big, 0755},
        {"empty", NULL, 0, 0600},
    };
    size_t size, at = 0;
    char *data, why[200] = "";
    struct entry e;

    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 7 + i / 251);
    write_file("base", base, BASE_SIZE);
    ck_assert_int_eq(initramfs_write(path("base"), NULL, path("out"), files, 3, why, sizeof why), 0);
    data = read_file("out", &size);
    ck_assert_mem_eq(data, base, BASE_SIZE);
    e = next_entry(data, size, &at);
    ck_assert_str_eq(e.name, "a");
    ck_assert_uint_eq(e.mode, 040755);
    e = next_entry(data, size, &at);
    ck_assert_str_eq(e.name, "TRAILER!!!");
    ck_assert_uint_eq(at, BASE_SIZE);
    for (int i = 0; i < 3; i++) {
        static const char zeros[4];

        e = next_entry(data, size, &at);
        ck_assert_str_eq(e.name, files[i].path);
        ck_assert_uint_eq(e.mode, 0100000 | files[i].mode);
        ck_assert_uint_eq(e.size, files[i].size);
        ck_assert_mem_eq(e.data, files[i].size ? files[i].data : zeros, files[i].size);
        ck_assert_uint_eq(e.uid, 0);
        ck_assert_uint_eq(e.gid, 0);
        ck_assert_uint_eq(e.nlink, 1);
        ck_assert_uint_eq(e.mtime, 0);
        ck_assert_uint_eq(e.check, 0);
        ck_assert_uint_gt(e.ino, 1);
    }
    e = next_entry(data, size, &at);
    ck_assert_str_eq(e.name, "TRAILER!!!");
    ck_assert_uint_eq(at, size);
    free(data);
}
END_TEST

START_TEST(more_goes_between)
{
    struct initramfs_file f = {"x", "1", 1, 0644};
    char why[200] = "", *data;
    size_t size, at = 0;

    write_file("base", base, BASE_SIZE - 3); /* padding is due behind it */
    write_file("more", base, BASE_SIZE);
    ck_assert_int_eq(initramfs_write(path("base"), path("more"), path("out"), &f, 1, why, sizeof why), 0);
    data = read_file("out", &size);
    for (int i = 0; i < 2; i++) {
        ck_assert_str_eq(next_entry(data, size, &at).name, "a");
        ck_assert_str_eq(next_entry(data, size, &at).name, "TRAILER!!!");
        at = (at + 3) / 4 * 4;
    }
    ck_assert_str_eq(next_entry(data, size, &at).name, "x");
    free(data);
    ck_assert_int_eq(initramfs_write(path("base"), path("none"), path("out"), &f, 1, why, sizeof why), -1);
    ck_assert_ptr_nonnull(strstr(why, path("none")));
    write_file("more", "070707", 6);
    ck_assert_int_eq(initramfs_write(path("base"), path("more"), path("out"), &f, 1, why, sizeof why), -1);
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

START_TEST(inode_numbers_differ)
{
    struct initramfs_file files[] = {{"a/x", "1", 1, 0644}, {"a/y", "2", 1, 0644}};
    char why[200] = "", *data;
    size_t size, at = BASE_SIZE;
    uint32_t first;

    write_file("base", base, BASE_SIZE);
    ck_assert_int_eq(initramfs_write(path("base"), NULL, path("out"), files, 2, why, sizeof why), 0);
    data = read_file("out", &size);
    first = next_entry(data, size, &at).ino;
    ck_assert_uint_ne(next_entry(data, size, &at).ino, first);
    free(data);
}
END_TEST

START_TEST(every_length_is_padded)
{
    write_file("base", base, BASE_SIZE);
    for (unsigned name_len = 1; name_len <= 5; name_len++) {
        for (size_t len = 0; len <= 5; len++) {
            struct initramfs_file f = {&"abcde"[5 - name_len], "vwxyz", len, 0644};
            char why[200] = "", *data;
            size_t size, at = BASE_SIZE;
            struct entry e;

            ck_assert_int_eq(initramfs_write(path("base"), NULL, path("out"), &f, 1, why, sizeof why), 0);
            data = read_file("out", &size);
            e = next_entry(data, size, &at);
            ck_assert_uint_eq(e.name_size, name_len + 1);
            ck_assert_uint_eq(e.size, len);
            ck_assert_int_eq(memcmp(e.data, "vwxyz", len), 0);
            e = next_entry(data, size, &at);
            ck_assert_str_eq(e.name, "TRAILER!!!");
            ck_assert_uint_eq(at, size);
            free(data);
        }
    }
}
END_TEST

START_TEST(base_of_odd_length_is_padded)
{
    struct initramfs_file f = {"x", "1", 1, 0644};
    char why[200] = "", *data;
    size_t size, at = BASE_SIZE;

    write_file("base", base, BASE_SIZE - 1);
    ck_assert_int_eq(initramfs_write(path("base"), NULL, path("out"), &f, 1, why, sizeof why), 0);
    data = read_file("out", &size);
    ck_assert_str_eq(next_entry(data, size, &at).name, "x");
    free(data);
}
END_TEST

START_TEST(same_input_same_bytes)
{
    struct initramfs_file f = {"etc/cob/run", "exit 0\n", 7, 0755};
    char why[200] = "", *one, *two;
    size_t size_one, size_two;

    write_file("base", base, BASE_SIZE);
    ck_assert_int_eq(initramfs_write(path("base"), NULL, path("one"), &f, 1, why, sizeof why), 0);
    ck_assert_int_eq(initramfs_write(path("base"), NULL, path("two"), &f, 1, why, sizeof why), 0);
    one = read_file("one", &size_one);
    two = read_file("two", &size_two);
    ck_assert_uint_eq(size_one, size_two);
    ck_assert_mem_eq(one, two, size_one);
    free(one);
    free(two);
}
END_TEST

START_TEST(missing_base_is_named)
{
    struct initramfs_file f = {"x", "1", 1, 0644};
    char why[200] = "";

    ck_assert_int_eq(initramfs_write(path("nothing"), NULL, path("out"), &f, 1, why, sizeof why), -1);
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_ptr_nonnull(strstr(why, path("nothing")));
    ck_assert_uint_eq(count_files(), 0);
}
END_TEST

START_TEST(other_formats_are_refused)
{
    static const char gzip[] = "\x1f\x8b\x08 this is compressed";
    char why[200] = "";

    write_file("base", gzip, sizeof gzip);
    ck_assert_int_eq(initramfs_write(path("base"), NULL, path("out"), NULL, 0, why, sizeof why), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_ptr_nonnull(strstr(why, "newc"));
    write_file("base", "", 0);
    ck_assert_int_eq(initramfs_write(path("base"), NULL, path("out"), NULL, 0, why, sizeof why), -1);
    ck_assert_int_eq(errno, EINVAL);
    write_file("base", "0707", 4);
    ck_assert_int_eq(initramfs_write(path("base"), NULL, path("out"), NULL, 0, why, sizeof why), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(missing_directory_is_named)
{
    char why[200] = "";

    write_file("base", base, BASE_SIZE);
    ck_assert_int_eq(initramfs_write(path("base"), NULL, path("no/out"), NULL, 0, why, sizeof why), -1);
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_ptr_nonnull(strstr(why, "no/out"));
}
END_TEST

/* A write that fails half-way: the file size limit gives EFBIG, and a short write before it. */
START_TEST(failure_leaves_nothing_and_keeps_the_old_file)
{
    static char big[100000];
    struct initramfs_file f = {"x", big, sizeof big, 0644};
    struct rlimit old, limit;
    char why[200] = "", *data;
    size_t size;

    write_file("base", base, BASE_SIZE);
    write_file("out", "old", 3);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = old;
    limit.rlim_cur = 50000;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(initramfs_write(path("base"), NULL, path("out"), &f, 1, why, sizeof why), -1);
    ck_assert_int_eq(errno, EFBIG);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
    ck_assert_ptr_nonnull(strstr(why, path("out")));
    ck_assert_uint_eq(count_files(), 2);
    data = read_file("out", &size);
    ck_assert_str_eq(data, "old");
    free(data);
}
END_TEST

START_TEST(result_is_readable_by_all)
{
    char why[200] = "";
    struct stat st;

    umask(077);
    write_file("base", base, BASE_SIZE);
    ck_assert_int_eq(initramfs_write(path("base"), NULL, path("out"), NULL, 0, why, sizeof why), 0);
    ck_assert_int_eq(stat(path("out"), &st), 0);
    ck_assert_uint_eq(st.st_mode, S_IFREG | 0644);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("initramfs");
    TCase *tcase = tcase_create("initramfs");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, files_follow_the_base);
    tcase_add_test(tcase, more_goes_between);
    tcase_add_test(tcase, inode_numbers_differ);
    tcase_add_test(tcase, every_length_is_padded);
    tcase_add_test(tcase, base_of_odd_length_is_padded);
    tcase_add_test(tcase, same_input_same_bytes);
    tcase_add_test(tcase, missing_base_is_named);
    tcase_add_test(tcase, other_formats_are_refused);
    tcase_add_test(tcase, missing_directory_is_named);
    tcase_add_test(tcase, failure_leaves_nothing_and_keeps_the_old_file);
    tcase_add_test(tcase, result_is_readable_by_all);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
