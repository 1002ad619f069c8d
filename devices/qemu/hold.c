/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hold.c - holds all vCPUs while the virtual clock and the devices go on.
 *
 * A vCPU that QEMU has been told to pause (cpu_pause) executes nothing, and counts as idle; so while all are
 * held, QEMU moves the clock from timer to timer as it does for a guest that sleeps. Nothing is executed,
 * nothing is counted, and a held guest costs the host no more than a sleeping one. What arrives is taken by
 * the devices at its time, and interrupts stay pending: the vCPUs take them when they go on. It does not
 * matter whether they were executing or halted.
 *
 * Only in a virtual timer, where no vCPU is inside its turn: there begin and end are exact.
 */
#include "devices/qemu/half.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void (*cpu_pause)(void *cpu), (*cpu_resume)(void *cpu);
static unsigned holders;

static void find(const char *name, void (**function)(void *))
{
    void *f = binding_find(name);
    if (!f) {
        fprintf(stderr, "cob: this QEMU does not export %s, which a fault needs that holds a guest\n", name);
        _exit(1);
    }
    memcpy(function, &f, sizeof f);
}

void hold_cpus(bool on)
{
    if (!cpu_pause) {
        find("cpu_resume", &cpu_resume);
        find("cpu_pause", &cpu_pause);
    }
    holders += on ? 1u : -1u;
    if (holders != on)
        return; /* another one holds them */
    for (unsigned i = 0; i < half.cpus; i++)
        (on ? cpu_pause : cpu_resume)(qemu.qemu_get_cpu((int)i));
    gate_idling();
}
