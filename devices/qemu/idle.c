/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * idle.c - lets QEMU jump over idle time only while the vCPU thread waits for it.
 *
 * When all vCPUs are halted the vCPU thread sleeps, and QEMU's main loop moves the clock to the next timer
 * (icount_start_warp_timer). But the main loop looks whether all are halted at any moment that it comes by,
 * which every timer makes it do, and a vCPU counts as halted from the middle of its HLT or WFI on. The thread
 * may be anywhere then:
 *
 *   halted | turn not yet accounted       the jump goes too far, by the instructions of that turn
 *          | others have turns yet        their turns end, and the next round begins with another vCPU
 *          | woken, timer not yet run     the kick that comes with the jump is there twice; QEMU's timer that
 *                                         ends turns after 100 ms is not started anew
 *
 * Which of them happens is up to the host. So the accelerator's own question whether a vCPU is idle, which
 * TCG leaves open, is answered here: in the vCPU thread it is; to the main loop it is only if the vCPU
 * thread has found all idle, and that once: then it holds QEMU's lock until it sleeps, and sleeps until the
 * jump wakes it.
 *
 * QEMU asks only for vCPUs that are halted without work, in the order in which they were made, and stops at
 * the first that is not; so who asks for the last one knows that all are idle. vCPUs that are held (hold.c)
 * are idle without asking, which does no harm: they stop where no turn is under way.
 */
#include "devices/qemu/half.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

typedef bool idle_question(void *cpu);

static pthread_t thread; /* the vCPUs' */
static bool known;       /* thread is */
static bool asking;      /* it is us who asks */
static atomic_bool waiting;

static bool answer(void *cpu)
{
    bool last = cpu == qemu.qemu_get_cpu((int)half.cpus - 1);

    if (known && pthread_equal(thread, pthread_self())) {
        if (last && !asking)
            atomic_store(&waiting, true);
        return true;
    }
    return last ? atomic_exchange(&waiting, false) : atomic_load(&waiting);
}

bool idle_all(void)
{
    asking = true;
    bool all = qemu.all_cpu_threads_idle();
    asking = false;
    return all;
}

void idle_halting(void)
{
    if (atomic_load_explicit(&waiting, memory_order_relaxed))
        atomic_store(&waiting, false);
}

void idle_started(void)
{
    thread = pthread_self();
    known = true;
}

const char *idle_machine_ready(void)
{
    void *(*class_by_name)(const char *name);
    void *found = binding_find("object_class_by_name"), *kick = binding_find("rr_kick_vcpu_thread");

    if (!found || !kick)
        return found ? "rr_kick_vcpu_thread is not exported" : "object_class_by_name is not exported";
    memcpy(&class_by_name, &found, sizeof found);
    /* struct AccelOpsClass: 12 words of the object system, a few functions, kick_vcpu_thread,
     * cpu_thread_is_idle */
    void **class = class_by_name("tcg-accel-ops");
    for (size_t i = 12; class && i < 24; i++)
        if (class[i] == kick && !class[i + 1]) {
            idle_question *f = answer;
            memcpy(&class[i + 1], &f, sizeof f);
            return NULL;
        }
    return "the accelerator's operations are not where they were";
}
