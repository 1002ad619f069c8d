/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_direct.c - the back end without libvirt: fork and exec.
 *
 * As with libvirt, QEMU starts stopped (-S) and is let go through its monitor: by then the machine is
 * complete and both of QEMU's threads are settled, so the guest's first instruction is executed in the same
 * state of affairs. The monitor is one end of a socket pair, closed as soon as `cont` is answered.
 *
 *   cob                                   QEMU
 *     fork, exec ------------------------>  options, plugin, machine      (ends here if it dislikes
 * something) capabilities, cont ---------------->
 *     <------------------------- two returns
 *     close
 *
 * The process gets SIGKILL when the thread that called start() ends, so that thread must be the one that
 * stays.
 */
#include "sim/guest_files.h"
#include "sim/guest_machine.h"
#include "sim/guest_monitor.h"
#include "sim/guest_process.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MONITOR_FD    3    /* in QEMU */
#define EXIT_LIMIT_MS 5000 /* from closing the monitor to the end of the process */
#define LOG_LINES     3    /* quoted when QEMU does not start */

static int direct_open(const char *scratch, char *why, size_t size)
{
    (void)scratch;
    (void)why;
    (void)size;
    return 0;
}

static void direct_close(void)
{
}

/* What libvirt would pass: a short, plain environment. */
static int make_environment(const struct guest_spec *spec, struct guest_args *env)
{
    static const char *const passed[] = {"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"};

    guest_args_add(env, "LC_ALL=C");
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
        if (getenv(passed[i]))
            guest_args_add(env, "%s=%s", passed[i], getenv(passed[i]));
    if (spec->preload)
        guest_args_add(env, "LD_PRELOAD=%s", spec->preload);
    return env->failed ? -1 : 0;
}

/* In the child: only async-signal-safe calls. Does not return. */
static void become_qemu(const struct guest_args *argv, const struct guest_args *env, const char *log_path,
                        int monitor, int report, pid_t parent)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigset_t none;
    int in, log, error;

    /* Out of the way of MONITOR_FD; both vanish with exec. */
    report = fcntl(report, F_DUPFD_CLOEXEC, 16);
    monitor = fcntl(monitor, F_DUPFD_CLOEXEC, 16);
    in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    log = open(log_path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (report >= 0 && monitor >= 0 && in >= 0 && log >= 0) {
        for (int s = 1; s < NSIG; s++)
            sigaction(s, &plain, NULL); /* SIGKILL and SIGSTOP refuse, which is fine */
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        /* A group of its own: Ctrl-C on the terminal is for cob alone. */
        if (!setpgid(0, 0) && !prctl(PR_SET_PDEATHSIG, SIGKILL)) {
            if (getppid() != parent)
                _exit(1); /* it ended before the signal was asked for */
            if (!close_range(MONITOR_FD, ~0u, CLOSE_RANGE_CLOEXEC) && dup2(in, 0) == 0 && dup2(log, 1) == 1 &&
                dup2(log, 2) == 2 && dup2(monitor, MONITOR_FD) == MONITOR_FD)
                execve(argv->v[0], argv->v, env->v);
        }
    }
    error = errno;
    if (write(report, &error, sizeof error) != sizeof error)
        _exit(2);
    _exit(1);
}

/* 0 when exec has happened, else the errno of the child's failure. */
static int exec_result(int fd)
{
    int error;
    ssize_t n;

    do
        n = read(fd, &error, sizeof error);
    while (n < 0 && errno == EINTR);
    return n == sizeof error ? error : n < 0 ? errno : 0;
}

/* The last lines of the log in one, "a | b". */
static void quote_log(const char *path, char *text, size_t size)
{
    char tail[2048];
    FILE *f = fopen(path, "re");
    size_t n = 0, from;
    int lines = 0;

    if (f && !fseek(f, 0, SEEK_END)) {
        long end = ftell(f);

        if (!fseek(f, end > (long)sizeof tail - 1 ? end - (long)sizeof tail + 1 : 0, SEEK_SET))
            n = fread(tail, 1, sizeof tail - 1, f);
    }
    if (f)
        fclose(f);
    while (n && (tail[n - 1] == '\n' || tail[n - 1] == '\r'))
        n--;
    for (from = n; from && !(tail[from - 1] == '\n' && ++lines == LOG_LINES); from--)
        ;
    tail[n] = '\0';
    for (char *c = tail + from; *c; c++)
        if (*c == '\n')
            *c = '|';
    snprintf(text, size, "%s", n ? tail + from : "(its log is empty)");
}

/* Of a QEMU that has closed its monitor and is about to end. */
static void describe_end(const struct guest *g, const char *log_path, char *why, size_t size)
{
    struct pollfd p = {.fd = g->pidfd, .events = POLLIN};
    char quoted[2048], how[64] = "closed its monitor";
    siginfo_t info = {0};
    int rc;

    while ((rc = poll(&p, 1, EXIT_LIMIT_MS)) < 0 && errno == EINTR)
        ;
    if (rc == 1 && !waitid(P_PIDFD, (id_t)g->pidfd, &info, WEXITED)) {
        if (info.si_code == CLD_EXITED)
            snprintf(how, sizeof how, "ended with status %d", info.si_status);
        else
            snprintf(how, sizeof how, "was ended by signal %d", info.si_status);
    }
    quote_log(log_path, quoted, sizeof quoted);
    snprintf(why, size, "QEMU %s while starting: %s", how, quoted);
}

static void kill_child(pid_t pid)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* fork and exec. The process id, or -1 with the reason. */
static pid_t spawn(const struct guest_spec *spec, const struct guest_args *argv, const struct guest_args *env,
                   int monitor, char *why, size_t size)
{
    pid_t pid, parent = getpid();
    int report[2], error;

    if (pipe2(report, O_CLOEXEC)) {
        snprintf(why, size, "cannot start %s: %s", spec->qemu, strerror(errno));
        return -1;
    }
    pid = fork();
    if (pid == 0)
        become_qemu(argv, env, spec->log_path, monitor, report[1], parent);
    error = pid < 0 ? errno : 0;
    close(report[1]);
    if (pid > 0)
        error = exec_result(report[0]);
    close(report[0]);
    if (error) {
        snprintf(why, size, "cannot start %s: %s", spec->qemu, strerror(error));
        if (pid > 0)
            kill_child(pid);
        return -1;
    }
    return pid;
}

static struct guest *run(const struct guest_spec *spec, const struct guest_args *argv,
                         const struct guest_args *env, char *why, size_t size)
{
    struct guest *g;
    int pair[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
        snprintf(why, size, "cannot make QEMU's monitor: %s", strerror(errno));
        return NULL;
    }
    pid = spawn(spec, argv, env, pair[1], why, size);
    close(pair[1]);
    /* Written down before the guest runs. */
    g = pid > 0 ? guest_adopt(spec, pid, why, size) : NULL;
    if (g && guest_monitor_let_go(pair[0], why, size)) {
        if (!*why)
            describe_end(g, spec->log_path, why, size);
        guest_kill(g);
        guest_release(g);
        g = NULL;
    } else if (pid > 0 && !g) {
        kill_child(pid);
    }
    close(pair[0]);
    return g;
}

static struct guest *direct_start(const struct guest_spec *given, char *why, size_t size)
{
    struct guest_args argv = {0}, env = {0}, store = {0};
    struct guest_spec spec = *given;
    struct guest *g = NULL;

    if (guest_files_absolute(&spec, &store) || guest_machine_argv(&spec, MONITOR_FD, &argv) ||
        make_environment(&spec, &env))
        snprintf(why, size, "out of memory");
    else if (guest_args_save(&argv, spec.args_path))
        snprintf(why, size, "cannot write %s: %s", spec.args_path, strerror(errno));
    else if (!guest_files_prepare(&spec, why, size))
        g = run(&spec, &argv, &env, why, size);
    guest_args_free(&argv);
    guest_args_free(&env);
    guest_args_free(&store);
    return g;
}

static pid_t direct_pid(const struct guest *g)
{
    return g->pid;
}

static int direct_pidfd(const struct guest *g)
{
    return g->pidfd;
}

static void direct_stop(struct guest *g)
{
    guest_kill(g);
    guest_release(g);
}

const struct guest_backend guest_direct = {
    .name = "direct",
    .open = direct_open,
    .start = direct_start,
    .pid = direct_pid,
    .pidfd = direct_pidfd,
    .stop = direct_stop,
    .close = direct_close,
};
