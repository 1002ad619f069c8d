/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_guest_sweep.c - what is killed and what is left alone. The guests are children of the test that wait
 * for ever.
 */
#include "sim/guest.h"
#include "sim/guest_root.h"
#include "sim/guest_sweep.h"
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char runs[64], pidfile[128], *said;
static pid_t guest;

/* A process that lives until it is killed (or the test ends). */
static pid_t living(void)
{
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    return pid;
}

static void set_up(void)
{
    char path[128];

    strcpy(runs, "/tmp/test_sweep_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(runs));
    snprintf(path, sizeof path, "%s/pair-001", runs);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    snprintf(path, sizeof path, "%s/pair-001/qemu", runs);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    snprintf(pidfile, sizeof pidfile, "%s/pair-001/qemu/alpha.pid", runs);
    guest = living();
    said = NULL;
}

static void tear_down(void)
{
    char path[128];

    kill(guest, SIGKILL);
    waitpid(guest, NULL, 0);
    free(said);
    unlink(pidfile);
    snprintf(path, sizeof path, "%s/pair-001/qemu", runs);
    ck_assert_int_eq(rmdir(path), 0);
    snprintf(path, sizeof path, "%s/pair-001", runs);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(rmdir(runs), 0);
}

static void sweep(const char *dir)
{
    size_t size;
    FILE *say = open_memstream(&said, &size);

    ck_assert_ptr_nonnull(say);
    guest_sweep(dir, runs, say); /* the test's directory stands for /tmp, too */
    fclose(say);
}

/* Was the guest killed by SIGKILL? Waits for it if it was to be. */
static bool killed(bool expected)
{
    siginfo_t info = {0};

    if (waitid(P_PID, (id_t)guest, &info, WEXITED | WNOWAIT | (expected ? 0 : WNOHANG)))
        return false;
    return info.si_pid == guest && info.si_code == CLD_KILLED && info.si_status == SIGKILL;
}

static bool there(void)
{
    return !access(pidfile, F_OK);
}

/* Writes the guest's pid file with an owner that is gone. */
static void orphan(void)
{
    pid_t owner = living();

    ck_assert_int_eq(guest_pidfile_write(pidfile, guest, owner), 0);
    kill(owner, SIGKILL);
    ck_assert_int_eq(waitpid(owner, NULL, 0), owner);
}

/* Replaces the first `from` in the pid file. */
static void tamper(const char *from, const char *to)
{
    char text[8192], *at;
    FILE *f = fopen(pidfile, "r");
    size_t n;

    ck_assert_ptr_nonnull(f);
    n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    at = strstr(text, from);
    ck_assert_ptr_nonnull(at);
    f = fopen(pidfile, "w");
    ck_assert_ptr_nonnull(f);
    fprintf(f, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    fclose(f);
}

START_TEST(kills_what_a_dead_cob_left)
{
    char number[32];

    orphan();
    sweep(runs);
    ck_assert(killed(true));
    ck_assert(!there());
    snprintf(number, sizeof number, "killed process %d ", (int)guest);
    ck_assert_msg(strstr(said, number), "said: %s", said);
}
END_TEST

START_TEST(leaves_the_guests_of_a_living_cob)
{
    ck_assert_int_eq(guest_pidfile_write(pidfile, guest, getpid()), 0);
    sweep(runs);
    ck_assert(!killed(false));
    ck_assert(there());
    ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(leaves_a_process_that_started_at_another_time)
{
    struct guest_process p;
    char from[64], to[64];

    orphan();
    ck_assert_int_eq(guest_process_read(guest, &p), 0);
    snprintf(from, sizeof from, "guest %d %llu ", (int)guest, p.start);
    snprintf(to, sizeof to, "guest %d %llu ", (int)guest, p.start + 1);
    tamper(from, to);
    sweep(runs);
    ck_assert(!killed(false));
    ck_assert(!there()); /* the one written down is gone */
    ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(leaves_another_executable)
{
    struct guest_process p;

    orphan();
    ck_assert_int_eq(guest_process_read(guest, &p), 0);
    tamper(p.exe, "/usr/bin/qemu-system-none");
    sweep(runs);
    ck_assert(!killed(false));
    ck_assert(!there());
}
END_TEST

START_TEST(leaves_pids_of_another_boot)
{
    orphan();
    tamper("boot ", "boot 0");
    sweep(runs);
    ck_assert(!killed(false));
    ck_assert(!there());
}
END_TEST

START_TEST(names_files_it_does_not_understand)
{
    static const char *const bad[] = {"",
                                      "123\n",
                                      "cob-guest 2\nboot x\n",
                                      "cob-guest 1\nboot x\nguest 1 1 /x\n",
                                      "cob-guest 1\nboot x\nguest 99 1 relative\nowner 99 1 /x\n",
                                      "cob-guest 1\nboot x\nguest -1 1 /x\nowner 99 1 /x\n"};
    FILE *f = fopen(pidfile, "w");

    ck_assert_ptr_nonnull(f);
    fputs(bad[_i], f);
    fclose(f);
    sweep(runs);
    ck_assert(there());
    ck_assert_msg(strstr(said, pidfile) && strstr(said, "left alone"), "said: %s", said);
}
END_TEST

START_TEST(follows_no_links)
{
    char link[128];

    snprintf(link, sizeof link, "%s/latest", runs);
    ck_assert_int_eq(symlink("pair-001", link), 0);
    orphan();
    sweep(runs);
    ck_assert(killed(true));
    ck_assert_ptr_null(strstr(said, "latest"));
    ck_assert_ptr_eq(strstr(strstr(said, "killed") + 1, "killed"), NULL);
    unlink(link);
}
END_TEST

START_TEST(no_directory_is_no_error)
{
    sweep("/nonexistent/runs");
    ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(reads_processes)
{
    struct guest_process me, other;
    pid_t gone = living();

    ck_assert_int_eq(guest_process_read(getpid(), &me), 0);
    ck_assert_int_eq(guest_process_read(guest, &other), 0);
    ck_assert_int_eq(me.pid, getpid());
    ck_assert_str_eq(me.exe, other.exe);
    ck_assert_uint_ge(other.start, me.start);
    kill(gone, SIGKILL);
    /* Ended but not reaped counts as gone. */
    ck_assert_int_eq(waitid(P_PID, (id_t)gone, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
    ck_assert_int_eq(guest_process_read(gone, &other), -1);
    ck_assert_int_eq(errno, ESRCH);
    ck_assert_int_eq(waitpid(gone, NULL, 0), gone);
    ck_assert_int_eq(guest_process_read(gone, &other), -1);
    ck_assert_int_eq(guest_pidfile_write(pidfile, gone, getpid()), -1);
    ck_assert(!there());
    ck_assert_int_eq(guest_pidfile_write("/nonexistent/x.pid", guest, getpid()), -1);
    ck_assert_int_eq(errno, ENOENT);
}
END_TEST

/* Makes libvirt's directory with some content, its owner a process that is gone, or ourselves. */
static void make_root(const char *root, bool gone)
{
    char path[192];
    pid_t owner = gone ? living() : getpid();

    ck_assert_int_eq(mkdir(root, 0700), 0);
    snprintf(path, sizeof path, "%s/" GUEST_ROOT_OWNER, root);
    ck_assert_int_eq(guest_owner_write(path, owner), 0);
    snprintf(path, sizeof path, "%s/log", root);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/log/alpha.log", root);
    ck_assert_int_eq(symlink(runs, path), 0); /* not followed */
    if (gone) {
        kill(owner, SIGKILL);
        ck_assert_int_eq(waitpid(owner, NULL, 0), owner);
    }
}

/* In a run directory and in /tmp. */
static const char *const roots[] = {"pair-001/" GUEST_ROOT_IN_RUN, "cob-aB3x_z"};

START_TEST(removes_the_directory_of_a_dead_cob)
{
    char root[128];

    snprintf(root, sizeof root, "%s/%s", runs, roots[_i]);
    make_root(root, true);
    sweep(runs);
    ck_assert_int_ne(access(root, F_OK), 0);
    ck_assert_str_eq(said, "");
    ck_assert_int_eq(access(runs, F_OK), 0);
}
END_TEST

START_TEST(leaves_the_directory_of_a_living_cob)
{
    char root[128];

    snprintf(root, sizeof root, "%s/%s", runs, roots[_i]);
    make_root(root, false);
    sweep(runs);
    ck_assert_int_eq(access(root, F_OK), 0);
    ck_assert_str_eq(said, "");
    ck_assert_int_eq(guest_root_delete(root), 0);
}
END_TEST

/* Ours have an owner file, and are no links. */
START_TEST(leaves_directories_that_are_not_ours)
{
    static const char *const bad[] = {NULL, "", "cob-root 2\nboot x\nowner 99 1 /x\n", "cob-root 1\nboot x\n",
                                      "cob-root 1\nboot x\nowner 1 1 /x\n"};
    char root[128], path[192], link[128];

    snprintf(root, sizeof root, "%s/%s", runs, roots[1]);
    ck_assert_int_eq(mkdir(root, 0700), 0);
    snprintf(path, sizeof path, "%s/" GUEST_ROOT_OWNER, root);
    if (bad[_i]) {
        FILE *f = fopen(path, "w");
        ck_assert_ptr_nonnull(f);
        fputs(bad[_i], f);
        fclose(f);
    }
    sweep(runs);
    ck_assert_int_eq(access(root, F_OK), 0);
    if (bad[_i])
        ck_assert_msg(strstr(said, path) && strstr(said, "left alone"), "said: %s", said);
    else
        ck_assert_str_eq(said, "");
    ck_assert_int_eq(guest_root_delete(root), 0);

    snprintf(root, sizeof root, "%s/elsewhere", runs);
    make_root(root, true);
    snprintf(link, sizeof link, "%s/cob-linked", runs);
    ck_assert_int_eq(symlink(root, link), 0);
    free(said);
    sweep(runs);
    ck_assert_int_eq(access(root, F_OK), 0);
    ck_assert_str_eq(said, "");
    ck_assert_int_eq(unlink(link), 0);
    ck_assert_int_eq(guest_root_delete(root), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("guest_sweep");
    TCase *t = tcase_create("sweep");
    SRunner *r;
    int failed;

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, kills_what_a_dead_cob_left);
    tcase_add_test(t, leaves_the_guests_of_a_living_cob);
    tcase_add_test(t, leaves_a_process_that_started_at_another_time);
    tcase_add_test(t, leaves_another_executable);
    tcase_add_test(t, leaves_pids_of_another_boot);
    tcase_add_loop_test(t, names_files_it_does_not_understand, 0, 6);
    tcase_add_test(t, follows_no_links);
    tcase_add_test(t, no_directory_is_no_error);
    tcase_add_test(t, reads_processes);
    tcase_add_loop_test(t, removes_the_directory_of_a_dead_cob, 0, 2);
    tcase_add_loop_test(t, leaves_the_directory_of_a_living_cob, 0, 2);
    tcase_add_loop_test(t, leaves_directories_that_are_not_ours, 0, 5);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
