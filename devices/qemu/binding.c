/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * binding.c - the one place that touches QEMU's unofficial interface: looks up some twenty long-stable
 * functions by name.
 *
 * None of them is guessed at: each must be exported by the running emulator, or the plugin refuses to load.
 * Verified with QEMU 10.0 and 11.1 for x86_64, aarch64 and riscv64.
 */
#include "devices/qemu/qemu_api.h"
#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

struct binding qemu;

#define NAME(f)                                                                                              \
    {                                                                                                        \
#f, offsetof(struct binding, f)                                                                      \
    }
static const struct {
    const char *name;
    size_t offset;
} names[] = {
    NAME(qemu_clock_get_ns),
    NAME(qemu_clock_deadline_ns_all),
    NAME(timer_init_full),
    NAME(timer_mod_ns),
    NAME(timer_del),
    NAME(all_cpu_threads_idle),
    NAME(qemu_get_cpu),
    NAME(rcu_add_force_rcu_notifier),
    NAME(rcu_remove_force_rcu_notifier),
    NAME(cpu_loop_exit_restore),
    NAME(qemu_new_net_client),
    NAME(qemu_send_packet),
    NAME(qemu_add_machine_init_done_notifier),
    NAME(qemu_shutdown_requested_get),
    NAME(qemu_register_shutdown_notifier),
    NAME(qemu_add_vm_change_state_handler),
    NAME(icount_get_raw),
    NAME(object_resolve_path),
    NAME(memory_region_init_io),
    NAME(memory_region_add_subregion_overlap),
    NAME(msix_notify),
    NAME(address_space_rw),
    NAME(address_space_memory),
};
_Static_assert(sizeof names / sizeof names[0] * sizeof(void *) == sizeof(struct binding),
               "everything is named");

const char *binding_resolve(void)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        void *f = dlsym(RTLD_DEFAULT, names[i].name);
        if (!f)
            return names[i].name;
        memcpy((char *)&qemu + names[i].offset, &f, sizeof f);
    }
    return binding_current_cpu() ? NULL : "current_cpu";
}

void *binding_find(const char *name)
{
    return dlsym(RTLD_DEFAULT, name);
}

bool binding_api_7(void)
{
    /*
     * QEMU 11.1 brought it and nothing with a name. But every version adds a list of what is different in
     * machines of the version before: 11.1's is this.
     */
    return dlsym(RTLD_DEFAULT, "hw_compat_11_0") != NULL;
}

void **binding_current_cpu(void)
{
    return dlsym(RTLD_DEFAULT, "current_cpu");
}
