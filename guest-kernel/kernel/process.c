/* SPDX-License-Identifier: GPL-2.0-or-later */
/* process.c - the table of processes; see process.h. */
#include "guest-kernel/kernel/process.h"
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/errno.h"

static struct process processes[PROCESSES];
static int next_id = 1;

enum { PATH = 256, EVENT_BOOTED = 1 }; /* the event port: the first program begins; data: its path */

void process_init(void)
{
    memset(current(), 0, sizeof(struct thread)); /* the idle loop's, at the end of the boot stack */
}

struct process *process_new(struct process *parent)
{
    for (unsigned i = 0; i < PROCESSES; i++) {
        struct process *p = &processes[i];
        if (p->id)
            continue;
        uint64_t root = space_new();
        if (!root)
            return NULL;
        *p = (struct process){.id = next_id++, .parent = parent, .root = root};
        return p;
    }
    return NULL;
}

void process_first(void)
{
    static struct arguments a;
    char path[PATH] = "/init";
    struct frame f;
    struct process *p = process_new(NULL);

    boot_option("init", path, sizeof path);
    a.n = 1;
    a.bytes = length(path) + 1;
    memcpy(a.text, path, a.bytes);
    if (!p)
        panic("no memory for the first process");
    file_console(p);
    int error = exec_load(p, path, &a, &f);
    if (error)
        panic("%s cannot be started: error %d", path, -error);
    if (!thread_new(p, &f))
        panic("no memory for the first thread");
    print("boot: %lu us, %s\n", arch_time_ns() / 1000, path);
    adapter_event(EVENT_BOOTED, 0, path, length(path));
}

void process_end(struct process *p, int status)
{
    if (p->ending)
        return;
    p->ending = true;
    p->status = status;
    wake_process(p);
}

void process_gone(struct process *p)
{
    if (!p->parent && p->id == 1) {
        int signal = p->status & 127;
        int status = signal ? 128 + signal : p->status >> 8;
        if (!cluster_end(status))
            node_end(status);
    }
    for (unsigned i = 0; i < FILES; i++)
        if (p->files[i])
            file_close(p->files[i]);
    arch_paging_use(kernel_root);
    space_free(p->root);
    for (unsigned i = 0; i < PROCESSES; i++) {
        if (!processes[i].id || processes[i].parent != p)
            continue;
        processes[i].parent = NULL;
        if (processes[i].zombie)
            processes[i].id = 0;
    }
    p->zombie = true;
    if (p->parent)
        wake(p->parent);
    else
        p->id = 0;
}

int64_t process_kill(int id, unsigned signal)
{
    for (unsigned i = 0; i < PROCESSES; i++) {
        struct process *p = &processes[i];
        if (p->id != id || !id)
            continue;
        if (signal > 64)
            return -EINVAL;
        if (signal && !p->zombie)
            process_end(p, (int)signal); /* there are no handlers: every signal ends it */
        return 0;
    }
    return -ESRCH;
}

int64_t process_wait(int id, int *status, bool no_hang)
{
    struct process *self = current()->process;

    for (;;) {
        bool any = false;
        for (unsigned i = 0; i < PROCESSES; i++) {
            struct process *p = &processes[i];
            if (!p->id || p->parent != self || (id > 0 && p->id != id))
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
