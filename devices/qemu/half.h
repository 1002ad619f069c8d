/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * half.h - the half inside QEMU: what its files share.
 *
 *   plugin.c   arguments, self-check, registration    gate.c     blocks at the grant, bounds idling
 *   deliver.c  frames in and out at exact times       nic.c      ends of stock network interfaces
 *   adapter.c  the fabric adapter's registers,        console.c  console bytes, results and panics
 *              memory and interrupts                  firmware.c calls that power the machine off
 *   binding.c  QEMU's functions                       preload.c  (its own library) catches console writes
 *   fault.c    faults of the scenario                 hold.c     vCPUs stand still
 *   idle.c     when QEMU may jump over idle time
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
    int64_t base_ns;      /* when this machine was switched on: QEMU's clock began then */
    bool leaps;           /* x86 with several vCPUs: see gate.c */
    int64_t grant_ns;     /* may do what is before this; our copy, which half_lower_grant() lowers */
    enum port_end ending; /* set when the guest has to be frozen at the next block */
    bool panicked;        /* the kernel has said so; if it reboots then, that is what ended it */
    int exit_status;
    bool started;
};
extern struct half half;

/* Virtual time in ns. Valid in block-entry, MMIO and timer callbacks. */
static inline int64_t half_now_ns(void)
{
    return half.base_ns + qemu.qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/* Arms a timer of QEMU's virtual clock. */
static inline void half_timer(struct qemu_timer *t, int64_t at_ns)
{
    qemu.timer_mod_ns(t, at_ns - half.base_ns);
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
/* All vCPUs may be idle from now on: QEMU's jumps are bounded by the grant. */
void gate_idling(void);
/*
 * The end of this guest (half.ending): frozen here, between two instructions, until the engine ends the
 * process. Does not return. In a virtual timer or in front of an instruction.
 */
void gate_freeze(int64_t now_ns);
/* The machine is off from now on, and another QEMU takes over at this time (port_leave). Does not return. */
void gate_restart(vtime_t at_ps);

/* firmware.c */
enum firmware_request { FIRMWARE_OTHER, FIRMWARE_OFF, FIRMWARE_RESET };
void firmware_install(void); /* in the first vCPU's init callback */
bool firmware_ready(void);
/* What the HVC, SMC or ECALL about to run asks for. Only in a callback registered with QEMU_PLUGIN_CB_R_REGS.
 */
enum firmware_request firmware_call(void);

/* deliver.c */
void deliver_machine_ready(void);
/*
 * After a meeting: takes what is new out of the down ring and arms the delivery timer. Returns the time at
 * which this half has something to do next, INT64_MAX if never.
 */
int64_t deliver_fetch(void);
/* adapter_next_ns() or fault_next_ns() may have changed. */
void deliver_rearm(void);
/* The guest sends this by interface `nic` now. */
void deliver_send(unsigned nic, const void *data, uint32_t len);

/* nic.c */
void nic_install(unsigned n_nics);
/* Hands a frame to the model of ethN. */
void nic_receive(unsigned nic, const uint8_t *data, uint32_t len);

/* adapter.c: nothing happens in any of these if the node has no adapter */
/* "START+BYTES", hexadecimal: one range of guest memory. False if it is nothing like that, or one too many.
 */
bool adapter_ram(const char *text);
/* NULL, or why the adapter cannot be made (a constant). */
const char *adapter_machine_ready(void);
/* When adapter_link_due() or adapter_timer_due() has something to do next; INT64_MAX: never. */
int64_t adapter_next_ns(void);
void adapter_link_due(int64_t now_ns);
void adapter_timer_due(int64_t now_ns);
void adapter_receive(const uint8_t *packet, uint32_t len);
void adapter_type(const uint8_t *text, uint32_t len);

/* One access to guest memory. False, and nothing done, unless all of it is RAM. */
bool adapter_dma(uint64_t address, void *buf, size_t len, bool write);
/* Bytes of guest memory, and the address of one of them by its number (below that). */
uint64_t adapter_ram_bytes(void);
uint64_t adapter_ram_at(uint64_t number);
/* Raises a vector now. */
void adapter_raise(unsigned vector);

/* fault.c */
/* A record from the down ring; data: struct port_fault. */
void fault_take(const struct port_record *rec, const void *data);
/* When fault_due() has something to do next; INT64_MAX: never. */
int64_t fault_next_ns(void);
/* Does not return from a crash. */
void fault_due(int64_t now_ns);
/* A vector is about to be raised. False: not now. */
bool fault_interrupt(unsigned vector);
/* len bytes of a payload pass between adapter and memory: the bit that flips, or -1. */
int64_t fault_flip(uint64_t address, size_t len);
/* Something of this queue is about to complete: enum fab_completion. */
unsigned fault_completion(unsigned queue);

/* hold.c: all vCPUs stand still while the clock and the devices go on; each true needs a false. Only in a
 * virtual timer. */
void hold_cpus(bool on);

/* idle.c */
/* Before the vCPUs run. NULL, or why it cannot be done with this QEMU (a constant). */
const char *idle_machine_ready(void);
void idle_started(void); /* in the first vCPU's init callback */
void idle_halting(void); /* a vCPU is about to halt */
/* QEMU's all_cpu_threads_idle(); in the vCPU thread, which does not sleep because of it. */
bool idle_all(void);

/* console.c */
/* path: the file behind the serial port. 0, or -1 if it is not there or preload.c is not loaded. */
int console_install(const char *path);
/* Sends buffered bytes to the engine. */
void console_flush(void);
/* Puts a record into the up ring, waiting for the engine to make room if need be. */
void half_send(const struct port_record *rec, const void *data);
/* Nothing may be done from this time on before the next meeting. */
void half_lower_grant(vtime_t to_ps);
/* The guest's part ends at the next block. The first call decides. */
void half_end(enum port_end end, int exit_status);

#endif
