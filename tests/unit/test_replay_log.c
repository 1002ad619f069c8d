/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_replay_log.c - the replay log: what was written is read; every byte that is changed, cut off or added
 * is noticed, and named by path, offset and reason.
 */
#include "tracing/replay.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORDS = 400, HEAD = 32 + sizeof(struct replay_head) };

static char dir[] = "/tmp/test-replay-XXXXXX", path[64], why[400];
static uint8_t bytes[REPLAY_MAX_DATA];

static void setup(void)
{
    strcpy(dir, "/tmp/test-replay-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a.log", dir);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
}

static void teardown(void)
{
    unlink(path);
    rmdir(dir);
}

static struct replay_head a_head(void)
{
    return (struct replay_head){.node = "alpha",
                                .arch = "riscv64",
                                .qemu = "10.0.2",
                                .index = 3,
                                .n_nodes = 8,
                                .cpus = 2,
                                .seed = 77,
                                .kernel = 0x0123456789abcdef,
                                .stop_ps = VTIME_S,
                                .n_nics = 2,
                                .nic = {{1, 2, 3, VTIME_NEVER}, {4, 5, 6, 0}}};
}

/* Record i: all kinds and lengths come up, the greatest too. */
static struct replay_record a_record(unsigned i)
{
    static const uint32_t lens[] = {0, 1, 7, 8, 9, 64, 1514, 4096 + 48, REPLAY_MAX_DATA};
    uint32_t len = lens[i % 9];
    return (struct replay_record){.kind = (enum replay_kind)(1 + i % 3),
                                  .type = (uint8_t)(1 + i % 5),
                                  .arg = (uint16_t)(i % 11),
                                  .len = len,
                                  .time_ps = (vtime_t)i * 1000,
                                  .id = (uint64_t)i << 40 | i,
                                  .data = len ? bytes + (REPLAY_MAX_DATA - len) / 2 : NULL};
}

static uint64_t write_log(bool end, const uint64_t *ram)
{
    struct replay_head head = a_head();
    struct replay_writer *w = replay_create(path, &head, why, sizeof why);
    ck_assert_msg(w != NULL, "%s", why);
    for (unsigned i = 0; i < RECORDS; i++) {
        struct replay_record rec = a_record(i);
        replay_reach(w, rec.time_ps);
        replay_put(w, &rec);
    }
    uint64_t size = replay_bytes(w);
    struct replay_record last = {.type = 3, .arg = 1, .time_ps = RECORDS * 1000, .id = 42};
    ck_assert_int_eq(replay_close(w, end ? &last : NULL, ram, why, sizeof why), 0);
    return size;
}

static void expect_records(const struct replay_log *log, size_t n)
{
    for (unsigned i = 0; i < n; i++) {
        struct replay_record want = a_record(i);
        const struct replay_record *got = &log->records[i];
        ck_assert(got->kind == want.kind && got->type == want.type && got->arg == want.arg &&
                  got->len == want.len);
        ck_assert(got->time_ps == want.time_ps && got->id == want.id);
        ck_assert(want.len == 0 ? got->data == NULL : memcmp(got->data, want.data, want.len) == 0);
    }
}

START_TEST(round_trip)
{
    uint64_t ram = 0xfeedfacecafebeef;
    write_log(true, &ram);
    struct replay_log *log = replay_open(path, why, sizeof why);
    ck_assert_msg(log != NULL, "%s", why);
    struct replay_head head = a_head();
    ck_assert_mem_eq(&log->head, &head, sizeof head);
    ck_assert(log->ended && log->n_records == RECORDS + 1);
    expect_records(log, RECORDS);
    const struct replay_record *last = &log->records[RECORDS];
    ck_assert(last->kind == REPLAY_FINAL && last->type == 3 && last->arg == 1 && last->id == 42);
    ck_assert(log->final.ram_hashed && log->final.ram_hash == ram);
    ck_assert_uint_eq(log->final.up, (RECORDS + 2) / 3);
    ck_assert_uint_eq(log->final.down, (RECORDS + 1) / 3);
    ck_assert_int_eq(log->reach_ps, RECORDS * 1000);
    replay_free(log);
}
END_TEST

START_TEST(same_calls_same_bytes)
{
    char other[64], command[160];
    write_log(true, NULL);
    snprintf(other, sizeof other, "%s/b.log", dir);
    ck_assert_int_eq(rename(path, other), 0);
    write_log(true, NULL);
    snprintf(command, sizeof command, "cmp %s %s", path, other);
    ck_assert_int_eq(system(command), 0);
    unlink(other);
}
END_TEST

START_TEST(the_file_must_be_new)
{
    struct replay_head head = a_head();
    write_log(true, NULL);
    ck_assert_ptr_null(replay_create(path, &head, why, sizeof why));
    ck_assert_int_eq(errno, EEXIST);
    ck_assert_ptr_nonnull(strstr(why, path));
}
END_TEST

/* What a killed writer leaves: all blocks written so far, and how far they reach. */
START_TEST(without_an_end)
{
    uint64_t size = write_log(false, NULL);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq((uint64_t)st.st_size, size);
    struct replay_log *log = replay_open(path, why, sizeof why);
    ck_assert_msg(log != NULL, "%s", why);
    ck_assert(!log->ended && log->n_records == RECORDS);
    expect_records(log, RECORDS);
    ck_assert_int_eq(log->reach_ps, (RECORDS - 1) * 1000);
    ck_assert_ptr_nonnull(strstr(log->cut, "the file ends here, the log does not"));
    replay_free(log);
}
END_TEST

/* 100 ms of virtual time are the most that waits in memory. */
START_TEST(time_writes_blocks)
{
    struct replay_head head = a_head();
    struct replay_record rec = a_record(4);
    struct replay_writer *w = replay_create(path, &head, why, sizeof why);
    replay_put(w, &rec);
    replay_reach(w, 99 * VTIME_MS);
    struct replay_log *log = replay_open(path, why, sizeof why);
    ck_assert(log->n_records == 0 && log->reach_ps == 0);
    replay_free(log);
    replay_reach(w, 100 * VTIME_MS);
    log = replay_open(path, why, sizeof why);
    ck_assert(log->n_records == 1 && log->reach_ps == 100 * VTIME_MS && !log->ended);
    replay_free(log);
    ck_assert_int_eq(replay_close(w, NULL, NULL, why, sizeof why), 0);
}
END_TEST

/* Cut at any place: read up to a whole block, or refused if the head is not whole. */
START_TEST(cut)
{
    uint64_t size = write_log(true, NULL);
    for (uint64_t to = size; to > 0; to = to > 5000 ? to - 4999 : to - 1) {
        ck_assert_int_eq(truncate(path, (off_t)to - 1), 0);
        struct replay_log *log = replay_open(path, why, sizeof why);
        if (to - 1 < HEAD) {
            ck_assert_ptr_null(log);
            ck_assert(errno == (to - 1 < 16 ? ENOTSUP : EBADMSG));
            ck_assert_ptr_nonnull(strstr(why, path));
            continue;
        }
        ck_assert_msg(log != NULL, "%s", why);
        ck_assert(!log->ended && strstr(log->cut, "offset"));
        expect_records(log, log->n_records);
        replay_free(log);
    }
}
END_TEST

static void flip(long at, uint8_t with)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    uint8_t c;
    ck_assert_int_eq(pread(fd, &c, 1, at), 1);
    c ^= with;
    ck_assert_int_eq(pwrite(fd, &c, 1, at), 1);
    close(fd);
}

START_TEST(every_changed_byte_is_noticed)
{
    long size = (long)write_log(true, NULL);
    for (long at = 0; at < size; at += at < HEAD + 40 ? 1 : 3331) {
        flip(at, 0x10);
        ck_assert_ptr_null(replay_open(path, why, sizeof why));
        ck_assert_msg(errno == (at < 20 ? ENOTSUP : EBADMSG), "byte %ld: %s", at, why);
        ck_assert(strstr(why, path) && strstr(why, ": offset "));
        flip(at, 0x10);
    }
    struct replay_log *log = replay_open(path, why, sizeof why);
    ck_assert_msg(log != NULL, "%s", why);
    replay_free(log);
}
END_TEST

START_TEST(another_version)
{
    write_log(true, NULL);
    flip(16, 3);
    ck_assert_ptr_null(replay_open(path, why, sizeof why));
    ck_assert_int_eq(errno, ENOTSUP);
    ck_assert_ptr_nonnull(strstr(why, "another version of cob"));
}
END_TEST

/* A block left out, one twice, something behind the end. */
START_TEST(blocks_hang_together)
{
    long size = (long)write_log(true, NULL);
    static uint8_t all[16 << 20];
    int fd = open(path, O_RDWR | O_CLOEXEC);
    size = (long)read(fd, all, sizeof all) < size ? 0 : (long)lseek(fd, 0, SEEK_END);
    uint32_t first, second;
    memcpy(&first, all + HEAD + 4, 4);
    memcpy(&second, all + HEAD + 40 + first + 4, 4);
    size_t second_at = HEAD + 40 + first, third_at = second_at + 40 + second;
    ck_assert_int_eq(pwrite(fd, all + third_at, (size_t)size - third_at, (off_t)second_at),
                     (ssize_t)((size_t)size - third_at));
    ck_assert_int_eq(ftruncate(fd, size - 40 - (off_t)second), 0);
    ck_assert_ptr_null(replay_open(path, why, sizeof why));
    ck_assert_int_eq(errno, EBADMSG);
    ck_assert_int_eq(pwrite(fd, all, (size_t)size, 0), size);
    ck_assert_int_eq(pwrite(fd, all + HEAD, 40 + first, size), 40 + first);
    ck_assert_ptr_null(replay_open(path, why, sizeof why));
    ck_assert_ptr_nonnull(strstr(why, "behind the log's end"));
    close(fd);
}
END_TEST

START_TEST(no_log_at_all)
{
    ck_assert_ptr_null(replay_open(path, why, sizeof why));
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_ptr_null(replay_open(dir, why, sizeof why));
    ck_assert_int_eq(errno, EISDIR);
    FILE *f = fopen(path, "we");
    fclose(f);
    ck_assert_ptr_null(replay_open(path, why, sizeof why));
    ck_assert_int_eq(errno, ENOTSUP);
}
END_TEST

/* A full disk: the file ends at the end of a block, and the error is reported at the end. */
START_TEST(no_room)
{
    struct rlimit limit = {300000, 300000};
    struct replay_head head = a_head();
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    struct replay_writer *w = replay_create(path, &head, why, sizeof why);
    for (unsigned i = 0; i < RECORDS; i++) {
        struct replay_record rec = a_record(i);
        replay_put(w, &rec);
    }
    struct replay_record last = {.type = 3};
    ck_assert_int_eq(replay_close(w, &last, NULL, why, sizeof why), -1);
    ck_assert_int_eq(errno, EFBIG);
    ck_assert_ptr_nonnull(strstr(why, path));
    struct replay_log *log = replay_open(path, why, sizeof why);
    ck_assert_msg(log != NULL, "%s", why);
    ck_assert(!log->ended && log->n_records > 0 && strstr(log->cut, "the log does not"));
    expect_records(log, log->n_records);
    replay_free(log);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("replay log");
    TCase *c = tcase_create("log");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, round_trip);
    tcase_add_test(c, same_calls_same_bytes);
    tcase_add_test(c, the_file_must_be_new);
    tcase_add_test(c, without_an_end);
    tcase_add_test(c, time_writes_blocks);
    tcase_add_test(c, cut);
    tcase_add_test(c, every_changed_byte_is_noticed);
    tcase_add_test(c, another_version);
    tcase_add_test(c, blocks_hang_together);
    tcase_add_test(c, no_log_at_all);
    tcase_add_test(c, no_room);
    tcase_set_timeout(c, 120);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
