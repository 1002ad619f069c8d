/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * process.c - the table of processes; see process.h. Who counts as alive, who has to end, whose child is
 * whose, on whatever node: that is the core's (group.h). Here is what a process consists of, and waiting.
 */
#include "guest-kernel/kernel/process.h"
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/remote.h"

static struct process processes[PROCESSES];
struct group group;

enum { INIT_PATH = 256, EVENT_BOOTED = 1 }; /* the event port: the first program begins; data: its path */
enum { SIGNALS = 64, CHILDREN = 256 };

/* ---- what the core calls ---- */

static struct group_process *room(void *ctx, int32_t id)
{
    (void)ctx;
    for (unsigned i = 0; i < PROCESSES; i++) {
        struct process *p = &processes[i];
        if (p->id)
            continue;
        *p = (struct process){.id = id};
        if (!memory_new(p)) {
            p->id = 0;
            return NULL;
        }
        return process_group(p);
    }
    return NULL;
}

static void free_memory(struct process *p)
{
    struct process *running = current()->process;

    arch_paging_use(kernel_root);
    dsm_drop_all(p->id);
    memory_free(p);
    if (running && running != p)
        arch_paging_use(running->root);
}

static void no_process(void *ctx, struct group_process *g)
{
    struct process *p = (struct process *)g;

    (void)ctx;
    if (p->root) /* it never came to be */
        free_memory(p);
    p->id = 0;
}

/* Its last thread is gone: everything is given back. */
static void gone(void *ctx, struct group_process *g)
{
    struct process *p = (struct process *)g;

    (void)ctx;
    if (p->first) {
        int signal = p->status & 127;
        int status = signal ? 128 + signal : p->status >> 8;
        if (!cluster_end(status))
            node_end(status);
    }
    descriptors_close(p, false);
    free_memory(p);
}

static void stop(void *ctx, struct group_process *g)
{
    (void)ctx;
    wake_process((struct process *)g);
}

static void children_changed(void *ctx, struct group_process *g)
{
    (void)ctx;
    wake(g);
}

void process_service(const struct core_env *env, unsigned self, unsigned nodes)
{
    const struct group_config c = {.env = env,
                                   .self = self,
                                   .nodes = nodes,
                                   .last_id = (1 << (64 - DSM_PROCESS_BITS)) - 1,
                                   .children = CHILDREN,
                                   .elsewhere = THREADS * nodes,
                                   .signals = SIGNALS,
                                   .killed = SIGKILL,
                                   .send = remote_send,
                                   .room = room,
                                   .free = no_process,
                                   .load = remote_load,
                                   .replica = remote_replica,
                                   .begin = remote_begin,
                                   .stop = stop,
                                   .bury = remote_bury,
                                   .gone = gone,
                                   .children_changed = children_changed};

    if (group_init(&group, &c) != CORE_OK)
        panic("the process service");
}

/* ---- the table ---- */

unsigned process_origin(int id)
{
    return group_origin(&group, id);
}

struct process *process_here(int id)
{
    struct group_process *g = group_find(&group, id);

    return g && !g->zombie ? (struct process *)g : NULL;
}

struct process *process_at(unsigned slot)
{
    return processes[slot].id ? &processes[slot] : NULL;
}

struct process *process_new(struct process *parent)
{
    struct group_process *g;

    return group_new(&group, parent ? process_group(parent) : NULL, &g) == CORE_OK ? (struct process *)g
                                                                                   : NULL;
}

void process_discard(struct process *p)
{
    group_discard(&group, process_group(p));
}

void process_first(void)
{
    static struct arguments a;
    char path[INIT_PATH] = "/init";
    struct frame f;

    boot_option("init", path, sizeof path);
    if (same(path, "-")) {
        print("boot: %lu us, no program\n", arch_time_ns() / 1000);
        adapter_event(EVENT_BOOTED, 0, path, length(path));
        if (!cluster_end(0))
            node_end(0);
        return;
    }
    struct process *p = process_new(NULL);
    a.bytes = length(path) + 1;
    for (size_t i = a.n = 0; i < a.bytes; i++) {
        if (path[i] == ',')
            path[i] = 0;
        a.text[i] = path[i];
        a.n += !path[i];
    }
    if (a.n > ARGUMENTS)
        panic("init= has more than %u arguments", ARGUMENTS);
    if (!p)
        panic("no memory for the first process");
    p->first = true;
    descriptors_console(p, 7);
    int error = exec_load(p, path, &a, &f);
    if (error)
        panic("%s cannot be started: error %d", path, -error);
    if (!thread_new(p, &f, p->id))
        panic("no memory for the first thread");
    print("boot: %lu us, %s\n", arch_time_ns() / 1000, path);
    adapter_event(EVENT_BOOTED, 0, path, length(path));
}

/* ---- threads, and the end ---- */

int64_t process_thread(struct process *p)
{
    int32_t id = group_thread(&group, process_group(p));

    return id > 0 ? id : process_error(id, 0);
}

void process_end(struct process *p, int status)
{
    group_end(&group, process_group(p), status);
}

void process_left(struct process *p, int thread, int status)
{
    group_left(&group, process_group(p), thread, status);
}

void process_hold(struct process *p)
{
    group_hold(process_group(p));
}

void process_release(struct process *p)
{
    group_release(&group, process_group(p));
}

/* ---- operations that wait ---- */

int64_t process_error(int status, int64_t refusal)
{
    static const struct {
        int status, error;
    } table[] = {{CORE_EDEAD, EHOSTDOWN},
                 {CORE_EINVAL, EINVAL},
                 {CORE_ENOMEM, EAGAIN},
                 {GROUP_ENONE, ESRCH},
                 {GROUP_EENDING, EINTR}};

    if (status == GROUP_EREFUSED)
        return refusal;
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].status == status)
            return -table[i].error;
    return -EHOSTDOWN;
}

void process_done(struct group_op *op)
{
    struct process_wait *w = (struct process_wait *)op;

    w->done = true;
    wake_first(w);
}

int64_t process_outcome(struct process_wait *w, int status)
{
    if (status == 1) {
        while (!w->done)
            wait_always(w);
        status = w->op.status;
    }
    return status == CORE_OK ? w->op.value : process_error(status, w->op.value);
}

int64_t process_kill(int id, unsigned signal)
{
    struct process_wait w = {.op.done = process_done};

    /* there are no handlers: every signal ends it */
    return process_outcome(&w, group_kill(&group, id, signal > INT32_MAX ? -1 : (int32_t)signal, &w.op));
}

int64_t process_wait(int id, int *status, bool no_hang)
{
    struct process *self = current()->process;

    for (;;) {
        int32_t found = group_wait(&group, process_group(self), id, status);
        if (found)
            return found > 0 ? found : -ECHILD;
        if (no_hang)
            return 0;
        if (wait_for(self, UINT64_MAX) < 0)
            return -EINTR;
    }
}
