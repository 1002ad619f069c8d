/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_guest_direct.c - starting and ending by direct spawn, with scripts in QEMU's place that answer on the
 * monitor (file descriptor 3) or do not.
 */
#include "sim/guest.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Greets, answers two commands, then waits for the monitor to be closed and for ever after. */
#define ANSWERS                                                                                              \
    "echo '{\"QMP\": {}}' >&3; read -r a <&3; read -r b <&3; echo \"$a$b\"\n"                                \
    "echo '{\"return\": {}}' >&3; echo '{\"event\": \"RESUME\"}' >&3; echo '{\"return\": {}}' >&3\n"         \
    "while read -r x <&3; do :; done; echo closed; kill -STOP $$\n"

static char dir[64], path[7][96], why[1024];
enum { QEMU, KERNEL, CONSOLE, LOG, ARGS, PIDFILE, N_PATHS };
static const char *const names[] = {"qemu", "kernel", "console", "log", "args", "alpha.pid"};
static struct scn_node node;
static struct guest_spec spec;

static void put(const char *file, const char *text, mode_t mode)
{
    FILE *f = fopen(file, "w");

    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(chmod(file, mode), 0);
}

static void set_up(void)
{
    strcpy(dir, "/tmp/test_direct_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    for (int i = 0; i < N_PATHS; i++)
        snprintf(path[i], sizeof path[i], "%s/%s", dir, names[i]);
    put(path[KERNEL], "k", 0644);
    node = (struct scn_node){.name = (char *)"alpha", .cpus = 1, .memory_bytes = 1 << 20};
    spec = (struct guest_spec){.node = &node,
                               .qemu = path[QEMU],
                               .kernel = path[KERNEL],
                               .console_path = path[CONSOLE],
                               .log_path = path[LOG],
                               .args_path = path[ARGS],
                               .pid_path = path[PIDFILE],
                               .plain = true};
    why[0] = '\0';
}

static void tear_down(void)
{
    for (int i = 0; i < N_PATHS; i++)
        unlink(path[i]);
    ck_assert_int_eq(rmdir(dir), 0);
}

static struct guest *start(const char *body)
{
    char script[2048];

    snprintf(script, sizeof script, "#!/bin/sh\n%s", body);
    put(path[QEMU], script, 0755);
    return guest_direct.start(&spec, why, sizeof why);
}

static void fails(const char *body, const char *part)
{
    ck_assert_ptr_null(start(body));
    ck_assert_msg(strstr(why, part), "\"%s\" does not say \"%s\"", why, part);
    ck_assert_int_eq(access(path[PIDFILE], F_OK), -1);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
    ck_assert_int_eq(errno, ECHILD);
}

static bool ended(int pidfd, int wait_ms)
{
    struct pollfd p = {.fd = pidfd, .events = POLLIN};

    return poll(&p, 1, wait_ms) == 1;
}

START_TEST(starts_and_stops)
{
    struct guest *g = start(ANSWERS);
    pid_t pid;

    ck_assert_msg(g, "%s", why);
    pid = guest_direct.pid(g);
    ck_assert_int_eq(kill(pid, 0), 0);
    ck_assert_int_eq(getpgid(pid), pid); /* Ctrl-C does not reach it */
    ck_assert(!ended(guest_direct.pidfd(g), 0));
    ck_assert_int_eq(access(path[PIDFILE], R_OK), 0);
    guest_direct.stop(g);
    ck_assert_int_eq(kill(pid, 0), -1);
    ck_assert_int_eq(errno, ESRCH);
    ck_assert_int_eq(access(path[PIDFILE], F_OK), -1);
}
END_TEST

START_TEST(its_monitor_is_told_to_continue_and_closed)
{
    struct guest *g = start(ANSWERS);
    char text[512] = "";
    siginfo_t info = {0};
    FILE *f;

    ck_assert_msg(g, "%s", why);
    /* It stops itself after the last line of its log. */
    ck_assert_int_eq(waitid(P_PID, (id_t)guest_direct.pid(g), &info, WSTOPPED | WEXITED | WNOWAIT), 0);
    ck_assert_int_eq(info.si_code, CLD_STOPPED);
    f = fopen(path[LOG], "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, f), 0);
    fclose(f);
    ck_assert_str_eq(text, "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"cont\"}\nclosed\n");
    guest_direct.stop(g); /* also a stopped process ends */
}
END_TEST

START_TEST(the_arguments_are_written_down)
{
    struct guest *g = start(ANSWERS);
    char line[256], last[256] = "";
    unsigned n = 0;
    FILE *f = fopen(path[ARGS], "r");

    ck_assert_msg(g, "%s", why);
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f)) {
        if (!n++)
            ck_assert_str_eq(strtok(line, "\n"), path[QEMU]);
        strcpy(last, line);
    }
    fclose(f);
    ck_assert_uint_gt(n, 30);
    ck_assert_str_eq(last, "reboot=shutdown,shutdown=pause,panic=pause\n");
    guest_direct.stop(g);
}
END_TEST

START_TEST(nothing_of_ours_is_inherited)
{
    int fd = open("/dev/null", O_RDONLY); /* not close-on-exec */
    struct guest *g;
    sigset_t set;

    ck_assert_int_ge(fd, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGINT, SIG_IGN);
    setenv("COB_SECRET", "x", 1);
    /* 10 is the script; the directory that the shell read for the list is closed again when it is looked at.
     */
    g = start(
        "for f in /proc/$$/fd/*; do [ -e $f ] || continue; case ${f##*/} in 0|1|2|3|10) ;; *) echo bad fd "
        "$f; exit 1;; esac; done\n"
        "test -z \"$COB_SECRET\" || { echo bad environment; exit 1; }\n"
        "grep -q '^SigBlk:.*0000$' /proc/self/status || { echo blocked; exit 1; }\n"
        "grep -q '^SigIgn:.*0000$' /proc/self/status || { echo ignored; exit 1; }\n" ANSWERS);
    ck_assert_msg(g, "%s", why);
    guest_direct.stop(g);
    close(fd);
}
END_TEST

START_TEST(preload_reaches_it)
{
    struct guest *g;

    spec.preload = "/nonexistent/preload.so"; /* the loader only complains */
    g = start("test \"$LD_PRELOAD\" = /nonexistent/preload.so || { echo none; exit 1; }\n" ANSWERS);
    ck_assert_msg(g, "%s", why);
    guest_direct.stop(g);
}
END_TEST

START_TEST(an_end_during_start_is_explained)
{
    fails("echo one >&2; echo two >&2; echo three; echo 'qemu: bad option' >&2; exit 3",
          "QEMU ended with status 3 while starting: two|three|qemu: bad option");
    fails("exit 1", "QEMU ended with status 1 while starting: (its log is empty)");
    fails("echo '{\"QMP\": {}}' >&3; kill -SEGV $$", "QEMU was ended by signal 11 while starting");
    fails("echo '{\"return\": {}}' >&3; exit 0", "QEMU ended with status 0 while starting");
}
END_TEST

START_TEST(a_refused_command_is_told)
{
    fails("echo '{\"return\": {}}' >&3; echo '{\"error\": {\"desc\": \"no\"}}' >&3; kill -STOP $$",
          "QEMU's monitor refused: {\"error\": {\"desc\": \"no\"}}");
}
END_TEST

START_TEST(what_cannot_be_executed_is_told)
{
    spec.qemu = "/nonexistent/qemu";
    fails("", "cannot start /nonexistent/qemu: No such file or directory");
    spec.qemu = path[KERNEL];
    fails("", "Permission denied");
    spec.qemu = path[QEMU];
    spec.kernel = "/nonexistent/kernel";
    fails("", "cannot read the kernel /nonexistent/kernel: No such file or directory");
    spec.kernel = path[KERNEL];
    spec.args_path = "/nonexistent/args";
    fails("", "cannot write /nonexistent/args: No such file or directory");
    spec.args_path = path[ARGS];
    spec.pid_path = "/nonexistent/pid";
    fails(ANSWERS, "cannot write the pid file /nonexistent/pid: No such file or directory");
}
END_TEST

START_TEST(it_dies_with_the_one_who_started_it)
{
    int fds[2], pidfd;
    pid_t starter, pid;

    ck_assert_int_eq(pipe(fds), 0);
    starter = fork();
    ck_assert_int_ge(starter, 0);
    if (starter == 0) {
        struct guest *g = start(ANSWERS);

        pid = g ? guest_direct.pid(g) : -1;
        if (write(fds[1], &pid, sizeof pid) != sizeof pid)
            _exit(1);
        for (;;)
            pause(); /* until killed */
    }
    ck_assert_int_eq(read(fds[0], &pid, sizeof pid), (int)sizeof pid);
    ck_assert_int_gt(pid, 0);
    pidfd = pidfd_open(pid, 0);
    ck_assert_int_ge(pidfd, 0);
    ck_assert(!ended(pidfd, 0));
    kill(starter, SIGKILL);
    waitpid(starter, NULL, 0);
    ck_assert(ended(pidfd, 10000));
    close(pidfd);
}
END_TEST

START_TEST(one_that_has_ended_can_be_stopped)
{
    struct guest *g = start(ANSWERS);

    ck_assert_msg(g, "%s", why);
    kill(guest_direct.pid(g), SIGKILL);
    ck_assert(ended(guest_direct.pidfd(g), 10000));
    ck_assert_int_eq(waitpid(guest_direct.pid(g), NULL, 0), guest_direct.pid(g)); /* even reaped by someone */
    guest_direct.stop(g);
    ck_assert_int_eq(access(path[PIDFILE], F_OK), -1);
}
END_TEST

START_TEST(back_ends_are_found_by_name)
{
    ck_assert_ptr_eq(guest_backend_find("direct"), &guest_direct);
    ck_assert_ptr_eq(guest_backend_find("libvirt"), &guest_libvirt);
    ck_assert_ptr_null(guest_backend_find("xen"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("guest_direct");
    TCase *t = tcase_create("direct");
    SRunner *r;
    int failed;

    tcase_set_timeout(t, 30);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, starts_and_stops);
    tcase_add_test(t, its_monitor_is_told_to_continue_and_closed);
    tcase_add_test(t, the_arguments_are_written_down);
    tcase_add_test(t, nothing_of_ours_is_inherited);
    tcase_add_test(t, preload_reaches_it);
    tcase_add_test(t, an_end_during_start_is_explained);
    tcase_add_test(t, a_refused_command_is_told);
    tcase_add_test(t, what_cannot_be_executed_is_told);
    tcase_add_test(t, it_dies_with_the_one_who_started_it);
    tcase_add_test(t, one_that_has_ended_can_be_stopped);
    tcase_add_test(t, back_ends_are_found_by_name);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
