/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_guest_greeting.c - what QEMU's ivshmem-doorbell reads while it is realized: version, own id, and -1
 * with a memory that is each guest's own.
 */
#include "sim/guest_greeting.h"
#include <check.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A connected socket, or -1 errno. */
static int dial(const char *name)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    size_t n = strlen(name);

    ck_assert_int_ge(s, 0);
    memcpy(a.sun_path + 1, name, n);
    if (connect(s, (const struct sockaddr *)&a,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)) == 0)
        return s;
    close(s);
    return -1;
}

/* One message; the file descriptor that came with it, or -1. */
static int hear(int s, int64_t *value)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec iov = {value, sizeof *value};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof control.bytes};
    int fd = -1;

    ck_assert_int_eq(recvmsg(s, &m, 0), sizeof *value);
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (c && c->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}

/* The memory. */
static int be_greeted(int s)
{
    int64_t v;

    ck_assert_int_eq(hear(s, &v), -1);
    ck_assert_int_eq(v, 0); /* protocol version */
    ck_assert_int_eq(hear(s, &v), -1);
    ck_assert_int_eq(v, 0); /* own id */
    int memory = hear(s, &v);
    ck_assert_int_eq(v, -1);
    ck_assert_int_ge(memory, 0);
    return memory;
}

START_TEST(each_guest_has_its_own_memory)
{
    char why[200] = "";
    const char *name = guest_greeting_start(why, sizeof why);
    uint8_t *m[2];
    int s[2];

    ck_assert_msg(name != NULL, "%s", why);
    for (unsigned i = 0; i < 2; i++) {
        struct stat st;
        s[i] = dial(name);
        ck_assert_int_ge(s[i], 0);
        int fd = be_greeted(s[i]);
        ck_assert_int_eq(fstat(fd, &st), 0);
        ck_assert_int_gt(st.st_size, 0);
        ck_assert_int_eq(st.st_size & (st.st_size - 1), 0); /* a BAR's size is a power of two */
        m[i] = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        ck_assert_ptr_ne(m[i], MAP_FAILED);
        close(fd);
    }
    m[0][5] = 1;
    ck_assert_uint_eq(m[1][5], 0);
    char c;
    ck_assert_int_eq(recv(s[0], &c, 1, MSG_DONTWAIT), -1); /* and nothing more is said, nor hung up */
    ck_assert_int_eq(errno, EAGAIN);
    guest_greeting_stop();
    ck_assert_int_eq(recv(s[0], &c, 1, 0), 0);
    close(s[0]);
    close(s[1]);
}
END_TEST

START_TEST(it_can_be_started_again)
{
    char why[200] = "", first[100];

    guest_greeting_stop(); /* harmless */
    const char *name = guest_greeting_start(why, sizeof why);
    ck_assert_ptr_nonnull(name);
    strcpy(first, name);
    guest_greeting_stop();
    ck_assert_int_eq(dial(first), -1);
    name = guest_greeting_start(why, sizeof why);
    ck_assert_ptr_nonnull(name);
    int s = dial(name);
    ck_assert_int_ge(s, 0);
    close(be_greeted(s));
    close(s);
    guest_greeting_stop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guest_greeting");
    TCase *t = tcase_create("guest_greeting");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, each_guest_has_its_own_memory);
    tcase_add_test(t, it_can_be_started_again);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
