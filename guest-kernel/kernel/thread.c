/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * thread.c - threads and the scheduler: those that can run stand in one queue, from which every CPU takes the
 * next, and get a slice each in turn; each CPU has an idle loop, on the stack on which it began, for when
 * there is none. A CPU's timer is set for the end of the slice or the first of those that went to sleep on
 * it, whichever is earlier, and is silent when there is neither.
 */
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/console.h"
#include "guest-kernel/kernel/cpu.h"
#include "guest-kernel/kernel/process.h"
#include "guest-kernel/kernel/remote.h"

enum { SLICE_NS = 1000000 };

static struct thread *threads[THREADS];
static unsigned slots;                        /* of threads, used so far */
static struct thread *first, **last = &first; /* runnable */
static bool hurried; /* the first of those runnable should not wait for the slice to end */

static void make_runnable(struct thread *t)
{
    t->state = RUNNABLE;
    t->next = NULL;
    *last = t;
    last = &t->next;
    cpu_wake(t->cpu);
}

/* It is the next to run. */
static void make_first(struct thread *t)
{
    t->state = RUNNABLE;
    t->next = first;
    if (!first)
        last = &t->next;
    first = t;
    hurried = true;
    cpu_wake(t->cpu);
}

static uintptr_t stack_top(struct thread *t)
{
    return (uintptr_t)t;
}

/* A thread's first steps, on its own stack. */
static void begin(void)
{
    struct process *p = current()->process;

    while (p->copying && !p->ending)
        wait_always(&p->copying);
    leave_if_killed();
    kernel_unlock();
    arch_return(current()->frame);
}

static struct thread *make(struct process *p, int id, void (*entry)(void))
{
    unsigned slot = 0;

    while (slot < THREADS && threads[slot])
        slot++;
    struct thread *t = slot < THREADS ? stack_new() : NULL;
    if (!t)
        return NULL;
    uintptr_t frame = stack_top(t) - arch_frame_bytes;
    t->id = id;
    t->process = p;
    t->frame = (struct frame *)frame;
    t->wake_ns = UINT64_MAX;
    arch_fp_init(t->fp);
    t->context = arch_context(frame, entry);
    threads[slot] = t;
    if (slot >= slots)
        slots = slot + 1;
    return t;
}

struct thread *thread_new(struct process *p, const struct frame *f, int id)
{
    struct thread *t = p->ending ? NULL : make(p, id, begin);

    if (!t)
        return NULL;
    remote_thread_event(REMOTE_EVENT_BEGIN, p, id);
    memcpy(t->frame, f, arch_frame_bytes);
    make_runnable(t);
    return t;
}

static void leave(void);

/* A kernel thread's whole life. */
static void work(void)
{
    struct thread *t = current();

    t->run(t->argument);
    process_release(t->process);
    t->state = GONE;
    leave();
    panic("a thread that has ended runs");
}

struct thread *thread_kernel(struct process *p, void (*run)(void *argument), void *argument)
{
    struct thread *t = make(p, 0, work);

    if (!t)
        return NULL;
    memset(t->frame, 0, arch_frame_bytes);
    t->run = run;
    t->argument = argument;
    process_hold(p);
    make_first(t);
    return t;
}

void timer_by(uint64_t at)
{
    struct cpu *self = cpu_self();

    if (at >= self->timer_at)
        return;
    self->timer_at = at;
    arch_timer_set(at);
}

/* Of the idle loop, or of a thread that goes on: when the next interrupt of the timer should be. One that is
 * set to come earlier is left: setting it costs more than an interrupt now and then. */
static void set_timer(bool slice)
{
    uint64_t at = slice ? arch_time_ns() + SLICE_NS : UINT64_MAX;
    struct cpu *self = cpu_self();

    for (unsigned i = 0; i < slots; i++) {
        const struct thread *t = threads[i];
        if (t && t->state == WAITING && t->wake_ns < at && t->cpu == cpu_number(self))
            at = t->wake_ns;
    }
    at = at < cluster_due() ? at : cluster_due();
    timer_by(at < console_due() ? at : console_due());
}

/* Into the idle loop, and back when it is this thread's turn. */
static void leave(void)
{
    struct thread *t = current();

    t->tls = arch_tls(t->frame);
    arch_fp_save(t->fp);
    arch_switch(&t->context, cpu_self()->idle_context);
}

static void forget(struct thread *t)
{
    for (unsigned i = 0; i < slots; i++)
        if (threads[i] == t)
            threads[i] = NULL;
    stack_free(t);
}

/* No address space of a process stays in use that might end meanwhile. */
static void idle(struct cpu *self)
{
    if (self->root != kernel_root)
        arch_paging_use(kernel_root);
    set_timer(false);
    self->idle = true;
    arch_idle();
    self->idle = false;
}

/* For breathe(): a timer that is due ends the wait at once. As in idle(), first of all the address space. */
static void take_interrupts(struct cpu *self)
{
    self->open = false;
    if (self->root != kernel_root)
        arch_paging_use(kernel_root);
    kernel_unlock();
    arch_relax(); /* another CPU may want the kernel */
    kernel_lock();
    arch_timer_set(arch_time_ns());
    arch_idle();
}

void scheduler(void)
{
    struct cpu *self = cpu_self();

    for (;;) {
        if (self->open)
            take_interrupts(self);
        struct thread *t = first;
        if (!t) {
            idle(self);
            continue;
        }
        first = t->next;
        if (!first)
            last = &first;
        hurried = false;
        t->state = RUNNING;
        t->cpu = cpu_number(self);
        t->emergency = (uintptr_t)self->emergency;
        arch_paging_use(t->process->root);
        arch_kernel_stack(stack_top(t));
        arch_tls_set(t->frame, t->tls);
        arch_fp_restore(t->fp);
        set_timer(true);
        arch_switch(&self->idle_context, t->context);
        if (t->state == GONE)
            forget(t);
    }
}

void yield(void)
{
    if (!first) {
        set_timer(true);
        return;
    }
    make_runnable(current());
    leave();
}

void breathe(void)
{
    struct cpu *self = cpu_self();

    if (arch_time_ns() < self->timer_at)
        return;
    self->open = true;
    make_runnable(current());
    leave();
}

static void block(struct thread *t, const void *channel, uint64_t until_ns)
{
    t->channel = channel;
    t->wake_ns = until_ns;
    t->state = WAITING;
    leave();
    t->channel = NULL;
    t->wake_ns = UINT64_MAX;
}

void preempt(void)
{
    struct thread *t = current(), *hurry = first;

    if (!hurried || !hurry || !t->process || t->run)
        return;
    t->state = RUNNABLE;
    t->next = hurry->next;
    hurry->next = t;
    if (!t->next)
        last = &t->next;
    leave();
}

int wait_for(const void *channel, uint64_t until_ns)
{
    struct thread *t = current();

    if (t->process->ending || t->cancelled || arch_time_ns() >= until_ns)
        return -1;
    block(t, channel, until_ns);
    return t->process->ending || t->cancelled || arch_time_ns() >= until_ns ? -1 : 0;
}

void wait_always(const void *channel)
{
    block(current(), channel, UINT64_MAX);
}

void thread_cancel(struct thread *t)
{
    t->cancelled = true;
    if (t->state == WAITING)
        make_runnable(t);
}

void wake(const void *channel)
{
    for (unsigned i = 0; i < slots; i++)
        if (threads[i] && threads[i]->state == WAITING && threads[i]->channel == channel)
            make_runnable(threads[i]);
}

void wake_first(const void *channel)
{
    for (unsigned i = 0; i < slots; i++)
        if (threads[i] && threads[i]->state == WAITING && threads[i]->channel == channel)
            make_first(threads[i]);
}

void wake_process(const struct process *p)
{
    for (unsigned i = 0; i < slots; i++)
        if (threads[i] && threads[i]->state == WAITING && threads[i]->process == p)
            make_runnable(threads[i]);
}

void wake_sleepers(void)
{
    uint64_t now = arch_time_ns();

    for (unsigned i = 0; i < slots; i++)
        if (threads[i] && threads[i]->state == WAITING && threads[i]->wake_ns <= now)
            make_runnable(threads[i]);
}

void thread_exit(int status)
{
    struct thread *t = current();
    const uint32_t zero = 0;

    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* who sees the word sees all that this thread wrote */
    memory_progress(true);
    panic_test_exit();
    if (t->clear_tid && !t->process->ending && copy_out(t->clear_tid, &zero, sizeof zero) == 0)
        remote_futex_wake(t->process, t->clear_tid);
    remote_thread_event(REMOTE_EVENT_END, t->process, t->id);
    process_left(t->process, t->id, status);
    t->state = GONE;
    leave();
    panic("a thread that has ended runs");
}

void leave_if_killed(void)
{
    if (current()->process && current()->process->ending)
        thread_exit(0);
}
