/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * half.h - the half inside QEMU: what its files share.
 *
 *   plugin.c   arguments, self-check, registration            gate.c     blocks the guest at its grant, idle
 * bounding nic.c      frames in and out at exact times               console.c  console bytes, results and
 * panics binding.c  QEMU's functions                               firmware.c recognises calls that power the
 * machine off preload.c  (a library of its own) catches console writes
 *
 * Everything here runs in QEMU's one vCPU thread (-accel tcg,thread=single under -icount), partly with QEMU's
 * lock held (timers, MMIO) and partly without (block callbacks); so there are no locks. The exception is the
 * thread in plugin.c that waits for the engine's death.
 */
#ifndef COB_HALF_H
#define COB_HALF_H

#include "devices/port/port.h"
#include "devices/qemu/qemu_api.h"

struct half {
    struct port_shared *port;
    struct port_node *node; /* our slot */
    unsigned index;         /* of our slot */
    unsigned cpus;
    unsigned shift;       /* one instruction = 2^shift ns */
    int64_t grant_ns;     /* may do what is before this; our copy, which nic.c lowers when it sends */
    enum port_end ending; /* set when the guest has to be frozen at the next block */
    bool panicked;        /* the kernel has said so; if it reboots then, that is what ended it */
    int exit_status;
    bool started;
};
extern struct half half;

/* Virtual time in ns. Valid in block-entry, MMIO and timer callbacks. */
static inline int64_t half_now_ns(void)
{
    return qemu.qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/* The version of the plugin API that we have told QEMU we use: 4 or 7 (plugin.c). */
extern int qemu_plugin_version;

/* The vCPU that runs now, or translates; in the vCPU thread. gate.c */
void *half_current_cpu(void);
unsigned half_current_index(void);

/* gate.c */
void gate_install(qemu_plugin_id_t id);
void gate_machine_ready(void);
/* The grant was lowered, or the guest has to end: look again at the next block. */
void gate_recheck(void);

/* firmware.c */
enum firmware_request { FIRMWARE_OTHER, FIRMWARE_OFF, FIRMWARE_RESET };
void firmware_install(void); /* in the first vCPU's init callback */
bool firmware_ready(void);
/* What the HVC, SMC or ECALL about to run asks for. Only in a callback registered with QEMU_PLUGIN_CB_R_REGS.
 */
enum firmware_request firmware_call(void);

/* nic.c */
void nic_install(unsigned n_nics);
void nic_machine_ready(void);
/* Takes frames out of the down ring and arms the delivery timer. Returns the time of the first, INT64_MAX if
 * none. */
int64_t nic_fetch(void);

/* console.c */
/* path: the file behind the serial port. 0, or -1 if it is not there or preload.c is not loaded. */
int console_install(const char *path);
/* Sends buffered bytes to the engine. */
void console_flush(void);
/* Puts a record into the up ring, waiting for the engine to make room if need be. */
void half_send(const struct port_record *rec, const void *data);

#endif
