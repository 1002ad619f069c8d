/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debug.h - what debug.c needs of QEMU, and what gate.c and plugin.c need of debug.c. Only runs under a
 * debugger look up these functions; the others do not depend on them.
 */
#ifndef COB_QEMU_DEBUG_H
#define COB_QEMU_DEBUG_H

#include "devices/qemu/half.h"

/* ---- the public plugin API ---- */

enum { QEMU_PLUGIN_MEM_RW = 3 };
void qemu_plugin_register_vcpu_insn_exec_cond_cb(struct qemu_plugin_insn *insn, void (*cb)(unsigned, void *),
                                                 int flags, int cond, qemu_plugin_u64 entry, uint64_t imm,
                                                 void *userdata);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
                                      void (*cb)(unsigned, uint32_t info, uint64_t vaddr, void *), int flags,
                                      int rw, void *userdata);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
unsigned qemu_plugin_mem_size_shift(uint32_t info);
bool qemu_plugin_mem_is_store(uint32_t info);

/* ---- internal (binding_debug.c); verified with QEMU 10.0 ---- */

struct debug_binding {
    bool (*cpu_restore_state)(void *cpu, uintptr_t host_pc);
    void (*cpu_loop_exit)(void *cpu); /* does not return */
    void (*tb_flush)(void *cpu);
    int (*gdb_read_register)(void *cpu, struct glib_array *buf, int number);
    int (*cpu_memory_rw_debug)(void *cpu, uint64_t addr, void *buf, size_t len, bool write);
    uint64_t (*cpu_get_phys_page_debug)(void *cpu, uint64_t addr); /* UINT64_MAX: not mapped */
    bool (*cpu_physical_memory_is_io)(uint64_t phys);
    void (*rcu_register_thread)(void);
    int (*write_register)(void *cpu, uint8_t *buf,
                          int number); /* the architecture's; bytes taken, 0: unknown */
};
extern struct debug_binding qemu_debug;
/* NULL, or the name of the first function that this QEMU does not export. */
const char *binding_debug_resolve(void);

/* ---- debug.c ---- */

/* path: the mailbox. 0, or -1 if it is not there or of another version. Before gate_install(). */
int debug_install(const char *path);
/* In the first vCPU's init callback. */
void debug_started(void);
/* While a block is translated. */
void debug_translated(struct qemu_plugin_tb *tb);
/* True if debug_gate() must be called before a block is entered. */
bool debug_pending(void);
/*
 * At the entry of a block, whose start is at now_ns; `here` is in QEMU's call of the callback. May wait for
 * the debugger. Returns if the block may be entered, else leaves it.
 */
void debug_gate(int64_t now_ns, uintptr_t here);
/* Up to when the guest may run, as far as the debugger is concerned; INT64_MAX: no limit. */
int64_t debug_limit_ns(void);
/* A block is entered, of which only the first `left` instructions may run; LONG_MAX: all. */
void debug_entering(long left);
/* Before and after port_meet(). */
void debug_meeting(bool on);

#endif
