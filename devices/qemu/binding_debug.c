/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * binding_debug.c - looks up what only runs under a debugger use of QEMU (debug.h); the rest is in binding.c.
 */
#include "devices/qemu/debug.h"
#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

struct debug_binding qemu_debug;

#define NAME(f)                                                                                              \
    {                                                                                                        \
#f, offsetof(struct debug_binding, f)                                                                \
    }
static const struct {
    const char *name;
    size_t offset;
} names[] = {
    NAME(cpu_restore_state),         NAME(cpu_loop_exit),       NAME(tb_flush),
    NAME(gdb_read_register),         NAME(cpu_memory_rw_debug), NAME(cpu_get_phys_page_debug),
    NAME(cpu_physical_memory_is_io), NAME(rcu_register_thread),
};
_Static_assert((sizeof names / sizeof names[0] + 1) * sizeof(void *) == sizeof(struct debug_binding),
               "every function is named, but for write_register");

/* An emulator has one of these, qemu-system-aarch64 both of Arm's: the first is for 64-bit CPUs. */
static const char *const writers[] = {"x86_cpu_gdb_write_register", "aarch64_cpu_gdb_write_register",
                                      "riscv_cpu_gdb_write_register"};

const char *binding_debug_resolve(void)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        void *f = dlsym(RTLD_DEFAULT, names[i].name);
        if (!f)
            return names[i].name;
        memcpy((char *)&qemu_debug + names[i].offset, &f, sizeof f);
    }
    for (size_t i = 0; i < sizeof writers / sizeof writers[0] && !qemu_debug.write_register; i++) {
        void *f = dlsym(RTLD_DEFAULT, writers[i]);
        memcpy(&qemu_debug.write_register, &f, sizeof f);
    }
    return qemu_debug.write_register ? NULL : "a function that writes a register";
}
