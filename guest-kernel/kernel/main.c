/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - the order in which the kernel comes up. Called by boot_<isa>.S on the boot stack, memory mapped
 * one to one or not at all, interrupts off.
 */
#include "guest-kernel/kernel/main.h"
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/console.h"
#include "guest-kernel/kernel/cpu.h"
#include "guest-kernel/kernel/irq.h"
#include "guest-kernel/kernel/kernel.h"
#include "guest-kernel/kernel/pci.h"
#include "guest-kernel/kernel/process.h"

struct boot_info boot_info;

void kernel_main(uintptr_t boot_data)
{
    arch_machine_init();
    arch_boot_info(boot_data, &boot_info);
    print("cob kernel: %s, %u cpu\n", arch_name, boot_info.n_cpus);
    pages_init(&boot_info);
    arch_trap_init();
    paging_init(&boot_info);
    panic_test();
    irq_init(&boot_info);
    pci_scan();
    adapter_init();
    process_init();
    console_init();
    cpus_start();
    cluster_init();  /* the other nodes, if cluster=on */
    process_first(); /* the program named by init= */
    scheduler();     /* does not return */
}
