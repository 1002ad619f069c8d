/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plugin.c - entry of the half inside QEMU, loaded by
 *
 *   -plugin
 * cob-qemu.so,port=PATH,node=I,shift=N,cpus=C,console=FILE,engine=PID,qemu=VERSION,ram=R..[,debug=PATH]
 *
 * port     the shared mapping (devices/port/port.h)       engine   process whose death ends this one
 * node     our slot                                       qemu     QEMU's version, for messages
 * shift    that of -icount; cpus: number of vCPUs         console  the file behind the first serial port
 * ram      START+BYTES (hexadecimal), once for each range of guest memory: where the adapter may read and
 * write
 * debug    the mailbox of a run under a debugger (devices/port/debug.h)
 *
 * Anything that does not fit ends QEMU before the guest's first instruction, with one sentence on stderr that
 * begins with "cob:". Never load this library into another program.
 */
#include "devices/qemu/debug.h"
#include "devices/qemu/half.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/*
 * Read by QEMU after our constructors have run. QEMU 10.0 takes 2 to 4, 11.1 wants 7.
 */
EXPORT int qemu_plugin_version = 4;
__attribute__((constructor)) static void choose_version(void)
{
    if (binding_api_7())
        qemu_plugin_version = 7;
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_head *info, int argc, char **argv);

struct half half;

static const char *version = "of unknown version";

__attribute__((format(printf, 1, 2))) static int refuse(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fputs("cob: ", stderr);
    vfprintf(stderr, format, ap);
    fputc('\n', stderr);
    va_end(ap);
    return -1;
}

void half_send(const struct port_record *rec, const void *data)
{
    while (port_ring_write(half.port, half.index, PORT_UP, rec, data) < 0) {
        /* partner: engine_service in sim/engine.c empties the ring, clears drain and wakes */
        atomic_store(&half.node->drain, 1);
        if (!port_ring_fits(half.port, half.index, PORT_UP, rec->len))
            port_futex_wait(&half.node->drain, 1, 100);
        if (atomic_load(&half.port->quit))
            _exit(0);
    }
}

void half_lower_grant(vtime_t to_ps)
{
    if (vtime_to_ns(to_ps) < half.grant_ns) {
        half.grant_ns = vtime_to_ns(to_ps);
        gate_recheck();
    }
}

void half_end(enum port_end end, int exit_status)
{
    if (half.ending != PORT_END_NONE)
        return;
    half.ending = end;
    half.exit_status = exit_status;
    gate_recheck();
}

static void machine_ready(struct qemu_notifier *n, void *data)
{
    (void)n;
    (void)data;
    gate_machine_ready();
    deliver_machine_ready();
    const char *why = idle_machine_ready();
    if (why) {
        refuse("idle time cannot be made exact: %s (QEMU %s)", why, version);
        exit(1);
    }
    why = adapter_machine_ready();
    if (why) {
        refuse("the fabric adapter cannot be made: %s (QEMU %s)", why, version);
        exit(1);
    }
}
static struct qemu_notifier ready = {.notify = machine_ready};

/* Ends this process when the engine has ended, however it did. */
static void *watch(void *arg)
{
    struct pollfd p = {.fd = (int)(intptr_t)arg, .events = POLLIN};
    while (poll(&p, 1, -1) <= 0)
        ;
    kill(getpid(), SIGKILL);
    return NULL;
}

static int watch_engine(long pid)
{
    pthread_t t;
    int fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
    if (fd < 0)
        return refuse("cannot watch the engine (process %ld): %s", pid, strerror(errno));
    int e = pthread_create(&t, NULL, watch, (void *)(intptr_t)fd);
    if (e)
        return refuse("cannot start a thread: %s", strerror(e));
    return 0;
}

static int map_port(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return refuse("%s: %s", path, strerror(errno));
    struct stat st;
    if (fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof(struct port_shared))
        return refuse("%s: not a port", path);
    void *m = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (m == MAP_FAILED)
        return refuse("%s: %s", path, strerror(errno));
    half.port = m;
    if (half.port->magic != PORT_MAGIC || half.port->version != PORT_VERSION ||
        half.port->size_node != sizeof(struct port_node) ||
        half.port->size_shared != sizeof(struct port_shared) ||
        (size_t)st.st_size < port_size(half.port->n_nodes))
        return refuse("%s: the port of another version of cob; build program and plugin together", path);
    return 0;
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_head *info, int argc, char **argv)
{
    const char *port = NULL, *console = NULL, *debug = NULL;
    long engine = 0;

    for (int i = 0; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (!value)
            return refuse("plugin argument '%s' has no value", argv[i]);
        *value++ = 0;
        if (!strcmp(argv[i], "port"))
            port = value;
        else if (!strcmp(argv[i], "node"))
            half.index = (unsigned)strtoul(value, NULL, 10);
        else if (!strcmp(argv[i], "shift"))
            half.shift = (unsigned)strtoul(value, NULL, 10);
        else if (!strcmp(argv[i], "cpus"))
            half.cpus = (unsigned)strtoul(value, NULL, 10);
        else if (!strcmp(argv[i], "console"))
            console = value;
        else if (!strcmp(argv[i], "engine"))
            engine = strtol(value, NULL, 10);
        else if (!strcmp(argv[i], "debug"))
            debug = value;
        else if (!strcmp(argv[i], "qemu"))
            version = strdup(value);
        else if (!strcmp(argv[i], "ram") && adapter_ram(value))
            ;
        else
            return refuse("unknown plugin argument '%s'", argv[i]);
    }
    if (!port || !console || !engine || !half.cpus || half.cpus > 64)
        return refuse("plugin arguments port, console, cpus and engine are needed");
    const char *missing = binding_resolve();
    if (missing)
        return refuse(
            "QEMU %s does not export %s, which cob needs; use a distribution's QEMU 10.0 or later "
            "(built with module support)",
            version, missing);
    if (map_port(port) < 0 || watch_engine(engine) < 0)
        return -1;
    if (half.index >= half.port->n_nodes)
        return refuse("there is no node %u", half.index);
    half.node = &half.port->node[half.index];
    half.base_ns = vtime_to_ns(half.node->base_ps);
    if (console_install(console) < 0)
        return refuse("%s is not the console, or cob-preload.so is not loaded", console);
    half.leaps = half.cpus > 1 && !strcmp(info->target_name, "x86_64");
    if (debug) {
        missing = binding_debug_resolve();
        if (missing)
            return refuse("QEMU %s does not export %s, which debugging needs", version, missing);
        if (debug_install(debug) < 0)
            return refuse("%s is no debugger's mailbox, or one of another version of cob", debug);
    }
    gate_install(id);
    nic_install(half.node->n_nics - !!half.node->adapter.present);
    qemu.qemu_add_machine_init_done_notifier(&ready);
    return 0;
}
