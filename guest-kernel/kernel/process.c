/* SPDX-License-Identifier: GPL-2.0-or-later */
/* process.c - the table of processes; see process.h. What concerns other nodes is in remote_process.c. */
#include "guest-kernel/kernel/process.h"
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/remote.h"

static struct process processes[PROCESSES];
static int numbers; /* given so far */

enum { INIT_PATH = 256, EVENT_BOOTED = 1 }; /* the event port: the first program begins; data: its path */

void process_init(void)
{
    memset(current(), 0, sizeof(struct thread)); /* the idle loop's, at the end of the boot stack */
}

int process_number(void)
{
    return numbers++ * (int)cluster_nodes() + (int)cluster_self() + 1;
}

unsigned process_origin(int id)
{
    return id > 0 ? (unsigned)(id - 1) % cluster_nodes() : cluster_nodes();
}

static struct process *find(int id)
{
    for (unsigned i = 0; id > 0 && i < PROCESSES; i++)
        if (processes[i].id == id)
            return &processes[i];
    return NULL;
}

struct process *process_here(int id)
{
    struct process *p = find(id);

    return p && !p->zombie && !p->child ? p : NULL;
}

struct process *process_at(unsigned slot)
{
    return processes[slot].id ? &processes[slot] : NULL;
}

struct process *process_new(int id, int parent)
{
    for (unsigned i = 0; i < PROCESSES; i++) {
        struct process *p = &processes[i];
        if (p->id)
            continue;
        *p = (struct process){.id = id ? id : process_number(), .parent = parent};
        if (!memory_new(p)) {
            p->id = 0;
            return NULL;
        }
        return p;
    }
    return NULL;
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
    struct process *p = process_new(0, 0);
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
    file_console(p);
    int error = exec_load(p, path, &a, &f);
    if (error)
        panic("%s cannot be started: error %d", path, -error);
    if (!thread_new(p, &f, p->id))
        panic("no memory for the first thread");
    print("boot: %lu us, %s\n", arch_time_ns() / 1000, path);
    adapter_event(EVENT_BOOTED, 0, path, length(path));
}

bool process_stop(struct process *p, int status)
{
    if (p->ending)
        return false;
    p->ending = true;
    p->status = status;
    wake_process(p);
    return true;
}

void process_end(struct process *p, int status)
{
    if (process_stop(p, status) && !p->orphan)
        remote_ending(p);
}

/* Its parent may ask for it, or will not. */
static void mourn(struct process *p)
{
    unsigned origin = process_origin(p->parent);

    if (p->parent && origin != cluster_self()) {
        struct remote_end end = {p->id, p->status};
        cluster_post(origin, REMOTE_CHILD, &end, sizeof end);
        p->id = 0;
        return;
    }
    struct process *parent = process_here(p->parent);
    p->zombie = true;
    if (parent)
        wake(parent);
    else
        p->id = 0;
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

/* Its last thread is gone: everything is given back. */
static void gone(struct process *p)
{
    if (p->first) {
        int signal = p->status & 127;
        int status = signal ? 128 + signal : p->status >> 8;
        if (!cluster_end(status))
            node_end(status);
    }
    for (unsigned i = 0; i < FILES; i++)
        if (p->files[i])
            file_close(p->files[i]);
    remote_ended(p);
    remote_thread_none(p);
    free_memory(p);
    for (unsigned i = 0; i < PROCESSES; i++) {
        struct process *child = &processes[i];
        if (!child->id || child->parent != p->id || child->replica)
            continue;
        child->parent = 0;
        if (child->zombie || child->child)
            child->id = 0;
    }
    mourn(p);
}

void process_forget(struct process *p)
{
    free_memory(p);
    p->id = 0;
}

static void check(struct process *p)
{
    if (p->threads || p->held || p->zombie)
        return;
    if (!p->replica)
        gone(p);
    else if (p->orphan)
        process_forget(p);
}

void process_left(struct process *p, int thread, int status)
{
    if (p->replica && !p->orphan)
        remote_thread_left(p, thread, status);
    else if (!p->replica && p->threads == 1)
        process_end(p, status);
    p->threads--;
    check(p);
}

void process_release(struct process *p)
{
    p->held--;
    check(p);
}

void process_orphan(struct process *p)
{
    p->orphan = true;
    process_stop(p, SIGKILL);
    check(p);
}

void process_child_ended(int id, int status)
{
    struct process *p = find(id), *parent = p ? process_here(p->parent) : NULL;

    if (!p || !p->child || p->zombie)
        return;
    p->zombie = true;
    p->status = status;
    if (parent)
        wake(parent);
    else
        p->id = 0;
}

int64_t process_kill(int id, unsigned signal)
{
    struct process *p = find(id);

    if (id > 0 && process_origin(id) != cluster_self())
        return remote_kill(id, signal);
    if (!p)
        return -ESRCH;
    if (signal > 64)
        return -EINVAL;
    if (signal && !p->zombie)
        process_end(p, (int)signal); /* there are no handlers: every signal ends it */
    return 0;
}

int64_t process_wait(int id, int *status, bool no_hang)
{
    struct process *self = current()->process;

    for (;;) {
        bool any = false;
        for (unsigned i = 0; i < PROCESSES; i++) {
            struct process *p = &processes[i];
            if (!p->id || p->replica || p->parent != self->id || (id > 0 && p->id != id))
                continue;
            any = true;
            if (p->zombie) {
                int found = p->id;
                *status = p->status;
                p->id = 0;
                return found;
            }
        }
        if (!any)
            return -ECHILD;
        if (no_hang)
            return 0;
        if (wait_for(self, UINT64_MAX) < 0)
            return -EINTR;
    }
}
