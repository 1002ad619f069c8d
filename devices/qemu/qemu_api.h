/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu_api.h - what we use of QEMU, declared here because no distribution package holds these headers.
 *
 * First part: QEMU's public TCG plugin API (docs/devel/tcg-plugins of QEMU 10.0), linked directly.
 * Second part: internal functions that distribution builds export because they support loadable modules. They
 * are looked up at start by binding.c, which refuses with one sentence if any is missing; nobody else may use
 * dlsym.
 */
#ifndef COB_QEMU_API_H
#define COB_QEMU_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- the public plugin API ---- */

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_scoreboard;
typedef struct {
    struct qemu_plugin_scoreboard *score;
    size_t offset;
} qemu_plugin_u64;

typedef struct {
    const char *target_name; /* e.g. "x86_64"; more follows */
} qemu_info_head;

enum { QEMU_PLUGIN_INLINE_ADD_U64 = 0 };
enum { QEMU_PLUGIN_COND_GE = 7 }; /* NEVER ALWAYS EQ NE LT LE GT GE */
enum { QEMU_PLUGIN_CB_NO_REGS = 0, QEMU_PLUGIN_CB_R_REGS = 1 };

struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t element_size);
void qemu_plugin_u64_set(qemu_plugin_u64 entry, unsigned vcpu, uint64_t value);
uint64_t qemu_plugin_u64_get(qemu_plugin_u64 entry, unsigned vcpu);
/*
 * Version 7 of the API (QEMU 11.1) gave these two a third argument and their callbacks another signature:
 *   up to 6: cb(id, vcpu), cb(id, tb)        7: cb(vcpu, userdata), cb(tb, userdata)
 * Earlier versions do not look at the third argument.
 */
void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t id, void (*cb)(void), void *userdata);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, void (*cb)(void), void *userdata);
void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct qemu_plugin_tb *tb, int op,
                                                       qemu_plugin_u64 entry, uint64_t imm);
void qemu_plugin_register_vcpu_tb_exec_cond_cb(struct qemu_plugin_tb *tb, void (*cb)(unsigned, void *),
                                               int flags, int cond, qemu_plugin_u64 entry, uint64_t imm,
                                               void *userdata);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, void (*cb)(unsigned, void *),
                                            int flags, void *userdata);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, void (*cb)(unsigned, void *), int flags,
                                          void *userdata);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *dest, size_t len);

/* Registers; the arrays are GLib's, of which we need only the heads and two functions. */
struct qemu_plugin_register;
typedef struct {
    struct qemu_plugin_register *handle;
    const char *name;
    const char *feature;
} qemu_plugin_reg_descriptor;
struct glib_array {
    void *data;
    unsigned len;
};
struct glib_array *qemu_plugin_get_registers(void);
int qemu_plugin_read_register(struct qemu_plugin_register *handle, struct glib_array *buf);
unsigned
g_array_get_element_size(struct glib_array *array); /* descriptors have grown at their end in QEMU 11 */
struct glib_array *g_byte_array_new(void);
struct glib_array *g_byte_array_set_size(struct glib_array *array, unsigned length);

/* ---- internal, through the binding ---- */

enum { QEMU_CLOCK_VIRTUAL = 1, QEMU_SCALE_NS = 1, QEMU_TIMER_NOT_EXTERNAL = ~1 };
/* ShutdownCause of qapi/run-state.json, in its order */
enum {
    QEMU_CAUSE_NONE = 0,
    QEMU_CAUSE_GUEST_SHUTDOWN = 6,
    QEMU_CAUSE_GUEST_RESET = 7,
    QEMU_CAUSE_GUEST_PANIC = 8
};

/* struct Notifier, in full: {notify, list links} */
struct qemu_notifier {
    void (*notify)(struct qemu_notifier *n, void *data);
    void *link[2];
};

/* The head of struct NetClientInfo; the rest is zero. receive returns the number of bytes taken. */
struct qemu_net_info {
    int type; /* NET_CLIENT_DRIVER_SOCKET = 4: any back end without a virtio header does */
    size_t size;
    long (*receive)(void *nc, const uint8_t *buf, size_t size);
    void *rest[64];
};
enum { QEMU_NET_TYPE = 4, QEMU_NET_SIZE = 8192 };

/* Over-allocated: the real ones have 48 to 56 bytes. */
struct qemu_timer {
    _Alignas(16) char opaque[512];
};

/* Over-allocated: the real one has some 300 bytes. */
struct qemu_memory_region {
    _Alignas(64) char opaque[4096];
};

/* struct MemoryRegionOps */
struct qemu_memory_region_ops {
    uint64_t (*read)(void *opaque, uint64_t addr, unsigned size);
    void (*write)(void *opaque, uint64_t addr, uint64_t data, unsigned size);
    void *with_attrs[2];
    int endianness;
    struct {
        unsigned min_access_size, max_access_size;
        bool unaligned;
        void *accepts;
    } valid;
    struct {
        unsigned min_access_size, max_access_size;
        bool unaligned;
    } impl;
};
enum { QEMU_LITTLE_ENDIAN = 2 };

struct binding {
    int64_t (*qemu_clock_get_ns)(int clock);
    int64_t (*qemu_clock_deadline_ns_all)(int clock, int attributes);
    void (*timer_init_full)(struct qemu_timer *t, void *group, int clock, int scale, int attributes,
                            void (*cb)(void *), void *opaque);
    void (*timer_mod_ns)(struct qemu_timer *t, int64_t expire_ns);
    void (*timer_del)(struct qemu_timer *t);
    bool (*all_cpu_threads_idle)(void);
    void *(*qemu_get_cpu)(int index);
    void (*rcu_add_force_rcu_notifier)(struct qemu_notifier *n);
    void (*rcu_remove_force_rcu_notifier)(struct qemu_notifier *n);
    void (*cpu_loop_exit_restore)(void *cpu, uintptr_t host_pc); /* does not return */
    void *(*qemu_new_net_client)(const struct qemu_net_info *info, void *peer, const char *model,
                                 const char *name);
    long (*qemu_send_packet)(void *nc, const uint8_t *buf, int size);
    void (*qemu_add_machine_init_done_notifier)(struct qemu_notifier *n);
    int (*qemu_shutdown_requested_get)(void);
    void (*qemu_register_shutdown_notifier)(struct qemu_notifier *n);
    void *(*qemu_add_vm_change_state_handler)(void (*changed)(void *opaque, bool running, int state),
                                              void *opaque);
    int64_t (*icount_get_raw)(void); /* instructions executed */
    void *(*object_resolve_path)(const char *path, bool *ambiguous);
    void (*memory_region_init_io)(struct qemu_memory_region *mr, void *owner,
                                  const struct qemu_memory_region_ops *ops, void *opaque, const char *name,
                                  uint64_t size);
    void (*memory_region_add_subregion_overlap)(void *parent, uint64_t offset, struct qemu_memory_region *mr,
                                                int priority);
    /* asserts that the vector exists; remembers it as pending if MSI-X is off or masked */
    void (*msix_notify)(void *pci_device, unsigned vector);
    /* attrs is a structure of 8 bytes, all zero for "unspecified privileges"; 0: done */
    unsigned (*address_space_rw)(void *as, uint64_t addr, uint64_t attrs, void *buf, uint64_t len,
                                 bool is_write);
    void *address_space_memory; /* the variable's address */
};
extern struct binding qemu;

/* Address of QEMU's thread-local `current_cpu`, for the calling thread; NULL if it is not exported. */
void **binding_current_cpu(void);

/*
 * Looks everything up. Returns NULL, or the name of the first function that this QEMU does not export (a
 * constant).
 */
const char *binding_resolve(void);
/* One that only few runs need. NULL if this QEMU does not export it. */
void *binding_find(const char *name);
/* True if this QEMU speaks version 7 of the plugin API. May be called before anything else. */
bool binding_api_7(void);

#endif
