/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run.c - the life of a run; see run.h. */
#include "sim/run.h"
#include "sim/guest_greeting.h"
#include "sim/guest_machine.h"
#include "sim/junit.h"
#include "sim/report.h"
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

double run_elapsed_s(const struct run *r)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)(t.tv_sec - r->started.tv_sec) + (double)(t.tv_nsec - r->started.tv_nsec) * 1e-9;
}

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
    (void)sig;
    interrupted = 1;
}

/* Directory of our own executable: plugin and preload library lie beside it. */
int run_beside_us(char buf[PATH_MAX], const char *file, char *why, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", buf, PATH_MAX - 1);
    char *slash;

    if (n < 0 || (buf[n] = 0, !(slash = strrchr(buf, '/'))) ||
        strlen(file) + (size_t)(slash - buf) + 2 > PATH_MAX) {
        snprintf(why, size, "cannot find the directory of this program");
        return -1;
    }
    strcpy(slash + 1, file);
    if (access(buf, R_OK) < 0) {
        snprintf(why, size, "%s: %s", buf, strerror(errno));
        return -1;
    }
    return 0;
}

static int host_cores(int out[PORT_MAX_CORES], unsigned limit)
{
    cpu_set_t set;
    int n = 0;

    if (sched_getaffinity(0, sizeof set, &set) < 0)
        CPU_SET(0, &set);
    for (int c = 0; c < CPU_SETSIZE && n < (int)PORT_MAX_CORES && (!limit || n < (int)limit); c++)
        if (CPU_ISSET(c, &set))
            out[n++] = c;
    return n;
}

static int open_tracing(struct run *r)
{
    const char **nodes = calloc(r->scn->n_nodes, sizeof *nodes);
    const char **links = calloc(r->scn->n_links + 1, sizeof *links);
    bool *fabric = calloc(r->scn->n_links + 1, sizeof *fabric);
    const char **faults = calloc(r->scn->n_faults + 1, sizeof *faults);
    bool *want_nodes = calloc(r->scn->n_nodes, sizeof *want_nodes);
    bool *want_links = calloc(r->scn->n_links + 1, sizeof *want_links);
    assert(nodes && links && fabric && faults && want_nodes && want_links);
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        want_nodes[i] = scn_trace_node(r->scn, i);
    for (unsigned i = 0; i < r->scn->n_links; i++)
        want_links[i] = scn_trace_link(r->scn, i);
    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        nodes[i] = r->scn->nodes[i].name;
    for (unsigned i = 0; i < r->scn->n_links; i++) {
        links[i] = r->scn->links[i].name;
        fabric[i] = r->scn->links[i].fabric;
    }
    for (unsigned i = 0; i < r->scn->n_faults; i++)
        faults[i] = r->scn->faults[i].name;
    struct tracing_config cfg = {.dir = r->dir.path,
                                 .nodes = nodes,
                                 .n_nodes = r->scn->n_nodes,
                                 .links = links,
                                 .n_links = r->scn->n_links,
                                 .faults = faults,
                                 .n_faults = r->scn->n_faults,
                                 .fabric = fabric,
                                 .trace = r->opt.trace,
                                 .capture = r->opt.capture,
                                 .events = scn_trace_mask(r->scn),
                                 .want_nodes = want_nodes,
                                 .want_links = want_links};
    r->tracing = tracing_open(&cfg, r->why, sizeof r->why);
    free(nodes);
    free(links);
    free(fabric);
    free(faults);
    free(want_nodes);
    free(want_links);
    return r->tracing ? 0 : -1;
}

static void open_coherence(struct run *r)
{
    const char *names[SCN_MAX_NODES];

    for (unsigned i = 0; i < r->scn->n_nodes; i++)
        names[i] = r->scn->nodes[i].name;
    r->coherence = coherence_new(names, r->scn->n_nodes, NULL);
}

int run_dump_scenario(struct run *r)
{
    char path[PATH_MAX];
    FILE *f = fopen(rundir_path(&r->dir, path, "", "scenario", ".scn.yml"), "we");
    int bad = !f || scenario_dump(r->scn, f) < 0;
    if (f && fclose(f) != 0)
        bad = 1;
    if (bad)
        snprintf(r->why, sizeof r->why, "%s: %s", path, strerror(errno));
    return bad ? -1 : 0;
}

/* The debugger's mailbox is for one machine a node. */
static int check_debug(struct run *r)
{
    for (unsigned i = 0; r->opt.debug && i < r->scn->n_faults; i++)
        if (r->scn->faults[i].action == SCN_RESTART) {
            snprintf(r->why, sizeof r->why,
                     "fault %s restarts a node, which a run under the debugger cannot do",
                     r->scn->faults[i].name);
            r->exit_status = EXIT_USAGE;
            return -1;
        }
    return 0;
}

int run_prepare(struct run *r)
{
    const struct scenario *s = r->scn;
    int cores[PORT_MAX_CORES];

    r->exit_status = EXIT_ENVIRONMENT;
    if (check_debug(r) < 0)
        return -1;
    signal(SIGXFSZ, SIG_IGN); /* a file that reaches its size limit is a failed write like any other */
    r->node = calloc(s->n_nodes, sizeof *r->node);
    assert(r->node);
    for (unsigned i = 0; i < s->n_nodes; i++)
        r->node[i].ram_fd = -1;
    for (unsigned i = 0; i < s->n_nodes; i++) {
        struct run_node *n = &r->node[i];
        n->qemu = guest_find_qemu(s->nodes[i].arch, n->version, sizeof n->version, r->why, sizeof r->why);
        if (!n->qemu)
            return -1;
    }
    guest_sweep(rundir_base(), GUEST_SCRATCH, stderr);
    if (rundir_create(&r->dir, rundir_base(), s->name, r->why, sizeof r->why) < 0 || run_dump_scenario(r) < 0)
        return -1;
    for (unsigned i = 0; i < s->n_nodes; i++) {
        struct run_node *n = &r->node[i];
        if (image_prepare(s, i, &r->dir, &n->image, r->why, sizeof r->why) < 0) {
            if (errno == ENOEXEC)
                r->exit_status = EXIT_USAGE;
            return -1;
        }
        n->ram_fd = memfd_create("cob-ram", MFD_CLOEXEC);
        if (n->ram_fd < 0 || ftruncate(n->ram_fd, (off_t)s->nodes[i].memory_bytes) < 0) {
            snprintf(r->why, sizeof r->why, "memory of node %s: %s", s->nodes[i].name, strerror(errno));
            return -1;
        }
    }
    if (r->opt.debug && debug_run_open(&r->debug, r->opt.debug, s->n_nodes, r->why, sizeof r->why) < 0)
        return -1;
    if (open_tracing(r) < 0)
        return -1;
    if (s->check.coherence)
        open_coherence(r);
    struct engine_config cfg = {.scenario = s,
                                .tracing = r->tracing,
                                .coherence = r->coherence,
                                .cores = cores,
                                .n_cores = (unsigned)host_cores(cores, r->opt.cores),
                                .spin = r->opt.spin,
                                .observer = r->debug.shared ? &r->debug.hook : NULL};
    if (cfg.n_cores < 2)
        cfg.spin = 0; /* nobody to look out for */
    uint32_t trace[PORT_MAX_NODES] = {0};
    for (unsigned i = 0; i < s->n_nodes; i++)
        trace[i] = (scn_trace_device(s, i) ? PORT_TRACE_DEVICE : 0) |
                   (scn_trace_grants(s, i) ? PORT_TRACE_GRANTS : 0);
    cfg.trace = trace;
    r->engine = engine_create(&cfg, r->why, sizeof r->why);
    if (!r->engine)
        return -1;
    snprintf(r->port_path, sizeof r->port_path, "%s", engine_port_path(r->engine));
    if (r->opt.record && !(r->record = record_open(r)))
        return -1;
    if (r->debug.shared)
        debug_run_ready(&r->debug, engine_port(r->engine), engine_port_path(r->engine), r->dir.path,
                        r->opt.trace ? r->tracing : NULL);
    if (engine_start(r->engine) < 0) {
        snprintf(r->why, sizeof r->why, "cannot start the engine's threads: %s", strerror(errno));
        return -1;
    }
    return 0;
}

/* Binds all threads of a QEMU to one core. Only speed depends on it, so a thread that is gone is no error. */
static void pin(pid_t pid, int cpu)
{
    char path[64];
    struct dirent *e;
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *d = opendir(path);
    while (d && (e = readdir(d)))
        if (e->d_name[0] != '.')
            sched_setaffinity((pid_t)strtol(e->d_name, NULL, 10), sizeof set, &set);
    if (d)
        closedir(d);
}

/* One 32-bit number per node out of the scenario's seed: SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t run_node_seed(uint64_t seed, unsigned index)
{
    uint64_t z = seed + 0x9e3779b97f4a7c15u * (index + 1);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) & 0xffffffffu;
}

/* The plugin's arguments. -1 with the reason in r->why. */
static int plugin_args(struct run *r, unsigned i, const char *console, char *args, size_t size)
{
    const struct scn_node *sn = &r->scn->nodes[i];
    struct guest_range ram[GUEST_RAM_RANGES];
    unsigned n_ram = guest_machine_ram(sn->arch, sn->memory_bytes, ram);

    int len =
        snprintf(args, size, ",port=%s,node=%u,shift=%u,cpus=%u,console=%s,engine=%d,qemu=%s", r->port_path,
                 i, sn->icount_shift, sn->cpus, console, (int)getpid(), r->node[i].version);
    for (unsigned k = 0; k < n_ram && len < (int)size; k++)
        len +=
            snprintf(args + len, size - (size_t)len, ",ram=%" PRIx64 "+%" PRIx64, ram[k].start, ram[k].bytes);
    if (r->debug.shared && len < (int)size)
        len += snprintf(args + len, size - (size_t)len, ",debug=%s", r->debug.path);
    if (len < (int)size && !strchr(console, ','))
        return 0;
    snprintf(r->why, sizeof r->why, "%s: a run directory's path must be short and without commas", console);
    return -1;
}

int run_start_node(struct run *r, unsigned i)
{
    const struct scn_node *sn = &r->scn->nodes[i];
    struct run_node *n = &r->node[i];
    char plugin[PATH_MAX], preload[PATH_MAX], args[PATH_MAX + 256], console[PATH_MAX], log[PATH_MAX],
        argv[PATH_MAX], pid[PATH_MAX], ram[64];
    int cores[PORT_MAX_CORES];

    if (run_beside_us(plugin, "cob-qemu.so", r->why, sizeof r->why) < 0 ||
        run_beside_us(preload, "cob-preload.so", r->why, sizeof r->why) < 0)
        return -1;
    rundir_path(&r->dir, console, "qemu", sn->name, ".serial");
    rundir_path(&r->dir, log, "qemu", sn->name, ".log");
    rundir_path(&r->dir, argv, "qemu", sn->name, ".args");
    rundir_path(&r->dir, pid, "qemu", sn->name, ".pid");
    snprintf(ram, sizeof ram, "/proc/%d/fd/%d", (int)getpid(), n->ram_fd);
    if (plugin_args(r, i, console, args, sizeof args) < 0)
        return -1;
    struct guest_spec spec = {.node = sn,
                              .index = i,
                              .seed = run_node_seed(r->scn->seed, i),
                              .qemu = n->qemu,
                              .kernel = n->image.kernel,
                              .initrd = n->image.initrd[0] ? n->image.initrd : NULL,
                              .append = n->image.append,
                              .plugin = plugin,
                              .plugin_args = args,
                              .preload = preload,
                              .console_path = console,
                              .log_path = log,
                              .args_path = argv,
                              .ram_path = ram,
                              .pid_path = pid,
                              .greeting = r->greeting};
    char why[800];
    n->guest = r->opt.backend->start(&spec, why, sizeof why);
    if (!n->guest) {
        snprintf(r->why, sizeof r->why, "node %s did not start: %s", sn->name, why);
        return -1;
    }
    unsigned count = (unsigned)host_cores(cores, r->opt.cores);
    pin(r->opt.backend->pid(n->guest), cores[i % count]);
    return 0;
}

int run_start(struct run *r)
{
    struct sigaction sa = {.sa_handler = on_signal};
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
    if (r->opt.backend->open(r->dir.path, r->why, sizeof r->why) < 0)
        return -1;
    r->backend_open = true;
    for (unsigned i = 0; i < r->scn->n_nodes && !r->greeting; i++)
        if (r->scn->nodes[i].adapter && !(r->greeting = guest_greeting_start(r->why, sizeof r->why)))
            return -1;
    for (unsigned i = 0; i < r->scn->n_nodes; i++) {
        if (interrupted) {
            snprintf(r->why, sizeof r->why, "interrupted");
            r->exit_status = EXIT_INTERRUPTED;
            return -1;
        }
        if (run_start_node(r, i) < 0)
            return -1;
    }
    clock_gettime(CLOCK_MONOTONIC, &r->started);
    if (r->debug.shared)
        debug_run_under_way(&r->debug);
    run_event_started(r);
    return 0;
}

/* A fault has switched the machine off: a new one, with memory that is empty. */
static void restart(struct run *r, unsigned i)
{
    struct run_node *n = &r->node[i];

    r->opt.backend->stop(n->guest);
    n->guest = NULL;
    if (ftruncate(n->ram_fd, 0) < 0 || ftruncate(n->ram_fd, (off_t)r->scn->nodes[i].memory_bytes) < 0)
        snprintf(r->why, sizeof r->why, "its memory cannot be cleared: %s", strerror(errno));
    else if (run_start_node(r, i) == 0)
        return;
    n->dead = true;
    engine_bury(r->engine, i, r->why);
}

/* A node whose QEMU has ended without our asking is buried; the others go on without it. */
static void look_for_deaths(struct run *r)
{
    for (unsigned i = 0; i < r->scn->n_nodes; i++) {
        struct run_node *n = &r->node[i];
        if (n->dead)
            continue;
        struct pollfd p = {.fd = r->opt.backend->pidfd(n->guest), .events = POLLIN};
        if (poll(&p, 1, 0) <= 0)
            continue;
        if (engine_restart(r->engine, i)) {
            restart(r, i);
            continue;
        }
        n->dead = true;
        engine_bury(r->engine, i, "its QEMU was ended from outside or crashed (see its .log)");
    }
}

void run_watch(struct run *r)
{
    int64_t limit = r->opt.timeout_s ? r->opt.timeout_s : r->scn->timeout_s;
    double cancelled_at = -1;

    while (!engine_wait(r->engine, 50)) {
        look_for_deaths(r);
        run_event_poll(r);
        run_progress(r, false);
        double now = run_elapsed_s(r);
        if (interrupted && !r->interrupted && cancelled_at < 0) {
            r->interrupted = true;
            cancelled_at = now;
            engine_cancel(r->engine);
        }
        if (debug_run_abandoned(&r->debug))
            return;
        if (now > (double)limit && !r->debug.shared && cancelled_at < 0) {
            r->timed_out = true;
            cancelled_at = now;
            engine_cancel(r->engine);
        }
        if (cancelled_at >= 0 && now > cancelled_at + 3)
            break; /* a guest that never comes to its gate: it is ended where it is */
    }
    while (r->debug.shared && cancelled_at < 0 && !interrupted && debug_run_linger(&r->debug, 200))
        ;
    r->wall_s = run_elapsed_s(r);
    run_event_poll(r);
    run_progress(r, true);
}

/*
 * Hash of a guest's memory: every page that is not zero, with its number, so that holes in the file cost
 * nothing and a page that was touched but never written equals a hole.
 */
void run_hash_memory(struct run_node *n, uint64_t size)
{
    static const uint8_t zero[4096];
    uint8_t *m = mmap(NULL, size, PROT_READ, MAP_SHARED, n->ram_fd, 0);
    XXH3_state_t *h = XXH3_createState();
    off_t at = 0;

    assert(m != MAP_FAILED && h);
    XXH3_64bits_reset(h);
    while ((at = lseek(n->ram_fd, at, SEEK_DATA)) >= 0) {
        off_t end = lseek(n->ram_fd, at, SEEK_HOLE);
        for (at &= ~4095; at < end && (uint64_t)at < size; at += 4096)
            if (memcmp(m + at, zero, 4096) != 0) {
                uint64_t page = (uint64_t)at / 4096;
                XXH3_64bits_update(h, &page, sizeof page);
                XXH3_64bits_update(h, m + at, 4096);
            }
    }
    n->ram_hash = XXH3_64bits_digest(h);
    n->ram_hashed = true;
    XXH3_freeState(h);
    munmap(m, size);
}

void run_stop_guests(struct run *r)
{
    if (r->engine)
        engine_stop(r->engine);
    for (unsigned i = 0; r->node && i < r->scn->n_nodes; i++)
        if (r->node[i].guest) {
            r->opt.backend->stop(r->node[i].guest);
            r->node[i].guest = NULL;
        }
    guest_greeting_stop();
    if (r->backend_open)
        r->opt.backend->close();
    r->backend_open = false;
}

int run_finish(struct run *r)
{
    for (unsigned i = 0; i < r->scn->n_nodes; i++) {
        engine_get_node(r->engine, i, &r->node[i].last);
        if (r->node[i].last.end != PORT_END_KILLED && !r->timed_out && !r->interrupted)
            run_hash_memory(&r->node[i], r->scn->nodes[i].memory_bytes);
        r->virtual_ps = vtime_max(r->virtual_ps, r->node[i].last.now_ps);
    }
    run_stop_guests(r);
    ic_totals(engine_fabric(r->engine), &r->totals);
    if (ic_check(engine_fabric(r->engine), r->conservation, sizeof r->conservation) == 0)
        r->conservation[0] = 0;
    if (r->coherence) {
        coherence_commit(r->coherence, VTIME_NEVER); /* nobody runs any more */
        engine_incoherent(r->engine, r->incoherent, sizeof r->incoherent);
    }
    if (tracing_close(r->tracing, r->trace_error, sizeof r->trace_error) == 0)
        r->trace_error[0] = 0;
    r->tracing = NULL;
    if (record_close(r->record, r, r->record_error, sizeof r->record_error) == 0)
        r->record_error[0] = 0;
    r->record = NULL;
    run_judge(r);
    int result = run_write_result(r);
    rundir_tidy(&r->dir);
    run_report(r);
    return result;
}

void run_report(struct run *r)
{
    char why[PATH_MAX + 100];

    if (junit_write(r->dir.path, why, sizeof why) == 0 &&
        (!r->opt.report || report_write(r->dir.path, &REPORT_ALL, why, sizeof why) == 0))
        return;
    fprintf(stderr, "cob: %s\n", why);
    if (r->exit_status == EXIT_OK)
        r->exit_status = EXIT_ENVIRONMENT;
}

void run_free(struct run *r)
{
    run_stop_guests(r);
    if (r->tracing)
        tracing_close(r->tracing, r->trace_error, sizeof r->trace_error);
    record_abandon(r->record);
    engine_destroy(r->engine);
    coherence_free(r->coherence);
    for (unsigned i = 0; r->node && i < r->scn->n_nodes; i++) {
        free(r->node[i].qemu);
        if (r->node[i].ram_fd >= 0)
            close(r->node[i].ram_fd);
    }
    free(r->node);
    free(r->hits_told);
    if (r->dir.path[0])
        rundir_tidy(&r->dir);
    debug_run_close(&r->debug);
    scenario_free(r->scn);
}

void run_discard(struct run *r)
{
    struct rundir dir = r->dir;
    run_free(r);
    rundir_remove(&dir);
}
