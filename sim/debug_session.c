/* SPDX-License-Identifier: GPL-2.0-or-later */
/* debug_session.c - see debug_session.h. One loop around poll(2). */
#include "sim/debug_session.h"
#include "sim/debug_commands.h"
#include "sim/guest.h"
#include "sim/run.h"
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ABANDON_MS = 10000, OUT_MAX = 1 << 20 };

struct session {
    const struct session_config *c;
    struct debug_rack rack;
    struct description describe[SCN_ARCH_COUNT];
    struct gdb_server *server;
    int listener, client, signals, run_fd, gdb_fd;
    pid_t run, gdb;
    unsigned n_faults;       /* of the scenario; those behind them were given by gdb */
    int faults_fd;           /* a file of these for the run; -1: there are none */
    bool waiting_for_client; /* nobody has connected yet, and the rack shall wait for the first */
    bool failed;             /* no run could be started */
    int interrupts;
    uint8_t *out; /* what the client has not taken yet */
    size_t out_len;
};

/* ---- the run ---- */

/* The file of the faults that gdb has given, anew. 0, or -1 errno. */
static int write_faults(struct session *s)
{
    if (s->faults_fd >= 0)
        close(s->faults_fd);
    s->faults_fd = -1;
    if (s->c->scn->n_faults == s->n_faults)
        return 0;
    s->faults_fd = memfd_create("cob-faults", MFD_CLOEXEC);
    int fd = s->faults_fd < 0 ? -1 : dup(s->faults_fd);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    if (!f) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    int bad = scenario_dump_faults(s->c->scn, s->n_faults, f);
    return fclose(f) != 0 || bad ? -1 : 0;
}

/* Leaves them in the run's directory. */
static void keep_faults(const struct session *s)
{
    char path[DEBUG_PATH_BYTES + 16];
    FILE *f;

    if (s->faults_fd < 0 || !s->rack.shared || !s->rack.shared->run_dir[0])
        return;
    snprintf(path, sizeof path, "%s/faults.yml", s->rack.shared->run_dir);
    scenario_drop_faults(s->c->scn, s->rack.n_faults_run); /* which the run does not have */
    f = fopen(path, "we");
    int bad = !f || scenario_dump_faults(s->c->scn, s->n_faults, f) < 0;
    if (f && fclose(f) != 0)
        bad = 1;
    if (bad)
        fprintf(stderr, "cob: %s: %s\n", path, strerror(errno));
}

static pid_t start_run(struct session *s)
{
    pid_t parent = getpid(), pid;
    size_t n = 0;

    while (s->c->run_args[n])
        n++;
    char **argv = calloc(n + 6, sizeof *argv), faults[64];
    assert(argv);
    argv[0] = "cob";
    memcpy(argv + 1, s->c->run_args, n * sizeof *argv);
    argv[n + 1] = "--debug";
    argv[n + 2] = s->rack.path;
    if (s->faults_fd >= 0) {
        snprintf(faults, sizeof faults, "/proc/%d/fd/%d", (int)parent, s->faults_fd);
        argv[n + 3] = "--faults";
        argv[n + 4] = faults;
    }
    pid = fork();
    if (pid == 0) {
        sigset_t none;
        int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGPIPE, SIG_DFL);
        /* A group of its own: Ctrl-C on the terminal is gdb's. */
        if (setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent && in >= 0 &&
            dup2(in, 0) == 0)
            execv("/proc/self/exe", argv);
        perror("cob: cannot start the run");
        _exit(EXIT_ENVIRONMENT);
    }
    free(argv);
    return pid;
}

static int begin_run(struct session *s, bool start_stopped, vtime_t hold_ps)
{
    if (write_faults(s) < 0 || rack_open(&s->rack, start_stopped, hold_ps, s->rack.plan.node) < 0 ||
        (s->run = start_run(s)) < 0) {
        fprintf(stderr, "cob: cannot start the run: %s\n", strerror(errno));
        s->failed = true;
        return -1;
    }
    s->run_fd = (int)syscall(SYS_pidfd_open, s->run, 0);
    return s->run_fd < 0 ? -1 : 0;
}

/* The run's exit status; it has ended. */
static int reap_run(struct session *s)
{
    int status = 0;

    while (waitpid(s->run, &status, 0) < 0 && errno == EINTR)
        ;
    close(s->run_fd);
    s->run_fd = -1;
    s->run = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_ENVIRONMENT;
}

static void end_run(struct session *s)
{
    struct pollfd p = {.fd = s->run_fd, .events = POLLIN};

    if (s->run <= 0)
        return;
    atomic_store(&s->rack.shared->abandon, 1);
    port_futex_wake(&s->rack.shared->finish, 1);
    while (poll(&p, 1, ABANDON_MS) < 0 && errno == EINTR)
        ;
    if (!(p.revents & POLLIN))
        kill(s->run, SIGKILL); /* its guests end with it */
    reap_run(s);
}

static void restart(void *ctx)
{
    struct session *s = ctx;
    enum plan_kind kind = s->rack.plan.kind;

    end_run(s);
    if (begin_run(s, kind == PLAN_BEGIN, kind == PLAN_BEGIN ? 0 : s->rack.plan.at_ps) < 0)
        rack_gone(&s->rack, EXIT_ENVIRONMENT);
}

/* ---- gdb ---- */

static void drop(struct session *s, const char *why)
{
    if (why)
        fprintf(stderr, "cob: the debugger's connection is closed: %s\n", why);
    close(s->client);
    s->client = -1;
    s->out_len = 0;
    if (s->rack.phase == RACK_REST)
        rack_let_go(&s->rack);
    else if (s->rack.phase != RACK_GONE)
        rack_interrupt(&s->rack); /* its points must go: stopped() lets the rack go then */
}

static void push(struct session *s)
{
    ssize_t n = send(s->client, s->out, s->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        s->out_len = 0; /* what is read next says that it is closed */
        return;
    }
    if (n > 0) {
        s->out_len -= (size_t)n;
        memmove(s->out, s->out + n, s->out_len);
    }
}

static void to_gdb(void *ctx, const void *bytes, size_t len)
{
    struct session *s = ctx;

    if (s->client < 0 || s->out_len + len > OUT_MAX)
        return; /* who asks and never listens gets nothing more */
    memcpy(s->out + s->out_len, bytes, len);
    s->out_len += len;
    push(s);
}

/* The rack has come to rest; or the run has ended (NULL). */
static void stopped(void *ctx, const struct gdb_stop *st)
{
    struct session *s = ctx;
    struct gdb_stop exit = {.why = GDB_WHY_EXIT, .exit_status = s->rack.exit_status};

    if (!st) {
        while (exit.node + 1 < s->c->scn->n_nodes && !gdb_server_attached(s->server, exit.node))
            exit.node++;
        st = &exit;
    }
    if (s->client >= 0)
        gdb_server_stopped(s->server, st);
    else if (!s->waiting_for_client && s->rack.phase == RACK_REST)
        rack_let_go(&s->rack);
}

static bool goes_first(const struct session *s)
{
    return s->c->at_ps || s->c->at_event;
}

/* On the way to --at the rack is left alone. */
static bool may_interrupt(const struct session *s)
{
    return s->rack.launched || !goes_first(s);
}

static void take_client(struct session *s)
{
    int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    if (s->client >= 0) {
        fprintf(stderr, "cob: a second debugger was turned away\n");
        close(fd);
        return;
    }
    s->client = fd;
    s->waiting_for_client = false;
    gdb_server_connected(s->server);
    if (s->rack.phase == RACK_RUNNING && may_interrupt(s))
        rack_interrupt(&s->rack);
}

/* May gdb be listened to? Only while the rack is at rest, but for an interrupt. */
static bool listening(struct session *s)
{
    return s->client >= 0 &&
           (s->rack.phase == RACK_REST || s->rack.phase == RACK_GONE || gdb_server_running(s->server));
}

static void from_gdb(struct session *s)
{
    uint8_t buf[4096];
    char why[160] = "";
    ssize_t n = recv(s->client, buf, sizeof buf, MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        drop(s, NULL);
        return;
    }
    int r = gdb_server_input(s->server, buf, (size_t)n, why, sizeof why);
    if (r != 0)
        drop(s, r < 0 ? why : NULL);
}

static pid_t start_gdb(struct session *s)
{
    pid_t pid = fork();

    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGPIPE, SIG_DFL);
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        execvp(s->c->gdb[0], s->c->gdb);
        fprintf(stderr, "cob: %s: %s%s\n", s->c->gdb[0], strerror(errno),
                errno == ENOENT ? " (package gdb-multiarch)" : "");
        _exit(EXIT_ENVIRONMENT);
    }
    return pid;
}

/* ---- the loop ---- */

static void on_signal(struct session *s)
{
    struct signalfd_siginfo info;

    while (read(s->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGINT && s->gdb > 0)
            continue; /* for gdb */
        if (info.ssi_signo != SIGCHLD && s->run > 0) {
            kill(s->run, s->interrupts++ ? SIGKILL : SIGTERM);
            atomic_store(&s->rack.shared->finish, 1);
            port_futex_wake(&s->rack.shared->finish, 1);
        }
    }
}

static void run_ended(struct session *s)
{
    rack_gone(&s->rack, reap_run(s));
    if (gdb_server_running(s->server))
        stopped(s, NULL);
}

static void loop(struct session *s)
{
    char bytes[256];

    while (s->rack.phase != RACK_GONE || (s->gdb > 0 && s->client >= 0)) {
        bool hear = listening(s);
        /* A debugger that says something while the rack runs without orders of its own: it wants to look. */
        bool wants = s->client >= 0 && !hear && s->rack.phase == RACK_RUNNING && !s->rack.user_interrupt &&
                     may_interrupt(s);
        struct pollfd p[] = {
            {.fd = s->listener, .events = POLLIN},
            {.fd = s->client, .events = (short)((hear || wants ? POLLIN : 0) | (s->out_len ? POLLOUT : 0))},
            {.fd = s->rack.phase == RACK_GONE ? -1 : s->rack.bell[0], .events = POLLIN},
            {.fd = s->run_fd, .events = POLLIN},
            {.fd = s->gdb_fd, .events = POLLIN},
            {.fd = s->signals, .events = POLLIN},
        };
        if (poll(p, sizeof p / sizeof p[0], rack_timeout_ms(&s->rack)) < 0 && errno != EINTR)
            break;
        if (p[5].revents)
            on_signal(s);
        if (p[2].revents)
            while (read(s->rack.bell[0], bytes, sizeof bytes) > 0)
                ;
        rack_poll(&s->rack);
        if (p[3].revents && s->run_fd == p[3].fd)
            run_ended(s);
        if (p[0].revents)
            take_client(s);
        if (p[1].revents & POLLOUT && s->client >= 0)
            push(s);
        if (p[1].revents & (POLLIN | POLLHUP | POLLERR) && s->client == p[1].fd && s->client >= 0) {
            if (listening(s))
                from_gdb(s);
            else if (wants && s->rack.phase == RACK_RUNNING)
                rack_interrupt(&s->rack);
            else if (!(p[1].events & POLLIN))
                drop(s, NULL); /* hung up while it was not listened to */
        }
        if (p[4].revents && s->gdb > 0) {
            while (waitpid(s->gdb, NULL, 0) < 0 && errno == EINTR)
                ;
            close(s->gdb_fd);
            s->gdb_fd = -1;
            s->gdb = 0;
            s->waiting_for_client = false;
            if (s->client < 0 && s->rack.phase == RACK_REST)
                rack_let_go(&s->rack);
        }
    }
}

static int listen_at(struct session *s, char where[200])
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s->c->port)};
    socklen_t len = sizeof in;

    if (s->c->socket) {
        if (strlen(s->c->socket) >= sizeof un.sun_path) {
            errno = ENAMETOOLONG;
            return -1;
        }
        strcpy(un.sun_path, s->c->socket);
        s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        snprintf(where, 200, "%s", s->c->socket);
        return s->listener < 0 || bind(s->listener, (struct sockaddr *)&un, sizeof un) < 0
                   ? -1
                   : listen(s->listener, 4);
    }
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int one = 1;
    if (s->listener < 0 || setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        bind(s->listener, (struct sockaddr *)&in, sizeof in) < 0 || listen(s->listener, 4) < 0 ||
        getsockname(s->listener, (struct sockaddr *)&in, &len) < 0)
        return -1;
    snprintf(where, 200, "localhost:%u", ntohs(in.sin_port));
    return 0;
}

static int describe_all(struct session *s)
{
    char why[400], version[32];

    for (unsigned i = 0; i < s->c->scn->n_nodes; i++) {
        enum scn_arch a = s->c->scn->nodes[i].arch;
        if (s->rack.describe[a] || !rack_has(&s->rack, i))
            continue;
        char *qemu = guest_find_qemu(a, version, sizeof version, why, sizeof why);
        if (!qemu || describe(a, qemu, &s->describe[a], why, sizeof why) < 0) {
            fprintf(stderr, "cob: %s\n", why);
            free(qemu);
            return -1;
        }
        free(qemu);
        s->rack.describe[a] = &s->describe[a];
    }
    return 0;
}

static int open_all(struct session *s)
{
    struct gdb_target target;
    char where[200];
    sigset_t set;

    s->listener = s->client = s->signals = s->run_fd = s->gdb_fd = s->faults_fd = -1;
    s->rack.scn = s->c->scn;
    s->n_faults = s->c->scn->n_faults;
    s->rack.stopped = stopped;
    s->rack.restart = restart;
    s->rack.ctx = s;
    if (s->c->only_node >= 0) {
        s->rack.absent = ~(UINT64_C(1) << s->c->only_node);
        s->rack.plan.node = (unsigned)s->c->only_node;
    }
    s->out = malloc(OUT_MAX);
    assert(s->out);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (describe_all(s) < 0)
        return -1;
    if (listen_at(s, where) < 0) {
        fprintf(stderr, "cob: cannot listen at %s: %s\n",
                s->c->socket ? s->c->socket : "the loopback interface", strerror(errno));
        return -1;
    }
    if (s->c->commands &&
        debug_commands_write(s->c->commands, s->c->scn, s->c->only_node, s->c->kernel_symbols, where) < 0) {
        fprintf(stderr, "cob: %s: %s\n", s->c->commands, strerror(errno));
        return -1;
    }
    rack_target(&s->rack, &target);
    s->server = gdb_server_create(&target, to_gdb, s);
    s->waiting_for_client = s->c->start_stopped || goes_first(s);
    if (s->c->at_event) {
        memcpy(&s->rack.filter, s->c->at_event, sizeof s->rack.filter);
        s->rack.armed_filter = true;
    }
    if (begin_run(s, s->c->start_stopped && !goes_first(s), s->c->at_ps) < 0)
        return -1;
    if (!s->c->gdb) {
        fprintf(stderr, "cob: gdb can connect: target extended-remote %s\n", where);
        return 0;
    }
    s->gdb = start_gdb(s);
    s->gdb_fd = s->gdb > 0 ? (int)syscall(SYS_pidfd_open, s->gdb, 0) : -1;
    return s->gdb_fd < 0 ? -1 : 0;
}

int session_run(const struct session_config *c)
{
    static struct session session;
    struct session *s = &session;

    s->c = c;
    int r = open_all(s);
    if (r == 0)
        loop(s);
    if (s->rack.shared)
        end_run(s);
    if (s->client >= 0)
        close(s->client);
    if (s->listener >= 0)
        close(s->listener);
    if (c->socket)
        unlink(c->socket);
    if (s->gdb > 0)
        while (waitpid(s->gdb, NULL, 0) < 0 && errno == EINTR)
            ;
    keep_faults(s);
    if (s->faults_fd >= 0)
        close(s->faults_fd);
    rack_close(&s->rack);
    gdb_server_free(s->server);
    for (unsigned a = 0; a < SCN_ARCH_COUNT; a++)
        description_free(&s->describe[a]);
    free(s->out);
    return r < 0 || s->failed ? EXIT_ENVIRONMENT : s->rack.exit_status;
}
